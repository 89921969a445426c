"""What can change for somebody about whom nothing new came in, and no event of whom crossed the border of a window.

Between two moments most answers change only for the customers that new rows belong to, and for those with an event in
the slice of time that left or entered a window. What is said here needs everybody again: comparisons with a date that
moves with the clock, ranks among others, and the past of values on the daily grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from satsuma.catalog import ValueType
from satsuma.language import formula
from satsuma.language.leaves import expression, leaves
from satsuma.language.moments import Moment
from satsuma.language.operators import OPERATORS
from satsuma.language.types import (
    ChangedLeaf,
    Condition,
    EventLeaf,
    HeldLeaf,
    Leaf,
    ListLeaf,
    Measure,
    MovedLeaf,
    PercentileLeaf,
    PropertyTest,
    RankLeaf,
    SequenceLeaf,
    Test,
    TraitLeaf,
)

#: Shapes of operands that are counted from the moment of evaluation.
RELATIVE_SHAPES = ("duration", "span", "period", "anniversary")


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment of evaluation to a later one."""

    before: Moment
    after: Moment

    @property
    def clock_moved(self) -> bool:
        return self.before.as_of != self.after.as_of

    @property
    def day_changed(self) -> bool:
        return self.before.today != self.after.today


def leaf_needs_everybody(
    leaf: Leaf | PropertyTest, span: Span, trait_type: Callable[[str], ValueType | None], lists: frozenset[str]
) -> bool:  # fmt: skip
    """Say whether a leaf can change for customers whom nothing touched.

    Parameters
    ----------
    lists : the manual lists that changed.
    """
    match leaf:
        case RankLeaf() | PercentileLeaf() | HeldLeaf() | ChangedLeaf() | MovedLeaf():
            return True
        case TraitLeaf(trait=name, test=test):
            return _moves(test, span, trait_type(name))
        case EventLeaf(measure=measure, test=test):
            return _moves(test, span, None) or measure_needs_everybody(measure, span)
        case SequenceLeaf(steps=steps):
            return any(_filter_moves(step.where, span) for step in steps)
        case ListLeaf(list=name):
            return name in lists
        case _:
            return False


def measure_needs_everybody(measure: Measure, span: Span) -> bool:
    """Say whether a measure filters its events by dates that move with the clock."""
    return _filter_moves(measure.where, span)


def formula_needs_everybody(text: str, span: Span) -> bool:
    """Say whether a formula reads the clock."""
    return span.clock_moved and formula.reads_clock(expression(text))


def _filter_moves(where: Condition | None, span: Span) -> bool:
    if where is None:
        return False
    return any(isinstance(leaf, PropertyTest) and _moves(leaf.test, span, None) for leaf in leaves(where))


def _moves(test: Test, span: Span, type_: ValueType | None) -> bool:
    shape = OPERATORS[test.operator].shape
    if shape not in RELATIVE_SHAPES:
        return False
    # Calendar days and periods move at midnight; a duration before a moment moves all the time.
    return span.clock_moved if shape in ("duration", "span") and type_ != "date" else span.day_changed


# ------------------------------------------------------------------------------------------------------------ slices


def measure_slices(measure: Measure, span: Span) -> Iterator[tuple[str, int, int]]:
    """Yield (event, low, high] of the events that entered or left the window of a measure."""
    for low, high in _crossed(measure.window.borders(span.before), measure.window.borders(span.after)):
        yield measure.event, low, high


def leaf_slices(leaf: Leaf | PropertyTest, span: Span) -> Iterator[tuple[str, int, int]]:
    """Yield (event, low, high] of the events that crossed a border of a leaf's windows."""
    now = (span.before.as_of, span.after.as_of)
    if isinstance(leaf, EventLeaf):
        yield from measure_slices(leaf.measure, span)
        if leaf.time_window is not None:
            window = leaf.time_window
            for low, high in _crossed(window.borders(span.before), window.borders(span.after)):
                yield leaf.measure.event, low, high
    elif isinstance(leaf, SequenceLeaf):
        first = leaf.steps[0]
        for low, high in _crossed(first.window.borders(span.before), first.window.borders(span.after)):
            yield first.event, low, high
        matched = first
        for step in leaf.steps:
            if step.negated and step.within is not None:
                # What did not come within d of a matched event is known once d has passed since that event.
                yield matched.event, now[0] - step.within, now[1] - step.within
            elif not step.negated:
                matched = step
            yield step.event, *now


def _crossed(before: tuple[int | None, int], after: tuple[int | None, int]) -> Iterator[tuple[int, int]]:
    for old, new in zip(before, after, strict=True):
        if old is not None and new is not None and old != new:
            yield min(old, new), max(old, new)
