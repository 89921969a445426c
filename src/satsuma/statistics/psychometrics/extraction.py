"""Common factors of items: minimum residuals and maximum likelihood, and how well they fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from scipy.special import chdtrc

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics.items import Floats
from satsuma.statistics.psychometrics.moments import inverse, squared_multiple

#: What every item keeps for itself at least: below it the solution is a Heywood case, and is said to be one.
LEAST_OWN = 0.005
MOST_STEPS = 1000
#: A step downhill shorter than this is none.
STILL = 1e-5

Method = Literal["minres", "ml"]


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Factors before any rotation.

    Parameters
    ----------
    method : minres or ml.
    loadings : array of float, shape (items, k)
        Of the largest factor first; each factor's sum is not negative.
    own : array of float, shape (items,)
        What of each item's variance no factor holds; the communality is 1 less it.
    objective : float
        What was minimised: half the sum of squared residual eigenvalues, or the likelihood's discrepancy.
    converged : bool
    heywood : tuple of int
        Items for which nothing was left of their own: too many factors, or too few items for them.
    """

    method: Method
    loadings: Floats
    own: Floats
    objective: float
    converged: bool
    heywood: tuple[int, ...]

    @property
    def communalities(self) -> Floats:
        return 1.0 - self.own


def minres(correlation: Floats, factors: int) -> Factors:
    """Fit factors that leave the smallest residual correlations.

    Parameters
    ----------
    correlation : shape (items, items).
    factors : how many.

    Raises
    ------
    CannotEstimate
        When the items do not suffice for so many factors.

    Notes
    -----
    The sum of squared off-diagonal residuals is least where unweighted least squares are (Harman and Jones 1966;
    Joreskog 1977): with theta_j, w_j the eigenvalues and vectors of R - Psi, largest first, half the sum of theta_j^2
    over j > k is minimised over Psi; its derivative by psi_i is minus the sum of theta_j w_ij^2 over j > k.
    """

    def residual(own: Floats) -> tuple[float, Floats]:
        values, vectors = np.linalg.eigh(correlation - np.diag(own))
        rest, axes = values[: items - factors], vectors[:, : items - factors]
        return 0.5 * float(rest @ rest), -(axes**2) @ rest

    items = _items_for(correlation, factors)
    found = minimize(
        residual, _start(correlation), jac=True, method="L-BFGS-B", bounds=[(LEAST_OWN, 1.0)] * items,
        options={"maxiter": MOST_STEPS, "ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    own = np.asarray(found.x, np.float64)
    values, vectors = np.linalg.eigh(correlation - np.diag(own))
    loadings = vectors[:, ::-1][:, :factors] * np.sqrt(np.maximum(values[::-1][:factors], 0.0))
    return _made("minres", loadings, own, found)


def maximum_likelihood(correlation: Floats, factors: int) -> Factors:
    """Fit factors by maximum likelihood.

    Parameters
    ----------
    correlation : shape (items, items). factors : how many.

    Raises
    ------
    CannotEstimate
        When the items do not suffice for so many factors, or one follows from the others.

    Notes
    -----
    Lawley and Maxwell (1971), chapter 4: with e_j the eigenvalues of Psi^-1/2 R Psi^-1/2, largest first, the sum of
    e_j - log e_j - 1 over j > k is minimised over Psi; its derivative by psi_i is -(1 / psi_i) times the sum of
    (e_j - 1) w_ij^2 over j > k.
    """

    def discrepancy(own: Floats) -> tuple[float, Floats]:
        scale = 1.0 / np.sqrt(own)
        values, vectors = np.linalg.eigh(correlation * np.outer(scale, scale))
        rest, axes = np.maximum(values[: items - factors], 1e-300), vectors[:, : items - factors]
        return float(np.sum(rest - np.log(rest) - 1.0)), -((axes**2) @ (rest - 1.0)) / own

    items = _items_for(correlation, factors)
    inverse(correlation)
    found = minimize(
        discrepancy, _start(correlation), jac=True, method="L-BFGS-B", bounds=[(LEAST_OWN, 1.0)] * items,
        options={"maxiter": MOST_STEPS, "ftol": 1e-15, "gtol": 1e-9},
    )  # fmt: skip
    own = np.asarray(found.x, np.float64)
    root = np.sqrt(own)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    loadings = root[:, None] * vectors[:, ::-1][:, :factors] * np.sqrt(np.maximum(values[::-1][:factors] - 1.0, 0.0))
    return _made("ml", loadings, own, found)


def _items_for(correlation: Floats, factors: int) -> int:
    items = len(correlation)
    if factors < 1 or degrees_of_freedom(items, factors) < 0:
        raise CannotEstimate(f"{items} items are too few for {factors} factors.")
    return items


def _start(correlation: Floats) -> Floats:
    """Return where to begin: what the other items do not explain."""
    try:
        own = 1.0 - squared_multiple(correlation)
    except CannotEstimate:
        own = np.full(len(correlation), 0.5)
    return np.clip(own, LEAST_OWN, 1.0)


def _made(method: Method, loadings: Floats, own: Floats, found: OptimizeResult) -> Factors:
    signs = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    heywood = tuple(int(place) for place in np.flatnonzero(own <= LEAST_OWN * 1.0001))
    # What still leads downhill and is not held by a border; the search itself also stops, with a complaint, where
    # rounding hides any further descent.
    downhill = float(np.max(np.abs(np.clip(own - found.jac, LEAST_OWN, 1.0) - own)))
    return Factors(method, loadings * signs, own, float(found.fun), downhill < STILL, heywood)


def degrees_of_freedom(items: int, factors: int) -> int:
    """Return how many more correlations there are than free loadings: ((p - k)^2 - (p + k)) / 2."""
    return ((items - factors) ** 2 - (items + factors)) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well a number of factors fits, by maximum likelihood.

    chi_square : with Bartlett's correction; with thousands of respondents even a good model is refused by it.
    p_value : of it. rmsea : error of approximation per degree of freedom; below .05 is close, above .10 poor.
    tli : Tucker and Lewis's index, 1 where nothing is left. residual : root mean square of the residual correlations.
    A number is None where there is no degree of freedom left.
    """

    factors: int
    chi_square: float
    degrees: int
    p_value: float | None
    rmsea: float | None
    tli: float | None
    residual: float


def fit_of(found: Factors, correlation: Floats, respondents: int) -> Fit:
    """Return how well factors that were fitted by maximum likelihood reproduce the correlations.

    Notes
    -----
    chi^2 = (n - 1 - (2p + 5) / 6 - 2k / 3) F, Bartlett (1951). RMSEA = sqrt(max(F / df - 1 / (n - 1), 0)), Steiger
    (1990). TLI compares chi^2 / df with that of no factors at all, Tucker and Lewis (1973).
    """
    items, factors = found.loadings.shape
    degrees = degrees_of_freedom(items, factors)
    chi_square = (respondents - 1 - (2 * items + 5) / 6 - 2 * factors / 3) * found.objective
    none = -(respondents - 1 - (2 * items + 5) / 6) * float(np.linalg.slogdet(correlation)[1])
    base = none / (items * (items - 1) / 2)
    left = correlation - found.loadings @ found.loadings.T
    residual = float(np.sqrt(np.mean(left[np.triu_indices(items, 1)] ** 2)))
    if degrees == 0:
        return Fit(factors=factors, chi_square=chi_square, degrees=0, p_value=None, rmsea=None, tli=None,
                   residual=residual)  # fmt: skip
    return Fit(
        factors=factors, chi_square=chi_square, degrees=degrees, p_value=float(chdtrc(degrees, max(chi_square, 0.0))),
        rmsea=math.sqrt(max(found.objective / degrees - 1.0 / (respondents - 1), 0.0)),
        tli=(base - chi_square / degrees) / (base - 1.0), residual=residual,
    )  # fmt: skip
