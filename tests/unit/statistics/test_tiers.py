"""Tiers by share of value, by hand and against resampling."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.tiers import holdings, share_cuts


def test_the_first_tier_are_those_who_together_hold_the_share() -> None:
    # 100: 50 + 30 reach 80; half is held by the first alone.
    values = [5, 50, 30, 10, 5]
    assert share_cuts(values, [0.5, 0.8]).tolist() == [50, 30]
    # 81 % needs one more, and 1 % is reached by the first.
    assert share_cuts(values, [0.01, 0.81]).tolist() == [50, 10]


def test_who_holds_the_same_shares_a_tier_and_debts_hold_nothing() -> None:
    assert share_cuts([10, 10, 10, 10, -100], [0.5]).tolist() == [10]
    assert share_cuts([0, 0, -1], [0.5]).tolist() == [np.inf]
    assert share_cuts([], [0.5, 0.8]).tolist() == [np.inf, np.inf]


def test_shares_add_up_and_their_intervals_are_those_of_resampling() -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(3, 1, 4_000)
    codes = (values > 60).astype(np.int64) + (values > 20)
    found = holdings(values, codes, 3)
    assert found.share.sum() == pytest.approx(1)
    assert found.total == pytest.approx([values[codes == code].sum() for code in range(3)])
    drawn = [rng.integers(0, len(values), len(values)) for _ in range(800)]
    shares = [np.bincount(codes[rows], values[rows], 3) / values[rows].sum() for rows in drawn]
    spread = 1.959964 * np.std(shares, axis=0)
    assert (found.high - found.low) / 2 == pytest.approx(spread, rel=0.1)


def test_nobody_and_nothing_have_no_shares() -> None:
    nothing = holdings([0.0, 0.0], np.array([0, 1]), 2)
    assert np.isnan(nothing.share).all()
    outside = holdings([5.0, 7.0], np.array([0, -1]), 2)
    assert outside.share.tolist() == [1.0, 0.0]
