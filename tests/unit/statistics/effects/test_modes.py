"""Two heaps: found where they are, and not where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.effects.modes import deepest_valley, depths_by_chance, valley_p
from satsuma.statistics.errors import CannotEstimate

N = 1_000
CHANCE = depths_by_chance(N, rng=np.random.default_rng(1))


def found(values: np.ndarray) -> float:
    return valley_p(deepest_valley(values).depth, CHANCE)


def test_even_values_are_called_parted_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(2)
    p = [found(rng.random(N)) for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.04)


def test_one_heap_is_hardly_ever_called_parted() -> None:
    rng = np.random.default_rng(3)
    shapes = (rng.normal(size=(50, N)), np.log1p(rng.exponential(size=(50, N))), rng.beta(2, 5, size=(50, N)))
    assert sum(found(row) <= 0.05 for shape in shapes for row in shape) <= 3


def test_two_heaps_are_found_with_the_border_between_them() -> None:
    rng = np.random.default_rng(4)
    valley = deepest_valley(np.concatenate([rng.normal(10, 1, 600), rng.normal(15, 1, 400)]))
    assert valley.border == pytest.approx(12.5, abs=0.7)
    assert valley.below == pytest.approx(0.6, abs=0.03)
    assert valley_p(valley.depth, CHANCE) < 0.002
    assert valley.depth < 0.3


def test_the_unit_does_not_matter() -> None:
    values = np.random.default_rng(5).normal(size=N)
    first, second = deepest_valley(values), deepest_valley(1e6 + 50 * values)
    assert (second.depth, second.below) == pytest.approx((first.depth, first.below))


def test_few_or_equal_values_cannot_be_looked_at() -> None:
    for values in (np.arange(19.0), np.ones(100)):
        with pytest.raises(CannotEstimate, match="heaps"):
            deepest_valley(values)
