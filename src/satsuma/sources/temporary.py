"""Temporary tables of the engine that hold raw tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.sources.careful import Broken
from satsuma.sources.raw import RawTable

_numbers = itertools.count(1)
BATCH_ROWS = 50_000


def free_name(stem: str) -> str:
    """Return a name that no other temporary table of this process has."""
    return f"{stem}_{next(_numbers)}"


def create_text_table(engine: DuckDB, width: int) -> str:
    """Create an empty table `row_no, source, c1, c2, ...` of text columns."""
    name = free_name("raw_rows")
    columns = "".join(f", c{number} VARCHAR" for number in range(1, width + 1))
    engine.execute(f"CREATE TEMP TABLE {name} (row_no BIGINT, source VARCHAR{columns})")
    return name


def append_rows(
    engine: DuckDB, table: str, source: str, width: int, rows: Iterable[tuple[int, Sequence[str | None]]]
) -> None:
    """Append numbered rows in batches, so that memory does not grow with the file."""
    for batch in _batches(rows):
        _append(engine, table, source, width, batch)


def _batches(rows: Iterable[tuple[int, Sequence[str | None]]]) -> Iterable[list[tuple[int, Sequence[str | None]]]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH_ROWS)):
        yield batch


def _append(engine: DuckDB, table: str, source: str, width: int, batch: list[tuple[int, Sequence[str | None]]]) -> None:
    import pyarrow as pa

    arrays = [pa.array([number for number, _ in batch], pa.int64())]
    columns = zip(*(cells for _, cells in batch), strict=True)
    # A text that holds half a surrogate pair (a lone `\\ud800` of JSON) is no UTF-8.
    arrays += [_text_array(column) for column in columns]
    names = ["row_no", *(f"c{number}" for number in range(1, width + 1))]
    engine.register("incoming_batch", pa.table(dict(zip(names, arrays, strict=True))))
    shown = ", ".join(names[1:])
    engine.execute(f"INSERT INTO {table} SELECT row_no, {literal(source)}, {shown} FROM incoming_batch")
    engine.unregister("incoming_batch")


def _text_array(column: Sequence[str | None]) -> object:
    import pyarrow as pa

    try:
        return pa.array(column, pa.string())
    except (UnicodeEncodeError, pa.ArrowInvalid):
        mended = [None if cell is None else cell.encode("utf-8", "replace").decode() for cell in column]
        return pa.array(mended, pa.string())


def keep_broken(engine: DuckDB, broken: Sequence[tuple[str, Broken]]) -> str | None:
    """Put broken rows into a temporary table `source, row_no, reason, raw`; None when there are none."""
    if not broken:
        return None
    import pyarrow as pa

    name = free_name("raw_broken")
    batch = pa.table(
        {
            "source": [source for source, _ in broken],
            "row_no": pa.array([row.row_no for _, row in broken], pa.int64()),
            "reason": [row.reason for _, row in broken],
            "raw": _text_array([row.raw for _, row in broken]),
        }
    )
    engine.register("incoming_batch", batch)
    engine.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM incoming_batch")
    engine.unregister("incoming_batch")
    return name


def without_empty_nameless(engine: DuckDB, raw: RawTable, nameless: Sequence[str]) -> RawTable:
    """Leave out columns that have neither a name nor a value (a delimiter at the end of each line makes one)."""
    if not nameless:
        return raw
    counts = engine.row(
        "SELECT "
        + ", ".join(f"count(nullif(trim({raw.physical(name)}), ''))" for name in nameless)
        + f" FROM {raw.table}"
    )
    empty = {name for name, count in zip(nameless, counts, strict=True) if count == 0}
    if not empty or len(empty) == len(raw.columns):
        return raw
    kept = [name for name in raw.columns if name not in empty]
    view = free_name("raw")
    shown = ", ".join(f"{raw.physical(name)} AS {identifier(f'c{number}')}" for number, name in enumerate(kept, 1))
    engine.execute(f"CREATE TEMP VIEW {view} AS SELECT row_no, source, {shown} FROM {raw.table}")
    note = f"{len(empty)} columns without a name and without a value were left out."
    types = tuple(raw.type_of(name) for name in kept)
    return replace(raw, table=view, columns=tuple(kept), types=types, notes=(*raw.notes, note))
