"""Killed at any moment, a process has lost nothing that it acknowledged, and lands nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from satsuma.catalog import Catalog
from satsuma.collecting.journal import Journal
from satsuma.collecting.landing import land_records, landed_position
from satsuma.engines.duckdb import DuckDB

VICTIM = Path(__file__).parents[2] / "collecting_victim.py"
KILLS = 10


def test_what_was_acknowledged_is_there_exactly_once_after_kills(tmp_path: Path) -> None:
    moments = random.Random(6)  # noqa: S311  a test's own moments
    acknowledged: set[int] = set()
    following = 0
    for _ in range(KILLS):
        command = [sys.executable, str(VICTIM), str(tmp_path), str(following)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()  # it works now
            time.sleep(moments.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read()
        said = [int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")]
        acknowledged.update(said)
        following = max(acknowledged) + 10
    with_engine = DuckDB(tmp_path / "warehouse.duckdb")
    journal = Journal(tmp_path / "collected", landed=landed_position(with_engine))
    land_records(
        with_engine, journal.read(landed_position(with_engine), most_bytes=1 << 28),
        clock=lambda: datetime.now(UTC).replace(tzinfo=None), catalog=Catalog(), currency="EUR",
    )  # fmt: skip
    standing, distinct = with_engine.row(
        "SELECT count(*), count(DISTINCT event_id) FROM events WHERE superseded_at IS NULL"
    )
    journal.close()
    with_engine.close()
    assert standing == distinct
    # Of what was not acknowledged, one request a kill may have become durable.
    assert 5 * len(acknowledged) <= standing <= 5 * (len(acknowledged) + KILLS)
    assert len(acknowledged) > KILLS
