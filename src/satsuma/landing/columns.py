"""Typed columns for what is loaded: a trait of customers or accounts, an attribute of products.

The catalogue's type rules. Where it has none, the column's own does, and for a new column the type that was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.catalog import COLUMN_TYPES, ValueType
from satsuma.engines.duckdb import identifier
from satsuma.errors import SourceError
from satsuma.landing.outcome import Landing
from satsuma.quality.incoming import IncomingField

VALUE_OF_COLUMN: Mapping[str, ValueType] = {column: value for value, column in COLUMN_TYPES.items()}  # type: ignore[misc]

#: From a column of the first type every value goes into the second unchanged.
_WIDER = {
    ("integer", "number"),
    ("integer", "money"),
    ("date", "datetime"),
    ("boolean", "text"),
    ("integer", "text"),
    ("number", "text"),
    ("money", "text"),
    ("money", "number"),
    ("date", "text"),
    ("datetime", "text"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that receives a field: its name, its type, and the SQL that makes its value from the incoming table."""

    field: IncomingField
    name: str
    type: ValueType
    is_new: bool

    @property
    def value(self) -> str:
        column = identifier(self.field.name)
        if self.type == "text":
            if self.field.type in ("number", "money"):
                # 12.0 read as a number here was '12' as text there.
                plain = f"rtrim(rtrim(CAST(TRY_CAST({column} AS DECIMAL(38,6)) AS VARCHAR), '0'), '.')"
                # A number too large for that stays as the engine writes it.
                return f"coalesce({plain}, CAST({column} AS VARCHAR))"
            return f"nfc_normalize(CAST({column} AS VARCHAR))"
        return f"TRY_CAST({column} AS {COLUMN_TYPES[self.type]})"


def prepare_columns(
    landing: Landing,
    table: str,
    fields: tuple[IncomingField, ...],
    *,
    reserved: frozenset[str],
    declared: Mapping[str, ValueType],
) -> tuple[list[Column], list[str]]:
    """Give a table a column for each field.

    Parameters
    ----------
    reserved : names of the table's own columns, which no field may take.
    declared : type of each name that the catalogue knows.

    Returns
    -------
    columns, notes
        The columns in the order of the fields, and what was renamed or changed.

    Raises
    ------
    SourceError
        When values do not fit the type that a column already has.
    """
    engine = landing.engine
    present = engine.columns(table)
    columns: list[Column] = []
    notes: list[str] = []
    taken = set(present) | set(reserved)
    for item in fields:
        name = item.name
        if name in reserved:
            name = f"source_{name}"
            notes.append(
                f"The column '{item.column}' is stored as '{name}', because '{item.name}' has a meaning of its own."
            )
        old = VALUE_OF_COLUMN.get(present.get(name, ""))
        wanted = declared.get(name) or old or item.type
        if old is None:
            engine.execute(f"ALTER TABLE {table} ADD COLUMN {identifier(name)} {COLUMN_TYPES[wanted]}")
        elif old != wanted:
            if (old, wanted) not in _WIDER:
                raise SourceError(
                    f"'{name}' is stored as {old}, but the catalogue now calls it {wanted}.",
                    hint=f"Set its type in catalog.yaml back to {old}, or to a wider one (text holds everything).",
                    column=item.column,
                )
            engine.execute(f"ALTER TABLE {table} ALTER COLUMN {identifier(name)} TYPE {COLUMN_TYPES[wanted]}")
            notes.append(f"'{name}' is now stored as {wanted}; it was {old}.")
        column = Column(field=item, name=name, type=wanted, is_new=old is None)
        _check_fit(landing, column)
        taken.add(name)
        columns.append(column)
    return columns, notes


def _check_fit(landing: Landing, column: Column) -> None:
    """Refuse values that the column's type cannot hold unchanged."""
    kind, wanted = column.field.type, column.type
    if kind == wanted or (kind, wanted) in _WIDER:
        return
    source = identifier(column.field.name)
    lost = f"{column.value} IS NULL"
    if kind in ("number", "money") and wanted == "integer":
        lost = f"({lost} OR {column.value} <> {source})"
    elif kind == "datetime" and wanted == "date":
        lost = f"({lost} OR CAST({column.value} AS TIMESTAMP) <> {source})"
    bad, rows = landing.engine.row(
        f"SELECT count_if({source} IS NOT NULL AND {lost}), count({source}) FROM {landing.table}"
    )
    if bad:
        raise SourceError(
            f"The column '{column.field.column}' holds {kind} here, but '{column.name}' is stored as {wanted}: "
            f"{bad:,} of {rows:,} values do not fit. Nothing was loaded.",
            hint=f"Mend the file, set 'type: {kind}' for '{column.name}' in catalog.yaml if all its values may be "
            f"{kind}, or store the column under another name.",
            column=column.field.column,
        )
