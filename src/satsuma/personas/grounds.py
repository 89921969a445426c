"""What a segment was made from, so that nothing that follows from its rule is called a finding.

A segment of customers with five orders in 90 days has, of course, more orders than others, and more revenue: both are
amounts of the same events. In which country those orders were placed its rule does not say, so that is a finding. Told
apart are therefore amounts of events (how many, how much, when) and what is read in them (properties).
"""

from __future__ import annotations

from collections.abc import Iterator

from satsuma.language.checker import Checked, Key, kind_of
from satsuma.language.leaves import asked_leaves, conditions, measures
from satsuma.language.lineage import lineage
from satsuma.language.standard_methods import AffinitySettings
from satsuma.language.types import (
    COUNTING,
    Condition,
    ConsentLeaf,
    Definition,
    EventLeaf,
    Measure,
    PropertyTest,
    Segmentation,
    SequenceLeaf,
)

#: An order and its lines tell of one purchase: amounts of the one are amounts of the other.
_PURCHASE = ("Order Completed", "Product Purchased")
#: The property that a measure takes the amount of; amounts of any property of an event go together.
#: The most frequent value depends on how many events there are, too: of one or two it is the first by the alphabet.
_AMOUNTS = (*COUNTING, "sum", "avg", "min", "max", "first_time", "last_time", "mode")

#: ("trait", name), ("segment", name), ("segmentation", name), ("purpose", name), ("amount of", event),
#: ("property", name): a name stands for its property in any event, as products have the same in all.
Ground = tuple[str, str]


def grounds(checked: Checked, kind: str, name: str) -> frozenset[Ground]:
    """Return everything that a definition was made from, itself among it."""
    by_key: dict[Key, Definition] = {(kind_of(item), item.name): item for item in checked.ordered}
    found: set[Ground] = set()
    for key in (*lineage(checked, kind, name), (kind, name)):
        if key[0] != "event":
            found.add(key)
        if key in by_key:
            found.update(_read(by_key[key]))
    return frozenset(found)


def amount_of(event: str) -> Ground:
    """Return the ground of how often, how much and when an event came."""
    return ("amount of", _PURCHASE[0] if event in _PURCHASE else event)


def _read(definition: Definition) -> Iterator[Ground]:
    """Yield what a definition reads in events and consents."""
    for measure in measures(definition):
        yield from _measured(measure)
    if isinstance(definition, Segmentation) and isinstance(definition.settings, AffinitySettings):
        # Its measure counts events; what it divides by is which they were.
        yield ("property", definition.settings.of)
    for condition in conditions(definition):
        for _, leaf in asked_leaves(condition, definition.entity):
            if isinstance(leaf, EventLeaf):
                yield from _measured(leaf.measure)
            elif isinstance(leaf, ConsentLeaf):
                yield ("purpose", leaf.purpose)
            elif isinstance(leaf, SequenceLeaf):
                for step in leaf.steps:
                    yield amount_of(step.event)
                    yield from _filtered(step.where)


def _measured(measure: Measure) -> Iterator[Ground]:
    if measure.aggregate in _AMOUNTS:
        yield amount_of(measure.event)
    # How many different ones there are is an amount, and says nothing of which.
    if measure.of is not None and measure.aggregate in ("mode", "first", "last"):
        yield ("property", measure.of)
    yield from _filtered(measure.where)


def _filtered(where: Condition | None) -> Iterator[Ground]:
    if where is not None:
        for _, leaf in asked_leaves(where, "customer"):
            if isinstance(leaf, PropertyTest):
                yield ("property", leaf.property)
