"""Row by row, for text files that the engine's strict reader refuses: what cannot be cut goes aside, with a reason."""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from satsuma.sources.dialects import BLANKS, MAX_FIELD_CHARACTERS, Dialect

#: A quoted value over more lines than this is a quote that nobody closed.
MAX_LINES_IN_VALUE = 1_000


@dataclass(slots=True)
class Broken:
    """A row that could not be cut into the columns. `raw` is JSON text: the list of its cells, or the line."""

    row_no: int
    reason: str
    raw: str


@dataclass(slots=True)
class Tally:
    """What was left out or repaired while reading."""

    rows: int = 0
    blank: int = 0
    comments: int = 0
    padded: int = 0
    broken: list[Broken] = field(default_factory=list)


class _Lines:
    """Lines of a file that can be given back, and a record of those that made the current row."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.back: deque[str] = deque()
        self.taken: list[str] = []
        self.overrun = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_LINES_IN_VALUE:
            # The reader then takes the row for finished, and it is judged below.
            self.overrun = True
            raise StopIteration
        if self.back:
            line = self.back.popleft()
        else:
            line = self.file.readline(MAX_FIELD_CHARACTERS)
            if not line:
                raise StopIteration
        self.taken.append(line)
        return line


def read_rows(path: Path, dialect: Dialect, columns: tuple[str, ...], tally: Tally) -> Iterator[tuple[int, list[str]]]:
    """Yield each row as its number (from 1) and its cells, exactly as many as there are columns.

    Parameters
    ----------
    path : a UTF-8 file.
    tally : filled while reading; complete when the iteration is.
    """
    width = len(columns)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = _Lines(file)
        _skip(lines, dialect.skip + (dialect.header_lines if dialect.header is not None else 0))
        for cells, taken, whole in _records(lines, dialect):
            if not any(cell.strip() for cell in cells):
                tally.blank += 1
                continue
            if len(cells) != width and cells[0].startswith("#"):
                tally.comments += 1
                continue
            tally.rows += 1
            if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
                del cells[width:]
                tally.padded += 1
            if not whole or (len(cells) != width and len(taken) > 1):
                lines.back.extendleft(reversed(taken[1:]))
                cut = _plain_cells(taken[0], dialect)
                tally.broken.append(_broken(tally.rows, "quote_not_closed", cut))
            elif len(cells) != width:
                reason = "row_too_long" if len(cells) > width else "row_too_short"
                tally.broken.append(_broken(tally.rows, reason, cells))
            else:
                yield tally.rows, cells


def _skip(lines: _Lines, count: int) -> None:
    for _ in range(count):
        if next(lines, None) is None:
            return
        lines.taken.clear()


def _records(lines: _Lines, dialect: Dialect) -> Iterator[tuple[list[str], list[str], bool]]:
    if dialect.delimiter in ("", BLANKS):
        for line in lines:
            cells = line.split() if dialect.delimiter else [line.rstrip("\r\n")]
            yield cells, [line], True
            lines.taken.clear()
        return
    csv.field_size_limit(MAX_FIELD_CHARACTERS * 2)
    while True:
        # A fresh reader after each broken row: the old one has come to its end.
        reader = csv.reader(
            lines,
            delimiter=dialect.delimiter,
            escapechar="\\" if dialect.escape else None,
            skipinitialspace=dialect.blank_after_delimiter,
            quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        )
        for cells in reader:
            taken = lines.taken.copy()
            whole = not lines.overrun
            lines.taken.clear()
            lines.overrun = False
            yield cells, taken, whole
        if not lines.back:
            return


def _plain_cells(line: str, dialect: Dialect) -> list[str]:
    return line.rstrip("\r\n").split(dialect.delimiter)


def _broken(row_no: int, reason: str, cells: list[str]) -> Broken:
    # A list, not an object: which cell belongs to which column is what cannot be told.
    return Broken(row_no, reason, json.dumps(cells, ensure_ascii=False))
