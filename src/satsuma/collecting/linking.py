"""Anonymous profiles to customers: linked when somebody says who they are, and undone as if it had not been said.

The events of an anonymous profile are not rewritten: each is superseded by one that names the customer and is known
from the moment of the link on. So what was known before stays what it was, a refresh sees what is new, and as each
event keeps its profile, a link can be taken back the same way.

An anonymous id that is seen with two customers is a shared device: what came before stays with the first, and from
then on its anonymous events are nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from satsuma.collecting.tables import SOURCE
from satsuma.engines.duckdb import DuckDB, literal
from satsuma.identity import numbers
from satsuma.landing import store, values

_COPIED = "name, time, {received} AS received_at, CAST(NULL AS TIMESTAMP) AS superseded_at, revenue, order_id, "
_REST = "product_id, quantity, properties, flags"


def link(engine: DuckDB, pairs: Iterable[tuple[str, str]], *, load_id: int, now: datetime) -> int:
    """Keep which anonymous ids belong to which customers, and give those their earlier events.

    Parameters
    ----------
    pairs : (anonymous id, customer id); the customers have their numbers.

    Returns
    -------
    int
        How many events gained a customer.
    """
    given = list(pairs)
    if not given:
        return 0
    table = pa.table({"anonymous": [one for one, _ in given], "customer": [other for _, other in given]})
    engine.register("collected_pairs", table)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE collected_links AS
        SELECT DISTINCT {values.text("anonymous")} AS anonymous_id, {values.text("customer")} AS customer_id,
            '{SOURCE}' AS source FROM collected_pairs"""
    )
    engine.unregister("collected_pairs")
    numbers.number_profiles(engine, "(SELECT anonymous_id AS profile_key FROM collected_links)")
    numbers.remember_identifiers(engine, "collected_links", load_id=load_id)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE collected_links AS
        SELECT a.profile_no, a.customer_no AS standing, min(c.customer_no) AS customer_no,
            count(DISTINCT c.customer_no) AS customers
        FROM (SELECT DISTINCT anonymous_id FROM collected_links) l
        JOIN {engine.profiles} a ON a.kind = 'anonymous_id' AND a.profile_key = l.anonymous_id
        JOIN identifiers i ON i.kind = 'anonymous_id' AND i.value = l.anonymous_id
        JOIN profiles c ON c.profile_no = i.profile_no AND c.customer_no IS NOT NULL
        GROUP BY a.profile_no, a.customer_no"""
    )
    shared = "(SELECT profile_no, customers, CAST(NULL AS UINTEGER) AS customer_no FROM collected_links)"
    numbers.give_profiles(engine, shared, "l.customers > 1")
    engine.execute("DELETE FROM collected_links WHERE customers > 1 OR standing IS NOT NULL")
    moved = 0
    if engine.value("SELECT count(*) FROM collected_links"):
        numbers.give_profiles(engine, "collected_links")
        moved = _move(engine, "l.customer_no", "e.customer_no IS NULL", load_id=load_id, now=now)
        _follow(engine, load_id)
    engine.execute("DROP TABLE collected_links")
    return moved


def unlink(engine: DuckDB, anonymous_id: str, *, load_id: int, now: datetime) -> int:
    """Take a link back: the profile belongs to nobody again, and its events with it; returns how many.

    Runs within the caller's transaction; `load_id` is of a load that the caller records.
    """
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE collected_links AS SELECT profile_no, customer_no FROM profiles
        WHERE kind = 'anonymous_id' AND profile_key = {literal(anonymous_id)} AND customer_no IS NOT NULL"""
    )
    nobody = "(SELECT profile_no, CAST(NULL AS UINTEGER) AS customer_no FROM collected_links)"
    numbers.give_profiles(engine, nobody)
    engine.execute(f"DELETE FROM identifiers WHERE kind = 'anonymous_id' AND value = {literal(anonymous_id)}")
    moved = _move(engine, "NULL", "e.customer_no = l.customer_no", load_id=load_id, now=now)
    numbers.recount_first_seen(engine, "collected_links")
    engine.execute("DROP TABLE collected_links")
    return moved


def _move(engine: DuckDB, customer: str, which: str, *, load_id: int, now: datetime) -> int:
    """Supersede the standing events of the profiles in `collected_links` by ones of another customer, or of none."""
    moment = f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S.%f}'"
    stands = f"e.profile_no = l.profile_no AND e.superseded_at IS NULL AND {which}"
    received = _COPIED.format(received=moment)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE collected_moved AS
        SELECT event_id, e.profile_no, CAST({customer} AS UINTEGER) AS customer_no, e.customer_no AS lost_no,
            {received}{_REST} FROM events e JOIN collected_links l ON {stands}"""
    )
    moved = int(engine.value("SELECT count(*) FROM collected_moved"))
    if moved:
        engine.execute(
            f"""UPDATE events SET superseded_at = {moment} FROM collected_links l
            WHERE {stands.replace("e.", "events.")}"""
        )
        engine.execute(
            f"""INSERT INTO supersessions SELECT {load_id}, lost_no, name, time FROM collected_moved
            WHERE lost_no IS NOT NULL"""
        )
        engine.insert(
            "events", f"SELECT * EXCLUDE (lost_no), {load_id} AS load_id FROM collected_moved", order=store.ORDER
        )
        numbers.lower_first_seen(
            engine,
            """(SELECT customer_no, min(time) AS first_time FROM collected_moved
            WHERE customer_no IS NOT NULL GROUP BY 1)""",
        )
        store.settle_order(engine, appended=moved, is_one_run=False)
    engine.execute("DROP TABLE collected_moved")
    return moved


def _follow(engine: DuckDB, load_id: int) -> None:
    """Let what a visitor decided count for the customer too: the last decision about each purpose."""
    engine.execute(
        f"""INSERT INTO consents (customer_no, profile_no, purpose, status, legal_basis, time, received_at, source,
            proof, load_id)
        SELECT l.customer_no, c.profile_no, purpose, status, legal_basis, time, received_at, source, proof, {load_id}
        FROM consents c JOIN collected_links l ON l.profile_no = c.profile_no AND c.customer_no IS NULL
        QUALIFY row_number() OVER (PARTITION BY c.profile_no, purpose ORDER BY time DESC, received_at DESC) = 1"""
    )
