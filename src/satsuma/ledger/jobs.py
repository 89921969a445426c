"""Background work: jobs with leases, retries, cancelling and history, and schedules that put them there.

A worker takes a job by a lease and renews it while it works. Whoever dies stops renewing; once the lease is over
another worker takes the job up, or it fails when it was tried often enough. Every step is one statement that names the
state it found, so that of two workers one gets the job, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from satsuma.errors import NotFound, WrongUse
from satsuma.ledger.cron import read_schedule
from satsuma.ledger.schema import jobs, schedules
from satsuma.ledger.turns import take_turn, write_before_reading

Status = Literal["queued", "running", "done", "failed", "cancelled"]
OPEN: tuple[Status, ...] = ("queued", "running")

#: How long a lease lasts when a worker does not say; it renews well before.
LEASE = timedelta(seconds=60)
#: The wait before a second attempt; it doubles with each, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of background work. Moments are UTC without a zone.

    kind, subject : what is done, and with what: `sync`, `hubspot`.
    progress : the step, how much of it is done, and of how much. counts : what came of it, how much, never whose.
    """

    job_id: int
    kind: str
    subject: str
    payload: Mapping[str, Any]
    status: Status
    not_before: datetime
    attempts: int
    most_attempts: int
    leased_by: str | None
    leased_until: datetime | None
    cancel_asked: bool
    progress: Mapping[str, Any]
    counts: Mapping[str, Any]
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def as_dict(self) -> dict[str, Any]:
        shape = asdict(self)
        for key, value in shape.items():
            if isinstance(value, datetime):
                shape[key] = f"{value.isoformat()}Z"
        return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A job that comes again: when, in which zone, and when next (UTC without a zone)."""

    kind: str
    subject: str
    payload: Mapping[str, Any]
    recurs: str
    timezone: str
    is_paused: bool
    next_at: datetime
    last_job_id: int | None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "next_at": f"{self.next_at.isoformat()}Z"}


class Jobs:
    """The jobs of one ledger.

    transaction : gives a connection inside a transaction, and turns what the driver says into an error of ours.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    # ---------------------------------------------------------------------------------------------------- for callers

    def add(
        self, kind: str, subject: str, payload: Mapping[str, Any] | None = None, *, now: datetime,
        not_before: datetime | None = None, most_attempts: int = 3,
    ) -> Job:  # fmt: skip
        """Put a job into the queue; one of the kind and subject that waits there already is returned instead.

        Parameters
        ----------
        payload : names and numbers that the work needs; never a customer's data.
        most_attempts : how often it is tried before it has failed.
        """
        with self._transaction() as connection:
            number = _add(connection, kind, subject, payload or {}, now, not_before or now, most_attempts)
            return _job(connection, number)

    def get(self, job_id: int) -> Job:
        """Return one job.

        Raises
        ------
        NotFound
            When there is none of that number.
        """
        with self._transaction() as connection:
            return _job(connection, job_id)

    def all(self, *, kind: str | None = None, statuses: Collection[Status] = (), most: int = 100) -> list[Job]:
        """Return jobs, the newest first."""
        statement = sa.select(jobs).order_by(jobs.c.job_id.desc()).limit(most)
        if kind is not None:
            statement = statement.where(jobs.c.kind == kind)
        if statuses:
            statement = statement.where(jobs.c.status.in_(statuses))
        with self._transaction() as connection:
            return [Job(**row) for row in connection.execute(statement).mappings()]

    def cancel(self, job_id: int, *, now: datetime) -> Job:
        """Take a waiting job out of the queue, or ask who works on a running one to stop.

        Raises
        ------
        NotFound
            When there is none of that number.
        WrongUse
            When it has ended.
        """
        with self._transaction() as connection:
            job = _job(connection, job_id, hold=True)
            mine = jobs.c.job_id == job_id
            gone = _change(connection, mine & (jobs.c.status == "queued"), status="cancelled", finished_at=now)
            asked = _change(connection, mine & (jobs.c.status == "running"), cancel_asked=True)
            if not gone and not asked:
                raise WrongUse(f"Job {job_id} has ended ({job.status}); there is nothing to cancel.")
            return _job(connection, job_id)

    def retry(self, job_id: int, *, now: datetime) -> Job:
        """Put a job that failed or was cancelled into the queue again, with all its attempts.

        Raises
        ------
        NotFound
            When there is none of that number.
        WrongUse
            When it did not fail.
        """
        with self._transaction() as connection:
            job = _job(connection, job_id, hold=True)
            if job.status not in ("failed", "cancelled"):
                raise WrongUse(f"Job {job_id} is {job.status}; only one that failed or was cancelled is tried again.")
            return _job(connection, _add(connection, job.kind, job.subject, job.payload, now, now, job.most_attempts))

    # ---------------------------------------------------------------------------------------------------- for workers

    def take(self, worker: str, *, now: datetime, kinds: Collection[str] = (), lease: timedelta = LEASE) -> Job | None:
        """Take the job that has waited longest, or one whose worker was lost; None when there is nothing to do.

        Parameters
        ----------
        worker : who works; the lease is in this name. kinds : the kinds it can do; any when empty.
        """
        with self._transaction() as connection:
            _settle_lost(connection, now)
            waiting = sa.select(jobs.c.job_id).where(jobs.c.status == "queued", jobs.c.not_before <= now)
            if kinds:
                waiting = waiting.where(jobs.c.kind.in_(kinds))
            # PostgreSQL passes over what another worker is just taking. SQLite knows no such thing: there another may
            # be quicker, so what was seen is asked again as part of the change, and then the next is looked for.
            first = waiting.order_by(jobs.c.not_before, jobs.c.job_id).limit(1).with_for_update(skip_locked=True)
            while (job_id := connection.execute(first).scalar()) is not None:
                taken = _change(
                    connection, (jobs.c.job_id == job_id) & (jobs.c.status == "queued"), status="running",
                    attempts=jobs.c.attempts + 1, leased_by=worker, leased_until=now + lease, started_at=now,
                    progress={},
                )  # fmt: skip
                if taken:
                    return _job(connection, job_id)
        return None

    def renew(
        self, job_id: int, worker: str, *, now: datetime, progress: Mapping[str, Any] | None = None,
        lease: timedelta = LEASE,
    ) -> bool:  # fmt: skip
        """Keep a job, and say how far it is; False when it is to stop: it was cancelled, or the lease was lost."""
        values = {} if progress is None else {"progress": dict(progress)}
        with self._transaction() as connection:
            mine = _held(job_id, worker) & (jobs.c.cancel_asked == sa.false())
            return bool(_change(connection, mine, leased_until=now + lease, **values))

    def finish(self, job_id: int, worker: str, *, now: datetime, counts: Mapping[str, Any] | None = None) -> bool:
        """Say that a job is done; False when the lease was lost meanwhile, and somebody else has it."""
        with self._transaction() as connection:
            return bool(
                _change(connection, _held(job_id, worker), status="done", finished_at=now, counts=dict(counts or {}),
                        leased_by=None, leased_until=None, error_code=None, error_message=None)
            )  # fmt: skip

    def stop(self, job_id: int, worker: str, *, now: datetime) -> bool:
        """Say that a job was stopped because somebody asked for it."""
        with self._transaction() as connection:
            return bool(
                _change(connection, _held(job_id, worker), status="cancelled", finished_at=now, leased_by=None,
                        leased_until=None)
            )  # fmt: skip

    def give_back(self, job_id: int, worker: str, *, now: datetime) -> bool:
        """Put a job back into the queue whose worker has to end: that is no failure, and takes no attempt from it."""
        with self._transaction() as connection:
            mine = _held(job_id, worker) & (jobs.c.cancel_asked == sa.false())
            return bool(
                _change(connection, mine, status="queued", not_before=now, most_attempts=jobs.c.most_attempts + 1,
                        error_code="interrupted", error_message=None, leased_by=None, leased_until=None)
            )  # fmt: skip

    def fail(
        self, job_id: int, worker: str, *, now: datetime, code: str, message: str | None = None, again: bool = True,
        wait: timedelta | None = None,
    ) -> bool:  # fmt: skip
        """Say that an attempt failed; the job waits for another, each time longer, while it has any.

        Parameters
        ----------
        message : a sentence that holds no data. again : whether another attempt can help.
        wait : how long to wait, where somebody said so (`Retry-After`).
        """
        with self._transaction() as connection:
            job = _job(connection, job_id, hold=True)
            told = {"error_code": code, "error_message": message, "leased_by": None, "leased_until": None}
            if again and job.attempts < job.most_attempts and not job.cancel_asked:
                due = now + (wait or min(FIRST_WAIT * 2 ** (job.attempts - 1), LONGEST_WAIT))
                return bool(_change(connection, _held(job_id, worker), status="queued", not_before=due, **told))
            return bool(_change(connection, _held(job_id, worker), status="failed", finished_at=now, **told))

    # ------------------------------------------------------------------------------------------------------ schedules

    def recur(
        self, kind: str, subject: str, recurs: str, *, timezone: str, now: datetime,
        payload: Mapping[str, Any] | None = None,
    ) -> Recurring:  # fmt: skip
        """Let a job come again and again; one of the kind and subject is replaced.

        Raises
        ------
        WrongUse
            When `recurs` is no schedule.
        """
        next_at = read_schedule(recurs).after(now, ZoneInfo(timezone))
        values = {"payload": dict(payload or {}), "recurs": recurs, "timezone": timezone, "is_paused": False,
                  "next_at": next_at}  # fmt: skip
        with self._transaction() as connection:
            take_turn(connection, "schedules")
            mine = _recurring(kind, subject)
            if not connection.execute(schedules.update().where(mine).values(**values)).rowcount:
                connection.execute(schedules.insert().values(kind=kind, subject=subject, **values))
            row = connection.execute(sa.select(schedules).where(mine)).mappings().one()
            return Recurring(**row)

    def recurring(self) -> list[Recurring]:
        """Return every schedule, the next due first."""
        statement = sa.select(schedules).order_by(schedules.c.next_at, schedules.c.kind, schedules.c.subject)
        with self._transaction() as connection:
            return [Recurring(**row) for row in connection.execute(statement).mappings()]

    def pause(self, kind: str, subject: str, *, paused: bool, now: datetime) -> Recurring:
        """Let a schedule rest, or go on from now: what came due meanwhile is not made up for.

        Raises
        ------
        NotFound
            When there is no such schedule.
        """
        with self._transaction() as connection:
            take_turn(connection, "schedules")
            found = _schedule(connection, kind, subject)
            next_at = read_schedule(found.recurs).after(now, ZoneInfo(found.timezone))
            changed = schedules.update().where(_recurring(kind, subject)).values(is_paused=paused, next_at=next_at)
            connection.execute(changed)
            return _schedule(connection, kind, subject)

    def forget(self, kind: str, subject: str) -> None:
        """Take a schedule away.

        Raises
        ------
        NotFound
            When there is no such schedule.
        """
        with self._transaction() as connection:
            _schedule(connection, kind, subject)
            connection.execute(schedules.delete().where(_recurring(kind, subject)))

    def add_due(self, now: datetime) -> list[Job]:
        """Put into the queue what is due. Times that were missed while nobody asked are one job, not many."""
        found = []
        with self._transaction() as connection:
            due = sa.select(schedules).where(schedules.c.is_paused == sa.false(), schedules.c.next_at <= now)
            # What another is just adding is left to them.
            mine_alone = due.order_by(schedules.c.kind, schedules.c.subject).with_for_update(skip_locked=True)
            for row in connection.execute(mine_alone).mappings().all():
                item = Recurring(**row)
                next_at = read_schedule(item.recurs).after(now, ZoneInfo(item.timezone))
                # Of two who saw the same one moves the time on, and adds the job.
                mine = _recurring(item.kind, item.subject) & (schedules.c.next_at == item.next_at)
                if connection.execute(schedules.update().where(mine).values(next_at=next_at)).rowcount:
                    number = _add(connection, item.kind, item.subject, item.payload, now, now, 3)
                    connection.execute(
                        schedules.update().where(_recurring(item.kind, item.subject)).values(last_job_id=number)
                    )
                    found.append(_job(connection, number))
        return found


# ----------------------------------------------------------------------------------------------------------- statements


def _add(
    connection: sa.Connection, kind: str, subject: str, payload: Mapping[str, Any], now: datetime,
    not_before: datetime, most_attempts: int,
) -> int:  # fmt: skip
    # Two who add the same at once: the second finds what the first added.
    take_turn(connection, "jobs")
    same = (jobs.c.kind == kind) & (jobs.c.subject == subject) & (jobs.c.status == "queued")
    waiting = connection.execute(sa.select(jobs.c.job_id).where(same)).scalar()
    if waiting is not None:
        return int(waiting)
    statement = jobs.insert().values(
        kind=kind, subject=subject, payload=dict(payload), status="queued", not_before=not_before, attempts=0,
        most_attempts=most_attempts, cancel_asked=False, progress={}, counts={}, created_at=now,
    )  # fmt: skip
    return int(connection.execute(statement.returning(jobs.c.job_id)).scalar_one())


def _job(connection: sa.Connection, job_id: int, *, hold: bool = False) -> Job:
    """Return a job; nobody else changes it until the end of the transaction, if it is to be held."""
    asked = sa.select(jobs).where(jobs.c.job_id == job_id)
    if hold:
        write_before_reading(connection)
        asked = asked.with_for_update()
    # No number is larger than its column, and PostgreSQL minds being asked.
    row = connection.execute(asked).mappings().one_or_none() if 0 < job_id < 2**31 else None
    if row is None:
        raise NotFound(f"There is no job {job_id}.", hint="See satsuma job list.")
    return Job(**row)


def _schedule(connection: sa.Connection, kind: str, subject: str) -> Recurring:
    row = connection.execute(sa.select(schedules).where(_recurring(kind, subject))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"There is no schedule to {kind} '{subject}'.", hint="See satsuma job list --recurring.")
    return Recurring(**row)


def _settle_lost(connection: sa.Connection, now: datetime) -> None:
    """Take jobs from workers who stopped renewing: to be tried again, stopped as asked, or failed."""
    # Looked for first: mostly there are none, and a look is not a write. What another is just settling is left to them.
    over = (jobs.c.status == "running") & (jobs.c.leased_until < now)
    seen = sa.select(jobs.c.job_id).where(over).order_by(jobs.c.job_id).with_for_update(skip_locked=True)
    numbers = connection.execute(seen).scalars().all()
    if not numbers:
        return
    lost = jobs.c.job_id.in_(numbers) & over
    gone = {"leased_by": None, "leased_until": None}
    _change(connection, lost & jobs.c.cancel_asked, status="cancelled", finished_at=now, **gone)
    _change(connection, lost & (jobs.c.attempts < jobs.c.most_attempts), status="queued", **gone)
    message = "Whoever worked on it stopped without a word, as often as it may be tried."
    _change(connection, lost, status="failed", finished_at=now, error_code="lost", error_message=message, **gone)


def _held(job_id: int, worker: str) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.job_id == job_id, jobs.c.status == "running", jobs.c.leased_by == worker)


def _recurring(kind: str, subject: str) -> sa.ColumnElement[bool]:
    return sa.and_(schedules.c.kind == kind, schedules.c.subject == subject)


def _change(connection: sa.Connection, where: sa.ColumnElement[bool], **values: Any) -> int:
    return connection.execute(jobs.update().where(where).values(**values)).rowcount
