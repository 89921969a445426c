"""Tests on whole columns: the numeric twin of `language.operators.holds`, which is the specification.

Texts are tested once per distinct value by the specification itself; numbers and dates are compared as arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.calendar import local_days
from satsuma.evaluation.columns import Column, Mask
from satsuma.evaluation.places import inside
from satsuma.language.anniversaries import latest_return
from satsuma.language.moments import Moment
from satsuma.language.operators import (
    DAY_COMPARISONS,
    OPERATORS,
    PRESENCE,
    anniversary_days,
    date_intervals,
    text_normaliser,
    text_predicate,
)
from satsuma.language.patterns import glob_pattern, search_all
from satsuma.language.types import Test

_UFUNCS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": np.equal, "lt": np.less, "lte": np.less_equal, "gt": np.greater, "gte": np.greater_equal,
}  # fmt: skip


def test_column(test: Test, column: Column, moment: Moment, other: Column | None = None) -> Mask:
    """Say for each customer whether the column's value passes a test.

    Parameters
    ----------
    other : the other trait's column when the operand is a trait.
    """
    name = test.operator
    if name in PRESENCE:
        return _presence(name, column)
    operator = OPERATORS[name]
    plain = operator.denies or name
    known = column.present if other is None else column.present & other.present
    passed = _two_columns(plain, test, column, other) if other is not None else _plain(plain, test, column, moment)
    if operator.denies is not None:
        passed = ~passed
    return (passed | ~known) if test.missing_matches else (passed & known)


def _presence(name: str, column: Column) -> Mask:
    if name == "is_set":
        return column.present.copy()
    if name == "not_set":
        return ~column.present
    if column.type == "list":
        assert column.offsets is not None
        filled = column.present & (np.diff(column.offsets) > 0)
    else:
        blank = np.array([word == "" for word in column.words] or [False])
        filled = column.present & ~blank[np.where(column.present, column.values, 0)]
    return ~filled if name == "is_empty" else filled


def _plain(name: str, test: Test, column: Column, moment: Moment) -> Mask:
    if column.type == "text":
        return _by_word(column, word_answers(name, test, column.words))
    if column.type == "list":
        return _list(name, test, column)
    if column.type == "location":
        place: Any = test.operand
        return inside(place, column.values, column.present)
    if name == "anniversary":
        return _anniversary(test, column, moment)
    if column.type in ("date", "datetime"):
        passed = np.zeros(len(column), np.bool_)
        for low, high in date_intervals(name, test.operand, column.type, moment):
            passed |= (column.values >= low) & (column.values <= high)
        return passed
    if column.type == "boolean":
        wanted = test.operand if isinstance(test.operand, tuple) else (test.operand,)
        return np.isin(column.values, np.array([bool(item) for item in wanted]))
    return compare_numbers(name, column.values, column.scale, test.operand)


def _anniversary(test: Test, column: Column, moment: Moment) -> Mask:
    """Compare the year of each date with that of the latest return of its day of the year among the days asked."""
    asked: Any = test.operand
    days = column.values if column.type == "date" else local_days(column.values, column.present, moment.zone)
    dates = np.where(column.present, days, 0).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    years, month = np.divmod(months.astype(np.int64), 12)
    years += 1970
    place = month * 31 + (dates - months).astype(np.int64)
    passed = np.zeros(len(column), np.bool_)
    for low, high in anniversary_days(asked, moment):
        passed |= years < _latest_returns(low, high)[place]
    return passed


def _latest_returns(low: int, high: int) -> NDArray[np.int64]:
    """Return for each month and day (at 31 * month + day, both from 0) the year of its latest return; 0 for none."""
    latest = np.zeros(12 * 31, np.int64)
    # A leap year has every day that there is.
    for number in range(366):
        day = date(2000, 1, 1) + timedelta(days=number)
        latest[(day.month - 1) * 31 + day.day - 1] = latest_return(day.month, day.day, low, high) or 0
    return latest


def compare_numbers(name: str, values: NDArray[Any], scale: int, operand: Any) -> Mask:
    """Compare whole numbers of 1/scale (exactly), or floats, with decimals."""
    if name == "between":
        low = compare_numbers("gte", values, scale, operand[0])
        return low & compare_numbers("lte", values, scale, operand[1])
    if name == "in":
        passed = np.zeros(len(values), np.bool_)
        for item in operand:
            passed |= compare_numbers("eq", values, scale, item)
        return passed
    ufunc = _UFUNCS[name]
    if values.dtype.kind == "f":
        return np.asarray(ufunc(values, float(operand)), np.bool_)
    bound = whole_bound(name, operand, scale)
    if isinstance(bound, bool):
        return np.full(len(values), bound)
    return np.asarray(ufunc(values, bound), np.bool_)


def whole_bound(name: str, operand: Any, scale: int) -> int | bool:
    """Return the whole number of 1/scale that compares as a decimal does, or the answer that all numbers share."""
    exact = Fraction(operand) * scale
    if exact.denominator == 1:
        bound = exact.numerator
    elif name == "eq":
        return False
    else:
        # Between two whole numbers: move to the neighbour that keeps the meaning.
        bound = exact.__floor__() if name in ("lte", "gt") else exact.__ceil__()
    limits = np.iinfo(np.int64)
    if limits.min <= bound <= limits.max:
        return bound
    return name in ("lt", "lte") if bound > 0 else name in ("gt", "gte")


def word_answers(name: str, test: Test, words: tuple[str, ...]) -> Mask:
    """Ask the specification once per distinct text."""
    if name in ("matches", "glob"):
        operand: Any = test.operand
        pattern = glob_pattern(operand) if name == "glob" else operand
        normalise = text_normaliser(False, test.fold)
        return np.array(search_all([normalise(word) for word in words], pattern, test.ignore_case), np.bool_)
    predicate = text_predicate(name, test.operand, test.ignore_case, test.fold)
    return np.fromiter((predicate(word) for word in words), np.bool_, len(words))


def word_passes(test: Test, words: tuple[str, ...]) -> Mask:
    """Say for each distinct text whether it passes a test, a denial included."""
    operator = OPERATORS[test.operator]
    answers = word_answers(operator.denies or test.operator, test, words)
    return answers if operator.denies is None else ~answers


def _by_word(column: Column, answers: Mask) -> Mask:
    if not len(answers):
        return np.zeros(len(column), np.bool_)
    return answers[np.where(column.present, column.values, 0)]


def _list(name: str, test: Test, column: Column) -> Mask:
    assert column.offsets is not None
    operand: Any = test.operand
    if name == "size":
        return compare_numbers(operand[0], np.diff(column.offsets), 1, operand[1])
    normalise = text_normaliser(test.ignore_case, test.fold)
    wanted = [normalise(item) for item in operand]
    have = [normalise(word) for word in column.words]
    found = [_any_item(column, np.array([word == item for word in have], np.bool_)) for item in dict.fromkeys(wanted)]
    result = found[0]
    for mask in found[1:]:
        result = result | mask if name == "contains_any" else result & mask
    return result


def _any_item(column: Column, answers: Mask) -> Mask:
    assert column.offsets is not None
    hits = np.zeros(len(column.values) + 1, np.int64)
    if len(answers):
        np.cumsum(answers[column.values], out=hits[1:])
    return hits[column.offsets[1:]] > hits[column.offsets[:-1]]


def _two_columns(name: str, test: Test, column: Column, other: Column) -> Mask:
    name = DAY_COMPARISONS.get(name, name)
    if column.type == "text":
        # Bring both to one dictionary; codes of the normalised words then compare as the words do.
        normalise = text_normaliser(test.ignore_case, test.fold)
        left, right = [normalise(word) for word in column.words], [normalise(word) for word in other.words]
        codes = {word: code for code, word in enumerate(sorted({*left, *right}))}
        first = _codes(column, [codes[word] for word in left])
        second = _codes(other, [codes[word] for word in right])
        if name in ("contains", "starts_with", "ends_with"):
            check = {"contains": str.__contains__, "starts_with": str.startswith, "ends_with": str.endswith}[name]
            pairs = np.unique(np.stack([first, second], axis=1), axis=0, return_inverse=True)
            # Nobody has a value where there are no words; the placeholder of a missing code still needs one to name.
            words = list(codes) or [""]
            answers = np.array([check(words[a], words[b]) for a, b in pairs[0]] or [False], np.bool_)
            return answers[pairs[1].reshape(-1)]
        return np.asarray(_UFUNCS[name](first, second), np.bool_)
    if column.scale != other.scale or column.values.dtype.kind != other.values.dtype.kind:
        if "f" in (column.values.dtype.kind, other.values.dtype.kind):
            return np.asarray(_UFUNCS[name](column.floats(), other.floats()), np.bool_)
        # Whole numbers of different fractions: exactly, by cross-multiplication in Python's whole numbers.
        left_values, right_values = column.values.astype(object), other.values.astype(object)
        return np.asarray(_UFUNCS[name](left_values * other.scale, right_values * column.scale), np.bool_)
    return np.asarray(_UFUNCS[name](column.values, other.values), np.bool_)


def _codes(column: Column, codes: list[int]) -> NDArray[np.int64]:
    table = np.array(codes or [0], np.int64)
    return table[np.where(column.present, column.values, 0)]
