"""Answers to the items of a scale: read, reversed, counted where they lack, and made into one score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Rows that are looked at together, so that what lies between stays in the processor's cache.
CHUNK = 16_384
#: Different answers beyond which nobody asks how many.
MOST_POINTS = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers that fit a scale.

    Parameters
    ----------
    given : array of float, shape (n, items)
        As they were answered; NaN where there is no answer within the range.
    reverse : array of bool, shape (items,)
        Which items say the opposite of what the scale measures.
    low, high : float
        The ends of the answers.
    outside : array of int, shape (items,)
        How many answers were outside the range, and count as missing.
    """

    given: Floats
    reverse: NDArray[np.bool_]
    low: float
    high: float
    outside: NDArray[np.int64]

    @property
    def keyed(self) -> Floats:
        """The answers with the reversed items turned round, so that more is more of the same: low + high - answer."""
        return np.where(self.reverse, self.low + self.high - self.given, self.given)

    @property
    def items(self) -> int:
        return int(self.given.shape[1])


def read_answers(columns: Sequence[ArrayLike], low: float, high: float, reverse: Sequence[bool] = ()) -> Answers:
    """Return the answers of several items, what is outside the range taken out and counted.

    Parameters
    ----------
    columns : one array of n answers per item; NaN is missing.
    low, high : the ends of the answers, both of them possible.
    reverse : which items are reversed; none when empty.

    Raises
    ------
    ValueError
        When the range is none, or `reverse` does not say something of every item.
    """
    if not low < high:
        raise ValueError(f"The answers must go from a lower to a higher number, not from {low:g} to {high:g}.")
    turned = np.zeros(len(columns), np.bool_) if len(reverse) == 0 else np.asarray(reverse, np.bool_)
    if len(turned) != len(columns):
        raise ValueError(f"There are {len(columns)} items, and 'reverse' speaks of {len(turned)}.")
    size = len(np.asarray(columns[0])) if columns else 0
    given = np.empty((size, len(columns)), np.float64)
    outside = np.zeros(len(columns), np.int64)
    for place, column in enumerate(columns):
        values = np.asarray(column, np.float64)
        fits = (values >= low) & (values <= high)
        outside[place] = np.count_nonzero(~fits & ~np.isnan(values))
        given[:, place] = np.where(fits, values, np.nan)
    return Answers(given, turned, float(low), float(high), outside)


def scores(keyed: Floats, minimum: int, *, total: bool = False) -> Floats:
    """Return one score per respondent.

    Parameters
    ----------
    keyed : array of float, shape (n, items)
        Answers with reversed items turned round; NaN is missing.
    minimum : int
        Who answered fewer items has no score.
    total : bool
        The sum instead of the mean. Where items lack it is the mean times the number of items: a sum over fewer
        answers would read as a lower score.

    Returns
    -------
    array of float, shape (n,)
        NaN where there is no score.

    Notes
    -----
    The answers are added from the first item to the last, so that the result is the same to the last bit for whoever
    adds them in that order.
    """
    count, items = keyed.shape
    sums, answered = np.zeros(count), np.zeros(count, np.int64)
    for place in range(items):
        column = keyed[:, place]
        is_there = ~np.isnan(column)
        sums += np.where(is_there, column, 0.0)
        answered += is_there
    enough = answered >= max(minimum, 1)
    factor = float(items) if total else 1.0
    return np.where(enough, sums * factor / np.maximum(answered, 1), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """How a scale was answered.

    respondents : who answered at least one item. complete : who answered all. too_few : who answered some, but too few
    for a score. missing : the share of all answers of respondents that lack. outside : answers outside the range.
    straight_lining : the share, among those who answered all of three or more items, with the same answer to each; None
    where there are fewer than three items, or nobody answered all.
    points : different answers that occur; no more are counted once there are many.
    """

    respondents: int
    complete: int
    too_few: int
    missing: float
    outside: int
    straight_lining: float | None
    points: int


def response(answers: Answers, minimum: int) -> Response:
    """Return how a scale was answered.

    Straight-lining is looked for in the answers as they were given, before reversed items are turned round: on a scale
    with reversed items the same answer to all contradicts itself.
    """
    answered = np.zeros(len(answers.given), np.int64)
    same = np.zeros(len(answers.given), np.bool_)
    found: set[float] = set()
    for start in range(0, len(answers.given), CHUNK):
        part = answers.given[start : start + CHUNK]
        is_there = ~np.isnan(part)
        answered[start : start + CHUNK] = is_there.sum(axis=1)
        same[start : start + CHUNK] = (part == part[:, :1]).all(axis=1)
        if len(found) <= MOST_POINTS:
            found.update(np.unique(part[is_there]).tolist())
    respondents = int(np.count_nonzero(answered))
    complete = int(np.count_nonzero(answered == answers.items))
    few = int(np.count_nonzero((answered > 0) & (answered < max(minimum, 1))))
    lines = float(np.count_nonzero(same)) / complete if complete and answers.items >= 3 else None
    lacking = 1.0 - float(answered.sum()) / (respondents * answers.items) if respondents else 0.0
    return Response(
        respondents=respondents, complete=complete, too_few=few, missing=lacking, outside=int(answers.outside.sum()),
        straight_lining=lines, points=len(found),
    )  # fmt: skip
