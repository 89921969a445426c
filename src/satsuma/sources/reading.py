"""Files to raw tables: the door of this folder."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import Problem, SourceError
from satsuma.sources.files import TableFile, find_files, open_files
from satsuma.sources.json_tables import read_json
from satsuma.sources.parquet import columns_of, read_parquet
from satsuma.sources.raw import RawTable
from satsuma.sources.text import TextFile, prepare, read_text
from satsuma.sources.workbooks import read_workbook


def read_sources(engine: DuckDB, paths: Sequence[str | Path], *, sheet: str | None = None) -> list[RawTable]:
    """Read files as they are into temporary tables of the engine.

    Delimited text, Parquet, JSON, JSON lines and workbooks are read, plain or inside gz, bz2, xz and zip; a path may
    be a file, a folder or a pattern. Files of the same columns become one raw table (a year of daily files is one),
    with the file of each row in its `source` column.

    Parameters
    ----------
    engine : the tables live as long as its connection.
    sheet : the sheet of a workbook; by default the first that is not empty.

    Returns
    -------
    list of RawTable
        One per set of columns, in the order of the first file of each.

    Raises
    ------
    SourceError
        When a file cannot be read; with several such files, `details` names each. Nothing is half read.
    """
    if not paths:
        raise SourceError("No file was given.", hint="Name at least one file, folder or pattern.")
    found, notes = find_files(paths)
    with tempfile.TemporaryDirectory(prefix="satsuma-") as temporary:
        folder = Path(temporary)
        files, more = open_files(found, folder / "unpacked")
        notes += more
        if sheet is not None and not any(file.form == "workbook" for file in files):
            raise SourceError("A sheet was named, but no file is a workbook.", hint="Leave the sheet out.")
        tables = _read_all(engine, files, sheet, folder / "work", notes)
    if notes:
        tables[0] = replace(tables[0], notes=(*notes, *tables[0].notes))
    return tables


def _read_all(
    engine: DuckDB, files: Sequence[TableFile], sheet: str | None, folder: Path, notes: list[str]
) -> list[RawTable]:
    """Read every file, those of one shape together; collect the mistakes."""
    mistakes: list[tuple[str, SourceError]] = []
    groups: dict[object, list[tuple[TableFile, TextFile | None]]] = {}
    empty = []
    for number, file in enumerate(files):
        if len(files) > 1 and file.path.stat().st_size == 0:
            empty.append(file.label)
            continue
        try:
            if file.form == "text":
                text = prepare(file, folder / str(number))
                groups.setdefault(("text", text.shape), []).append((file, text))
            elif file.form == "parquet":
                groups.setdefault(("parquet", columns_of(engine, file)), []).append((file, None))
            else:
                groups.setdefault((file.form, number), []).append((file, None))
        except SourceError as error:
            mistakes.append((file.label, error))
    tables = []
    for number, (key, members) in enumerate(groups.items()):
        first = members[0][0]
        name = _group_name([file for file, _ in members])
        try:
            if first.form == "text":
                tables.append(read_text(engine, [text for _, text in members if text is not None], name))
            elif first.form == "parquet":
                columns = key[1]  # type: ignore[index]
                tables.append(
                    read_parquet(engine, [file for file, _ in members], columns, name, folder / f"links{number}")
                )
            elif first.form == "json":
                tables.append(read_json(engine, first, folder / f"json{number}"))
            else:
                tables.append(read_workbook(engine, first, sheet))
        except SourceError as error:
            mistakes.append((name, error))
    if mistakes:
        raise _all_mistakes(mistakes, len(files))
    if not tables:
        raise SourceError(f"All {len(files)} files are empty.", hint="Check the export that made them.")
    if empty:
        shown = empty[0] if len(empty) == 1 else f"{len(empty)} files, such as {empty[0]}"
        notes.append(f"Empty and left aside: {shown}.")
    return tables


def _group_name(files: Sequence[TableFile]) -> str:
    if len(files) == 1:
        return files[0].label
    archives = {file.group for file in files}
    if len(archives) == 1 and None not in archives:
        return str(files[0].group)
    return f"{files[0].label} to {files[-1].label} ({len(files)} files)"


def _all_mistakes(mistakes: Sequence[tuple[str, SourceError]], count: int) -> SourceError:
    if len(mistakes) == 1:
        return mistakes[0][1]
    details = [Problem(path=label, line=None, message=error.message) for label, error in mistakes]
    return SourceError(
        f"{len(mistakes)} of {count} files cannot be read; the first: {mistakes[0][1].message}",
        hint="Nothing was loaded. Mend or leave out the files named, and try again.",
        details=details,
    )
