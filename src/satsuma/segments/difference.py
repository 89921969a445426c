"""Two sets of customers side by side: two segments, or one segment at two moments; and many segments' overlap.

What the last run stored answers from its bitmaps, without reading an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any, Literal

import pyarrow as pa
from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WrongUse
from satsuma.language.types import Entity
from satsuma.segments.standing import Standing, entity_of
from satsuma.segments.store import StoredRun
from satsuma.segments.views import identified

#: The parts of a comparison: in both, in the first alone, in the second alone.
PartName = Literal["both", "only_first", "only_second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared. share : of the population of its own moment (0 to 1)."""

    segment: str
    as_of: datetime
    known_at: datetime | None
    population: int
    size: int
    share: float
    value: float

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the customers of both sides. value : their net revenue up to the second side's moment."""

    name: PartName
    members: BitMap = field(repr=False)
    size: int
    value: float
    mean_value: float | None

    def as_dict(self) -> dict[str, Any]:
        return {"part": self.name, "size": self.size, "value": self.value, "mean_value": self.mean_value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Who is in both, in the first alone and in the second alone, and what they are worth.

    newcomers : of those in the second alone, how many were not in the population of the first's moment yet.
    jaccard : customers in both over customers in either; None when there are none.
    """

    first: Side
    second: Side
    parts: Sequence[Part]
    newcomers: int
    jaccard: float | None
    entity: Entity = "customer"
    warnings: tuple[str, ...] = ()

    def part(self, name: PartName) -> Part:
        return next(part for part in self.parts if part.name == name)

    def as_dict(self) -> dict[str, Any]:
        return {
            "first": self.first.as_dict(), "second": self.second.as_dict(),
            "parts": [part.as_dict() for part in self.parts], "newcomers": self.newcomers, "jaccard": self.jaccard,
            "warnings": list(self.warnings),
        }  # fmt: skip

    def ids(self, engine: DuckDB) -> pa.Table:
        """Return `customer_id, part` (or `account_id`) of everybody in either, sorted by part and id."""
        name, tables = f"{self.entity}_id", []
        for part in self.parts:
            ids = identified(engine, part.members, self.entity).column(name)
            tables.append(pa.table({name: ids, "part": pa.array([part.name] * len(ids), pa.string())}))
        return pa.concat_tables(tables)


def compare(first: Standing, second: Standing) -> Difference:
    """Compare two segments, or one at two moments.

    Raises
    ------
    WrongUse
        For a segment of customers beside one of accounts.
    """
    if first.entity != second.entity:
        raise _different_kinds()
    both = first.members & second.members
    gone, come = first.members - second.members, second.members - first.members
    either = len(both) + len(gone) + len(come)
    parts: tuple[tuple[PartName, BitMap], ...] = (("both", both), ("only_first", gone), ("only_second", come))
    return Difference(
        first=_side(first),
        second=_side(second),
        parts=tuple(_part(name, members, second) for name, members in parts),
        newcomers=len(come - first.population),
        jaccard=len(both) / either if either else None,
        entity=second.entity,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
    )


def _side(standing: Standing) -> Side:
    size, population = len(standing.members), len(standing.population)
    return Side(segment=standing.label, as_of=standing.as_of, known_at=standing.known_at, population=population,
                size=size, share=size / max(population, 1), value=standing.worth(standing.members))  # fmt: skip


def _part(name: PartName, members: BitMap, valued: Standing) -> Part:
    value = valued.worth(members)
    return Part(name=name, members=members, size=len(members), value=value,
                mean_value=value / len(members) if members else None)  # fmt: skip


# ----------------------------------------------------------------------------------------------------------- overlap


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two segments of an overlap. contained : the share of the first that is in the second, and the other way round."""

    first: str
    second: str
    both: int
    jaccard: float | None
    contained: tuple[float | None, float | None]

    def as_dict(self) -> dict[str, Any]:
        return {"first": self.first, "second": self.second, "both": self.both, "jaccard": self.jaccard,
                "first_in_second": self.contained[0], "second_in_first": self.contained[1]}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How much segments have in common: sizes, each pair, those in all of them and those in any."""

    as_of: datetime
    sizes: dict[str, int]
    pairs: Sequence[Pair]
    in_all: int
    in_any: int
    population: int

    def as_dict(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of, "population": self.population, "sizes": self.sizes,
            "pairs": [pair.as_dict() for pair in self.pairs], "in_all": self.in_all, "in_any": self.in_any,
        }  # fmt: skip


def overlap(run: StoredRun, names: Sequence[str]) -> Overlap:
    """Compare segments of a run, each with each, from its bitmaps.

    Raises
    ------
    NotFound
        For a name that the run does not have, with the nearest ones.
    WrongUse
        For fewer than two segments, or segments of customers beside segments of accounts.
    """
    chosen = list(dict.fromkeys(names))
    if len(chosen) < 2:
        raise WrongUse("An overlap needs two different segments at least.", hint="See: satsuma segment list")
    members = {name: run.members(name) for name in chosen}
    entities = {entity_of(run, name) for name in chosen}
    if len(entities) > 1:
        raise _different_kinds()
    sizes = {name: len(part) for name, part in members.items()}
    pairs = []
    for first, second in combinations(chosen, 2):
        both = members[first].intersection_cardinality(members[second])
        either = sizes[first] + sizes[second] - both
        contained = tuple(both / sizes[name] if sizes[name] else None for name in (first, second))
        pairs.append(Pair(first=first, second=second, both=both, jaccard=both / either if either else None,
                          contained=(contained[0], contained[1])))  # fmt: skip
    bitmaps = list(members.values())
    return Overlap(
        as_of=run.as_of, sizes=sizes, pairs=tuple(pairs), in_all=len(BitMap.intersection(*bitmaps)),
        in_any=len(BitMap.union(*bitmaps)), population=len(run.population(entities.pop())),
    )  # fmt: skip


def _different_kinds() -> WrongUse:
    return WrongUse(
        "A segment of customers cannot be compared with one of accounts.", hint="Name segments of the same kind."
    )
