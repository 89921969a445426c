"""Agreement of groupings: second implementations, what chance gives, and refits that move or stay."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.effects.agreement import adjusted_rand, chance_jaccard, crossed, jaccards, self_agreement
from satsuma.statistics.errors import CannotEstimate


def test_the_adjusted_rand_index_is_that_of_a_second_implementation() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        first, second = rng.integers(0, 4, 200), rng.integers(0, 3, 200)
        assert adjusted_rand(crossed(first, second, 4)) == pytest.approx(adjusted_rand_score(first, second))
    assert adjusted_rand(crossed(first, first, 4)) == 1
    assert adjusted_rand([[7]]) == 1
    # Hubert & Arabie's own kind of table: 6 objects, by hand.
    assert adjusted_rand([[2, 1], [0, 3]]) == pytest.approx(0.32432432)


def test_who_is_in_no_group_is_not_counted() -> None:
    assert crossed(np.array([0, -1, 1, 1]), np.array([0, 0, 1, -1]), 2).tolist() == [[1, 0], [0, 1]]


def test_jaccard_is_those_in_both_over_those_in_either() -> None:
    assert jaccards([3, 0], [4, 5], [6, 2]).tolist() == [3 / 7, 0]
    assert np.isnan(jaccards(0, 0, 0))


def test_random_groups_overlap_as_chance_says() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(300):
        first, second = rng.permutation(1_000) < 300, rng.permutation(1_000) < 500
        found.append((first & second).sum() / (first | second).sum())
    assert np.mean(found) == pytest.approx(float(chance_jaccard(300, 500, 1_000)), abs=0.003)


def test_a_fixed_rule_agrees_with_itself_and_a_random_one_as_chance_says() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 2, 2_000)
    fixed = self_agreement(codes, 3, lambda _: codes, rng=rng, draws=5)
    assert fixed.jaccard[:2].tolist() == [1, 1]
    assert np.isnan(fixed.jaccard[2])
    assert fixed.rand == 1
    shuffled = self_agreement(codes, 2, lambda _: rng.permutation(codes), rng=rng, draws=20)
    assert shuffled.rand == pytest.approx(0, abs=0.01)
    assert shuffled.jaccard == pytest.approx([float(chance_jaccard(n, n, 2_000)) for n in np.bincount(codes)], abs=0.02)


def test_a_median_cut_moves_as_theory_says() -> None:
    # The median of n normal values has the standard deviation (pi / 2 / n)^.5; the share that changes sides is that
    # times the density .4, in the mean of |z| times it.
    rng = np.random.default_rng(4)
    values = rng.normal(size=4_000)

    def refit(weights: np.ndarray) -> np.ndarray:
        return (values > np.median(np.repeat(values, weights.astype(int)))).astype(int)

    found = self_agreement((values > np.median(values)).astype(int), 2, refit, rng=rng, draws=60)
    moved = np.sqrt(np.pi / 2 / 4_000) * np.sqrt(2 / np.pi) * 0.3989
    assert 1 - found.jaccard.mean() == pytest.approx(moved / 0.5, rel=0.35)
    assert found.low.max() <= found.jaccard.min()


def test_nobody_in_any_group_cannot_be_compared() -> None:
    with pytest.raises(CannotEstimate, match="Nobody"):
        self_agreement(np.full(3, -1), 2, lambda _: np.zeros(3, int), rng=np.random.default_rng(0))
