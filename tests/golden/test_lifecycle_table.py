"""Stages of life worked by hand: typical interval 30 days, weight 2, shortest 7, slipping after 2, lapsed after 4."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.lifecycle import STAGES, occasions, stages, typical_interval

TODAY = 1000
#: Days of orders, the rhythm by eq. (1) and the stage today.
CUSTOMERS = (
    ([], None, "Prospect"),
    ([990], 30, "New"),  # silent 10 <= 60
    ([940], 30, "New"),  # silent 60, not over 2 x 30
    ([939], 30, "Slipping"),  # silent 61
    ([880], 30, "Slipping"),  # silent 120, not over 4 x 30
    ([879], 30, "Lapsed"),  # silent 121
    ([970, 980, 990], 20, "Active"),  # (2 x 30 + 20) / (2 + 2) = 20
    ([940, 950, 960], 20, "Active"),  # silent 40, not over 2 x 20
    ([939, 949, 959], 20, "Slipping"),  # silent 41
    ([899, 909, 919], 20, "Lapsed"),  # silent 81 > 80
    ([700, 720, 995], 80 / 3, "Returned"),  # gap 275 > 4 x (60 + 20) / 3; the rhythm stays 80 / 3
    ([700, 720, 946], 80 / 3, "Slipping"),  # returned, but silent 54 > 2 x 80 / 3
    ([700, 720, 980, 995], 71, "Active"),  # one more occasion: (60 + 295) / 5
    ([996, 997, 998, 999], 63 / 5, "Active"),
    ([100, 995], 30, "Returned"),  # gap 895 > 4 x 30, where the rhythm before is the typical one
)


def table() -> tuple[np.ndarray, np.ndarray]:
    pairs = [(number, day) for number, (days, _, _) in enumerate(CUSTOMERS) for day in days]
    return np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs], np.int64)


def test_the_stages_are_those_worked_by_hand() -> None:
    customer, day = table()
    known = occasions(customer, day, len(CUSTOMERS))
    found = stages(known, TODAY, 30.0, slipping=2, lapsed=4, weight=2, shortest=7)
    assert [STAGES[code] for code in found] == [stage for _, _, stage in CUSTOMERS]


def test_the_typical_interval_is_the_median_of_the_customers_own_means() -> None:
    # Own means 10, 30 and 20 (which has two intervals); the one with a single day and the one with none count not.
    known = occasions(np.array([0, 0, 1, 1, 2, 2, 2, 3]), np.array([0, 10, 0, 30, 0, 30, 40, 5], np.int64), 5)
    assert typical_interval(known) == pytest.approx(20.0)


def test_two_orders_of_one_day_are_one_occasion() -> None:
    known = occasions(np.array([0, 0, 0]), np.array([5, 5, 9], np.int64), 1)
    assert (known.count[0], known.first[0], known.last[0], known.before_last[0]) == (2, 5, 9, 5)
