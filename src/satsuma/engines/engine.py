"""What an evaluation needs of an engine: it reads the tables of the warehouse, wherever they are.

`DuckDB` reads them in its own file, `Spark` from Parquet. Loading, quality, runs and the ledger need more than this and
stay with DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.engines.dialects import Dialect

Result = TypeVar("Result")


class Engine(Protocol):
    """Reads the tables that definitions are evaluated on.

    Statements are standard SQL and what its dialect writes.

    name : as `satsuma.yaml` says it.
    dialect : how the engine writes what engines write differently.
    """

    @property
    def name(self) -> str: ...

    @property
    def dialect(self) -> Dialect: ...

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples."""
        ...

    def row(self, statement: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        ...

    def value(self, statement: str) -> Any:
        """Return the only value of a query."""
        ...

    def table(self, statement: str) -> pa.Table:
        """Return the result of a query as an Arrow table, in the order of the engine."""
        ...

    def columns(self, table: str) -> Mapping[str, str]:
        """Return the columns of a table with their SQL types, in order."""
        ...

    def distributed(self) -> Distributed | None:
        """Return the engine itself where its rows lie elsewhere, and None where it reads them in this process."""
        ...

    def has_stored_order(self) -> bool:
        """Return whether a scan of events comes in the order of name, customer, time and id by itself.

        Such a table has a `rowid`.
        """
        ...

    def events(self, name: str) -> str:
        """Return the table in which the events of a name are read."""
        ...

    def count_events(self, name: str) -> int:
        """Return about how many rows the events of a name have, by which a pass is cut."""
        ...

    def evaluating(self, everybody: bool) -> Engine:
        """Return the engine that evaluates everybody, or only some, in the name of this one.

        A warehouse may have handed that over to an engine elsewhere; an engine elsewhere does it itself.
        """
        ...

    def cursor(self) -> Engine:
        """Return a second handle on the same tables, for a unit of work of its own."""
        ...

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as `name`, until this handle is closed."""
        ...

    def close(self) -> None: ...


class Distributed(Engine, Protocol):
    """An engine whose rows lie elsewhere: it takes the function to the rows."""

    def each_range(
        self, statement: str, ranges: Sequence[tuple[int, int]], function: Callable[[pa.Table, int, int], Result]
    ) -> Iterator[tuple[int, int, Result]]:
        """Yield (low, high, what the function makes of the rows) of each range, in order.

        Parameters
        ----------
        statement : its first three columns are place, time and event id; the rows of a range come sorted by them.
        ranges : equally long runs of places, [low, high), that follow one another from 0; the last may be shorter.
        function : pure, and sent to where the rows are. The id is no longer among the columns it gets. A range without
            rows is given an empty table.
        """
        ...

    def range_rows(self, rows: int) -> int:
        """Return how many rows a range of a pass over so many should have."""
        ...
