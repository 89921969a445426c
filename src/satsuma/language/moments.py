"""The moment of an evaluation, and the periods of the calendar around it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from satsuma.language import durations

PERIODS = ("day", "week", "month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment of an evaluation: t in microseconds UTC, and the zone in which days and months are counted."""

    as_of: int
    zone: ZoneInfo

    @property
    def today(self) -> date:
        return durations.local_day(durations.from_microseconds(self.as_of), self.zone)


def period_around(day: date, period: str, shift: int) -> tuple[date, date]:
    """Return the first and last day of the period that holds `day`, moved by `shift` periods. Weeks begin on Monday."""
    if period == "day":
        first = day + timedelta(days=shift)
        return first, first
    if period == "week":
        first = day - timedelta(days=day.weekday()) + timedelta(weeks=shift)
        return first, first + timedelta(days=6)
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    index = (day.year * 12 + day.month - 1) // months * months + shift * months
    after = index + months
    return date(index // 12, index % 12 + 1, 1), date(after // 12, after % 12 + 1, 1) - timedelta(days=1)
