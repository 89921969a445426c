"""Two groups compared by shares and by means: how far apart, how surely, and by chance how often.

The effect sizes have no unit, so that traits can be ranked: Cohen's h of two shares, Hedges' g of two means. 0.2 is
small, 0.5 medium, 0.8 large (Cohen 1988).

References
----------
Cohen (1988), Statistical Power Analysis for the Behavioral Sciences, 2nd ed., sections 2.2 and 6.2.
Newcombe (1998), Interval Estimation for the Difference between Independent Proportions, Statistics in Medicine 17,
873-890, method 10. Hedges & Olkin (1985), Statistical Methods for Meta-Analysis, section 5.
Welch (1947), The Generalization of Student's Problem, Biometrika 34, 28-35.
Benjamini & Hochberg (1995), Controlling the False Discovery Rate, JRSS B 57, 289-300.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtr, ndtri, stdtr, stdtrit

from satsuma.statistics.effects.moments import Moments

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ShareDifferences:
    """Two shares, all arrays of one shape.

    share, other : the shares of both groups; n, other_n : how many each is of.
    difference, low, high : share - other with Newcombe's interval.
    h, h_low, h_high : Cohen's h, with its interval from the arcsine's variance 1/n + 1/other_n.
    z, p : the pooled test of equal shares, two-sided; where nobody or everybody has it in both groups, z is 0, p is 1.
    """

    share: Floats
    other: Floats
    n: Floats
    other_n: Floats
    difference: Floats
    low: Floats
    high: Floats
    h: Floats
    h_low: Floats
    h_high: Floats
    z: Floats
    p: Floats


@dataclass(frozen=True, slots=True, eq=False)
class MeanDifferences:
    """Two means, all arrays of one shape.

    mean, other : the means; n, other_n : how many values each is of.
    difference, low, high : mean - other in the trait's unit, with Welch's interval.
    g, g_low, g_high : Hedges' g (the difference in pooled standard deviations, corrected for small samples) with the
        interval of its large-sample variance.
    t, df, p : Welch's test of equal means, two-sided.
    """

    mean: Floats
    other: Floats
    n: Floats
    other_n: Floats
    difference: Floats
    low: Floats
    high: Floats
    g: Floats
    g_low: Floats
    g_high: Floats
    t: Floats
    df: Floats
    p: Floats


def index_of(share: ArrayLike, base: ArrayLike) -> Floats:
    """Return share / base: 1 is as everybody, 2 twice as often; NaN where the base is 0."""
    over, under = np.broadcast_arrays(np.asarray(share, np.float64), np.asarray(base, np.float64))
    return np.where(under > 0, over / np.where(under > 0, under, 1.0), np.nan)


def cohens_h(share: ArrayLike, other: ArrayLike) -> Floats:
    """Return Cohen's h, 2 arcsin sqrt(share) - 2 arcsin sqrt(other); eq. (6.2.1) in Cohen (1988)."""
    first, second = (np.clip(np.asarray(value, np.float64), 0.0, 1.0) for value in (share, other))
    return np.asarray(2 * np.arcsin(np.sqrt(first)) - 2 * np.arcsin(np.sqrt(second)), np.float64)


def compare_shares(
    count: ArrayLike, n: ArrayLike, other_count: ArrayLike, other_n: ArrayLike, *, level: float = 0.95
) -> ShareDifferences:
    """Compare the share count / n with other_count / other_n.

    Parameters
    ----------
    count, n, other_count, other_n : arrays that broadcast; a group of nobody gives NaN.
    level : of the intervals.
    """
    x, size, other_x, other_size = _broadcast(count, n, other_count, other_n)
    there = (size > 0) & (other_size > 0)
    size_, other_size_ = np.where(there, size, 1.0), np.where(there, other_size, 1.0)
    share, other = (np.where(there, each, np.nan) for each in (x / size_, other_x / other_size_))
    inverse = 1.0 / size_ + 1.0 / other_size_
    pooled = np.where(there, (x + other_x) / (size_ + other_size_), np.nan)
    error = np.sqrt(np.maximum(pooled * (1.0 - pooled), 0.0) * inverse)
    difference = share - other
    z = np.where(error > 0, difference / np.where(error > 0, error, 1.0), np.where(there, 0.0, np.nan))
    quantile = float(ndtri(0.5 + level / 2))
    low, high = wilson(x, size, level=level)
    other_low, other_high = wilson(other_x, other_size, level=level)
    h = cohens_h(share, other)
    half = quantile * np.sqrt(inverse)
    return ShareDifferences(
        share=share,
        other=other,
        n=size,
        other_n=other_size,
        difference=difference,
        low=difference - np.sqrt((share - low) ** 2 + (other_high - other) ** 2),
        high=difference + np.sqrt((high - share) ** 2 + (other - other_low) ** 2),
        h=h,
        h_low=h - half,
        h_high=h + half,
        z=z,
        p=2 * ndtr(-np.abs(z)),
    )


def wilson(count: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the score interval of a share (Wilson 1927), which Newcombe's interval is made of; NaN of nobody."""
    x, size = _broadcast(count, n)
    quantile = float(ndtri(0.5 + level / 2))
    there = size > 0
    whole = np.where(there, size, 1.0)
    share, scale = x / whole, 1.0 / (1.0 + quantile**2 / whole)
    middle = (share + quantile**2 / (2 * whole)) * scale
    half = quantile * scale * np.sqrt(np.maximum(share * (1 - share), 0.0) / whole + quantile**2 / (4 * whole**2))
    return np.where(there, np.maximum(middle - half, 0.0), np.nan), np.where(
        there, np.minimum(middle + half, 1.0), np.nan
    )


def compare_means(group: Moments, other: Moments, *, level: float = 0.95) -> MeanDifferences:
    """Compare the means of two groups whose spreads may differ.

    Parameters
    ----------
    group, other : statistics that broadcast; below two values in a group, or without any spread, the test is NaN.
    level : of the intervals.
    """
    n, mean, m2, other_n, other_mean, other_m2 = _broadcast(
        group.n, group.mean, group.m2, other.n, other.mean, other.m2
    )
    both = (n > 1) & (other_n > 1)
    free, other_free = np.where(both, n - 1, 1.0), np.where(both, other_n - 1, 1.0)
    part, other_part = (
        np.where(both, spread / (degrees * np.where(both, size, 1.0)), np.nan)
        for spread, degrees, size in ((m2, free, n), (other_m2, other_free, other_n))
    )
    squared = part + other_part
    tested = both & (squared > 0)
    error = np.sqrt(np.where(tested, squared, np.nan))
    difference = mean - other_mean
    t = difference / error
    df = np.where(tested, squared**2, np.nan) / (part**2 / free + other_part**2 / other_free)
    half = stdtrit(df, 0.5 + level / 2) * error
    g, g_error = _hedges(difference, n, m2, other_n, other_m2)
    g_half = float(ndtri(0.5 + level / 2)) * g_error
    return MeanDifferences(
        mean=mean,
        other=other_mean,
        n=n,
        other_n=other_n,
        difference=difference,
        low=difference - half,
        high=difference + half,
        g=g,
        g_low=g - g_half,
        g_high=g + g_half,
        t=t,
        df=df,
        p=2 * stdtr(df, -np.abs(t)),
    )


def adjusted(p: ArrayLike) -> Floats:
    """Return p values corrected for how many there are (Benjamini & Hochberg 1995), of any shape; NaN counts for none.

    Called significant where this is below 0.05, at most 5 % of what is called so is false, on average.
    """
    given = np.asarray(p, np.float64)
    found = np.full(given.shape, np.nan)
    known = ~np.isnan(given)
    values = given[known]
    # As `scipy.stats.false_discovery_control`, without the seconds that `scipy.stats` takes to load.
    order = np.argsort(values, kind="stable")[::-1]
    rank = np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum.accumulate(np.minimum(values[order] * len(values) / rank, 1.0))
    found[known] = corrected
    return found


def _hedges(difference: Floats, n: Floats, m2: Floats, other_n: Floats, other_m2: Floats) -> tuple[Floats, Floats]:
    """Return Hedges' g and its standard error; section 5 of Hedges & Olkin (1985).

    The correction is the exact ratio of gamma functions, not its approximation 1 - 3 / (4 df - 1).
    """
    df = n + other_n - 2
    there = (df > 1) & (n > 0) & (other_n > 0) & (m2 + other_m2 > 0)
    free = np.where(there, df, 2.0)
    pooled = np.sqrt(np.where(there, (m2 + other_m2) / free, np.nan))
    correction = np.exp(gammaln(free / 2) - gammaln((free - 1) / 2)) / np.sqrt(free / 2)
    d = difference / pooled
    size, other_size = np.where(there, n, 1.0), np.where(there, other_n, 1.0)
    variance = 1.0 / size + 1.0 / other_size + d**2 / (2 * (size + other_size))
    return correction * d, correction * np.sqrt(variance)


def _broadcast(*values: ArrayLike) -> tuple[Floats, ...]:
    return tuple(np.broadcast_arrays(*(np.asarray(value, np.float64) for value in values)))
