"""What an evaluation computes with: dense arrays over customer numbers, and sets of customers as packed bits."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.language import durations

Mask = NDArray[np.bool_]
Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One value per customer number, from 0 up to the length.

    type : what the values are.
    values : integers, booleans; money and other exact decimals as whole numbers of 1/scale; number as float; date as
        days and datetime as microseconds since 1970; text as codes into `words`; list as the codes of all items in one
        row; location as an array of shape (n, 2).
    present : which customers have a value; where it is False, `values` holds anything.
    words : the distinct texts, ordered by code point, so that codes compare as texts do.
    offsets : for a list, shape (n + 1,): customer i has values[offsets[i]:offsets[i + 1]].
    """

    type: ValueType
    values: NDArray[Any]
    present: Mask
    scale: int = 1
    words: tuple[str, ...] = ()
    offsets: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.present)

    def floats(self) -> NDArray[np.float64]:
        """Return the values as floats in the trait's own unit; NaN where missing."""
        result = self.values.astype(np.float64)
        if self.scale != 1:
            result /= self.scale
        result[~self.present] = np.nan
        return result

    def take(self, places: NDArray[Any]) -> Column:
        """Return the values of some customers, in the order of `places`."""
        if self.offsets is None:
            return Column(self.type, self.values[places], self.present[places], self.scale, self.words)
        starts, lengths = self.offsets[places], np.diff(self.offsets)[places]
        offsets = np.zeros(len(places) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        rows = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Column(self.type, self.values[rows], self.present[places], self.scale, self.words, offsets)

    def python(self, index: int) -> Any:
        """Return one customer's value in plain Python, as the specification takes it."""
        if not self.present[index]:
            return None
        if self.type == "list":
            assert self.offsets is not None
            start, end = int(self.offsets[index]), int(self.offsets[index + 1])
            return tuple(self.words[code] for code in self.values[start:end].tolist())
        value = self.values[index].tolist()
        if self.type == "text":
            return self.words[value]
        if self.type == "date":
            return durations.from_day_number(value)
        if self.type == "datetime":
            return durations.from_microseconds(value)
        if self.type == "location":
            return tuple(value)
        if self.scale != 1:
            return Decimal(value) / self.scale
        return value


def empty_column(type_: ValueType, size: int) -> Column:
    """Return a column in which nobody has a value."""
    dtype: Any = {"number": np.float64, "location": np.float64, "boolean": np.bool_, "text": np.int32}.get(
        type_, np.int64
    )
    shape: Any = (size, 2) if type_ == "location" else 0 if type_ == "list" else size
    offsets = np.zeros(size + 1, np.int64) if type_ == "list" else None
    return Column(type_, np.zeros(shape, dtype), np.zeros(size, np.bool_), offsets=offsets)


# -------------------------------------------------------------------------------------------------------------- bits


def pack(mask: Mask) -> Bits:
    """Pack a mask, eight customers to a byte, the lowest number in the lowest bit."""
    return np.packbits(mask, bitorder="little")


def unpack(bits: Bits, size: int) -> Mask:
    """Return the mask of packed bits."""
    return np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)


def count_bits(bits: Bits) -> int:
    """Count the customers in packed bits."""
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
