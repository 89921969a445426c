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
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from satsuma.catalog import Catalog, ValueType
from satsuma.language import operators
from satsuma.language.checker import BUILT_IN_TRAITS, EVENT_COLUMNS, ORDER_EVENTS
from satsuma.language.durations import local_day, microseconds
from satsuma.language.history import EVER, HistoryLeaf, decided_since, grid_of, has_held, subject_of
from satsuma.language.learned_traits.scale import Scale
from satsuma.language.moments import Moment, period_around
from satsuma.language.sequences import filled
from satsuma.language.standard_methods.rules import RulesSettings
from satsuma.language.types import (
    COUNTING,
    PERIOD_AGGREGATES,
    AccountLeaf,
    ChangedLeaf,
    Condition,
    ConsentLeaf,
    EventLeaf,
    EventRef,
    Group,
    HeldLeaf,
    LabelLeaf,
    ListLeaf,
    Measure,
    MovedLeaf,
    Not,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    RankLeaf,
    SegmentLeaf,
    SequenceLeaf,
    Test,
    TraitLeaf,
    TraitRef,
    Window,
)

_BUILT_IN = {**BUILT_IN_TRAITS["account"], **BUILT_IN_TRAITS["customer"]}


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
class TraitChange:
    """A loaded trait's value that became another; of several at one time the one known last holds."""

    trait: str
    old: Any
    new: Any
    valid_from: datetime
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A customer's decision about a purpose."""

    purpose: str
    status: str
    time: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer: loaded traits, every change of them, and every event, in any order.

    traits : values of the traits that never changed.
    arrived_at, described_at : when the customer, and the first traits of the customer, became known; None since ever.
    """

    id: str
    traits: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Event] = ()
    trait_changes: Sequence[TraitChange] = ()
    consents: Sequence[Consent] = ()
    first_seen: datetime | None = None
    is_erased: bool = False
    arrived_at: datetime | None = None
    described_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Customer):
    """A company, asked like a customer; `members` are the ids of its people, whose events are its events."""

    members: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All that one customer's answer depends on besides that customer.

    moment : t and the zone of days. known_at : what had arrived by then counts; None counts what is known now.
    customers : everybody, for ranks and percentiles. accounts : all of them, without their events.
    measures : computed traits that measure events. segments : their conditions. rules : segmentations by rules.
    labels : what other methods gave, by segmentation and moment: id -> label. lists : ids by the list's name.
    scales : computed traits that make a score of answers. norms : by such a trait, the scores that its norms
    were fitted on.
    """

    moment: Moment
    catalog: Catalog = field(default_factory=Catalog)
    known_at: int | None = None
    customers: Sequence[Customer] = ()
    accounts: Sequence[Account] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)
    segments: Mapping[str, Condition] = field(default_factory=dict)
    rules: Mapping[str, RulesSettings] = field(default_factory=dict)
    labels: Mapping[tuple[str, int], Mapping[str, str]] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    norms: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def is_computed(self, trait: str) -> bool:
        """Whether a trait is computed, and so has its past on the daily grid and not in a log."""
        return trait in self.measures or trait in self.scales


# -------------------------------------------------------------------------------------------------------- conditions


def in_population(customer: Customer, world: World) -> bool:
    """Not erased, first seen at or before the moment, or since ever (rule S2), and known by then (rule S8).

    `first_seen` is what is known now: whoever did something that a correction replaced later was seen then, too,
    unless a sign-up date says since when.
    """
    if customer.is_erased or not _known(customer.arrived_at, world):
        return False
    if customer.first_seen is None or microseconds(customer.first_seen) <= world.moment.as_of:
        return True
    if isinstance(customer, Account):
        return False
    replaced_later = any(
        event.name in ORDER_EVENTS and event.superseded_at is not None and _counts(event, world)
        for event in customer.events
    )
    return replaced_later and customer.traits.get("signed_up") is None


def _known(since: datetime | None, world: World) -> bool:
    """Say whether what became known at a moment was known at that of the world."""
    return since is None or world.known_at is None or microseconds(since) <= world.known_at


def holds(condition: Condition, customer: Customer, world: World) -> bool:
    """Say whether a customer meets a condition; outside the population nobody meets anything."""
    return in_population(customer, world) and _holds(condition, customer, world)


def _holds(condition: Condition, customer: Customer, world: World) -> bool:  # noqa: C901  a case for each kind
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
        case SequenceLeaf():
            return filled_by(condition, customer, world) is not None
        case SegmentLeaf(segment=segment, negated=negated):
            return _holds(world.segments[segment], customer, world) != negated
        case LabelLeaf(segmentation=name, labels=labels, negated=negated):
            return (label(name, customer, world) in labels) != negated
        case HeldLeaf() | ChangedLeaf() | MovedLeaf():
            return _past_holds(condition, customer, world)
        case RankLeaf():
            return _is_ranked(condition, customer, world)
        case PercentileLeaf():
            return _percentile_holds(condition, customer, world)
        case ListLeaf(list=name):
            return customer.id in world.lists[name]
        case ConsentLeaf(purpose=purpose, status=status):
            return consent(purpose, customer, world) == status
        case AccountLeaf():
            return _accounts_hold(condition, customer, world)
        case RandomLeaf(percent=percent, salt=salt):
            return drawn(salt, customer.id) < Fraction(percent) / 100
        case _:
            raise TypeError(f"A {type(condition).__name__} is no condition on a customer.")


def drawn(salt: str, customer_id: str) -> Fraction:
    """Return where a customer is drawn, from 0 to 1: the first 8 bytes of md5("salt:customer_id") (rule S11a)."""
    digest = hashlib.md5(f"{salt}:{customer_id}".encode(), usedforsecurity=False).digest()
    return Fraction(int.from_bytes(digest[:8], "big"), 2**64)


def consent(purpose: str, customer: Customer, world: World) -> str:
    """Return the last decision about a purpose, of two at once the refusal; `unknown` where there is none."""
    decisions = [
        decision
        for decision in customer.consents
        if decision.purpose == purpose
        and microseconds(decision.time) <= world.moment.as_of
        and _known(decision.received_at, world)
    ]
    last = max(decisions, key=lambda item: (item.time, item.received_at, item.status == "denied"), default=None)
    return "unknown" if last is None else last.status


def _accounts_hold(leaf: AccountLeaf, customer: Customer, world: World) -> bool:
    """Ask a customer's accounts that there are: `all` needs at least one, `none` accepts zero (rule S11a)."""
    there = of_accounts(world)
    answers = [
        _holds(leaf.condition, account, there)
        for account in there.customers
        if isinstance(account, Account) and customer.id in account.members and in_population(account, there)
    ]
    if leaf.quantifier == "all":
        return bool(answers) and all(answers)
    return any(answers) == (leaf.quantifier == "any")


def of_accounts(world: World) -> World:
    """Return the world in which accounts are asked: the events of each are those of its members who are not erased."""
    people = {person.id: person for person in world.customers if not person.is_erased}
    accounts = [
        replace(account, events=[event for who in account.members if who in people for event in people[who].events])
        for account in world.accounts
    ]
    return replace(world, customers=accounts, accounts=())


# ------------------------------------------------------------------------------------------------------------ traits


def value(trait: str, customer: Customer, world: World) -> Any:
    """Return a customer's value of a loaded or computed trait; None when it is missing."""
    if trait in world.measures:
        return measure(world.measures[trait], customer, world)
    if trait in world.scales:
        return _scale_value(trait, customer, world)
    built_in = {"customer_id": customer.id, "account_id": customer.id, "first_seen": customer.first_seen}
    if trait in built_in:
        return built_in[trait]
    return _states(trait, customer, world)[-1][1]


def _scale_value(trait: str, customer: Customer, world: World) -> float | None:
    """Return a customer's score, or its place among the scores that the norms were fitted on."""
    scale = world.scales[trait]
    own = scale_score(scale, customer, world)
    if own is None or scale.norm == "none":
        return own
    others = world.norms[trait]
    if scale.norm == "t":
        mean = math.fsum(others) / len(others)
        sd = math.sqrt(math.fsum((other - mean) ** 2 for other in others) / (len(others) - 1))
        return 50 + 10 * (own - mean) / sd
    below, equal = sum(other < own for other in others), sum(other == own for other in others)
    return float(Fraction(100 * (2 * below + equal), 2 * len(others)))


def scale_score(scale: Scale, customer: Customer, world: World) -> float | None:
    """Return the mean (or sum) of a customer's answers, the reversed ones turned round; None with too few of them.

    What is outside the range is no answer. A sum over fewer answers than items is their mean times the number of items.
    """
    total, answered = 0.0, 0
    for item in scale.items:
        given = value(item.name, customer, world) if item.measure is None else measure(item.measure, customer, world)
        if given is not None and scale.low <= float(given) <= scale.high:
            total += scale.low + scale.high - float(given) if item.reverse else float(given)
            answered += 1
    if answered < scale.min_answered:
        return None
    return total * len(scale.items) / answered if scale.score == "sum" else total / answered


def _states(trait: str, customer: Customer, world: World) -> list[tuple[int, Any]]:
    """Return each value that a loaded trait had up to the moment, as known, with the time since when it had it.

    Before its first change it had since ever what that change replaced (rule S8).
    """
    if trait in _BUILT_IN:
        return [(EVER, value(trait, customer, world))]
    log = sorted((change for change in customer.trait_changes if change.trait == trait), key=_log_order)
    first = log[0].old if log else customer.traits.get(trait)
    states = {EVER: first if _known(customer.described_at, world) else None}
    for change in log:
        since = microseconds(change.valid_from)
        if since <= world.moment.as_of and _known(change.known_at, world):
            states[since] = change.new
    return list(states.items())


def _log_order(change: TraitChange) -> tuple[datetime, datetime]:
    return change.valid_from, change.known_at or datetime.min


def trait_type(trait: str, world: World) -> ValueType:
    """Return the type of a trait."""
    if trait in world.measures:
        return measure_type(world.measures[trait], world)
    if trait in world.scales:
        return "number"
    return _BUILT_IN.get(trait) or world.catalog.traits[trait].type


def label(segmentation: str, customer: Customer, world: World) -> str:
    """Return the label of a customer of the population."""
    if segmentation not in world.rules:
        return world.labels[segmentation, world.moment.as_of][customer.id]
    rules = world.rules[segmentation]
    fitting = (rule.label for rule in rules.rules if _holds(rule.where, customer, world))
    return next(fitting, rules.otherwise)


# ---------------------------------------------------------------------------------------------------------- the past


def _past_holds(leaf: HistoryLeaf, customer: Customer, world: World) -> bool:
    """Say whether a value has held for some time, or changed in it (rule S8)."""
    past, now = _past(leaf, customer, world), world.moment.as_of
    if isinstance(leaf, HeldLeaf):
        passing = [_passes_then(leaf.test, value, leaf, world) for _, value in past]
        # The unbroken run up to now begins just after the last value that does not pass.
        begins = max((place + 1 for place, passed in enumerate(passing) if not passed), default=0)
        return passing[-1] and has_held(leaf, past[begins][0], now)
    low = decided_since(leaf, now)
    steps = [(old, new) for (_, old), (at, new) in pairwise(past) if at > low and old != new]
    if isinstance(leaf, MovedLeaf):
        return ((False, True) if leaf.move == "entered" else (True, False)) in steps
    return any(
        (leaf.before is None or _passes_then(leaf.before, old, leaf, world))
        and (leaf.after is None or _passes_then(leaf.after, new, leaf, world))
        for old, new in steps
    )


def _past(leaf: HistoryLeaf, customer: Customer, world: World) -> list[tuple[int, Any]]:
    """Return the values up to the moment with the times since when they stood, as far back as the leaf asks.

    Loaded traits have their own times. What is computed is asked on the daily grid, as of each of its points, and
    stands until the next; outside the population nobody has a value or a label, nor is in a segment.
    """
    kind, name = subject_of(leaf)
    if kind == "trait" and not world.is_computed(name):
        return _states(name, customer, world)
    worlds = [replace(world, moment=Moment(point, world.moment.zone)) for point in grid_of(leaf, world.moment)]
    if kind == "segment":
        return [(then.moment.as_of, holds(world.segments[name], customer, then)) for then in worlds]
    asked = value if kind == "trait" else label
    return [(then.moment.as_of, asked(name, customer, then) if in_population(customer, then) else None)
            for then in worlds]  # fmt: skip


def _passes_then(test: Test, value: Any, leaf: HeldLeaf | ChangedLeaf, world: World) -> bool:
    type_ = trait_type(leaf.name, world) if leaf.subject == "trait" else "text"
    return operators.holds(test, value, type_, world.moment)


# ------------------------------------------------------------------------------------------------------------ events


def measure(measure: Measure, customer: Customer, world: World) -> Any:
    """Return what a measure gives for one customer; None when it is missing (rule S3).

    Over no events `count`, `sum`, `distinct` and those of active periods are 0 and all others missing; events
    without the property are skipped.
    """
    events = measured_events(measure, customer, world)
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


def measured_events(measure: Measure, customer: Customer, world: World) -> list[Event]:
    """Return the events that a measure counts, in the order of time and event id."""
    return [
        event
        for event in sorted(customer.events, key=lambda event: (event.time, event.event_id))
        if event.name == measure.event
        and _counts(event, world)
        and _inside(measure.window, event.time, world)
        and (measure.where is None or _passes(measure.where, event, world))
    ]


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


def _passes(condition: Condition, event: Event, world: World, earlier: Mapping[str, Event] | None = None) -> bool:
    """Say whether one event meets its filter: true or false, never null (rule S1).

    earlier : by name the events that filled earlier steps of a sequence.
    """
    if isinstance(condition, Group):
        answers = [_passes(part, event, world, earlier) for part in condition.conditions]
        word = condition.word
        return all(answers) if word == "all" else any(answers) if word == "any" else not any(answers)
    if isinstance(condition, Not):
        return not _passes(condition.condition, event, world, earlier)
    assert isinstance(condition, PropertyTest)
    type_ = _property_type(event.name, condition.property, world)
    operand, other = condition.test.operand, None
    if isinstance(operand, EventRef):
        other = (earlier or {})[operand.step].properties.get(operand.property)
    return operators.holds(condition.test, event.properties.get(condition.property), type_, world.moment, other)


def filled_by(leaf: SequenceLeaf, customer: Customer, world: World) -> tuple[Event | None, ...] | None:
    """Return the events that fill the steps of a sequence, None for one that must not come; None if none do (S10)."""
    events = [event for event in customer.events if _counts(event, world)]
    events.sort(key=lambda event: (event.time, event.event_id))

    def fits(number: int, place: int, earlier: Mapping[str, int]) -> bool:
        step, event = leaf.steps[number], events[place]
        before = {name: events[at] for name, at in earlier.items()}
        return (
            event.name == step.event
            and _inside(step.window, event.time, world)
            and (step.where is None or _passes(step.where, event, world, before))
        )

    found = filled(leaf, [microseconds(event.time) for event in events], fits, world.moment.as_of)
    return None if found is None else tuple(None if place is None else events[place] for place in found)


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
    "Account", "Consent", "Customer", "Event", "TraitChange", "World", "consent", "drawn", "filled_by", "holds",
    "in_population", "measure", "measure_type", "measured_events", "of_accounts", "scale_score", "trait_type",
    "value",
]  # fmt: skip
