"""Renewals of contracts, where leaving is seen: the shifted beta-geometric distribution.

A customer ends the contract at each renewal with theta, which is constant for one customer and ~ Beta(alpha, beta)
over customers; those who leave easily go first, so the retention rate of a cohort rises although nobody's does.

References
----------
Fader & Hardie (2007), How to Project Customer Retention, Journal of Interactive Marketing 21(1), 76-90. Fader & Hardie
(2010), Customer-Base Valuation in a Contractual Setting: The Perils of Ignoring Heterogeneity, Marketing Science 29(1),
85-93.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, digamma, hyp2f1

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.fitting import Prior, Problem, maximise
from satsuma.statistics.purchases.model import Parameters
from satsuma.statistics.purchases.special import log_discount

Floats = NDArray[np.float64]
REFERENCE = "Fader & Hardie (2007), Journal of Interactive Marketing 21(1), 76-90"
_SAME = (
    "All customers then leave with about the same probability alpha / (alpha + beta); only this ratio means anything."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals(Parameters):
    """Parameters: a contract ends at a renewal with theta ~ Beta(alpha, beta)."""

    kind: ClassVar[str] = "sBG"

    alpha: float
    beta: float

    def probability_of_leaving(self, t: ArrayLike) -> Floats:
        """Return P(T = t), the share of a cohort that leaves at renewal t = 1, 2, ...; eq. (5) of the 2007 paper."""
        t = _whole(t, 1)
        log_share = betaln(self.alpha + 1.0, self.beta + t - 1.0) - betaln(self.alpha, self.beta)
        return np.asarray(np.exp(log_share), np.float64)

    def survival(self, t: ArrayLike) -> Floats:
        """Return S(t), the share of a cohort that is there after t renewals; eq. (6) of the 2007 paper."""
        log_share = betaln(self.alpha, self.beta + _whole(t, 0)) - betaln(self.alpha, self.beta)
        return np.asarray(np.exp(log_share), np.float64)

    def retention_rate(self, t: ArrayLike) -> Floats:
        """Return S(t) / S(t - 1) = (beta + t - 1) / (alpha + beta + t - 1), t = 1, 2, ...; eq. (8) of 2007."""
        t = _whole(t, 1)
        return np.asarray((self.beta + t - 1.0) / (self.alpha + self.beta + t - 1.0), np.float64)

    def discounted_expected_residual_lifetime(
        self, renewals: ArrayLike, *, yearly_discount: float, periods_per_year: float = 1.0
    ) -> Floats:
        """Return DERL: the payments to come of a customer who has renewed so many times, each discounted, the next
        renewal counted in full; eq. (6) of the 2010 paper.

        (beta + n - 1) / (alpha + beta + n - 1) 2F1(1, beta + n; alpha + beta + n; 1 / (1 + d)) for a customer whose
        n-th renewal comes next, n = renewals + 1.

        Raises
        ------
        ValueError
            When the discount is 0: with alpha up to 1 lifetimes have no finite mean.
        """
        rate = log_discount(yearly_discount, periods_per_year)
        if rate == 0:
            raise ValueError("The yearly discount must be above 0.")
        n = _whole(renewals, 0) + 1.0
        first = (self.beta + n - 1.0) / (self.alpha + self.beta + n - 1.0)
        return np.asarray(first * hyp2f1(1.0, self.beta + n, self.alpha + self.beta + n, math.exp(-rate)), np.float64)

    def log_likelihood(self, lost: ArrayLike, still: ArrayLike) -> float:
        """Return the log-likelihood; see `fit_renewals` for the arguments."""
        return _likelihood(*_counts(lost, still))(np.log(self.values))[0]


def fit_renewals(
    lost: ArrayLike,
    still: ArrayLike,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> Renewals:
    """Return the shifted beta-geometric distribution by maximum likelihood; eq. (B3) of the 2007 paper.

    Parameters
    ----------
    lost : customers who left at renewal 1, 2, ..., shape (periods,)
    still : a number, the customers who are there after all of these; or for cohorts of different age, summed, shape
        (periods,), the customers who have renewed 1, 2, ... times and are there.

    Raises
    ------
    CannotEstimate
        When nobody left, or there is one renewal only: that gives a share, not how customers differ.
    """
    lost, still = _counts(lost, still)
    customers = int(lost.sum() + still.sum())
    if not set(Renewals.names()) <= set(priors or {}):
        if lost.sum() == 0:
            raise CannotEstimate(f"None of the {customers} customers left: nothing can be told about leaving.")
        if int((np.flatnonzero(lost + still) + 1).max()) < 2:
            raise CannotEstimate("One renewal gives a share of leavers only; two or more tell how customers differ.")
    problem = Problem(
        names=Renewals.names(),
        evaluate=_likelihood(lost, still),
        starts=[np.log([1.0, 3.0]), np.log([0.5, 0.5]), np.log([10.0, 50.0])],
        customers=customers,
        rows=int(np.count_nonzero(lost) + np.count_nonzero(still)),
        repeat=customers - int(lost[0]),
        runaway={"alpha": _SAME, "beta": _SAME},
        reference=REFERENCE,
    )
    return Renewals.estimated(maximise(problem, penalty=penalty, priors=priors, start=start))


class _likelihood:  # noqa: N801  called like a function
    def __init__(self, lost: Floats, still: Floats) -> None:
        self.lost, self.still = lost, still
        self.t = np.arange(1.0, len(lost) + 1.0)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        alpha, beta = (float(value) for value in np.exp(theta))
        t, lost, still = self.t, self.lost, self.still
        n = float(lost.sum() + still.sum())
        value = float(lost @ betaln(alpha + 1.0, beta + t - 1.0)) + float(still @ betaln(alpha, beta + t))
        value -= n * float(betaln(alpha, beta))
        both, none = digamma(alpha + beta + t), digamma(alpha + beta)
        in_alpha = float(lost @ (digamma(alpha + 1.0) - both)) + float(still @ (digamma(alpha) - both))
        in_beta = float(lost @ (digamma(beta + t - 1.0) - both)) + float(still @ (digamma(beta + t) - both))
        in_alpha -= n * float(digamma(alpha) - none)
        in_beta -= n * float(digamma(beta) - none)
        return value, np.array([in_alpha * alpha, in_beta * beta])


def _counts(lost: ArrayLike, still: ArrayLike) -> tuple[Floats, Floats]:
    lost, still = np.atleast_1d(np.asarray(lost, np.float64)), np.asarray(still, np.float64)
    if still.ndim == 0:
        still = np.append(np.zeros(len(lost) - 1), still)
    if lost.ndim != 1 or lost.shape != still.shape or not len(lost):
        raise ValueError("There must be one number lost for each renewal, and one number still there or as many.")
    for values in (lost, still):
        if not (values.min() >= 0 and values.max() < np.inf and np.array_equal(values, np.rint(values))):
            raise ValueError("Customers lost and still there must be whole numbers from 0 up.")
    return lost, still


def _whole(t: ArrayLike, least: int) -> Floats:
    t = np.asarray(t, np.float64)
    if not np.all((t >= least) & (t == np.rint(t)) & np.isfinite(t)):
        raise ValueError(f"Renewals are counted in whole numbers from {least} up.")
    return t
