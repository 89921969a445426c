"""The interval of a skewed mean: by hand, symmetric where nothing is skewed, and how often it holds the mean."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from satsuma.statistics.effects.skewed_means import skewed_mean_interval


def sums(values: np.ndarray) -> tuple[np.ndarray, ...]:
    apart = values - values.mean(axis=-1, keepdims=True)
    return np.full(values.shape[:-1], values.shape[-1]), values.mean(axis=-1), (apart**2).sum(-1), (apart**3).sum(-1)


def test_without_skewness_it_is_the_normal_interval() -> None:
    low, high = skewed_mean_interval(*sums(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]])))
    reach = 1.959964 * np.sqrt(2.0 / 5)
    assert (low[0], high[0]) == pytest.approx((3 - reach, 3 + reach), abs=1e-5)


def test_its_ends_solve_halls_equation() -> None:
    values = np.random.default_rng(1).lognormal(size=60)
    n, mean, m2, m3 = sums(values)
    spread, skewness = np.sqrt(m2 / n), m3 / n / np.sqrt(m2 / n) ** 3
    for end, z in zip(skewed_mean_interval(n, mean, m2, m3), (ndtri(0.975), ndtri(0.025)), strict=True):
        t = (mean - end) / spread
        told = np.sqrt(n) * (t + skewness * t**2 / 3 + skewness**2 * t**3 / 27 + skewness / (6 * n))
        assert told == pytest.approx(z, abs=1e-9)


def test_it_holds_the_mean_of_skewed_amounts_more_often_than_the_usual_one() -> None:
    values = np.exp(1.5 * np.random.default_rng(2).normal(size=(3_000, 200)))
    truth = np.exp(1.5**2 / 2)
    n, mean, m2, m3 = sums(values)
    low, high = skewed_mean_interval(n, mean, m2, m3)
    reach = 1.972 * np.sqrt(m2 / (n - 1) / n)
    usual = np.mean(np.abs(mean - truth) <= reach)
    held = np.mean((low <= truth) & (truth <= high))
    assert held > 0.91 > usual


def test_one_value_has_no_interval_and_equal_values_have_a_point() -> None:
    assert np.isnan(skewed_mean_interval(1, 5.0, 0.0, 0.0)).all()
    assert [float(end) for end in skewed_mean_interval(9, 5.0, 0.0, 0.0)] == [5, 5]
