"""Keys of programs: made, listed, revoked, and found again by what a request shows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from satsuma.access.roles import SCOPES, Scope
from satsuma.access.tokens import digest, is_same, new_token
from satsuma.errors import NotFound, WrongUse, nearest
from satsuma.ledger.schema import api_keys

#: The use of a key is noted at most this often: a write for each request would cost more than the request.
NOTED_EVERY = timedelta(minutes=1)

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known about a key; the key itself is not."""

    key_id: int
    name: str
    prefix: str
    scopes: tuple[Scope, ...]
    made_by: str
    made_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Keys:
    """The keys of one ledger."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def make(self, name: str, scopes: Collection[str], *, by: str, now: datetime) -> tuple[ApiKey, str]:
        """Make a key; return what is known about it, and the key, which nobody can show again.

        Raises
        ------
        WrongUse
            For a name that is none, or a scope that is none.
        """
        given = _scopes(scopes)
        title = name.strip()
        if not title or len(title) > 100 or not title.isprintable():
            raise WrongUse("A key has a name of 1 to 100 characters.", hint="Name it after the program that uses it.")
        token = new_token(max(given, key=SCOPES.index))
        values = {"name": title, "prefix": token[:_SHOWN], "digest": digest(token), "scopes": list(given),
                  "made_by": by, "made_at": now}  # fmt: skip
        with self._transaction() as connection:
            number = connection.execute(api_keys.insert().values(**values).returning(api_keys.c.key_id)).scalar_one()
            return _key(connection, int(number)), token

    def all(self) -> list[ApiKey]:
        """Return every key, those that were revoked too, the newest first."""
        with self._transaction() as connection:
            rows = connection.execute(_ASKED.order_by(api_keys.c.key_id.desc())).mappings()
            return [_as_key(row) for row in rows]

    def revoke(self, key_id: int, *, now: datetime) -> ApiKey:
        """Make a key useless, at once and for good.

        Raises
        ------
        NotFound
            When there is no key of that number.
        """
        with self._transaction() as connection:
            _key(connection, key_id)
            mine = (api_keys.c.key_id == key_id) & api_keys.c.revoked_at.is_(None)
            connection.execute(api_keys.update().where(mine).values(revoked_at=now))
            return _key(connection, key_id)

    def find(self, token: str, *, now: datetime) -> ApiKey | None:
        """Return the key that was shown, and note its use; None when it is none, or was revoked."""
        asked = digest(token)
        with self._transaction() as connection:
            row = connection.execute(_WITH_DIGEST.where(api_keys.c.digest == asked)).mappings().one_or_none()
            if row is None or not is_same(row["digest"], asked) or row["revoked_at"] is not None:
                return None
            found = _as_key({name: value for name, value in row.items() if name != "digest"})
            if found.last_used_at is None or now - found.last_used_at >= NOTED_EVERY:
                mine = api_keys.c.key_id == found.key_id
                connection.execute(api_keys.update().where(mine).values(last_used_at=now))
            return found


_COLUMNS = [column for column in api_keys.c if column.name != "digest"]
_ASKED = sa.select(*_COLUMNS)
_WITH_DIGEST = sa.select(api_keys)


def _scopes(given: Collection[str]) -> tuple[Scope, ...]:
    for scope in given:
        if scope not in SCOPES:
            near = nearest(scope, SCOPES)
            raise WrongUse(f"'{scope}' is not a scope of a key.", hint=f"One of {', '.join(SCOPES)}.",
                           allowed=list(SCOPES), nearest=list(near))  # fmt: skip
    if not given:
        raise WrongUse("A key has at least one scope.", hint=f"One of {', '.join(SCOPES)}.", allowed=list(SCOPES))
    return tuple(scope for scope in SCOPES if scope in given)


def _as_key(row: Any) -> ApiKey:
    return ApiKey(**{**row, "scopes": tuple(row["scopes"])})


def _key(connection: sa.Connection, key_id: int) -> ApiKey:
    asked = _ASKED.where(api_keys.c.key_id == key_id)
    row = connection.execute(asked).mappings().one_or_none() if 0 < key_id < 2**31 else None
    if row is None:
        raise NotFound(f"There is no key {key_id}.", hint="See satsuma key list.")
    return _as_key(row)
