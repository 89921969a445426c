"""A workspace on Spark: the same commands, the same results; loading, runs and exports stay with the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from satsuma import Workspace
from satsuma.catalog import render_catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.engines.handing_over import ToSpark
from satsuma.engines.tables import MANIFEST
from small_tables import CATALOG, write_foreign

LINES = """order_id,customer_id,date,product,quantity,price,country
1,ann,2024-06-01,cup,2,10.00,FR
1,ann,2024-06-01,plate,1,5.50,FR
2,bob,2024-06-10,cup,1,10.00,DE
3,ann,2024-06-20,bowl,3,7.25,FR
4,cid,2024-01-05,cup,5,10.00,FR
"""
MORE = "order_id,customer_id,date,product,quantity,price,country\n5,bob,2024-06-25,bowl,40,7.25,DE\n"


def make(folder: Path, engine: str) -> Workspace:
    """Return a workspace with orders, ready-made definitions and an engine."""
    Workspace.create(folder, timezone="Europe/Paris", currency="EUR").close()
    settings = folder / "satsuma.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("engine: duckdb", f"engine: {engine}"), "utf-8")
    (folder / "lines.csv").write_text(LINES, encoding="utf-8")
    shop = Workspace.open(folder)
    shop.load(folder / "lines.csv", kind="order-lines")
    shop.suggest()
    return shop


def results(shop: Workspace, as_of: str) -> dict[str, Any]:
    """Return everything that a run found, but for how long it took."""
    facts = shop.run(as_of=as_of, now=datetime(2024, 7, 3)).as_dict()
    del facts["timings"], facts["engine"]
    members = {view.name: view.customer_ids() for view in shop.segments()}
    labels = {view.name: view.assignments().to_pylist() for view in shop.segmentations()}
    traits = {view.name: view.values().to_pylist() for view in shop.traits()}
    return {"facts": facts, "members": members, "labels": labels, "traits": traits}


@pytest.fixture
def shops(session: Any, tmp_path: Path) -> Iterator[tuple[Workspace, Workspace]]:
    spark = "{name: spark, master: 'local[2]'}"
    with make(tmp_path / "here", "duckdb") as here, make(tmp_path / "there", spark) as there:
        yield here, there


def test_a_run_on_spark_finds_what_a_run_on_duckdb_finds(shops: tuple[Workspace, Workspace]) -> None:
    here, there = (results(shop, "2024-07-01") for shop in shops)
    assert here["members"]
    assert here == there
    again = [shop.path / "lines.csv" for shop in shops]
    for shop, path in zip(shops, again, strict=True):
        path.write_text(MORE, encoding="utf-8")
        shop.load(path, kind="order-lines")
    here, there = (results(shop, "2024-07-02") for shop in shops)
    assert here == there, "what a later load brought is published, and changes have their causes"


def test_tables_are_published_once_and_read_again(shops: tuple[Workspace, Workspace]) -> None:
    _, there = shops
    assert there.run(as_of="2024-07-01").facts["engine"] == "spark"
    manifest = there.state / "tables" / MANIFEST
    before = manifest.stat().st_mtime_ns
    there.run(as_of="2024-07-02")
    assert manifest.stat().st_mtime_ns == before


def test_a_preview_on_spark_is_that_of_duckdb(shops: tuple[Workspace, Workspace]) -> None:
    text = "segment: cups\nwhere: {did: Order Completed, sum: {of: revenue, gte: 20}, within: 90d}\n"
    here, there = (shop.preview(text, as_of="2024-07-01").as_dict() for shop in shops)
    assert here == there
    assert here["size"] == 1


def to_spark(tables: Path) -> ToSpark:
    def unasked() -> Any:
        raise AssertionError("nothing had to be known")

    log = tables / "spark.log"
    return ToSpark(master=None, remote=None, settings={}, tables=str(tables), log=log, catalog=unasked)


def test_some_customers_are_read_from_the_warehouse_itself(warehouse: DuckDB, tmp_path: Path) -> None:
    warehouse.hand_over = to_spark(tmp_path)
    assert warehouse.evaluating(everybody=False) is warehouse
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_read_from_the_warehouse_where_the_tables_are_somebody_elses(
    session: Any, warehouse: DuckDB, tmp_path: Path
) -> None:
    (tmp_path / "customers").mkdir()
    people = warehouse.table("SELECT customer_no, customer_id FROM customers")
    pq.write_table(people, tmp_path / "customers" / "a.parquet")
    handed = to_spark(tmp_path)
    handed.catalog = lambda: CATALOG
    warehouse.hand_over = handed
    for everybody in (True, False):
        engine = warehouse.evaluating(everybody)
        assert engine.name == "spark"
        assert engine.value("SELECT count(*) FROM customers") == 3
    assert engine.evaluating(everybody=True) is engine


def test_a_workspace_on_tables_of_another_program_runs_explains_and_exports(session: Any, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    write_foreign(tables)
    Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR").close()
    settings = tmp_path / "shop" / "satsuma.yaml"
    spark = f"engine: {{name: spark, tables: '{tables}'}}"
    settings.write_text(settings.read_text(encoding="utf-8").replace("engine: duckdb", spark), "utf-8")
    (tmp_path / "shop" / "catalog.yaml").write_text(render_catalog(CATALOG), encoding="utf-8")
    rule = "segment: web\nwhere: {did: Order Completed, where: {prop: channel, eq: web}}\n"
    (tmp_path / "shop" / "segments" / "web.yaml").write_text(rule, encoding="utf-8")
    with Workspace.open(tmp_path / "shop") as shop:
        first = shop.run(as_of="2024-07-01")
        assert (first.facts["population"], first.facts["value"]) == (3, 30.5)
        found = shop.segment("web").customers(traits=["country", "spend", "tags"])
        assert found.to_pylist() == [
            {"customer_id": "ann", "country": "FR", "spend": Decimal("1.5000"), "tags": ["vip", "a'b\\c"]}
        ]
        again = shop.refresh(as_of="2024-07-02")
        assert "another program" in again.facts["refresh"]["full_run_because"]
        assert again.facts["population"] == 3
        until = shop.data_until()
        assert until is not None
        assert until.isoformat() == "2024-06-03T00:00:00+00:00"
