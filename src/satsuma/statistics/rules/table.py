"""Raw traits as rules see them: numbers with what is missing, and categories as codes.

Nothing is scaled or filled in: a rule has to be asked of the values that people know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Lengths of time at which people cut, in days.
DAYS = (1.0, 2.0, 3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0, 545.0, 730.0, 1095.0)


@dataclass(frozen=True, slots=True, eq=False)
class Feature:
    """One trait of every row.

    Parameters
    ----------
    values : array, shape (n,)
        Floats with NaN where missing, or codes from 0 with -1 where missing.
    words : how many codes there are; None of a number. has_rest : whether the last code stands for all rare words.
    grain : cut values are multiples of it where values allow (1 for whole numbers, 0.01 for cents); 0 for any.
    is_whole : whether all values are whole numbers, so that a range can name its last one.
    naturals : cut values that people prefer, ascending.
    """

    values: NDArray[np.generic]
    words: int | None = None
    has_rest: bool = False
    grain: float = 0.0
    is_whole: bool = False
    naturals: tuple[float, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.words is None

    @property
    def numbers(self) -> Floats:
        """The values of a number."""
        return self.values.astype(np.float64)

    @property
    def codes(self) -> Codes:
        """The values of a category."""
        return self.values.astype(np.int64)

    @property
    def missing(self) -> Mask:
        """Where there is no value."""
        return np.asarray(np.isnan(self.values) if self.is_number else self.values < 0)  # type: ignore[operator]

    def take(self, index: NDArray[np.generic]) -> Feature:
        """Return some of the rows, by position or mask."""
        return replace(self, values=self.values[index])


def number(
    values: NDArray[np.generic], *, grain: float = 0.0, is_whole: bool = False, naturals: tuple[float, ...] = ()
) -> Feature:
    """Return a trait of numbers; NaN is missing."""
    grain = 1.0 if is_whole else grain
    return Feature(np.asarray(values, np.float64), grain=grain, is_whole=is_whole, naturals=naturals)


def category(codes: NDArray[np.generic], words: int, *, has_rest: bool = False) -> Feature:
    """Return a trait of categories; -1 is missing."""
    return Feature(np.asarray(codes, np.int64), words, has_rest)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Traits of the same rows."""

    features: tuple[Feature, ...]

    def __len__(self) -> int:
        return len(self.features[0].values) if self.features else 0

    def take(self, index: NDArray[np.generic]) -> Table:
        """Return some of the rows, by position or mask."""
        return Table(tuple(feature.take(index) for feature in self.features))


def canonical_order(table: Table, codes: Codes) -> Codes:
    """Return the rows in an order that depends on what they hold alone; rows that are the same are exchangeable.

    Rows are ordered by a 64-bit mix of their values. Two different rows of the same mix would keep the order in which
    they were given: among a million rows that happens about once in forty million times.
    """
    key = _mixed(np.asarray(codes, np.int64).view(np.uint64))
    for feature in table.features:
        values = feature.values
        if feature.is_number:
            # One bit pattern each for nothing and for zero.
            values = np.where(np.isnan(values), np.inf, values + 0.0)  # type: ignore[operator]
        bits = np.ascontiguousarray(values, np.float64 if feature.is_number else np.int64).view(np.uint64)
        key = _mixed(key ^ _mixed(bits + np.uint64(0x9E3779B97F4A7C15)))
    return np.argsort(key, kind="stable").astype(np.int64)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele, Lea and Flood 2014) of each number."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def check(table: Table, codes: Codes, groups: int) -> None:
    """Refuse what cannot be a table of rows with their groups.

    Raises
    ------
    ValueError
        When lengths differ or codes are outside of 0 to groups - 1.
    """
    lengths: Sequence[int] = [len(feature.values) for feature in table.features]
    if any(length != len(codes) for length in lengths):
        raise ValueError("every trait needs one value per row")
    if len(codes) and not (codes.min() >= 0 and codes.max() < groups):
        raise ValueError("codes of groups go from 0 to groups - 1")
    if any(
        not feature.is_number and len(codes) and int(np.max(feature.values)) >= int(feature.words or 0)
        for feature in table.features
    ):
        raise ValueError("codes of categories go from -1 (missing) to words - 1")
