"""Loading order lines from one Parquet file into a fresh workspace, beside a bare DuckDB `CREATE TABLE AS` of the file.

    python benchmarks/bench_load.py [--lines 10000000]

The bare copy neither cleans, numbers, explodes, deduplicates nor can be loaded twice: it is the floor, not a rival.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path

import duckdb
import made

from satsuma import Workspace


def lines_file(lines: int) -> Path:
    made.FOLDER.mkdir(exist_ok=True)
    path = made.FOLDER / f"lines_{lines}.parquet"
    if not path.exists():
        orders = lines // 10 * 3
        duckdb.sql(f"""
            COPY (SELECT 'O' || lpad(o::VARCHAR, 8, '0') AS "InvoiceNo", 'P' || (hash(i + 1) % 50000)::VARCHAR AS "StockCode",
                         'Thing ' || (hash(i + 1) % 50000)::VARCHAR AS "Description",
                         1 + (hash(i + 2) % 6)::INTEGER AS "Quantity",
                         TIMESTAMP '2023-01-01' + to_seconds((hash(o) % (700 * 86400))::BIGINT) AS "InvoiceDate",
                         ((100 + hash(i + 3) % 5000) / 100)::DECIMAL(10, 2) AS "UnitPrice",
                         (hash(o + 1) % 500000)::VARCHAR AS "CustomerID",
                         ['France', 'Germany', 'Belgium'][1 + (hash(hash(o + 1) % 500000) % 3)::INTEGER] AS "Country"
                  FROM (SELECT i, (hash(i) % {orders})::BIGINT AS o FROM range({lines}) r(i)))
            TO '{path}' (FORMAT parquet)""")
    return path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    options = parser.parse_args()
    path = lines_file(options.lines)
    folder = Path(tempfile.mkdtemp(dir=made.FOLDER))
    try:
        start = time.perf_counter()
        with Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR") as shop:
            first = shop.load(path, kind="order-lines").as_dict()
            first_seconds = time.perf_counter() - start
            first_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
            start = time.perf_counter()
            again = shop.load(path, kind="order-lines").as_dict()
            again_seconds = time.perf_counter() - start
        size = (folder / "shop" / "warehouse.duckdb").stat().st_size / 1e6
        start = time.perf_counter()
        with duckdb.connect(str(folder / "bare.duckdb")) as bare:
            bare.execute(f"CREATE TABLE lines AS FROM '{path}'").fetchall()
        bare_seconds = time.perf_counter() - start
    finally:
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        json.dumps(
            {
                "lines": options.lines,
                "load_s": round(first_seconds, 1),
                "lines_per_s": round(options.lines / first_seconds),
                "load_again_s": round(again_seconds, 1),
                "bare_copy_s": round(bare_seconds, 1),
                "peak_gib": round(first_peak, 2),
                "peak_gib_with_second_load": round(peak, 2),
                "warehouse_mb": round(size),
                "loaded": first["loaded"],
                "unchanged_again": again["unchanged"],
            }
        )
    )
    assert first["loaded"] == options.lines, first
    assert again["loaded"] == 0, again


if __name__ == "__main__":
    main()
