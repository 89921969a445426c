"""Sequences: their steps, the windows between them, and whether an order of steps can be met at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from satsuma.documents import Path_
from satsuma.language.durations import duration_words
from satsuma.language.reading_windows import WINDOW_KEYS
from satsuma.language.sequences import silence
from satsuma.language.types import ALL_TIME, SequenceLeaf, Step

if TYPE_CHECKING:
    from satsuma.language.reading_conditions import ConditionReader

MATCHES = ("any", "first", "last")
STEP_KEYS = ("did", "not_did")
MOST_STEPS = 20

_NAME = re.compile("[a-z][a-z0-9_]*")
_HINT = "'sequence' is written {match: last, steps: [{did: Checkout Started}, {not_did: Order Completed, within: 24h}]}"


def sequence_leaf(reader: ConditionReader, given: dict[str, Any], path: Path_) -> SequenceLeaf | None:
    """Read a sequence; None when its steps cannot even be told apart."""
    reader.keys(given, ("sequence",), path, "is not known beside a sequence")
    here = (*path, "sequence")
    inner = given["sequence"]
    if not isinstance(inner, dict) or not isinstance(inner.get("steps"), list):
        reader.problem(here, f"{_HINT}.")
        return None
    reader.keys(inner, ("match", "steps"), here, "is not known in a sequence")
    match: Any = reader.choice(inner, "match", MATCHES, here) or "any"
    listed = inner["steps"]
    there = (*here, "steps")
    if not 2 <= len(listed) <= MOST_STEPS:
        reader.problem(there, f"A sequence has 2 to {MOST_STEPS} steps; this one has {len(listed)}.")
    steps = [_step(reader, item, (*there, number), is_first=number == 0) for number, item in enumerate(listed)]
    read = [step for step in steps if step is not None]
    if len(read) < len(steps) or not read:
        return None
    _order(reader, read)
    return SequenceLeaf(match=match, steps=tuple(read), at=path)


def _step(reader: ConditionReader, value: Any, path: Path_, *, is_first: bool) -> Step | None:
    given = reader.mapping(value, path, "A step")
    if given is None:
        return None
    heads = [key for key in STEP_KEYS if key in given]
    if len(heads) != 1:
        which = "has both" if heads else "has none"
        reader.problem(path, f"A step needs one of 'did' and 'not_did', the event's name; this one {which}.")
        return None
    (head,) = heads
    if is_first:
        reader.keys(given, (head, "as", "where", *WINDOW_KEYS), path, "is not known in the first step of a sequence")
        window, within = reader.window(given, path) or ALL_TIME, None
    else:
        reader.keys(given, (head, "as", "where", "within"), path, "is not known in a step after the first")
        window, within = ALL_TIME, _within(reader, given, path)
    event = reader.name(given, head, path)
    if event is None:
        return None
    return Step(
        event=event,
        negated=head == "not_did",
        name=_name(reader, given, path),
        where=_where(reader, given, path),
        window=window,
        within=within,
        at=path,
    )


def _within(reader: ConditionReader, given: dict[str, Any], path: Path_) -> int | None:
    if "within" not in given:
        return None
    length = reader.duration(given["within"], (*path, "within"), "'within' of a step after the first")
    if length == 0:
        reader.problem((*path, "within"), "'within' needs a length above 0.")
    return length or None


def _name(reader: ConditionReader, given: dict[str, Any], path: Path_) -> str | None:
    name = given.get("as")
    if name is None or (isinstance(name, str) and _NAME.fullmatch(name)):
        return name
    reader.problem(
        (*path, "as"), "'as' names a step: lower-case letters, digits and _, beginning with a letter (as: cart)."
    )
    return None


def _where(reader: ConditionReader, given: dict[str, Any], path: Path_) -> Any:
    """Read the filter of a step, in which `{ref: step.property}` has a meaning."""
    if "where" not in given:
        return None
    reader.in_sequence = True
    try:
        return reader.condition(given["where"], (*path, "where"), of_event=True)
    finally:
        reader.in_sequence = False


def _order(reader: ConditionReader, steps: Sequence[Step]) -> None:
    """Report steps that say nothing where they stand, or that no events can fill."""
    names: set[str] = set()
    for number, step in enumerate(steps):
        if step.name in names:
            reader.problem((*step.at, "as"), f"Two steps are named '{step.name}'; give each its own name.")
        elif step.name is not None:
            names.add(step.name)
        if step.negated and number == 0:
            reader.problem(step.at, "A sequence begins with a step that was done: 'did', not 'not_did'.")
        elif step.negated and step.within is None and number < len(steps) - 1:
            reader.problem(
                step.at,
                "A 'not_did' step needs 'within', as the next step begins when it is over; only the last one may be "
                "open up to the moment.",
            )
        silent = silence(steps, number)
        if not step.negated and silent is not None and step.within is not None and step.within <= silent:
            reader.problem(
                (*step.at, "within"),
                f"This step is over before it begins: it comes after the {duration_words(silent)} of 'not_did' before "
                f"it, and both are counted from the last event that came. Give it more than {duration_words(silent)}.",
            )
