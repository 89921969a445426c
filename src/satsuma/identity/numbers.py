"""Numbers for customers and profiles: unsigned 32 bit, from 0, in order, without gaps, never used twice.

New ids get their numbers sorted by code point within one load, so that the same files give the same numbers
whatever the order of their rows. The next free number is kept in `warehouse_state`, because an erased row may one
day leave its table and its number must not come back.
"""

from __future__ import annotations

from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.errors import SourceError

#: One more than the largest number that fits the bitmaps.
LIMIT = 2**32


def number_customers(engine: DuckDB, source: str) -> int:
    """Give every new `customer_id` of a relation a row in `customers` and a profile of its own.

    Parameters
    ----------
    source : table or `SELECT` (in parentheses) with a text column `customer_id`; NULL means nobody and is skipped.

    Returns
    -------
    int
        How many customers are new.

    Raises
    ------
    SourceError
        When more customers would stand in the warehouse than numbers exist.
    """
    new = _number(engine, source, "customer_id", table="customers", number="customer_no", key="customer_id")
    if new:
        first = next_free(engine, "profiles", "profile_no")
        engine.execute(
            f"""INSERT INTO profiles (profile_no, profile_key, kind, customer_no)
            SELECT {first} + row_number() OVER (ORDER BY customer_no) - 1, customer_id, 'customer_id', customer_no
            FROM customers WHERE customer_no >= {next_free(engine, "customers", "customer_no") - new}
            ORDER BY customer_no"""
        )
        _reserve(engine, "profiles", first + new)
    return new


def number_profiles(engine: DuckDB, source: str, *, kind: str = "anonymous_id") -> int:
    """Give every new value of column `profile_key` in a relation a profile that belongs to no customer yet.

    Returns how many are new.
    """
    return _number(engine, source, "profile_key", table="profiles", number="profile_no", key="profile_key", kind=kind)


def number_accounts(engine: DuckDB, source: str) -> int:
    """Give every new `account_id` of a relation a row in `accounts`; returns how many are new."""
    return _number(engine, source, "account_id", table="accounts", number="account_no", key="account_id")


def remember_identifiers(engine: DuckDB, source: str, *, load_id: int) -> int:
    """Keep which anonymous id was seen together with which customer.

    Parameters
    ----------
    source : relation with `anonymous_id`, `customer_id` and `source`; rows that lack one of the ids are skipped.

    Returns
    -------
    int
        How many such pairs are new. Events that carry the anonymous id alone stay with their own profile: joining
        people is a decision of its own, which must be possible to undo.
    """
    return engine.insert(
        "identifiers (kind, value, profile_no, source, load_id)",
        f"""SELECT 'anonymous_id' AS kind, s.anonymous_id AS value, p.profile_no AS profile_no, min(s.source), {load_id}
        FROM {source} s JOIN profiles p ON p.profile_key = s.customer_id AND p.kind = 'customer_id'
        WHERE s.anonymous_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM identifiers i
            WHERE i.kind = 'anonymous_id' AND i.value = s.anonymous_id AND i.profile_no = p.profile_no)
        GROUP BY ALL""",
        "profile_no, value",
    )


def lower_first_seen(engine: DuckDB, source: str) -> None:
    """Move `customers.first_seen` back to the earliest event of a batch.

    A loaded sign-up date wins over events: it stands in the column `signed_up` once a customer file brought one.

    Parameters
    ----------
    source : relation with `customer_no` and `first_time`, one row a customer.
    """
    kept = "AND c.signed_up IS NULL" if "signed_up" in engine.columns("customers") else ""
    engine.execute(
        f"""UPDATE customers c SET first_seen = s.first_time FROM {source} s
        WHERE c.customer_no = s.customer_no AND (c.first_seen IS NULL OR s.first_time < c.first_seen) {kept}"""
    )


def recount_first_seen(engine: DuckDB, customers: str) -> None:
    """Work `first_seen` out again from the standing events, for customers whose events were replaced.

    Parameters
    ----------
    customers : relation with `customer_no`.
    """
    kept = "AND c.signed_up IS NULL" if "signed_up" in engine.columns("customers") else ""
    engine.execute(
        f"""UPDATE customers c SET first_seen = s.first_time FROM (
            SELECT t.customer_no, min(e.time) AS first_time
            FROM (SELECT DISTINCT customer_no FROM {customers} WHERE customer_no IS NOT NULL) t
            LEFT JOIN events e ON e.customer_no = t.customer_no AND e.superseded_at IS NULL GROUP BY 1) s
        WHERE c.customer_no = s.customer_no AND c.first_seen IS DISTINCT FROM s.first_time {kept}"""
    )


def _number(engine: DuckDB, source: str, column: str, *, table: str, number: str, key: str, kind: str = "") -> int:
    """Append the ids of `source` that `table` lacks, numbered by their order as text."""
    first = next_free(engine, table, number)
    same_kind = f"AND t.kind = {literal(kind)}" if kind else ""
    extra_column, extra_value = (", kind", f", {literal(kind)}") if kind else ("", "")
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE new_numbers AS
        SELECT DISTINCT s.{identifier(column)} AS id FROM {source} s
        WHERE s.{identifier(column)} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{key} = s.{identifier(column)} {same_kind})"""
    )
    new = int(engine.value("SELECT count(*) FROM new_numbers"))
    if first + new > LIMIT:
        raise SourceError(
            f"This load would bring the {table} to {first + new:,}; the warehouse numbers at most {LIMIT:,}.",
            hint="Load fewer customers into this workspace, or split them over several.",
        )
    if new:
        engine.execute(
            f"""INSERT INTO {table} ({number}, {key}{extra_column})
            SELECT {first} + row_number() OVER (ORDER BY id) - 1, id{extra_value} FROM new_numbers ORDER BY id"""
        )
        _reserve(engine, table, first + new)
    engine.execute("DROP TABLE new_numbers")
    return new


def next_free(engine: DuckDB, table: str, number: str) -> int:
    kept = engine.rows("SELECT value FROM warehouse_state WHERE key = ?", [f"next_{table}"])
    highest = engine.value(f"SELECT max({number}) FROM {table}")
    return max(int(kept[0][0]) if kept else 0, 0 if highest is None else int(highest) + 1)


def _reserve(engine: DuckDB, table: str, following: int) -> None:
    engine.execute("INSERT OR REPLACE INTO warehouse_state VALUES (?, ?)", [f"next_{table}", str(following)])
