"""Random groups: exact distributions against theory, and against drawing them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact

from satsuma.statistics.effects.random_groups import mean_deviation, random_means, share_tail


def test_means_of_random_groups_have_the_mean_and_the_spread_of_theory() -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(size=800)
    found = random_means(values, [40, 400, 800], rng=rng, draws=2_000)
    assert found.means.mean(axis=0) == pytest.approx(np.full(3, values.mean()), rel=0.02)
    for place, n in enumerate((40, 400)):
        expected = np.sqrt(values.var(ddof=1) / n * (1 - n / 800))
        assert found.means[:, place].std() == pytest.approx(expected, rel=0.06)
    assert found.means[:, 2] == pytest.approx(np.full(2_000, values.mean()))


def test_percentile_and_p_value_by_hand() -> None:
    found = random_means(np.array([1.0, 2.0, 3.0, 4.0]), [4, 1], rng=np.random.default_rng(2), draws=400)
    # A group of everybody is like itself; a single one is below 4 in three of four draws.
    assert found.percentile([2.5, 4.0])[0] == 0.5
    assert found.percentile([2.5, 4.0])[1] == pytest.approx(0.875, abs=0.04)
    assert found.p_value([2.5, 9.0]) == pytest.approx([1, 2 / 401])
    assert np.isnan(found.p_value([np.nan, 1.0])[0])
    low, high = found.interval()
    assert (low[0], high[0]) == (2.5, 2.5)


def test_p_values_of_random_groups_are_even() -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(sigma=1.5, size=500)
    control = random_means(values, np.full(300, 60), rng=rng, draws=300)
    p = control.p_value([values[rng.permutation(500)[:60]].mean() for _ in range(300)])
    assert np.mean(p <= 0.1) == pytest.approx(0.1, abs=0.05)


def test_the_difference_from_the_others_spreads_as_said() -> None:
    rng = np.random.default_rng(4)
    values = rng.exponential(size=300)
    found = []
    for _ in range(3_000):
        order = rng.permutation(300)
        found.append(values[order[:70]].mean() - values[order[70:]].mean())
    assert np.std(found) == pytest.approx(float(mean_deviation(values.var(ddof=1), 70, 300)), rel=0.05)
    assert np.isnan(mean_deviation(1.0, 300, 300))


def test_shares_are_tested_as_fisher_does() -> None:
    # Both sides doubled, where Fisher adds up what is less likely: equal for tables that are symmetric.
    assert share_tail(3, 10, 10, 20) == pytest.approx(fisher_exact([[3, 7], [7, 3]]).pvalue)
    assert share_tail(5, 10, 10, 20) == 1
    assert share_tail(8, 8, 8, 16) == pytest.approx(2 / 12_870)
