"""How far two groupings of the same rows agree, and how far one agrees with itself when its rows are drawn again.

References
----------
Hubert & Arabie (1985), Comparing Partitions, Journal of Classification 2, 193-218: the adjusted Rand index.
Hennig (2007), Cluster-wise Assessment of Cluster Stability, Computational Statistics & Data Analysis 52, 258-271: the
Jaccard index of each group over bootstrap samples; below .5 a group is dissolved, from .6 to .75 it is a pattern
whose borders are open, above .75 it is stable, above .85 highly stable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate

Floats = NDArray[np.float64]
Codes = NDArray[np.integer]

#: Gives the group of every row from a fit in which each row counts as often as its weight says.
Refit = Callable[[Floats], Codes]


@dataclass(frozen=True, slots=True, eq=False)
class SelfAgreement:
    """How a grouping fares when it is fitted on rows drawn again.

    jaccard, low : of each group, shape (groups,), the mean over draws and the value that 10 % of them fall below; NaN
    of a group that nobody is in. rand : the mean adjusted Rand index. draws : how many draws.
    """

    jaccard: Floats
    low: Floats
    rand: float
    draws: int


def crossed(first: Codes, second: Codes, size: int) -> NDArray[np.int64]:
    """Return how many rows are in each pair of groups, shape (size, size); -1 is a group of nobody."""
    known = (first >= 0) & (second >= 0)
    place = first[known].astype(np.int64) * size + second[known]
    return np.bincount(place, minlength=size * size).reshape(size, size)


def jaccards(both: ArrayLike, first: ArrayLike, second: ArrayLike) -> Floats:
    """Return those in both sets over those in either, from the numbers in both, in the first and in the second."""
    common, left, right = (np.asarray(each, np.float64) for each in (both, first, second))
    either = left + right - common
    return np.where(either > 0, common / np.where(either > 0, either, 1.0), np.nan)


def chance_jaccard(first: ArrayLike, second: ArrayLike, population: ArrayLike) -> Floats:
    """Return the Jaccard index of two random groups of these sizes, taking for their overlap what is expected."""
    left, right, whole = (np.asarray(each, np.float64) for each in (first, second, population))
    return jaccards(left * right / np.maximum(whole, 1), left, right)


def adjusted_rand(table: ArrayLike) -> float:
    """Return the adjusted Rand index of a table of two groupings: 0 as by chance, 1 the same.

    Eq. (5) in Hubert & Arabie (1985). Two groupings without any pair apart (or together) agree: 1.
    """
    counts = np.asarray(table, np.float64)
    together = float((counts * (counts - 1)).sum()) / 2
    rows, columns = (float((part * (part - 1)).sum()) / 2 for part in (counts.sum(axis=1), counts.sum(axis=0)))
    n = float(counts.sum())
    pairs = n * (n - 1) / 2
    expected = rows * columns / pairs if pairs > 0 else 0.0
    most = (rows + columns) / 2
    return (together - expected) / (most - expected) if most > expected else 1.0


def self_agreement(
    codes: Codes, groups: int, refit: Refit, *, rng: np.random.Generator, draws: int = 20, low: float = 0.1
) -> SelfAgreement:
    """Fit a grouping again on rows drawn with replacement, and compare the groups that all rows get.

    Parameters
    ----------
    codes : array of int, shape (n,): the group of each row, -1 of none.
    refit : gives the groups of all rows, by the same numbers, from weighted rows.
    draws : how many samples. Each row counts as often as a Poisson variable of mean 1 says, which for many rows is a
        draw of n of n with replacement.

    Raises
    ------
    CannotEstimate
        When nobody is in any group.
    """
    if not (codes >= 0).any():
        raise CannotEstimate("Nobody is in any group.")
    found = np.empty((draws, groups))
    rand = []
    for number in range(draws):
        weights = rng.poisson(1.0, len(codes)).astype(np.float64)
        table = crossed(codes, refit(weights), groups)
        found[number] = jaccards(np.diagonal(table), table.sum(axis=1), table.sum(axis=0))
        rand.append(adjusted_rand(table))
    empty = np.bincount(codes[codes >= 0].astype(np.int64), minlength=groups) == 0
    found[:, empty] = np.nan
    # A group that a draw leaves without anybody on both sides did not move.
    return SelfAgreement(
        jaccard=found.mean(axis=0), low=np.quantile(found, low, axis=0), rand=float(np.mean(rand)), draws=draws
    )  # fmt: skip
