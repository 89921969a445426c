"""The past moments at which something is replayed: ends of calendar periods, or moments a fixed time apart.

Calendar steps (`1 month`, `2 weeks`) end with the last moment of a local day: the moments are the ends of the months
(weeks, quarters...) whose last day lies between the first and the last day. Fixed steps (`7d`, `24h`) begin at the
first moment and are exactly so long, across changes of the clock as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from satsuma.errors import WrongUse, nearest
from satsuma.language.durations import (
    day_end,
    duration_text,
    from_microseconds,
    local_day,
    microseconds,
    parse_duration,
)
from satsuma.language.moments import PERIODS, period_around

#: Each step is an evaluation of its own; more than these are a mistake in the call.
MOST_STEPS = 1_000

_PERIODS = re.compile(rf"(?:([0-9]{{1,3}})\s*)?({'|'.join(PERIODS)})s?")


@dataclass(frozen=True, slots=True)
class Every:
    """The distance between two steps: a number of calendar periods, or a length in microseconds."""

    count: int
    period: str | None = None

    def __str__(self) -> str:
        if self.period is None:
            return duration_text(self.count)
        return f"{self.count} {self.period}{'' if self.count == 1 else 's'}"


def parse_every(text: str) -> Every:
    """Return the distance that a text names: `1 month`, `week`, `2 quarters`, `7d`, `24h`.

    Raises
    ------
    WrongUse
        When it is none.
    """
    found = _PERIODS.fullmatch(text.strip())
    if found and found[1] != "0" and int(found[1] or 1) > 0:
        return Every(int(found[1] or 1), found[2])
    length = parse_duration(text)
    if length:
        return Every(length)
    raise WrongUse(
        f"'{text}' is not a distance between steps.",
        hint="Write calendar periods (1 day, 1 week, 1 month, 1 quarter, 1 year), whose steps end with local days, or "
        "a fixed length (24h, 7d).",
        nearest=list(nearest(text, PERIODS)),
    )


def moments(every: Every, first: datetime, last: datetime, zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Return the moments of the steps from one moment to another, both UTC without a zone.

    Calendar steps take the days on which these fall, both of them whole; a day that has not ended by `now` is left out.

    Raises
    ------
    WrongUse
        When no step lies between them, or too many do.
    """
    if last < first:
        raise WrongUse("The last step would be before the first.", hint="Give --from a moment before --to.")
    if last > now:
        raise WrongUse("The last step would be in the future.", hint="Only what has been can be replayed: mend --to.")
    found = []
    for moment in _calendar(every, first, last, zone) if every.period else _fixed(every, first, last):
        if moment > now:
            break
        found.append(moment)
        if len(found) > MOST_STEPS:
            raise WrongUse(
                f"There are more than {MOST_STEPS:,} steps of {every} between these moments.",
                hint="Take longer steps, or moments closer to each other.",
            )
    if not found:
        raise WrongUse(
            f"No step of {every} ends between these days.", hint="Take shorter steps, or days further apart."
        )
    return found


def _fixed(every: Every, first: datetime, last: datetime) -> Iterator[datetime]:
    start, end = microseconds(first), microseconds(last)
    yield from (from_microseconds(at) for at in range(start, end + 1, every.count))


def _calendar(every: Every, first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    assert every.period is not None
    day, last_day = local_day(first, zone), local_day(last, zone)
    shift = every.count - 1
    before = None
    while True:
        try:
            _, end = period_around(day, every.period, shift)
        except (OverflowError, ValueError):
            # Beyond the last day that has a date.
            return
        if end > last_day:
            return
        moment = from_microseconds(day_end(end, zone))
        # A day that a zone skipped ends with the day before it.
        if moment != before:
            yield moment
        before = moment
        shift += every.count
