"""How much of a trait's variation groups take up: analysis of variance, its counterpart by rank, and of categories.

The answers come from counts and sums that one pass gives and that can be added; none needs the rows again.

References
----------
Fisher (1925), Statistical Methods for Research Workers. Hays (1963), Statistics for Psychologists (omega squared).
Kruskal & Wallis (1952), Use of Ranks in One-Criterion Variance Analysis, JASA 47, 583-621.
Tomczak & Tomczak (2014), The Need to Report Effect Size Estimates Revisited (epsilon squared of H).
Bergsma (2013), A Bias-Correction for Cramer's V and Tschuprow's T, J. Korean Statistical Society 42, 323-328.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc

from satsuma.statistics.effects.moments import Moments
from satsuma.statistics.effects.ranks import Ranks

Floats = NDArray[np.float64]

#: Rows that are multiplied at once: they stay in the processor's cache.
_BLOCK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """Groups' means compared, one entry per trait.

    f, p : Fisher's test of equal means; eta2 : the share of the variance that lies between groups; omega2 : the same
    without what chance alone would give, so that it can be a little below 0.
    """

    f: Floats
    p: Floats
    eta2: Floats
    omega2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RankVariances:
    """Groups' ranks compared: Kruskal-Wallis' H with ties, its p, and epsilon2 = H / (n - 1), from 0 to 1."""

    h: Floats
    p: Floats
    epsilon2: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """Groups' shares of categories compared.

    chi2, df, p : Pearson's test. v : Cramer's V, from 0 to 1; v_corrected : the same without what chance would give.
    """

    chi2: Floats
    df: NDArray[np.int64]
    p: Floats
    v: Floats
    v_corrected: Floats


def group_moments(values: ArrayLike, groups: NDArray[np.integer], size: int) -> Moments:
    """Return the statistics of many traits in each group, in one pass.

    Parameters
    ----------
    values : array of float, shape (n, traits); NaN is left out.
    groups : array of int, shape (n,); the group of each row, -1 of none.
    size : how many groups there are.

    Returns
    -------
    Moments of shape (size, traits)

    Notes
    -----
    Rows are measured from the trait's own mean and in its own spread, so that sums of squares keep their digits.
    """
    given = np.asarray(values, np.float64)
    traits = given.shape[1]
    center, scale = _center(given)
    totals = np.zeros((3, size, traits))
    for low in range(0, len(given), _BLOCK):
        group = groups[low : low + _BLOCK]
        inside = np.flatnonzero(group >= 0)
        one = np.zeros((len(group), size))
        one[inside, group[inside]] = 1.0
        part = (given[low : low + _BLOCK] - center) / scale
        missing = np.isnan(part)
        if missing.any():
            part[missing] = 0.0
            totals[0] += one.T @ (~missing).astype(np.float64)
        else:
            totals[0] += one.sum(axis=0)[:, None]
        totals[1] += one.T @ part
        totals[2] += one.T @ np.square(part)
    return moments_of_sums(*totals, center=center, scale=scale)


def moments_of_sums(
    n: ArrayLike, total: ArrayLike, squares: ArrayLike, *, center: ArrayLike = 0.0, scale: ArrayLike = 1.0
) -> Moments:
    """Return the statistics of groups from sums of (value - center) / scale and of its squares.

    Parameters
    ----------
    n, total, squares : arrays of float of one shape.
    center, scale : of all values together, so that little is lost when squares are taken from each other.
    """
    size, summed, squared = (np.asarray(each, np.float64) for each in (n, total, squares))
    whole = np.maximum(size, 1)
    mean = np.where(size > 0, np.asarray(center) + np.asarray(scale) * summed / whole, np.nan)
    m2 = np.maximum(squared - summed**2 / whole, 0.0) * np.asarray(scale) ** 2
    return Moments(size, mean, np.where(size > 0, m2, 0.0))


def _center(given: Floats) -> tuple[Floats, Floats]:
    """Return about the mean and the spread of each column: of a sample, any value near them does."""
    step = max(1, len(given) // _BLOCK)
    sample = given[::step]
    known = ~np.isnan(sample)
    clean = np.where(known, sample, 0.0)
    n = np.maximum(known.sum(axis=0), 1)
    center = clean.sum(axis=0) / n
    spread = np.sqrt(np.where(known, np.square(sample - center), 0.0).sum(axis=0) / n)
    return center, np.where(spread > 0, spread, 1.0)


def compare_variances(groups: Moments) -> Variances:
    """Compare the means of groups.

    Parameters
    ----------
    groups : statistics of shape (groups,) or (groups, traits); groups without values do not count.

    Returns
    -------
    One entry per trait; NaN with fewer than two groups, no row more than groups, or no variation at all.
    """
    known = groups.n > 0
    k, n = known.sum(axis=0).astype(np.float64), groups.n.sum(axis=0)
    mean = np.where(known, groups.mean, 0.0)
    whole = (groups.n * mean).sum(axis=0) / np.maximum(n, 1)
    between = (groups.n * np.where(known, groups.mean - whole, 0.0) ** 2).sum(axis=0)
    within = groups.m2.sum(axis=0)
    there = (k > 1) & (n > k) & (between + within > 0)
    df, rest = np.where(there, k - 1, np.nan), np.where(there, n - k, np.nan)
    total = np.where(there, between + within, np.nan)
    error = within / rest
    with np.errstate(divide="ignore"):
        f = between / df / error
    return Variances(
        f=f, p=fdtrc(df, rest, f), eta2=between / total, omega2=(between - df * error) / (total + error)
    )  # fmt: skip


def compare_rank_variances(rank_sums: ArrayLike, n: ArrayLike, ranks: Ranks) -> RankVariances:
    """Compare groups by rank; between them the groups must hold every value of the ranking.

    Parameters
    ----------
    rank_sums, n : array of float, shape (groups,), by `ranks.rank_sums`.
    """
    summed, size = np.asarray(rank_sums, np.float64), np.asarray(n, np.float64)
    known = size > 0
    whole, k = float(ranks.n), int(known.sum())
    # As deviations from the mean rank: sums of squares of ranks near 1e6 would lose digits.
    apart = np.where(known, summed / np.maximum(size, 1) - (whole + 1) / 2, 0.0)
    spread = whole * (whole + 1) / 12 * (1 - ranks.ties / max(whole**3 - whole, 1.0))
    possible = k > 1 and whole > k and spread > 0
    h = float((size * apart**2).sum() / spread) if possible else np.nan
    return RankVariances(
        h=np.asarray(h), p=np.asarray(chdtrc(k - 1, h) if possible else np.nan), epsilon2=np.asarray(h / (whole - 1))
    )  # fmt: skip


def compare_categories(counts: ArrayLike) -> Association:
    """Compare groups' shares of categories.

    Parameters
    ----------
    counts : array of int, shape (..., groups, categories). Groups and categories that nobody has do not count.
    """
    table = np.asarray(counts, np.float64)
    rows, columns = table.sum(axis=-1), table.sum(axis=-2)
    n = rows.sum(axis=-1)
    expected = rows[..., :, None] * columns[..., None, :] / np.maximum(n, 1)[..., None, None]
    chi2 = np.where(expected > 0, (table - expected) ** 2 / np.where(expected > 0, expected, 1.0), 0.0).sum((-1, -2))
    r, c = (rows > 0).sum(axis=-1), (columns > 0).sum(axis=-1)
    df = (r - 1) * (c - 1)
    there = df > 0
    size = np.where(there, n, np.nan)
    phi2 = np.where(there, chi2, np.nan) / size
    least = np.minimum(r, c) - 1
    # Eq. (5) to (8) in Bergsma (2013).
    left = np.maximum(phi2 - df / (size - 1), 0.0)
    fewer = np.minimum(r - (r - 1) ** 2 / (size - 1), c - (c - 1) ** 2 / (size - 1)) - 1
    return Association(
        chi2=np.where(there, chi2, np.nan),
        df=np.asarray(df, np.int64),
        p=chdtrc(np.where(there, df, np.nan), np.where(there, chi2, np.nan)),
        v=np.sqrt(phi2 / np.where(there, least, np.nan)),
        v_corrected=np.sqrt(left / np.where(there & (fewer > 0), fewer, np.nan)),
    )
