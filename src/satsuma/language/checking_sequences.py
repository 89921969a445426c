"""Sequences against the catalogue: the filters of their steps, and the properties of earlier steps in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from satsuma.catalog import ValueType
from satsuma.documents import Path_
from satsuma.errors import nearest
from satsuma.language.types import EventRef, SequenceLeaf

if TYPE_CHECKING:
    from satsuma.language.checker import Checker


def check_sequence(checker: Checker, leaf: SequenceLeaf) -> SequenceLeaf:
    """Return a sequence with the filters of its steps typed, and properties by their own names."""
    steps = []
    for number, step in enumerate(leaf.steps):
        checker.steps = leaf.steps[: number + 1], leaf.steps[number + 1 :]
        steps.append(step if step.where is None else replace(step, where=checker.event_filter(step.where, step.event)))
    checker.steps = (), ()
    return replace(leaf, steps=tuple(steps))


def step_property(checker: Checker, reference: EventRef, at: Path_) -> tuple[EventRef, ValueType] | None:
    """Return a reference with the property's own name, and its type; None after reporting what is wrong with it."""
    upto, later = checker.steps
    known = {step.name: step for step in upto[:-1] if step.name is not None and not step.negated}
    if reference.step not in known:
        name = f"'{reference.step}'"
        if any(step.name == reference.step for step in upto[:-1]):
            reason = f"The step {name} is one that did not come, so it has no properties"
        elif upto and upto[-1].name == reference.step:
            reason = f"The step {name} cannot refer to itself"
        elif any(step.name == reference.step for step in later):
            reason = f"The step {name} comes after this one"
        else:
            reason = f"There is no step {name} before this one"
        named = (
            f"these can be referred to: {', '.join(known)}" if known else "no step before this one has a name ('as')"
        )
        checker.problem(at, f"{reason}; {named}.", nearest(reference.step, known))
        return None
    found = checker.property(known[reference.step].event, reference.property, at)
    return None if found is None else (replace(reference, property=found[0]), found[1].type)
