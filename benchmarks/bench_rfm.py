"""RFM from the table of events to a label for each customer: Satsuma, hand-written DuckDB SQL and pandas, in one run.

    python benchmarks/bench_rfm.py [--orders 10000000] [--customers 1000000]

All three read the same orders, score by value thresholds with ties together (mid-rank, five groups) and name the ten
segments of the RF grid; the sizes of the segments must be equal.
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

from satsuma.catalog import Catalog, EventInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.segments import methods  # noqa: F401  registers the methods

RFM = "segmentation: rfm\nmethod: rfm\nevent: Order Completed\nvalue: revenue\nscores: 5\n"
CATALOG = Catalog(events={"Order Completed": EventInfo()})

#: The names of the RF grid: recency scores, frequency scores, name; the first that fits.
NAMES = (
    ("1,2", "1,2", "Hibernating"), ("1,2", "3,4", "At risk"), ("1,2", "5", "Can't lose"), ("3", "1,2", "About to sleep"),
    ("3", "3", "Need attention"), ("3,4", "4,5", "Loyal"), ("4", "1", "Promising"), ("5", "1", "New"),
    ("4,5", "2,3", "Potential loyalist"), ("5", "4,5", "Champions"),
)  # fmt: skip

SCORE = """least(5, 1 + floor(5 * (rank() OVER (ORDER BY {0}) - 1
           + (count(*) OVER (PARTITION BY {0})) / 2.0) / count(*) OVER ()))"""


def query() -> str:
    """Return the SQL that an analyst would write."""
    cases = " ".join(f"WHEN r IN ({r}) AND f IN ({f}) THEN '{n.replace(chr(39), chr(39) * 2)}'" for r, f, n in NAMES)
    return f"""
        WITH base AS (
            SELECT customer_no, (epoch_us(TIMESTAMP '{made.AS_OF}') - epoch_us(max(time))) // 86400000000 AS recency, count(*) AS frequency, sum(revenue) AS monetary
            FROM events WHERE name = 'Order Completed' AND time <= TIMESTAMP '{made.AS_OF}' AND superseded_at IS NULL
            GROUP BY customer_no),
        scored AS (SELECT customer_no, {SCORE.format("-recency")} AS r, {SCORE.format("frequency")} AS f,
                          {SCORE.format("monetary")} AS m FROM base)
        SELECT customer_no, r, f, m, CASE {cases} END AS label FROM scored"""


def with_pandas(engine: DuckDB) -> dict[str, int]:
    """Return the sizes from a notebook's code; reading the orders into a frame is not counted against it."""
    import pandas as pd

    frame = engine.table(
        f"SELECT customer_no, time, revenue::DOUBLE AS revenue FROM events WHERE name = 'Order Completed' "
        f"AND time <= TIMESTAMP '{made.AS_OF}'"
    ).to_pandas()
    start = time.perf_counter()
    base = frame.groupby("customer_no").agg(last=("time", "max"), orders=("time", "count"), revenue=("revenue", "sum"))
    # Whole days, so that two orders of one day tie.
    base["last"] = -((pd.Timestamp(made.AS_OF) - base["last"]) // pd.Timedelta(days=1))
    scores = {}
    for name, column in (("r", "last"), ("f", "orders"), ("m", "revenue")):
        middle = base[column].rank(method="average") - 0.5
        scores[name] = np.minimum(5, 1 + np.floor(5 * middle / len(base))).astype(int)
    label = pd.Series("", index=base.index)
    for r, f, name in reversed(NAMES):
        inside = scores["r"].isin([int(x) for x in r.split(",")]) & scores["f"].isin([int(x) for x in f.split(",")])
        label[inside] = name
    with_pandas.seconds = time.perf_counter() - start  # type: ignore[attr-defined]
    return {str(key): int(value) for key, value in label.value_counts().items()}


def warehouse(orders: int, customers: int) -> DuckDB:
    made.FOLDER.mkdir(exist_ok=True)
    path = made.FOLDER / f"orders_{orders}_{customers}.duckdb"
    is_new = not path.exists()
    engine = DuckDB(path)
    if is_new:
        engine.create_schema()
        engine.execute(
            f"INSERT INTO customers (customer_no, customer_id) SELECT i, 'c' || i FROM range({customers}) r(i)"
        )
        engine.execute(f"""
            INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id)
            SELECT md5_number(i::VARCHAR)::UUID, no, 'Order Completed', time, time, revenue, 1
            FROM (SELECT i, (hash(i + 1) % (1 + hash(i + 2) % {customers}))::UINTEGER AS no,
                         TIMESTAMP '2024-01-01' + to_seconds((hash(i + 3) % (690 * 86400))::BIGINT) AS time,
                         ((hash(i + 4) % 30000) / 100 + 1)::DECIMAL(18, 4) AS revenue FROM range({orders}) r(i))
            ORDER BY no, time""")
        engine.execute("INSERT INTO warehouse_state VALUES ('events_sorted', 'true')")
        engine.execute("CHECKPOINT")
    return engine


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    options = parser.parse_args()
    engine = warehouse(options.orders, options.customers)
    read = read_text(RFM, "segmentation", file="segmentations/rfm.yaml", stem="rfm", zone=made.ZONE)
    checked = check_all(read, Vocabulary(catalog=CATALOG, zone=made.ZONE))
    as_of = AsOf(moment=Moment(microseconds(datetime.fromisoformat(made.AS_OF)), made.ZONE))
    seconds: dict[str, list[float]] = {"satsuma": [], "sql": []}
    sizes: dict[str, int] = {}
    for _ in range(3):
        start = time.perf_counter()
        labels = evaluate(engine, checked, as_of).labels["rfm"]
        seconds["satsuma"].append(time.perf_counter() - start)
        sizes = {name: int((labels.codes == code).sum()) for code, name in enumerate(labels.names)}
        start = time.perf_counter()
        by_hand = engine.table(query())
        seconds["sql"].append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    counted = {row["values"]: row["counts"] for row in by_hand.column("label").value_counts().to_pylist()}
    in_pandas = with_pandas(engine)
    best = {name: min(values) for name, values in seconds.items()}
    folded = {name.casefold(): size for name, size in sizes.items()}
    equal = all(folded.get(name.casefold()) == size for name, size in counted.items()) and counted == in_pandas
    print(
        json.dumps(
            {
                "orders": options.orders,
                "customers": by_hand.num_rows,
                "satsuma_s": round(best["satsuma"], 2),
                "sql_s": round(best["sql"], 2),
                "pandas_s": round(with_pandas.seconds, 2),  # type: ignore[attr-defined]
                "satsuma_to_sql": round(best["satsuma"] / best["sql"], 2),
                "pandas_to_sql": round(with_pandas.seconds / best["sql"], 2),  # type: ignore[attr-defined]
                "peak_gib_before_pandas": round(peak, 2),
                "sizes_equal": equal,
            }
        )
    )
    if not equal:
        sys.exit(f"The sizes differ: {sizes} {counted} {in_pandas}")


if __name__ == "__main__":
    main()
