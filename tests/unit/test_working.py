"""Doing jobs: their outcome, stopping them, and what becomes of those that were under way at the end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from satsuma import Workspace, working
from satsuma.errors import NotFound, SourceError, WrongUse
from satsuma.ledger.jobs import Job
from satsuma.working import JobKind, Outcome, Work

PERSON = "zoe.quimby@example.com"


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(working, "_kinds", {})
    monkeypatch.setattr(working, "ASKED_EVERY", timedelta(milliseconds=20))
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as workspace:
        yield workspace


def done(shop: Workspace, do: Any, *, again: bool = False, ending: threading.Event | None = None) -> Job:
    """Let a job of one kind be done, and return it as it is then."""
    working.register(JobKind(name="try", title="a try", do=do, again=again))
    jobs = shop.records.jobs
    number = jobs.add("try", "it", {"a": 1}, now=now()).job_id
    taken = jobs.take("me", now=now())
    assert taken is not None
    working.do(shop, taken, "me", ending=ending)
    return jobs.get(number)


def test_what_came_of_a_job_is_kept_beside_it(shop: Workspace) -> None:
    def do(work: Work) -> Outcome:
        path = work.folder / "file" / "out.csv"
        path.parent.mkdir()
        path.write_text("x")
        return Outcome(counts={"rows": work.job.payload["a"]}, result={"at": datetime(2026, 1, 1)}, file=path)

    job = done(shop, do)
    assert (job.status, job.counts) == ("done", {"rows": 1, "file": "out.csv"})
    assert json.loads(working.result_file(shop, job.job_id).read_text()) == {"at": "2026-01-01T00:00:00Z"}
    assert working.left_file(shop, job.job_id).read_text() == "x"
    old = (datetime.now(UTC) - working.KEPT_FOR - timedelta(hours=1)).timestamp()
    assert working.sweep(shop, now=now()) == 0
    os.utime(working.folder_of(shop, job.job_id), (old, old))
    (working.uploads(shop) / "left").mkdir(parents=True)
    assert working.sweep(shop, now=now()) == 1
    for look in (working.result_file, working.left_file):
        with pytest.raises(NotFound, match="any more"):
            look(shop, job.job_id)


def test_an_error_with_a_cause_is_told_and_not_tried_again(shop: Workspace) -> None:
    def do(_work: Work) -> Outcome:
        raise SourceError("The file has no header.")

    job = done(shop, do)
    assert (job.status, job.error_code, job.error_message) == ("failed", "source", "The file has no header.")
    again = done(shop, do, again=True)
    assert (again.status, again.attempts) == ("queued", 1)


def test_what_nobody_foresaw_is_kept_without_data(shop: Workspace) -> None:
    def do(_work: Work) -> Outcome:
        raise RuntimeError(PERSON)

    job = done(shop, do)
    assert (job.status, job.error_code) == ("failed", "unforeseen")
    assert PERSON not in str(job)
    [log] = (shop.state / "logs").glob("error-*.log")
    assert PERSON not in log.read_text()


def test_a_job_stops_at_its_next_step_when_somebody_asks(shop: Workspace) -> None:
    seen = []

    def do(work: Work) -> Outcome:
        work.progress("one", 1, 3)
        for _ in range(200):
            time.sleep(0.02)
            seen.append(shop.records.jobs.get(work.job.job_id).progress)
            if len(seen) == 5:
                shop.records.jobs.cancel(work.job.job_id, now=now())
            work.progress("two", 2, 3)
        return Outcome()

    job = done(shop, do)
    assert (job.status, job.leased_by) == ("cancelled", None)
    assert {"step": "two", "done": 2, "total": 3} in seen
    assert len(seen) < 100


def test_a_job_goes_back_into_the_queue_when_the_process_ends(shop: Workspace) -> None:
    ending = threading.Event()

    def do(work: Work) -> Outcome:
        ending.set()
        work.progress("one")
        raise AssertionError("it went on")

    job = done(shop, do, ending=ending)
    assert (job.status, job.error_code, job.leased_by) == ("queued", "interrupted", None)
    # However often that happens: the end of a process is not a failed attempt.
    for _ in range(5):
        taken = shop.records.jobs.take("other", now=now() + timedelta(seconds=1))
        assert taken is not None
        working.do(shop, taken, "other", ending=ending)
        assert shop.records.jobs.get(job.job_id).status == "queued"
    assert shop.records.jobs.take("other", now=now() + timedelta(seconds=1)) is not None
    shop.records.jobs.cancel(job.job_id, now=now())
    assert not shop.records.jobs.give_back(job.job_id, "other", now=now())
    assert not shop.records.jobs.give_back(job.job_id, "nobody", now=now())


def test_a_lease_is_renewed_for_as_long_as_it_takes(shop: Workspace) -> None:
    leases: list[datetime | None] = []

    def do(work: Work) -> Outcome:
        patience = time.monotonic() + 30
        while len(set(leases)) < 3 and time.monotonic() < patience:
            leases.append(shop.records.jobs.get(work.job.job_id).leased_until)
            time.sleep(0.02)
        return Outcome()

    assert done(shop, do).status == "done"
    assert len(set(leases)) == 3
    assert leases == sorted(lease for lease in leases if lease is not None)


def test_work_that_nobody_knows_fails(shop: Workspace) -> None:
    jobs = shop.records.jobs
    number = jobs.add("unheard", "of", now=now()).job_id
    taken = jobs.take("me", now=now())
    assert taken is not None
    assert working.do(shop, taken, "me") is False
    assert (jobs.get(number).status, jobs.get(number).error_code) == ("failed", "unknown_kind")


def test_a_payload_is_what_its_kind_takes() -> None:
    kind = JobKind(name="run", title="a run", do=lambda _: Outcome(), takes={"refit": bool, "name": str})
    assert kind.checked({"refit": True}) == {"refit": True}
    for wrong in ({"refit": "yes"}, {"now": "2020-01-01"}, {"name": None}):
        with pytest.raises(WrongUse) as error:
            kind.checked(wrong)
        assert error.value.hint == "It takes refit (true or false), name (a text)."
    several = JobKind(name="sync", title="a sync", do=lambda _: Outcome(), takes={"streams": list})
    assert several.checked({"streams": ["a", "b"]}) == {"streams": ["a", "b"]}
    with pytest.raises(WrongUse, match="not one of a job 'sync'"):
        several.checked({"streams": ["a", {"b": 1}]})


def test_every_kind_of_the_workspace_is_known() -> None:
    import importlib

    from satsuma import working_kinds

    importlib.reload(working_kinds)
    found = working.kinds()
    assert {"run", "refresh", "load", "retry", "export", "report", "backtest", "plan"} <= set(found)
    assert [name for name, kind in found.items() if kind.holds_people] == ["export", "export-difference"]
    assert not found["load"].recurs
