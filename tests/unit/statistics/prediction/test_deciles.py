from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.deciles import calibration_table, clopper_pearson, deciles, ranked, simultaneous


def test_deciles_of_a_known_table() -> None:
    # Twenty customers, two per group; the positives are the first three and the seventh by score.
    outcome = np.zeros(20)
    outcome[[0, 1, 2, 6]] = 1
    found = deciles(outcome, np.linspace(0.95, 0.0, 20), np.arange(20))
    assert found.total.tolist() == [2, 1, 0, 1, 0, 0, 0, 0, 0, 0]
    assert found.lift[:4] == pytest.approx([5, 2.5, 0, 2.5])
    assert found.gain[:4] == pytest.approx([0.5, 0.75, 0.75, 1])
    assert found.highest[0] == 0.95
    assert found.predicted[9] == pytest.approx(0.025)


def test_ties_are_parted_by_the_key_and_not_by_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    outcome, keys = (rng.random(200) < 0.3).astype(float), rng.permutation(200)
    score = np.round(rng.random(200), 1)
    shuffle = rng.permutation(200)
    first, again = deciles(outcome, score, keys), deciles(outcome[shuffle], score[shuffle], keys[shuffle])
    assert first.total.tolist() == again.total.tolist()
    assert ranked([0.5, 0.5, 0.9], [7, 3, 5]).tolist() == [2, 1, 0]


def test_the_exact_interval_as_published() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 5: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    low, high = clopper_pearson([81, 15, 0, 1], [263, 148, 20, 29])
    assert low == pytest.approx([0.2527, 0.0578, 0.0, 0.0009], abs=5e-5)
    assert high == pytest.approx([0.3676, 0.1617, 0.1684, 0.1776], abs=5e-5)


def test_intervals_of_true_probabilities_hold_together_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    chance = np.sort(rng.random(1000))[::-1] * 0.5
    held = [
        deciles((rng.random(1000) < chance).astype(float), chance, np.arange(1000), level=0.9).all_inside
        for _ in range(300)
    ]
    assert np.mean(held) >= 0.87
    assert simultaneous(0.99, 10) == pytest.approx(0.99 ** (1 / 10))


def test_wrong_probabilities_fall_outside() -> None:
    rng = np.random.default_rng(4)
    chance = rng.random(5000)
    found = deciles((rng.random(5000) < chance).astype(float), chance**2, np.arange(5000))
    assert not found.all_inside


def test_amounts_have_intervals_of_their_mean() -> None:
    rng = np.random.default_rng(6)
    mean = rng.gamma(2.0, 10.0, 4000)
    found = deciles(rng.gamma(1.0, mean), mean, np.arange(4000), amounts=True)
    assert found.all_inside
    assert found.gain[-1] == pytest.approx(1)


def test_equal_predictions_share_a_point_of_the_calibration_table() -> None:
    found = calibration_table([1, 0, 0, 1, 1], [0.2, 0.2, 0.2, 0.9, 0.9], points=5)
    assert found.predicted == pytest.approx([0.2, 0.9])
    assert found.rate == pytest.approx([1 / 3, 1])
    assert found.size.tolist() == [3, 2]


def test_too_few_rows_and_no_positives_are_refused() -> None:
    with pytest.raises(CannotEstimate, match="9 rows"):
        deciles(np.ones(9), np.ones(9), np.arange(9))
    with pytest.raises(CannotEstimate, match="more than 0"):
        deciles(np.zeros(30), np.ones(30), np.arange(30))
