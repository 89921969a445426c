"""What a definition comes from: every name that it reads, and that these read in turn."""

from __future__ import annotations

from collections.abc import Iterator

from satsuma.catalog import Catalog
from satsuma.language.checker import Checked, Key, kind_of
from satsuma.language.leaves import asked_leaves, conditions, leaves, measures, references
from satsuma.language.types import Definition, EventLeaf, PropertyTest


def lineage(checked: Checked, kind: str, name: str) -> frozenset[Key]:
    """Return everything behind a definition as (kind, name), itself left out: traits, events, segments and others.

    A loaded trait and an event stand for themselves.
    """
    by_key: dict[Key, Definition] = {(kind_of(item), item.name): item for item in checked.ordered}
    found: set[Key] = set()
    waiting: list[Key] = [(kind, name)]
    while waiting:
        definition = by_key.get(waiting.pop())
        if definition is None:
            continue
        for reference in references(definition):
            key = (reference.kind, reference.name)
            if key not in found:
                found.add(key)
                waiting.append(key)
    return frozenset(found - {(kind, name)})


def reads_sensitive(checked: Checked, kind: str, name: str) -> bool:
    """Say whether a definition comes from a trait, or a property of an event, that the catalogue calls sensitive."""
    catalog = checked.vocabulary.catalog
    by_key: dict[Key, Definition] = {(kind_of(item), item.name): item for item in checked.ordered}
    for key in (*lineage(checked, kind, name), (kind, name)):
        info = catalog.traits.get(key[1]) if key[0] == "trait" else None
        if info is not None and info.sensitive and key not in by_key:
            return True
        if key in by_key and any(_is_sensitive(catalog, *read) for read in _properties(by_key[key])):
            return True
    return False


def _properties(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield each event and property that a definition measures or filters by."""
    asked = [leaf for condition in conditions(definition) for _, leaf in asked_leaves(condition, definition.entity)]
    for measure in (*measures(definition), *(leaf.measure for leaf in asked if isinstance(leaf, EventLeaf))):
        if measure.of is not None:
            yield measure.event, measure.of
        if measure.where is not None:
            for leaf in leaves(measure.where):
                if isinstance(leaf, PropertyTest):
                    yield measure.event, leaf.property


def _is_sensitive(catalog: Catalog, event: str, name: str) -> bool:
    info = catalog.events.get(event)
    known = None if info is None else info.property(name)
    return known is not None and known.sensitive
