"""Definitions in words: an indented tree that a person can check against what was meant, one line per leaf.

The words say what reading the file alone leaves open: a negative operator leaves out who has no value, `not` includes
them (rule S2); a count includes zero (S3); windows end at the moment of evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from zoneinfo import ZoneInfo

from satsuma.errors import NotFound
from satsuma.language import formula
from satsuma.language.checker import Checked
from satsuma.language.durations import duration_words
from satsuma.language.learned import WAYS
from satsuma.language.leaves import expression
from satsuma.language.methods import METHODS
from satsuma.language.moments import Moment
from satsuma.language.operators import holds
from satsuma.language.types import (
    COUNTING,
    PERIOD_AGGREGATES,
    AccountLeaf,
    Calendar,
    ChangedLeaf,
    Condition,
    ConsentLeaf,
    Definition,
    EventLeaf,
    Group,
    HeldLeaf,
    LabelLeaf,
    ListLeaf,
    Measure,
    MovedLeaf,
    Not,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    RankLeaf,
    Segment,
    Segmentation,
    SegmentLeaf,
    SequenceLeaf,
    Test,
    Trait,
    TraitLeaf,
    Window,
)
from satsuma.language.words import (
    calendar_words,
    listed,
    number_words,
    quoted,
    step_words,
    test_words,
    value_words,
    window_words,
)

_INDENT = "    "
_GROUPS = {
    "all": "all of these:",
    "any": "at least one of these:",
    "none": "none of these (who has no value for one does not meet it):",
}
_ACCOUNTS = {
    "any": "belongs to an account for which this holds",
    "all": "belongs to at least one account, and for each of them this holds",
    "none": "belongs to no account for which this holds (or to none at all)",
}
_CONSENTS = {
    "granted": "has given consent to {purpose}",
    "denied": "has refused consent to {purpose}",
    "unknown": "has decided nothing yet about {purpose}",
}
_MATCHES = {
    "any": "went through these steps in their order, from any start",
    "first": "went through these steps in their order, from the first start only",
    "last": "went through these steps in their order, from the last start only",
}
_NOT = "the opposite of this (who has no value for it is included):"


def explain(definition: Definition, checked: Checked) -> str:
    """Return what a checked definition means, in plain English, as lines of an indented tree."""
    return "\n".join(_explained(definition, checked.vocabulary.zone))


def explain_segment(checked: Checked, name: str) -> str:
    """Return a segment's rule in words.

    Raises
    ------
    NotFound
        With the nearest known names.
    """
    segments: dict[str, Segment] = checked.of(Segment)
    if name not in segments:
        raise NotFound.named("segment", name, segments, hint="See: satsuma segment list")
    return explain(segments[name], checked)


def _explained(definition: Definition, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(definition, Segment):
        who = ("Everybody for whom", "Everybody who")
        if definition.entity == "account":
            who = ("Every account for which", "Every account that")
        yield from _headed(f"{who[0]} this holds:", f"{who[1]} meets ", definition.where, zone)
    elif isinstance(definition, Trait):
        yield from _trait(definition, zone)
    elif isinstance(definition, Segmentation):
        yield from METHODS[definition.method].explain(definition.settings)
        # The method of rules names its conditions; others say all in their own sentences.
        for rule in getattr(definition.settings, "rules", ()):
            yield from _headed(f"'{rule.label}', where this holds:", f"'{rule.label}', with ", rule.where, zone)


def _headed(single: str, grouped: str, condition: Condition, zone: ZoneInfo) -> Iterator[str]:
    if isinstance(condition, Group):
        yield f"{grouped}{_GROUPS[condition.word]}"
        for part in condition.conditions:
            yield from tree(part, zone)
    else:
        yield single
        yield from tree(condition, zone)


def tree(condition: Condition, zone: ZoneInfo, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a condition, each beginning with `- ` at its depth."""
    start = _INDENT * depth + "- "
    if isinstance(condition, Group):
        yield start + _GROUPS[condition.word]
        for part in condition.conditions:
            yield from tree(part, zone, depth + 1)
    elif isinstance(condition, Not):
        yield start + _NOT
        yield from tree(condition.condition, zone, depth + 1)
    elif isinstance(condition, AccountLeaf):
        inner = list(tree(condition.condition, zone, depth + 1))
        if len(inner) == 1:
            yield start + phrase(condition, zone)
        else:
            yield f"{start}{_ACCOUNTS[condition.quantifier]}:"
            yield from inner
    elif isinstance(condition, SequenceLeaf):
        yield f"{start}{_MATCHES[condition.match]}:"
        for number, step in enumerate(condition.steps):
            yield from _filtered(step_words(condition.steps, number, zone), step.where, zone, depth + 1)
    else:
        where = condition.measure.where if isinstance(condition, EventLeaf) else None
        yield from _filtered(phrase(condition, zone), where, zone, depth)


def _filtered(words: str, where: Condition | None, zone: ZoneInfo, depth: int) -> Iterator[str]:
    """Yield the line of what counts events, with their filter in it or below it."""
    start = _INDENT * depth + "- "
    if where is None or isinstance(where, PropertyTest):
        yield start + words + ("" if where is None else f", counting only those whose {phrase(where, zone)}")
    else:
        yield f"{start}{words}, counting only those for which this holds:"
        yield from tree(where, zone, depth + 1)


def _trait(trait: Trait, zone: ZoneInfo) -> Iterator[str]:
    if trait.formula is not None:
        names = sorted(formula.names(expression(trait.formula)))
        yield trait.formula
        if names:
            sources = listed([quoted(name) for name in names], "and")
            yield f"It is computed from {sources}; where one has no value, nor has it, unless the formula says so."
        return
    if trait.way is not None:
        yield from WAYS[trait.way].explain(trait.settings)
        return
    measure = trait.measure
    assert measure is not None
    what = _subject(measure)
    rest = " Where there are none, it has no value."
    if measure.aggregate in _ZERO:
        rest = " Where there are none, it is 0."
    where = measure.where
    sentence = f"{what[0].upper()}{what[1:]}{window_words(measure.window, zone)}"
    if where is None:
        yield f"{sentence}.{rest}"
    elif isinstance(where, PropertyTest):
        yield f"{sentence}, counting only those whose {phrase(where, zone)}.{rest}"
    else:
        yield f"{sentence}, counting only those for which this holds:"
        yield from tree(where, zone)
        yield rest.strip()


# ------------------------------------------------------------------------------------------------------------ leaves


@singledispatch
def phrase(leaf: object, zone: ZoneInfo) -> str:  # noqa: ARG001  each registered kind reads it
    """Return the words of one leaf, without its filter of events."""
    raise TypeError(f"A {type(leaf).__name__} has no words.")


@phrase.register
def _(leaf: TraitLeaf, zone: ZoneInfo) -> str:
    return f"{quoted(leaf.trait)} {test_words(leaf.test, zone)}"


@phrase.register
def _(leaf: PropertyTest, zone: ZoneInfo) -> str:
    return f"{quoted(leaf.property)} {test_words(leaf.test, zone)}"


@phrase.register
def _(leaf: EventLeaf, zone: ZoneInfo) -> str:
    event = quoted(leaf.measure.event)
    if leaf.time_window is not None:
        which = "first" if leaf.measure.aggregate == "first_time" else "last"
        return f"did {event} for the {which} time{window_words(leaf.time_window, zone) or ' at any time'}"
    window = window_words(leaf.measure.window, zone)
    calendar = leaf.measure.window.calendar
    if calendar is not None and _is_regular(leaf, calendar):
        return f"did {event} in at least {value_words(leaf.test.operand, zone)} of {calendar_words(calendar)}"
    if leaf.measure.aggregate != "count":
        zero = " (0 where there are none)" if leaf.measure.aggregate in _ZERO else ""
        return f"{_subject(leaf.measure)}{window} {test_words(leaf.test, zone)}{zero}"
    return _count_words(leaf.test, event, window, zone)


def _is_regular(leaf: EventLeaf, calendar: Calendar) -> bool:
    """Say whether a leaf counts active periods out of some full ones, as `regularly` does."""
    same = leaf.measure.aggregate == f"{calendar.period}s_active"
    return same and leaf.measure.window == Window(calendar=calendar) and leaf.test.operator == "gte"


def _count_words(test: Test, event: str, window: str, zone: ZoneInfo) -> str:
    plain = {"eq": "exactly", "lt": "fewer than", "lte": "at most", "gt": "more than", "gte": "at least"}
    if (test.operator, test.operand) == ("eq", 0):
        return f"did not do {event}{window or ' at any time'}"
    zero = " (never counts, too)" if holds(test, 0, "integer", Moment(0, zone)) else ""
    if test.operator in plain:
        times = "once" if test.operand == 1 else f"{value_words(test.operand, zone)} times"
        return f"did {event} {plain[test.operator]} {times}{window}{zero}"
    return f"the number of {event}{window} {test_words(test, zone, always_known=True)}{zero}"


@phrase.register
def _(leaf: SequenceLeaf, zone: ZoneInfo) -> str:
    steps = [step_words(leaf.steps, number, zone) for number in range(len(leaf.steps))]
    return f"{_MATCHES[leaf.match]}: {', '.join(steps)}"


@phrase.register
def _(leaf: SegmentLeaf, _zone: ZoneInfo) -> str:
    return f"is {'not ' if leaf.negated else ''}in the segment {quoted(leaf.segment)}"


@phrase.register
def _(leaf: LabelLeaf, _zone: ZoneInfo) -> str:
    labels = [quoted(label) for label in leaf.labels]
    where = f"in the segmentation {quoted(leaf.segmentation)}"
    if leaf.negated:
        return f"has none of the labels {listed(labels)} {where}"
    return f"has the label {listed(labels)} {where}"


@phrase.register
def _(leaf: RankLeaf, zone: ZoneInfo) -> str:
    size = f"{number_words(leaf.percent)}%" if leaf.percent is not None else f"{leaf.count:,}"
    highest = "highest" if leaf.end == "top" else "lowest"
    ties = "ties at the border included" if leaf.ties == "include" else "ties at the border left out"
    return f"is among the {size} with the {highest} {quoted(leaf.trait)}{_among(leaf.among, zone)} ({ties})"


@phrase.register
def _(leaf: PercentileLeaf, zone: ZoneInfo) -> str:
    return f"the percentile of {quoted(leaf.trait)}{_among(leaf.among, zone)} {test_words(leaf.test, zone)}"


@phrase.register
def _(leaf: HeldLeaf, zone: ZoneInfo) -> str:
    how = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "less than"}[leaf.operator]
    value = (
        f"{quoted(leaf.name)} {test_words(leaf.test, zone)}"
        if leaf.subject == "trait"
        else f"the label in the segmentation {quoted(leaf.name)} {test_words(leaf.test, zone)}"
    )
    return f"{value}, and this has held without a break for {how} {duration_words(leaf.length)}"


@phrase.register
def _(leaf: ChangedLeaf, zone: ZoneInfo) -> str:
    what = quoted(leaf.name) if leaf.subject == "trait" else f"the label in the segmentation {quoted(leaf.name)}"
    sides = [f" {word} {value_words(test.operand, zone)}" for word, test in (("from", leaf.before), ("to", leaf.after))
             if test is not None]  # fmt: skip
    return f"{what} changed{''.join(sides)}{window_words(Window(oldest=leaf.within), zone) or ' at any time'}"


@phrase.register
def _(leaf: MovedLeaf, zone: ZoneInfo) -> str:
    return f"{leaf.move} the segment {quoted(leaf.segment)}{window_words(Window(oldest=leaf.within), zone)}"


def _among(among: Condition | None, zone: ZoneInfo) -> str:
    if among is None:
        return " of everybody who has one"
    if isinstance(among, SegmentLeaf):
        return f" of the segment {quoted(among.segment)}"
    return f" of those for whom {phrase(among, zone)}"


@phrase.register
def _(leaf: ListLeaf, _zone: ZoneInfo) -> str:
    return f"is on the list {quoted(leaf.list)}"


@phrase.register
def _(leaf: RandomLeaf, _zone: ZoneInfo) -> str:
    return f"is in the random {number_words(leaf.percent)}% drawn with the salt {quoted(leaf.salt)}"


@phrase.register
def _(leaf: ConsentLeaf, _zone: ZoneInfo) -> str:
    return _CONSENTS[leaf.status].format(purpose=quoted(leaf.purpose))


@phrase.register
def _(leaf: AccountLeaf, zone: ZoneInfo) -> str:
    first, *rest = [line.strip().removeprefix("- ") for line in tree(leaf.condition, zone)]
    return f"{_ACCOUNTS[leaf.quantifier]}: {' '.join([first, '; '.join(rest)]).strip()}"


#: What is 0 over no events; all else is missing then (rule S3).
_ZERO = ("sum", *COUNTING)
_SUBJECTS = {
    "count": "the number of {event}",
    "sum": "the sum of {of} over {event}",
    "avg": "the average of {of} over {event}",
    "min": "the smallest {of} of {event}",
    "max": "the largest {of} of {event}",
    **{name: f"the number of {name.removesuffix('_active')} with {{event}}" for name in PERIOD_AGGREGATES},
    "distinct": "the number of different {of} of {event}",
    "first": "the first {of} of {event}",
    "last": "the last {of} of {event}",
    "mode": "the most frequent {of} of {event}",
    "first_time": "the time of the first {event}",
    "last_time": "the time of the last {event}",
}


def _subject(measure: Measure) -> str:
    return _SUBJECTS[measure.aggregate].format(event=quoted(measure.event), of=quoted(measure.of or ""))


__all__ = ["explain", "explain_segment", "phrase", "tree"]
