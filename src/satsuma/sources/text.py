"""Delimited text files, through the engine's own reader where they are regular, and row by row where they are not."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from satsuma.engines.duckdb import DuckDB, literal
from satsuma.errors import SourceError
from satsuma.sources import encodings
from satsuma.sources.careful import Broken, Tally, read_rows
from satsuma.sources.dialects import Dialect, detect_dialect, shown_delimiter
from satsuma.sources.files import TableFile
from satsuma.sources.raw import RawTable, unique_names
from satsuma.sources.temporary import (
    append_rows,
    create_text_table,
    free_name,
    keep_broken,
    without_empty_nameless,
)


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file made ready: UTF-8 at `path`, with how it is cut."""

    label: str
    path: Path
    encoding: str
    dialect: Dialect
    columns: tuple[str, ...]
    nameless: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def shape(self) -> tuple[object, ...]:
        """What files must share to be read as one."""
        dialect = self.dialect
        first = dialect.skip + (dialect.header_lines if dialect.header is not None else 0)
        return (self.columns, dialect.delimiter, first, dialect.escape, dialect.blank_after_delimiter, dialect.quoted)


def prepare(file: TableFile, folder: Path) -> TextFile:
    """Decide the encoding and the dialect of a text file; write it as UTF-8 into `folder` where it is not.

    Raises
    ------
    SourceError
        When the file is empty, is not text, or holds no rows and columns.
    """
    encoding = encodings.detect_encoding(file.path, file.label)
    path = file.path
    folder.mkdir(parents=True, exist_ok=True)
    if encoding.name != "utf-8" or encoding.damaged:
        path = folder / "text"
        encodings.to_utf8(file.path, path, encoding, file.label)
    elif any(char in str(path) for char in "*?[]{}"):
        # The engine would take these for a pattern.
        path = folder / "text"
        path.symlink_to(file.path.resolve())
    dialect = detect_dialect(path, file.label)
    header = list(dialect.header) if dialect.header is not None else [""] * dialect.width
    columns, renamed = unique_names(header)
    nameless = tuple(name for name, cell in zip(columns, header, strict=True) if not cell.strip())
    notes = [*encoding.notes]
    if dialect.delimiter not in (",", ""):
        notes.append(f"Delimiter: {shown_delimiter(dialect.delimiter)}.")
    notes += dialect.notes
    if dialect.header is None:
        nameless = ()
    elif not dialect.row_names:
        notes += renamed
    name = encodings.shown_name(encoding.name)
    return TextFile(file.label, path, name, dialect, columns, nameless, tuple(notes))


def read_text(engine: DuckDB, files: Sequence[TextFile], name: str) -> RawTable:
    """Read files of one shape as one raw table.

    Raises
    ------
    SourceError
        When a file cannot be cut at all.
    """
    raw = None
    if all(file.dialect.regular for file in files):
        raw = _read_regular(engine, files, name)
    if raw is None:
        raw = _read_careful(engine, files, name)
    return without_empty_nameless(engine, raw, files[0].nameless)


def _read_regular(engine: DuckDB, files: Sequence[TextFile], name: str) -> RawTable | None:
    """Read by the engine; None when it meets a line that is not as the others."""
    import duckdb

    first = files[0]
    dialect = first.dialect
    width = len(first.columns)
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(1, width + 1))
    skip = dialect.skip + (dialect.header_lines if dialect.header is not None else 0)
    paths = ", ".join(literal(str(file.path)) for file in files)
    several = len(files) > 1
    base = free_name("raw_rows")
    statement = (
        f"CREATE TEMP TABLE {base} AS SELECT * FROM read_csv([{paths}], auto_detect = false, header = false, "
        f"skip = {skip}, delim = {literal(dialect.delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{types}}}, filename = {str(several).lower()}, strict_mode = true)"
    )
    try:
        engine.execute(statement)
    except duckdb.Error:
        return None
    table = free_name("raw")
    cells = ", ".join(f"r.c{number}" for number in range(1, width + 1))
    all_rows, rows = engine.row(f"SELECT count(*), count(coalesce({cells})) FROM {base} r")
    notes = _shared_notes(files)
    filled = ""
    if rows < all_rows:
        filled = f" WHERE coalesce({cells}) IS NOT NULL"
        notes.append(f"{_lines(all_rows - rows)} without any value left out.")
    if several:
        # Files keep their order, so that each is one run of row ids.
        starts = free_name("raw_files")
        labels = ", ".join(f"({literal(str(file.path))}, {literal(file.label)})" for file in files)
        engine.execute(
            f"CREATE TEMP TABLE {starts} AS SELECT filename, label AS source, min(r.rowid) AS start "
            f"FROM {base} r JOIN (VALUES {labels}) AS l(filename, label) USING (filename) GROUP BY ALL"
        )
        engine.execute(
            f"CREATE TEMP VIEW {table} AS SELECT r.rowid - f.start + 1 AS row_no, f.source, {cells} "
            f"FROM {base} r JOIN {starts} f ON r.filename = f.filename{filled}"
        )
    else:
        engine.execute(
            f"CREATE TEMP VIEW {table} AS SELECT r.rowid + 1 AS row_no, {literal(first.label)} AS source, {cells} "
            f"FROM {base} r{filled}"
        )
    return _raw(files, name, table, rows, None, 0, notes)


def _read_careful(engine: DuckDB, files: Sequence[TextFile], name: str) -> RawTable:
    first = files[0]
    table = create_text_table(engine, len(first.columns))
    broken: list[tuple[str, Broken]] = []
    notes = _shared_notes(files)
    for file in files:
        tally = Tally()
        try:
            append_rows(engine, table, file.label, len(first.columns), _cells(file, tally))
        except csv.Error:
            raise SourceError(
                f"{file.label} cannot be cut into rows: row {tally.rows + 1} is too long or not closed.",
                hint="Check the quotes in that row, or export the table as Parquet.",
            ) from None
        broken += [(file.label, row) for row in tally.broken]
        prefix = f"{file.label}: " if len(files) > 1 else ""
        notes += [prefix + sentence for sentence in tally_notes(tally)]
    rows = engine.value(f"SELECT count(*) FROM {table}")
    return _raw(files, name, table, rows, keep_broken(engine, broken), len(broken), notes)


def _cells(file: TextFile, tally: Tally) -> Iterator[tuple[int, list[str]]]:
    return read_rows(file.path, file.dialect, file.columns, tally)


def tally_notes(tally: Tally) -> list[str]:
    """Say what was left out or put aside while reading row by row."""
    notes = []
    if tally.comments:
        notes.append(f"{_lines(tally.comments)} beginning with # left out.")
    if tally.blank:
        notes.append(f"{_lines(tally.blank)} without any value left out.")
    if tally.padded:
        notes.append(f"{_lines(tally.padded)} with a delimiter too many at the end: read without it.")
    words = {
        "row_too_short": "with too few columns",
        "row_too_long": "with too many columns",
        "quote_not_closed": "with a quote that is not closed",
    }
    for reason, what in words.items():
        numbers = [row.row_no for row in tally.broken if row.reason == reason]
        if not numbers:
            continue
        where = f"row {numbers[0]}" if len(numbers) == 1 else f"the first is row {numbers[0]}"
        last = reason == "row_too_short" and numbers == [tally.rows]
        cut = ", the last of the file: it was probably cut" if last else ""
        notes.append(f"{_rows(len(numbers))} {what} ({where}{cut}): put into quarantine.")
    return notes


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _shared_notes(files: Sequence[TextFile]) -> list[str]:
    """Say what holds of all files once, and the rest with the number of files."""
    counts: dict[str, int] = {}
    for file in files:
        for note in file.notes:
            counts[note] = counts.get(note, 0) + 1
    if len(files) == 1:
        return list(counts)
    return [
        note if count == len(files) else f"{note} ({count} of {len(files)} files)" for note, count in counts.items()
    ]


def _raw(
    files: Sequence[TextFile],
    name: str,
    table: str,
    rows: int,
    broken: str | None,
    broken_rows: int,
    notes: Sequence[str],
) -> RawTable:
    first = files[0]
    encodings_seen = sorted({file.encoding for file in files})
    return RawTable(
        name=name,
        table=table,
        columns=first.columns,
        types=("VARCHAR",) * len(first.columns),
        rows=rows,
        sources=tuple(file.label for file in files),
        encoding=", ".join(encodings_seen),
        delimiter=first.dialect.delimiter,
        broken=broken,
        broken_rows=broken_rows,
        notes=tuple(notes),
        sure_names=first.dialect.sure,
    )
