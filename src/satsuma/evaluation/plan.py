"""What definitions need: those they read, and everything that has to be counted for them."""

from __future__ import annotations

from collections.abc import Iterable

from satsuma.catalog import Catalog
from satsuma.evaluation.measures import MeasurePlan
from satsuma.language.checker import Checked, kind_of
from satsuma.language.history import HistoryLeaf
from satsuma.language.leaves import asked_leaves, conditions, measures, references
from satsuma.language.types import AccountLeaf, Definition, Entity, EventLeaf, Measure, SequenceLeaf

#: Net revenue, the `value` of every report: what was bought less what was given back.
REVENUE = Measure(event="Order Completed", aggregate="sum", of="revenue")
REFUNDS = Measure(event="Order Refunded", aggregate="sum", of="revenue")
#: Orders, for the reports.
ORDERS = Measure(event="Order Completed")


def closure(checked: Checked, targets: Iterable[tuple[str, str]]) -> tuple[Definition, ...]:
    """Return the definitions that some of them (kind and name) need, themselves included, in order."""
    wanted: set[int] = set()
    queue = list(targets)
    while queue:
        place = checked.places.get(queue.pop())
        if place is None or place in wanted:
            continue
        wanted.add(place)
        queue.extend((reference.kind, reference.name) for reference in references(checked.ordered[place]))
    return tuple(checked.ordered[place] for place in sorted(wanted))


def looking_back_last(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    """Return definitions in an order in which those that ask the past, and those that read them, come after the others.

    Each still comes after all that it reads; and the past is gone through once, when all is known that it may need.
    """
    first: list[Definition] = []
    last: dict[tuple[str, str], Definition] = {}
    for item in definitions:
        own = (leaf for condition in conditions(item) for _, leaf in asked_leaves(condition, item.entity))
        looks_back = any(isinstance(leaf, HistoryLeaf) for leaf in own)
        if looks_back or any((reference.kind, reference.name) in last for reference in references(item)):
            last[kind_of(item), item.name] = item
        else:
            first.append(item)
    return (*first, *last.values())


def plan_measures(
    definitions: Iterable[Definition], catalog: Catalog, *, valued: bool = True
) -> dict[Entity, MeasurePlan]:
    """Collect every measure and event leaf of some definitions, each once; accounts only where something asks them.

    Parameters
    ----------
    valued : whether what is worth knowing of everybody (the `value` of reports) is counted beside them.
    """
    beside = value_measures(catalog) if valued else []
    plans: dict[Entity, MeasurePlan] = {"customer": MeasurePlan(columns=dict.fromkeys(beside))}
    for definition in definitions:
        plan = plans.get(definition.entity) or _account_plan(plans, beside)
        for measure in measures(definition):
            plan.columns.setdefault(measure)
        for condition in conditions(definition):
            for entity, leaf in asked_leaves(condition, definition.entity):
                if isinstance(leaf, AccountLeaf):
                    _account_plan(plans, beside)
                elif isinstance(leaf, (EventLeaf, SequenceLeaf)):
                    plans[entity].leaves.setdefault(leaf)
    return plans


def _account_plan(plans: dict[Entity, MeasurePlan], beside: Iterable[Measure]) -> MeasurePlan:
    """Return the plan of accounts, begun with what is worth knowing of each."""
    if "account" not in plans:
        plans["account"] = MeasurePlan(columns=dict.fromkeys(beside))
    return plans["account"]


def value_measures(catalog: Catalog) -> list[Measure]:
    """Return the measures behind `value`, as far as the catalogue knows their events."""
    return [measure for measure in (REVENUE, REFUNDS, ORDERS) if measure.event in catalog.events]
