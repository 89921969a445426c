"""Reading a table of customers from PostgreSQL as a source, beside `pandas.read_sql` of the same rows.

    python benchmarks/bench_sql_source.py [--rows 1000000]

pandas gives a frame in memory: it keeps no state, cleans and numbers nobody, and reads all of it again next time. It is the
alternative that people know, and the floor of what fetching costs. PostgreSQL is started by the benchmark itself.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from real_databases import running_postgresql, text_of
from satsuma import Workspace
from satsuma.connectors import source_files
from satsuma.connectors.clocks import Clock
from satsuma.connectors.sql.client import client_of
from satsuma.sourcing import Sources

SOURCE = """source: sql
url: ${SHOP_DATABASE_URL}
person: id
streams:
  customers:
    table: customers
    updated: updated_at
    lands: customers
    person: {id: id, email: email}
    fields: {email: email, country: country, points: points, vip: vip, birth_date: born, spent: spent}
"""
TABLE = (
    (
        "CREATE TABLE customers (id BIGINT PRIMARY KEY, email TEXT, country CHAR(2), points INT, vip BOOLEAN, born DATE, "
        "spent NUMERIC(12,2), updated_at TIMESTAMPTZ)"
    ),
    (
        "INSERT INTO customers SELECT i, 'c' || i || '@example.com', 'FR', i %% 1000, i %% 7 = 0, "
        "DATE '1950-01-01' + (i %% 20000), i / 7.0, TIMESTAMPTZ '2024-01-01' + i * INTERVAL '1 second' "
        "FROM generate_series(1, {rows}) AS i"
    ),
    "CREATE INDEX ON customers (updated_at)",
    "ANALYZE customers",
)


def measured(what: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Return the seconds by the clock, and those of this process alone, and what came of it."""
    wall, own = time.perf_counter(), time.process_time()
    found = what()
    return {"seconds": round(time.perf_counter() - wall, 1), "cpu_seconds": round(time.process_time() - own, 1)}, found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    found: dict[str, Any] = {"rows": rows}
    with running_postgresql() as server, tempfile.TemporaryDirectory() as folder:
        server.run(*(statement.replace("{rows}", str(rows)) for statement in TABLE))
        environment = {"SHOP_DATABASE_URL": text_of(server.url)}
        with Workspace.create(Path(folder) / "shop", timezone="Europe/Paris", currency="EUR") as shop:
            (shop.path / "sources").mkdir(exist_ok=True)
            (shop.path / "sources" / "shop.yaml").write_text(SOURCE, encoding="utf-8")
            source = source_files.read_source(shop.path / "sources", "shop")
            asker = client_of(source, environment, base=shop.path, clock=Clock())

            def only_read() -> int:
                [stream] = asker.prepared(source.streams)
                return sum(len(page.records) for page in asker.pages(stream, {"since": None}))

            found["read"], count = measured(only_read)
            assert count == rows
            sources = Sources(shop, environment=environment)
            found["first_sync"], synced = measured(lambda: sources.sync("shop"))
            assert synced.landed.records == rows
            server.run("UPDATE customers SET points = points + 1, updated_at = now() WHERE id %% 1000 = 0")
            found["sync_of_a_thousandth"], synced = measured(lambda: sources.sync("shop"))
            assert synced.landed.rows["customers"]["updated"] == rows // 1000
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found["pandas_read_sql"], frame = measured(lambda: pandas_frame(server.url))
        assert len(frame) == rows
        found["peak_mb_with_pandas"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name in ("read", "first_sync", "pandas_read_sql"):
        found[name]["rows_per_second"] = round(rows / found[name]["seconds"])
    print(json.dumps(found))


def pandas_frame(url: Any) -> Any:
    import pandas as pd
    import sqlalchemy as sa

    return pd.read_sql("SELECT * FROM customers ORDER BY updated_at", sa.create_engine(url))


if __name__ == "__main__":
    main()
