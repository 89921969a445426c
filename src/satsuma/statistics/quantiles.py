"""Ranks, quantiles and half-open intervals: what scores and bands are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def type_7(values: ArrayLike, probabilities: Sequence[float]) -> Floats:
    """Return quantiles by linear interpolation between order statistics, the default of R and NumPy.

    Parameters
    ----------
    values : array of numbers, shape (n,), n > 0
    probabilities : fractions, 0 to 1

    References
    ----------
    Hyndman and Fan (1996), Sample Quantiles in Statistical Packages, definition 7.
    """
    return np.quantile(np.asarray(values, np.float64), np.asarray(probabilities, np.float64), method="linear")


def mid_rank(values: ArrayLike) -> Floats:
    """Return for each value the share of all that lie below it, those equal to it counted half.

    Equal values have equal ranks, whatever their order; the mean is one half.

    Returns
    -------
    array of float, shape (n,), strictly between 0 and 1
        (below + equal / 2) / n
    """
    values = np.asarray(values)
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    upto = np.searchsorted(ordered, values, side="right")
    return (below + upto) / (2 * max(len(values), 1))


def interval_of(values: ArrayLike, cuts: ArrayLike) -> Whole:
    """Return the number of the half-open interval [cut, next cut) that each value lies in.

    Parameters
    ----------
    cuts : array of numbers in ascending order, shape (k,); equal ones make an interval that is empty.

    Returns
    -------
    array of int, shape (n,), from 0 (below every cut) to k
    """
    return np.searchsorted(np.asarray(cuts), np.asarray(values), side="right").astype(np.int64)


def equal_groups(size: int, groups: int) -> Whole:
    """Return the first position of groups 2 to `groups` when `size` sorted rows are cut into groups of equal size.

    Sizes differ by one at most, the larger groups first, as SQL's `NTILE` has it. With fewer rows than groups the
    last groups are empty and begin at `size`.
    """
    whole, rest = divmod(size, groups)
    sizes = np.full(groups, whole, np.int64)
    sizes[:rest] += 1
    return np.cumsum(sizes)[:-1]
