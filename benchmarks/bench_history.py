"""The past of a segment: who left it in the last 30 days, against one query per day, on the same table, in one run.

    python benchmarks/bench_history.py [--events 20000000] [--customers 1000000]

The segment has three conditions on events. Both sides must name the same customers; then a second run, as the one of the
next day, answers from the results of past days that the first has kept.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import made
import numpy as np

from satsuma.evaluation.columns import unpack
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked
from satsuma.language.durations import MICROSECONDS_PER_DAY, from_microseconds, microseconds
from satsuma.language.history import daily_points
from satsuma.language.moments import Moment
from satsuma.segments.history_cache import history_cache

DAYS = 30
SEGMENTS = [
    """segment: s0
where:
  all:
    - {did: Page Viewed, count: {gte: 2}, within: 90d, where: {prop: channel, eq: web}}
    - {not_did: Order Completed, within: 60d}
    - {did: Session Started, within: 30d}
""",
    f"segment: s1\nwhere: {{left: s0, within: {DAYS}d}}\n",
]
#: Who is in the segment at a moment, as a person would ask it.
SQL = """
    SELECT c.customer_no FROM customers c
    JOIN (SELECT customer_no FROM events WHERE name = 'Page Viewed' AND properties.channel::VARCHAR = 'web'
          AND time > {at} - INTERVAL 90 DAY AND time <= {at} GROUP BY 1 HAVING count(*) >= 2) v USING (customer_no)
    SEMI JOIN (SELECT customer_no FROM events WHERE name = 'Session Started'
               AND time > {at} - INTERVAL 30 DAY AND time <= {at}) s USING (customer_no)
    ANTI JOIN (SELECT customer_no FROM events WHERE name = 'Order Completed'
               AND time > {at} - INTERVAL 60 DAY AND time <= {at}) o USING (customer_no)
    WHERE c.first_seen <= {at}"""


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=20_000_000)
    arguments.add_argument("--customers", type=int, default=1_000_000)
    given = arguments.parse_args()
    engine = made.warehouse(given.events, given.customers)
    engine.create_schema()
    # What is kept names the load after which it was found; the made warehouse has none, and is left as it was.
    engine.execute("BEGIN")
    engine.execute("INSERT INTO loads VALUES (1, TIMESTAMP '2025-12-01', 'events', ['made'], '{}', '{}')")
    moment = Moment(microseconds(datetime.fromisoformat(made.AS_OF)), made.ZONE)
    found: dict[str, float] = {}

    def evaluated(label: str, checked: Checked, folder: Path | None = None) -> Evaluation:
        started = time.perf_counter()
        open_cache = None if folder is None else history_cache(engine, folder)
        evaluation = evaluate(engine, checked, AsOf(moment=moment), valued=False, open_cache=open_cache)
        found[label] = round(time.perf_counter() - started, 2)
        return evaluation

    checked = made.checked_segments(SEGMENTS)
    evaluated("the segment alone", made.checked_segments(SEGMENTS[:1]))
    points = daily_points(moment, moment.as_of - DAYS * MICROSECONDS_PER_DAY)
    evaluation = evaluated(f"{len(points)} points", checked)
    with tempfile.TemporaryDirectory() as folder:
        evaluated("and kept", checked, Path(folder))
        again = evaluated("from what was kept", checked, Path(folder))
    started = time.perf_counter()
    days = []
    for point in points:
        rows = engine.table(SQL.format(at=f"TIMESTAMP '{from_microseconds(point)}'"))
        days.append(np.zeros(evaluation.size, np.bool_))
        days[-1][rows.column(0).to_numpy()] = True
    left = np.logical_or.reduce([before & ~after for before, after in pairwise(days)])
    found["one query per point"] = round(time.perf_counter() - started, 2)
    same = all(np.array_equal(unpack(item.members["s1"], item.size), left & unpack(item.everybody, item.size))
               for item in (evaluation, again))  # fmt: skip
    engine.execute("ROLLBACK")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"left": int(left.sum()), "seconds": found, "same": same, "gigabytes": round(memory, 2)}))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
