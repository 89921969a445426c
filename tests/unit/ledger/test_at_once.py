"""Several processes on one ledger: each has connections of its own, as two servers beside each other have."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from quick_passwords import quick_passwords
from satsuma.access.attempts import FREE
from satsuma.access.door import Access
from satsuma.errors import SatsumaError, TooMany, WrongUse
from satsuma.ledger import Ledger
from satsuma.ledger.jobs import LEASE, Jobs

__all__ = ["quick_passwords"]

NOW = datetime(2024, 5, 1, 6, 0)
LATER = NOW + LEASE + timedelta(seconds=1)
AT_ONCE = 4


@pytest.fixture
def ledgers(ledger_url: str) -> Iterator[list[Ledger]]:
    opened = [Ledger(ledger_url) for _ in range(AT_ONCE)]
    yield opened
    for ledger in opened:
        ledger.close()


def at_once(ledgers: list[Ledger], what: Callable[[int, Ledger], Any]) -> list[Any]:
    """Let each ledger do something at the same moment; return what came of it, errors of ours too."""
    ready = threading.Barrier(len(ledgers))

    def do(number: int) -> Any:
        ready.wait()
        try:
            return what(number, ledgers[number])
        except SatsumaError as error:
            return error

    with ThreadPoolExecutor(len(ledgers)) as pool:
        return list(pool.map(do, range(len(ledgers))))


def joined(parts: list[list[Any]]) -> list[Any]:
    return [item for part in parts for item in part]


def drain(jobs: Jobs, worker: str, now: datetime) -> list[tuple[int, int]]:
    found = []
    while (job := jobs.take(worker, now=now)) is not None:
        found.append((job.job_id, job.attempts))
        assert job.leased_by == worker
    return found


def test_each_job_is_taken_by_one_worker_and_lost_ones_once_again(ledgers: list[Ledger]) -> None:
    for number in range(24):
        ledgers[0].jobs.add("sync", str(number), now=NOW)
    first = at_once(ledgers, lambda number, ledger: drain(ledger.jobs, f"w{number}", NOW))
    assert sorted(joined(first)) == [(number, 1) for number in range(1, 25)]
    # All die at once; all who come after see the same lost jobs.
    second = at_once(ledgers, lambda number, ledger: drain(ledger.jobs, f"v{number}", LATER))
    assert sorted(joined(second)) == [(number, 2) for number in range(1, 25)]


def test_who_takes_a_job_does_not_wait_for_who_is_just_taking_another(ledgers: list[Ledger]) -> None:
    one, two, *_ = ledgers
    first, second = one.jobs.add("sync", "a", now=NOW), one.jobs.add("sync", "b", now=NOW)
    with one.transaction() as connection:
        if connection.dialect.name == "sqlite":
            pytest.skip("SQLite has one writer at a time")
        taken = Jobs(lambda: _within(connection)).take("slow", now=NOW)
        assert taken is not None
        assert taken.job_id == first.job_id
        quick = two.jobs.take("quick", now=NOW)
        assert quick is not None
        assert quick.job_id == second.job_id
        assert two.jobs.take("quick", now=NOW) is None


class _within:  # noqa: N801 - a context, as the transaction of a ledger is one
    """A transaction that is open already."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __enter__(self) -> Any:
        return self.connection

    def __exit__(self, *_: object) -> None:
        pass


def test_the_same_work_added_at_once_waits_once(ledgers: list[Ledger]) -> None:
    added = at_once(ledgers, lambda _, ledger: [ledger.jobs.add("sync", "a", now=NOW).job_id for _ in range(5)])
    assert len(set(joined(added))) == 1
    assert len(ledgers[0].jobs.all()) == 1


def test_schedules_that_come_due_add_one_job_each_whoever_asks(ledgers: list[Ledger]) -> None:
    at_once(ledgers, lambda number, ledger: [
        ledger.jobs.recur("sync", subject, "@hourly", timezone="UTC", now=NOW) for subject in "abc"
    ])  # fmt: skip
    assert len(ledgers[0].jobs.recurring()) == 3
    added = at_once(ledgers, lambda _, ledger: ledger.jobs.add_due(LATER + timedelta(hours=2)))
    assert sorted(job.subject for job in joined(added)) == ["a", "b", "c"]


def test_a_job_is_ended_once_however_its_end_and_its_cancelling_meet(ledgers: list[Ledger]) -> None:
    for number in range(6):
        job = ledgers[0].jobs.add("sync", str(number), now=NOW)
        ledgers[0].jobs.take("w", now=NOW)
        at_once(ledgers[:2], lambda who, ledger, mine=job.job_id: (  # type: ignore[misc]
            ledger.jobs.cancel(mine, now=NOW) if who else ledger.jobs.fail(mine, "w", now=NOW, code="x")
        ))  # fmt: skip
        after = ledgers[0].jobs.get(job.job_id)
        # Cancelled while it ran, or while it waited for another attempt: never again in the queue.
        assert after.status in ("failed", "cancelled")


def test_two_administrators_cannot_take_each_others_place_away(ledgers: list[Ledger]) -> None:
    access = [Access(ledger.transaction) for ledger in ledgers]
    for name in ("ada", "eve"):
        access[0].users.add(name, "admin", now=NOW)
    ended = at_once(ledgers[:2], lambda number, _: access[number].users.disable(("ada", "eve")[number], now=NOW))
    assert sum(isinstance(item, WrongUse) for item in ended) == 1
    assert sum(user.disabled_at is None for user in access[0].users.all()) == 1


def test_one_name_is_one_user_and_the_other_hears_so(ledgers: list[Ledger]) -> None:
    added = at_once(ledgers, lambda _, ledger: Access(ledger.transaction).users.add("ada", "viewer", now=NOW))
    refused = [str(item) for item in added if isinstance(item, SatsumaError)]
    assert refused == ["There is a user 'ada' already."] * (AT_ONCE - 1)


def test_attempts_from_everywhere_count_on_top_of_each_other(ledgers: list[Ledger]) -> None:
    def guess(number: int, ledger: Ledger) -> int:
        refused = 0
        for turn in range(4):
            try:
                Access(ledger.transaction).attempts.begin("ada", f"192.0.2.{number}{turn}", now=NOW)
            except TooMany:
                refused += 1
        return refused

    assert sum(at_once(ledgers, guess)) == 4 * AT_ONCE - FREE["name"]
