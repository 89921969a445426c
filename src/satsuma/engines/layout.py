"""The layout of the tables that an evaluation reads from Parquet: their columns, types and folders.

One folder per table, and one per event name; `docs/how-to/run-on-spark.md` tells it to those who write such tables
themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from satsuma.catalog import COLUMN_TYPES, Catalog

#: The tables beside those of events, and the columns that each has whatever the catalogue says, in the types of the
#: warehouse. Customers and accounts have their loaded traits as well, products what is known of them.
TABLES: Mapping[str, Mapping[str, str]] = {
    "customers": {
        "customer_no": "UINTEGER", "customer_id": "VARCHAR", "first_seen": "TIMESTAMP", "erased_at": "TIMESTAMP",
        "arrived_at": "TIMESTAMP", "described_at": "TIMESTAMP",
    },
    "accounts": {
        "account_no": "UINTEGER", "account_id": "VARCHAR", "first_seen": "TIMESTAMP", "arrived_at": "TIMESTAMP",
        "described_at": "TIMESTAMP",
    },
    "account_members": {"account_no": "UINTEGER", "customer_no": "UINTEGER"},
    "trait_changes": {
        "entity": "VARCHAR", "entity_no": "UINTEGER", "trait": "VARCHAR", "old_value": "VARCHAR",
        "new_value": "VARCHAR", "valid_from": "TIMESTAMP", "known_at": "TIMESTAMP", "load_id": "BIGINT",
    },
    "consents": {
        "customer_no": "UINTEGER", "purpose": "VARCHAR", "status": "VARCHAR", "time": "TIMESTAMP",
        "received_at": "TIMESTAMP",
    },
    "products": {"product_id": "VARCHAR"},
}  # fmt: skip

#: The columns of every table of events.
EVENTS: Mapping[str, str] = {
    "customer_no": "UINTEGER", "time": "TIMESTAMP", "event_id": "BLOB", "received_at": "TIMESTAMP",
    "superseded_at": "TIMESTAMP", "load_id": "BIGINT", "revenue": "DECIMAL(18,4)", "order_id": "VARCHAR",
    "product_id": "VARCHAR", "quantity": "DECIMAL(18,4)", "flags": "UTINYINT",
}  # fmt: skip

#: The columns of events that are properties as well; `flags` holds the last of them.
PROMOTED = ("revenue", "order_id", "product_id", "quantity", "is_product")

#: Without these a table cannot be read at all; the others may be missing and are empty then.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer_no", "customer_id"),
    "accounts": ("account_no", "account_id"),
    "account_members": ("account_no", "customer_no"),
    "trait_changes": ("entity", "entity_no", "trait", "new_value", "valid_from"),
    "consents": ("customer_no", "purpose", "status", "time"),
    "products": ("product_id",),
    "events": ("customer_no", "time"),
}

#: A number of an event is exact to six decimals, so that a sum never depends on an order of rows.
PROPERTY_TYPES: Mapping[str, str] = {**COLUMN_TYPES, "number": "DECIMAL(18,6)"}


def property_column(name: str) -> str:
    """Return the column of an event's own property: its name, with `_` behind it where that is taken."""
    return f"{name}_" if name.rstrip("_") in (*EVENTS, "name") else name


def event_columns(catalog: Catalog, event: str, product_columns: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the own properties of an event as the catalogue knows them: column -> (property, SQL type).

    What is read from the event's product is no column of the event.
    """
    info = catalog.events.get(event)
    if info is None:
        return {}
    return {
        property_column(name): (name, PROPERTY_TYPES[item.type])
        for name, item in info.properties.items()
        if name not in PROMOTED and not (item.source == "products" and name in product_columns)
    }


def trait_columns(catalog: Catalog, table: str) -> dict[str, str]:
    """Return the loaded traits that are columns of `customers` or `accounts`, with their SQL types."""
    entity = {"customers": "customer", "accounts": "account"}.get(table)
    return {
        name: COLUMN_TYPES[info.type]
        for name, info in catalog.traits.items()
        if info.entity == entity and name not in TABLES[table]
    }


def event_folder(event: str) -> str:
    """Return the folder of an event's table where another program wrote it: `name=...`, as partitions are called.

    Characters that cannot stand in a partition's name are written as % and two digits.
    """
    escaped = re.sub(r"[\x01-\x1f\"#%'*/:=?\\\x7f{\[\]^]", lambda found: f"%{ord(found[0]):02X}", event)
    return f"events/name={escaped}"
