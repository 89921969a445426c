"""The record of landings kept short: a landing a second would bring a hundred thousand entries a day.

The latest landings stand for themselves. Those before become one entry for each day and kind, with what they did
together; one with rows in quarantine stays, as its number is asked for.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from satsuma.collecting.tables import SOURCE
from satsuma.engines.duckdb import DuckDB

#: Landings that stand for themselves, and how many more there may be before they are thinned.
KEPT = 100
_BEYOND = 400
_SUMS = ("rows", "loaded", "unchanged", "updated", "anonymous", "customers_new")
_COUNTS = ("events", "flags", "classes")


def thin_loads(engine: DuckDB) -> int:
    """Put old landings of messages together, within the caller's transaction; returns how many entries went."""
    ours = f"sources = ['{SOURCE}']"
    if int(engine.value(f"SELECT count(*) FROM loads WHERE {ours}")) <= KEPT + _BEYOND:
        return 0
    rows = engine.rows(
        f"""SELECT load_id, kind, CAST(loaded_at AS DATE), CAST(outcome AS VARCHAR) FROM loads
        WHERE {ours} AND load_id NOT IN (SELECT load_id FROM quarantine)
        AND load_id NOT IN (SELECT load_id FROM loads WHERE {ours} ORDER BY load_id DESC LIMIT {KEPT})
        ORDER BY load_id"""
    )
    alike: dict[tuple[str, Any], list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for load_id, kind, day, outcome in rows:
        alike[kind, day].append((load_id, json.loads(outcome)))
    gone: list[int] = []
    for found in alike.values():
        last, outcome = found[-1]
        if len(found) == 1:
            continue
        for name in _SUMS:
            outcome[name] = sum(item.get(name, 0) for _, item in found)
        for name in _COUNTS:
            counts: Counter[str] = Counter()
            for _, item in found:
                counts.update(item.get(name, {}))
            outcome[name] = dict(counts)
        engine.execute("UPDATE loads SET outcome = ? WHERE load_id = ?", [json.dumps(outcome), last])
        gone += [load_id for load_id, _ in found[:-1]]
    if gone:
        engine.execute(f"DELETE FROM loads WHERE load_id IN ({', '.join(map(str, gone))})")
    return len(gone)
