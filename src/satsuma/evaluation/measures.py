"""All measures of all definitions: planned by event name, counted chunk by chunk, answered as bits or columns.

A measure that only serves leaves never becomes a column of everybody: inside each chunk it is compared and packed, so
that a thousand segments cost a thousand bits per customer and not a thousand numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.kernel import Counter, Measured
from satsuma.evaluation.scan import AsOf, Chunk, EventScan, Scanner, Value, plan_scan, value_of
from satsuma.language.types import EventLeaf, Measure

#: Two chunks at a time: one is read by the engine while the other is counted.
WORKERS = 2

Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class MeasurePlan:
    """What is wanted of the events: columns of measures, and bits of leaves."""

    columns: dict[Measure, None] = field(default_factory=dict)
    leaves: dict[EventLeaf, None] = field(default_factory=dict)

    def by_event(self) -> dict[str, tuple[list[Measure], dict[Measure, list[EventLeaf]]]]:
        """Return for each event its distinct measures and the leaves that compare each."""
        events: dict[str, tuple[dict[Measure, None], dict[Measure, list[EventLeaf]]]] = {}
        for measure in self.columns:
            events.setdefault(measure.event, ({}, {}))[0].setdefault(measure)
        for leaf in self.leaves:
            distinct, compared = events.setdefault(leaf.measure.event, ({}, {}))
            distinct.setdefault(leaf.measure)
            compared.setdefault(leaf.measure, []).append(leaf)
        return {event: (list(distinct), compared) for event, (distinct, compared) in events.items()}


@dataclass(slots=True)
class MeasureResults:
    """What was counted."""

    columns: dict[Measure, Column]
    leaves: dict[EventLeaf, Bits]


def run_measures(
    engine: DuckDB, catalog: Catalog, as_of: AsOf, size: int, plan: MeasurePlan, progress: Progress | None = None
) -> MeasureResults:
    """Count everything in the plan, one pass per event name.

    Parameters
    ----------
    size : one more than the highest customer number.
    """
    results = MeasureResults({}, {})
    scanner = Scanner(engine, catalog, as_of, size)
    for event, (measures, compared) in plan.by_event().items():
        pass_ = _Pass(event, measures, compared, plan.columns, catalog, as_of, size)
        pass_.run(scanner, progress)
        results.columns.update(pass_.finished())
        results.leaves.update(pass_.leaf_bits)
    return results


class _Pass:
    """One pass over one event name, filling the arrays of its columns and leaves chunk by chunk."""

    def __init__(
        self, event: str, measures: list[Measure], compared: Mapping[Measure, list[EventLeaf]],
        wanted: Iterable[Measure], catalog: Catalog, as_of: AsOf, size: int,
    ) -> None:  # fmt: skip
        self.measures = measures
        self.compared = compared
        self.as_of = as_of
        self.scan: EventScan = plan_scan(event, measures, catalog)
        self.read: dict[Measure, Value | None] = {
            measure: None if measure.of is None else value_of(measure, catalog) for measure in measures
        }
        wanted = set(wanted)
        self.numbers: dict[Measure, NDArray[Any]] = {}
        self.present: dict[Measure, Mask] = {}
        for measure in measures:
            if measure in wanted:
                dtype = np.float64 if measure.aggregate == "avg" else np.int64
                self.numbers[measure] = np.zeros(size, dtype)
                self.present[measure] = np.zeros(size, np.bool_)
        self.leaf_bits: dict[EventLeaf, Bits] = {
            leaf: np.zeros((size + 7) // 8, np.uint8) for leaves in compared.values() for leaf in leaves
        }

    def run(self, scanner: Scanner, progress: Progress | None) -> None:
        tasks = list(scanner.chunks(self.scan))
        with ThreadPoolExecutor(WORKERS) as pool:
            for done, _ in enumerate(pool.map(lambda task: self._count(task()), tasks), start=1):
                if progress is not None:
                    progress(self.scan.event, done, len(tasks))

    def _count(self, chunk: Chunk) -> None:
        counter = Counter(chunk, self.as_of.moment.as_of, self.as_of.moment.zone)
        part = slice(chunk.low, chunk.high)
        # Measures that share a filter come together, so that what they share is computed while it is in the cache.
        for measure in self.measures:
            measured = counter.measure(measure, self.read[measure])
            column = self._column(measure, measured)
            if measure in self.numbers:
                self.numbers[measure][part] = column.values
                self.present[measure][part] = column.present
            for leaf in self.compared.get(measure, ()):
                bits = pack(self._answer(leaf, column))
                self.leaf_bits[leaf][chunk.low // 8 : chunk.low // 8 + len(bits)] = bits

    def _column(self, measure: Measure, measured: Measured) -> Column:
        value = self.read[measure]
        present = measured.present if measured.present is not None else np.ones(len(measured.numbers), np.bool_)
        name = measure.aggregate
        if name in ("count", "distinct", "days_active", "months_active"):
            return Column("integer", measured.numbers, present)
        if name in ("first_time", "last_time"):
            return Column("datetime", measured.numbers, present)
        assert value is not None
        if name == "avg":
            assert measured.denominator is not None
            return Column("number", measured.numbers / (measured.denominator * value.scale), present)
        if value.type == "text":
            return Column("text", measured.numbers, present, words=self.scan.words[value.property])
        if value.type == "boolean":
            return Column("boolean", measured.numbers != 0, present)
        return Column(value.type, measured.numbers, present, scale=value.scale)

    def _answer(self, leaf: EventLeaf, column: Column) -> Mask:
        if leaf.time_window is None:
            return test_column(leaf.test, column, self.as_of.moment)
        low, high = leaf.time_window.borders(self.as_of.moment.as_of)
        inside = column.present & (column.values <= high)
        return inside if low is None else inside & (column.values > low)

    def finished(self) -> dict[Measure, Column]:
        """Return the whole columns of the measures that are wanted as values."""
        columns = {}
        for measure, numbers in self.numbers.items():
            empty = Measured(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.ones(0, np.int64))
            like = self._column(measure, empty)
            values = numbers.astype(like.values.dtype, copy=False)
            columns[measure] = Column(like.type, values, self.present[measure], like.scale, like.words)
        return columns
