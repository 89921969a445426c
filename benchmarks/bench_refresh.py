"""Refresh: 1,000 touched customers, 100 segments, 20 M events; against a full run of the same, and on more customers.

    python benchmarks/bench_refresh.py [--events 20000000] [--customers 1000000] [--segments 100] [--touched 100 1000 10000]

A refresh is timed from the definitions in memory to the committed run: membership, change log and files. Each time a
batch of new events is loaded for so many customers and the moment stays; then the moment moves on by an hour without
new events. The members after each refresh must be those of an evaluation of everybody.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import made

from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.bitmaps import bitmap
from satsuma.evaluation.run import evaluate
from satsuma.language.checker import Checked
from satsuma.language.types import Segment
from satsuma.segments.refresh import refresh_definitions
from satsuma.segments.run import as_of_moment, run_definitions
from satsuma.segments.store import RunStore

NOW = datetime.fromisoformat(made.AS_OF)


def add_events(engine: DuckDB, load: int, touched: int, customers: int) -> None:
    """Append two events each for some customers, as a load does: a run of its own behind the sorted part."""
    engine.execute(f"""
        INSERT INTO events (event_id, profile_no, customer_no, name, time, received_at, revenue, properties, load_id)
        SELECT md5_number('n{load}-' || i)::UUID, no, no, name, time, time,
               CASE WHEN name = 'Order Completed' THEN 25 END,
               {{'channel': 'web', 'category': 'c1'}}::VARIANT, {load}
        FROM (SELECT i, (hash(i // 2 + {load}) % {customers})::UINTEGER AS no,
                     ['Order Completed', 'Session Started'][1 + i % 2] AS name,
                     TIMESTAMP '2025-11-30' + to_microseconds(i) AS time FROM range({2 * touched}) r(i))
        ORDER BY name, no, time""")
    engine.execute("UPDATE warehouse_state SET value = 'false' WHERE key = 'events_sorted'")
    engine.execute(f"INSERT INTO loads VALUES ({load}, TIMESTAMP '2025-11-30', 'events', [], '{{}}', '{{}}')")


def equal(engine: DuckDB, checked: Checked, as_of: datetime, store: RunStore) -> bool:
    """Say whether the last run has the members that an evaluation of everybody finds."""
    found = evaluate(engine, checked, as_of_moment(checked, as_of, None))
    kept = store.required()
    return all(kept.members(name) == bitmap(found.members[name]) for name in checked.of(Segment))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--touched", type=int, nargs="*", default=[100, 1_000, 10_000])
    options = parser.parse_args()
    made.warehouse(options.events, options.customers).close()
    checked = made.checked_segments(made.random_segments(options.segments))
    with TemporaryDirectory(dir=made.FOLDER) as folder:
        root = Path(folder)
        (root / "lists").mkdir()
        shutil.copy(made.FOLDER / f"made_{options.events}_{options.customers}.duckdb", root / "warehouse.duckdb")
        engine = DuckDB(root / "warehouse.duckdb")
        engine.create_schema()
        engine.execute("INSERT INTO loads VALUES (1, TIMESTAMP '2025-11-30', 'events', [], '{}', '{}')")
        common = {"now": NOW, "clock": lambda: NOW, "root": root}
        start = time.perf_counter()
        run_definitions(engine, checked, as_of=NOW, known_at=None, **common)
        full = time.perf_counter() - start
        store = RunStore(engine, root / "state")
        load, as_of, wrong = 1, NOW, False
        for step, touched in [*(("load", count) for count in options.touched), ("hour", 0)]:
            load += 1
            if step == "load":
                add_events(engine, load, touched, options.customers)
            else:
                as_of += timedelta(hours=1)
            start = time.perf_counter()
            outcome = refresh_definitions(engine, checked, as_of=as_of, **common)
            seconds = time.perf_counter() - start
            is_equal = equal(engine, checked, as_of, store)
            wrong |= not is_equal
            print(json.dumps({
                "step": step, "segments": options.segments, "events": options.events, **outcome.facts["refresh"],
                "refresh_s": round(seconds, 3), "full_run_s": round(full, 2), "ratio": round(full / seconds, 1),
                "steps": outcome.facts["timings"], "equal": is_equal,
            }))  # fmt: skip
        engine.close()
    if wrong:
        sys.exit("A refresh differs from a full run.")


if __name__ == "__main__":
    main()
