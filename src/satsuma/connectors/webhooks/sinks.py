"""Where deliveries of one source land: among the records that a sync would have read, by the same rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.catalog import Catalog
from satsuma.connectors import state
from satsuma.connectors.answers import holds
from satsuma.connectors.landing import Batch, Into, land_within
from satsuma.connectors.records import record_of
from satsuma.connectors.source_files import Source
from satsuma.connectors.state import State
from satsuma.connectors.vendor import Stream
from satsuma.connectors.webhooks.landing import Stored
from satsuma.connectors.webhooks.planning import Part
from satsuma.connectors.webhooks.topics import Topics, vendor_topics
from satsuma.engines.duckdb import DuckDB

#: What counts as a row that a delivery added or changed.
_CHANGED = ("loaded", "updated")
#: In place of what a stream is read for one by one, when that was never read.
_UNREAD = object()


class SourceSink:
    """A source of the workspace.

    How far its streams are read stays as it is: deliveries bring some of what changed, never all.
    """

    def __init__(self, engine: DuckDB, source: Source, into: Into, catalog: Catalog) -> None:
        self._engine, self._source, self._into, self._catalog = engine, source, into, catalog
        self._streams = {stream.name: stream for stream in (*source.vendor.streams.values(), *source.streams)}
        self.streams = frozenset(self._streams)
        self.topics = topics_of(source)

    def store(self, part: Part, records: Sequence[Mapping[str, Any]], *, now: datetime) -> Stored:
        """Store records within the caller's transaction; one that is older than what is kept changes nothing."""
        stream = self._streams[part.stream]
        each, asks = self._each(stream, part.each)
        if not asks and not part.gone:
            whole = [record for record in records if _is_whole(stream, record)]
            asks = frozenset({stream.name}) if len(whole) < len(records) else frozenset()
            records = whole
        if each is _UNREAD or not records:
            return Stored(asks=asks)
        if part.gone:
            stream = replace(stream, name=f"{stream.name}_gone", deletes=stream.name, updated=None, deleted=None)
        zone = _zone(stream.timezone)
        others = {"$each": each, "$settings": self._source.settings, "$body": None}
        made = tuple(record_of(stream, value, others, zone) for value in records)
        batch = Batch(stream=stream, part=part.each, records=made, state=State(began_at=now), extracted_at=now,
                      zone=zone)  # fmt: skip
        landed = land_within(self._engine, self._into, batch, now=now, catalog=self._catalog)
        self._catalog = self._catalog.merged(landed.catalog)
        rows = sum(counts.get(name, 0) for counts in landed.rows.values() for name in _CHANGED)
        return Stored(rows=rows, catalog=landed.catalog, asks=asks)

    def _each(self, stream: Stream, number: str) -> tuple[Any, frozenset[str]]:
        """Return what the stream is read for one by one, as a sync would give it; else what has to be read first."""
        name = stream.each_stream
        if name is None:
            return ({"id": number} if number else None), frozenset()
        held = state.payloads(self._engine, self._source.name, name, [number]).get(number)
        if held is not None:
            return json.loads(held), frozenset()
        asks = {stream.name}
        while name is not None:
            asks.add(name)
            name = self._streams[name].each_stream
        return _UNREAD, frozenset(asks)


def _is_whole(stream: Stream, record: Mapping[str, Any]) -> bool:
    """Return whether a record is all that a sync would have: some are put together of several answers."""
    if stream.prepare is not None:
        return False
    return all(detail.when is not None and not holds(detail.when, {"@": record}) for detail in stream.details)


def _zone(name: str | None) -> ZoneInfo:
    """Return the zone of moments that are written without one; a place in it is for syncs."""
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def topics_of(source: Source) -> Topics:
    """Return what deliveries of a source bring: what its file says, and else what is known of its vendor.

    Requests about privacy come before what the file says of everything: a `*` must not let one get lost.
    """
    webhook = source.webhook
    known = vendor_topics().get(source.vendor.name if webhook is None else webhook.scheme.name, Topics())
    own = None if webhook is None else webhook.topics
    if own is None:
        return known
    said = {topic.pattern for topic in own.topics}
    private = [topic for topic in known.topics if topic.privacy is not None and topic.pattern not in said]
    others = [topic for topic in known.topics if topic.privacy is None]
    return replace(known, topics=(*private, *own.topics, *others), items=own.items or known.items)
