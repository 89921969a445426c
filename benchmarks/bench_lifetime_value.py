"""A million customers from the table of events to a column of lifetime value, beside the peers' fits of the same rows.

    python benchmarks/bench_lifetime_value.py [--customers 1000000] [--peers PYTHON]

Satsuma reads the events, counts days, spend and times of everybody, fits MBG/NBD and Gamma-Gamma and gives each customer
a value. The other side are hand-written SQL for the summary of customers, and the fits and predictions of lifetimes and
pymc-marketing on it (in an environment of their own, whose interpreter is PYTHON; left out without it).
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from bench_purchase_models import HORIZON, peer

import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.statistics.purchases.gamma_gamma import GammaGamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd
from satsuma.statistics.purchases.simulate import simulate, simulate_spend

FOLDER = Path(__file__).parent / "data"
NOW = "2025-12-01T12:00:00"
CATALOG = Catalog(events={"Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")})})
TRAIT = "trait: clv\nestimate: {clv: Order Completed, horizon: 1y, margin: 30%, discount: 10%}\n"
SUMMARY = f"""
    SELECT count(DISTINCT time::DATE) - 1 AS x, date_diff('day', min(time)::DATE, max(time)::DATE) / 7.0 AS t_x,
           date_diff('day', min(time)::DATE, DATE '{NOW[:10]}') / 7.0 AS T, sum(revenue)::DOUBLE / count(DISTINCT time::DATE) AS m_x
    FROM events WHERE name = 'Order Completed' GROUP BY customer_no"""


def warehouse(customers: int) -> DuckDB:
    """Open the warehouse of customers of MBG/NBD and Gamma-Gamma over two years, making it the first time."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"value_{customers}.duckdb"
    is_new = not path.exists()
    engine = DuckDB(path)
    if not is_new:
        return engine
    engine.create_schema()
    rng = np.random.default_rng(7)
    age = rng.integers(1, 731, customers).astype(np.float64)
    drawn = simulate(MbgNbd(r=0.4, alpha=40.0, a=0.8, b=2.4), age, rng)
    mean = np.nan_to_num(simulate_spend(GammaGamma(p=6.0, q=4.0, v=15.0), drawn.x + 1, rng), nan=20.0)
    x = drawn.x.astype(np.int64)
    number = np.repeat(np.arange(customers), x + 1)
    place = np.arange(len(number)) - np.repeat(np.cumsum(x + 1) - (x + 1), x + 1)
    inner = rng.uniform(0, np.repeat(drawn.t_x, x + 1))
    since = np.where(place == 0, 0.0, np.where(place == np.repeat(x, x + 1), np.repeat(drawn.t_x, x + 1), inner))
    engine.register("made", pa.table({
        "no": number.astype(np.uint32), "ago": np.repeat(age, x + 1) - since,
        "revenue": np.round(np.repeat(mean, x + 1) * rng.uniform(0.5, 1.5, len(number)), 2),
    }))  # fmt: skip
    engine.execute(f"""
        INSERT INTO customers (customer_no, customer_id, first_seen)
        SELECT i, 'c' || i, TIMESTAMP '2020-01-01' FROM range({customers}) r(i)""")
    engine.execute(f"""
        INSERT INTO events (event_id, profile_no, customer_no, name, time, received_at, revenue, load_id)
        SELECT md5_number(i::VARCHAR)::UUID, no, no, 'Order Completed', happened, happened, revenue::DECIMAL(18, 4), 1
        FROM (SELECT *, row_number() OVER () AS i, TIMESTAMP '{NOW}' - to_microseconds((ago * 86400000000)::BIGINT) AS happened
              FROM made) ORDER BY no, happened""")
    engine.execute("INSERT INTO warehouse_state VALUES ('events_sorted', 'true')")
    engine.execute("CHECKPOINT")
    return engine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--peers", help="the Python of an environment with lifetimes and pymc-marketing")
    options = parser.parse_args()
    engine = warehouse(options.customers)
    zone = ZoneInfo("UTC")
    read = read_text(TRAIT, "trait", file="traits/clv.yaml", stem="clv", zone=zone)
    checked = check_all(read, Vocabulary(catalog=CATALOG, zone=zone))
    moment = Moment(microseconds(datetime.fromisoformat(NOW)), zone)
    started = time.perf_counter()
    evaluation = evaluate(engine, checked, AsOf(moment=moment), valued=False)
    ours = time.perf_counter() - started
    values = evaluation.columns["clv"].floats()
    found: dict[str, object] = {
        "customers": options.customers, "events": engine.value("SELECT count(*) FROM events"),
        "satsuma_s": round(ours, 2), "mean_value": round(float(np.nanmean(values)), 4),
        "peak_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }  # fmt: skip
    started = time.perf_counter()
    summary = engine.table(SUMMARY)
    found["summary_by_sql_s"] = round(time.perf_counter() - started, 2)
    if options.peers is None:
        print("lifetimes and pymc-marketing: left out; name their Python with --peers.", file=sys.stderr)
    else:
        path = FOLDER / "value_summary.npz"
        np.savez(
            path,
            horizon=np.float64(HORIZON),
            **{name: summary.column(name).to_numpy().astype(np.float64) for name in ("x", "t_x", "T", "m_x")},
        )
        for library in ("lifetimes", "pymc-marketing"):
            fits = [peer(options.peers, path, library, model) for model in ("MBG/NBD", "Gamma-Gamma")]
            if None not in fits:
                fitting = sum(float(item["fit_s"]) for item in fits if item is not None)
                found[library] = {"fits_s": round(fitting, 1), "ratio": round(fitting / ours, 1)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
