"""Preferences worked by hand, with exact binomial tails."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from satsuma.statistics.affinity import Purchases, base_shares, favourites


def purchases(rows: list[tuple[int, int, int]]) -> Purchases:
    """Return events counted by themselves from (customer, category, events)."""
    customer, category, events = (np.array(part, np.int64) for part in zip(*rows, strict=True))
    weight = events.astype(float)
    return Purchases(customer, category, events, weight, weight)


def tail(x: int, n: int, share: float) -> float:
    """P(X >= x) of a binomial, term by term."""
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(x, n + 1))


def test_the_border_of_evidence_is_the_exact_binomial_tail() -> None:
    shares = np.array([0.5, 0.3, 0.2])
    # P(X >= 7 | 10, 0.3) = 0.01059 and P(X >= 6 | 10, 0.3) = 0.04735, against 0.05 / 3 = 0.01667.
    assert tail(7, 10, 0.3) == pytest.approx(0.010592, abs=1e-6)
    assert tail(6, 10, 0.3) == pytest.approx(0.047349, abs=1e-6)
    bought = purchases([(0, 0, 3), (0, 1, 7), (1, 0, 4), (1, 1, 6)])
    found = favourites(bought, shares, 3)
    assert found.category.tolist() == [1, -1, -1]
    assert found.index[0] == pytest.approx(0.7 / 0.3)


def test_a_rare_category_needs_its_number_of_events_too() -> None:
    shares = np.array([0.999, 0.001])
    bought = purchases([(0, 0, 10), (0, 1, 2), (1, 0, 10), (1, 1, 3)])
    assert favourites(bought, shares, 2, at_least=3).category.tolist() == [-1, 1]


def test_of_two_preferences_the_surer_is_the_favourite() -> None:
    # 20 of 30 at a base of 20 % says more than 3 of 30 at a base of 1 %, though its index is lower.
    shares = np.array([0.79, 0.2, 0.01])
    found = favourites(purchases([(0, 0, 7), (0, 1, 20), (0, 2, 3)]), shares, 1)
    assert found.category.tolist() == [1]
    assert found.index[0] == pytest.approx(20 / 30 / 0.2)


def test_uneven_money_proves_less_than_its_events() -> None:
    shares = np.array([0.7, 0.3])
    customer, category = np.array([0, 0]), np.array([0, 1])
    events = np.array([3, 7])
    even = Purchases(customer, category, events, np.array([3.0, 7.0]), np.array([3.0, 7.0]))
    # The same shares of money, but one line holds most of it: (sum w)^2 / sum w^2 = 100 / 40 = 2.5 events.
    uneven = Purchases(customer, category, events, np.array([3.0, 7.0]), np.array([3.0, 37.0]))
    assert favourites(even, shares, 1).category.tolist() == [1]
    assert favourites(uneven, shares, 1).category.tolist() == [-1]


def test_base_shares_count_what_is_too_small_to_be_listed() -> None:
    assert base_shares(purchases([(0, 0, 6), (0, -1, 2), (1, 1, 2)]), 2).tolist() == [0.6, 0.2]
