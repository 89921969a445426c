"""Durations and moments as people write them: `90d`, `24h`, `2w`, `1y`, `2024-03-01`, `2024-03-01T08:30:00+01:00`.

`h`, `d` and `w` are exact: 1, 24 and 168 hours; `y` is 365 days (rule S5). Everything is kept in whole microseconds,
so that no engine rounds a border of a window in its own way.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR

_UNITS = {
    "h": MICROSECONDS_PER_HOUR,
    "d": MICROSECONDS_PER_DAY,
    "w": 7 * MICROSECONDS_PER_DAY,
    "y": 365 * MICROSECONDS_PER_DAY,
}
_WORDS = {"h": "hour", "d": "day", "w": "week", "y": "year"}
#: What a duration looks like, for a schema too.
DURATION_PATTERN = r"([0-9]{1,6})\s*([hdwy])"
_DURATION = re.compile(DURATION_PATTERN)
_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = date(1970, 1, 1)

DURATION_HINT = "a duration such as 24h, 90d, 2w or 1y"
MOMENT_HINT = (
    "a date (2024-03-01) or a time (2024-03-01T08:30:00, with +01:00 or Z where it is not the workspace's zone)"
)


def parse_duration(text: object) -> int | None:
    """Return a duration in microseconds, or None when `text` is not one (or is longer than 1,000 years)."""
    found = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    length = int(found[1]) * _UNITS[found[2]]
    return length if length <= 1000 * _UNITS["y"] else None


def duration_text(length: int) -> str:
    """Return the one spelling of a duration: the largest unit that divides it, years last."""
    for unit in ("w", "d", "h"):
        # Weeks only where days would be long-winded: people think in 30d and 90d, and 7d reads as well as 1w.
        if unit == "w":
            continue
        if length % _UNITS[unit] == 0:
            return f"{length // _UNITS[unit]}{unit}"
    return f"{length / MICROSECONDS_PER_HOUR:g}h"


def duration_words(length: int) -> str:
    """Return a duration in words: `90 days`."""
    text = duration_text(length)
    count, unit = text[:-1], text[-1]
    return f"{count} {_WORDS[unit]}{'' if count == '1' else 's'}"


def parse_date(text: object) -> date | None:
    """Return the calendar day written as YYYY-MM-DD, or None."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def parse_moment(text: object, zone: ZoneInfo) -> datetime | None:
    """Return a moment in UTC without a zone; a date is its first moment in `zone`, a naive time is in `zone`."""
    if not isinstance(text, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()):
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None


def microseconds(moment: datetime) -> int:
    """Return a UTC moment without a zone as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_microseconds(value: int) -> datetime:
    """Return the UTC moment of a number of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


def day_number(day: date) -> int:
    """Return a calendar day as days since 1970-01-01."""
    return (day - _EPOCH_DAY).days


def from_day_number(value: int) -> date:
    """Return the calendar day of a number of days since 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=value)


def day_start(day: date, zone: ZoneInfo) -> int:
    """Return the first moment of a local calendar day, in microseconds UTC."""
    local = datetime.combine(day, time(), tzinfo=zone)
    try:
        return microseconds(local.astimezone(UTC).replace(tzinfo=None))
    except OverflowError:
        # The first or last day that a date can name lies partly outside what a moment can.
        return microseconds(local.replace(tzinfo=None))


def day_end(day: date, zone: ZoneInfo) -> int:
    """Return the last microsecond of a local calendar day, in microseconds UTC."""
    if day == date.max:
        return microseconds(datetime.max)
    return day_start(day + timedelta(days=1), zone) - 1


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that a UTC moment falls on in `zone`."""
    try:
        return moment.replace(tzinfo=UTC).astimezone(zone).date()
    except OverflowError:
        return moment.date()
