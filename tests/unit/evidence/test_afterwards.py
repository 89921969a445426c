"""What followed on membership: known differences, exact shuffles, and membership that foretells nothing."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from satsuma.evidence.afterwards import Afterwards, afterwards, outcome_sums
from satsuma.evidence.past import Outcomes
from satsuma.statistics.effects.moments import moments
from satsuma.statistics.effects.random_groups import share_tail
from satsuma.statistics.effects.sizes import compare_means, compare_shares
from small_groups import groups_from

SINCE, UNTIL = datetime(2024, 1, 1), datetime(2024, 4, 1)


def followed(masks: dict[str, np.ndarray], orders: np.ndarray, revenue: np.ndarray) -> list[Afterwards | None]:
    groups = groups_from(masks)
    found = Outcomes(SINCE, UNTIL, orders.astype(float), revenue.astype(float))
    return afterwards(groups, found, outcome_sums(groups, found), 10)


def test_differences_and_intervals_are_those_of_two_groups() -> None:
    rng = np.random.default_rng(1)
    orders = rng.poisson(0.8, 300)
    revenue = orders * rng.lognormal(3, 1, 300)
    mask = np.arange(300) < 120
    (found,) = followed({"a": mask}, orders, revenue)
    assert found is not None
    assert (found.size, found.since, found.until) == (120, SINCE, UNTIL)
    bought, counted, money = found.outcomes
    has = orders > 0
    shares = compare_shares(has[mask].sum(), 120, has[~mask].sum(), 180)
    assert (bought.inside, bought.outside) == (has[mask].mean(), has[~mask].mean())
    assert [bought.low, bought.high, bought.effect] == pytest.approx(
        [float(each) for each in (shares.low, shares.high, shares.h)]
    )
    assert bought.p == pytest.approx(float(share_tail(has[mask].sum(), 120, has.sum(), 300)))
    means = compare_means(moments(revenue[mask]), moments(revenue[~mask]))
    assert [money.difference, money.low, money.high] == pytest.approx(
        [float(each) for each in (means.difference, means.low, means.high)]
    )
    assert counted.inside == pytest.approx(orders[mask].mean())


def test_shuffled_membership_differs_as_it_is_said_to() -> None:
    rng = np.random.default_rng(2)
    orders = rng.poisson(0.5, 1_000)
    revenue = orders * rng.lognormal(3, 1, 1_000)
    masks = {f"g{place}": rng.permutation(1_000) < 150 for place in range(400)}
    found = [item for item in followed(masks, orders, revenue) if item is not None]
    for place in range(3):
        beyond = np.mean([abs(item.outcomes[place].difference) > item.outcomes[place].shuffled for item in found])
        assert beyond == pytest.approx(0.05, abs=0.035)
    assert sum(bool(item.sure) for item in found) <= 15


def test_membership_that_foretells_is_sure() -> None:
    rng = np.random.default_rng(3)
    mask = np.arange(1_000) < 200
    orders = rng.poisson(np.where(mask, 2.0, 0.3))
    (found,) = followed({"a": mask}, orders, orders * 10)
    assert found is not None
    assert {item.what for item in found.sure} == {"bought", "orders", "revenue"}


def test_where_nobody_did_anything_there_is_no_outcome() -> None:
    (found,) = followed({"a": np.arange(100) < 50}, np.zeros(100), np.zeros(100))
    assert found is not None
    assert found.outcomes == ()


def test_a_small_group_and_nearly_everybody_are_told_nothing_of() -> None:
    orders = np.arange(100) % 2
    found = followed({"few": np.arange(100) < 9, "many": np.arange(100) < 91}, orders, orders)
    assert found == [None, None]


def test_plain_values_have_all_of_it() -> None:
    orders = np.arange(100) % 3
    (found,) = followed({"a": np.arange(100) < 40}, orders, orders)
    assert found is not None
    plain = found.as_dict()
    assert [item["what"] for item in plain["outcomes"]] == ["bought", "orders", "revenue"]
    assert plain["outcomes"][0]["is_sure"] is False
