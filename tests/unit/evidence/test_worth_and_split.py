"""Worth beside random groups, and groups that fall into two."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.evidence.split import halves
from satsuma.evidence.traits import number, yes_no
from satsuma.evidence.worth import worths
from small_groups import groups_from


def test_worth_by_hand() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 45])
    groups = groups_from({"a": values < 6, "none": values > 99, "all": values > 0})
    first, none, everybody = worths(groups, values, rng=np.random.default_rng(1))
    assert none is None
    assert first is not None
    assert everybody is not None
    assert (first.mean, first.total, first.share, first.index) == (3, 15, 0.25, 0.3)
    # Five of six: all but one, and the mean is 3 only without the 45.
    assert first.random_low == 3
    assert first.p == pytest.approx(1 / 3, abs=0.12)
    assert (everybody.random_low, everybody.random_high, everybody.p) == (10, 10, 1)


def test_random_groups_are_worth_what_random_groups_are() -> None:
    rng = np.random.default_rng(2)
    values = rng.lognormal(3, 1.5, 2_000)
    groups = groups_from({f"g{place}": rng.permutation(2_000) < 100 for place in range(200)})
    found = [item for item in worths(groups, values, rng=rng) if item is not None]
    assert np.mean([item.is_beyond_chance for item in found]) == pytest.approx(0.05, abs=0.05)
    assert np.mean([item.percentile for item in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([item.low <= values.mean() <= item.high for item in found]) > 0.85


def test_a_planted_group_is_worth_more_than_any_random_one() -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(3, 1, 1_000)
    (best,) = worths(groups_from({"best": values > np.quantile(values, 0.8)}), values, rng=rng)
    assert best is not None
    assert best.percentile == 1
    assert best.p == pytest.approx(2 / 401)
    assert best.is_beyond_chance


def test_a_group_of_two_kinds_is_in_two_heaps_and_one_of_one_is_not() -> None:
    rng = np.random.default_rng(4)
    mask = np.arange(2_000) < 1_000
    ages = np.where(np.arange(2_000) % 2, 25, 60) + rng.normal(0, 4, 2_000)
    ages[~mask] = rng.normal(40, 10, 1_000)
    traits = [number("age", ages, unit="years"), number("amount", rng.lognormal(3, 1, 2_000)), yes_no("has", mask)]
    two, one = halves(groups_from({"two": mask, "one": ~mask}), traits, rng=rng)
    assert two is not None
    assert one is not None
    assert two.is_sure
    assert (two.trait, two.below) == ("age", pytest.approx(0.5, abs=0.05))
    assert 30 < two.border < 55
    assert "'age'" in two.sentence
    assert not one.is_sure


def test_random_groups_are_hardly_ever_said_to_be_in_two_heaps() -> None:
    rng = np.random.default_rng(5)
    size = 4_000
    traits = [number("even", rng.random(size)), number("tail", rng.lognormal(size=size)),
              number("spent", np.where(rng.random(size) < 0.5, 0, rng.lognormal(size=size))),
              number("orders", rng.poisson(2, size).astype(float)),
              number("normal", rng.normal(size=size))]  # fmt: skip
    groups = groups_from({f"g{place}": rng.permutation(size) < 1_200 for place in range(60)})
    found = halves(groups, traits, rng=rng)
    assert sum(item is not None and item.is_sure for item in found) <= 6
    # What half of them do not have, and whole orders, are not looked at.
    assert {item.trait for item in found if item is not None} <= {"even", "tail", "normal"}


def test_few_members_are_not_looked_at() -> None:
    traits = [number("x", np.arange(400.0))]
    assert halves(groups_from({"a": np.arange(400) < 199}), traits, rng=np.random.default_rng(6)) == [None]
