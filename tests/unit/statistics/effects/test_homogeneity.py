"""Spreads within groups: exact values, and random groups where theory says they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis

from satsuma.statistics.effects.homogeneity import entropy_ratio, variance_ratio
from satsuma.statistics.effects.moments import moments


def test_a_group_of_equals_is_0_and_everybody_is_1() -> None:
    values = np.arange(12.0)
    base = moments(values)
    assert variance_ratio(moments(np.full(4, 3.0)), base, 1.8).ratio == 0
    assert variance_ratio(base, base, 1.8).ratio == 1
    assert variance_ratio(base, base, 1.8).deviation == 0
    assert entropy_ratio([[5, 0], [5, 5]], [10, 10]).ratio.tolist() == pytest.approx([0, 1])


def test_known_ratios() -> None:
    base = moments([1.0, 2, 3, 4, 5, 6])
    assert variance_ratio(moments([1.0, 2, 3]), base, 1.8).ratio == pytest.approx(1 / 3.5)
    # H(.25) = .811278 bits, of H(.5) = 1 bit.
    assert entropy_ratio([[1, 3]], [10, 10]).ratio == pytest.approx([0.811278], abs=1e-6)


def test_random_groups_have_the_mean_and_the_spread_that_are_said() -> None:
    rng = np.random.default_rng(1)
    values = rng.exponential(size=2_000)
    codes = rng.choice(4, 2_000, p=[0.5, 0.3, 0.15, 0.05])
    base, counts = moments(values), np.bincount(codes)
    numbers, texts = [], []
    for _ in range(600):
        chosen = rng.permutation(2_000)[:300]
        numbers.append(float(variance_ratio(moments(values[chosen]), base, 9.0).ratio))
        texts.append(float(entropy_ratio(np.bincount(codes[chosen], minlength=4), counts).ratio))
    told = variance_ratio(moments(values[:300]), base, kurtosis(values, fisher=False))
    assert np.mean(numbers) == pytest.approx(float(told.expected), abs=0.02)
    assert np.std(numbers) == pytest.approx(float(told.deviation), rel=0.1)
    said = entropy_ratio(np.bincount(codes[:300], minlength=4), counts)
    assert np.mean(texts) == pytest.approx(float(said.expected), abs=0.004)
    assert np.std(texts) == pytest.approx(float(said.deviation), rel=0.1)


def test_nobody_and_no_spread_have_no_ratio() -> None:
    base = moments(np.ones(5))
    assert np.isnan(variance_ratio(base, base, 3).ratio)
    assert np.isnan(entropy_ratio([[0, 0], [2, 0]], [9, 0]).ratio).all()
