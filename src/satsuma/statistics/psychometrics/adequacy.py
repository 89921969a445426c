"""Whether items hold common factors, and how many: KMO, Bartlett, eigenvalues, parallel analysis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc

from satsuma.statistics.psychometrics.items import Floats
from satsuma.statistics.psychometrics.moments import inverse, squared_multiple

#: Simulated tables that a parallel analysis compares with.
DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Adequacy:
    """Whether correlations hold common factors.

    Parameters
    ----------
    kmo : float
        Kaiser, Meyer and Olkin's measure of sampling adequacy of all items, 0 to 1.
    by_item : array of float, shape (items,)
    chi_square, degrees, p_value
        Bartlett's test that the items do not correlate at all.
    """

    kmo: float
    by_item: Floats
    chi_square: float
    degrees: int
    p_value: float

    @property
    def word(self) -> str:
        """Kaiser's own words of 1974."""
        borders = ((0.9, "marvellous"), (0.8, "meritorious"), (0.7, "middling"), (0.6, "mediocre"), (0.5, "miserable"))
        return next((word for least, word in borders if self.kmo >= least), "unacceptable")


def adequacy(correlation: Floats, respondents: int) -> Adequacy:
    """Return whether correlations hold common factors.

    Raises
    ------
    CannotEstimate
        When one item follows from the others.

    Notes
    -----
    KMO is the sum of squared correlations over that sum and the sum of squared partial correlations, the diagonal left
    out (Kaiser 1974, Psychometrika 39, 31-36). Bartlett's (1950) chi^2 is -(n - 1 - (2p + 5) / 6) log det R.
    """
    items = len(correlation)
    turned = inverse(correlation)
    spread = np.sqrt(np.diag(turned))
    partial = -turned / np.outer(spread, spread)
    off = ~np.eye(items, dtype=np.bool_)
    squares, partials = np.where(off, correlation**2, 0.0), np.where(off, partial**2, 0.0)
    by_item = squares.sum(axis=0) / (squares.sum(axis=0) + partials.sum(axis=0))
    chi_square = -(respondents - 1 - (2 * items + 5) / 6) * float(np.linalg.slogdet(correlation)[1])
    degrees = items * (items - 1) // 2
    kmo = float(squares.sum() / (squares.sum() + partials.sum()))
    return Adequacy(kmo, by_item, chi_square, degrees, float(chdtrc(degrees, max(chi_square, 0.0))))


Kind = Literal["components", "factors"]


@dataclass(frozen=True, slots=True, eq=False)
class Parallel:
    """Eigenvalues beside those of items that have nothing in common (Horn 1965).

    Parameters
    ----------
    kind : of the correlations (components), or with what the other items explain on the diagonal (factors).
    eigenvalues : array of float, shape (items,), largest first.
    chance : array of float, shape (items,)
        The quantile of each eigenvalue over simulated tables of as many respondents.
    quantile : float
    draws : int
    """

    kind: Kind
    eigenvalues: Floats
    chance: Floats
    quantile: float
    draws: int

    @property
    def suggested(self) -> int:
        """How many of the first eigenvalues are above chance, up to the first that is not."""
        below = np.flatnonzero(self.eigenvalues <= self.chance)
        return int(below[0]) if len(below) else len(self.eigenvalues)


def parallel_analysis(
    correlation: Floats, respondents: int, rng: np.random.Generator, *, kind: Kind = "components",
    quantile: float = 0.95, draws: int = DRAWS,
) -> Parallel:  # fmt: skip
    """Return eigenvalues beside those of independent normal items of as many respondents.

    Parameters
    ----------
    correlation : shape (items, items). respondents : how many it rests on; more than there are items.
    rng : for the simulated tables.

    Notes
    -----
    The covariance of n rows of p independent normals is drawn at once as L L' by Bartlett's decomposition (Smith and
    Hocking 1972): L lower triangular, chi with n - 1, n - 2, ... degrees of freedom on the diagonal and normals below.
    So a million respondents cost as much as a hundred.
    """
    items = len(correlation)
    drawn = np.empty((draws, items))
    for number in range(draws):
        low = np.tril(rng.standard_normal((items, items)), -1)
        low[np.diag_indices(items)] = np.sqrt(rng.chisquare(np.maximum(respondents - 1 - np.arange(items), 1)))
        covariance = low @ low.T
        spread = np.sqrt(np.diag(covariance))
        drawn[number] = eigenvalues(covariance / np.outer(spread, spread), kind)
    return Parallel(kind, eigenvalues(correlation, kind), np.quantile(drawn, quantile, axis=0), quantile, draws)


def eigenvalues(correlation: Floats, kind: Kind = "components") -> Floats:
    """Return the eigenvalues, largest first; of `factors` with squared multiple correlations on the diagonal."""
    matrix = correlation.copy()
    if kind == "factors":
        np.fill_diagonal(matrix, squared_multiple(correlation))
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1], np.float64)
