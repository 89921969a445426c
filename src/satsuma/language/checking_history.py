"""Conditions on the past against the catalogue: values get their type, and what stands on the daily grid its limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from satsuma.errors import nearest
from satsuma.language import durations, formula
from satsuma.language.history import GRID_DAYS, HistoryLeaf, is_whole_days, length_of, subject_of
from satsuma.language.methods import METHODS
from satsuma.language.operators import OPERATORS, text_predicate
from satsuma.language.reading_scalars import Raw
from satsuma.language.types import ChangedLeaf, HeldLeaf, MovedLeaf, Segmentation, Test

if TYPE_CHECKING:
    from satsuma.language.checker import Checker


def checked_history(leaf: HistoryLeaf, checker: Checker) -> HistoryLeaf:
    """Return a condition on the past with typed values, reporting what does not fit to the checker."""
    kind, name = subject_of(leaf)
    if kind != "trait" or ("trait", name) in checker.definitions:
        _on_the_grid(leaf, checker)
    if isinstance(leaf, MovedLeaf):
        return leaf
    if leaf.subject == "segmentation":
        return _labels(leaf, checker)
    if isinstance(leaf, HeldLeaf):
        return replace(leaf, test=_value(leaf.test, leaf, "has_been", checker))
    before = leaf.before and _value(leaf.before, leaf, "changed", checker)
    after = leaf.after and _value(leaf.after, leaf, "changed", checker)
    return replace(leaf, before=before, after=after)


def _on_the_grid(leaf: HistoryLeaf, checker: Checker) -> None:
    """What is computed has a value a day: no shorter lengths can be asked of it, and none without an end."""
    length = length_of(leaf)
    what = "What is computed is known once a day"
    if length is None:
        checker.problem(leaf.at, f"{what}, no further back than is asked: 'changed' needs 'within' here (within: 30d).")
    elif not is_whole_days(length):
        checker.problem(leaf.at, f"{what}: ask for whole days, such as 2d, not for {durations.duration_text(length)}.")
    elif length > GRID_DAYS * durations.MICROSECONDS_PER_DAY:
        checker.problem(leaf.at, f"{what}, and looked at for at most {GRID_DAYS} days: ask for no more than that.")


def _value(test: Test, leaf: HeldLeaf | ChangedLeaf, word: str, checker: Checker) -> Test:
    type_ = checker.trait_type(leaf.name)
    if type_ is None:
        return test
    what = f"the trait '{leaf.name}'"
    if type_ not in OPERATORS[test.operator].types:
        message = f"'{word}' with a value does not work on {what}, which is {formula.an(type_)}."
        checker.problem(test.at, message)
        return test
    typed = checker.test(test, type_, what)
    if leaf.name in checker.countries:
        checker.country_codes(typed, what)
    return typed


def _labels(leaf: HeldLeaf | ChangedLeaf, checker: Checker) -> HeldLeaf | ChangedLeaf:
    """Return the condition with its labels as texts; every label must be one that the segmentation can give."""
    parts = [leaf.test] if isinstance(leaf, HeldLeaf) else [leaf.before, leaf.after]
    typed = [part and checker.test(part, "text", "the label") for part in parts]
    target = checker.definitions.get(("segmentation", leaf.name))
    if isinstance(target, Segmentation) and ("segmentation", leaf.name) not in checker.failed:
        known = METHODS[target.method].labels(target.settings)
        for test in typed:
            for label in _missing(test, known):
                message = f"The segmentation '{leaf.name}' has no label '{label}'; it has {', '.join(known or ())}."
                checker.problem(leaf.at, message, nearest(label, known or ()))
    if isinstance(leaf, HeldLeaf):
        return leaf if typed[0] is None else replace(leaf, test=typed[0])
    return replace(leaf, before=typed[0], after=typed[1])


def _missing(test: Test | None, known: Iterable[str] | None) -> list[str]:
    """Return the labels that a test names and none of the known ones is; all can be when only a fit can tell."""
    if test is None or known is None:
        return []
    named = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    labels = [label.text if isinstance(label, Raw) else str(label) for label in named]
    return [label for label in labels if not any(map(text_predicate("eq", label, False, False), known))]
