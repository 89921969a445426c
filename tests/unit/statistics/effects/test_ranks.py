"""Two groups by rank: every pair counted by hand, scipy's test, and ties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from satsuma.statistics.effects.ranks import compare_ranks, rank_sums, ranked


def test_delta_is_the_share_of_pairs_won_less_those_lost() -> None:
    values, groups = np.array([3.0, 5.0, 1.0, 3.0, 2.0]), np.array([0, 0, 1, 1, 1])
    ranks = ranked(values)
    found = compare_ranks(*rank_sums(ranks, groups, 2), ranks)
    # 3 beats 1 and 2 and ties with 3, 5 beats all three: 5 won, 0 lost of 6.
    assert found.delta == pytest.approx([5 / 6, -5 / 6])


@pytest.mark.parametrize("levels", [3, 40, 10_000])
def test_the_test_is_scipys_with_ties(levels: int) -> None:
    rng = np.random.default_rng(levels)
    values = rng.integers(0, levels, 300).astype(float)
    groups = (rng.random(300) < 0.3 + 0.2 * (values > levels / 2)).astype(int)
    values[::9] = np.nan
    ranks = ranked(values)
    found = compare_ranks(*rank_sums(ranks, groups, 2), ranks)
    known = ~np.isnan(values)
    left, right = values[(groups == 1) & known], values[(groups == 0) & known]
    expected = stats.mannwhitneyu(left, right, method="asymptotic")
    assert found.p[1] == pytest.approx(expected.pvalue)
    assert (found.delta[1] + 1) / 2 * len(left) * len(right) == pytest.approx(expected.statistic)
    assert ranks.rank[known] == pytest.approx(stats.rankdata(values[known]))


def test_what_is_tied_throughout_or_has_no_other_side_is_not_tested() -> None:
    tied = ranked(np.full(20, 7.0))
    found = compare_ranks(*rank_sums(tied, np.repeat([0, 1], 10), 2), tied)
    assert np.isnan(found.p).all()
    assert found.delta.tolist() == [0, 0]
    ranks = ranked([1.0, 2.0, 3.0])
    everybody = compare_ranks(6.0, 3, ranks)
    assert np.isnan(everybody.delta)
    assert np.isnan(everybody.p)


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    shift = 0.5
    truth = 2 * stats.norm.cdf(shift / np.sqrt(2)) - 1
    covered = 0
    for _ in range(400):
        values = np.concatenate([rng.normal(shift, 1, 80), rng.normal(0, 1, 160)])
        ranks = ranked(values)
        found = compare_ranks(ranks.rank[:80].sum(), 80, ranks)
        covered += bool(found.low <= truth <= found.high)
    assert 0.92 <= covered / 400 <= 0.98
