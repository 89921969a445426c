"""Boxes of atoms: tests that say them, and what makes a rule shorter without changing whom it takes in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.statistics.rules.conditions import (
    Atoms,
    Box,
    TraitTest,
    asked_of,
    conjunction_of,
    is_covered,
    meets,
    passes,
    simplified,
    size,
)
from satsuma.statistics.rules.table import Mask, Table, category, number

NAN = float("nan")
#: A number cut at 10 and 20, a whole number cut at 1 and 4, three words with a rest, two words; all but the last miss.
ATOMS = (
    Atoms((10.0, 20.0), can_miss=True),
    Atoms((1.0, 4.0), can_miss=True, is_whole=True),
    Atoms(words=4, has_rest=True, can_miss=True),
    Atoms(words=2),
)


def everything() -> Table:
    """One row for each combination of atoms."""
    columns = np.meshgrid([5, 10, 20, NAN], [0, 1, 4, NAN], [0, 1, 2, 3, -1], [0, 1], indexing="ij")
    first, second, third, fourth = (column.ravel() for column in columns)
    return Table((
        number(first), number(second, is_whole=True), category(third, 4, has_rest=True), category(fourth, 2),
    ))  # fmt: skip


def takes(box: Box, table: Table) -> Mask:
    """Say who is in a box, atom by atom: the meaning of boxes, told another way than by tests."""
    found = np.ones(len(table), np.bool_)
    for feature, bits in box.items():
        atoms = ATOMS[feature].of(table.features[feature])
        found &= (bits >> atoms) & 1 == 1
    return found


def taken(boxes: list[Box], table: Table) -> Mask:
    return np.logical_or.reduce([np.zeros(len(table), np.bool_), *(takes(box, table) for box in boxes)])


@pytest.mark.parametrize(
    ("feature", "bits", "expected"),
    [
        (0, 0b0001, (TraitTest(0, "lt", 10.0),)),
        (0, 0b0110, (TraitTest(0, "gte", 10.0),)),
        (0, 0b1110, (TraitTest(0, "gte", 10.0, or_missing=True),)),
        (0, 0b0010, (TraitTest(0, "gte", 10.0), TraitTest(0, "lt", 20.0))),
        (0, 0b0111, (TraitTest(0, "is_set"),)),
        (0, 0b1000, (TraitTest(0, "not_set"),)),
        (0, 0b1111, ()),
        (1, 0b0010, (TraitTest(1, "between", (1.0, 3.0)),)),
        (2, 0b00011, (TraitTest(2, "in", (0, 1)),)),
        (2, 0b00111, (TraitTest(2, "in", (0, 1, 2)),)),
        (2, 0b01000, (TraitTest(2, "not_in", (0, 1, 2)),)),
        (2, 0b01110, (TraitTest(2, "neq", (0,)),)),
        (2, 0b11110, (TraitTest(2, "neq", (0,), or_missing=True),)),
        (3, 0b10, (TraitTest(3, "eq", (1,)),)),
        (3, 0b11, ()),
    ],
)
def test_atoms_are_said_by_the_fewest_tests(feature: int, bits: int, expected: tuple[TraitTest, ...]) -> None:
    assert asked_of(feature, ATOMS[feature], bits) == expected


def test_one_whole_number_is_named() -> None:
    assert asked_of(0, Atoms((3.0, 4.0), is_whole=True), 0b10) == (TraitTest(0, "eq", 3.0),)


def test_a_missing_value_fails_every_test_but_those_that_name_it() -> None:
    values, words = number(np.array([NAN, 3.0])), category(np.array([-1, 0]), 2)
    for test, feature in (
        (TraitTest(0, "lt", 5.0), values), (TraitTest(0, "gte", 1.0), values), (TraitTest(0, "eq", 3.0), values),
        (TraitTest(0, "between", (1.0, 4.0)), values), (TraitTest(0, "is_set"), values),
        (TraitTest(0, "eq", (0,)), words),
        (TraitTest(0, "in", (0, 1)), words), (TraitTest(0, "neq", (1,)), words), (TraitTest(0, "not_in", (1,)), words),
    ):  # fmt: skip
        assert passes(test, feature).tolist() == [False, True], test
    assert passes(TraitTest(0, "not_set"), values).tolist() == [True, False]
    assert passes(TraitTest(0, "lt", 1.0, or_missing=True), values).tolist() == [True, False]


def _boxes() -> st.SearchStrategy[Any]:
    """Boxes as trees make them: an interval or some words of each trait, with or without the missing."""
    intervals = [0b001, 0b010, 0b100, 0b011, 0b110, 0b111]
    numbers = st.sampled_from([bits | missing for bits in (0, *intervals) for missing in (0, 8) if bits | missing])
    words = st.integers(1, 0b11111)
    boxes = st.fixed_dictionaries({}, optional={0: numbers, 1: numbers, 2: words, 3: st.sampled_from([0b01, 0b10])})
    return st.lists(boxes, max_size=5)


@given(boxes=_boxes())
def test_simplifying_changes_nobody_and_never_lengthens(boxes: list[Box]) -> None:
    table = everything()
    lean = simplified(boxes, ATOMS)
    assert np.array_equal(taken(lean, table), taken(boxes, table))
    before = size(tuple(conjunction_of(box, ATOMS) for box in boxes))
    after = tuple(conjunction_of(box, ATOMS) for box in lean)
    assert size(after) <= before
    assert np.array_equal(meets(after, table), taken(boxes, table))


@given(boxes=_boxes(), free=_boxes())
def test_what_is_free_may_be_taken_in_and_nothing_else(boxes: list[Box], free: list[Box]) -> None:
    table = everything()
    found, own = taken(simplified(boxes, ATOMS, free), table), taken(boxes, table)
    assert not (own & ~found).any()
    assert not (found & ~own & ~taken(free, table)).any()


@given(box=_boxes(), others=_boxes())
def test_covering_is_what_the_rows_say(box: list[Box], others: list[Box]) -> None:
    table = everything()
    for one in box:
        inside = takes(one, table) & ~taken(others, table)
        assert is_covered(one, others, ATOMS) == (not inside.any())


def test_neighbours_are_joined_and_what_others_say_is_left_out() -> None:
    assert simplified([{0: 0b001, 3: 1}, {0: 0b010, 3: 1}], ATOMS) == [{0: 0b011, 3: 1}]
    # Below 10, or from 10 on and the first word: who is below 10 is in anyway.
    assert simplified([{0: 0b0001}, {0: 0b1110, 3: 0b01}], ATOMS) == [{0: 0b0001}, {3: 0b01}]
