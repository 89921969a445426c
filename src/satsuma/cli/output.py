"""What commands write: JSON for programs, tables and sentences for people, CSV for other tools."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TextIO

from satsuma.shapes import json_text, plain_value

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

#: A pipe or a file has no width: nothing is cut there.
_WIDTH_OF_PIPE = 2_000

_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "\N{REPLACEMENT CHARACTER}")


class ReaderGoneError(Exception):
    """Whoever read our output through a pipe has closed it."""


@contextmanager
def _pipe() -> Iterator[TextIO]:
    # Not an OSError from here on: the parser would make a failure of it.
    try:
        yield sys.stdout
    except BrokenPipeError:
        raise ReaderGoneError from None


def printable(text: str) -> str:
    """Return `text` without the control characters that could command a terminal."""
    return text.translate(_CONTROL)


def show_json(value: Any) -> None:
    """Write a value as JSON to standard output."""
    with _pipe() as stream:
        stream.write(json_text(value) + "\n")


def show_lines(lines: Iterable[str]) -> None:
    """Write texts, one a line, as they are."""
    with _pipe() as stream:
        stream.writelines(f"{line}\n" for line in lines)


def show_csv(table: pa.Table) -> None:
    """Write an Arrow table as CSV. Moments are UTC, a missing value is an empty cell."""
    with _pipe() as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches(max_chunksize=50_000):
            columns = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
            writer.writerows(zip(*columns, strict=True))


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, list | dict):
        return json.dumps(plain_value(value), ensure_ascii=False)
    return plain_value(value)


# ------------------------------------------------------------------------------------------------------- for people


@cache
def console(*, stderr: bool = False) -> Console:
    """Return the terminal; a pipe gets plain text of any width."""
    from rich.console import Console

    class QuietConsole(Console):
        def on_broken_pipe(self) -> None:
            raise ReaderGoneError

    stream = sys.stderr if stderr else sys.stdout
    return QuietConsole(
        file=stream,
        width=None if stream.isatty() else _WIDTH_OF_PIPE,
        soft_wrap=True,
        highlight=False,
        markup=False,
        emoji=False,
    )


Align = Literal["left", "right"]


def show_table(
    columns: Sequence[tuple[str, Align]], rows: Iterable[Sequence[str]], *, title: str | None = None
) -> None:
    """Write a table: names with their alignment, and rows of texts."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        header_style="bold",
        pad_edge=False,
        expand=False,
    )
    for name, align in columns:
        # Numbers are never cut; a long name wraps instead.
        table.add_column(Text(name), justify=align, no_wrap=align == "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)
    console().print()


def say(text: str = "", *, style: str = "") -> None:
    """Write a sentence to standard output."""
    console().print(printable(text), style=style or None)


def note(text: str) -> None:
    """Write a sentence to standard error, where it does not mix with an answer."""
    console(stderr=True).print(printable(text), style="dim")


def warn(text: str) -> None:
    """Write a warning to standard error."""
    console(stderr=True).print(printable(f"Warning: {text}"), style="yellow")
