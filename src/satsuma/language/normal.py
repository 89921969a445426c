"""The normal form of a condition: one for all that differ in order, in double denials or in spelling only."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from math import ceil, floor
from typing import Any

from satsuma.language.operators import OPERATORS
from satsuma.language.types import (
    COUNTING,
    AccountLeaf,
    Condition,
    EventLeaf,
    Group,
    LabelLeaf,
    Leaf,
    Not,
    PercentileLeaf,
    PropertyTest,
    RankLeaf,
    SegmentLeaf,
    SequenceLeaf,
    Test,
    TraitLeaf,
)

#: What stands for its denial: a value is known or not, empty or not, and nothing in between.
_OPPOSITES = {"not_set": "is_set", "not_empty": "is_empty"}
#: Operators whose operand is a set: its order says nothing.
_SETS = ("in", "not_in", "contains_any", "contains_all", "contains_none", "country_code_in")
_ONE = {"in": "eq", "not_in": "neq"}


def normal(condition: Condition, *, denied: bool = False) -> Condition:
    """Return the normal form of a condition, or of its opposite.

    Only `all` and `any` are left of groups, each flat, without repetitions and in one order; `not` stands before leaves
    alone. The condition must have been checked: operands are typed values.
    """
    if isinstance(condition, Not):
        return normal(condition.condition, denied=not denied)
    if not isinstance(condition, Group):
        leaf, opposite = _leaf(condition)
        return Not(condition=leaf) if denied != opposite else leaf
    denied = denied != (condition.word == "none")
    is_all = (condition.word == "all") != denied
    word: Any = "all" if is_all else "any"
    parts: dict[Condition, None] = {}
    for part in condition.conditions:
        found = normal(part, denied=denied)
        inner = found.conditions if isinstance(found, Group) and found.word == word else (found,)
        parts.update(dict.fromkeys(inner))
    if len(parts) == 1:
        return next(iter(parts))
    return Group(word=word, conditions=tuple(sorted(parts, key=ordering)))


def ordering(value: Any) -> str:
    """Return a text that orders conditions by what they say, not by where they stand."""
    if is_dataclass(value):
        shown = [f"{item.name}={ordering(getattr(value, item.name))}" for item in fields(value) if item.compare]
        return f"{type(value).__name__}({', '.join(shown)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(ordering, value))})"
    return repr(value)


def _leaf(leaf: Leaf | PropertyTest) -> tuple[Leaf | PropertyTest, bool]:
    """Return a leaf in its plain form, and whether what was given is its opposite."""
    match leaf:
        case SegmentLeaf():
            return replace(leaf, negated=False, at=()), leaf.negated
        case LabelLeaf():
            return replace(leaf, labels=tuple(sorted(set(leaf.labels))), negated=False, at=()), leaf.negated
        case TraitLeaf() | PropertyTest():
            test, opposite = plain_test(leaf.test)
            return replace(leaf, test=test, at=()), opposite
        case EventLeaf():
            where = leaf.measure.where
            measure = replace(leaf.measure, where=None if where is None else normal(where), at=())
            test, opposite = plain_test(leaf.test)
            if measure.aggregate in COUNTING and leaf.time_window is None:
                # Never missing: nothing is left to say about it.
                test, other = _count(replace(test, missing_matches=False))
                opposite = opposite != other
            return replace(leaf, measure=measure, test=test, at=()), opposite
        case AccountLeaf():
            word: Any = "any" if leaf.quantifier == "none" else leaf.quantifier
            return replace(leaf, quantifier=word, condition=normal(leaf.condition), at=()), leaf.quantifier == "none"
        case RankLeaf() | PercentileLeaf():
            return replace(leaf, among=None if leaf.among is None else normal(leaf.among), at=()), False
        case SequenceLeaf():
            steps = tuple(
                replace(step, where=None if step.where is None else normal(step.where), at=()) for step in leaf.steps
            )
            return replace(leaf, steps=steps, at=()), False
        case _:
            return replace(leaf, at=()), False


def plain_test(test: Test) -> tuple[Test, bool]:
    """Return a test in its plain form, and whether what was given is its opposite."""
    name, operand = test.operator, test.operand
    if name in _OPPOSITES:
        return replace(test, operator=_OPPOSITES[name], at=()), True
    if name in _SETS and isinstance(operand, tuple):
        operand = tuple(sorted(set(operand), key=repr))
        if len(operand) == 1 and name in _ONE:
            name, operand = _ONE[name], operand[0]
    test = replace(test, operator=name, operand=operand, at=())
    denied = OPERATORS[name].denies
    if denied is not None and test.missing_matches:
        # `neq` with `missing: match` is all that `eq` is not.
        return replace(test, operator=denied, missing_matches=False), True
    return test, False


def _count(test: Test) -> tuple[Test, bool]:
    """Return a comparison of a count as `gte` where it is an order, and whether what was given is its opposite."""
    name, operand = test.operator, test.operand
    denied = OPERATORS[name].denies
    if denied is not None:
        plain, opposite = _count(replace(test, operator=denied))
        return plain, not opposite
    if not isinstance(operand, (int, float, Decimal)):
        return test, False
    if name == "eq" and operand == 0:
        return replace(test, operator="gte", operand=1), True
    if name in ("gte", "lt"):
        return replace(test, operator="gte", operand=ceil(operand)), name == "lt"
    if name in ("gt", "lte"):
        return replace(test, operator="gte", operand=floor(operand) + 1), name == "lte"
    return test, False
