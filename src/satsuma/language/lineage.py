"""What a definition comes from: every name that it reads, and that these read in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from satsuma.catalog import Catalog
from satsuma.language.checker import Checked, Key, kind_of
from satsuma.language.leaves import asked_leaves, conditions, leaves, measures, references, settings_read
from satsuma.language.types import Definition, EventLeaf, PropertyTest


def lineage(checked: Checked, kind: str, name: str) -> frozenset[Key]:
    """Return everything behind a definition as (kind, name), itself left out: traits, events, segments and others.

    A loaded trait and an event stand for themselves.
    """
    return lineage_in(_by_key(checked), (kind, name))


def reads_sensitive(checked: Checked, kind: str, name: str) -> bool:
    """Say whether a definition comes from a trait, or a property of an event, that the catalogue calls sensitive."""
    return is_sensitive_in(_by_key(checked), checked.vocabulary.catalog, (kind, name))


def _by_key(checked: Checked) -> dict[Key, Definition]:
    return {(kind_of(item), item.name): item for item in checked.ordered}


def lineage_in(definitions: Mapping[Key, Definition], key: Key) -> frozenset[Key]:
    """Return everything behind one of some definitions, checked or not."""
    found: set[Key] = set()
    waiting: list[Key] = [key]
    while waiting:
        definition = definitions.get(waiting.pop())
        if definition is None:
            continue
        for reference in references(definition):
            read = (reference.kind, reference.name)
            if read not in found:
                found.add(read)
                waiting.append(read)
    return frozenset(found - {key})


def is_sensitive_in(definitions: Mapping[Key, Definition], catalog: Catalog, key: Key) -> bool:
    """Say whether one of some definitions, or a loaded trait, comes from what the catalogue calls sensitive."""
    for read in (*lineage_in(definitions, key), key):
        info = catalog.traits.get(read[1]) if read[0] == "trait" else None
        if info is not None and info.sensitive and read not in definitions:
            return True
        if read in definitions and any(_is_sensitive(catalog, *found) for found in _properties(definitions[read])):
            return True
    return False


def _properties(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield each event and property that a definition measures or filters by."""
    asked = [leaf for condition in conditions(definition) for _, leaf in asked_leaves(condition, definition.entity)]
    reads = settings_read(definition)
    if reads is not None:
        yield from reads.properties
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
