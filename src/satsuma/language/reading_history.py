"""`has_been`, `changed`, `entered` and `left`: conditions on the past of a value, a label or a membership (rule S8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from satsuma.language.history import LENGTH_OPERATORS
from satsuma.language.reading_scalars import Raw
from satsuma.language.types import (
    ChangedLeaf,
    Condition,
    HeldLeaf,
    LabelLeaf,
    MovedLeaf,
    SegmentLeaf,
    Subject,
    Test,
    TraitLeaf,
)

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.reading_conditions import ConditionReader

#: Words that stand beside `trait` or `segmentation`, and those that begin a condition on a segment.
HISTORY_WORDS = ("has_been", "changed")
MOVES = ("entered", "left")

_CHANGE = "'changed' is written {from: one value, to: another, within: 30d}; 'from' and 'to' may be left out."


def held_leaf(
    reader: ConditionReader, given: dict[str, Any], path: Path_, subject: Subject, name: str | None
) -> Condition | None:
    """Read `{trait: X, has_been: V, for: {gte: 30d}}`, V being one value or a list of which one may be there."""
    before = len(reader.problems)
    # A label is always there and is compared as it stands.
    options = ("case", "fold", "missing") if subject == "trait" else ()
    reader.keys(given, (subject, "has_been", "for", *options), path, "is not known in a condition with 'has_been'")
    here = (*path, "has_been")
    several = isinstance(given["has_been"], list)
    raws = _values(reader, given["has_been"] if several else [given["has_been"]], here, several=several)
    held = _length(reader, given, path)
    test = Test(
        operator="in" if several else "eq",
        operand=tuple(raws) if several else raws[0] if raws else None,
        ignore_case=bool(options) and reader.choice(given, "case", ("ignore",), path) is not None,
        fold=bool(options) and reader.flag(given, "fold", path),
        missing_matches=bool(options) and reader.choice(given, "missing", ("match",), path) is not None,
        at=here,
    )
    if name is None or held is None or len(reader.problems) > before:
        return _named(subject, name, path)
    operator, length = held
    return HeldLeaf(subject=subject, name=name, test=test, operator=operator, length=length, at=path)


def _values(reader: ConditionReader, values: list[Any], here: Path_, *, several: bool) -> list[Raw]:
    raws = [reader.raw(item, (*here, place) if several else here) for place, item in enumerate(values)]
    if not raws or None in raws:
        reader.problem(here, "'has_been' takes one value, or a list of values of which one may be there: [a, b].")
    return [raw for raw in raws if raw is not None]


def _length(reader: ConditionReader, given: dict[str, Any], path: Path_) -> tuple[Any, int] | None:
    """Read how long the value must have been there."""
    here = (*path, "for")
    inner = given.get("for")
    if not isinstance(inner, dict) or len(inner) != 1 or next(iter(inner)) not in LENGTH_OPERATORS:
        message = "'has_been' needs 'for: {gte: 30d}', how long, compared by one of gte, gt, lte, lt."
        reader.problem(here if "for" in given else path, message)
        return None
    ((operator, written),) = inner.items()
    length = _duration(reader, written, (*here, operator), f"'{operator}'")
    return None if length is None else (operator, length)


def changed_leaf(
    reader: ConditionReader, given: dict[str, Any], path: Path_, subject: Subject, name: str | None
) -> Condition | None:
    """Read `{trait: X, changed: {from: A, to: B, within: 30d}}`."""
    before = len(reader.problems)
    reader.keys(given, (subject, "changed"), path, "is not known in a condition with 'changed'")
    here = (*path, "changed")
    inner = given["changed"]
    if not isinstance(inner, dict):
        reader.problem(here, _CHANGE)
        return _named(subject, name, path)
    reader.keys(inner, ("from", "to", "within"), here, "is not known in 'changed'")
    sides: dict[str, Test | None] = {"from": None, "to": None}
    for word in sides:
        if word in inner:
            raw = reader.raw(inner[word], (*here, word))
            if raw is None:
                reader.problem((*here, word), f"'{word}' takes one value. {_CHANGE}")
            sides[word] = Test(operator="eq", operand=raw, at=(*here, word))
    within = None
    if "within" in inner:
        within = _duration(reader, inner["within"], (*here, "within"), "'within'")
    if name is None or len(reader.problems) > before:
        return _named(subject, name, path)
    return ChangedLeaf(subject=subject, name=name, before=sides["from"], after=sides["to"], within=within, at=path)


def moved_leaf(reader: ConditionReader, given: dict[str, Any], path: Path_) -> Condition | None:
    """Read `{entered: SEGMENT, within: 14d}` or `{left: SEGMENT, within: 14d}`."""
    word = "entered" if "entered" in given else "left"
    reader.keys(given, (word, "within"), path, f"is not known in a condition with '{word}'")
    segment = reader.name(given, word, path)
    within = None
    if "within" in given:
        within = _duration(reader, given["within"], (*path, "within"), "'within'")
    else:
        reader.problem(path, f"'{word}' needs 'within', since when: {{{word}: its_name, within: 14d}}.")
    if segment is None or within is None:
        return None if segment is None else SegmentLeaf(segment=segment, at=path)
    return MovedLeaf(segment=segment, move="entered" if word == "entered" else "left", within=within, at=path)


def _duration(reader: ConditionReader, written: Any, path: Path_, what: str) -> int | None:
    length = reader.duration(written, path, what)
    if length == 0:
        reader.problem(path, f"{what} needs a length above 0.")
        return None
    return length


def _named(subject: Subject, name: str | None, path: Path_) -> Condition | None:
    """Return a condition that only names what was meant, so that the checker still looks the name up."""
    if name is None:
        return None
    if subject == "segmentation":
        return LabelLeaf(segmentation=name, labels=(), at=path)
    return TraitLeaf(trait=name, test=Test(operator="is_set", operand=True), at=path)
