"""Each different row once, with how often it occurs: answers of a survey repeat, and so do the rows of a resample.

A row becomes one or a few whole numbers of 64 bits. Categories are the digits of a number whose bases are their
levels; a further number begins where 64 bits do not hold the next one. A number stands for itself by its bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.rows import Floats, Rows

Words = NDArray[np.uint64]
Places = NDArray[np.intp]

#: Rows packed at a time: twenty columns of them stay in the processor's cache.
_CHUNK = 8192
#: Keys up to this many are counted in a table instead of sorted.
_TABLE = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class DistinctRows:
    """The different rows, in an order that depends on nothing but what they are.

    rows : Rows, of length m.
    counts : array of float, shape (m,)
        How often each occurs, or the sum of the weights of its occurrences.
    inverse : array of int, shape (n,)
        Which of them each row given is: `found[distinct.inverse]` is one value for each row given.
    """

    rows: Rows
    counts: Floats
    inverse: Places

    def __len__(self) -> int:
        return len(self.counts)

    def counted(self) -> tuple[Rows, Floats]:
        """Return the rows whose count is above 0, and their counts."""
        some = self.counts > 0
        return (self.rows, self.counts) if some.all() else (self.rows.take(some), self.counts[some])


def distinct_rows(rows: Rows, weights: Floats | None = None) -> DistinctRows:
    """Return the different rows and how often each occurs.

    Missing is a value like any other; 0 and -0 are one. Where all categories fit one number of 64 bits and there
    are no numbers the order is that of the codes, the first category first; otherwise it looks random.

    Parameters
    ----------
    rows : of length n.
    weights : array of float, shape (n,), how often each row counts; 1 by default.

    Raises
    ------
    ValueError
        When a code is not below its category's levels, a number is infinite, there are other than n weights, or a
        weight is negative or no number.
    """
    size = len(rows)
    if weights is not None:
        weights = checked_weights(weights, size)
    words, span = _words(rows)
    if not words:
        first, inverse = np.zeros(min(size, 1), np.intp), np.zeros(size, np.intp)
    elif len(words) == 1 and span is not None and span <= max(_TABLE, size):
        first, inverse = _by_table(words[0], span)
    else:
        first, inverse = _by_order(words)
    counts = np.bincount(inverse, weights=weights, minlength=len(first)).astype(np.float64)
    return DistinctRows(rows.take(first), counts, inverse)


def checked_weights(weights: Floats, size: int) -> Floats:
    """Return the weights as floats.

    Raises
    ------
    ValueError
        When there are other than `size`, or one is negative or no number.
    """
    given = np.asarray(weights, np.float64)
    if given.shape != (size,):
        raise ValueError(f"There must be one weight for each of {size} rows; their shape is {given.shape}.")
    if size and not (given.min() >= 0 and given.max() < np.inf):
        raise ValueError("Weights must be 0 or above, and finite.")
    return given


def _words(rows: Rows) -> tuple[list[Words], int | None]:
    """Return each row as words, and how many values the first can have if it is of categories."""
    blocks = _blocks(rows.levels)
    packed = [np.empty(len(rows), np.uint64) for _ in blocks]
    for start in range(0, len(rows), _CHUNK):
        # One further digit, the lowest, is missing.
        digits = rows.codes[start : start + _CHUNK].T.astype(np.int64) + 1
        if digits.size and ((digits < 0) | (digits > np.array(rows.levels)[:, None])).any():
            raise ValueError("A category has a code that is not below its number of levels.")
        for word, (columns, _) in zip(packed, blocks, strict=True):
            key = np.zeros(digits.shape[1], np.uint64)
            for column in columns:
                key *= np.uint64(rows.levels[column] + 1)
                key += digits[column].astype(np.uint64)
            word[start : start + _CHUNK] = key
    for column in rows.numbers.T:
        if np.isinf(column).any():
            raise ValueError("A number is infinite; numbers must be finite, or missing.")
        bits = (column + 0.0).view(np.uint64)
        missing = np.isnan(column)
        if missing.any():
            bits[missing] = np.float64(np.nan).view(np.uint64)
        packed.append(bits)
    return packed, blocks[0][1] if blocks else None


def _blocks(levels: tuple[int, ...]) -> list[tuple[list[int], int]]:
    """Return the categories that share a word, and how many values it can have."""
    blocks: list[tuple[list[int], int]] = []
    for column, count in enumerate(levels):
        if blocks and blocks[-1][1] * (count + 1) < 1 << 64:
            columns, span = blocks[-1]
            blocks[-1] = ([*columns, column], span * (count + 1))
        else:
            blocks.append(([column], count + 1))
    return blocks


def _by_table(key: Words, span: int) -> tuple[Places, Places]:
    places = key.astype(np.intp)
    first = np.full(span, -1, np.intp)
    first[places] = np.arange(len(places))
    is_there = first >= 0
    return first[is_there], (np.cumsum(is_there) - 1)[places]


def _by_order(words: list[Words]) -> tuple[Places, Places]:
    """Return where each different row occurs, and which of them each row is.

    Several words are sorted by a mixture of all, eight of them in a tenth of the time; or by the words themselves if
    two different rows share a mixture. Whether they do (among a million rows once in thirty million times) depends on
    the rows alone, and so does the order.
    """
    key = words[0] if len(words) == 1 else _mixture(words)
    order = np.argsort(key)
    ordered = key[order]
    fresh = np.ones(len(order), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    if len(words) > 1:
        equal = np.flatnonzero(~fresh)
        here, before = order[equal], order[equal - 1]
        if any((word[here] != word[before]).any() for word in words):
            order = np.lexsort(words[::-1])
            fresh[1:] = np.any([word[order[1:]] != word[order[:-1]] for word in words], axis=0)
    inverse = np.empty(len(order), np.intp)
    inverse[order] = np.cumsum(fresh) - 1
    return order[fresh], inverse


def _mixture(words: list[Words]) -> Words:
    """Return one word for each row: the finaliser of SplitMix64 (Steele, Lea & Flood 2014) over its words in turn."""
    mixed = np.zeros(len(words[0]), np.uint64)
    for start in range(0, len(mixed), _CHUNK):
        key = mixed[start : start + _CHUNK]
        for word in words:
            key ^= word[start : start + _CHUNK]
            key += np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(30)
            key *= np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(27)
            key *= np.uint64(0x94D049BB133111EB)
            key ^= key >> np.uint64(31)
    return mixed
