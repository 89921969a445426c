"""Anniversaries: leap days, borders, and the table by which many are found at once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.language.anniversaries import has_return, latest_return, returned
from satsuma.language.durations import day_number


def days(low: str, high: str) -> tuple[int, int]:
    return day_number(date.fromisoformat(low)), day_number(date.fromisoformat(high))


@pytest.mark.parametrize(("year", "day"), [(2023, 28), (2024, 29), (1900, 28), (2000, 29), (9999, 28)])
def test_a_leap_day_returns_on_the_last_day_of_february(year: int, day: int) -> None:
    assert returned(2, 29, year) == date(year, 2, day)


@pytest.mark.parametrize(
    ("first", "low", "high", "expected"),
    [
        ("2000-05-10", "2024-05-10", "2024-05-10", True),
        ("2000-05-10", "2024-05-11", "2025-05-09", False),
        ("2000-05-10", "2024-05-11", "2025-05-10", True),
        ("2024-05-10", "2024-05-10", "2024-12-31", False),
        ("2024-05-10", "2025-05-10", "2025-05-10", True),
        ("2030-05-10", "2024-01-01", "2024-12-31", False),
        ("2000-12-31", "2023-12-25", "2024-01-05", True),
        ("2000-01-03", "2023-12-25", "2024-01-05", True),
        ("2000-02-29", "2023-02-28", "2023-02-28", True),
        ("2000-02-29", "2024-02-28", "2024-02-28", False),
        ("2000-02-28", "2024-02-29", "2024-02-29", False),
        ("2000-05-10", "2024-05-11", "2024-05-10", False),
        ("9998-05-10", "9999-01-01", "9999-12-31", True),
    ],
)
def test_an_anniversary_is_a_return_after_the_day_itself(first: str, low: str, high: str, expected: bool) -> None:
    assert has_return(date.fromisoformat(first), *days(low, high)) is expected


def test_days_that_no_calendar_has_are_no_mistake() -> None:
    assert has_return(date(2000, 1, 1), -(10**9), 10**9)
    assert latest_return(1, 1, -(10**9), 10**9) == 9999
    assert latest_return(12, 31, -(10**9), day_number(date(1, 1, 1))) is None


@given(
    first=st.dates(date(1800, 1, 1), date(2100, 1, 1)),
    low=st.dates(date(1800, 1, 1), date(2100, 1, 1)).map(day_number),
    length=st.sampled_from([-1, 0, 1, 6, 27, 364, 365, 366, 2000]),
)
def test_the_latest_return_tells_whether_there_is_one(first: date, low: int, length: int) -> None:
    year = latest_return(first.month, first.day, low, low + length)
    assert has_return(first, low, low + length) is (year is not None and first.year < year)
