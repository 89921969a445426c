"""Durations, moments, windows and days: exact lengths, and days of the workspace's zone across changes of the clock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from satsuma.evaluation.calendar import local_days
from satsuma.language import durations
from satsuma.language.durations import (
    MICROSECONDS_PER_DAY,
    MICROSECONDS_PER_HOUR,
    day_end,
    day_number,
    day_start,
    from_microseconds,
    local_day,
    microseconds,
    parse_date,
    parse_duration,
    parse_moment,
)
from satsuma.language.moments import Moment, period_around
from satsuma.language.operators import FAR, date_intervals
from satsuma.language.types import Window

PARIS = ZoneInfo("Europe/Paris")
UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "hours"), [("1h", 1), ("24h", 24), ("1d", 24), ("2w", 336), ("1y", 8760), (" 90d ", 2160), ("0d", 0)]
)
def test_a_duration_has_its_exact_length(text: str, hours: int) -> None:
    assert parse_duration(text) == hours * MICROSECONDS_PER_HOUR


@pytest.mark.parametrize(
    "text", ["", "d", "90", "1.5d", "-1d", "1m", "1 month", "90D", "1001y", "9999999h", None, 90, True]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "words"), [("1d", "1 day"), ("90d", "90 days"), ("36h", "36 hours"), ("2w", "14 days")]
)
def test_a_duration_is_said_in_words(text: str, words: str) -> None:
    length = parse_duration(text)
    assert length is not None
    assert durations.duration_words(length) == words


@pytest.mark.parametrize("text", ["2024-02-30", "24-01-01", "2024-1-1", "20240101", "today", "", None, 20240101])
def test_what_is_no_date_is_refused(text: object) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-03-01", datetime(2024, 2, 29, 23)), ("2024-07-01T08:30:00", datetime(2024, 7, 1, 6, 30)),
        ("2024-07-01T08:30:00Z", datetime(2024, 7, 1, 8, 30)), ("2024-07-01 08:30+05:30", datetime(2024, 7, 1, 3)),
    ],
)  # fmt: skip
def test_a_moment_without_a_zone_is_in_the_workspaces(text: str, utc: datetime) -> None:
    assert parse_moment(text, PARIS) == utc


@pytest.mark.parametrize("text", ["2024-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x", 5, None])
def test_what_is_no_moment_is_refused(text: object) -> None:
    assert parse_moment(text, PARIS) is None


def test_a_day_of_spring_has_23_hours_and_one_of_autumn_25() -> None:
    for day, hours in ((date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 7, 1), 24)):
        assert day_end(day, PARIS) + 1 - day_start(day, PARIS) == hours * MICROSECONDS_PER_HOUR


def test_a_day_that_never_was_is_empty() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert day_start(date(2011, 12, 30), apia) == day_start(date(2011, 12, 31), apia)


def test_a_midnight_that_never_was_begins_its_day_an_hour_later() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    assert from_microseconds(day_start(date(2024, 4, 26), cairo)) == datetime(2024, 4, 25, 22)


@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Kiritimati", "America/New_York"])
def test_the_first_and_last_day_of_all_have_an_end(zone: str) -> None:
    for day in (date.min, date.max):
        assert day_start(day, ZoneInfo(zone)) < day_end(day, ZoneInfo(zone))
    assert local_day(datetime.max, ZoneInfo(zone)) == date.max


def test_local_days_of_many_moments_are_those_of_each() -> None:
    zones = [ZoneInfo(name) for name in ("Europe/Paris", "Africa/Cairo", "Pacific/Apia", "America/St_Johns", "UTC")]
    moments = [
        datetime(2024, month, day, hour, 59, 59, 999_999)
        for month, day in ((3, 30), (3, 31), (10, 26), (10, 27), (11, 3), (4, 25), (12, 31))
        for hour in range(24)
    ]
    moments += [datetime(2011, 12, 30, hour) for hour in range(24)]
    moments += [datetime.min, datetime.max, datetime(1969, 12, 31, 23)]
    values = np.array([microseconds(moment) for moment in moments], np.int64)
    present = np.ones(len(values), np.bool_)
    present[::7] = False
    for zone in zones:
        found = local_days(values, present, zone)
        for number, moment in enumerate(moments):
            expected = day_number(local_day(moment, zone)) if present[number] else 0
            assert found[number] == expected, (zone, moment)


def test_no_moments_have_no_local_days() -> None:
    assert len(local_days(np.zeros(0, np.int64), np.zeros(0, np.bool_), PARIS)) == 0


def test_a_rolling_window_is_open_at_its_far_end_and_closed_at_its_near_one() -> None:
    day = MICROSECONDS_PER_DAY
    assert Window(oldest=90 * day).borders(Moment(100 * day, UTC)) == (10 * day, 100 * day)
    assert Window(oldest=365 * day, newest=60 * day).borders(Moment(400 * day, UTC)) == (
        35 * day,
        340 * day,
    )


def test_a_fixed_window_is_closed_at_its_start_and_open_at_its_end() -> None:
    assert Window(since=10, until=20).borders(Moment(100, UTC)) == (9, 19)
    assert Window(since=10, until=20).borders(Moment(15, UTC)) == (9, 15), "nothing after the moment"
    assert Window(oldest=50, since=10).borders(Moment(100, UTC)) == (50, 100), "the narrower of both"
    assert Window().borders(Moment(7, UTC)) == (None, 7)


def test_periods_begin_where_the_calendar_says() -> None:
    day = date(2024, 3, 31)
    assert period_around(day, "week", 0) == (date(2024, 3, 25), day)
    assert period_around(day, "month", -1) == (date(2024, 2, 1), date(2024, 2, 29))
    assert period_around(day, "quarter", 1) == (date(2024, 4, 1), date(2024, 6, 30))
    assert period_around(day, "year", -1) == (date(2023, 1, 1), date(2023, 12, 31))
    assert period_around(date(2024, 1, 1), "month", -1) == (date(2023, 12, 1), date(2023, 12, 31))
    assert period_around(day, "day", 1) == (date(2024, 4, 1), date(2024, 4, 1))


def test_in_last_and_more_than_ago_meet_without_gap_or_overlap() -> None:
    moment = Moment(microseconds(datetime(2024, 3, 30, 23, 30)), PARIS)
    for type_ in ("date", "datetime"):
        length = 7 * MICROSECONDS_PER_DAY
        ((low, high),) = date_intervals("in_last", length, type_, moment)  # type: ignore[arg-type]
        ((far, ago),) = date_intervals("more_than_ago", length, type_, moment)  # type: ignore[arg-type]
        ((soon, _),) = date_intervals("in_next", length, type_, moment)  # type: ignore[arg-type]
        assert (far, ago + 1, high + 1) == (-FAR, low, soon)


def test_today_is_the_local_day_and_not_the_one_of_utc() -> None:
    assert Moment(microseconds(datetime(2024, 3, 30, 23, 30)), PARIS).today == date(2024, 3, 31)
    assert Moment(microseconds(datetime(2024, 3, 30, 23, 30) - timedelta(hours=1)), PARIS).today == date(2024, 3, 30)
