"""What a load adds to the catalogue of traits and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.landing.columns import Column
from satsuma.quality.incoming import IncomingField
from satsuma.sources.names import slug

#: What the promoted columns of `events` are.
CORE = {
    "revenue": PropertyInfo(type="money", title="Revenue"),
    "order_id": PropertyInfo(type="text", title="Order"),
    "product_id": PropertyInfo(type="text", title="Product"),
    "quantity": PropertyInfo(type="number", title="Quantity"),
}

_ABOUT = {
    "Order Completed": "An order that was placed; revenue is the sum of its purchased lines.",
    "Order Refunded": "Goods or money of an order that went back; revenue is the money given back, above zero.",
    "Product Purchased": "One line of an order.",
    "Product Returned": "One line that went back; revenue is the money given back, above zero.",
    "Product Received": "One line that cost nothing.",
    "Survey Answered": "One answer to one item of a survey.",
    "Deal Updated": "The state of a deal at one moment.",
}


def property_info(field: IncomingField) -> PropertyInfo:
    """Return what the catalogue says of an event's property."""
    return PropertyInfo(
        type=field.type,
        title=field.title,
        unit=field.unit,
        format=field.format,
        personal_data=field.personal_data,
        sensitive=field.sensitive,
    )


def trait_info(field: IncomingField, *, source: str, entity: Literal["customer", "account"]) -> TraitInfo:
    """Return what the catalogue says of a loaded trait."""
    own_name = slug(field.column)
    return TraitInfo(
        type=field.type,
        title=field.title,
        kind=field.kind,
        unit=field.unit,
        format=field.format,
        personal_data=field.personal_data,
        sensitive=field.sensitive,
        source=source,
        also_called=own_name if own_name != field.name else None,
        entity=entity,
    )


def renamed_field(column: Column) -> IncomingField:
    """Return the field under the name and the type that its column has."""
    return replace(column.field, name=column.name, type=column.type)


def event_info(
    name: str, *, source: str, core: Iterable[str], fields: Iterable[IncomingField], aliases: Mapping[str, str]
) -> EventInfo:
    """Return an event with its promoted and its own properties.

    Parameters
    ----------
    core : names of promoted columns that the event fills.
    aliases : the source's column name -> property; those of properties the event lacks are left out.
    """
    properties = {name: CORE[name] for name in core}
    properties |= {field.name: property_info(field) for field in fields}
    kept = {alias: target for alias, target in aliases.items() if target in properties and alias not in properties}
    return EventInfo(description=_ABOUT.get(name), source=source, properties=properties, aliases=kept)


def column_aliases(fields: Iterable[IncomingField]) -> dict[str, str]:
    """Return each source column's own name with the field it became."""
    return {
        part.strip(): field.name
        for field in fields
        for part in (field.column.split(" + ") if " + " in field.column else [field.column])
        if part.strip() != field.name
    }


def product_properties(fields: Iterable[IncomingField], events: Iterable[str]) -> Catalog:
    """Return the attributes of products as properties of the events that name a product."""
    attributes = {
        field.name: PropertyInfo(
            type=field.type,
            title=field.title,
            unit=field.unit,
            personal_data=field.personal_data,
            sensitive=field.sensitive,
            source="products",
        )
        for field in fields
    }
    aliases = {alias: name for alias, name in column_aliases(fields).items() if alias not in attributes}
    return Catalog(events={name: EventInfo(properties=attributes, aliases=aliases) for name in events})
