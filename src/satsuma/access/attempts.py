"""Lock-out: after repeated failures, each attempt to sign in waits longer, for a name and for an address.

Names and addresses are kept as digests, and a day after the last failure not at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import sqlalchemy as sa

from satsuma.access.users import folded
from satsuma.errors import TooMany
from satsuma.ledger.schema import sign_in_attempts
from satsuma.ledger.turns import take_turn

#: So many failures are nobody's business; an address may be a whole office.
FREE = {"name": 5, "address": 20}
#: The first wait doubles with every failure, up to the longest: it must not shut the right person out for good.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)

_table = sign_in_attempts


class Attempts:
    """The failed attempts of one ledger."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def begin(self, name: str, address: str, *, now: datetime) -> None:
        """Count an attempt as failed until `forgive`.

        Raises
        ------
        TooMany
            When the name or the address has to wait; the attempt is not counted then.
        """
        with self._transaction() as connection:
            # Many at once, of a name that has not failed yet: each counts on top of the others.
            take_turn(connection, "attempts")
            connection.execute(_table.delete().where(_table.c.last_at <= now - FORGOTTEN_AFTER))
            wait = max(
                self._begin(connection, kind, text, now) for kind, text in (("name", name), ("address", address))
            )
            if wait > timedelta(0):
                seconds = int(wait.total_seconds()) + 1
                # Raised inside the transaction, which is undone: an attempt that has to wait counts for neither.
                raise TooMany(
                    "There were too many attempts to sign in.", hint=f"Wait {seconds} seconds.", retry_after=seconds
                )

    def forgive(self, name: str, address: str) -> None:
        """Take the attempt back that succeeded: the name starts anew, the address has one failure less."""
        self.forgive_name(name)
        mine = (_table.c.subject == _subject("address", address)) & (_table.c.failures > 0)
        with self._transaction() as connection:
            # Not all of them: else whoever has one account could try all others from one address.
            less = {"failures": _table.c.failures - 1, "blocked_until": None}
            connection.execute(_table.update().where(mine).values(**less))

    def forgive_name(self, name: str) -> None:
        """Forget every failure of a name."""
        with self._transaction() as connection:
            connection.execute(_table.delete().where(_table.c.subject == _subject("name", name)))

    def _begin(self, connection: sa.Connection, kind: str, text: str, now: datetime) -> timedelta:
        subject = _subject(kind, text)
        mine = _table.c.subject == subject
        # Counted first: the row is held from here on, and a second attempt at once counts on top of this one.
        counted = {"failures": _table.c.failures + 1, "last_at": now}
        free = _table.c.blocked_until.is_(None) | (_table.c.blocked_until <= now)
        if connection.execute(_table.update().where(mine, free).values(**counted)).rowcount:
            failures = int(connection.execute(sa.select(_table.c.failures).where(mine)).scalar_one())
            if failures >= FREE[kind]:
                wait = min(FIRST_WAIT * 2 ** min(failures - FREE[kind], 16), LONGEST_WAIT)
                connection.execute(_table.update().where(mine).values(blocked_until=now + wait))
            return timedelta(0)
        until = connection.execute(sa.select(_table.c.blocked_until).where(mine)).scalar()
        if until is not None:
            blocked: timedelta = until - now
            return blocked
        connection.execute(_table.insert().values(subject=subject, failures=1, last_at=now))
        return timedelta(0)


def _subject(kind: str, text: str) -> str:
    plain = folded(text) if kind == "name" else text
    return hashlib.sha256(f"{kind}:{plain}".encode("utf-8", "surrogatepass")).hexdigest()
