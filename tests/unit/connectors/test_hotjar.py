"""Hotjar: answers with survey, question and scale, read by a token that is had first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, ConnectorTests
from fakes import people
from fakes.hotjar import EXIT, NPS, Hotjar
from satsuma.errors import VendorError
from satsuma.sourcing import Sources

TODAY = NOW.replace(tzinfo=people.UTC)


@pytest.mark.connectors
class TestHotjar(ConnectorTests):
    vendor = "hotjar"
    environment: ClassVar = {"HOTJAR_CLIENT_ID": "hj-client", "HOTJAR_CLIENT_SECRET": "hj-secret"}
    # The tests of all connectors read one survey, since each lands by itself; below all are read.
    settings: ClassVar = {"base_url": "{url}/v1", "site": "4711", "surveys": f"[{EXIT}]"}
    changing = "responses"

    def fake(self) -> Any:
        return Hotjar()

    def change(self, fake: Any) -> None:
        fake.answer(9, at=TODAY)

    def test_an_answer_keeps_survey_question_scale_and_score(self, tmp_path: Path) -> None:
        self.settings = {"base_url": "{url}/v1", "site": "4711"}  # type: ignore[misc]
        with self.at(tmp_path, Hotjar(responses=230)) as it:
            Sources(it.shop, environment=self.environment, clock=it.hands.clock).sync("it")
            found = """SELECT properties.survey::VARCHAR, properties.form::VARCHAR, properties.item::VARCHAR,
                properties.answer::VARCHAR, properties.score::DOUBLE, properties.scale::VARCHAR, e.time
                FROM events e JOIN customers USING (customer_no) WHERE customer_id = 'c3' ORDER BY 3"""
            when = people.moment(3).replace(tzinfo=None)
            assert it.rows(found) == [
                ("Leaving", str(EXIT), "q1", "4", 4.0, "1 to 5", when),
                ("Leaving", str(EXIT), "q2", "More of 3", None, None, when),
            ]
            # A person without an id is nobody known.
            assert it.rows("SELECT count(*), count(customer_no) FROM events") == [(230 + 77 + 3, 207 + 69 + 2)]
            assert it.rows("SELECT count(*) FROM customers") == [(207,)]
            assert len([asked for asked in it.server.asked if asked.path.endswith(f"{EXIT}/responses")]) == 3

    def test_reading_ends_at_what_is_known(self, tmp_path: Path) -> None:
        fake = Hotjar(responses=20)
        self.settings = {**self.settings, "item": "text"}  # type: ignore[misc]
        with self.at(tmp_path, fake) as it:
            it.sync()
            for number in range(300, 305):
                fake.answer(number, at=TODAY)
            fake.delete(EXIT, f"{EXIT}-000001")
            fake.forget_tokens()
            asked = len(it.server.asked)
            it.hands.now += timedelta(hours=1)
            it.sync()
            # The newest come first: of pages of three the second has one that is known.
            pages = [asked for asked in it.server.asked[asked:] if asked.path.endswith("/responses")]
            assert len(pages) == 2
            assert not [asked for asked in it.server.asked if asked.path.endswith(f"{NPS}/responses")]
            assert it.rows("SELECT count(*) FROM source_records WHERE stream = 'responses'") == [(25,)]
            items = "SELECT DISTINCT properties.item::VARCHAR FROM events ORDER BY 1"
            assert it.rows(items) == [("How easy was it?",), ("What was missing?",)]
            assert fake.given == 2

    def test_a_secret_that_is_no_longer_taken_is_told_without_it(self, tmp_path: Path) -> None:
        fake = Hotjar(responses=2)
        with self.at(tmp_path, fake) as it:
            fake.key = ("hj-client", "another")
            with pytest.raises(VendorError, match="does not let us in") as caught:
                it.sync()
            assert "hj-secret" not in f"{caught.value}{caught.value.hint}{caught.value.facts}"
