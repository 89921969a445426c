"""What must hold whatever the numbers: ends, sums, units, and probabilities that add up."""

from __future__ import annotations

import json

import numpy as np
import pytest

from satsuma.statistics.purchases.bg_bb import BgBb, fit_bg_bb
from satsuma.statistics.purchases.bg_nbd import BgNbd, fit_bg_nbd
from satsuma.statistics.purchases.clv import lifetime_value
from satsuma.statistics.purchases.gamma_gamma import GammaGamma, fit_gamma_gamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd, fit_mbg_nbd
from satsuma.statistics.purchases.models import fit, from_dict
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd, fit_pareto_nbd
from satsuma.statistics.purchases.renewals import Renewals
from satsuma.statistics.purchases.simulate import simulate
from satsuma.statistics.purchases.summary import PurchaseSummary
from satsuma.statistics.purchases.validation import by_frequency, expected_tracking, frequencies

MODELS = (
    BgNbd(r=0.243, alpha=4.414, a=0.793, b=2.426),
    MbgNbd(r=0.525, alpha=6.183, a=0.891, b=1.614),
    ParetoNbd(r=0.553, alpha=10.578, s=0.606, beta=11.669),
    BgBb(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783),
)
CONTINUOUS = MODELS[:3]
ROWS = PurchaseSummary.of([0, 1, 4, 2], [0, 3, 10, 12], [12, 12, 11, 12])

every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.kind)
every_continuous = pytest.mark.parametrize("model", CONTINUOUS, ids=lambda model: model.kind)


@every_model
def test_no_horizon_no_purchases(model) -> None:
    assert model.expected_purchases(ROWS, 0).tolist() == [0.0] * 4
    assert model.expected_purchases_new(0) == pytest.approx(0.0, abs=1e-15)
    assert model.discounted_expected_purchases(ROWS, 0, yearly_discount=0.1, periods_per_year=52).tolist() == [0.0] * 4


@every_model
def test_probabilities_of_n_add_up_to_one_and_to_the_expectation(model) -> None:
    n = np.arange(400)
    chances = model.probability_of_n(n, 20)
    assert chances.min() >= 0
    assert chances.sum() == pytest.approx(1.0, abs=1e-9)
    assert chances @ n == pytest.approx(float(model.expected_purchases_new(20)), rel=1e-7)
    given = np.array([model.conditional_probability_of_n(ROWS, int(k), 15) for k in range(200)])
    assert given.sum(axis=0) == pytest.approx(np.ones(4), abs=1e-9)
    assert np.arange(200) @ given == pytest.approx(model.expected_purchases(ROWS, 15), rel=1e-7)


@every_model
def test_p_alive_is_a_probability_and_silence_lowers_it(model) -> None:
    ages = np.arange(6.0, 60.0, 6.0)
    rows = PurchaseSummary.of(np.full(len(ages), 2), np.full(len(ages), 6.0), ages)
    alive = model.p_alive(rows)
    assert ((alive > 0) & (alive <= 1)).all()
    assert (np.diff(alive) < 0).all()


def test_bg_nbd_takes_everybody_without_a_repeat_purchase_for_alive() -> None:
    rows = PurchaseSummary.of([0, 0], [0, 0], [1, 1000])
    assert MODELS[0].p_alive(rows).tolist() == [1.0, 1.0]
    assert (MODELS[1].p_alive(rows) < 1).all()


@every_continuous
def test_who_bought_just_now_is_alive_in_pareto_and_may_have_left_in_the_others(model) -> None:
    alive = model.p_alive(PurchaseSummary.of([3], [20.0], [20.0]))[0]
    if model.kind == "Pareto/NBD":
        assert alive == pytest.approx(1.0, abs=1e-14)
    else:
        b = model.b + 3 + model.first
        assert alive == pytest.approx(1.0 / (1.0 + model.a / (b - 1.0)))


@every_continuous
def test_days_and_weeks_give_the_same_answers(model) -> None:
    values = dict(zip(model.names(), model.values, strict=True))
    for name in ("alpha", "beta"):
        if name in values:
            values[name] *= 7
    in_days = type(model)(**values)
    days = PurchaseSummary(ROWS.x, ROWS.t_x * 7, ROWS.T * 7, ROWS.count)
    assert in_days.p_alive(days) == pytest.approx(model.p_alive(ROWS), rel=1e-11)
    assert in_days.expected_purchases(days, 70) == pytest.approx(model.expected_purchases(ROWS, 10), rel=1e-10)
    weekly = model.discounted_expected_purchases(ROWS, 52, yearly_discount=0.15, periods_per_year=52)
    daily = in_days.discounted_expected_purchases(days, 364, yearly_discount=0.15, periods_per_year=364)
    assert daily == pytest.approx(weekly, rel=1e-9)


@every_model
def test_discounting_lies_between_the_sums_discounted_at_the_start_and_the_end_of_small_steps(model) -> None:
    rate, steps = np.log(1.2) / 12, range(25)
    until = np.array([model.expected_purchases(ROWS, step) for step in steps])
    increments = np.diff(until, axis=0)
    late = np.exp(-rate * np.arange(1, 25)) @ increments
    early = np.exp(-rate * np.arange(24)) @ increments
    found = model.discounted_expected_purchases(ROWS, 24, yearly_discount=0.2, periods_per_year=12)
    assert (found >= late - 1e-9).all()
    assert (found <= early + 1e-9).all()
    none = model.discounted_expected_purchases(ROWS, 24, yearly_discount=0.0, periods_per_year=12)
    assert none == pytest.approx(until[-1], rel=1e-10)


def test_discounted_sums_to_the_last_digits() -> None:
    # Continuous discounting of a smooth curve, against 20,000 steps at their middles.
    rate, edges = np.log(1.15) / 52, np.linspace(0, 104, 20_001)
    row = PurchaseSummary.of([2], [30.0], [40.0])
    for model in CONTINUOUS:
        one = 2 + model.r, model.alpha + 40
        if isinstance(model, ParetoNbd):
            t = np.diff(edges) / 2 + edges[:-1]
            lasting = ((model.beta + 40) / (model.beta + 40 + t)) ** model.s
            exact = float(model.p_alive(row)[0] * one[0] / one[1] * np.sum(np.exp(-rate * t) * lasting) * edges[1])
        else:
            until = np.array([model.expected_purchases(row, t)[0] for t in edges[::20]])
            middle = (edges[::20][1:] + edges[::20][:-1]) / 2
            exact = float(np.exp(-rate * middle) @ np.diff(until))
        found = model.discounted_expected_purchases(row, 104, yearly_discount=0.15, periods_per_year=52)
        assert found[0] == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("model", [MODELS[2], MODELS[3]], ids=lambda model: model.kind)
def test_value_for_ever_is_the_limit_of_long_horizons(model) -> None:
    forever = model.discounted_expected_purchases(ROWS, None, yearly_discount=0.5, periods_per_year=4)
    long = model.discounted_expected_purchases(ROWS, 500, yearly_discount=0.5, periods_per_year=4)
    assert forever == pytest.approx(long, rel=1e-9)
    with pytest.raises(ValueError, match="must be above 0"):
        model.discounted_expected_purchases(ROWS, None, yearly_discount=0, periods_per_year=4)


def test_derts_closed_forms() -> None:
    from scipy.special import hyp2f1, hyperu

    model, rate = MODELS[2], np.log(1.15) / 52
    start = model.beta + ROWS.T
    printed = model.p_alive(ROWS) * (model.r + ROWS.x) / (model.alpha + ROWS.T)
    printed = printed * start * hyperu(1.0, 2.0 - model.s, rate * start)
    found = model.discounted_expected_purchases(ROWS, None, yearly_discount=0.15, periods_per_year=52)
    assert found == pytest.approx(printed, rel=1e-10)
    model, factor = MODELS[3], 1 / 1.1
    n = ROWS.T
    lasting = (model.delta + n) / (model.gamma + model.delta + n) * factor
    lasting = lasting * hyp2f1(1, model.delta + n + 1, model.gamma + model.delta + n + 1, factor)
    printed = model.p_alive(ROWS, 0) * (model.alpha + ROWS.x) / (model.alpha + model.beta + n) * lasting
    found = model.discounted_expected_purchases(ROWS, None, yearly_discount=0.1, periods_per_year=1)
    assert found == pytest.approx(printed, rel=1e-12)


def test_only_two_models_have_a_value_for_ever() -> None:
    with pytest.raises(ValueError, match="needs a horizon"):
        MODELS[0].discounted_expected_purchases(ROWS, None, yearly_discount=0.1, periods_per_year=52)


def test_renewals_add_up() -> None:
    model = Renewals(alpha=0.668, beta=3.806)
    t = np.arange(1, 40)
    assert model.survival(0) == 1.0
    assert model.survival(39) + model.probability_of_leaving(t).sum() == pytest.approx(1.0)
    assert np.cumprod(model.retention_rate(t)) == pytest.approx(model.survival(t))
    assert (np.diff(model.retention_rate(t)) > 0).all()
    after = np.arange(0, 4000)
    for renewals in (0, 4):
        still = model.survival(after + renewals + 1) / model.survival(renewals)
        exact = float(still @ 1.25 ** -after.astype(float))
        found = model.discounted_expected_residual_lifetime(renewals, yearly_discount=0.25)
        assert found == pytest.approx(exact, rel=1e-10)


def test_expected_spend_lies_between_the_customers_own_mean_and_that_of_all() -> None:
    model = GammaGamma(p=6.25, q=3.74, v=15.44)
    found = model.expected_spend([0, 1, 50, 10_000], [np.nan, 100.0, 100.0, 100.0])
    assert found[0] == pytest.approx(model.mean_spend)
    assert (np.diff(found) > 0).all()
    assert found[-1] == pytest.approx(100.0, rel=1e-3)


def test_value_is_purchases_times_spend_times_margin() -> None:
    x, t_x, T = np.array([0.0, 2, 0, 5]), np.array([0.0, 9, 0, 11]), np.array([12.0, 12, 12, 12])
    rows, inverse = PurchaseSummary.compress(x, t_x, T)
    spend = GammaGamma(p=6.25, q=3.74, v=15.44)
    made = lifetime_value(
        MODELS[1], spend, rows, inverse, [np.nan, 30.0, 0.0, 0.0], horizon=52, yearly_discount=0.1,
        periods_per_year=52, margin=0.4,
    )  # fmt: skip
    assert made.clv == pytest.approx(made.discounted_purchases * made.expected_spend * 0.4)
    assert made.clv[0] == made.clv[2]
    # A free sample says nothing about spend.
    assert made.expected_spend[3] == pytest.approx(spend.mean_spend)
    with pytest.raises(ValueError, match="margin"):
        lifetime_value(MODELS[1], spend, rows, inverse, [1.0] * 4, horizon=5, yearly_discount=0.1, periods_per_year=52,
                       margin=0)  # fmt: skip


FITS = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd, "BG/BB": fit_bg_bb}


@every_model
def test_fitting_heeds_neither_order_nor_unit_nor_how_rows_are_divided(model) -> None:
    rng = np.random.default_rng(11)
    drawn = simulate(model, rng.integers(6, 8 if model.kind == "BG/BB" else 80, 2000).astype(float), rng)
    t_x = np.ceil(drawn.t_x)
    rows, _ = PurchaseSummary.compress(drawn.x, t_x, drawn.T)
    one = FITS[model.kind](rows)
    shuffled = PurchaseSummary.of(drawn.x[::-1], t_x[::-1], drawn.T[::-1])
    assert FITS[model.kind](shuffled).values == pytest.approx(one.values, rel=1e-5)
    assert one.estimate.log_likelihood == pytest.approx(one.log_likelihood(rows), rel=1e-12)
    parts = PurchaseSummary.compress(drawn.x[:700], t_x[:700], drawn.T[:700])[0]
    parts = parts + PurchaseSummary.compress(drawn.x[700:], t_x[700:], drawn.T[700:])[0]
    assert FITS[model.kind](parts).values == one.values
    if model.kind != "BG/BB":
        days = FITS[model.kind](PurchaseSummary(rows.x, rows.t_x * 7, rows.T * 7, rows.count))
        assert days.estimate.log_likelihood == pytest.approx(days.log_likelihood(
            PurchaseSummary(rows.x, rows.t_x * 7, rows.T * 7, rows.count)), rel=1e-12)  # fmt: skip
        assert days.alpha == pytest.approx(7 * one.alpha, rel=1e-5)
        assert days.r == pytest.approx(one.r, rel=1e-5)


@every_model
def test_models_survive_being_kept_as_json(model) -> None:
    drawn = simulate(model, np.full(500, 12.0), np.random.default_rng(2))
    fitted = fit(model.kind, PurchaseSummary.compress(drawn.x, np.ceil(drawn.t_x), drawn.T)[0])
    for kept in (model, fitted):
        again = from_dict(json.loads(json.dumps(kept.as_dict(), allow_nan=False)))
        assert again == kept


def test_spend_survives_being_kept_as_json() -> None:
    found = fit_gamma_gamma([1, 2, 3, 4, 2], [10.0, 12.0, 31.0, 22.0, 0.0])
    assert from_dict(json.loads(json.dumps(found.as_dict()))) == found
    assert found.zero_spend == 1


def test_keeping_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="There is no model"):
        from_dict({"model": "Weibull"})
    with pytest.raises(ValueError, match="parameter b is missing"):
        from_dict({"model": "BG/NBD", "r": 1, "alpha": 2, "a": 3})
    with pytest.raises(ValueError, match="not of"):
        BgNbd.from_dict(MODELS[1].as_dict())
    with pytest.raises(ValueError, match="above 0"):
        BgNbd(r=-1.0, alpha=1.0, a=1.0, b=1.0)


def test_tracking_sums_customers_from_their_own_births() -> None:
    model = MODELS[0]
    track = expected_tracking(model, [10, 8, 8], 12, actual=np.arange(12))
    by_hand = [
        float(model.expected_purchases_new(t) + 2 * model.expected_purchases_new(max(t - 2, 0))) for t in range(1, 13)
    ]
    assert track.expected_cumulative == pytest.approx(by_hand)
    assert track.actual_cumulative[-1] == 66
    assert track.is_calibration.sum() == 10
    counted = expected_tracking(model, [10, 8], 12, count=[1, 2])
    assert counted.expected == pytest.approx(track.expected)


def test_the_table_by_frequency_worked_by_hand() -> None:
    table = by_frequency([0, 0, 1, 9], [0, 2, 3, 4], [0.5, 0.5, 2.0, 5.0], top=2)
    assert table.customers.tolist() == [2, 1, 1]
    assert table.actual.tolist() == [1.0, 3.0, 4.0]
    assert table.expected.tolist() == [0.5, 2.0, 5.0]
    assert (table.total_actual, table.total_expected) == (9.0, 8.0)
    assert table.correlation == pytest.approx(np.corrcoef([0, 2, 3, 4], [0.5, 0.5, 2.0, 5.0])[0, 1])
    assert table.mean_absolute_error == pytest.approx((0.5 + 1.5 + 1.0 + 1.0) / 4)
    assert by_frequency([0, 1], [1, 1], [0.5, 0.6]).correlation is None


def test_frequencies_of_the_calibration_period_add_up() -> None:
    table = frequencies(MODELS[0], [0, 1, 9], [10.0, 10.0, 12.0], count=[5, 3, 2], top=3)
    assert table.actual.tolist() == [5, 3, 0, 2]
    assert table.expected.sum() == pytest.approx(10.0)
