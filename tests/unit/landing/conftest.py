"""Incoming rows made by hand: what the reading stages would hand over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from satsuma.catalog import COLUMN_TYPES, Catalog, ValueType
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.landing.outcome import LoadOutcome
from satsuma.landing.writing import land_incoming
from satsuma.quality.incoming import Incoming, IncomingField, LoadKind
from satsuma.sources.fields import FIELDS

NOW = datetime(2026, 1, 1)

Rows = Sequence[Mapping[str, Any]]
Load = Callable[..., LoadOutcome]


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def guessed(value: Any) -> ValueType:
    kinds: tuple[tuple[type, ValueType], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (datetime, "datetime"),
    )
    return next((kind for python, kind in kinds if isinstance(value, python)), "text")


def incoming(
    engine: DuckDB, load_kind: LoadKind, files: Mapping[str, Rows], types: Mapping[str, ValueType] | None = None
) -> Incoming:
    """Make the incoming table of some files; the type of a column that is no field is that of its first value."""
    own = {field.name: field.type for field in FIELDS[load_kind]}
    told = dict(types or {})
    for rows in files.values():
        for row in rows:
            for name, value in row.items():
                if value is not None:
                    told.setdefault(name, own.get(name) or guessed(value))
                else:
                    told.setdefault(name, own.get(name, "text")) if name in own else None
    columns = "".join(f", {identifier(name)} {COLUMN_TYPES[kind]}" for name, kind in told.items())
    engine.execute(f"CREATE OR REPLACE TEMP TABLE hand_made (row_no BIGINT, source VARCHAR{columns})")
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE hand_rejected (source VARCHAR, row_no BIGINT, column_name VARCHAR, "
        "reason VARCHAR, raw VARCHAR)"
    )
    for source, rows in files.items():
        for number, row in enumerate(rows, start=1):
            values = [number, source, *(row.get(name) for name in told)]
            engine.execute(f"INSERT INTO hand_made VALUES ({', '.join('?' for _ in values)})", values)
    fields = tuple(
        IncomingField(name=name, column=name.title(), type=kind, canonical=name in own) for name, kind in told.items()
    )
    total = sum(len(rows) for rows in files.values())
    return Incoming(
        load_kind=load_kind,
        table="hand_made",
        rejected="hand_rejected",
        fields=fields,
        sources=tuple(files),
        rows=total,
    )


@pytest.fixture
def load(engine: DuckDB) -> Load:
    def run(
        load_kind: LoadKind,
        *files: Rows,
        now: datetime = NOW,
        names: Sequence[str] = (),
        types: Mapping[str, ValueType] | None = None,
        dry_run: bool = False,
        catalog: Catalog | None = None,
    ) -> LoadOutcome:
        named = dict(zip(names or [f"file{number}.csv" for number in range(len(files))], files, strict=True))
        return land_incoming(
            engine, incoming(engine, load_kind, named, types), now=now, dry_run=dry_run, catalog=catalog
        )

    return run
