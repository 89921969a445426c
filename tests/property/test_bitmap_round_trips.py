"""Packed bits and Roaring bitmaps hold the same sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyroaring import BitMap

from satsuma.evaluation.bitmaps import bitmap, mask, serialise
from satsuma.evaluation.columns import count_bits, pack, unpack


@st.composite
def sets(draw: st.DrawFn) -> tuple[int, set[int]]:
    """Return a size and customers below it: sparse ones, runs, and containers on both sides of 4,096 members."""
    size = draw(st.sampled_from([0, 1, 7, 8, 9, 65_535, 65_536, 65_537, 200_000]))
    chosen: set[int] = set()
    if size:
        chosen |= draw(st.sets(st.integers(0, size - 1), max_size=20))
        for _ in range(draw(st.integers(0, 2))):
            start = draw(st.integers(0, size - 1))
            length = draw(st.sampled_from([1, 100, 4_095, 4_096, 4_097, 65_536]))
            chosen |= set(range(start, min(start + length, size)))
    return size, chosen


@given(sets())
@example((65_536, set(range(65_536))))
@example((131_072, {65_536}))
def test_bits_become_the_bitmap_of_their_members_and_back(drawn: tuple[int, set[int]]) -> None:
    size, chosen = drawn
    members = np.zeros(size, np.bool_)
    members[list(chosen)] = True
    bits = pack(members)
    expected = BitMap(chosen)
    assert bitmap(bits) == expected
    assert count_bits(bits) == len(chosen)
    assert np.array_equal(unpack(bits, size), members)
    assert np.array_equal(mask(expected, size), members)


@given(sets())
def test_what_is_written_is_what_roaring_itself_writes_without_runs(drawn: tuple[int, set[int]]) -> None:
    size, chosen = drawn
    members = np.zeros(size, np.bool_)
    members[list(chosen)] = True
    assert serialise(pack(members)) == BitMap(chosen, optimize=False).serialize()


@given(sets(), sets())
def test_set_algebra_on_bits_is_that_of_bitmaps(one: tuple[int, set[int]], two: tuple[int, set[int]]) -> None:
    size = max(one[0], two[0])
    first, second = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    first[list(one[1])] = True
    second[list(two[1])] = True
    assert set(bitmap(pack(first) & pack(second))) == one[1] & two[1]
    assert set(bitmap(pack(first) | pack(second))) == one[1] | two[1]


def test_members_beyond_the_size_are_left_out() -> None:
    assert mask(BitMap([1, 9, 10, 4_000_000_000]), 10).tolist() == [number in (1, 9) for number in range(10)]


@pytest.mark.parametrize("size", [0, 1])
def test_an_empty_set_is_the_smallest_file(size: int) -> None:
    assert serialise(pack(np.zeros(size, np.bool_))) == BitMap().serialize()
