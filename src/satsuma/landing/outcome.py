"""What a load is given, what one kind of rows did, and what the whole load answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.quality.incoming import Incoming, IncomingField, LoadKind

if TYPE_CHECKING:
    from satsuma.sources.mapping import Mapping as ColumnMappings

#: Told the name of the step that starts.
Progress = Callable[[str], None]


def silent(step: str) -> None:
    """Ignore progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What a stage that stores rows needs.

    now : when this load is known, UTC without a zone; never read from a clock here.
    is_first : nothing of this kind was loaded before, so facts are taken as known at their own time.
    catalog : what is known before this load; its types are kept.
    """

    engine: DuckDB
    incoming: Incoming
    load_id: int
    now: datetime
    is_first: bool
    catalog: Catalog = field(default_factory=Catalog)
    progress: Progress = silent

    @property
    def now_sql(self) -> str:
        return f"TIMESTAMP '{self.now:%Y-%m-%d %H:%M:%S.%f}'"

    @property
    def table(self) -> str:
        return self.incoming.table

    def field(self, name: str) -> IncomingField | None:
        """Return a canonical field, or None."""
        return next((item for item in self.incoming.fields if item.canonical and item.name == name), None)

    def other_fields(self) -> tuple[IncomingField, ...]:
        """Return the fields that are not the kind's own: traits, properties, attributes."""
        return tuple(item for item in self.incoming.fields if not item.canonical)

    def incoming_rows(self) -> int:
        """Return the number of readable rows."""
        return int(self.engine.value(f"SELECT count(*) FROM {self.table}"))

    def column(self, name: str, otherwise: str = "NULL") -> str:
        """Return the SQL of a canonical field, or what stands for it when the source has none."""
        return identifier(name) if self.incoming.has(name) else otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """What became of the rows of one kind: each row is loaded, unchanged or updated."""

    loaded: int = 0
    unchanged: int = 0
    updated: int = 0
    anonymous: int = 0
    customers_new: int = 0
    classes: Mapping[str, int] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    flags: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    catalog: Catalog = field(default_factory=Catalog)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """The answer to one load.

    rows = loaded + unchanged + updated + quarantined. `classes` counts each readable row of order data once;
    `anonymous` counts rows without a customer, whatever their kind. `catalog` holds what the sources add to the
    catalogue.
    """

    load_id: int
    load_kind: LoadKind
    sources: tuple[str, ...]
    rows: int
    quarantined: int
    landed: Landed
    mapping: Mapping[str, str]
    reasons: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    #: The whole mapping of each set of columns that was read, to be saved and corrected.
    column_mappings: tuple[ColumnMappings, ...] = ()
    is_dry_run: bool = False

    @classmethod
    def nothing(
        cls, load_id: int, load_kind: LoadKind, sources: tuple[str, ...], *, quarantined: int, note: str
    ) -> LoadOutcome:
        """Return the outcome of rows that all wait in quarantine."""
        return cls(load_id=load_id, load_kind=load_kind, sources=sources, rows=quarantined, quarantined=quarantined,
                   landed=Landed(), mapping={}, notes=(note,))  # fmt: skip

    @property
    def catalog(self) -> Catalog:
        return self.landed.catalog

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome in the shape of `load --json`."""
        landed = self.landed
        return {
            "load_id": self.load_id,
            "kind": self.load_kind,
            "sources": list(self.sources),
            "rows": self.rows,
            "loaded": landed.loaded,
            "unchanged": landed.unchanged,
            "updated": landed.updated,
            "quarantined": self.quarantined,
            "quarantine_reasons": dict(self.reasons),
            "anonymous": landed.anonymous,
            "classes": dict(landed.classes),
            "mapping": dict(self.mapping),
            "customers_new": landed.customers_new,
            "events": dict(landed.events),
            "flags": dict(landed.flags),
            "notes": list(self.notes),
            "dry_run": self.is_dry_run,
        }
