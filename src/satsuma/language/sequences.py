"""What sequences mean: which events fill their steps, and what steps ask of each other (rule S10).

The search is part of the specification: plain, and the same for everybody who asks which events filled the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from satsuma.language.types import Condition, EventRef, Group, Not, PropertyTest, SequenceLeaf, Step

#: Whether an event fills a step, time aside: the number of the step, the place of the event, and the place of the
#: event that filled each earlier step, by the step's name.
Fits = Callable[[int, int, Mapping[str, int]], bool]


def filled(leaf: SequenceLeaf, times: Sequence[int], fits: Fits, as_of: int) -> tuple[int | None, ...] | None:
    """Return the places of the events that fill the steps (None for one that must not come); None if nothing does.

    Of several ways to fill the steps it is the first in the order of events.

    Parameters
    ----------
    times : of all events of one customer that count, in microseconds, ordered by time and event id.
    """
    steps = leaf.steps
    needed = [{ref.step for step in steps[number:] for ref in event_refs(step.where)} for number in range(len(steps))]

    @cache
    def fill(number: int, last: int, earlier: frozenset[tuple[str, int]]) -> tuple[int | None, ...] | None:
        """Fill the steps from `number` on; `last` is the event that filled the last step before them."""
        if number == len(steps):
            return ()
        step = steps[number]
        earlier = frozenset(pair for pair in earlier if pair[0] in needed[number])
        found = (
            event
            for event in range(last + 1, len(times))
            if (step.within is None or times[event] <= times[last] + step.within) and fits(number, event, dict(earlier))
        )
        if step.negated:
            # Before its whole window has passed nobody can know that it stayed empty.
            is_over = step.within is None or times[last] + step.within <= as_of
            rest = fill(number + 1, last, earlier) if is_over and next(found, None) is None else None
            return None if rest is None else (None, *rest)
        silent = silence(steps, number)
        for event in found:
            if silent is None or times[event] > times[last] + silent:
                rest = fill(number + 1, event, earlier | {(step.name or "", event)})
                if rest is not None:
                    return (event, *rest)
        return None

    starts = [event for event in range(len(times)) if fits(0, event, {})]
    chosen = {"any": starts, "first": starts[:1], "last": starts[-1:]}[leaf.match]
    for start in chosen:
        rest = fill(1, start, frozenset({(steps[0].name or "", start)}))
        if rest is not None:
            return (start, *rest)
    return None


def silence(steps: Sequence[Step], number: int) -> int | None:
    """Return the longest window of the `not_did` steps right before a step, after which alone it can be filled."""
    windows = []
    while number > 0 and steps[number - 1].negated:
        number -= 1
        windows.append(steps[number].within or 0)
    return max(windows, default=None)


def event_refs(condition: Condition | None) -> frozenset[EventRef]:
    """Return the properties of earlier steps that a condition on an event refers to."""
    if isinstance(condition, Group):
        return frozenset().union(*(event_refs(part) for part in condition.conditions))
    if isinstance(condition, Not):
        return event_refs(condition.condition)
    if isinstance(condition, PropertyTest) and isinstance(condition.test.operand, EventRef):
        return frozenset({condition.test.operand})
    return frozenset()
