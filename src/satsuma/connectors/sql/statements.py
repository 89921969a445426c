"""Statements that read: names are quoted, values are bound, and nothing that anybody wrote is put into a text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from satsuma.connectors.sql import values
from satsuma.connectors.sql.asks import Ask
from satsuma.errors import VendorError

#: How the column that tells of changes is written: with a zone, without one, a day, a number, or a text of SQLite.
Written = Literal["zoned", "local", "day", "number", "text"]
#: What a query may say itself of where to begin.
SINCE = "since"
#: Before everything that anybody wrote down in a database.
_EVER = datetime(1900, 1, 1)
_SINCE_WORD = re.compile(rf"(?<![:\w\\]):{SINCE}\b")


UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is read: from where, which columns, and which of them tells of changes."""

    ask: Ask
    columns: tuple[str, ...]
    updated: str | None = None
    written: Written | None = None
    #: Whether there may be rows that do not say when they changed.
    may_be_empty: bool = True
    updated_as: str = "time"
    zone: ZoneInfo = UTC_ZONE


def from_table(ask: Ask) -> sa.TableClause:
    """Return the table of a stream, its name quoted."""
    schema, name = ask.parts
    return sa.table(_quoted(name), schema=None if schema is None else _quoted(schema))


def probe(ask: Ask, columns: Sequence[str] | None) -> sa.Select[Any]:
    """Return a statement that gives no rows, and tells the types of columns; of all, where none are named.

    The bound number is no ornament: with a value to bind PostgreSQL takes one statement alone, without one it would do
    whatever stands behind a semicolon of the query. Rows come through a cursor, which takes one alone, too.
    """
    some: list[Any] = [sa.text("*")] if columns is None else [sa.column(_quoted(name)) for name in columns]
    return sa.select(*some).select_from(_source(ask, since=None)).where(sa.literal(1) == sa.literal_column("0"))


def changed(asked: Asked, dialect: str, since: datetime | None) -> sa.Select[Any]:
    """Return a statement that gives what changed since a moment (UTC without a zone), the oldest first."""
    statement = _all(asked, dialect, since)
    if asked.updated is None:
        return statement
    updated: Any = sa.column(_quoted(asked.updated))
    if asked.written == "text":
        # Whatever the form of ISO 8601, and wherever its zone: as texts they would not compare.
        updated = sa.func.julianday(updated)
    if since is not None:
        bound = _bound(asked, dialect, since)
        statement = statement.where(updated >= (sa.func.julianday(bound) if asked.written == "text" else bound))
    return statement.order_by(updated)


def undated(asked: Asked, dialect: str, since: datetime) -> sa.Select[Any]:
    """Return a statement that gives the rows that do not say when they changed: whether they did, only a look tells."""
    return _all(asked, dialect, since).where(sa.column(_quoted(asked.updated or "")).is_(None))


def _all(asked: Asked, dialect: str, since: datetime | None) -> sa.Select[Any]:
    bound = None
    if asked.ask.query is not None and names_since(asked.ask.query):
        bound = _bound(asked, dialect, since or _EVER, SINCE)
    columns: list[Any] = [sa.column(_quoted(name)) for name in asked.columns]
    return sa.select(*columns).select_from(_source(asked.ask, since=bound))


def names_since(query: str) -> bool:
    """Return whether a query says itself where to begin."""
    return _SINCE_WORD.search(query) is not None


def _source(ask: Ask, since: Any) -> sa.FromClause:
    if ask.query is None:
        return from_table(ask)
    # A colon is one of the query's own (a cast, a time), but for the one word that is bound.
    text = _SINCE_WORD.sub("\0", ask.query.strip().rstrip(";").rstrip())
    # A comment in its last line must not swallow what follows.
    clause = sa.text(text.replace(":", "\\:").replace("\0", f":{SINCE}") + "\n")
    if names_since(ask.query):
        clause = clause.bindparams(since if since is not None else sa.bindparam(SINCE, _EVER, sa.DateTime()))
    return clause.columns().subquery("satsuma_rows")


def _bound(asked: Asked, dialect: str, since: datetime, name: str = "satsuma_since") -> Any:
    """Return a moment as the column holds moments, as a value that is bound."""
    if asked.written == "number":
        seconds = since.replace(tzinfo=UTC).timestamp()
        return sa.bindparam(
            name, int(seconds * 1000) if asked.updated_as == "epoch_ms" else int(seconds), sa.BigInteger()
        )
    if asked.written == "zoned" and dialect == "postgresql":
        return sa.bindparam(name, since.replace(tzinfo=UTC), sa.DateTime(timezone=True))
    if asked.written == "zoned":
        return sa.bindparam(name, since, sa.DateTime())
    local = earliest_local(since, asked.zone)
    if asked.written == "day":
        return sa.bindparam(name, local.date(), sa.Date())
    if asked.written == "text":
        # The zone of texts that say none is not known to SQLite: those are compared as they stand.
        return sa.bindparam(name, min(local, since).isoformat(" "), sa.String())
    return sa.bindparam(name, local, sa.DateTime())


def earliest_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the earliest time that clocks of a zone show from a moment on: in autumn they go back an hour.

    Parameters
    ----------
    moment : UTC without a zone.
    """
    aware = moment.replace(tzinfo=UTC)
    shown = [(aware + timedelta(hours=hours)).astimezone(zone).replace(tzinfo=None) for hours in (0, 1, 2)]
    back = (aware.astimezone(zone).utcoffset() or timedelta(0)) - min(
        (aware + timedelta(hours=hours)).astimezone(zone).utcoffset() or timedelta(0) for hours in (0, 1, 2)
    )
    return shown[0] - max(back, timedelta(0))


def written_as(dialect: str, code: Any, updated_as: str, stream: str, column: str) -> Written:
    """Return how a column that tells of changes is written.

    Raises
    ------
    VendorError
        When its type is none that tells of moments.
    """
    if updated_as != "time":
        return "number"
    if dialect == "sqlite":
        return "text"
    known: dict[Any, Written] = (
        {values.PG_TIMESTAMPTZ: "zoned", values.PG_TIMESTAMP: "local", values.PG_DATE: "day"}
        if dialect == "postgresql"
        else {values.MYSQL_TIMESTAMP: "zoned", values.MYSQL_DATETIME: "local", values.MYSQL_DATE: "day"}
    )
    if code in known:
        return known[code]
    numbers = values.PG_NUMBERS if dialect == "postgresql" else values.MYSQL_NUMBERS
    hint = (
        "If it counts seconds since 1970, say updated_as: epoch; milliseconds are epoch_ms."
        if code in numbers
        else "Read a query that casts it to a timestamp, in place of the table."
    )
    raise VendorError(
        f"The column '{column}' of the stream '{stream}' holds no moments; 'updated' is to tell when a row changed.",
        hint=hint, again=False)  # fmt: skip


def _quoted(name: str) -> sa.quoted_name:
    return sa.quoted_name(name, quote=True)
