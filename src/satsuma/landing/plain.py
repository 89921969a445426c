"""Events that stand for themselves: appended once each, known by their id, never replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from satsuma.engines.duckdb import literal
from satsuma.identity import numbers
from satsuma.landing.outcome import Landing
from satsuma.landing.store import append_events
from satsuma.quality.wording import counted

#: Clocks of devices run ahead: an event may lie this far behind the moment of the load and still be ordinary.
FUTURE_LIMIT_HOURS = 24

#: More names than this are not names of events.
MAX_NAMES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Rows appended, rows that repeat one of this load, rows already there, and what was noticed."""

    loaded: int
    repeated: int
    known: int
    anonymous: int
    future: int
    customers_new: int
    events: Mapping[str, int]


def number_people(landing: Landing, relation: str) -> int:
    """Give the customers and the anonymous profiles of staged rows their numbers; returns how many customers are new.

    Parameters
    ----------
    relation : with `_customer`, `_anonymous` and `_source`.
    """
    engine = landing.engine
    new = numbers.number_customers(engine, f"(SELECT _customer AS customer_id FROM {relation})")
    if landing.incoming.has("anonymous_id"):
        numbers.number_profiles(engine, f"(SELECT _anonymous AS profile_key FROM {relation} WHERE _customer IS NULL)")
        numbers.remember_identifiers(
            engine,
            f"""(SELECT DISTINCT _customer AS customer_id, _anonymous AS anonymous_id, _source AS source
            FROM {relation} WHERE _customer IS NOT NULL AND _anonymous IS NOT NULL)""",
            load_id=landing.load_id,
        )
    return new


def store_plain(landing: Landing, relation: str, properties: Mapping[str, str]) -> Stored:
    """Append the staged rows whose id is not stored yet; their people get numbers if they lack them.

    Parameters
    ----------
    relation : table with `_row_no`, `_source`, `_customer`, `_anonymous`, `_name`, `_time`, `_received_at`, `_revenue`,
        `_order`, `_product`, `_quantity`, `_id`, and what `properties` reads. One event stays of rows with one id.
    """
    engine = landing.engine
    customers_new = number_people(landing, relation)
    landing.progress("finding known events")
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_kept AS
        SELECT _rid FROM (
            SELECT rowid AS _rid, row_number() OVER (PARTITION BY _id ORDER BY _source, _row_no) AS _place
            FROM {relation}) WHERE _place = 1"""
    )
    rows, anonymous, future = engine.row(
        f"""SELECT count(*), count_if(_customer IS NULL),
            count_if(_time > {landing.now_sql} + INTERVAL {FUTURE_LIMIT_HOURS} HOUR) FROM {relation}"""
    )
    kept = int(engine.value("SELECT count(*) FROM landing_kept"))
    known = f"least(s._time, {landing.now_sql})" if landing.is_first else landing.now_sql
    # An event's id is a digest of its name too: only events of these names, which stand together, are looked at.
    names = ", ".join(literal(str(row[0])) for row in engine.rows(f"SELECT DISTINCT _name FROM {relation}"))
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_known AS
        SELECT event_id FROM (SELECT event_id FROM events WHERE name IN ({names or "NULL"})) e
        SEMI JOIN {relation} s ON s._id = e.event_id"""
    )
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_fresh AS
        SELECT s.*, s._id AS _e_id, coalesce(c.profile_no, a.profile_no) AS _e_profile,
            coalesce(c.customer_no, a.customer_no) AS _e_customer, s._name AS _e_name, s._time AS _e_time,
            coalesce(CAST(s._received_at AS TIMESTAMP), {known}) AS _e_received,
            CAST(NULL AS TIMESTAMP) AS _e_superseded, s._revenue AS _e_revenue, s._order AS _e_order,
            s._product AS _e_product, s._quantity AS _e_quantity, CAST(0 AS UTINYINT) AS _e_flags
        FROM {relation} s
        LEFT JOIN {engine.profiles} c ON c.kind = 'customer_id' AND c.profile_key = s._customer
        LEFT JOIN {engine.profiles} a
            ON a.kind = 'anonymous_id' AND a.profile_key = s._anonymous AND s._customer IS NULL
        WHERE s.rowid IN (SELECT _rid FROM landing_kept) AND s._id NOT IN (SELECT event_id FROM landing_known)"""
    )
    landing.progress("storing events")
    loaded = append_events(engine, "SELECT * FROM landing_fresh", load_id=landing.load_id, properties=properties)
    numbers.lower_first_seen(
        engine,
        """(SELECT _e_customer AS customer_no, min(_e_time) AS first_time FROM landing_fresh
        WHERE _e_customer IS NOT NULL GROUP BY 1)""",
    )
    events = {
        str(name): int(count)
        for name, count in engine.rows("SELECT _e_name, count(*) FROM landing_fresh GROUP BY 1 ORDER BY 1")
    }
    engine.execute("DROP TABLE landing_known")
    engine.execute("DROP TABLE landing_kept")
    engine.execute("DROP TABLE landing_fresh")
    return Stored(
        loaded=loaded,
        repeated=int(rows) - kept,
        known=kept - loaded,
        anonymous=int(anonymous or 0),
        future=int(future or 0),
        customers_new=customers_new,
        events=events,
    )


def future_note(count: int) -> tuple[str, ...]:
    """Return the sentence about events far in the future, if there are any."""
    if not count:
        return ()
    return (
        counted(
            f"{{}} event[s] [lie] more than {FUTURE_LIMIT_HOURS} hours after this load. Such events are kept, and "
            "count from their own time on; check the column of times.",
            count,
        ),
    )
