"""Words and categories: a second implementation word by word, and rare ones held back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from satsuma.statistics.effects.log_odds import compare_use, informative_prior


def by_hand(used: list[float], other: list[float], prior: list[float]) -> list[tuple[float, float]]:
    """Eq. (15) and (20) of Monroe, Colaresi & Quinn (2008), one word at a time."""
    answers = []
    n, m, whole = sum(used), sum(other), sum(prior)
    for y, x, a in zip(used, other, prior, strict=True):
        log_odds = math.log((y + a) / (n + whole - y - a)) - math.log((x + a) / (m + whole - x - a))
        answers.append((log_odds, math.sqrt(1 / (y + a) + 1 / (x + a))))
    return answers


def test_each_word_is_that_of_a_second_implementation() -> None:
    used, other = [30.0, 3.0, 0.0, 67.0], [200.0, 1.0, 90.0, 709.0]
    prior = informative_prior([230, 4, 90, 776], strength=50)
    found = compare_use(used, other, prior)
    expected = by_hand(used, other, prior.tolist())
    assert found.log_odds == pytest.approx([value for value, _ in expected])
    assert found.deviation == pytest.approx([error for _, error in expected])
    assert found.z == pytest.approx([value / error for value, error in expected])


def test_three_of_four_of_a_rare_word_do_not_win_against_a_common_one() -> None:
    used, other = np.array([3.0, 400.0, 597.0]), np.array([1.0, 2_000.0, 7_999.0])
    found = compare_use(used, other, informative_prior(used + other))
    lift = used / used.sum() / ((used + other) / (used + other).sum())
    assert lift.argmax() == 0
    assert found.z.argmax() == 1


def test_groups_that_use_words_alike_differ_by_chance_alone() -> None:
    rng = np.random.default_rng(6)
    shares = rng.dirichlet(np.full(40, 2.0))
    z = []
    for _ in range(60):
        used, other = rng.multinomial(3_000, shares), rng.multinomial(9_000, shares)
        z.append(compare_use(used, other, informative_prior(used + other, strength=100)).z)
    assert (np.abs(np.array(z)) > 1.96).mean() < 0.05


def test_many_groups_at_once_are_each_alone_and_unused_words_are_unknown() -> None:
    counts = np.array([[5.0, 10.0, 0.0], [20.0, 2.0, 0.0]])
    total = counts.sum(axis=0)
    prior = informative_prior(total, strength=10)
    found = compare_use(counts, total - counts, prior)
    assert found.z[0] == pytest.approx(compare_use(counts[0], total - counts[0], prior).z, nan_ok=True)
    assert np.isnan(found.z[:, 2]).all()
    assert np.isfinite(found.z[:, :2]).all()


def test_a_background_of_nothing_is_no_prior() -> None:
    with pytest.raises(ValueError, match="background"):
        informative_prior([0, 0])
    with pytest.raises(ValueError, match="one value for each word"):
        compare_use([1.0, 2.0], [3.0, 4.0], [1.0])
