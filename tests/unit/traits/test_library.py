"""The built-in traits: which a catalogue can feed, and what they are worth."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import KINDS, Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.language.checker import Vocabulary
from satsuma.language.definitions import check_all
from satsuma.language.reference import Customer, Event
from satsuma.traits.library import SLOTS, built_in_traits, entries
from small_world import fill, moment_of, read, run

NOW = datetime(2024, 7, 1)
TEXT, MONEY = PropertyInfo(type="text"), PropertyInfo(type="money")
SHOP = Catalog(
    events={
        "Order Completed": EventInfo(
            properties={
                "revenue": MONEY, "channel": TEXT, "store_id": TEXT, "payment_method": TEXT,
                "items": PropertyInfo(type="number"),
            }
        ),
        "Order Refunded": EventInfo(properties={"revenue": MONEY}),
        "Product Purchased": EventInfo(
            properties={"revenue": MONEY, "product_id": TEXT, "department": TEXT, "brand": TEXT, "discount": MONEY}
        ),
    }
)  # fmt: skip


def names(catalog: Catalog) -> list[str]:
    return [trait.name for trait in built_in_traits(catalog)]


def test_a_full_catalogue_feeds_the_whole_library() -> None:
    assert set(names(SHOP)) == {
        "orders", "gross_revenue", "refunds", "refunded_revenue", "revenue", "average_basket", "largest_order",
        "return_share", "first_order", "last_order", "days_since_first_order", "days_since_last_order", "active_days",
        "active_months", "purchase_interval", "tenure_days", "orders_90d", "orders_365d", "revenue_90d",
        "revenue_365d", "items", "distinct_products", "distinct_categories", "favourite_product", "favourite_category",
        "favourite_brand", "favourite_channel", "favourite_store", "favourite_payment", "discount_total",
        "purchased_revenue", "discount_share",
    }  # fmt: skip


def test_each_has_a_title_a_kind_and_a_unit_and_is_marked_built_in() -> None:
    for trait in built_in_traits(SHOP):
        assert trait.built_in
        assert trait.title
        assert trait.kind in KINDS
        assert trait.unit


def test_every_text_of_the_library_is_read_without_a_mistake() -> None:
    for text in entries():
        filled = text
        for slot, properties in SLOTS.items():
            filled = filled.replace(f"<{slot}>", properties[0])
        name = next(line for line in filled.splitlines() if line.startswith("trait: ")).removeprefix("trait: ")
        assert read({f"traits/{name}": filled}).problems == ()


def test_without_refunds_net_revenue_is_what_was_bought() -> None:
    catalog = Catalog(events={"Order Completed": EventInfo(properties={"revenue": MONEY})})
    found = {trait.name: trait for trait in built_in_traits(catalog)}
    assert found["revenue"].measure is not None
    assert "return_share" not in found
    assert {trait.name: trait for trait in built_in_traits(SHOP)}[
        "revenue"
    ].formula == "gross_revenue - refunded_revenue"


def test_without_events_only_the_tenure_is_left() -> None:
    assert names(Catalog()) == ["tenure_days"]


def test_a_property_of_the_wrong_type_feeds_nothing() -> None:
    purchased = EventInfo(properties={"discount": TEXT, "category": PropertyInfo(type="list")})
    found = names(Catalog(events={"Product Purchased": purchased}))
    assert not {"discount_total", "discount_share", "favourite_category", "distinct_categories"} & set(found)


@pytest.mark.parametrize(("trait", "type_"), [("orders", "text"), ("orders", "integer"), ("revenue", "money")])
def test_a_loaded_trait_takes_the_place_of_a_built_in_one(trait: str, type_: Any) -> None:
    catalog = Catalog(traits={trait: TraitInfo(type=type_)}, events=SHOP.events)
    found = names(catalog)
    assert trait not in found
    assert ("average_basket" in found) == (type_ != "text")
    check_all(read({}), Vocabulary(catalog=catalog), built_in_traits(catalog))


_ids = iter(range(1, 10**6))


def event(name: str, at: datetime, **properties: Any) -> Event:
    return Event(name=name, time=at, event_id=str(UUID(int=next(_ids))), properties=properties)


def test_the_values_are_those_worked_by_hand() -> None:
    zone = ZoneInfo("Europe/Paris")
    buyer = Customer(
        id="buyer",
        first_seen=NOW - timedelta(days=400),
        events=(
            # 23:30 UTC on 31 May is June in Paris: two months, three days.
            event("Order Completed", datetime(2024, 5, 31, 12), revenue=Decimal("100"), channel="web", store_id="S1",
                  items=Decimal(4)),
            event("Order Completed", datetime(2024, 5, 31, 23, 30), revenue=Decimal("50"), channel="app", store_id="S1",
                  items=Decimal(1)),
            event("Order Completed", datetime(2024, 6, 21), revenue=Decimal("30"), channel="web", store_id="S2"),
            event("Order Refunded", datetime(2024, 6, 22), revenue=Decimal("45")),
            event("Product Purchased", datetime(2024, 6, 21), revenue=Decimal("60"), product_id="A", department="Tea",
                  discount=Decimal("20")),
            event("Product Purchased", datetime(2024, 6, 21), revenue=Decimal("20"), product_id="B", department="Tea"),
        ),
    )  # fmt: skip
    nobody = Customer(id="nobody")
    checked = check_all(read({}, zone), Vocabulary(catalog=SHOP, zone=zone), built_in_traits(SHOP))
    engine = DuckDB(None)
    fill(engine, SHOP, [buyer, nobody])
    evaluation = run(engine, checked, moment_of("2024-07-01", zone))
    engine.close()
    value = {name: evaluation.column(name).python(0) for name in names(SHOP)}
    assert value["orders"] == 3
    assert value["gross_revenue"] == 180
    assert value["revenue"] == 135
    assert value["average_basket"] == 60
    assert value["largest_order"] == 100
    assert value["return_share"] == pytest.approx(0.25)
    assert (value["active_days"], value["active_months"]) == (3, 2)
    assert value["days_since_last_order"] == 10
    assert value["purchase_interval"] == pytest.approx(20.5 / 2)
    assert value["tenure_days"] == 400
    assert (value["orders_90d"], value["revenue_365d"]) == (3, 180)
    assert value["items"] == 5
    assert (value["favourite_channel"], value["favourite_store"]) == ("web", "S1")
    assert (value["favourite_category"], value["distinct_categories"]) == ("Tea", 1)
    assert value["discount_share"] == pytest.approx(0.2)
    missing = {name: evaluation.column(name).python(1) for name in names(SHOP)}
    assert {name for name, found in missing.items() if found == 0} == {
        "orders", "gross_revenue", "refunds", "refunded_revenue", "revenue", "active_days", "active_months",
        "orders_90d", "orders_365d", "revenue_90d", "revenue_365d", "items", "distinct_products",
        "distinct_categories", "discount_total", "purchased_revenue",
    }  # fmt: skip
    assert all(found is None for found in missing.values() if found != 0)
