"""Parameters are found again in customers drawn from them. Seeds, sizes and ages are in each test.

An estimate must lie within four of its own standard errors of the truth, and the standard errors must be small enough
for that to say something.
"""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.bg_bb import BgBb
from satsuma.statistics.purchases.bg_nbd import BgNbd, fit_bg_nbd
from satsuma.statistics.purchases.bootstrap import bootstrap, parametric_bootstrap
from satsuma.statistics.purchases.covariates import CovariateModel, CovariateRows, _likelihood, fit_covariates
from satsuma.statistics.purchases.fitting import SAMPLE, WORTH_SAMPLING, Prior
from satsuma.statistics.purchases.gamma_gamma import GammaGamma, fit_gamma_gamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd
from satsuma.statistics.purchases.models import fit
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd, fit_pareto_nbd
from satsuma.statistics.purchases.renewals import Renewals, fit_renewals
from satsuma.statistics.purchases.simulate import (
    purchases_until_death,
    purchases_until_leaving,
    simulate,
    simulate_renewals,
    simulate_spend,
)
from satsuma.statistics.purchases.summary import PurchaseSummary

#: Model, ages from and to in weeks, customers, and the largest relative standard error.
CASES = (
    (BgNbd(r=0.4, alpha=5.0, a=0.8, b=2.5), 20, 100, 30_000, 0.1),
    (MbgNbd(r=0.5, alpha=6.0, a=0.9, b=1.6), 20, 100, 30_000, 0.1),
    (ParetoNbd(r=0.6, alpha=10.0, s=0.6, beta=12.0), 20, 100, 30_000, 0.1),
    (BgBb(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8), 6, 13, 30_000, 0.1),
)


def near_truth(found: tuple[float, ...], truth: tuple[float, ...], errors: tuple[float | None, ...]) -> None:
    for value, true, error in zip(found, truth, errors, strict=True):
        assert error is not None
        assert abs(value - true) < 4 * error


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].kind)
def test_parameters_and_the_future_are_found_again(case) -> None:
    truth, low, high, customers, widest = case
    rng = np.random.default_rng(20)
    drawn = simulate(truth, rng.integers(low, high, customers).astype(float), rng, horizon=10)
    # Whole days, in weeks.
    rows, inverse = PurchaseSummary.compress(drawn.x, np.ceil(drawn.t_x * 7) / 7, drawn.T)
    found = fit(truth.kind, rows)
    assert found.estimate.converged
    assert found.estimate.notes == ()
    near_truth(found.values, truth.values, found.estimate.standard_errors)
    assert (
        max(error / value for error, value in zip(found.estimate.standard_errors, found.values, strict=True)) < widest
    )
    expected = found.expected_purchases(rows, 10)[inverse]
    assert expected.sum() == pytest.approx(drawn.later.sum(), rel=0.04)
    ahead = {"ahead": 0} if truth.kind == "BG/BB" else {}
    alive = found.p_alive(rows, **ahead)[inverse]
    for lower in (0.0, 0.25, 0.5, 0.75):
        some = (alive > lower) & (alive <= lower + 0.25)
        if some.sum() > 1000:
            assert alive[some].mean() == pytest.approx(drawn.is_alive[some].mean(), abs=0.02)


def test_a_sample_first_leads_to_the_same_optimum() -> None:
    rng = np.random.default_rng(4)
    drawn = simulate(CASES[0][0], rng.uniform(20, 100, 60_000), rng)
    rows, _ = PurchaseSummary.compress(drawn.x, drawn.t_x, drawn.T)
    assert len(rows) > WORTH_SAMPLING
    assert rows.customers > 2 * SAMPLE
    by_sample = fit_bg_nbd(rows)
    assert by_sample.estimate.converged
    assert fit_bg_nbd(rows, start=(1.0, 10.0, 1.0, 1.0)).values == pytest.approx(by_sample.values, rel=1e-5)


def test_spend_is_found_again_and_its_correlation_reported() -> None:
    rng = np.random.default_rng(6)
    truth = GammaGamma(p=6.0, q=4.0, v=15.0)
    x = rng.poisson(2.0, 90_000).astype(float)
    spend = simulate_spend(truth, x, rng)
    found = fit_gamma_gamma(x, spend)
    near_truth(found.values, truth.values, found.estimate.standard_errors)
    assert found.mean_spend == pytest.approx(truth.mean_spend, rel=0.01)
    assert abs(found.correlation) < 0.02
    assert found.estimate.notes == ()
    in_cents = fit_gamma_gamma(x, spend * 100)
    assert in_cents.v == pytest.approx(100 * found.v, rel=1e-5)
    linked = fit_gamma_gamma(x, spend * (1 + x))
    assert linked.correlation > 0.3
    assert any("correlated" in note for note in linked.estimate.notes)


def test_renewals_are_found_again_from_one_cohort_and_from_many() -> None:
    truth, rng = Renewals(alpha=0.7, beta=2.0), np.random.default_rng(8)
    lost, still = simulate_renewals(truth, 30_000, 8, rng)
    found = fit_renewals(lost, still)
    near_truth(found.values, truth.values, found.estimate.standard_errors)
    # Cohorts of 1 to 8 renewals, summed by period.
    summed, there = np.zeros(8), np.zeros(8)
    for periods in range(1, 9):
        lost, still = simulate_renewals(truth, 8_000, periods, rng)
        summed[:periods] += lost
        there[periods - 1] += still
    found = fit_renewals(summed, there)
    near_truth(found.values, truth.values, found.estimate.standard_errors)


def with_covariates(family, customers: int, seed: int):
    """Two covariates: a yes/no one of 40 per cent and a number with one decimal; ages 20 to 80 weeks in whole weeks."""
    rng = np.random.default_rng(seed)
    T = rng.integers(20, 80, customers).astype(float)
    z = np.stack([(rng.random(customers) < 0.4).astype(float), rng.normal(size=customers).round(1)], axis=1)
    buying, leaving = z @ np.array([0.5, 0.3]), z @ np.array([-0.6, 0.4])
    if family is BgNbd:
        life = np.exp(leaving)
        drawn = purchases_until_leaving(0.6, 5.0 * np.exp(-buying), 0.8 * life, 2.5 * life, T, rng)
        truth = (0.6, 5.0, 0.8, 2.5, 0.5, 0.3, -0.6, 0.4)
    else:
        drawn = purchases_until_death(0.8, 8.0 * np.exp(-buying), 0.6, 9.0 * np.exp(-leaving), T, rng)
        truth = (0.8, 8.0, 0.6, 9.0, 0.5, 0.3, -0.6, 0.4)
    names = {"loyal": z[:, 0], "income": z[:, 1]}
    return CovariateRows.compress(drawn.x, np.ceil(drawn.t_x), T, transaction=names, lifetime=names), truth, drawn


@pytest.mark.parametrize("family", [BgNbd, ParetoNbd])
def test_coefficients_are_found_again(family) -> None:
    (data, inverse), truth, drawn = with_covariates(family, 6_000, 1)
    assert data.rows.customers == 6_000
    assert np.array_equal(data.rows.x[inverse], drawn.x)
    found = fit_covariates(family, data)
    assert found.estimate.converged
    # Times are rounded up to weeks, which moves the parameters a little.
    for value, true, error in zip(
        found.estimate.values[4:], truth[4:], found.estimate.standard_errors[4:], strict=True
    ):
        assert abs(value - true) < 4 * error
    assert found.log_likelihood(data) == pytest.approx(found.estimate.log_likelihood, rel=1e-12)
    assert (
        found.estimate.log_likelihood
        > (fit_bg_nbd if family is BgNbd else fit_pareto_nbd)(data.rows).estimate.log_likelihood
    )
    assert CovariateModel.from_dict(found.as_dict()) == found


@pytest.mark.parametrize("family", [BgNbd, ParetoNbd])
def test_no_effect_equals_no_covariate(family) -> None:
    (data, _), truth, _ = with_covariates(family, 500, 2)
    base = family.of(truth[:4])
    none = {"loyal": 0.0, "income": 0.0}
    model = CovariateModel(base=base, transaction=none, lifetime=none)
    assert model.log_likelihood(data) == pytest.approx(base.log_likelihood(data.rows), rel=1e-11)
    assert model.p_alive(data) == pytest.approx(base.p_alive(data.rows), rel=1e-10)
    assert model.expected_purchases(data, 20) == pytest.approx(base.expected_purchases(data.rows, 20), rel=1e-10)
    assert model.expected_purchases_new(data, 20) == pytest.approx(np.full(len(data), base.expected_purchases_new(20)))
    terms = {"yearly_discount": 0.1, "periods_per_year": 52}
    assert model.discounted_expected_purchases(data, 30, **terms) == pytest.approx(
        base.discounted_expected_purchases(data.rows, 30, **terms), rel=1e-10
    )
    without = CovariateRows(data.rows, data.transaction[:, :0], data.lifetime[:, :0], (), ())
    assert fit_covariates(family, without).base.values == pytest.approx(
        (fit_bg_nbd if family is BgNbd else fit_pareto_nbd)(data.rows).values, rel=1e-4
    )


@pytest.mark.parametrize("family", [BgNbd, ParetoNbd])
def test_the_gradient_by_coefficients_is_that_of_differences(family) -> None:
    (data, _), _, _ = with_covariates(family, 300, 3)
    likelihood = _likelihood(family, data)
    theta = np.array([-0.5, 1.6, -0.3, 1.0, 0.4, 0.2, -0.5, 0.3])
    numeric = [(likelihood(theta + e)[0] - likelihood(theta - e)[0]) / 2e-5 for e in np.eye(8) * 1e-5]
    assert likelihood(theta)[1] == pytest.approx(numeric, rel=1e-6, abs=1e-5)


def test_covariates_that_say_nothing_are_refused() -> None:
    x, t_x, T = [0, 1, 2, 0], [0, 3, 5, 0], [9, 9, 9, 8]
    with pytest.raises(ValueError, match="'region' is the same for all customers"):
        CovariateRows.compress(x, t_x, T, transaction={"region": [1, 1, 1, 1]})
    with pytest.raises(ValueError, match="'region' has numbers that are missing"):
        CovariateRows.compress(x, t_x, T, transaction={"region": [1, np.nan, 1, 1]})
    one = [0.0, 1.0, 0.0, 1.0]
    data, _ = CovariateRows.compress(x, t_x, T, transaction={"one": one, "twice": [2 * z for z in one]})
    with pytest.raises(CannotEstimate, match="follows from the others"):
        fit_covariates(BgNbd, data)


def test_intervals_of_the_bootstrap_are_as_wide_as_the_standard_errors_say() -> None:
    rng = np.random.default_rng(9)
    truth = CASES[1][0]
    drawn = simulate(truth, rng.integers(20, 100, 12_000).astype(float), rng)
    rows, _ = PurchaseSummary.compress(drawn.x, np.ceil(drawn.t_x), drawn.T)
    found = fit(truth.kind, rows)
    again = bootstrap(found, rows, draws=120, rng=np.random.default_rng(1))
    assert again.failed == 0
    assert again.values.std(axis=0) == pytest.approx(np.array(found.estimate.standard_errors), rel=0.35)
    for (low, high), value in zip(again.interval(0.95), found.values, strict=True):
        assert low < value < high
    expected = again.interval_of(lambda model: model.expected_purchases(rows, 52) @ rows.count)
    assert expected.shape == (2,)
    assert expected[0] < found.expected_purchases(rows, 52) @ rows.count < expected[1]
    same = bootstrap(found, rows, draws=3, rng=np.random.default_rng(1))
    assert np.array_equal(same.values, again.values[:3])
    drawn_again = parametric_bootstrap(found, rows, draws=20, rng=np.random.default_rng(2))
    assert drawn_again.values.std(axis=0) == pytest.approx(np.array(found.estimate.standard_errors), rel=0.6)


def test_priors_and_penalties_pull_and_no_prior_is_none() -> None:
    rng = np.random.default_rng(10)
    drawn = simulate(CASES[0][0], rng.integers(20, 100, 300).astype(float), rng)
    rows, _ = PurchaseSummary.compress(drawn.x, np.ceil(drawn.t_x), drawn.T)
    plain = fit_bg_nbd(rows)
    wide = fit_bg_nbd(rows, priors={"r": Prior(median=1.0, sigma=1e4)})
    assert wide.values == pytest.approx(plain.values, rel=1e-4)
    tight = fit_bg_nbd(rows, priors={"alpha": Prior(median=20.0, sigma=1e-3)})
    assert tight.alpha == pytest.approx(20.0, rel=1e-2)
    # A prior is in the user's unit of time.
    days = PurchaseSummary(rows.x, rows.t_x * 7, rows.T * 7, rows.count)
    in_days = fit_bg_nbd(days, priors={"alpha": Prior(median=140.0, sigma=1e-3)})
    assert in_days.values == pytest.approx((tight.r, 7 * tight.alpha, tight.a, tight.b), rel=1e-4)
    penalised = [abs(np.log(fit_bg_nbd(rows, penalty=penalty).b)) for penalty in (0.0, 0.01, 1.0)]
    assert penalised[0] > penalised[1] > penalised[2]
    with pytest.raises(ValueError, match="no parameter 'beta'"):
        fit_bg_nbd(rows, priors={"beta": Prior(median=1.0, sigma=1.0)})
    with pytest.raises(ValueError, match="penalty"):
        fit_bg_nbd(rows, penalty=-1.0)
