"""Killed at any moment, a sync leaves rows and state that agree, and the next one ends where it would have."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fakes.hostile import Answer, Asked, HostileServer
from satsuma.workspace import Workspace

VICTIM = Path(__file__).parents[2] / "connector_victim.py"
SOURCE = """
source: rest
settings: {base_url: "URL"}
streams:
  payments:
    request: {path: /payments, params: {since: "${since | epoch_ms}", after: "${cursor}"}}
    pages: {kind: last, last: id, size: 5}
    records: rows
    id: id
    updated: at
    updated_as: epoch_ms
    order: ascending
    overlap: 1s
    rows:
      - load: events
        person: {id: who}
        fields: {name: {value: Paid}, time: {path: at, as: epoch_ms}, amount: {path: amount, type: money}}
"""
RECORDS = 100
START = datetime.fromtimestamp(1_700_000_000, UTC).replace(tzinfo=None)
KILLS = 3


def payments(asked: Asked) -> Answer:
    since, after = int(asked.one("since") or 0), int(asked.one("after") or 0)
    found: list[dict[str, Any]] = []
    for number in range(1, RECORDS + 1):
        at = 1_700_000_000_000 + number * 60_000
        if at >= since and number > after:
            found.append({"id": number, "at": at, "who": number % 7, "amount": number})
    time.sleep(0.002)
    return Answer(body={"rows": found[:5]})


def agreement(folder: Path) -> tuple[int, int, int]:
    """Return how many records, rows and records by the state there are; and that no state is ahead."""
    with Workspace.open(folder) as shop:
        engine = shop.engine
        raw = int(engine.value("SELECT count(*) FROM source_records"))
        events, distinct = engine.row("SELECT count(*), count(DISTINCT event_id) FROM events")
        assert events == distinct
        newest = engine.value("SELECT max(updated_at) FROM source_records")
        last = engine.rows("SELECT last_value FROM source_states")
        assert last in ([], [(newest,)])
        # All that the state says was read is there, and no more: records are a minute apart.
        expected = 0 if newest is None else (newest - START).total_seconds() / 60
        assert expected == raw
        return raw, int(events), len(last)


def test_rows_and_state_agree_after_every_kill(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    moments = random.Random(5)  # noqa: S311 a test's own moments
    with HostileServer(payments) as server:
        with Workspace.create(folder, timezone="UTC", currency="EUR") as shop:
            (shop.path / "sources").mkdir(exist_ok=True)
            (shop.path / "sources" / "it.yaml").write_text(SOURCE.replace("URL", server.url))
        counts = []
        for _ in range(KILLS):
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            with subprocess.Popen(
                [sys.executable, str(VICTIM), str(folder)], stdout=subprocess.PIPE, text=True, env=environment
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == "begun\n"
                wanted = len(server.asked) + moments.randint(3, 8)
                until = time.monotonic() + 30
                while len(server.asked) < wanted and time.monotonic() < until:
                    time.sleep(0.001)
                process.send_signal(signal.SIGKILL)
            raw, events, _ = agreement(folder)
            assert raw == events
            counts.append(raw)
        assert counts == sorted(counts)
        assert counts[-1] > 0
        with Workspace.open(folder) as shop:
            shop.sources.sync("it")
            assert shop.engine.value("SELECT count(*) FROM events") == RECORDS
