"""Labels of texts from the API of a service: a source of any API, as the how-to page writes it."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

from connector_tests import Hands
from fakes import people
from fakes.hostile import Answer, Asked, HostileServer
from satsuma.sourcing import Sources
from satsuma.workspace import Workspace

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "mail-and-surveys.md"


def service(asked: Asked) -> Answer:
    """Answer with texts of three people, each under two classifiers."""
    if asked.headers.get("authorization") != "Bearer texts-key":
        return Answer(status=401, body={"detail": "no"})
    results = [
        {"id": f"t{number}", "author": people.email(number), "classifier": classifier,
         "analysed_at": people.iso(people.moment(number)),
         "classifications": [{"tag_name": best, "confidence": 0.8}, {"tag_name": "other", "confidence": 0.2}]}
        for number in range(3)
        for classifier, best in (("topic", "price" if number else "delivery"), ("sentiment", "negative"))
    ]  # fmt: skip
    for place, result in enumerate(results):
        result["id"] = f"{result['id']}-{place % 2}"
    return Answer(body={"results": results if asked.one("page") == "1" else []})


def test_the_source_on_the_page_loads_labels_as_traits(tmp_path: Path) -> None:
    found = re.search(r"^    source: rest\n(?:    .*\n)+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    with (
        HostileServer(service) as server,
        Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as shop,
    ):
        (shop.path / "sources").mkdir(exist_ok=True)
        text = dedent(found[0]).replace("https://texts.example.com", server.url)
        (shop.path / "sources" / "texts.yaml").write_text(text, encoding="utf-8")
        sources = Sources(shop, environment={"TEXTS_KEY": "texts-key"}, clock=Hands().clock)
        sources.sync("texts")
        people_ = "SELECT customer_id, topic, topic_score, sentiment FROM customers ORDER BY 1"
        expected = [
            ("person.0000@example.com", "delivery", 0.8, "negative"),
            ("person.0001@example.com", "price", 0.8, "negative"),
            ("person.0002@example.com", "price", 0.8, "negative"),
        ]
        assert shop.engine.rows(people_) == expected
        assert shop.engine.value("SELECT count(*) FROM events WHERE name = 'Text Labelled'") == 12
        sources.sync("texts")
        assert shop.engine.rows(people_) == expected
        assert shop.engine.value("SELECT count(*) FROM events") == 12
