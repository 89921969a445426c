"""A load is whole or not at all, leaves its records, and keeps the events in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import NotFound, SourceError
from satsuma.landing import store
from satsuma.landing.load import load_files, retry_quarantine
from satsuma.landing.outcome import LoadOutcome

Load = Callable[..., LoadOutcome]
NOW = datetime(2026, 1, 1)
DAY = datetime(2025, 3, 1)


def order(number: int, **more: Any) -> dict[str, Any]:
    return {
        "order_id": str(number),
        "customer_id": f"c{number % 7}",
        "time": DAY,
        "revenue": Decimal(number + 1),
        **more,
    }


def is_in_order(engine: DuckDB) -> bool:
    rows = engine.rows("SELECT name, customer_no, time, event_id FROM events")
    key = [(name, number is None, number, when, str(event)) for name, number, when, event in rows]
    return key == sorted(key)


def test_the_outcome_has_the_keys_of_the_contract(load: Load) -> None:
    facts = load("orders", [order(1), order(2, customer_id=None)]).as_dict()
    assert {key: facts[key] for key in ("rows", "loaded", "unchanged", "updated", "quarantined", "anonymous")} == {
        "rows": 2,
        "loaded": 2,
        "unchanged": 0,
        "updated": 0,
        "quarantined": 0,
        "anonymous": 1,
    }
    assert facts["classes"] == {"purchased": 1, "returned": 0, "free": 0, "anonymous": 1}
    assert facts["mapping"]["revenue"] == "Revenue"


def test_a_dry_run_answers_and_changes_nothing(engine: DuckDB, load: Load) -> None:
    outcome = load("orders", [order(1)], dry_run=True)
    assert outcome.is_dry_run
    assert outcome.landed.loaded == 1
    for table in ("events", "orders", "customers", "profiles", "loads", "warehouse_state"):
        assert engine.value(f"SELECT count(*) FROM {table}") == 0


def test_a_load_that_fails_leaves_everything_as_it_was(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "a", "age": 1}])
    with pytest.raises(SourceError):
        load("customers", [{"customer_id": "b", "city": "Rome", "age": 1.5}])
    assert "city" not in engine.columns("customers")
    assert engine.value("SELECT count(*) FROM customers") == 1


def test_events_stay_in_order_over_many_loads(engine: DuckDB, load: Load) -> None:
    for start in range(0, 60, 20):
        load("orders", [order(number) for number in reversed(range(start, start + 20))])
        assert is_in_order(engine)
        assert store.state(engine, "events_sorted") == "true"


def test_a_tail_is_said_and_merged_when_it_has_grown(
    engine: DuckDB, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SMALL_TABLE", 0)
    load("orders", [order(number) for number in range(40)])
    load("orders", [order(number) for number in range(40, 45)])
    assert store.state(engine, "events_sorted") == "false"
    load("orders", [order(number) for number in range(45, 60)])
    assert store.state(engine, "events_sorted") == "true"
    assert is_in_order(engine)
    assert engine.value("SELECT count(*) FROM events") == 60
    assert store.state(engine, "events_rows") == "60"


def test_a_table_with_fewer_rows_than_were_counted_is_never_rewritten(engine: DuckDB, load: Load) -> None:
    load("orders", [order(1)])
    store.set_state(engine, "events_rows", "7")
    with pytest.raises(Exception, match="holds 2 rows where 8 were counted"):
        load("orders", [order(2)])
    assert engine.value("SELECT count(*) FROM events") == 1


def test_large_and_small_parts_of_one_load_are_all_readable_at_once(engine: DuckDB) -> None:
    # An empty, a large and a small sorted insert in one transaction once hid the large one until the commit.
    engine.execute(
        """CREATE TEMP TABLE made AS SELECT i + 1 AS row_no, 'a.csv' AS source, i::VARCHAR AS order_id,
        'x' AS product_id, TIMESTAMP '2025-01-01' AS time, 'c' || i % 999 AS customer_id, 1.0 AS quantity,
        CASE WHEN i % 5000 = 0 THEN 0 ELSE 2 END::DECIMAL(18,4) AS unit_price FROM range(300000) r(i)"""
    )
    engine.execute(
        "CREATE TEMP TABLE refused (source VARCHAR, row_no BIGINT, column_name VARCHAR, reason VARCHAR, raw VARCHAR)"
    )
    from satsuma.landing.writing import land_incoming
    from satsuma.quality.incoming import Incoming, IncomingField

    fields = tuple(
        IncomingField(name=name, column=name, type="text", canonical=True)
        for name in ("order_id", "product_id", "time", "customer_id", "quantity", "unit_price")
    )
    incoming = Incoming(
        load_kind="order-lines", table="made", rejected="refused", fields=fields, sources=("a.csv",), rows=300000
    )
    land_incoming(engine, incoming, now=NOW)
    assert dict(engine.rows("SELECT name, count(*) FROM events GROUP BY 1")) == {
        "Order Completed": 299940,
        "Product Purchased": 299940,
        "Product Received": 60,
    }


def test_rows_that_cannot_be_read_wait_and_can_be_tried_again(engine: DuckDB, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,time,revenue\n1,a,2025-01-01,10\n2,b,,20\n3,c,soon,5\n4,d,2025-02-02,7\n")
    outcome = load_files(engine, [file], "orders", now=NOW)
    assert (outcome.rows, outcome.landed.loaded, outcome.quarantined) == (4, 2, 2)
    load_files(engine, [file], "orders", now=NOW)
    assert engine.value("SELECT count(*) FROM quarantine") == 2
    again = retry_quarantine(engine, outcome.load_id, now=NOW, overrides={"time": "=2025-01-05"})
    assert (again.landed.loaded, again.quarantined) == (2, 0)
    assert engine.value("SELECT count(*) FROM quarantine WHERE settled_at IS NULL") == 0
    with pytest.raises(NotFound, match="No row of load 1 waits"):
        retry_quarantine(engine, outcome.load_id, now=NOW)


_LOADER = """
    import sys
    from datetime import datetime
    from pathlib import Path
    from satsuma.engines.duckdb import DuckDB
    from satsuma.landing.load import load_files

    engine = DuckDB(Path(sys.argv[1]))
    print("ready", flush=True)
    load_files(engine, [sys.argv[2]], "order-lines", now=datetime(2026, 1, 1))
    print("done", flush=True)
"""


def test_a_load_that_is_killed_leaves_the_warehouse_as_before(tmp_path: Path) -> None:
    path, first, second = tmp_path / "warehouse.duckdb", tmp_path / "first.csv", tmp_path / "second.csv"
    header = "order_id,customer_id,time,product_id,quantity,unit_price\n"
    first.write_text(header + "".join(f"{n},c{n % 9},2025-01-01,p{n % 5},1,2\n" for n in range(200)))
    second.write_text(header + "".join(f"{n},c{n % 99},2025-01-02,p{n % 5},2,2\n" for n in range(40_000)))
    engine = DuckDB(path)
    engine.create_schema()
    load_files(engine, [first], "order-lines", now=NOW)
    before = engine.rows("SELECT * EXCLUDE (properties) FROM events ORDER BY ALL")
    engine.close()
    done = 0
    for delay in (0.3, 0.6, 0.9, 1.2, 1.6):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_LOADER), str(path), str(second)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        rest, _ = process.communicate()
        engine = DuckDB(path)
        loads = engine.value("SELECT count(*) FROM loads")
        events = engine.rows("SELECT * EXCLUDE (properties) FROM events ORDER BY ALL")
        engine.close()
        if loads == 2:
            done += 1
            break
        assert "done" not in rest
        assert events == before
    if not done:
        engine = DuckDB(path)
        load_files(engine, [second], "order-lines", now=NOW)
        engine.close()
    engine = DuckDB(path)
    assert engine.value("SELECT count(*) FROM orders") == 40_000
    assert (
        engine.value("SELECT sum(revenue) FROM events WHERE name = 'Order Completed' AND superseded_at IS NULL")
        == 160_000
    )
    engine.close()
