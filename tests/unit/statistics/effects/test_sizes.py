"""Shares and means of two groups: published intervals, scipy as second implementation, and what cannot be said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from satsuma.statistics.effects.moments import Moments, moments
from satsuma.statistics.effects.sizes import adjusted, cohens_h, compare_means, compare_shares, index_of, wilson

#: Newcombe (1998), Table II, method 10: x1, n1, x2, n2, lower, upper.
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
]


def test_the_interval_of_a_difference_is_the_published_one() -> None:
    x, n, other_x, other_n, low, high = np.array(NEWCOMBE).T
    found = compare_shares(x, n, other_x, other_n)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


def test_the_share_interval_is_scipys_score_interval() -> None:
    for count, n in [(0, 12), (3, 12), (12, 12), (450, 1000)]:
        expected = stats.binomtest(count, n).proportion_ci(method="wilson")
        low, high = wilson(count, n)
        assert (float(low), float(high)) == pytest.approx((expected.low, expected.high))


def test_the_test_of_shares_is_the_chi_square_test_of_the_table() -> None:
    table = np.array([[60, 340], [45, 375]])
    expected = stats.chi2_contingency(table, correction=False)
    found = compare_shares(60, 400, 45, 420)
    # R's prop.test(c(60, 45), c(400, 420), correct = FALSE): p = .06638.
    assert float(found.p) == pytest.approx(expected.pvalue)
    assert float(found.p) == pytest.approx(0.0663799, abs=5e-8)
    assert float(found.z) ** 2 == pytest.approx(expected.statistic)


def test_cohens_h_has_the_values_of_the_book() -> None:
    # Cohen (1988), Table 6.2.2: arcsine transformations of .50, .65 and .05 are 1.571, 1.875 and 0.451.
    assert float(cohens_h(0.65, 0.5)) == pytest.approx(1.875 - 1.571, abs=1e-3)
    assert float(cohens_h(0.05, 0.5)) == pytest.approx(0.451 - 1.571, abs=1e-3)
    assert float(cohens_h(1.0, 0.0)) == pytest.approx(math.pi)
    found = compare_shares(62, 100, 35, 100)
    assert float(found.h) == pytest.approx(float(cohens_h(0.62, 0.35)))
    assert float(found.h_high - found.h_low) == pytest.approx(2 * 1.959964 * math.sqrt(0.02), rel=1e-6)


def test_groups_the_other_way_round_turn_every_sign_and_keep_the_p_value() -> None:
    there, back = compare_shares(9, 30, 40, 200), compare_shares(40, 200, 9, 30)
    assert (float(there.difference), float(there.h)) == pytest.approx((-float(back.difference), -float(back.h)))
    assert (float(there.low), float(there.high)) == pytest.approx((-float(back.high), -float(back.low)))
    assert float(there.p) == pytest.approx(float(back.p))


def test_shares_of_nobody_cannot_be_compared_and_equal_certainties_do_not_differ() -> None:
    found = compare_shares([0, 5, 0, 10], [0, 10, 10, 10], [3, 0, 0, 20], [10, 0, 20, 20])
    assert np.isnan(found.p).tolist() == [True, True, False, False]
    assert np.isnan(found.h[:2]).all()
    assert np.isnan(found.low[:2]).all()
    assert found.p[2:].tolist() == [1, 1]
    assert found.difference[2:].tolist() == [0, 0]


def test_means_agree_with_scipys_test_of_unequal_variances() -> None:
    rng = np.random.default_rng(2)
    left, right = rng.normal(3, 1, (40, 3)), rng.normal(2.5, 4, (25, 3))
    expected = stats.ttest_ind(left, right, equal_var=False)
    interval = expected.confidence_interval(0.95)
    found = compare_means(moments(left), moments(right))
    assert found.t == pytest.approx(expected.statistic)
    assert found.df == pytest.approx(expected.df)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.low == pytest.approx(interval.low)
    assert found.high == pytest.approx(interval.high)


def test_hedges_g_is_the_corrected_difference_in_pooled_deviations() -> None:
    left, right = np.array([4.0, 5.0, 6.0, 9.0]), np.array([1.0, 2.0, 3.0])
    pooled = math.sqrt((np.var(left, ddof=1) * 3 + np.var(right, ddof=1) * 2) / 5)
    d = (left.mean() - right.mean()) / pooled
    # The exact correction at 5 degrees of freedom; its approximation 1 - 3 / (4 * 5 - 1) is .842.
    correction = math.gamma(2.5) / (math.sqrt(2.5) * math.gamma(2.0))
    found = compare_means(moments(left), moments(right))
    assert correction == pytest.approx(0.8408, abs=1e-4)
    assert float(found.g) == pytest.approx(correction * d)
    error = correction * math.sqrt(1 / 4 + 1 / 3 + d**2 / 14)
    assert (float(found.g_low), float(found.g_high)) == pytest.approx(
        (correction * d - 1.959964 * error, correction * d + 1.959964 * error), rel=1e-6
    )


def test_means_without_spread_or_with_one_value_are_not_tested() -> None:
    constant = compare_means(moments([2.0, 2.0]), moments([3.0, 3.0]))
    single = compare_means(moments([2.0]), moments([3.0, 4.0, 5.0]))
    nobody = compare_means(moments([]), moments([3.0, 4.0]))
    for found in (constant, single, nobody):
        assert np.isnan(found.p)
        assert np.isnan(found.t)
        assert np.isnan(found.low)
    assert np.isnan(constant.g)
    assert np.isnan(nobody.g)
    assert float(single.difference) == pytest.approx(-2)


def test_many_groups_and_traits_at_once_are_the_same_as_each_alone() -> None:
    rng = np.random.default_rng(4)
    n, mean, m2 = rng.integers(5, 40, (3, 2)).astype(float), rng.normal(size=(3, 2)), rng.gamma(9, 1, (3, 2))
    other = Moments(np.array([100.0, 90.0]), np.array([0.2, 0.1]), np.array([80.0, 95.0]))
    together = compare_means(Moments(n, mean, m2), other)
    alone = compare_means(Moments(n[2, 1], mean[2, 1], m2[2, 1]), Moments(other.n[1], other.mean[1], other.m2[1]))
    assert together.p.shape == (3, 2)
    assert together.p[2, 1] == pytest.approx(float(alone.p))
    assert together.g[2, 1] == pytest.approx(float(alone.g))


def test_the_index_is_over_the_base() -> None:
    assert index_of([0.5, 0.1, 0.3], [0.25, 0.1, 0.0]).tolist()[:2] == [2, 1]
    assert np.isnan(index_of(0.3, 0.0))


def test_p_values_are_corrected_as_published_and_what_is_missing_counts_for_none() -> None:
    expected = [0.025, 0.05, 0.05, 0.025, 0.5]
    assert adjusted([0.01, 0.04, 0.03, 0.005, 0.5]) == pytest.approx(expected)
    found = adjusted([[0.01, np.nan, 0.04], [0.03, 0.005, 0.5]])
    assert np.isnan(found[0, 1])
    assert found[~np.isnan(found)] == pytest.approx(expected)
    assert np.isnan(adjusted([np.nan])).all()
    assert adjusted([]).shape == (0,)


def test_the_correction_is_scipys() -> None:
    p = np.random.default_rng(8).beta(0.5, 2, 400).round(3)
    assert adjusted(p) == pytest.approx(stats.false_discovery_control(p))
