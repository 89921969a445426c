"""Which orders are new, the same or corrected: an order is replaced as a whole or not at all.

`orders` keeps one digest per order over its set of lines: product, quantity, amount, time and properties of each line,
its class and its customer, in any order. The product's name is not part of it, so that a file that spells it
otherwise changes nothing. An order with another digest is a correction: the events of the old set are marked
superseded and the new set is appended.

A later load of a correction is known from the load's own moment, unless the source has a column that says when. With
such a column versions may come in any order: an older one is stored as already superseded.

Known by its lines, an order is not replaced by a row that knows it only in sum; the other way round it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.engines.duckdb import DuckDB
from satsuma.identity import numbers
from satsuma.landing import values
from satsuma.landing.orders import COMPLETED, PURCHASED, RECEIVED, REFUNDED, RETURNED, Staged
from satsuma.landing.outcome import Landing
from satsuma.landing.store import append_events

_EVENTS = (COMPLETED, REFUNDED, PURCHASED, RETURNED, RECEIVED)
_IN_EVENTS = "(" + ", ".join(f"'{name}'" for name in _EVENTS) + ")"
_IN_LINES = f"('{PURCHASED}', '{RETURNED}', '{RECEIVED}')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the orders of one load.

    rows_* count rows of the source; the others count orders. `foreign`: corrected orders that share no line with what
    stood there before, which may mean that a file holds only a part of each order.
    """

    rows_new: int
    rows_same: int
    rows_changed: int
    orders_new: int
    orders_changed: int
    orders_kept: int
    orders_foreign: int
    shared_orders: int
    events: Mapping[str, int]


def write_orders(landing: Landing, staged: Staged, *, replaces: bool = True) -> Written:
    """Write the staged orders that are new or corrected.

    Parameters
    ----------
    replaces : whether a known order that differs is a correction; else it is kept as it stands.
    """
    engine = landing.engine
    landing.progress("comparing orders")
    shared = _number_parts(engine)
    _compare(landing, staged, replaces)
    counts = {
        status: (int(orders), int(rows))
        for status, orders, rows in engine.rows("SELECT _status, count(*), sum(_rows) FROM landing_versions GROUP BY 1")
    }
    changed = counts.get("changed", (0, 0))
    older = counts.get("older", (0, 0))
    foreign = _supersede(landing, staged) if changed[0] or older[0] else 0
    only_new = set(counts) <= {"new"} and not landing.incoming.has("received_at")
    events = _append(landing, staged, only_new=only_new)
    engine.execute(
        f"""INSERT INTO orders (order_id, digest, load_id)
        SELECT _order, _digest, {landing.load_id} FROM landing_versions WHERE _status = 'new' ORDER BY _order"""
    )
    if changed[0]:
        engine.execute(
            f"""UPDATE orders SET digest = v._digest, load_id = {landing.load_id} FROM landing_versions v
            WHERE orders.order_id = v._order AND v._status = 'changed'"""
        )
    numbers.lower_first_seen(
        engine,
        """(SELECT _customer_no AS customer_no, min(_first_time) AS first_time FROM landing_groups
        WHERE _customer_no IS NOT NULL GROUP BY 1)""",
    )
    if changed[0]:
        numbers.recount_first_seen(
            engine,
            f"""(SELECT customer_no FROM events e JOIN landing_versions v ON v._order = e.order_id
            WHERE v._status = 'changed' AND e.name IN {_IN_EVENTS})""",
        )
    engine.execute("DROP TABLE landing_versions")
    same, kept, new = (counts.get(name, (0, 0)) for name in ("same", "kept", "new"))
    return Written(
        rows_new=new[1] + older[1],
        rows_same=same[1] + kept[1],
        rows_changed=changed[1],
        orders_new=new[0],
        orders_changed=changed[0],
        orders_kept=kept[0],
        orders_foreign=foreign,
        shared_orders=shared,
        events=events,
    )


def _number_parts(engine: DuckDB) -> int:
    """Number the customers of an order that has several; returns how many orders have."""
    groups, orders = engine.row("SELECT count(*), count(DISTINCT _order) FROM landing_groups")
    if groups == orders:
        return 0
    engine.execute(
        """UPDATE landing_groups SET _part = n.part FROM (
            SELECT rowid AS rid, row_number() OVER (PARTITION BY _order ORDER BY _customer NULLS LAST) AS part
            FROM landing_groups) n
        WHERE landing_groups.rowid = n.rid AND n.part > 1"""
    )
    return int(engine.value("SELECT count(*) FROM landing_groups WHERE _part = 2"))


def _compare(landing: Landing, staged: Staged, replaces: bool) -> None:
    """Make `landing_versions`: per order its digest, its state, when it is known and when it stops to be."""
    engine = landing.engine
    # A 128-bit number prints a thousand times faster as a UUID than in digits.
    group = values.digest("_customer", "CAST(_lines AS UUID)", "_said", "_revenue", "_given_back")
    whole = values.digest(f"CAST(bit_xor(CAST({group} AS UHUGEINT)) AS UUID)")
    known = "_received_at" if landing.incoming.has("received_at") else "CAST(NULL AS TIMESTAMP)"
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_versions AS
        SELECT v.*, CASE WHEN o.order_id IS NULL THEN 'new' WHEN o.digest = v._digest THEN 'same' ELSE 'changed' END
            AS _status, CAST(NULL AS TIMESTAMP) AS _superseded_at
        FROM (SELECT _order, {whole} AS _digest, sum(_rows) AS _rows,
                max({known}) AS _known_at FROM landing_groups GROUP BY _order) v
        LEFT JOIN orders o ON o.order_id = v._order"""
    )
    if not replaces:
        engine.execute("UPDATE landing_versions SET _status = 'kept' WHERE _status = 'changed'")
    elif not staged.has_lines:
        engine.execute(
            f"""UPDATE landing_versions SET _status = 'kept' WHERE _status = 'changed' AND _order IN (
                SELECT order_id FROM events
                WHERE superseded_at IS NULL AND name IN {_IN_LINES} AND product_id IS NOT NULL)"""
        )
    if landing.incoming.has("received_at"):
        _place_versions(engine)
    # New facts of a first load are known at their own time, which NULL says; all others at the moment of the load.
    late = "_status = 'changed'" if landing.is_first else "true"
    engine.execute(f"UPDATE landing_versions SET _known_at = {landing.now_sql} WHERE _known_at IS NULL AND {late}")


def _place_versions(engine: DuckDB) -> None:
    """Put a version that the source dates before the standing one into the past."""
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_history AS
        SELECT e.order_id, e.received_at, bool_or(e.superseded_at IS NULL) AS stands
        FROM events e SEMI JOIN (SELECT * FROM landing_versions WHERE _status = 'changed') v ON v._order = e.order_id
        WHERE e.name IN {_IN_EVENTS} GROUP BY ALL"""
    )
    engine.execute(
        """UPDATE landing_versions SET _superseded_at = h.next,
            _status = CASE WHEN h.is_known THEN 'same' ELSE 'older' END
        FROM (SELECT v._order, min(h.received_at) FILTER (h.received_at > v._known_at) AS next,
                bool_or(h.received_at = v._known_at) AS is_known
            FROM landing_versions v JOIN landing_history h ON h.order_id = v._order AND v._status = 'changed'
            GROUP BY ALL HAVING bool_or(h.stands AND h.received_at > v._known_at)) h
        WHERE landing_versions._order = h._order"""
    )
    engine.execute("DROP TABLE landing_history")


def _supersede(landing: Landing, staged: Staged) -> int:
    """Mark the events of replaced versions; returns how many corrected orders share no line with the old ones."""
    engine = landing.engine
    foreign = 0
    if staged.has_lines:
        foreign = int(
            engine.value(
                f"""SELECT count(*) FROM (
                    SELECT v._order, bool_or(l._id IS NOT NULL) AS shares, bool_or(e.product_id IS NOT NULL) AS by_lines
                    FROM landing_versions v
                    JOIN events e ON e.order_id = v._order AND e.superseded_at IS NULL AND e.name IN {_IN_LINES}
                    LEFT JOIN landing_lines l ON l._id = e.event_id
                    WHERE v._status = 'changed' GROUP BY 1) WHERE by_lines AND NOT shares"""
            )
        )
    for changed, when in (
        ("v._status = 'changed' AND events.superseded_at IS NULL", f"coalesce(v._known_at, {landing.now_sql})"),
        ("v._status = 'older' AND events.superseded_at > v._known_at AND events.received_at < v._known_at",
         "v._known_at"),
    ):  # fmt: skip
        which = f"""FROM landing_versions v
            WHERE events.order_id = v._order AND {changed} AND events.name IN {_IN_EVENTS}"""
        # Who lost events, and which: what a refresh and kept history have to look at again.
        engine.execute(
            f"""INSERT INTO supersessions SELECT {landing.load_id}, events.customer_no, events.name, events.time
            {which.replace("FROM", "FROM events,", 1)}"""
        )
        engine.execute(f"UPDATE events SET superseded_at = {when} {which}")
    return foreign


def _append(landing: Landing, staged: Staged, *, only_new: bool) -> dict[str, int]:
    """Append the events of new, corrected and older versions, name by name in the order of `events`."""
    now = landing.now_sql
    if only_new:
        # Nothing to look up per order: ten million lines need no join.
        known = f"least(_e_time, {now})" if landing.is_first else now
        times, join = f"{known} AS _e_received, CAST(NULL AS TIMESTAMP) AS _e_superseded", ""
    else:
        times = f"coalesce(v._known_at, least(_e_time, {now})) AS _e_received, v._superseded_at AS _e_superseded"
        join = "JOIN landing_versions v ON v._order = s._order AND v._status IN ('new', 'changed', 'older')"

    def order_event(name: str, time: str, revenue: str, quantity: str, condition: str) -> str:
        whole, part = values.digest(f"'{name}'", "s._order"), values.digest(f"'{name}'", "s._order", "s._part")
        return f"""SELECT *, {times} FROM (
            SELECT s.*, CASE WHEN _part = 1 THEN {whole} ELSE {part} END AS _e_id, _profile_no AS _e_profile,
                _customer_no AS _e_customer, '{name}' AS _e_name, {time} AS _e_time,
                {values.money(revenue)} AS _e_revenue, _order AS _e_order,
                CAST(NULL AS VARCHAR) AS _e_product, {values.money(quantity)} AS _e_quantity,
                _flags AS _e_flags FROM landing_groups s WHERE {condition}) s {join}"""

    def line_event(name: str, revenue: str, condition: str) -> str:
        # A line that was sold and given back in one row is two events; the sale's id is the digest of the other's.
        key = values.digest("_id", f"'{name}'") if name == PURCHASED else "_id"
        event_id = f"CASE WHEN _class = 'returned' THEN {key} ELSE _id END" if name == PURCHASED else "_id"
        return f"""SELECT *, {times} FROM (
            SELECT s.*, {event_id} AS _e_id, _profile_no AS _e_profile, _customer_no AS _e_customer,
                '{name}' AS _e_name, _time AS _e_time, {values.money(revenue)} AS _e_revenue, _order AS _e_order,
                _product AS _e_product,
                abs(_quantity) AS _e_quantity, _flags AS _e_flags FROM landing_lines s WHERE {condition}) s {join}"""

    items = {} if not staged.has_lines else {"items": "_items"}
    items_back = {} if not staged.has_lines else {"items": "_items_back"}
    jobs: list[tuple[str, str, Mapping[str, str]]] = [
        (
            COMPLETED,
            order_event(COMPLETED, "_time", "_revenue", "_quantity", "s._items > 0"),
            {**items, **staged.order_properties},
        ),
        (
            REFUNDED,
            order_event(REFUNDED, "_time_back", "_given_back", "_quantity_back", "s._items_back > 0"),
            {**items_back, **staged.order_properties},
        ),
    ]
    if staged.has_lines:
        jobs += [
            (PURCHASED, line_event(PURCHASED, "_amount", "s._sells"), staged.line_properties),
            (RECEIVED, line_event(RECEIVED, "coalesce(_amount, 0)", "s._class = 'free'"), staged.line_properties),
            (RETURNED, line_event(RETURNED, "_given_back", "s._class = 'returned'"), staged.line_properties),
        ]
    else:
        jobs.append(
            (RECEIVED, line_event(RECEIVED, "coalesce(_amount, 0)", "s._class = 'free'"), staged.line_properties)
        )
    counts = {}
    for name, source, properties in jobs:
        landing.progress(f"storing {name}")
        count = append_events(landing.engine, source, load_id=landing.load_id, properties=properties)
        if count:
            counts[name] = count
    return counts
