"""Loads of products: a wide table of typed attributes, one row per product, the last statement holds."""

from __future__ import annotations

from collections.abc import Iterable

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, ValueType
from satsuma.engines.duckdb import identifier
from satsuma.landing import catalogue, values
from satsuma.landing.columns import VALUE_OF_COLUMN, prepare_columns
from satsuma.landing.outcome import Landed, Landing
from satsuma.quality.incoming import IncomingField
from satsuma.quality.wording import counted

_RESERVED = frozenset(("product_id",))
#: Events that are about a product whether or not one was loaded yet.
_ABOUT_PRODUCTS = ("Product Purchased", "Product Returned", "Product Received")


def land_products(landing: Landing) -> Landed:
    """Store rows of products."""
    engine = landing.engine
    landing.progress("comparing products")
    fields = (*_own_fields(landing), *landing.other_fields())
    declared = _declared(landing.catalog)
    columns, notes = prepare_columns(landing, "products", fields, reserved=_RESERVED, declared=declared)
    selected = "".join(f", {column.value} AS {identifier(column.name)}" for column in columns)
    engine.execute(
        f"""CREATE OR REPLACE TEMP TABLE landing_rows AS
        SELECT * FROM (SELECT {values.text("product_id")} AS product_id, _row_no, _source{selected}
            FROM {landing.table})
        QUALIFY row_number() OVER (PARTITION BY product_id ORDER BY _source DESC, _row_no DESC) = 1"""
    )
    rows, kept = landing.incoming_rows(), int(engine.value("SELECT count(*) FROM landing_rows"))
    names = [identifier(column.name) for column in columns]
    loaded = int(engine.value("SELECT count(*) FROM landing_rows ANTI JOIN products USING (product_id)"))
    differs = " OR ".join(f"p.{name} IS DISTINCT FROM r.{name}" for name in names) or "false"
    updated = int(
        engine.value(f"SELECT count(*) FROM landing_rows r JOIN products p USING (product_id) WHERE {differs}")
    )
    listed = "".join(f", {name}" for name in names)
    engine.execute(
        f"""INSERT INTO products (product_id{listed})
        SELECT product_id{listed} FROM landing_rows ANTI JOIN products USING (product_id) ORDER BY product_id"""
    )
    if updated:
        sets = ", ".join(f"{name} = r.{name}" for name in names)
        engine.execute(
            f"""UPDATE products SET {sets} FROM (SELECT r.* FROM landing_rows r JOIN products p USING (product_id)
            WHERE {differs}) r WHERE products.product_id = r.product_id"""
        )
    engine.execute("DROP TABLE landing_rows")
    if rows > kept:
        notes.append(
            counted("{} row[s] repeat[*] a product of this load; the last row of each was taken.", rows - kept)
        )
    stored = [row[0] for row in engine.rows("SELECT DISTINCT name FROM events WHERE product_id IS NOT NULL")]
    events = sorted({*stored, *_ABOUT_PRODUCTS} & {*landing.catalog.events, *stored}) or list(_ABOUT_PRODUCTS)
    as_stored = [catalogue.renamed_field(column) for column in columns]
    return Landed(
        loaded=loaded,
        updated=updated,
        unchanged=rows - loaded - updated,
        notes=tuple(notes),
        catalog=catalogue.product_properties(as_stored, events),
    )


def known_properties(landing: Landing, events: Iterable[str]) -> Catalog:
    """Return the attributes of the products that are stored, as properties of events that name a product."""
    columns = landing.engine.columns("products")
    told: dict[str, PropertyInfo] = {}
    for info in landing.catalog.events.values():
        told |= {name: item for name, item in info.properties.items() if item.source == "products"}
    properties = {
        name: told.get(name, PropertyInfo(type=VALUE_OF_COLUMN.get(column, "text"), source="products"))
        for name, column in columns.items()
        if name not in _RESERVED
    }
    return Catalog(events={name: EventInfo(properties=properties) for name in events} if properties else {})


def _own_fields(landing: Landing) -> tuple[IncomingField, ...]:
    """Return the kind's own fields other than the id: they are attributes as all others."""
    left_out = ("product_id", "received_at", "valid_from")
    return tuple(item for item in landing.incoming.fields if item.canonical and item.name not in left_out)


def _declared(catalog: Catalog) -> dict[str, ValueType]:
    declared: dict[str, ValueType] = {}
    for info in catalog.events.values():
        declared |= {name: item.type for name, item in info.properties.items() if item.source == "products"}
    return declared
