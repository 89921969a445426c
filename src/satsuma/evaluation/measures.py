"""All measures of all definitions: planned by event name, counted chunk by chunk, answered as bits or columns.

A measure that only serves leaves never becomes a column of everybody: inside each chunk it is compared and packed, so
that a thousand segments cost a thousand bits per customer and not a thousand numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.kernel import Counter, Measured
from satsuma.evaluation.roster import Roster
from satsuma.evaluation.scan import AsOf, Chunk, EventScan, Scanner, Value, plan_scan, value_of
from satsuma.language.moments import Moment
from satsuma.language.types import COUNTING, EventLeaf, Measure

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
    engine: DuckDB, catalog: Catalog, as_of: AsOf, roster: Roster, plan: MeasurePlan, progress: Progress | None = None
) -> MeasureResults:  # fmt: skip
    """Count everything in the plan, one pass per event name."""
    results = MeasureResults({}, {})
    scanner = Scanner(engine, catalog, as_of, roster)
    for event, (measures, compared) in plan.by_event().items():
        scan = plan_scan(event, measures, catalog)
        wanted = {measure: None for measure in measures if measure in plan.columns}
        told = None if progress is None else partial(progress, event)
        _collect(scanner, _Pass(scan, measures, compared, wanted, catalog, as_of.moment), results, told)
    return results


def _collect(
    scanner: Scanner, pass_: _Pass, results: MeasureResults, told: Callable[[int, int], None] | None
) -> None:  # fmt: skip
    """Put what each range of customers gave into arrays over everybody."""
    size = scanner.size
    numbers = {measure: np.zeros(size, np.float64 if measure.aggregate == "avg" else np.int64)
               for measure in pass_.wanted}  # fmt: skip
    present = {measure: np.zeros(size, np.bool_) for measure in pass_.wanted}
    leaves = [leaf for measure in pass_.measures for leaf in pass_.compared.get(measure, ())]
    bits: dict[EventLeaf, Bits] = {leaf: np.zeros((size + 7) // 8, np.uint8) for leaf in leaves}
    for low, high, found in scanner.each(pass_.scan, pass_, told):
        for measure, values, known in zip(pass_.wanted, found.values, found.present, strict=True):
            numbers[measure][low:high] = values
            present[measure][low:high] = known
        for leaf, part in zip(leaves, found.bits, strict=True):
            bits[leaf][low // 8 : low // 8 + len(part)] = part
    for measure in pass_.wanted:
        like = pass_.column(measure, Measured(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.ones(0, np.int64)))
        values = numbers[measure].astype(like.values.dtype, copy=False)
        results.columns[measure] = Column(like.type, values, present[measure], like.scale, like.words)
    results.leaves.update(bits)


@dataclass(slots=True)
class _Counted:
    """What one range of customers gave: columns in the order of those wanted, bits in the order of the leaves."""

    values: list[NDArray[Any]] = field(default_factory=list)
    present: list[Mask] = field(default_factory=list)
    bits: list[Bits] = field(default_factory=list)


class _Pass:
    """One pass over one event name: called with the rows of a range of customers, it counts them."""

    def __init__(
        self, scan: EventScan, measures: list[Measure], compared: Mapping[Measure, list[EventLeaf]],
        wanted: Iterable[Measure], catalog: Catalog, moment: Moment,
    ) -> None:  # fmt: skip
        self.scan = scan
        # Measures that share a filter come together, so that what they share is computed while it is in the cache.
        self.measures = measures
        self.compared = compared
        self.wanted = list(wanted)
        self.moment = moment
        self.read: dict[Measure, Value | None] = {
            measure: None if measure.of is None else value_of(measure, catalog) for measure in measures
        }

    def __call__(self, chunk: Chunk) -> _Counted:
        counter = Counter(chunk, self.moment)
        found = _Counted()
        columns: dict[Measure, Column] = {}
        for measure in self.measures:
            column = self.column(measure, counter.measure(measure, self.read[measure]))
            if measure in self.wanted:
                columns[measure] = column
            found.bits.extend(pack(self._answer(leaf, column)) for leaf in self.compared.get(measure, ()))
        for measure in self.wanted:
            found.values.append(columns[measure].values)
            found.present.append(columns[measure].present)
        return found

    def column(self, measure: Measure, measured: Measured) -> Column:
        value = self.read[measure]
        present = measured.present if measured.present is not None else np.ones(len(measured.numbers), np.bool_)
        name = measure.aggregate
        if name in COUNTING:
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
            return test_column(leaf.test, column, self.moment)
        low, high = leaf.time_window.borders(self.moment)
        inside = column.present & (column.values <= high)
        return inside if low is None else inside & (column.values > low)
