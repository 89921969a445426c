"""What a load leaves beside its rows: the quarantine and the facts about quality."""

from __future__ import annotations

import json

from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.landing.store import next_number
from satsuma.quality.incoming import Incoming


def rejected_rows(engine: DuckDB, incoming: Incoming) -> int:
    """Return how many rows of the sources could not be read."""
    return int(engine.value(f"SELECT count(*) FROM (SELECT DISTINCT source, row_no FROM {incoming.rejected})"))


def reasons(engine: DuckDB, incoming: Incoming) -> dict[str, int]:
    """Return how many rows were rejected for each reason."""
    rows = engine.rows(f"SELECT reason, count(*) FROM {incoming.rejected} GROUP BY 1 ORDER BY 1")
    return {str(reason): int(count) for reason, count in rows}


def keep_rejected(engine: DuckDB, incoming: Incoming, load_id: int) -> int:
    """Put the rejected rows into the quarantine; one that waits there already is not put in again.

    Returns how many are new.
    """
    first = next_number(engine, "quarantine", "quarantine_id")
    kind = literal(incoming.load_kind)
    inserted = engine.value(
        f"""INSERT INTO quarantine (quarantine_id, load_id, source, kind, row_no, column_name, reason, raw)
        SELECT {first} - 1 + row_number() OVER (ORDER BY r.source, r.row_no, r.column_name), {load_id}, r.source,
            {kind}, r.row_no, r.column_name, r.reason, CAST(r.raw AS JSON)
        FROM {incoming.rejected} r
        WHERE NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.settled_at IS NULL AND q.kind = {kind}
            AND q.source = r.source AND q.row_no = r.row_no AND q.reason = r.reason
            AND q.column_name IS NOT DISTINCT FROM r.column_name AND CAST(q.raw AS VARCHAR) = CAST(r.raw AS VARCHAR))"""
    )
    return int(inserted)


def keep_quality(engine: DuckDB, incoming: Incoming, load_id: int) -> None:
    """Store what was found in each column."""
    for item in incoming.quality:
        engine.execute(
            """INSERT INTO quality (load_id, source, kind, column_name, field, rows, filled, valid, distinct_values,
                standardised, newest, findings)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TIMESTAMP), ?)""",
            [
                load_id,
                item.source,
                incoming.load_kind,
                item.column,
                item.field,
                item.rows,
                item.filled,
                item.valid,
                item.distinct_values,
                item.standardised,
                item.newest,
                json.dumps(dict(item.findings)),
            ],
        )


def drop(engine: DuckDB, name: str) -> None:
    """Drop a temporary table or view, whichever it is, if it is there."""
    views = engine.value("SELECT count(*) FROM duckdb_views() WHERE view_name = ? AND temporary", [name])
    engine.execute(f"DROP {'VIEW' if views else 'TABLE'} IF EXISTS {identifier(name)}")
