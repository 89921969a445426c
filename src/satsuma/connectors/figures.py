"""Figures of a day that are about nobody: values by dimensions, the newest statement of each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from satsuma.engines.duckdb import DuckDB
from satsuma.sources.temporary import free_name

if TYPE_CHECKING:
    from satsuma.connectors.rows import Made

_NUMBERS = ("integer", "number", "money")


def keep(engine: DuckDB, source: str, stream: str, made: Made) -> int:
    """Keep the figures of rows in place of what was said of the same day and dimensions; returns how many.

    A row without a day, and a value that is no number, say nothing.
    """
    import pyarrow as pa

    found: dict[tuple[str, str, str], float] = {}
    for cells in made.rows:
        date = (cells.get("date") or "")[:10]
        values = {name for name, spec in made.types.items() if spec.type in _NUMBERS}
        about = {name: cell for name, cell in cells.items() if name not in values and name != "date"}
        dimensions = json.dumps(about, sort_keys=True, ensure_ascii=True)
        for name in sorted(values):
            value = _number(cells.get(name))
            if len(date) == 10 and value is not None:
                found[date, dimensions, name] = value
    if not found:
        return 0
    columns: dict[str, list[Any]] = {
        "date": [key[0] for key in found], "dimensions": [key[1] for key in found],
        "name": [key[2] for key in found], "value": list(found.values()),
    }  # fmt: skip
    given = free_name("figures")
    engine.register(given, pa.table(columns))
    engine.execute(
        f"""DELETE FROM source_figures f WHERE source = ? AND stream = ? AND EXISTS (
            SELECT 1 FROM {given} g WHERE CAST(g.date AS DATE) = f.date
            AND g.dimensions = CAST(f.dimensions AS VARCHAR) AND g.name = f.name)""",
        [source, stream],
    )
    engine.execute(
        f"""INSERT INTO source_figures
        SELECT ?, ?, CAST(date AS DATE), CAST(dimensions AS JSON), name, value FROM {given}""",
        [source, stream],
    )
    engine.unregister(given)
    return len(found)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
