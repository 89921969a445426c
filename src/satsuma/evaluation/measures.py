"""All measures of all definitions: planned by event name, counted chunk by chunk, answered as bits or columns.

A measure that only serves leaves never becomes a column of everybody: inside each chunk it is compared and packed, so
that a thousand segments cost a thousand bits per customer and not a thousand numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog
from satsuma.engines.engine import Engine
from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.kernel import Counter, Measured
from satsuma.evaluation.roster import Roster
from satsuma.evaluation.scan import WORKERS, AsOf, Chunk, EventScan, Scanner, Value, plan_scan, value_of
from satsuma.evaluation.sequences import run_sequences
from satsuma.language.moments import Moment
from satsuma.language.types import COUNTING, EventLeaf, Measure, SequenceLeaf

Progress = Callable[[str, int, int], None]

#: Counts of customers up to borders of windows that are held at a time.
BORDERS = 16_000_000


@dataclass(slots=True)
class MeasurePlan:
    """What is wanted of the events: columns of measures, and bits of leaves."""

    columns: dict[Measure, None] = field(default_factory=dict)
    leaves: dict[EventLeaf | SequenceLeaf, None] = field(default_factory=dict)

    def add(self, leaf: EventLeaf | SequenceLeaf) -> None:
        """Ask for the answer to a leaf."""
        self.leaves.setdefault(leaf)

    def merge(self, other: MeasurePlan) -> None:
        """Take in what another plan wants as well."""
        self.columns.update(other.columns)
        self.leaves.update(other.leaves)

    def without(self, known: MeasureResults) -> MeasurePlan:
        """Return what is not known yet."""
        return MeasurePlan(
            {measure: None for measure in self.columns if measure not in known.columns},
            {leaf: None for leaf in self.leaves if leaf not in known.leaves},
        )

    def by_event(self) -> dict[str, tuple[list[Measure], dict[Measure, list[EventLeaf]]]]:
        """Return for each event its distinct measures and the leaves that compare each."""
        events: dict[str, tuple[dict[Measure, None], dict[Measure, list[EventLeaf]]]] = {}
        for measure in self.columns:
            events.setdefault(measure.event, ({}, {}))[0].setdefault(measure)
        for leaf in self.leaves:
            if isinstance(leaf, SequenceLeaf):
                continue
            distinct, compared = events.setdefault(leaf.measure.event, ({}, {}))
            distinct.setdefault(leaf.measure)
            compared.setdefault(leaf.measure, []).append(leaf)
        return {event: (list(distinct), compared) for event, (distinct, compared) in events.items()}

    def sequences(self) -> list[SequenceLeaf]:
        """Return the leaves that need several names in one order."""
        return [leaf for leaf in self.leaves if isinstance(leaf, SequenceLeaf)]


@dataclass(slots=True)
class MeasureResults:
    """What was counted."""

    columns: dict[Measure, Column]
    leaves: dict[EventLeaf | SequenceLeaf, Bits]

    def update(self, other: MeasureResults) -> None:
        """Take in what else was counted."""
        self.columns.update(other.columns)
        self.leaves.update(other.leaves)


def run_measures(
    engine: Engine, catalog: Catalog, as_of: AsOf, roster: Roster, plan: MeasurePlan, progress: Progress | None = None
) -> MeasureResults:  # fmt: skip
    """Count everything in the plan: one pass per event name, and one per set of names that sequences are over."""
    return run_measures_at(engine, catalog, as_of, [as_of.moment], roster, plan, progress)[0]


def run_measures_at(
    engine: Engine, catalog: Catalog, as_of: AsOf, moments: Sequence[Moment], roster: Roster, plan: MeasurePlan,
    progress: Progress | None = None,
) -> list[MeasureResults]:  # fmt: skip
    """Count everything in the plan at several moments, with one pass per event name for all of them.

    Parameters
    ----------
    as_of : the latest of the moments; nothing in the plan may filter events by a date that moves with the moment.
    """
    results = [MeasureResults({}, {}) for _ in moments]
    scanner = Scanner(engine, catalog, as_of, roster)

    def counted(event: str, measures: list[Measure], compared: dict[Measure, list[EventLeaf]]) -> list[MeasureResults]:
        scan = plan_scan(event, measures, catalog)
        wanted = {measure: None for measure in measures if measure in plan.columns}
        told = None if progress is None else partial(progress, event)
        pass_ = _Pass(scan, measures, compared, wanted, catalog, as_of.moment, moments)
        collected = [_Collected(pass_, scanner.size) for _ in moments]
        for low, high, found in scanner.each(scan, pass_, told):
            for whole, part in zip(collected, found, strict=True):
                whole.put(low, high, part)
        return [whole.results() for whole in collected]

    with ThreadPoolExecutor(WORKERS) as pool:
        # A pass over everybody is many ranges, which share the workers; one over a few is a single statement that
        # keeps the engine on little more than one core, so that two names are read at a time.
        at_once = pool.map if not roster.is_everybody and engine.distributed() is None else map
        for found in at_once(lambda item: counted(item[0], *item[1]), plan.by_event().items()):
            for result, part in zip(results, found, strict=True):
                result.update(part)
    told = None if progress is None else partial(progress, "sequences")
    for result, answers in zip(results, run_sequences(scanner, plan.sequences(), moments, told), strict=True):
        for leaf, bits in answers.items():
            result.leaves[leaf] = bits
    return results


class _Collected:
    """What each range of customers gave at one moment, in arrays over everybody."""

    def __init__(self, pass_: _Pass, size: int) -> None:
        self.pass_ = pass_
        self.numbers = {measure: np.zeros(size, np.float64 if measure.aggregate == "avg" else np.int64)
                        for measure in pass_.wanted}  # fmt: skip
        self.present = {measure: np.zeros(size, np.bool_) for measure in pass_.wanted}
        leaves = [leaf for measure in pass_.measures for leaf in pass_.compared.get(measure, ())]
        self.bits: dict[EventLeaf | SequenceLeaf, Bits] = {leaf: np.zeros((size + 7) // 8, np.uint8) for leaf in leaves}

    def put(self, low: int, high: int, found: _Counted) -> None:
        """Take in one range of customers."""
        for measure, values, known in zip(self.pass_.wanted, found.values, found.present, strict=True):
            self.numbers[measure][low:high] = values
            self.present[measure][low:high] = known
        for bits, part in zip(self.bits.values(), found.bits, strict=True):
            bits[low // 8 : low // 8 + len(part)] = part

    def results(self) -> MeasureResults:
        """Return the columns and bits; what texts mean is known when all ranges were read."""
        columns = {}
        for measure in self.pass_.wanted:
            none = Measured(np.zeros(0, np.int64), np.zeros(0, np.bool_), np.ones(0, np.int64))
            like = self.pass_.column(measure, none)
            values = self.numbers[measure].astype(like.values.dtype, copy=False)
            columns[measure] = Column(like.type, values, self.present[measure], like.scale, like.words)
        return MeasureResults(columns, self.bits)


@dataclass(slots=True)
class _Counted:
    """What one range of customers gave: columns in the order of those wanted, bits in the order of the leaves."""

    values: list[NDArray[Any]] = field(default_factory=list)
    present: list[Mask] = field(default_factory=list)
    bits: list[Bits] = field(default_factory=list)


class _Pass:
    """One pass over one event name: called with the rows of a range of customers, it counts them at each moment.

    read_at : the moment of the scan, which is the latest.
    """

    def __init__(
        self, scan: EventScan, measures: list[Measure], compared: Mapping[Measure, list[EventLeaf]],
        wanted: Iterable[Measure], catalog: Catalog, read_at: Moment, moments: Sequence[Moment],
    ) -> None:  # fmt: skip
        self.scan = scan
        # Measures that share a filter come together, so that what they share is computed while it is in the cache.
        self.measures = measures
        self.compared = compared
        self.wanted = list(wanted)
        self.read_at = read_at
        self.moments = tuple(moments)
        self.read: dict[Measure, Value | None] = {
            measure: None if measure.of is None else value_of(measure, catalog) for measure in measures
        }

    def __call__(self, chunk: Chunk) -> list[_Counted]:
        counter = Counter(chunk, self.read_at)
        if len(self.moments) == 1:
            return [self._count(counter.at(self.moments[0]))]
        windows = {measure.window for measure in self.measures}
        at_once = max(1, BORDERS // max(1, 2 * len(windows) * (chunk.high - chunk.low)))
        found: list[_Counted] = []
        for start in range(0, len(self.moments), at_once):
            moments = self.moments[start : start + at_once]
            borders = {border for moment in moments for window in windows for border in window.borders(moment)}
            counter.count_upto(border for border in borders if border is not None)
            found.extend(self._count(counter.at(moment)) for moment in moments)
        return found

    def _count(self, counter: Counter) -> _Counted:
        found = _Counted()
        columns: dict[Measure, Column] = {}
        for measure in self.measures:
            column = self.column(measure, counter.measure(measure, self.read[measure]))
            if measure in self.wanted:
                columns[measure] = column
            found.bits.extend(pack(_answer(leaf, column, counter.moment)) for leaf in self.compared.get(measure, ()))
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


def _answer(leaf: EventLeaf, column: Column, moment: Moment) -> Mask:
    if leaf.time_window is None:
        return test_column(leaf.test, column, moment)
    low, high = leaf.time_window.borders(moment)
    inside = column.present & (column.values <= high)
    return inside if low is None else inside & (column.values > low)
