from __future__ import annotations

import json

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.drift import (
    Bins,
    calibration_drift,
    drift,
    feature_drift,
    learn_bins,
    stability,
)


def test_the_index_of_a_known_table() -> None:
    found = stability([200] * 5, [100, 150, 200, 250, 300])
    assert found.psi == pytest.approx(0.13540, abs=5e-6)
    assert found.by_chance == pytest.approx(4 * (1 / 1000 + 1 / 1000))
    assert found.p_value < 1e-12


def test_by_chance_the_index_is_as_large_as_it_says() -> None:
    rng = np.random.default_rng(0)
    draws = [
        stability(np.bincount(rng.integers(0, 8, 900), minlength=8), np.bincount(rng.integers(0, 8, 400), minlength=8))
        for _ in range(600)
    ]
    assert np.mean([found.psi for found in draws]) == pytest.approx(draws[0].by_chance, rel=0.08)
    assert np.mean([found.p_value < 0.1 for found in draws]) == pytest.approx(0.1, abs=0.04)


def test_the_same_customers_have_not_moved() -> None:
    rng = np.random.default_rng(1)
    values = rng.gamma(1.0, 30.0, 2000)
    found = feature_drift(learn_bins(values, "days", "number"), values)
    assert found.stability is not None
    assert found.stability.psi == 0
    assert found.sentence == "'days' is steady."


@pytest.mark.parametrize("kind", ["number", "category", "yes_no"])
def test_what_moves_is_said_to_move(kind: str) -> None:
    rng = np.random.default_rng(2)
    before, now = rng.binomial(1, 0.2, 2000), rng.binomial(1, 0.6, 2000)
    if kind == "number":
        before, now = rng.normal(size=2000), rng.normal(1.0, 1.0, 2000)
    found = feature_drift(learn_bins(before, "x", kind), now)  # type: ignore[arg-type]
    assert found.word == "moved"
    assert "PSI" in found.sentence


def test_a_small_sample_does_not_cry_wolf() -> None:
    rng = np.random.default_rng(3)
    bins = learn_bins(rng.normal(size=5000), "x", "number")
    words = [feature_drift(bins, rng.normal(size=50)).word for _ in range(200)]
    assert words.count("steady") >= 198


def test_values_that_go_missing_are_said() -> None:
    values = np.arange(1000.0)
    now = values.copy()
    now[:300] = np.nan
    found = feature_drift(learn_bins(np.random.default_rng(0).permutation(values), "x", "number"), np.roll(now, 1))
    assert found.word == "moved"
    assert "30.0% have none, before 0.0%" in found.sentence
    lost = feature_drift(learn_bins(values, "x", "number"), np.full(1000, np.nan))
    assert lost.stability is None
    assert lost.word == "moved"


def test_a_value_that_half_share_has_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(500), np.arange(1.0, 501.0)])
    bins = learn_bins(values, "orders", "number")
    assert bins.counts[0] == 500
    assert bins.counts.sum() == 1000


def test_levels_never_seen_fall_into_the_last_bin() -> None:
    bins = learn_bins([1, 1, 2, 2, 3], "shop", "category")
    assert bins.count([1, 9, np.nan])[0].tolist() == [1, 0, 0, 1]
    many = learn_bins(np.arange(5000), "shop", "category")
    assert len(many.counts) == 21
    constant = learn_bins(np.full(50, 7.0), "x", "number")
    assert feature_drift(constant, np.full(50, 7.0)).word == "steady"


def test_calibration_is_held_against_what_came() -> None:
    rng = np.random.default_rng(4)
    chance = rng.random(5000) * 0.4
    outcome = (rng.random(5000) < chance).astype(float)
    assert calibration_drift(outcome, chance).holds
    high = calibration_drift(outcome, chance * 1.3)
    assert not high.holds
    assert high.sentence.endswith("they are too high.")
    amounts = rng.gamma(1.0, 20.0, 5000)
    assert calibration_drift(amounts, np.full(5000, 20.0), amounts=True).holds
    assert not calibration_drift(amounts, np.full(5000, 15.0), amounts=True).holds


def test_all_of_it_in_words_and_as_text() -> None:
    rng = np.random.default_rng(5)
    before, now = rng.normal(size=(2000, 2)), rng.normal([0, 1.5], size=(2000, 2))
    bins = [learn_bins(before[:, number], name, "number") for number, name in enumerate(("a", "b"))]
    again = [Bins.from_dict(json.loads(json.dumps(each.as_dict()))) for each in bins]
    scores = learn_bins(before[:, 0], "prediction", "number")
    chance = np.full(2000, 0.2)
    found = drift(again, now, scores, now[:, 0], outcome=(rng.random(2000) < 0.4).astype(float), said=chance)
    assert found.moved == ("b",)
    assert found.needs_refit
    assert found.sentence.startswith(
        "1 of 2 features have moved: b. The predictions are steady. Predictions said 20.0%"
    )
    json.dumps(found.as_dict(), allow_nan=False)


def test_nothing_cannot_be_compared() -> None:
    with pytest.raises(CannotEstimate):
        stability([0, 0], [1, 2])
    with pytest.raises(CannotEstimate):
        feature_drift(learn_bins([1.0], "x", "number"), [])
    with pytest.raises(CannotEstimate):
        calibration_drift([1], [0.5])
