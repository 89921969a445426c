"""What may be asked of customers: what share has something, what their events are made of, how much they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Which levels each customer has: one (a category), several (a list), or in which parts (what events are made of).

    customer, level, part : arrays, shape (entries,); each pair of customer and level at most once. `part` is 1 for
        what a customer has or has not, and between 0 and 1 where the parts of a customer add up to 1.
    levels : how many there are.
    known : array of bool, shape (n,); of whom it is known.
    is_split : whether the parts of a customer add up to 1.
    tested : array of bool, shape (levels,); the levels of which something may be said.
    """

    customer: NDArray[np.int64]
    level: NDArray[np.int64]
    part: Floats
    levels: int
    known: Mask
    is_split: bool
    tested: Mask

    def has(self, level: int) -> Floats:
        """Return what each customer has of a level, shape (n,); NaN where it is not known."""
        found = np.where(self.known, 0.0, np.nan)
        rows = self.level == level
        found[self.customer[rows]] = self.part[rows]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """How much each customer has: shape (n,), NaN where it is not known."""

    values: Floats

    def has(self, level: int) -> Floats:  # noqa: ARG002  there is only one
        """Return the amounts."""
        return self.values


Question = Shares | Amounts


def levels_question(codes: NDArray[np.integer], levels: int) -> Shares:
    """Return the question which of several levels customers have; with two, only the second is asked about.

    Parameters
    ----------
    codes : array of int, shape (n,); the level of each customer, -1 where it is not known.
    """
    known = codes >= 0
    customer = np.flatnonzero(known)
    tested = np.ones(levels, np.bool_)
    if levels == 2:
        # What is said of one level is said of the other, too.
        tested[0] = False
    return Shares(
        customer, codes[customer].astype(np.int64), np.ones(len(customer)), levels, known, is_split=False, tested=tested
    )


def sets_question(customer: NDArray[np.int64], level: NDArray[np.int64], levels: int, known: Mask) -> Shares:
    """Return the question which of several things customers have who can have any number of them."""
    key = np.unique(customer.astype(np.int64) * levels + level)
    return Shares(
        key // max(levels, 1), key % max(levels, 1), np.ones(len(key)), levels, known, is_split=False,
        tested=np.ones(levels, np.bool_),
    )  # fmt: skip


def split_question(
    customer: NDArray[np.int64], level: NDArray[np.int64], weight: ArrayLike, levels: int, size: int
) -> Shares:
    """Return the question what customers' events are made of; each customer counts once, however many events there are.

    Parameters
    ----------
    customer, level, weight : of events, or of sums of them, shape (entries,); weights above 0.
    size : how many customers there are.
    """
    given = np.broadcast_to(np.asarray(weight, np.float64), customer.shape)
    key, place = np.unique(customer.astype(np.int64) * levels + level, return_inverse=True)
    summed = np.bincount(place, weights=given, minlength=len(key))
    owner = key // max(levels, 1)
    whole = np.bincount(owner, weights=summed, minlength=size)
    tested = np.ones(levels, np.bool_)
    return Shares(owner, key % max(levels, 1), summed / whole[owner], levels, whole > 0, is_split=True, tested=tested)
