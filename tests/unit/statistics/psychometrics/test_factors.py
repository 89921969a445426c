"""Factors against published values, second implementations and planted structures.

Published: the correlations of eight physical measurements of 305 girls (Harman 1976, Modern Factor Analysis, table 2.3)
and what R's factanal prints of them in its own documentation: uniquenesses and chi-square of one and of two factors.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics.adequacy import adequacy, eigenvalues, parallel_analysis
from satsuma.statistics.psychometrics.extraction import degrees_of_freedom, fit_of, maximum_likelihood, minres
from satsuma.statistics.psychometrics.rotation import oblimin, promax, varimax
from satsuma.statistics.psychometrics.structure import congruence, key_matrix, structure

Floats = NDArray[np.float64]

GIRLS = 305
LOWER = [
    [0.846], [0.805, 0.881], [0.859, 0.826, 0.801], [0.473, 0.376, 0.380, 0.436], [0.398, 0.326, 0.319, 0.329, 0.762],
    [0.301, 0.277, 0.237, 0.327, 0.730, 0.583], [0.382, 0.415, 0.345, 0.365, 0.629, 0.577, 0.539],
]  # fmt: skip
HARMAN = np.eye(8)
for _place, _row in enumerate(LOWER, 1):
    HARMAN[_place, :_place] = HARMAN[:_place, _place] = _row


def planted(scales: int = 3, items: int = 5, between: float = 0.3, weight: float = 0.7) -> tuple[Floats, Floats]:
    """Return loadings of a clean structure and the correlations that it gives."""
    loadings = np.kron(np.eye(scales), np.full((items, 1), weight))
    factors = np.full((scales, scales), between) + np.diag(np.full(scales, 1 - between))
    correlation = loadings @ factors @ loadings.T
    np.fill_diagonal(correlation, 1.0)
    return loadings, correlation


def correlated(rows: Floats) -> Floats:
    return np.asarray(np.corrcoef(rows.T), np.float64)


def sampled(correlation: Floats, size: int, rng: np.random.Generator) -> Floats:
    return correlated(rng.standard_normal((size, len(correlation))) @ np.linalg.cholesky(correlation).T)


@pytest.mark.parametrize(
    ("factors", "own", "chi_square", "degrees"),
    [
        (1, [0.158, 0.135, 0.190, 0.187, 0.760, 0.829, 0.877, 0.801], 611.44, 20),
        (2, [0.170, 0.107, 0.166, 0.199, 0.089, 0.364, 0.416, 0.537], 75.74, 13),
    ],
)
def test_maximum_likelihood_gives_the_published_values(
    factors: int, own: list[float], chi_square: float, degrees: int
) -> None:
    found = maximum_likelihood(HARMAN, factors)
    assert found.converged
    assert found.own == pytest.approx(own, abs=0.0006)
    fit = fit_of(found, HARMAN, GIRLS)
    assert fit.chi_square == pytest.approx(chi_square, abs=0.006)
    assert fit.degrees == degrees


def test_maximum_likelihood_is_the_best_of_the_likelihood_itself() -> None:
    """The discrepancy written as Joreskog has it, log|S| - log|R| + tr(R S^-1) - p, searched over loadings."""
    _, correlation = planted(2, 4)
    sample = sampled(correlation, 300, np.random.default_rng(1))
    items, factors = 8, 2

    def discrepancy(given: Floats) -> float:
        loadings, own = given[: items * factors].reshape(items, factors), np.exp(given[items * factors :])
        implied = loadings @ loadings.T + np.diag(own)
        return float(np.linalg.slogdet(implied)[1] - np.linalg.slogdet(sample)[1]
                     + np.trace(sample @ np.linalg.inv(implied)) - items)  # fmt: skip

    mine = maximum_likelihood(sample, factors)
    start = np.concatenate([mine.loadings.ravel() + 0.05, np.log(mine.own)])
    best = optimize.minimize(discrepancy, start, method="BFGS", options={"gtol": 1e-7})
    assert mine.objective == pytest.approx(best.fun, abs=1e-7)
    assert mine.own == pytest.approx(np.exp(best.x[items * factors :]), abs=1e-3)


@pytest.mark.parametrize("factors", [1, 2])
def test_minres_leaves_the_smallest_residuals(factors: int) -> None:
    off = np.triu_indices(8, 1)

    def residuals(given: Floats) -> Floats:
        loadings = given.reshape(8, factors)
        return (HARMAN - loadings @ loadings.T)[off]

    mine = minres(HARMAN, factors)
    best = optimize.least_squares(residuals, np.random.default_rng(2).uniform(0.2, 0.9, 8 * factors), xtol=1e-15,
                                  ftol=1e-15)  # fmt: skip
    assert mine.converged
    assert np.sum(residuals(mine.loadings.ravel()) ** 2) == pytest.approx(2 * best.cost, rel=1e-6)
    common = np.sum(best.x.reshape(8, factors) ** 2, axis=1)
    assert mine.communalities == pytest.approx(common, abs=2e-3)
    assert mine.communalities == pytest.approx(np.sum(mine.loadings**2, axis=1), abs=1e-4)


def test_what_fits_exactly_is_found_exactly() -> None:
    _, correlation = planted(2, 4, between=0.4)
    for method in (minres, maximum_likelihood):
        found = method(correlation, 2)
        assert found.loadings @ found.loadings.T + np.diag(found.own) == pytest.approx(correlation, abs=1e-5)
        assert found.heywood == ()
    fit = fit_of(maximum_likelihood(correlation, 2), correlation, 200)
    assert fit.rmsea == 0.0
    assert fit.chi_square == pytest.approx(0, abs=1e-5)
    assert fit.p_value == pytest.approx(1)
    assert fit.residual == pytest.approx(0, abs=1e-5)


def test_a_true_model_is_refused_as_often_as_chance_has_it() -> None:
    """The chi-square of a model that holds has the mean of its degrees of freedom."""
    _, correlation = planted(1, 6)
    rng = np.random.default_rng(3)
    found = [fit_of(maximum_likelihood(s, 1), s, 300) for s in (sampled(correlation, 300, rng) for _ in range(30))]
    mean = np.mean([fit.chi_square for fit in found])
    # 30 chi-squares with 9 degrees: mean 9, standard error sqrt(18 / 30) = .77.
    assert abs(mean - 9) < 4 * 0.77
    assert np.mean([fit.tli or 0 for fit in found]) == pytest.approx(1, abs=0.02)


def test_too_many_factors_are_refused_and_a_border_is_said() -> None:
    with pytest.raises(CannotEstimate, match="too few for 3"):
        minres(planted(1, 4)[1], 3)
    with pytest.raises(CannotEstimate, match="follows from the others"):
        maximum_likelihood(np.ones((5, 5)), 1)
    assert degrees_of_freedom(8, 2) == 13
    assert maximum_likelihood(HARMAN, 3).heywood == (1,)


# --------------------------------------------------------------------------------------------------------- rotations


def test_varimax_is_the_best_of_all_angles() -> None:
    loadings = minres(HARMAN, 2).loadings
    scaled = loadings / np.sqrt(np.sum(loadings**2, axis=1))[:, None]

    def spread(angle: float) -> float:
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        return float(np.var((scaled @ turn) ** 2, axis=0).sum())

    found = varimax(loadings).loadings
    mine = float(np.var((found / np.sqrt(np.sum(found**2, axis=1))[:, None]) ** 2, axis=0).sum())
    assert mine == pytest.approx(max(spread(angle) for angle in np.linspace(0, math.pi / 2, 20_001)), rel=1e-7)
    assert found @ found.T == pytest.approx(loadings @ loadings.T, abs=1e-12)


def test_oblimin_is_the_best_of_all_pairs_of_angles() -> None:
    loadings = minres(HARMAN, 2).loadings

    def cost(angles: Floats) -> float:
        lean = np.array([[math.cos(angles[0]), math.cos(angles[1])], [math.sin(angles[0]), math.sin(angles[1])]])
        if abs(np.linalg.det(lean)) < 1e-3:
            return math.inf
        pattern = loadings @ np.linalg.inv(lean).T
        return float(np.sum(pattern[:, 0] ** 2 * pattern[:, 1] ** 2))

    best = optimize.brute(cost, ((0, math.pi), (0, math.pi)), Ns=80, full_output=True)[1]
    found = oblimin(loadings)
    assert np.sum(found.loadings[:, 0] ** 2 * found.loadings[:, 1] ** 2) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("rotation", [promax, oblimin])
def test_factors_that_lean_are_found_with_their_correlation(rotation: type) -> None:
    loadings, correlation = planted(3, 5, between=0.3)
    found = rotation(minres(correlation, 3).loadings)
    assert found.loadings @ found.between @ found.loadings.T == pytest.approx(correlation - 0.51 * np.eye(15), abs=1e-4)
    assert np.diag(found.between) == pytest.approx(np.ones(3))
    alike = np.abs(congruence(found.loadings, loadings)).max(axis=0)
    assert alike == pytest.approx(np.ones(3), abs=0.01 if rotation is promax else 1e-4)
    if rotation is oblimin:
        assert np.abs(found.between[np.triu_indices(3, 1)]) == pytest.approx(np.full(3, 0.3), abs=0.01)


# ---------------------------------------------------------------------------------------------- adequacy and number


def test_kmo_is_that_of_partial_correlations_from_regressions() -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((200, 5)) @ np.linalg.cholesky(planted(1, 5)[1]).T
    correlation = np.corrcoef(rows.T)
    squares = partials = 0.0
    for x in range(5):
        for y in range(x):
            others = np.column_stack([np.ones(200), np.delete(rows, [x, y], axis=1)])
            left = rows[:, [x, y]] - others @ np.linalg.lstsq(others, rows[:, [x, y]], rcond=None)[0]
            partials += np.corrcoef(left.T)[0, 1] ** 2
            squares += correlation[x, y] ** 2
    assert adequacy(correlation, 200).kmo == pytest.approx(squares / (squares + partials), rel=1e-10)


def test_bartlett_is_that_of_the_eigenvalues_and_keeps_its_level() -> None:
    found = adequacy(HARMAN, GIRLS)
    expected = -(GIRLS - 1 - (2 * 8 + 5) / 6) * np.sum(np.log(np.linalg.eigvals(HARMAN).real))
    assert found.chi_square == pytest.approx(expected, rel=1e-10)
    assert found.degrees == 28
    assert found.word == "meritorious"
    rng = np.random.default_rng(5)
    chance = [adequacy(correlated(rng.standard_normal((100, 5))), 100).p_value for _ in range(300)]
    assert stats.kstest(chance, "uniform").pvalue > 0.001


def test_chance_eigenvalues_are_those_of_simulated_rows() -> None:
    rng = np.random.default_rng(6)
    drawn = np.array([eigenvalues(correlated(rng.standard_normal((305, 8)))) for _ in range(400)])
    found = parallel_analysis(HARMAN, GIRLS, np.random.default_rng(7), draws=400)
    assert found.chance == pytest.approx(np.quantile(drawn, 0.95, axis=0), abs=0.02)
    assert found.suggested == 2


@pytest.mark.parametrize("kind", ["components", "factors"])
def test_the_planted_number_of_factors_is_suggested_and_none_of_noise(kind: str) -> None:
    rng = np.random.default_rng(8)
    sample = sampled(planted(3, 5)[1], 600, rng)
    assert parallel_analysis(sample, 600, rng, kind=kind).suggested == 3  # type: ignore[arg-type]
    noise = np.corrcoef(rng.standard_normal((10, 600)))
    assert parallel_analysis(noise, 600, rng, kind=kind).suggested <= 1  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------- key


def test_congruence_is_the_cosine_of_two_columns() -> None:
    first, second = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]), np.array([[2.0], [4.0], [6.0]])
    assert congruence(first, second).ravel().tolist() == pytest.approx([1.0, 0.0])
    assert congruence(-first, second)[0, 0] == pytest.approx(-1.0)


def test_a_structure_as_keyed_is_found_whatever_the_order_of_scales() -> None:
    rng = np.random.default_rng(9)
    sample = sampled(planted(3, 5)[1], 800, rng)
    for key in (np.repeat([0, 1, 2], 5), np.repeat([2, 0, 1], 5)):
        found = structure(sample, 800, key, np.random.default_rng(1))
        assert found.is_as_keyed
        assert found.on_own.all()
        assert (found.congruence > 0.95).all()
        assert "15 of 15" in found.verdict
        assert "as many factors as there are scales" in found.verdict


def test_a_wrong_key_is_said_to_be_wrong() -> None:
    sample = sampled(planted(3, 5)[1], 800, np.random.default_rng(10))
    found = structure(sample, 800, np.tile([0, 1, 2], 5), np.random.default_rng(1))
    assert not found.is_as_keyed
    assert "not as the key says" in found.verdict
    one = structure(sampled(planted(1, 10)[1], 800, np.random.default_rng(11)), 800, np.repeat([0, 1], 5),
                    np.random.default_rng(1))  # fmt: skip
    assert not one.is_as_keyed
    assert "fewer than there are scales" in one.verdict


def test_an_item_that_was_not_reversed_is_not_on_its_own() -> None:
    sample = sampled(planted(2, 5)[1], 800, np.random.default_rng(12))
    signs = np.ones(10)
    signs[3] = -1
    found = structure(sample * np.outer(signs, signs), 800, np.repeat([0, 1], 5), np.random.default_rng(1))
    assert np.flatnonzero(~found.on_own).tolist() == [3]
    assert key_matrix(np.array([0, 1, 1]), 2).tolist() == [[1, 0], [0, 1], [0, 1]]
