"""Typeform: answers with form, question and scale, and scores made of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from connector_tests import NOW, At, ConnectorTests
from fakes import people
from fakes.typeform import LIKES, PULSE, Typeform
from satsuma.sourcing import Sources

TODAY = NOW.replace(tzinfo=people.UTC)
ANSWERS = """SELECT properties.item::VARCHAR, properties.answer::VARCHAR, properties.score::DOUBLE,
    properties.scale::VARCHAR, properties.form::VARCHAR, properties.survey::VARCHAR, e.time
    FROM events e LEFT JOIN customers USING (customer_no) WHERE {} ORDER BY 1"""


@pytest.mark.connectors
class TestTypeform(ConnectorTests):
    vendor = "typeform"
    environment: ClassVar = {"TYPEFORM_TOKEN": "tfp_test_secret"}
    # The tests of all connectors read one form, since each lands by itself; below all are read.
    settings: ClassVar = {"base_url": "{url}", "forms": f"[{PULSE}]"}
    changing = "responses"

    def fake(self) -> Any:
        return Typeform(key="tfp_test_secret", now=TODAY)

    def change(self, fake: Any) -> None:
        fake.answer(5, at=TODAY)
        fake.now = TODAY + timedelta(hours=1)

    @pytest.fixture(scope="class")
    @classmethod
    def read(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[At]:
        """A source that was read once, with pages as large as the vendor gives."""
        fake = Typeform(responses=1_020, key="tfp_test_secret", now=TODAY)
        every = cls()
        every.settings = {"base_url": "{url}"}  # type: ignore[misc]
        with every.at(tmp_path_factory.mktemp("read"), fake) as it:
            Sources(it.shop, environment=cls.environment, clock=it.hands.clock).sync("it")
            yield it

    def test_an_answer_keeps_form_question_scale_and_score(self, read: At) -> None:
        form = (PULSE, "Customer pulse", people.moment(4).replace(tzinfo=None))
        assert read.rows(ANSWERS.format(f"customer_id = 'c4' AND properties.form::VARCHAR = '{PULSE}'")) == [
            ("again", "yes", 1.0, "0 to 1", *form),
            ("channel", "Web, Shop", None, None, *form),
            ("n1", "5", 5.0, "1 to 5", *form),
            ("n2", "5", 5.0, "1 to 5", *form),
            ("n3", "1", 1.0, "1 to 5", *form),
            ("recommend", "4", 4.0, "0 to 10", *form),
            ("stars", "5", 5.0, "1 to 7", *form),
            ("why", "Because 4", None, None, *form),
        ]

    def test_pages_go_back_in_time_and_nobody_known_is_nobody(self, read: At) -> None:
        asked = [asked for asked in read.server.asked if asked.path.endswith(f"{PULSE}/responses")]
        assert [request.one("before") for request in asked] == [None, f"{PULSE.lower()}00000020"]
        assert read.rows("SELECT count(*), count(customer_no) FROM events") == [(1_020 * 8 + 3, 918 * 8 + 2)]
        assert read.rows("SELECT count(*) FROM customers") == [(918,)]

    def test_a_scale_is_made_of_the_answers(self, read: At) -> None:
        (read.shop.path / "traits" / "novelty.yaml").write_text(
            "trait: novelty\nscale:\n  questions: [n1, n2, {reverse: n3}]\n  survey: Customer pulse\n  of: [1, 5]\n",
            encoding="utf-8",
        )
        (read.shop.path / "segments" / "pioneers.yaml").write_text(
            "segment: pioneers\nwhere: {trait: novelty, gte: 4}\n", encoding="utf-8"
        )
        outcome = read.shop.run(as_of="2026-06-01")
        # n1 and n3, turned round, are the level of 1 to 5; n2 is one less for odd numbers, 1 at the least.
        levels = {n: (n % 5 + 1, max(1, n % 5 + 1 - n % 2)) for n in range(1_020) if n % 10}
        scores = {n: (one + two + one) / 3 for n, (one, two) in levels.items()}
        assert outcome.segments[0]["size"] == sum(score >= 4 for score in scores.values())
        fit = read.shop.scale("novelty").fit
        assert fit is not None
        assert fit["customers"] == 918

    def test_an_hour_is_read_again_for_answers_that_came_late(self, tmp_path: Path) -> None:
        fake = Typeform(responses=12, key="tfp_test_secret", now=people.moment(9))
        given = f"SELECT count(*) FROM source_records WHERE stream = 'responses' AND record_id LIKE '{PULSE.lower()}%'"
        with self.at(tmp_path, fake) as it:
            it.sync()
            # What was given in the last half hour is not there yet: 0 to 6.
            assert it.rows(given) == [(7,)]
            asked = len(it.server.asked)
            fake.now = people.moment(60)
            fake.answer(13, at=people.moment(5))  # shown after later ones
            fake.delete(PULSE, f"{PULSE.lower()}00000001")
            it.sync()
            since = next(one.one("since") for one in it.server.asked[asked:] if f"{PULSE}/resp" in one.path)
            assert since == str(int((people.moment(6) - timedelta(hours=1)).timestamp()))
            assert it.rows(given) == [(13,)]
            assert it.rows("SELECT count(*) FROM events") == [(13 * 8,)]

    def test_forms_that_are_not_named_are_not_asked_for(self, tmp_path: Path) -> None:
        self.settings = {"base_url": "{url}", "forms": f"[{LIKES}]", "item": "title"}  # type: ignore[misc]
        with self.at(tmp_path) as it:
            it.sync()
            assert not [asked for asked in it.server.asked if asked.path.endswith(f"{PULSE}/responses")]
            items = "SELECT DISTINCT properties.item::VARCHAR, properties.answer::VARCHAR FROM events"
            assert it.rows(items) == [("Which colour?", "Blue")]
