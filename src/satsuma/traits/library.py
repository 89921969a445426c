"""The built-in traits: what a business expects to know of each customer, as far as its events can tell.

They are written in the language itself, in `library.yaml`, so that anybody can copy one into a file and change it.
Those are offered whose events and properties the catalogue holds; a definition or loaded trait of the same name takes
their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, ValueType
from satsuma.language import formula
from satsuma.language.checker import BUILT_IN_TRAITS, EVENT_COLUMNS
from satsuma.language.definitions import read_text
from satsuma.language.leaves import expression, leaves
from satsuma.language.types import Measure, PropertyTest, Trait

#: Names under which sources keep the same thing; the first that an event has is taken.
SLOTS: Mapping[str, tuple[str, ...]] = {
    "category": ("category", "product_category", "main_category", "category_code", "department", "product_type"),
    "product": ("product_id", "product_name"),
    "brand": ("brand", "manufacturer", "brand_name", "manufacturer_id"),
    "channel": ("channel", "sales_channel", "order_channel", "channel_name", "platform", "medium", "source"),
    "store": ("store_id", "store", "shop_id", "shop", "branch_id", "branch", "store_name", "location", "outlet"),
    "payment": ("payment_method", "payment_type", "payment"),
    "discount": ("discount", "discount_amount", "retail_disc", "coupon_disc"),
    "items": ("items", "quantity", "item_count"),
}


@cache
def entries() -> tuple[str, ...]:
    """Return the texts of the library, one definition each."""
    text = resources.files(__package__).joinpath("library.yaml").read_text(encoding="utf-8")
    return tuple(text.split("\n---\n"))


def built_in_traits(catalog: Catalog) -> tuple[Trait, ...]:
    """Return the built-in traits that a catalogue can feed, in an order in which each follows those it reads.

    A trait is left out when its events or properties are not there or of another type, and so are those that need it.
    """
    types: dict[str, ValueType] = {
        **BUILT_IN_TRAITS["customer"],
        **{name: info.type for name, info in catalog.traits.items() if info.entity == "customer"},
    }
    found: dict[str, Trait] = {}
    for entry in entries():
        trait = _fitted(entry, catalog)
        if trait is None or trait.name in found or trait.name in catalog.traits:
            continue
        type_ = _type_of(trait, catalog, types)
        if type_ is not None:
            found[trait.name] = trait
            types[trait.name] = type_
    for alias in _aliases(catalog):
        if alias.name not in types:
            found[alias.name] = alias
    return tuple(found.values())


def _aliases(catalog: Catalog) -> Iterator[Trait]:
    """Yield the loaded traits that a source called otherwise, under the source's name."""
    for name, info in catalog.traits.items():
        if info.also_called and info.entity == "customer" and info.type not in ("list", "location"):
            yield Trait(
                name=info.also_called,
                title=info.title or name,
                description=f"What the source calls {name}.",
                kind=info.kind,
                unit=info.unit,
                formula=name,
                built_in=True,
            )


def _fitted(text: str, catalog: Catalog) -> Trait | None:
    """Return a definition of the library with its slot filled; None when the event has no such property."""
    slot = re.search(r"of: (<(\w+)>)", text)
    if slot is not None:
        event = re.search(r"did: ([\w ]+?)[,}]", text)
        assert event is not None
        info = catalog.events.get(event[1])
        chosen = None if info is None else next((name for name in SLOTS[slot[2]] if name in info.properties), None)
        if chosen is None:
            return None
        text = text.replace(slot[1], chosen)
    return _read(text)


@lru_cache(maxsize=256)
def _read(text: str) -> Trait:
    read = read_text(text, "trait", file="", stem=None, zone=ZoneInfo("UTC"))
    (trait,) = read.definitions
    assert not read.problems
    assert isinstance(trait, Trait)
    return replace(trait, built_in=True)


def _type_of(trait: Trait, catalog: Catalog, types: Mapping[str, ValueType]) -> ValueType | None:
    """Return the type of what a trait gives, or None when it cannot be computed from this catalogue."""
    if trait.measure is not None:
        return _measured_type(trait.measure, catalog)
    assert trait.formula is not None
    parsed = expression(trait.formula)
    if not formula.names(parsed) <= types.keys():
        return None
    try:
        found = formula.result_type(parsed, types)
    except formula.FormulaError:
        return None
    return trait.type or found


def _measured_type(measure: Measure, catalog: Catalog) -> ValueType | None:
    info = catalog.events.get(measure.event)
    if info is None:
        return None
    tested: Iterable[PropertyTest] = (
        leaf for leaf in (leaves(measure.where) if measure.where else ()) if isinstance(leaf, PropertyTest)
    )
    if any(_property(info, test.property) is None for test in tested):
        return None
    if measure.aggregate in ("first_time", "last_time"):
        return "datetime"
    if measure.of is None:
        return "integer"
    of = _property(info, measure.of)
    if of is None:
        return None
    numeric = of.type in ("integer", "number", "money")
    if measure.aggregate in ("sum", "max", "min", "avg") and not numeric:
        return None
    if measure.aggregate in ("mode", "distinct") and of.type in ("list", "location"):
        return None
    return "integer" if measure.aggregate == "distinct" else of.type


def _property(info: EventInfo, name: str) -> PropertyInfo | None:
    return info.property(name) or EVENT_COLUMNS.get(name)
