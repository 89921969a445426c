"""Labels that a text-analysis service gave: events, and the best label as a trait with its history."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from satsuma import Workspace
from satsuma.catalog import Catalog, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError

from .conftest import NOW, Load

DAY = datetime(2026, 1, 5)


def label(text: str, who: str | None, name: str, score: float | None, *, model: str = "topic", day: int = 0) -> dict:
    return {"text_id": text, "customer_id": who, "label": name, "score": score, "model": model,
        "time": DAY + timedelta(days=day)}  # fmt: skip


ROWS = [
    label("t1", "ann", "delivery", 0.4), label("t1", "ann", "price", 0.6), label("t1", "ann", "staff", 0.1),
    label("t2", "ann", "staff", 0.9, day=3), label("t2", "ann", "negative", 0.8, model="Sentiment (v2)", day=3),
    label("t3", "bob", "price", 0.5), label("t4", None, "price", 0.7),
]  # fmt: skip


def test_the_best_label_of_the_newest_text_is_the_trait_and_its_score_stands_beside(engine: DuckDB, load: Load) -> None:
    landed = load("text-labels", ROWS, now=datetime(2026, 2, 1)).landed
    assert (landed.loaded, landed.unchanged, landed.anonymous) == (7, 0, 1)
    assert landed.events == {"Text Labelled": 7}
    found = "SELECT customer_id, topic, topic_score, sentiment_v2, sentiment_v2_score FROM customers ORDER BY 1"
    assert engine.rows(found) == [("ann", "staff", 0.9, "negative", 0.8), ("bob", "price", 0.5, None, None)]
    assert {name: (info.type, info.kind, info.source) for name, info in landed.catalog.traits.items()} == {
        "topic": ("text", "psychographic", "text-labels"),
        "topic_score": ("number", "psychographic", "text-labels"),
        "sentiment_v2": ("text", "psychographic", "text-labels"),
        "sentiment_v2_score": ("number", "psychographic", "text-labels"),
    }
    best = """SELECT properties.text_id::VARCHAR, properties.label::VARCHAR FROM events
        WHERE properties.best::BOOLEAN AND properties.model::VARCHAR = 'topic' ORDER BY ALL"""
    assert engine.rows(best) == [("t1", "price"), ("t2", "staff"), ("t3", "price"), ("t4", "price")]


def test_what_an_earlier_text_said_is_kept_as_history(engine: DuckDB, load: Load) -> None:
    load("text-labels", ROWS, now=datetime(2026, 2, 1))
    changes = """SELECT valid_from, CAST(new_value AS VARCHAR) FROM trait_changes WHERE trait = 'topic'
        AND entity_no = (SELECT customer_no FROM customers WHERE customer_id = 'ann') ORDER BY 1"""
    assert engine.rows(changes) == [(DAY, "price"), (DAY + timedelta(days=3), "staff")]


def test_the_same_labels_again_change_nothing_and_an_older_text_leaves_the_newer_one(
    engine: DuckDB, load: Load
) -> None:
    load("text-labels", ROWS, now=datetime(2026, 2, 1))
    again = load("text-labels", ROWS, now=datetime(2026, 2, 2)).landed
    assert (again.loaded, again.unchanged, again.flags["trait_changes"]) == (0, 7, 0)
    older = [label("t0", "ann", "price", 1.0, day=1)]
    assert load("text-labels", older, now=datetime(2026, 2, 3)).landed.loaded == 1
    assert engine.value("SELECT topic FROM customers WHERE customer_id = 'ann'") == "staff"


def test_a_list_of_labels_beside_a_text_is_read(engine: DuckDB, load: Load) -> None:
    rows = [
        {"text_id": "t1", "customer_id": "ann", "time": DAY,
         "labels": json.dumps([{"tag_name": "price", "tag_id": 4, "confidence": 0.7},
                               {"tag_name": "staff", "confidence": 0.2}])},
        {"text_id": "t2", "customer_id": "bob", "time": DAY, "labels": '{"delivery": 0.9, "a \\"b\\"": 0.1}'},
        {"text_id": "t3", "customer_id": "eve", "time": DAY, "labels": '["praise"]'},
        {"text_id": "t4", "customer_id": "joe", "time": DAY, "labels": "not a list"},
        {"text_id": "t5", "customer_id": "kim", "time": DAY, "labels": None},
    ]  # fmt: skip
    outcome = load("text-labels", rows, names=["topics.json"])
    assert outcome.landed.events == {"Text Labelled": 5}
    assert (outcome.landed.loaded, outcome.landed.unchanged) == (3, 2)
    assert "2 rows hold no label." in outcome.notes
    found = "SELECT customer_id, topics, topics_score FROM customers ORDER BY 1"
    assert engine.rows(found) == [("ann", "price", 0.7), ("bob", "delivery", 0.9), ("eve", "praise", None)]


def test_a_column_that_says_what_it_tells_names_the_trait(tmp_path: Path) -> None:
    file = tmp_path / "export 7.csv"
    file.write_text("comment_id,customer_id,Sentiment,Confidence\n1,ann,negative,0.9\n2,bob,positive,0.8\n")
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as shop:
        outcome = shop.load(file, kind="text-labels")
        assert outcome.mapping["score"] == "Confidence"
        found = "SELECT customer_id, sentiment, sentiment_score FROM customers ORDER BY 1"
        assert shop.engine.rows(found) == [("ann", "negative", 0.9), ("bob", "positive", 0.8)]
        (tmp_path / "shop" / "segments" / "unhappy.yaml").write_text(
            "segment: unhappy\nwhere:\n  all:\n    - {trait: sentiment, eq: negative}\n"
            "    - {trait: sentiment_score, gte: 0.8}\n"
        )
        (tmp_path / "shop" / "segments" / "told.yaml").write_text(
            "segment: told\nwhere:\n  did: Text Labelled\n  where: {all: [{prop: label, eq: negative}, "
            "{prop: score, gte: 0.5}]}\n  count: {gte: 1}\n  within: 90d\n"
        )
        assert [segment["size"] for segment in shop.run().segments] == [1, 1]


def test_a_trait_of_the_customers_own_is_not_written_over(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "ann", "topic": "chess"}])
    known = Catalog(traits={"topic": TraitInfo(type="text", source="customers")})
    load("text-labels", ROWS, now=datetime(2026, 2, 1), catalog=known)
    found = "SELECT topic, topic_label FROM customers WHERE customer_id = 'ann'"
    assert engine.row(found) == ("chess", "staff")


def test_what_is_no_table_of_labels_is_refused(load: Load) -> None:
    with pytest.raises(SourceError, match="No labels were found"):
        load("text-labels", [{"customer_id": "ann", "text_id": "t1"}])
    with pytest.raises(SourceError, match="holds 51 different values"):
        load("text-labels", [label(f"t{n}", "ann", "x", 1.0, model=f"m{n}") for n in range(51)], now=NOW)


def test_the_order_of_rows_does_not_matter(engine: DuckDB, load: Load) -> None:
    load("text-labels", ROWS[::-1], now=datetime(2026, 2, 1))
    found = "SELECT customer_id, topic, sentiment_v2 FROM customers ORDER BY 1"
    assert engine.rows(found) == [("ann", "staff", "negative"), ("bob", "price", None)]
