"""Customers in order of their score, cut into groups of equal size: who is worth reaching, and is the number right.

The best group comes first. Equal scores are parted by a key that the caller gives, never by the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit
from scipy.stats import beta

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.quantiles import equal_groups

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deciles:
    """One entry per group, the best first, shape (groups,) each.

    size : customers. total : positives, or the sum of the amounts. rate : total / size.
    lift : rate / rate of all. gain : share of the total in this group and all better ones.
    predicted : mean prediction. low, high : interval of the rate; all intervals hold together at `level`.
    inside : whether the mean prediction lies in the interval.
    lowest, highest : the predictions that bound the group.
    """

    size: Whole
    total: Floats
    rate: Floats
    lift: Floats
    gain: Floats
    predicted: Floats
    low: Floats
    high: Floats
    inside: NDArray[np.bool_]
    lowest: Floats
    highest: Floats
    level: float

    @property
    def all_inside(self) -> bool:
        """Whether every group's mean prediction lies in its interval."""
        return bool(self.inside.all())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CalibrationTable:
    """Points of a calibration plot, shape (k,) each: equal predictions in one point, rising."""

    predicted: Floats
    rate: Floats
    low: Floats
    high: Floats
    size: Whole
    level: float


def clopper_pearson(successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact binomial interval, low and high, of the shape of the arguments.

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial.
    """
    hits, tries = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    tail = (1.0 - level) / 2.0
    with np.errstate(invalid="ignore"):
        low = np.where(hits > 0, beta.ppf(tail, hits, tries - hits + 1.0), 0.0)
        high = np.where(hits < tries, beta.isf(tail, hits + 1.0, tries - hits), 1.0)
    return low, high


def simultaneous(level: float, intervals: int) -> float:
    """Return the level that each of independent intervals needs for all of them to hold at `level` (Šidák 1967)."""
    return float(level ** (1.0 / max(intervals, 1)))


def ranked(score: ArrayLike, ties: ArrayLike) -> Whole:
    """Return the rows from the highest score to the lowest, equal scores by their key.

    Parameters
    ----------
    score : array of float, shape (n,)
    ties : array of int, shape (n,), all different
    """
    return np.lexsort((np.asarray(ties), -np.asarray(score, np.float64))).astype(np.int64)


def deciles(
    outcome: ArrayLike, predicted: ArrayLike, ties: ArrayLike, *, groups: int = 10, level: float = 0.99,
    amounts: bool = False,
) -> Deciles:  # fmt: skip
    """Return rate, lift and gain by group of equal size.

    Parameters
    ----------
    outcome : array of 0 and 1, or of amounts, shape (n,)
    predicted : array of float, shape (n,): probabilities, or expected amounts
    ties : array of int, shape (n,), all different
    level : at which all intervals hold together: exact binomial ones for events, Student's for amounts.

    Raises
    ------
    CannotEstimate
        When there are fewer rows than groups, or the outcomes do not add up to more than 0.
    """
    values, means = np.asarray(outcome, np.float64), np.asarray(predicted, np.float64)
    if len(values) < groups:
        raise CannotEstimate(f"{len(values)} rows cannot be cut into {groups} groups.")
    if not values.sum() > 0:
        raise CannotEstimate("The outcomes do not add up to more than 0, so lift has no meaning.")
    order = ranked(means, ties)
    starts = np.concatenate([[0], equal_groups(len(values), groups)])
    size = np.diff(np.append(starts, len(values)))
    actual, said = values[order], means[order]
    total = np.add.reduceat(actual, starts)
    rate = total / size
    predicted_mean = np.add.reduceat(said, starts) / size
    each = simultaneous(level, groups)
    if amounts:
        low, high = _mean_intervals(actual, starts, size, rate, each)
    else:
        low, high = clopper_pearson(total, size, level=each)
    return Deciles(
        size=size, total=total, rate=rate, lift=rate / values.mean(), gain=np.cumsum(total) / values.sum(),
        predicted=predicted_mean, low=low, high=high, inside=(low <= predicted_mean) & (predicted_mean <= high),
        lowest=said[starts + size - 1], highest=said[starts], level=level,
    )  # fmt: skip


def _mean_intervals(actual: Floats, starts: Whole, size: Whole, mean: Floats, level: float) -> tuple[Floats, Floats]:
    gaps = actual - np.repeat(mean, size)
    degrees = np.maximum(size - 1, 1)
    error = np.sqrt(np.add.reduceat(gaps**2, starts) / degrees / size)
    reach = stdtrit(degrees, (1.0 + level) / 2.0) * error
    return mean - reach, mean + reach


def calibration_table(
    outcome: ArrayLike, probability: ArrayLike, *, points: int = 20, level: float = 0.95
) -> CalibrationTable:
    """Return the points of a calibration plot: about equal numbers of rows, equal predictions never parted.

    Parameters
    ----------
    outcome : array of 0 and 1, shape (n,)
    level : of each exact binomial interval by itself.
    """
    happened, chance = np.asarray(outcome, np.float64), np.asarray(probability, np.float64)
    if len(happened) == 0:
        raise CannotEstimate("There are no rows to judge predictions by.")
    ordered = np.sort(chance)
    place = np.searchsorted(ordered, chance, side="left") + np.searchsorted(ordered, chance, side="right")
    _levels, number = np.unique(place * points // (2 * len(chance) + 1), return_inverse=True)
    size = np.bincount(number)
    total = np.bincount(number, weights=happened)
    low, high = clopper_pearson(total, size, level=level)
    predicted = np.bincount(number, weights=chance) / size
    return CalibrationTable(predicted=predicted, rate=total / size, low=low, high=high, size=size, level=level)
