"""Zoho CRM: leads, contacts, accounts and deals, from a fake that misbehaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import zoho
from fakes.crm import START
from fakes.hostile import Answer, Asked, answers
from fakes.zoho import account_id, contact_id, convert, deal_id, lead_id
from satsuma.errors import VendorError

pytestmark = pytest.mark.connectors

LATER = NOW.replace(tzinfo=UTC)


@pytest.mark.connectors
class TestZoho(ConnectorTests):
    vendor = "zoho"
    environment: ClassVar = {
        "ZOHO_CLIENT_ID": zoho.CLIENT_ID, "ZOHO_CLIENT_SECRET": zoho.CLIENT_SECRET,
        "ZOHO_REFRESH_TOKEN": zoho.REFRESH_TOKEN,
    }  # fmt: skip
    settings: ClassVar = {"accounts_url": "{url}"}
    changing = "contacts"

    def fake(self) -> Any:
        return zoho.filled(contacts=8, leads=4, accounts=3, deals=8)

    def change(self, fake: Any) -> None:
        fake.modules["Contacts"].change(contact_id(5), LATER, Title="Director")

    def delete(self, fake: Any) -> str:
        fake.modules["Contacts"].delete(contact_id(2), LATER)
        return "person2@example.com"


class Named(TestZoho):
    """A source that reads some streams."""

    __test__ = False

    def __init__(self, *streams: str, **settings: str) -> None:
        self.streams, self.settings = streams, {"accounts_url": "{url}", **settings}  # type: ignore[misc]


def test_people_accounts_and_deals_become_what_they_are(tmp_path: Path) -> None:
    with Named().at(tmp_path) as it:
        synced = it.sync()
        assert {item.stream: item.landed.records for item in synced.streams if item.landed.records} == {
            "leads": 4, "contacts": 8, "accounts": 3, "deals": 8,
        }  # fmt: skip
        assert it.rows("SELECT count(*) FROM quarantine") == [(0,)]
        # Written as nine o'clock in a zone an hour ahead.
        people = "SELECT first_name, country, signed_up, job_title FROM customers ORDER BY customer_id"
        assert it.rows(people)[0] == ("Ada", "FR", START.replace(tzinfo=None), "Buyer")
        companies = "SELECT account_name, employees, annual_revenue, account_country FROM accounts ORDER BY account_id"
        assert it.rows(companies)[2] == ("Company 2", 30, 300_000, "FR")
        assert it.rows("SELECT count(*) FROM account_members") == [(7,)]
        deals = it.rows(
            """SELECT c.customer_id, e.properties.account_id::VARCHAR, e.properties.stage::VARCHAR, e.time
            FROM events e LEFT JOIN customers c USING (customer_no) ORDER BY e.time"""
        )
        assert deals[0] == ("person0@example.com", f"it:{account_id(0)}", "Qualification", START.replace(tzinfo=None))
        assert [person is None for person, *_ in deals] == [False, False, False, True] * 2
        denied = """SELECT customer_id, purpose, status FROM consents JOIN customers USING (customer_no) ORDER BY 1"""
        assert it.rows(denied) == [("person10@example.com", "email_marketing", "denied"),
                                   ("person3@example.com", "email_marketing", "denied")]  # fmt: skip


def test_only_what_changed_is_asked_for_and_what_went_is_marked(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    with Named("contacts", "contacts_deleted", "deals", "deals_deleted").at(tmp_path, fake) as it:
        it.sync()
        it.hands.now += timedelta(hours=1)
        before = len(it.server.asked)
        fake.modules["Deals"].delete(deal_id(1), LATER)
        fake.modules["Contacts"].delete(contact_id(1), LATER)
        second = {item.stream: item.landed for item in it.sync().streams}
        asked = {one.path: one.headers.get("if-modified-since") for one in it.server.asked[before:]}
        # What changed in the five minutes before the last change may have come late.
        assert asked["/crm/v8/Contacts"] == "2025-03-03T08:15:00+00:00"
        assert asked["/crm/v8/Deals"] == "2025-03-03T08:44:00+00:00"
        assert (second["contacts_deleted"].deleted, second["deals_deleted"].deleted) == (1, 1)
        assert it.rows("SELECT customer_id FROM customers WHERE deleted_in_it") == [("person1@example.com",)]
        assert "account_deleted_in_it" not in it.shop.engine.columns("accounts")
        states = f"""SELECT e.properties.stage::VARCHAR, e.time FROM events e
            WHERE e.properties.deal_id::VARCHAR = 'it:{deal_id(1)}' ORDER BY e.time"""
        assert it.rows(states) == [("Proposal/Price Quote", (START + timedelta(minutes=7)).replace(tzinfo=None)),
                                   ("deleted", NOW)]  # fmt: skip


def test_a_lead_that_is_converted_goes_on_as_the_contact(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    with Named("leads", "leads_deleted", "contacts", person="id").at(tmp_path, fake) as it:
        it.sync()
        it.hands.now += timedelta(hours=1)
        became = convert(fake, 9, LATER)
        assert sum(item.landed.customers_new for item in it.sync().streams) == 0
        lead = f"it:{lead_id(9)}"
        assert it.rows(f"SELECT was_lead, lead_status FROM customers WHERE customer_id = '{lead}'") == [
            (True, "Not Contacted")
        ]
        assert it.rows(f"SELECT customer_id FROM source_records WHERE record_id = '{became}'") == [(lead,)]
        fake.modules["Leads"].delete(lead_id(9), LATER + timedelta(minutes=30))
        it.hands.now += timedelta(hours=1)
        assert {item.stream: item.landed.deleted for item in it.sync().streams}["leads_deleted"] == 1
        assert "deleted_in_it" not in it.shop.engine.columns("customers")


def test_more_rows_than_pages_by_number_reach_are_read(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    fake.first_rows = 3
    with Named("deals").at(tmp_path, fake) as it:
        it.sync()
        assert it.rows("SELECT count(*) FROM events") == [(8,)]


def test_a_record_that_changes_under_the_reading_is_read_by_the_next(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    pages = 0

    def changing(asked: Asked) -> Answer:
        nonlocal pages
        answer: Answer = fake(asked)
        pages += asked.path == "/crm/v8/Accounts"
        if pages == 1:  # the first of them was given already; the last one will change long after it
            fake.modules["Accounts"].change(account_id(0), LATER + timedelta(seconds=1), Industry="Mining")
            fake.modules["Accounts"].change(account_id(3), LATER + timedelta(hours=2), Industry="Space")
            it.hands.now += timedelta(hours=3)
            pages += 1
        return answer

    fake.modules["Accounts"].add(account_id(3), START, Account_Name="Company 3")
    with Named("accounts").at(tmp_path, changing) as it:
        it.sync()
        industries = "SELECT industry FROM accounts ORDER BY account_id"
        assert it.rows(industries) == [("Logistics",), ("Retail",), ("Energy",), ("Space",)]
        it.sync()
        assert it.rows(industries) == [("Mining",), ("Retail",), ("Energy",), ("Space",)]


def test_more_without_a_way_to_ask_for_it_is_no_end(tmp_path: Path) -> None:
    with Named("deals").at(tmp_path) as it:
        it.server.goes_wrong(
            lambda right: replace(right, body={**right.body, "info": {**right.body["info"], "next_page_token": None}}),
            at=1,
        )
        with pytest.raises(VendorError, match="there is more"):
            it.sync()
        it.sync()
        assert it.rows("SELECT count(*) FROM events") == [(8,)]


def test_credits_that_are_spent_are_waited_for_and_then_given_up(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    fake.credits = 1
    with Named("deals").at(tmp_path, fake) as it:
        with pytest.raises(VendorError, match="no more requests") as caught:
            it.sync()
        assert caught.value.facts["again"] is True
        assert 60 < it.hands.slept < 400


def test_a_token_is_renewed_before_its_hour_is_over(tmp_path: Path) -> None:
    fake = TestZoho().fake()
    fake.clock = lambda: it.hands.now.replace(tzinfo=UTC)

    def slow(asked: Asked) -> Answer:
        it.hands.now += timedelta(minutes=25)
        return fake(asked)  # type: ignore[no-any-return]

    with Named("deals").at(tmp_path, slow) as it:
        it.sync()
        assert it.rows("SELECT count(*) FROM events") == [(8,)]
        assert [one.path for one in it.server.asked].count("/oauth/v2/token") == 2
        assert len(it.server.asked) == 5


@pytest.mark.parametrize("error", ["invalid_code", "invalid_client"])
def test_the_door_of_tokens_says_no_with_a_200(tmp_path: Path, error: str) -> None:
    with Named("deals").at(tmp_path) as it:
        it.server.goes_wrong(answers(200, {"error": error}))
        with pytest.raises(VendorError, match="does not let us in") as caught:
            it.sync()
        assert caught.value.facts["vendor_code"] == error


def test_a_module_that_the_client_may_not_read_is_named_by_its_code(tmp_path: Path) -> None:
    with Named("deals").at(tmp_path) as it:
        it.server.goes_wrong(answers(401, {"code": "OAUTH_SCOPE_MISMATCH", "message": "invalid oauth scope"}), at=1)
        with pytest.raises(VendorError) as caught:
            it.sync()
        assert caught.value.facts["vendor_code"] == "OAUTH_SCOPE_MISMATCH"
        assert len(it.server.asked) == 2
