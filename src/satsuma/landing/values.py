"""The SQL of single values: exact money, ids, properties, digests. One place, so that the same fact read from a CSV
file, a Parquet file or a tracker becomes the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from satsuma.catalog import COLUMN_TYPES
from satsuma.engines.duckdb import identifier
from satsuma.quality.incoming import IncomingField

#: Between the parts of a digest stands a character that no id holds, so that ('ab', 'c') is not ('a', 'bc').
SEPARATOR = "chr(31)"


def money(expression: str) -> str:
    """Return an expression as exact money, NULL where it does not fit."""
    return f"TRY_CAST({expression} AS DECIMAL(18,4))"


def product(left: str, right: str) -> str:
    """Return the exact product of two DECIMAL(18,4), rounded to four decimals, NULL where it does not fit.

    The wide type in between matters: two 18-digit decimals overflow at ten thousand millions.
    """
    return money(f"TRY(CAST({left} AS DECIMAL(38,4)) * CAST({right} AS DECIMAL(38,4)))")


def text(expression: str) -> str:
    """Return a text trimmed and in NFC, NULL when nothing is left."""
    return f"nullif(nfc_normalize(trim(CAST({expression} AS VARCHAR))), '')"


def digest(*parts: str) -> str:
    """Return the digest of several values as a UUID; a missing part counts as empty."""
    filled = ", ".join(f"coalesce(CAST({part} AS VARCHAR), '')" for part in parts)
    return f"CAST(md5(concat_ws({SEPARATOR}, {filled})) AS UUID)"


def number_digest(*parts: str) -> str:
    """Return the digest of several values as a 64-bit number, to be summed; a missing part counts as empty."""
    filled = ", ".join(f"coalesce(CAST({part} AS VARCHAR), '')" for part in parts)
    return f"md5_number_lower(concat_ws({SEPARATOR}, {filled}))"


def moment(expression: str) -> str:
    """Return a time as whole microseconds, which prints alike everywhere."""
    return f"epoch_us({expression})"


def property_value(field: IncomingField, column: str | None = None) -> str:
    """Return the SQL of an event's property with the exact type that the catalogue gives it."""
    expression = column or identifier(field.name)
    if field.type == "text":
        return f"nfc_normalize(CAST({expression} AS VARCHAR))"
    return f"TRY_CAST({expression} AS {COLUMN_TYPES[field.type]})"


def properties(values: Mapping[str, str]) -> str:
    """Return the VARIANT of named expressions."""
    if not values:
        return "CAST(NULL AS VARIANT)"
    packed = ", ".join(f"{identifier(name)} := {expression}" for name, expression in values.items())
    return f"CAST(struct_pack({packed}) AS VARIANT)"


def content(fields: Sequence[IncomingField]) -> list[str]:
    """Return the parts that make a row's content, in the order of the fields' names.

    A whole number prints without point and type (5, 5.0 and the text `5` are one), so that the format of a file does
    not make another event.
    """
    parts = []
    for field in sorted(fields, key=lambda item: item.name):
        column = identifier(field.name)
        if field.type in ("number", "money"):
            parts.append(plain_number(column))
        elif field.type == "datetime":
            parts.append(moment(column))
        else:
            parts.append(column)
    return parts


def plain_number(expression: str) -> str:
    """Return a number as text without a trace of its type."""
    number = f"CAST({expression} AS DOUBLE)"
    whole = f"{number} = trunc({number}) AND abs({number}) < 1e15"
    return f"CASE WHEN {whole} THEN CAST(TRY_CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
