"""Shopify: customers, orders and products, from a fake that misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import shopify
from fakes.graphql import cost_of, read_query
from fakes.hostile import answers
from fakes.shopify import Shopify, line, refund
from satsuma.connectors.catalogue import vendor
from satsuma.connectors.vendors.shopify import order_lines, wait_for_points

LATER = datetime(2026, 11, 28, 11, 59, tzinfo=UTC)


@pytest.mark.connectors
class TestShopify(ConnectorTests):
    vendor = "shopify"
    environment: ClassVar = {"SHOPIFY_TOKEN": shopify.TOKEN}
    settings: ClassVar = {"shop": "fruit", "base_url": "{url}/admin/api/2026-10", "orders_at_once": "2"}
    streams = ("orders",)
    makes_rows = False
    changing = "orders"
    error_in_200: ClassVar = (
        answers(200, {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}),
        answers(200, {"errors": [{"message": "no", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}),
    )

    def fake(self) -> Any:
        return Shopify()

    def change(self, fake: Any) -> None:
        fake.touch(fake.orders[2], LATER, email="new@example.com")

    def test_what_the_shop_tells_becomes_what_it_is_and_counts_once(self, tmp_path: Path) -> None:
        fake = Shopify()
        with self.at(tmp_path, fake) as it:
            it.read("customers", "orders")
            # A file brought an order before.
            file = tmp_path / "orders.csv"
            file.write_text(
                "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem sku,Lineitem price\n"
                "#1002,buyer2@example.com,2025-09-03 10:00:00,2,Blood orange,BLOOD-ORANGE,5.00\n"
                "#1002,buyer2@example.com,2025-09-03 10:00:00,1,Yuzu,YUZU,20.00\n"
            )
            it.shop.load(file, kind="order-lines", map={"order_id": "Name"})
            it.sync()
            people = dict(it.rows("SELECT customer_id, first_name FROM customers"))
            # Customer 3 has no address.
            assert (people["buyer1@example.com"], people["it:7003"]) == ("First1", "First3")
            assert len(people) == 5
            assert dict(it.rows("SELECT status, count(*) FROM consents GROUP BY 1")) == {"granted": 1, "denied": 1}
            # The second order: two oranges at 6 and a yuzu at 24, of which a sixth is tax.
            standing = """SELECT e.name, c.customer_id, e.product_id, e.quantity, e.revenue FROM events e
                JOIN customers c USING (customer_no) WHERE order_id = '#1002' AND superseded_at IS NULL"""
            sold = [
                ("Order Completed", "buyer2@example.com", None, Decimal(3), Decimal(30)),
                ("Product Purchased", "buyer2@example.com", "501", Decimal(2), Decimal(10)),
                ("Product Purchased", "buyer2@example.com", "502", Decimal(1), Decimal(20)),
            ]
            assert it.rows(f"{standing} ORDER BY e.name, e.revenue") == sold
            # One of the oranges goes back: a correction of the same order.
            order = fake.orders[2]
            back = refund(1, LATER, [(order["lineItems"]["nodes"][0], 1)], 6.0)
            fake.touch(order, LATER, refunds=[back])
            it.sync()
            assert it.rows(f"{standing} ORDER BY e.name, e.revenue") == [
                sold[0],
                ("Order Refunded", "buyer2@example.com", None, Decimal(1), Decimal(5)),
                *sold[1:],
                ("Product Returned", "buyer2@example.com", "501", Decimal(1), Decimal(5)),
            ]
            assert it.rows("SELECT time FROM events WHERE name = 'Order Refunded'") == [(LATER.replace(tzinfo=None),)]

    def test_a_throttled_query_waits_until_it_can_be_paid_for(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            # The fake and the connector have one clock. A query of two orders costs 560 at the most.
            fake = Shopify(points=561, refill=0.5, clock=lambda: it.hands.slept)
            it.server._answer = fake
            it.sync()
            assert it.rows("SELECT count(*) FROM source_records") == [(8,)]
            assert it.hands.slept > 10
            assert fake.throttled == 0

    def test_more_than_paging_reaches_is_read_in_several_searches(self, tmp_path: Path) -> None:
        from dataclasses import replace

        fake = Shopify(orders=20, most_objects=9)
        with self.at(tmp_path, fake) as it:
            sources = it.sources
            source = sources.read("it")
            orders = next(item for item in source.streams if item.name == "orders")
            orders = replace(orders, paging=replace(orders.paging, most=6))
            sources.read = lambda _: replace(source, streams=(orders,))  # type: ignore[method-assign,assignment]
            sources.sync("it")
            assert it.rows("SELECT count(*) FROM source_records") == [(20,)]


def order(**changes: Any) -> dict[str, Any]:
    """Return an order of two oranges at 6 (less 1.20) and a yuzu at 24, tax included."""
    lines = [line(1, "Blood orange", 2, 6.0, discount=1.2), line(2, "Yuzu", 1, 24.0)]
    return {**Shopify(orders=1).orders[1], "lineItems": {"nodes": lines}, **changes}


def revenues(record: dict[str, Any]) -> list[tuple[str, int, Decimal]]:
    return [(item["product_id"], item["quantity"], Decimal(item["revenue"])) for item in order_lines(record)]


def test_money_is_without_tax_and_discounts() -> None:
    assert revenues(order()) == [("501", 2, Decimal("9.00")), ("502", 1, Decimal("20.00"))]
    assert revenues(order(taxesIncluded=False)) == [("501", 2, Decimal("10.80")), ("502", 1, Decimal("24.00"))]


def test_what_was_given_back_beside_goods_is_no_product() -> None:
    record = order()
    record["refunds"] = [refund(1, NOW, [(record["lineItems"]["nodes"][1], 1)], 29.0)]
    assert revenues(record)[2:] == [("502", -1, Decimal("-20.00")), ("ADJUSTMENT", -1, Decimal("-5.00"))]


def test_a_fee_for_the_return_stays_earned() -> None:
    record = order()
    record["refunds"] = [refund(1, NOW, [(record["lineItems"]["nodes"][1], 1)], 18.0)]
    assert revenues(record)[2:] == [("502", -1, Decimal("-15.00"))]


def test_shipping_that_was_given_back_is_no_money_of_the_goods() -> None:
    record = order()
    back = refund(1, NOW, [(record["lineItems"]["nodes"][1], 1)], 28.9)
    shipping = {"subtotalAmountSet": shopify.money(4.9), "taxAmountSet": shopify.money(0.82)}
    record["refunds"] = [{**back, "refundShippingLines": {"nodes": [shipping]}}]
    assert revenues(record)[2:] == [("502", -1, Decimal("-20.00"))]


def test_an_order_that_was_cancelled_unpaid_was_never_sold() -> None:
    cancelled = order(cancelledAt="2026-09-02T00:00:00Z", totalReceivedSet=shopify.money(0))
    assert {item["status"] for item in order_lines(cancelled)} == {"cancelled"}
    # One that was paid was sold, and given back by its refunds alone.
    paid = order(cancelledAt="2026-09-02T00:00:00Z", displayFinancialStatus="REFUNDED")
    assert {item["status"] for item in order_lines(paid)} == {None}


def test_lines_that_were_not_asked_for_are_in_the_sum() -> None:
    record = order(subtotalPriceSet=shopify.money(69.6))
    record["lineItems"] = {**record["lineItems"], "pageInfo": {"hasNextPage": True}}
    # 34.80 of 69.60 is told by lines, at 29 without tax.
    assert revenues(record)[2:] == [("ADJUSTMENT", 1, Decimal("29.00"))]


def test_no_query_costs_more_than_one_may() -> None:
    known = vendor("shopify")
    for stream in known.streams.values():
        lines, orders = (int(known.settings[name].default) for name in ("lines", "orders_at_once"))
        asked = {"lines": lines, "first": orders if stream.name == "orders" else stream.paging.size}
        assert 100 < cost_of(read_query(stream.request.json["query"], asked)) < shopify.MOST_POINTS


def test_the_next_query_waits_for_its_points() -> None:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 50.0, "restoreRate": 100.0}
    said = {"extensions": {"cost": {"requestedQueryCost": 450, "throttleStatus": status}}}
    assert wait_for_points(said, {}) == 4.0
    assert wait_for_points({"data": {}}, {}) == wait_for_points(None, {}) == 0.0
