"""Furious: contacts, companies, opportunities and quotes, from a fake that misbehaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import furious
from fakes.crm import START
from fakes.furious import Query
from fakes.hostile import answers
from satsuma.errors import SourceError, VendorError

pytestmark = pytest.mark.connectors

LATER = NOW.replace(tzinfo=UTC)


@pytest.mark.connectors
class TestFurious(ConnectorTests):
    vendor = "furious"
    environment: ClassVar = {"FURIOUS_USERNAME": furious.USERNAME, "FURIOUS_PASSWORD": furious.PASSWORD}
    settings: ClassVar = {"instance": "example", "base_url": "{url}/api/v2"}
    changing = "quotes"
    error_in_200: ClassVar = (
        answers(200, {"success": False, "message": "Something happened"}),
        answers(200, {"success": False, "message": ["One thing", "and another"]}),
    )

    def fake(self) -> Any:
        return furious.filled(contacts=8, companies=3, opportunities=2, quotes=8)

    def change(self, fake: Any) -> None:
        fake.tables["proposal"].change("7005", LATER, pipe_name="Won")


class Named(TestFurious):
    """A source that reads some streams."""

    __test__ = False

    def __init__(self, *streams: str, **settings: str) -> None:
        self.streams = streams  # type: ignore[misc]
        self.settings = {**TestFurious.settings, **settings}  # type: ignore[misc]


def test_people_companies_and_quotes_become_what_they_are(tmp_path: Path) -> None:
    with Named("contacts", "companies", "opportunities", "quotes").at(tmp_path) as it:
        synced = it.sync()
        assert {item.stream: item.landed.records - item.landed.unchanged for item in synced.streams} == {
            "contacts": 8, "companies": 3, "opportunities": 2, "quotes": 8,
        }  # fmt: skip
        assert it.rows("SELECT count(*) FROM quarantine") == [(0,)]
        # Written as nine o'clock in Paris, in winter.
        people = "SELECT first_name, city, country, signed_up FROM customers ORDER BY customer_id"
        assert it.rows(people)[0] == ("Ada", "Lyon", "FR", START.replace(tzinfo=None))
        assert it.rows("SELECT account_id, account_name FROM accounts ORDER BY 1") == [
            ("it:100", "Company 0"), ("it:101", "Company 1"), ("it:102", "Company 2"),
        ]  # fmt: skip
        assert it.rows("SELECT count(*) FROM account_members") == [(7,)]
        # A quote and an opportunity may have one number, and are two deals.
        assert _states(it, "it:5000") == [("person0@example.com", "opportunity", "Draft", 1_000.5, "it:100")]
        assert _states(it, "quote:7002") == [("person2@example.com", "quote", "Won", 3_001.5, None)]
        assert _states(it, "quote:7003")[0][0] is None
        assert it.rows("SELECT min(time), max(time) FROM events WHERE properties.deal_kind::VARCHAR = 'quote'") == [
            (START.replace(tzinfo=None), (START + timedelta(minutes=21)).replace(tzinfo=None))
        ]


def test_in_summer_what_changed_is_asked_for_in_the_time_of_the_instance(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    fake.tables["proposal"].change("7000", datetime(2025, 7, 1, 12, tzinfo=UTC), pipe_name="Won")
    with Named("contacts", "quotes").at(tmp_path, fake) as it:
        it.sync()
        fake.queries.clear()
        it.hands.now += timedelta(hours=1)
        it.sync()
        quotes = [one for text in fake.queries if (one := furious.read_query(text)).name == "Proposal"]
        assert quotes[0].filters == (("last_updated_at", "gte", "2025-07-01 13:55:00"),)
        assert quotes[0].order == (("last_updated_at", False), ("id", False))
        assert it.rows("SELECT last_value FROM source_states WHERE stream = 'quotes'") == [(datetime(2025, 7, 1, 12),)]
        assert len(_states(it, "quote:7000")) == 1


def test_a_quote_that_changes_under_the_reading_hides_no_other(tmp_path: Path) -> None:
    fake = TestFurious().fake()

    def moving(query: Query) -> None:
        # The first of the page that was read moves to the end, and all others move up.
        if query.offset or query.filters:
            fake.before_answer = None
            fake.tables["proposal"].change("7000", LATER - timedelta(hours=1), pipe_name="Won")

    fake.before_answer = moving
    with Named("quotes").at(tmp_path, fake) as it:
        it.sync()
        assert it.rows("SELECT count(DISTINCT properties.deal_id::VARCHAR) FROM events") == [(8,)]
        assert [stage for _, _, stage, _, _ in _states(it, "quote:7000")] == ["Draft", "Won"]


def test_more_quotes_than_a_page_that_changed_at_one_moment_are_read(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    for number in range(8):
        fake.tables["proposal"].change(str(7_000 + number), START)
    with Named("quotes").at(tmp_path, fake) as it:
        it.sync()
        assert it.rows("SELECT count(DISTINCT properties.deal_id::VARCHAR) FROM events") == [(8,)]
        it.sync()
        assert it.rows("SELECT count(*) FROM events") == [(8,)]


def test_an_instance_that_gives_fewer_than_asked_for_is_read_to_its_end(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    fake.most = 2
    with Named("contacts").at(tmp_path, fake) as it:
        it.sync()
        assert it.rows("SELECT count(*) FROM customers") == [(8,)]


def test_a_token_is_renewed_before_it_ends(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    with Named("contacts").at(tmp_path, fake) as it:
        fake.clock = lambda: it.hands.now.replace(tzinfo=UTC)
        fake.lasts = timedelta(minutes=10)
        fake.before_answer = lambda _: it.hands.sleep(280)
        it.sync()
        paths = [one.path for one in it.server.asked]
        assert paths.count("/api/v2/auth/") == 2
        assert paths.count("/api/v2/crm/") == 3  # nobody was refused in between


def test_a_token_that_is_taken_away_is_asked_for_anew(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    with Named("contacts").at(tmp_path, fake) as it:
        it.server.goes_wrong(lambda right: (fake.revoke(), right)[1], at=1)
        it.sync()
        assert it.rows("SELECT count(*) FROM customers") == [(8,)]


def test_a_sentence_of_the_vendor_is_not_repeated(tmp_path: Path) -> None:
    fake = TestFurious().fake()
    with Named("contacts").at(tmp_path, fake) as it:
        it.server.goes_wrong(answers(200, {"success": False, "message": "person3@example.com is unknown"}), at=1)
        with pytest.raises(VendorError, match="Furious refuses the request") as caught:
            it.sync()
        assert "person3" not in f"{caught.value!r} {caught.value.as_dict()}"


@pytest.mark.parametrize(("asks", "error"), [("['id}}']", SourceError), ("[vip]", VendorError)])
def test_a_field_that_is_none_is_refused(tmp_path: Path, asks: str, error: type[SourceError]) -> None:
    fake = TestFurious().fake()
    with Named("contacts").at(tmp_path, fake) as it:
        path = it.shop.path / "sources" / "it.yaml"
        path.write_text(path.read_text().replace("  - contacts", f"  contacts: {{asks: {asks}}}"))
        with pytest.raises(error):
            it.sync()
        assert it.rows("SELECT count(*) FROM source_records") == [(0,)]


def _states(it: At, deal: str) -> list[tuple[Any, ...]]:
    return it.rows(
        f"""SELECT c.customer_id, e.properties.deal_kind::VARCHAR, e.properties.stage::VARCHAR,
            e.properties.amount::DOUBLE, e.properties.account_id::VARCHAR
        FROM events e LEFT JOIN customers c USING (customer_no)
        WHERE e.properties.deal_id::VARCHAR = '{deal}' ORDER BY e.time"""
    )
