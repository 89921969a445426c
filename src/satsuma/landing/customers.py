"""Loads of customers and of accounts: one row per id, traits as typed columns, changes kept."""

from __future__ import annotations

from dataclasses import replace

from satsuma.catalog import Catalog, ValueType
from satsuma.engines.duckdb import identifier
from satsuma.identity import numbers
from satsuma.landing import catalogue, traits, values
from satsuma.landing.columns import prepare_columns
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted

_RESERVED = {
    "customer": frozenset(("customer_no", "customer_id", "first_seen", "erased_at", "arrived_at", "described_at")),
    "account": frozenset(("account_no", "account_id", "first_seen", "arrived_at", "described_at")),
}

#: The trait that a customer file's sign-up date becomes; `first_seen` is it, where there is one.
SIGNED_UP = "signed_up"


def land_customers(landing: Landing) -> Landed:
    """Store rows of customers: new ones, changed traits, new traits.

    Raises
    ------
    SourceError
        When values do not fit the type of a trait that is stored.
    """
    landed = _land(landing, "customer")
    if landing.incoming.has("first_seen"):
        landing.engine.execute(
            f"""UPDATE customers SET first_seen = {SIGNED_UP}
            WHERE {SIGNED_UP} IS NOT NULL AND first_seen IS DISTINCT FROM {SIGNED_UP}"""
        )
    return landed


def land_traits(landing: Landing) -> Landed:
    """Store traits of customers that rows of another kind bring; their kind is what the catalogue names as source."""
    return _land(landing, "customer")


def land_accounts(landing: Landing) -> Landed:
    """Store rows of accounts, and their people where a column names a customer."""
    engine = landing.engine
    has_people = landing.incoming.has("customer_id")
    new = 0
    account, customer = values.text("account_id"), values.text(landing.column("customer_id"))
    if has_people:
        new = numbers.number_customers(engine, f"(SELECT {customer} AS customer_id FROM {landing.table})")
    landed = _land(landing, "account")
    notes = landed.notes
    if has_people:
        added = engine.value(
            f"""INSERT INTO account_members (account_no, customer_no, role, load_id)
            SELECT DISTINCT a.account_no, c.customer_no, CAST(NULL AS VARCHAR), {landing.load_id}
            FROM (SELECT {account} AS account_id, {customer} AS customer_id FROM {landing.table}) i
            JOIN accounts a USING (account_id) JOIN customers c USING (customer_id)
            WHERE NOT EXISTS (SELECT 1 FROM account_members m
                WHERE m.account_no = a.account_no AND m.customer_no = c.customer_no)
            ORDER BY 1, 2"""
        )
        notes = (*notes, counted("{} [people] [were] linked to their accounts.", added))
    return Landed(
        loaded=landed.loaded,
        unchanged=landed.unchanged,
        updated=landed.updated,
        customers_new=new,
        flags=landed.flags,
        notes=notes,
        catalog=landed.catalog,
    )


def _land(landing: Landing, entity: traits.Entity) -> Landed:
    engine = landing.engine
    one = "an account" if entity == "account" else "a customer"
    landing.progress(f"numbering {entity}s")
    key = values.text(f"{entity}_id")
    new_from = numbers.next_free(engine, f"{entity}s", f"{entity}_no")
    numbered = numbers.number_customers if entity == "customer" else numbers.number_accounts
    new = numbered(engine, f"(SELECT {key} AS {entity}_id FROM {landing.table})")
    signed_up = landing.field("first_seen")
    if signed_up is not None and entity == "customer":
        landing = _with_sign_up(landing, signed_up)
    fields = landing.other_fields()
    declared: dict[str, ValueType] = {
        name: info.type for name, info in landing.catalog.traits.items() if info.entity == entity
    }
    present = engine.columns(f"{entity}s")
    columns, notes = prepare_columns(landing, f"{entity}s", fields, reserved=_RESERVED[entity], declared=declared)
    is_dated = landing.incoming.has("valid_from")
    stated = "".join(f", {column.value} AS {identifier(column.name)}" for column in columns)
    # Known by events alone so far: what a first file says is valid since ever, as it is for a new customer.
    blank = [f"n.{identifier(name)} IS NULL" for name in present if name not in _RESERVED[entity]]
    logged = f"(SELECT entity_no FROM trait_changes WHERE entity = '{entity}')"
    never = f"({' AND '.join(blank) or 'true'} AND n.{entity}_no NOT IN {logged})"
    called, is_same = "", f"n.{entity}_id = i._key"
    if entity == "customer" and engine.profiles != "profiles":
        called = f"JOIN {engine.profiles} p ON p.kind = 'customer_id' AND p.profile_key = i._key "
        is_same = "n.customer_no = p.own_no"
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_rows AS
        SELECT n.{entity}_no AS _no, (n.{entity}_no >= {new_from} OR {never}) AS _is_new, i.* EXCLUDE (_key)
        FROM (SELECT _row_no, _source, {key} AS _key,
                coalesce(CAST({landing.column("valid_from")} AS TIMESTAMP), {landing.now_sql}) AS _valid_from{stated}
            FROM {landing.table}) i
        {called}JOIN {entity}s n ON {is_same}"""
    )
    landing.progress(f"comparing {entity}s")
    upserted = traits.upsert(landing, "landing_rows", entity=entity, columns=columns, is_dated=is_dated)
    if entity == "account" and signed_up is not None:
        engine.execute(
            f"""UPDATE accounts SET first_seen = f.first_seen FROM (
                SELECT {values.text("account_id")} AS account_id, min(CAST(first_seen AS TIMESTAMP)) AS first_seen
                FROM {landing.table} GROUP BY 1) f
            WHERE accounts.account_id = f.account_id AND f.first_seen IS NOT NULL"""
        )
    engine.execute("DROP TABLE landing_rows")
    if upserted.superseded_rows and is_dated:
        notes.append(
            counted(
                f"{{}} row[s] repeat[*] {one} and a date of this load; the last row of each was taken.",
                upserted.superseded_rows,
            )
        )
    elif upserted.superseded_rows:
        notes.append(
            counted(
                f"{{}} row[s] repeat[*] {one} of this load; the last row of each was taken. If the rows are "
                "states at different times, name their date with --valid-from.",
                upserted.superseded_rows,
            )
        )
    if upserted.changes:
        notes.append(counted("{} change[s] of traits [were] logged.", upserted.changes))
    infos = {
        column.name: catalogue.trait_info(
            catalogue.renamed_field(column), source=landing.incoming.load_kind, entity=entity
        )
        for column in columns
    }
    return Landed(
        loaded=upserted.loaded,
        unchanged=upserted.unchanged,
        updated=upserted.updated,
        customers_new=new if entity == "customer" else 0,
        flags={"trait_changes": upserted.changes, "repeated": upserted.superseded_rows},
        notes=tuple(notes),
        catalog=Catalog(traits=infos),
    )


def _with_sign_up(landing: Landing, field: IncomingField) -> Landing:
    """Give the incoming rows the sign-up date as a trait of its own."""
    if any(item.name == SIGNED_UP for item in landing.other_fields()):
        return landing
    landing.engine.execute(
        f"""CREATE OR REPLACE TEMP VIEW landing_incoming AS
        SELECT *, CAST(first_seen AS TIMESTAMP) AS {SIGNED_UP} FROM {landing.table}"""
    )
    trait = replace(field, name=SIGNED_UP, type="datetime", canonical=False, title="Signed up", kind="lifecycle")
    incoming = replace(landing.incoming, table="landing_incoming", fields=(*landing.incoming.fields, trait))
    return replace(landing, incoming=incoming)
