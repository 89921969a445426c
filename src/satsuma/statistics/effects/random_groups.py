"""Random groups of the same size: what every number about a group is to be beaten by.

Of a mean (or a share, or a mean rank) of n random members of N, drawn without replacement, expectation and variance are
known exactly; where the values have long tails the distribution is drawn instead, one shuffle serving every size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import hypergeom

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RandomMeans:
    """Means of random groups, by size.

    sizes : array of int, shape (groups,). means : array of float, shape (draws, groups).
    """

    sizes: NDArray[np.int64]
    means: Floats

    def percentile(self, seen: ArrayLike) -> Floats:
        """Return the share of random groups whose mean is lower, those alike counted half (0 to 1)."""
        given = np.asarray(seen, np.float64)
        found: Floats = ((self.means < given) + 0.5 * (self.means == given)).mean(axis=0)
        return np.where(np.isnan(given), np.nan, found)

    def p_value(self, seen: ArrayLike) -> Floats:
        """Return how often a random group is as far from the middle or farther, two-sided; never 0.

        (1 + how many) / (1 + draws), as in Davison & Hinkley (1997), eq. (4.11), for the smaller side, twice.
        """
        given = np.asarray(seen, np.float64)
        draws = len(self.means)
        above, below = (self.means >= given).sum(axis=0), (self.means <= given).sum(axis=0)
        found = np.minimum(2 * (1 + np.minimum(above, below)) / (1 + draws), 1.0)
        return np.where(np.isnan(given), np.nan, found)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return between which means the random groups lie, shape (groups,) each."""
        low, high = np.quantile(self.means, [(1 - level) / 2, (1 + level) / 2], axis=0)
        return low, high


def random_means(
    values: Floats, sizes: ArrayLike, *, rng: np.random.Generator, draws: int = 200
) -> RandomMeans:  # fmt: skip
    """Return means of random groups of given sizes.

    Parameters
    ----------
    values : array of float, shape (n,), without NaN.
    sizes : array of int, shape (groups,), each from 1 to n.

    Notes
    -----
    The first k of one shuffle are a random group of k; groups of different sizes of one shuffle overlap, but each
    size by itself is drawn `draws` times independently.
    """
    wanted = np.asarray(sizes, np.int64)
    found = np.empty((draws, len(wanted)))
    shuffled = np.array(values, np.float64)
    for number in range(draws):
        rng.shuffle(shuffled)
        found[number] = np.cumsum(shuffled)[wanted - 1] / np.maximum(wanted, 1)
    return RandomMeans(wanted, found)


def mean_deviation(variance: ArrayLike, n: ArrayLike, population: ArrayLike) -> Floats:
    """Return the standard deviation of (mean of n random members - mean of the others).

    Parameters
    ----------
    variance : the population's sample variance, with N - 1 below. n : members; population : N.

    Notes
    -----
    The mean of n of N without replacement has the variance s2 / n (1 - n / N) (Cochran 1977, theorem 2.2); the others'
    mean follows from it, and the difference is N / (N - n) times as wide: s2 (1 / n + 1 / (N - n)).
    """
    size, whole = np.asarray(n, np.float64), np.asarray(population, np.float64)
    rest = whole - size
    there = (size > 0) & (rest > 0)
    spread = np.asarray(variance, np.float64) * (1 / np.where(there, size, 1.0) + 1 / np.where(there, rest, 1.0))
    return np.where(there, np.sqrt(spread), np.nan)


def share_tail(count: ArrayLike, n: ArrayLike, having: ArrayLike, population: ArrayLike) -> Floats:
    """Return how often a random group has as unusual a count: the hypergeometric test, two-sided by doubling.

    Parameters
    ----------
    count : members who have it. n : members. having : how many of the whole population have it. population : N.
    """
    x, size, known, whole = np.broadcast_arrays(
        *(np.asarray(each, np.int64) for each in (count, n, having, population))
    )
    above = hypergeom.sf(x - 1, whole, known, size)
    below = hypergeom.cdf(x, whole, known, size)
    return np.asarray(np.minimum(2 * np.minimum(above, below), 1.0), np.float64)
