"""A database to be read: one transaction that can change nothing, that sees one state, and that ends in time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from satsuma.connectors.sql.values import teach_psycopg
from satsuma.ledger import databases

#: How long one step of the database may take, where a source does not say.
TIMEOUT = timedelta(minutes=30)
#: Instructions of SQLite between two looks at the clock.
_LOOK_EVERY = 100_000


class Clock:
    """When the present step of SQLite has to be over: it has no limit of its own."""

    def __init__(self, timeout: timedelta, monotonic: Callable[[], float]) -> None:
        self._seconds, self._monotonic = timeout.total_seconds(), monotonic
        self.begin()

    def begin(self) -> None:
        self._over = self._monotonic() + self._seconds

    def is_over(self) -> bool:
        return self._monotonic() > self._over


@contextmanager
def reading(
    url: sa.URL, *, base: Path, timeout: timedelta = TIMEOUT, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[tuple[sa.Connection, Clock]]:
    """Open a transaction that only reads; what the driver raises comes as it is.

    Parameters
    ----------
    base : where the path of a SQLite file begins, if it is not a whole one.
    timeout : how long a statement, or a step of one that gives many rows, may take.
    """
    clock = Clock(timeout, monotonic)
    dialect = url.get_backend_name()
    if dialect == "sqlite":
        file = base / (url.database or "")
        engine = sa.create_engine("sqlite://", creator=lambda: _sqlite(file, clock), poolclass=sa.NullPool)
    else:
        engine = sa.create_engine(
            url, poolclass=sa.NullPool, hide_parameters=True, connect_args=_arguments(dialect, url, timeout)
        )
    try:
        with engine.connect() as connection:
            milliseconds = int(timeout.total_seconds() * 1000)
            for statement in _beginning(connection, dialect, milliseconds):
                connection.exec_driver_sql(statement)
            if dialect == "postgresql":
                teach_psycopg(connection.connection.driver_connection)
            yield connection, clock
            # Nothing was changed: there is nothing to keep.
            connection.rollback()
    finally:
        engine.dispose()


@contextmanager
def letting_go(connection: sa.Connection, result: sa.CursorResult[Any]) -> Iterator[None]:
    """Let go of a result that is not read to its end, because it broke off or nobody wants the rest."""
    # Looked for now: of a connection that was lost nothing can be asked any more.
    driver, cursor = connection.connection.driver_connection, result.cursor
    try:
        yield
    except BaseException:
        unread: Any = getattr(driver, "_result", None)
        if getattr(unread, "unbuffered_active", False):
            # PyMySQL would first read all that is left, even from a server that is not there any more.
            unread.unbuffered_active = False
            unread.connection = None
        with suppress(Exception):
            if cursor is not None:
                cursor.close()
        raise


def _arguments(dialect: str, url: sa.URL, timeout: timedelta) -> dict[str, Any]:
    given = databases.connect_arguments(url)
    if dialect == "postgresql":
        # Whoever vanishes without a word is noticed within a minute.
        own = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "client_encoding": "utf8",
               "application_name": "satsuma"}  # fmt: skip
        return {**given, **{key: value for key, value in own.items() if key not in url.query}}
    return {**given, "read_timeout": int(timeout.total_seconds()) + 30, "write_timeout": 60}


def _beginning(connection: sa.Connection, dialect: str, milliseconds: int) -> tuple[str, ...]:
    if dialect == "postgresql":
        # For this transaction alone: behind a pooler the session is not ours.
        return (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            f"SET LOCAL statement_timeout = {milliseconds}",
            "SET LOCAL lock_timeout = '30s'",
            "SET LOCAL idle_in_transaction_session_timeout = 0",
            "SET LOCAL TimeZone = 'UTC'",
            "SET LOCAL DateStyle = 'ISO, YMD'",
        )
    if dialect in ("mysql", "mariadb"):
        is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
        limit = f"max_statement_time = {milliseconds / 1000}" if is_mariadb else f"max_execution_time = {milliseconds}"
        return (
            "SET SESSION time_zone = '+00:00'",
            f"SET SESSION {limit}",
            # What was read waits while it lands.
            "SET SESSION net_write_timeout = 3600",
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
    return ("PRAGMA query_only = ON", "BEGIN")


def _sqlite(file: Path, clock: Clock) -> sqlite3.Connection:
    # A file that is not there must not be made.
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, check_same_thread=False)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.set_progress_handler(lambda: int(clock.is_over()), _LOOK_EVERY)
    return connection
