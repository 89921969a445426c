"""What is grouped, and what a grouping is: the forms that every method of clustering shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of numbers and categories, in an order that does not depend on how they were stored.

    Parameters
    ----------
    numbers : array of float, shape (n, p)
        Already transformed, each column about of unit spread; NaN is missing.
    codes : array of int, shape (n, q)
        Categories as codes from 0; -1 is missing.
    levels : tuple of int, length q
        How many codes each category has.
    """

    numbers: Floats
    codes: Codes
    levels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not (np.isnan(self.numbers).any() or (self.codes < 0).any())

    def take(self, index: NDArray[Any]) -> Rows:
        """Return some of the rows, by position or mask."""
        # Six times as fast as indexing whole rows.
        places = np.flatnonzero(index) if index.dtype == np.bool_ else index
        return Rows(np.take(self.numbers, places, axis=0), np.take(self.codes, places, axis=0), self.levels)


def rows_of_numbers(numbers: Floats) -> Rows:
    """Return rows that hold numbers alone."""
    given = np.asarray(numbers, np.float64)
    return Rows(given, np.zeros((len(given), 0), np.int32), ())


def rows_of_codes(codes: NDArray[Any], levels: Sequence[int] | None = None) -> Rows:
    """Return rows that hold categories alone."""
    given = np.asarray(codes, np.int32)
    known = tuple(int(column.max(initial=-1)) + 1 for column in given.T) if levels is None else tuple(levels)
    return Rows(np.zeros((len(given), 0)), given, known)


class Grouping(Protocol):
    """Groups that were fitted; they are numbered by size, the largest first."""

    @property
    def method(self) -> str:
        """The name of the method: kmeans, mixture, classes, prototypes, factors, density."""

    @property
    def groups(self) -> int:
        """How many there are."""

    @property
    def cost(self) -> float:
        """What was minimised, the lower the better; it compares fits of one method and number on the same rows."""

    def assign(self, rows: Rows) -> Codes:
        """Return the group of each row, -1 where it belongs to none (only `density` knows that)."""

    def membership(self, rows: Rows) -> Floats | None:
        """Return how surely each row belongs to each group, shape (n, groups), or None of a method without it."""

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON; `statistics.clustering.methods.grouping_from` reads it back."""


class Algorithm(Protocol):
    """Fits a number of groups; the same rows, weights and generator give the same groups."""

    def __call__(
        self, rows: Rows, groups: int, *, rng: np.random.Generator, weights: Floats | None = None, starts: int = 10
    ) -> Grouping:
        """Return the best of several starts, each run until it converged.

        Parameters
        ----------
        weights : array of float, shape (n,)
            How often each row counts: of distinct rows, or of a resample. A row of weight 0 has no part in the fit.
        starts : how many random starts.
        """
