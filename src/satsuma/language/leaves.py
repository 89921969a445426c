"""What definitions read: their leaves, and the names they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from satsuma.documents import Path_
from satsuma.language import formula
from satsuma.language.methods import METHODS
from satsuma.language.types import (
    Condition,
    Definition,
    EventLeaf,
    Group,
    LabelLeaf,
    Leaf,
    ListLeaf,
    Measure,
    Not,
    PercentileLeaf,
    PropertyTest,
    RankLeaf,
    Segment,
    Segmentation,
    SegmentLeaf,
    Trait,
    TraitLeaf,
    TraitRef,
)

ReferenceKind = Literal["trait", "segment", "segmentation", "list", "event"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a definition uses, and where it stands."""

    kind: ReferenceKind
    name: str
    at: Path_ = field(default=(), compare=False)


@lru_cache(maxsize=4096)
def expression(text: str) -> formula.Expression:
    """Parse a formula once."""
    return formula.parse(text)


def leaves(condition: Condition) -> Iterator[Leaf | PropertyTest]:
    """Yield the leaves of a condition, in order; those inside `among` follow the leaf that names them."""
    if isinstance(condition, Group):
        for inner in condition.conditions:
            yield from leaves(inner)
    elif isinstance(condition, Not):
        yield from leaves(condition.condition)
    else:
        yield condition
        if isinstance(condition, (RankLeaf, PercentileLeaf)) and condition.among is not None:
            yield from leaves(condition.among)


def conditions(definition: Definition) -> tuple[Condition, ...]:
    """Return the conditions over customers that a definition holds."""
    if isinstance(definition, Segment):
        return (definition.where,)
    if isinstance(definition, Segmentation):
        return METHODS[definition.method].reads(definition.settings).conditions
    return ()


def measures(definition: Definition) -> tuple[Measure, ...]:
    """Return the measures that a definition names itself, not inside its conditions."""
    if isinstance(definition, Trait):
        return () if definition.measure is None else (definition.measure,)
    if isinstance(definition, Segmentation):
        return METHODS[definition.method].reads(definition.settings).measures
    return ()


def references(definition: Definition) -> tuple[Reference, ...]:
    """Return every name that a definition uses, each once, in order."""
    found: dict[Reference, None] = {}
    for reference in _references(definition):
        found.setdefault(reference)
    return tuple(found)


def _references(definition: Definition) -> Iterator[Reference]:
    if isinstance(definition, Trait) and definition.formula is not None:
        for name in sorted(formula.names(expression(definition.formula))):
            yield Reference("trait", name, ("formula",))
    if isinstance(definition, Segmentation):
        reads = METHODS[definition.method].reads(definition.settings)
        for name in reads.traits:
            yield Reference("trait", name, reads.at)
        for name in reads.segmentations:
            yield Reference("segmentation", name, reads.at)
    for measure in measures(definition):
        yield Reference("event", measure.event, measure.at)
    for condition in conditions(definition):
        for leaf in leaves(condition):
            yield from leaf_references(leaf)


def leaf_references(leaf: Leaf | PropertyTest) -> Iterator[Reference]:
    """Yield the names that one leaf uses."""
    if isinstance(leaf, TraitLeaf):
        yield Reference("trait", leaf.trait, leaf.at)
        if isinstance(leaf.test.operand, TraitRef):
            yield Reference("trait", leaf.test.operand.trait, leaf.test.at)
    elif isinstance(leaf, (RankLeaf, PercentileLeaf)):
        yield Reference("trait", leaf.trait, leaf.at)
    elif isinstance(leaf, EventLeaf):
        yield Reference("event", leaf.measure.event, leaf.at)
    elif isinstance(leaf, SegmentLeaf):
        yield Reference("segment", leaf.segment, leaf.at)
    elif isinstance(leaf, LabelLeaf):
        yield Reference("segmentation", leaf.segmentation, leaf.at)
    elif isinstance(leaf, ListLeaf):
        yield Reference("list", leaf.list, leaf.at)
