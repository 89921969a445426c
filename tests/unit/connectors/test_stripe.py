"""Stripe: customers, payments and subscriptions, from a fake that misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import ConnectorTests
from fakes import stripe
from fakes.stripe import Stripe
from satsuma.connectors.vendors.stripe import earned, given_back, paid_in

LATER = datetime(2026, 11, 28, 11, 59, tzinfo=UTC)


@pytest.mark.connectors
class TestStripe(ConnectorTests):
    vendor = "stripe"
    environment: ClassVar = {"STRIPE_KEY": stripe.KEY}
    settings: ClassVar = {"base_url": "{url}/v1"}
    streams = ("charges",)
    makes_rows = False
    changing = "charges"

    def fake(self) -> Any:
        return Stripe(charges=5)

    def change(self, fake: Any) -> None:
        fake.charge("ch_900", 5000, "eur", LATER, customer="cus_1")

    def delete(self, fake: Any) -> str:
        fake.remove("customers", "cus_2", LATER)
        return "buyer2@example.net"

    def test_who_was_deleted_is_marked(self, tmp_path: Path) -> None:
        fake = Stripe(charges=0)
        with self.at(tmp_path, fake) as it:
            it.read("customers", "customers_changed", "customers_deleted")
            it.sync()
            fake.now = LATER
            customer = self.delete(fake)
            fake.change("customers", "cus_1", LATER, name="Another")
            it.sync()
            assert it.rows("SELECT customer_id FROM customers WHERE deleted_in_it") == [(customer,)]
            assert it.rows("SELECT full_name FROM customers WHERE customer_id = 'buyer1@example.net'") == [("Another",)]

    def test_payments_and_subscriptions_become_what_they_are(self, tmp_path: Path) -> None:
        fake = Stripe()
        fake.charge("ch_800", 700, "eur", fake.now, customer="cus_1", status="failed", captured=False,
                    failure_code="card_declined")  # fmt: skip
        fake.charge("ch_801", 700, "eur", fake.now, customer="cus_1", captured=False)
        fake.rows["charges"]["ch_004"]["metadata"] = {"order_id": "1004"}
        with self.at(tmp_path, fake) as it:
            it.read()
            it.sync()
            assert it.rows(
                """SELECT order_id, c.customer_id, revenue FROM events e JOIN customers c USING (customer_no)
                WHERE name = 'Order Completed' ORDER BY time"""
            ) == [
                # Without an account: by the address on the bill.
                ("pi_000", "ch_000@example.net", Decimal("19.99")),
                ("pi_001", "buyer2@example.net", Decimal("20")),
                # 20.01 dollars at 0.9.
                ("pi_002", "buyer3@example.net", Decimal("18.01")),
                ("pi_003", "it:cus_4", Decimal("20.02")),
                ("1004", "buyer1@example.net", Decimal("20.03")),
                # 2,004 yen at 0.006: there is no smaller unit of a yen.
                ("pi_005", "buyer2@example.net", Decimal("12.02")),
                ("pi_006", "buyer3@example.net", Decimal("20.05")),
                ("pi_007", "ch_007@example.net", Decimal("20.06")),
            ]
            assert it.rows(
                """SELECT e.name, count(*), min(CAST(e.properties.failure_code AS VARCHAR)) FROM events e
                WHERE e.order_id IS NULL GROUP BY 1 ORDER BY 1"""
            ) == [
                ("Payment Failed", 1, "card_declined"),
                ("Subscription Ended", 1, None),
                ("Subscription Started", 3, None),
            ]

    def test_a_refund_long_after_brings_the_order_up_to_date(self, tmp_path: Path) -> None:
        fake = Stripe(charges=6)
        with self.at(tmp_path, fake) as it:
            it.read("charges", "refunds")
            it.sync()
            fake.refund("ch_000", 500, LATER - timedelta(hours=1))
            fake.refund("ch_000", 250, LATER)
            fake.refund("ch_002", 2001, LATER)
            it.sync()
            assert it.rows(
                """SELECT order_id, name, revenue, time FROM events
                WHERE superseded_at IS NULL AND order_id IN ('pi_000', 'pi_002') ORDER BY order_id, name"""
            ) == [
                ("pi_000", "Order Completed", Decimal("19.99"), datetime(2025, 9, 2, 12)),
                ("pi_000", "Order Refunded", Decimal("7.5"), LATER.replace(tzinfo=None) - timedelta(hours=1)),
                ("pi_002", "Order Completed", Decimal("18.01"), datetime(2025, 9, 14, 12)),
                ("pi_002", "Order Refunded", Decimal("18.01"), LATER.replace(tzinfo=None)),
            ]

    def test_an_order_that_the_shop_brought_counts_once(self, tmp_path: Path) -> None:
        fake = Stripe(charges=1)
        fake.rows["charges"]["ch_000"]["metadata"] = {"order_id": "102"}
        # One that was paid out in another currency waits.
        fake.charge("ch_900", 1500, "usd", LATER, balance_transaction={"id": "txn", "amount": 1500, "currency": "usd"})
        with self.at(tmp_path, fake) as it:
            it.read("charges")
            file = tmp_path / "lines.csv"
            file.write_text(
                "order_id,customer_id,time,product_id,quantity,revenue\n"
                "102,ch_000@example.net,2025-09-02 12:00:00,P1,1,6.00\n"
                "102,ch_000@example.net,2025-09-02 12:00:00,P2,2,9.00\n"
            )
            it.shop.load(file, kind="order-lines")
            it.sync()
            # Known by its lines, it is not replaced by what is known of it in sum.
            standing = "SELECT name, sum(revenue) FROM events WHERE superseded_at IS NULL GROUP BY 1 ORDER BY 1"
            assert it.rows(standing) == [
                ("Order Completed", Decimal(15)), ("Product Purchased", Decimal(15)),
            ]  # fmt: skip
            assert it.rows("SELECT reason FROM quarantine") == [("other_currency",)]


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("eur", "12.50"), ("JPY", "1250"), ("kwd", "1.250"), ("isk", "12.50"), ("ugx", "12.50"), ("mga", "1250")],
)
def test_amounts_are_in_the_smallest_unit_as_stripe_counts(currency: str, expected: str) -> None:
    charge = {"amount": 1250, "currency": currency, "balance_transaction": "txn_1"}
    assert earned(charge, {}) == expected
    assert paid_in(charge, {}) == currency.upper()


def test_what_was_never_taken_was_not_given_back() -> None:
    # 100 authorised, 70 taken: the other 30 are called refunded as well.
    taken = {"amount": 10000, "amount_captured": 7000, "amount_refunded": 3000, "currency": "eur"}
    assert (earned(taken, {}), given_back(taken, {})) == ("70.00", None)
    assert given_back({**taken, "amount_refunded": 5000}, {}) == "20.00"
