"""The words of what conditions are made of: operators with their operands, windows, days and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.language.durations import day_end, day_start, duration_words, from_microseconds, local_day
from satsuma.language.operators import OPERATORS
from satsuma.language.places import Area, Circle
from satsuma.language.types import Calendar, EventRef, Step, Test, TraitRef, Window

# ------------------------------------------------------------------------------------------------- tests and windows


def test_words(test: Test, zone: ZoneInfo, *, always_known: bool = False) -> str:
    """Return an operator with its operand in words, saying what becomes of who has no value (rules S1, S2)."""
    operator = OPERATORS[test.operator]
    words = _operator_words(test, zone)
    alike = [text for said, text in ((test.ignore_case, "case"), (test.fold, "accents")) if said]
    if alike:
        words += f" ({' and '.join(alike)} ignored)"
    if test.missing_matches:
        return f"{words}, or is not known"
    return f"is known and {words}" if operator.denies is not None and not always_known else words


def _operator_words(test: Test, zone: ZoneInfo) -> str:
    operator, operand = OPERATORS[test.operator], test.operand
    shape = operator.shape
    if shape == "true" or operand is None:
        return operator.words
    if shape == "size":
        assert isinstance(operand, tuple)
        how = {"eq": "exactly", "lt": "fewer than", "lte": "at most", "gt": "more than", "gte": "at least"}[operand[0]]
        return f"has {how} {operand[1]:,} {'entry' if operand[1] == 1 else 'entries'}"
    if shape in ("duration", "span"):
        return _ago_words(test.operator, operand)
    if shape == "period":
        return f"{operator.words} {operand}"
    if isinstance(operand, Test):
        return f"{operator.words} {_operator_words(operand, zone)}"
    if isinstance(operand, (Circle, Area)):
        return f"{operator.words} {_place_words(operand)}"
    if shape == "range":
        assert isinstance(operand, tuple)
        return f"{operator.words} {value_words(operand[0], zone)} and {value_words(operand[1], zone)}, both included"
    if shape in ("many", "texts", "codes"):
        assert isinstance(operand, tuple)
        sign = "+" if shape == "codes" else ""
        return f"{operator.words} {listed([sign + value_words(item, zone) for item in operand])}"
    if isinstance(operand, TraitRef):
        return f"{operator.words} the value of {quoted(operand.trait)}"
    if isinstance(operand, EventRef):
        return f"{operator.words} the {quoted(operand.property)} of the step {quoted(operand.step)}"
    words = _DATE_WORDS.get(test.operator, operator.words) if isinstance(operand, date) else operator.words
    return f"{words} {value_words(operand, zone)}"


def _place_words(place: Circle | Area) -> str:
    if isinstance(place, Circle):
        lat, lon = map(number_words, place.centre)
        return f"{number_words(place.km)} km of latitude {lat}, longitude {lon}"
    corners = sum(len(ring) - 1 for polygon in place.polygons for ring in polygon)
    return quoted(place.name) if place.name else f"the polygon with {corners:,} corners"


#: People compare days with other words than numbers.
_DATE_WORDS = {"lt": "is before", "lte": "is on or before", "gt": "is after", "gte": "is on or after"}


def _ago_words(name: str, operand: Any) -> str:
    if name == "between_ago":
        return f"is less than {duration_words(operand[0])} ago and at least {duration_words(operand[1])} ago"
    length = duration_words(operand)
    return {
        "in_last": f"is in the last {length}",
        "in_next": f"is in the next {length}",
        "more_than_ago": f"is at least {length} ago",
        "more_than_ahead": f"is more than {length} ahead",
    }[name]


def window_words(window: Window, zone: ZoneInfo) -> str:
    """Return a window in words, with a blank before them; nothing for all time."""
    parts = []
    if window.calendar is not None:
        parts.append(f"in {calendar_words(window.calendar)}")
    if window.oldest is not None and window.newest:
        parts.append(f"between {duration_words(window.oldest)} and {duration_words(window.newest)} before the moment")
    elif window.oldest is not None:
        parts.append(f"in the {duration_words(window.oldest)} up to the moment")
    elif window.newest:
        parts.append(f"{duration_words(window.newest)} or more before the moment")
    day = _only_day(window, zone)
    if day is not None:
        parts.append(f"on {_day(day)}")
    elif window.since is not None:
        parts.append(f"from {_instant(window.since, zone)} on")
    if window.until is not None and day is None:
        last = window.until - 1
        parts.append(f"up to and including {_instant(last, zone, ends=True)}")
    return " " + " and ".join(parts) if parts else ""


def step_words(steps: Sequence[Step], number: int, zone: ZoneInfo) -> str:
    """Return one step of a sequence in words, without its filter; those after the first begin with `then`."""
    step = steps[number]
    event, named = quoted(step.event), f" (as {quoted(step.name)})" if step.name else ""
    if number == 0:
        return f"did {event}{window_words(step.window, zone)}{named}"
    origin = "the last step that was done" if steps[number - 1].negated else "it"
    if step.within is not None:
        window = f" in the {duration_words(step.within)} after {origin}"
    else:
        window = " after it up to the moment" if step.negated else " at any time after it"
    if step.negated:
        return f"then did not do {event}{window}{named}"
    return f"then{', once that time had passed,' if steps[number - 1].negated else ''} did {event}{window}{named}"


def calendar_words(calendar: Calendar) -> str:
    """Return periods of the calendar in words: `the last 2 full months`, `this week up to the moment`."""
    if calendar.which == "this":
        return f"this {calendar.period} up to the moment"
    if calendar.count == 1:
        return f"the last full {calendar.period}"
    return f"the last {calendar.count:,} full {calendar.period}s"


def _only_day(window: Window, zone: ZoneInfo) -> date | None:
    """Return the local day that a window is, when it is one."""
    if window.since is None or window.until is None:
        return None
    day = local_day(from_microseconds(window.since), zone)
    return day if (day_start(day, zone), day_end(day, zone)) == (window.since, window.until - 1) else None


def _instant(at: int, zone: ZoneInfo, *, ends: bool = False) -> str:
    """Return a moment for people: only the day where it is the day's first moment (or the last, of an end)."""
    day = local_day(from_microseconds(at), zone)
    border = (day_end if ends else day_start)(day, zone) == at
    return _day(day) if border else value_words(from_microseconds(at), zone)


# ------------------------------------------------------------------------------------------------------------ values


def value_words(value: Any, zone: ZoneInfo) -> str:
    """Return one operand as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        try:
            local = value.replace(tzinfo=UTC).astimezone(zone)
        except OverflowError:
            # The first and last day that a moment can name lie partly outside of it elsewhere.
            return f"{_day(value)}, {value:%H:%M:%S} (UTC)"
        seconds = local.strftime("%H:%M:%S" if local.second or local.microsecond else "%H:%M")
        return f"{_day(local.date())}, {seconds} ({zone.key})"
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, (int, float, Decimal)):
        return number_words(value)
    return quoted(str(value))


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def number_words(value: int | float | Decimal | None) -> str:
    text = format(Decimal(str(value)), ",f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def quoted(text: str) -> str:
    # One line per leaf, whatever a text holds.
    return "'" + text.replace("\n", "\\n").replace("\r", "\\r") + "'"


def listed(items: Sequence[str], word: str = "or") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"
