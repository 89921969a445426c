"""The invented customer: nobody's record, typical, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_shop import GUESTS
from satsuma import Workspace
from satsuma.personas.build import Personas
from satsuma.personas.card import Persona
from satsuma.personas.facts import Fact
from satsuma.personas.invented import MOST_FACTS, NAMES, invent
from satsuma.personas.phrases import Wording
from satsuma.statistics.statements.questions import Amounts, levels_question, split_question

WORDING = Wording(money=lambda amount: f"€{amount:,.0f}")


def category(name: str, codes: np.ndarray, levels: int) -> Fact:
    words = tuple(f"{name}{level}" for level in range(levels))
    return Fact(name=name, title=name, topic="who", form="category", question=levels_question(codes, levels),
                levels=words)  # fmt: skip


def amounts(name: str, values: np.ndarray) -> Fact:
    return Fact(name=name, title=name, topic="value", form="amount", question=Amounts(values))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(10, 120), st.integers(1, 6))
def test_what_is_told_is_shared_by_ten_members_at_least(seed: int, size: int, many: int) -> None:
    rng = np.random.default_rng(seed)
    members = np.zeros(300, np.bool_)
    members[rng.choice(300, size, replace=False)] = True
    codes = [rng.integers(-1, 4, 300) for _ in range(many)]
    facts = [category(f"t{number}", code, 4) for number, code in enumerate(codes)]
    found = invent("somebody", facts, members, WORDING, least=10)
    if found is None:
        # Not even one level of the first fact has ten members.
        assert np.bincount(codes[0][members & (codes[0] >= 0)], minlength=4).max() < 10
        return
    shared = members.copy()
    for title, word in found.facts:
        shared &= codes[int(title[1:])] == int(word.removeprefix(title))
    assert found.shared_by == shared.sum() >= 10
    assert len(found.facts) <= MOST_FACTS


def test_it_is_typical() -> None:
    rng = np.random.default_rng(3)
    members = np.arange(500) < 200
    region = np.where(members & (rng.random(500) < 0.8), 2, rng.integers(0, 3, 500))
    spent = np.where(members, 100, 10) * rng.lognormal(0, 0.2, 500)
    found = invent("buyers", [category("region", region, 3), amounts("spent", spent)], members, WORDING)
    assert found is not None
    assert dict(found.facts)["region"] == "region2"
    assert dict(found.facts)["spent"].startswith("over ")
    assert found.name in NAMES


def test_it_is_the_same_every_time_and_another_for_another_segment() -> None:
    rng = np.random.default_rng(4)
    members = np.arange(400) < 250
    facts = [category(f"t{number}", rng.integers(0, 2, 400), 2) for number in range(4)]
    first = invent("a", facts, members, WORDING)
    assert first == invent("a", facts, members, WORDING)
    found = [invent(name, facts, members, WORDING) for name in "abcdefgh"]
    assert len({item.name for item in found if item is not None}) > 2


def test_parts_are_told_by_the_largest_and_amounts_in_bands() -> None:
    members = np.ones(40, np.bool_)
    events = np.repeat(np.arange(40), 3)
    parts = Fact(
        name="Order Completed.hour", title="Hour", topic="when", form="parts", levels=("early", "late"),
        question=split_question(events, np.tile([1, 1, 0], 40), 1.0, 2, 40),
    )  # fmt: skip
    same = amounts("orders", np.repeat([1.0, 1.0, 1.0, 9.0], 10))
    found = invent("x", [parts, same], members, WORDING)
    assert found is not None
    assert found.facts == (("Hour", "mostly late"), ("orders", "up to 1"))


def test_no_exact_amount_and_no_id_is_told(shop: Workspace, made: Personas, cards: dict[str, Persona]) -> None:
    guests = cards["guests"].invented
    assert guests is not None
    titles = {fact.title for fact in made.facts}
    assert {title for title, _ in guests.facts} <= titles
    assert guests.shared_by >= 10
    told = " ".join(value for _, value in guests.facts)
    assert not any(f"c{number}" in told.split() for number in range(GUESTS))
    said = {item.title for item in (*cards["guests"].statements, *cards["guests"].by_definition)}
    assert {title for title, _ in guests.facts} <= said


@pytest.mark.parametrize("size", [0, 9])
def test_of_fewer_than_ten_nobody_is_invented(size: int) -> None:
    members = np.arange(300) < size
    assert invent("few", [category("t", np.zeros(300, np.int64), 1)], members, WORDING) is None
