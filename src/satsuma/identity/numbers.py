"""Numbers for customers and profiles: unsigned 32 bit, from 0, in order, without gaps, never used twice.

New ids get their numbers sorted by code point within one load, so that the same files give the same numbers
whatever the order of their rows. The next free number is kept in `warehouse_state`, because an erased row may one
day leave its table and its number must not come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from satsuma.engines.duckdb import DuckDB, identifier, literal
from satsuma.errors import SourceError

#: One more than the largest number that fits the bitmaps.
LIMIT = 2**32


@contextmanager
def roll_call(engine: DuckDB, ids: str) -> Iterator[None]:
    """Look the people of some rows up once: until the block ends, `engine.profiles` is a small table of them.

    So a million keys are compared once and not with every statement. Profiles that get their numbers in the block
    stand in both tables. Runs within the caller's transaction.

    Parameters
    ----------
    ids : `SELECT` of `kind` ('customer_id' or 'anonymous_id') and `profile_key`, of all whom the block looks up.
    """
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE called AS
        SELECT DISTINCT kind, profile_key FROM ({ids}) WHERE profile_key IS NOT NULL"""
    )
    # `own_no` is the customer of that id, whoever the profile belongs to.
    engine.execute(
        """CREATE OR REPLACE TEMP TABLE called_profiles AS
        SELECT p.profile_no, p.profile_key, p.kind, p.customer_no, c.customer_no AS own_no
        FROM (SELECT p.* FROM profiles p SEMI JOIN called i ON i.profile_key = p.profile_key AND i.kind = p.kind) p
        LEFT JOIN customers c
            ON c.customer_no = p.customer_no AND c.customer_id = p.profile_key AND p.kind = 'customer_id'"""
    )
    if engine.rows("SELECT 1 FROM called_profiles WHERE own_no IS NULL AND kind = 'customer_id' LIMIT 1"):
        engine.execute(
            """UPDATE called_profiles SET own_no = c.customer_no FROM customers c
            WHERE called_profiles.own_no IS NULL AND kind = 'customer_id' AND c.customer_id = profile_key"""
        )
    # Of visitors who are known, the customers too: what is said of the one is said of the other.
    owners = """(SELECT customer_no FROM called_profiles WHERE kind = 'anonymous_id' AND customer_no IS NOT NULL
        AND customer_no NOT IN (SELECT own_no FROM called_profiles WHERE own_no IS NOT NULL))"""
    if engine.rows(f"SELECT 1 FROM {owners} LIMIT 1"):
        engine.execute(
            f"""INSERT INTO called_profiles SELECT p.profile_no, p.profile_key, p.kind, p.customer_no, c.customer_no
            FROM (SELECT * FROM customers WHERE customer_no IN {owners}) c
            JOIN profiles p ON p.kind = 'customer_id' AND p.profile_key = c.customer_id"""
        )
    engine.profiles = "called_profiles"
    try:
        yield
    finally:
        engine.profiles = "profiles"
    engine.execute("DROP TABLE called")
    engine.execute("DROP TABLE called_profiles")


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
    known = "customers"
    if engine.profiles != "profiles":
        known = f"(SELECT profile_key AS customer_id FROM {engine.profiles} WHERE kind = 'customer_id')"
    new = _number(
        engine, source, "customer_id", table="customers", number="customer_no", key="customer_id", known=known
    )
    if new:
        first = next_free(engine, "profiles", "profile_no")
        engine.execute(
            f"""INSERT INTO profiles (profile_no, profile_key, kind, customer_no)
            SELECT {first} + row_number() OVER (ORDER BY customer_no) - 1, customer_id, 'customer_id', customer_no
            FROM customers WHERE customer_no >= {next_free(engine, "customers", "customer_no") - new}
            ORDER BY customer_no"""
        )
        _reserve(engine, "profiles", first + new)
        _call(engine, first)
    return new


def number_profiles(engine: DuckDB, source: str, *, kind: str = "anonymous_id") -> int:
    """Give every new value of column `profile_key` in a relation a profile that belongs to no customer yet.

    Returns how many are new.
    """
    first = next_free(engine, "profiles", "profile_no")
    new = _number(
        engine, source, "profile_key", table="profiles", number="profile_no", key="profile_key", kind=kind,
        known=engine.profiles,
    )  # fmt: skip
    if new:
        _call(engine, first)
    return new


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
        FROM {source} s JOIN {engine.profiles} p ON p.profile_key = s.customer_id AND p.kind = 'customer_id'
        WHERE s.anonymous_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM identifiers i
            WHERE i.kind = 'anonymous_id' AND i.value = s.anonymous_id AND i.profile_no = p.profile_no)
        GROUP BY ALL""",
        "profile_no, value",
    )


def give_profiles(engine: DuckDB, owners: str, which: str = "true") -> None:
    """Let profiles belong to customers, or to nobody.

    Parameters
    ----------
    owners : table with `profile_no` and `customer_no`. which : condition on its rows, called `l`.
    """
    for table in dict.fromkeys(("profiles", engine.profiles)):
        engine.execute(
            f"""UPDATE {table} SET customer_no = l.customer_no FROM {owners} l
            WHERE {table}.profile_no = l.profile_no AND {which}"""
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


def _number(
    engine: DuckDB, source: str, column: str, *, table: str, number: str, key: str, kind: str = "", known: str = ""
) -> int:
    """Append the ids of `source` that `known` (`table` when not given) lacks, numbered by their order as text."""
    first = next_free(engine, table, number)
    same_kind = f"AND t.kind = {literal(kind)}" if kind else ""
    extra_column, extra_value = (", kind", f", {literal(kind)}") if kind else ("", "")
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE new_numbers AS
        SELECT DISTINCT s.{identifier(column)} AS id FROM {source} s
        WHERE s.{identifier(column)} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM {known or table} t WHERE t.{key} = s.{identifier(column)} {same_kind})"""
    )
    new = int(engine.value("SELECT count(*) FROM new_numbers"))
    if first + new > LIMIT:
        raise SourceError(
            f"This load would bring the {table} to {first + new:,}; the warehouse numbers at most {LIMIT:,}.",
            hint="Load fewer customers into this workspace, or split them over several.",
        )
    if new:
        if (
            engine.profiles != "profiles"
            and table != "accounts"
            and engine.value(
                f"""SELECT count(*) FROM new_numbers ANTI JOIN called ON profile_key = id
                AND kind = {literal(kind or "customer_id")}"""
            )
        ):
            # Whoever was not called may have a number: another one would make two of one.
            raise LookupError("Somebody is numbered who was not called.")
        engine.execute(
            f"""INSERT INTO {table} ({number}, {key}{extra_column})
            SELECT {first} + row_number() OVER (ORDER BY id) - 1, id{extra_value} FROM new_numbers ORDER BY id"""
        )
        _reserve(engine, table, first + new)
    engine.execute("DROP TABLE new_numbers")
    return new


def _call(engine: DuckDB, first: int) -> None:
    """Add the profiles from a number on to those that were called, where a roll call is under way."""
    if engine.profiles != "profiles":
        engine.execute(
            f"""INSERT INTO {engine.profiles} SELECT profile_no, profile_key, kind, customer_no, customer_no
            FROM profiles WHERE profile_no >= {first}"""
        )


def next_free(engine: DuckDB, table: str, number: str) -> int:
    kept = engine.rows("SELECT value FROM warehouse_state WHERE key = ?", [f"next_{table}"])
    highest = engine.value(f"SELECT max({number}) FROM {table}")
    return max(int(kept[0][0]) if kept else 0, 0 if highest is None else int(highest) + 1)


def _reserve(engine: DuckDB, table: str, following: int) -> None:
    engine.execute("INSERT OR REPLACE INTO warehouse_state VALUES (?, ?)", [f"next_{table}", str(following)])
