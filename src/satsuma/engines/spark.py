"""Spark: reads published tables from Parquet, and takes the counting to where the rows are.

Customers, their traits and the answers of an evaluation come to the process that asked; rows of events never do.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from satsuma.catalog import Catalog
from satsuma.engines.dialects import SPARK, SparkDialect, spark_name, spark_type
from satsuma.engines.duckdb import literal
from satsuma.engines.layout import EVENTS, NEEDED, TABLES, event_columns, trait_columns
from satsuma.engines.spark_session import condition_of, unremarked
from satsuma.engines.tables import Tables
from satsuma.errors import EvaluationError, SatsumaError, WorkspaceError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Result = TypeVar("Result")

#: Rows of a range, which one task counts at a time; fewer where that keeps all processors busy, down to the least.
RANGE_ROWS = 1_000_000
LEAST_ROWS = 100_000

#: The result of a range as it comes back: its places, and what the function made of its rows.
_ANSWER = "low long, high long, made binary"

_GUIDE = "The layout of such tables is in docs/how-to/run-on-spark.md."


class Spark:
    """The published tables, read by one Spark session of their own."""

    name = "spark"

    def __init__(self, session: SparkSession, tables: Tables, catalog: Catalog) -> None:
        self.session = session
        self.tables = tables
        self.catalog = catalog
        self._places = {name: f"events_{place}" for place, name in enumerate(sorted({*catalog.events, *tables.events}))}
        self._opened: set[str] = set()
        self._counts: dict[str, int] = {}
        self._registered: list[str] = []

    # ------------------------------------------------------------------------------------------------------- reading

    @property
    def dialect(self) -> SparkDialect:
        return SPARK

    def evaluating(self, everybody: bool) -> Spark:  # noqa: ARG002  all that it reads is elsewhere
        """Return the engine itself."""
        return self

    def distributed(self) -> Spark:
        """Return the engine itself: its rows lie elsewhere."""
        return self

    def has_stored_order(self) -> bool:
        """Say that no scan comes sorted: tasks read files as they are free to."""
        return False

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query as tuples."""
        columns = [column.to_pylist() for column in self.table(statement).columns]
        return list(zip(*columns, strict=True))

    def row(self, statement: str) -> tuple[Any, ...]:
        """Return the only row of a query."""
        return self.rows(statement)[0]

    def value(self, statement: str) -> Any:
        """Return the only value of a query."""
        return self.rows(statement)[0][0]

    def table(self, statement: str) -> pa.Table:
        """Return the result of a query as an Arrow table."""
        with spoken():
            return self._query(statement).toArrow()

    def columns(self, table: str) -> Mapping[str, str]:
        """Return the columns of a table with their types, in order."""
        with spoken():
            self._open(table)
            return {item.name: item.dataType.simpleString() for item in self.session.table(table).schema}

    def events(self, name: str) -> str:
        """Return the view in which the events of a name are read."""
        return self._places.get(name, "events")

    def count_events(self, name: str) -> int:
        """Return how many rows the events of a name have."""
        if name not in self._counts:
            known = self.tables.events.get(name)
            counted = -1 if known is None else known.rows
            if counted < 0:
                counted = self.value(f"SELECT count(*) FROM {self.events(name)} WHERE name = {literal(name)}")
            self._counts[name] = int(counted)
        return self._counts[name]

    def cursor(self) -> Spark:
        """Return a handle on the same session that forgets what is registered on it when it is closed."""
        other = object.__new__(Spark)
        other.__dict__.update(self.__dict__, _registered=[])
        return other

    def register(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable as `name`; it is sent to every task whole."""
        with spoken():
            from pyspark.sql.functions import broadcast

            broadcast(self.session.createDataFrame(_signed(table))).createOrReplaceTempView(name)
        self._registered.append(name)

    def close(self) -> None:
        """Forget what was registered on this handle. The session stays: one serves the whole process."""
        with spoken():
            while self._registered:
                self.session.catalog.dropTempView(self._registered.pop())

    def _query(self, statement: str) -> DataFrame:
        for name in (*TABLES, "events", *self._places.values()):
            if re.search(rf"\b{name}\b", statement):
                self._open(name)
        # In the standard a backslash is itself; in Spark it begins an escape.
        return self.session.sql(statement.replace("\\", "\\\\"))

    # ------------------------------------------------------------------------------------------------------- counting

    def range_rows(self, rows: int) -> int:
        """Return how many rows a range of a pass over so many should have."""
        processors = int(self.session.conf.get("spark.sql.shuffle.partitions") or 1)
        return max(LEAST_ROWS, min(RANGE_ROWS, -(-rows // processors)))

    def each_range(
        self, statement: str, ranges: Sequence[tuple[int, int]], function: Callable[[pa.Table, int, int], Result]
    ) -> Iterator[tuple[int, int, Result]]:
        """Yield (low, high, what the function makes of the rows) of each range, in order; see `Distributed`."""
        step, size = ranges[0][1], ranges[-1][1]
        if size == 0:
            return
        with spoken():
            from pyspark.sql import functions

            read = self._query(statement)
            place, time, id_ = read.columns[:3]
            # Tables of another program may have events of customers whom they do not know.
            rows = read.where(f"{place} BETWEEN 0 AND {size - 1}")
            # One range to a task: the number of the range is the number of the partition.
            cut = rows.repartitionById(len(ranges), functions.expr(f"CAST({place} DIV {step} AS INT)"))
            ordered = cut.sortWithinPartitions(place, time, id_).drop(id_)
            made = ordered.mapInArrow(partial(_made, step=step, size=size, function=function), _ANSWER).toArrow()
        found = dict(zip(made.column("low").to_pylist(), made.column("made").to_pylist(), strict=True))
        empty = None
        for low, high in ranges:
            if low in found:
                answer = pickle.loads(found.pop(low))  # noqa: S301  it comes from our own tasks
            else:
                # No task had rows of this range. What nobody did is an answer, too.
                if empty is None:
                    with spoken():
                        empty = ordered.limit(0).toArrow()
                answer = _asked(function, empty, low, high)
            if isinstance(answer, SatsumaError):
                raise answer
            yield low, high, answer

    # -------------------------------------------------------------------------------------------------------- tables

    def _open(self, name: str) -> None:
        """Make a table readable, the first time that it is asked for."""
        if name in self._opened:
            return
        if name == "events":
            frame = self._all_events()
        elif name in TABLES:
            expected = {**TABLES[name], **trait_columns(self.catalog, name)}
            frame = self._read(name, self.tables.tables[name], expected, NEEDED[name])
        else:
            frame = self._events_of(next(event for event, view in self._places.items() if view == name))
        frame.createOrReplaceTempView(name)
        self._opened.add(name)

    def _events_of(self, event: str) -> DataFrame:
        from pyspark.sql import functions

        columns = event_columns(self.catalog, event, self.columns("products"))
        expected = {**EVENTS, **{column: type_ for column, (_, type_) in columns.items()}}
        table = self.tables.events.get(event)
        frame = self._read(f"events of '{event}'", None if table is None else table.folder, expected, NEEDED["events"])
        return frame.withColumn("name", functions.lit(event))

    def _all_events(self) -> DataFrame:
        """Return the events of all names with the columns that all have."""
        whole = self._nothing({**EVENTS, "name": "VARCHAR"})
        for event in self._places:
            whole = whole.unionByName(self._events_of(event).select(*EVENTS, "name"))
        return whole

    def _nothing(self, columns: Mapping[str, str]) -> DataFrame:
        shown = ", ".join(f"CAST(NULL AS {spark_type(type_)}) AS {_quoted(name)}" for name, type_ in columns.items())
        return self.session.sql(f"SELECT {shown} WHERE false")

    def _read(
        self, what: str, folder: str | None, expected: Mapping[str, str], needed: Sequence[str]
    ) -> DataFrame:  # fmt: skip
        """Return a table with every column that is expected, in its type; what is not there is null."""
        frame = None if folder is None else self._parquet(self.tables.address(folder))
        if frame is None:
            if what == "customers":
                raise WorkspaceError(f"There is no table 'customers' in {self.tables.root}.", hint=_GUIDE)
            return self._nothing(expected)
        present = {item.name: item.dataType.simpleString() for item in frame.schema}
        missing = [name for name in needed if name not in present]
        if missing:
            raise WorkspaceError(
                f"The table of {what} in {self.tables.root} has no column '{missing[0]}'.", hint=_GUIDE
            )
        shown = []
        for name, type_ in present.items():
            is_right = name not in expected or spark_name(expected[name]) == type_
            wanted = type_ if is_right else spark_type(expected[name])
            shown.append(_quoted(name) if is_right else f"TRY_CAST({_quoted(name)} AS {wanted}) AS {_quoted(name)}")
        for name, type_ in expected.items():
            if name not in present:
                # An event is taken as known at its own time, and as a product, unless the table says otherwise.
                default = {"received_at": "time", "known_at": "valid_from", "load_id": "0", "flags": "0"}.get(
                    name, "NULL"
                )
                shown.append(f"CAST({default} AS {spark_type(type_)}) AS {_quoted(name)}")
        return frame.selectExpr(*shown)

    def _parquet(self, path: str) -> DataFrame | None:
        from pyspark.errors import AnalysisException

        try:
            frame = self.session.read.parquet(path)
            _ = frame.schema
        except AnalysisException as error:
            if error.getCondition() in ("PATH_NOT_FOUND", "UNABLE_TO_INFER_SCHEMA"):
                return None
            raise
        return frame


# ------------------------------------------------------------------------------------------------ where the rows are


def _made(
    batches: Iterator[pa.RecordBatch], *, step: int, size: int, function: Callable[[pa.Table, int, int], Any]
) -> Iterator[pa.RecordBatch]:
    """Yield what a function makes of the rows of each range in a task; the rows come sorted."""
    read = list(batches)
    rows = sum(batch.num_rows for batch in read)
    if not rows:
        return
    table = pa.Table.from_batches(read)
    del read
    first, last = (table.column(0)[row].as_py() // step for row in (0, rows - 1))
    for number in range(first, last + 1):
        low, high = number * step, min((number + 1) * step, size)
        mine = table
        if first != last:
            place = table.column(0).to_numpy()
            begin, end = place.searchsorted([low, high])
            mine = table.slice(int(begin), int(end - begin))
        made = pickle.dumps(_asked(function, mine, low, high), protocol=5)
        yield pa.RecordBatch.from_arrays(
            [pa.array([low]), pa.array([high]), pa.array([made], pa.binary())], names=["low", "high", "made"]
        )


def _asked(function: Callable[[pa.Table, int, int], Any], rows: pa.Table, low: int, high: int) -> Any:
    """Return what a function makes of rows, or its error: raised in a task, it would come back as text."""
    try:
        return function(rows, low, high)
    except SatsumaError as error:
        return error


# ------------------------------------------------------------------------------------------------------------- small


@contextmanager
def spoken() -> Iterator[None]:
    """Turn what Spark raises into a sentence."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        with unremarked():
            yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        condition = condition_of(error)
        hint = "When memory ran out, set spark.driver.memory or spark.executor.memory (engine: settings:)."
        if condition == "PYTHON_EXCEPTION":
            hint = "Check that the Python of the tasks (PYSPARK_PYTHON) has Satsuma installed, in this version."
        raise EvaluationError(
            f"Spark could not finish what was asked ({condition}).",
            hint=f"{hint} Spark's own log says more: state/logs/spark.log, or that of the cluster.",
            condition=condition,
        ) from error


def _signed(table: pa.Table) -> pa.Table:
    """Return a table whose whole numbers have a sign, as Spark knows no others."""
    fields = [
        field.with_type(pa.int64()) if pa.types.is_unsigned_integer(field.type) else field for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
