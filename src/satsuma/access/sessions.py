"""Sessions of people who signed in: a random secret in a cookie, kept as a digest, with two ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from satsuma.access.tokens import digest, new_token
from satsuma.access.users import User
from satsuma.ledger.schema import sessions, users
from satsuma.ledger.turns import take_turn

#: A session ends when nothing was asked for so long, and in any case after so long.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
#: That somebody is still there is noted at most this often.
NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session: when it began, and when it ends at the latest."""

    begun_at: datetime
    ends_at: datetime


class Sessions:
    """The sessions of one ledger."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def begin(self, user_id: int, *, now: datetime) -> tuple[Session, str]:
        """Begin a session of a user; return it with its secret. Sessions that are over are cleared away."""
        token = new_token("session")
        found = Session(begun_at=now, ends_at=now + LONGEST)
        with self._transaction() as connection:
            take_turn(connection, "sessions")
            over = (sessions.c.ends_at <= now) | (sessions.c.seen_at <= now - IDLE)
            connection.execute(sessions.delete().where(over))
            connection.execute(
                sessions.insert().values(
                    digest=digest(token), user_id=user_id, begun_at=now, seen_at=now, ends_at=found.ends_at
                )
            )
        return found, token

    def find(self, token: str, *, now: datetime) -> tuple[User, Session] | None:
        """Return whose session a secret stands for; None when it is over, or its user is shut out."""
        asked = digest(token)
        columns = [column for column in users.c if column.name != "password_hash"]
        times = (sessions.c.begun_at, sessions.c.ends_at, sessions.c.seen_at)
        statement = sa.select(*columns, *times).join(sessions, sessions.c.user_id == users.c.user_id)
        alive = (sessions.c.digest == asked) & (sessions.c.ends_at > now) & (sessions.c.seen_at > now - IDLE)
        with self._transaction() as connection:
            row = connection.execute(statement.where(alive, users.c.disabled_at.is_(None))).mappings().one_or_none()
            if row is None:
                return None
            facts = dict(row)
            found = Session(begun_at=facts.pop("begun_at"), ends_at=facts.pop("ends_at"))
            if now - facts.pop("seen_at") >= NOTED_EVERY:
                connection.execute(sessions.update().where(sessions.c.digest == asked).values(seen_at=now))
        return User(**facts), found

    def end(self, token: str) -> None:
        """End one session."""
        with self._transaction() as connection:
            connection.execute(sessions.delete().where(sessions.c.digest == digest(token)))

    def end_all(self, user_id: int) -> int:
        """End every session of a user; return how many there were."""
        with self._transaction() as connection:
            return connection.execute(sessions.delete().where(sessions.c.user_id == user_id)).rowcount
