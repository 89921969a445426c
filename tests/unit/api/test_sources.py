"""Sources and their syncs over the API: who may what, and background work that does it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from fakes.hostile import Answer, Asked, HostileServer, late
from fakes.hubspot import HubSpot
from small_server import Server


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setenv("HUBSPOT_TOKEN", HubSpot.token)
    with HostileServer(HubSpot()) as server:
        yield server


def add(server: Server, hubspot: HostileServer) -> None:
    body = {"vendor": "hubspot", "settings": {"base_url": hubspot.url}}
    assert server.ask("POST", "sources", json=body).status_code == 200


def ended(server: Server, number: int) -> dict[str, object]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        job: dict[str, object] = server.get(f"jobs/{number}")
        if job["status"] not in ("queued", "running"):
            return job
        time.sleep(0.02)
    raise AssertionError("The job does not end.")


def test_a_source_is_added_tested_read_and_removed(fresh: Server, hubspot: HostileServer) -> None:
    add(fresh, hubspot)
    assert fresh.get("sources")[0]["streams"][0]["records"] == 0
    assert "lets us in" in fresh.ask("POST", "sources/hubspot/test").json()["data"]["sentence"]
    begun = fresh.ask("POST", "sources/hubspot/syncs", json={})
    assert begun.status_code == 202
    job = ended(fresh, begun.json()["data"]["job_id"])
    assert (job["status"], job["subject"], job["counts"]["records"]) == ("done", "hubspot", 14)  # type: ignore[index]
    assert fresh.get("sources/hubspot")["streams"][0]["records"] == 8
    changed = fresh.ask("PUT", "sources/hubspot/schedule", json={"schedule": "@daily"})
    assert changed.json()["data"]["schedule"] == "@daily"
    assert fresh.get("schedules")[0]["subject"] == "hubspot"
    assert fresh.ask("DELETE", "sources/hubspot?forget=true").json()["data"]["removed"] is True
    assert fresh.get("schedules") == []
    assert fresh.ask("GET", "sources/hubspot").status_code == 404


def test_a_schedule_that_cannot_be_kept_is_a_mistake_of_the_file_and_no_server_fails_to_start(
    fresh: Server, hubspot: HostileServer
) -> None:
    minutes = f"{','.join(map(str, range(60)))} * * * *"
    body = {"vendor": "hubspot", "settings": {"base_url": hubspot.url}, "schedule": minutes}
    refused = fresh.ask("POST", "sources", json=body)
    assert (refused.status_code, fresh.get("sources")) == (400, [])
    assert "100 characters" in refused.text
    add(fresh, hubspot)
    path = fresh.workspace.path / "sources" / "hubspot.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}schedule: '{minutes}'\n", encoding="utf-8")
    fresh.workspace.sources.keep_schedules()
    assert "100 characters" in str(fresh.get("sources")[0]["notes"])


def test_who_may_not_administer_adds_no_source(fresh: Server, hubspot: HostileServer) -> None:
    body = {"vendor": "hubspot", "settings": {"base_url": hubspot.url}}
    assert fresh.ask("POST", "sources", key="read", json=body).status_code == 403
    assert fresh.ask("POST", "sources", json={**body, "token": "abc"}).status_code == 422
    assert fresh.ask("POST", "sources/nothing/syncs", json={}).status_code == 404


def test_a_second_sync_beside_one_is_refused_and_a_stopped_one_stops(fresh: Server, hubspot: HostileServer) -> None:
    add(fresh, hubspot)
    hubspot.goes_wrong(late(1.5), at=0)
    number = fresh.ask("POST", "sources/hubspot/syncs", json={}).json()["data"]["job_id"]
    until = time.monotonic() + 10
    while not hubspot.asked and time.monotonic() < until:
        time.sleep(0.01)
    second = fresh.ask("POST", "sources/hubspot/syncs", json={}).json()["data"]["job_id"]
    assert second != number
    while fresh.get(f"jobs/{second}")["attempts"] == 0 and time.monotonic() < until:
        time.sleep(0.01)
    fresh.ask("POST", f"jobs/{number}/cancel")
    first = ended(fresh, number)
    assert first["status"] == "cancelled"
    assert len(hubspot.asked) <= 2
    waiting = fresh.get(f"jobs/{second}")
    assert waiting["status"] in ("queued", "running", "done")
    assert waiting["attempts"] >= 1
    if waiting["status"] == "queued":
        # It was told that one is under way, and comes back.
        assert waiting["error_code"] == "busy"


def test_a_vendor_that_says_when_is_asked_again_then(fresh: Server, hubspot: HostileServer) -> None:
    add(fresh, hubspot)

    def spent(_asked: Asked) -> Answer:
        return Answer(status=429, headers={"Retry-After": "3600"})

    with HostileServer(spent) as busy:
        path = fresh.workspace.path / "sources" / "hubspot.yaml"
        path.write_text(path.read_text().replace(hubspot.url, busy.url))
        number = fresh.ask("POST", "sources/hubspot/syncs", json={}).json()["data"]["job_id"]
        until = time.monotonic() + 10
        while fresh.get(f"jobs/{number}")["error_code"] is None and time.monotonic() < until:
            time.sleep(0.02)
        job = fresh.get(f"jobs/{number}")
        assert (job["status"], job["error_code"]) == ("queued", "vendor")
        assert job["not_before"] > job["created_at"]
        fresh.ask("POST", f"jobs/{number}/cancel")
