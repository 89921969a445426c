"""What decided a condition for one customer: the value, the measured number, and the events behind it.

The words and the yes or no come from elsewhere; here stand the customer's own data, read by the specification from the
customer's own events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import singledispatch
from typing import Any
from uuid import UUID

import numpy as np

from satsuma.engines.duckdb import literal
from satsuma.evaluation.algebra import ranked, wanted_of
from satsuma.evaluation.columns import Bits, Column
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.past import Past
from satsuma.evaluation.roster import Roster
from satsuma.evaluation.scan import Scanner, property_info
from satsuma.language import formula
from satsuma.language.durations import from_day_number, from_microseconds
from satsuma.language.history import HistoryLeaf, grid_of, subject_of
from satsuma.language.learned_traits import Estimate, Scale
from satsuma.language.leaves import expression, leaves
from satsuma.language.reference import Customer, Event, World, drawn, filled_by, measure, measured_events
from satsuma.language.sequences import event_refs
from satsuma.language.types import (
    ChangedLeaf,
    Condition,
    ConsentLeaf,
    EventLeaf,
    HeldLeaf,
    LabelLeaf,
    Measure,
    MovedLeaf,
    PercentileLeaf,
    PropertyTest,
    RandomLeaf,
    RankLeaf,
    SequenceLeaf,
    Trait,
    TraitLeaf,
    TraitRef,
)

#: Events that are shown of those that decided.
MOST_EVENTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """An event that decided, with the properties that the condition reads."""

    name: str
    time: datetime
    properties: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "time": self.time, "properties": dict(self.properties)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The customer's own data behind an answer: values by name, and events, of which `more` are not shown."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[ShownEvent] = ()
    more: int = 0


class Person:
    """One customer (or account) in an evaluation, whose events are read when a condition asks for them.

    alone : a roster of this one alone. place : where it stands in the arrays of the evaluation.
    """

    def __init__(self, evaluation: Evaluation, place: int, alone: Roster) -> None:
        self.evaluation = evaluation
        self.place = place
        self.alone = alone
        self.catalog = evaluation.checked.vocabulary.catalog
        # The engine leaves out what does not count, so that the specification sees only what was known.
        self.world = World(moment=evaluation.moment, catalog=self.catalog)
        self._scanner = Scanner(evaluation.engine, self.catalog, evaluation.as_of, alone)

    @property
    def number(self) -> int:
        assert self.alone.numbers is not None
        return int(self.alone.numbers[0])

    def value(self, column: Column) -> Any:
        return column.python(self.place)

    def with_events(self, properties: Mapping[str, Iterable[str]]) -> Customer:
        """Return the customer as the specification knows one, with the events of some names and their properties."""
        found = [event for name, names in properties.items() for event in self._events(name, sorted(set(names)))]
        return Customer(id="", events=found)

    def _events(self, name: str, properties: Sequence[str]) -> Iterator[Event]:
        rows = self._scanner.events(name, properties)
        kinds = [property_info(self.catalog, name, item).type for item in properties]
        columns = [
            [_plain(value, kind) for value in rows.column(f"p{number}").to_pylist()]
            for number, kind in enumerate(kinds)
        ]
        ids = map(_id_text, rows.column("event_id").to_pylist())
        for row, (at, event_id) in enumerate(zip(rows.column("t").to_pylist(), ids, strict=True)):
            values = {item: column[row] for item, column in zip(properties, columns, strict=True)}
            yield Event(name=name, time=from_microseconds(at), event_id=event_id, properties=values)


def _plain(value: Any, kind: str) -> Any:
    """Return a property as the specification takes it: dates and moments come as numbers."""
    if value is None:
        return None
    return {"date": from_day_number, "datetime": from_microseconds}.get(kind, lambda same: same)(value)


def _id_text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else value.hex if isinstance(value, UUID) else str(value)


# ----------------------------------------------------------------------------------------------------------- evidence


@singledispatch
def evidence(leaf: object, person: Person) -> Evidence:  # noqa: ARG001  a kind without data of its own has none
    """Return the data that decided a leaf; nothing where the answer says it all."""
    return Evidence()


@evidence.register
def _(leaf: TraitLeaf, person: Person) -> Evidence:
    return _of_trait(leaf.trait, leaf.test.operand, person)


def _of_trait(name: str, operand: Any, person: Person) -> Evidence:
    """Return a trait's value, the other's that it is compared with, and what a computed one was computed from."""
    facts = {name: person.value(person.evaluation.column(name))}
    if isinstance(operand, TraitRef):
        facts[operand.trait] = person.value(person.evaluation.column(operand.trait))
    trait: Trait | None = person.evaluation.checked.of(Trait).get(name)
    if trait is None:
        return Evidence(facts=facts)
    if trait.measure is not None:
        counted = _of_measure(trait.measure, person)
        return Evidence(facts=facts, events=counted.events, more=counted.more)
    if isinstance(trait.settings, Estimate):
        # What a model of purchases sees of somebody: on how many days, the first and the last.
        bought = _of_measure(trait.settings.days, person)
        return Evidence(facts={**facts, **bought.facts}, events=bought.events, more=bought.more)
    if isinstance(trait.settings, Scale):
        for item in trait.settings.items:
            evaluation = person.evaluation
            column = evaluation.column(item.name) if item.measure is None else evaluation.measure(item.measure)
            facts.setdefault(item.name, person.value(column))
        return Evidence(facts=facts)
    if trait.formula is None:
        return Evidence(facts=facts)
    for source in sorted(formula.names(expression(trait.formula))):
        facts.setdefault(source, person.value(person.evaluation.column(source)))
    return Evidence(facts=facts)


@evidence.register
def _(leaf: EventLeaf, person: Person) -> Evidence:
    return _of_measure(leaf.measure, person)


def _of_measure(asked: Measure, person: Person) -> Evidence:
    read = [*_properties(asked.where), *([] if asked.of is None else [asked.of])]
    customer = person.with_events({asked.event: read})
    events = measured_events(asked, customer, person.world)
    if asked.of is not None:
        events = [event for event in events if event.properties.get(asked.of) is not None]
    name = asked.aggregate if asked.of is None else f"{asked.aggregate} of {asked.of}"
    return _shown({name: measure(asked, customer, person.world)}, _deciding(asked, events))


def _deciding(asked: Measure, events: list[Event]) -> list[Event]:
    """Return the events with those first that decide an aggregate: the first, the largest, else the latest."""
    if asked.aggregate in ("first", "first_time"):
        return events
    latest = events[::-1]
    if asked.aggregate in ("min", "max"):
        of = asked.of or ""
        return sorted(latest, key=lambda event: event.properties[of], reverse=asked.aggregate == "max")
    return latest


def _properties(where: Condition | None) -> list[str]:
    return [] if where is None else [leaf.property for leaf in leaves(where) if isinstance(leaf, PropertyTest)]


def _shown(facts: Mapping[str, Any], events: Sequence[Event]) -> Evidence:
    shown = tuple(ShownEvent(name=event.name, time=event.time, properties=event.properties)
                  for event in events[:MOST_EVENTS])  # fmt: skip
    return Evidence(facts=facts, events=shown, more=len(events) - len(shown))


@evidence.register
def _(leaf: SequenceLeaf, person: Person) -> Evidence:
    """Show the events that fill the steps; where none do, the latest events that fill the first."""
    read: dict[str, list[str]] = {}
    for step in leaf.steps:
        read.setdefault(step.event, []).extend(_properties(step.where))
        for ref in event_refs(step.where):
            named = next(other for other in leaf.steps if other.name == ref.step)
            read.setdefault(named.event, []).append(ref.property)
    customer = person.with_events(read)
    found = filled_by(leaf, customer, person.world)
    if found is not None:
        return _shown({}, [event for event in found if event is not None])
    first = leaf.steps[0]
    starts = measured_events(Measure(event=first.event, where=first.where, window=first.window), customer, person.world)
    return _shown({"starts": len(starts)}, starts[::-1])


@evidence.register
def _(leaf: LabelLeaf, person: Person) -> Evidence:
    return Evidence(facts={leaf.segmentation: _label(leaf.segmentation, person)})


def _label(segmentation: str, person: Person) -> str:
    labels = person.evaluation.labels[segmentation]
    return labels.names[int(labels.codes[person.place])]


@evidence.register(RankLeaf)
@evidence.register(PercentileLeaf)
def _(leaf: RankLeaf | PercentileLeaf, person: Person) -> Evidence:
    """Show the place among those who are ranked; a customer who is not ranked has a value alone, or none."""
    column, mask = ranked(leaf, person.evaluation)
    facts: dict[str, Any] = {leaf.trait: person.value(column)}
    if not mask[person.place]:
        return Evidence(facts={**facts, "rank": None})
    values, own = column.values[mask], column.values[person.place]
    below, above, total = int((values < own).sum()), int((values > own).sum()), len(values)
    if isinstance(leaf, PercentileLeaf):
        facts["percentile"] = round(100 * (below + (total - below - above) / 2) / total, 4)
    else:
        facts["rank"] = 1 + (above if leaf.end == "top" else below)
        facts["border"] = _border(leaf, column, np.flatnonzero(mask))
    return Evidence(facts={**facts, "ranked": total})


def _border(leaf: RankLeaf, column: Column, places: Any) -> Any:
    """Return the value of the last one who was asked for."""
    total = len(places)
    wanted = wanted_of(leaf, total)
    if wanted == 0:
        return None
    order = places[np.argsort(column.values[places], kind="stable")]
    return column.python(int(order[total - wanted] if leaf.end == "top" else order[wanted - 1]))


@evidence.register
def _(leaf: RandomLeaf, person: Person) -> Evidence:
    at = drawn(leaf.salt, str(person.value(person.evaluation.ids)))
    return Evidence(facts={"drawn at": round(float(100 * at), 4)})


@evidence.register
def _(leaf: ConsentLeaf, person: Person) -> Evidence:
    as_of = person.evaluation.as_of
    known = "" if as_of.known_at is None else f" AND received_at <= {_timestamp(as_of.known_at)}"
    rows = person.evaluation.engine.rows(
        f"SELECT status, time FROM consents WHERE customer_no = {person.number} "
        f"AND purpose = {literal(leaf.purpose)} AND time <= {_timestamp(as_of.moment.as_of)}{known} "
        "ORDER BY time DESC, received_at DESC, status LIMIT 1"
    )
    if not rows:
        return Evidence(facts={"decision": None})
    return Evidence(facts={"decision": rows[0][0], "decided at": rows[0][1]})


@evidence.register(HeldLeaf)
@evidence.register(ChangedLeaf)
@evidence.register(MovedLeaf)
def _(leaf: HistoryLeaf, person: Person) -> Evidence:
    """Show the value of now; the changes of a loaded trait, or the days that decided of what is computed."""
    kind, name = subject_of(leaf)
    evaluation = person.evaluation
    if kind == "segment":
        facts: dict[str, Any] = {name: "in" if is_in(evaluation.members[name], person.place) else "not in"}
    elif kind == "segmentation":
        facts = {name: _label(name, person)}
    else:
        facts = {name: person.value(evaluation.column(name))}
    past = evaluation.past
    assert past is not None
    if past.is_on_grid(leaf):
        return _on_days(leaf, past, facts, person)
    return _trait_changes(name, facts, person)


def _on_days(leaf: HistoryLeaf, past: Past, facts: dict[str, Any], person: Person) -> Evidence:
    """Show the last day on which a value was not there, or the days on which it changed."""
    steps = past.steps(leaf, person.evaluation)
    points = grid_of(leaf, person.evaluation.moment)[-len(steps) :] if steps else ()
    passed = [is_in(bits, person.place) for bits in steps]
    days = [from_microseconds(point) for point, found in zip(points, passed, strict=True)
            if found != isinstance(leaf, HeldLeaf)]  # fmt: skip
    if isinstance(leaf, HeldLeaf):
        return Evidence(facts={**facts, "last otherwise": days[-1] if days else None})
    word = leaf.move if isinstance(leaf, MovedLeaf) else "changed"
    return _shown(facts, [Event(name=word, time=day) for day in reversed(days)])


def _trait_changes(name: str, facts: dict[str, Any], person: Person) -> Evidence:
    """Show the changes of a loaded trait that were known, the latest first."""
    evaluation = person.evaluation
    as_of = evaluation.as_of
    known = "" if as_of.known_at is None else f" AND known_at <= {_timestamp(as_of.known_at)}"
    rows = evaluation.engine.rows(
        f"SELECT valid_from, old_value, new_value FROM trait_changes WHERE entity = '{evaluation.roster.entity}' "
        f"AND entity_no = {person.number} AND trait = {literal(name)} "
        f"AND valid_from <= {_timestamp(as_of.moment.as_of)}{known} "
        "ORDER BY valid_from DESC, known_at DESC, load_id DESC"
    )
    changes = [Event(name="change", time=at, properties={"from": old, "to": new}) for at, old, new in rows]
    return _shown(facts, changes)


def is_in(bits: Bits, place: int) -> bool:
    """Say whether a place is in a set of packed bits."""
    return bool(bits[place >> 3] >> (place & 7) & 1)


def _timestamp(moment: int) -> str:
    return f"CAST({literal(str(from_microseconds(moment)))} AS TIMESTAMP)"
