"""Personas of a shop in which it is known what is true: that is said, and nothing else."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from persona_shop import CUSTOMERS, GUESTS
from satsuma import Workspace
from satsuma.errors import NotFound, WrongUse
from satsuma.personas.build import MOST, Personas, halves
from satsuma.personas.card import NOTHING, Persona
from satsuma.statistics.statements.testing import find_statements


def said(card: Persona) -> set[str]:
    return {item.fact for item in card.statements}


def test_what_is_true_of_a_segment_is_said_with_its_numbers(shop: Workspace, cards: dict[str, Persona]) -> None:
    guests = cards["guests"]
    assert {"age", "country", "Order Completed.hour", "consent newsletter"} <= said(guests)
    assert "71 % live in France, against 38 % of everybody." in guests.sentences
    assert "70 % of their orders come in the evening, against 35 % of everybody's." in guests.sentences
    assert len(guests.statements) <= MOST
    assert 3 <= len(guests.sentences) <= 5
    with (shop.path.parent / "customers.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    (country,) = [item for item in guests.statements if item.fact == "country"]
    french = [row["country"] == "FR" for row in rows]
    assert country.numbers.here == pytest.approx(np.mean(french[:GUESTS]))
    assert country.numbers.everybody == pytest.approx(np.mean(french))
    assert country.numbers.count == sum(french[:GUESTS])
    (age,) = [item for item in guests.statements if item.fact == "age"]
    assert age.numbers.here == np.median([int(row["age"]) for row in rows[:GUESTS]])


def test_nothing_is_said_of_a_random_tenth(cards: dict[str, Persona]) -> None:
    card = cards["random_tenth"]
    assert card.sentences == (NOTHING,)
    assert not card.statements
    assert card.invented is None
    assert card.tried > 40


def test_of_shuffled_segments_hardly_ever_anything_is_said(made: Personas) -> None:
    rng = np.random.default_rng(5)
    questions = [fact.question for fact in made.facts]
    true = np.stack([made.frame.members(name) for name in ("guests", "french", "often", "random_tenth")])
    nothing = np.zeros((len(true), len(questions)), np.bool_)
    said = 0
    for _ in range(24):
        order = rng.permutation(CUSTOMERS)
        found = find_statements(questions, true[:, order], halves(made.frame), nothing)
        said += any(item.passed for item in found)
    # The bar is 5 %.
    assert said <= 1


def test_what_the_rule_implies_is_no_finding(cards: dict[str, Persona]) -> None:
    # Who ordered six times has bought more, of course; where the customer lives is another matter.
    often = cards["often"]
    implied = {item.fact for item in often.by_definition}
    assert "items" in implied
    assert {"orders", "revenue", "largest_order"} & implied
    assert not said(often) & {"orders", "items", "revenue", "gross_revenue", "purchase_interval"}
    assert all(item.numbers.p_adjusted is None for item in often.by_definition)
    french = cards["french"]
    assert "country" not in said(french)
    assert "age" in said(french)


def test_sensitive_and_personal_data_are_told_only_when_allowed(shop: Workspace, made: Personas) -> None:
    names = {fact.name for fact in made.facts}
    assert "diet" not in names
    assert not names & {"email", "first_name", "customer_id"}
    # Everybody has an address: that sets nobody apart.
    assert "contact email" not in names
    allowed = {item.fact for item in shop.persona("guests", allow=["diet"]).statements}
    assert "diet" in allowed or "diet" in {item.fact for item in shop.persona("guests", allow=["diet"]).more}
    with pytest.raises(NotFound, match="diett"):
        shop.personas(allow=["diett"])


def test_how_customers_can_be_reached_is_told(made: Personas, cards: dict[str, Persona]) -> None:
    reach = {fact.name: fact for fact in made.facts if fact.topic == "reach"}
    assert reach.keys() == {"consent newsletter", "last heard of"}
    held = made.frame.numbers.size - np.isnan(reach["last heard of"].question.has(0)).sum()
    assert held == CUSTOMERS
    # Who was heard of lately is an amount of events: no finding where events make the segment.
    assert "last heard of" not in said(cards["often"]) | {item.fact for item in cards["often"].more}


def test_small_segments_are_not_described(cards: dict[str, Persona]) -> None:
    few = cards["few"]
    assert few.sentences == (NOTHING,)
    assert few.notes
    assert not few.by_definition


def test_labels_have_personas_of_their_own(shop: Workspace, cards: dict[str, Persona]) -> None:
    inner, outer = shop.personas("rings")
    assert (inner.called, outer.called) == ("rings:Inner", "rings:Outer")
    assert "country" in said(inner)
    # Most of everybody: they are held against the others.
    assert any("of the others" in sentence for sentence in outer.sentences)
    assert shop.persona("rings: Inner").as_dict() == inner.as_dict()
    assert inner.statements[0].numbers.effect == cards["guests"].statements[0].numbers.effect
    assert shop.persona("guests").as_dict() == cards["guests"].as_dict()


def test_what_is_not_there_is_said_with_the_nearest_names(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="guests"):
        shop.persona("guest")
    with pytest.raises(NotFound, match="Inner"):
        shop.persona("rings:Iner")
    with pytest.raises(WrongUse, match="2 labels"):
        shop.persona("rings")


def test_the_card_is_plain_json_and_the_same_every_time(shop: Workspace, made: Personas) -> None:
    first = [card.as_dict() for card in made.of_segments()]
    again = json.loads(json.dumps([card.as_dict() for card in shop.personas()]))
    assert again == json.loads(json.dumps(first))
    guests = next(card for card in again if card["name"] == "guests")
    numbers = guests["statements"][0]["numbers"]
    assert {"effect", "n", "here", "others", "everybody", "index", "p_adjusted", "held_out"} <= numbers.keys()
    assert guests["size"] == GUESTS
    assert guests["share"] == pytest.approx(GUESTS / CUSTOMERS)
    assert guests["value_share"] == pytest.approx(guests["value"] / float(made.frame.value.sum()))


def test_the_halves_are_about_equal_and_depend_on_ids_alone(made: Personas) -> None:
    assert 0.42 < halves(made.frame).mean() < 0.58
    assert (halves(made.frame) == halves(made.frame)).all()
