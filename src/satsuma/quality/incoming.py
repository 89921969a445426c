"""What the reading stages hand to landing: typed rows in a temporary table, with what was said about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.catalog import Format, Kind, ValueType
from satsuma.sources.fields import LOAD_KINDS, LoadKind


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingField:
    """One column of the incoming table.

    `name` is the column's name in the incoming table. With `canonical` it is one of the kind's own fields
    (customer_id, order_id, time, ...); otherwise a trait, an event property or a product's attribute.
    """

    name: str
    column: str
    type: ValueType
    canonical: bool
    title: str | None = None
    kind: Kind | None = None
    unit: str | None = None
    format: Format | None = None
    personal_data: str | None = None
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnQuality:
    """What was found in one column of a source."""

    source: str
    column: str
    field: str | None
    rows: int
    filled: int
    valid: int
    distinct_values: int | None
    standardised: int
    newest: str | None = None
    findings: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Rows that were read, mapped, typed and standardised, and those that could not be.

    table : temporary table: `row_no` BIGINT (from 1, in the source), `source` VARCHAR, then a typed column per field.
        A value that could not be read in an optional field is NULL here and counted in `quality`.
    rejected : temporary table `source, row_no, column_name, reason, raw` (JSON text): rows without a readable
        required field. They are not in `table`.
    is_partial : rows say only some of what is known of a customer or account; a missing value says nothing.
    """

    load_kind: LoadKind
    table: str
    rejected: str
    fields: tuple[IncomingField, ...]
    sources: tuple[str, ...]
    rows: int
    quality: tuple[ColumnQuality, ...] = ()
    notes: tuple[str, ...] = ()
    is_partial: bool = False

    def has(self, name: str) -> bool:
        return any(item.name == name and item.canonical for item in self.fields)


__all__ = ["LOAD_KINDS", "ColumnQuality", "Incoming", "IncomingField", "LoadKind"]
