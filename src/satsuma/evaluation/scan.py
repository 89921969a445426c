"""One pass over the events of one name: the engine reads the needed columns in stored order and answers the filters.

What leaves the engine are numbers: customer numbers, times, filter bits, property values as whole numbers, and codes
of texts. The statement is a syntax tree, printed in the engine's dialect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, overload
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from satsuma.catalog import Catalog, PropertyInfo, ValueType
from satsuma.engines.dialects import typed
from satsuma.engines.duckdb import MONEY_SCALE, NUMBER_SCALE
from satsuma.engines.engine import Distributed, Engine
from satsuma.engines.layout import PROPERTY_TYPES
from satsuma.evaluation.compare import word_answers
from satsuma.evaluation.filters import compile_filter, number_literal
from satsuma.evaluation.roster import Roster
from satsuma.language.checker import EVENT_COLUMNS
from satsuma.language.durations import microseconds
from satsuma.language.leaves import leaves
from satsuma.language.moments import Moment
from satsuma.language.types import Condition, Measure, PropertyTest, Test

Result = TypeVar("Result")
#: Told how many ranges of customers are done, of how many.
Told = Callable[[int, int], None]

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
#: The name of the rows of several event names before they are sorted.
_MERGED = "merged"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """What is counted: events up to `moment`, as they were known at `known_at` (None: as they are known now)."""

    moment: Moment
    known_at: int | None = None

    @classmethod
    def at(cls, as_of: datetime, known_at: datetime | None, zone: ZoneInfo) -> AsOf:
        """Return a moment given by times in UTC without a zone; its days are those of `zone`."""
        known = None if known_at is None else microseconds(known_at)
        return cls(moment=Moment(microseconds(as_of), zone), known_at=known)


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
    """The rows of customers `low` to `high` (exclusive), sorted by customer and time (and event id, where asked)."""

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
    by_id : whether events of one customer at one moment must come in the order of their ids.
    """

    event: str
    filters: tuple[Condition, ...]
    values: tuple[Value, ...]
    by_id: bool = False
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class MergedScan:
    """A planned pass over the events of several names, each once, all in one order of time and event id.

    low, high : only events with low < time <= high can matter; None is open.
    """

    parts: tuple[EventScan, ...]
    low: int | None = None
    high: int | None = None


@dataclass(slots=True)
class MergedChunk:
    """The rows of customers `low` to `high` (exclusive) of several names, sorted by customer, time and event id.

    here : which rows have a name. filters, values : of each name, False and MISSING in the rows of others.
    """

    low: int
    high: int
    customer: NDArray[np.uint32]
    time: NDArray[np.int64]
    here: dict[str, NDArray[np.bool_]]
    filters: dict[tuple[str, Condition], NDArray[np.bool_]]
    values: dict[tuple[str, Value], NDArray[np.int64]]


def plan_scan(event: str, measures: Sequence[Measure], catalog: Catalog) -> EventScan:
    """Plan the pass that serves all measures of one event."""
    filters = tuple(dict.fromkeys(measure.where for measure in measures if measure.where is not None))
    values: dict[Value, None] = {}
    for measure in measures:
        if measure.of is not None:
            values.setdefault(value_of(measure, catalog))
    # Only which value is first or last depends on the order at one moment; ids are the most costly column to read.
    by_id = any(measure.aggregate in ("first", "last") for measure in measures)
    return EventScan(event=event, filters=filters, values=tuple(values), by_id=by_id)


def property_info(catalog: Catalog, event: str, name: str) -> PropertyInfo:
    """Return what is known of a property that the checker has resolved."""
    info = catalog.events.get(event)
    found = info.property(name) if info else None
    return found or EVENT_COLUMNS[name]


def value_of(measure: Measure, catalog: Catalog) -> Value:
    """Return how the kernel reads the property of a measure."""
    assert measure.of is not None
    text_as = "hash" if measure.aggregate == "distinct" else "words"
    return property_value(catalog, measure.event, measure.of, text_as=text_as)


def property_value(catalog: Catalog, event: str, name: str, *, text_as: str) -> Value:
    """Return how a property is read, a text by `words` or by `hash`."""
    info = property_info(catalog, event, name)
    scale = {"money": MONEY_SCALE, "number": NUMBER_SCALE}.get(info.type, 1)
    return Value(name, info.type, scale, text_as if info.type == "text" else "no")


class Scanner:
    """Runs planned passes on one engine as of one moment."""

    def __init__(self, engine: Engine, catalog: Catalog, as_of: AsOf, roster: Roster) -> None:
        self.engine = engine
        self.dialect = engine.dialect
        self.catalog = catalog
        self.as_of = as_of
        self.roster = roster
        self.size = roster.size
        # The stored order is by customer: of some customers it is the order of their places, of accounts it is not.
        self.sorted = roster.entity == "customer" and engine.has_stored_order()
        self.product_columns = engine.columns("products")
        self._texts: dict[tuple[str, str], tuple[str, ...]] = {}

    # -------------------------------------------------------------------------------------------------- expressions

    def condition(self, event: str) -> exp.Expr:
        """Return the SQL condition that an event counts: its name, its time, and what was known."""
        table = "e"

        def column(name: str) -> exp.Expr:
            return exp.column(name, table=table)

        moment = self.dialect.moment(self.as_of.moment.as_of)
        parts: list[exp.Expr] = [
            exp.EQ(this=column("name"), expression=exp.Literal.string(event)),
            exp.LTE(this=column("time"), expression=moment),
            exp.not_(column("customer_no").is_(exp.null())),
        ]
        superseded = column("superseded_at")
        if self.as_of.known_at is None:
            parts.append(superseded.is_(exp.null()))
        else:
            known = self.dialect.moment(self.as_of.known_at)
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
            value = self.dialect.own_property(name)
        if name not in EVENT_COLUMNS or info.type == "number":
            value = typed(value, PROPERTY_TYPES[info.type])
        if info.type == "date":
            return self.dialect.days(value)
        return self.dialect.microseconds(value) if info.type == "datetime" else value

    def _needs_products(self, names: set[str], event: str) -> bool:
        return any(
            property_info(self.catalog, event, name).source == "products" and name in self.product_columns
            for name in names
        )

    def source(self, query: exp.Select, names: set[str], event: str) -> exp.Select:
        """Add what is read: the events of those on the roster, with their products where a property needs them."""
        query = query.from_(exp.alias_(exp.to_table(self.engine.events(event)), "e", table=True))
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

    def events(self, event: str, names: Sequence[str]) -> pa.Table:
        """Return the events of one name that count, with some properties: `t`, `event_id`, then `p0`, `p1`...

        For looking at a few customers; everything that is counted goes through `each`.
        """
        columns = [self._time(), exp.column("event_id", table="e")]
        columns += [exp.alias_(self.property(event, name), f"p{number}") for number, name in enumerate(names)]
        return self._table(self.source(exp.select(*columns), set(names), event).where(self.condition(event)), {})

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
            self.dialect,
        )

    # -------------------------------------------------------------------------------------------------------- chunks

    def statement(self, scan: EventScan) -> exp.Select:
        """Return the statement of a pass, without a range of customers and without an order."""
        columns: list[exp.Expr] = [self._place(), self._time(), *self._answers(scan)]
        if self.sorted:
            columns.append(exp.alias_(exp.column("rowid", table="e"), "place"))
        elif self.engine.distributed() is not None:
            columns.insert(2, exp.column("event_id", table="e"))
        return self._reading(scan, columns)

    def _time(self) -> exp.Expr:
        return exp.alias_(self.dialect.microseconds(exp.column("time", table="e")), "t")

    def _answers(self, scan: EventScan) -> list[exp.Expr]:
        """Return the columns of filters (packed) and values."""
        columns: list[exp.Expr] = []
        for number, group in enumerate(_groups(scan.filters)):
            columns.append(exp.alias_(_packed([self._filter(scan.event, item) for item in group]), f"f{number}"))
        for number, value in enumerate(scan.values):
            columns.append(exp.alias_(self._value(scan.event, value), f"v{number}"))
        return columns

    def _reading(self, scan: EventScan, columns: list[exp.Expr]) -> exp.Select:
        """Return the query that reads columns of one event name, beside the dictionaries of its values."""
        query = self.source(exp.select(*columns), _properties(scan), scan.event)
        for value in scan.values:
            if value.coded == "words":
                table = _dictionary_name(scan.event, value)
                on = exp.EQ(this=exp.column("word", table=table), expression=self.property(scan.event, value.property))
                query = query.join(exp.to_table(table), on=on, join_type="left")
        return query.where(self.condition(scan.event))

    def merged_statement(self, scan: MergedScan) -> exp.Select:
        """Return the statement of a pass over several names, without a range of customers.

        Its columns are `place`, `t`, the number of the name (`part`), then the filters and values of each name in
        turn. The engine sorts: rows of several names at one time have no stored order among them.
        """
        rows, names = self._merged_rows(scan)
        kept = [exp.column(name, table=_MERGED) for name in names if name != "event_id"]
        order = [exp.column(name, table=_MERGED) for name in ("place", "t", "event_id")]
        return exp.select(*kept).from_(rows.subquery(_MERGED)).order_by(*order)

    def _merged_rows(self, scan: MergedScan) -> tuple[exp.Query, list[str]]:
        """Return the query of a merged statement without its order, and its columns: place, t, event_id, part..."""
        selects, names = [], []
        for number, part in enumerate(scan.parts):
            columns: list[exp.Expr] = [
                exp.alias_(self._place(), "place"), self._time(), exp.column("event_id", table="e"),
                exp.alias_(exp.cast(exp.Literal.number(number), "INTEGER"), "part"),
            ]  # fmt: skip
            for owner, other in enumerate(scan.parts):
                own = self._answers(other) if owner == number else _nothing(other)
                columns.extend(exp.alias_(column.unalias(), f"{column.alias}_{owner}") for column in own)
            names = [column.alias_or_name for column in columns]
            select = self._reading(part, columns)
            time = exp.column("time", table="e")
            if scan.low is not None:
                select = select.where(exp.GT(this=time.copy(), expression=self.dialect.moment(scan.low)))
            if scan.high is not None:
                select = select.where(exp.LTE(this=time.copy(), expression=self.dialect.moment(scan.high)))
            selects.append(select)
        return exp.union(*selects, distinct=False) if len(selects) > 1 else selects[0], names

    def _value(self, event: str, value: Value) -> exp.Expr:
        missing = _missing()
        if value.coded == "words":
            return exp.Coalesce(this=exp.column("code", table=_dictionary_name(event, value)), expressions=[missing])
        column = self.property(event, value.property)
        if value.coded == "hash":
            # Equality is all that is asked; the engine's hash never leaves this evaluation.
            hashed = self.dialect.equality_hash(column.copy())
            return exp.Case(ifs=[exp.If(this=column.is_(exp.null()), true=missing)], default=hashed)
        if value.type == "boolean":
            column = exp.cast(column, "BIGINT")
        elif value.scale != 1:
            # A decimal leaves as it is stored; `_whole` reads its digits. Multiplied, a large one would overflow.
            return column
        return exp.Coalesce(this=column, expressions=[missing])

    @overload
    def each(
        self, scan: EventScan, function: Callable[[Chunk], Result], told: Told | None = None
    ) -> Iterator[tuple[int, int, Result]]: ...

    @overload
    def each(
        self, scan: MergedScan, function: Callable[[MergedChunk], Result], told: Told | None = None
    ) -> Iterator[tuple[int, int, Result]]: ...

    def each(
        self, scan: EventScan | MergedScan, function: Callable[[Any], Result], told: Told | None = None
    ) -> Iterator[tuple[int, int, Result]]:
        """Yield (low, high, what the function makes of the rows) for each range of customers, in order.

        The function must be pure and can be sent to another process: an engine runs it where the rows are.
        """
        engine = self.engine.distributed()
        if engine is not None:
            yield from self._each_there(engine, scan, function, told)
            return
        tasks = list(self.chunks(scan))

        def run(task: Callable[[], Chunk | MergedChunk]) -> tuple[int, int, Result]:
            chunk = task()
            return chunk.low, chunk.high, function(chunk)

        with ThreadPoolExecutor(WORKERS) as pool:
            for done, found in enumerate(pool.map(run, tasks), start=1):
                yield found
                if told is not None:
                    told(done, len(tasks))

    def _each_there(
        self, engine: Distributed, scan: EventScan | MergedScan, function: Callable[[Any], Result], told: Told | None
    ) -> Iterator[tuple[int, int, Result]]:
        """Take the function to the rows."""
        tables = self._all_dictionaries(scan)
        query = self._merged_rows(scan)[0] if isinstance(scan, MergedScan) else self.statement(scan)
        ranges = self._ranges(scan, engine.range_rows(self._rows(scan)))
        with self._beside(tables) as cursor:
            there = cursor.distributed()
            assert there is not None
            answered = partial(_answered, scan=scan, function=function)
            for done, found in enumerate(there.each_range(self.dialect.render(query), ranges, answered), start=1):
                yield found
                if told is not None:
                    told(done, len(ranges))

    def chunks(self, scan: EventScan | MergedScan) -> Iterator[Callable[[], Chunk | MergedChunk]]:
        """Yield one task per range of customers; each reads its rows on a cursor of its own when called."""
        dictionaries = self._all_dictionaries(scan)
        if isinstance(scan, MergedScan):
            query = self.merged_statement(scan)
        else:
            query = self.statement(scan)
            if not self.sorted:
                ids = [exp.column("event_id", table="e")] if scan.by_id else []
                query = query.order_by(self._place(), exp.column("time", table="e"), *ids)
        # An unsorted table is read whole by each pass: fewer, larger chunks; and so is any for some customers.
        for low, high in self._ranges(scan, CHUNK_ROWS if self.sorted else 4 * CHUNK_ROWS):
            yield partial(self._read, scan, query, dictionaries, low, high)

    def _rows(self, scan: EventScan | MergedScan) -> int:
        return sum(self.engine.count_events(part.event) for part in _parts(scan))

    def _ranges(self, scan: EventScan | MergedScan, per_chunk: int) -> list[tuple[int, int]]:
        """Return the ranges of customers of a pass of about so many rows each."""
        # Counting the rows of a name takes a while beside reading those of a few customers.
        parts = -(-self._rows(scan) // per_chunk) if self.roster.is_everybody else -(-self.size // CHUNK_CUSTOMERS)
        count = max(1, parts)
        # Whole bytes of packed bits: a chunk begins at a multiple of eight.
        step = max(8, (-(-self.size // count) + 7) // 8 * 8)
        return [(low, min(low + step, self.size)) for low in range(0, max(self.size, 1), step)]

    def _all_dictionaries(self, scan: EventScan | MergedScan) -> dict[str, pa.Table]:
        tables: dict[str, pa.Table] = {}
        for part in _parts(scan):
            tables |= self._dictionaries(part)
        return tables

    def _dictionaries(self, scan: EventScan) -> dict[str, pa.Table]:
        """Return the tables (word, code) of the texts that a pass reads; what the codes mean is kept on the pass."""
        tables: dict[str, pa.Table] = {}
        for value in scan.values:
            if value.coded == "words":
                words = self.texts(scan.event, value.property)
                scan.words[value.property] = words
                codes = np.arange(len(words), dtype=np.int64)
                table = pa.table({"word": pa.array(words, pa.string()), "code": codes})
                tables[_dictionary_name(scan.event, value)] = table
        return tables

    def _read(
        self, scan: EventScan | MergedScan, query: exp.Select, dictionaries: dict[str, pa.Table], low: int, high: int
    ) -> Chunk | MergedChunk:
        if low > 0 or high < self.size:
            number = exp.column("place", table=_MERGED) if isinstance(scan, MergedScan) else self._place()
            query = query.where(exp.GTE(this=number, expression=exp.Literal.number(low)))
            query = query.where(exp.LT(this=number.copy(), expression=exp.Literal.number(high)))
        rows = self._table(query, dictionaries)
        if isinstance(scan, MergedScan):
            return merged_chunk(scan, rows, low, high)
        return self._chunk(scan, rows, low, high)

    def _place(self) -> exp.Expr:
        """Return the column of the place on the roster."""
        if self.roster.places is None:
            return exp.column("customer_no", table="e")
        return exp.column("place", table=_ROSTER)

    def _table(self, query: exp.Select, tables: Mapping[str, pa.Table]) -> pa.Table:
        """Return the result of a query on a cursor of its own, beside which `tables` can be read."""
        with self._beside(tables) as cursor:
            return cursor.table(self.dialect.render(query))

    @contextmanager
    def _beside(self, tables: Mapping[str, pa.Table]) -> Iterator[Engine]:
        """Give a cursor of its own, on which the roster and some tables can be read."""
        cursor = self.engine.cursor()
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            if self.roster.places is not None:
                cursor.register(_ROSTER, self.roster.places)
            yield cursor
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
        return event_chunk(scan, arrays, low, high)


def _parts(scan: EventScan | MergedScan) -> tuple[EventScan, ...]:
    return (scan,) if isinstance(scan, EventScan) else scan.parts


def _answered(
    rows: pa.Table, low: int, high: int, *, scan: EventScan | MergedScan, function: Callable[[Any], Result]
) -> Result:
    """Return what a function makes of the rows of a range; this is what runs where the rows are."""
    if isinstance(scan, MergedScan):
        return function(merged_chunk(scan, rows, low, high))
    return function(event_chunk(scan, [_whole(column) for column in rows.columns], low, high))


def event_chunk(scan: EventScan, arrays: Sequence[NDArray[Any]], low: int, high: int) -> Chunk:
    """Return the columns of a statement as a chunk."""
    groups = _groups(scan.filters)
    filters: dict[Condition, NDArray[np.bool_]] = {}
    for number, group in enumerate(groups):
        packed = arrays[2 + number]
        for position, condition in enumerate(group):
            filters[condition] = (packed & (1 << position)) != 0
    first = 2 + len(groups)
    values = {value: arrays[first + number] for number, value in enumerate(scan.values)}
    return Chunk(low, high, arrays[0].astype(np.uint32, copy=False), arrays[1], filters, values)


def merged_chunk(scan: MergedScan, rows: pa.Table, low: int, high: int) -> MergedChunk:
    """Return the rows of a merged statement as arrays."""
    arrays = map(_whole, rows.columns)
    customer, time, named = next(arrays), next(arrays), next(arrays)
    chunk = MergedChunk(low, high, customer.astype(np.uint32, copy=False), time, {}, {}, {})
    for number, part in enumerate(scan.parts):
        chunk.here[part.event] = named == number
        for group in _groups(part.filters):
            packed = next(arrays)
            for position, condition in enumerate(group):
                chunk.filters[part.event, condition] = (packed & (1 << position)) != 0
        for value in part.values:
            chunk.values[part.event, value] = next(arrays)
    return chunk


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


def _nothing(scan: EventScan) -> list[exp.Expr]:
    """Return what the columns of one name hold in the rows of others: no filter passed, no value."""
    columns = [exp.alias_(exp.cast(exp.Literal.number(0), "INTEGER"), f"f{number}")
               for number in range(len(_groups(scan.filters)))]  # fmt: skip
    for number, value in enumerate(scan.values):
        # A decimal leaves as it is stored, null where it is missing.
        missing = exp.null() if value.scale != 1 else _missing()
        columns.append(exp.alias_(missing, f"v{number}"))
    return columns


def _missing() -> exp.Expr:
    # With its type: as a bare number it is a decimal to some engines, and makes one of the whole column.
    return exp.cast(number_literal(MISSING), "BIGINT")


def _dictionary_name(event: str, value: Value) -> str:
    digest = hashlib.md5(f"{event}\0{value.property}".encode(), usedforsecurity=False).hexdigest()
    return f"satsuma_words_{digest}"


def is_product() -> exp.Expr:
    """Return the SQL condition that an event's line is a product, and not postage, a fee or an adjustment."""
    flag = exp.BitwiseAnd(this=exp.column("flags", table="e"), expression=exp.Literal.number(NOT_A_PRODUCT))
    return exp.Paren(this=exp.EQ(this=exp.Paren(this=flag), expression=exp.Literal.number(0)))
