"""Likelihoods and expectations against 50-digit arithmetic, and gradients against differences."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from satsuma.statistics.purchases import beta_geometric, bg_bb, gamma_gamma, pareto_nbd
from satsuma.statistics.purchases.bg_nbd import BgNbd
from satsuma.statistics.purchases.mbg_nbd import MbgNbd
from satsuma.statistics.purchases.pareto_integrals import between
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd
from satsuma.statistics.purchases.special import beta_rule, power_mean, purchases_while_alive, softplus
from satsuma.statistics.purchases.summary import PurchaseSummary

mp.mp.dps = 50

HISTORIES = [(0, 0.0, 39.0), (0, 0.0, 0.1), (1, 2.0, 39.0), (2, 30.43, 38.86), (7, 38.0, 38.0), (26, 30.857, 31.0),
             (60, 20.0, 100.0)]  # fmt: skip


def rows_of(histories) -> PurchaseSummary:
    return PurchaseSummary.of(*zip(*histories, strict=True))


def exact_beta_geometric(x, t_x, T, r, alpha, a, b, first):
    r, alpha, a, b = mp.mpf(r), mp.mpf(alpha), mp.mpf(a), mp.mpf(b)
    kept = b + x + first
    alive = mp.beta(a, kept) / mp.beta(a, b) / (alpha + mp.mpf(T)) ** (r + x)
    gone = mp.mpf(0)
    if x > 0 or first:
        gone = mp.beta(a + 1, kept - 1) / mp.beta(a, b) / (alpha + mp.mpf(t_x)) ** (r + x)
    constant = mp.gamma(r + x) / mp.gamma(r) * alpha**r
    return mp.log(constant * (alive + gone)), alive / (alive + gone)


def exact_pareto(x, t_x, T, r, alpha, s, beta):
    """By the difference of two 2F1 that the literature prints, eq. (19) and (20) in Fader & Hardie (2005)."""
    r, alpha, s, beta, t_x, T = (mp.mpf(value) for value in (r, alpha, s, beta, t_x, T))
    high, low, second = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)

    def part(t):
        return mp.hyp2f1(r + s + x, second, r + s + x + 1, (high - low) / (high + t)) / (high + t) ** (r + s + x)

    alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
    gone = s / (r + s + x) * (part(t_x) - part(T))
    constant = mp.gamma(r + x) / mp.gamma(r) * alpha**r * beta**s
    return mp.log(constant * (alive + gone)), alive / (alive + gone)


@pytest.mark.parametrize("model", [BgNbd, MbgNbd])
@pytest.mark.parametrize("parameters", [(0.243, 4.414, 0.793, 2.426), (2.0, 0.5, 1.0, 0.3), (0.05, 30.0, 20.0, 400.0)])
def test_beta_geometric_likelihood_and_p_alive_to_twelve_digits(model, parameters) -> None:
    found = model.of(parameters)
    for history in HISTORIES:
        rows = rows_of([history])
        likelihood, alive = exact_beta_geometric(*history, *parameters, model.first)
        assert found.log_likelihood(rows) == pytest.approx(float(likelihood), rel=1e-12, abs=1e-12)
        assert found.p_alive(rows)[0] == pytest.approx(float(alive), rel=1e-11)


@pytest.mark.parametrize(
    "parameters",
    [(0.553, 10.578, 0.606, 11.669), (0.5, 2.0, 1.0, 20.0), (2.0, 20.0, 3.0, 2.0), (1.0, 7.0, 1.0, 7.0)],
)
def test_pareto_likelihood_and_p_alive_to_ten_digits(parameters) -> None:
    found = ParetoNbd.of(parameters)
    for history in HISTORIES:
        rows = rows_of([history])
        likelihood, alive = exact_pareto(*history, *parameters)
        assert found.log_likelihood(rows) == pytest.approx(float(likelihood), rel=1e-11, abs=1e-11)
        assert found.p_alive(rows)[0] == pytest.approx(float(alive), rel=1e-10)
        x, t_x, T = (np.array([value], float) for value in history)
        direct = between(x, t_x, T, *parameters)
        there = (parameters[3] + T) * direct.decay
        assert there[0] / (there + parameters[2] * direct.moments[0])[0] == pytest.approx(float(alive), rel=1e-10)


def test_a_table_of_many_times_equals_each_row_by_itself() -> None:
    rng = np.random.default_rng(3)
    T = rng.integers(1, 700, 400) / 7.0
    x = np.where(rng.random(400) < 0.3, 0, rng.integers(1, 300, 400)).astype(float)
    rows, _ = PurchaseSummary.compress(x, np.where(x > 0, np.ceil(T * 7 * rng.random(400)).clip(1) / 7, 0), T)
    for parameters in ((0.5, 8.0, 0.6, 12.0), (1.0, 0.05, 0.3, 50.0), (3.0, 40.0, 2.0, 0.2)):
        direct = between(rows.x, rows.t_x, rows.T, *parameters)
        there = (parameters[3] + rows.T) * direct.decay
        alive = there / (there + parameters[2] * direct.moments[0])
        assert ParetoNbd.of(parameters).p_alive(rows) == pytest.approx(alive, rel=1e-9, abs=1e-300)


def exact_while_alive(shape, rate, a, b, t):
    shape, rate, a, b, t = (mp.mpf(value) for value in (shape, rate, a, b, t))
    if a == 1:
        a += mp.mpf(10) ** -30
    z = t / (rate + t)
    f = mp.hyp2f1(shape, b, a + b - 1, z)
    return (a + b - 1) / (a - 1) * (1 - (rate / (rate + t)) ** shape * f)


@pytest.mark.parametrize("a", [0.793, 1.0, 1.0 + 1e-9, 1.0 - 1e-6, 1.005, 0.05, 3.0, 40.0])
@pytest.mark.parametrize(
    ("shape", "rate", "b", "t"),
    [(0.243, 4.4, 2.4, 39.0), (0.243, 43.4, 2.4, 39.0), (26.2, 35.4, 28.4, 52.0), (300.2, 104.0, 302.0, 52.0),
     (2.5, 1.0, 0.4, 30.0), (60.0, 9.0, 3.0, 5.0), (0.3, 40.0, 0.11, 39.0), (0.25, 10.0, 5.0, 1e-3)],
)  # fmt: skip
def test_expected_purchases_while_alive_to_ten_digits(a, shape, rate, b, t) -> None:
    exact = float(exact_while_alive(shape, rate, a, b, t))
    assert purchases_while_alive(shape, rate, a, b, t) == pytest.approx(exact, rel=2e-10)


def test_three_thousand_purchases_neither_overflow_nor_lose_digits() -> None:
    exact = float(exact_while_alive(3000.25, 110.0, 0.8, 3002.4, 52.0))
    assert purchases_while_alive(3000.25, 110.0, 0.8, 3002.4, 52.0) == pytest.approx(exact, rel=1e-10)
    rows = rows_of([(3000, 80.0, 104.0)])
    assert BgNbd(r=0.25, alpha=6.0, a=0.8, b=2.4).p_alive(rows)[0] == pytest.approx(0.0, abs=1e-300)
    assert np.isfinite(ParetoNbd(r=0.5, alpha=6.0, s=0.8, beta=2.4).log_likelihood(rows))


def test_a_plus_b_of_one_is_nothing_special() -> None:
    near = [purchases_while_alive(0.3, 5.0, 0.4, 0.6 + off, 10.0) for off in (-1e-9, 0.0, 1e-9)]
    assert near[1] == pytest.approx(near[0], rel=1e-8)
    assert near[1] == pytest.approx(near[2], rel=1e-8)


def test_nodes_of_a_beta_distribution_give_its_moments() -> None:
    for a, b in ((0.3, 0.4), (1.0, 1.0), (2.5, 300.0), (20.0, 1e4)):
        p, weight = beta_rule(a, b, 16)
        assert weight.sum() == pytest.approx(1.0)
        assert weight @ p == pytest.approx(a / (a + b), rel=1e-10)
        assert weight @ p**2 == pytest.approx(a * (a + 1) / ((a + b) * (a + b + 1)), rel=1e-10)


def test_small_helpers_at_their_ends() -> None:
    added, share = softplus(np.array([-800.0, 0.0, 800.0]))
    assert added == pytest.approx([0.0, np.log(2.0), 800.0])
    assert share == pytest.approx([0.0, 0.5, 1.0])
    assert power_mean(0.0, 2.0) == 2.0
    assert power_mean(1e-12, 2.0) == pytest.approx(2.0)


LIKELIHOODS = {
    "BG/NBD": (lambda rows: beta_geometric.Likelihood(rows, 0), (0.3, 5.0, 0.8, 2.0)),
    "MBG/NBD": (lambda rows: beta_geometric.Likelihood(rows, 1), (0.3, 5.0, 0.8, 2.0)),
    "Pareto/NBD": (pareto_nbd.Likelihood, (0.3, 5.0, 0.8, 2.0)),
    "Pareto/NBD, alpha = beta": (pareto_nbd.Likelihood, (0.3, 5.0, 1.0, 5.0)),
    "BG/BB": (bg_bb.Likelihood, (1.2, 0.7, 0.6, 2.8)),
    "Gamma-Gamma": (
        lambda rows: gamma_gamma.Likelihood(rows.x[1:], rows.t_x[1:], rows.count[1:].astype(float)), (6.0, 3.7, 15.0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_gradients_and_curvatures_are_those_of_differences(name: str) -> None:
    make, parameters = LIKELIHOODS[name]
    count = np.array([40, 7, 5, 3, 2, 1])
    rows = PurchaseSummary(
        np.array([0.0, 1, 1, 2, 3, 5]), np.array([0.0, 2, 6, 4, 6, 6]), np.array([6.0, 6, 6, 5, 6, 7]), count
    )
    likelihood, theta = make(rows), np.log(parameters)
    _, gradient = likelihood(theta)
    steps = np.eye(len(theta)) * 1e-5
    numeric = [(likelihood(theta + step)[0] - likelihood(theta - step)[0]) / 2e-5 for step in steps]
    assert gradient == pytest.approx(numeric, rel=1e-6, abs=1e-6)
    if hasattr(likelihood, "hessian"):
        second = np.array([(likelihood(theta + step)[1] - likelihood(theta - step)[1]) / 2e-5 for step in steps])
        assert likelihood.hessian(theta) == pytest.approx(second, rel=1e-6, abs=1e-6)


def test_gamma_gamma_likelihood_in_50_digits() -> None:
    p, q, v, x, m = mp.mpf("6.25"), mp.mpf("3.74"), mp.mpf("15.44"), 3, mp.mpf("22.5")
    exact = (mp.loggamma(p * x + q) - mp.loggamma(p * x) - mp.loggamma(q) + q * mp.log(v) + (p * x - 1) * mp.log(m)
             + p * x * mp.log(x) - (p * x + q) * mp.log(v + x * m))  # fmt: skip
    model = gamma_gamma.GammaGamma(p=6.25, q=3.74, v=15.44)
    assert model.log_likelihood([3], [22.5]) == pytest.approx(float(exact), rel=1e-13)


def test_bg_bb_likelihood_is_the_sum_over_all_that_could_have_happened() -> None:
    model = bg_bb.BgBb(alpha=1.2, beta=0.75, gamma=0.66, delta=2.8)
    # Every history of 4 occasions, each with the number of its orders of purchases, together is certain.
    total = 0.0
    for t_x in range(5):
        for x in range(1 if t_x else 0, t_x + 1):
            orders = 1 if t_x == 0 else float(mp.binomial(t_x - 1, x - 1))
            total += orders * np.exp(model.log_likelihood(PurchaseSummary.of([x], [t_x], [4])))
    assert total == pytest.approx(1.0, rel=1e-12)
