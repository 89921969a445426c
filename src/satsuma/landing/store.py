"""The table of events: appended in order, rewritten when its unsorted tail has grown.

`events` is read in the order (name, customer_no, time, event_id). The first load writes it so. Later loads append
sorted runs behind it; `warehouse_state['events_sorted']` then says `false`, and once more than a fifth of the table
stands behind the sorted part, the whole table is written anew, inside the transaction of the load.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from satsuma.engines.duckdb import SCHEMA, DuckDB
from satsuma.errors import WorkspaceError
from satsuma.landing import values

#: Share of the table that may stand behind the sorted part. A rewrite costs about as much as a first load, so that
#: n equal loads cost about log(n) / log(1.25) of them.
TAIL_SHARE = 0.2

#: A table smaller than this is rewritten at once: it takes a fraction of a second and keeps scans simple.
SMALL_TABLE = 50_000

ORDER = "name, customer_no, time, event_id"

FLAG_IDENTICAL = 1
FLAG_NON_PRODUCT = 2


def append_events(engine: DuckDB, source: str, *, load_id: int, properties: Mapping[str, str]) -> int:
    """Append the rows of a `SELECT` to `events`, sorted.

    Parameters
    ----------
    source : a `SELECT` with the columns of `events` as `_e_id`, `_e_profile`, `_e_customer`, `_e_name`, `_e_time`,
        `_e_received`, `_e_superseded`, `_e_revenue`, `_e_order`, `_e_product`, `_e_quantity` and `_e_flags` (a property
        may be called like a column of `events`), and the columns that `properties` reads.
    properties : name of the property -> SQL over the source's columns.

    Returns
    -------
    int
        Rows appended.
    """
    if not engine.rows(f"SELECT 1 FROM ({source}) LIMIT 1"):
        return 0  # for the reason that `DuckDB.insert` gives
    # The VARIANT is built above the sort, so that the sort moves plain columns.
    return int(
        engine.value(
            f"""INSERT INTO events SELECT _e_id, _e_profile, _e_customer, _e_name, _e_time, _e_received, _e_superseded,
                _e_revenue, _e_order, _e_product, _e_quantity, {values.properties(properties)}, _e_flags, {load_id}
            FROM ({source} ORDER BY _e_name, _e_customer, _e_time, _e_id) sorted"""
        )
    )


def state(engine: DuckDB, key: str) -> str | None:
    """Return an entry of `warehouse_state`."""
    rows = engine.rows("SELECT value FROM warehouse_state WHERE key = ?", [key])
    return None if not rows else str(rows[0][0])


def set_state(engine: DuckDB, key: str, value: str) -> None:
    """Write an entry of `warehouse_state`."""
    engine.execute("INSERT OR REPLACE INTO warehouse_state VALUES (?, ?)", [key, value])


def settle_order(engine: DuckDB, *, appended: int, is_one_run: bool) -> bool:
    """Keep account of the sorted part after rows were appended, and rewrite the table when its tail is long.

    Parameters
    ----------
    appended : rows that this load added.
    is_one_run : they stand in order among themselves, so that they are a sorted table if there was none before.

    Returns
    -------
    bool
        Whether the table was rewritten.
    """
    before = int(state(engine, "events_rows") or 0)
    in_order = int(state(engine, "events_sorted_rows") or 0)
    total = before + appended
    set_state(engine, "events_rows", str(total))
    if before == 0 and is_one_run:
        set_state(engine, "events_sorted_rows", str(total))
        set_state(engine, "events_sorted", "true")
        return False
    if total > SMALL_TABLE and total - in_order <= TAIL_SHARE * total:
        set_state(engine, "events_sorted", "false")
        return False
    rewrite_events(engine, total)
    set_state(engine, "events_sorted_rows", str(total))
    set_state(engine, "events_sorted", "true")
    return True


def rewrite_events(engine: DuckDB, rows: int) -> None:
    """Write `events`, which must hold `rows` rows, anew in its order."""
    found = re.search(r"CREATE TABLE IF NOT EXISTS events (\(.*?\n\));", SCHEMA, re.DOTALL)
    if found is None:  # pragma: no cover - the schema is part of the program
        raise AssertionError("The schema has no table of events.")
    engine.execute(f"CREATE TABLE events_rewritten {found.group(1)}")
    written = int(engine.value(f"INSERT INTO events_rewritten SELECT * FROM events ORDER BY {ORDER}"))
    if written != rows:
        # Losing an event silently is the one thing that must not happen here: the load is taken back.
        raise WorkspaceError(
            f"The table of events holds {written:,} rows where {rows:,} were counted; the load was taken back.",
            hint="Nothing was lost. Report this with the version of Satsuma; loading into a new workspace helps.",
        )
    engine.execute("DROP TABLE events")
    engine.execute("ALTER TABLE events_rewritten RENAME TO events")


def next_number(engine: DuckDB, table: str, column: str) -> int:
    """Return one more than the largest number in a column, 1 for an empty table."""
    return int(engine.value(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"))
