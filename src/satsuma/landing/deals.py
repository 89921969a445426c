"""Loads of deals: one `Deal Updated` per state of a deal."""

from __future__ import annotations

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import identifier
from satsuma.identity import numbers
from satsuma.landing import catalogue, plain, values
from satsuma.landing.outcome import Landed, Landing

UPDATED = "Deal Updated"
_KEPT_FIELDS = ("deal_id", "account_id", "stage", "amount", "close_date", "probability")


def land_deals(landing: Landing) -> Landed:
    """Store states of deals that are not stored yet; a deal's amount is a property, not revenue."""
    engine = landing.engine
    kept = tuple(item for item in landing.incoming.fields if item.canonical and item.name in _KEPT_FIELDS)
    fields = (*kept, *landing.other_fields())
    if landing.incoming.has("account_id"):
        numbers.number_accounts(engine, f"(SELECT {values.text('account_id')} AS account_id FROM {landing.table})")
    columns = "".join(f", {identifier(item.name)}" for item in fields)
    time = f"CAST({landing.column('time')} AS TIMESTAMP)"
    identity = values.digest(f"'{UPDATED}'", "_customer", values.moment("_given"), *values.content(fields))
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_deals AS
        SELECT *, coalesce(_given, {landing.now_sql}) AS _time, {identity} AS _id FROM (
            SELECT _row_no, _source, {values.text(landing.column("customer_id"))} AS _customer,
                CAST(NULL AS VARCHAR) AS _anonymous, '{UPDATED}' AS _name, {time} AS _given,
                CAST({landing.column("received_at")} AS TIMESTAMP) AS _received_at,
                CAST(NULL AS DECIMAL(18,4)) AS _revenue, CAST(NULL AS VARCHAR) AS _order,
                CAST(NULL AS VARCHAR) AS _product, CAST(NULL AS DECIMAL(18,4)) AS _quantity{columns}
            FROM {landing.table})"""
    )
    properties = {item.name: values.property_value(item) for item in fields}
    stored = plain.store_plain(landing, "landing_deals", properties)
    engine.execute("DROP TABLE landing_deals")
    notes = list(plain.future_note(stored.future))
    if not landing.incoming.has("time"):
        notes.append("No column holds the time of a deal's state: it counts from this load on.")
    aliases = catalogue.column_aliases(landing.incoming.fields)
    info = catalogue.event_info(UPDATED, source="deals", core=(), fields=fields, aliases=aliases)
    return Landed(
        loaded=stored.loaded,
        unchanged=stored.repeated + stored.known,
        anonymous=stored.anonymous,
        customers_new=stored.customers_new,
        events=stored.events,
        notes=tuple(notes),
        catalog=Catalog(events={UPDATED: info}),
    )
