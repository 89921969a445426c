"""What customers' events are made of: which products and pages, at which hours, on which days.

Each customer counts once, however many events there are: a few who buy all the time must not speak for the rest, and
events of one customer are too much alike to be counted as if each were another person's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import Catalog, PropertyInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.calendar import local_times
from satsuma.evaluation.roster import everybody
from satsuma.evaluation.scan import MISSING, AsOf, Chunk, EventScan, Scanner, Value, property_value
from satsuma.language.checker import EVENT_COLUMNS
from satsuma.language.durations import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR
from satsuma.personas.facts import NAMES_ABOVE, TOPICS, Fact, Topic, most_frequent
from satsuma.personas.grounds import Ground, amount_of
from satsuma.privacy.classes import says_who
from satsuma.segments.frame import CustomerFrame
from satsuma.sources.meaning import meaning_of
from satsuma.statistics.statements.questions import split_question
from satsuma.traits.library import SLOTS

Whole = NDArray[np.int64]

ORDER, LINE, ANSWER = "Order Completed", "Product Purchased", "Survey Answered"
#: Properties that say what a product is.
PRODUCT = frozenset({*SLOTS["category"], *SLOTS["product"], *SLOTS["brand"]})
#: Products and pages that are asked about, those of the most customers first.
MOST_PARTS = 200
#: Below so many customers with such an event nothing is asked of it.
FEWEST = 40

HOURS = ("at night", "in the morning", "in the afternoon", "in the evening")
WEEKDAYS = ("on Mondays", "on Tuesdays", "on Wednesdays", "on Thursdays", "on Fridays", "on Saturdays", "on Sundays")
QUARTERS = ("from January to March", "from April to June", "from July to September", "from October to December")
CLOCK, WEEK, SEASON, MINUTE = "hour", "weekday", "season", "minute"
_CLOCKS = ((CLOCK, HOURS), (WEEK, WEEKDAYS), (SEASON, QUARTERS))
#: Where nearly all events stand at one time of day, the source knew only their days.
ONE_CLOCK = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Events summed by customer and level."""

    customer: Whole
    level: Whole
    events: Whole


def event_facts(
    frame: CustomerFrame, engine: DuckDB, catalog: Catalog, zone: ZoneInfo, allow: Collection[str] = ()
) -> list[Fact]:
    """Return a fact for each property that customers' events may be told apart by, and for when they come.

    Parameters
    ----------
    zone : of the workspace; hours and days are those of its clock.
    allow : properties to speak of although they are sensitive or personal data.
    """
    as_of = AsOf.at(frame.as_of, frame.known_at, zone)
    here = engine.evaluating(everybody=False)
    scanner = Scanner(here, catalog, as_of, everybody(here))
    found: list[Fact] = []
    for event, names in _asked(catalog, allow):
        is_timed = event == _timed_event(catalog)
        values = tuple(property_value(catalog, event, name, text_as="words") for name in names)
        scan = EventScan(event=event, filters=(), values=values)
        counted = _read(scanner, scan, zone if is_timed else None, frame)
        for value in values:
            info = catalog.events[event].properties[value.property]
            fact = _parts(event, value, info, counted[value.property], scan.words[value.property], frame.size)
            if fact is not None:
                found.append(fact)
        if is_timed:
            found.extend(_times(event, counted, frame.size))
    return found


def _asked(catalog: Catalog, allow: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each event with the properties that are asked about; a property that several events have once.

    What a product is, is asked of the lines: an order of several has one of its lines' values at best.
    """
    seen: set[str] = set()
    of_lines = PRODUCT & set(catalog.events[LINE].properties) if LINE in catalog.events else frozenset()
    order = sorted(catalog.events, key=lambda name: (name != ORDER, name != LINE, name))
    timed = _timed_event(catalog)
    for event in order:
        names = [
            name for name, info in sorted(catalog.events[event].properties.items())
            if name not in seen and event != ANSWER and _may_be_told(name, info, allow)
            and (event == LINE or name not in of_lines)
        ]  # fmt: skip
        seen.update(names)
        if names or event == timed:
            yield event, names


def _timed_event(catalog: Catalog) -> str | None:
    """Return the event whose hours and days are told: orders where there are any."""
    known = [name for name in catalog.events if name != ANSWER]
    return ORDER if ORDER in known else min(known, default=None)


def _may_be_told(name: str, info: PropertyInfo, allow: Collection[str]) -> bool:
    if info.type != "text" or name in EVENT_COLUMNS or info.format in ("email", "phone", "url", "user_agent"):
        return False
    if meaning_of(name).is_identifier:
        return False
    return name in allow or (not info.sensitive and not says_who(info.personal_data))


# ------------------------------------------------------------------------------------------------------ reading events


def _read(scanner: Scanner, scan: EventScan, zone: ZoneInfo | None, frame: CustomerFrame) -> dict[str, _Counted]:
    """Count the events of one name by customer and level, range by range; customers are places of the frame."""
    place = np.full(max(scanner.size, 1), -1, np.int64)
    place[frame.numbers] = np.arange(frame.size)
    parts: dict[str, list[_Counted]] = {}
    for _, _, part in scanner.each(scan, partial(_count, values=scan.values, zone=zone)):
        for name, counted in part.items():
            # How often each minute of the day occurs is of nobody in particular.
            at = counted.customer if name == MINUTE else place[counted.customer]
            inside = at >= 0
            parts.setdefault(name, []).append(_Counted(at[inside], counted.level[inside], counted.events[inside]))
    return {
        name: _Counted(*(np.concatenate([getattr(one, column) for one in some]) for column in _Counted.__slots__))
        for name, some in parts.items()
    }


def _count(chunk: Chunk, values: Sequence[Value], zone: ZoneInfo | None) -> dict[str, _Counted]:
    """Count the events of one range of customers; this may run where the rows are."""
    customer = chunk.customer.astype(np.int64)
    found = {}
    for value in values:
        codes = chunk.values[value]
        known = codes != MISSING
        found[value.property] = _summed(customer[known], codes[known])
    if zone is not None:
        times = local_times(chunk.time, zone)
        day, clock = np.divmod(times, MICROSECONDS_PER_DAY)
        month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
        found[CLOCK] = _summed(customer, clock // (6 * MICROSECONDS_PER_HOUR))
        # 1 January 1970 was a Thursday.
        found[WEEK] = _summed(customer, (day + 3) % 7)
        found[SEASON] = _summed(customer, month // 3)
        minutes, counts = np.unique(clock // 60_000_000, return_counts=True)
        found[MINUTE] = _Counted(np.zeros(len(minutes), np.int64), minutes, counts.astype(np.int64))
    return found


def _summed(customer: Whole, level: Whole) -> _Counted:
    levels = int(level.max(initial=0)) + 1
    keys, counts = np.unique(customer * levels + level, return_counts=True)
    return _Counted(keys // levels, keys % levels, counts.astype(np.int64))


# ----------------------------------------------------------------------------------------------------------- as facts


def _parts(
    event: str, value: Value, info: PropertyInfo, counted: _Counted, words: tuple[str, ...], size: int
) -> Fact | None:  # fmt: skip
    """Return what events are made of by one property; the levels of the fewest customers share one."""
    customers = np.bincount(counted.level, minlength=max(len(words), 1))
    buyers = len(np.unique(counted.customer))
    if np.count_nonzero(customers) < 2 or buyers < FEWEST or len(words) > NAMES_ABOVE * max(counted.events.sum(), 1):
        return None
    kept, table, rest = most_frequent(customers, MOST_PARTS)
    question = split_question(counted.customer, table[counted.level], counted.events, len(kept) + rest, size)
    if rest:
        question.tested[len(kept)] = False
    made_from: frozenset[Ground] = frozenset({("property", value.property)})
    return Fact(
        name=f"{event}.{value.property}", title=info.title or value.property.replace("_", " ").capitalize(),
        topic=_topic(event, value.property), form="parts", question=question,
        levels=(*(words[code] for code in kept.tolist()), *(("(another)",) * rest)), format=info.format, unit=event,
        grounds=made_from,
    )  # fmt: skip


def _topic(event: str, name: str) -> Topic:
    kind = meaning_of(name).kind
    if kind in ("geographic", "technographic"):
        return TOPICS[kind]
    return "what" if event in (ORDER, LINE) else "rhythm"


def _times(event: str, counted: dict[str, _Counted], size: int) -> Iterator[Fact]:
    """Yield facts of when events come; no hours where the source knew only days."""
    minutes = counted[MINUTE]
    at_once = np.bincount(minutes.level, weights=minutes.events).max(initial=0)
    is_days = at_once > ONE_CLOCK * max(minutes.events.sum(), 1)
    for name, levels in _CLOCKS:
        part = counted[name]
        if (name == CLOCK and is_days) or len(np.unique(part.customer)) < FEWEST:
            continue
        # The rule of a segment says which time counts; the season is that time.
        made_from: frozenset[Ground] = frozenset({amount_of(event)} if name == SEASON else ())
        yield Fact(
            name=f"{event}.{name}", title=name.capitalize(), topic="when", form="parts",
            question=split_question(part.customer, part.level, part.events, len(levels), size), levels=levels,
            unit=event, grounds=made_from,
        )  # fmt: skip
