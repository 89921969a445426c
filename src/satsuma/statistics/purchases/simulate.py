"""Customers drawn from a model, for its own proof and for intervals by the parametric bootstrap.

Nothing is drawn purchase by purchase: a Poisson process seen for a time has a Poisson number of events, and their
times, given the number, are ordered uniforms, the k-th of n a Beta(k, n - k + 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.purchases.beta_geometric import BetaGeometric
from satsuma.statistics.purchases.bg_bb import BgBb
from satsuma.statistics.purchases.gamma_gamma import GammaGamma
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd
from satsuma.statistics.purchases.renewals import Renewals
from satsuma.statistics.purchases.special import Real

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """Customers drawn, shape (customers,).

    x, t_x, T : their histories. is_alive : whether they are still there at T.
    later : purchases between T and T + horizon.
    """

    x: Floats
    t_x: Floats
    T: Floats
    is_alive: NDArray[np.bool_]
    later: Whole


def simulate(
    model: BetaGeometric | ParetoNbd | BgBb, T: ArrayLike, rng: np.random.Generator, *, horizon: float = 0.0
) -> Simulated:
    """Return one customer of the model for each age in T."""
    ages = np.atleast_1d(np.asarray(T, np.float64))
    if isinstance(model, BgBb):
        return _at_occasions(model, ages, rng, int(horizon))
    if isinstance(model, ParetoNbd):
        return purchases_until_death(model.r, model.alpha, model.s, model.beta, ages, rng, horizon)
    return purchases_until_leaving(model.r, model.alpha, model.a, model.b, ages, rng, horizon, first=model.first)


def purchases_until_leaving(
    r: Real, alpha: Real, a: Real, b: Real, T: Floats, rng: np.random.Generator,
    horizon: float = 0.0, *, first: int = 0,
) -> Simulated:  # fmt: skip
    """Return customers of BG/NBD (first = 0) or MBG/NBD (1), the parameters numbers or one for each customer."""
    size = len(T)
    rate = rng.gamma(np.broadcast_to(r, size)) / alpha
    p = np.maximum(rng.beta(np.broadcast_to(a, size), np.broadcast_to(b, size)), 1e-12)
    # With which repeat purchase a customer leaves: 1, 2, ... or, in MBG/NBD, 0 for the first purchase.
    leaves = rng.geometric(p) - first
    would = rng.poisson(rate * T)
    x = np.minimum(would, leaves)
    last = np.zeros(size)
    some = x > 0
    last[some] = T[some] * rng.beta(x[some], would[some] - x[some] + 1.0)
    is_alive = would < leaves
    later = np.where(is_alive, np.minimum(rng.poisson(rate * horizon), leaves - would), 0)
    return Simulated(x.astype(np.float64), last, T, is_alive, later.astype(np.int64))


def purchases_until_death(
    r: Real, alpha: Real, s: Real, beta: Real, T: Floats, rng: np.random.Generator,
    horizon: float = 0.0,
) -> Simulated:  # fmt: skip
    """Return customers of Pareto/NBD, the parameters numbers or one for each customer."""
    size = len(T)
    rate = rng.gamma(np.broadcast_to(r, size)) / alpha
    leaving = np.maximum(rng.gamma(np.broadcast_to(s, size)) / beta, 1e-300)
    life = rng.exponential(1.0, size) / leaving
    seen = np.minimum(life, T)
    x = rng.poisson(rate * seen)
    last = np.zeros(size)
    some = x > 0
    last[some] = seen[some] * rng.beta(x[some], 1.0)
    is_alive = life > T
    later = rng.poisson(rate * np.clip(life - T, 0.0, horizon))
    return Simulated(x.astype(np.float64), last, T, is_alive, later.astype(np.int64))


def _at_occasions(model: BgBb, T: Floats, rng: np.random.Generator, horizon: int) -> Simulated:
    size, ages = len(T), T.astype(np.int64)
    p = rng.beta(model.alpha, model.beta, size)
    theta = np.maximum(rng.beta(model.gamma, model.delta, size), 1e-12)
    # The occasion before which a customer has left.
    leaves = rng.geometric(theta)
    x, last, later = (np.zeros(size, np.int64) for _ in range(3))
    for occasion in range(1, int(ages.max(initial=0)) + horizon + 1):
        buys = (rng.random(size) < p) & (occasion < leaves)
        inside = occasion <= ages
        x += buys & inside
        last[buys & inside] = occasion
        later += buys & ~inside & (occasion <= ages + horizon)
    return Simulated(x.astype(np.float64), last.astype(np.float64), T, leaves > ages, later)


def simulate_spend(model: GammaGamma, x: ArrayLike, rng: np.random.Generator) -> Floats:
    """Return the mean spend of x purchases, shape (customers,); NaN with x = 0."""
    x = np.atleast_1d(np.asarray(x, np.float64))
    rate = np.maximum(rng.gamma(model.q, size=len(x)) / model.v, 1e-300)
    result = np.full(len(x), np.nan)
    some = x > 0
    result[some] = rng.gamma(model.p * x[some]) / (rate[some] * x[some])
    return result


def simulate_renewals(model: Renewals, customers: int, periods: int, rng: np.random.Generator) -> tuple[Whole, int]:
    """Return how many customers are lost at each renewal, shape (periods,), and how many are there after all."""
    theta = np.maximum(rng.beta(model.alpha, model.beta, customers), 1e-12)
    leaves = np.minimum(rng.geometric(theta), periods + 1)
    lost = np.bincount(leaves, minlength=periods + 2).astype(np.int64)
    return lost[1 : periods + 1], int(lost[periods + 1])
