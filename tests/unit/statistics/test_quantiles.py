from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.quantiles import equal_groups, interval_of, mid_rank, type_7


def test_mid_rank_counts_equal_values_half() -> None:
    assert mid_rank([10, 20, 20, 30]).tolist() == [0.125, 0.5, 0.5, 0.875]


def test_mid_rank_of_nothing_is_nothing() -> None:
    assert mid_rank([]).tolist() == []


def test_a_cut_belongs_to_the_interval_that_it_begins() -> None:
    assert interval_of([24, 25, 44, 45, 99], [25, 45]).tolist() == [0, 1, 1, 2, 2]


def test_type_7_interpolates_between_order_statistics() -> None:
    assert type_7([1, 2, 3, 4], [0.25, 0.5, 0.75]).tolist() == [1.75, 2.5, 3.25]


@pytest.mark.parametrize(
    ("size", "groups", "starts"), [(10, 5, [2, 4, 6, 8]), (12, 5, [3, 6, 8, 10]), (2, 5, [1, 2, 2, 2]), (0, 2, [0])]
)
def test_equal_groups_have_the_larger_ones_first(size: int, groups: int, starts: list[int]) -> None:
    assert equal_groups(size, groups).tolist() == starts
    sizes = np.diff([0, *equal_groups(size, groups), size])
    assert sizes.sum() == size
    assert sizes.max() - sizes.min() <= 1
