"""When something that recurs is due next: five fields of cron, or a plain interval, in a time zone.

    minute hour day-of-month month day-of-week        0 6 * * mon-fri
    @hourly @daily @weekly @monthly                    every 15m

As in cron, a day must meet both day fields, or either of them where both are restricted. A time that the clocks skip is
due when they go on; a time that they repeat is due once, the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from satsuma.errors import WrongUse

NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * mon", "@monthly": "0 0 1 * *"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Name, lowest and highest number, and words that stand for numbers.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("a minute", 0, 59, ()), ("an hour", 0, 23, ()), ("a day of the month", 1, 31, ()), ("a month", 1, 12, _MONTHS),
    ("a day of the week", 0, 7, _DAYS),
)  # fmt: skip
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
#: What the table of schedules has room for.
LONGEST = 100
_EVERY = re.compile(r"every\s+(\d{1,5})\s*([mhdw])", re.IGNORECASE)
#: The 29th of February comes every eight years at the longest.
_LONGEST = 9 * 366
_EXAMPLES = "Write five fields such as '0 6 * * mon-fri', @hourly, @daily, @weekly, @monthly, or 'every 15m'."


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that was read. seconds : between two times, of a plain interval; else the fields hold."""

    text: str
    seconds: int | None = None
    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    #: Whether a day may meet either field of days.
    either_day: bool = False

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """Return the first time after a moment; both UTC without a zone.

        Raises
        ------
        WrongUse
            When there is none: the 30th of February.
        """
        if self.seconds is not None:
            return moment + timedelta(seconds=self.seconds)
        local = moment.replace(tzinfo=UTC).astimezone(zone)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
        for _ in range(_LONGEST):
            if self._is_day(day):
                for due in self._times(day, zone):
                    if due > moment:
                        return due
            day += timedelta(days=1)
        raise WrongUse(f"'{self.text}' never comes.", hint=_EXAMPLES)

    def _is_day(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_week = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return by_date or by_week if self.either_day else by_date and by_week

    def _times(self, day: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the times of one day, in order, as UTC without a zone."""
        found = set()
        for hour in self.hours:
            for minute in self.minutes:
                # fold=0 is the first of two; a time that the clocks skip lands after the gap by its own offset.
                local = day.replace(hour=hour, minute=minute).replace(tzinfo=zone)
                found.add(local.astimezone(UTC).replace(tzinfo=None))
        yield from sorted(found)


def read_schedule(text: str) -> Schedule:
    """Read a schedule.

    Raises
    ------
    WrongUse
        With the field that is wrong and what it may be.
    """
    if len(text) > LONGEST:
        raise WrongUse(f"A schedule has {LONGEST} characters at most.", hint="Write it with a-b or */n.")
    plain = " ".join(text.split())
    every = _EVERY.fullmatch(plain)
    if every is not None:
        seconds = int(every[1]) * _UNITS[every[2].lower()]
        if seconds < 60:
            raise WrongUse("A schedule cannot recur more often than every minute.", hint=_EXAMPLES)
        return Schedule(text=plain, seconds=seconds)
    parts = NICKNAMES.get(plain.lower(), plain).split(" ")
    if len(parts) != len(_FIELDS):
        raise WrongUse(f"'{plain}' is not a schedule.", hint=_EXAMPLES)
    minutes, hours, days, months, weekdays = (
        _numbers(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )  # fmt: skip
    schedule = Schedule(
        text=plain, minutes=minutes, hours=hours, days=days, months=months,
        weekdays=frozenset(number % 7 for number in weekdays),
        either_day=not parts[2].startswith("*") and not parts[4].startswith("*"),
    )  # fmt: skip
    # What never comes is a mistake now rather than a job that never runs.
    schedule.after(datetime(2024, 1, 1), ZoneInfo("UTC"))
    return schedule


def _numbers(text: str, name: str, low: int, high: int, words: tuple[str, ...]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        ends = (
            [low, high] if span == "*" else [_number(first, low, words), _number(last if dash else first, low, words)]
        )
        if span != "*" and step and not dash:
            ends[1] = high
        size = int(step) if step.isdecimal() else 1 if not step and "/" not in part else 0
        if None in ends or size < 1 or not low <= (ends[0] or 0) <= (ends[1] or 0) <= high:
            known = f"{low} to {high}" + (f" or {words[0]} to {words[-1]}" if words else "")
            raise WrongUse(f"'{part}' is not {name} of a schedule: {known}, *, a-b, a,b or */n.", hint=_EXAMPLES)
        found.update(range(ends[0] or 0, (ends[1] or 0) + 1, size))
    return frozenset(found)


def _number(text: str, low: int, words: tuple[str, ...]) -> int | None:
    if text in words:
        return words.index(text) + low
    return int(text) if text.isdecimal() and len(text) <= 2 else None
