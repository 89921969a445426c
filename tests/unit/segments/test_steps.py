"""The moments at which a definition is replayed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from satsuma.errors import WrongUse
from satsuma.segments.steps import MOST_STEPS, Every, moments, parse_every

PARIS = ZoneInfo("Europe/Paris")
LATER = datetime(2030, 1, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def local_ends(every: str, first: str, last: str, zone: ZoneInfo = PARIS, now: datetime = LATER) -> list[str]:
    found = moments(parse_every(every), at(first), at(last), zone, now)
    utc = ZoneInfo("UTC")
    return [f"{moment.replace(tzinfo=utc).astimezone(zone):%Y-%m-%d %H:%M:%S.%f}" for moment in found]


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("1 month", Every(1, "month")), ("month", Every(1, "month")), ("2 months", Every(2, "month")),
        (" 3 weeks ", Every(3, "week")), ("1 quarter", Every(1, "quarter")), ("12months", Every(12, "month")),
        ("7d", Every(7 * 86_400_000_000)), ("24h", Every(86_400_000_000)), ("1y", Every(365 * 86_400_000_000)),
    ],
)  # fmt: skip
def test_a_distance_is_periods_of_the_calendar_or_a_fixed_length(text: str, every: Every) -> None:
    assert parse_every(text) == every


@pytest.mark.parametrize(
    "text", ["", "0 months", "0d", "monthly", "fortnight", "-1 month", "1.5 months", "1 month 2 days"]
)
def test_what_is_no_distance_is_wrong_use(text: str) -> None:
    with pytest.raises(WrongUse) as caught:
        parse_every(text)
    assert "1 month" in caught.value.hint


def test_a_distance_is_said_as_it_is_written() -> None:
    assert [str(parse_every(text)) for text in ("month", "2 weeks", "7d", "2w")] == ["1 month", "2 weeks", "7d", "14d"]


def test_months_end_with_the_last_moment_of_their_local_last_day_on_both_sides_of_a_clock_change() -> None:
    assert local_ends("1 month", "2024-01-01", "2024-04-30T12:00") == [
        "2024-01-31 23:59:59.999999", "2024-02-29 23:59:59.999999", "2024-03-31 23:59:59.999999",
        "2024-04-30 23:59:59.999999",
    ]  # fmt: skip


def test_a_day_is_meant_whole_whatever_the_time_on_it() -> None:
    # 23:30 in UTC is the next day in Paris.
    assert local_ends("1 day", "2024-01-30T23:30", "2024-01-31T00:10") == ["2024-01-31 23:59:59.999999"]


def test_several_periods_are_counted_from_the_one_that_holds_the_first_day() -> None:
    found = local_ends("2 months", "2024-01-15", "2024-07-31")
    assert [text[:10] for text in found] == ["2024-02-29", "2024-04-30", "2024-06-30"]


def test_weeks_end_on_sundays() -> None:
    assert [text[:10] for text in local_ends("week", "2024-07-01", "2024-07-15")] == ["2024-07-07", "2024-07-14"]


def test_a_day_that_a_zone_skipped_is_no_step_of_its_own() -> None:
    found = local_ends("1 day", "2011-12-29T10:00", "2012-01-01", ZoneInfo("Pacific/Apia"))
    assert [text[:10] for text in found] == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_fixed_steps_begin_at_the_first_moment_and_do_not_follow_the_clock() -> None:
    found = moments(parse_every("7d"), at("2024-03-24T23:00"), at("2024-04-08"), PARIS, LATER)
    assert found == [at("2024-03-24T23:00"), at("2024-03-31T23:00"), at("2024-04-07T23:00")]


def test_a_fixed_step_on_the_last_moment_counts() -> None:
    assert len(moments(parse_every("24h"), at("2024-01-01"), at("2024-01-02"), PARIS, LATER)) == 2


def test_a_day_that_has_not_ended_is_left_out() -> None:
    now = at("2024-02-29T12:00")
    assert [text[:10] for text in local_ends("1 month", "2024-01-01", "2024-02-29T12:00", now=now)] == ["2024-01-31"]


@pytest.mark.parametrize(
    ("every", "first", "last", "match"),
    [
        ("1 month", "2024-02-02", "2024-01-01", "before the first"),
        ("1 month", "2024-01-02", "2024-01-30", "No step of 1 month ends"),
        ("1 day", "2024-01-01", "2031-01-01", "in the future"),
        ("1h", "2024-01-01", "2024-12-31", f"more than {MOST_STEPS:,} steps"),
    ],
)
def test_steps_that_cannot_be_are_a_sentence(every: str, first: str, last: str, match: str) -> None:
    with pytest.raises(WrongUse, match=match) as caught:
        moments(parse_every(every), at(first), at(last), PARIS, LATER)
    assert caught.value.hint


def test_the_last_days_that_have_a_date_are_no_accident() -> None:
    found = moments(Every(1, "year"), at("9998-01-01"), datetime.max, ZoneInfo("UTC"), datetime.max)
    assert [moment.year for moment in found] == [9998]
