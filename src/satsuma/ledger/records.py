"""Writing and reading the ledger. Times are UTC without a zone, as in the warehouse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from satsuma.errors import WorkspaceError, WrongUse
from satsuma.ledger import databases
from satsuma.ledger.jobs import Jobs
from satsuma.ledger.privacy import PrivacyRequests
from satsuma.ledger.schema import activity, bring_up_to_date, definition_changes
from satsuma.ledger.turns import take_turn

#: Where a ledger may be kept.
LEDGERS = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that was done, or tried: a load, a run, an export.

    status : `running`, `ok` or `failed`; an `error_code` of `interrupted` means the process ended before it did.
    error_message : the sentence of the error, where it was one that Satsuma raises on purpose.
    counts : how much of what, never which; of a look at one customer also the number, as the record of that access.
    """

    activity_id: int
    kind: str
    started_at: datetime
    finished_at: datetime | None
    status: str
    error_code: str | None
    error_message: str | None
    counts: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        shape = asdict(self)
        for key in ("started_at", "finished_at"):
            shape[key] = None if shape[key] is None else f"{shape[key].isoformat()}Z"
        return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionText:
    """A definition as its file has it. kind is trait, segment or segmentation."""

    kind: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChange:
    """A definition's text from `first_seen_at` on; None when it was removed then."""

    kind: str
    name: str
    digest: str
    first_seen_at: datetime
    text: str | None


class Ledger:
    """The ledger at a SQLAlchemy URL; the tables are made or brought up to date on opening."""

    def __init__(self, url: str) -> None:
        try:
            self._url = databases.read_url(url)
        except databases.UnusableError as error:
            raise WorkspaceError(f"The ledger cannot be opened. {error}", hint=error.hint) from None
        dialect = self._url.get_backend_name()
        if dialect not in LEDGERS:
            raise WorkspaceError(
                f"The ledger cannot be kept in {dialect}.", hint="Use 'ledger: sqlite', or a URL postgresql://..."
            )
        if dialect == "sqlite":
            self._engine = sa.create_engine(self._url)
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
        else:
            # A connection may have been lost while nobody used it; what waits for a turn then reads what is new.
            self._engine = sa.create_engine(
                self._url, connect_args=databases.connect_arguments(self._url), pool_pre_ping=True,
                isolation_level="READ COMMITTED",
            )  # fmt: skip
            sa.event.listen(self._engine, "connect", _prepare_postgresql)
        try:
            with self._transaction() as connection:
                newer = bring_up_to_date(connection)
        except WorkspaceError:
            self.close()
            raise
        if newer is not None:
            self.close()
            raise WorkspaceError(
                "The ledger was written by a newer Satsuma.", hint="Install that version or a later one.", version=newer
            )

    @classmethod
    def in_file(cls, path: Path) -> Ledger:
        """Open the ledger in a SQLite file, made when it is missing."""
        return cls(sa.URL.create("sqlite", database=str(path)).render_as_string())

    def close(self) -> None:
        self._engine.dispose()

    @property
    def jobs(self) -> Jobs:
        """Background work: the queue, its history, and what recurs."""
        return Jobs(self._transaction)

    @property
    def privacy(self) -> PrivacyRequests:
        """Who asked to be forgotten, or what is known."""
        return PrivacyRequests(self._transaction)

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        """Return a transaction, for those who keep tables of their own here (`access`)."""
        return self._transaction()

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        # The driver's own text may repeat the values of a row, or who asks.
        try:
            with self._engine.begin() as connection:
                yield connection
        except (sa.exc.DataError, UnicodeEncodeError, OverflowError):
            # SQLite takes nearly everything, PostgreSQL no text with a NUL and none longer than its column.
            raise WrongUse("A text or a number here is not one that can be kept.", hint="Shorten or mend it.") from None
        except sa.exc.TimeoutError:
            raise WorkspaceError(
                "The ledger is asked too much at once.", hint="Try again in a few seconds."
            ) from None  # fmt: skip
        except sa.exc.DBAPIError as error:
            raise self._failure(error) from None

    def _failure(self, error: sa.exc.DBAPIError) -> WorkspaceError:
        if self._url.get_backend_name() == "sqlite":
            return WorkspaceError(
                "The ledger cannot be read or written.",
                hint="Check that ledger.db (or the database that satsuma.yaml names) can be reached and written, "
                "is not damaged, and that its disk is not full.",
            )
        found = databases.trouble(error, self._url)
        return WorkspaceError(f"The ledger cannot be read or written. {found.message}", hint=found.hint)

    # ------------------------------------------------------------------------------------------------------ activity

    def start(self, kind: str, started_at: datetime) -> int:
        """Record that something began; return its number."""
        with self._transaction() as connection:
            statement = activity.insert().values(kind=kind, started_at=started_at, status="running", counts={})
            key = connection.execute(statement.returning(activity.c.activity_id)).scalar_one()
        return int(key)

    def finish(self, activity_id: int, finished_at: datetime, counts: Mapping[str, Any]) -> None:
        """Record that it ended well."""
        self._settle(activity_id, finished_at=finished_at, status="ok", counts=dict(counts))

    def fail(self, activity_id: int, finished_at: datetime, error_code: str, message: str | None = None) -> None:
        """Record that it failed, by the code of the error and its sentence, which must hold no data."""
        values = {"finished_at": finished_at, "status": "failed", "error_code": error_code}
        self._settle(activity_id, **values, error_message=message)

    def _settle(self, activity_id: int, **values: Any) -> None:
        with self._transaction() as connection:
            connection.execute(activity.update().where(activity.c.activity_id == activity_id).values(**values))

    def settle_interrupted(self, now: datetime) -> int:
        """Mark what never ended as failed; return how many there were. Only the owner of the warehouse may ask."""
        statement = activity.update().where(activity.c.status == "running")
        with self._transaction() as connection:
            values = {"status": "failed", "error_code": "interrupted", "finished_at": now}
            return connection.execute(statement.values(**values)).rowcount

    def activities(self, kind: str | None = None, *, most: int = 100) -> list[Activity]:
        """Return what was done, newest first."""
        statement = sa.select(activity).order_by(activity.c.activity_id.desc()).limit(most)
        if kind is not None:
            statement = statement.where(activity.c.kind == kind)
        with self._transaction() as connection:
            return [Activity(**row) for row in connection.execute(statement).mappings()]

    # --------------------------------------------------------------------------------------------------- definitions

    def record_definitions(self, definitions: Iterable[DefinitionText], seen_at: datetime) -> list[DefinitionChange]:
        """Compare with the last known texts and keep what changed, was added or was removed; return that."""
        now = {(item.kind, item.name): item.text for item in definitions}
        with self._transaction() as connection:
            take_turn(connection, "definitions")
            known = self._digests(connection)
            changes = []
            for (kind, name), text in sorted(now.items()):
                digest = hashlib.sha256(text.encode()).hexdigest()
                if known.get((kind, name)) != digest:
                    changes.append(
                        DefinitionChange(kind=kind, name=name, digest=digest, first_seen_at=seen_at, text=text)
                    )
            for kind, name in sorted(known.keys() - now.keys()):
                if known[kind, name]:
                    changes.append(DefinitionChange(kind=kind, name=name, digest="", first_seen_at=seen_at, text=None))
            if changes:
                connection.execute(definition_changes.insert(), [asdict(change) for change in changes])
        return changes

    def definition_history(self, kind: str, name: str) -> list[DefinitionChange]:
        """Return all texts a definition ever had, oldest first."""
        table = definition_changes
        columns = [table.c[field] for field in ("kind", "name", "digest", "first_seen_at", "text")]
        statement = sa.select(*columns).where(table.c.kind == kind, table.c.name == name).order_by(table.c.change_id)
        with self._transaction() as connection:
            return [DefinitionChange(**row) for row in connection.execute(statement).mappings()]

    def _digests(self, connection: sa.Connection) -> dict[tuple[str, str], str]:
        table = definition_changes
        newest = sa.select(sa.func.max(table.c.change_id)).group_by(table.c.kind, table.c.name)
        rows = connection.execute(
            sa.select(table.c.kind, table.c.name, table.c.digest).where(table.c.change_id.in_(newest))
        )
        return {(kind, name): digest for kind, name, digest in rows}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # Readers do not wait for the writer, and a second writer waits a little instead of failing.
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 5000")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        # Whoever is cut off in the middle must not hold others up for good, nor wait for good.
        cursor.execute("SET lock_timeout = '10s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '60s'")
    connection.commit()
