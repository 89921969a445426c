"""A process to be killed: makes numbered deliveries durable, lands them, and says which are durable. FOLDER FIRST."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from hook_sinks import KeptSink
from satsuma.collecting.journal import Journal
from satsuma.connectors.webhooks.landing import Beside, land_hooks, landed_position
from satsuma.connectors.webhooks.records import Hook, record_of
from satsuma.connectors.webhooks.schemes import SCHEMES
from satsuma.engines.duckdb import DuckDB


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def land(engine: DuckDB, journal: Journal, most_bytes: int) -> None:
    """Land what waits in the journal."""
    records = journal.read(landed_position(engine), most_bytes=most_bytes)
    sink = KeptSink(engine, "woocommerce")
    beside = Beside(ask=lambda *_: None, keep=lambda _: None)
    land_hooks(engine, records, clock=now, sink_of=lambda _: sink, beside=beside)
    journal.drop_before(landed_position(engine))


def main() -> None:
    folder, first = Path(sys.argv[1]), int(sys.argv[2])
    engine = DuckDB(folder / "warehouse.duckdb")
    engine.create_schema()
    journal = Journal(folder / "hooks", landed=landed_position(engine), segment_bytes=5_000)

    def send() -> None:
        number = first
        while True:
            for _ in range(2):  # every delivery comes twice
                body = json.dumps({"id": number}).encode()
                hook = Hook.of("woo", SCHEMES["woocommerce"], body, id=f"d{number}", topic="order.updated",
                               received_at=now())  # fmt: skip
                journal.append(record_of(hook)).result()
            print(number, flush=True)
            number += 1

    threading.Thread(target=send, daemon=True).start()
    while True:
        land(engine, journal, 3_000)


if __name__ == "__main__":
    main()
