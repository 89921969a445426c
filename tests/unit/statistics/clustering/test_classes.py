"""Latent classes: EM against its definition, classes that were planted, and what must not change the answer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from satsuma.statistics.clustering.classes import LatentClasses, fit_classes, unsure_share
from satsuma.statistics.clustering.distinct import distinct_rows
from satsuma.statistics.clustering.expectation import Likelihood
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.clustering.starts import random_starts
from satsuma.statistics.errors import CannotEstimate


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def survey(people: int, seed: int, *, missing: float = 0.0) -> tuple[Rows, np.ndarray]:
    """Return answers to five questions of 2 to 4 answers by people of three classes, and their classes."""
    draw = rng(seed)
    of = draw.choice(3, people, p=[0.5, 0.3, 0.2])
    levels = (2, 3, 4, 2, 3, 2, 4)
    codes = np.empty((people, len(levels)), np.int32)
    for column, count in enumerate(levels):
        chances = np.full((3, count), 0.15 / (count - 1))
        chances[np.arange(3), (np.arange(3) + column) % count] = 0.85
        codes[:, column] = (chances.cumsum(axis=1)[of] < draw.random((people, 1))).sum(axis=1).clip(0, count - 1)
    codes[draw.random(codes.shape) < missing] = -1
    return rows_of_codes(codes, levels), of


def mixed(people: int, seed: int, *, missing: float = 0.0) -> tuple[Rows, np.ndarray]:
    rows, of = survey(people, seed, missing=missing)
    draw = rng(seed + 1)
    numbers = np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, -1.0]])[of] + draw.normal(size=(people, 2)) * [1.0, 0.5]
    numbers[draw.random(numbers.shape) < missing] = np.nan
    return Rows(numbers, rows.codes, rows.levels), of


def definition(fit: LatentClasses, rows: Rows) -> float:
    """Return the log-likelihood summed row by row and class by class, as the model is written down."""
    total = 0.0
    for numbers, codes in zip(rows.numbers, rows.codes, strict=True):
        chance = fit.shares.copy()
        for column, code in enumerate(codes):
            if code >= 0:
                chance *= fit.probabilities[column][:, code]
        for column, number in enumerate(numbers):
            if not np.isnan(number):
                off = (number - fit.means[:, column]) ** 2 / fit.variances[:, column]
                chance *= np.exp(-0.5 * off) / np.sqrt(2.0 * np.pi * fit.variances[:, column])
        total += np.log(chance.sum())
    return total


@pytest.mark.parametrize("made", [survey, mixed])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_the_log_likelihood_is_that_of_the_definition(made, missing: float) -> None:
    rows, _ = made(150, 3, missing=missing)
    fit = fit_classes(rows, 3, rng=rng(), starts=2)
    assert fit.log_likelihood == pytest.approx(definition(fit, rows), rel=1e-9)
    assert fit.cost == -fit.log_likelihood


def test_no_step_of_em_lowers_the_likelihood_nor_does_a_climb() -> None:
    rows, _ = mixed(300, 5, missing=0.1)
    different = distinct_rows(rows)
    likelihood = Likelihood(different.rows, different.counts, np.full(2, 1e-3), np.zeros(2))
    theta = random_starts(likelihood, 4, 6, rng(1))
    heights = []
    for _ in range(40):
        theta, level = likelihood.step(theta)
        heights.append(level)
    assert np.diff(heights, axis=0).min() > -1e-8
    climbed = [likelihood.climb(theta, tolerance=1e-14, most=most).log_likelihood for most in (2, 8, 20, 60)]
    assert np.diff(climbed, axis=0).min() > -1e-8


def test_leaps_come_to_rest_where_plain_steps_do() -> None:
    rows, _ = survey(400, 6)
    different = distinct_rows(rows)
    likelihood = Likelihood(different.rows, different.counts, np.zeros(0), np.zeros(0))
    theta = random_starts(likelihood, 3, 1, rng(2))
    leapt = likelihood.climb(theta, tolerance=1e-13, most=5000)
    for _ in range(1000):
        theta, level = likelihood.step(theta)
    assert leapt.log_likelihood[0] == pytest.approx(level[0], rel=1e-11)
    assert leapt.steps < 300
    assert leapt.theta[0] == pytest.approx(theta[0], abs=1e-4)


def test_planted_classes_are_found_with_their_probabilities() -> None:
    rows, of = survey(4000, 7)
    fit = fit_classes(rows, 3, rng=rng())
    assert fit.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    for column, table in enumerate(fit.probabilities):
        assert table.sum(axis=1) == pytest.approx(1.0)
        assert table[np.arange(3), (np.arange(3) + column) % table.shape[1]] == pytest.approx(0.85, abs=0.05)
    assert adjusted_rand_score(of, fit.assign(rows)) > 0.85
    assert fit.converged
    assert fit.reached >= 5


def test_missing_answers_are_skipped_not_taken_for_an_answer() -> None:
    rows, _ = survey(4000, 8, missing=0.3)
    fit = fit_classes(rows, 3, rng=rng())
    assert fit.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
    assert fit.probabilities[0][:, 0] == pytest.approx([0.85, 0.15, 0.85], abs=0.06)
    assert fit.table is None
    # Who says nothing belongs to the classes by their shares.
    nothing = rows_of_codes(np.full((1, 7), -1), rows.levels)
    assert fit.membership(nothing)[0] == pytest.approx(fit.shares)


def test_numbers_help_and_their_means_and_variances_are_found() -> None:
    rows, of = mixed(3000, 9, missing=0.05)
    fit = fit_classes(rows, 3, rng=rng())
    assert fit.means == pytest.approx(np.array([[0.0, 2.0], [2.0, 0.0], [-2.0, -1.0]]), abs=0.1)
    assert fit.variances == pytest.approx(np.tile([1.0, 0.25], (3, 1)), abs=0.1)
    answers = rows_of_codes(rows.codes, rows.levels)
    alone = fit_classes(answers, 3, rng=rng(), starts=3)
    assert adjusted_rand_score(of, fit.assign(rows)) > adjusted_rand_score(of, alone.assign(answers)) + 0.02


def test_of_numbers_alone_they_are_the_mixture_of_another_implementation() -> None:
    # Far from 0, where sums of squares would lose the spread.
    numbers = mixed(800, 10)[0].numbers + 1e6
    fit = fit_classes(rows_of_numbers(numbers), 3, rng=rng())
    other = GaussianMixture(
        3, covariance_type="diag", reg_covar=0.0, tol=1e-10, max_iter=5000, n_init=2, random_state=1
    ).fit(numbers - 1e6)
    assert fit.log_likelihood == pytest.approx(other.score(numbers - 1e6) * 800, rel=1e-6)
    assert fit.bic == pytest.approx(other.bic(numbers - 1e6), rel=1e-6)
    assert fit.aic == pytest.approx(other.aic(numbers - 1e6), rel=1e-6)


def test_one_class_is_the_table_of_shares() -> None:
    rows = rows_of_codes([[0, 0], [0, 1], [1, 2], [1, 2]])
    fit = fit_classes(rows, 1, rng=rng())
    assert fit.probabilities[0].tolist() == [[0.5, 0.5]]
    assert fit.probabilities[1].tolist() == [[0.25, 0.25, 0.5]]
    assert fit.free_parameters == 3
    assert (fit.entropy, fit.relative_entropy, fit.icl) == (0.0, 1.0, fit.bic)
    # By hand: 2 x 2 cells of .5 x .25, one of .5 x .5 twice; 6 cells less 1 less 3.
    assert fit.log_likelihood == pytest.approx(2 * np.log(0.125) + 2 * np.log(0.25))
    expected = np.array([0.5, 0.5, 1.0, 0.5, 0.5, 1.0])
    observed = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 2.0])
    assert fit.table is not None
    assert fit.table.degrees_of_freedom == 2
    assert fit.table.x2 == pytest.approx(((observed - expected) ** 2 / expected).sum())
    assert fit.table.g2 == pytest.approx(2 * (2 * np.log(2) + 2 * np.log(2)))
    assert fit.table.p_value is None


def test_neither_the_order_of_rows_nor_weights_for_repeats_change_anything() -> None:
    rows, _ = mixed(200, 11, missing=0.1)
    times = rng(3).integers(0, 4, len(rows))
    one = fit_classes(rows, 3, rng=rng(4), weights=times.astype(float), starts=3)
    repeated = rows.take(rng(5).permutation(np.repeat(np.arange(len(rows)), times)))
    other = fit_classes(repeated, 3, rng=rng(4), starts=3)
    assert one.as_dict() == other.as_dict()


def test_samples_choose_the_starts_of_many_different_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = mixed(3000, 12)
    whole = fit_classes(rows, 3, rng=rng(), starts=2)
    monkeypatch.setattr("satsuma.statistics.clustering.starts._FEW", 200)
    monkeypatch.setattr("satsuma.statistics.clustering.starts._MANY", 600)
    sampled = fit_classes(rows, 3, rng=rng(), starts=2)
    assert sampled.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-8)


def test_a_class_cannot_shrink_to_equal_numbers() -> None:
    draw = rng(13)
    numbers = np.concatenate([np.full(60, 1.0), draw.normal(size=240)])[:, None]
    fit = fit_classes(rows_of_numbers(numbers), 2, rng=rng())
    assert fit.variances.min() == pytest.approx(1e-3 * numbers.var())
    assert np.isfinite(fit.log_likelihood)


def test_the_unsure_are_those_below_the_threshold() -> None:
    membership = np.array([[0.9, 0.1], [0.69, 0.31], [0.5, 0.5], [0.2, 0.8]])
    assert unsure_share(membership) == 0.5
    assert unsure_share(membership, threshold=0.85) == 0.75
    assert unsure_share(membership, weights=np.array([6.0, 1.0, 1.0, 0.0])) == 0.25
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        unsure_share(membership, threshold=1.2)
    with pytest.raises(ValueError, match="no rows"):
        unsure_share(np.zeros((0, 2)))


def test_entropy_is_that_of_the_memberships() -> None:
    rows, _ = survey(500, 14)
    fit = fit_classes(rows, 3, rng=rng(), starts=2)
    membership = fit.membership(rows)
    assert membership.sum(axis=1) == pytest.approx(1.0)
    assert fit.entropy == pytest.approx(-(membership * np.log(membership)).sum())
    assert fit.icl == pytest.approx(fit.bic + 2 * fit.entropy)
    assert np.array_equal(fit.assign(rows), membership.argmax(axis=1))
    assert fit.relative_entropy == pytest.approx(1 - fit.entropy / (500 * np.log(3)))


@pytest.mark.parametrize("made", [survey, mixed])
def test_a_fit_comes_back_from_json_and_takes_codes_it_has_not_seen(made) -> None:
    rows, _ = made(200, 15)
    fit = fit_classes(rows, 2, rng=rng(), starts=2)
    back = LatentClasses.from_dict(json.loads(json.dumps(fit.as_dict())))
    assert back.as_dict() == fit.as_dict()
    assert np.array_equal(back.membership(rows), fit.membership(rows))
    assert (back.method, back.groups) == ("classes", 2)
    new, missing = rows.codes[:5].copy(), rows.codes[:5].copy()
    new[:, 0], missing[:, 0] = 2, -1
    levels = (3, *rows.levels[1:])
    found = [fit.membership(Rows(rows.numbers[:5], codes, levels)) for codes in (new, missing)]
    assert np.array_equal(*found)


def test_what_cannot_be_fitted_says_why() -> None:
    rows = rows_of_codes([[0], [1], [1]], [2])
    with pytest.raises(ValueError, match="at least one group and one start"):
        fit_classes(rows, 0, rng=rng())
    with pytest.raises(CannotEstimate, match="3 classes need as many different rows; there are 2"):
        fit_classes(rows, 3, rng=rng())
    with pytest.raises(CannotEstimate, match="there are 1"):
        fit_classes(rows, 2, rng=rng(), weights=np.array([0.0, 1.0, 1.0]))
    with pytest.raises(CannotEstimate, match="one of the categories"):
        fit_classes(rows_of_codes([[0, -1], [1, -1]], [2, 2]), 1, rng=rng())
    with pytest.raises(CannotEstimate, match="one of the numbers: no row"):
        fit_classes(rows_of_numbers([[np.nan, 1.0], [np.nan, 2.0]]), 1, rng=rng())
    with pytest.raises(CannotEstimate, match="the same everywhere"):
        fit_classes(rows_of_numbers([[5.0, 1.0], [5.0, 2.0]]), 1, rng=rng())
    with pytest.raises(CannotEstimate, match="1001 levels"):
        fit_classes(rows_of_codes([[0], [1000]]), 1, rng=rng())
    with pytest.raises(ValueError, match="fitted to 0 numbers and 1 categories; the rows have 0 and 2"):
        fit_classes(rows, 1, rng=rng()).membership(rows_of_codes([[0, 0]], [2, 2]))
