"""The counting kernel: measures of customers from sorted rows, by prefix sums.

Rows of a chunk are sorted by customer and time, so a window of a customer is a run of rows [start, end). A count over
any window is then C[end] - C[start], where C is one cumulative sum per distinct filter; a sum likewise, on whole
numbers and so exactly; first and last by their place among the rows that passed. Each distinct filter and window
is computed once, however many measures share it.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.errors import EvaluationError
from satsuma.evaluation.calendar import local_days
from satsuma.evaluation.scan import MISSING, Chunk, Value
from satsuma.language.moments import Moment
from satsuma.language.types import PERIOD_AGGREGATES, Condition, Measure, Window

Numbers = NDArray[np.int64]

#: Sums beyond this would not fit a whole number of 64 bits.
LARGEST_SUM = 9.2e18


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A measure's result over the customers of a chunk: whole numbers (of 1/scale) and who has one.

    `denominator` is set for an average: the value is numbers / denominator.
    """

    numbers: Numbers
    present: NDArray[np.bool_] | None
    denominator: Numbers | None = None


class Counter:
    """Answers measures over one chunk, sharing what they have in common."""

    def __init__(self, chunk: Chunk, moment: Moment) -> None:
        self.chunk = chunk
        self.moment = moment
        #: The chunk holds nothing later: a window up to here is not cut.
        self.as_of = moment.as_of
        counts = np.bincount(chunk.customer.astype(np.int64) - chunk.low, minlength=chunk.high - chunk.low)
        self.offsets = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=self.offsets[1:])
        self._upto: dict[int, Numbers] = {}
        self._runs: dict[tuple[int | None, int], tuple[Numbers, Numbers]] = {}
        self._prefix: dict[tuple[Condition | None, Value | None, bool], Numbers] = {}
        self._kept: dict[tuple[Condition | None, Value | None], NDArray[np.bool_] | None] = {}
        self._bounded: dict[Value, bool] = {}
        self._rows: dict[tuple[Condition | None, Value | None], Numbers] = {}
        self._repeats: dict[tuple[Condition | None, Value, int], Numbers] = {}
        self._by_value: dict[tuple[Condition | None, Value], Numbers] = {}
        self._periods: dict[str, Numbers] = {}
        self._closing: dict[tuple[Condition | None, str, int], Numbers] = {}

    def at(self, moment: Moment) -> Counter:
        """Return a counter of the same rows at this or an earlier moment, which shares all that no window cuts."""
        other = copy(self)
        other.moment = moment
        # These grow with each moment, and another one hardly ever asks for the same.
        other._runs, other._repeats, other._closing = {}, {}, {}
        return other

    def measure(self, measure: Measure, value: Value | None) -> Measured:
        """Return the result of one measure; `value` is how its property was read."""
        start, end = self.run(measure.window)
        name = measure.aggregate
        if name == "count":
            return Measured(self._counted(measure.where, None, start, end), None)
        if name in PERIOD_AGGREGATES:
            return Measured(self._active(measure.where, name, measure.window), None)
        if name in ("first_time", "last_time"):
            index, found = self._edge(measure.where, None, start, end, last=name == "last_time")
            return Measured(self.chunk.time[index] if len(self.chunk.time) else index, found)
        assert value is not None
        if name in ("first", "last"):
            index, found = self._edge(measure.where, value, start, end, last=name == "last")
            values = self.chunk.values[value]
            return Measured(values[index] if len(values) else index, found)
        if name == "sum":
            return Measured(self._summed(measure.where, value, start, end), None)
        if name == "avg":
            count = self._counted(measure.where, value, start, end)
            total = self._summed(measure.where, value, start, end)
            return Measured(total, count > 0, np.maximum(count, 1))
        if name in ("min", "max"):
            return self._extreme(measure.where, value, start, end, largest=name == "max")
        if name == "distinct":
            return Measured(self._distinct(measure.where, value, measure.window), None)
        return self._mode(measure.where, value, measure.window)

    # ------------------------------------------------------------------------------------------------- shared parts

    def run(self, window: Window) -> tuple[Numbers, Numbers]:
        """Return the first row of each customer inside a window, and the one after its last."""
        low, high = window.borders(self.moment)
        key = (low, high)
        if key not in self._runs:
            begin = self.offsets[:-1]
            start = begin if low is None else begin + self._until(low)
            end = self.offsets[1:] if high >= self.as_of else begin + self._until(high)
            self._runs[key] = (start, np.maximum(start, end))
        return self._runs[key]

    def _until(self, moment: int) -> Numbers:
        """Count each customer's rows up to a moment, inclusive."""
        if moment in self._upto:
            return self._upto[moment]
        return _between(_cumulative(self.chunk.time <= moment), self.offsets[:-1], self.offsets[1:])

    def count_upto(self, moments: Iterable[int]) -> None:
        """Count each customer's rows up to several moments at once, for the windows that begin or end there.

        From one moment to the next only the rows between them are added: of borders a day apart, a few in a hundred.
        """
        borders = np.unique(np.fromiter(moments, np.int64))
        self._upto.clear()
        if not len(borders):
            return
        upto = self._until(int(borders[0]))
        time = self.chunk.time
        rows = np.flatnonzero((time > borders[0]) & (time <= borders[-1]))
        place = np.searchsorted(borders, time[rows])
        rows = rows[np.argsort(place, kind="stable")]
        customer = self.chunk.customer[rows].astype(np.int64) - self.chunk.low
        ends = np.cumsum(np.bincount(place, minlength=len(borders)))
        self._upto[int(borders[0])] = upto
        for number in range(1, len(borders)):
            between = customer[ends[number - 1] : ends[number]]
            upto = upto + np.bincount(between, minlength=len(upto)).astype(upto.dtype)
            self._upto[int(borders[number])] = upto

    def kept(self, where: Condition | None, value: Value | None) -> NDArray[np.bool_] | None:
        """Return which rows pass the filter and have the property; None for all of them."""
        key = (where, value)
        if key not in self._kept:
            mask = None if where is None else self.chunk.filters[where]
            if value is not None:
                known = self.chunk.values[value] != MISSING
                mask = known if mask is None else mask & known
            self._kept[key] = mask
        return self._kept[key]

    def _with_value(self, where: Condition | None, value: Value) -> NDArray[np.bool_]:
        mask = self.kept(where, value)
        assert mask is not None
        return mask

    def _counted(self, where: Condition | None, value: Value | None, start: Numbers, end: Numbers) -> Numbers:
        if self.kept(where, value) is None:
            return end - start
        return _between(self._running(where, value), start, end)

    def _running(self, where: Condition | None, value: Value | None) -> Numbers:
        """Return how many kept rows stand before each row."""
        key = (where, value, False)
        if key not in self._prefix:
            mask = self.kept(where, value)
            assert mask is not None
            self._prefix[key] = _cumulative(mask)
        return self._prefix[key]

    def _summed(self, where: Condition | None, value: Value, start: Numbers, end: Numbers) -> Numbers:
        key = (where, value, True)
        if key not in self._prefix:
            mask = self._with_value(where, value)
            # Whole numbers wrap around instead of losing digits, so a difference of two prefixes is always exact.
            total = np.zeros(len(self.chunk.time) + 1, np.int64)
            np.cumsum(np.where(mask, self.chunk.values[value], 0), out=total[1:])
            self._prefix[key] = total
        if not self._small(value):
            self._check_size(where, value, start, end)
        return _between(self._prefix[key], start, end)

    def _small(self, value: Value) -> bool:
        """Say whether no customer's rows can add up to more than a whole number holds."""
        if value not in self._bounded:
            values = self.chunk.values[value]
            largest = float(np.max(np.abs(values), where=values != MISSING, initial=0))
            self._bounded[value] = largest * int(np.diff(self.offsets).max(initial=0)) < LARGEST_SUM
        return self._bounded[value]

    def _check_size(self, where: Condition | None, value: Value, start: Numbers, end: Numbers) -> None:
        values = np.where(self._with_value(where, value), self.chunk.values[value], 0).astype(np.float64)
        places = np.empty(2 * len(start), np.int64)
        places[0::2], places[1::2] = start, end
        sums = np.add.reduceat(np.append(values, 0.0), places)[0::2]
        if bool((np.abs(sums[end > start]) > LARGEST_SUM).any()):
            raise EvaluationError(
                f"A sum of the property '{value.property}' is above {int(LARGEST_SUM) // value.scale:,}, the most that "
                "is counted exactly.",
                hint="Look for impossible values of it, leave them out with 'where', or load it in a larger unit.",
            )

    def _edge(
        self, where: Condition | None, value: Value | None, start: Numbers, end: Numbers, *, last: bool
    ) -> tuple[Numbers, NDArray[np.bool_]]:
        """Return the row of the first or last kept event inside each run, and whether there is one."""
        mask = self.kept(where, value)
        if mask is None:
            found = end > start
            return np.where(found, end - 1 if last else start, 0), found
        # The kept rows before a row are counted anyway: among them the count is the place of the next one.
        before, upto = self._running(where, value)[start], self._running(where, value)[end]
        found = upto > before
        key = (where, value)
        if key not in self._rows:
            self._rows[key] = np.flatnonzero(mask)
        rows = self._rows[key]
        if not len(rows):
            return np.zeros(len(start), np.int64), found
        return rows[np.where(found, upto - 1 if last else before, 0)], found

    def _extreme(
        self, where: Condition | None, value: Value, start: Numbers, end: Numbers, *, largest: bool
    ) -> Measured:
        found = self._counted(where, value, start, end) > 0
        limits = np.iinfo(np.int64)
        neutral = limits.min if largest else limits.max
        values = np.append(np.where(self._with_value(where, value), self.chunk.values[value], neutral), neutral)
        # reduceat reads [start, end) at even places; an empty run would read one row, but is not `found`.
        places = np.empty(2 * len(start), np.int64)
        places[0::2], places[1::2] = start, end
        reduce = np.maximum.reduceat if largest else np.minimum.reduceat
        numbers = reduce(values, places)[0::2] if len(places) else np.zeros(0, np.int64)
        return Measured(numbers, found)

    def _rows_by_value(self, where: Condition | None, value: Value, low: int | None, high: int) -> Numbers:
        """Return the kept rows in (low, high], sorted by customer, value and time."""
        key, time = (where, value), self.chunk.time
        mask = self._with_value(where, value)
        if key not in self._by_value:
            inside = mask if high >= self.as_of else mask & (time <= high)
            rows = np.flatnonzero(inside if low is None else inside & (time > low))
            if 4 * len(rows) < len(time):
                # A short window is sorted by itself; the order of all rows serves many windows and moments.
                return self._sorted_by_value(rows, value)
            self._by_value[key] = self._sorted_by_value(np.flatnonzero(mask), value)
        rows = self._by_value[key]
        if high < self.as_of:
            rows = rows[time[rows] <= high]
        return rows if low is None else rows[time[rows] > low]

    def _sorted_by_value(self, rows: Numbers, value: Value) -> Numbers:
        return rows[np.lexsort((self.chunk.values[value][rows], self.chunk.customer[rows]))]

    def _distinct(self, where: Condition | None, value: Value, window: Window) -> Numbers:
        """Count distinct values: a row counts when it is the last with its value before the window's end."""
        _, high = window.borders(self.moment)
        key = (where, value, min(high, self.as_of))
        if key not in self._repeats:
            rows = self._rows_by_value(where, value, None, high)
            codes, customer = self.chunk.values[value][rows], self.chunk.customer[rows]
            last = np.ones(len(rows), np.bool_)
            last[:-1] = (codes[1:] != codes[:-1]) | (customer[1:] != customer[:-1])
            flags = np.zeros(len(self.chunk.time), np.bool_)
            flags[rows[last]] = True
            self._repeats[key] = _cumulative(flags)
        start, end = self.run(window)
        return _between(self._repeats[key], start, end)

    def _active(self, where: Condition | None, name: str, window: Window) -> Numbers:
        """Count periods with a kept event: its last one before the window's end stands for each."""
        _, high = window.borders(self.moment)
        key = (where, name, min(high, self.as_of))
        if key not in self._closing:
            mask = np.ones(len(self.chunk.time), np.bool_) if where is None else self.chunk.filters[where]
            if high < self.as_of:
                mask = mask & (self.chunk.time <= high)
            rows = np.flatnonzero(mask)
            period, customer = self._period(name)[rows], self.chunk.customer[rows]
            closes = np.ones(len(rows), np.bool_)
            closes[:-1] = (period[1:] != period[:-1]) | (customer[1:] != customer[:-1])
            flags = np.zeros(len(self.chunk.time), np.bool_)
            flags[rows[closes]] = True
            self._closing[key] = _cumulative(flags)
        start, end = self.run(window)
        return _between(self._closing[key], start, end)

    def _period(self, name: str) -> Numbers:
        """Return the local day, week, month... of each row, numbered since 1970."""
        if name not in self._periods:
            everything = np.ones(len(self.chunk.time), np.bool_)
            days = local_days(self.chunk.time, everything, self.moment.zone)
            months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
            # 1 January 1970 was a Thursday, and weeks begin on Monday.
            self._periods.update(days_active=days, weeks_active=(days + 3) // 7, months_active=months,
                                 quarters_active=months // 3, years_active=months // 12)  # fmt: skip
        return self._periods[name]

    def _mode(self, where: Condition | None, value: Value, window: Window) -> Measured:
        """Return the most frequent value of each customer; of tied ones the smallest (rule S3)."""
        rows = self._rows_by_value(where, value, *window.borders(self.moment))
        size = self.chunk.high - self.chunk.low
        numbers, found = np.zeros(size, np.int64), np.zeros(size, np.bool_)
        if not len(rows):
            return Measured(numbers, found)
        codes = self.chunk.values[value][rows]
        customer = self.chunk.customer[rows].astype(np.int64) - self.chunk.low
        fresh = np.ones(len(codes), np.bool_)
        fresh[1:] = (codes[1:] != codes[:-1]) | (customer[1:] != customer[:-1])
        starts = np.flatnonzero(fresh)
        counts = np.diff(np.append(starts, len(codes)))
        codes, customer = codes[starts], customer[starts]
        best = np.lexsort((codes, -counts, customer))
        first = np.ones(len(best), np.bool_)
        first[1:] = customer[best][1:] != customer[best][:-1]
        chosen = best[first]
        numbers[customer[chosen]] = codes[chosen]
        found[customer[chosen]] = True
        return Measured(numbers, found)


def _cumulative(mask: NDArray[np.bool_]) -> Numbers:
    """Return the running count of a mask with a zero before it, shape (rows + 1,)."""
    total = np.zeros(len(mask) + 1, np.int32)
    np.cumsum(mask, out=total[1:], dtype=np.int32)
    return total  # type: ignore[return-value]


def _between(prefix: Numbers, start: Numbers, end: Numbers) -> Numbers:
    return prefix[end] - prefix[start]
