"""What a stream asks a database for, and which of its columns it uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from satsuma.connectors.paths import Key, Path
from satsuma.connectors.vendor import Condition, RowsSpec, Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A table, with the schema before it, or a query; one of them.

    columns : kept of a table beside those that the stream uses.
    """

    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[str | None, str]:
        """The schema and the name of the table; either stands in double quotes where it has a point in it."""
        names, rest = [], self.table or ""
        while rest:
            if rest.startswith('"') and '"' in rest[1:]:
                name, _, rest = rest[1:].partition('"')
                rest = rest.removeprefix(".")
            else:
                name, _, rest = rest.partition(".")
            names.append(name)
        return ".".join(names[:-1]) or None, names[-1]


def used_columns(stream: Stream) -> dict[str, str] | None:
    """Return the columns that a stream reads, each with what for; None when it takes rows as they are."""
    found: dict[str, str] = {}
    for path, what in _paths(stream):
        if not path.steps:
            return None
        first = path.steps[0]
        if isinstance(first, Key):
            found.setdefault(first.name, what)
    return found


def _paths(stream: Stream) -> Iterator[tuple[Path, str]]:
    yield from ((path, "id") for path in stream.id)
    if stream.updated is not None:
        yield stream.updated, "updated"
    if stream.deleted is not None:
        yield stream.deleted.path, "deleted"
    for rows in stream.rows:
        for path, what in _row_paths(rows):
            # In rows of a list's elements `@` is the element, and `^` the row of the database.
            if path.root == "^" or (path.root == "@" and (rows.each is None or what == "each")):
                yield path, what


def _row_paths(rows: RowsSpec) -> Iterator[tuple[Path, str]]:
    for path, what in ((rows.each, "each"), (rows.rest, "rest")):
        if path is not None:
            yield path, what
    for fields in (rows.fields, rows.deleted or {}):
        for name, spec in fields.items():
            yield from ((path, f"fields: {name}") for path in spec.paths)
            if spec.currency is not None:
                yield spec.currency, f"fields: {name}"
    yield from ((path, "when") for path in _of(rows.when))
    if rows.person is not None:
        person = rows.person
        some = (*person.id, *person.email, *((person.anonymous,) if person.anonymous is not None else ()))
        yield from ((path, "person") for path in some)


def _of(conditions: Iterable[Condition]) -> Iterator[Path]:
    return (condition.path for condition in conditions)
