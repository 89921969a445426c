"""A source for tests that remembers what its deliveries brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from satsuma.connectors.webhooks.landing import Stored
from satsuma.connectors.webhooks.planning import Part
from satsuma.connectors.webhooks.topics import Topics, vendor_topics
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError


class KeptSink:
    """Keeps records in a table `kept`; one with the key `bad` does not fit."""

    def __init__(self, engine: DuckDB, vendor: str, streams: Sequence[str] = ("orders", "customers")) -> None:
        self.engine = engine
        self.topics: Topics = vendor_topics()[vendor]
        self.streams = frozenset(streams)

    def store(self, part: Part, records: Sequence[Mapping[str, Any]], *, now: datetime) -> Stored:
        self.engine.execute("CREATE TABLE IF NOT EXISTS kept (stream VARCHAR, each VARCHAR, id VARCHAR)")
        for record in records:
            self.engine.execute("INSERT INTO kept VALUES (?, ?, ?)", [part.stream, part.each, str(record.get("id"))])
            if "bad" in record:
                raise SourceError("This does not fit.")
        return Stored(rows=len(records))


def kept(engine: DuckDB) -> list[str]:
    """Return the ids that were kept, in order."""
    engine.execute("CREATE TABLE IF NOT EXISTS kept (stream VARCHAR, each VARCHAR, id VARCHAR)")
    return [row[0] for row in engine.rows("SELECT id FROM kept ORDER BY rowid")]
