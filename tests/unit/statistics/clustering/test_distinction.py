"""What sets groups apart: differences by hand, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.clustering.distinction import distinctions
from satsuma.statistics.clustering.rows import Rows


def rows() -> tuple[Rows, np.ndarray]:
    numbers = np.array([[0.0], [2.0], [4.0], [6.0], [np.nan]])
    codes = np.array([[0], [0], [1], [2], [-1]], np.int32)
    return Rows(numbers, codes, (3,)), np.array([0, 0, 1, 1, 1], np.int32)


def test_a_number_is_apart_by_the_difference_of_means_in_standard_deviations_of_all() -> None:
    given, groups = rows()
    found = [item for item in distinctions(given, groups, 2)[0] if item.number == 0]
    assert (found[0].inside, found[0].outside) == (1.0, 5.0)
    assert found[0].effect == pytest.approx(-4 / np.std([0, 2, 4, 6]))


def test_a_category_is_apart_by_its_level_with_the_largest_h() -> None:
    given, groups = rows()
    found = [item for item in distinctions(given, groups, 2)[0] if item.category == 0]
    assert (found[0].level, found[0].inside, found[0].outside) == (0, 1.0, 0.0)
    assert found[0].effect == pytest.approx(np.pi)


def test_rows_of_no_group_count_for_nobody() -> None:
    given, groups = rows()
    groups[3] = -1
    found = [item for item in distinctions(given, groups, 2)[0] if item.number == 0]
    assert found[0].outside == 4.0


def test_random_groups_are_hardly_apart() -> None:
    rng = np.random.default_rng(1)
    given = Rows(rng.normal(size=(4000, 5)), rng.integers(0, 3, (4000, 2)).astype(np.int32), (3, 3))
    for items in distinctions(given, rng.integers(0, 3, 4000).astype(np.int32), 3):
        assert max(abs(item.effect) for item in items) < 0.15


def test_a_group_of_nobody_and_a_constant_have_no_difference() -> None:
    given = Rows(np.ones((4, 1)), np.zeros((4, 0), np.int32), ())
    assert distinctions(given, np.zeros(4, np.int32), 2) == [[], []]
