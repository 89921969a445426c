"""Where each customer stands in the customer's own rhythm of buying.

The clock is the calendar day: several orders on one day are one occasion. With occasions on days d1 < ... < dk there
are k - 1 intervals, and the customer's rhythm is their mean, shrunk towards the interval G that is typical of the
population (eq. 1), so that few intervals say little and many say all:

    rhythm = max(shortest, (weight G + (dk - d1)) / (weight + k - 1))                                          (1)

G is the median, over customers with two occasions or more, of their own mean interval. With k = 1 the rhythm is G.

A customer came back when the last interval was longer than `lapsed` times the rhythm as it was before it, (1) over
d1 ... d(k-1); that lapse is then no part of the rhythm until there is one more occasion. Today the first of these
that holds is the stage:

    Prospect   k = 0
    Lapsed     days since dk > lapsed x rhythm
    Slipping   days since dk > slipping x rhythm
    Returned   came back with the last occasion
    New        k = 1
    Active     otherwise
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Days = NDArray[np.int64]
Floats = NDArray[np.float64]

NEW, ACTIVE, RETURNED, SLIPPING, LAPSED, PROSPECT = range(6)

#: The stages by their codes, in the order of a customer's life.
STAGES = ("New", "Active", "Returned", "Slipping", "Lapsed", "Prospect")


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """What is known of each customer's days with an order, shape (n,) each.

    count : number of days. first, last, before_last : day numbers; 0 where there is no such day.
    """

    count: Days
    first: Days
    last: Days
    before_last: Days


def occasions(customer: NDArray[np.integer], day: Days, size: int) -> Occasions:
    """Reduce orders to occasions.

    Parameters
    ----------
    customer : array of int, shape (orders,), ascending, from 0 to size - 1
    day : array of int, shape (orders,), day numbers, ascending within each customer
    """
    numbers = np.asarray(customer, np.int64)
    fresh = np.ones(len(numbers), np.bool_)
    fresh[1:] = (numbers[1:] != numbers[:-1]) | (day[1:] != day[:-1])
    numbers, days = numbers[fresh], day[fresh]
    count = np.bincount(numbers, minlength=size).astype(np.int64)
    ends = np.cumsum(count)
    first, last, before_last = (np.zeros(size, np.int64) for _ in range(3))
    some, several = count > 0, count > 1
    first[some] = days[ends[some] - count[some]]
    last[some] = days[ends[some] - 1]
    before_last[several] = days[ends[several] - 2]
    return Occasions(count, first, last, before_last)


def typical_interval(known: Occasions) -> float | None:
    """Return G in days: the median of the customers' own mean intervals; None when nobody ordered on two days."""
    several = known.count > 1
    if not several.any():
        return None
    means = (known.last[several] - known.first[several]) / (known.count[several] - 1)
    return float(np.median(means))


def rhythm(intervals: Days, span: Days, typical: float, *, weight: float, shortest: float) -> Floats:
    """Return eq. (1) in days.

    Parameters
    ----------
    intervals : how many intervals there are; span : the days that they cover together.
    """
    shrunk = (weight * typical + span) / (weight + intervals)
    return np.maximum(shrunk, shortest)


def stages(
    known: Occasions, today: int, typical: float, *, slipping: float = 2.0, lapsed: float = 4.0, weight: float = 2.0,
    shortest: float = 7.0,
) -> NDArray[np.int8]:  # fmt: skip
    """Return the code of each customer's stage today, an index into `STAGES`.

    Parameters
    ----------
    today : day number; no occasion lies after it.
    typical : G in days, above 0.
    slipping, lapsed : how many times the own rhythm; slipping < lapsed.
    weight : how many intervals of the customer's own G counts for, above 0.
    shortest : days below which no rhythm goes: whoever shops daily is not lost after a long weekend.
    """
    some, several = known.count > 0, known.count > 1
    past = rhythm(np.maximum(known.count - 2, 0), known.before_last - known.first, typical, weight=weight,
                  shortest=shortest)  # fmt: skip
    came_back = several & (known.last - known.before_last > lapsed * past)
    usual = rhythm(np.maximum(known.count - 1, 0), known.last - known.first, typical, weight=weight, shortest=shortest)
    usual = np.where(came_back, past, usual)
    silent = today - known.last
    result = np.full(len(known.count), ACTIVE, np.int8)
    result[known.count == 1] = NEW
    result[came_back] = RETURNED
    result[some & (silent > slipping * usual)] = SLIPPING
    result[some & (silent > lapsed * usual)] = LAPSED
    result[~some] = PROSPECT
    return result
