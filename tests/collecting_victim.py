"""A process to be killed: accepts numbered messages, lands them, and says which are durable. FOLDER FIRST."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from satsuma.catalog import Catalog
from satsuma.collecting.contract import Request
from satsuma.collecting.journal import Journal
from satsuma.collecting.landing import land_records, landed_position, record_of
from satsuma.engines.duckdb import DuckDB


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def main() -> None:
    folder, first = Path(sys.argv[1]), int(sys.argv[2])
    engine = DuckDB(folder / "warehouse.duckdb")
    engine.create_schema()
    journal = Journal(folder / "collected", landed=landed_position(engine), segment_bytes=20_000)

    def send() -> None:
        number = first
        while True:
            batch = [
                {"type": "track", "event": "E", "anonymousId": f"a{number % 7}", "messageId": f"m{number}-{item}"}
                for item in range(5)
            ] + [{"type": "identify", "userId": f"u{number % 5}", "anonymousId": f"a{number % 7}"}]
            record = record_of(Request(number=f"{number}", received_at=now()), json.dumps({"batch": batch}).encode())
            journal.append(record).result()
            print(number, flush=True)
            number += 1

    threading.Thread(target=send, daemon=True).start()
    catalog = Catalog()
    while True:
        records = journal.read(landed_position(engine), most_bytes=10_000)
        if records:
            done = land_records(engine, records, clock=now, catalog=catalog, currency="EUR")
            catalog = catalog.merged(done.catalog)
            journal.drop_before(landed_position(engine))


if __name__ == "__main__":
    main()
