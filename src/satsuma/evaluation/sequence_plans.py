"""How sequences are answered: what their steps ask of one event alone, and what of events that came before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from satsuma.catalog import Catalog
from satsuma.evaluation.scan import Value, property_value
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.sequences import event_refs
from satsuma.language.types import Condition, EventRef, Group, Not, PropertyTest, SequenceLeaf, Step

#: A property as it is read of the events of one name.
Side = tuple[str, Value]

_FIRST_MOMENT = microseconds(datetime.min)


@dataclass(frozen=True, slots=True)
class Asked:
    """A step with its filter in two parts: what is asked of the event alone, and what refers to earlier steps."""

    step: Step
    alone: Condition | None
    referring: Condition | None


@dataclass(frozen=True, slots=True)
class Link:
    """A step that was done (by its number), and the `not_did` steps right after it."""

    done: int
    absent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SequencePlan:
    """How a sequence is answered.

    sides : how the property and the one it is compared with are read, by the name of the event and the test.
    sources : the steps that are referred to. first, last : the links of the first of them, and of the last that refers.
    same : where all steps between ask that one property is the same, how it is read of each name; else None.
    """

    leaf: SequenceLeaf
    asked: tuple[Asked, ...]
    links: tuple[Link, ...]
    sides: Mapping[tuple[str, PropertyTest], tuple[Side, Side]] = field(default_factory=dict)
    sources: tuple[int, ...] = ()
    first: int = 0
    last: int = 0
    same: tuple[Side, ...] | None = None

    def link_of(self, number: int) -> int:
        """Return the place of the link that a step belongs to."""
        return max(place for place, link in enumerate(self.links) if link.done <= number)

    def between(self, source: int) -> tuple[int, ...]:
        """Return the steps after one up to the last link that refers, without its `not_did` steps that do not."""
        after = self.links[self.last + 1].done if self.last + 1 < len(self.links) else len(self.asked)
        closing = [number for number in self.links[self.last].absent if self.asked[number].referring is None]
        return tuple(number for number in range(source + 1, after) if number not in closing)

    def span(self, moment: Moment) -> tuple[int | None, int | None]:
        """Return (low, high): only events with low < time <= high can fill a step, or spoil one; None is open."""
        low, high = self.leaf.steps[0].window.borders(moment)
        # Before the first moment that can be written there are no events.
        low = None if low is None or low < _FIRST_MOMENT else low
        length = reach(self.leaf.steps[1:])
        return low, None if length is None or high + length >= moment.as_of else high + length


def reach(steps: Iterable[Step]) -> int | None:
    """Return how long after an event the steps after it may take, in microseconds; None has no end."""
    longest = done = 0
    for step in steps:
        if step.within is None:
            return None
        longest = max(longest, done + step.within)
        done += 0 if step.negated else step.within
    return longest


def plan_sequence(leaf: SequenceLeaf, catalog: Catalog) -> SequencePlan:
    """Plan one sequence."""
    asked = tuple(Asked(step, *_parted(step.where)) for step in leaf.steps)
    starts = [number for number, step in enumerate(leaf.steps) if not step.negated]
    ends = [*starts[1:], len(leaf.steps)]
    links = tuple(Link(start, tuple(range(start + 1, end))) for start, end in zip(starts, ends, strict=True))
    plan = SequencePlan(leaf, asked, links, _sides(asked, catalog))
    referring = [number for number, part in enumerate(asked) if part.referring is not None]
    if not referring:
        return plan
    names = {ref.step for number in referring for ref in event_refs(asked[number].referring)}
    sources = tuple(number for number, step in enumerate(leaf.steps) if step.name in names)
    plan = replace(plan, sources=sources, first=plan.link_of(sources[0]), last=plan.link_of(referring[-1]))
    # With a step in between that asks for nothing of the kind, rows of other values matter, too.
    if referring == list(range(sources[0] + 1, referring[-1] + 1)):
        return replace(plan, same=_same(plan, referring))
    return plan


def parts_asked(condition: Condition | None) -> Iterator[Condition]:
    """Yield the parts of a filter that are asked as one: tests that refer, and the largest parts that do not."""
    if condition is None:
        return
    if not event_refs(condition) or isinstance(condition, PropertyTest):
        yield condition
    elif isinstance(condition, Group):
        for part in condition.conditions:
            yield from parts_asked(part)
    else:
        assert isinstance(condition, Not)
        yield from parts_asked(condition.condition)


def _parted(where: Condition | None) -> tuple[Condition | None, Condition | None]:
    """Return what a filter asks of the event alone, and what it asks with references; both must hold."""
    if where is None or not event_refs(where):
        return where, None
    if isinstance(where, Group) and where.word == "all":
        parts = [_parted(part) for part in where.conditions]
        return _all([alone for alone, _ in parts]), _all([referring for _, referring in parts])
    return None, where


def _all(conditions: Sequence[Condition | None]) -> Condition | None:
    found = tuple(condition for condition in conditions if condition is not None)
    return Group(word="all", conditions=found) if len(found) > 1 else found[0] if found else None


def _sides(asked: Sequence[Asked], catalog: Catalog) -> dict[tuple[str, PropertyTest], tuple[Side, Side]]:
    """Return how both sides of each test that refers are read."""
    events = {part.step.name: part.step.event for part in asked if part.step.name is not None}
    found: dict[tuple[str, PropertyTest], tuple[Side, Side]] = {}
    for part in asked:
        for leaf in parts_asked(part.referring):
            if not isinstance(leaf, PropertyTest) or not isinstance(leaf.test.operand, EventRef):
                continue
            test, target = leaf.test, leaf.test.operand
            # Texts that are only asked to be the same need no dictionary.
            exact = test.operator in ("eq", "neq") and not test.ignore_case and not test.fold
            own, other = (
                (event, property_value(catalog, event, name, text_as="hash" if exact else "words"))
                for event, name in ((part.step.event, leaf.property), (events[target.step], target.property))
            )
            found[part.step.event, leaf] = own, other
    return found


def _same(plan: SequencePlan, referring: Sequence[int]) -> tuple[Side, ...] | None:
    """Return how the one property is read that must be the same in all steps, by name; None if that is not asked.

    It does not matter which of the steps each refers to: the same as the same is the same.
    """
    read: dict[str, Value] = {}
    for number in referring:
        condition = plan.asked[number].referring
        if not isinstance(condition, PropertyTest) or condition.test.operator != "eq" or condition.test.missing_matches:
            return None
        for event, value in plan.sides[plan.asked[number].step.event, condition]:
            # One row has one value here: where it would have two, events are compared pair by pair.
            if value.coded == "words" or read.setdefault(event, value) != value:
                return None
    return tuple(read.items()) if len({(value.coded, value.scale) for value in read.values()}) == 1 else None
