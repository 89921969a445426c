"""WooCommerce: customers, guests, orders and products, from a fake that misbehaves."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import woocommerce
from fakes.woocommerce import WooCommerce, line
from satsuma.catalog import Catalog
from satsuma.collecting.contract import Request
from satsuma.collecting.journal import Journal
from satsuma.collecting.landing import land_records, landed_position, record_of
from satsuma.connectors.vendors.woocommerce import order_lines
from satsuma.workspace import Workspace

LATER = datetime(2026, 11, 28, 11, 59)


@pytest.mark.connectors
class TestWooCommerce(ConnectorTests):
    vendor = "woocommerce"
    environment: ClassVar = {"WOOCOMMERCE_KEY": woocommerce.KEY, "WOOCOMMERCE_SECRET": woocommerce.SECRET}
    settings: ClassVar = {"site": "fruit.example.org", "base_url": "{url}/wp-json/wc/v3"}
    streams = ("orders",)
    makes_rows = False
    changing = "orders"

    def fake(self) -> Any:
        return WooCommerce()

    def change(self, fake: Any) -> None:
        fake.refund(102, [(fake.orders[102]["line_items"][0], 1)], LATER)

    def test_customers_guests_and_orders_become_what_they_are(self, tmp_path: Path) -> None:
        fake = WooCommerce()
        fake.orders[103].update(status="pending")
        with self.at(tmp_path, fake) as it:
            it.read("customers", "orders")
            # The page of the shop told of an order, with other figures, before the shop itself did.
            tell(it.shop, tmp_path, "Order Completed", "guest0@example.org", order_id="102", revenue=18.0)
            assert it.rows("SELECT revenue FROM events") == [(Decimal(18),)]
            it.sync()
            people = dict(it.rows("SELECT customer_id, city FROM customers"))
            # Those with an account, also the shop's own people; and the guests of orders 101, 102 and 107.
            assert people == {**{f"buyer{number}@example.org": "Lyon" for number in (1, 2, 3, 4)},
                              **{f"guest{number}@example.org": "Nantes" for number in (0, 2)}}  # fmt: skip
            assert it.rows(
                """SELECT e.name, c.customer_id, e.product_id, e.quantity, e.revenue FROM events e
                JOIN customers c USING (customer_no) WHERE order_id = '102' AND superseded_at IS NULL
                ORDER BY e.name, e.revenue"""
            ) == [
                ("Order Completed", "guest0@example.org", None, Decimal(3), Decimal("18.50")),
                ("Product Purchased", "guest0@example.org", "51", Decimal(1), Decimal("8.50")),
                ("Product Purchased", "guest0@example.org", "50", Decimal(2), Decimal("10.00")),
            ]
            assert it.rows(
                "SELECT DISTINCT time FROM events WHERE order_id = '102' AND name = 'Product Purchased'"
            ) == [(datetime(2025, 9, 1, 18),)]
            # Nobody paid for order 103 (yet).
            assert it.rows("SELECT name, sum(revenue) FROM events WHERE order_id = '103' GROUP BY 1 ORDER BY 1") == [
                ("Order Refunded", Decimal(0)), ("Product Returned", Decimal(0)),
            ]  # fmt: skip
            # What is given back, and what is thrown away, corrects the order; so does no row that knows it in sum.
            fake.refund(102, [(fake.orders[102]["line_items"][0], 1)], LATER, extra=2.0)
            fake.touch(fake.orders[101], LATER, status="trash")
            it.read("orders", "orders_in_trash", "products")
            it.sync()
            tell(it.shop, tmp_path, "Order Completed", "guest0@example.org", order_id="102", revenue=19.0)
            file = tmp_path / "payments.csv"
            file.write_text("order_id,customer_id,time,revenue\n102,guest0@example.org,2025-09-01 18:00:00,23.40\n")
            it.shop.load(file, kind="orders")
            assert it.rows(
                """SELECT order_id, name, product_id, revenue FROM events
                WHERE superseded_at IS NULL AND order_id IN ('101', '102') ORDER BY order_id, name, product_id"""
            ) == [
                ("101", "Order Refunded", None, Decimal(0)),
                ("101", "Product Returned", "55", Decimal(0)),
                ("102", "Order Completed", None, Decimal("18.5")),
                ("102", "Order Refunded", None, Decimal(7)),
                ("102", "Product Purchased", "50", Decimal(10)),
                ("102", "Product Purchased", "51", Decimal("8.5")),
                ("102", "Product Returned", "50", Decimal(5)),
                ("102", "Product Returned", "ADJUSTMENT", Decimal(2)),
            ]
            # Only of the order that has any is asked what was given back.
            asked = [item.path for item in it.server.asked if item.path.endswith("/refunds")]
            assert asked == ["/wp-json/wc/v3/orders/102/refunds"]


def tell(shop: Workspace, folder: Path, event: str, who: str, **properties: Any) -> None:
    """Let a page send a message, and land it."""
    said = {"type": "track", "event": event, "userId": who, "messageId": f"m{properties['revenue']}",
            "timestamp": "2025-09-01T18:00:01Z", "properties": {"currency": "EUR", **properties}}  # fmt: skip
    request = Request(number=f"r{properties['revenue']}", received_at=NOW)
    journal = Journal(folder / "journal")
    journal.append(record_of(request, json.dumps({"batch": [said]}).encode())).result()
    waiting = journal.read(landed_position(shop.engine), most_bytes=1 << 20)
    land_records(shop.engine, waiting, clock=lambda: NOW, catalog=Catalog(), currency="EUR")
    journal.close()


def order(**changes: Any) -> dict[str, Any]:
    return {**WooCommerce(orders=1).orders[100], "line_items": [line(1, 50, 2, 10.0, subtotal=12.0)], **changes}


def test_money_is_after_discounts_and_without_tax() -> None:
    (sold,) = order_lines(order())
    assert (sold["revenue"], sold["discount"], sold["quantity"], sold["customer"]) == ("10.00", "2.00", 2, 4)


def test_fees_are_no_products() -> None:
    lines = order_lines(order(fee_lines=[{"name": "Gift wrap", "total": "3.00"}, {"name": "Rebate", "total": "-1.00"}]))
    assert [(item["product_id"], item["revenue"]) for item in lines[1:]] == [
        ("ADJUSTMENT", "3.00"), ("ADJUSTMENT", "-1.00"),
    ]  # fmt: skip


def test_an_order_that_is_refunded_and_does_not_say_how_is_refunded_whole() -> None:
    assert [item["status"] for item in order_lines(order(status="refunded"))] == ["refunded"]
    given = {"refunds": [{"id": 1}], "refund_lines": []}
    assert [item["status"] for item in order_lines(order(status="refunded", **given))] == [None]


def test_money_back_for_a_line_without_a_piece_is_a_return() -> None:
    back = {**line(9, 50, 1, 0.0), "quantity": 0, "total": "-4.00", "total_tax": "-0.80"}
    refunded = order(refund_lines=[{"date_created_gmt": "2026-09-09T00:00:00", "amount": "4.80", "line_items": [back]}])
    assert [(item["quantity"], item["revenue"]) for item in order_lines(refunded)] == [(2, "10.00"), (-1, "-4.00")]
