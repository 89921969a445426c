"""The default engine: one DuckDB file, one owning process.

DuckDB 2 blocks a connection while a result is not read to its end, so every statement goes through `run` or `table`,
which drain it. A unit of work takes a `cursor()` of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.errors import WorkspaceError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from satsuma.engines.dialects import Dialect
    from satsuma.engines.engine import Engine

    HandOver = Callable[["DuckDB", bool], Engine]

#: Money is exact: sums never depend on the order of rows. Other numbers of events are summed at six decimals.
MONEY_SCALE = 10_000
NUMBER_SCALE = 1_000_000

#: The tables of the warehouse. Times are UTC without a zone; numbers of customers are given in order, never reused.
SCHEMA = """
CREATE TABLE IF NOT EXISTS warehouse_state (key VARCHAR PRIMARY KEY, value VARCHAR);

CREATE TABLE IF NOT EXISTS customers (
    customer_no UINTEGER NOT NULL,
    customer_id VARCHAR NOT NULL,
    first_seen TIMESTAMP,
    erased_at TIMESTAMP,
    arrived_at TIMESTAMP,
    described_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS profiles (
    profile_no UINTEGER NOT NULL,
    profile_key VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    customer_no UINTEGER
);
CREATE TABLE IF NOT EXISTS trait_changes (
    entity VARCHAR NOT NULL,
    entity_no UINTEGER NOT NULL,
    trait VARCHAR NOT NULL,
    old_value VARCHAR,
    new_value VARCHAR,
    valid_from TIMESTAMP NOT NULL,
    known_at TIMESTAMP NOT NULL,
    load_id BIGINT
);
CREATE TABLE IF NOT EXISTS events (
    event_id UUID NOT NULL,
    profile_no UINTEGER,
    customer_no UINTEGER,
    name VARCHAR NOT NULL,
    time TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    superseded_at TIMESTAMP,
    revenue DECIMAL(18,4),
    order_id VARCHAR,
    product_id VARCHAR,
    quantity DECIMAL(18,4),
    properties VARIANT,
    flags UTINYINT NOT NULL DEFAULT 0,
    load_id BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS supersessions (
    load_id BIGINT NOT NULL, customer_no UINTEGER, name VARCHAR NOT NULL, time TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS fact_changes (load_id BIGINT NOT NULL, entity VARCHAR NOT NULL, entity_no UINTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    order_id VARCHAR NOT NULL,
    digest UUID NOT NULL,
    load_id BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    account_no UINTEGER NOT NULL, account_id VARCHAR NOT NULL, first_seen TIMESTAMP, arrived_at TIMESTAMP,
    described_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS account_members (
    account_no UINTEGER NOT NULL, customer_no UINTEGER NOT NULL, role VARCHAR, load_id BIGINT
);
CREATE TABLE IF NOT EXISTS products (product_id VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS identifiers (
    kind VARCHAR NOT NULL, value VARCHAR NOT NULL, profile_no UINTEGER NOT NULL, source VARCHAR, load_id BIGINT
);
CREATE TABLE IF NOT EXISTS merges (
    merge_id BIGINT NOT NULL, kept_no UINTEGER NOT NULL, merged_no UINTEGER NOT NULL, time TIMESTAMP NOT NULL,
    rule VARCHAR, undone_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS consents (
    customer_no UINTEGER, profile_no UINTEGER, purpose VARCHAR NOT NULL, status VARCHAR NOT NULL, legal_basis VARCHAR,
    time TIMESTAMP NOT NULL, received_at TIMESTAMP NOT NULL, source VARCHAR, proof VARCHAR, load_id BIGINT
);
CREATE TABLE IF NOT EXISTS quarantine (
    quarantine_id BIGINT NOT NULL, load_id BIGINT NOT NULL, source VARCHAR NOT NULL, kind VARCHAR NOT NULL,
    row_no BIGINT NOT NULL, column_name VARCHAR, reason VARCHAR NOT NULL, raw JSON NOT NULL,
    settled_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS quality (
    load_id BIGINT NOT NULL, source VARCHAR NOT NULL, kind VARCHAR NOT NULL, column_name VARCHAR NOT NULL,
    field VARCHAR, rows BIGINT NOT NULL, filled BIGINT NOT NULL, valid BIGINT NOT NULL, distinct_values BIGINT,
    standardised BIGINT NOT NULL, newest TIMESTAMP, findings JSON NOT NULL
);
CREATE TABLE IF NOT EXISTS loads (
    load_id BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, sources VARCHAR[] NOT NULL,
    mapping JSON NOT NULL, outcome JSON NOT NULL
);
CREATE TABLE IF NOT EXISTS hook_deliveries (
    source VARCHAR NOT NULL, delivery_id VARCHAR NOT NULL, received_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS rejected_messages (
    day DATE NOT NULL, kind VARCHAR NOT NULL, reason VARCHAR NOT NULL, messages BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS visitor_facts (
    anonymous_id VARCHAR NOT NULL, valid_from TIMESTAMP NOT NULL, facts JSON NOT NULL
);
CREATE TABLE IF NOT EXISTS source_records (
    source VARCHAR NOT NULL, stream VARCHAR NOT NULL, record_id VARCHAR NOT NULL, updated_at TIMESTAMP,
    extracted_at TIMESTAMP NOT NULL, deleted BOOLEAN NOT NULL, erased BOOLEAN NOT NULL, customer_id VARCHAR,
    digest UUID, payload JSON
);
CREATE TABLE IF NOT EXISTS source_states (
    source VARCHAR NOT NULL, stream VARCHAR NOT NULL, part VARCHAR NOT NULL, last_value TIMESTAMP, day DATE,
    place VARCHAR, records BIGINT NOT NULL, began_at TIMESTAMP NOT NULL, completed_at TIMESTAMP
);
CREATE TABLE IF NOT EXISTS source_figures (
    source VARCHAR NOT NULL, stream VARCHAR NOT NULL, date DATE NOT NULL, dimensions JSON NOT NULL,
    name VARCHAR NOT NULL, value DOUBLE NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    run_id BIGINT NOT NULL, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP NOT NULL, as_of TIMESTAMP NOT NULL,
    known_at TIMESTAMP, population BIGINT NOT NULL, folder VARCHAR NOT NULL, definitions JSON NOT NULL,
    outcome JSON NOT NULL
);
"""

#: Columns that came later: a warehouse of before gets them when it is opened.
ADDED = tuple(
    f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} TIMESTAMP"
    for table in ("customers", "accounts")
    for column in ("arrived_at", "described_at")
)


#: What the engine may hold in memory; the rest of a large load spills beside the file. With the arrays of an
#: evaluation a process stays under 4 GiB.
MEMORY_LIMIT = "3GB"


class DuckDB:
    """A warehouse in one DuckDB file (or in memory, for tests)."""

    name = "duckdb"
    #: Gives the engine that evaluates in place of this one; None where it does it itself.
    hand_over: HandOver | None = None
    #: False where another program's tables are evaluated: then no load tells what changed in them.
    has_own_data = True
    #: Where profiles are looked up by their keys: another relation within `identity.numbers.roll_call`.
    profiles = "profiles"

    @property
    def dialect(self) -> Dialect:
        from satsuma.engines.dialects import DUCKDB

        return DUCKDB

    def evaluating(self, everybody: bool) -> Engine:
        """Return the engine that evaluates everybody, or only some, on what this warehouse holds."""
        return self if self.hand_over is None else self.hand_over(self, everybody)

    def distributed(self) -> None:
        """Say that rows are read in this process."""

    def has_stored_order(self) -> bool:
        """Return whether events stand in the order of name, customer, time and id, so that no scan need sort."""
        return self.rows("SELECT value FROM warehouse_state WHERE key = 'events_sorted'") == [("true",)]

    def events(self, name: str) -> str:  # noqa: ARG002  the events of all names stand in one table
        """Return the table in which the events of a name are read."""
        return "events"

    def count_events(self, name: str) -> int:
        """Return how many rows the events of a name have."""
        return int(self.value("SELECT count(*) FROM events WHERE name = ?", [name]))

    def __init__(self, path: Path | None, *, read_only: bool = False, memory_limit: str = MEMORY_LIMIT) -> None:
        import duckdb

        self.path = path
        try:
            self.connection = duckdb.connect(str(path) if path else ":memory:", read_only=read_only)
        except duckdb.Error as error:
            if not isinstance(error, duckdb.IOException) or "lock" not in str(error).lower():
                raise WorkspaceError(
                    f"The warehouse {path} cannot be opened.",
                    hint="Check that the file is readable, not damaged, and was written by this or an older Satsuma.",
                ) from None
            raise WorkspaceError(
                f"The warehouse {path} is in use by another process.",
                hint="One process owns the file. Beside a running server, ask that one: say --server URL, with a key "
                "in SATSUMA_API_KEY. Else wait for the other command to end, or stop it, and try again.",
            ) from None
        self.execute("SET TimeZone = 'UTC'")
        # Nothing may be fetched from a network at run time.
        self.execute("SET autoinstall_known_extensions = false")
        self.execute("SET autoload_known_extensions = false")
        self.execute("SET enable_progress_bar = false")
        self.execute(f"SET memory_limit = '{memory_limit}'")

    def create_schema(self) -> None:
        """Create the tables that are not there yet."""
        for statement in (*SCHEMA.split(";"), *ADDED):
            if statement.strip():
                self.execute(statement)

    def execute(self, statement: str, parameters: Any = None) -> None:
        """Run a statement and drop its result."""
        self.rows(statement, parameters)

    def rows(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples."""
        with _stoppable():
            return self.connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Any = None) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return self.rows(statement, parameters)[0]

    def value(self, statement: str, parameters: Any = None) -> Any:
        """Return the only value of a query."""
        return self.rows(statement, parameters)[0][0]

    def table(self, statement: str) -> pa.Table:
        """Return the result of a query as an Arrow table, in the order of the engine."""
        with _stoppable():
            return self.connection.sql(statement).to_arrow_table()

    def cursor(self) -> DuckDB:
        """Return a second handle on the same database, for a unit of work of its own."""
        other = object.__new__(DuckDB)
        other.path = self.path
        other.connection = self.connection.cursor()
        return other

    def insert(self, target: str, select: str, order: str = "") -> int:
        """Append the rows of a query to a table, sorted by `order`; returns how many.

        An empty insert is left out: in DuckDB 2.0 an empty sorted insert, a large one and a small one in a single
        transaction hide the rows of the large one until the commit (seen with 0, 600,000 and 211 rows).
        """
        if not self.rows(f"SELECT 1 FROM ({select}) LIMIT 1"):
            return 0
        sorting = f" ORDER BY {order}" if order else ""
        return int(self.value(f"INSERT INTO {target} SELECT * FROM ({select}){sorting}"))

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table with their SQL types, in order."""
        import duckdb

        try:
            # Four times as quick as the catalogue's own table of columns; asked many times a run.
            rows = self.rows("SELECT name, type FROM pragma_table_info(?)", [table])
        except duckdb.CatalogException:
            return {}
        return dict(rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block whole or not at all."""
        self.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def register(self, name: str, table: Any) -> None:
        """Make an Arrow table readable as `name` on this connection."""
        self.connection.register(name, table)

    def unregister(self, name: str) -> None:
        self.connection.unregister(name)

    def close(self) -> None:
        self.connection.close()


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let Ctrl-C be Ctrl-C: the engine answers it with an error of its own."""
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


def identifier(name: str) -> str:
    """Quote a column or table name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text value."""
    return "'" + text.replace("'", "''") + "'"


__all__ = ["MONEY_SCALE", "NUMBER_SCALE", "SCHEMA", "DuckDB", "identifier", "literal"]

if TYPE_CHECKING:
    _: type[duckdb.DuckDBPyConnection]
