"""Data that no model likes: a right answer or a refusal in a sentence, and never NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.bg_bb import BgBb, fit_bg_bb
from satsuma.statistics.purchases.bg_nbd import BgNbd, fit_bg_nbd
from satsuma.statistics.purchases.bootstrap import bootstrap
from satsuma.statistics.purchases.fitting import Prior
from satsuma.statistics.purchases.gamma_gamma import GammaGamma, fit_gamma_gamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd, fit_mbg_nbd
from satsuma.statistics.purchases.models import fit
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd, fit_pareto_nbd
from satsuma.statistics.purchases.renewals import Renewals, fit_renewals
from satsuma.statistics.purchases.simulate import simulate
from satsuma.statistics.purchases.summary import PurchaseSummary
from satsuma.statistics.purchases.validation import by_frequency, expected_tracking

CONTINUOUS = (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd)
ALL = (*CONTINUOUS, fit_bg_bb)
every_fit = pytest.mark.parametrize("fitting", ALL, ids=lambda fitting: fitting.__name__)
every_continuous = pytest.mark.parametrize("fitting", CONTINUOUS, ids=lambda fitting: fitting.__name__)


def is_sound(model, rows: PurchaseSummary) -> bool:
    """Whether every number that a model says of its rows is one."""
    told = [model.p_alive(rows), model.expected_purchases(rows, 10), np.array(model.values)]
    told.append(model.discounted_expected_purchases(rows, 10, yearly_discount=0.1, periods_per_year=12))
    told.append(np.atleast_1d(model.expected_purchases_new(10)))
    return all(np.isfinite(values).all() and (values >= 0).all() for values in told)


@every_fit
def test_no_customers(fitting) -> None:
    with pytest.raises(CannotEstimate, match="There are no customers"):
        fitting(PurchaseSummary.of([], [], []))


@every_fit
@pytest.mark.parametrize(
    ("x", "t_x", "T", "sentence"),
    [
        ([3], [5], [9], "All of the 1 customers have one and the same history"),
        ([2] * 50, [4] * 50, [8] * 50, "All of the 50 customers have one and the same history"),
        ([0] * 20, [0] * 20, range(1, 21), "None of the 20 customers bought again"),
        ([0, 0], [0, 0], [0, 0], "T is 0 for all"),
    ],
)
def test_what_says_nothing_is_refused(fitting, x, t_x, T, sentence: str) -> None:
    with pytest.raises(CannotEstimate, match=sentence):
        fitting(PurchaseSummary.of(list(x), list(t_x), list(T)))


def test_priors_for_all_parameters_are_an_answer_where_data_are_none() -> None:
    rows = PurchaseSummary.of([3], [5], [9])
    believed = {
        name: Prior(median=median, sigma=0.5) for name, median in zip("r a b".split(), (0.5, 1, 2), strict=True)
    }
    found = fit_bg_nbd(rows, priors={**believed, "alpha": Prior(median=5.0, sigma=0.5)})
    assert found.estimate.converged
    assert is_sound(found, rows)


@every_continuous
def test_two_histories_have_an_optimum_or_a_note(fitting) -> None:
    rows = PurchaseSummary(np.array([0.0, 3.0]), np.array([0.0, 8.0]), np.array([10.0, 10.0]), np.array([60, 40]))
    found = fitting(rows)
    assert is_sound(found, rows)
    # Four parameters from one share: something must run away, and be named.
    assert found.estimate.notes or not found.estimate.converged
    assert all(error is None or math.isfinite(error) for error in found.estimate.standard_errors)


@every_continuous
def test_ten_thousand_purchases_by_one_customer(fitting) -> None:
    rng = np.random.default_rng(1)
    truth = BgNbd(r=0.4, alpha=5.0, a=0.8, b=2.5)
    drawn = simulate(truth, rng.integers(20, 100, 1_000).astype(float), rng)
    rows, _ = PurchaseSummary.compress(
        np.append(drawn.x, 10_000), np.append(np.ceil(drawn.t_x), 99), np.append(drawn.T, 100)
    )
    found = fitting(rows)
    assert found.estimate.converged
    assert is_sound(found, rows)


@every_continuous
def test_thirty_years_in_days(fitting) -> None:
    rng = np.random.default_rng(2)
    truth = MbgNbd(r=0.5, alpha=900.0, a=0.5, b=3.0)
    drawn = simulate(truth, rng.integers(1, 10_950, 2_000).astype(float), rng)
    t_x = np.ceil(drawn.t_x)
    days, _ = PurchaseSummary.compress(drawn.x, t_x, drawn.T)
    found = fitting(days)
    assert found.estimate.converged
    assert is_sound(found, days)
    years = fitting(PurchaseSummary.compress(drawn.x, t_x / 365.25, drawn.T / 365.25)[0])
    assert found.alpha / 365.25 == pytest.approx(years.alpha, rel=1e-4)


def test_customers_who_never_leave_are_said_to_be_so() -> None:
    rng = np.random.default_rng(3)
    T = rng.integers(50, 100, 3_000).astype(float)
    would = rng.poisson(rng.gamma(2.0, 0.1, 3_000) * T)
    t_x = np.where(would > 0, np.ceil(T * rng.beta(np.maximum(would, 1), 1.0)), 0.0)
    rows, _ = PurchaseSummary.compress(would, t_x, T)
    for fitting in CONTINUOUS:
        found = fitting(rows)
        assert is_sound(found, rows)
        assert found.p_alive(rows) @ rows.count / 3_000 > 0.97
        assert found.estimate.notes
        assert "do not determine every parameter" in found.estimate.message


def test_equal_leaving_is_a_ridge_that_is_named() -> None:
    # All customers leave with p = 0.2: a and b grow together.
    rng = np.random.default_rng(4)
    drawn = simulate(BgNbd(r=0.8, alpha=4.0, a=2e4, b=8e4), rng.integers(30, 100, 4_000).astype(float), rng)
    rows, _ = PurchaseSummary.compress(drawn.x, np.ceil(drawn.t_x), drawn.T)
    found = fit_bg_nbd(rows)
    assert found.a / (found.a + found.b) == pytest.approx(0.2, abs=0.02)
    if found.b > 100:
        assert any("a / (a + b)" in note for note in found.estimate.notes)
        assert found.estimate.standard_errors[2] is None
    assert is_sound(found, rows)


def test_occasions_must_be_whole_and_hold_the_purchases() -> None:
    with pytest.raises(ValueError, match="t_x counts occasions"):
        fit_bg_bb(PurchaseSummary.of([0, 1], [0, 1.5], [3, 3]))
    with pytest.raises(ValueError, match="more often than there were occasions"):
        fit_bg_bb(PurchaseSummary.of([0, 3], [0, 2], [3, 3]))
    model = BgBb(alpha=1.0, beta=1.0, gamma=1.0, delta=1.0)
    with pytest.raises(ValueError, match="must be whole"):
        model.expected_purchases(PurchaseSummary.of([1], [1], [3]), 2.5)
    # gamma = 1 is 0 / 0 in the printed eq. (13).
    assert model.expected_purchases(PurchaseSummary.of([1], [1], [3]), 2)[0] > 0


def test_spend_of_nothing_is_left_out_and_counted() -> None:
    x, m_x = [1, 2, 3, 0, 2, 1, 4], [10.0, 0.0, -5.0, np.nan, 20.0, 14.0, 31.0]
    found = fit_gamma_gamma(x, m_x)
    assert (found.zero_spend, found.negative_spend, found.estimate.customers) == (1, 1, 4)
    assert np.isfinite(found.values).all()


@pytest.mark.parametrize(
    ("x", "m_x", "error", "sentence"),
    [
        ([0, 0], [0.0, 0.0], CannotEstimate, "at least two customers"),
        ([1, 2], [0.0, 0.0], CannotEstimate, "2 with zero or negative spend"),
        ([1, 2, 3], [5.0, 5.0, 5.0], CannotEstimate, "the same mean spend"),
        ([1, 2], [5.0, np.nan], ValueError, "missing or infinite"),
        ([1.5, 2], [5.0, 6.0], ValueError, "whole numbers"),
        ([-1, 2], [5.0, 6.0], ValueError, "whole numbers"),
    ],
)
def test_spend_that_says_nothing_is_refused(x, m_x, error, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        fit_gamma_gamma(x, m_x)


def test_an_infinite_mean_is_refused() -> None:
    heavy = GammaGamma(p=2.0, q=0.9, v=5.0)
    assert heavy.mean_spend == math.inf
    with pytest.raises(CannotEstimate, match="no finite value"):
        heavy.expected_spend([0], [0.0])
    assert heavy.expected_spend([1], [10.0])[0] > 0


def test_renewals_that_say_nothing_are_refused() -> None:
    with pytest.raises(CannotEstimate, match="None of the 100 customers left"):
        fit_renewals([0, 0], 100)
    with pytest.raises(CannotEstimate, match="One renewal"):
        fit_renewals([20], 80)
    with pytest.raises(ValueError, match="whole numbers"):
        fit_renewals([1.5, 2], 80)
    with pytest.raises(ValueError, match="above 0"):
        Renewals(alpha=1.0, beta=1.0).discounted_expected_residual_lifetime(0, yearly_discount=0.0)
    # The same retention in every period: no difference between customers to be seen.
    same = fit_renewals([200, 160, 128], 512)
    assert same.estimate.notes
    assert same.survival(3) == pytest.approx(0.512, abs=1e-3)


@pytest.mark.parametrize(
    "model",
    [BgNbd(r=1e-3, alpha=1e-3, a=1e-3, b=1e-3), MbgNbd(r=50.0, alpha=1e4, a=1e4, b=1e-2),
     ParetoNbd(r=1e-3, alpha=1e-4, s=1e-3, beta=1e4), ParetoNbd(r=300.0, alpha=1e4, s=50.0, beta=1e-3)],
)  # fmt: skip
def test_extreme_parameters_give_numbers(model) -> None:
    rows = PurchaseSummary.of([0, 1, 400, 2], [0, 1, 900, 10_000], [10_000, 1, 900, 10_950])
    assert is_sound(model, rows)
    assert ((model.p_alive(rows) >= 0) & (model.p_alive(rows) <= 1)).all()
    assert math.isfinite(model.log_likelihood(rows))


def test_questions_that_have_no_answer_are_refused() -> None:
    model, rows = BgNbd(r=0.2, alpha=4.0, a=0.8, b=2.4), PurchaseSummary.of([1], [3], [9])
    for horizon in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="horizon"):
            model.expected_purchases(rows, horizon)
    with pytest.raises(ValueError, match="whole numbers"):
        model.probability_of_n(1.5, 3)
    with pytest.raises(ValueError, match="from 0 up"):
        model.expected_purchases_new(-1)
    with pytest.raises(ValueError, match="yearly rate"):
        model.discounted_expected_purchases(rows, 5, yearly_discount=-0.1, periods_per_year=52)
    with pytest.raises(ValueError, match="There is no model 'NBD'"):
        fit("NBD", rows)
    with pytest.raises(ValueError, match="at least two draws"):
        bootstrap(model, rows, draws=1, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="of one length"):
        by_frequency([1, 2], [1], [1, 2])
    with pytest.raises(ValueError, match="no customers to track"):
        expected_tracking(model, [], 5)
    with pytest.raises(ValueError, match="median and a sigma"):
        Prior(median=0.0, sigma=1.0)
