"""The part of a source file that is about a database: its URL, and streams of tables and queries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.connectors.reading_rows import RowsReader
from satsuma.connectors.reading_values import Where
from satsuma.connectors.records import moment_of
from satsuma.connectors.sql.asks import Ask
from satsuma.connectors.vendor import ROW_KINDS, Auth, Condition, Paging, Request, RowsSpec, Secret, Stream, Vendor
from satsuma.documents import ENVIRONMENT
from satsuma.errors import nearest

#: The word in place of a vendor's.
SQL = "sql"
SQL_KEYS = ("source", "about", "url", "timezone", "timeout", "person", "streams", "schedule")
_STREAM_KEYS = ("about", "table", "query", "columns", "id", "updated", "updated_as", "overlap", "deleted", "deletes",
                "erases", "start", "lands", "person", "fields", "when", "each", "rest", "partial", "rows")  # fmt: skip
#: Keys of a stream that lands as one kind: of its rows.
_OF_ROWS = ("person", "fields", "when", "each", "rest", "partial")
_STREAM_NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")
#: A password in a URL: between the user's colon and the last @ before the host.
_PASSWORD = re.compile(r"^[^/]*//[^/@]*:[^@]+@|[?&](password|passwd|sslpassword)=", re.IGNORECASE)
#: What a column that marks rows as gone holds in rows that are not.
_STANDING = ("", "false", "0", "f", "n", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What a source says of its database.

    url : written out, where it holds no secret; None where the environment holds it. asks : by the name of a stream.
    timezone : of moments that are written without one.
    """

    url: str | None
    asks: Mapping[str, Ask] = field(default_factory=dict)
    timezone: str = "UTC"
    timeout: timedelta | None = None


class SqlReader(RowsReader):
    """Reads what a source file says of a database."""

    def database(self, name: str, top: dict[str, Any]) -> tuple[Vendor, Database, dict[str, str], dict[str, datetime]]:
        """Return the source as a vendor of its own, its database, the variable of its URL, and where streams start."""
        self.keys(top, SQL_KEYS, ())
        url, variables = self.url(top.get("url"), ("url",))
        zone = self.zone(top)
        timeout = self.span(top["timeout"], ("timeout",)) if top.get("timeout") is not None else None
        streams, asks, starts = self.tables(top.get("streams"), ("streams",), zone)
        secret = Secret(name="url", about="The URL of the database.", variable=variables.get("url", "UNSET"))
        vendor = Vendor(
            name=SQL, title=name, about=self.text(top, "about", ()) or "", settings={},
            secrets={"url": secret} if url is None else {}, auth=Auth(), streams=streams,
        )  # fmt: skip
        return vendor, Database(url=url, asks=asks, timezone=zone, timeout=timeout), variables, starts

    def url(self, given: Any, at: Where) -> tuple[str | None, dict[str, str]]:
        """Read where the database is; one with a password is not repeated."""
        if not isinstance(given, str) or not given.strip():
            self.problem(at if given is not None else (), "'url' is needed: the environment variable that holds the "
                         "database's URL, as ${NAME}, or a URL without a password.")  # fmt: skip
            return None, {}
        variable = ENVIRONMENT.fullmatch(given.strip())
        if variable is not None:
            return None, {"url": variable[1]}
        if _PASSWORD.search(given):
            self.problem(at, "A password does not belong into this file: put the URL into an environment variable, and "
                         "write its name, as ${NAME}. Who read the file knows this password now.")  # fmt: skip
        elif "://" not in given:
            self.problem(at, "'url' is ${NAME} or begins with postgresql://, mysql:// or sqlite:///.")
        return given.strip(), {}

    def zone(self, top: Mapping[str, Any]) -> str:
        name = self.text(top, "timezone", ()) or "UTC"
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            self.problem(("timezone",), "This is no time zone; write one such as Europe/Paris or UTC.")
            return "UTC"
        return name

    def tables(self, given: Any, at: Where, zone: str) -> tuple[dict[str, Stream], dict[str, Ask], dict[str, datetime]]:
        streams, asks, starts = {}, {}, {}
        for name, entry in (self.mapping(given or {}, at) or {}).items():
            here = (*at, name)
            if _STREAM_NAME.fullmatch(name) is None:
                self.problem(here, "A stream's name is small letters, digits, _ and -.")
            entry = self.mapping(entry, here)
            if entry is None:
                self.problem(here, "A stream needs a 'table' or a 'query'.")
                continue
            self.keys(entry, _STREAM_KEYS, here)
            asks[name] = self.ask(entry, here)
            streams[name] = self.table_stream(name, entry, here, zone)
            if entry.get("start") is not None:
                start = moment_of(self.document.text((*here, "start")), "time", ZoneInfo("UTC"))
                if start is None:
                    self.problem((*here, "start"), "'start' is a date, such as 2026-01-31.")
                elif streams[name].updated is None:
                    self.problem((*here, "start"), "'start' needs 'updated': the column that says when a row changed.")
                else:
                    starts[name] = start
        if not streams:
            self.problem(at if given is not None else (), "At least one stream is needed: a table or a query.")
        for stream in streams.values():
            others = [stream.deletes, stream.erases]
            others += [rows.person.of for rows in stream.rows if rows.person is not None]
            for other in others:
                if other is not None and other not in streams:
                    self.problem((*at, stream.name), f"There is no stream '{other}'.", nearest(other, streams))
        return streams, asks, starts

    def ask(self, entry: dict[str, Any], at: Where) -> Ask:
        table, query = entry.get("table"), entry.get("query")
        for key, value in (("table", table), ("query", query)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                self.problem((*at, key), f"'{key}' is a text.")
                return Ask(table="")
        if (table is None) == (query is None):
            self.problem(at, "A stream reads a 'table' (with its schema: public.customers) or a 'query', one of them.")
        if query is not None and entry.get("columns") is not None:
            self.problem((*at, "columns"), "'columns' are of a table; a query says itself what it gives.")
        columns = tuple(str(item) for item in self.items(entry.get("columns"), (*at, "columns")))
        return Ask(table=None if query is not None else str(table or ""), query=query, columns=columns)

    def table_stream(self, name: str, entry: dict[str, Any], at: Where, zone: str) -> Stream:
        updated = self.path_or_none(entry.get("updated"), (*at, "updated"))
        if updated is None:
            for key in ("updated_as", "overlap"):
                if entry.get(key) is not None:
                    self.problem((*at, key), f"'{key}' is said of 'updated', which is not given.")
        deletes, erases = self.text(entry, "deletes", at), self.text(entry, "erases", at)
        return Stream(
            name=name,
            about=self.text(entry, "about", at) or "",
            request=Request(),
            paging=Paging(),
            rows=self.rows_of(entry, at) if deletes is None and erases is None else (),
            id=self.paths(entry.get("id"), (*at, "id")),
            updated=updated,
            updated_as=self.choice(entry, "updated_as", ("time", "epoch", "epoch_ms"), at) or "time",
            order="none" if updated is None else "ascending",
            is_incremental=updated is not None,
            overlap=self.span(entry.get("overlap"), (*at, "overlap")),
            deleted=self.gone(entry.get("deleted"), (*at, "deleted")),
            deletes=deletes,
            erases=erases,
            timezone=zone,
        )

    def gone(self, given: Any, at: Where) -> Condition | None:
        """Read which rows are gone: a column that is true, or holds when that was; or a condition."""
        if given is None or isinstance(given, dict):
            return None if given is None else self.condition(given, at)
        path = self.path(given, at)
        return None if path is None else Condition(path=path, equals=_STANDING, negated=True)

    def rows_of(self, entry: dict[str, Any], at: Where) -> tuple[RowsSpec, ...]:
        if entry.get("rows") is not None:
            for key in ("lands", *_OF_ROWS):
                if entry.get(key) is not None:
                    self.problem((*at, key), f"'{key}' is said in 'rows', for each kind.")
            some = enumerate(self.items(entry["rows"], (*at, "rows")))
            found = [self.rows(item, (*at, "rows", number)) for number, item in some]
            return tuple(rows for rows in found if rows is not None)
        if entry.get("lands") is None:
            for key in _OF_ROWS:
                if entry.get(key) is not None:
                    self.problem((*at, key), f"'{key}' is said of rows: say what a row is, as 'lands'.")
            return ()
        kind = self.choice(entry, "lands", ROW_KINDS, at)
        if kind is None:
            return ()
        given = {"load": kind, **{key: entry[key] for key in _OF_ROWS if key in entry}}
        rows = self.rows(given, at)
        return () if rows is None else (rows,)
