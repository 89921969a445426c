"""What customers need is told by the topics of what they wrote, and never in anybody's words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo, render_catalog
from satsuma.personas.card import Persona
from small_shop import Shop

TOPICS = {
    "delivery": "parcel courier late doorstep shipping box".split(),
    "battery": "battery charger power hours plug cable".split(),
    "coffee": "coffee flavour aroma beans roast cup".split(),
}
CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"),
        "points": TraitInfo(type="integer"),
        "comment": TraitInfo(type="text", personal_data="user.content"),
        "initials": TraitInfo(type="text", personal_data="user.name"),
    },
    events={"Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")})},
)


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Persona:
    rng = np.random.default_rng(4)
    with Shop(Path(tmp_path_factory.mktemp("needs"))) as shop:
        (shop.path / "catalog.yaml").write_text(render_catalog(CATALOG, ""), encoding="utf-8")
        shop.engine.execute("ALTER TABLE customers ADD COLUMN comment VARCHAR")
        shop.engine.execute("ALTER TABLE customers ADD COLUMN initials VARCHAR")
        names = list(TOPICS)
        late = [number for number in range(240) if (number % 3 == 0 and number % 12) or number % 6 == 1]
        shop.customers(
            *(
                {
                    "id": f"c{number}", "first_seen": "2024-01-01", "initials": "AB" if number in late else "CD",
                    "comment": " ".join(rng.choice(TOPICS[names[number % 3]], 6)),
                }
                for number in range(240)
            )
        )  # fmt: skip
        (shop.path / "lists").mkdir(exist_ok=True)
        (shop.path / "lists" / "asked.txt").write_text("\n".join(f"c{number}" for number in late), encoding="utf-8")
        shop.write("traits/topic", "title: Topic\nkind: psychographic\ntext: {topic: comment, topics: 3}")
        shop.write("traits/known_as", "formula: initials")
        shop.write("segments/asked", "where: {list: asked}")
        shop.run()
        return shop.workspace.persona("asked")


def test_topics_are_what_customers_need(card: Persona) -> None:
    (topic,) = [item for item in card.statements if item.fact == "topic"]
    assert topic.topic == "needs"
    assert topic.numbers.here == pytest.approx(0.6, abs=0.05)


def test_neither_words_nor_what_repeats_personal_data_are_told(card: Persona) -> None:
    told = {item.fact for item in (*card.statements, *card.more, *card.by_definition)}
    # The initials would set the segment apart perfectly.
    assert not told & {"comment", "initials", "known_as"}
