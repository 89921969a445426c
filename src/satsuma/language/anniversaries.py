"""Anniversaries: the yearly return of a date, from the year after it on (29 February returns on 28 February)."""

from __future__ import annotations

from datetime import date

from satsuma.language.durations import day_number, from_day_number

#: The operators that may be asked of an anniversary.
ASKED = ("in_next", "in_last", "this", "last", "next", "on")

_FIRST, _LAST = day_number(date.min), day_number(date.max)


def returned(month: int, day: int, year: int) -> date:
    """Return the day on which a date comes back in a year."""
    if (month, day) == (2, 29):
        # The last day of February, whatever the year.
        return date.fromordinal(date(year, 3, 1).toordinal() - 1)
    return date(year, month, day)


def has_return(first: date, low: int, high: int) -> bool:
    """Say whether an anniversary of a date lies on a day from `low` to `high` (days since 1970, both included)."""
    low, high = max(low, _FIRST), min(high, _LAST)
    if low > high:
        return False
    years = range(max(first.year + 1, from_day_number(low).year), from_day_number(high).year + 1)
    return any(low <= day_number(returned(first.month, first.day, year)) <= high for year in years)


def latest_return(month: int, day: int, low: int, high: int) -> int | None:
    """Return the year of the last return of a day of the year from `low` to `high`, or None when there is none.

    A date has an anniversary among those days when it lies in an earlier year than that.
    """
    low, high = max(low, _FIRST), min(high, _LAST)
    if low > high:
        return None
    year = from_day_number(high).year
    if day_number(returned(month, day, year)) > high:
        year -= 1
    return year if year >= 1 and day_number(returned(month, day, year)) >= low else None
