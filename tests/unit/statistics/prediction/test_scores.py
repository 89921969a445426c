from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction import scores


def tied_world(seed: int, size: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, probabilities with many ties, and weights."""
    rng = np.random.default_rng(seed)
    chance = np.round(rng.random(size), 1) * 0.9 + 0.05
    return (rng.random(size) < chance).astype(float), chance, rng.integers(0, 4, size).astype(float)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_events_equal_scikit_learn(seed: int, weighted: bool) -> None:
    y, p, w = tied_world(seed)
    weights = w if weighted else None
    assert scores.auc(y, p, weights=weights).estimate == pytest.approx(
        metrics.roc_auc_score(y, p, sample_weight=weights), abs=1e-12
    )
    assert scores.average_precision(y, p, weights=weights) == pytest.approx(
        metrics.average_precision_score(y, p, sample_weight=weights), abs=1e-12
    )
    assert scores.log_loss(y, p, weights=weights) == pytest.approx(
        metrics.log_loss(y, p, sample_weight=weights), abs=1e-12
    )
    assert scores.brier(y, p, weights=weights) == pytest.approx(
        metrics.brier_score_loss(y, p, sample_weight=weights), abs=1e-12
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_scores_of_amounts_equal_scikit_learn(weighted: bool) -> None:
    rng = np.random.default_rng(7)
    y, p = rng.gamma(0.5, 30.0, 300), rng.gamma(2.0, 8.0, 300)
    w = rng.random(300) if weighted else None
    assert scores.mean_absolute_error(y, p, weights=w) == pytest.approx(
        metrics.mean_absolute_error(y, p, sample_weight=w)
    )
    assert scores.root_mean_squared_error(y, p, weights=w) == pytest.approx(
        metrics.root_mean_squared_error(y, p, sample_weight=w)
    )
    assert scores.r_squared(y, p, weights=w) == pytest.approx(metrics.r2_score(y, p, sample_weight=w))
    assert scores.poisson_deviances(y, p).mean() == pytest.approx(metrics.mean_poisson_deviance(y, p))


def test_a_weight_of_two_is_a_row_twice() -> None:
    y, p, w = tied_world(3)
    twice = np.repeat(np.arange(len(y)), w.astype(int))
    assert scores.auc(y, p, weights=w).estimate == pytest.approx(scores.auc(y[twice], p[twice]).estimate)
    assert scores.calibration_error(y, p, weights=w) == pytest.approx(scores.calibration_error(y[twice], p[twice]))
    assert scores.recalibration(y, p, weights=w).slope == pytest.approx(scores.recalibration(y[twice], p[twice]).slope)
    assert scores.normalised_gini(y + 1, p, weights=w) == pytest.approx(scores.normalised_gini(y[twice] + 1, p[twice]))


def test_auc_by_hand_with_a_tie() -> None:
    # Pairs: (.8, .5) (.8, .3) (.5, .5) half (.5, .3): 3.5 of 4.
    assert scores.auc([1, 1, 0, 0], [0.8, 0.5, 0.5, 0.3]).estimate == pytest.approx(3.5 / 4)


def test_delong_by_its_definition() -> None:
    y, p, _w = tied_world(11, 120)
    positive, negative = p[y == 1], p[y == 0]
    wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    variance = wins.mean(axis=1).var(ddof=1) / len(positive) + wins.mean(axis=0).var(ddof=1) / len(negative)
    found = scores.auc(y, p)
    assert found.estimate == pytest.approx(wins.mean())
    assert found.standard_error == pytest.approx(np.sqrt(variance))


def test_delong_agrees_with_the_bootstrap_for_one_score_and_for_a_difference() -> None:
    rng = np.random.default_rng(5)
    y = (rng.random(500) < 0.3).astype(float)
    first = y + rng.normal(size=500)
    second = first + rng.normal(size=500)
    single, difference = [], []
    for _ in range(1000):
        rows = rng.integers(0, 500, 500)
        one = scores.auc(y[rows], first[rows]).estimate
        single.append(one)
        difference.append(one - scores.auc(y[rows], second[rows]).estimate)
    assert scores.auc(y, first).standard_error == pytest.approx(np.std(single), rel=0.08)
    found = scores.auc_difference(y, first, second)
    assert found.standard_error == pytest.approx(np.std(difference), rel=0.08)
    assert found.estimate == pytest.approx(scores.auc(y, first).estimate - scores.auc(y, second).estimate)


def test_delongs_interval_holds_the_true_auc_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(9)
    true = 0.7602499389065233  # Phi(1 / sqrt(2))
    held = 0
    for _ in range(400):
        y = np.repeat([1.0, 0.0], [40, 120])
        found = scores.auc(y, y + rng.normal(size=160))
        held += found.low <= true <= found.high
    assert 0.92 <= held / 400 <= 0.98


def test_a_score_without_mistakes_is_not_certain() -> None:
    found = scores.auc([1, 1, 1, 0, 0, 0], [6, 5, 4, 3, 2, 1])
    assert found.estimate == found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 3))


def test_equal_scores_do_not_differ() -> None:
    y, p, _w = tied_world(2)
    found = scores.auc_difference(y, p, 2 * p)
    assert (found.estimate, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_the_calibration_line_is_a_logistic_regression_on_log_odds() -> None:
    y, p, _w = tied_world(4, 2000)
    odds = np.log(p / (1 - p))
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(odds[:, None], y)
    found = scores.recalibration(y, p)
    assert found.slope == pytest.approx(fitted.coef_[0, 0], abs=1e-5)
    assert found.intercept == pytest.approx(fitted.intercept_[0], abs=1e-5)


def test_the_calibration_line_finds_what_was_done_to_true_probabilities() -> None:
    rng = np.random.default_rng(8)
    odds = rng.normal(size=40_000)
    y = (rng.random(40_000) < 1 / (1 + np.exp(-odds))).astype(float)
    extreme = scores.recalibration(y, 1 / (1 + np.exp(-2 * odds)))
    assert extreme.slope_low <= 0.5 <= extreme.slope_high
    low = scores.recalibration(y, 1 / (1 + np.exp(-(odds - 1))))
    assert low.level_low <= 1.0 <= low.level_high


def test_calibration_error_by_hand() -> None:
    # Two bins of two rows: |1.0 - .8| and |.5 - .2|.
    assert scores.calibration_error([1, 1, 0, 1], [0.8, 0.8, 0.2, 0.2], bins=2) == pytest.approx(0.25)


def test_the_gini_of_the_right_order_is_one_and_of_one_score_for_all_zero() -> None:
    amounts = np.array([0.0, 0.0, 5.0, 20.0, 100.0])
    assert scores.normalised_gini(amounts, np.sqrt(amounts)) == pytest.approx(1)
    assert scores.normalised_gini(amounts, -amounts) == pytest.approx(-1)
    assert scores.normalised_gini(amounts, np.ones(5)) == pytest.approx(0)


def test_total_bias_is_the_share_said_too_much() -> None:
    assert scores.total_bias([10, 30], [22, 22]) == pytest.approx(0.1)
    rng = np.random.default_rng(1)
    held = [
        scores.total_bias_interval(amounts, np.full(200, 10.0)).holds(0.0)
        for amounts in rng.gamma(2.0, 5.0, (400, 200))
    ]
    assert 0.92 <= np.mean(held) <= 0.98


def test_huge_amounts_keep_their_digits() -> None:
    assert scores.root_mean_squared_error([1e200, 0], [0, 1e200]) == pytest.approx(1e200)


@pytest.mark.parametrize("outcome", [[1, 1, 1], [0, 0, 0], []])
def test_outcomes_of_one_kind_are_refused(outcome: list[int]) -> None:
    with pytest.raises(CannotEstimate):
        scores.auc(outcome, [0.5] * len(outcome))
    with pytest.raises(CannotEstimate):
        scores.recalibration(outcome, [0.5] * len(outcome))


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(CannotEstimate, match="part the outcomes"):
        scores.recalibration([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    with pytest.raises(CannotEstimate, match="alike"):
        scores.recalibration([0, 1], [0.5, 0.5])
    with pytest.raises(CannotEstimate, match="alike"):
        scores.r_squared([3, 3], [1, 2])
    with pytest.raises(CannotEstimate, match="add up"):
        scores.total_bias([0, 0], [1, 2])
    with pytest.raises(ValueError, match="0 or 1"):
        scores.auc([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="Weights"):
        scores.log_loss([0, 1], [0.1, 0.2], weights=[1, -1])
