"""What results of past days rest on, so that a kept one is used only while a new one would be the same.

Events and consents are told by the loads that brought them: the earliest time among what came after a load. Who there
was, and with which loaded traits, is told by what stands in the warehouse: a sum over everybody there was at a point,
which no order of rows changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import Column, Mask
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.plan import plan_measures
from satsuma.evaluation.touched import product_loads
from satsuma.evaluation.trait_states import trait_states
from satsuma.language.history import EVER
from satsuma.language.leaves import Reference, references
from satsuma.language.types import Definition, Entity

Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Reads:
    """What some definitions read: names, and of whom."""

    references: tuple[Reference, ...]
    entities: tuple[Entity, ...]

    def names(self, kind: str) -> tuple[str, ...]:
        return tuple(sorted({reference.name for reference in self.references if reference.kind == kind}))


@dataclass(frozen=True, slots=True, eq=False)
class _Trait:
    """A loaded trait as numbers that its values give: of those who never changed, and of each state of the others."""

    steady: Numbers
    place: NDArray[np.int64]
    since: NDArray[np.int64]
    states: Numbers


class Grounds:
    """The grounds of past results, as the warehouse has them now.

    Parameters
    ----------
    warehouse : where loads are written.
    whole : the evaluation of everybody that looks back.
    oldest : the earliest load after which something was kept.
    """

    def __init__(self, warehouse: DuckDB, whole: Evaluation, oldest: int) -> None:
        self.warehouse = warehouse
        self.whole = whole
        self.oldest = oldest
        self._sums: dict[tuple[str, str, int], int] = {}
        self._traits: dict[tuple[str, Entity], _Trait] = {}
        self._people: dict[Entity, Numbers] = {}

    def reads(self, definitions: Iterable[Definition]) -> Reads:
        """Return what definitions read, all that they need being among them."""
        needed = tuple(definitions)
        found = tuple(dict.fromkeys(reference for item in needed for reference in references(item)))
        plans = plan_measures(needed, self.whole.checked.vocabulary.catalog, valued=False)
        return Reads(found, tuple(plans))

    # ------------------------------------------------------------------------------------------------ what loads told

    @cached_property
    def last_load(self) -> int:
        """The load that was written last."""
        return int(self.warehouse.value("SELECT coalesce(max(load_id), 0) FROM loads"))

    def still_hold(self, reads: Reads, load: int, point: int) -> bool:
        """Say whether no load after one brought or took away anything that happened up to a point."""
        if load > self.last_load:
            # The warehouse is an older one than that which the file was made from.
            return False
        events = self.whole.checked.vocabulary.catalog.events
        reads_products = any(
            item.source == "products" for name in reads.names("event") for item in events[name].properties.values()
        )
        if reads_products and product_loads(self.warehouse, load):
            return False
        names = {*reads.names("event"), *reads.names("purpose")}
        return all(since <= load or at > point for name, since, at in self._brought if name in names)

    @cached_property
    def _brought(self) -> list[tuple[str, int, int]]:
        """What loads brought or replaced: (event or purpose, the load, the earliest time)."""
        rows = self.warehouse.rows(
            " UNION ALL ".join(
                f"SELECT {name}, load_id, epoch_us(min(time)) FROM {table} WHERE load_id > {self.oldest} GROUP BY ALL"
                for name, table in (("name", "events"), ("name", "supersessions"), ("purpose", "consents"))
            )
        )
        return [(name, load, at) for name, load, at in rows]

    # ------------------------------------------------------------------------------------------------ what stands there

    def at(self, reads: Reads, point: int) -> str:
        """Return a digest of who there was at a point, with what loaded traits and accounts, and of merges."""
        computed = self.whole.checked.trait_types.keys() - self.whole.checked.vocabulary.catalog.traits.keys()
        facts: list[object] = [self._merges]
        facts += [self._population(entity, point) for entity in reads.entities]
        facts += [
            self._trait_sum(reference.name, reference.entity, point)
            for reference in sorted(reads.references, key=lambda item: (item.kind, item.name, item.entity))
            if reference.kind == "trait" and reference.name not in computed
        ]
        if "account" in reads.entities:
            facts.append(self._members)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]

    @cached_property
    def _merges(self) -> tuple[object, ...]:
        return self.warehouse.row("SELECT count(*), max(merge_id), count(undone_at) FROM merges")

    @cached_property
    def _members(self) -> str:
        assert self.whole.accounts is not None
        assert self.whole.accounts.roster.places is not None
        digest = hashlib.sha256()
        for column in self.whole.accounts.roster.places.columns:
            digest.update(column.to_numpy().tobytes())
        return digest.hexdigest()

    def _there(self, entity: Entity, point: int) -> Mask:
        """Say who was in the population at a point, as is known now."""
        whose = self.whole.of(entity)
        seen = whose.column("first_seen")
        return whose.population & (~seen.present | (seen.values <= point))

    def _population(self, entity: Entity, point: int) -> int:
        key = (entity, "first_seen", point)
        if key not in self._sums:
            if entity not in self._people:
                whose = self.whole.of(entity)
                self._people[entity] = _mixed(np.arange(whose.size), _hashed(whose.column("first_seen")))
            self._sums[key] = _total(self._people[entity][self._there(entity, point)])
        return self._sums[key]

    def _trait_sum(self, name: str, entity: Entity, point: int) -> int:
        key = (entity, f"trait {name}", point)
        if key not in self._sums:
            trait, there = self._trait(name, entity), self._there(entity, point)
            then = (trait.since <= point) & there[trait.place]
            self._sums[key] = _total(trait.steady[there], trait.states[then])
        return self._sums[key]

    def _trait(self, name: str, entity: Entity) -> _Trait:
        if (name, entity) not in self._traits:
            whose = self.whole.of(entity)
            column = whose.column(name)
            states = trait_states(whose.engine, name, column.type, whose.as_of, whose.roster)
            # Who never changed has one state, since ever: the first of whom changes one day is the same.
            ever = np.full(whose.size, EVER, np.int64)
            steady = _mixed(np.arange(whose.size), _mixed(ever, _hashed(column)))
            steady[states.place] = 0
            values = _mixed(states.place, _mixed(states.since, _hashed(states.values)))
            self._traits[name, entity] = _Trait(steady, states.place, states.since, values)
        return self._traits[name, entity]


# ----------------------------------------------------------------------------------------------------------- numbers


def _mixed(first: NDArray[np.int64] | Numbers, second: NDArray[np.int64] | Numbers) -> Numbers:
    """Return one number of two, such that sums of many tell sets apart (the finaliser of SplitMix64)."""
    value = first.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + second.astype(np.uint64)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _total(*parts: Numbers) -> int:
    """Add numbers up, modulo 2 ** 64 whichever part each stands in."""
    return sum(int(part.sum(dtype=np.uint64)) for part in parts) % 2**64


def _hashed(column: Column) -> Numbers:
    """Return a number for each value, the same for the same values in every evaluation; 0 where there is none."""
    if column.type in ("text", "list"):
        words = np.array([_word(word) for word in column.words] or [0], np.uint64)
        codes = column.values if column.type == "list" else np.where(column.present, column.values, 0)
        hashes = words[codes]
        return _of_lists(hashes, column) if column.type == "list" else np.where(column.present, hashes, 0)
    values = column.values
    if values.dtype.kind == "f":
        # A zero has two signs and is one value.
        values = (values + 0.0).view(np.int64)
    whole = values.astype(np.uint64)
    if column.type == "location":
        whole = _mixed(whole[:, 0], whole[:, 1])
    return np.where(column.present, whole + np.uint64(1), 0)


def _of_lists(items: Numbers, column: Column) -> Numbers:
    """Return a number for each list, by its items and their places."""
    assert column.offsets is not None
    starts, ends = column.offsets[:-1], column.offsets[1:]
    place = np.arange(len(items)) - np.repeat(starts, ends - starts)
    running = np.zeros(len(items) + 1, np.uint64)
    np.cumsum(_mixed(place, items), out=running[1:])
    return np.where(column.present, running[ends] - running[starts] + np.uint64(1), 0)


def _word(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
