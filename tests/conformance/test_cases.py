"""Each operator and leaf on a small table: the engine, the specification and the SQL a person would write agree.

A case file in `cases/` holds a small table, and cases: a condition, whom it should hold, and (where SQL says the same)
a condition on the views `customers` and `orders` that DuckDB answers by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.documents import read_file
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.language import reference
from satsuma.language.operators import OPERATORS
from satsuma.language.places import Area
from satsuma.language.reading_conditions import AGGREGATES_OF, AGGREGATES_TIME, LEAF_KEYS
from satsuma.language.reading_habits import HABITS
from satsuma.language.reading_history import HISTORY_WORDS
from satsuma.language.reading_places import ring_of
from satsuma.language.reading_windows import CALENDAR_KEYS
from satsuma.language.reference import Account, Consent, Customer, Event, TraitChange
from satsuma.language.types import PERIOD_AGGREGATES, Segment
from small_world import checked, fill, member_ids, moment_of, run, world_of

FOLDER = Path(__file__).parent / "cases"
FILES: dict[str, Any] = {path.stem: read_file(path).value for path in sorted(FOLDER.glob("*.yaml"))}
CASES = [pytest.param(name, case, id=f"{name}: {case['it']}") for name, file in FILES.items() for case in file["cases"]]


def typed(value: Any, type_: str) -> Any:
    """Return a value of a case file as the warehouse holds it."""
    if value is None:
        return None
    if type_ == "money":
        return Decimal(str(value))
    if type_ == "list":
        return tuple(value)
    if type_ == "location":
        return tuple(map(float, value))
    if type_ == "date":
        return value if isinstance(value, date) else date.fromisoformat(value)
    if type_ == "datetime":
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return value


class Table:
    """The small table of one case file."""

    def __init__(self, file: Mapping[str, Any]) -> None:
        self.zone = ZoneInfo(file.get("zone", "UTC"))
        self.moment = moment_of(file["as_of"])
        self.moment = type(self.moment)(self.moment.as_of, self.zone)
        traits, account_traits = file.get("traits", {}), file.get("account_traits", {})
        properties = file.get("properties", {})
        self.catalog = Catalog(
            traits={
                **{name: TraitInfo(type=type_) for name, type_ in traits.items()},
                **{name: TraitInfo(type=type_, entity="account") for name, type_ in account_traits.items()},
            },
            events={
                event: EventInfo(properties={name: PropertyInfo(type=type_) for name, type_ in known.items()})
                for event, known in {"Order Completed": properties, **file.get("events", {})}.items()
            },
        )
        self.customers = []
        number = 0
        for row in file["customers"]:
            events = []
            for item in [*row.get("orders", []), *row.get("events", [])]:
                number += 1
                event = item.get("did", "Order Completed")
                known = {name: info.type for name, info in self.catalog.events[event].properties.items()}
                given = {
                    name: Decimal(str(item[name])) if type_ == "number" else typed(item[name], type_)
                    for name, type_ in {"revenue": "money", **known}.items()
                    if item.get(name) is not None
                }
                at = typed(item["time"], "datetime")
                events.append(Event(name=event, time=at, event_id=UUID(int=number).hex, properties=given))
            self.customers.append(
                Customer(
                    id=row["id"],
                    traits={name: typed(row.get(name), type_) for name, type_ in traits.items()},
                    events=events,
                    first_seen=typed(row.get("first_seen"), "datetime"),
                    trait_changes=[
                        TraitChange(
                            trait=item["trait"],
                            old=typed(item.get("from"), traits[item["trait"]]),
                            new=typed(item.get("to"), traits[item["trait"]]),
                            valid_from=typed(item["at"], "datetime"),
                            known_at=typed(item.get("known", item["at"]), "datetime"),
                        )
                        for item in row.get("changes", [])
                    ],
                    consents=[
                        Consent(
                            purpose=item["purpose"],
                            status=item["status"],
                            time=typed(item["time"], "datetime"),
                            received_at=typed(item.get("received_at", item["time"]), "datetime"),
                        )
                        for item in row.get("consents", [])
                    ],
                )
            )
        self.accounts = [
            Account(
                id=row["id"],
                traits={name: typed(row.get(name), type_) for name, type_ in account_traits.items()},
                members=frozenset(row.get("members", [])),
                first_seen=typed(row.get("first_seen"), "datetime"),
            )
            for row in file.get("accounts", [])
        ]
        rings = {name: [[ring_of(ring)[0] for ring in polygon] for polygon in polygons]
                 for name, polygons in file.get("regions", {}).items()}  # fmt: skip
        self.names: dict[str, Any] = {
            "regions": {name: Area.of(polygons, name) for name, polygons in rings.items()},
            "purposes": file.get("purposes", []),
        }

    def views(self, engine: DuckDB) -> None:
        """Make the views that a person's SQL reads as they stood at the moment: `happened`, of which `orders`."""
        named = {name: info for event in self.catalog.events.values() for name, info in event.properties.items()}
        sql_types = {"number": "DECIMAL(18,6)", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE",
                     "text": "VARCHAR", "datetime": "TIMESTAMP", "money": "DECIMAL(18,4)"}  # fmt: skip
        columns = "".join(
            f", CAST(variant_extract(properties, '{name}') AS {sql_types[info.type]}) AS {identifier(name)}"
            for name, info in named.items()
        )
        engine.execute(
            f"CREATE OR REPLACE TEMP VIEW happened AS SELECT name, customer_no, time, revenue{columns} FROM events "
            f"WHERE time <= make_timestamp({self.moment.as_of})"
        )
        engine.execute("CREATE OR REPLACE TEMP VIEW orders AS FROM happened WHERE name = 'Order Completed'")
        engine.execute(f"CREATE OR REPLACE TEMP MACRO now_() AS make_timestamp({self.moment.as_of})")
        engine.execute(f"CREATE OR REPLACE TEMP MACRO today_() AS DATE '{self.moment.today}'")


@pytest.fixture(scope="module")
def tables(engine: DuckDB) -> Iterator[dict[str, Table]]:
    yield {name: Table(file) for name, file in FILES.items()}
    engine.execute("DROP VIEW IF EXISTS orders")
    engine.execute("DROP VIEW IF EXISTS happened")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_has_its_expected_customers(
    engine: DuckDB, tables: dict[str, Table], name: str, case: Mapping[str, Any]
) -> None:
    table = tables[name]
    expected = set(case["expect"])
    files: dict[str, Any] = {f"segments/{key}": {"where": where} for key, where in case.get("segments", {}).items()}
    files |= {f"traits/{key}": body for key, body in case.get("computed", {}).items()}
    files |= {f"segmentations/{key}": body for key, body in case.get("segmentations", {}).items()}
    entity = case.get("entity", "customer")
    files["segments/asked"] = {"entity": entity, "where": case["where"]}
    definitions = checked(files, table.catalog, table.zone, **table.names)
    fill(engine, table.catalog, table.customers, table.accounts)
    known_at = moment_of(case["known_at"]).as_of if "known_at" in case else None
    evaluation = run(engine, definitions, table.moment, known_at=known_at)
    world = world_of(definitions, table.moment, table.customers, accounts=table.accounts, known_at=known_at)
    world = world if entity == "customer" else reference.of_accounts(world)
    assert member_ids(evaluation.of(entity), world.customers, "asked") == expected
    where = definitions.of(Segment)["asked"].where
    formulas = any("formula" in body for body in case.get("computed", {}).values())
    if not formulas:
        assert {person.id for person in world.customers if reference.holds(where, person, world)} == expected
    if "sql" in case:
        table.views(engine)
        rows = engine.rows(f"SELECT {entity}_id FROM {entity}s c WHERE {case['sql']}")
        assert {row[0] for row in rows} == expected


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


@pytest.mark.parametrize(
    "word",
    [*OPERATORS, *AGGREGATES_OF, *AGGREGATES_TIME, *PERIOD_AGGREGATES, *HABITS, *CALENDAR_KEYS, "count", *LEAF_KEYS,
     *HISTORY_WORDS, "percentile"],
)  # fmt: skip
def test_every_word_of_the_language_has_a_case(word: str) -> None:
    if word == "list":
        pytest.skip("needs a file of a workspace; tested with lists")
    used = {key for file in FILES.values() for case in file["cases"] for key in _keys(case["where"])}
    assert word in used
