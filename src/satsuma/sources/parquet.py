"""Parquet files, read in place: a view, not a copy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.errors import SourceError
from satsuma.sources.files import TableFile
from satsuma.sources.raw import MAX_COLUMNS, RawTable, unique_names
from satsuma.sources.temporary import free_name


def columns_of(engine: DuckDB, file: TableFile) -> tuple[tuple[str, str], ...]:
    """Return the columns of a Parquet file with their SQL types.

    Raises
    ------
    SourceError
        When the file is damaged.
    """
    import duckdb

    try:
        rows = engine.rows(f"DESCRIBE SELECT * FROM read_parquet({_path(file.path)})")
    except duckdb.Error:
        raise SourceError(
            f"{file.label} is a damaged Parquet file, or one in a form that is not read here (encrypted, say).",
            hint="Write it again with a current tool.",
        ) from None
    if len(rows) > MAX_COLUMNS:
        raise SourceError(f"{file.label} has {len(rows):,} columns; at most {MAX_COLUMNS:,} are read.")
    return tuple((row[0], row[1]) for row in rows)


def read_parquet(
    engine: DuckDB, files: Sequence[TableFile], columns: Sequence[tuple[str, str]], name: str, folder: Path
) -> RawTable:
    """Read Parquet files of the same columns as one raw table: a view where the files stay, else a copy."""
    import duckdb

    names, notes = unique_names([column for column, _ in columns])
    paths = []
    kept = True
    for number, file in enumerate(files):
        path = file.path.resolve()
        if any(char in str(path) for char in "*?[]{}"):
            folder.mkdir(parents=True, exist_ok=True)
            link = folder / f"{number}.parquet"
            link.symlink_to(path)
            path, kept = link, False
        kept = kept and file.kept
        paths.append((str(path), file.label))
    cells = ", ".join(f"{_cell(column, kind)} AS c{number}" for number, (column, kind) in enumerate(columns, start=1))
    table = free_name("raw")
    several = len(files) > 1
    listed = ", ".join(literal(path) for path, _ in paths)
    source = literal(files[0].label)
    if several:
        keys = ", ".join(literal(path) for path, _ in paths)
        labels = ", ".join(literal(label) for _, label in paths)
        source = f"map([{keys}], [{labels}])[filename]"
    make = "VIEW" if kept else "TABLE"
    try:
        engine.execute(
            f"CREATE TEMP {make} {table} AS SELECT file_row_number + 1 AS row_no, {source} AS source, {cells} "
            f"FROM read_parquet([{listed}], file_row_number = true, filename = {str(several).lower()}, "
            "union_by_name = true)"
        )
        rows = engine.value(f"SELECT count(*) FROM {table}")
    except duckdb.Error:
        raise SourceError(f"{name} cannot be read to its end: a Parquet file is damaged.") from None
    return RawTable(
        name=name,
        table=table,
        columns=names,
        types=tuple(_type(kind) for _, kind in columns),
        rows=rows,
        sources=tuple(file.label for file in files),
        notes=tuple(notes),
        sure_names=True,
    )


def _path(path: Path) -> str:
    # A one-character class keeps a sign of a pattern from being one.
    shown = "".join(f"[{char}]" if char in "*?[" else char for char in str(path))
    return literal(shown)


def _nested(kind: str) -> bool:
    return kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT")) or (kind.endswith("]") and "STRUCT" in kind)


def _cell(column: str, kind: str) -> str:
    name = identifier(column)
    if _nested(kind):
        return f"to_json({name})::VARCHAR"
    if kind in ("BLOB", "BIT"):
        return f"TRY_CAST({name} AS VARCHAR)"
    if kind in ("TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S"):
        return f"{name}::TIMESTAMP"
    return name


def _type(kind: str) -> str:
    if _nested(kind) or kind in ("BLOB", "BIT"):
        return "VARCHAR"
    return "TIMESTAMP" if kind.startswith("TIMESTAMP_") else kind
