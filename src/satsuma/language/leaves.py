"""What definitions read: their leaves, and the names they refer to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from satsuma.documents import Path_
from satsuma.language import formula
from satsuma.language.learned import WAYS
from satsuma.language.methods import METHODS, Reads
from satsuma.language.places import Area, RegionRef
from satsuma.language.types import (
    AccountLeaf,
    ChangedLeaf,
    Condition,
    ConsentLeaf,
    Definition,
    Entity,
    EventLeaf,
    Group,
    HeldLeaf,
    LabelLeaf,
    Leaf,
    ListLeaf,
    Measure,
    MovedLeaf,
    Not,
    PercentileLeaf,
    PropertyTest,
    RankLeaf,
    Segment,
    Segmentation,
    SegmentLeaf,
    SequenceLeaf,
    Trait,
    TraitLeaf,
    TraitRef,
)

ReferenceKind = Literal["trait", "segment", "segmentation", "list", "event", "purpose", "region"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a definition uses, and where it stands."""

    kind: ReferenceKind
    name: str
    at: Path_ = field(default=(), compare=False)
    #: Whose trait, segment or segmentation it must be.
    entity: Entity = "customer"


@lru_cache(maxsize=4096)
def expression(text: str) -> formula.Expression:
    """Parse a formula once."""
    return formula.parse(text)


def leaves(condition: Condition) -> Iterator[Leaf | PropertyTest]:
    """Yield the leaves of a condition, in order; those inside another leaf follow it."""
    for _, leaf in asked_leaves(condition, "customer"):
        yield leaf


def asked_leaves(condition: Condition, entity: Entity) -> Iterator[tuple[Entity, Leaf | PropertyTest]]:
    """Yield the leaves of a condition with whom each is asked of: customers, or accounts."""
    if isinstance(condition, Group):
        for inner in condition.conditions:
            yield from asked_leaves(inner, entity)
    elif isinstance(condition, Not):
        yield from asked_leaves(condition.condition, entity)
    else:
        yield entity, condition
        if isinstance(condition, (RankLeaf, PercentileLeaf)) and condition.among is not None:
            yield from asked_leaves(condition.among, entity)
        elif isinstance(condition, AccountLeaf):
            yield from asked_leaves(condition.condition, "account")


def settings_read(definition: Definition) -> Reads | None:
    """Return what the settings of a segmentation, or of a trait that is learned, read; None where there are none."""
    if isinstance(definition, Segmentation):
        return METHODS[definition.method].reads(definition.settings)
    if isinstance(definition, Trait) and definition.way is not None:
        return WAYS[definition.way].reads(definition.settings)
    return None


def conditions(definition: Definition) -> tuple[Condition, ...]:
    """Return the conditions over customers that a definition holds."""
    if isinstance(definition, Segment):
        return (definition.where,)
    reads = settings_read(definition)
    return () if reads is None else reads.conditions


def asked_purposes(definitions: Iterable[Definition]) -> frozenset[str]:
    """Return the purposes of the consents that definitions ask about."""
    asked = (leaf for definition in definitions for condition in conditions(definition) for leaf in leaves(condition))
    return frozenset(leaf.purpose for leaf in asked if isinstance(leaf, ConsentLeaf))


def measures(definition: Definition) -> tuple[Measure, ...]:
    """Return the measures that a definition names itself, not inside its conditions."""
    if isinstance(definition, Trait) and definition.measure is not None:
        return (definition.measure,)
    reads = settings_read(definition)
    return () if reads is None else reads.measures


def references(definition: Definition) -> tuple[Reference, ...]:
    """Return every name that a definition uses, each once, in order."""
    found: dict[Reference, None] = {}
    for reference in every_reference(definition):
        found.setdefault(reference)
    return tuple(found)


def every_reference(definition: Definition) -> Iterator[Reference]:
    """Yield every name that a definition uses, as often as it stands there."""
    entity = definition.entity
    if isinstance(definition, Trait) and definition.formula is not None:
        for name in sorted(formula.names(expression(definition.formula))):
            yield Reference("trait", name, ("formula",), entity)
    reads = settings_read(definition)
    if reads is not None:
        for name in reads.traits:
            yield Reference("trait", name, reads.at, entity)
        for name in reads.segmentations:
            yield Reference("segmentation", name, reads.at, entity)
    for measure in measures(definition):
        yield Reference("event", measure.event, measure.at)
    for condition in conditions(definition):
        for whose, leaf in asked_leaves(condition, entity):
            yield from leaf_references(leaf, whose)


def leaf_references(leaf: Leaf | PropertyTest, entity: Entity = "customer") -> Iterator[Reference]:
    """Yield the names that one leaf uses, those inside another leaf left to that leaf."""
    match leaf:
        case TraitLeaf(trait=name, test=test):
            yield Reference("trait", name, leaf.at, entity)
            if isinstance(test.operand, TraitRef):
                yield Reference("trait", test.operand.trait, test.at, entity)
            elif isinstance(test.operand, RegionRef):
                yield Reference("region", test.operand.region, test.at)
            elif isinstance(test.operand, Area) and test.operand.name:
                yield Reference("region", test.operand.name, test.at)
        case RankLeaf(trait=name) | PercentileLeaf(trait=name):
            yield Reference("trait", name, leaf.at, entity)
        case EventLeaf():
            yield Reference("event", leaf.measure.event, leaf.at)
        case SequenceLeaf(steps=steps):
            for step in steps:
                yield Reference("event", step.event, step.at)
        case SegmentLeaf(segment=name) | MovedLeaf(segment=name):
            yield Reference("segment", name, leaf.at, entity)
        case LabelLeaf(segmentation=name):
            yield Reference("segmentation", name, leaf.at, entity)
        case HeldLeaf(subject=subject, name=name) | ChangedLeaf(subject=subject, name=name):
            yield Reference(subject, name, leaf.at, entity)
        case ListLeaf(list=name):
            yield Reference("list", name, leaf.at)
        case ConsentLeaf(purpose=name):
            yield Reference("purpose", name, leaf.at)
        case _:
            pass
