"""`satsuma source` and `satsuma job`: a person adds, tests, reads and schedules a source."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.hostile import HostileServer, answers
from fakes.hubspot import HubSpot
from satsuma import Workspace

Runner = Callable[..., Any]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.delenv("HUBSPOT_TOKEN", raising=False)
    with HostileServer(HubSpot()) as server:
        yield server


def test_from_nothing_to_customers(
    satsuma: Runner, shop: Path, hubspot: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "source add" in satsuma("source", "list", "-w", shop).out
    added = satsuma("source", "add", "hubspot", "--set", f"base_url={hubspot.url}", "-w", shop)
    assert added.code == 0, added.err
    assert "export HUBSPOT_TOKEN=" in added.out
    assert "satsuma source test hubspot" in added.out
    file = shop / "sources" / "hubspot.yaml"
    assert "token: ${HUBSPOT_TOKEN}" in file.read_text()
    # Whoever forgets the secret is told its name.
    assert "needs HUBSPOT_TOKEN" in satsuma("source", "test", "hubspot", "-w", shop).err
    assert "needs HUBSPOT_TOKEN" in satsuma("source", "list", "-w", shop).out
    monkeypatch.setenv("HUBSPOT_TOKEN", "wrong")
    refused = satsuma("source", "test", "hubspot", "-w", shop, "--json")
    assert (refused.code, refused.error["code"], refused.error["status"]) == (1, "vendor", 401)
    assert "wrong" not in refused.err
    monkeypatch.setenv("HUBSPOT_TOKEN", HubSpot.token)
    assert "lets us in" in satsuma("source", "test", "hubspot", "-w", shop).out
    synced = satsuma("source", "sync", "hubspot", "-w", shop)
    assert "14 records were read" in synced.out
    assert satsuma("source", "sync", "hubspot", "--stream", "deals", "-w", shop, "--json").json["unchanged"] == 3
    shown = satsuma("source", "show", "hubspot", "-w", shop)
    assert "A customer is known by: email. Secrets: HUBSPOT_TOKEN." in shown.out
    listed = satsuma("source", "list", "-w", shop, "--json").json
    assert [(item["name"], item["streams"][0]["records"]) for item in listed] == [("hubspot", 8)]
    scheduled = satsuma("source", "schedule", "hubspot", "every 15m", "-w", shop)
    assert "every 15m" in scheduled.out
    assert "sync" in satsuma("job", "list", "--recurring", "-w", shop).out
    satsuma("source", "schedule", "hubspot", "--off", "-w", shop)
    assert satsuma("job", "list", "--recurring", "-w", shop, "--json").json == []
    removed = satsuma("source", "remove", "hubspot", "--forget", "-w", shop)
    assert "14 raw records were taken away" in removed.out
    assert not file.exists()
    with Workspace.open(shop) as workspace:
        assert workspace.engine.value("SELECT count(*) FROM customers") == 8


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "hubspott"), "Did you mean 'hubspot'?"),
        (("add", "hubspot", "--name", "Hub Spot"), "cannot name a source"),
        (("add", "hubspot", "--set", "token=abc"), "is a secret and stands in no file"),
        (("add", "hubspot", "--set", "base=abc"), "is not a setting of HubSpot"),
        (("add", "hubspot", "--set", "base_url"), "KEY=VALUE"),
        (("add", "hubspot", "--schedule", "sometimes"), "sometimes"),
        (("sync", "nothing"), "There is no source 'nothing'"),
        (("schedule", "hubspot"), "Say when it is read, or --off"),
    ],
)
def test_a_slip_is_answered_with_what_is_right(
    satsuma: Runner, shop: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = satsuma("source", *arguments, "-w", shop)
    assert done.code != 0
    assert says in done.err
    assert "abc" not in done.err.replace("base_url", "")
    assert not list((shop / "sources").glob("*.yaml"))


def test_an_address_without_tls_is_refused_before_a_secret_is_sent(
    satsuma: Runner, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", "abc")
    satsuma("source", "add", "hubspot", "--set", "base_url=http://hubspot.example.com", "-w", shop)
    assert "anybody on the way reads the secrets" in satsuma("source", "test", "hubspot", "-w", shop).err


def test_jobs_are_listed_shown_cancelled_and_tried_again(satsuma: Runner, shop: Path) -> None:
    from datetime import datetime

    assert "no such jobs" in satsuma("job", "list", "-w", shop).out
    with Workspace.open(shop) as workspace:
        number = workspace.records.jobs.add("sync", "hubspot", {}, now=datetime(2026, 1, 1)).job_id
    assert "hubspot" in satsuma("job", "list", "--kind", "sync", "-w", shop).out
    assert "It is queued" in satsuma("job", "show", number, "-w", shop).out
    assert satsuma("job", "cancel", number, "-w", shop, "--json").json["status"] == "cancelled"
    assert "It waits again, as job" in satsuma("job", "retry", number, "-w", shop).out
    assert "There is no job 99" in satsuma("job", "show", "99", "-w", shop).err
    assert "is not a status" in satsuma("job", "list", "--status", "runing", "-w", shop).err


def test_what_was_read_before_an_error_stays(
    satsuma: Runner, shop: Path, hubspot: HostileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", HubSpot.token)
    satsuma("source", "add", "hubspot", "--set", f"base_url={hubspot.url}", "-w", shop)
    hubspot.goes_wrong(answers(403), at=2)
    failed = satsuma("source", "sync", "hubspot", "-w", shop, "--json")
    assert failed.error["synced"]["rows"]["customers"]["loaded"] == 8
    with Workspace.open(shop) as workspace:
        assert workspace.engine.value("SELECT count(*) FROM customers") == 8
        assert [item.status for item in workspace.activity()] == ["failed"]


@pytest.mark.parametrize("kind", ["rest", "sql", "webhook"])
def test_whoever_has_no_vendor_gets_a_file_to_edit(satsuma: Runner, shop: Path, kind: str) -> None:
    added = satsuma("source", "add", kind, "--name", f"my-{kind}", "-w", shop)
    assert added.code == 0, added.err
    assert "Edit it" in added.out
    text = (shop / "sources" / f"my-{kind}.yaml").read_text()
    assert f"${{MY_{kind.upper()}_" in text
    # It is right as it stands.
    assert f"my-{kind}" in satsuma("source", "show", f"my-{kind}", "-w", shop).out
    again = satsuma("source", "add", kind, "--name", f"my-{kind}", "-w", shop)
    assert (again.code, "There is a source" in again.err) == (2, True)
    refused = satsuma("source", "add", kind, "--name", "other", "--set", "a=b", "-w", shop)
    assert "no settings to give here" in refused.err
    assert not (shop / "sources" / "other.yaml").exists()
