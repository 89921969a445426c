"""Killed at any moment, a process has lost no delivery that it acknowledged, and lands none twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from hook_sinks import kept
from hooks_victim import land
from satsuma.collecting.journal import Journal
from satsuma.connectors.webhooks.landing import landed_position
from satsuma.engines.duckdb import DuckDB

VICTIM = Path(__file__).parents[2] / "hooks_victim.py"
KILLS = 2


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
        acknowledged |= {int(line) for line in (first + rest).splitlines(keepends=True) if line.endswith("\n")}
        following = max(acknowledged) + 10
    engine = DuckDB(tmp_path / "warehouse.duckdb")
    journal = Journal(tmp_path / "hooks", landed=landed_position(engine))
    land(engine, journal, 1 << 28)
    found = Counter(map(int, kept(engine)))
    journal.close()
    engine.close()
    assert set(found.values()) == {1}
    assert acknowledged <= found.keys()
    # Of what was not acknowledged, one delivery a kill may have become durable.
    assert len(found) <= len(acknowledged) + KILLS
    assert len(acknowledged) > KILLS
