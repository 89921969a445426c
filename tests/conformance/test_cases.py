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
from satsuma.language.reading_conditions import AGGREGATES_OF, AGGREGATES_TIME, LEAF_KEYS
from satsuma.language.reference import Customer, Event
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
        traits = file.get("traits", {})
        properties = file.get("properties", {})
        self.catalog = Catalog(
            traits={name: TraitInfo(type=type_) for name, type_ in traits.items()},
            events={
                "Order Completed": EventInfo(
                    properties={name: PropertyInfo(type=type_) for name, type_ in properties.items()}
                )
            },
        )
        self.customers = []
        number = 0
        for row in file["customers"]:
            events = []
            for order in row.get("orders", []):
                number += 1
                given = {
                    name: Decimal(str(order[name])) if type_ == "number" else typed(order[name], type_)
                    for name, type_ in {"revenue": "money", **properties}.items()
                    if order.get(name) is not None
                }
                at = typed(order["time"], "datetime")
                events.append(Event(name="Order Completed", time=at, event_id=UUID(int=number).hex, properties=given))
            self.customers.append(
                Customer(
                    id=row["id"],
                    traits={name: typed(row.get(name), type_) for name, type_ in traits.items()},
                    events=events,
                    first_seen=typed(row.get("first_seen"), "datetime"),
                )
            )

    def views(self, engine: DuckDB) -> None:
        """Make the views that a person's SQL reads: `people`, and `orders` as they stood at the moment."""
        named = self.catalog.events["Order Completed"].properties
        sql_types = {"number": "DECIMAL(18,6)", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE",
                     "text": "VARCHAR", "datetime": "TIMESTAMP", "money": "DECIMAL(18,4)"}  # fmt: skip
        columns = "".join(
            f", CAST(variant_extract(properties, '{name}') AS {sql_types[info.type]}) AS {identifier(name)}"
            for name, info in named.items()
        )
        engine.execute(
            f"CREATE OR REPLACE TEMP VIEW orders AS SELECT customer_no, time, revenue{columns} FROM events "
            f"WHERE name = 'Order Completed' AND time <= make_timestamp({self.moment.as_of})"
        )
        engine.execute(f"CREATE OR REPLACE TEMP MACRO now_() AS make_timestamp({self.moment.as_of})")
        engine.execute(f"CREATE OR REPLACE TEMP MACRO today_() AS DATE '{self.moment.today}'")


@pytest.fixture(scope="module")
def tables(engine: DuckDB) -> Iterator[dict[str, Table]]:
    yield {name: Table(file) for name, file in FILES.items()}
    engine.execute("DROP VIEW IF EXISTS orders")


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_case_has_its_expected_customers(
    engine: DuckDB, tables: dict[str, Table], name: str, case: Mapping[str, Any]
) -> None:
    table = tables[name]
    expected = set(case["expect"])
    files: dict[str, Any] = {f"segments/{key}": {"where": where} for key, where in case.get("segments", {}).items()}
    files |= {f"traits/{key}": body for key, body in case.get("computed", {}).items()}
    definitions = checked({**files, "segments/asked": {"where": case["where"]}}, table.catalog, table.zone)
    fill(engine, table.catalog, table.customers)
    evaluation = run(engine, definitions, table.moment)
    assert member_ids(evaluation, table.customers, "asked") == expected
    world = world_of(definitions, table.moment, table.customers)
    where = definitions.of(Segment)["asked"].where
    formulas = any("formula" in body for body in case.get("computed", {}).values())
    if not formulas:
        assert {person.id for person in table.customers if reference.holds(where, person, world)} == expected
    if "sql" in case:
        table.views(engine)
        rows = engine.rows(f"SELECT customer_id FROM customers c WHERE {case['sql']}")
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
    "word", [*OPERATORS, *AGGREGATES_OF, *AGGREGATES_TIME, *PERIOD_AGGREGATES, "count", *LEAF_KEYS, "percentile"]
)
def test_every_word_of_the_language_has_a_case(word: str) -> None:
    if word in ("list", "segmentation"):
        pytest.skip("needs a file of a workspace; tested with lists and with methods")
    used = {key for file in FILES.values() for case in file["cases"] for key in _keys(case["where"])}
    assert word in used
