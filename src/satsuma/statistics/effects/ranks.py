"""Two groups compared by rank: for amounts and counts, where a few customers would decide a mean.

Cliff's delta is P(a member has more) - P(a member has less) against one of the others, ties counting for neither:
0 is no difference, 1 every member above all others. It is 2 AUC - 1.

References
----------
Cliff (1993), Dominance Statistics, Psychological Bulletin 114, 494-509.
Mann & Whitney (1947), On a Test of Whether One of Two Random Variables is Stochastically Larger than the Other.
Lehmann (1975), Nonparametrics, section 1.4 (ties).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """The values of everybody by rank.

    rank : array of float, shape (n,); from 1, tied values share their mean rank; NaN where the value is missing.
    n : how many values are not missing.
    ties : the sum of t^3 - t over groups of t tied values.
    """

    rank: Floats
    n: int
    ties: float


@dataclass(frozen=True, slots=True, eq=False)
class RankDifferences:
    """Members against the others, all arrays of one shape.

    delta, low, high : Cliff's delta with an interval; n, other_n : how many values on both sides.
    z, p : the Mann-Whitney test with ties and continuity correction, two-sided; NaN where all values are tied.
    """

    delta: Floats
    low: Floats
    high: Floats
    n: Floats
    other_n: Floats
    z: Floats
    p: Floats


def ranked(values: ArrayLike) -> Ranks:
    """Return the ranks of one trait's values, shape (n,)."""
    given = np.asarray(values, np.float64)
    known = ~np.isnan(given)
    _, code, count = np.unique(given[known], return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    rank = np.full(len(given), np.nan)
    rank[known] = middle[code]
    tied = count.astype(np.float64)
    return Ranks(rank, int(known.sum()), float((tied**3 - tied).sum()))


def rank_sums(ranks: Ranks, groups: NDArray[np.integer], size: int) -> tuple[Floats, Floats]:
    """Return the sum of ranks and the number of values of each group, both of shape (size,); group -1 is none."""
    rows = np.flatnonzero((groups >= 0) & ~np.isnan(ranks.rank))
    group = groups[rows]
    summed = np.bincount(group, weights=ranks.rank[rows], minlength=size).astype(np.float64)
    return summed, np.bincount(group, minlength=size).astype(np.float64)


def compare_ranks(rank_sum: ArrayLike, n: ArrayLike, ranks: Ranks, *, level: float = 0.95) -> RankDifferences:
    """Compare groups with all others of the same ranking.

    Parameters
    ----------
    rank_sum, n : of the members, by `rank_sums` (groups that do not overlap) or summed over any set of members.
    ranks : the ranking of everybody.
    level : of the interval, which takes delta as normal with the variance (1 - delta^2)(n + m + 1) / (3 n m): exact
        without a difference and ties, an approximation otherwise.
    """
    summed, size = np.broadcast_arrays(np.asarray(rank_sum, np.float64), np.asarray(n, np.float64))
    other = ranks.n - size
    there = (size > 0) & (other > 0)
    pairs = np.where(there, size * other, np.nan)
    more = summed - size * (size + 1) / 2
    delta = 2 * more / pairs - 1
    whole = float(max(ranks.n, 2))
    variance = pairs / 12 * (whole + 1 - ranks.ties / (whole * (whole - 1)))
    away = np.abs(more - pairs / 2)
    # A variance of 0 (everybody tied) can come out as rounding: it is compared with what it would be without ties.
    spread = np.sqrt(np.where(variance > 1e-12 * pairs * (whole + 1), variance, np.nan))
    z = np.sign(delta) * np.maximum(away - 0.5, 0.0) / spread
    half = float(ndtri(0.5 + level / 2)) * np.sqrt(np.maximum(1 - delta**2, 0.0) * (whole + 1) / (3 * pairs))
    return RankDifferences(
        delta=delta,
        low=np.maximum(delta - half, -1.0),
        high=np.minimum(delta + half, 1.0),
        n=size,
        other_n=other,
        z=z,
        p=2 * ndtr(-np.abs(z)),
    )
