"""Alpha, omega and the rest against second implementations, and what the guard rails say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics.items import read_answers, response, scores
from satsuma.statistics.psychometrics.moments import moments
from satsuma.statistics.psychometrics.reliability import (
    alpha,
    alpha_interval,
    cautions,
    guttman_lambda6,
    reliability,
)

Floats = NDArray[np.float64]


def simulated(rng: np.random.Generator, size: int = 400, loadings: tuple[float, ...] = (0.8, 0.7, 0.6, 0.5)) -> Floats:
    """Answers from 1 to 5 of one factor."""
    factor = rng.standard_normal(size)
    columns = [weight * factor + math.sqrt(1 - weight**2) * rng.standard_normal(size) for weight in loadings]
    return np.clip(np.rint(3 + 1.1 * np.column_stack(columns)), 1, 5)


def columns_of(values: Floats) -> list[Floats]:
    return list(values.T)


def correlated(values: Floats) -> Floats:
    return np.asarray(np.corrcoef(values.T), np.float64)


def pairwise(values: Floats) -> tuple[Floats, Floats]:
    """Covariances and correlations pair by pair, as numpy has them."""
    items = values.shape[1]
    covariance, correlation = np.empty((items, items)), np.empty((items, items))
    for x in range(items):
        for y in range(items):
            both = ~np.isnan(values[:, x]) & ~np.isnan(values[:, y])
            pair = values[both][:, [x, y]]
            covariance[x, y] = np.cov(pair[:, 0], pair[:, 1])[0, 1]
            correlation[x, y] = correlated(pair)[0, 1]
    return covariance, correlation


@pytest.mark.parametrize("missing", [0.0, 0.15])
@pytest.mark.parametrize("chunk", [7, 1_000])
def test_moments_are_those_of_each_pair_by_itself(missing: float, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from satsuma.statistics.psychometrics import moments as module

    monkeypatch.setattr(module, "CHUNK", chunk)
    rng = np.random.default_rng(1)
    values = simulated(rng, 90) + 1e6
    values[rng.random(values.shape) < missing] = np.nan
    found = moments(values)
    covariance, correlation = pairwise(values)
    assert found.covariance == pytest.approx(covariance, rel=1e-7)
    assert found.correlation == pytest.approx(correlation, rel=1e-7)
    assert found.mean == pytest.approx(np.nanmean(values, axis=0), rel=1e-14)
    assert found.count[0, 1] == np.count_nonzero(~np.isnan(values[:, 0]) & ~np.isnan(values[:, 1]))


def test_alpha_is_that_of_the_variances_of_items_and_of_their_sum() -> None:
    values = simulated(np.random.default_rng(2))
    items = values.shape[1]
    by_variances = items / (items - 1) * (1 - sum(np.var(column, ddof=1) for column in values.T)
                                          / np.var(values.sum(axis=1), ddof=1))  # fmt: skip
    found = reliability(read_answers(columns_of(values), 1, 5), moments(values))
    assert found.alpha == pytest.approx(by_variances, rel=1e-12)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    assert found.standardised == pytest.approx(alpha(np.cov(standard.T)), rel=1e-12)
    between = correlated(values)[np.triu_indices(items, 1)]
    assert found.mean_correlation == pytest.approx(between.mean(), rel=1e-12)
    assert found.respondents == len(values)


def test_two_parallel_halves_have_the_alpha_of_spearman_and_brown() -> None:
    correlation = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert alpha(correlation) == pytest.approx(2 * 0.5 / (1 + 0.5))


def test_the_interval_is_that_of_an_analysis_of_variance() -> None:
    """Feldt's F is that of people against people by items in a two-way table; alpha is 1 - MS_residual / MS_people."""
    values = simulated(np.random.default_rng(3), 60)
    size, items = values.shape
    people, columns = values.mean(axis=1), values.mean(axis=0)
    between = items * np.sum((people - values.mean()) ** 2) / (size - 1)
    residual = values - people[:, None] - columns[None, :] + values.mean()
    within = np.sum(residual**2) / ((size - 1) * (items - 1))
    estimate = 1 - within / between
    assert alpha(moments(values).covariance) == pytest.approx(estimate, rel=1e-12)
    low, high = alpha_interval(estimate, size, items, 0.9)
    spread = stats.f(size - 1, (size - 1) * (items - 1))
    assert low == pytest.approx(1 - (within / between) * spread.ppf(0.95), rel=1e-9)
    assert high == pytest.approx(1 - (within / between) * spread.ppf(0.05), rel=1e-9)


def test_the_interval_holds_the_true_alpha_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    # Four parallel items with correlation .4: alpha is .4 * 4 / (1 + .4 * 3).
    truth, held = 1.6 / 2.2, 0
    for _ in range(400):
        values = math.sqrt(0.4) * rng.standard_normal((80, 1)) + math.sqrt(0.6) * rng.standard_normal((80, 4))
        low, high = alpha_interval(alpha(np.cov(values.T)), 80, 4)
        held += low <= truth <= high
    # Binomial with p = .95: 400 draws lie between 367 and 393 but once in a thousand.
    assert 365 <= held <= 395


def test_an_item_is_correlated_with_the_sum_of_the_others_and_dropped() -> None:
    values = simulated(np.random.default_rng(5), 150, (0.8, 0.7, 0.6, 0.1))
    found = reliability(read_answers(columns_of(values), 1, 5), moments(values))
    for place, item in enumerate(found.items):
        rest = np.delete(values, place, axis=1)
        assert item.item_rest == pytest.approx(np.corrcoef(values[:, place], rest.sum(axis=1))[0, 1], rel=1e-10)
        assert item.alpha_if_dropped == pytest.approx(alpha(np.cov(rest.T)), rel=1e-10)
        assert item.mean == pytest.approx(values[:, place].mean())
        assert item.sd == pytest.approx(values[:, place].std(ddof=1))


def test_lambda6_is_that_of_each_item_regressed_on_the_others() -> None:
    values = simulated(np.random.default_rng(6), 200)
    correlation = correlated(values)
    left = 0.0
    for place in range(values.shape[1]):
        others = np.column_stack([np.ones(len(values)), np.delete(values, place, axis=1)])
        fitted = others @ np.linalg.lstsq(others, values[:, place], rcond=None)[0]
        left += np.sum((values[:, place] - fitted) ** 2) / np.sum((values[:, place] - values[:, place].mean()) ** 2)
    assert guttman_lambda6(correlation) == pytest.approx(1 - left / correlation.sum(), rel=1e-10)


def test_omega_is_that_of_loadings_found_by_least_squares() -> None:
    values = simulated(np.random.default_rng(7), 300, (0.9, 0.6, 0.5, 0.4, 0.3))
    correlation = correlated(values)
    off = np.triu_indices(5, 1)
    found = optimize.least_squares(lambda x: (correlation - np.outer(x, x))[off], np.full(5, 0.5), xtol=1e-14)
    spread = values.std(axis=0, ddof=1)
    common = np.sum(found.x * spread) ** 2
    omega = common / (common + np.sum((1 - found.x**2) * spread**2))
    mine = reliability(read_answers(columns_of(values), 1, 5), moments(values))
    assert mine.omega == pytest.approx(omega, rel=1e-6)
    assert [item.loading for item in mine.items] == pytest.approx(found.x.tolist(), rel=1e-4)


def test_omega_equals_alpha_of_items_that_load_alike_and_exceeds_it_otherwise() -> None:
    alike = np.full((5, 5), 0.36) + np.diag(np.full(5, 0.64))
    weights = np.array([0.9, 0.8, 0.5, 0.3, 0.2])
    unlike = np.outer(weights, weights) + np.diag(1 - weights**2)
    for matrix, equal in ((alike, True), (unlike, False)):
        root = np.linalg.cholesky(matrix)
        basis = np.linalg.qr(np.random.default_rng(8).standard_normal((50, 6)) - 0.0)[0]
        centred = basis - basis.mean(axis=0)
        # Rows with exactly these covariances.
        exact = np.linalg.qr(centred[:, :5])[0] @ root.T * math.sqrt(49)
        exact = exact - exact.mean(axis=0)
        found = reliability(read_answers(columns_of(exact), -20, 20), moments(exact))
        assert found.omega is not None
        assert (found.omega == pytest.approx(found.alpha, abs=1e-6)) is equal
        assert found.omega >= found.alpha - 1e-6


def test_reliability_does_not_depend_on_the_order_of_rows_or_items() -> None:
    rng = np.random.default_rng(9)
    values = simulated(rng)
    values[rng.random(values.shape) < 0.1] = np.nan
    rows, items = rng.permutation(len(values)), np.array([2, 0, 3, 1])
    first = reliability(read_answers(columns_of(values), 1, 5), moments(values))
    second = reliability(read_answers(columns_of(values[rows][:, items]), 1, 5), moments(values[rows][:, items]))
    assert second.alpha == pytest.approx(first.alpha, rel=1e-12)
    assert [item.item_rest for item in second.items] == pytest.approx([first.items[place].item_rest for place in items])


# -------------------------------------------------------------------------------------------------------- guard rails


def warned(values: Floats, low: float = 1, high: float = 5, reverse: tuple[bool, ...] = ()) -> set[str]:
    answers = read_answers(columns_of(values), low, high, reverse)
    found = reliability(answers, moments(answers.keyed))
    names = [f"q{place}" for place in range(values.shape[1])]
    return {caution.code for caution in cautions(names, found, response(answers, 2))}


def test_a_sound_scale_is_not_warned_of() -> None:
    assert warned(simulated(np.random.default_rng(10), 600, (0.8, 0.8, 0.7, 0.7))) == set()


def test_each_guard_rail_speaks_of_what_it_is_for() -> None:
    rng = np.random.default_rng(11)
    sound = simulated(rng, 600, (0.8, 0.8, 0.7, 0.7))
    assert "low" in warned(rng.integers(1, 6, (600, 4)).astype(float))
    factor = rng.standard_normal((600, 1))
    assert "redundant" in warned(np.clip(3 + factor + 0.1 * rng.standard_normal((600, 6)), 1, 5))
    turned = sound.copy()
    turned[:, 1] = 6 - turned[:, 1]
    assert "unreversed" in warned(turned)
    assert "unreversed" not in warned(turned, reverse=(False, True, False, False))
    assert "ordinal" in warned(np.where(sound > 3, 2.0, 1.0), 1, 2)
    lacking = sound.copy()
    lacking[:300, 0] = np.nan
    assert "missing" in warned(lacking)
    straight = sound.copy()
    straight[:200] = 3.0
    assert "straight_lining" in warned(straight)
    assert "weak_item" in warned(simulated(rng, 600, (0.9, 0.9, 0.9, 0.05)))


def test_the_word_follows_alpha() -> None:
    rng = np.random.default_rng(12)
    weights = {"unreliable": 0.2, "good": 0.8}
    for word, weight in weights.items():
        values = simulated(rng, 800, (weight,) * 5)
        assert reliability(read_answers(columns_of(values), 1, 5), moments(values)).word == word


@pytest.mark.parametrize(
    "values",
    [
        np.ones((50, 3)),
        np.full((50, 3), np.nan),
        np.zeros((0, 3)),
        np.arange(30.0).reshape(30, 1),
        np.column_stack([np.arange(30.0), -np.arange(30.0)]),
        np.column_stack([np.where(np.arange(30) < 15, 1.0, np.nan), np.where(np.arange(30) < 15, np.nan, 2.0)]),
    ],
)
def test_what_cannot_be_estimated_is_refused(values: Floats) -> None:
    with pytest.raises(CannotEstimate):
        reliability(read_answers(columns_of(values), -100, 100), moments(values))


# ------------------------------------------------------------------------------------------------------------ scores


def test_scores_are_means_of_the_answers_that_are_there() -> None:
    answers = read_answers([[1, 5, np.nan, 9], [2, 1, 3, 2], [5, 5, np.nan, 4]], 1, 5, [False, True, False])
    assert answers.outside.tolist() == [1, 0, 0]
    assert scores(answers.keyed, 2).tolist()[:2] == [(1 + 4 + 5) / 3, 5.0]
    assert np.isnan(scores(answers.keyed, 2)[2])
    assert scores(answers.keyed, 1)[2] == 3.0
    assert scores(answers.keyed, 2, total=True).tolist()[:2] == [10.0, 15.0]
    # An answer outside the range is none: the sum is the mean of the other two, times three.
    assert scores(answers.keyed, 2, total=True)[3] == (4 + 4) / 2 * 3


def test_scores_are_those_of_a_loop() -> None:
    rng = np.random.default_rng(13)
    values = simulated(rng, 200)
    values[rng.random(values.shape) < 0.3] = np.nan
    answers = read_answers(columns_of(values), 1, 5, [True, False, False, True])
    for row, found in zip(values, scores(answers.keyed, 3), strict=True):
        given = [6 - value if place in (0, 3) else value for place, value in enumerate(row) if not math.isnan(value)]
        if len(given) < 3:
            assert math.isnan(found)
        else:
            assert found == pytest.approx(sum(given) / len(given), rel=1e-15)


def test_how_a_scale_was_answered_adds_up() -> None:
    nothing = math.nan
    answers = read_answers(
        [[3, 3, 1, nothing, nothing], [3, 4, nothing, nothing, 2], [3, 2, 5, nothing, 7]], 1, 5, [True, False, False]
    )
    found = response(answers, 2)
    assert (found.respondents, found.complete, found.too_few, found.outside) == (4, 2, 1, 1)
    # Of the two who answered all one gave the same answer throughout, though the first item is reversed.
    assert found.straight_lining == 0.5
    assert found.missing == pytest.approx(1 - 9 / 12)
    assert found.points == 5


def test_mistakes_of_the_caller_are_refused() -> None:
    with pytest.raises(ValueError, match="from a lower to a higher"):
        read_answers([[1.0]], 5, 1)
    with pytest.raises(ValueError, match="'reverse' speaks of 1"):
        read_answers([[1.0], [2.0]], 1, 5, [True])
