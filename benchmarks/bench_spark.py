"""Segments on Spark: the plan against the same segments as hand-written Spark SQL, on the same Parquet tables, in one run.

    python benchmarks/bench_spark.py [--events 5000000] [--customers 250000] [--segments 100] [--queries 100]

The hand-written side is one query per segment, on the typed table of each event name that publishing makes (it need not
pick its event out of all, nor take a property out of a VARIANT). Both run in one session on two processors, after a run
of each that is not counted. The sizes of every segment must be equal, and its members those of DuckDB.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

import made
import numpy as np
from bench_segments import Spelling, query

from satsuma.engines.spark import Spark
from satsuma.engines.spark_session import open_session
from satsuma.engines.tables import publish
from satsuma.evaluation.columns import count_bits
from satsuma.evaluation.run import Timings, evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.types import Segment

AT = datetime.fromisoformat(made.AS_OF)


def spelling(spark: Spark) -> Spelling:
    """Return what a person writes on Spark; a moment as a literal, so that files are skipped."""
    return Spelling(
        ago=lambda back: f"TIMESTAMP_NTZ '{AT - timedelta(microseconds=back)}'",
        events=lambda event: (spark.events(event), []),
        text=lambda name: name,
        # NOT IN would have to think of nulls.
        absent=lambda found: f"NOT EXISTS (SELECT 1 FROM ({found}) f WHERE f.customer_no = c.customer_no)",
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--customers", type=int, default=250_000)
    parser.add_argument("--segments", type=int, default=100)
    parser.add_argument("--queries", type=int, default=100, help="how many hand-written queries to time at most")
    options = parser.parse_args()
    warehouse = made.warehouse(options.events, options.customers)
    # One that was made before a table was added has it made now.
    warehouse.create_schema()
    folder = made.FOLDER / f"tables_{options.events}_{options.customers}"
    start = time.perf_counter()
    tables = publish(warehouse, made.CATALOG, folder)
    publish_seconds = time.perf_counter() - start
    log = Path(tempfile.gettempdir()) / "satsuma-bench-spark.log"
    spark = Spark(open_session("local[2]", None, {"spark.driver.memory": "4g"}, log), tables, made.CATALOG)
    checked = made.checked_segments(made.random_segments(options.segments))
    as_of = AsOf(moment=Moment(microseconds(AT), made.ZONE))
    segments = checked.of(Segment)
    chosen = random.Random(1).sample(list(segments.values()), min(options.queries, options.segments))
    written = {item.name: f"SELECT count(*) FROM ({query(item, spelling(spark))})" for item in chosen}

    def planned() -> tuple[float, dict[str, int], Timings]:
        timings = Timings()
        start = time.perf_counter()
        evaluation = evaluate(spark, checked, as_of, timings=timings)
        seconds = time.perf_counter() - start
        for name, bits in here.members.items():
            assert np.array_equal(bits, evaluation.members[name]), name
        return seconds, {name: count_bits(bits) for name, bits in evaluation.members.items()}, timings

    def by_hand(names: list[str]) -> tuple[float, dict[str, int]]:
        start = time.perf_counter()
        sizes = {name: int(spark.value(written[name])) for name in names}
        return time.perf_counter() - start, sizes

    here = evaluate(warehouse, checked, as_of)
    # Not counted: Spark compiles what it runs first.
    cold, *_ = planned()
    by_hand(list(written)[:10])
    plan_seconds, hand_seconds = [], []
    for _ in range(2):
        seconds, sizes, timings = planned()
        plan_seconds.append(seconds)
        seconds, counted = by_hand(list(written))
        hand_seconds.append(seconds * options.segments / len(written))
    wrong = [name for name, size in counted.items() if size != sizes[name]]
    ratio = statistics.mean(hand_seconds) / statistics.mean(plan_seconds)
    print(
        json.dumps(
            {
                "segments": options.segments,
                "events": options.events,
                "customers": options.customers,
                "publish_s": round(publish_seconds, 2),
                "plan_first_s": round(cold, 2),
                "plan_s": [round(seconds, 2) for seconds in plan_seconds],
                "hand_written_s": [round(seconds, 2) for seconds in hand_seconds],
                "hand_written_timed": len(written),
                "ratio": round(ratio, 1),
                "peak_gib_of_this_process": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
                "steps": {step: round(seconds, 2) for step, seconds in timings.steps.items()},
                "sizes_equal": not wrong,
                "members_equal_duckdb": True,
            }
        )
    )
    if wrong:
        sys.exit(f"{len(wrong)} segments differ from their query: {wrong[:5]}")
    if ratio < 1:
        sys.exit(f"The plan took {1 / ratio:.1f} times as long as the queries by hand.")


if __name__ == "__main__":
    main()
