"""Count, mean and spread of groups, kept as (n, mean, m2) so that parts add up to wholes.

Sums of squares would lose all digits where the mean is large beside the spread (money in the millions, times).

References
----------
Chan, Golub & LeVeque (1979), Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, Stanford
STAN-CS-79-773.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sufficient statistics of a mean, each an array of the same shape, one entry per group (and trait).

    n : how many values; mean : their mean, NaN of none; m2 : the sum of squared deviations from it, 0 of none.
    """

    n: Floats
    mean: Floats
    m2: Floats

    @property
    def variance(self) -> Floats:
        """The sample variance, m2 / (n - 1); NaN below two values."""
        return np.where(self.n > 1, self.m2 / np.maximum(self.n - 1, 1), np.nan)

    def __add__(self, other: Moments) -> Moments:
        """Return the statistics of both together; eq. (2.1) in Chan, Golub & LeVeque (1979)."""
        n = self.n + other.n
        left, right = np.where(self.n > 0, self.mean, 0.0), np.where(other.n > 0, other.mean, 0.0)
        whole = np.maximum(n, 1)
        mean = np.where(self.n > 0, left, right) + np.where(
            (self.n > 0) & (other.n > 0), (right - left) * other.n / whole, 0.0
        )
        m2 = self.m2 + other.m2 + np.where(n > 0, (right - left) ** 2 * self.n * other.n / whole, 0.0)
        return Moments(n, np.where(n > 0, mean, np.nan), m2)

    def without(self, part: Moments) -> Moments:
        """Return the statistics of the others, where `part` is in this whole.

        The whole and the part share rows, so rounding can leave an m2 a little below 0: it is held at 0.
        """
        n = self.n - part.n
        whole, inside = np.where(self.n > 0, self.mean, 0.0), np.where(part.n > 0, part.mean, 0.0)
        rest = np.maximum(n, 1)
        mean = whole + (whole - inside) * part.n / rest
        m2 = self.m2 - part.m2 - (inside - mean) ** 2 * part.n * rest / np.maximum(self.n, 1)
        there = n > 0
        return Moments(n, np.where(there, mean, np.nan), np.where(there, np.maximum(m2, 0.0), 0.0))


def moments(values: ArrayLike) -> Moments:
    """Return the statistics of each column (or of one array); NaN values are left out.

    Parameters
    ----------
    values : array of float, shape (n,) or (n, traits)
    """
    given = np.asarray(values, np.float64)
    known = ~np.isnan(given)
    n = known.sum(axis=0).astype(np.float64)
    clean = np.where(known, given, 0.0)
    mean = clean.sum(axis=0) / np.maximum(n, 1)
    deviation = np.where(known, given - mean, 0.0)
    return Moments(n, np.where(n > 0, mean, np.nan), np.square(deviation).sum(axis=0))


def moments_by_group(values: ArrayLike, groups: NDArray[np.integer], size: int) -> Moments:
    """Return the statistics of one trait in each group.

    Parameters
    ----------
    values : array of float, shape (n,); NaN is left out.
    groups : array of int, shape (n,); the group of each value, -1 of none.
    size : how many groups there are; the answer has shape (size,).
    """
    given = np.asarray(values, np.float64)
    rows = np.flatnonzero((groups >= 0) & ~np.isnan(given))
    group, value = groups[rows], given[rows]
    n = np.bincount(group, minlength=size).astype(np.float64)
    mean = np.bincount(group, weights=value, minlength=size) / np.maximum(n, 1)
    m2 = np.bincount(group, weights=np.square(value - mean[group]), minlength=size).astype(np.float64)
    return Moments(n, np.where(n > 0, mean, np.nan), m2)
