"""HubSpot: people, companies and deals, from a fake that misbehaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from connector_tests import ConnectorTests
from fakes.hubspot import HubSpot

HOURS = 24 * 27 + 12.9  # the fake's hours at which the second sync happens, a little before


class TestHubSpot(ConnectorTests):
    vendor = "hubspot"
    environment: ClassVar = {"HUBSPOT_TOKEN": HubSpot.token}
    changing = "contacts"

    def fake(self) -> Any:
        return HubSpot()

    def change(self, fake: Any) -> None:
        fake.put(fake.contacts, "105", {"firstname": "Changed"}, hours=HOURS)

    def delete(self, fake: Any) -> str:
        fake.put(fake.contacts, "104", {}, hours=HOURS)["archived"] = True
        return "person4@example.com"

    def test_people_companies_and_deals_become_what_they_are(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            synced = it.sync()
            assert {item.stream: item.landed.records for item in synced.streams} == {
                "contacts": 8, "contacts_archived": 0, "companies": 3, "deals": 3,
            }  # fmt: skip
            people = dict(it.rows("SELECT customer_id, first_name FROM customers"))
            # Who has no address is known by HubSpot's own number.
            assert people["it:101"] == "First1"
            assert people["person2@example.com"] == "First2"
            assert it.rows("SELECT account_id, employees FROM accounts ORDER BY 1")[0] == ("it:901", 10)
            assert it.rows(
                """SELECT a.account_id, c.customer_id FROM account_members JOIN accounts a USING (account_no)
                JOIN customers c USING (customer_no)"""
            ) == [("it:902", "person2@example.com")]
            assert it.rows("SELECT customer_id, purpose, status FROM consents JOIN customers USING (customer_no)") == [
                ("person2@example.com", "email_marketing", "denied")
            ]
            deals = it.rows(
                """SELECT c.customer_id, CAST(e.properties.amount AS VARCHAR), CAST(e.properties.deal_id AS VARCHAR),
                CAST(e.properties.close_date AS VARCHAR)
                FROM events e JOIN customers c USING (customer_no) WHERE e.name = 'Deal Updated' ORDER BY 3"""
            )
            assert deals[0] == ("it:101", "1200.5000", "it:701", "2026-12-31")
            assert [row[0] for row in deals[1:]] == ["person2@example.com", "person3@example.com"]

    def test_whoever_was_read_keeps_the_id_whatever_the_address_becomes(self, tmp_path: Path) -> None:
        fake = HubSpot()
        with self.at(tmp_path, fake) as it:
            it.sync()
            fake.put(fake.contacts, "102", {"email": "new@example.com"}, hours=HOURS)
            it.sync()
            assert it.rows("SELECT email FROM customers WHERE customer_id = 'person2@example.com'") == [
                ("new@example.com",)
            ]
            assert it.rows("SELECT count(*) FROM customers WHERE customer_id = 'new@example.com'") == [(0,)]

    def test_who_comes_back_is_not_deleted_any_more(self, tmp_path: Path) -> None:
        fake = HubSpot()
        with self.at(tmp_path, fake) as it:
            it.sync()
            self.delete(fake)
            it.sync()
            fake.put(fake.contacts, "104", {}, hours=HOURS + 0.05)["archived"] = False
            it.sync()
            assert it.rows("SELECT deleted_in_it FROM customers WHERE customer_id = 'person4@example.com'") == [
                (False,)
            ]

    def test_more_than_one_search_gives_is_read_in_several(self, tmp_path: Path) -> None:
        with self.at(tmp_path, HubSpot(people=20)) as it:
            sources = it.sources
            source = sources.read("it")
            contacts = replace(source.streams[0], paging=replace(source.streams[0].paging, most=6))
            sources.read = lambda _: replace(source, streams=(contacts,))  # type: ignore[assignment, method-assign]
            assert sources.sync("it").landed.records >= 20
            assert it.rows("SELECT count(*) FROM source_records") == [(20,)]
            assert max(int(item.json.get("after") or 0) for item in it.server.asked) <= 6
