"""Daily files of Google Analytics' export are events of people, whatever form they were written in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.landing.load import load_files
from satsuma.landing.outcome import LoadOutcome

START = 1_793_350_800_000_001
NOW = datetime(2026, 11, 2)


def event(name: str, after: int = 0, *, user: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a row of the export. more : its parameters, and `items`."""
    items = more.pop("items", [])
    order = more.get("transaction_id")
    return {
        "event_date": "20261030", "event_timestamp": START + after, "event_name": name,
        "event_params": [{"key": key, "value": _typed(value)} for key, value in more.items()],
        "event_bundle_sequence_id": 7, "event_value_in_usd": None, "user_id": user, "user_pseudo_id": "77.17",
        "device": {"category": "mobile", "operating_system": "iOS", "language": "fr",
                   "web_info": {"browser": "Safari", "hostname": "shop.example.com"}},
        "geo": {"city": "Lyon", "country": "France", "region": "(not set)"},
        "traffic_source": {"name": None, "medium": "email", "source": "autumn"}, "platform": "WEB",
        "ecommerce": {"transaction_id": order, "purchase_revenue": more.get("value") if name == "purchase" else None},
        "items": [{"item_id": key, "item_name": f"Fruit {key}", "price": price, "quantity": quantity}
                  for key, quantity, price in items],
    }  # fmt: skip


def _typed(value: Any) -> dict[str, Any]:
    return {
        "string_value": value if isinstance(value, str) else None,
        "int_value": value if isinstance(value, int) else None,
        "float_value": None,
        "double_value": value if isinstance(value, float) else None,
    }


DAY = [
    event("page_view", page_location="https://shop.example.com/", ga_session_id=12),
    # Two things in one bundle, a microsecond apart.
    event("view_item", 1, items=[("P1", 1, 6.0)]),
    event("view_item", 2, user="C1", items=[("P2", 1, 9.5)]),
    event("view_item_list", 3, items=[("P1", 1, 6.0), ("P2", 1, 9.5)]),
    event("purchase", 9, user="C1", transaction_id="T1", value=21.5, currency="EUR",
          items=[("P1", 2, 6.0), ("P2", 1, 9.5)]),
    event("refund", 99, user="C1", transaction_id="T0", value=5.0, items=[("P1", 1, 6.0)]),
]  # fmt: skip


@pytest.fixture
def warehouse(engine: DuckDB) -> DuckDB:
    engine.create_schema()
    return engine


def write(folder: Path, form: str, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / f"events_20261030.{form}"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(list(rows)), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def load(warehouse: DuckDB, path: Path) -> LoadOutcome:
    return load_files(warehouse, [path], "events", now=NOW)


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_a_day_of_the_export_becomes_events_to_the_microsecond(warehouse: DuckDB, tmp_path: Path, form: str) -> None:
    load(warehouse, write(tmp_path, form, DAY))
    moment = datetime(2026, 10, 30, 9, 0, 0, 2)
    assert warehouse.rows(
        "SELECT time, product_id, customer_no IS NULL FROM events WHERE name = 'Product Viewed' ORDER BY time"
    ) == [(moment, "P1", True), (moment.replace(microsecond=3), "P2", False)]
    assert warehouse.row(
        """SELECT properties.page_location, properties.browser, properties.traffic_medium, properties.region
        FROM events WHERE name = 'Page Viewed'"""
    ) == ("https://shop.example.com/", "Safari", "email", None)
    assert warehouse.rows("SELECT kind, profile_key FROM profiles ORDER BY 1") == [
        ("anonymous_id", "77.17"), ("customer_id", "C1"),
    ]  # fmt: skip
    assert warehouse.value("SELECT product_id FROM events WHERE name = 'view_item_list'") is None
    # A purchase is an order known by its lines.
    assert warehouse.rows(
        """SELECT name, order_id, product_id, quantity, revenue FROM events WHERE order_id IS NOT NULL
        ORDER BY name, product_id"""
    ) == [
        ("Order Completed", "T1", None, Decimal(3), Decimal("21.5")),
        ("Order Refunded", "T0", "P1", Decimal(1), Decimal(5)),
        ("Product Purchased", "T1", "P1", Decimal(2), Decimal(12)),
        ("Product Purchased", "T1", "P2", Decimal(1), Decimal("9.5")),
    ]


def test_purchases_of_products_without_ids_are_orders_in_sum(warehouse: DuckDB, tmp_path: Path) -> None:
    nameless = event("purchase", 20, transaction_id="T2", value=4.0, items=[(None, 1, 4.0), ("P1", 1, 6.0)])
    load(warehouse, write(tmp_path, "json", [*DAY, nameless]))
    assert warehouse.rows(
        "SELECT order_id, revenue FROM events WHERE name = 'Order Completed' ORDER BY order_id"
    ) == [("T1", Decimal("21.5")), ("T2", Decimal(4))]  # fmt: skip


def test_the_same_day_again_adds_nothing(warehouse: DuckDB, tmp_path: Path) -> None:
    load(warehouse, write(tmp_path, "json", DAY))
    before = warehouse.value("SELECT count(*) FROM events")
    load(warehouse, write(tmp_path, "parquet", DAY))
    assert warehouse.value("SELECT count(*) FROM events") == before


def test_another_file_of_events_is_read_as_ever(warehouse: DuckDB, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("event_name,event_timestamp,user_id\npage_view,2026-10-30T09:00:00Z,C1\n")
    assert not any("Analytics" in note for note in load(warehouse, path).notes)
    assert warehouse.value("SELECT time FROM events") == datetime(2026, 10, 30, 9)
