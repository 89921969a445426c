"""A database as a sync asks it: what streams need is looked for first, then rows come some thousands at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from satsuma.catalog import ValueType
from satsuma.connectors.clocks import Clock
from satsuma.connectors.paging import Page
from satsuma.connectors.paths import Key, read_path
from satsuma.connectors.sql import connections, statements, values
from satsuma.connectors.sql.asks import Ask, used_columns
from satsuma.connectors.sql.statements import Asked
from satsuma.connectors.sql.troubles import source_error
from satsuma.connectors.vendor import Auth, FieldSpec, RowsSpec, Stream, Vendor
from satsuma.errors import SourceError, VendorError, did_you_mean, nearest
from satsuma.ledger import databases

if TYPE_CHECKING:
    from satsuma.connectors.source_files import Source

#: Rows that are read, and then landed, at a time.
ROWS = 20_000

_PG_TYPES: dict[Any, ValueType] = {
    16: "boolean", 20: "integer", 21: "integer", 23: "integer", 700: "number", 701: "number",
    values.PG_NUMERIC: "number", values.PG_DATE: "date", values.PG_TIMESTAMP: "datetime",
    values.PG_TIMESTAMPTZ: "datetime",
    **dict.fromkeys((1000, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1231), "list"),
}  # fmt: skip
_MYSQL_TYPES: dict[Any, ValueType] = {
    **dict.fromkeys((1, 2, 3, 8, 9), "integer"), **dict.fromkeys((0, 4, 5, values.MYSQL_DECIMAL), "number"),
    values.MYSQL_DATE: "date", values.MYSQL_TIMESTAMP: "datetime", values.MYSQL_DATETIME: "datetime",
}  # fmt: skip
_SQLITE_TYPES: tuple[tuple[type[Any], ValueType], ...] = (
    (sa.Boolean, "boolean"), (sa.Integer, "integer"), (sa.Numeric, "number"), (sa.DateTime, "datetime"),
    (sa.Date, "date"),
)  # fmt: skip


class SqlClient:
    """Asks one database.

    asks : by the name of a stream, what it asks for. base : where the path of a SQLite file begins.
    server_now : the database's clock as the last reading began, UTC without a zone; None if it does not say.
    """

    def __init__(
        self, url: sa.URL, streams: Sequence[Stream], asks: Mapping[str, Ask], *, base: Path, zone: ZoneInfo,
        timeout: timedelta = connections.TIMEOUT, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._url, self._asks, self._base, self._zone, self._timeout = url, asks, base, zone, timeout
        #: What places of a source take: a database knows none.
        self.values: Mapping[str, Any] = {"settings": {}, "secrets": {}}
        #: How many statements were sent.
        self.requests = 0
        self._dialect = "mysql" if url.get_backend_name() == "mariadb" else url.get_backend_name()
        self._asked: dict[str, Asked] = {}
        self.clock = clock or Clock()
        self.server_now: datetime | None = None
        self.vendor = Vendor(
            name="sql", title=databases.place(url), about="", settings={}, secrets={}, auth=Auth(),
            streams={stream.name: stream for stream in streams},
        )  # fmt: skip

    def __enter__(self) -> SqlClient:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held: each reading has a connection of its own."""

    # ----------------------------------------------------------------------------------------------------- before all

    def tested(self, streams: Sequence[Stream]) -> str:
        """Look for all that streams need, and say in a sentence that it is there.

        Raises
        ------
        VendorError
            With the first that is missing.
        """
        found = self.prepared(streams)
        with self._reading("a test") as (connection, _):
            self.server_now = self._now(connection)
        names = ", ".join(f"'{stream.name}'" for stream in found)
        place = databases.place(self._url)
        what = f"{len(found)} streams: {names}" if len(found) > 1 else f"the stream {names}"
        return f"{place[0].upper()}{place[1:]} answers, lets us in, and has all that is read for {what}."

    def prepared(self, streams: Sequence[Stream]) -> tuple[Stream, ...]:
        """Return streams with what the database says of them: their keys, and the types of their fields.

        Raises
        ------
        VendorError
            When the database cannot be reached, or has not what a stream needs: in one sentence.
        """
        found = []
        for stream in streams:
            with self._reading(f"the stream '{stream.name}'") as (connection, _):
                found.append(self._prepared(connection, stream))
        return tuple(found)

    def _prepared(self, connection: sa.Connection, stream: Stream) -> Stream:
        ask = self._asks[stream.name]
        used = used_columns(stream)
        facts = self._table(connection, stream, ask) if ask.query is None else {}
        if not stream.id and facts:
            _, name = ask.parts
            keys = sa.inspect(connection).get_pk_constraint(name, schema=ask.parts[0])["constrained_columns"]
            stream = replace(stream, id=tuple(path for key in keys if (path := read_path(f'"{key}"')) is not None))
            used = None if used is None else {**used, **dict.fromkeys(keys, "id")}
        wanted: list[str] | None = None
        if facts:
            # Of a table only what is used leaves the database.
            takes_all = used is None or (not stream.rows and not ask.columns)
            wanted = list(facts) if takes_all else list(dict.fromkeys((*(used or ()), *ask.columns)))
            self._refuse_missing(stream, list(used or ()) + wanted, facts, used or {})
        result = connection.execute(statements.probe(ask, wanted))
        codes = {item[0]: item[1] for item in result.cursor.description} if result.cursor is not None else {}
        names = list(result.keys())
        result.close()
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise VendorError(f"The query of the stream '{stream.name}' gives two columns '{twice}'.",
                              hint="Give each a name of its own: SELECT a.id AS x, ...", again=False)  # fmt: skip
        if not facts:
            self._refuse_missing(stream, list(used or ()), names, used or {})
        updated = self._updated(stream)
        written = None
        if updated is not None:
            written = statements.written_as(self._dialect, codes.get(updated), stream.updated_as, stream.name, updated)
        self._asked[stream.name] = Asked(
            ask=ask, columns=tuple(names), updated=updated, written=written, updated_as=stream.updated_as,
            may_be_empty=facts[updated].get("nullable", True) if updated in facts else True, zone=self._zone,
        )  # fmt: skip
        return replace(stream, rows=tuple(self._typed(rows, codes, facts) for rows in stream.rows))

    def _table(self, connection: sa.Connection, stream: Stream, ask: Ask) -> dict[str, Mapping[str, Any]]:
        """Return what is known of each column of a table or view."""
        schema, name = ask.parts
        inspector = sa.inspect(connection)
        try:
            return {str(column["name"]): column for column in inspector.get_columns(name, schema=schema)}
        except sa.exc.NoSuchTableError:
            known = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
            where = "" if schema is None else f" in the schema '{schema}'"
            near = nearest(name, known)
            raise VendorError(
                f"There is no table '{name}'{where}, which the stream '{stream.name}' reads, or this user may not see "
                f"it.{did_you_mean(near)}",
                hint="Check the name (capitals count), and the schema before it: schema.table.", again=False,
                nearest=list(near),
            ) from None  # fmt: skip

    def _refuse_missing(
        self, stream: Stream, wanted: Sequence[str], known: Sequence[str] | Mapping[str, Any], used: Mapping[str, str]
    ) -> None:
        for name in wanted:
            if name not in known:
                near = nearest(name, known)
                what = "table" if self._asks[stream.name].query is None else "query"
                raise VendorError(
                    f"The {what} of the stream '{stream.name}' has no column '{name}' ({used.get(name, 'columns')})."
                    f"{did_you_mean(near)}",
                    hint=f"Its columns are {', '.join(list(known)[:40])}.", again=False, nearest=list(near),
                )  # fmt: skip

    def _updated(self, stream: Stream) -> str | None:
        first = stream.updated.steps[0] if stream.updated is not None and stream.updated.steps else None
        return first.name if isinstance(first, Key) else None

    def _typed(self, rows: RowsSpec, codes: Mapping[str, Any], facts: Mapping[str, Mapping[str, Any]]) -> RowsSpec:
        """Return rows whose fields have the type that their column has, where the source says none."""
        zone = rows.timezone or str(self._zone)
        if rows.each is not None:
            return replace(rows, timezone=zone)
        fields = {name: self._field(spec, codes, facts) for name, spec in rows.fields.items()}
        return replace(rows, fields=fields, timezone=zone)

    def _field(self, spec: FieldSpec, codes: Mapping[str, Any], facts: Mapping[str, Mapping[str, Any]]) -> FieldSpec:
        says_more = spec.type is not None or spec.convert is not None or spec.words is not None or len(spec.paths) != 1
        steps = () if says_more else spec.paths[0].steps
        if len(steps) != 1 or not isinstance(steps[0], Key):
            return spec
        name = steps[0].name
        if self._dialect != "sqlite":
            types = _PG_TYPES if self._dialect == "postgresql" else _MYSQL_TYPES
            return replace(spec, type=types.get(codes.get(name)))
        declared = facts[name]["type"] if name in facts else None
        found = next((own for kind, own in _SQLITE_TYPES if isinstance(declared, kind)), None)
        return replace(spec, type=found, convert="boolean" if found == "boolean" else None)

    # --------------------------------------------------------------------------------------------------------- a sync

    def pages(
        self,
        stream: Stream,
        places: Mapping[str, Any],
        *,
        cursor: Any = None,  # noqa: ARG002 - of other askers
    ) -> Iterator[Page]:
        """Give the rows of a stream that changed `since`, the oldest change first."""
        asked = self._asked[stream.name]
        since: datetime | None = places.get("since")
        with self._reading(f"the stream '{stream.name}'") as (connection, clock):
            self.server_now = self._now(connection)
            found = [statements.changed(asked, self._dialect, since)]
            if since is not None and asked.updated is not None and asked.may_be_empty:
                found.append(statements.undated(asked, self._dialect, since))
            for statement in found:
                clock.begin()
                self.requests += 1
                result = connection.execution_options(stream_results=True, yield_per=ROWS).execute(statement)
                description = result.cursor.description if result.cursor is not None else ()
                plain = values.readers(self._dialect, [item[1] for item in description])
                with connections.letting_go(connection, result):
                    for part in result.partitions():
                        records = [
                            {name: read(value) for name, read, value in zip(asked.columns, plain, row, strict=True)}
                            for row in part
                        ]
                        yield Page(
                            records=records, body=None, cursor=None, server_now=self.server_now, is_partial=False
                        )
                        clock.begin()

    def _now(self, connection: sa.Connection) -> datetime | None:
        if self._dialect == "sqlite":
            # A file has no clock of its own.
            return None
        words = "now() AT TIME ZONE 'UTC'" if self._dialect == "postgresql" else "UTC_TIMESTAMP(6)"
        now = connection.exec_driver_sql(f"SELECT {words}").scalar()
        return now if isinstance(now, datetime) else datetime.fromisoformat(str(now))

    @contextmanager
    def _reading(self, what: str) -> Iterator[tuple[sa.Connection, connections.Clock]]:
        try:
            with connections.reading(self._url, base=self._base, timeout=self._timeout) as opened:
                yield opened
        except SourceError:
            raise
        except Exception as error:
            if not isinstance(error, (sa.exc.SQLAlchemyError, UnicodeDecodeError, OSError, *_driver_errors())):
                raise
            # What the driver says may repeat the values of a row.
            raise source_error(error, self._url, what) from None


def client_of(source: Source, environment: Mapping[str, str], *, base: Path, clock: Clock) -> SqlClient:
    """Return what asks the database of a source.

    Raises
    ------
    VendorError
        When its URL is not to be had, or is none.
    """
    database = source.database
    if database is None:
        raise ValueError(source.name)
    text = database.url or str(source.secrets(environment)["url"])
    try:
        url = databases.read_url(text)
    except databases.UnusableError as error:
        raise VendorError(f"The source '{source.name}' cannot be read. {error}", hint=error.hint, again=False) from None
    return SqlClient(
        url, source.streams, database.asks, base=base, zone=ZoneInfo(database.timezone), clock=clock,
        timeout=database.timeout or connections.TIMEOUT,
    )  # fmt: skip


def _driver_errors() -> tuple[type[Exception], ...]:
    """Return what drivers raise while rows are fetched: not all of it passes through SQLAlchemy."""
    loaded = [sys.modules[name] for name in ("psycopg", "pymysql", "sqlite3") if name in sys.modules]
    return tuple(module.Error for module in loaded)
