"""How a text file is cut into rows and columns: delimiter, quotes, preamble, header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from satsuma.errors import SourceError
from satsuma.sources.fields import is_known_name, is_surely_name
from satsuma.sources.missing import DEFAULT
from satsuma.sources.raw import MAX_COLUMNS

#: Tried in this order; the first of equally regular ones wins. A semicolon goes before a comma because a comma may be a
#: decimal sign, and a semicolon is hardly ever regular by chance.
DELIMITERS = ("\t", ";", "|", ",", "\x1f", "\x01", "~", "^")
BLANKS = " "
SAMPLE_LINES = 500
SAMPLE_CHARACTERS = 2_000_000
MAX_FIELD_CHARACTERS = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What it takes to cut a file.

    delimiter : one character, ' ' for runs of blanks, '' for a single column.
    skip : lines above the header (or above the first row).
    header : names of the columns as written, or None when the file has none.
    sure : the header can be nothing else (`is_surely_header`).
    width : number of columns.
    regular : the sample holds nothing that the engine's own strict reader would refuse.
    """

    delimiter: str
    skip: int
    header: tuple[str, ...] | None
    width: int
    sure: bool = False
    header_lines: int = 1
    escape: bool = False
    blank_after_delimiter: bool = False
    row_names: bool = False
    quoted: bool = True
    regular: bool = True
    notes: tuple[str, ...] = ()


def shown_delimiter(delimiter: str) -> str:
    """Return a delimiter's name in words."""
    names = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar", " ": "blanks", "": "none", "\x1f": "unit sign"}
    return names.get(delimiter, f"'{delimiter}'" if delimiter.isprintable() else f"character {ord(delimiter)}")


def detect_dialect(path: Path, label: str) -> Dialect:
    """Look at the beginning of a UTF-8 file and decide how it is cut.

    Raises
    ------
    SourceError
        When nothing in it looks like rows, or it is absurdly wide.
    """
    with path.open(encoding="utf-8", newline="", errors="replace") as file:
        lines = list(islice(_lines(file), SAMPLE_LINES))
        complete = not file.read(1)
    if not any(line.strip() for line in lines):
        raise SourceError(f"{label} holds nothing but blank lines.", hint="Check the export that made it.")
    # The last line of a part is cut by the reading, that of a whole file by whoever wrote it.
    return decide(lines if complete or len(lines) < 2 else lines[:-1], label)


def _lines(file: TextIO) -> Iterator[str]:
    total = 0
    while total < SAMPLE_CHARACTERS:
        line = file.readline(SAMPLE_CHARACTERS)
        if not line:
            return
        total += len(line)
        yield line


def decide(lines: Sequence[str], label: str) -> Dialect:
    """Decide the dialect from sample lines (with their line ends)."""
    first = lines[0].lower().strip()
    told = first[4:5] if re.fullmatch(r"sep=.", first) else None
    body = list(lines[1 if told else 0 :])
    delimiter = told or _delimiter(body)
    quoted = _quotes_hold(body, delimiter)
    escape = quoted and _has_backslash_quotes(body, delimiter)
    blank = delimiter not in ("", BLANKS) and any(
        # A blank before a quote outside quotes: a reader that keeps it would take the quotes for text.
        re.match(r' +"', cell)
        for row in split(body, delimiter, quoted=quoted)
        for cell in row
    )
    rows = split(body, delimiter, escape=escape, blank=blank, quoted=quoted)
    widths = Counter(len(row) for row in rows if _filled(row))
    if not widths:
        raise SourceError(f"{label} holds nothing but comments and empty cells.", hint="Check the export that made it.")
    # Where rows differ as often as not, the first one (the header) knows best.
    lead = next((len(row) for row in rows if _filled(row)), 1)
    width = max(widths, key=lambda size: (widths[size], size == lead, size))
    if width > MAX_COLUMNS:
        raise SourceError(
            f"{label} has {width:,} columns; at most {MAX_COLUMNS:,} are read.",
            hint="Check the delimiter, or turn the table so that customers are rows.",
        )
    top = _first_full(rows, width)
    skip, header_lines = _physical_lines(body, top, delimiter, escape, blank, quoted)
    notes: list[str] = []
    if told:
        notes.append("The first line names the delimiter.")
    if top:
        notes.append(f"{skip} line{'s' if skip > 1 else ''} above the table left out.")
    header: tuple[str, ...] | None = tuple(rows[top])
    below = [row for row in rows[top + 1 :] if _filled(row)]
    row_names = False
    if has_header(rows[top], below):
        if len(rows[top]) == width - 1:
            # R writes a table without a name above its row names.
            header, row_names = ("", *rows[top]), True
            notes.append("The first column has no name above it: taken as the names of the rows.")
        elif len(rows[top]) > width and not any(cell.strip() for cell in rows[top][width:]):
            header = tuple(rows[top][:width])
        else:
            width = max(width, len(rows[top]))
    else:
        header = None
        notes.append(f"No header: the columns are called column_1 to column_{width}.")
    plain = quoted and not escape and not blank and delimiter not in ("", BLANKS)
    regular = plain and header_lines == 1 and set(widths) <= {width}
    return Dialect(
        delimiter=delimiter,
        skip=skip + (1 if told else 0),
        header=header,
        width=width,
        sure=header is None or is_surely_header(rows[top], below),
        header_lines=header_lines,
        escape=escape,
        blank_after_delimiter=blank,
        row_names=row_names,
        quoted=quoted,
        regular=regular,
        notes=tuple(notes),
    )


def split(
    lines: Sequence[str], delimiter: str, *, escape: bool = False, blank: bool = False, quoted: bool = True
) -> list[list[str]]:
    """Cut sample lines into rows of cells; a blank line is an empty row."""
    if delimiter == "":
        return [[line.strip("\r\n")] if line.strip() else [] for line in lines]
    if delimiter == BLANKS:
        return [line.split() for line in lines]
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(
        lines,
        delimiter=delimiter,
        escapechar="\\" if escape else None,
        skipinitialspace=blank,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    try:
        return list(reader)
    except csv.Error:
        return [line.rstrip("\r\n").split(delimiter) for line in lines]


def _filled(row: Sequence[str]) -> bool:
    return any(cell.strip() for cell in row) and not _is_comment(row)


def _is_comment(row: Sequence[str]) -> bool:
    return len(row) == 1 and row[0].startswith("#")


def _delimiter(lines: Sequence[str]) -> str:
    kept = [line for line in lines if line.strip() and not line.startswith("#")] or list(lines)
    best, best_score = "", 0.0
    for delimiter in DELIMITERS:
        if not any(delimiter in line for line in kept):
            continue
        rows = [row for row in split(kept, delimiter) if _filled(row)]
        if not rows:
            continue
        widths = Counter(len(row) for row in rows)
        width = max(widths, key=lambda size: (widths[size], size))
        if width < 2:
            continue
        score = widths[width] / len(rows)
        # The header is the line that never holds a delimiter by chance.
        top = len(rows[0])
        score += 0.5 if top == width else (0.25 if top > 1 else 0.0)
        if score > best_score + 0.02:
            best, best_score = delimiter, score
    if best_score >= 0.6:
        return best
    widths = Counter(len(line.split()) for line in kept)
    width, count = widths.most_common(1)[0]
    # Running text is blank-separated too, but not regularly; two lines would be by chance.
    if width > 1 and len(kept) >= 3 and count >= len(kept) * 0.95:
        return BLANKS
    return best


def _quotes_hold(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether quotes are quotes: not inches, and not a stray one that would swallow the file."""
    if delimiter in ("", BLANKS) or not any('"' in line for line in lines):
        return True
    with_quotes = split(lines, delimiter)
    longest = max((cell.count("\n") for row in with_quotes for cell in row), default=0)
    return longest < 100 or len(with_quotes) > len(lines) // 2


def _has_backslash_quotes(lines: Sequence[str], delimiter: str) -> bool:
    if not any('\\"' in line for line in lines):
        return False
    sep = re.escape(delimiter)
    # A path such as "C:\data\" ends with a backslash before the closing quote, and a doubled quote may follow a
    # backslash too: neither is an escape.
    return any(re.search(rf'\\"(?!"|\s*(?:{sep}|\r?\n|$))', line) for line in lines)


def _first_full(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return the first row of full width: the header, or the first row of data.

    One cell less is a header too, where all rows below are full: R leaves out the name above the row names. A single
    cell is a title.
    """
    for number, row in enumerate(rows[:50]):
        if not _filled(row):
            continue
        if len(row) >= width or (len(row) == width - 1 > 1 and _all_full_after(rows[number + 1 :], width)):
            return number
    return next(number for number, row in enumerate(rows) if _filled(row) and len(row) >= min(width, 2))


def _all_full_after(rows: Sequence[Sequence[str]], width: int) -> bool:
    filled = [row for row in rows if _filled(row)]
    return len(filled) > 1 and all(len(row) == width for row in filled)


def _physical_lines(
    lines: Sequence[str],
    top: int,
    delimiter: str,
    escape: bool,
    blank: bool,
    quoted: bool,
) -> tuple[int, int]:
    """Return how many lines of the file stand above row `top`, and how many it takes itself."""
    if delimiter in ("", BLANKS) or not quoted:
        return top, 1
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(lines, delimiter=delimiter, escapechar="\\" if escape else None, skipinitialspace=blank)
    before = 0
    try:
        for number, _ in enumerate(reader):
            if number == top:
                return before, reader.line_num - before
            before = reader.line_num
    except csv.Error:
        pass
    return top, 1


_TYPED = (
    ("number", re.compile(r"[-+]?[\d.,\s]*\d[\d.,]*%?")),
    ("date", re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}")),
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")),
)


def _typed(cell: str) -> str | None:
    cell = cell.strip()
    for name, pattern in _TYPED:
        if pattern.fullmatch(cell):
            return name
    return None


def is_surely_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row that was taken for the names of the columns can be nothing else.

    Then its cells may be shown in an error. A row is a header without any evidence where nothing speaks against it;
    its cells may then be a customer's values.
    """
    offset = 1 if below and len(first) == len(below[0]) - 1 else 0
    filled = [cell for cell in first if cell.strip()]
    known = sum(is_surely_name(cell) for cell in filled if _typed(cell) is None)
    words_above_values = 0
    for number, cell in enumerate(first):
        usual = _usual_type(below, number + offset)
        if usual is None or not cell.strip():
            continue
        kind = _typed(cell)
        if kind == usual and not _is_year(cell):
            return False
        words_above_values += kind is None and cell.strip().lower() not in DEFAULT
    return words_above_values > 0 or known * 2 >= len(filled)


def _usual_type(below: Sequence[Sequence[str]], number: int) -> str | None:
    """Return what nearly all values of a column are, or None when they are texts or differ."""
    column = [row[number] for row in below if len(row) > number and row[number].strip()][:200]
    if not column:
        return None
    kind, count = Counter(_typed(value) for value in column).most_common(1)[0]
    return kind if count >= len(column) * 0.8 else None


def _is_year(cell: str) -> bool:
    return re.fullmatch(r"(19|20)\d\d", cell.strip()) is not None


def has_header(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Decide whether the first full row names the columns.

    Evidence for: a name that is known, or a word above a column of numbers or dates. Evidence against: a cell that is
    itself a number, date or address, as the cells below it are.
    """
    score = 0.0
    typed_cells = 0
    offset = 1 if below and len(first) == len(below[0]) - 1 else 0
    for number, cell in enumerate(first):
        kind = _typed(cell)
        typed_cells += kind is not None
        if kind is None and is_known_name(cell):
            score += 1
        usual = _usual_type(below, number + offset)
        if usual is None:
            continue
        if kind is None and cell.strip():
            score += 1
        elif kind == usual:
            # A year above numbers is a name (`2019`, `2020`); any other number is data.
            score -= 0.25 if _is_year(cell) else 1
    if score != 0:
        return score > 0
    if typed_cells:
        return False
    filled = [cell.strip() for cell in first if cell.strip()]
    return bool(filled) and (len(set(filled)) == len(filled) or (len(below) > 0 and not _repeats(first, below)))


def _repeats(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a cell of the first row is also a value of its column."""
    return any(
        cell.strip() and any(len(row) > number and row[number] == cell for row in below)
        for number, cell in enumerate(first)
    )
