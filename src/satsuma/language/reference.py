"""The specification in code: what a definition means for one customer, in plain Python.

Every rule of the language (S1 to S16) that a condition can meet stands here once, written to be read and not to be
fast. The compiled evaluation, incremental refresh and every engine must give the same answers; the property tests hold
them to it. Operators on one value are specified beside it, in `language.operators.holds`.

Values are plain Python: str, int, float, bool, Decimal (money, and numbers of events), date, datetime in UTC without a
zone, tuple of str for a list; a value that is missing is None or not there at all.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from satsuma.catalog import Catalog, ValueType
from satsuma.language import operators
from satsuma.language.checker import BUILT_IN_TRAITS, EVENT_COLUMNS
from satsuma.language.durations import local_day, microseconds
from satsuma.language.moments import Moment, period_around
from satsuma.language.types import (
    COUNTING,
    PERIOD_AGGREGATES,
    Condition,
    EventLeaf,
    Group,
    LabelLeaf,
    ListLeaf,
    Measure,
    Not,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    RankLeaf,
    SegmentLeaf,
    TraitLeaf,
    TraitRef,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something one customer did. `event_id` orders what happened at the same time (rule S10)."""

    name: str
    time: datetime
    event_id: str = ""
    received_at: datetime | None = None
    superseded_at: datetime | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer: loaded traits as of the moment, and every event, in any order."""

    id: str
    traits: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Event] = ()
    first_seen: datetime | None = None
    is_erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that one customer's answer depends on besides that customer.

    moment : t and the zone of days. known_at : what had arrived by then counts; None counts what is known now.
    customers : everybody, for ranks and percentiles.
    measures : computed traits that measure events. segments : their conditions. labels : segmentation -> id -> label.
    lists : ids by the list's name.
    """

    moment: Moment
    catalog: Catalog = field(default_factory=Catalog)
    known_at: int | None = None
    customers: Sequence[Customer] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)


# -------------------------------------------------------------------------------------------------------- conditions


def in_population(customer: Customer, world: World) -> bool:
    """Not erased, and first seen at or before the moment, or since ever (rule S2)."""
    seen = customer.first_seen
    return not customer.is_erased and (seen is None or microseconds(seen) <= world.moment.as_of)


def holds(condition: Condition, customer: Customer, world: World) -> bool:
    """Say whether a customer meets a condition; outside the population nobody meets anything."""
    return in_population(customer, world) and _holds(condition, customer, world)


def _holds(condition: Condition, customer: Customer, world: World) -> bool:
    match condition:
        case Group(word=word, conditions=parts):
            answers = [_holds(part, customer, world) for part in parts]
            return all(answers) if word == "all" else any(answers) if word == "any" else not any(answers)
        case Not(condition=inner):
            return not _holds(inner, customer, world)
        case TraitLeaf(trait=trait, test=test):
            other = value(test.operand.trait, customer, world) if isinstance(test.operand, TraitRef) else None
            return operators.holds(
                test, value(trait, customer, world), trait_type(trait, world), world.moment, other
            )  # fmt: skip
        case EventLeaf(time_window=window, measure=asked) if window is not None:
            at = measure(asked, customer, world)
            return at is not None and _inside(window, at, world)
        case EventLeaf(measure=asked, test=test):
            return operators.holds(test, measure(asked, customer, world), measure_type(asked, world), world.moment)
        case SegmentLeaf(segment=segment, negated=negated):
            return _holds(world.segments[segment], customer, world) != negated
        case LabelLeaf(segmentation=name, labels=labels, negated=negated):
            return (world.labels[name][customer.id] in labels) != negated
        case RankLeaf():
            return _is_ranked(condition, customer, world)
        case PercentileLeaf():
            return _percentile_holds(condition, customer, world)
        case ListLeaf(list=name):
            return customer.id in world.lists[name]
        case RandomLeaf(percent=percent, salt=salt):
            # The first 8 bytes of md5("salt:customer_id") as a fraction (rule S11a).
            digest = hashlib.md5(f"{salt}:{customer.id}".encode(), usedforsecurity=False).digest()
            return Fraction(int.from_bytes(digest[:8], "big"), 2**64) < Fraction(percent) / 100
        case _:
            raise TypeError(f"A {type(condition).__name__} is no condition on a customer.")


# ------------------------------------------------------------------------------------------------------------ traits


def value(trait: str, customer: Customer, world: World) -> Any:
    """Return a customer's value of a loaded or computed trait; None when it is missing."""
    if trait in world.measures:
        return measure(world.measures[trait], customer, world)
    built_in = {"customer_id": customer.id, "first_seen": customer.first_seen}
    return built_in[trait] if trait in built_in else customer.traits.get(trait)


def trait_type(trait: str, world: World) -> ValueType:
    """Return the type of a trait."""
    if trait in world.measures:
        return measure_type(world.measures[trait], world)
    return BUILT_IN_TRAITS["customer"].get(trait) or world.catalog.traits[trait].type


# ------------------------------------------------------------------------------------------------------------ events


def measure(measure: Measure, customer: Customer, world: World) -> Any:
    """Return what a measure gives for one customer; None when it is missing (rule S3).

    Over no events `count`, `sum`, `distinct` and those of active periods are 0 and all others missing; events
    without the property are skipped.
    """
    events = [
        event
        for event in sorted(customer.events, key=lambda event: (event.time, event.event_id))
        if event.name == measure.event
        and _counts(event, world)
        and _inside(measure.window, event.time, world)
        and (measure.where is None or _passes(measure.where, event, world))
    ]
    name = measure.aggregate
    if name == "count":
        return len(events)
    if name in PERIOD_AGGREGATES:
        period = name.removesuffix("s_active")
        return len({period_around(local_day(event.time, world.moment.zone), period, 0) for event in events})
    if name in ("first_time", "last_time"):
        return None if not events else events[0].time if name == "first_time" else events[-1].time
    assert measure.of is not None
    values = [event.properties[measure.of] for event in events if event.properties.get(measure.of) is not None]
    if name == "sum":
        return sum(values)
    if name == "distinct":
        return len(set(values))
    if not values:
        return None
    if name == "avg":
        return float(Fraction(sum(values)) / len(values))
    if name == "mode":
        # Of tied values the smallest.
        counts = Counter(values)
        return min(item for item in counts if counts[item] == max(counts.values()))
    if name in ("first", "last"):
        return values[0] if name == "first" else values[-1]
    return min(values) if name == "min" else max(values)


def measure_type(measure: Measure, world: World) -> ValueType:
    """Return the type of what a measure gives."""
    fixed: dict[str, ValueType] = {
        "avg": "number", "first_time": "datetime", "last_time": "datetime", **dict.fromkeys(COUNTING, "integer"),
    }  # fmt: skip
    return fixed.get(measure.aggregate) or _property_type(measure.event, measure.of or "", world)


def _property_type(event: str, name: str, world: World) -> ValueType:
    return (world.catalog.events[event].property(name) or EVENT_COLUMNS[name]).type


def _counts(event: Event, world: World) -> bool:
    """Nothing after the moment, and only what was known: a correction supersedes (rule S8)."""
    if microseconds(event.time) > world.moment.as_of:
        return False
    if world.known_at is None:
        return event.superseded_at is None
    received = event.time if event.received_at is None else event.received_at
    known = microseconds(received) <= world.known_at
    return known and (event.superseded_at is None or microseconds(event.superseded_at) > world.known_at)


def _inside(window: Window, time: datetime, world: World) -> bool:
    """Rolling windows are (t - from, t - to], those of the calendar [since, until) (rule S5)."""
    at, now = microseconds(time), world.moment.as_of
    if window.calendar is not None:
        shift = -window.calendar.count if window.calendar.which == "last_full" else 0
        today, day = world.moment.today, local_day(time, world.moment.zone)
        first = period_around(today, window.calendar.period, shift)
        last = period_around(today, window.calendar.period, -1 if shift else 0)
        if not first[0] <= day <= last[1]:
            return False
    return (
        (window.oldest is None or at > now - window.oldest)
        and at <= now - window.newest
        and (window.since is None or at >= window.since)
        and (window.until is None or at < window.until)
    )


def _passes(condition: Condition, event: Event, world: World) -> bool:
    """Say whether one event meets its filter: true or false, never null (rule S1)."""
    if isinstance(condition, Group):
        answers = [_passes(part, event, world) for part in condition.conditions]
        word = condition.word
        return all(answers) if word == "all" else any(answers) if word == "any" else not any(answers)
    if isinstance(condition, Not):
        return not _passes(condition.condition, event, world)
    assert isinstance(condition, PropertyTest)
    type_ = _property_type(event.name, condition.property, world)
    return operators.holds(condition.test, event.properties.get(condition.property), type_, world.moment)


# ------------------------------------------------------------------------------------------------------------- ranks


def _ranked(leaf: RankLeaf | PercentileLeaf, customer: Customer, world: World) -> tuple[Any, list[Any]] | None:
    """Return the customer's value and everybody's, or None when the customer is not ranked (rule S11).

    Ranked are those with a value, in the population, and in the segment that `among` names.
    """
    values = {
        other.id: value(leaf.trait, other, world)
        for other in world.customers
        if in_population(other, world) and (leaf.among is None or _holds(leaf.among, other, world))
    }
    known = {who: number for who, number in values.items() if number is not None}
    return (known[customer.id], list(known.values())) if customer.id in known else None


def _is_ranked(leaf: RankLeaf, customer: Customer, world: World) -> bool:
    ranked = _ranked(leaf, customer, world)
    if ranked is None:
        return False
    own, values = ranked
    wanted = (
        leaf.count if leaf.count is not None else math.ceil(len(values) * Fraction(leaf.percent or Decimal(0)) / 100)
    )
    better = sum(item > own if leaf.end == "top" else item < own for item in values)
    equal = sum(item == own for item in values)
    # Ties at the border all belong, or with `ties: exclude` none of them.
    return bool(better < wanted if leaf.ties == "include" else better + equal <= wanted)


def _percentile_holds(leaf: PercentileLeaf, customer: Customer, world: World) -> bool:
    ranked = _ranked(leaf, customer, world)
    if ranked is None:
        return operators.holds(leaf.test, None, "number", world.moment)
    own, values = ranked
    below, equal = sum(item < own for item in values), sum(item == own for item in values)
    percentile = Fraction(100 * (2 * below + equal), 2 * len(values))
    return operators.holds(leaf.test, float(percentile), "number", world.moment)


__all__ = [
    "Customer", "Event", "World", "holds", "in_population", "measure", "measure_type", "trait_type", "value",
]  # fmt: skip
