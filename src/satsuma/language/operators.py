"""The operators: one table, one spelling each, and what each means for one value.

`holds` is the specification: plain Python on one value, used by the reference evaluator and, over the distinct values
of a text, by every engine. The numeric twins in `evaluation` are tested against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from satsuma.catalog import VALUE_TYPES, ValueType
from satsuma.language import anniversaries, durations, places
from satsuma.language.moments import Moment, period_around
from satsuma.language.patterns import glob_pattern, search_all
from satsuma.language.types import EventRef, Test, TraitRef

Shape = Literal[
    "one", "many", "range", "true", "text", "texts", "pattern", "glob", "size", "version", "codes",
    "day", "duration", "span", "period", "anniversary", "circle", "polygon", "region",
]  # fmt: skip

_ORDERED = ("integer", "number", "money", "date", "datetime")
_EQUAL = ("text", *_ORDERED, "boolean")
_DATES = ("date", "datetime")
_TEXT = ("text",)
_LIST = ("list",)
_PLACE = ("location",)


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: the types it is asked of, the shape of its operand, its words, and the one it denies."""

    name: str
    types: tuple[str, ...]
    shape: Shape
    words: str
    denies: str | None = None


def _table(*operators: Operator) -> dict[str, Operator]:
    return {operator.name: operator for operator in operators}


OPERATORS: dict[str, Operator] = _table(
    Operator("eq", _EQUAL, "one", "is"),
    Operator("neq", _EQUAL, "one", "is not", "eq"),
    Operator("in", _EQUAL, "many", "is one of"),
    Operator("not_in", _EQUAL, "many", "is none of", "in"),
    Operator("lt", _ORDERED, "one", "is less than"),
    Operator("lte", _ORDERED, "one", "is at most"),
    Operator("gt", _ORDERED, "one", "is more than"),
    Operator("gte", _ORDERED, "one", "is at least"),
    Operator("between", _ORDERED, "range", "is between"),
    Operator("not_between", _ORDERED, "range", "is not between", "between"),
    Operator("is_set", VALUE_TYPES, "true", "is known"),
    Operator("not_set", VALUE_TYPES, "true", "is not known"),
    Operator("is_empty", ("text", "list"), "true", "is empty or not known"),
    Operator("not_empty", ("text", "list"), "true", "is not empty"),
    Operator("contains", _TEXT, "text", "contains"),
    Operator("not_contains", _TEXT, "text", "does not contain", "contains"),
    Operator("starts_with", _TEXT, "text", "starts with"),
    Operator("not_starts_with", _TEXT, "text", "does not start with", "starts_with"),
    Operator("ends_with", _TEXT, "text", "ends with"),
    Operator("not_ends_with", _TEXT, "text", "does not end with", "ends_with"),
    Operator("matches", _TEXT, "pattern", "matches"),
    Operator("not_matches", _TEXT, "pattern", "does not match", "matches"),
    Operator("glob", _TEXT, "glob", "looks like"),
    Operator("contains_any", _LIST, "texts", "contains any of"),
    Operator("contains_all", _LIST, "texts", "contains all of"),
    Operator("contains_none", _LIST, "texts", "contains none of", "contains_any"),
    Operator("size", _LIST, "size", "has a size that"),
    Operator("version_lt", _TEXT, "version", "is a version before"),
    Operator("version_lte", _TEXT, "version", "is a version up to"),
    Operator("version_gt", _TEXT, "version", "is a version after"),
    Operator("version_gte", _TEXT, "version", "is a version from"),
    Operator("version_eq", _TEXT, "version", "is the version"),
    Operator("country_code_in", _TEXT, "codes", "has a calling code out of"),
    Operator("before", _DATES, "day", "is before"),
    Operator("after", _DATES, "day", "is after"),
    Operator("on", _DATES, "day", "is on"),
    Operator("not_on", _DATES, "day", "is not on", "on"),
    Operator("in_last", _DATES, "duration", "is in the last"),
    Operator("in_next", _DATES, "duration", "is in the next"),
    Operator("more_than_ago", _DATES, "duration", "is at least this long ago:"),
    Operator("more_than_ahead", _DATES, "duration", "is further ahead than"),
    Operator("between_ago", _DATES, "span", "is ago by"),
    Operator("this", _DATES, "period", "is in this"),
    Operator("last", _DATES, "period", "is in the last full"),
    Operator("next", _DATES, "period", "is in the next full"),
    Operator("anniversary", _DATES, "anniversary", "has an anniversary that"),
    Operator("within_km", _PLACE, "circle", "is within"),
    Operator("in_polygon", _PLACE, "polygon", "is in"),
    Operator("in_region", _PLACE, "region", "is in the region"),
)

#: Operators that look at absence itself (rule S1).
PRESENCE = ("is_set", "not_set", "is_empty", "not_empty")
#: Operators that are asked of traits and measures, not of events in a filter: they are no plain comparison there.
NOT_IN_FILTERS = ("anniversary", "within_km", "in_polygon", "in_region")


def holds(test: Test, value: Any, type_: ValueType, moment: Moment, other: Any = None) -> bool:
    """Say whether one value passes a test: the specification of every operator.

    Parameters
    ----------
    value : the trait's or property's value in plain Python (str, int, float, Decimal, bool, date, datetime in UTC
        without a zone, tuple of str), or None when it is missing.
    other : the value of the other trait, or of the earlier step's property, when the operand is one.
    """
    name = test.operator
    if name in PRESENCE:
        return _present(name, value)
    operand = other if _is_reference(test) else test.operand
    if value is None or operand is None:
        return test.missing_matches
    operator = OPERATORS[name]
    if operator.denies is not None:
        # What cannot be read by the plain form stays missing under its denial, too (rule S1).
        return not _plain(operator.denies, test, value, operand, type_, moment)
    return _plain(name, test, value, operand, type_, moment)


def _present(name: str, value: Any) -> bool:
    if name == "is_set":
        return value is not None
    if name == "not_set":
        return value is None
    empty = value is None or len(value) == 0
    return empty if name == "is_empty" else not empty


def _is_reference(test: Test) -> bool:
    return isinstance(test.operand, (TraitRef, EventRef))


def _plain(name: str, test: Test, value: Any, operand: Any, type_: ValueType, moment: Moment) -> bool:
    if type_ == "text":
        return text_predicate(name, operand, test.ignore_case, test.fold)(value)
    if type_ == "list":
        return _list_holds(name, value, operand, text_normaliser(test.ignore_case, test.fold))
    if type_ == "location":
        return places.is_inside(operand, value)
    if name == "anniversary":
        day = value if type_ == "date" else durations.local_day(value, moment.zone)
        return any(anniversaries.has_return(day, low, high) for low, high in anniversary_days(operand, moment))
    if type_ in ("date", "datetime"):
        number = ordinal(value, type_)
        if _is_reference(test):
            return COMPARISONS[DAY_COMPARISONS.get(name, name)](number, ordinal(operand, type_))
        return any(low <= number <= high for low, high in date_intervals(name, operand, type_, moment))
    if isinstance(value, float) or isinstance(operand, float):
        # A number compares as a float with what was written, or with another trait's number: 0.1 is 0.1.
        value = float(value)
        operand = tuple(float(item) for item in operand) if isinstance(operand, tuple) else float(operand)
    return COMPARISONS[name](value, operand)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, operand: bool(value == operand),
    "in": lambda value, operand: value in operand,
    "lt": lambda value, operand: bool(value < operand),
    "lte": lambda value, operand: bool(value <= operand),
    "gt": lambda value, operand: bool(value > operand),
    "gte": lambda value, operand: bool(value >= operand),
    "between": lambda value, operand: bool(operand[0] <= value <= operand[1]),
}


# -------------------------------------------------------------------------------------------------------------- text


def text_normaliser(ignore_case: bool, fold: bool) -> Callable[[str], str]:
    """Return the function under which texts are compared: NFC, then case and accents where asked (rule S14)."""

    def normalise(text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        if ignore_case:
            text = text.casefold()
        if fold:
            decomposed = unicodedata.normalize("NFD", text)
            text = unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))
        return text

    return normalise


def text_predicate(name: str, operand: Any, ignore_case: bool, fold: bool) -> Callable[[str], bool]:
    """Return the function that says whether one text passes the plain (not denying) operator `name`."""
    normalise = text_normaliser(ignore_case, fold)
    if name in ("matches", "glob"):
        pattern = glob_pattern(operand) if name == "glob" else operand
        return _pattern_predicate(pattern, ignore_case, fold)
    if name.startswith("version_"):
        return _version_predicate(name, operand)
    if name == "country_code_in":
        return lambda text: calling_code(text) in operand
    if name == "in":
        wanted = frozenset(normalise(item) for item in operand)
        return lambda text: normalise(text) in wanted
    needle = normalise(operand)
    if name == "eq":
        return lambda text: normalise(text) == needle
    if name == "contains":
        return lambda text: needle in normalise(text)
    if name == "starts_with":
        return lambda text: normalise(text).startswith(needle)
    if name == "ends_with":
        return lambda text: normalise(text).endswith(needle)
    raise KeyError(name)


def _pattern_predicate(pattern: str, ignore_case: bool, fold: bool) -> Callable[[str], bool]:
    """Search by RE2, in linear time: no text and no pattern can stall an evaluation."""
    normalise = text_normaliser(False, fold)

    def search(text: str) -> bool:
        return search_all((normalise(text),), pattern, ignore_case)[0]

    return search


_VERSION = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(?:[-.]?([0-9A-Za-z][0-9A-Za-z.-]*))?(?:\+.*)?", re.IGNORECASE)


@lru_cache(maxsize=65_536)
def version_key(text: str) -> tuple[Any, ...] | None:
    """Return what a version is ordered by, or None when it is not one.

    Numbers compare as numbers (3.10 is after 3.9), missing ones are 0, and a suffix (3.2.0-beta) comes before the
    version without it, as Semantic Versioning 2.0.0 section 11 says.
    """
    # Longer than any version that was ever published; a run of digits without end is not a number, either.
    found = _VERSION.fullmatch(text.strip()) if len(text) <= 200 else None
    if found is None:
        return None
    numbers = [int(part) for part in found[1].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    suffix = found[2]
    parts = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"[.-]", suffix or "") if part
    )
    return (tuple(numbers), suffix is None, parts)


def _version_predicate(name: str, operand: str) -> Callable[[str], bool]:
    wanted = version_key(operand)
    compare = COMPARISONS[name.removeprefix("version_")]

    def predicate(text: str) -> bool:
        key = version_key(text)
        return key is not None and compare(key, wanted)

    return predicate


@lru_cache(maxsize=65_536)
def calling_code(text: str) -> int | None:
    """Return the country calling code of a phone number in E.164 form, or None."""
    import phonenumbers

    try:
        return int(phonenumbers.parse(text, None).country_code or 0) or None
    except phonenumbers.NumberParseException:
        return None


def _list_holds(name: str, value: tuple[str, ...], operand: Any, normalise: Callable[[str], str]) -> bool:
    if name == "size":
        return COMPARISONS[operand[0]](len(value), operand[1])
    have = {normalise(item) for item in value}
    wanted = {normalise(item) for item in operand}
    return bool(have & wanted) if name == "contains_any" else wanted <= have


# ------------------------------------------------------------------------------------------------------------- dates

#: Date operators that are another name for a comparison.
DAY_COMPARISONS = {"before": "lt", "after": "gt", "on": "eq"}
ROLLING = ("in_last", "in_next", "more_than_ago", "more_than_ahead", "between_ago")

#: Further than any date: open ends of intervals.
FAR = 1 << 62


def ordinal(value: date | datetime, type_: ValueType) -> int:
    """Return a date as days since 1970, a moment as microseconds since 1970."""
    if type_ == "datetime":
        assert isinstance(value, datetime)
        return durations.microseconds(value)
    return durations.day_number(value)


def date_intervals(name: str, operand: Any, type_: ValueType, moment: Moment) -> tuple[tuple[int, int], ...]:
    """Return the closed intervals of days (or microseconds) that an operator means at a moment (rule S5).

    A duration asked of a date without a time counts whole calendar days: `in_next: 30d` is today < d <= today + 30. A
    date asked of a moment means the whole local day: `lte: 2024-01-31` takes all of that day in.
    """
    if name == "in":
        return tuple(_one_interval("eq", item, type_, moment) for item in operand)
    if name == "between":
        low, _ = _one_interval("gte", operand[0], type_, moment)
        _, high = _one_interval("lte", operand[1], type_, moment)
        return ((low, high),)
    return (_one_interval(DAY_COMPARISONS.get(name, name), operand, type_, moment),)


def anniversary_days(asked: Test, moment: Moment) -> tuple[tuple[int, int], ...]:
    """Return the intervals of days in which an anniversary is asked for."""
    return date_intervals(asked.operator, asked.operand, "date", moment)


def _one_interval(name: str, operand: Any, type_: ValueType, moment: Moment) -> tuple[int, int]:
    if type_ == "datetime":
        if name in ROLLING:
            return _rolling(name, operand, moment.as_of, 1)
        if isinstance(operand, datetime):
            at = durations.microseconds(operand)
            return _compared(name, at, at)
    if name in ROLLING:
        return _rolling(name, operand, durations.day_number(moment.today), durations.MICROSECONDS_PER_DAY)
    if name in ("this", "last", "next"):
        days = period_around(moment.today, operand, {"this": 0, "last": -1, "next": 1}[name])
        name = "eq"
    else:
        days = (operand, operand)
    if type_ == "date":
        return _compared(name, durations.day_number(days[0]), durations.day_number(days[1]))
    first = durations.day_start(days[0], moment.zone)
    last = durations.day_end(days[1], moment.zone)
    return _compared(name, first, last)


def _compared(name: str, first: int, last: int) -> tuple[int, int]:
    """Return what lies before, in, or after the closed interval [first, last]."""
    return {
        "eq": (first, last),
        "lt": (-FAR, first - 1),
        "lte": (-FAR, last),
        "gt": (last + 1, FAR),
        "gte": (first, FAR),
    }[name]


def _rolling(name: str, operand: Any, now: int, unit: int) -> tuple[int, int]:
    if name == "between_ago":
        return now - operand[0] // unit + 1, now - operand[1] // unit
    length = operand // unit
    return {
        "in_last": (now - length + 1, now),
        "in_next": (now + 1, now + length),
        "more_than_ago": (-FAR, now - length),
        "more_than_ahead": (now + length + 1, FAR),
    }[name]
