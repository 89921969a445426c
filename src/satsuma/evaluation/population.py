"""Who there is at a moment, and their loaded traits as they were then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlglot import exp

from satsuma.catalog import ValueType
from satsuma.engines.dialects import Dialect
from satsuma.engines.duckdb import MONEY_SCALE, identifier, literal
from satsuma.engines.engine import Engine
from satsuma.evaluation.columns import Column, Mask, empty_column
from satsuma.evaluation.roster import TABLES, Roster
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import ORDER_EVENTS
from satsuma.language.durations import from_microseconds
from satsuma.language.types import Entity

#: So many numbers are written into a statement; more are read as a table.
_LISTED = 50
_CHOSEN = "chosen_numbers"


def population(engine: Engine, as_of: AsOf, roster: Roster) -> Mask:
    """Return who is in the population: known, not erased, first seen by the moment or since ever (rule S2)."""
    name, number, _ = TABLES[roster.entity]
    erased = "erased_at IS NULL AND " if roster.entity == "customer" else ""
    seen = f"first_seen IS NULL OR first_seen <= {_timestamp(as_of.moment.as_of)}"
    known = _seen_then(engine, seen, as_of, name)
    with on_roster(engine, roster, number) as (handle, chosen):
        table = handle.table(f"SELECT {number} FROM {name} WHERE {erased}{known}{chosen}")
    mask = np.zeros(roster.size, np.bool_)
    mask[placed(roster, table.column(0).to_numpy())] = True
    return mask


def _seen_then(engine: Engine, seen: str, as_of: AsOf, name: str) -> str:
    """Return the condition of who was seen by the moment, as it was known then (rule S8).

    Nobody is known before the load that brought them. `first_seen` is what is known now: whoever has an event that
    a correction replaced later was seen by its time, for those who looked before the correction came.
    """
    if as_of.known_at is None:
        return f"({seen})"
    columns, known = engine.columns(name), _timestamp(as_of.known_at)
    if name == "customers":
        unsigned = "signed_up IS NULL AND " if "signed_up" in columns else ""
        replaced = " UNION ALL ".join(
            f"SELECT customer_no FROM {engine.events(event)} WHERE name = {literal(event)} AND superseded_at > {known} "
            f"AND received_at <= {known} AND time <= {_timestamp(as_of.moment.as_of)}"
            for event in ORDER_EVENTS
        )
        seen += f" OR ({unsigned}customer_no IN ({replaced}))"
    # Tables that another program wrote need not have the column.
    arrived = f" AND (arrived_at IS NULL OR arrived_at <= {known})" if "arrived_at" in columns else ""
    return f"({seen}){arrived}"


def _timestamp(moment: int) -> str:
    return f"CAST({literal(str(from_microseconds(moment)))} AS TIMESTAMP)"


def placed(roster: Roster, numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places of numbers that are on the roster."""
    places = numbers if roster.numbers is None else np.searchsorted(roster.numbers, numbers)
    return places.astype(np.int64)


@contextmanager
def on_roster(engine: Engine, roster: Roster, column: str) -> Iterator[tuple[Engine, str]]:
    """Give the condition that a number is on the roster (beginning with AND), and the handle on which to ask it."""
    if roster.numbers is None:
        yield engine, ""
        return
    if len(roster.numbers) <= _LISTED:
        listed = ", ".join(map(str, roster.numbers.tolist()))
        yield engine, f" AND {column} IN ({listed})" if listed else " AND false"
        return
    # A list of a thousand takes the engine 40 ms to read, a table of them 4.
    handle = engine.cursor()
    try:
        handle.register(_CHOSEN, pa.table({"no": roster.numbers}))
        yield handle, f" AND {column} IN (SELECT no FROM {_CHOSEN})"
    finally:
        handle.close()


def loaded_trait(engine: Engine, name: str, type_: ValueType, as_of: AsOf, roster: Roster) -> Column:
    """Return a loaded trait of everybody on the roster as it was at a moment.

    The value at t is that of the latest change valid and known by then; before its first change it is what that
    change replaced, valid since ever, and known since the customer was first described (rule S8).
    """
    table_name, number, id_ = TABLES[roster.entity]
    columns = engine.columns(table_name)
    if name not in columns:
        return empty_column(type_, roster.size)
    is_own = name in (id_, "first_seen")
    described = "true" if is_own else described_by(engine, as_of, roster)
    value = column_value(engine.dialect, type_)
    changed = not is_own and _changed(engine, name, roster.entity)
    with on_roster(engine, roster, f"c.{number}") as (handle, chosen):
        source = f"""SELECT c.{number} AS no, c.{identifier(name)} AS value FROM {table_name} c
            WHERE {described}{chosen}"""
        if changed:
            source = _as_of_source(engine.dialect, name, type_, as_of, roster, described, chosen)
        table = handle.table(f"SELECT no, {value} AS value FROM ({source}) WHERE value IS NOT NULL")
    return column_from_arrow(placed(roster, table.column(0).to_numpy()), table.column(1), type_, roster.size)


def described_by(engine: Engine, as_of: AsOf, roster: Roster) -> str:
    """Return the SQL condition that the first traits of somebody, in a table `c`, were known by then."""
    if as_of.known_at is None or "described_at" not in engine.columns(TABLES[roster.entity][0]):
        return "true"
    return f"(c.described_at IS NULL OR c.described_at <= {_timestamp(as_of.known_at)})"


def column_value(dialect: Dialect, type_: ValueType) -> str:
    """Return the SQL of a trait's `value` as columns hold it: whole numbers for dates, moments and money."""
    return {
        "date": dialect.render(dialect.days(exp.column("value"))),
        "datetime": dialect.render(dialect.microseconds(exp.column("value"))),
        "money": f"CAST(value * {MONEY_SCALE} AS BIGINT)",
    }.get(type_, "value")


def _changed(engine: Engine, name: str, entity: Entity) -> bool:
    found = engine.rows(
        f"SELECT 1 FROM trait_changes WHERE trait = {literal(name)} AND entity = {literal(entity)} LIMIT 1"
    )
    return bool(found)


def _as_of_source(
    dialect: Dialect, name: str, type_: ValueType, as_of: AsOf, roster: Roster, described: str, chosen: str
) -> str:
    """Return the SQL of a trait with a history; `described` says whose value of before its first change was known."""
    table, number, _ = TABLES[roster.entity]
    counts: exp.Expr = exp.LTE(this=exp.column("valid_from"), expression=dialect.moment(as_of.moment.as_of))
    if as_of.known_at is not None:
        counts = exp.and_(counts, exp.LTE(this=exp.column("known_at"), expression=dialect.moment(as_of.known_at)))
    order = [exp.column(column) for column in ("valid_from", "known_at", "load_id")]
    now = dialect.edge(exp.column("new_value"), order, last=True, where=counts)
    before = dialect.edge(exp.column("old_value"), order, last=False, where=None)
    then, first = (dialect.render(dialect.logged(exp.column("v", table=edge, db="h"), type_))
                   for edge in ("now", "before"))  # fmt: skip
    return f"""
        SELECT c.{number} AS no,
               CASE WHEN h.now IS NOT NULL THEN {then}
                    WHEN NOT {described} THEN NULL
                    WHEN h.entity_no IS NULL THEN c.{identifier(name)}
                    ELSE {first} END AS value
        FROM {table} c LEFT JOIN (
            SELECT entity_no, {dialect.render(now)} AS now, {dialect.render(before)} AS before
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
        # A place that is not on the globe is missing; a comparison with what is no number is false.
        lat, lon = result.values[numbers].T
        result.present[numbers] = (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
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
