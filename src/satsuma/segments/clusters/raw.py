"""Traits as clustering takes them: numbers, answers and words of each customer, with what a name may call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.evaluation.columns import Column
from satsuma.language.durations import MICROSECONDS_PER_DAY, day_number
from satsuma.language.moments import Moment
from satsuma.statistics.clustering.encoding import RawTrait, ValueKind

#: How each type of trait is grouped by; dates and moments by how many days ago they are.
KINDS: Mapping[ValueType, ValueKind] = {
    "integer": "integer", "number": "number", "money": "money", "boolean": "boolean", "text": "category",
    "date": "number", "datetime": "number",
}  # fmt: skip


def raw_trait(name: str, column: Column, moment: Moment) -> RawTrait:
    """Return a trait of everybody in the form that clustering takes."""
    kind = KINDS[column.type]
    if kind == "category":
        codes = np.where(column.present, column.values, -1).astype(np.int32)
        # A trait that nobody has still has to have a level.
        return RawTrait(name, kind, codes, column.words or ("",))
    return RawTrait(name, kind, numbers_of(column, moment))


def numbers_of(column: Column, moment: Moment) -> NDArray[np.float64]:
    """Return the numbers of a column; of dates and moments how many days ago they are. NaN where missing."""
    values = column.floats()
    if column.type == "date":
        return day_number(moment.today) - values
    return (moment.as_of - values) / MICROSECONDS_PER_DAY if column.type == "datetime" else values


def rows_taken(trait: RawTrait, places: NDArray[Any] | slice) -> RawTrait:
    """Return the values of some customers."""
    return replace(trait, values=trait.values[places])


def called(title: str, type_: ValueType) -> str:
    """Return what a trait is called inside a sentence."""
    # A comma parts the words of a group's name.
    plain = title.replace(",", "")
    plain = plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain
    return f"days since {plain}" if type_ in ("date", "datetime") else plain
