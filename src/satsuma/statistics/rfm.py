"""Scores 1 to n for recency, frequency and money, n the best.

Three ways to cut are in use, and they disagree on ties:

* by values (`value_cuts`): the score is 1 + floor(n p), capped at n, with p the mid-rank of the value. Equal values
  always share a score, so nothing depends on the order of rows; where most customers are equal (one order each) some
  scores are given to nobody.
* by quantiles (`quantile_cuts`): the convention of R's package rfm: type-7 quantiles plus one, half-open bins.
* by rank (`rank_scores`): groups of equal size. Ties are split by a second key, which must be unique.

The first two are told completely by n - 1 cut points in the unit of the value. Cut points that were kept give the
same customer the same score later (`scores_from_cuts`), which is what makes movement between two dates mean
something; `thresholds` that somebody chose are cut points like any other.

Everywhere `fewer_is_better` turns the scores round: days since the last order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.quantiles import equal_groups, interval_of, type_7

Floats = NDArray[np.float64]
Scores = NDArray[np.int8]


def value_scores(values: ArrayLike, scores: int, *, fewer_is_better: bool = False) -> Scores:
    """Return 1 + floor(n p), at most n, with p the mid-rank of each value (below + equal / 2) / N.

    Parameters
    ----------
    values : array of numbers, shape (N,)
    scores : n, how many scores there are
    """
    _levels, places, counts = np.unique(np.asarray(values, np.float64), return_inverse=True, return_counts=True)
    found: Scores = _scores_of_levels(counts, scores, fewer_is_better=fewer_is_better)[places.reshape(-1)]
    return found


def value_cuts(values: ArrayLike, scores: int, *, fewer_is_better: bool = False) -> Floats:
    """Return the cut points that give `value_scores` on these values.

    Returns
    -------
    array of float, shape (scores - 1,), ascending
        The smallest of the values from which on the score is another one; infinity where there is none.
    """
    levels, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    steps = _scores_of_levels(counts, scores, fewer_is_better=fewer_is_better).astype(np.int64)
    if fewer_is_better:
        steps = scores + 1 - steps
    # The steps never go down along the levels.
    places = np.searchsorted(steps, np.arange(2, scores + 1), side="left")
    cuts: Floats = np.append(levels, np.inf)[places]
    return cuts


def _scores_of_levels(counts: NDArray[np.int64], scores: int, *, fewer_is_better: bool) -> Scores:
    """Return the scores of distinct values in ascending order, of which there are so many each."""
    total = int(counts.sum())
    # 2 N p, in halves of a customer: whole numbers, so that n p is exact where it is a whole number.
    ranks = 2 * np.cumsum(counts) - counts
    if fewer_is_better:
        ranks = 2 * total - ranks
    found: Scores = np.minimum(1 + scores * ranks // max(2 * total, 1), scores).astype(np.int8)
    return found


def quantile_cuts(values: ArrayLike, scores: int) -> Floats:
    """Return the cut points of R's package rfm: type-7 quantiles plus one.

    The one belongs to the convention and is meant for whole days and orders and for money in units: with
    bins [a, b) it takes the quantile itself into the lower bin.

    Parameters
    ----------
    values : array of numbers, shape (N,), N > 0
    """
    found = type_7(values, [number / scores for number in range(1, scores)]) + 1.0
    # Interpolation between equal or whole values may leave a last digit that would push a value over the border.
    return np.round(found, 9)


def scores_from_cuts(values: ArrayLike, cuts: ArrayLike, *, fewer_is_better: bool = False) -> Scores:
    """Return the scores 1 to n that n - 1 cut points give: each cut at or below a value is a step.

    Parameters
    ----------
    cuts : array of numbers, ascending, shape (n - 1,); `[30, 90, 180, 365]` with `fewer_is_better` scores 5 below 30.
    """
    steps = interval_of(np.asarray(values, np.float64), np.asarray(cuts, np.float64))
    return (len(np.asarray(cuts)) + 1 - steps if fewer_is_better else 1 + steps).astype(np.int8)


def rank_scores(
    values: ArrayLike, ties: ArrayLike, scores: int, *, fewer_is_better: bool = False
) -> tuple[Scores, NDArray[np.int64]]:
    """Return scores of groups of equal size, by value and, among equal values, by `ties`.

    Parameters
    ----------
    ties : array of int, shape (N,), all different: what splits equal values. Without it the answer would depend on
        the order of rows.

    Returns
    -------
    scores : array of int8, shape (N,)
    borders : array of int, shape (scores - 1,)
        The row with which each score from 2 on begins; -1 where nobody has that score.
    """
    values = np.asarray(values, np.float64)
    order = np.lexsort((np.asarray(ties), -values if fewer_is_better else values))
    starts = equal_groups(len(values), scores)
    steps = np.searchsorted(starts, np.arange(len(values)), side="right")
    found = np.empty(len(values), np.int8)
    found[order] = 1 + steps
    borders = np.full(scores - 1, -1, np.int64)
    begun = starts < len(values)
    borders[begun] = order[starts[begun]]
    return found, borders


def scores_from_borders(
    values: ArrayLike, ties: ArrayLike, border_values: ArrayLike, border_ties: ArrayLike, *,
    fewer_is_better: bool = False,
) -> Scores:  # fmt: skip
    """Return the scores that kept borders of `rank_scores` give.

    Parameters
    ----------
    border_values, border_ties : shape (n - 1,); infinity as the value of a border that nobody reached.
    """
    values = np.asarray(values, np.float64)
    ties = np.asarray(ties)
    found = np.ones(len(values), np.int8)
    for border, tie in zip(np.asarray(border_values, np.float64), np.asarray(border_ties), strict=True):
        if not np.isfinite(border):
            continue
        better = values < border if fewer_is_better else values > border
        found += (better | ((values == border) & (ties >= tie))).astype(np.int8)
    return found
