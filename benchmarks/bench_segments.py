"""Segments: the plan against one hand-written SQL query per segment, on the same table, in one run.

    python benchmarks/bench_segments.py [--events 20000000] [--customers 1000000] [--segments 100 1000] [--queries 100]

The hand-written side is what an analyst writes: one query per segment with one EXISTS or aggregate per condition joined
to the customers. For many segments a random sample of queries is timed and scaled up (said in the outcome); the sizes
of every sampled segment must be equal.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import made

from satsuma.evaluation.bitmaps import serialise
from satsuma.evaluation.columns import count_bits
from satsuma.evaluation.run import Timings, evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.types import EventLeaf, Group, Segment, TraitLeaf


@dataclass(frozen=True)
class Spelling:
    """What a person writes otherwise on another engine.

    ago : a moment so many microseconds before AS_OF. events : the table of an event name and the condition that picks
    it. text : a property as text. absent : the condition that a customer is not among those of a query.
    """

    ago: Callable[[int], str]
    events: Callable[[str], tuple[str, list[str]]]
    text: Callable[[str], str]
    absent: Callable[[str], str]


DUCKDB = Spelling(
    ago=lambda back: f"TIMESTAMP '{made.AS_OF}' - to_microseconds({back})",
    events=lambda event: ("events", [f"name = '{event}'"]),
    text=lambda name: f"properties.{name}::VARCHAR",
    absent=lambda found: f"c.customer_no NOT IN ({found})",
)


def query(segment: Segment, spelling: Spelling = DUCKDB) -> str:
    """Return the SQL that a person would write for a segment."""
    where = segment.where
    parts = [_condition(leaf, spelling) for leaf in (where.conditions if isinstance(where, Group) else [where])]
    word = " AND " if isinstance(where, Group) and where.word == "all" else " OR "
    return f"SELECT customer_no FROM customers c WHERE first_seen <= TIMESTAMP '{made.AS_OF}' AND ({word.join(parts)})"


def _condition(leaf: object, spelling: Spelling) -> str:
    if isinstance(leaf, TraitLeaf):
        operand = leaf.test.operand
        if leaf.test.operator == "in":
            return f"c.{leaf.trait} IN ({', '.join(repr(item) for item in operand)})"
        if leaf.test.operator == "neq":
            return f"c.{leaf.trait} <> '{operand}'"
        if leaf.test.operator == "between":
            return f"c.{leaf.trait} BETWEEN {operand[0]} AND {operand[1]}"
        return f"c.{leaf.trait} >= {operand}"
    assert isinstance(leaf, EventLeaf)
    measure = leaf.measure
    window = measure.window
    table, picked = spelling.events(measure.event)
    where = [
        *picked,
        f"time > {spelling.ago(window.oldest)}",
        f"time <= {spelling.ago(window.newest)}",
        "superseded_at IS NULL",
    ]
    if measure.where is not None:
        test = measure.where.test
        texts = (test.operand,) if isinstance(test.operand, str) else test.operand
        where.append(f"{spelling.text(measure.where.property)} IN ({', '.join(repr(text) for text in texts)})")
    aggregate = "count(*)" if measure.aggregate == "count" else f"sum({measure.of})"
    operator = {"gte": ">=", "lte": "<=", "eq": "="}[leaf.test.operator]
    found = f"SELECT customer_no FROM {table} WHERE {' AND '.join(where)} GROUP BY customer_no"
    # Counts include zero: "at most 3" is everybody but those with more.
    if leaf.test.operator in ("lte", "eq"):
        return spelling.absent(f"{found} HAVING NOT ({aggregate} {operator} {leaf.test.operand})")
    return f"c.customer_no IN ({found} HAVING {aggregate} {operator} {leaf.test.operand})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--queries", type=int, default=100, help="how many hand-written queries to time at most")
    options = parser.parse_args()
    engine = made.warehouse(options.events, options.customers)
    moment = Moment(microseconds(datetime.fromisoformat(made.AS_OF)), made.ZONE)
    for count in options.segments:
        texts = made.random_segments(count)
        start = time.perf_counter()
        checked = made.checked_segments(texts)
        check_seconds = time.perf_counter() - start
        timings = Timings()
        start, cpu = time.perf_counter(), time.process_time()
        evaluation = evaluate(engine, checked, AsOf(moment=moment), timings=timings)
        blobs = {name: serialise(bits) for name, bits in evaluation.members.items()}
        plan_seconds, plan_cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        segments = list(checked.of(Segment).values())
        sampled = random.Random(1).sample(segments, min(options.queries, count))
        start, cpu = time.perf_counter(), time.process_time()
        sizes = {item.name: engine.value(f"SELECT count(*) FROM ({query(item)})") for item in sampled}
        scale = count / len(sampled)
        hand_seconds = (time.perf_counter() - start) * scale
        hand_cpu = (time.process_time() - cpu) * scale
        wrong = [name for name, size in sizes.items() if size != count_bits(evaluation.members[name])]
        print(
            json.dumps(
                {
                    "segments": count,
                    "events": options.events,
                    "customers": options.customers,
                    "check_s": round(check_seconds, 2),
                    "plan_s": round(plan_seconds, 2),
                    "plan_cpu_s": round(plan_cpu, 2),
                    "hand_written_s": round(hand_seconds, 2),
                    "hand_written_cpu_s": round(hand_cpu, 2),
                    "hand_written_timed": len(sampled),
                    "ratio": round(hand_seconds / plan_seconds, 1),
                    "bitmaps_mb": round(sum(map(len, blobs.values())) / 1e6, 1),
                    "peak_gib": round(peak, 2),
                    "steps": {step: round(seconds, 2) for step, seconds in timings.steps.items()},
                    "sizes_equal": not wrong,
                }
            )
        )
        if wrong:
            sys.exit(f"{len(wrong)} segments differ from their query: {wrong[:5]}")


if __name__ == "__main__":
    main()
