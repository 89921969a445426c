"""`text` over everybody: what each customer wrote, looked at once, by models that stay."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo, render_catalog
from satsuma.errors import EvaluationError
from satsuma.segments.store import RunStore, StoredRun
from small_shop import Shop

TOPICS = {
    "delivery": "parcel courier late doorstep shipping box".split(),
    "battery": "battery charger power hours plug cable".split(),
    "coffee": "coffee flavour aroma beans roast cup".split(),
}
OPINIONS = {True: ["golden", "juicy"], False: ["soggy", "mouldy"]}
NAME = "Zebedee"
PEOPLE = 240
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "points": TraitInfo(type="integer"), "comment": TraitInfo(type="text")},
    events={
        "Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")}),
        "Review Posted": EventInfo(properties={"text": PropertyInfo(type="text")}),
    },
)


def written(seed: int = 4) -> list[dict[str, Any]]:
    """Return customers with a comment of one topic and a rating that goes with its opinion; nine name one person."""
    rng = np.random.default_rng(seed)
    names = list(TOPICS)
    found: list[dict[str, Any]] = []
    for number in range(PEOPLE):
        topic, is_high = names[number % 3], bool(rng.random() < 0.7)
        words = [*rng.choice(TOPICS[topic], 5), *rng.choice(OPINIONS[is_high], 2)]
        found.append({
            "id": f"c{number:03}", "first_seen": "2024-01-01", "points": 5 if is_high else 1,
            "comment": " ".join([*words, *([NAME] if number < 9 else [])]),
        })  # fmt: skip
    found.append({"id": "silent", "first_seen": "2024-01-01"})
    found.append(
        {"id": "german", "first_seen": "2024-01-01", "comment": "Das ist leider nicht gut gemacht, sehr schade"}
    )
    found.append(
        {"id": "english", "first_seen": "2024-01-01", "comment": "I am very happy with it, thank you so much!"}
    )
    return found


def made(folder: Path, people: list[dict[str, Any]]) -> Shop:
    shop = Shop(folder)
    (shop.path / "catalog.yaml").write_text(render_catalog(CATALOG, ""), encoding="utf-8")
    shop.engine.execute("ALTER TABLE customers ADD COLUMN comment VARCHAR")
    shop.customers(*people)
    shop.write("traits/topic", "text: {topic: comment, topics: 3}")
    shop.write("traits/spoken", "text: {language: comment}")
    shop.write("traits/sounds", "text: {sentiment: comment}")
    shop.write("traits/learned", "text: {sentiment: comment, rating: points}")
    return shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with made(tmp_path_factory.mktemp("texts"), written()) as found:
        found.run()
        yield found


def last(shop: Shop) -> StoredRun:
    return RunStore(shop.engine, shop.path / "state").required()


def values(shop: Shop, trait: str) -> dict[str, Any]:
    ids = shop.engine.rows("SELECT customer_no, customer_id FROM customers")
    table = last(shop).traits([trait]).to_pydict()
    by_number = dict(zip(table["customer_no"], table[trait], strict=True))
    return {id_: by_number[number] for number, id_ in ids}


def test_customers_get_the_topic_that_they_wrote_about(shop: Shop) -> None:
    topics = values(shop, "topic")
    assert topics["silent"] is None
    assert topics["german"] is None
    names = list(TOPICS)
    by_topic: dict[str, set[str]] = {}
    for number in range(PEOPLE):
        by_topic.setdefault(topics[f"c{number:03}"], set()).add(names[number % 3])
    assert sorted(map(sorted, by_topic.values())) == [["battery"], ["coffee"], ["delivery"]]
    assert all(set(name.split(", ")) <= set(TOPICS[next(iter(about))]) for name, about in by_topic.items())


def test_language_and_sentiment_by_words(shop: Shop) -> None:
    spoken, sounds = values(shop, "spoken"), values(shop, "sounds")
    assert (spoken["german"], spoken["english"], spoken["silent"]) == ("de", "en", None)
    assert sounds["german"] < 0 < sounds["english"]
    assert sounds["silent"] is None


def test_sentiment_is_learned_from_ratings(shop: Shop) -> None:
    learned = values(shop, "learned")
    model = last(shop).models["learned/learned"]["fit"]
    assert model["offered"]
    assert model["test"]["auc"] > 0.95
    assert model["middle"] == 3
    for person in written()[:PEOPLE]:
        assert (learned[person["id"]] > 0) == (person["points"] == 5)
    # It knows no word of it.
    assert learned["german"] is None
    # The opinions of these texts are in no list of ours.
    assert model["by_words"]["auc"] < 0.7 < model["test"]["auc"]


def test_nobody_and_no_text_is_kept(shop: Shop) -> None:
    kept = json.dumps(last(shop).models, ensure_ascii=False).casefold()
    assert NAME.casefold() not in kept
    assert "courier" in kept
    texts = [person["comment"].casefold() for person in written() if person.get("comment")]
    assert [text for text in texts if text in kept] == []


def test_the_model_stays_and_a_name_that_people_give_changes_nothing_else(tmp_path: Path) -> None:
    with made(tmp_path, written()) as shop:
        shop.run()
        first = last(shop).models["learned/topic"]
        (topic,) = {values(shop, "topic")[f"c{number:03}"] for number in range(0, PEOPLE, 3)}
        shop.write(
            "traits/topic",
            f'text: {{topic: comment, topics: 3, names: {{"{topic}": Delivery, "parcel, batery": None such}}}}',
        )
        shop.customers(*({"id": f"new{number}", "comment": "coffee beans " * 3} for number in range(40)))
        outcome = shop.run()
        second = last(shop).models["learned/topic"]
        assert second["fit"]["topics"] == first["fit"]["topics"]
        assert second["fit"]["as_of"] == first["fit"]["as_of"]
        assert second["fit"]["names"] == {topic: "Delivery"}
        assert {values(shop, "topic")[f"c{number:03}"] for number in range(0, PEOPLE, 3)} == {"Delivery"}
        assert [warning for warning in outcome.warnings if "names a topic 'parcel, batery'" in warning]
        # Fitted anew on more texts, a topic that is still there keeps its name.
        shop.run(refit=["topic"])
        third = last(shop).models["learned/topic"]
        assert third["fit"]["topics"] != first["fit"]["topics"]
        assert {values(shop, "topic")[f"c{number:03}"] for number in range(0, PEOPLE, 3)} == {"Delivery"}


def test_too_few_texts_give_no_values_and_a_sentence(tmp_path: Path) -> None:
    with made(tmp_path, written()[:12]) as shop:
        outcome = shop.run()
        assert any("'topic' has no values: no word was used by at least 10" in text for text in outcome.warnings)
        assert any("'learned' has no values: " in text and "'otherwise: words'" in text for text in outcome.warnings)
        assert set(values(shop, "topic").values()) == {None}
        shop.write("traits/learned", "text: {sentiment: comment, rating: points, otherwise: words}")
        outcome = shop.run()
        assert any("says what a list of words says" in text for text in outcome.warnings)
        assert values(shop, "learned") == values(shop, "sounds")


def test_ratings_that_say_nothing_of_texts_are_not_used(tmp_path: Path) -> None:
    people = written()
    shuffled = np.random.default_rng(2).permutation([person.get("points", 3) for person in people])
    with made(tmp_path, [{**person, "points": int(at)} for person, at in zip(people, shuffled, strict=True)]) as shop:
        outcome = shop.run()
        assert any("It is not worth using" in text for text in outcome.warnings)
        assert set(values(shop, "learned").values()) == {None}
        assert last(shop).models["learned/learned"]["fit"]["offered"] is False


def test_a_refresh_equals_a_full_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.segments.refresh_plan.MOST_TOUCHED", 100.0)
    with made(tmp_path, written()) as shop:
        shop.write("traits/said", "from: {did: Review Posted, last: {of: text}}")
        shop.write("traits/about", "text: {topic: said, topics: 3}")
        shop.write("traits/tone", "text: {sentiment: said}")
        shop.write("segments/waiting", "where: {trait: tone, lt: 0}")
        for number, person in enumerate(written()[:PEOPLE]):
            shop.event(number, "Review Posted", "2024-03-01", text=person["comment"])
        shop.run()
        moment = last(shop).as_of + timedelta(days=1)
        shop.event(
            3, "Review Posted", "2024-06-30 12:00:00", text="The coffee beans are awful, a terrible roast.", load=2
        )
        shop.event(PEOPLE, "Review Posted", "2024-06-30 13:00:00", text="Battery and charger cable", load=2)
        shop.load(2)
        outcome = shop.workspace.refresh(moment.isoformat() + "Z")
        assert "touched" in outcome.facts["refresh"], outcome.facts["refresh"]
        traits = ("about", "tone", "topic", "spoken", "sounds", "learned")
        refreshed = {name: values(shop, name) for name in traits}
        members, models = sorted(shop.workspace.segment("waiting").ids()), last(shop).models
        shop.workspace.run(moment.isoformat() + "Z")
        assert refreshed == {name: values(shop, name) for name in traits}
        assert members == sorted(shop.workspace.segment("waiting").ids())
        assert "c003" in members
        assert refreshed["about"]["silent"] is not None
        assert {name: model["fit"] for name, model in models.items()} == {
            name: model["fit"] for name, model in last(shop).models.items()
        }


# ------------------------------------------------------------------------------------------------- a list of another's


def test_without_the_package_its_list_is_refused_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", None)
    with made(tmp_path, written()[:12]) as shop:
        shop.write("traits/sounds", "text: {sentiment: comment, words: vader}")
        with pytest.raises(EvaluationError, match="needs the package vaderSentiment") as caught:
            shop.run()
        assert "satsuma[text]" in caught.value.hint


def test_a_list_of_another_package_reads_english_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("vaderSentiment.vaderSentiment")

    class Analyzer:
        def polarity_scores(self, text: str) -> dict[str, float]:
            return {"compound": 0.5 if "happy" in text else 0.0}

    module.SentimentIntensityAnalyzer = Analyzer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vaderSentiment", ModuleType("vaderSentiment"))
    monkeypatch.setitem(sys.modules, "vaderSentiment.vaderSentiment", module)
    with made(tmp_path, written()[-3:]) as shop:
        shop.write("traits/sounds", "text: {sentiment: comment, words: vader}")
        shop.run()
        assert values(shop, "sounds") == {"silent": None, "german": None, "english": 0.5}


def test_the_published_scores_of_vader() -> None:
    """The examples of the package's own page; skipped by name where it is not installed."""
    analyzer = pytest.importorskip("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    shown = {
        "VADER is smart, handsome, and funny.": 0.8316, "The book was good.": 0.4404,
        "VADER is not smart, handsome, nor funny.": -0.7424, "At least it isn't a horrible book.": 0.431,
        "Today only kinda sux! But I'll get by, lol": 0.5249,
    }  # fmt: skip
    assert {text: analyzer.polarity_scores(text)["compound"] for text in shown} == shown
