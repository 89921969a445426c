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
from satsuma.evaluation.roster import TABLES, Roster
from satsuma.evaluation.scan import AsOf
from satsuma.language.durations import from_microseconds
from satsuma.language.types import Entity


def population(engine: DuckDB, as_of: AsOf, roster: Roster) -> Mask:
    """Return who is in the population: known, not erased, first seen by the moment or since ever (rule S2)."""
    moment = literal(str(from_microseconds(as_of.moment.as_of)))
    name, number, _ = TABLES[roster.entity]
    erased = "erased_at IS NULL AND " if roster.entity == "customer" else ""
    table = engine.table(
        f"SELECT {number} FROM {name} "
        f"WHERE {erased}(first_seen IS NULL OR first_seen <= CAST({moment} AS TIMESTAMP)){_chosen(roster, number)}"
    )
    mask = np.zeros(roster.size, np.bool_)
    mask[placed(roster, table.column(0).to_numpy())] = True
    return mask


def placed(roster: Roster, numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places of numbers that are on the roster."""
    places = numbers if roster.numbers is None else np.searchsorted(roster.numbers, numbers)
    return places.astype(np.int64)


def _chosen(roster: Roster, column: str) -> str:
    """Return the condition that a number is on the roster, beginning with AND; nothing for everybody."""
    if roster.numbers is None:
        return ""
    # A list of numbers is read as fast as a table of them up to some thousands, and needs no registration.
    listed = ", ".join(map(str, roster.numbers.tolist()))
    return f" AND {column} IN ({listed})" if listed else " AND false"


def loaded_trait(engine: DuckDB, name: str, type_: ValueType, as_of: AsOf, roster: Roster) -> Column:
    """Return a loaded trait of everybody on the roster as it was at a moment.

    The value at t is that of the latest change valid and known by then; before its first change it is what that
    change replaced, valid since ever (rule S8).
    """
    table_name, number, id_ = TABLES[roster.entity]
    if name not in engine.columns(table_name):
        return empty_column(type_, roster.size)
    chosen = _chosen(roster, f"c.{number}")
    source = f"SELECT c.{number} AS no, c.{identifier(name)} AS value FROM {table_name} c WHERE true{chosen}"
    if name not in (id_, "first_seen") and _changed(engine, name, roster.entity):
        source = _as_of_source(name, type_, as_of, roster, chosen)
    value = {
        "date": "date_diff('day', DATE '1970-01-01', value)",
        "datetime": "epoch_us(value)",
        "money": f"CAST(value * {MONEY_SCALE} AS BIGINT)",
    }.get(type_, "value")
    table = engine.table(f"SELECT no, {value} AS value FROM ({source}) WHERE value IS NOT NULL")
    return column_from_arrow(placed(roster, table.column(0).to_numpy()), table.column(1), type_, roster.size)


def _changed(engine: DuckDB, name: str, entity: Entity) -> bool:
    found = engine.rows(
        f"SELECT 1 FROM trait_changes WHERE trait = {literal(name)} AND entity = {literal(entity)} LIMIT 1"
    )
    return bool(found)


def _as_of_source(name: str, type_: ValueType, as_of: AsOf, roster: Roster, chosen: str) -> str:
    table, number, _ = TABLES[roster.entity]
    moment = f"CAST({literal(str(from_microseconds(as_of.moment.as_of)))} AS TIMESTAMP)"
    known = "true"
    if as_of.known_at is not None:
        known = f"known_at <= CAST({literal(str(from_microseconds(as_of.known_at)))} AS TIMESTAMP)"
    counts = f"valid_from <= {moment} AND {known}"
    # arg_max skips a null argument, so a change to "missing" is wrapped in a struct.
    return f"""
        SELECT c.{number} AS no,
               CASE WHEN h.entity_no IS NULL THEN c.{identifier(name)}
                    WHEN h.now IS NOT NULL THEN TRY_CAST(h.now.v AS {COLUMN_TYPES[type_]})
                    ELSE TRY_CAST(h.before.v AS {COLUMN_TYPES[type_]}) END AS value
        FROM {table} c LEFT JOIN (
            SELECT entity_no,
                   arg_max({{'v': new_value}}, (valid_from, known_at, load_id)) FILTER (WHERE {counts}) AS now,
                   arg_min({{'v': old_value}}, (valid_from, known_at, load_id)) AS before
            FROM trait_changes WHERE trait = {literal(name)} AND entity = {literal(roster.entity)} GROUP BY entity_no
        ) h ON h.entity_no = c.{number} WHERE true{chosen}"""


def column_from_arrow(numbers: NDArray[np.int64], values: Any, type_: ValueType, size: int) -> Column:
    """Return a column from places and their values, none of them missing."""
    values = values.combine_chunks()
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
