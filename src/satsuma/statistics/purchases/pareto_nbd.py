"""Pareto/NBD: purchases at rate lambda ~ Gamma(r, alpha), leaving at any time at rate mu ~ Gamma(s, beta).

The likelihood of a history is Gamma(r + x) / Gamma(r) alpha^r beta^s times

    (alpha + T)^-(r + x) (beta + T)^-s + s x the integral of f from t_x to T                                      (1)

with f of `pareto_integrals`; its first term belongs to customers who are still there, so that P(alive) is the first
term's share of (1).

References
----------
Schmittlein, Morrison & Colombo (1987), Counting Your Customers: Who Are They and What Will They Do Next?, Management
Science 33(1), 1-24. Fader & Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions.
Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, Journal of Marketing
Research 42(4), 415-430.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from satsuma.statistics.purchases.fitting import SAMPLE, WORTH_SAMPLING, Prior, Problem, maximise
from satsuma.statistics.purchases.model import Parameters, checked_horizon, unit_of_time
from satsuma.statistics.purchases.pareto_integrals import Block, between, blocks, is_worth_a_table, table
from satsuma.statistics.purchases.special import Real, dot, integral, log_discount, power_mean
from satsuma.statistics.purchases.summary import PurchaseSummary, numbered, systematic_sample

Floats = NDArray[np.float64]
REFERENCE = "Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24"
SAME_LEAVING = "All customers then leave at about the same rate s / beta; only this ratio means anything."
SAME_RATE = "All customers then buy at about the same rate r / alpha; only this ratio means anything."


class Likelihood:
    """The log-likelihood over distinct rows; what is integrated sits on the distinct pairs of x and time."""

    def __init__(self, rows: PurchaseSummary) -> None:
        self.blocks = blocks(rows)
        self.count = tuple(rows.count[block.rows].astype(np.float64) for block in self.blocks)
        self.rows = tuple(rows.select(block.rows) for block in self.blocks)
        self.customers = float(rows.customers)
        self.x, code = numbered(rows.x)
        self.by_x = np.bincount(code, weights=rows.count.astype(np.float64), minlength=len(self.x))

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        r, alpha, s, beta = (float(value) for value in np.exp(theta))
        n, shape = self.customers, r + self.x
        value = float(self.by_x @ (gammaln(shape) - gammaln(r))) + n * (r * math.log(alpha) + s * math.log(beta))
        slope = np.array([
            float(self.by_x @ (digamma(shape) - digamma(r))) + n * math.log(alpha), n * r / alpha, n * math.log(beta),
            n * s / beta,
        ])  # fmt: skip
        for block, count, rows in zip(self.blocks, self.count, self.rows, strict=True):
            if is_worth_a_table(block, r, alpha, s, beta):
                more, parts = _of_block(block, count, rows.T, r, alpha, s, beta)
            else:
                more, parts = _of_rows(rows, count, r, alpha, s, beta)
            value += more
            slope += parts
        return value, slope * np.array([r, alpha, s, beta])


def _of_block(
    block: Block, count: Floats, T: Floats, r: float, alpha: float, s: float, beta: float
) -> tuple[float, Floats]:
    """Return the sum of log (1) and its derivatives by r, alpha, s and beta.

    The derivatives need no further look-up by row: the rows' weights are summed by place in the table, and the table
    is summed once.
    """
    made = table(block, r, alpha, s, beta)
    size = made.log_f.size
    log_f, first = made.log_f.ravel(), np.ascontiguousarray(made.moments[:, 0, :]).ravel()
    log_from = log_f[block.from_]
    decay = np.exp(log_f[block.to] - log_from)
    alive = (beta + T) * decay
    whole = alive + s * np.maximum(first[block.from_] - first[block.to] * decay, 0.0)
    value = dot(count, log_from + np.log(whole))
    scale = count / whole
    weight_alive, weight_gone = scale * alive, scale * s
    there = np.bincount(block.to, weights=weight_alive, minlength=size).reshape(made.log_f.shape)
    gone = np.bincount(block.from_, weights=weight_gone, minlength=size)
    gone -= np.bincount(block.to, weights=weight_gone * decay, minlength=size)
    gone = gone.reshape(made.log_f.shape)
    shape, times = r + block.x, block.times
    by_time = there.sum(axis=1)
    summed = [gone * made.moments[:, k, :] for k in range(5)]
    in_r = -float(by_time @ np.log(alpha + times)) - float(summed[1].sum())
    in_alpha = -float((there @ shape) @ (1.0 / (alpha + times))) - float((summed[2] @ shape).sum())
    in_s = -float(by_time @ np.log(beta + times)) + float(summed[0].sum()) / s - float(summed[3].sum())
    in_beta = -s * float(by_time @ (1.0 / (beta + times))) - (s + 1.0) * float(summed[4].sum())
    return value, np.array([in_r, in_alpha, in_s, in_beta])


def _of_rows(
    rows: PurchaseSummary, count: Floats, r: float, alpha: float, s: float, beta: float
) -> tuple[float, Floats]:
    """Return the same as `_of_block`, row by row."""
    found = between(rows.x, rows.t_x, rows.T, r, alpha, s, beta)
    alive, moments, shape = (beta + rows.T) * found.decay, found.moments, r + rows.x
    whole = alive + s * moments[0]
    there, gone = count * alive / whole, count * s / whole
    in_r = -dot(there, np.log(alpha + rows.T)) - dot(gone, moments[1])
    in_alpha = -dot(there, shape / (alpha + rows.T)) - dot(gone, shape * moments[2])
    in_s = -dot(there, np.log(beta + rows.T)) + dot(gone, moments[0]) / s - dot(gone, moments[3])
    in_beta = -s * dot(there, 1.0 / (beta + rows.T)) - (s + 1.0) * dot(gone, moments[4])
    return dot(count, found.log_f + np.log(whole)), np.array([in_r, in_alpha, in_s, in_beta])


def problem(rows: PurchaseSummary, unit: float) -> Problem:
    """Return what `fitting.maximise` is to solve; the rows' times are divided by `unit`."""
    sample = None
    if len(rows) > WORTH_SAMPLING and rows.customers > 2 * SAMPLE:
        sample = problem(systematic_sample(rows, SAMPLE), unit)
    return Problem(
        names=("r", "alpha", "s", "beta"),
        evaluate=Likelihood(rows.scaled(unit)),
        starts=[np.log([0.5, 4.0, 0.5, 4.0]), np.log([1.0, 10.0, 1.0, 10.0]), np.log([3.0, 6.0, 0.3, 2.0])],
        customers=rows.customers,
        rows=int(np.count_nonzero(rows.count)),
        repeat=rows.repeat_customers,
        powers=(0, 1, 0, 1),
        unit=unit,
        constant=-rows.purchases * math.log(unit),
        sample=sample,
        runaway={"s": SAME_LEAVING, "beta": SAME_LEAVING, "r": SAME_RATE, "alpha": SAME_RATE},
        reference=REFERENCE,
    )


def expected_while_alive(x: Floats, T: Floats, horizon: Real, r: Real, alpha: Real, s: Real, beta: Real) -> Floats:
    """Return the expected purchases until the horizon of a customer alive at T, eq. (41) in Fader & Hardie (2005).

    (r + x) (beta + T) / ((alpha + T) (s - 1)) [1 - ((beta + T) / (beta + T + t))^(s - 1)], without the 0 / 0 at s = 1.
    """
    lasting = (beta + T) * power_mean(np.asarray(s) - 1.0, np.log1p(np.asarray(horizon) / (beta + T)))
    return np.asarray((r + x) / (alpha + T) * lasting, np.float64)


def probability_of_n(n: ArrayLike, t: ArrayLike, r: Real, alpha: Real, s: Real, beta: Real) -> Floats:
    """Return P(X(t) = n): alive until t, or gone at u and n purchases until then, integrated over u.

    Fader & Hardie (2006), Deriving an Expression for P(X(t) = x) Under the Pareto/NBD Model, has a closed form, a
    difference of sums of 2F1 that cancel; the integral has no sign changes.
    """
    n, t, r, alpha, s, beta = np.broadcast_arrays(
        *(np.asarray(value, np.float64) for value in (n, t, r, alpha, s, beta))
    )
    if np.any(n < 0) or np.any(n != np.rint(n)) or not np.all((t >= 0) & np.isfinite(t)):
        raise ValueError("n must be whole numbers from 0 up, and t from 0 up.")
    constant = gammaln(r + n) - gammaln(r) - gammaln(n + 1.0)

    def negative_binomial(u: Floats, *values: Floats) -> Floats:
        count, log_constant, shape, rate = values
        with np.errstate(divide="ignore", invalid="ignore"):
            power = np.where(count > 0, count * (np.log(u) - np.log(rate + u)), 0.0)
        return np.asarray(np.exp(log_constant - shape * np.log1p(u / rate) + power), np.float64)

    low = np.minimum(alpha, beta)

    def gone(v: Floats) -> Floats:
        at = low[..., None] * np.expm1(v)
        leaving = np.exp(np.log(s / beta)[..., None] - (s + 1.0)[..., None] * np.log1p(at / beta[..., None]))
        then = negative_binomial(at, *(value[..., None] for value in (n, constant, r, alpha)))
        return np.asarray(then * leaving * low[..., None] * np.exp(v), np.float64)

    left = integral(gone, np.log1p(t / low), 24, 10)
    stays = np.exp(-s * np.log1p(t / beta))
    return np.asarray(negative_binomial(t, n, constant, r, alpha) * stays + left, np.float64)


def discounted_life(age: Floats, s: Real, beta: Real, horizon: float | None, rate: float) -> Floats:
    """Return the integral over t of e^(-rate t) ((beta + T) / (beta + T + t))^s: discounted time still to live.

    Without a horizon this is (beta + T) Psi(1, 2 - s; rate (beta + T)), Tricomi's function, of the DERT in Fader,
    Hardie & Lee (2005, RFM and CLV); the nodes lie evenly in log(1 + t / (beta + T)).
    """
    start = np.asarray(beta + age, np.float64)
    # e^-(rate t) is 0 to the last digit where rate t = 40.
    last = np.full(start.shape, 40.0 / rate if rate > 0 else math.inf)
    if horizon is not None:
        last = np.minimum(last, horizon)
    decay = np.broadcast_to(np.asarray(s, np.float64), start.shape)[..., None]

    def part(v: Floats) -> Floats:
        return np.asarray(np.exp(-rate * start[..., None] * np.expm1(v) + (1.0 - decay) * v), np.float64)

    return start * integral(part, np.log1p(last / start), 16, 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParetoNbd(Parameters):
    """Parameters: purchases at rate lambda ~ Gamma(r, alpha), leaving at rate mu ~ Gamma(s, beta)."""

    kind: ClassVar[str] = "Pareto/NBD"

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, rows: PurchaseSummary) -> float:
        """Return the log-likelihood of all customers."""
        return Likelihood(rows)(np.log(self.values))[0]

    def p_alive(self, rows: PurchaseSummary) -> Floats:
        """Return the probability that a customer has not left, shape (rows,): the share of the first term of (1)."""
        result = np.empty(len(rows))
        for block in blocks(rows):
            chosen = rows.select(block.rows)
            if is_worth_a_table(block, self.r, self.alpha, self.s, self.beta):
                made = table(block, self.r, self.alpha, self.s, self.beta, is_whole=False)
                log_f, first = made.log_f.ravel(), made.moments[:, 0, :].ravel()
                decay = np.exp(log_f[block.to] - log_f[block.from_])
                gone = np.maximum(first[block.from_] - first[block.to] * decay, 0.0)
            else:
                found = between(chosen.x, chosen.t_x, chosen.T, self.r, self.alpha, self.s, self.beta)
                decay, gone = found.decay, found.moments[0]
            alive = (self.beta + chosen.T) * decay
            result[block.rows] = alive / (alive + self.s * gone)
        return result

    def expected_purchases(self, rows: PurchaseSummary, horizon: float) -> Floats:
        """Return the expected purchases between T and T + horizon, shape (rows,)."""
        horizon = checked_horizon(horizon)
        return self.p_alive(rows) * expected_while_alive(rows.x, rows.T, horizon, self.r, self.alpha, self.s, self.beta)

    def expected_purchases_new(self, t: ArrayLike) -> Floats:
        """Return the expected repeat purchases of a new customer until t; eq. (27) in Fader & Hardie (2005)."""
        t = np.asarray(t, np.float64)
        if not np.all((t >= 0) & np.isfinite(t)):
            raise ValueError("t must be from 0 up.")
        return expected_while_alive(np.zeros(()), np.zeros(()), t, self.r, self.alpha, self.s, self.beta)

    def probability_of_n(self, n: ArrayLike, t: ArrayLike) -> Floats:
        """Return P(X(t) = n) of a new customer."""
        return probability_of_n(n, t, self.r, self.alpha, self.s, self.beta)

    def conditional_probability_of_n(self, rows: PurchaseSummary, n: int, horizon: float) -> Floats:
        """Return the probability of n purchases between T and T + horizon, shape (rows,).

        Given that a customer is alive, lambda ~ Gamma(r + x, alpha + T) and mu ~ Gamma(s, beta + T): a new customer.
        """
        horizon = checked_horizon(horizon)
        alive = self.p_alive(rows)
        then = probability_of_n(n, horizon, self.r + rows.x, self.alpha + rows.T, self.s, self.beta + rows.T)
        return alive * then + (1.0 - alive) * (n == 0)

    def discounted_expected_purchases(
        self, rows: PurchaseSummary, horizon: float | None, *, yearly_discount: float, periods_per_year: float
    ) -> Floats:
        """Return expected purchases, each discounted to T, until the horizon or for ever (None: DERT), shape (rows,).

        Discounting is continuous at a yearly rate: a purchase in a year counts 1 / (1 + yearly_discount). A period
        is the unit of T.

        Raises
        ------
        ValueError
            When there is neither horizon nor discount: the sum may have no end.
        """
        rate = log_discount(yearly_discount, periods_per_year)
        if horizon is None and rate == 0:
            raise ValueError("Without a horizon the yearly discount must be above 0.")
        if horizon is not None:
            horizon = checked_horizon(horizon)
        age, code = numbered(rows.T)
        life = discounted_life(age, self.s, self.beta, horizon, rate)[code]
        return self.p_alive(rows) * (self.r + rows.x) / (self.alpha + rows.T) * life


def fit_pareto_nbd(
    rows: PurchaseSummary,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> ParetoNbd:
    """Return Pareto/NBD by maximum likelihood; see `fitting.maximise` for the arguments.

    Raises
    ------
    CannotEstimate
        When nobody bought again, all histories are one, or nobody was observed for any time.
    """
    unit = unit_of_time(rows, ParetoNbd.names(), priors)
    return ParetoNbd.estimated(maximise(problem(rows, unit), penalty=penalty, priors=priors, start=start))
