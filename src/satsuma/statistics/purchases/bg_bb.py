"""BG/BB: at each of T occasions a customer who is still there buys with p ~ Beta(alpha, beta), having left before it
with theta ~ Beta(gamma, delta).

T counts occasions since the first purchase, x those with a purchase, t_x the last of them. Where discounts apply, an
occasion is a period and its purchase falls at its end.

References
----------
Fader, Hardie & Shang (2010), Customer-Base Analysis in a Discrete-Time Noncontractual Setting, Marketing Science
29(6), 1086-1108.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, gammaln, hyp2f1

from satsuma.statistics.purchases.fitting import Prior, Problem, maximise
from satsuma.statistics.purchases.model import Parameters, unit_of_time
from satsuma.statistics.purchases.special import Real, log_discount
from satsuma.statistics.purchases.summary import PurchaseSummary, numbered

Floats = NDArray[np.float64]
REFERENCE = "Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108"
SAME_BUYING = "All customers then buy with about the same probability alpha / (alpha + beta)."
SAME_LEAVING = "All customers then leave with about the same probability gamma / (gamma + delta)."


class Likelihood:
    """The log-likelihood over distinct rows: a sum over the occasion j before which the customer left.

    A term depends on x and j alone, so gamma functions sit on a table of both; the last term of a row, j = T, is
    that of a customer who is still there.
    """

    def __init__(self, rows: PurchaseSummary) -> None:
        checked_occasions(rows)
        self.count = rows.count.astype(np.float64)
        self.x, code = numbered(rows.x)
        self.last = int(rows.T.max()) if len(rows) else 0
        width = self.last + 1
        begin, end = rows.t_x.astype(np.intp), rows.T.astype(np.intp)
        lengths = end - begin + 1
        self.starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)
        self.row = np.repeat(np.arange(len(rows)), lengths)
        j = np.arange(int(lengths.sum())) - self.starts[self.row] + begin[self.row]
        self.is_there = j == end[self.row]
        self.j, self.place = j, code[self.row] * width + j

    def terms(self, alpha: float, beta: float, gamma: float, delta: float) -> tuple[Floats, Floats]:
        """Return log L by row, and each term's share of it."""
        j = np.arange(self.last + 1.0)
        # Places with j < x do not occur.
        misses = np.maximum(j - self.x[:, None], 0.0)
        buys = (betaln(alpha + self.x[:, None], beta + misses) - betaln(alpha, beta)).ravel()
        leaves = betaln(gamma + 1.0, delta + j) - betaln(gamma, delta)
        stays = betaln(gamma, delta + j) - betaln(gamma, delta)
        term = buys[self.place] + np.where(self.is_there, stays[self.j], leaves[self.j])
        highest = np.maximum.reduceat(term, self.starts)
        share = np.exp(term - highest[self.row])
        total = np.add.reduceat(share, self.starts)
        return highest + np.log(total), share / total[self.row]

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        alpha, beta, gamma, delta = (float(value) for value in np.exp(theta))
        by_row, share = self.terms(alpha, beta, gamma, delta)
        weight = share * self.count[self.row]
        width, n = self.last + 1, float(self.count.sum())
        by_place = np.bincount(self.place, weights=weight, minlength=len(self.x) * width).reshape(-1, width)
        there = np.bincount(self.j, weights=weight * self.is_there, minlength=width)
        gone = np.bincount(self.j, weights=weight, minlength=width) - there
        j = np.arange(float(width))
        misses = np.maximum(j - self.x[:, None], 0.0)
        both = digamma(alpha + beta + j)
        in_alpha = float(by_place.sum(axis=1) @ digamma(alpha + self.x)) - float(by_place.sum(axis=0) @ both)
        in_beta = float((by_place * digamma(beta + misses)).sum()) - float(by_place.sum(axis=0) @ both)
        in_alpha -= n * float(digamma(alpha) - digamma(alpha + beta))
        in_beta -= n * float(digamma(beta) - digamma(alpha + beta))
        stays, leaves = digamma(gamma + delta + j), digamma(gamma + delta + 1.0 + j)
        in_gamma = float(there @ (digamma(gamma) - stays)) + float(gone @ (digamma(gamma + 1.0) - leaves))
        in_delta = float(there @ (digamma(delta + j) - stays)) + float(gone @ (digamma(delta + j) - leaves))
        in_gamma -= n * float(digamma(gamma) - digamma(gamma + delta))
        in_delta -= n * float(digamma(delta) - digamma(gamma + delta))
        slope = np.array([in_alpha * alpha, in_beta * beta, in_gamma * gamma, in_delta * delta])
        return float(self.count @ by_row), slope


def checked_occasions(rows: PurchaseSummary) -> None:
    """Raise ValueError unless times count occasions, at most one purchase at each."""
    for name, values in (("t_x", rows.t_x), ("T", rows.T)):
        if not np.array_equal(values, np.rint(values)):
            raise ValueError(f"{name} counts occasions to buy and must be whole.")
    if (rows.x > rows.t_x).any():
        raise ValueError("Some customers bought more often than there were occasions: x is above t_x.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BgBb(Parameters):
    """Parameters: buying at an occasion with p ~ Beta(alpha, beta), leaving before one with Beta(gamma, delta)."""

    kind: ClassVar[str] = "BG/BB"

    alpha: float
    beta: float
    gamma: float
    delta: float

    def log_likelihood(self, rows: PurchaseSummary) -> float:
        """Return the log-likelihood of all customers."""
        return Likelihood(rows)(np.log(self.values))[0]

    def p_alive(self, rows: PurchaseSummary, ahead: int = 1) -> Floats:
        """Return the probability of being there at occasion T + ahead, shape (rows,); eq. (11) with ahead = 1."""
        return self._there(rows) * self._survival(rows.T, checked_count(ahead))

    def expected_purchases(self, rows: PurchaseSummary, horizon: float) -> Floats:
        """Return the expected purchases at the next `horizon` occasions, shape (rows,); eq. (13) as a sum."""
        horizon = checked_count(horizon)
        ages, code = numbered(rows.T)
        lasting = sum((self._survival(ages, j) for j in range(1, horizon + 1)), np.zeros(len(ages)))
        return self._there(rows) * self._buying(rows) * lasting[code]

    def expected_purchases_new(self, t: ArrayLike) -> Floats:
        """Return the expected purchases of a new customer at the first t occasions; eq. (8) as a sum."""
        t = np.asarray(t)
        upto = np.array([checked_count(float(value)) for value in t.ravel()], np.intp)
        j = np.arange(1.0, int(upto.max(initial=0)) + 1.0)
        lasting = np.concatenate([[0.0], np.cumsum(np.exp(self._log_survival(np.zeros(()), j)))])
        return np.asarray(self.alpha / (self.alpha + self.beta) * lasting[upto].reshape(t.shape))

    def probability_of_n(self, n: ArrayLike, t: ArrayLike) -> Floats:
        """Return P(X(t) = n) of a new customer."""
        return _probability_of_n(n, t, self.alpha, self.beta, self.gamma, self.delta)

    def conditional_probability_of_n(self, rows: PurchaseSummary, n: int, horizon: float) -> Floats:
        """Return the probability of n purchases at the next `horizon` occasions, shape (rows,)."""
        there = self._there(rows)
        then = _probability_of_n(
            n, checked_count(horizon), self.alpha + rows.x, self.beta + rows.T - rows.x, self.gamma, self.delta + rows.T
        )
        return there * then + (1.0 - there) * (n == 0)

    def discounted_expected_purchases(
        self, rows: PurchaseSummary, horizon: float | None, *, yearly_discount: float, periods_per_year: float
    ) -> Floats:
        """Return expected purchases at the next `horizon` occasions or for ever (DERT, eq. 14), discounted to T.

        Raises
        ------
        ValueError
            When there is neither horizon nor discount: the sum may have no end.
        """
        rate = log_discount(yearly_discount, periods_per_year)
        ages, code = numbered(rows.T)
        if horizon is None and rate == 0:
            raise ValueError("Without a horizon the yearly discount must be above 0.")
        if horizon is None and 40.0 / rate > 1e5:
            # eq. (14)'s own form, where a sum to the last digit would be long.
            factor = math.exp(-rate)
            life = self._survival(ages, 1) * factor * hyp2f1(
                1.0, self.delta + ages + 1.0, self.gamma + self.delta + ages + 1.0, factor
            )  # fmt: skip
        else:
            last = math.ceil(40.0 / rate) if horizon is None else checked_count(horizon)
            j = np.arange(1.0, last + 1.0)
            life = np.array([float(np.exp(self._log_survival(age, j) - rate * j).sum()) for age in ages])
        by_row: Floats = np.asarray(life, np.float64)[code]
        return self._there(rows) * self._buying(rows) * by_row

    def _there(self, rows: PurchaseSummary) -> Floats:
        """Return the probability of still being there at occasion T."""
        found = Likelihood(rows)
        _, share = found.terms(self.alpha, self.beta, self.gamma, self.delta)
        return np.asarray(share[found.is_there], np.float64)

    def _buying(self, rows: PurchaseSummary) -> Floats:
        return np.asarray((self.alpha + rows.x) / (self.alpha + self.beta + rows.T), np.float64)

    def _log_survival(self, T: Floats, ahead: Floats | float) -> Floats:
        kept = self.delta + T
        return np.asarray(betaln(self.gamma, kept + ahead) - betaln(self.gamma, kept), np.float64)

    def _survival(self, T: Floats, ahead: int) -> Floats:
        return np.exp(self._log_survival(T, ahead))


def checked_count(horizon: float) -> int:
    """Return a number of occasions, or say that it is none."""
    if not (0 <= horizon < math.inf and horizon == int(horizon)):
        raise ValueError("BG/BB counts occasions: the number must be whole and from 0 up.")
    return int(horizon)


def _probability_of_n(n: ArrayLike, t: ArrayLike, alpha: Real, beta: Real, gamma: Real, delta: Real) -> Floats:
    values = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (n, t, alpha, beta, gamma, delta)))
    n, t, alpha, beta, gamma, delta = values
    if any(np.any((value < 0) | (value != np.rint(value))) for value in (n, t)):
        raise ValueError("n and t count purchases and occasions and must be whole numbers from 0 up.")

    def exactly(trials: Floats) -> Floats:
        chance = gammaln(trials + 1) - gammaln(n + 1) - gammaln(np.maximum(trials - n, 0) + 1)
        chance = chance + betaln(alpha + n, beta + np.maximum(trials - n, 0)) - betaln(alpha, beta)
        return np.asarray(np.where(trials >= n, np.exp(chance), 0.0), np.float64)

    result = exactly(t) * np.exp(betaln(gamma, delta + t) - betaln(gamma, delta))
    for i in range(int(t.max(initial=0))):
        leaves = np.exp(betaln(gamma + 1.0, delta + i) - betaln(gamma, delta))
        result = result + np.where(i < t, exactly(np.full(n.shape, float(i))) * leaves, 0.0)
    return np.asarray(result, np.float64)


def fit_bg_bb(
    rows: PurchaseSummary,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> BgBb:
    """Return BG/BB by maximum likelihood; see `fitting.maximise` for the arguments.

    Raises
    ------
    ValueError
        When times are no occasions.
    CannotEstimate
        When nobody bought again, all histories are one, or there was no occasion.
    """
    unit_of_time(rows, BgBb.names(), priors, is_discrete=True)
    problem = Problem(
        names=BgBb.names(),
        evaluate=Likelihood(rows),
        starts=[np.log([1.0, 1.0, 0.7, 2.5]), np.log([0.5, 5.0, 0.5, 5.0]), np.log([3.0, 3.0, 2.0, 8.0])],
        customers=rows.customers,
        rows=int(np.count_nonzero(rows.count)),
        repeat=rows.repeat_customers,
        runaway={"alpha": SAME_BUYING, "beta": SAME_BUYING, "gamma": SAME_LEAVING, "delta": SAME_LEAVING},
        reference=REFERENCE,
    )
    return BgBb.estimated(maximise(problem, penalty=penalty, priors=priors, start=start))
