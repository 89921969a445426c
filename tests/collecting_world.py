"""Messages, a journal and a warehouse for tests of collecting."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from satsuma.catalog import Catalog
from satsuma.collecting.contract import Received, Request, parse_json, read_messages
from satsuma.collecting.journal import Journal
from satsuma.collecting.landing import Collected, land_records, landed_position, record_of
from satsuma.engines.duckdb import DuckDB

NOW = datetime(2026, 11, 1, 12)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)


def received(body: Any, kind: str | None = None, **said: Any) -> Received:
    """Read a body as if it came in at NOW."""
    request = Request(number="r", received_at=NOW, kind=kind, **said)  # type: ignore[arg-type]
    return read_messages(parse_json(json.dumps(body).encode()), request)


class Collecting:
    """A journal and a warehouse in memory, and what the catalogue knows."""

    def __init__(self, folder: Path) -> None:
        self.engine = DuckDB(None)
        self.engine.create_schema()
        self.journal = Journal(folder)
        self.catalog = Catalog()
        self.now = NOW
        self._requests = 0

    def send(self, *batch: dict[str, Any], opted_out: bool = False) -> None:
        """Accept a batch as durable."""
        self._requests += 1
        request = Request(number=f"r{self._requests}", received_at=self.now, opted_out=opted_out)
        self.journal.append(record_of(request, json.dumps({"batch": batch}).encode())).result()

    def land(self) -> Collected:
        """Land what waits."""
        waiting = self.journal.read(landed_position(self.engine), most_bytes=1 << 24)
        done = land_records(
            self.engine, waiting, clock=lambda: self.now, catalog=self.catalog, currency="EUR", region="GB"
        )
        self.catalog = self.catalog.merged(done.catalog)
        return done

    def later(self, **by: int) -> None:
        self.now += timedelta(**by)

    def standing(self, columns: str, where: str = "true") -> list[tuple[Any, ...]]:
        """Return columns of the standing events, in order."""
        return self.engine.rows(f"SELECT {columns} FROM events WHERE superseded_at IS NULL AND {where} ORDER BY ALL")

    def close(self) -> None:
        self.journal.close()
        self.engine.close()
