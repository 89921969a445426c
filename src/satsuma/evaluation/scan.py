"""One pass over the events of one name: the engine reads the needed columns in stored order and answers the filters.

What leaves the engine are numbers: customer numbers, times, filter bits, property values as whole numbers, and codes
of texts. The statement is a syntax tree, printed in the engine's dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from satsuma.catalog import Catalog, PropertyInfo, ValueType
from satsuma.engines.duckdb import MONEY_SCALE, NUMBER_SCALE, DuckDB, literal
from satsuma.evaluation.compare import word_answers
from satsuma.evaluation.filters import compile_filter, number_literal
from satsuma.evaluation.roster import Roster
from satsuma.language.checker import EVENT_COLUMNS
from satsuma.language.durations import from_microseconds
from satsuma.language.leaves import leaves
from satsuma.language.moments import Moment
from satsuma.language.types import Condition, Measure, PropertyTest, Test

Result = TypeVar("Result")

#: Stands for a missing value in a column of whole numbers.
MISSING = np.iinfo(np.int64).min

#: The bit of `events.flags` that marks a line as no product.
NOT_A_PRODUCT = 2

#: Filters that share one integer column.
BITS_PER_COLUMN = 31

#: Rows of one chunk of customers; a chunk is what the kernel holds at a time.
CHUNK_ROWS = 2_000_000
#: Two chunks at a time: one is read by the engine while the other is counted.
WORKERS = 2
#: Customers of one chunk where only some are read.
CHUNK_CUSTOMERS = 100_000

#: The name under which a statement reads (customer_no, place).
_ROSTER = "roster"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """What is counted: events up to `moment`, as they were known at `known_at` (None: as they are known now)."""

    moment: Moment
    known_at: int | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A property as the kernel reads it: its values as whole numbers of 1/scale, or codes into words."""

    property: str
    type: ValueType
    scale: int
    #: How text is coded: by a dictionary in the order of code points, or by a hash when only equality matters.
    coded: str = "no"


@dataclass(slots=True)
class Chunk:
    """The rows of customers `low` to `high` (exclusive), sorted by customer, time and event id."""

    low: int
    high: int
    customer: NDArray[np.uint32]
    time: NDArray[np.int64]
    filters: dict[Condition, NDArray[np.bool_]]
    values: dict[Value, NDArray[np.int64]]


@dataclass(slots=True)
class EventScan:
    """A planned pass over one event name.

    filters : distinct conditions, each one bit. values : the properties that measures read.
    """

    event: str
    filters: tuple[Condition, ...]
    values: tuple[Value, ...]
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


def plan_scan(event: str, measures: Sequence[Measure], catalog: Catalog) -> EventScan:
    """Plan the pass that serves all measures of one event."""
    filters = tuple(dict.fromkeys(measure.where for measure in measures if measure.where is not None))
    values: dict[Value, None] = {}
    for measure in measures:
        if measure.of is not None:
            values.setdefault(value_of(measure, catalog))
    return EventScan(event=event, filters=filters, values=tuple(values))


def property_info(catalog: Catalog, event: str, name: str) -> PropertyInfo:
    """Return what is known of a property that the checker has resolved."""
    info = catalog.events.get(event)
    found = info.property(name) if info else None
    return found or EVENT_COLUMNS[name]


def value_of(measure: Measure, catalog: Catalog) -> Value:
    """Return how the kernel reads the property of a measure."""
    assert measure.of is not None
    info = property_info(catalog, measure.event, measure.of)
    scale = {"money": MONEY_SCALE, "number": NUMBER_SCALE}.get(info.type, 1)
    coded = "no"
    if info.type == "text":
        coded = "hash" if measure.aggregate == "distinct" else "words"
    return Value(measure.of, info.type, scale, coded)


class Scanner:
    """Runs planned passes on one engine as of one moment."""

    def __init__(self, engine: DuckDB, catalog: Catalog, as_of: AsOf, roster: Roster) -> None:
        self.engine = engine
        self.catalog = catalog
        self.as_of = as_of
        self.roster = roster
        self.size = roster.size
        # The stored order is by customer: of some customers it is the order of their places, of accounts it is not.
        self.sorted = roster.entity == "customer" and engine.rows(
            "SELECT value FROM warehouse_state WHERE key = 'events_sorted'"
        ) == [("true",)]
        self.product_columns = engine.columns("products")
        self._texts: dict[tuple[str, str], tuple[str, ...]] = {}

    # -------------------------------------------------------------------------------------------------- expressions

    def condition(self, event: str) -> exp.Expr:
        """Return the SQL condition that an event counts: its name, its time, and what was known."""
        table = "e"

        def column(name: str) -> exp.Expr:
            return exp.column(name, table=table)

        moment = exp.cast(exp.Literal.string(str(from_microseconds(self.as_of.moment.as_of))), "TIMESTAMP")
        parts: list[exp.Expr] = [
            exp.EQ(this=column("name"), expression=exp.Literal.string(event)),
            exp.LTE(this=column("time"), expression=moment),
            exp.not_(column("customer_no").is_(exp.null())),
        ]
        superseded = column("superseded_at")
        if self.as_of.known_at is None:
            parts.append(superseded.is_(exp.null()))
        else:
            known = exp.cast(exp.Literal.string(str(from_microseconds(self.as_of.known_at))), "TIMESTAMP")
            parts.append(exp.LTE(this=column("received_at"), expression=known))
            later = exp.GT(this=superseded.copy(), expression=known.copy())
            parts.append(exp.Paren(this=exp.or_(superseded.is_(exp.null()), later)))
        return exp.and_(*parts)

    def property(self, event: str, name: str) -> exp.Expr:
        """Return the typed SQL expression of a property: dates as days, moments as microseconds."""
        info = property_info(self.catalog, event, name)
        if name == "is_product":
            return is_product()
        if name in EVENT_COLUMNS:
            value: exp.Expr = exp.column(name, table="e")
        elif info.source == "products" and name in self.product_columns:
            value = exp.column(name, table="p", quoted=True)
        else:
            value = exp.Anonymous(
                this="variant_extract", expressions=[exp.column("properties", table="e"), exp.Literal.string(name)]
            )
        sql_type = {
            "text": "TEXT", "integer": "BIGINT", "number": "DECIMAL(18, 6)", "money": "DECIMAL(18, 4)",
            "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP",
        }[info.type]  # fmt: skip
        if name not in EVENT_COLUMNS or info.type == "number":
            value = exp.TryCast(this=value, to=exp.DataType.build(sql_type))
        if info.type == "date":
            return exp.Anonymous(this="date_diff", expressions=[exp.Literal.string("day"), _epoch_day(), value])
        if info.type == "datetime":
            return exp.Anonymous(this="epoch_us", expressions=[value])
        return value

    def _needs_products(self, names: set[str], event: str) -> bool:
        return any(
            property_info(self.catalog, event, name).source == "products" and name in self.product_columns
            for name in names
        )

    def source(self, query: exp.Select, names: set[str], event: str) -> exp.Select:
        """Add what is read: the events of those on the roster, with their products where a property needs them."""
        query = query.from_(exp.alias_(exp.to_table("events"), "e", table=True))
        if self.roster.places is not None:
            on = exp.EQ(this=exp.column("customer_no", table=_ROSTER), expression=exp.column("customer_no", table="e"))
            query = query.join(exp.to_table(_ROSTER), on=on)
        if self._needs_products(names, event):
            joined = exp.alias_(exp.to_table("products"), "p", table=True)
            query = query.join(joined, on="p.product_id = e.product_id", join_type="left")
        return query

    def texts(self, event: str, name: str) -> tuple[str, ...]:
        """Return the distinct texts of a property, ordered by code point."""
        key = (event, name)
        if key not in self._texts:
            value = exp.alias_(self.property(event, name), "value")
            query = self.source(exp.select(value).distinct(), {name}, event).where(self.condition(event))
            found = self._table(query, {}).column(0).to_pylist()
            self._texts[key] = tuple(sorted(text for text in found if text is not None))
        return self._texts[key]

    def _passing(self, event: str, name: str, test: Test, plain: str) -> list[str]:
        words = self.texts(event, name)
        answers = word_answers(plain, test, words)
        return [word for word, passed in zip(words, answers.tolist(), strict=True) if passed]

    def _filter(self, event: str, condition: Condition) -> exp.Expr:
        return compile_filter(
            condition,
            lambda name: self.property(event, name),
            lambda name: property_info(self.catalog, event, name).type,
            lambda name, test, plain: self._passing(event, name, test, plain),
            self.as_of.moment,
        )

    # -------------------------------------------------------------------------------------------------------- chunks

    def statement(self, scan: EventScan) -> exp.Select:
        """Return the statement of a pass, without a range of customers and without an order."""
        columns: list[exp.Expr] = [
            self._place(),
            exp.alias_(exp.Anonymous(this="epoch_us", expressions=[exp.column("time", table="e")]), "t"),
        ]
        for number, group in enumerate(_groups(scan.filters)):
            columns.append(exp.alias_(_packed([self._filter(scan.event, item) for item in group]), f"f{number}"))
        for number, value in enumerate(scan.values):
            columns.append(exp.alias_(self._value(scan.event, value, number), f"v{number}"))
        if self.sorted:
            columns.append(exp.alias_(exp.column("rowid", table="e"), "place"))
        query = self.source(exp.select(*columns), _properties(scan), scan.event)
        for number, value in enumerate(scan.values):
            if value.coded == "words":
                table = _dictionary_name(number)
                on = exp.EQ(this=exp.column("word", table=table), expression=self.property(scan.event, value.property))
                query = query.join(exp.to_table(table), on=on, join_type="left")
        return query.where(self.condition(scan.event))

    def _value(self, event: str, value: Value, number: int) -> exp.Expr:
        missing = number_literal(MISSING)
        if value.coded == "words":
            return exp.Coalesce(this=exp.column("code", table=_dictionary_name(number)), expressions=[missing])
        column = self.property(event, value.property)
        if value.coded == "hash":
            # Equality is all that is asked; the engine's hash never leaves this evaluation.
            half = exp.BitwiseRightShift(
                this=exp.Anonymous(this="hash", expressions=[column.copy()]), expression=exp.Literal.number(1)
            )
            hashed = exp.cast(half, "BIGINT")
            return exp.Case(ifs=[exp.If(this=column.is_(exp.null()), true=missing)], default=hashed)
        if value.type == "boolean":
            column = exp.cast(column, "BIGINT")
        elif value.scale != 1:
            # A decimal leaves as it is stored; `_whole` reads its digits. Multiplied, a large one would overflow.
            return column
        return exp.Coalesce(this=column, expressions=[missing])

    def each(
        self, scan: EventScan, function: Callable[[Chunk], Result], told: Callable[[int, int], None] | None = None
    ) -> Iterator[tuple[int, int, Result]]:
        """Yield (low, high, what the function makes of the rows) for each range of customers, in order.

        The function must be pure and can be sent to another process: an engine runs it where the rows are.
        """
        tasks = list(self.chunks(scan))

        def run(task: Callable[[], Chunk]) -> tuple[int, int, Result]:
            chunk = task()
            return chunk.low, chunk.high, function(chunk)

        with ThreadPoolExecutor(WORKERS) as pool:
            for done, found in enumerate(pool.map(run, tasks), start=1):
                yield found
                if told is not None:
                    told(done, len(tasks))

    def chunks(self, scan: EventScan) -> Iterator[Callable[[], Chunk]]:
        """Yield one task per range of customers; each reads its rows on a cursor of its own when called."""
        dictionaries: dict[str, pa.Table] = {}
        for number, value in enumerate(scan.values):
            if value.coded == "words":
                words = self.texts(scan.event, value.property)
                scan.words[value.property] = words
                codes = np.arange(len(words), dtype=np.int64)
                table = pa.table({"word": pa.array(words, pa.string()), "code": codes})
                dictionaries[_dictionary_name(number)] = table
        query = self.statement(scan)
        if not self.sorted:
            query = query.order_by(self._place(), exp.column("time", table="e"), exp.column("event_id", table="e"))
        rows = self.engine.value(f"SELECT count(*) FROM events WHERE name = {literal(scan.event)}")
        # An unsorted table is read whole by each pass: fewer, larger chunks; and so is any for some customers.
        per_chunk = CHUNK_ROWS if self.sorted else 4 * CHUNK_ROWS
        count = max(1, -(-rows // per_chunk)) if self.roster.is_everybody else -(-self.size // CHUNK_CUSTOMERS)
        count = max(1, count)
        # Whole bytes of packed bits: a chunk begins at a multiple of eight.
        step = max(8, (-(-self.size // count) + 7) // 8 * 8)
        for low in range(0, max(self.size, 1), step):
            high = min(low + step, self.size)
            yield partial(self._read, scan, query, dictionaries, low, high)

    def _read(
        self, scan: EventScan, query: exp.Select, dictionaries: dict[str, pa.Table], low: int, high: int
    ) -> Chunk:
        if low > 0 or high < self.size:
            number = self._place()
            query = query.where(exp.GTE(this=number, expression=exp.Literal.number(low)))
            query = query.where(exp.LT(this=number.copy(), expression=exp.Literal.number(high)))
        return self._chunk(scan, self._table(query, dictionaries), low, high)

    def _place(self) -> exp.Expr:
        """Return the column of the place on the roster."""
        if self.roster.places is None:
            return exp.column("customer_no", table="e")
        return exp.column("place", table=_ROSTER)

    def _table(self, query: exp.Select, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Return the result of a query on a cursor of its own, beside which `tables` can be read."""
        cursor = self.engine.cursor()
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            if self.roster.places is not None:
                cursor.register(_ROSTER, self.roster.places)
            return cursor.table(query.sql(dialect="duckdb"))
        finally:
            cursor.close()

    def _chunk(self, scan: EventScan, rows: pa.Table, low: int, high: int) -> Chunk:
        arrays = [_whole(rows.column(number)) for number in range(rows.num_columns)]
        if self.sorted:
            # Where a statement has a hash join (as a long IN list becomes one), the engine gives blocks of the stored
            # order as its threads finish them. Sorted runs are merged in a hundredth of the time of a sort.
            place = arrays.pop()
            if not bool((place[1:] > place[:-1]).all()):
                order = np.argsort(place, kind="stable")
                arrays = [array[order] for array in arrays]
        groups = _groups(scan.filters)
        filters: dict[Condition, NDArray[np.bool_]] = {}
        for number, group in enumerate(groups):
            packed = arrays[2 + number]
            for position, condition in enumerate(group):
                filters[condition] = (packed & (1 << position)) != 0
        first = 2 + len(groups)
        values = {value: arrays[first + number] for number, value in enumerate(scan.values)}
        return Chunk(low, high, arrays[0], arrays[1], filters, values)


def _whole(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column of whole numbers; a decimal as its digits without the point, MISSING where it is null."""
    if not pa.types.is_decimal(column.type):
        values: NDArray[Any] = column.to_numpy()
        return values
    parts = [np.zeros(0, np.int64)]
    for chunk in column.chunks:
        # Arrow keeps a decimal in 16 bytes, the lower half first; 18 digits fit into that half.
        halves = np.frombuffer(chunk.buffers()[1], np.int64)
        digits = halves[2 * chunk.offset : 2 * (chunk.offset + len(chunk)) : 2]
        known = chunk.is_valid().to_numpy(zero_copy_only=False)
        parts.append(digits if known.all() else np.where(known, digits, MISSING))
    return np.concatenate(parts)


def _groups(filters: Sequence[Condition]) -> list[Sequence[Condition]]:
    return [filters[start : start + BITS_PER_COLUMN] for start in range(0, len(filters), BITS_PER_COLUMN)]


def _packed(filters: Sequence[exp.Expr]) -> exp.Expr:
    """Return one whole number whose bit i is the answer of filter i."""
    parts: list[exp.Expr] = [
        exp.Case(ifs=[exp.If(this=item, true=exp.Literal.number(1 << bit))], default=exp.Literal.number(0))
        for bit, item in enumerate(filters)
    ]
    total = parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return exp.cast(exp.Paren(this=total), "INTEGER")


def _properties(scan: EventScan) -> set[str]:
    names = {value.property for value in scan.values}
    for condition in scan.filters:
        names |= {leaf.property for leaf in leaves(condition) if isinstance(leaf, PropertyTest)}
    return names


def _dictionary_name(number: int) -> str:
    return f"satsuma_words_{number}"


def is_product() -> exp.Expr:
    """Return the SQL condition that an event's line is a product, and not postage, a fee or an adjustment."""
    flag = exp.BitwiseAnd(this=exp.column("flags", table="e"), expression=exp.Literal.number(NOT_A_PRODUCT))
    return exp.Paren(this=exp.EQ(this=exp.Paren(this=flag), expression=exp.Literal.number(0)))


def _epoch_day() -> exp.Expr:
    return exp.cast(exp.Literal.string("1970-01-01"), "DATE")
