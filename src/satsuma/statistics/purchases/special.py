"""Special functions of the purchase models where the printed formulas overflow, cancel or divide 0 by 0."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import exprel, gammaln, hyp2f1

Floats = NDArray[np.float64]
#: A number, or one for each row.
Real = float | Floats

#: Terms of the power series of 2F1; with z <= _SERIES they fall below 1e-17 of the sum.
_SERIES, _TERMS = 0.6, 160
#: Where (F - 1) / (a - 1) loses digits, it is read off the polynomial through these values of a - 1.
_NEAR_ONE, _NODES = 0.01, np.array([-0.009, -0.006, -0.003, 0.003, 0.006, 0.009])


def softplus(d: Floats) -> tuple[Floats, Floats]:
    """Return log(1 + e^d) and e^d / (1 + e^d), neither of which overflows."""
    large = np.exp(np.minimum(d, 700.0))
    whole = 1.0 + large
    # log, not log1p: what is lost is below 1e-16, beside terms of size 1.
    return np.maximum(d, np.log(whole)), large / whole


def dot(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the sum of products. On two busy cores BLAS, which shares even this out, takes twenty times as long."""
    return float(np.einsum("i,i->", one, other))


def power_mean(power: Real, log_ratio: Real) -> Floats:
    """Return (1 - e^(-power log_ratio)) / power, which is log_ratio at power 0."""
    log_ratio = np.asarray(log_ratio, np.float64)
    return np.asarray(log_ratio * exprel(-np.asarray(power) * log_ratio), np.float64)


def log_rising(start: Real, steps: Real) -> Floats:
    """Return log of start (start + 1) ... (start + steps - 1), the gamma function's ratio."""
    start = np.asarray(start, np.float64)
    return np.asarray(gammaln(start + steps) - gammaln(start), np.float64)


def beta_rule(a: float, b: float, nodes: int = 64) -> tuple[Floats, Floats]:
    """Return Gauss-Jacobi nodes in (0, 1) and weights that sum to 1: the mean of f over Beta(a, b) is weights @ f.

    References
    ----------
    Golub and Welsch (1969), Calculation of Gauss Quadrature Rules.
    """
    n = np.arange(1, nodes, dtype=np.float64)
    total = a + b
    centre = np.empty(nodes)
    centre[0] = (a - b) / total
    centre[1:] = (a - b) * (a + b - 2.0) / ((2 * n + total - 2.0) * (2 * n + total))
    side = np.empty(nodes - 1)
    side[0] = 4.0 * a * b / (total**2 * (total + 1.0))
    m = n[1:]
    side[1:] = (
        4.0 * m * (m + a - 1.0) * (m + b - 1.0) * (m + total - 2.0)
        / ((2 * m + total - 2.0) ** 2 * (2 * m + total - 1.0) * (2 * m + total - 3.0))
    )  # fmt: skip
    found, vectors = eigh_tridiagonal(centre, np.sqrt(side))
    return np.clip((1.0 + found) / 2.0, 0.0, 1.0), vectors[0] ** 2


@cache
def gauss_legendre(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes in (0, 1) and weights that sum to 1."""
    found, weights = np.polynomial.legendre.leggauss(nodes)
    return (1.0 + found) / 2.0, weights / 2.0


def integral(function: Callable[[Floats], Floats], upper: Floats, panels: int, nodes: int = 8) -> Floats:
    """Return the integral of a smooth function from 0 to each upper end, by equal panels of Gauss-Legendre nodes.

    function : takes and returns arrays of shape (..., panels x nodes), the last axis along the way.
    """
    place, weight = gauss_legendre(nodes)
    places = ((np.arange(panels)[:, None] + place) / panels).ravel()
    weights = np.tile(weight / panels, panels)
    points = np.asarray(upper)[..., None] * places
    return np.asarray(function(points) @ weights * upper, np.float64)


def purchases_while_alive(shape: Real, rate: Real, a: Real, b: Real, horizon: Real) -> Floats:
    """Return E[(1 - e^(-lambda p t)) / p] with lambda ~ Gamma(shape, rate) and p ~ Beta(a, b).

    That is the expected number of purchases until t of a customer who is alive now and leaves after each with
    probability p. The printed form, eq. (10) in Fader, Hardie & Lee (2005),

        (a + b - 1) / (a - 1) [1 - (rate / (rate + t))^shape 2F1(shape, b; a + b - 1; z)],  z = t / (rate + t),

    overflows with large x, is 0 / 0 at a = 1 and has no 2F1 at a + b = 1. With c = a + b - 1, A = c - shape and
    L = log(1 + t / rate), Euler's transformation 2F1(shape, b; c; z) = (1 - z)^(a-1-shape) 2F1(A, a-1; c; z) and the
    first term of the series apart make it

        c (1 - e^(-(a-1) L)) / (a - 1) - e^(-(a-1) L) sum_n (A)_n (a)_(n-1) / ((c+1)_(n-1) n!) z^n,

    in which nothing is singular. Where this sum loses digits (A far below 0, very large b, z near 1 with c near 0)
    the mean over p is taken by Gauss-Jacobi nodes.
    """
    values = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in (shape, rate, a, b, horizon)))
    outer = values[0].shape
    shape, rate, a, b, horizon = (np.atleast_1d(value).ravel() for value in values)
    z, log_ratio = horizon / (rate + horizon), np.log1p(horizon / rate)
    c = a + b - 1.0
    upper = c - shape
    by_rule = (upper < -8.0) | (c > 1e4) | (np.abs(a - 1.0) * log_ratio > 300.0) | ((z > _SERIES) & (c < 0.5))
    by_series = ~by_rule & (z <= _SERIES)
    result = np.empty(len(z))
    for chosen, tail in ((by_series, _series), (~by_rule & ~by_series, _through_hyp2f1)):
        if chosen.any():
            first = c[chosen] * power_mean(a[chosen] - 1.0, log_ratio[chosen])
            rest = tail(upper[chosen], a[chosen], c[chosen], z[chosen])
            result[chosen] = first - np.exp(-(a[chosen] - 1.0) * log_ratio[chosen]) * rest
    if by_rule.any():
        result[by_rule] = _by_rule(shape[by_rule], a[by_rule], b[by_rule], (horizon / rate)[by_rule])
    return np.maximum(result, 0.0).reshape(outer)


def _series(upper: Floats, a: Floats, c: Floats, z: Floats) -> Floats:
    """Return the sum over n >= 1 of (A)_n (a)_(n-1) / ((c+1)_(n-1) n!) z^n."""
    term = upper * z
    total = term.copy()
    for n in range(1, _TERMS):
        term = term * ((upper + n) * (a + (n - 1)) / ((c + n) * (n + 1.0)) * z)
        total += term
        if n % 8 == 0 and np.all(np.abs(term) <= 1e-17 * np.abs(total) + 1e-300):
            break
    return total


def _through_hyp2f1(upper: Floats, a: Floats, c: Floats, z: Floats) -> Floats:
    """Return the same sum as c (2F1(A, a - 1; c; z) - 1) / (a - 1)."""
    result = np.empty(len(z))
    near = np.abs(a - 1.0) < _NEAR_ONE
    far = ~near
    result[far] = c[far] * (hyp2f1(upper[far], a[far] - 1.0, c[far], z[far]) - 1.0) / (a[far] - 1.0)
    if near.any():
        # The sum is smooth in a, with A and c held: Lagrange's polynomial through six values nearby.
        at = a[near] - 1.0
        total = np.zeros(len(at))
        for j, node in enumerate(_NODES):
            others = np.delete(_NODES, j)
            weight = np.prod([(at - other) / (node - other) for other in others], axis=0)
            total += weight * c[near] * (hyp2f1(upper[near], node, c[near], z[near]) - 1.0) / node
        result[near] = total
    return result


def _by_rule(shape: Floats, a: Floats, b: Floats, ratio: Floats) -> Floats:
    """Return the mean over p ~ Beta(a, b) of (1 - (1 + p ratio)^-shape) / p."""
    result = np.empty(len(shape))
    pairs, inverse = np.unique(np.stack([a, b]), axis=1, return_inverse=True)
    for number, (one, other) in enumerate(pairs.T):
        rows = inverse.ravel() == number
        p, weights = beta_rule(one, other)
        p = np.maximum(p, 1e-300)
        chance = -np.expm1(-shape[rows, None] * np.log1p(p * ratio[rows, None]))
        result[rows] = (chance / p) @ weights
    return result


def log_discount(yearly_discount: float, periods_per_year: float) -> float:
    """Return the continuous rate of discount per period: log(1 + yearly) / periods.

    Raises
    ------
    ValueError
        When the yearly rate is negative or there are no periods.
    """
    if not (0 <= yearly_discount < math.inf):
        raise ValueError("The yearly rate of discount must be a number from 0 up, 0.1 for ten per cent.")
    if not (0 < periods_per_year < math.inf):
        raise ValueError("The periods per year must be above 0.")
    return math.log1p(yearly_discount) / periods_per_year
