"""Stored segments: loading bitmaps, overlaps, differences, and reading, checking and planning definitions.

    python benchmarks/bench_stored.py [--events 2000000] [--customers 1000000] [--segments 1000]

The other side is SQL over a table of memberships (segment, customer_no), as a tool without bitmaps keeps them; the
matrix of overlaps is timed there for a sample of rows and scaled up (said in the outcome).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import made
import numpy as np
import pyarrow as pa

from satsuma.evaluation.plan import plan_measures
from satsuma.segments.difference import overlap
from satsuma.segments.run import run_definitions
from satsuma.segments.store import RunStore

NOW = datetime.fromisoformat(made.AS_OF)
SQL_SEGMENTS = 50


def best(function: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Return the shortest of some durations in seconds, and the last result."""
    shortest, found = float("inf"), None
    for _ in range(times):
        start = time.perf_counter()
        found = function()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest, found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=1_000)
    options = parser.parse_args()
    engine = made.warehouse(options.events, options.customers)
    engine.create_schema()
    texts = made.random_segments(options.segments)

    def planned() -> Any:
        checked = made.checked_segments(texts)
        plan_measures(checked.ordered, made.CATALOG)
        return checked

    plan_s, checked = best(planned, 2)
    with TemporaryDirectory(dir=made.FOLDER) as folder:
        root = Path(folder)
        (root / "lists").mkdir()
        run_definitions(engine, checked, as_of=NOW, known_at=None, now=NOW, clock=lambda: NOW, root=root)
        store = RunStore(engine, root / "state")
        names = store.required().segment_names()

        def load() -> list[Any]:
            run = store.required()
            return [run.members(name) for name in names]

        load_s, sets = best(load)
        run = store.required()
        pair_s, _ = best(lambda: overlap(run, names[:2]))
        difference_s, _ = best(lambda: sets[0] - sets[1])
        five_s, _ = best(lambda: sets[0] & sets[1] & sets[2] & sets[3] & sets[4])

        def matrix() -> np.ndarray[Any, Any]:
            found = np.zeros((len(sets), len(sets)), np.int64)
            for row, first in enumerate(sets):
                for column in range(row, len(sets)):
                    found[row, column] = found[column, row] = first.intersection_cardinality(sets[column])
            return found

        matrix_s, counts = best(matrix, 1)
        chosen = sets[:SQL_SEGMENTS]
        rows = pa.table({
            "segment": np.repeat(np.arange(len(chosen), dtype=np.int32), [len(item) for item in chosen]),
            "customer_no": np.concatenate([np.array(item.to_array(), np.uint32) for item in chosen]),
        })  # fmt: skip
        engine.register("memberships_arrow", rows)
        engine.execute("CREATE OR REPLACE TEMP TABLE memberships AS SELECT * FROM memberships_arrow")
        sql_pair_s, (shared,) = best(lambda: engine.row(
            "SELECT count(*) FROM memberships a JOIN memberships b USING (customer_no) WHERE a.segment = 0 AND b.segment = 1"
        ))  # fmt: skip
        sql_matrix_s, found = best(lambda: engine.rows(
            "SELECT a.segment, b.segment, count(*) FROM memberships a JOIN memberships b USING (customer_no) GROUP BY ALL"
        ), 1)  # fmt: skip
        is_equal = shared == counts[0, 1] and all(counts[a, b] == count for a, b, count in found)
        print(json.dumps({
            "segments": len(names), "customers": options.customers, "read_check_plan_s": round(plan_s, 2),
            "load_bitmaps_s": round(load_s, 3), "overlap_of_two_ms": round(pair_s * 1e3, 2),
            "overlap_of_two_sql_ms": round(sql_pair_s * 1e3, 2), "difference_ms": round(difference_s * 1e3, 2),
            "five_way_ms": round(five_s * 1e3, 2), "matrix_s": round(matrix_s, 2),
            "matrix_sql_s": round(sql_matrix_s * (len(names) / SQL_SEGMENTS) ** 2, 1), "matrix_sql_timed": SQL_SEGMENTS,
            "equal": bool(is_equal),
        }))  # fmt: skip
    if not is_equal:
        sys.exit("Overlaps differ from SQL.")


if __name__ == "__main__":
    main()
