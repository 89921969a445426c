"""Publishing: what stands in the files, what is written again and when, and whose tables are left alone."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.engines.layout import event_columns, event_folder, property_column
from satsuma.engines.tables import MANIFEST, Tables, current_tables, is_foreign, publish
from satsuma.errors import WorkspaceError
from satsuma.landing import store
from small_tables import CATALOG

ORDERS, PAGES = "Order Completed", "Page / Viewed: 100%"


def load(warehouse: DuckDB, load_id: int, name: str = ORDERS, customer: int = 2) -> None:
    """Append one event as a load does."""
    warehouse.execute(
        f"""INSERT INTO events (event_id, customer_no, name, time, received_at, load_id)
        VALUES (uuid(), {customer}, '{name}', TIMESTAMP '2024-06-05', TIMESTAMP '2024-06-05', {load_id})"""
    )
    warehouse.execute(f"INSERT INTO loads VALUES ({load_id}, TIMESTAMP '2024-06-06', 'events', [], '{{}}', '{{}}')")


def folders(tables: Tables) -> dict[str, str]:
    return {**tables.tables, **{name: table.folder for name, table in tables.events.items()}}


def test_events_stand_in_order_with_typed_properties(warehouse: DuckDB, tmp_path: Path) -> None:
    tables = publish(warehouse, CATALOG, tmp_path)
    rows = pq.read_table(tables.path(tables.events[ORDERS].folder)).to_pylist()
    assert [row["customer_no"] for row in rows] == [0, 0, 1]
    assert [row["event_id"][-1] for row in rows] == [1, 2, 4]
    assert [row["channel"] for row in rows] == ["a'b\\c", "web", None]
    assert [row["n"] for row in rows] == [Decimal("2.500000"), Decimal("0.100000"), Decimal("-1.000000")]
    assert rows[1]["due"] == date(2024, 7, 1)
    assert rows[1]["time"] == datetime(2024, 6, 2)
    assert rows[1]["time_"] == 5, "a property that is called like a column of all events steps aside"
    assert tables.events[ORDERS].rows == 3


def test_customers_and_their_log_stand_as_spark_reads_them(warehouse: DuckDB, tmp_path: Path) -> None:
    warehouse.execute(
        """INSERT INTO trait_changes (entity, entity_no, trait, old_value, new_value, valid_from, known_at)
        SELECT 'customer', 0, *, TIMESTAMP '2024-06-01', TIMESTAMP '2024-06-01' FROM (VALUES
        ('tags', '[a, b]', '[]'), ('home', NULL, '{''lat'': 1.5, ''lon'': 2.0}'), ('country', 'BE', 'FR'))"""
    )
    tables = publish(warehouse, CATALOG, tmp_path)
    people = pq.read_table(tables.path(tables.tables["customers"])).to_pylist()
    assert [(row["customer_no"], row["customer_id"], row["country"]) for row in people] == [
        (0, "ann", "FR"), (1, "bob", None), (2, "cid", "DE"),
    ]  # fmt: skip
    log = {row["trait"]: row for row in pq.read_table(tables.path(tables.tables["trait_changes"])).to_pylist()}
    assert json.loads(log["tags"]["old_value"]) == ["a", "b"]
    assert json.loads(log["tags"]["new_value"]) == []
    assert json.loads(log["home"]["new_value"]) == {"lat": 1.5, "lon": 2.0}
    assert log["home"]["old_value"] is None
    assert log["country"]["new_value"] == "FR"


def test_nothing_is_written_while_nothing_changed(warehouse: DuckDB, tmp_path: Path) -> None:
    first = publish(warehouse, CATALOG, tmp_path)
    assert publish(warehouse, CATALOG, tmp_path) == first
    assert current_tables(warehouse, CATALOG, str(tmp_path)) == first


def test_a_load_writes_the_events_again_that_it_touched(warehouse: DuckDB, tmp_path: Path) -> None:
    before = folders(publish(warehouse, CATALOG, tmp_path))
    load(warehouse, 2)
    after = publish(warehouse, CATALOG, tmp_path)
    assert after.events[ORDERS].rows == 4
    assert folders(after)[ORDERS] != before[ORDERS]
    assert folders(after)[PAGES] == before[PAGES]
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_dir()} - {"events"}
    assert kept == set(folders(after).values()), "what no manifest names is swept"


def test_a_correction_touches_the_name_that_it_supersedes(warehouse: DuckDB, tmp_path: Path) -> None:
    before = folders(publish(warehouse, CATALOG, tmp_path))
    warehouse.execute(f"UPDATE events SET superseded_at = TIMESTAMP '2024-06-06' WHERE name = '{PAGES}'")
    warehouse.execute(f"INSERT INTO supersessions VALUES (2, 0, '{PAGES}', TIMESTAMP '2024-06-01')")
    load(warehouse, 2)
    after = publish(warehouse, CATALOG, tmp_path)
    assert folders(after)[PAGES] != before[PAGES]
    rows = pq.read_table(after.path(after.events[PAGES].folder)).to_pylist()
    assert [row["superseded_at"] for row in rows] == [datetime(2024, 6, 6)]


def test_a_changed_catalogue_writes_only_the_events_that_it_changes(warehouse: DuckDB, tmp_path: Path) -> None:
    before = folders(publish(warehouse, CATALOG, tmp_path))
    info = EventInfo(properties={"page.name": PropertyInfo(type="integer")})
    after = publish(warehouse, replace(CATALOG, events={**CATALOG.events, PAGES: info}), tmp_path)
    assert folders(after)[PAGES] != before[PAGES]
    assert folders(after)[ORDERS] == before[ORDERS]
    assert pq.read_table(after.path(after.events[PAGES].folder)).column("page.name").to_pylist() == [None]


def test_an_erased_customer_has_all_events_written_again(warehouse: DuckDB, tmp_path: Path) -> None:
    before = folders(publish(warehouse, CATALOG, tmp_path))
    warehouse.execute("UPDATE customers SET erased_at = TIMESTAMP '2024-06-06' WHERE customer_no = 0")
    after = folders(publish(warehouse, CATALOG, tmp_path))
    assert not set(before.values()) & set(after.values())


def test_a_damaged_manifest_or_a_lost_folder_is_written_anew(warehouse: DuckDB, tmp_path: Path) -> None:
    first = publish(warehouse, CATALOG, tmp_path)
    (tmp_path / MANIFEST).write_text("{", encoding="utf-8")
    second = publish(warehouse, CATALOG, tmp_path)
    assert second.events[ORDERS].rows == first.events[ORDERS].rows
    for path in (tmp_path / second.events[ORDERS].folder).iterdir():
        path.unlink()
    (tmp_path / second.events[ORDERS].folder).rmdir()
    third = publish(warehouse, CATALOG, tmp_path)
    assert pq.read_table(third.path(third.events[ORDERS].folder)).num_rows == 3


def test_what_a_crash_left_is_no_table_and_is_swept(warehouse: DuckDB, tmp_path: Path) -> None:
    draft = tmp_path / "events" / ".0000-order_completed-000001.draft"
    draft.mkdir(parents=True)
    (tmp_path / "customers-000001").mkdir()
    tables = publish(warehouse, CATALOG, tmp_path)
    assert not draft.exists()
    assert not (tmp_path / "customers-000001").exists()
    assert all((tmp_path / folder).is_dir() for folder in folders(tables).values())


def test_a_failed_publication_leaves_the_tables_of_before(
    warehouse: DuckDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish(warehouse, CATALOG, tmp_path)
    load(warehouse, 2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("satsuma.engines.tables._write_events", full)
    with pytest.raises(WorkspaceError, match="No space left") as caught:
        publish(warehouse, CATALOG, tmp_path)
    assert "still stands" in caught.value.hint
    monkeypatch.undo()
    assert all((tmp_path / folder).is_dir() for folder in folders(first).values())
    assert json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))["state"] == first.state


def test_large_events_are_cut_by_ranges_of_customers(
    warehouse: DuckDB, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for load_id in range(2, 30):
        load(warehouse, load_id, customer=load_id % 3)
    monkeypatch.setattr("satsuma.engines.tables.FILE_ROWS", 10)
    tables = publish(warehouse, CATALOG, tmp_path)
    files = sorted((tmp_path / tables.events[ORDERS].folder).iterdir())
    numbers = [pq.read_table(path).column("customer_no").to_pylist() for path in files]
    assert len(files) > 1
    assert sum(map(len, numbers)) == tables.events[ORDERS].rows == 31
    assert all(max(left) < min(right) for left, right in itertools.pairwise(numbers))


def test_an_unsorted_warehouse_is_published_sorted(warehouse: DuckDB, tmp_path: Path) -> None:
    load(warehouse, 2, customer=0)
    store.set_state(warehouse, "events_sorted", "false")
    tables = publish(warehouse, CATALOG, tmp_path)
    rows = pq.read_table(tables.path(tables.events[ORDERS].folder)).to_pylist()
    keys = [(row["customer_no"], row["time"], row["event_id"]) for row in rows]
    assert keys == sorted(keys)


def test_events_of_nobody_and_names_without_events_are_not_published(warehouse: DuckDB, tmp_path: Path) -> None:
    warehouse.execute("UPDATE events SET customer_no = NULL WHERE customer_no = 1")
    warehouse.execute(f"DELETE FROM events WHERE name = '{PAGES}'")
    tables = publish(warehouse, CATALOG, tmp_path)
    assert list(tables.events) == [ORDERS]
    assert tables.events[ORDERS].rows == 2


def test_an_empty_warehouse_is_published(tmp_path: Path) -> None:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    tables = publish(warehouse, Catalog(), tmp_path)
    assert tables.events == {}
    assert pq.read_table(tables.path(tables.tables["customers"])).num_rows == 0
    warehouse.close()


@pytest.mark.parametrize("root", ["s3a://bucket/tables", "hdfs://name:8020/tables"])
def test_tables_behind_an_address_are_somebody_elses(root: str) -> None:
    assert is_foreign(root)


def test_a_folder_with_tables_and_no_manifest_is_left_alone(warehouse: DuckDB, tmp_path: Path) -> None:
    (tmp_path / "customers").mkdir()
    tables = current_tables(warehouse, CATALOG, str(tmp_path))
    assert tables.state is None
    assert tables.tables["consents"] == "consents"
    assert tables.events[PAGES].folder == "events/name=Page %2F Viewed%3A 100%25"
    assert [path.name for path in tmp_path.iterdir()] == ["customers"]


def test_names_that_are_taken_step_aside() -> None:
    assert [property_column(name) for name in ("channel", "time", "time_", "name", "revenue_")] == [
        "channel", "time_", "time__", "name_", "revenue__",
    ]  # fmt: skip
    assert event_folder("Order Completed") == "events/name=Order Completed"


def test_what_is_read_of_a_product_is_no_column_of_the_event() -> None:
    info = EventInfo(
        properties={"brand": PropertyInfo(type="text", source="products"), "n": PropertyInfo(type="number")}
    )
    catalog = Catalog(events={"Seen": info})
    assert event_columns(catalog, "Seen", {"brand": "VARCHAR"}) == {"n": ("n", "DECIMAL(18,6)")}
    assert set(event_columns(catalog, "Seen", {})) == {"brand", "n"}
