"""Loads of events: names in one vocabulary, each event once, purchases with an order id through the exploder."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import identifier, literal
from satsuma.errors import SourceError
from satsuma.landing import catalogue, names, order_files, orders, plain, products, values
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted

#: What a source calls the price of the product an event is about, the best first.
_PRICES = ("price", "unit_price", "item_price", "sale_price", "product_price", "value", "amount")
_NUMBERS = ("money", "number", "integer")


def land_events(landing: Landing) -> Landed:
    """Store rows of events.

    Raises
    ------
    SourceError
        When the column of names holds far too many different ones.
    """
    notes = _stage(landing)
    # All people of the load at once, so that numbers do not depend on which rows are purchases.
    customers_new = plain.number_people(landing, "landing_events")
    ordered = Landed()
    if landing.incoming.has("order_id"):
        ordered = _land_purchases(landing)
    fields = landing.other_fields()
    properties = {item.name: values.property_value(item) for item in fields}
    stored = plain.store_plain(landing, "landing_events", properties)
    described = _catalog(landing, fields)
    landing.engine.execute("DROP TABLE landing_events")
    if stored.repeated:
        notes.append(counted("{} row[s] repeat[*] another row of this load; each event counts once.", stored.repeated))
    return Landed(
        loaded=stored.loaded + ordered.loaded,
        unchanged=stored.repeated + stored.known + ordered.unchanged,
        updated=ordered.updated,
        anonymous=stored.anonymous + ordered.anonymous,
        customers_new=customers_new,
        events=dict(Counter(ordered.events) + Counter(stored.events)),
        flags={"repeated": stored.repeated, "future": stored.future},
        notes=(*notes, *plain.future_note(stored.future), *ordered.notes),
        catalog=ordered.catalog.merged(described),
    )


def _stage(landing: Landing) -> list[str]:
    """Make `landing_events`, with the names in this vocabulary; returns what to say about it."""
    engine = landing.engine
    found = [str(row[0]) for row in engine.rows(f"SELECT DISTINCT name FROM {landing.table} WHERE name IS NOT NULL")]
    if len(found) > plain.MAX_NAMES:
        field = landing.field("name")
        raise SourceError(
            f"The column '{field.column if field else 'name'}' holds {len(found):,} different values; that is not the "
            f"name of what happened (at most {plain.MAX_NAMES:,}).",
            hint="Name the right column with --map name=COLUMN.",
        )
    renamed = names.renamed(found)
    cases = "".join(f" WHEN {literal(old)} THEN {literal(new)}" for old, new in sorted(renamed.items()))
    called = f"CASE name{cases} ELSE name END" if renamed else "name"
    fields = landing.other_fields()
    columns = "".join(f"{identifier(item.name)}, " for item in fields)
    price = next((item for name in _PRICES for item in fields if item.name == name and item.type in _NUMBERS), None)
    quantity = values.money(landing.column("quantity"))
    revenue = values.money(landing.column("revenue"))
    bought = f"coalesce({revenue}, {_price_paid(price, quantity)})"
    given = values.text(landing.column("event_id"))
    identity = values.digest(
        "_name", "_customer", "_anonymous", values.moment("_time"), "_order", "_product", "_quantity", "_revenue",
        *values.content(fields),
    )  # fmt: skip
    own_id = values.digest("_name", "'id'", "_given", "_customer", "_anonymous")
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_events AS
        WITH named AS (SELECT *, {called} AS _called FROM {landing.table}),
        read AS (
            SELECT {columns} _row_no, _source, {values.text(landing.column("customer_id"))} AS _customer,
                {values.text(landing.column("anonymous_id"))} AS _anonymous, {given} AS _given,
                CASE WHEN _called = '{orders.COMPLETED}' AND {bought} < 0 THEN '{orders.REFUNDED}' ELSE _called
                    END AS _name,
                CASE WHEN _called IN ('{orders.COMPLETED}', '{orders.REFUNDED}') THEN abs({bought}) ELSE {revenue}
                    END AS _revenue,
                time AS _time, CAST({landing.column("received_at")} AS TIMESTAMP) AS _received_at,
                {values.text(landing.column("order_id"))} AS _order,
                {values.text(landing.column("product_id"))} AS _product,
                {quantity} AS _quantity
            FROM named)
        SELECT *, CASE WHEN _given IS NOT NULL THEN {own_id} ELSE {identity} END AS _id FROM read"""
    )
    notes = [f"Events called '{old}' are stored as '{new}'." for old, new in sorted(renamed.items())]
    if price is not None and orders.COMPLETED in {*renamed.values(), *found}:
        many = " times the quantity" if landing.incoming.has("quantity") else ""
        notes.append(f"The revenue of '{orders.COMPLETED}' is its own amount, else the column '{price.column}'{many}.")
    return notes


def _price_paid(price: IncomingField | None, quantity: str) -> str:
    if price is None:
        return "NULL"
    return values.product(f"coalesce({quantity}, 1)", values.money(identifier(price.name)))


def _land_purchases(landing: Landing) -> Landed:
    """Send purchases that name their order through the exploder, and take them out of `landing_events`.

    Where each names a product they are lines, so that products are known too; else each row is an order.
    """
    engine = landing.engine
    condition = f"_name = '{orders.COMPLETED}' AND _order IS NOT NULL"
    rows, with_product = engine.row(f"SELECT count(*), count(_product) FROM landing_events WHERE {condition}")
    if not rows:
        return Landed()
    canonical = {"customer_id": "_customer", "anonymous_id": "_anonymous", "order_id": "_order", "time": "_time",
        "revenue": "_revenue", "quantity": "_quantity", "product_id": "_product",
        "received_at": "_received_at"}  # fmt: skip
    fields = landing.other_fields()
    # A property named like a field of orders (a discount, a status) is that field.
    known = tuple(item for item in landing.incoming.fields if item.canonical and item.name in canonical)
    if not any(item.name == "revenue" for item in known):
        known = (*known, IncomingField(name="revenue", column="revenue", type="money", canonical=True))
    selected = ", ".join(f"{column} AS {name}" for name, column in canonical.items())
    others = "".join(f", {identifier(item.name)}" for item in fields)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_purchases AS
        SELECT _row_no, _source, {selected}{others} FROM landing_events WHERE {condition}"""
    )
    engine.execute(f"DELETE FROM landing_events WHERE {condition}")
    incoming = replace(
        landing.incoming,
        load_kind="order-lines" if with_product == rows else "orders",
        table="landing_purchases",
        fields=(*known, *fields),
        rows=int(rows),
    )
    outcome = order_files.land_orders(replace(landing, incoming=incoming), replaces=False)
    engine.execute("DROP TABLE landing_purchases")
    return outcome


def _catalog(landing: Landing, fields: tuple[IncomingField, ...]) -> Catalog:
    """Describe each event with the properties that at least one of its rows fills."""
    core = ("_revenue", "_order", "_product", "_quantity")
    columns = [*core, *(identifier(item.name) for item in fields)]
    counted = ", ".join(f"count({column}) > 0" for column in columns)
    aliases = catalogue.column_aliases(landing.incoming.fields)
    events = {}
    with_product = []
    for name, *filled in landing.engine.rows(f"SELECT _name, {counted} FROM landing_events GROUP BY 1 ORDER BY 1"):
        has = dict(zip(columns, filled, strict=True))
        promoted = {"revenue": "_revenue", "order_id": "_order", "product_id": "_product", "quantity": "_quantity"}
        own = [item for item in fields if has[identifier(item.name)]]
        events[str(name)] = catalogue.event_info(
            str(name),
            source="events",
            core=[key for key, column in promoted.items() if has[column]],
            fields=own,
            aliases=aliases,
        )
        if has["_product"]:
            with_product.append(str(name))
    return Catalog(events=events).merged(products.known_properties(landing, with_product))
