"""Who there is at a moment, and their loaded traits as they were then."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from satsuma.catalog import COLUMN_TYPES, ValueType
from satsuma.engines.duckdb import MONEY_SCALE, DuckDB, identifier, literal
from satsuma.evaluation.columns import Column, Mask, empty_column
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import from_microseconds


def population_size(engine: DuckDB) -> int:
    """Return one more than the highest customer number."""
    highest = engine.value("SELECT max(customer_no) FROM customers")
    return 0 if highest is None else int(highest) + 1


def population(engine: DuckDB, as_of: AsOf, size: int) -> Mask:
    """Return who is in the population: known, not erased, first seen by the moment or since ever (rule S2)."""
    moment = literal(str(from_microseconds(as_of.moment.as_of)))
    table = engine.table(
        "SELECT customer_no FROM customers WHERE erased_at IS NULL "
        f"AND (first_seen IS NULL OR first_seen <= CAST({moment} AS TIMESTAMP))"
    )
    mask = np.zeros(size, np.bool_)
    mask[table.column(0).to_numpy()] = True
    return mask


def loaded_trait(engine: DuckDB, name: str, type_: ValueType, as_of: AsOf, size: int) -> Column:
    """Return a loaded trait of everybody as it was at a moment.

    The value at t is that of the latest change valid and known by then; before its first change it is what that
    change replaced, valid since ever (rule S8).
    """
    if name not in engine.columns("customers"):
        return empty_column(type_, size)
    column = f"c.{identifier(name)}"
    source = f"SELECT c.customer_no, {column} AS value FROM customers c"
    if name not in ("customer_id", "first_seen") and _changed(engine, name):
        source = _as_of_source(name, type_, as_of)
    value = {
        "date": "date_diff('day', DATE '1970-01-01', value)",
        "datetime": "epoch_us(value)",
        "money": f"CAST(value * {MONEY_SCALE} AS BIGINT)",
    }.get(type_, "value")
    table = engine.table(f"SELECT customer_no, {value} AS value FROM ({source}) WHERE value IS NOT NULL")
    return column_from_arrow(table, type_, size)


def _changed(engine: DuckDB, name: str) -> bool:
    found = engine.rows("SELECT 1 FROM trait_changes WHERE trait = ? AND entity = 'customer' LIMIT 1", [name])
    return bool(found)


def _as_of_source(name: str, type_: ValueType, as_of: AsOf) -> str:
    moment = f"CAST({literal(str(from_microseconds(as_of.moment.as_of)))} AS TIMESTAMP)"
    known = "true"
    if as_of.known_at is not None:
        known = f"known_at <= CAST({literal(str(from_microseconds(as_of.known_at)))} AS TIMESTAMP)"
    counts = f"valid_from <= {moment} AND {known}"
    # arg_max skips a null argument, so a change to "missing" is wrapped in a struct.
    return f"""
        SELECT c.customer_no,
               CASE WHEN h.entity_no IS NULL THEN c.{identifier(name)}
                    WHEN h.now IS NOT NULL THEN TRY_CAST(h.now.v AS {COLUMN_TYPES[type_]})
                    ELSE TRY_CAST(h.before.v AS {COLUMN_TYPES[type_]}) END AS value
        FROM customers c LEFT JOIN (
            SELECT entity_no,
                   arg_max({{'v': new_value}}, (valid_from, known_at, load_id)) FILTER (WHERE {counts}) AS now,
                   arg_min({{'v': old_value}}, (valid_from, known_at, load_id)) AS before
            FROM trait_changes WHERE trait = {literal(name)} AND entity = 'customer' GROUP BY entity_no
        ) h ON h.entity_no = c.customer_no"""


def column_from_arrow(table: pa.Table, type_: ValueType, size: int) -> Column:
    """Return a column from (customer_no, value) rows without missing values."""
    numbers = table.column(0).to_numpy().astype(np.int64)
    values = table.column(1).combine_chunks()
    if type_ == "list":
        return _list_column(numbers, values, size)
    result = empty_column(type_, size)
    result.present[numbers] = True
    if type_ == "text":
        codes, words = encode_texts(values)
        result.values[numbers] = codes
        return Column("text", result.values, result.present, words=words)
    if type_ == "location":
        result.values[numbers, 0] = values.field("lat").to_numpy(zero_copy_only=False)
        result.values[numbers, 1] = values.field("lon").to_numpy(zero_copy_only=False)
        return result
    result.values[numbers] = values.to_numpy(zero_copy_only=False)
    if type_ == "number":
        # A number without a finite value is missing.
        result.present[numbers] = np.isfinite(result.values[numbers])
    scale = MONEY_SCALE if type_ == "money" else 1
    return Column(type_, result.values, result.present, scale=scale)


def encode_texts(values: Any) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return codes and the distinct texts they stand for, ordered by code point."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    encoded = pc.dictionary_encode(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = encoded.dictionary.to_pylist()
    # UTF-8 bytes and code points sort alike, and so do Python's texts.
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), np.int32)
    rank[order] = np.arange(len(words), dtype=np.int32)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    return rank[codes] if len(words) else codes.astype(np.int32), tuple(words[place] for place in order)


def _list_column(numbers: NDArray[np.int64], values: Any, size: int) -> Column:
    lengths = np.zeros(size, np.int64)
    lengths[numbers] = pc.list_value_length(values).to_numpy(zero_copy_only=False)
    present = np.zeros(size, np.bool_)
    present[numbers] = True
    offsets = np.zeros(size + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    order = np.argsort(numbers, kind="stable")
    items = values.take(pa.array(order)).flatten()
    codes, words = encode_texts(items)
    return Column("list", codes.astype(np.int64), present, words=words, offsets=offsets)
