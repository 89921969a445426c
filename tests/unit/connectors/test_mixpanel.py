"""Mixpanel: events and profiles, from a fake that misbehaves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import mixpanel
from fakes.hostile import HostileServer
from fakes.mixpanel import Mixpanel
from satsuma.connectors.catalogue import vendor


@pytest.mark.connectors
class TestMixpanel(ConnectorTests):
    vendor = "mixpanel"
    environment: ClassVar = {"MIXPANEL_USER": mixpanel.USER, "MIXPANEL_SECRET": mixpanel.SECRET}
    settings: ClassVar = {
        "project": f'"{mixpanel.PROJECT}"', "start": "2026-11-26",
        "base_url": "{url}/api/2.0", "query_url": "{url}/api/query",
    }  # fmt: skip
    streams = ("events",)
    makes_rows = False
    changing = "events"

    def fake(self) -> Any:
        return Mixpanel(today=NOW.date())

    def change(self, fake: Any) -> None:
        # A phone that was off sends what happened yesterday.
        fake.event("Page Viewed", "user-3", fake.moment(1, 23), device="d-3")

    def test_events_count_once_and_belong_to_people(self, tmp_path: Path) -> None:
        fake = self.fake()
        # Events and profiles are asked for at two addresses, both of which the source's own settings name.
        with self.at(tmp_path, fake) as it, HostileServer(fake) as other:
            it.read()
            source = it.shop.path / "sources" / "it.yaml"
            source.write_text(source.read_text().replace(f"{it.server.url}/api/query", f"{other.url}/api/query"))
            # A file brought an order before; what a page reports of it changes nothing.
            file = tmp_path / "orders.csv"
            file.write_text("order_id,customer_id,time,revenue\n5001,user1@example.com,2026-11-27 10:00:00,40.00\n")
            it.shop.load(file, kind="orders")
            it.sync()
            assert it.rows("SELECT name, count(*) FROM events WHERE superseded_at IS NULL GROUP BY 1 ORDER BY 1") == [
                ("Order Completed", 1), ("Page Viewed", 1), ("Product Viewed", 8),
            ]  # fmt: skip
            assert it.rows(
                """SELECT c.customer_id, e.order_id, e.revenue FROM events e JOIN customers c USING (customer_no)
                WHERE e.name = 'Order Completed' AND superseded_at IS NULL"""
            ) == [("user1@example.com", "5001", Decimal(40))]
            # Nobody signed in on this device.
            assert it.rows("SELECT customer_no FROM events WHERE name = 'Page Viewed'") == [(None,)]
            assert it.rows("SELECT plan, logins FROM customers WHERE customer_id = 'user5@example.com'") == [
                ("pro", "15")
            ]
            assert it.rows("SELECT count(*) FROM customers") == [(6,)]
            assert {item.path for item in other.asked} == {"/api/query/engage"}


def test_no_more_is_asked_in_an_hour_than_the_vendor_allows() -> None:
    assert {(limit.requests, limit.seconds) for limit in vendor("mixpanel").limits} == {(60, 3600), (3, 1)}
