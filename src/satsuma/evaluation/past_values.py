"""Values at one point of the past: what a condition asks of one, and of two that follow each other (rule S8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from satsuma.evaluation.columns import Bits, Column, Mask, pack
from satsuma.evaluation.compare import test_column, word_answers
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.history import HistoryLeaf
from satsuma.language.moments import Moment
from satsuma.language.types import ChangedLeaf, HeldLeaf, MovedLeaf, Test, TraitRef

#: Who is in a segment, everybody's label, or everybody's value of a trait.
Value = Bits | Labels | Column

#: Asks whether two columns hold the same; the name of the other is not looked at.
_SAME = Test(operator="eq", operand=TraitRef(trait=""))


def value_at(evaluation: Evaluation, kind: str, name: str) -> Value:
    """Return what an evaluation found; outside the population nobody has a value or a label, nor is in a segment."""
    if kind == "segment":
        return evaluation.members[name]
    if kind == "segmentation":
        return evaluation.labels[name]
    column = evaluation.column(name)
    return replace(column, present=column.present & evaluation.population)


def step(leaf: HistoryLeaf, before: Value | None, now: Value, moment: Moment) -> Bits:
    """Return who passes at a point; of changes and moves, who changed or moved since the point before it."""
    if isinstance(leaf, HeldLeaf):
        return pack(passed(leaf.test, now, moment))
    assert before is not None
    if isinstance(leaf, MovedLeaf):
        assert isinstance(before, np.ndarray)
        assert isinstance(now, np.ndarray)
        return now & ~before if leaf.move == "entered" else before & ~now
    return pack(_changed(leaf, before, now, moment))


def _changed(leaf: ChangedLeaf, before: Value, now: Value, moment: Moment) -> Mask:
    changed = differs(before, now, moment)
    if leaf.before is not None:
        changed &= passed(leaf.before, before, moment)
    if leaf.after is not None:
        changed &= passed(leaf.after, now, moment)
    return changed


def passed(test: Test, value: Value, moment: Moment) -> Mask:
    """Say whose label or value passes a test."""
    if isinstance(value, Column):
        return test_column(test, value, moment)
    assert isinstance(value, Labels)
    # Who has no label has the code -1, which is the last place.
    answers = np.append(word_answers(test.operator, test, value.names), False)
    return np.asarray(answers[value.codes], np.bool_)


def differs(before: Value, now: Value, moment: Moment) -> Mask:
    """Say whose label or value is not the same; to have none is a value of its own."""
    if isinstance(before, Labels):
        assert isinstance(now, Labels)
        place = {name: code for code, name in enumerate(dict.fromkeys((*before.names, *now.names)))}
        first, second = (np.array([*(place[name] for name in part.names), -1])[part.codes] for part in (before, now))
        return np.asarray(first != second, np.bool_)
    assert isinstance(before, Column)
    assert isinstance(now, Column)
    same = test_column(_SAME, now, moment, before)
    return ~(same | ~(before.present | now.present))
