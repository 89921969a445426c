"""Sequences over the rows of many customers at once.

Rows are sorted by customer, time and event id, so what may come after an event is a run of rows: from the one after it
(or after the end of a `not_did` window) to the last one inside its window. The steps are answered from the last to the
first: with a running count of the rows from which the rest can be completed, a step asks only whether its run holds
one. Steps that refer to an earlier one are answered alike in other tables: where each asks that one property is the
same, the rows of one customer and one value are taken for a customer of their own; else each event of the step referred
to, with all that may come after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column, Mask
from satsuma.evaluation.compare import test_column
from satsuma.evaluation.scan import MISSING, MergedChunk
from satsuma.evaluation.sequence_plans import Asked, SequencePlan, Side, reach
from satsuma.language.moments import Moment
from satsuma.language.sequences import event_refs, silence
from satsuma.language.types import Condition, Group, Not, PropertyTest

Numbers = NDArray[np.int64]
#: By the name of events and of their property, the texts that codes stand for.
Words = Mapping[str, Mapping[str, tuple[str, ...]]]

#: Rows of tables in which events of a step are owners, at a time; more only where one event has more after it.
PAIRS = 2_000_000


class Table:
    """Rows in the order of their owner (a customer, or a customer and a value), and of time and event id within."""

    def __init__(self, owner: Numbers, time: Numbers) -> None:
        self.owner = owner
        self.time = time
        borders = np.append(np.flatnonzero(owner[1:] != owner[:-1]) + 1, len(owner)) if len(owner) else owner
        #: For each row the one after its owner's last.
        self.ends: Numbers = np.repeat(borders, np.diff(borders, prepend=0))

    def until(self, rows: Numbers, length: int | None) -> Numbers:
        """Return for some rows the one after the owner's last that is at most `length` later; None has no end."""
        high = self.ends[rows]
        if length is None:
            return high
        limit = self.time[rows] + length
        low = rows + 1
        # Most windows are short: a look at the next row settles most of them.
        unsure = np.flatnonzero(low < high)
        unsure = unsure[self.time[low[unsure]] <= limit[unsure]]
        low[unsure] += 1
        # Bisection in the runs of all others at once: as many steps as the longest run has binary digits.
        while (unsure := unsure[low[unsure] < high[unsure]]).size:
            middle = (low[unsure] + high[unsure]) >> 1
            inside = self.time[middle] <= limit[unsure]
            low[unsure[inside]] = middle[inside] + 1
            high[unsure[~inside]] = middle[~inside]
        return low

    def after(self, rows: Numbers, silent: int | None) -> Numbers:
        """Return for some rows the first that may come next: right after, or once a silence is over."""
        return rows + 1 if silent is None else self.until(rows, silent)


def _running(mask: Mask) -> Numbers:
    """Return how many rows of a mask stand before each row, shape (rows + 1,)."""
    total = np.zeros(len(mask) + 1, np.int64)
    np.cumsum(mask, out=total[1:])
    return total


class Answer:
    """Answers one sequence over the rows of a range of customers."""

    def __init__(self, plan: SequencePlan, chunk: MergedChunk, table: Table, words: Words, moment: Moment) -> None:
        self.plan = plan
        self.steps = plan.leaf.steps
        self.chunk = chunk
        self.table = table
        self.words = words
        self.moment = moment
        #: For each step the rows that can fill it as far as they alone say.
        self.fits = [self._fitting(asked) for asked in plan.asked]
        self.fits[0] = self._chosen_starts(self.fits[0])

    def completed(self) -> Mask:
        """Return the starts from which all steps can be filled."""
        plan = self.plan
        fits = {number: self.fits[number] for number, asked in enumerate(plan.asked)
                if asked.referring is None or not asked.step.negated}  # fmt: skip
        rest = self._through(self.table, range(plan.last, len(plan.links)), fits)
        if not plan.sources:
            return rest
        # From here on it stands for the last step that refers, and all that comes after.
        self.fits[plan.links[plan.last].done] = rest
        if plan.same is not None:
            rest = self._of_one_value(plan.same)
        else:
            rest = self._of_each(_Rows(self.table, np.arange(len(self.table.time)), {}), plan.sources)
        return self._through(self.table, range(plan.first), fits, rest)

    def _fitting(self, asked: Asked) -> Mask:
        event = asked.step.event
        fits = self.chunk.here[event]
        if asked.alone is not None:
            fits = fits & self.chunk.filters[event, asked.alone]
        low, high = asked.step.window.borders(self.moment)
        if high < self.moment.as_of:
            fits = fits & (self.chunk.time <= high)
        return fits if low is None else fits & (self.chunk.time > low)

    def _chosen_starts(self, fits: Mask) -> Mask:
        """Return the rows from which the sequence may start: any, or each customer's first or last that fits."""
        if self.plan.leaf.match == "any":
            return fits
        rows = np.flatnonzero(fits)
        owner = self.table.owner[rows]
        differs = owner[1:] != owner[:-1]
        edge = np.append(True, differs) if self.plan.leaf.match == "first" else np.append(differs, True)
        return _mask(rows[edge[: len(rows)]], len(fits))

    # ------------------------------------------------------------------------------------------------------ the steps

    def _through(self, table: Table, places: range, fits: Mapping[int, Mask], rest: Mask | None = None) -> Mask:
        """Return the rows that fill the first of some links and from which the others, then `rest`, can be reached.

        Parameters
        ----------
        places : of the links. fits : the rows that can fill each step; a `not_did` step that is not there is left out.
        rest : the rows that fill the link after them and from which all can be completed; None if nothing follows.
        """
        for place in reversed(places):
            link = self.plan.links[place]
            rows = np.flatnonzero(fits[link.done])
            for number in link.absent:
                if number in fits:
                    rows = self._spared(table, rows, number, fits[number])
            if rest is not None:
                following = self.plan.links[place + 1].done
                begin = table.after(rows, silence(self.steps, following))
                end = table.until(rows, self.steps[following].within)
                count = _running(rest)
                rows = rows[count[end] > count[begin]]
            rest = _mask(rows, len(table.time))
        assert rest is not None
        return rest

    def _spared(self, table: Table, rows: Numbers, number: int, fits: Mask) -> Numbers:
        """Return the rows after which a `not_did` step did not come."""
        within = self.steps[number].within
        if within is not None:
            # Before the whole window has passed nobody can know.
            rows = rows[table.time[rows] + within <= self.moment.as_of]
        count = _running(fits)
        spared: Numbers = rows[count[table.until(rows, within)] == count[rows + 1]]
        return spared

    # ------------------------------------------------------------------------------------------ steps with references

    def _of_one_value(self, same: Sequence[Side]) -> Mask:
        """Return the rows of the step referred to from which steps of the same value, then the rest, can be reached."""
        plan = self.plan
        source = plan.sources[0]
        fits = {number: self.fits[number] for number in (source, *plan.between(source))}
        value = reduce(np.maximum, (self.chunk.values[side] for side in same))
        # Without a value nothing can be the same: such a row can only be the one referred to, alone.
        rows = np.flatnonzero(reduce(np.logical_or, fits.values()) & ((value != MISSING) | fits[source]))
        table, order = self._by_value(rows, value[rows])
        rows = rows[order]
        places = range(plan.first, plan.last + 1)
        found = self._through(table, places, {number: mask[rows] for number, mask in fits.items()})
        return _mask(rows[found], len(value))

    def _by_value(self, rows: Numbers, value: Numbers) -> tuple[Table, Numbers]:
        """Return rows as a table whose owners are a customer and a value, and their order in it."""
        words, code = np.unique(value, return_inverse=True)
        unknown = np.flatnonzero(value == MISSING)
        code[unknown] = len(words) + unknown
        owner = self.table.owner[rows] * (len(words) + len(rows)) + code
        order = np.argsort(owner, kind="stable")
        return Table(owner[order], self.table.time[rows][order]), order

    def _of_each(self, rows: _Rows, sources: Sequence[int]) -> Mask:
        """Return the rows of the first of some steps referred to from which the others, then the rest, can be reached.

        Each event of that step is an owner of its own, of itself and all that may come after it: what refers to it is
        then a filter, and the steps are answered as ever. A second step referred to is an owner within that.
        """
        source, *others = sources
        name = self.steps[source].name or ""
        later = self.plan.between(source)
        own = [number for number in later if not others or number < others[0]]
        places = range(self.plan.link_of(source), self.plan.link_of(others[0]) if others else self.plan.last + 1)
        heads = np.flatnonzero(self._passing(rows, source))
        ends = rows.table.until(heads, reach(self.steps[number] for number in later))
        may_come = reduce(np.logical_or, (self.fits[number][rows.at] for number in later))
        found = np.zeros(len(rows.at), np.bool_)
        for owner, taken, is_head in _each_with_later(heads, may_come, ends):
            bound = {other: at[taken] for other, at in rows.bound.items()} | {name: rows.at[heads[owner]]}
            inner = _Rows(Table(owner, rows.table.time[taken]), rows.at[taken], bound)
            fits = {number: self._passing(inner, number) for number in own} | {source: is_head}
            rest = self._of_each(inner, others) if others else None
            found[heads[owner[self._through(inner.table, places, fits, rest)]]] = True
        return found

    def _passing(self, rows: _Rows, number: int) -> Mask:
        """Return which rows fill a step, of which all that it refers to is bound."""
        asked = self.plan.asked[number]
        fits = self.fits[number][rows.at]
        if asked.referring is None or not fits.any():
            return fits
        places = np.flatnonzero(fits)
        event = asked.step.event

        def passes(condition: Condition) -> Mask:
            if not event_refs(condition):
                return self.chunk.filters[event, condition][rows.at[places]]
            if isinstance(condition, Not):
                return ~passes(condition.condition)
            if isinstance(condition, Group):
                join = np.logical_and if condition.word == "all" else np.logical_or
                joined: Mask = reduce(join, [passes(part) for part in condition.conditions])
                return ~joined if condition.word == "none" else joined
            assert isinstance(condition, PropertyTest)
            own, other = self.plan.sides[event, condition]
            (target,) = event_refs(condition)
            left, right = self._column(own, rows.at[places]), self._column(other, rows.bound[target.step][places])
            return test_column(condition.test, left, self.moment, right)

        return _mask(places[passes(asked.referring)], len(fits))

    def _column(self, side: Side, rows: Numbers) -> Column:
        """Return a property of some rows of the chunk."""
        event, value = side
        values = self.chunk.values[side][rows]
        if value.coded == "hash":
            return Column("integer", values, values != MISSING)
        words = self.words[event][value.property] if value.coded == "words" else ()
        return Column(value.type, values, values != MISSING, value.scale, words)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows as a table: which of the chunk they are, and by name the rows that fill the steps bound for their owner."""

    table: Table
    at: Numbers
    bound: Mapping[str, Numbers]


def _mask(rows: Numbers, size: int) -> Mask:
    mask = np.zeros(size, np.bool_)
    mask[rows] = True
    return mask


def _each_with_later(heads: Numbers, may_come: Mask, ends: Numbers) -> Iterator[tuple[Numbers, Numbers, Mask]]:
    """Yield (owner, row, is_head) some PAIRS at a time: each head, then the rows after it that may come, to its end."""
    rows, count = np.flatnonzero(may_come), _running(may_come)
    low = count[heads + 1]
    length = count[ends] - low + 1
    block = np.cumsum(length) // PAIRS
    edges = [0, *(np.flatnonzero(block[1:] != block[:-1]) + 1).tolist(), len(heads)]
    for first, last in pairwise(edges):
        many = length[first:last]
        owner = np.repeat(np.arange(first, last), many)
        place = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
        is_head = place == 0
        taken = heads[owner]
        taken[~is_head] = rows[(low[owner] + place - 1)[~is_head]]
        yield owner, taken, is_head
