"""ActiveCampaign: contacts and their states on lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import people
from fakes.activecampaign import UNSUBSCRIBED, ActiveCampaign, not_succeeded
from satsuma.errors import DefinitionError
from satsuma.sourcing import Sources

TODAY = NOW.replace(tzinfo=people.UTC)
CONSENTS = """SELECT status, time FROM consents JOIN customers USING (customer_no)
    WHERE customer_id = 'person.{:04}@example.com' ORDER BY time"""


@pytest.mark.connectors
class TestActiveCampaign(ConnectorTests):
    vendor = "activecampaign"
    environment: ClassVar = {"ACTIVECAMPAIGN_API_KEY": "ac-key-of-tests"}
    error_in_200: ClassVar = (not_succeeded(),)
    changing = "contacts"

    def fake(self) -> Any:
        return ActiveCampaign(key="ac-key-of-tests")

    def change(self, fake: Any) -> None:
        fake.change(1, TODAY, firstName="Katherine")

    def delete(self, fake: Any) -> str:
        fake.change(4, TODAY, deleted="1")
        return "person.0004@example.com"

    @pytest.fixture(scope="class")
    @classmethod
    def read(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
        """A source that was read once, with pages as large as the vendor gives; for tests that change nothing."""
        with cls().at(tmp_path_factory.mktemp("read"), ActiveCampaign(contacts=230, key="ac-key-of-tests")) as it:
            Sources(it.shop, environment=cls.environment, clock=it.hands.clock).sync("it")
            yield it

    def test_contacts_land_in_pages_by_id(self, read: At) -> None:
        assert read.rows("SELECT count(*) FROM customers") == [(230,)]
        assert [asked.one("id_greater") for asked in read.server.asked] == [None, "100", "200"]
        found = "SELECT first_name, last_name, first_seen FROM customers WHERE customer_id = 'person.0002@example.com'"
        assert read.rows(found) == [("Alan", "Turing", people.moment(2 - 60).replace(tzinfo=None))]

    def test_a_state_on_a_list_is_a_decision(self, read: At) -> None:
        # Of five states two are a yes, unsubscribed and bounced a no, and who has not confirmed decided nothing.
        counts = dict(read.rows("SELECT status, count(*) FROM consents GROUP BY 1"))
        assert counts == {"granted": 92, "denied": 92}
        assert read.rows(CONSENTS.format(2)) == [("denied", people.moment(2).replace(tzinfo=None))]

    def test_what_changed_is_asked_for_and_lists_that_are_not_named_count_for_nothing(self, tmp_path: Path) -> None:
        fake = self.fake()
        self.settings = {"base_url": "{url}", "purpose": "newsletter", "lists": '["1"]'}  # type: ignore[misc]
        with self.at(tmp_path, fake) as it:
            it.sync()
            asked = len(it.server.asked)
            fake.change(10, TODAY, status=UNSUBSCRIBED)
            fake.subscribe(5, "2", UNSUBSCRIBED, people.iso(TODAY))
            fake.change(5, TODAY)
            fake.delete(7)
            fake.add(50, at=TODAY)
            it.hands.now += timedelta(hours=1)
            it.sync()
            since = people.iso(people.moment(19) - timedelta(hours=1), zulu=True)
            assert it.server.asked[asked].one("filters[updated_after]") == since
            assert [row[0] for row in it.rows(CONSENTS.format(10))] == ["granted", "denied"]
            assert [row[0] for row in it.rows(CONSENTS.format(5))] == ["granted"]
            assert it.rows("SELECT DISTINCT purpose FROM consents") == [("newsletter",)]
            assert it.rows("SELECT count(*) FROM customers") == [(21,)]

    def test_the_address_is_asked_for(self, tmp_path: Path) -> None:
        with self.at(tmp_path) as it:
            (it.shop.path / "sources" / "it.yaml").write_text("source: activecampaign\n", encoding="utf-8")
            with pytest.raises(DefinitionError, match="base_url"):
                it.sync()
