"""Counts, means and spreads: parts add up to wholes, and wholes give the parts back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.statistics.effects.moments import Moments, moments, moments_by_group

NUMBERS = st.lists(st.floats(-1e6, 1e6, width=32), max_size=30)


def same(left: Moments, right: Moments, of: Moments | None = None, tolerance: float = 1e-9) -> bool:
    """Return whether two statistics agree, to the digits that numbers as large as those of `of` leave."""
    most = right if of is None else of
    scale = np.maximum(np.nan_to_num(np.abs(most.mean)) ** 2 * most.n + most.m2, 1.0)
    return bool(
        np.array_equal(left.n, right.n)
        and np.allclose(left.mean, right.mean, rtol=1e-9, atol=1e-6, equal_nan=True)
        and (np.abs(left.m2 - right.m2) <= tolerance * scale).all()
    )


@given(NUMBERS, NUMBERS)
def test_the_sum_of_two_parts_is_the_whole_and_a_part_can_be_taken_away(left: list[float], right: list[float]) -> None:
    whole = moments(left + right)
    assert same(moments(left) + moments(right), whole)
    # What is left after taking away is known to the digits of the whole.
    assert same(whole.without(moments(left)), moments(right), of=whole)


def test_the_variance_is_that_of_numpy_also_where_the_mean_is_large_beside_the_spread() -> None:
    values = 1e8 + np.array([0.0, 1.0, 2.0, 3.0])
    assert moments(values).variance == pytest.approx(np.var(values, ddof=1), rel=1e-12)
    # The textbook's sum of squares has no digit left here.
    assert (moments(values[:2]) + moments(values[2:])).variance == pytest.approx(5 / 3, rel=1e-12)


def test_columns_leave_out_what_is_missing_each_by_itself() -> None:
    found = moments([[1.0, np.nan], [3.0, np.nan], [np.nan, 5.0]])
    assert found.n.tolist() == [2, 1]
    assert found.mean.tolist() == [2, 5]
    assert found.m2.tolist() == [2, 0]
    assert np.isnan(found.variance).tolist() == [False, True]


def test_groups_are_those_of_each_group_alone() -> None:
    rng = np.random.default_rng(1)
    values, groups = rng.lognormal(3, 1, 500), rng.integers(-1, 4, 500)
    values[::7] = np.nan
    found = moments_by_group(values, groups, 5)
    for group in range(5):
        alone = moments(values[groups == group])
        assert found.n[group] == alone.n
        assert found.mean[group] == pytest.approx(float(alone.mean), nan_ok=True)
        assert found.m2[group] == pytest.approx(float(alone.m2))
