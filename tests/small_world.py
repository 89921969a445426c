"""Small warehouses made from plain values, evaluated by the engine and by the specification."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pyarrow as pa

import satsuma.segments.methods  # registers how labels are given
import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.catalog import COLUMN_TYPES, Catalog, ValueType
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.evaluation.bitmaps import bitmap
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import TABLES
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import ReadDefinitions, check_all, read_text
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.places import Area
from satsuma.language.reference import Account, Customer, Event, World
from satsuma.language.types import Entity, Segment, Segmentation, Trait

UTC_ZONE = ZoneInfo("UTC")

#: Columns that `events` has by itself; every other property stands in `properties`.
EVENT_COLUMNS = ("revenue", "order_id", "product_id", "quantity")

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "money": pa.decimal128(18, 4),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "list": pa.list_(pa.string()),
    "location": pa.struct([("lat", pa.float64()), ("lon", pa.float64())]),
}


def moment_of(text: str, zone: ZoneInfo = UTC_ZONE) -> Moment:
    """Return the moment of an ISO time, in UTC where it names no zone."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return Moment(microseconds(at.astimezone(UTC).replace(tzinfo=None)), zone)


def read(definitions: Mapping[str, Any] | Iterable[tuple[str, Any]], zone: ZoneInfo = UTC_ZONE) -> ReadDefinitions:
    """Read definitions given as the values of their files: `{"segments/a": {"where": ...}, "traits/b": ...}`."""
    pairs = definitions.items() if isinstance(definitions, Mapping) else definitions
    parts = []
    for path, body in pairs:
        folder, name = path.split("/")
        kind: Any = folder.removesuffix("s")
        text = body if isinstance(body, str) else json.dumps({kind: name, **body}, ensure_ascii=False)
        parts.append(read_text(text, kind, file=f"{path}.yaml", stem=name, zone=zone))
    return ReadDefinitions(
        definitions=tuple(item for part in parts for item in part.definitions),
        documents={name: document for part in parts for name, document in part.documents.items()},
        problems=tuple(problem for part in parts for problem in part.problems),
        broken=tuple(key for part in parts for key in part.broken),
    )


def checked(
    definitions: Mapping[str, Any] | Iterable[tuple[str, Any]],
    catalog: Catalog,
    zone: ZoneInfo = UTC_ZONE,
    lists: Iterable[str] = (),
    regions: Mapping[str, Area] | None = None,
    purposes: Iterable[str] = (),
) -> Checked:
    """Read and check definitions."""
    vocabulary = Vocabulary(
        catalog=catalog, zone=zone, lists=frozenset(lists), regions=regions or {}, purposes=frozenset(purposes)
    )
    return check_all(read(definitions, zone), vocabulary)


def fill(
    engine: DuckDB, catalog: Catalog, customers: Sequence[Customer], accounts: Sequence[Account] = (), *,
    is_sorted: bool = True,
) -> None:  # fmt: skip
    """Replace what a warehouse holds: customer number i is the i-th customer, all its events are inserted in order."""
    for table in ("customers", "events", "trait_changes", "consents", "accounts", "account_members", "warehouse_state"):
        engine.execute(f"DROP TABLE IF EXISTS {table}")
    engine.create_schema()
    if is_sorted:
        engine.execute("INSERT INTO warehouse_state VALUES ('events_sorted', 'true')")
    _insert_people(engine, catalog, "customer", customers)
    _insert_people(engine, catalog, "account", accounts)
    _insert_members(engine, customers, accounts)
    _insert_consents(engine, customers)
    _insert_events(engine, catalog, customers, is_sorted=is_sorted)


def _insert_people(engine: DuckDB, catalog: Catalog, entity: Entity, people: Sequence[Customer]) -> None:
    """Insert customers or accounts with their loaded traits."""
    table, number, id_ = TABLES[entity]
    types = {name: info.type for name, info in catalog.traits.items() if info.entity == entity}
    for name, type_ in types.items():
        engine.execute(f"ALTER TABLE {table} ADD COLUMN {identifier(name)} {COLUMN_TYPES[type_]}")
    columns: dict[str, pa.Array] = {
        number: pa.array(range(len(people)), pa.uint32()),
        id_: pa.array([item.id for item in people], pa.string()),
        **{
            name: pa.array([getattr(item, name) for item in people], pa.timestamp("us"))
            for name in ("first_seen", "arrived_at", "described_at")
        },
    }
    if entity == "customer":
        erased = [datetime(2020, 1, 1) if item.is_erased else None for item in people]
        columns["erased_at"] = pa.array(erased, pa.timestamp("us"))
    for name, type_ in types.items():
        columns[name] = pa.array([_stored(item.traits.get(name), type_) for item in people], ARROW_TYPES[type_])
    _append(engine, table, columns)
    for name, type_ in types.items():
        _insert_changes(engine, entity, name, type_, people)


def _insert_changes(
    engine: DuckDB, entity: Entity, trait: str, type_: ValueType, people: Sequence[Customer]
) -> None:  # fmt: skip
    """Insert the changes of one trait as the log has them: as texts; of those alike the later one was loaded later."""
    every = [(place, item) for place, person in enumerate(people) for item in person.trait_changes]
    rows = [(place, item) for place, item in every if item.trait == trait]
    if not rows:
        return
    changes = [item for _, item in rows]
    engine.register("incoming_changes", pa.table({
        "entity_no": pa.array([place for place, _ in rows], pa.uint32()),
        "old": pa.array([_stored(item.old, type_) for item in changes], ARROW_TYPES[type_]),
        "new": pa.array([_stored(item.new, type_) for item in changes], ARROW_TYPES[type_]),
        "valid_from": pa.array([item.valid_from for item in changes], pa.timestamp("us")),
        "known_at": pa.array([item.known_at or datetime.min for item in changes], pa.timestamp("us")),
        "load_id": pa.array(range(1, len(rows) + 1), pa.int64()),
    }))  # fmt: skip
    engine.execute(
        "INSERT INTO trait_changes (entity, entity_no, trait, old_value, new_value, valid_from, known_at, load_id) "
        f"SELECT '{entity}', entity_no, '{trait}', CAST(old AS VARCHAR), CAST(new AS VARCHAR), valid_from, known_at, "
        "load_id FROM incoming_changes"
    )
    engine.unregister("incoming_changes")


def _stored(value: Any, type_: ValueType) -> Any:
    """Return a value of a trait as Arrow takes it."""
    return dict(zip(("lat", "lon"), value, strict=True)) if type_ == "location" and value is not None else value


def _insert_members(engine: DuckDB, customers: Sequence[Customer], accounts: Sequence[Account]) -> None:
    places = {person.id: number for number, person in enumerate(customers)}
    linked = [(number, places[who]) for number, account in enumerate(accounts) for who in sorted(account.members)]
    _append(engine, "account_members", {
        "account_no": pa.array([account for account, _ in linked], pa.uint32()),
        "customer_no": pa.array([customer for _, customer in linked], pa.uint32()),
    })  # fmt: skip


def _insert_consents(engine: DuckDB, customers: Sequence[Customer]) -> None:
    decided = [(number, item) for number, person in enumerate(customers) for item in person.consents]
    _append(engine, "consents", {
        "customer_no": pa.array([number for number, _ in decided], pa.uint32()),
        "purpose": pa.array([item.purpose for _, item in decided], pa.string()),
        "status": pa.array([item.status for _, item in decided], pa.string()),
        "time": pa.array([item.time for _, item in decided], pa.timestamp("us")),
        "received_at": pa.array([item.received_at for _, item in decided], pa.timestamp("us")),
    })  # fmt: skip


def _append(engine: DuckDB, table: str, columns: Mapping[str, pa.Array]) -> None:
    """Append rows to a table by the names of its columns."""
    engine.register("incoming_rows", pa.table(dict(columns)))
    names = ", ".join(identifier(name) for name in columns)
    engine.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM incoming_rows")
    engine.unregister("incoming_rows")


def _insert_events(engine: DuckDB, catalog: Catalog, customers: Sequence[Customer], *, is_sorted: bool) -> None:
    rows = [(number, event) for number, customer in enumerate(customers) for event in customer.events]
    if is_sorted:
        rows.sort(key=lambda row: (row[1].name, row[0], row[1].time, row[1].event_id))
    else:
        # Any order but the stored one: by event id, which knows nothing of customers and times.
        rows.sort(key=lambda row: row[1].event_id)
    for name, info in catalog.events.items():
        _insert_named(engine, [row for row in rows if row[1].name == name], {
            key: item.type for key, item in info.properties.items()
        })  # fmt: skip


def _insert_named(engine: DuckDB, rows: list[tuple[int, Event]], types: Mapping[str, ValueType]) -> None:
    if not rows:
        return
    events = [event for _, event in rows]
    columns: dict[str, pa.Array] = {
        "event_id": pa.array([str(UUID(event.event_id)) for event in events], pa.string()),
        "customer_no": pa.array([number for number, _ in rows], pa.uint32()),
        "name": pa.array([event.name for event in events], pa.string()),
        "time": pa.array([event.time for event in events], pa.timestamp("us")),
        "received_at": pa.array([event.received_at or event.time for event in events], pa.timestamp("us")),
        "superseded_at": pa.array([event.superseded_at for event in events], pa.timestamp("us")),
        "revenue": pa.array([event.properties.get("revenue") for event in events], ARROW_TYPES["money"]),
        "load_id": pa.array([1] * len(events), pa.int64()),
    }
    own = {name: type_ for name, type_ in types.items() if name not in EVENT_COLUMNS}
    extra = {
        f"p_{number}": pa.array([event.properties.get(name) for event in events],
                                pa.decimal128(18, 6) if type_ == "number" else ARROW_TYPES[type_])
        for number, (name, type_) in enumerate(own.items())
    }  # fmt: skip
    engine.register("incoming_events", pa.table({**columns, **extra}))
    packed = ", ".join(f"{identifier(name)} := p_{number}" for number, name in enumerate(own))
    properties = f"CAST(struct_pack({packed}) AS VARIANT)" if own else "CAST(NULL AS VARIANT)"
    names = ", ".join(columns)
    values = names.replace("event_id", "CAST(event_id AS UUID)", 1)
    engine.execute(
        f"INSERT INTO events ({names}, properties) SELECT {values}, {properties} FROM incoming_events"
    )  # fmt: skip
    engine.unregister("incoming_events")


def run(engine: DuckDB, definitions: Checked, moment: Moment, **options: Any) -> Evaluation:
    """Evaluate everything that was checked; `known_at` in microseconds is an option of its own."""
    known_at = options.pop("known_at", None)
    if engine.hand_over is not None:
        engine.hand_over.catalog = definitions.vocabulary.catalog  # type: ignore[attr-defined]  on_spark.OnSpark
    return evaluate(engine, definitions, AsOf(moment=moment, known_at=known_at), **options)


def member_ids(evaluation: Evaluation, customers: Sequence[Customer], segment: str) -> set[str]:
    """Return the ids of a segment's members."""
    return {customers[number].id for number in bitmap(evaluation.members[segment])}


def world_of(
    definitions: Checked, moment: Moment, customers: Sequence[Customer], *, known_at: int | None = None,
    lists: Mapping[str, frozenset[str]] | None = None, accounts: Sequence[Account] = (),
) -> World:  # fmt: skip
    """Return the world in which the specification answers for the same definitions."""
    traits: dict[str, Trait] = definitions.of(Trait)
    segments: dict[str, Segment] = definitions.of(Segment)
    segmentations: dict[str, Segmentation] = definitions.of(Segmentation)
    return World(
        moment=moment,
        catalog=definitions.vocabulary.catalog,
        known_at=known_at,
        customers=customers,
        accounts=accounts,
        measures={name: trait.measure for name, trait in traits.items() if trait.measure is not None},
        segments={name: segment.where for name, segment in segments.items()},
        rules={name: item.settings for name, item in segmentations.items() if item.method == "rules"},
        lists=lists or {},
        scales={name: trait.settings for name, trait in traits.items() if trait.way == "scale"},
    )
