from __future__ import annotations

import numpy as np

from satsuma.language.standard_methods.lifecycle import STAGES as LABELS
from satsuma.statistics.lifecycle import ACTIVE, LAPSED, SLIPPING, STAGES, occasions, stages, typical_interval


def test_the_language_and_the_statistics_name_the_same_stages() -> None:
    assert LABELS == STAGES


def test_nobody_with_two_days_gives_no_typical_interval() -> None:
    assert typical_interval(occasions(np.array([0, 1]), np.array([3, 9], np.int64), 3)) is None


def test_whoever_shops_daily_is_not_lost_after_a_long_weekend() -> None:
    days = np.arange(900, 1000, dtype=np.int64)
    known = occasions(np.zeros(100, np.int64), days, 1)
    assert stages(known, 1003, 3.0, shortest=7).tolist() == [ACTIVE]
    assert stages(known, 1003, 3.0, shortest=1).tolist() == [SLIPPING]


def test_many_intervals_outweigh_what_is_typical() -> None:
    days = np.arange(0, 1000, 100, dtype=np.int64)
    known = occasions(np.zeros(10, np.int64), days, 1)
    # Silent for 150 days: long for a typical interval of 10, short for one of 100.
    assert stages(known, 1050, 10.0).tolist() == [ACTIVE]


def test_a_steady_random_buyer_is_rarely_called_lapsed() -> None:
    rng = np.random.default_rng(7)
    customers, days = [], []
    for number in range(3000):
        gaps = np.ceil(rng.exponential(30, 200)).astype(np.int64)
        line = np.cumsum(gaps) - 1000
        line = line[(line >= 0) & (line <= 2000)]
        customers.append(np.full(len(line), number))
        days.append(line)
    known = occasions(np.concatenate(customers), np.concatenate(days), 3000)
    typical = typical_interval(known)
    assert typical is not None
    found = stages(known, 2000, typical)
    # Exponential gaps pass four times their mean in exp(-4) = 1.8 % of cases.
    assert (found == LAPSED).mean() < 0.03
