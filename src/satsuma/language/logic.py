"""Whether a condition can hold at all, whether it can fail, and whether one follows from others: by types and logic.

What a trait or a measure can be is cut into the few kinds of values that the tests on it tell apart, and the condition
is asked of their combinations, each test by its specification (`operators.holds`). A test that cannot be decided so (a
pattern on any other text, a rank, a sequence) is free to be true or false: what is called impossible here is
impossible, and what is possible may still be nobody.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from math import ceil, floor
from typing import Any

from satsuma.catalog import NUMERIC, ValueType
from satsuma.language import durations
from satsuma.language.checker import Checked, Checker
from satsuma.language.leaves import leaves
from satsuma.language.methods import METHODS
from satsuma.language.moments import Moment
from satsuma.language.normal import normal
from satsuma.language.operators import FAR, OPERATORS, PRESENCE, ROLLING, date_intervals, holds
from satsuma.language.reading_conditions import CONSENT_STATUSES
from satsuma.language.types import (
    ALL_TIME,
    COUNTING,
    Condition,
    ConsentLeaf,
    EventLeaf,
    Group,
    LabelLeaf,
    Leaf,
    Measure,
    Not,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    Segment,
    Segmentation,
    SegmentLeaf,
    Test,
    TraitLeaf,
    Window,
)

#: More steps than this, and a question is left open: no answer is better than a slow one.
MOST_STEPS = 20_000
#: Segments inside a segment are looked into as long as the whole has no more leaves than this.
MOST_LEAVES = 60

#: A value that is missing; and one that is there, and that no test names.
MISSING, OTHER = "missing", "other"
#: Any moment does: nothing that is decided here depends on it.
_SAMPLE = durations.microseconds(datetime(2024, 7, 1, 12))

#: What a test answers of a value: yes, no, or (a text that names it, denied) what is free to be either.
Answer = bool | tuple[Hashable, bool]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What leaves ask about: a trait, a measure, a label. can_miss : whether there may be no value."""

    kind: str
    what: Hashable
    type: ValueType | None = None
    can_miss: bool = True


class _OpenQuestionError(Exception):
    """It would take too long to tell."""


class Logic:
    """Answers questions about conditions of one set of checked definitions."""

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.moment = Moment(_SAMPLE, checked.vocabulary.zone)
        self.segments: Mapping[str, Segment] = checked.of(Segment)
        self.segmentations: Mapping[str, Segmentation] = checked.of(Segmentation)
        self._types = Checker((), {}, checked.vocabulary)

    def can_hold(self, condition: Condition, *, event: str | None = None) -> bool:
        """Say whether somebody could meet a condition; True also where that cannot be told.

        Parameters
        ----------
        event : whose properties the condition is on, when it is a filter of events.
        """
        expanded = condition if event is not None else self._expanded(condition)
        try:
            return _Search(self, normal(expanded), event).succeeds()
        except _OpenQuestionError:
            return True

    def can_fail(self, condition: Condition, *, event: str | None = None) -> bool:
        """Say whether somebody could fail to meet a condition; True also where that cannot be told."""
        return self.can_hold(Not(condition=condition), event=event)

    def follows(self, condition: Condition, given: Sequence[Condition], *, event: str | None = None) -> bool:
        """Say whether whoever meets all of `given` meets a condition, too."""
        return not self.can_hold(Group(word="all", conditions=(*given, Not(condition=condition))), event=event)

    # ------------------------------------------------------------------------------------------------------- subjects

    def _expanded(self, condition: Condition) -> Condition:
        """Return a condition with the segments that it names written out, as far as it stays small."""
        room = MOST_LEAVES - sum(1 for _ in leaves(condition))

        def expand(part: Condition) -> Condition:
            nonlocal room
            if isinstance(part, Group):
                return replace(part, conditions=tuple(expand(inner) for inner in part.conditions))
            if isinstance(part, Not):
                return replace(part, condition=expand(part.condition))
            if isinstance(part, SegmentLeaf) and part.segment in self.segments:
                where = self.segments[part.segment].where
                room -= sum(1 for _ in leaves(where))
                if room >= 0:
                    inner = expand(where)
                    return Not(condition=inner) if part.negated else inner
            return part

        return expand(condition)

    def subject(self, leaf: Leaf | PropertyTest, event: str | None) -> _Subject:
        """Return what a leaf asks about."""
        if isinstance(leaf, TraitLeaf):
            return _Subject("trait", leaf.trait, self.checked.trait_types.get(leaf.trait))
        if isinstance(leaf, PropertyTest):
            found = self._types.property(event or "", leaf.property, ())
            return _Subject("property", leaf.property, found[1].type if found else None)
        if isinstance(leaf, EventLeaf) and leaf.time_window is None:
            never_missing = leaf.measure.aggregate in (*COUNTING, "sum")
            return _Subject("measure", leaf.measure, self._types.measure_type(leaf.measure), not never_missing)
        if isinstance(leaf, LabelLeaf):
            return _Subject("label", leaf.segmentation)
        if isinstance(leaf, ConsentLeaf):
            return _Subject("consent", leaf.purpose)
        if isinstance(leaf, RandomLeaf):
            return _Subject("random", leaf.salt)
        if isinstance(leaf, PercentileLeaf):
            return _Subject("percentile", (leaf.trait, leaf.among), "number")
        return _Subject("leaf", leaf)

    def values(self, subject: _Subject, asked: Sequence[Leaf | PropertyTest]) -> list[Any]:
        """Return one value of each kind that the leaves on a subject can tell apart."""
        tests = [leaf.test for leaf in asked if hasattr(leaf, "test")]
        if subject.kind == "leaf":
            return [True, False]
        if subject.kind == "consent":
            return list(CONSENT_STATUSES)
        if subject.kind == "label":
            target = self.segmentations.get(str(subject.what))
            known = None if target is None else METHODS[target.method].labels(target.settings)
            named = [label for leaf in asked if isinstance(leaf, LabelLeaf) for label in leaf.labels]
            return list(known) if known is not None else [*dict.fromkeys(named), OTHER]
        if subject.kind == "random":
            shares = [leaf.percent for leaf in asked if isinstance(leaf, RandomLeaf)]
            return [Decimal(0), *(share for share in shares if share < 100)]
        found = list(self._typed_values(subject.type, tests))
        if subject.kind == "percentile":
            # At least half a customer is below or equal, and at most all but half of one.
            found = [value for value in found if 0 < value < 100]
        if subject.kind == "measure" and isinstance(subject.what, Measure) and subject.what.aggregate in COUNTING:
            found = [value for value in (0, *found) if value >= 0]
        return [*dict.fromkeys(found), *([MISSING] if subject.can_miss else [])]

    def _typed_values(self, type_: ValueType | None, tests: Sequence[Test]) -> Iterator[Any]:
        if type_ in NUMERIC:
            yield from _numbers(tests, whole=type_ == "integer")
        elif type_ in ("date", "datetime"):
            chosen = _date_class(tests)
            for test in tests:
                if _class_of(test) == chosen is not None:
                    for low, high in self._intervals(test, type_):
                        yield from (at for at in (low - 1, low, high, high + 1) if abs(at) < FAR)
            yield 0
        elif type_ == "boolean":
            yield from (True, False)
        elif type_ == "text":
            yield from (text for test in tests for text in _named(test) if isinstance(text, str))
            yield from ("", OTHER)
        elif type_ == "list":
            yield from ((), OTHER)
        else:
            yield OTHER

    def _intervals(self, test: Test, type_: ValueType) -> tuple[tuple[int, int], ...]:
        name = OPERATORS[test.operator].denies or test.operator
        return date_intervals(name, test.operand, type_, self.moment)

    # -------------------------------------------------------------------------------------------------------- answers

    def answer(self, leaf: Leaf | PropertyTest, subject: _Subject, value: Any, tests: Sequence[Test]) -> Answer:
        """Return what a leaf says of a value of its subject."""
        if isinstance(leaf, LabelLeaf):
            return value in leaf.labels
        if isinstance(leaf, ConsentLeaf):
            return bool(value == leaf.status)
        if isinstance(leaf, RandomLeaf):
            return bool(value < leaf.percent)
        if subject.kind == "leaf" or not isinstance(leaf, (TraitLeaf, PropertyTest, EventLeaf, PercentileLeaf)):
            return bool(value)
        return self._tested(leaf.test, subject, value, tests)

    def _tested(self, test: Test, subject: _Subject, value: Any, tests: Sequence[Test]) -> Answer:
        if value is MISSING:
            return holds(test, None, subject.type or "text", self.moment)
        if test.operator in PRESENCE:
            # What is named `other` is a text or a list that is not empty.
            is_empty = value is not OTHER and value in ("", ())
            return {"is_set": True, "not_set": False, "is_empty": is_empty, "not_empty": not is_empty}[test.operator]
        denied = OPERATORS[test.operator].denies
        plain = replace(test, operator=denied or test.operator, missing_matches=False, at=())
        free: Answer = ((subject, plain), denied is not None)
        type_ = subject.type
        if type_ in ("date", "datetime"):
            if _class_of(test) is None or _class_of(test) != _date_class(tests):
                return free
            inside = any(low <= value <= high for low, high in self._intervals(test, type_))
            return inside != (denied is not None)
        if _is_reference(test) or type_ is None or type_ == "location":
            return free
        if value is OTHER:
            decided = plain.operator in ("eq", "in") and type_ == "text" and not (test.ignore_case or test.fold)
            return denied is not None if decided else free
        return holds(test, value, type_, self.moment)


# ------------------------------------------------------------------------------------------------------------- values


def _is_reference(test: Test) -> bool:
    return not isinstance(test.operand, (str, int, float, Decimal, date, tuple))


def _named(test: Test) -> tuple[Any, ...]:
    """Return the values that a test names."""
    if _is_reference(test) or test.operator in PRESENCE:
        return ()
    return test.operand if isinstance(test.operand, tuple) else (test.operand,)


def _numbers(tests: Sequence[Test], *, whole: bool) -> Iterator[Any]:
    """Yield a number in each of the spans that the named ones make, and those themselves."""
    named = [item for test in tests for item in _named(test) if isinstance(item, (int, float, Decimal))]
    borders = sorted({Decimal(str(item)) for item in named})
    if whole:
        for border in borders:
            yield from (ceil(border) - 1, floor(border), ceil(border), floor(border) + 1)
        if not borders:
            yield 0
        return
    yield from borders
    yield from ((low + high) / 2 for low, high in pairwise(borders))
    yield borders[0] - 1 if borders else Decimal(0)
    yield borders[-1] + 1 if borders else Decimal(0)


def _class_of(test: Test) -> Hashable:
    """Return how a test on a date says when: by fixed days, by lengths, by periods; None when in no such way.

    How tests of one class lie to each other is the same at every moment; of two classes, it depends on the moment.
    """
    if test.operator in ROLLING:
        return "rolling"
    if OPERATORS[test.operator].shape == "period":
        return ("period", test.operand)
    named = _named(test)
    return "fixed" if named and all(isinstance(item, date) for item in named) else None


def _date_class(tests: Sequence[Test]) -> Hashable:
    """Return the class of most tests: these are decided, the others are free."""
    found = [kind for kind in map(_class_of, tests) if kind is not None]
    return max(dict.fromkeys(found), key=found.count, default=None)


def _holds_no_less(inner: Measure, outer: Measure) -> bool:
    """Say whether every event that one count counts is counted by another."""
    same = inner.event == outer.event and inner.aggregate == outer.aggregate == "count"
    return same and (outer.where is None or inner.where == outer.where) and _is_within(inner.window, outer.window)


def _is_within(inner: Window, outer: Window) -> bool:
    if outer in (ALL_TIME, inner):
        return True
    fixed = (part for item in (inner, outer) for part in (item.since, item.until, item.calendar))
    if inner.oldest is None or any(part is not None for part in fixed):
        return False
    return (outer.oldest is None or inner.oldest <= outer.oldest) and inner.newest >= outer.newest


# ------------------------------------------------------------------------------------------------------------- search


class _Search:
    """Looks for a combination of values that meets a condition in normal form."""

    def __init__(self, logic: Logic, condition: Condition, event: str | None) -> None:
        self.condition = condition
        self.steps = 0
        self.chosen: dict[Hashable, int] = {}
        asked: dict[_Subject, list[Leaf | PropertyTest]] = {}
        self.subjects: dict[Leaf | PropertyTest, _Subject] = {}
        for leaf in _atoms(condition):
            subject = logic.subject(leaf, event)
            self.subjects[leaf] = subject
            asked.setdefault(subject, []).append(leaf)
        counts = [subject for subject in asked if _is_count(subject)]
        #: Of two counts the first is never above the second.
        self.orders = [
            (inner, outer)
            for inner in counts
            for outer in counts
            if inner != outer and _holds_no_less(inner.what, outer.what)  # type: ignore[arg-type]
        ]
        related = {subject for pair in self.orders for subject in pair}
        #: The values of each subject, and what each leaf says of each of them.
        self.values: dict[_Subject, list[Any]] = {}
        self.answers: dict[Leaf | PropertyTest, list[Answer]] = {}
        for subject, found in asked.items():
            # Counts that are compared with each other need values that tell the borders of all of them apart.
            also = [leaf for other in related for leaf in asked[other]] if subject in related else found
            values = logic.values(subject, also)
            tests = [leaf.test for leaf in found if hasattr(leaf, "test")]
            rows = [[logic.answer(leaf, subject, value, tests) for leaf in found] for value in values]
            if subject not in related:
                kept = {tuple(row): (value, row) for value, row in zip(values, rows, strict=True)}
                values, rows = [value for value, _ in kept.values()], [row for _, row in kept.values()]
            self.values[subject] = values
            for place, leaf in enumerate(found):
                self.answers[leaf] = [row[place] for row in rows]

    def succeeds(self) -> bool:
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _OpenQuestionError
        answer, undecided = self._ask(self.condition)
        if answer is not None:
            return answer
        for place in range(2 if not isinstance(undecided, _Subject) else len(self.values[undecided])):
            self.chosen[undecided] = place
            if self._is_possible() and self.succeeds():
                return True
        del self.chosen[undecided]
        return False

    def _is_possible(self) -> bool:
        return all(
            self.values[inner][self.chosen[inner]] <= self.values[outer][self.chosen[outer]]
            for inner, outer in self.orders
            if inner in self.chosen and outer in self.chosen
        )

    def _ask(self, condition: Condition) -> tuple[bool | None, Hashable]:
        """Return the answer as far as it is decided, and else what to decide next."""
        if isinstance(condition, Not):
            answer, undecided = self._ask(condition.condition)
            return (None if answer is None else not answer), undecided
        if isinstance(condition, Group):
            decisive = condition.word == "any"
            next_: Hashable = None
            for part in condition.conditions:
                answer, undecided = self._ask(part)
                if answer is decisive:
                    return decisive, None
                if answer is None and next_ is None:
                    next_ = undecided
            return (not decisive, None) if next_ is None else (None, next_)
        subject = self.subjects[condition]
        if subject not in self.chosen:
            return None, subject
        answer_ = self.answers[condition][self.chosen[subject]]
        if isinstance(answer_, bool):
            return answer_, None
        key, denied = answer_
        return (None, key) if key not in self.chosen else (bool(self.chosen[key]) != denied, None)


def _is_count(subject: _Subject) -> bool:
    return subject.kind == "measure" and isinstance(subject.what, Measure) and subject.what.aggregate == "count"


def _atoms(condition: Condition) -> Iterator[Leaf | PropertyTest]:
    """Yield the leaves of a condition in normal form, those inside other leaves left out."""
    if isinstance(condition, Group):
        for part in condition.conditions:
            yield from _atoms(part)
    elif isinstance(condition, Not):
        yield from _atoms(condition.condition)
    else:
        yield condition
