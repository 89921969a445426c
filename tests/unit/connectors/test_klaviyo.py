"""Klaviyo: profiles with their decisions, and what became of mails."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import people
from fakes.hostile import Answer, Asked
from fakes.klaviyo import Klaviyo
from satsuma.errors import VendorError
from satsuma.sourcing import Sources

CONSENTS = """SELECT status, time, proof FROM consents JOIN customers USING (customer_no)
    WHERE email = 'person.{:04}@example.com' ORDER BY time"""


@pytest.mark.connectors
class TestKlaviyo(ConnectorTests):
    vendor = "klaviyo"
    environment: ClassVar = {"KLAVIYO_API_KEY": "pk_test_secret"}
    changing = "profiles"

    def fake(self) -> Any:
        return Klaviyo(key="pk_test_secret")

    def change(self, fake: Any) -> None:
        fake.change(7, NOW.replace(tzinfo=people.UTC), first_name="Katherine")

    @pytest.fixture(scope="class")
    @classmethod
    def read(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
        """A source that was read once, with pages as large as the vendor gives; for tests that change nothing."""
        with cls().at(tmp_path_factory.mktemp("read"), Klaviyo(profiles=230, key="pk_test_secret")) as it:
            Sources(it.shop, environment=cls.environment, clock=it.hands.clock).sync("it")
            yield it

    def test_all_pages_land_with_the_profiles_own_properties(self, read: At) -> None:
        assert len(read.server.asked) == 3 + 1
        assert read.rows("SELECT count(*) FROM customers") == [(230,)]
        found = """SELECT customer_id, email, first_name, city, plan, favourite_colour, phone FROM customers
            WHERE email = 'person.0001@example.com' OR email IS NULL ORDER BY customer_id LIMIT 2"""
        assert read.rows(found) == [
            (f"it:{Klaviyo.profile_id(0)}", None, "Ada", "Lyon", "free", "blue", "+33612340000"),
            (f"it:{Klaviyo.profile_id(9)}", None, "Edsger", "Lyon", "free", "blue", "+33612340009"),
        ]
        assert {asked.headers["revision"] for asked in read.server.asked} == {"2026-07-15"}

    def test_a_subscription_is_a_decision_and_a_suppression_a_no(self, read: At) -> None:
        found = dict(read.rows("SELECT status, count(*) FROM consents GROUP BY 1"))
        # Of four states one is a yes, two are a no, and who was never subscribed decided nothing.
        assert found == {"granted": 58, "denied": 58 + 57}
        assert read.rows("SELECT DISTINCT purpose FROM consents") == [("email_marketing",)]
        assert read.rows(CONSENTS.format(3)) == [("denied", people.moment(3).replace(tzinfo=None), "HARD_BOUNCE")]

    def test_results_of_mails_have_segments_names_and_orders_stay_out(self, read: At) -> None:
        found = dict(read.rows("SELECT name, count(*) FROM events GROUP BY 1"))
        assert found == {
            "Email Delivered": 9, "Email Opened": 9, "Email Link Clicked": 9, "Email Bounced": 9,
            "Email Marked as Spam": 8, "Unsubscribed": 8,
        }  # fmt: skip
        one = """SELECT customer_id, e.time, properties.email_subject::VARCHAR, properties.campaign_id::VARCHAR,
            properties.campaign_name::VARCHAR FROM events e JOIN customers USING (customer_no)
            WHERE name = 'Email Opened' ORDER BY e.time LIMIT 1"""
        assert read.rows(one) == [
            ("person.0001@example.com", people.moment(51).replace(tzinfo=None), "It is spring", "C1", "Spring")
        ]
        # Whoever has no address keeps the id that the profile got.
        nobody = "SELECT customer_id FROM events JOIN customers USING (customer_no) WHERE email IS NULL ORDER BY 1"
        assert read.rows(nobody)[0] == (f"it:{Klaviyo.profile_id(0)}",)

    def test_what_changed_is_asked_for_and_a_new_name_is_no_new_yes(self, tmp_path: Path) -> None:
        fake = self.fake()
        self.settings = {"base_url": "{url}", "purpose": "newsletter"}  # type: ignore[misc]
        with self.at(tmp_path, fake) as it:
            it.sync()
            assert it.rows("SELECT DISTINCT purpose FROM consents") == [("newsletter",)]
            now = NOW.replace(tzinfo=people.UTC)
            fake.unsubscribe(8, now)
            fake.change(4, now, first_name="Barbara")
            fake.happen("E900", number=7, metric="M3", at=now)
            fake.happen("E901", number=7, metric="M2", at=people.moment(66))  # known late, within the hour
            before = len(it.server.asked)
            it.hands.now += timedelta(hours=1)
            it.sync()
            # Five minutes are read again.
            since = people.iso(people.moment(19) - timedelta(minutes=5), zulu=True)
            assert it.server.asked[before].query["filter"] == [f"greater-than(updated,{since})"]
            assert [row[0] for row in it.rows(CONSENTS.format(8))] == ["granted", "denied"]
            assert it.rows("SELECT first_name FROM customers WHERE email = 'person.0004@example.com'") == [("Barbara",)]
            assert [row[0] for row in it.rows(CONSENTS.format(4))] == ["granted"]
            assert it.rows("SELECT count(*) FROM events WHERE customer_no IS NOT NULL") == [(18 + 2,)]

    def test_a_next_page_at_another_address_is_not_asked(self, tmp_path: Path) -> None:
        inner = self.fake()

        def elsewhere(asked: Asked) -> Answer:
            answer: Answer = inner(asked)
            answer.body["links"]["next"] = "http://localhost:1/api/profiles"
            return answer

        with self.at(tmp_path, elsewhere) as it, pytest.raises(VendorError, match="another address"):
            it.sync()


@pytest.mark.skipif("SATSUMA_TEST_DATA" not in os.environ, reason="SATSUMA_TEST_DATA names no folder with data")
@pytest.mark.parametrize(("slice_", "path"), [("profiles", "/api/profiles"), ("events", "/api/events")])
def test_the_fake_answers_as_the_vendor_describes(slice_: str, path: str) -> None:
    """What is tested against the fake is worth as much as the fake is like the vendor."""
    import jsonschema

    file = Path(os.environ["SATSUMA_TEST_DATA"]) / "openapi" / "klaviyo" / f"{slice_}.json"
    if not file.exists():
        pytest.skip("the description of Klaviyo's API is not there")
    description = _as_json_schema(json.loads(file.read_text(encoding="utf-8")))
    asked = Asked(
        method="GET", path=path, body=b"",
        query={"include": ["metric,profile"], "additional-fields[profile]": ["subscriptions"]},
        headers={"authorization": "Klaviyo-API-Key pk_test", "revision": "2026-07-15", "host": "127.0.0.1"},
    )  # fmt: skip
    answer = Klaviyo()(asked)
    said = description["paths"][path]["get"]["responses"]["200"]["content"]["application/vnd.api+json"]["schema"]
    jsonschema.Draft202012Validator({**said, "components": description["components"]}).validate(answer.body)


def _as_json_schema(value: Any) -> Any:
    """Return an OpenAPI 3.0 tree as JSON Schema, which says `nullable` otherwise."""
    if isinstance(value, list):
        return [_as_json_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _as_json_schema(item) for key, item in value.items() if key != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if value.get("nullable") is True else found
