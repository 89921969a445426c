"""Rows of the quarantine, tried again: with another mapping, or after the program learned to read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB, identifier
from satsuma.errors import NotFound
from satsuma.landing import records
from satsuma.landing.outcome import LoadOutcome, Progress, silent
from satsuma.landing.writing import land_incoming
from satsuma.quality.incoming import LoadKind
from satsuma.sources.raw import RawTable

if TYPE_CHECKING:
    from satsuma.sources.mapping import Mapping as ColumnMappings


def retry_quarantine(
    engine: DuckDB,
    load_id: int,
    *,
    now: datetime,
    timezone: str = "UTC",
    default_region: str | None = None,
    overrides: Mapping[str, str] | None = None,
    mapping: ColumnMappings | None = None,
    catalog: Catalog | None = None,
    progress: Progress = silent,
) -> LoadOutcome:
    """Load the waiting rows of one load again; those that can be read now are settled, the others stay.

    Parameters
    ----------
    load_id : the load that put the rows aside.
    overrides : field -> column, over the mapping of that load.
    mapping : a saved mapping, in place of that of that load.

    Returns
    -------
    LoadOutcome
        Of the new load; `quarantined` counts the rows that still cannot be read.

    Raises
    ------
    NotFound
        When nothing of that load waits.
    """
    from satsuma.quality.standardise import standardise
    from satsuma.sources.recognise import guess_mapping

    waiting = engine.rows(
        """SELECT quarantine_id, source, row_no, kind, CAST(raw AS VARCHAR) FROM quarantine
        WHERE load_id = ? AND settled_at IS NULL ORDER BY source, row_no, quarantine_id""",
        [load_id],
    )
    # Only rows with named cells can be read again; a line that was never cut into columns needs a mended file.
    rows = [(source, row_no, cells) for _, source, row_no, _, raw in waiting if (cells := _cells(raw))]
    if not rows:
        known = [str(row[0]) for row in engine.rows("SELECT DISTINCT load_id FROM quarantine WHERE settled_at IS NULL")]
        raise NotFound(
            f"No row of load {load_id} waits in the quarantine to be read again.",
            hint=f"Loads with waiting rows: {', '.join(sorted(known, key=int)) or 'none'}. A line that is broken as a "
            "whole has to be mended in its file.",
        )
    kind: LoadKind = waiting[0][3]
    told = engine.rows("SELECT CAST(mapping AS VARCHAR) FROM loads WHERE load_id = ?", [load_id])
    columns = tuple(dict.fromkeys(name for _, _, cells in rows for name in cells))
    before = _mapping(told[0][0], columns) if told and mapping is None else {}
    said = {**before, **(overrides or {})}
    raw = _raw_table(engine, load_id, columns, rows)
    guessed = guess_mapping(engine, raw, kind, overrides=said, given=mapping)
    incoming = standardise(engine, [raw], [guessed], kind, timezone, default_region, now=now)
    sources = tuple(dict.fromkeys(source for source, _, _ in rows))
    try:
        return land_incoming(
            engine,
            replace(incoming, sources=sources),
            now=now,
            mapping=guessed.fields,
            catalog=catalog,
            progress=progress,
            after=lambda: _settle(engine, load_id, now, incoming.rejected),
        )
    finally:
        records.drop(engine, raw.table)
        records.drop(engine, incoming.table)
        records.drop(engine, incoming.rejected)


def _settle(engine: DuckDB, load_id: int, now: datetime, rejected: str) -> None:
    """Mark the rows that are no longer rejected."""
    engine.execute(
        f"""UPDATE quarantine SET settled_at = ? WHERE load_id = ? AND settled_at IS NULL AND json_type(raw) = 'OBJECT'
        AND NOT EXISTS (SELECT 1 FROM {identifier(rejected)} r
            WHERE r.source = quarantine.source AND r.row_no = quarantine.row_no)""",
        [now, load_id],
    )


def _cells(raw: str) -> dict[str, str | None]:
    value = json.loads(raw)
    if not isinstance(value, dict):
        return {}
    return {name: None if cell is None else str(cell) for name, cell in value.items()}


def _mapping(told: str, columns: tuple[str, ...]) -> dict[str, str]:
    """Return what the first load's mapping says of columns that the waiting rows have."""
    return {field: column for field, column in json.loads(told).items() if column in columns}


def _raw_table(
    engine: DuckDB, load_id: int, columns: tuple[str, ...], rows: list[tuple[str, int, dict[str, str | None]]]
) -> RawTable:
    import pyarrow as pa

    name = f"raw_retry_{load_id}"
    cells = {f"c{number}": [row.get(column) for _, _, row in rows]
             for number, column in enumerate(columns, start=1)}  # fmt: skip
    table = pa.table(
        {
            "row_no": pa.array([row_no for _, row_no, _ in rows], pa.int64()),
            "source": pa.array([source for source, _, _ in rows], pa.string()),
            **{column: pa.array(values, pa.string()) for column, values in cells.items()},
        }
    )
    engine.register("retry_batch", table)
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {identifier(name)} AS SELECT * FROM retry_batch")
    engine.unregister("retry_batch")
    return RawTable(
        name=f"quarantine of load {load_id}",
        table=name,
        columns=columns,
        types=("VARCHAR",) * len(columns),
        rows=len(rows),
        sources=tuple(dict.fromkeys(source for source, _, _ in rows)),
    )
