"""All values that loaded traits had up to a moment, each with the time since when it stood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlglot import exp

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import literal
from satsuma.engines.engine import Engine
from satsuma.evaluation.columns import Column
from satsuma.evaluation.population import column_from_arrow, column_value, described_by, on_roster, placed
from satsuma.evaluation.roster import TABLES, Roster
from satsuma.evaluation.scan import AsOf
from satsuma.language.history import EVER


@dataclass(frozen=True, slots=True, eq=False)
class TraitStates:
    """The values of those whose trait ever changed, sorted by place and time; all others had theirs since ever.

    place : whose. since : from when on, in microseconds; EVER for the first of each. values : a row for each state.
    """

    place: NDArray[np.int64]
    since: NDArray[np.int64]
    values: Column


def trait_states(engine: Engine, name: str, type_: ValueType, as_of: AsOf, roster: Roster) -> TraitStates:
    """Return what the log of changes says of a loaded trait, up to a moment and as it was known (rule S8).

    The first state of each is what the first change replaced, valid since ever; of changes at one time the one that
    was known last holds.
    """
    dialect = engine.dialect
    table, number, _ = TABLES[roster.entity]
    old, new = (
        dialect.render(dialect.logged(exp.column(f"{side}_value", table="h"), type_)) for side in ("old", "new")
    )
    since = dialect.render(dialect.microseconds(exp.column("valid_from")))
    counts = f"valid_from <= {dialect.render(dialect.moment(as_of.moment.as_of))}"
    if as_of.known_at is not None:
        counts += f" AND known_at <= {dialect.render(dialect.moment(as_of.known_at))}"
    with on_roster(engine, roster, f"c.{number}") as (handle, chosen):
        rows = handle.table(f"""
            WITH log AS (
                SELECT h.entity_no AS no, h.valid_from, h.known_at, h.load_id, {new} AS new_value,
                    CASE WHEN {described_by(engine, as_of, roster)} THEN {old} END AS old_value
                FROM trait_changes h JOIN {table} c ON c.{number} = h.entity_no
                WHERE h.trait = {literal(name)} AND h.entity = {literal(roster.entity)}{chosen}
            )
            SELECT no, since, {column_value(dialect, type_)} AS value FROM (
                SELECT no, CAST({EVER} AS BIGINT) AS since, old_value AS value FROM (
                    SELECT *, row_number() OVER (PARTITION BY no ORDER BY valid_from, known_at, load_id) AS place
                    FROM log
                ) f WHERE place = 1
                UNION ALL
                SELECT no, {since} AS since, new_value AS value FROM (
                    SELECT *, row_number() OVER (
                        PARTITION BY no, valid_from ORDER BY known_at DESC, load_id DESC) AS place
                    FROM log WHERE {counts}
                ) l WHERE place = 1
            ) s ORDER BY no, since""")
    values = rows.column(2)
    known = values.is_valid()
    present = np.flatnonzero(known.to_numpy())
    return TraitStates(
        place=placed(roster, rows.column(0).to_numpy()),
        since=rows.column(1).to_numpy(),
        values=column_from_arrow(present, pa.chunked_array(values.filter(known)), type_, len(rows)),
    )
