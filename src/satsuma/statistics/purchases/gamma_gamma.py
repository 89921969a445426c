"""Gamma-Gamma: a purchase brings z ~ Gamma(p, nu), and customers differ by nu ~ Gamma(q, v).

What is known of a customer is the mean m_x of x purchases. The mean of all customers p v / (q - 1) and m_x are
weighed by how much x purchases tell. That how much a customer spends has nothing to do with how often the customer
buys is an assumption; the correlation of both is in the result.

References
----------
Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025. Fader, Hardie & Lee (2005), RFM and CLV:
Using Iso-Value Curves for Customer Base Analysis, Journal of Marketing Research 42(4), 415-430.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, polygamma

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.fitting import SAMPLE, Prior, Problem, maximise
from satsuma.statistics.purchases.model import Parameters
from satsuma.statistics.purchases.special import dot
from satsuma.statistics.purchases.summary import numbered

Floats = NDArray[np.float64]
REFERENCE = "Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value, note 025"
_RUNAWAY = {
    "p": "The purchases of a customer then hardly differ.",
    "q": "All customers then have about the same mean p v / (q - 1); only this ratio means anything.",
    "v": "All customers then have about the same mean p v / (q - 1); only this ratio means anything.",
}


class Likelihood:
    """The log-likelihood, eq. (1a) in note 025; gamma functions sit on the distinct x, a customer costs one log."""

    def __init__(self, x: Floats, m_x: Floats, count: Floats) -> None:
        self.x, code = numbered(x)
        self.by_x = np.bincount(code, weights=count, minlength=len(self.x))
        self.count, self.total, self.counted_x = count, x * m_x, count * x
        log_m = np.log(m_x)
        self.fixed = dot(self.counted_x, log_m) + dot(self.by_x, self.x * np.log(self.x))
        self.log_m = dot(count, log_m)
        self.customers, self.purchases = float(count.sum()), float(self.counted_x.sum())

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        p, q, v = (float(value) for value in np.exp(theta))
        px, n = p * self.x, self.customers
        level = v + self.total
        log_level = np.log(level)
        counted, counted_x = dot(self.count, log_level), dot(self.counted_x, log_level)
        value = dot(self.by_x, gammaln(px + q) - gammaln(px)) + n * (q * math.log(v) - float(gammaln(q)))
        value += p * self.fixed - self.log_m - p * counted_x - q * counted
        both = digamma(px + q)
        in_p = dot(self.by_x * self.x, both - digamma(px)) + self.fixed - counted_x
        in_q = dot(self.by_x, both) + n * (math.log(v) - float(digamma(q))) - counted
        np.divide(1.0, level, out=level)
        in_v = n * q / v - p * dot(self.counted_x, level) - q * dot(self.count, level)
        return value, np.array([in_p * p, in_q * q, in_v * v])

    def hessian(self, theta: Floats) -> Floats:
        """Return the second derivatives by the logarithms of the parameters."""
        p, q, v = (float(value) for value in np.exp(theta))
        n = self.customers
        both, alone = polygamma(1, p * self.x + q), polygamma(1, p * self.x)
        level = 1.0 / (v + self.total)
        second = np.empty((3, 3))
        second[0, 0] = dot(self.by_x * self.x**2, both - alone)
        second[0, 1] = second[1, 0] = dot(self.by_x * self.x, both)
        second[1, 1] = dot(self.by_x, both) - n * float(polygamma(1, q))
        second[0, 2] = second[2, 0] = -dot(self.counted_x, level)
        second[1, 2] = second[2, 1] = n / v - dot(self.count, level)
        second[2, 2] = -n * q / v**2 + dot((p * self.counted_x + q * self.count) * level, level)
        values = np.array([p, q, v])
        return second * np.outer(values, values) + np.diag(self(theta)[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma(Parameters):
    """Parameters: spend per purchase ~ Gamma(p, nu), nu ~ Gamma(q, v); v in the unit of money.

    correlation : of x and m_x over the customers used, Pearson's; None where it is not known. Far from 0 (0.3, say)
        the model's assumption fails.
    zero_spend, negative_spend : customers with repeat purchases who were left out, their mean spend being so.
    """

    kind: ClassVar[str] = "Gamma-Gamma"

    p: float
    q: float
    v: float
    correlation: float | None = None
    zero_spend: int = 0
    negative_spend: int = 0

    def log_likelihood(self, x: ArrayLike, m_x: ArrayLike) -> float:
        """Return the log-likelihood of customers with x and m_x above 0."""
        x, m_x = _arrays(x, m_x)
        if not ((x > 0).all() and (m_x > 0).all()):
            raise ValueError("x and m_x must be above 0.")
        return Likelihood(x, m_x, np.ones(len(x)))(np.log(self.values))[0]

    @property
    def mean_spend(self) -> float:
        """The mean over customers of the mean spend per purchase: p v / (q - 1); infinite with q up to 1."""
        return self.p * self.v / (self.q - 1.0) if self.q > 1 else math.inf

    def expected_spend(self, x: ArrayLike, m_x: ArrayLike) -> Floats:
        """Return the expected mean spend per purchase; eq. (5) in note 025.

        Parameters
        ----------
        x, m_x : repeat purchases and their mean, shape (customers,); with x = 0 the answer is that of all customers,
            whatever m_x.

        Raises
        ------
        CannotEstimate
            When the mean has no finite value for someone: p x + q is not above 1.
        """
        x, m_x = _arrays(x, m_x)
        total = np.where(x > 0, x * np.where(x > 0, m_x, 0.0), 0.0)
        below = self.p * x + self.q - 1.0
        if len(x) and below.min() <= 0:
            raise CannotEstimate(
                f"The mean spend of customers with few purchases has no finite value under these parameters "
                f"(q = {self.q:.4g}, which must be above 1)."
            )
        return np.asarray(self.p * (self.v + total) / below, np.float64)


def fit_gamma_gamma(
    x: ArrayLike,
    m_x: ArrayLike,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> GammaGamma:
    """Return Gamma-Gamma by maximum likelihood from all customers with a repeat purchase and spend above 0.

    Parameters
    ----------
    x, m_x : repeat purchases and their mean spend, shape (customers,); m_x is not read where x = 0.

    Raises
    ------
    ValueError
        When a number is missing or infinite, x is negative or not whole.
    CannotEstimate
        When fewer than two customers are left, or all spend the same.
    """
    x, m_x = _arrays(x, m_x)
    repeats = x > 0
    zero, negative = int((repeats & (m_x == 0)).sum()), int((repeats & (m_x < 0)).sum())
    used = repeats & (m_x > 0)
    if not used.all():
        x, m_x = x[used], m_x[used]
    left_out = zero + negative
    if len(x) < 2:
        raise CannotEstimate(
            f"Spend needs at least two customers with repeat purchases and spend above 0; there are {len(x)}"
            f"{f', and {left_out} with zero or negative spend' if left_out else ''}."
        )
    if m_x.min() == m_x.max():
        raise CannotEstimate(f"All of the {len(x)} customers have the same mean spend: nothing tells how they differ.")
    unit = float(m_x.mean())
    estimate = maximise(_problem(x, m_x / unit, unit, customers=len(x)), penalty=penalty, priors=priors, start=start)
    notes = estimate.notes
    correlation = _correlation(x, m_x)
    if correlation is not None and abs(correlation) > 0.3:
        notes += (f"Spend and frequency are correlated ({correlation:.2f}), which the model takes to be independent.",)
    if dict(zip(estimate.names, estimate.values, strict=True))["q"] <= 1:
        notes += ("q is not above 1: the mean spend over all customers has no finite value.",)
    return replace(
        GammaGamma.estimated(replace(estimate, notes=notes)),
        correlation=correlation, zero_spend=zero, negative_spend=negative,
    )  # fmt: skip


def _problem(x: Floats, m_x: Floats, unit: float, customers: int) -> Problem:
    sample = None
    if customers > 2 * SAMPLE:
        step = customers // SAMPLE
        few = slice(step // 2, None, step)
        sample = _problem(x[few], m_x[few], unit, customers=len(x[few]))
    likelihood = Likelihood(x, m_x, np.ones(len(x)))
    return Problem(
        names=GammaGamma.names(),
        evaluate=likelihood,
        hessian=likelihood.hessian,
        starts=[np.log([6.0, 4.0, 0.5]), np.log([1.0, 3.0, 2.0]), np.log([30.0, 10.0, 0.3])],
        customers=customers,
        rows=customers,
        repeat=customers,
        powers=(0, 0, 1),
        unit=unit,
        constant=-customers * math.log(unit),
        sample=sample,
        runaway=_RUNAWAY,
        reference=REFERENCE,
    )


def _arrays(x: ArrayLike, m_x: ArrayLike) -> tuple[Floats, Floats]:
    x, m_x = np.atleast_1d(np.asarray(x, np.float64)), np.atleast_1d(np.asarray(m_x, np.float64))
    if x.ndim != 1 or x.shape != m_x.shape:
        raise ValueError("x and m_x must be one-dimensional and of one length.")
    if len(x) and not (x.min() >= 0 and x.max() < np.inf and np.array_equal(x, np.rint(x))):
        raise ValueError("x must be whole numbers from 0 up.")
    if not np.isfinite(m_x[x > 0]).all():
        raise ValueError("m_x has numbers that are missing or infinite where x is above 0.")
    return x, m_x


def _correlation(x: Floats, m_x: Floats) -> float | None:
    x_off, m_off = x - x.mean(), m_x - m_x.mean()
    scale = math.sqrt(dot(x_off, x_off) * dot(m_off, m_off))
    return dot(x_off, m_off) / scale if scale > 0 else None
