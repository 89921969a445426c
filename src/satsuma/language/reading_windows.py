"""Windows of events: rolling spans, fixed days and moments, whole periods of the calendar."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Literal

from satsuma.documents import Path_
from satsuma.errors import nearest
from satsuma.language import durations
from satsuma.language.moments import PERIODS
from satsuma.language.reading_tests import TestReader
from satsuma.language.types import Calendar, Window

WINDOW_KEYS = ("within", "between", "since", "until")
#: What `within` may hold in place of a duration.
CALENDAR_KEYS = ("last_full", "this", "on")
#: More periods than this nobody means; a thousand years is as far as durations reach, too.
MOST_PERIODS = 1000

_PERIODS = re.compile(rf"(?:([0-9]{{1,4}})\s+)?({'|'.join(PERIODS)})s?")
_CALENDAR_HINT = "{last_full: 2 months}, {this: week} or {on: 2024-03-01}"


class WindowReader(TestReader):
    """Reads the windows that measures of events and settings of segmentations take."""

    def window(self, given: dict[str, Any], path: Path_) -> Window | None:
        """Read the window of an event; None when it is wrong."""
        if "within" in given and "between" in given:
            self.problem((*path, "between"), "A condition has 'within' or 'between', not both.")
            return None
        window: Window | None = Window()
        if "within" in given:
            window = self.within(given["within"], (*path, "within"), "'within'")
        elif "between" in given:
            span = self.span(given["between"], (*path, "between"), "'between'")
            window = None if span is None else Window(oldest=span[0], newest=span[1])
        since = self.moment(given, "since", path)
        until = self.moment(given, "until", path)
        if window is None or since is False or until is False:
            return None
        if window.since is not None and (since is not None or until is not None):
            self.problem((*path, "within"), "'within: {on: ...}' is one day; it takes no 'since' and no 'until'.")
            return None
        if since is not None and until is not None and since >= until:
            self.problem((*path, "until"), "'until' must come after 'since'.")
            return None
        return window if since is None and until is None else replace(window, since=since, until=until)

    def within(self, value: Any, path: Path_, what: str) -> Window | None:
        """Read the time up to the moment: a duration, or periods of the calendar; None when it is wrong."""
        if isinstance(value, dict):
            return self._calendar(value, path, what)
        length = self.duration(value, path, what, or_else=_CALENDAR_HINT)
        if length == 0:
            self.problem(path, f"{what} needs a length above 0.")
        return Window(oldest=length) if length else None

    def _calendar(self, given: dict[str, Any], path: Path_, what: str) -> Window | None:
        self.keys(given, CALENDAR_KEYS, path, f"is not known in {what}")
        known = [key for key in given if key in CALENDAR_KEYS]
        if len(given) != 1 or not known:
            if len(known) == len(given):
                self.problem(path, f"{what} takes {durations.DURATION_HINT}, or one of {_CALENDAR_HINT}.")
            return None
        (key,) = known
        here, value = (*path, key), given[key]
        if key == "on":
            day = durations.parse_date(value)
            if day is None:
                self.problem(here, "'on' needs a date (2024-03-01).")
                return None
            return Window(since=durations.day_start(day, self.zone), until=durations.day_end(day, self.zone) + 1)
        if key == "this":
            if value in PERIODS:
                return Window(calendar=Calendar(which="this", period=value))
            self.problem(here, f"'this' takes one of {', '.join(PERIODS)}.", nearest(str(value), PERIODS))
            return None
        periods = _PERIODS.fullmatch(value.strip()) if isinstance(value, str) else None
        count = int(periods[1] or 1) if periods else 0
        if periods is None or not 1 <= count <= MOST_PERIODS:
            self.problem(
                here, f"'last_full' takes one of {', '.join(PERIODS)}, or 1 to {MOST_PERIODS:,} of them: 2 months."
            )
            return None
        period: Any = periods[2]
        return Window(calendar=Calendar(which="last_full", period=period, count=count))

    def moment(self, given: dict[str, Any], key: str, path: Path_) -> int | Literal[False] | None:
        """Read an absolute end of a window; False when it is wrong. `until` a date takes the whole day in."""
        if key not in given:
            return None
        value = given[key]
        day = durations.parse_date(value)
        if day is not None:
            return durations.day_end(day, self.zone) + 1 if key == "until" else durations.day_start(day, self.zone)
        moment = durations.parse_moment(value, self.zone)
        if moment is None:
            self.problem((*path, key), f"'{key}' needs {durations.MOMENT_HINT}.")
            return False
        return durations.microseconds(moment) + (key == "until")
