"""Jobs: one worker each, whoever dies loses it, attempts wait longer, and what recurs comes once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from satsuma.errors import NotFound, WrongUse
from satsuma.ledger import Ledger
from satsuma.ledger.jobs import FIRST_WAIT, LEASE, Jobs

NOW = datetime(2024, 5, 1, 6, 0)
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def jobs(ledger_url: str) -> Iterator[Jobs]:
    ledger = Ledger(ledger_url)
    yield ledger.jobs
    ledger.close()


def test_a_job_goes_from_the_queue_to_its_end(jobs: Jobs) -> None:
    added = jobs.add("sync", "hubspot", {"stream": "contacts"}, now=NOW)
    assert (added.status, added.attempts, added.is_open) == ("queued", 0, True)
    taken = jobs.take("w1", now=NOW)
    assert taken is not None
    assert (taken.status, taken.attempts, taken.leased_by, taken.payload) == (
        "running", 1, "w1", {"stream": "contacts"},
    )  # fmt: skip
    assert jobs.take("w2", now=NOW) is None
    assert jobs.renew(taken.job_id, "w1", now=NOW, progress={"step": "contacts", "done": 5, "total": 10})
    assert jobs.get(taken.job_id).progress == {"step": "contacts", "done": 5, "total": 10}
    assert jobs.finish(taken.job_id, "w1", now=LATER, counts={"rows": 10})
    done = jobs.get(taken.job_id)
    assert (done.status, done.counts, done.leased_by, done.is_open) == ("done", {"rows": 10}, None, False)
    assert done.as_dict()["finished_at"].endswith("Z")


def test_the_same_work_waits_once_but_may_run_beside_itself(jobs: Jobs) -> None:
    first = jobs.add("sync", "a", now=NOW)
    assert jobs.add("sync", "a", now=NOW).job_id == first.job_id
    assert jobs.add("sync", "b", now=NOW).job_id != first.job_id
    jobs.take("w", now=NOW)
    assert jobs.add("sync", "a", now=NOW).job_id != first.job_id


def test_a_worker_takes_what_it_can_and_what_is_due_the_oldest_first(jobs: Jobs) -> None:
    late = jobs.add("sync", "late", now=NOW, not_before=NOW + timedelta(hours=1))
    one, two = jobs.add("send", "one", now=NOW), jobs.add("sync", "two", now=NOW)
    long = timedelta(hours=2)
    assert getattr(jobs.take("w", now=NOW, kinds=["sync"], lease=long), "job_id", None) == two.job_id
    assert getattr(jobs.take("w", now=NOW, lease=long), "job_id", None) == one.job_id
    assert jobs.take("w", now=NOW) is None
    assert getattr(jobs.take("w", now=NOW + timedelta(hours=1)), "job_id", None) == late.job_id


def test_of_many_workers_each_job_has_one(jobs: Jobs) -> None:
    for number in range(30):
        jobs.add("sync", str(number), now=NOW)

    def work(worker: int) -> list[int]:
        found = []
        while (job := jobs.take(f"w{worker}", now=NOW)) is not None:
            found.append(job.job_id)
        return found

    with ThreadPoolExecutor(6) as pool:
        taken = [number for part in pool.map(work, range(6)) for number in part]
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 30


def test_who_dies_loses_the_job_and_cannot_end_it_any_more(jobs: Jobs) -> None:
    added = jobs.add("sync", "a", now=NOW, most_attempts=2)
    jobs.take("dead", now=NOW)
    again = jobs.take("alive", now=LATER)
    assert again is not None
    assert (again.job_id, again.attempts, again.leased_by) == (added.job_id, 2, "alive")
    assert not jobs.renew(added.job_id, "dead", now=LATER)
    assert not jobs.finish(added.job_id, "dead", now=LATER)
    assert not jobs.fail(added.job_id, "dead", now=LATER, code="x")
    assert jobs.take("third", now=LATER + LEASE + timedelta(seconds=1)) is None
    lost = jobs.get(added.job_id)
    assert (lost.status, lost.error_code) == ("failed", "lost")


def test_attempts_wait_longer_each_time_and_then_it_has_failed(jobs: Jobs) -> None:
    added = jobs.add("sync", "a", now=NOW)
    moment, waits = NOW, []
    for _ in range(3):
        assert jobs.take("w", now=moment) is not None
        jobs.fail(added.job_id, "w", now=moment, code="source", message="The other side is away.")
        after = jobs.get(added.job_id)
        waits.append(after.not_before - moment)
        moment = max(after.not_before, moment)
    assert waits[:2] == [FIRST_WAIT, 2 * FIRST_WAIT]
    assert (after.status, after.error_code, after.error_message) == ("failed", "source", "The other side is away.")


def test_a_wait_that_was_asked_for_is_kept_and_what_cannot_help_is_not_tried(jobs: Jobs) -> None:
    first, second = jobs.add("sync", "a", now=NOW), jobs.add("sync", "b", now=NOW)
    for _ in range(2):
        jobs.take("w", now=NOW)
    jobs.fail(first.job_id, "w", now=NOW, code="limited", wait=timedelta(minutes=7))
    assert jobs.get(first.job_id).not_before == NOW + timedelta(minutes=7)
    jobs.fail(second.job_id, "w", now=NOW, code="refused", again=False)
    assert jobs.get(second.job_id).status == "failed"


def test_cancelling_takes_a_waiting_job_away_and_asks_a_running_one_to_stop(jobs: Jobs) -> None:
    waiting = jobs.add("sync", "a", now=NOW)
    assert jobs.cancel(waiting.job_id, now=NOW).status == "cancelled"
    running = jobs.add("sync", "b", now=NOW)
    jobs.take("w", now=NOW)
    assert jobs.cancel(running.job_id, now=NOW).cancel_asked
    assert not jobs.renew(running.job_id, "w", now=NOW)
    assert jobs.stop(running.job_id, "w", now=NOW)
    assert jobs.get(running.job_id).status == "cancelled"
    with pytest.raises(WrongUse, match="has ended"):
        jobs.cancel(running.job_id, now=NOW)
    again = jobs.retry(running.job_id, now=NOW)
    assert (again.status, again.subject) == ("queued", "b")


def test_a_cancelled_job_whose_worker_died_is_not_taken_up(jobs: Jobs) -> None:
    added = jobs.add("sync", "a", now=NOW)
    jobs.take("dead", now=NOW)
    jobs.cancel(added.job_id, now=NOW)
    assert jobs.take("alive", now=LATER) is None
    assert jobs.get(added.job_id).status == "cancelled"


def test_only_what_failed_is_tried_again(jobs: Jobs) -> None:
    added = jobs.add("sync", "a", now=NOW)
    with pytest.raises(WrongUse, match="is queued"):
        jobs.retry(added.job_id, now=NOW)
    with pytest.raises(NotFound):
        jobs.retry(99, now=NOW)


def test_what_recurs_comes_once_however_long_nobody_asked(jobs: Jobs) -> None:
    made = jobs.recur("sync", "a", "0 6 * * *", timezone="Europe/Paris", now=NOW, payload={"full": False})
    assert made.next_at == datetime(2024, 5, 2, 4, 0)
    assert jobs.add_due(NOW) == []
    week = NOW + timedelta(days=7)
    assert [(job.kind, job.subject, job.payload) for job in jobs.add_due(week)] == [("sync", "a", {"full": False})]
    assert jobs.add_due(week) == []
    assert jobs.recurring()[0].next_at == datetime(2024, 5, 9, 4, 0)
    assert jobs.recurring()[0].last_job_id is not None


def test_a_schedule_is_replaced_paused_and_forgotten(jobs: Jobs) -> None:
    jobs.recur("sync", "a", "@daily", timezone="UTC", now=NOW)
    assert jobs.recur("sync", "a", "@hourly", timezone="UTC", now=NOW).recurs == "@hourly"
    assert len(jobs.recurring()) == 1
    jobs.pause("sync", "a", paused=True, now=NOW)
    assert jobs.add_due(NOW + timedelta(days=1)) == []
    assert jobs.pause("sync", "a", paused=False, now=NOW + timedelta(days=1)).next_at > NOW + timedelta(days=1)
    jobs.forget("sync", "a")
    with pytest.raises(NotFound):
        jobs.pause("sync", "a", paused=True, now=NOW)
    with pytest.raises(WrongUse):
        jobs.recur("sync", "a", "sometimes", timezone="UTC", now=NOW)


def test_two_who_ask_at_once_add_one_job(ledger_url: str) -> None:
    ledger = Ledger(ledger_url)
    ledger.jobs.recur("sync", "a", "@hourly", timezone="UTC", now=NOW)
    with ThreadPoolExecutor(4) as pool:
        found = [job for part in pool.map(lambda _: ledger.jobs.add_due(LATER + timedelta(hours=2)), range(4))
                 for job in part]  # fmt: skip
    assert len(found) == 1
    ledger.close()
