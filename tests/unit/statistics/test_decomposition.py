"""Decompositions of a change: by hand, exactly adding up for anything, and nothing found where nothing happened."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.statistics.decomposition import MixChange, ValueChange, mix_change, value_change


def masks(*rows: str) -> list[np.ndarray]:
    return [np.array([letter == "x" for letter in row]) for row in rows]


def test_entries_exits_and_behaviour_by_hand() -> None:
    before, after = masks("xxx..", ".xxx.")
    found = value_change(before, after, [10, 20, 30, 5, 9], [11, 26, 28, 40, 9])
    assert (found.before, found.after, found.change) == (60, 94, 34)
    # The fourth enters with 40, the first leaves with 10, the two who stay bring 6 more and 2 less.
    assert (found.entries, found.exits, found.behaviour) == (40, -10, 4)
    assert (found.entered, found.left, found.stayed) == (1, 1, 2)


def test_the_interval_of_behaviour_is_the_paired_one() -> None:
    before = np.ones(4, bool)
    found = value_change(before, before, [0, 0, 0, 0], [1, 2, 3, 6])
    # Sum 12, standard deviation of the changes sqrt(14/3), t(3) at 97.5 % 3.18245, times sqrt(4).
    reach = 3.182446305284263 * (14 / 3) ** 0.5 * 2
    assert (found.behaviour_low, found.behaviour_high) == pytest.approx((12 - reach, 12 + reach))
    alone = value_change(before & [True, False, False, False], before, [1, 0, 0, 0], [1, 2, 3, 6])
    assert alone.behaviour_low is None


def test_behaviour_that_is_only_noise_is_not_told_from_nothing() -> None:
    rng = np.random.default_rng(11)
    inside = np.ones(300, bool)
    covered = 0
    for _ in range(400):
        found = value_change(inside, inside, rng.gamma(2, 10, 300), rng.gamma(2, 10, 300))
        covered += found.behaviour_low < 0 < found.behaviour_high  # type: ignore[operator]
    assert 0.92 <= covered / 400 <= 0.98


people = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12)),
    max_size=30,
)


@given(people)
def test_the_three_parts_are_the_change_to_the_last_digit(rows: list[tuple[bool, bool, int, int]]) -> None:
    before, after = (np.array([row[place] for row in rows], bool) for place in (0, 1))
    first, second = (np.array([row[place] for row in rows], np.int64) for place in (2, 3))
    found = value_change(before, after, first, second)
    assert found.entries + found.exits + found.behaviour == found.after - found.before
    assert found.stayed + found.entered == after.sum()
    assert found.stayed + found.left == before.sum()
    assert ValueChange.from_dict(found.as_dict()) == found


@given(people)
def test_parts_of_a_group_add_up_to_the_group(rows: list[tuple[bool, bool, int, int]]) -> None:
    before, after = (np.array([row[place] for row in rows], bool) for place in (0, 1))
    first, second = (np.array([row[place] for row in rows], np.int64) for place in (2, 3))
    half = np.arange(len(rows)) % 2 == 0
    whole = value_change(before, after, first, second)
    parts = [value_change(before & side, after & side, first, second) for side in (half, ~half)]
    for name in ("entries", "exits", "behaviour", "before", "after", "entered", "left", "stayed"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)


def test_units_divide_all_amounts() -> None:
    before, after = masks("xx.", ".xx")
    cents = value_change(before, after, [100, 200, 0], [0, 250, 300], unit=100)
    assert (cents.before, cents.after, cents.entries, cents.exits, cents.behaviour) == (3, 5.5, 3, -1, 0.5)


# --------------------------------------------------------------------------------------------------------------- mix


def test_number_mix_and_rate_by_hand() -> None:
    # 100 people half and half become 120, a third and two thirds; the first bring 10 then 12, the second 2 then 2.
    found = mix_change([50, 50], [40, 80], [500, 100], [480, 160])
    assert (found.before, found.after) == (600, 640)
    shares, means = (np.array([5 / 12, 7 / 12]), np.array([11.0, 2.0]))
    typical = float((shares * means).sum())
    assert found.number == pytest.approx(20 * typical)
    assert found.mix == pytest.approx(110 * (-1 / 6 * 11 + 1 / 6 * 2))
    assert found.rate_of.tolist() == pytest.approx([45 * 2, 0])
    assert found.mix_of.sum() == pytest.approx(found.mix)


def test_people_in_other_sub_groups_alone_are_a_change_of_mix() -> None:
    found = mix_change([60, 40], [40, 60], [600, 80], [400, 120])
    assert (found.number, found.rate) == (0, pytest.approx(0))
    assert found.mix == pytest.approx(-160)


def test_more_people_alone_are_a_change_of_number() -> None:
    found = mix_change([10, 30], [20, 60], [100, 90], [200, 180])
    assert found.number == pytest.approx(190)
    assert (found.mix, found.rate) == (pytest.approx(0), pytest.approx(0))


def test_a_sub_group_that_comes_is_a_change_of_mix_and_of_number_and_never_of_rate() -> None:
    found = mix_change([10, 0], [10, 10], [100, 0], [100, 500])
    assert found.rate == 0
    assert found.number + found.mix == pytest.approx(500)


def test_nobody_before() -> None:
    found = mix_change([0, 0], [5, 5], [0, 0], [10, 20])
    assert (found.number, found.mix, found.rate) == (pytest.approx(30), pytest.approx(0), 0)
    nothing = mix_change([0], [0], [0], [0])
    assert (nothing.number, nothing.mix, nothing.rate) == (0, 0, 0)


groups = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9)),
    min_size=1, max_size=8,
)  # fmt: skip


@given(groups)
def test_number_mix_and_rate_add_up(rows: list[tuple[int, int, int, int]]) -> None:
    rows = [(a, b, v if a else 0, w if b else 0) for a, b, v, w in rows]
    found = mix_change(*zip(*rows, strict=True))
    size = 1 + sum(abs(row[2]) + abs(row[3]) for row in rows) + abs(found.number) + abs(found.mix) + abs(found.rate)
    assert found.number + found.mix + found.rate == pytest.approx(found.change, abs=1e-9 * size)
    again = MixChange.from_dict(found.as_dict())
    assert again.as_dict() == found.as_dict()


def test_exact_fractions_agree() -> None:
    counts, values = ([7, 11], [13, 5]), ([70, 33], [91, 45])
    found = mix_change(*counts, *values)
    n0, n1 = (sum(item) for item in counts)
    shares = [[Fraction(c, sum(item)) for c in item] for item in counts]
    means = [[Fraction(v, c) for v, c in zip(vs, cs, strict=True)] for vs, cs in zip(values, counts, strict=True)]
    typical = sum((shares[0][g] + shares[1][g]) / 2 * (means[0][g] + means[1][g]) / 2 for g in (0, 1))
    mix = sum(Fraction(n0 + n1, 2) * (shares[1][g] - shares[0][g]) * (means[0][g] + means[1][g]) / 2 for g in (0, 1))
    rate = sum(Fraction(counts[0][g] + counts[1][g], 2) * (means[1][g] - means[0][g]) for g in (0, 1))
    assert (found.number, found.mix, found.rate) == pytest.approx((float((n1 - n0) * typical), float(mix), float(rate)))
    assert (n1 - n0) * typical + mix + rate == sum(values[1]) - sum(values[0])


@pytest.mark.parametrize(
    "wrong", [([1], [1, 2], [1], [1]), ([-1], [1], [1], [1]), ([0], [1], [5], [1])], ids=["shape", "negative", "value"]
)
def test_wrong_groups_are_refused(wrong: tuple[list[int], ...]) -> None:
    with pytest.raises(ValueError, match=r"[Cc]ount"):
        mix_change(*wrong)
