"""Requests of persons that came through a vendor: to be forgotten, or to learn what is known; kept until answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from satsuma.errors import NotFound
from satsuma.ledger.schema import privacy_requests as table

#: The law gives a month, and vendors ask for thirty days.
DUE_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRequest:
    """One request. Moments are UTC without a zone.

    kind : `erasure`, `access` or `shop_erasure`. topic : what the vendor called it. subject : who it is about, by
    names of ids and addresses; None once it is answered.
    """

    request_id: int
    source: str
    kind: str
    topic: str
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None
    subject: Mapping[str, Any] | None = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        moments = ("received_at", "due_at", "answered_at")
        said = {name: getattr(self, name) for name in ("request_id", "source", "kind", "topic", *moments, "subject")}
        return {key: f"{value.isoformat()}Z" if isinstance(value, datetime) else value for key, value in said.items()}


_COLUMNS = tuple(table.c[name] for name in KeptRequest.__dataclass_fields__)


class PrivacyRequests:
    """The requests of one ledger.

    transaction : gives a connection inside a transaction, and turns what the driver says into an error of ours.
    """

    def __init__(self, transaction: Callable[[], AbstractContextManager[sa.Connection]]) -> None:
        self._transaction = transaction

    def add(
        self, *, digest: str, source: str, kind: str, topic: str, received_at: datetime, subject: Mapping[str, Any]
    ) -> int:
        """Keep a request; one that says the same and waits already is returned instead.

        Parameters
        ----------
        digest : of all that the request says; 64 characters.

        Returns
        -------
        Its number.
        """
        with self._transaction() as connection:
            same = (table.c.digest == digest) & table.c.answered_at.is_(None)
            waiting = connection.execute(sa.select(table.c.request_id).where(same)).scalar()
            if waiting is not None:
                return int(waiting)
            statement = table.insert().values(
                digest=digest, source=source, kind=kind, topic=topic, received_at=received_at, subject=dict(subject),
                due_at=received_at + DUE_AFTER,
            )  # fmt: skip
            return int(connection.execute(statement.returning(table.c.request_id)).scalar_one())

    def all(self, *, open_only: bool = False) -> list[KeptRequest]:
        """Return the requests, the first due first."""
        statement = sa.select(*_COLUMNS).order_by(table.c.due_at, table.c.request_id)
        if open_only:
            statement = statement.where(table.c.answered_at.is_(None))
        with self._transaction() as connection:
            return [KeptRequest(**row) for row in connection.execute(statement).mappings()]

    def answer(self, request_id: int, *, now: datetime) -> KeptRequest:
        """Say that a request was answered; who it was about is not kept any longer.

        Raises
        ------
        NotFound
            When there is none of that number that waits.
        """
        with self._transaction() as connection:
            mine = (table.c.request_id == request_id) & table.c.answered_at.is_(None)
            if not connection.execute(table.update().where(mine).values(answered_at=now, subject=None)).rowcount:
                raise NotFound(f"There is no open privacy request {request_id}.", hint="See satsuma source requests.")
            found = connection.execute(sa.select(*_COLUMNS).where(table.c.request_id == request_id))
            return KeptRequest(**found.mappings().one())
