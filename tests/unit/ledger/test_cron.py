"""Schedules: what cron says, and what the clocks do to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.errors import WrongUse
from satsuma.ledger.cron import read_schedule

PARIS = ZoneInfo("Europe/Paris")
UTC_ZONE = ZoneInfo("UTC")


def after(text: str, moment: str, zone: ZoneInfo = UTC_ZONE) -> str:
    return read_schedule(text).after(datetime.fromisoformat(moment), zone).isoformat(sep=" ", timespec="minutes")


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("0 6 * * *", "2024-05-01 06:00", "2024-05-02 06:00"),
        ("0 6 * * *", "2024-05-01 05:59:59", "2024-05-01 06:00"),
        ("*/15 * * * *", "2024-05-01 06:01", "2024-05-01 06:15"),
        ("5/20 * * * *", "2024-05-01 06:26", "2024-05-01 06:45"),
        ("0 6 * * mon-fri", "2024-05-03 07:00", "2024-05-06 06:00"),
        ("0 6 * * 7", "2024-05-01 07:00", "2024-05-05 06:00"),
        ("0 0 1 jan,jul *", "2024-02-01 00:00", "2024-07-01 00:00"),
        ("30 4 1,15 * 5", "2024-05-01 05:00", "2024-05-03 04:30"),
        ("0 0 29 2 *", "2024-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 29 2 *", "2096-03-01 00:00", "2104-02-29 00:00"),
        ("@weekly", "2024-05-01 00:00", "2024-05-06 00:00"),
        ("@hourly", "2024-05-01 23:30", "2024-05-02 00:00"),
        ("every 15m", "2024-05-01 23:50", "2024-05-02 00:05"),
        ("every 2 h", "2024-05-01 23:00", "2024-05-02 01:00"),
    ],
)
def test_the_next_time(text: str, moment: str, due: str) -> None:
    assert after(text, moment) == due


def test_days_are_those_of_the_zone() -> None:
    assert after("0 6 * * *", "2024-05-01 04:30", PARIS) == "2024-05-02 04:00"
    assert after("0 6 * * *", "2024-12-01 04:30", PARIS) == "2024-12-01 05:00"


def test_a_time_that_the_clocks_skip_comes_when_they_go_on_and_a_repeated_one_once() -> None:
    # 2024-03-31: 02:00 becomes 03:00 in Paris.
    assert after("30 2 * * *", "2024-03-30 12:00", PARIS) == "2024-03-31 01:30"
    # 2024-10-27: 03:00 becomes 02:00; 02:30 comes at 00:30 and again at 01:30 UTC.
    assert after("30 2 * * *", "2024-10-26 12:00", PARIS) == "2024-10-27 00:30"
    assert after("30 2 * * *", "2024-10-27 00:30", PARIS) == "2024-10-28 01:30"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a schedule"), ("0 6 * *", "is not a schedule"), ("60 * * * *", "not a minute"),
        ("0 24 * * *", "not an hour"), ("0 0 0 * *", "day of the month"), ("0 0 * foo *", "not a month"),
        ("0 0 * * 8", "day of the week"), ("*/0 * * * *", "not a minute"), ("5-1 * * * *", "not a minute"),
        ("1- * * * *", "not a minute"), ("*/ * * * *", "not a minute"), ("0 0 30 2 *", "never comes"),
        ("every 0m", "more often"), ("every 5s", "is not a schedule"), ("-1 * * * *", "not a minute"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_said(text: str, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        read_schedule(text)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)), st.integers(0, 59), st.integers(0, 23),
    st.sampled_from(["UTC", "Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata"]),
)  # fmt: skip
def test_a_daily_time_is_within_a_day_or_so_and_on_that_minute(
    moment: datetime, minute: int, hour: int, zone: str
) -> None:
    due = read_schedule(f"{minute} {hour} * * *").after(moment, ZoneInfo(zone))
    assert moment < due <= moment + timedelta(hours=50)
    local = due.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    there = datetime(local.year, local.month, local.day, hour, minute, tzinfo=ZoneInfo(zone))
    assert there.astimezone(UTC).replace(tzinfo=None) == due or (local.hour, local.minute) != (hour, minute)
