"""The types of definitions: frozen, hashable, compared by meaning.

`at` remembers where a part stands in its file. It takes no part in comparison, so that the same condition written in
two files is one leaf.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from satsuma.catalog import Kind, ValueType
from satsuma.documents import Path_
from satsuma.language import durations
from satsuma.language.moments import Moment, period_around

Entity = Literal["customer", "account"]
Scalar = str | int | float | bool | Decimal | date | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitRef:
    """Another trait, as the right side of a comparison."""

    trait: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRef:
    """A property of the event that filled an earlier step of a sequence, as the right side of a comparison."""

    step: str
    property: str


#: What an operator compares with: one value, several, a range, a duration in microseconds, another trait, an earlier
#: step's property, an area.
Operand = Scalar | TraitRef | EventRef | tuple[Any, ...] | Any | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """One operator with its operand, as it is asked of a trait or of an event's property."""

    operator: str
    operand: Operand = None
    ignore_case: bool = False
    fold: bool = False
    missing_matches: bool = False
    at: Path_ = field(default=(), compare=False)


# ---------------------------------------------------------------------------------------------------------- windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Periods of the calendar in the workspace's zone: the last `count` full ones, or the running one up to t."""

    which: Literal["last_full", "this"]
    period: Literal["day", "week", "month", "quarter", "year"]
    count: int = 1

    def borders(self, moment: Moment) -> tuple[int, int]:
        """Return the first and the last microsecond, [start, end) being the periods (rule S5)."""
        first, last = period_around(moment.today, self.period, 0)
        if self.which == "last_full":
            first, last = (period_around(moment.today, self.period, -shift)[end] for end, shift in
                           ((0, self.count), (1, 1)))  # fmt: skip
        return durations.day_start(first, moment.zone), durations.day_end(last, moment.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time before the moment of evaluation t.

    Rolling: (t - oldest, t - newest], in microseconds. Fixed: from `since` (inclusive) to `until` (exclusive when it
    was said as a date: the whole day belongs to the window), in microseconds UTC. Of the calendar: whole periods. An
    end that is None is open; nothing after t ever belongs to a window (rule S8).
    """

    oldest: int | None = None
    newest: int = 0
    since: int | None = None
    until: int | None = None
    calendar: Calendar | None = None

    def borders(self, moment: Moment) -> tuple[int | None, int]:
        """Return (low, high): an event belongs to the window when low < time <= high."""
        low = None if self.oldest is None else moment.as_of - self.oldest
        high = moment.as_of - self.newest
        since, until = self.since, self.until
        if self.calendar is not None:
            first, last = self.calendar.borders(moment)
            since = first if since is None else max(since, first)
            until = last + 1 if until is None else min(until, last + 1)
        if since is not None:
            low = since - 1 if low is None else max(low, since - 1)
        if until is not None:
            high = min(high, until - 1)
        return low, high


ALL_TIME = Window()

# ---------------------------------------------------------------------------------------------------------- measures

AggregateName = Literal[
    "count", "sum", "avg", "min", "max", "distinct", "days_active", "weeks_active", "months_active", "quarters_active",
    "years_active", "first_time", "last_time", "first", "last", "mode",
]  # fmt: skip


#: How many calendar periods, in the workspace's time zone, hold such an event.
PERIOD_AGGREGATES = ("days_active", "weeks_active", "months_active", "quarters_active", "years_active")
#: Aggregates that count: whole numbers, 0 over no events (rule S3).
COUNTING = ("count", "distinct", *PERIOD_AGGREGATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyTest:
    """A condition on one property of an event."""

    property: str
    test: Test
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One value per customer from the events of one name: the common root of event leaves and of event traits."""

    event: str
    aggregate: AggregateName = "count"
    of: str | None = None
    where: Condition | None = None
    window: Window = ALL_TIME
    at: Path_ = field(default=(), compare=False)


# -------------------------------------------------------------------------------------------------------- conditions


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`all`, `any` or `none` of several conditions."""

    word: Literal["all", "any", "none"]
    conditions: tuple[Condition, ...]
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The exact complement of a condition within the population."""

    condition: Condition
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitLeaf:
    """A test of one trait."""

    trait: str
    test: Test
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLeaf:
    """A measure of a customer's events, compared; `not_did` is written as count eq 0.

    `time_window` is for `first_time` and `last_time`: the window asked of the first or last moment itself.
    """

    measure: Measure
    test: Test
    time_window: Window | None = None
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLeaf:
    """Membership of another segment, or its absence."""

    segment: str
    negated: bool = False
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLeaf:
    """The label that a segmentation gives."""

    segmentation: str
    labels: tuple[str, ...]
    negated: bool = False
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankLeaf:
    """Among the first or last n (or share) of a population by a trait."""

    trait: str
    end: Literal["top", "bottom"]
    count: int | None = None
    percent: Decimal | None = None
    among: Condition | None = None
    ties: Literal["include", "exclude"] = "include"
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileLeaf:
    """The percentile of a trait's value within a population, compared."""

    trait: str
    test: Test
    among: Condition | None = None
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLeaf:
    """Membership of a manual list kept as a file in `lists/`."""

    list: str
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomLeaf:
    """A reproducible share of customers: the first 8 bytes of md5("salt:customer_id") as a fraction."""

    percent: Decimal
    salt: str
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a sequence: an event that came, or (negated) one that did not come.

    name : by which later steps refer to its event (`as`). window : of the first step, before the moment of evaluation.
    within : of every later step, in microseconds after the step before it (rule S10); None is open.
    """

    event: str
    negated: bool = False
    name: str | None = None
    where: Condition | None = None
    window: Window = ALL_TIME
    within: int | None = None
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceLeaf:
    """Events that came one after the other; `match` says which start counts (rule S10)."""

    match: Literal["any", "first", "last"]
    steps: tuple[Step, ...]
    at: Path_ = field(default=(), compare=False)


#: Whose past is asked: a trait's value or a segmentation's label.
Subject = Literal["trait", "segmentation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLeaf:
    """A value (or label) that is there now and was there without a break for some time.

    test : what the value passes (`eq` or `in`). operator, length : how long, in microseconds, compared by the operator.
    """

    subject: Subject
    name: str
    test: Test
    operator: Literal["gte", "gt", "lte", "lt"]
    length: int
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLeaf:
    """A value (or label) that changed: from one that passes `before` to another that passes `after`, in a window.

    within : microseconds up to the moment; None is ever.
    """

    subject: Subject
    name: str
    before: Test | None = None
    after: Test | None = None
    within: int | None = None
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLeaf:
    """Entering or leaving a segment in a window (microseconds up to the moment), on the daily grid (rule S8)."""

    segment: str
    move: Literal["entered", "left"]
    within: int
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLeaf:
    """The last decision about a purpose, as known; `unknown` where there is none."""

    purpose: str
    status: Literal["granted", "denied", "unknown"]
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLeaf:
    """A condition on accounts, asked of those that a customer is linked to (rule S11a)."""

    quantifier: Literal["any", "all", "none"]
    condition: Condition
    at: Path_ = field(default=(), compare=False)


Leaf = (
    TraitLeaf | EventLeaf | SegmentLeaf | LabelLeaf | RankLeaf | PercentileLeaf | ListLeaf | RandomLeaf | SequenceLeaf
    | HeldLeaf | ChangedLeaf | MovedLeaf | ConsentLeaf | AccountLeaf
)  # fmt: skip
Condition = Group | Not | Leaf | PropertyTest


# ------------------------------------------------------------------------------------------------------- definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What all three kinds of definitions share."""

    name: str
    title: str
    description: str = ""
    entity: Entity = "customer"
    file: str = field(default="", compare=False)
    at: Path_ = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(Definition):
    """A yes or no for each customer."""

    where: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait(Definition):
    """A computed value for each customer: from events, by a formula over other traits, or learned from everybody.

    way, settings : how it is learned (`language.learned`), and its settings.
    """

    kind: Kind | None = None
    unit: str | None = None
    type: ValueType | None = None
    measure: Measure | None = None
    formula: str | None = None
    way: str | None = None
    settings: Any = None
    built_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation(Definition):
    """Exactly one label for each customer, by a method with its own settings."""

    kind: Kind | None = None
    method: str
    settings: Any
