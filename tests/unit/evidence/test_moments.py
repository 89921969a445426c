"""The moments that are looked back at."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from satsuma.errors import WrongUse
from satsuma.evidence.moments import MONTH, moment_before, moments_before, parse_since
from satsuma.segments.steps import Every

UTC, PARIS = ZoneInfo("UTC"), ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("as_of", "distance", "count", "before"),
    [
        ("2024-12-10", MONTH, 1, "2024-11-10"),
        ("2024-12-10", MONTH, 14, "2023-10-10"),
        # The last day of a month leads to last days, and a day that a month does not have to its last.
        ("2024-03-31T12:00", MONTH, 1, "2024-02-29T12:00"),
        ("2024-02-29", MONTH, 1, "2024-01-31"),
        ("2024-03-30", MONTH, 1, "2024-02-29"),
        ("2024-03-30", MONTH, 2, "2024-01-30"),
        ("2024-05-15", Every(1, "quarter"), 2, "2023-11-15"),
        ("2024-02-29", Every(1, "year"), 1, "2023-02-28"),
        ("2024-03-05", Every(2, "week"), 1, "2024-02-20"),
        ("2024-03-05", Every(86_400_000_000), 3, "2024-03-02"),
    ],
)
def test_a_moment_before(as_of: str, distance: Every, count: int, before: str) -> None:
    found = moment_before(datetime.fromisoformat(as_of), distance, count, UTC)
    assert found == datetime.fromisoformat(before)


def test_calendar_steps_keep_the_local_time_across_changes_of_the_clock() -> None:
    # Midnight in Paris is 22:00 UTC in summer and 23:00 in winter.
    assert moment_before(datetime(2024, 10, 31, 23), MONTH, 1, PARIS) == datetime(2024, 9, 30, 22)


@pytest.mark.parametrize(
    ("text", "distance"),
    [(None, "1 month"), ("1m", "1 month"), ("3 m", "3 months"), ("2 weeks", "2 weeks"), ("30d", "30d"),
     ("2024-11-01", "30d")],
)  # fmt: skip
def test_how_far_back_is_a_distance_or_a_day(text: str | None, distance: str) -> None:
    assert str(parse_since(text, datetime(2024, 12, 1), UTC)) == distance


@pytest.mark.parametrize("text", ["yesterday", "2024-12-01", "2025-01-01", "0m"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        parse_since(text, datetime(2024, 12, 1), UTC)


def test_the_history_ends_where_the_data_begin() -> None:
    as_of, earliest = datetime(2024, 7, 1), datetime(2024, 2, 20, 9)
    found = moments_before(as_of, MONTH, 12, earliest, UTC)
    # The period from 1 February on would be covered in part.
    assert found == [datetime(2024, month, 1) for month in (3, 4, 5, 6, 7)]
    assert moments_before(as_of, MONTH, 2, earliest, UTC) == found[1:]


def test_two_moments_are_compared_though_the_first_period_is_covered_in_part() -> None:
    found = moments_before(datetime(2024, 7, 1), MONTH, 12, datetime(2024, 5, 20), UTC)
    assert found == [datetime(2024, month, 1) for month in (5, 6, 7)]


def test_data_that_begin_after_the_moment_before_are_nothing_to_compare_with() -> None:
    with pytest.raises(WrongUse, match="the data begin on 2024-06-02"):
        moments_before(datetime(2024, 7, 1), MONTH, 12, datetime(2024, 6, 2), UTC)
