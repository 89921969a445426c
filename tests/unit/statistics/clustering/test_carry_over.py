"""Groups foretold from other traits: what is known is found, what is noise is said to be, and the fit survives JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from satsuma.statistics.clustering.carry_over import Foreteller, carry_over
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.errors import CannotEstimate


def planted(seed: int = 1, rows: int = 900) -> tuple[Rows, np.ndarray]:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, rows).astype(np.int32)
    numbers = rng.normal(groups[:, None] * np.array([1.5, 0.0]), 1.0)
    codes = np.where(rng.random(rows) < 0.8, groups, 0).astype(np.int32)[:, None]
    return Rows(numbers, codes, (3,)), groups


def test_what_can_be_foretold_is_with_an_accuracy_that_holds_on_others() -> None:
    given, groups = planted()
    foreteller, card = carry_over(given, groups, 3, rng=np.random.default_rng(0))
    assert card.helps
    assert card.low < card.accuracy < card.high
    others, truth = planted(seed=2)
    later = float((foreteller.shares(others).argmax(1) == truth).mean())
    assert later == pytest.approx(card.accuracy, abs=0.06)
    assert foreteller.shares(others).sum(1) == pytest.approx(1.0)


def test_kappa_and_recall_are_those_of_the_table() -> None:
    given, groups = planted()
    _, card = carry_over(given, groups, 3, rng=np.random.default_rng(0))
    recalls = [value for value in card.recall if value is not None]
    assert card.balanced_accuracy == pytest.approx(np.mean(recalls))
    sizes = np.bincount(groups) / len(groups)
    assert card.accuracy == pytest.approx(float(np.dot(sizes, recalls)), abs=1e-9)
    assert 0.5 < card.kappa < card.accuracy


def test_noise_foretells_nothing_in_eleven_of_twelve() -> None:
    helped = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        groups = (rng.random(300) < 0.6).astype(np.int32)
        helped += carry_over(rows_of_numbers(rng.normal(size=(300, 3))), groups, 2, rng=rng)[1].helps
    assert helped <= 1


def test_two_groups_and_a_kept_fit() -> None:
    rng = np.random.default_rng(4)
    codes = rng.integers(0, 2, 400)
    groups = np.where(rng.random(400) < 0.9, codes, 1 - codes).astype(np.int32)
    given = rows_of_codes(codes[:, None], (2,))
    foreteller, card = carry_over(given, groups, 2, rng=rng)
    assert card.accuracy == pytest.approx(0.9, abs=0.04)
    again = Foreteller.from_dict(json.loads(json.dumps(foreteller.as_dict())))
    assert np.array_equal(again.shares(given), foreteller.shares(given))


def test_a_group_that_is_too_small_to_be_judged_is_never_said() -> None:
    given, groups = planted()
    groups[:3] = 3
    groups[3:] = np.minimum(groups[3:], 2)
    foreteller, card = carry_over(given, groups, 4, rng=np.random.default_rng(0))
    assert foreteller.shares(given)[:, 3].max() < 1e-6
    assert card.recall[3] is None


def test_too_few_rows_are_said_to_be() -> None:
    given, groups = planted(rows=30)
    with pytest.raises(CannotEstimate):
        carry_over(given, groups, 3, rng=np.random.default_rng(0))
