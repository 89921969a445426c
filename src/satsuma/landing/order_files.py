"""Loads of orders and of order lines: numbers, exploder, versions, and what is said about it."""

from __future__ import annotations

from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.identity import numbers
from satsuma.landing import catalogue, orders, products, values, versions
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted

_LINE_EVENTS = (orders.PURCHASED, orders.RETURNED, orders.RECEIVED)


def land_orders(landing: Landing, *, replaces: bool = True) -> Landed:
    """Store rows of orders or order lines.

    Parameters
    ----------
    replaces : whether an order that is known and differs is a correction. A tracker's purchases never correct what
        an order file brought.
    """
    engine = landing.engine
    landing.progress("numbering customers")
    customer = values.text(landing.column("customer_id"))
    new = numbers.number_customers(engine, f"(SELECT {customer} AS customer_id FROM {landing.table})")
    if landing.incoming.has("anonymous_id"):
        anonymous = values.text("anonymous_id")
        numbers.number_profiles(
            engine, f"(SELECT {anonymous} AS profile_key FROM {landing.table} WHERE {customer} IS NULL)"
        )
    staged = orders.stage(landing)
    written = versions.write_orders(landing, staged, replaces=replaces)
    orders.drop_staged(engine)
    flags = {"identical": staged.identical, "non_product": staged.non_product}
    return Landed(
        loaded=written.rows_new,
        unchanged=written.rows_same + staged.duplicates,
        updated=written.rows_changed,
        anonymous=staged.classes["anonymous"],
        customers_new=new,
        classes=staged.classes,
        events=written.events,
        flags={name: count for name, count in flags.items() if staged.has_lines},
        notes=_notes(landing, staged, written),
        catalog=order_catalog(landing, staged, tuple(written.events)),
    )


def _notes(landing: Landing, staged: orders.Staged, written: versions.Written) -> tuple[str, ...]:
    """Return the sentences a person should read about this load."""
    said = (
        (
            staged.identical,
            "{} line[s] repeat[*] an equal line of the same order. Repeats are kept, as they may be real, and flagged.",
        ),
        (
            staged.non_product,
            "{} line[s] [are] no product (postage, fees, discounts, adjustments). Such lines are kept and flagged.",
        ),
        (
            staged.without_amount,
            "{} row[s] [have] no readable amount. Such rows are kept, and add nothing to revenue.",
        ),
        (
            staged.differing_rows,
            (
                "{} row[s] differ[*] from another row of the same order; the newest row of each order was taken. If "
                "each row is a line of an order, load the file as order-lines."
            ),
        ),
        (
            written.orders_changed,
            (
                "{} order[s] differ[*] from what was stored and [were] replaced as a whole; the old lines are kept as "
                "superseded."
            ),
        ),
        (
            written.orders_foreign,
            (
                "{} of the replaced orders share[*] no line with what was stored. If each file holds only a part of an "
                "order, load the files together in one command."
            ),
        ),
        (
            written.orders_kept,
            (
                "{} order[s] [are] already known in more detail or from an order file, with other figures; what was "
                "stored stays."
            ),
        ),
        (
            written.shared_orders,
            "{} order id[s] [belong] to several customers; each customer's part counts as an order of its own.",
        ),
    )
    notes = [counted(sentence, count) for count, sentence in said if count]
    if not landing.incoming.has("customer_id"):
        notes.append("No column names the customer: all rows are anonymous and belong to no segment.")
    if not staged.has_lines or landing.incoming.has("revenue") or landing.incoming.has("unit_price"):
        return tuple(notes)
    return (*notes, "No column holds an amount or a price: orders have no revenue. Name one with --map revenue=COLUMN.")


def order_catalog(landing: Landing, staged: orders.Staged, names: tuple[str, ...]) -> Catalog:
    """Return the events of orders as the catalogue describes them."""
    aliases = catalogue.column_aliases(landing.incoming.fields)
    source = landing.incoming.load_kind
    fields = staged.property_fields
    of_order: list[IncomingField] = [item for item in fields if item.name in staged.order_properties]
    events: dict[str, EventInfo] = {}
    for name in names:
        if name in _LINE_EVENTS:
            core = ["revenue", "order_id", "quantity", "product_id"]
            events[name] = catalogue.event_info(name, source=source, core=core, fields=fields, aliases=aliases)
            continue
        core = ["revenue", "order_id", "quantity"]
        info = catalogue.event_info(name, source=source, core=core, fields=of_order, aliases=aliases)
        if staged.has_lines:
            lines = {"items": PropertyInfo(type="integer", title="Lines")}
            info = EventInfo(
                description=info.description,
                source=info.source,
                properties={**info.properties, **lines},
                aliases=info.aliases,
            )
        events[name] = info
    catalog = Catalog(events=events)
    with_product = [name for name in names if name in _LINE_EVENTS and landing.incoming.has("product_id")]
    return catalog.merged(products.known_properties(landing, with_product))
