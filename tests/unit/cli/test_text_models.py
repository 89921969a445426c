"""`satsuma model show` of topics and of sentiment learned from ratings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from small_shop import Shop

Runner = Callable[..., Any]
ABOUT = ("parcel courier door box".split(), "battery charger cable hours".split())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with 120 customers whose `country` is what they wrote, and a run."""
    rng = np.random.default_rng(3)
    with Shop(tmp_path_factory.mktemp("texts")) as shop:
        shop.customers(
            *({"id": f"c{number}", "first_seen": "2024-01-01", "points": 5 if number % 3 else 1,
               "country": f"{' '.join(rng.permutation(ABOUT[number % 2])[:3])} was {'good' if number % 3 else 'bad'}"}
              for number in range(120))
        )  # fmt: skip
        shop.write("traits/topic", 'text: {topic: country, names: {"parcel, box, door": Delivery}}')
        shop.write("traits/learned", "text: {sentiment: country, rating: points}")
        shop.write("traits/spoken", "text: {language: country}")
        shop.run()
        topics = [item["name"] for item in shop.workspace.model("topic").fit["told"]]
        delivery = next(name for name in topics if "parcel" in name or "courier" in name)
        shop.write("traits/topic", f'text: {{topic: country, names: {{"{delivery}": Delivery}}}}')
        shop.run()
    return shop.path


def test_topics_are_shown_with_what_they_are_worth(satsuma: Runner, ran: Path) -> None:
    done = satsuma("model", "show", "topic", "-w", ran)
    assert done.code == 0, done.err
    assert "different texts of 120 customers ('country')" in done.out
    assert "Words that fewer than 10 customers used are not kept." in " ".join(done.out.split())
    line = next(line for line in done.out.splitlines() if "Delivery" in line)
    assert "%" in line
    assert "where the words are dealt out at random" in " ".join(done.out.split())
    assert "topics tried" in done.out
    facts = json.loads(satsuma("model", "show", "topic", "--json", "-w", ran).out)
    assert "topics" not in facts
    assert sum(item["share"] for item in facts["told"]) == pytest.approx(1)
    assert list(facts["names"].values()) == ["Delivery"]


def test_sentiment_is_shown_with_its_accuracy_and_its_words(satsuma: Runner, ran: Path) -> None:
    done = satsuma("model", "show", "learned", "-w", ran)
    assert done.code == 0, done.err
    assert "Use it: on texts held back it tells high ratings from low ones with an AUC of 1.000" in done.out
    assert "66.7% are above" in " ".join(done.out.split())
    assert any(line.startswith("a list of words") for line in done.out.splitlines())
    assert "Words for a high rating: good" in done.out
    assert "Words for a low one: bad" in done.out
    facts = json.loads(satsuma("model", "show", "learned", "--json", "-w", ran).out)
    assert "sentiment" not in facts
    assert facts["state"] == "offered"
    assert facts["test"]["people"] == 120


def test_models_are_listed_and_fitted_anew(satsuma: Runner, ran: Path) -> None:
    listed = satsuma("model", "list", "-w", ran)
    assert {line.split()[0]: line.split()[1] for line in listed.out.splitlines()[2:4]} == {
        "learned": "sentiment", "topic": "topics",
    }  # fmt: skip
    assert "spoken" not in listed.out
    done = satsuma("model", "refit", "topic", "-w", ran)
    assert done.code == 0, done.err
    assert "The model 'topic'" in done.out
    assert "There was nothing to compare it with on later data." in done.out
