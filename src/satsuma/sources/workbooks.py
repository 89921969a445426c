"""Workbooks: the first sheet that holds a table, or the one that is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError, did_you_mean, nearest
from satsuma.sources.careful import Broken
from satsuma.sources.dialects import has_header, is_surely_header
from satsuma.sources.files import TableFile
from satsuma.sources.raw import MAX_COLUMNS, RawTable, unique_names
from satsuma.sources.temporary import append_rows, create_text_table, keep_broken, without_empty_nameless


def read_workbook(engine: DuckDB, file: TableFile, sheet: str | None) -> RawTable:
    """Read one sheet; dates become ISO text, whole numbers lose the `.0` that workbooks give every number.

    Raises
    ------
    SourceError
        When the workbook is damaged or locked, holds no table, or not the sheet named.
    """
    title, rows, notes = _sheet(file, sheet)
    if rows and max(len(row) for row in rows) > MAX_COLUMNS:
        raise SourceError(f"{file.label} has more than {MAX_COLUMNS:,} columns.", hint="Turn the table.")
    cells = [[_text(value) for value in row] for row in rows]
    top, width = _table(cells)
    below = [row[:width] for row in cells[top + 1 :]]
    if top:
        notes.append(f"{top} rows above the table were left out.")
    filled = [row for row in below if any(row)]
    sure = True
    if has_header(cells[top][:width], filled):
        sure = is_surely_header(cells[top][:width], filled)
        names, renamed = unique_names(cells[top][:width])
        nameless = [name for name, cell in zip(names, cells[top], strict=False) if not cell.strip()]
        notes += renamed
        first = top + 1
    else:
        names, _ = unique_names([""] * width)
        nameless = []
        notes.append(f"No header: the columns are called column_1 to column_{width}.")
        first = top
    body = [row for row in cells[first:] if any(cell.strip() for cell in row)]
    blank = len(cells) - first - len(body)
    if blank:
        notes.append(f"{blank} rows without any value left out.")
    broken: list[tuple[str, Broken]] = []
    table = create_text_table(engine, width)
    append_rows(engine, table, file.label, width, ((no, row[:width]) for no, row in enumerate(body, start=1)))
    raw = RawTable(
        name=file.label,
        table=table,
        columns=names,
        types=("VARCHAR",) * width,
        rows=len(body),
        sources=(file.label,),
        broken=keep_broken(engine, broken),
        notes=(f"Sheet '{title}'.", *notes),
        sure_names=sure,
    )
    return without_empty_nameless(engine, raw, nameless)


def _sheet(file: TableFile, wanted: str | None) -> tuple[str, list[list[Any]], list[str]]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_path(str(file.path))
        titles = list(book.sheet_names)
        if wanted is not None and wanted not in titles:
            raise SourceError(
                f"{file.label} has no sheet '{wanted}'.{did_you_mean(nearest(wanted, titles))}",
                hint=f"Its sheets are {', '.join(titles)}.",
            )
        for title in [wanted] if wanted is not None else titles:
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=True)
            if any(_text(value).strip() for row in rows for value in row):
                others = [other for other in titles if other != title]
                notes = [f"Other sheets: {', '.join(others)}."] if others else []
                return title, rows, notes
    except calamine.PasswordError:
        raise SourceError(f"{file.label} is locked with a password.", hint="Save it without one.") from None
    except SourceError:
        raise
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise SourceError(
            f"{file.label} is not a workbook that can be read ({type(error).__name__}).",
            hint="Open it in a spreadsheet program and save it as .xlsx or CSV.",
        ) from None
    what = f"The sheet '{wanted}' of {file.label}" if wanted else file.label
    raise SourceError(f"{what} holds no table: all cells are empty.")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        # repr keeps every digit; a whole number below 2^53 is exact without its point.
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return str(value.total_seconds())
    return str(value)


def _table(cells: Sequence[Sequence[str]]) -> tuple[int, int]:
    """Return the first row of the table and its number of columns.

    Titles above a table fill one or two cells; the table is where rows begin to be about as full as they get.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in cells[:200]]
    most = max(filled)
    top = next(number for number, count in enumerate(filled) if count >= max(1, most * 0.6))
    return top, max(len(row) for row in cells)
