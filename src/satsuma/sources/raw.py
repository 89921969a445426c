"""A table as its file holds it, before anybody said what its columns mean."""

from __future__ import annotations

from dataclasses import dataclass

from satsuma.engines.duckdb import identifier
from satsuma.sources.fields import is_surely_name
from satsuma.sources.names import may_be_shown

#: A table wider than this is a matrix or a mistaken delimiter, not customer data.
MAX_COLUMNS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """One table that was read, as a temporary table or view of the engine.

    Attributes
    ----------
    name : how people know it: the file's name, or the archive's or pattern's when it is several files in one.
    table : temporary table or view with `row_no` (BIGINT, from 1, the data row in its file), `source` (VARCHAR, the
        file) and one column per column of the file, named `c1`, `c2`, ... so that no name of a file can collide.
    columns : the names of the columns as the file has them (made unique), in order.
    sure_names : the names are names, and not the cells of a first row that was taken for one.
    types : the SQL types; all VARCHAR for text files, workbooks and JSON.
    rows : number of rows in `table`.
    sources : the files, in order.
    broken : temporary table `source, row_no, reason, raw` of rows that could not be split into columns, or None.
    notes : sentences on what was detected or repaired.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: int
    sources: tuple[str, ...]
    encoding: str | None = None
    delimiter: str | None = None
    broken: str | None = None
    broken_rows: int = 0
    notes: tuple[str, ...] = ()
    sure_names: bool = False

    def physical(self, column: str) -> str:
        """Return the quoted SQL name of a column in `table`."""
        return identifier(f"c{self.columns.index(column) + 1}")

    def type_of(self, column: str) -> str:
        """Return the SQL type of a column."""
        return self.types[self.columns.index(column)]

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """The columns as an error may show them: by name, or by place where the name may be a customer's value."""
        return tuple(
            name if is_shown(name, sure=self.sure_names) else f"column {number}"
            for number, name in enumerate(self.columns, start=1)
        )

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The names among `shown_columns`: what a wrong name may be compared with."""
        return tuple(name for name in self.columns if is_shown(name, sure=self.sure_names))


def is_shown(name: str, *, sure: bool) -> bool:
    """Return whether the name of a column may stand in an error or a note."""
    return may_be_shown(name) and (sure or is_surely_name(name))


def unique_names(header: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Make the names of a header distinct and not blank.

    Returns the names, and sentences on what was renamed. Two names that differ in upper and lower case only stay.
    """
    names: list[str] = []
    blank: list[str] = []
    repeated: list[str] = []
    taken: set[str] = set()
    written = {" ".join(cell.split()) for cell in header}
    for number, cell in enumerate(header, start=1):
        name = " ".join(cell.split())
        if not name:
            name = _free(f"column_{number}", taken | written)
            blank.append(name)
        elif name in taken:
            name = _free_number(name, taken | written)
            repeated.append(name if is_shown(" ".join(cell.split()), sure=False) else f"column {number}")
        taken.add(name)
        names.append(name)
    notes = []
    if blank:
        notes.append(f"{_columns(len(blank))} without a name: called {_listed(blank)}.")
    if repeated:
        notes.append(f"{_columns(len(repeated))} repeating a name: numbered ({_listed(repeated)}).")
    return tuple(names), notes


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _free_number(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"


def _listed(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
