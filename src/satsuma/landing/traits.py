"""Loaded traits: the current value in a typed column, every change in `trait_changes`.

`trait_changes` keeps changes alone: the value before the first one is valid since ever. A fact has a moment from which
it is valid (a column of the source, else the moment of the load) and the moment at which it was known (the load's).
A fact that is older than the standing value goes into the history and leaves the column as it is; where it comes just
before a later change, that change is stated anew with the value it now departs from. Nothing in the log is rewritten:
of entries with one `valid_from` the one known last holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from satsuma.catalog import COLUMN_TYPES
from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.landing.columns import Column
from satsuma.landing.outcome import Landing

Entity = Literal["customer", "account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upserted:
    """Rows of the source by what they did, and how many changes were logged."""

    loaded: int
    updated: int
    unchanged: int
    superseded_rows: int
    changes: int


def upsert(landing: Landing, relation: str, *, entity: Entity, columns: list[Column], is_dated: bool) -> Upserted:
    """Bring the staged facts into the columns and the log.

    Parameters
    ----------
    relation : table with `_row_no`, `_source`, `_no` (number of the customer or account), `_is_new` (nothing was loaded
        about it before), `_valid_from`, and one column per entry of `columns`, already of its type.
    is_dated : whether the source says from when a row is valid; then each row is a fact of its own, else the last row
        of each customer is taken.
    """
    engine = landing.engine
    table, number = f"{entity}s", f"{entity}_no"
    order = "_valid_from, _source, _row_no"
    rows = int(engine.value(f"SELECT count(*) FROM {relation}"))
    if is_dated:
        # Of several rows of one date the last holds: the log could not tell them apart.
        relation = f"""(SELECT * FROM {relation}
            QUALIFY row_number() OVER (PARTITION BY _no, _valid_from ORDER BY _source DESC, _row_no DESC) = 1)"""
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_facts AS
        SELECT *, row_number() OVER (PARTITION BY _no ORDER BY {order}) AS _round,
            row_number() OVER (PARTITION BY _no ORDER BY _valid_from DESC, _source DESC, _row_no DESC) AS _from_last,
            false AS _changed
        FROM {relation}"""
    )
    if is_dated:
        rounds = int(engine.value("SELECT coalesce(max(_round), 0) FROM landing_facts"))
    else:
        engine.execute("DELETE FROM landing_facts WHERE _from_last > 1")
        engine.execute("UPDATE landing_facts SET _round = 1 WHERE _round > 1")
        rounds = 1
    kept = int(engine.value("SELECT count(*) FROM landing_facts"))
    changes = 0
    if not is_dated:
        _fill_new(landing, table, number, columns)
    compared = [column for column in columns if is_dated or not column.is_new]
    standing = _Standing(engine, table, number, compared)
    for turn in range(1, rounds + 1):
        for alike in _by_type(_stated(landing, compared, turn)):
            changes += _apply(landing, alike, standing, entity=entity, turn=turn, is_dated=is_dated)
    standing.write()
    loaded, updated = engine.row(
        """SELECT count_if(_is_new AND _round = 1), count_if(_changed AND NOT (_is_new AND _round = 1))
        FROM landing_facts"""
    )
    # Whose facts this load touched, first values among them, which are no change: what a refresh has to look at again.
    engine.insert(
        "fact_changes",
        f"SELECT DISTINCT {landing.load_id}, '{entity}', _no FROM landing_facts WHERE _is_new OR _changed",
    )
    if not landing.is_first:
        # What a first file says is taken as known since ever; what a later one says first of somebody, from then on.
        engine.execute(
            f"""UPDATE {table} SET described_at = {landing.now_sql} FROM landing_facts f
            WHERE {table}.{number} = f._no AND f._is_new"""
        )
    engine.execute("DROP TABLE landing_facts")
    return Upserted(
        loaded=int(loaded or 0),
        updated=int(updated or 0),
        unchanged=rows - int(loaded or 0) - int(updated or 0),
        superseded_rows=rows - kept,
        changes=changes,
    )


def _stated(landing: Landing, columns: list[Column], turn: int) -> list[Column]:
    """Return the traits that a round says something of; where a missing value is a value, that is all of them."""
    if not landing.incoming.is_partial or not columns:
        return columns
    counts = ", ".join(f"count({identifier(column.name)})" for column in columns)
    filled = landing.engine.row(f"SELECT {counts} FROM landing_facts WHERE _round = {turn}")
    return [column for column, count in zip(columns, filled, strict=True) if count]


def _known(landing: Landing, valid_from: str) -> str:
    """Return when a change is known: at its own time on a first load, else at the moment of the load (rule S8)."""
    return f"least({valid_from}, {landing.now_sql})" if landing.is_first else landing.now_sql


def _fill_new(landing: Landing, table: str, number: str, columns: list[Column]) -> None:
    """Write what is valid since ever: all about new rows, and a trait's first values about the others."""
    engine = landing.engine
    for condition, chosen in (
        ("f._is_new", columns),
        ("NOT f._is_new", [column for column in columns if column.is_new]),
    ):
        if chosen:
            sets = ", ".join(f"{identifier(column.name)} = f.{identifier(column.name)}" for column in chosen)
            engine.execute(
                f"UPDATE {table} SET {sets} FROM landing_facts f WHERE {table}.{number} = f._no AND {condition}"
            )
    fresh = [f"{identifier(column.name)} IS NOT NULL" for column in columns if column.is_new]
    if fresh:
        engine.execute(f"UPDATE landing_facts SET _changed = true WHERE NOT _is_new AND ({' OR '.join(fresh)})")


class _Standing:
    """The values that stand, of those whom facts are about: read once, changed round by round, written back once.

    The table of everybody is wide and long; the facts of a moment are about few.
    """

    def __init__(self, engine: DuckDB, table: str, number: str, columns: list[Column]) -> None:
        self._engine, self._table, self._number = engine, table, number
        self._changed: dict[str, None] = {}
        self._has_rows = bool(columns)
        if columns:
            names = "".join(f", {identifier(column.name)}" for column in columns)
            engine.execute(
                f"""CREATE OR REPLACE TEMP TABLE landing_standing AS SELECT {number} AS _no, false AS _moved{names}
                FROM {table} SEMI JOIN landing_facts f ON f._no = {number}"""
            )

    def change(self, names: list[str], turn: int, *, is_last: bool, is_partial: bool) -> None:
        """Take over the changes in `landing_changes` that nothing follows, all traits at once.

        Parameters
        ----------
        is_last : nothing that is known follows any fact of this round, so that what it says stands.
        is_partial : what it does not say is no statement.
        """
        self._changed.update(dict.fromkeys(names))
        if is_last:
            own, new = "landing_standing.{0}", "f.{0}"
            value = f"coalesce({new}, {own})" if is_partial else new
            sets = "".join(f", {identifier(name)} = {value.format(identifier(name))}" for name in names)
            self._engine.execute(
                f"""UPDATE landing_standing SET _moved = true{sets}
                FROM (SELECT * FROM landing_facts SEMI JOIN landing_changes USING (_no) WHERE _round = {turn}) f
                WHERE landing_standing._no = f._no"""
            )
            return
        columns = [(identifier(name), f"v{place}", f"is{place}", literal(name)) for place, name in enumerate(names)]
        values = ", ".join(
            f"any_value(CASE WHEN trait = {name} THEN new_value END) AS {value}, bool_or(trait = {name}) AS {is_said}"
            for _, value, is_said, name in columns
        )
        sets = "".join(
            f", {column} = CASE WHEN l.{is_said} THEN l.{value} ELSE landing_standing.{column} END"
            for column, value, is_said, _ in columns
        )
        self._engine.execute(
            f"""UPDATE landing_standing SET _moved = true{sets} FROM (
                SELECT _no, {values} FROM landing_changes WHERE next_from IS NULL GROUP BY _no) l
            WHERE landing_standing._no = l._no"""
        )

    def write(self) -> None:
        """Bring what changed into the table."""
        if self._changed:
            sets = ", ".join(f"{identifier(name)} = s.{identifier(name)}" for name in self._changed)
            self._engine.execute(
                f"""UPDATE {self._table} SET {sets} FROM (SELECT * FROM landing_standing WHERE _moved) s
                WHERE {self._table}.{self._number} = s._no"""
            )
        if self._has_rows:
            self._engine.execute("DROP TABLE landing_standing")


def _apply(
    landing: Landing, columns: list[Column], standing: _Standing, *, entity: Entity, turn: int, is_dated: bool
) -> int:
    """Apply one round of facts about traits of one type, all at once; returns how many entries were logged."""
    engine = landing.engine
    sql_type = COLUMN_TYPES[columns[0].type]
    names = [identifier(column.name) for column in columns]
    traits = ", ".join(literal(column.name) for column in columns)
    only_known = "" if is_dated else "AND NOT f._is_new"
    said = "AND new_value IS NOT NULL" if landing.incoming.is_partial else ""
    log = f"(SELECT * FROM trait_changes WHERE entity = '{entity}' AND trait IN ({traits}))"
    stood, join, following = "s.stood", "", "CAST(NULL AS TIMESTAMP) AS next_from, CAST(NULL AS VARCHAR) AS next_value"
    is_last = True
    if engine.rows(f"SELECT 1 FROM {log} t LIMIT 1"):
        _look_back(landing, log, f"f._round = {turn} {only_known}")
        stood = f"""CASE WHEN t.before > 0 THEN CAST(t.last_value AS {sql_type})
            WHEN t.entries > 0 THEN CAST(t.first_value AS {sql_type}) ELSE s.stood END"""
        join = "LEFT JOIN landing_then t ON t._no = s._no AND t.trait = s.trait"
        following = "t.next_from, t.next_value"
        is_last = not engine.rows("SELECT 1 FROM landing_then WHERE next_from IS NOT NULL LIMIT 1")
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_changes AS
        SELECT * FROM (SELECT s._no, s._valid_from, s.trait, {stood} AS old_value, s.new_value, {following}
            FROM (SELECT f._no, f._valid_from, unnest([{traits}]) AS trait,
                    unnest([{", ".join(f"f.{name}" for name in names)}]) AS new_value,
                    unnest([{", ".join(f"c.{name}" for name in names)}]) AS stood
                FROM landing_facts f JOIN landing_standing c USING (_no)
                WHERE f._round = {turn} {only_known}) s {join})
        WHERE old_value IS DISTINCT FROM new_value {said} ORDER BY trait, _no"""
    )
    changed = {str(row[0]) for row in engine.rows("SELECT DISTINCT trait FROM landing_changes")}
    logged = 0
    if changed:
        fields = "entity, entity_no, trait, old_value, new_value, valid_from, known_at, load_id"
        old, new = "CAST(old_value AS VARCHAR)", "CAST(new_value AS VARCHAR)"
        target = f"trait_changes ({fields})"
        logged += engine.insert(
            target,
            f"""SELECT '{entity}', _no, trait, {old}, {new}, _valid_from, {_known(landing, "_valid_from")},
                {landing.load_id} FROM landing_changes""",
        )
        logged += engine.insert(
            target,
            f"""SELECT '{entity}', _no, trait, {new}, next_value, next_from, {_known(landing, "next_from")},
                {landing.load_id} FROM landing_changes
            WHERE next_from IS NOT NULL AND next_value IS DISTINCT FROM {new}""",
        )
        standing.change(
            [column.name for column in columns if column.name in changed], turn, is_last=is_last,
            is_partial=landing.incoming.is_partial,
        )  # fmt: skip
        engine.execute(
            f"""UPDATE landing_facts SET _changed = true FROM (SELECT DISTINCT _no FROM landing_changes) l
            WHERE landing_facts._no = l._no AND _round = {turn}"""
        )
    engine.execute("DROP TABLE landing_changes")
    engine.execute("DROP TABLE IF EXISTS landing_then")
    return logged


def _look_back(landing: Landing, log: str, which: str) -> None:
    """Make `landing_then`: what the log says of the traits of those whom facts are about, at the moments of the facts.

    The value at a moment is that of the last change up to it; before the first change, what that one departed from.
    """
    latest = "ORDER BY valid_from DESC, known_at DESC, load_id DESC"
    first = "ORDER BY valid_from, known_at DESC, load_id DESC"
    landing.engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_then AS
        SELECT f._no, t.trait, count(*) AS entries, count_if(t.valid_from <= f._valid_from) AS before,
            first(t.new_value {latest}) FILTER (t.valid_from <= f._valid_from) AS last_value,
            first(t.old_value {first}) AS first_value,
            min(t.valid_from) FILTER (t.valid_from > f._valid_from) AS next_from,
            first(t.new_value {first}) FILTER (t.valid_from > f._valid_from) AS next_value
        FROM landing_facts f JOIN {log} t ON t.entity_no = f._no WHERE {which} GROUP BY f._no, t.trait"""
    )


def _by_type(columns: list[Column]) -> list[list[Column]]:
    found: dict[str, list[Column]] = {}
    for column in columns:
        found.setdefault(COLUMN_TYPES[column.type], []).append(column)
    return list(found.values())
