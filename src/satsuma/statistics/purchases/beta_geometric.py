"""BG/NBD and MBG/NBD in one: purchases at rate lambda ~ Gamma(r, alpha), leaving with p ~ Beta(a, b) at a purchase.

In BG/NBD a customer may leave after each repeat purchase, in MBG/NBD after the first purchase too. Everything that
differs is one number, `first`, 0 or 1: how many more occasions to leave a customer has survived. With
B = b + x + first and the odds of having left with the last purchase

    odds = a / (B - 1) ((alpha + T) / (alpha + t_x))^(r + x),     none with x = 0 and first = 0,                  (1)

the likelihood of a history, eq. (6) in Fader, Hardie & Lee (2005) and in Batislam, Denizel & Filiztekin
(2007), is Gamma(r + x) / Gamma(r) alpha^r (alpha + T)^-(r + x) B(a, B) / B(a, b) (1 + odds), and
P(alive) = 1 / (1 + odds).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, digamma, gammaln, polygamma

from satsuma.statistics.purchases.fitting import SAMPLE, WORTH_SAMPLING, Problem
from satsuma.statistics.purchases.model import Parameters, checked_horizon, discounted
from satsuma.statistics.purchases.special import Real, dot, log_discount, log_rising, purchases_while_alive, softplus
from satsuma.statistics.purchases.summary import PurchaseSummary, numbered, systematic_sample

Floats = NDArray[np.float64]

#: What it means when a and b run away together.
SAME_LEAVING = "All customers then leave with about the same probability a / (a + b); only this ratio means anything."
SAME_RATE = "All customers then buy at about the same rate r / alpha; only this ratio means anything."


class Likelihood:
    """The log-likelihood over distinct rows.

    Gamma functions sit on the distinct x and logarithms on the distinct times; a row costs one exp and one log.
    """

    def __init__(self, rows: PurchaseSummary, first: int) -> None:
        self.first = first
        count = rows.count.astype(np.float64)
        self.customers = float(count.sum())
        self.x, x_code = numbered(rows.x)
        self.by_x = np.bincount(x_code, weights=count, minlength=len(self.x))
        self.T, T_code = numbered(rows.T)
        self.by_T = np.bincount(T_code, weights=count, minlength=len(self.T))
        self.x_by_T = np.bincount(T_code, weights=count * rows.x, minlength=len(self.T))
        # Who can have left: all but those without a repeat purchase under BG/NBD.
        can_leave = np.flatnonzero(rows.x > 0) if first == 0 else np.arange(len(rows))
        some = slice(int(can_leave[0]), None) if _is_tail(can_leave, len(rows)) else can_leave
        self.t_x, self.t_x_code = numbered(rows.t_x[some])
        self.x_code, self.T_code = x_code[some], T_code[some]
        self.count, self.row_x = count[some], rows.x[some]

    def _odds(self, r: float, alpha: float, a: float, b: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return by row log((alpha + T) / (alpha + t_x)), r + x, log(1 + odds) and the probability of having left."""
        ratio = np.log(alpha + self.T)[self.T_code] - np.log(alpha + self.t_x)[self.t_x_code]
        shape = r + self.row_x
        with np.errstate(divide="ignore", invalid="ignore"):
            log_odds = math.log(a) - np.log(b + self.x + (self.first - 1.0))
        added, left = softplus(shape * ratio + log_odds[self.x_code])
        return ratio, shape, added, left

    def _inverse(self, alpha: float) -> Floats:
        """Return by row 1 / (alpha + T) - 1 / (alpha + t_x)."""
        return np.asarray((1.0 / (alpha + self.T))[self.T_code] - (1.0 / (alpha + self.t_x))[self.t_x_code], np.float64)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = (float(value) for value in np.exp(theta))
        x, by_x, n = self.x, self.by_x, self.customers
        steps = x + self.first
        log_T = np.log(alpha + self.T)
        counted_log, counted_x_log = dot(self.by_T, log_T), dot(self.x_by_T, log_T)
        fixed = gammaln(r + x) - gammaln(r) + log_rising(b, steps) - log_rising(a + b, steps)
        value = dot(by_x, fixed) + n * r * math.log(alpha) - r * counted_log - counted_x_log
        ratio, shape, added, left = self._odds(r, alpha, a, b)
        value += dot(self.count, added)
        weight = self.count * left
        left_by_x = np.bincount(self.x_code, weights=weight, minlength=len(x))
        in_r = dot(by_x, digamma(r + x) - digamma(r)) + n * math.log(alpha) - counted_log + dot(weight, ratio)
        in_alpha = n * r / alpha - dot(r * self.by_T + self.x_by_T, 1.0 / (alpha + self.T))
        in_alpha += dot(weight * shape, self._inverse(alpha))
        slope = digamma(a + b) - digamma(a + b + steps)
        in_a = dot(by_x, slope) + float(weight.sum()) / a
        in_b = dot(by_x, digamma(b + steps) - digamma(b) + slope) - dot(left_by_x, self._before(b))
        return value, np.array([in_r * r, in_alpha * alpha, in_a * a, in_b * b])

    def _before(self, b: float) -> Floats:
        """Return 1 / (B - 1) by distinct x, 0 where nobody can have left."""
        kept = b + self.x + (self.first - 1.0)
        can_leave = (self.x > 0) | (self.first > 0)
        return np.where(can_leave, 1.0 / np.where(can_leave, kept, 1.0), 0.0)

    def hessian(self, theta: Floats) -> Floats:
        """Return the second derivatives by the logarithms of the parameters; as dear as two evaluations."""
        r, alpha, a, b = (float(value) for value in np.exp(theta))
        x, by_x, n = self.x, self.by_x, self.customers
        steps = x + self.first
        ratio, shape, _, left = self._odds(r, alpha, a, b)
        weight = self.count * left
        spread = weight * (1.0 - left)
        inverse = self._inverse(alpha)
        squared = (1.0 / (alpha + self.T) ** 2)[self.T_code] - (1.0 / (alpha + self.t_x) ** 2)[self.t_x_code]
        before = self._before(b)
        # The derivatives of the log-odds of each row by r and alpha; those by a and b are 1 / a and -1 / (B - 1).
        in_alpha = shape * inverse
        spread_ratio, spread_alpha = spread * ratio, spread * in_alpha
        by = [np.bincount(self.x_code, weights=part, minlength=len(x)) for part in (spread, spread_ratio, spread_alpha)]
        left_by_x = np.bincount(self.x_code, weights=weight, minlength=len(x))
        both = polygamma(1, a + b) - polygamma(1, a + b + steps)
        second = np.zeros((4, 4))
        second[0, 0] = dot(by_x, polygamma(1, r + x) - polygamma(1, r)) + dot(spread_ratio, ratio)
        second[0, 1] = n / alpha - dot(self.by_T, 1.0 / (alpha + self.T)) + dot(spread_ratio, in_alpha)
        second[0, 1] += dot(weight, inverse)
        second[0, 2] = float(by[1].sum()) / a
        second[0, 3] = -dot(by[1], before)
        second[1, 1] = -n * r / alpha**2 + dot(r * self.by_T + self.x_by_T, 1.0 / (alpha + self.T) ** 2)
        second[1, 1] += dot(spread_alpha, in_alpha) - dot(weight * shape, squared)
        second[1, 2] = float(by[2].sum()) / a
        second[1, 3] = -dot(by[2], before)
        second[2, 2] = dot(by_x, both) + float(spread.sum() - weight.sum()) / a**2
        second[2, 3] = dot(by_x, both) - dot(by[0], before) / a
        second[3, 3] = dot(by_x, polygamma(1, b + steps) - polygamma(1, b) + both)
        second[3, 3] += dot(by[0] + left_by_x, before**2)
        values = np.array([r, alpha, a, b])
        second = second + np.triu(second, 1).T
        return second * np.outer(values, values) + np.diag(self(theta)[1])


def _is_tail(places: NDArray[np.intp], size: int) -> bool:
    """Return whether the places are the last ones, so that a slice reads them without a copy."""
    return len(places) > 0 and int(places[0]) == size - len(places)


def problem(rows: PurchaseSummary, first: int, unit: float, reference: str) -> Problem:
    """Return what `fitting.maximise` is to solve; the rows' times are divided by `unit`."""
    scaled = rows.scaled(unit)
    sample = None
    if len(rows) > WORTH_SAMPLING and rows.customers > 2 * SAMPLE:
        sample = problem(systematic_sample(rows, SAMPLE), first, unit, reference)
    starts = [np.log([0.5, 3.0, 0.8, 2.5]), np.log([1.0, 10.0, 0.3, 3.0]), np.log([3.0, 6.0, 2.0, 2.0])]
    likelihood = Likelihood(scaled, first)
    return Problem(
        names=("r", "alpha", "a", "b"),
        evaluate=likelihood,
        hessian=likelihood.hessian,
        starts=starts,
        customers=rows.customers,
        rows=int(np.count_nonzero(rows.count)),
        repeat=rows.repeat_customers,
        powers=(0, 1, 0, 0),
        unit=unit,
        constant=-rows.purchases * math.log(unit),
        sample=sample,
        runaway={"a": SAME_LEAVING, "b": SAME_LEAVING, "r": SAME_RATE, "alpha": SAME_RATE},
        reference=reference,
    )


def p_alive(
    rows: PurchaseSummary, r: Real, alpha: Real, a: Real, b: Real, first: int
) -> Floats:  # fmt: skip
    """Return 1 / (1 + odds) by eq. (1); the parameters are numbers or one for each row."""
    can_leave = (rows.x > 0) | (first > 0)
    kept = np.where(can_leave, b + rows.x + (first - 1), 1.0)
    ratio = np.log(alpha + rows.T) - np.log(alpha + rows.t_x)
    # Below -745 exp is 0, and P(alive) with it.
    _, alive = softplus(np.clip(-(np.log(a) - np.log(kept) + (r + rows.x) * ratio), -1e4, 1e4))
    return np.where(can_leave, alive, 1.0)


def expected_while_alive(
    rows: PurchaseSummary, horizon: float, r: float, alpha: float, a: float, b: float, first: int
) -> Floats:
    """Return the expected purchases until the horizon given that the customer is alive, by distinct (x, T)."""
    x, x_code = numbered(rows.x)
    T, t_code = numbered(rows.T)
    place = x_code * len(T) + t_code
    if len(x) * len(T) < 5e6:
        is_there = np.zeros(len(x) * len(T), np.bool_)
        is_there[place] = True
        pairs = np.flatnonzero(is_there)
        pair = (np.cumsum(is_there) - 1)[place]
    else:
        pairs, pair = np.unique(place, return_inverse=True)
    one, age = x[pairs // len(T)], T[pairs % len(T)]
    by_pair = purchases_while_alive(r + one, alpha + age, a, b + one + first, horizon)
    return np.asarray(by_pair[pair], np.float64)


def probability_of_n(n: ArrayLike, t: ArrayLike, r: Real, alpha: Real, a: Real, b: Real, first: int) -> Floats:
    """Return P(X(t) = n) of a new customer, eq. (8) in Fader, Hardie & Lee (2005).

    Alive through all n, or gone with the n-th purchase while more would have come: the sum of negative binomial terms
    in eq. (8) is the incomplete beta function, exact far out, too.
    """
    n, t, r, alpha, a, b = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (n, t, r, alpha, a, b)))
    if np.any(n < 0) or np.any(n != np.rint(n)) or not np.all((t >= 0) & np.isfinite(t)):
        raise ValueError("n must be whole numbers from 0 up, and t from 0 up.")
    z = t / (alpha + t)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(n > 0, n * np.log(z), 0.0)
    exactly = np.exp(gammaln(r + n) - gammaln(r) - gammaln(n + 1) + r * np.log1p(-z) + power)
    at_least = np.where(n > 0, betainc(np.maximum(n, 1.0), r, z), 1.0)
    stays = np.exp(betaln(a, b + n + first) - betaln(a, b))
    kept = b + n + first - 1.0
    goes = np.where(kept > 0, np.exp(betaln(a + 1.0, np.maximum(kept, 1e-300)) - betaln(a, b)), 0.0)
    goes = np.where((n > 0) | (first > 0), goes, 0.0)
    return np.asarray(stays * exactly + goes * at_least, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaGeometric(Parameters):
    """The answers of both models; see `bg_nbd` and `mbg_nbd`."""

    first: ClassVar[int]

    r: float
    alpha: float
    a: float
    b: float

    def log_likelihood(self, rows: PurchaseSummary) -> float:
        """Return the log-likelihood of all customers."""
        return Likelihood(rows, self.first)(np.log(self.values))[0]

    def p_alive(self, rows: PurchaseSummary) -> Floats:
        """Return the probability that a customer has not left, shape (rows,)."""
        return p_alive(rows, self.r, self.alpha, self.a, self.b, self.first)

    def expected_purchases(self, rows: PurchaseSummary, horizon: float) -> Floats:
        """Return the expected purchases between T and T + horizon, shape (rows,); eq. (10) of the 2005 paper."""
        horizon = checked_horizon(horizon)
        return self.p_alive(rows) * expected_while_alive(rows, horizon, self.r, self.alpha, self.a, self.b, self.first)

    def expected_purchases_new(self, t: ArrayLike) -> Floats:
        """Return the expected repeat purchases of a new customer until t; eq. (9) of the 2005 paper."""
        t = np.asarray(t, np.float64)
        if not np.all((t >= 0) & np.isfinite(t)):
            raise ValueError("t must be from 0 up.")
        stays = self.b / (self.a + self.b) if self.first else 1.0
        return stays * purchases_while_alive(self.r, self.alpha, self.a, self.b + self.first, t)

    def probability_of_n(self, n: ArrayLike, t: ArrayLike) -> Floats:
        """Return P(X(t) = n) of a new customer."""
        return probability_of_n(n, t, self.r, self.alpha, self.a, self.b, self.first)

    def conditional_probability_of_n(self, rows: PurchaseSummary, n: int, horizon: float) -> Floats:
        """Return the probability of n purchases between T and T + horizon, shape (rows,).

        Given that a customer is alive, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, B): a new BG/NBD customer.
        """
        horizon = checked_horizon(horizon)
        alive = self.p_alive(rows)
        then = probability_of_n(
            n, horizon, self.r + rows.x, self.alpha + rows.T, self.a, self.b + rows.x + self.first, 0
        )
        return alive * then + (1.0 - alive) * (n == 0)

    def discounted_expected_purchases(
        self, rows: PurchaseSummary, horizon: float | None, *, yearly_discount: float, periods_per_year: float
    ) -> Floats:
        """Return expected purchases until the horizon, each discounted to T, shape (rows,).

        Discounting is continuous at a yearly rate: a purchase in a year counts 1 / (1 + yearly_discount). A period
        is the unit of T.
        """
        rate = log_discount(yearly_discount, periods_per_year)
        alive = discounted(
            lambda t: expected_while_alive(rows, t, self.r, self.alpha, self.a, self.b, self.first), horizon, rate
        )
        return self.p_alive(rows) * alive
