"""Sequences: compiled, against the join that a person would write for each, on the same table, in one run.

    python benchmarks/bench_sequences.py [--events 20000000] [--customers 1000000]

The abandoned cart refers to an earlier step (an order of the same category), the funnel has three steps and refers to
nothing, and the third asks more than that something is the same. Both sides must name the same customers.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import datetime

import made
import numpy as np

from satsuma.evaluation.columns import unpack
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment

AT = f"TIMESTAMP '{made.AS_OF}'"
_ROWS = "(SELECT customer_no, time, event_id, properties.category::VARCHAR AS category, properties.channel::VARCHAR AS channel FROM events WHERE name = '{name}' AND superseded_at IS NULL AND time <= {at})"

SEQUENCES = {
    "abandoned cart": (
        """
      match: any
      steps:
        - {did: Product Added, as: cart, within: 7d}
        - not_did: Order Completed
          within: 24h
          where: {prop: category, eq: {ref: cart.category}}""",
        """SELECT DISTINCT a.customer_no FROM {added} a
           WHERE a.time > {at} - INTERVAL 7 DAY AND a.time + INTERVAL 24 HOUR <= {at} AND NOT EXISTS (
               SELECT 1 FROM {ordered} o WHERE o.customer_no = a.customer_no AND o.category = a.category
               AND (o.time, o.event_id) > (a.time, a.event_id) AND o.time <= a.time + INTERVAL 24 HOUR)""",
    ),
    "three steps": (
        """
      steps:
        - {did: Product Viewed}
        - {did: Product Added, within: 24h}
        - {did: Order Completed, within: 7d}""",
        """SELECT DISTINCT v.customer_no FROM {viewed} v
           JOIN {added} a ON a.customer_no = v.customer_no AND (a.time, a.event_id) > (v.time, v.event_id)
                         AND a.time <= v.time + INTERVAL 24 HOUR
           JOIN {ordered} o ON o.customer_no = a.customer_no AND (o.time, o.event_id) > (a.time, a.event_id)
                         AND o.time <= a.time + INTERVAL 7 DAY""",
    ),
    "another channel": (
        """
      match: last
      steps:
        - {did: Product Added, as: cart}
        - {did: Order Completed, within: 30d, where: {prop: channel, neq: {ref: cart.channel}}}""",
        """SELECT DISTINCT a.customer_no FROM (
               SELECT *, row_number() OVER (PARTITION BY customer_no ORDER BY time DESC, event_id DESC) AS back
               FROM {added}) a
           JOIN {ordered} o ON o.customer_no = a.customer_no AND o.channel <> a.channel
                         AND (o.time, o.event_id) > (a.time, a.event_id) AND o.time <= a.time + INTERVAL 30 DAY
           WHERE a.back = 1""",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args()
    engine = made.warehouse(options.events, options.customers)
    moment = Moment(microseconds(datetime.fromisoformat(made.AS_OF)), made.ZONE)
    names = {"viewed": "Product Viewed", "added": "Product Added", "ordered": "Order Completed"}
    tables = {key: _ROWS.format(name=name, at=AT) for key, name in names.items()}
    for name, (steps, sql) in SEQUENCES.items():
        checked = made.checked_segments([f"segment: s0\nwhere:\n  sequence:{steps}\n"])
        start, cpu = time.perf_counter(), time.process_time()
        evaluation = evaluate(engine, checked, AsOf(moment=moment), definitions=checked.ordered)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        found = unpack(evaluation.members["s0"], evaluation.size)
        start, cpu = time.perf_counter(), time.process_time()
        numbers = engine.table(sql.format(at=AT, **tables)).column(0).to_numpy()
        hand_seconds, hand_cpu = time.perf_counter() - start, time.process_time() - cpu
        wanted = np.zeros(evaluation.size, np.bool_)
        wanted[numbers] = True
        wanted &= evaluation.population
        outcome = {
            "sequence": name,
            "events": options.events,
            "customers": options.customers,
            "members": int(found.sum()),
            "seconds": round(seconds, 2),
            "cpu_s": round(cpu_seconds, 2),
            "hand_written_s": round(hand_seconds, 2),
            "hand_written_cpu_s": round(hand_cpu, 2),
            "ratio": round(hand_seconds / seconds, 1),
            "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
            "members_equal": bool(np.array_equal(found, wanted)),
        }
        print(json.dumps(outcome), flush=True)
        if not outcome["members_equal"]:
            sys.exit(f"The sequence '{name}' differs from its query: {int((found ^ wanted).sum())} customers.")


if __name__ == "__main__":
    main()
