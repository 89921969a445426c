"""Mailchimp: members and their decisions, and what became of mails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import people
from fakes.hostile import answers
from fakes.mailchimp import NEWS, SHOP, Mailchimp, bare_refusal
from satsuma.errors import VendorError
from satsuma.sourcing import Sources

KEY = "0123456789abcdef-us7"
TODAY = NOW.replace(tzinfo=people.UTC)
CONSENTS = """SELECT status, time FROM consents JOIN customers USING (customer_no)
    WHERE email = 'person.{:04}@example.com' ORDER BY time"""


@pytest.mark.connectors
class TestMailchimp(ConnectorTests):
    vendor = "mailchimp"
    environment: ClassVar = {"MAILCHIMP_API_KEY": KEY}
    # The tests of all connectors read a part, since each audience and each mail lands by itself; below all is read.
    settings: ClassVar = {"base_url": "{url}", "audiences": f"[{NEWS}]"}
    streams = ("audiences", "members")
    changing = "members"

    def fake(self) -> Any:
        return Mailchimp(members=10, campaigns=1)

    def change(self, fake: Any) -> None:
        fake.change(NEWS, 1, TODAY, merge_fields={"FNAME": "Katherine"})

    def all_of_it(self, **settings: str) -> TestMailchimp:
        # The mails of the fake are of March.
        self.settings = {"base_url": "{url}", "results_days": "1000", **settings}  # type: ignore[misc]
        self.streams = ()  # type: ignore[misc]
        return self

    @pytest.fixture(scope="class")
    @classmethod
    def read(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
        """A source that was read once, with pages as large as the vendor gives; for tests that change nothing."""
        with cls().all_of_it().at(tmp_path_factory.mktemp("read"), Mailchimp(members=1_300)) as it:
            Sources(it.shop, environment=cls.environment, clock=it.hands.clock).sync("it")
            yield it

    def test_members_of_all_audiences_land_in_pages(self, read: At) -> None:
        assert read.rows("SELECT count(*) FROM customers") == [(1_300,)]
        asked = [(asked.path.split("/")[3], asked.one("offset")) for asked in read.server.asked
            if asked.path.endswith("/members")]  # fmt: skip
        assert asked == [(NEWS, "0"), (NEWS, "1000"), (SHOP, "0")]
        found = """SELECT email, first_name, last_name, language, country, email_rating, email_tags
            FROM customers WHERE customer_id = 'person.0030@example.com'"""
        assert read.rows(found) == [("person.0030@example.com", "Ada", "Turing", "en", "FR", 1, ["loyal"])]

    def test_a_state_is_a_decision_and_who_was_only_asked_decided_nothing(self, read: At) -> None:
        counts = dict(read.rows("SELECT status, count(*) FROM consents GROUP BY 1"))
        states = [("subscribed", "subscribed", "unsubscribed", "cleaned", "pending", "transactional")[n % 6]
            for n in range(1_300)]  # fmt: skip
        assert counts == {
            "granted": states.count("subscribed"), "denied": states.count("unsubscribed") + states.count("cleaned")
        }  # fmt: skip
        # A yes has the moment at which it was said, not that of the last change.
        assert read.rows(CONSENTS.format(1)) == [("granted", people.moment(1 - 60).replace(tzinfo=None))]

    def test_results_of_mails_have_segments_names(self, read: At) -> None:
        # Two mails to six people each, one of whom cannot be reached.
        assert dict(read.rows("SELECT name, count(*) FROM events GROUP BY 1")) == {
            "Email Delivered": 10, "Email Opened": 6, "Email Link Clicked": 2, "Email Bounced": 2,
            "Email Marked as Spam": 2, "Unsubscribed": 2,
        }  # fmt: skip
        clicked = """SELECT customer_id, e.time, properties.campaign_id::VARCHAR, properties.campaign_name::VARCHAR,
            properties.email_subject::VARCHAR, properties.link_url::VARCHAR
            FROM events e JOIN customers USING (customer_no) WHERE name = 'Email Link Clicked'
            ORDER BY e.time LIMIT 1"""
        assert read.rows(clicked) == [
            ("person.0003@example.com", people.moment(120).replace(tzinfo=None), "spring", "The spring mail",
             "It is spring", "https://shop.example/a")
        ]  # fmt: skip

    def test_what_changed_is_asked_for_and_a_new_name_is_no_new_yes(self, tmp_path: Path) -> None:
        fake = self.fake()
        with self.all_of_it().at(tmp_path, fake) as it:
            it.sync()
            asked = len(it.server.asked)
            fake.change(NEWS, 1, TODAY, status="unsubscribed", unsubscribe_reason="N/A (Unsubscribed by admin)")
            fake.change(NEWS, 6, TODAY, merge_fields={"FNAME": "Katherine"})
            fake.add(SHOP, 77, at=TODAY)
            fake.delete(NEWS, 3)
            fake.open_mail("spring", 1, TODAY)
            it.hands.now += timedelta(hours=1)
            it.sync()
            # Five minutes before the last change of this audience, by the vendor's clock.
            since = next(one.one("since_last_changed") for one in it.server.asked[asked:] if NEWS in one.path)
            assert since == people.iso(people.moment(9) - timedelta(minutes=5))
            assert [row[0] for row in it.rows(CONSENTS.format(1))] == ["granted", "denied"]
            assert [row[0] for row in it.rows(CONSENTS.format(6))] == ["granted"]
            assert it.rows("SELECT first_name FROM customers WHERE email = 'person.0006@example.com'") == [
                ("Katherine",)
            ]
            # Who is deleted is named no more; what landed stays.
            assert it.rows("SELECT count(*) FROM customers") == [(11,)]
            assert it.rows("SELECT count(*) FROM events WHERE name = 'Email Opened'") == [(3 + 1,)]

    def test_a_bare_403_is_too_much_and_one_with_a_title_a_refusal(self, tmp_path: Path, calm: dict[str, Any]) -> None:
        with self.at(tmp_path) as it:
            it.server.goes_wrong(bare_refusal(), bare_refusal(), at=3)
            it.sync()
            self._same(it, calm)
            it.server.goes_wrong(answers(403, {"title": "Forbidden", "status": 403, "detail": "no"}))
            with pytest.raises(VendorError) as caught:
                it.sync()
            assert not caught.value.facts["again"]

    def test_audiences_and_mails_that_are_left_out_are_not_asked_for(self, tmp_path: Path) -> None:
        everything = self.all_of_it(results_days="30", audiences=f"[{SHOP}]", purpose="shop")
        with everything.at(tmp_path) as it:
            it.sync()
            assert {asked.path for asked in it.server.asked} == {
                "/3.0/lists", f"/3.0/lists/{SHOP}/members", "/3.0/reports"
            }  # fmt: skip
            assert it.rows("SELECT DISTINCT purpose FROM consents") == [("shop",)]
