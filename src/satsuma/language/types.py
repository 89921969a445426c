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

Entity = Literal["customer", "account"]
Scalar = str | int | float | bool | Decimal | date | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitRef:
    """Another trait, as the right side of a comparison."""

    trait: str


#: What an operator compares with: one value, several, a range, a duration in microseconds, another trait.
Operand = Scalar | TraitRef | tuple[Any, ...] | None


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
class Window:
    """A span of time before the moment of evaluation t.

    Rolling: (t - oldest, t - newest], in microseconds. Fixed: from `since` (inclusive) to `until` (exclusive when it
    was said as a date: the whole day belongs to the window), in microseconds UTC. An end that is None is open; nothing
    after t ever belongs to a window (rule S8).
    """

    oldest: int | None = None
    newest: int = 0
    since: int | None = None
    until: int | None = None

    def borders(self, as_of: int) -> tuple[int | None, int]:
        """Return (low, high): an event belongs to the window when low < time <= high."""
        low = None if self.oldest is None else as_of - self.oldest
        if self.since is not None:
            low = self.since - 1 if low is None else max(low, self.since - 1)
        high = as_of - self.newest
        if self.until is not None:
            high = min(high, self.until - 1)
        return low, high


ALL_TIME = Window()

# ---------------------------------------------------------------------------------------------------------- measures

AggregateName = Literal[
    "count", "sum", "avg", "min", "max", "distinct", "days_active", "months_active", "first_time", "last_time", "first",
    "last", "mode",
]  # fmt: skip


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


Leaf = TraitLeaf | EventLeaf | SegmentLeaf | LabelLeaf | RankLeaf | PercentileLeaf | ListLeaf | RandomLeaf
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
    """A computed value for each customer: from events, or by a formula over other traits."""

    kind: Kind | None = None
    unit: str | None = None
    type: ValueType | None = None
    measure: Measure | None = None
    formula: str | None = None
    built_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Segmentation(Definition):
    """Exactly one label for each customer, by a method with its own settings."""

    kind: Kind | None = None
    method: str
    settings: Any
