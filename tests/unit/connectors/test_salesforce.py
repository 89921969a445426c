"""Salesforce: leads, contacts, accounts and opportunities, from a fake that misbehaves."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import salesforce
from fakes.crm import START
from fakes.hostile import Answer, Asked
from fakes.salesforce import account_id, contact_id, convert, deal_id, lead_id
from satsuma.errors import SourceError, VendorError

pytestmark = pytest.mark.connectors

LATER = NOW.replace(tzinfo=UTC)


@pytest.mark.connectors
class TestSalesforce(ConnectorTests):
    vendor = "salesforce"
    environment: ClassVar = {
        "SALESFORCE_CLIENT_ID": salesforce.CLIENT_ID, "SALESFORCE_CLIENT_SECRET": salesforce.CLIENT_SECRET,
    }  # fmt: skip
    settings: ClassVar = {"domain": "example"}
    changing = "contacts"

    def fake(self) -> Any:
        return salesforce.filled(contacts=8, leads=4, accounts=3, deals=8, page=3)

    def change(self, fake: Any) -> None:
        fake.tables["Contact"].change(contact_id(5), LATER, Title="Director")

    def delete(self, fake: Any) -> str:
        fake.tables["Contact"].delete(contact_id(2), LATER)
        return "person2@example.com"


class Named(TestSalesforce):
    """A source that reads some streams, by the CRM's own ids."""

    __test__ = False

    def __init__(self, *streams: str, **settings: str) -> None:
        self.streams, self.settings = streams, {"domain": "example", **settings}  # type: ignore[misc]


def test_people_accounts_and_deals_become_what_they_are(tmp_path: Path) -> None:
    with Named().at(tmp_path) as it:
        synced = it.sync()
        assert {item.stream: item.landed.records for item in synced.streams} == {
            "leads": 4, "contacts": 8, "accounts": 3, "opportunities": 8,
        }  # fmt: skip
        assert it.rows("SELECT count(*) FROM quarantine") == [(0,)]
        people = "SELECT first_name, country, signed_up, job_title FROM customers ORDER BY customer_id"
        assert it.rows(people)[0] == ("Ada", "FR", START.replace(tzinfo=None), "Buyer")
        companies = "SELECT account_name, employees, annual_revenue, account_country FROM accounts ORDER BY account_id"
        assert it.rows(companies)[2] == ("Company 2", 30, 300_000, "FR")
        # The fifth contact is nobody's.
        assert _members(it) == [(0, 0), (0, 3), (0, 6), (1, 1), (1, 7), (2, 2), (2, 5)]
        assert _states(it, 0) == [("person0@example.com", f"it:{account_id(0)}", "Prospecting", 1_000.5)]
        assert _states(it, 3)[0][0] is None  # no contact is named
        assert _denied(it) == ["person10@example.com", "person3@example.com"]


def test_what_changed_and_what_went_follows(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    with Named("contacts", "opportunities").at(tmp_path, fake) as it:
        it.sync()
        it.hands.now += timedelta(hours=1)
        fake.tables["Contact"].change(contact_id(0), LATER, Email="moved@example.com", HasOptedOutOfEmail=True)
        fake.tables["Contact"].delete(contact_id(1), LATER)
        fake.tables["Opportunity"].change(deal_id(0), LATER, StageName="Closed Won", Amount=1_500.0)
        fake.tables["Opportunity"].delete(deal_id(1), LATER)
        fake.queries.clear()
        second = {item.stream: item.landed for item in it.sync().streams}
        assert {name: (one.records - one.unchanged, one.deleted) for name, one in second.items()} == {
            "contacts": (2, 1), "opportunities": (2, 1),
        }  # fmt: skip
        assert all("WHERE SystemModstamp >= 2025-03-03T" in text for text in fake.queries)
        # Who moved to another address is the same customer, for what they decide as well.
        assert it.rows("SELECT email FROM customers WHERE customer_id = 'person0@example.com'") == [
            ("moved@example.com",)
        ]
        assert _denied(it) == ["person0@example.com", "person3@example.com"]
        # Who left is marked, and their company is not.
        assert it.rows("SELECT customer_id FROM customers WHERE deleted_in_it") == [("person1@example.com",)]
        assert "account_deleted_in_it" not in it.shop.engine.columns("accounts")
        assert [state[2:] for state in _states(it, 0)] == [("Prospecting", 1_000.5), ("Closed Won", 1_500)]
        assert [state[2] for state in _states(it, 1)] == ["Proposal/Price Quote", "deleted"]


def test_a_lead_that_is_converted_goes_on_as_the_contact(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    with Named("leads", "contacts", person="id").at(tmp_path, fake) as it:
        it.sync()
        it.hands.now += timedelta(hours=1)
        became = convert(fake, 9, LATER)
        assert {item.stream: item.landed.customers_new for item in it.sync().streams} == {"leads": 0, "contacts": 0}
        lead = f"it:{lead_id(9)}"
        # What was known of the lead stays, and what the contact says follows.
        assert it.rows(f"SELECT was_lead, lead_status, job_title FROM customers WHERE customer_id = '{lead}'") == [
            (True, "Open - Not Contacted", None)
        ]
        assert it.rows(f"SELECT stream, customer_id FROM source_records WHERE record_id IN ('{became}', "
                       f"'{lead_id(9)}') ORDER BY 1") == [("contacts", lead), ("leads", lead)]  # fmt: skip
        assert it.rows("SELECT count(*) FROM identifiers") == [(0,)]
        # The lead is thrown away after it was converted: the person is not.
        fake.tables["Lead"].delete(lead_id(9), LATER + timedelta(minutes=30))
        it.hands.now += timedelta(hours=1)
        assert {item.stream: item.landed.deleted for item in it.sync().streams} == {"leads": 1, "contacts": 0}
        assert "deleted_in_it" not in it.shop.engine.columns("customers")


def test_a_contact_that_is_read_before_its_lead_says_so_is_kept_as_the_same_person(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()

    def converts_in_between(asked: Asked) -> Answer:
        if "FROM Contact" in (asked.one("q") or "") and not fake.tables["Lead"].rows[lead_id(9)].fields["IsConverted"]:
            convert(fake, 9, LATER)
        return fake(asked)  # type: ignore[no-any-return]

    with Named("leads", "contacts", person="id").at(tmp_path, converts_in_between) as it:
        it.sync()
        it.hands.now += timedelta(hours=1)
        it.sync()
        contact = f"it:{contact_id(10_009)}"
        assert it.rows(
            "SELECT i.kind, i.value, p.profile_key FROM identifiers i JOIN profiles p USING (profile_no)"
        ) == [("customer_id", f"it:{lead_id(9)}", contact)]
        assert it.rows(f"SELECT was_lead FROM customers WHERE customer_id = '{contact}'") == [(True,)]
        # What is known of a person is found under the one customer, to be erased with them.
        assert it.rows(f"SELECT customer_id FROM source_records WHERE record_id = '{lead_id(9)}'") == [(contact,)]


@pytest.mark.parametrize(
    ("settings", "code"), [({"version": "'10.0'"}, "NOT_FOUND"), ({"record_types": "[Nobody]"}, None)]
)
def test_what_is_refused_is_named_by_its_code(tmp_path: Path, settings: dict[str, str], code: str | None) -> None:
    with Named("accounts", **settings).at(tmp_path) as it:
        if code is None:
            assert it.sync().landed.records == 0
            return
        with pytest.raises(VendorError) as caught:
            it.sync()
        assert caught.value.facts["vendor_code"] == code


def test_calls_of_the_day_that_are_spent_are_not_asked_for_again(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    fake.calls_left = 1
    with Named("opportunities").at(tmp_path, fake) as it:
        with pytest.raises(VendorError, match="REQUEST_LIMIT_EXCEEDED"):
            it.sync()
        assert it.hands.slept == 0
        assert [one.path for one in it.server.asked][1:] == [
            "/services/data/v64.0/queryAll", "/services/data/v64.0/query/01g000000000000000-3",
        ]  # fmt: skip
        fake.calls_left = None
        it.sync()
        assert it.rows("SELECT count(*) FROM events") == [(8,)]


def test_a_session_that_ends_between_two_pages_is_begun_anew(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    with Named("opportunities").at(tmp_path, fake) as it:
        it.server.goes_wrong(lambda right: (fake.revoke(), right)[1], at=2)
        it.sync()
        assert it.rows("SELECT count(*), count(DISTINCT event_id) FROM events") == [(8, 8)]
        assert [one.path for one in it.server.asked].count("/services/oauth2/token") == 2


def test_a_record_from_the_future_does_not_hide_what_follows(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    with Named("accounts").at(tmp_path, fake) as it:
        fake.tables["Account"].change(account_id(2), LATER + timedelta(days=400), Industry="Space")
        it.sync()
        fake.tables["Account"].change(account_id(0), LATER + timedelta(minutes=30), Industry="Mining")
        it.hands.now += timedelta(hours=1)
        it.sync()
        assert it.rows("SELECT industry FROM accounts ORDER BY account_id") == [("Mining",), ("Retail",), ("Space",)]


def test_only_the_record_types_that_are_named_are_read(tmp_path: Path) -> None:
    fake = TestSalesforce().fake()
    fake.tables["Account"].change(account_id(2), LATER, RecordType="Partner's")
    with Named("accounts", record_types="""["Partner's"]""").at(tmp_path, fake) as it:
        assert it.sync().landed.records == 1


def test_an_empty_box_is_a_yes_only_where_the_source_says_so(tmp_path: Path) -> None:
    with Named("contacts", without_opt_out="granted").at(tmp_path) as it:
        it.sync()
        assert it.rows("SELECT purpose, status, count(*) FROM consents GROUP BY ALL ORDER BY ALL") == [
            ("email_marketing", "denied", 1), ("email_marketing", "granted", 7), ("phone_marketing", "granted", 8),
        ]  # fmt: skip


def test_what_is_no_field_is_asked_of_nobody(tmp_path: Path) -> None:
    with Named("accounts").at(tmp_path) as it:
        path = it.shop.path / "sources" / "it.yaml"
        path.write_text(path.read_text().replace("  - accounts", "  accounts: {asks: ['Id FROM User']}"))
        with pytest.raises(SourceError, match="not the name of a field"):
            it.sync()
        assert not any("User" in (one.one("q") or "") for one in it.server.asked)


def _members(it: At) -> list[tuple[int, int]]:
    """Return (company, contact) by their numbers."""
    found = it.rows(
        """SELECT a.account_id, c.customer_id FROM account_members m JOIN accounts a USING (account_no)
        JOIN customers c USING (customer_no)"""
    )
    numbers = {f"it:{account_id(number)}": number for number in range(10)}
    return sorted((numbers[company], int(person.removeprefix("person")[:1])) for company, person in found)


def _states(it: At, number: int) -> list[tuple[Any, ...]]:
    return it.rows(
        f"""SELECT c.customer_id, e.properties.account_id::VARCHAR, e.properties.stage::VARCHAR,
            e.properties.amount::DOUBLE FROM events e LEFT JOIN customers c USING (customer_no)
        WHERE e.properties.deal_id::VARCHAR = 'it:{deal_id(number)}' ORDER BY e.time"""
    )


def _denied(it: At) -> list[str]:
    found = it.rows(
        """SELECT DISTINCT c.customer_id FROM consents s JOIN customers c USING (customer_no)
        WHERE s.purpose = 'email_marketing' AND s.status = 'denied' ORDER BY 1"""
    )
    return [row[0] for row in found]
