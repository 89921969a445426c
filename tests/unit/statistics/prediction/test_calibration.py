from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.calibration import (
    Calibrator,
    choose_calibrator,
    fit_isotonic,
    fit_rule,
    fit_sigmoid,
    to_base_rate,
)
from satsuma.statistics.prediction.scores import recalibration


def expit(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def world(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes and the log odds of their true probabilities."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.0, 1.2, size)
    return (rng.random(size) < expit(odds)).astype(float), odds


def test_isotonic_without_imagined_rows_equals_scikit_learn() -> None:
    y, odds = world(1, 500)
    score = np.round(odds, 1)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(score, y)
    asked = np.linspace(-6, 4, 300)
    assert fit_isotonic(y, score, imagined=0).apply(asked) == pytest.approx(theirs.predict(asked), abs=1e-12)


def test_steps_are_never_certain_and_never_fall() -> None:
    y, odds = world(2, 300)
    found = fit_isotonic(y, odds)
    said = found.apply(np.sort(odds))
    assert (np.diff(said) >= 0).all()
    assert 0 < said.min() < said.max() < 1


def test_a_rule_may_fall_and_may_know_nothing_of_some() -> None:
    y, odds = world(3, 4000)
    days = np.round(np.exp(3 - odds))
    days[:400] = np.nan
    y[:400] = np.arange(400) % 2
    found = fit_rule(y, days, np.arange(4000), seed=0)
    assert found.direction == -1
    assert found.apply([np.nan])[0] == pytest.approx(0.5, abs=0.01)
    said = found.apply([1.0, 10.0, 100.0, np.inf])
    assert (np.diff(said) <= 0).all()


def test_a_rule_of_yes_and_no_says_the_two_rates() -> None:
    y = np.array([1.0] * 60 + [0.0] * 40 + [1.0] * 10 + [0.0] * 90)
    recent = np.array([1.0] * 100 + [0.0] * 100)
    said = fit_rule(y, recent, np.arange(200), seed=0).apply([1.0, 0.0])
    assert said == pytest.approx([0.6, 0.1], abs=0.01)


def test_platts_line_undoes_what_was_done_to_the_log_odds() -> None:
    y, odds = world(4, 50_000)
    found = fit_sigmoid(y, expit(0.5 * odds + 1))
    assert found.slope == pytest.approx(2, abs=0.06)
    assert found.intercept == pytest.approx(-2, abs=0.06)


def test_a_shift_reaches_the_base_rate_exactly_and_keeps_the_order() -> None:
    _y, odds = world(5, 1000)
    found = to_base_rate(expit(odds), 0.07)
    assert found.apply(expit(odds)).mean() == pytest.approx(0.07, abs=1e-9)
    with pytest.raises(CannotEstimate, match="base rate"):
        to_base_rate(expit(odds), 1.0)


@pytest.mark.parametrize(
    ("given", "kinds"),
    [
        (lambda odds: expit(odds + 0.8), {"level", "sigmoid"}),
        (lambda odds: expit(2 * odds), {"sigmoid"}),
        (lambda odds: expit(np.where(odds > -1, 2.0, -3.0) + 0.01 * odds), {"isotonic", "sigmoid"}),
    ],
    ids=["level", "too-extreme", "a-step"],
)
def test_the_correction_fits_what_is_wrong_and_holds_on_new_customers(given: object, kinds: set[str]) -> None:
    y, odds = world(6, 8000)
    found = choose_calibrator(y, given(odds), np.arange(8000), seed=0)  # type: ignore[operator]
    assert found.kind in kinds
    new, later = world(7, 8000)
    line = recalibration(new, found.apply(given(later)), confidence=0.999)  # type: ignore[operator]
    assert line.slope_low <= 1 <= line.slope_high
    assert line.level_low <= 0 <= line.level_high


def test_amounts_are_scaled_to_their_total() -> None:
    rng = np.random.default_rng(8)
    mean = rng.gamma(2.0, 10.0, 5000)
    actual = rng.gamma(1.0, mean)
    found = choose_calibrator(actual, mean * 1.3, np.arange(5000), seed=0, amounts=True)
    assert found.kind == "scale"
    assert found.apply(mean * 1.3).sum() == pytest.approx(actual.sum())


def test_corrections_come_back_from_text_the_same() -> None:
    y, odds = world(9, 300)
    for found in (fit_isotonic(y, odds, direction=-1), fit_sigmoid(y, expit(odds)), to_base_rate(expit(odds), 0.5)):
        again = Calibrator.from_dict(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
        assert (again.apply(expit(odds)) == found.apply(expit(odds))).all()
