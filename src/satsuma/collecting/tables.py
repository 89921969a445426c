"""Rows of messages to the typed tables that landing takes.

The catalogue's type rules: a value that does not fit it is left out. A name that is new gets the type that all its
values have. How many names there may be is limited, as a script with a mistake can make up a new one for every visit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from satsuma.catalog import COLUMN_TYPES, Catalog, ValueType
from satsuma.collecting.shapes import fitted, meaning, type_of
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.landing.devices import device_field
from satsuma.quality.devices import TRAITS
from satsuma.quality.incoming import Incoming, IncomingField, LoadKind
from satsuma.sources.temporary import free_name

Row = Mapping[str, Any]
Types = Callable[[str], ValueType | None]

#: Traits of customers (and of accounts), names of events, and properties of one event.
MOST_TRAITS = 1_000
MOST_EVENTS = 1_000
MOST_PROPERTIES = 255

#: What the rows say they come from.
SOURCE = "tracking"

_ARROW: Mapping[ValueType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "money": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "list": pa.list_(pa.string()),
}

_EVENT_FIELDS: Mapping[str, ValueType] = {
    "event_id": "text",
    "name": "text",
    "time": "datetime",
    "customer_id": "text",
    "anonymous_id": "text",
    "order_id": "text",
    "product_id": "text",
    "revenue": "money",
    "quantity": "number",
}
_FACT_FIELDS: Mapping[str, ValueType] = {
    "customer_id": "text",
    "account_id": "text",
    "first_seen": "datetime",
    "valid_from": "datetime",
}
#: Python's types of values that are as their type wants them already: most columns are, and need no look at each value.
_ALIKE: Mapping[ValueType, frozenset[type]] = {
    "text": frozenset((str, type(None))),
    "number": frozenset((float, type(None))),
    "boolean": frozenset((bool, type(None))),
}
_NOTHING: frozenset[type] = frozenset()
#: These the contract has read already.
_MOMENTS = frozenset(("time", "valid_from"))
#: A row's own facts, beside which a field of the same name takes another column, as in `quality.standardise`.
_BESIDE = {"source": "consent_source", "row_no": "row_number"}


def facts_table(engine: DuckDB, rows: Sequence[Row], kind: LoadKind, catalog: Catalog) -> Incoming:
    """Make the table of facts about customers or accounts; a value that is missing says nothing."""
    entity = "account" if kind == "accounts" else "customer"
    known = {name: info.type for name, info in catalog.traits.items() if info.entity == entity}
    others = {name for name, info in catalog.traits.items() if info.entity != entity}
    if others:
        rows = [{f"{entity}_{name}" if name in others else name: value for name, value in row.items()} for row in rows]
    return _table(engine, rows, kind, _FACT_FIELDS, known.get, MOST_TRAITS - len(known), is_partial=True)


def event_tables(engine: DuckDB, rows: Sequence[Row], catalog: Catalog) -> list[Incoming]:
    """Make the tables of events: one, and more only where two events give one property different types."""
    groups: list[tuple[dict[str, ValueType], list[Row]]] = []
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row["name"], []).append(row)
    for name, found in by_name.items():
        info = catalog.events.get(name)
        types = {} if info is None else {key: item.type for key, item in info.properties.items()}
        for group, members in groups:
            if all(group.get(key, kind) == kind for key, kind in types.items()):
                group.update(types)
                members += found
                break
        else:
            groups.append((types, list(found)))
    return [_table(engine, members, "events", _EVENT_FIELDS, types.get, MOST_PROPERTIES) for types, members in groups]


def _table(
    engine: DuckDB,
    rows: Sequence[Row],
    kind: LoadKind,
    own: Mapping[str, ValueType],
    known: Types,
    most_new: int,
    *,
    is_partial: bool = False,
) -> Incoming:
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if value is None:
                continue
            column = columns.get(name)
            if column is None:
                column = columns[name] = [None] * len(rows)
            column[number] = value
    fields, arrays, new = [], {}, 0
    for name, values in columns.items():
        wanted = own.get(name) or known(name)
        if wanted is None:
            new += 1
            if new > most_new:
                continue
            wanted = type_of(name, (value for value in values if value is not None))
        if wanted not in _ARROW:
            continue
        if name not in _MOMENTS and not _ALIKE.get(wanted, _NOTHING).issuperset(map(type, values)):
            values = [None if value is None else fitted(value, wanted) for value in values]
        arrays[_BESIDE.get(name, name)] = pa.array(values, _ARROW[wanted])
        fields.append(_field(name, wanted, is_own=name in own))
    return Incoming(
        load_kind=kind,
        table=_create(engine, arrays, {_BESIDE.get(item.name, item.name): item.type for item in fields}, len(rows)),
        rejected=_no_rejects(engine),
        fields=tuple(fields),
        sources=(SOURCE,),
        rows=len(rows),
        is_partial=is_partial,
    )


def _field(name: str, kind: ValueType, *, is_own: bool) -> IncomingField:
    if is_own:
        return IncomingField(name=name, column=name, type=kind, canonical=True)
    if name in TRAITS:
        return device_field(name, name)
    said = meaning(name)
    return IncomingField(
        name=name,
        column=name,
        type=kind,
        canonical=False,
        kind=said.kind,
        unit=said.unit if kind in ("integer", "number", "money") else None,
        format=said.format if kind == "text" else None,
        personal_data=said.personal_data,
        sensitive=said.sensitive,
    )


def _create(engine: DuckDB, arrays: Mapping[str, pa.Array], types: Mapping[str, ValueType], rows: int) -> str:
    name, given = free_name("incoming"), free_name("collected")
    engine.register(given, pa.table({"row_no": pa.array(range(1, rows + 1), pa.int64()), **arrays}))
    columns = "".join(
        f", CAST({identifier(column)} AS {COLUMN_TYPES[types[column]]}) AS {identifier(column)}" for column in arrays
    )
    try:
        engine.execute(f"CREATE TEMP TABLE {name} AS SELECT row_no, '{SOURCE}' AS source{columns} FROM {given}")
    finally:
        engine.unregister(given)
    return name


def _no_rejects(engine: DuckDB) -> str:
    name = free_name("rejected")
    engine.execute(
        f"CREATE TEMP TABLE {name} (source VARCHAR, row_no BIGINT, column_name VARCHAR, reason VARCHAR, raw VARCHAR)"
    )
    return name
