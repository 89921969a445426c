"""Who entered and left each segment between two runs, and why (rule S16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pyroaring import BitMap

from satsuma.engines.duckdb import DuckDB

CAUSES = ("event", "clock", "trait", "definition", "model", "merge", "consent", "erasure", "backfill")


def changed_customers(engine: DuckDB, since_load: int) -> tuple[BitMap, BitMap]:
    """Return the customers with events, and with trait changes, that came with loads after `since_load`."""
    events = engine.table(
        f"SELECT DISTINCT customer_no FROM events WHERE load_id > {since_load} AND customer_no IS NOT NULL"
    )
    traits = engine.table(
        f"SELECT DISTINCT entity_no FROM trait_changes WHERE load_id > {since_load} AND entity = 'customer'"
    )
    return BitMap(events.column(0).to_pylist()), BitMap(traits.column(0).to_pylist())


def caused_changes(
    before: BitMap, after: BitMap, *, redefined: bool, refitted: bool, moved_back: bool, events: BitMap, traits: BitMap,
) -> dict[str, BitMap]:  # fmt: skip
    """Return the changes of one segment as bitmaps named `entered/<cause>` and `left/<cause>`.

    A cause that holds for everybody (the definition changed, a model was refitted, the moment moved back) comes
    before those that hold for single customers; what neither new events nor new traits explain, the clock did.
    """
    result: dict[str, BitMap] = {}
    for word, moved in (("entered", after - before), ("left", before - after)):
        if not moved:
            continue
        if redefined or refitted or moved_back:
            cause = "definition" if redefined else "model" if refitted else "backfill"
            result[f"{word}/{cause}"] = moved
            continue
        by_event = moved & events
        by_trait = (moved & traits) - by_event
        for cause, part in (("event", by_event), ("trait", by_trait), ("clock", moved - by_event - by_trait)):
            if part:
                result[f"{word}/{cause}"] = part
    return result


def is_backwards(as_of: datetime, previous: datetime | None) -> bool:
    """Say whether a run looks at an earlier moment than the one before it."""
    return previous is not None and as_of < previous


def totals(changes: Mapping[str, BitMap], names: Iterable[str] = ("entered", "left")) -> dict[str, int]:
    """Return how many entered and left, whatever the cause."""
    return {name: sum(len(part) for key, part in changes.items() if key.startswith(f"{name}/")) for name in names}
