"""Statements as clauses, and clauses as three to five sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from satsuma.personas.card import NOTHING, Said
from satsuma.personas.facts import Fact, Topic
from satsuma.personas.phrases import Wording, level_name, share
from satsuma.personas.sentences import sentences
from satsuma.statistics.statements.questions import Amounts, levels_question
from satsuma.statistics.statements.testing import Statement

WORDING = Wording(money=lambda amount: f"€{amount:,.0f}")
STATEMENT = Statement(
    question=0, level=0, statistic="share", here=0.62, others=0.3, everybody=0.35, index=177, n=100, others_n=900,
    count=62, others_count=270, effect=0.6, low=0.4, high=0.8, log_odds=None, p=0.001, p_adjusted=0.01, first=0.6,
    held_out=0.5, held_out_here=0.6, held_out_others=0.3, held_out_p=0.002,
)  # fmt: skip
QUESTION = levels_question(np.array([0, 1, 2]), 3)


def fact(**given: Any) -> Fact:
    told: dict[str, Any] = {"name": "region", "title": "Region", "topic": "where", "form": "category",
                            "question": QUESTION, "levels": ("the South", "the North", "the West")}  # fmt: skip
    return Fact(**{**told, **given})


def amount(unit: str | None = None, **given: Any) -> Fact:
    return fact(**{"form": "amount", "levels": (), "question": Amounts(np.zeros(1)), "unit": unit, **given})


def text(of: Fact, **changes: Any) -> str:
    return WORDING.said(of, replace(STATEMENT, **changes)).text


def test_clauses_say_what_is_there_and_what_it_is_held_against() -> None:
    assert text(fact(is_home=True)) == "62 % live in the South, against 35 % of everybody"
    assert text(fact(levels=("FR", "GB", "KR"), format="country", is_home=True), level=2).startswith(
        "62 % live in South Korea"
    )
    assert text(fact(title="Plan"), level=1) == "“Plan” is “the North” for 62 %, against 35 % of everybody"
    flag = fact(form="flag", levels=("no", "yes"), title="Loyalty card")
    assert text(flag, level=1) == "“Loyalty card” is true of 62 %, against 35 % of everybody"
    some = fact(form="any", levels=("none", "some"), title="Refunds")
    assert text(some, level=1) == "62 % have “Refunds” above zero, against 35 % of everybody"
    consent = fact(form="flag", levels=("no", "yes"), title="Consent to e-mail", topic="reach")
    assert text(consent, level=1) == "62 % have given consent to e-mail, against 35 % of everybody"
    assert text(fact(form="things")) == "62 % have “the South” among “Region”, against 35 % of everybody"
    assert text(fact(topic="groups", title="RFM")) == "62 % are “the South” (RFM), against 35 % of everybody"


def test_what_there_is_less_of_is_only() -> None:
    assert text(fact(is_home=True), effect=-0.5, here=0.04, everybody=0.15) == (
        "only 4.0 % live in the South, against 15 % of everybody"
    )
    assert text(amount(title="Age"), statistic="median", here=30, everybody=40, effect=-0.5) == (
        "their median for “Age” is 30, against 40 for everybody"
    )


def test_most_of_everybody_are_held_against_the_others() -> None:
    assert text(fact(is_home=True), n=500, others_n=500).endswith("against 30 % of the others")
    parts = fact(form="parts", name="Product Purchased.category", unit="Product Purchased")
    assert text(parts, statistic="part") == "the South makes up 62 % of what they buy, against 35 % of everybody's"
    assert text(parts, statistic="part", n=500, others_n=500).endswith("against 30 % of the others'")


def test_parts_are_told_by_what_they_are_parts_of() -> None:
    hour = fact(form="parts", name="Order Completed.hour", unit="Order Completed", levels=("at night", "early"))
    assert text(hour, statistic="part") == "62 % of their orders come at night, against 35 % of everybody's"
    page = fact(form="parts", name="Page Viewed.page", unit="Page Viewed", title="Page")
    assert text(page, statistic="part").startswith("“Page” is “the South” in 62 % of their “Page Viewed” events")


@pytest.mark.parametrize(
    ("unit", "value", "title", "said"),
    [
        ("currency", 812.4, "Spent", "€812"),
        ("fraction", 0.42, "Return share", "42 %"),
        ("days", 12.34, "Tenure", "12.3 days"),
        ("days", 1, "Tenure", "1 day"),
        ("days", 12, "Days since the last order", "12"),
        ("days ago", 1234.5, "First seen", "1,234 days ago"),
        ("days ago", 1, "First seen", "1 day ago"),
        ("categories", 1, "Kinds", "1 category"),
        ("%", 3, "Discount", "3 %"),
        ("brand", 3, "Brands", "3"),
        (None, float("nan"), "Age", "–"),
    ],
)
def test_amounts_have_their_unit_unless_the_title_says_it(unit: str, value: float, title: str, said: str) -> None:
    assert WORDING.amount(amount(unit, title=title), value) == said


def test_shares_are_never_said_to_be_nothing_or_all_when_they_are_not() -> None:
    assert [share(value) for value in (0.0, 0.0004, 0.034, 0.0996, 0.345, 0.996, 0.99996, 1.0)] == [
        "0 %", "under 0.1 %", "3.4 %", "10 %", "34 %", "99.6 %", "over 99.9 %", "100 %"
    ]  # fmt: skip


def test_a_country_without_a_name_keeps_its_code() -> None:
    assert level_name(fact(format="country", levels=("QQ",)), 0) == "QQ"


def clause(topic: Topic, effect: float, words: str) -> Said:
    return Said(
        fact=words, title=words, topic=topic, level="", text=words, here="", others="", everybody="",
        numbers=replace(STATEMENT, effect=effect),
    )  # fmt: skip


def test_clauses_of_a_topic_share_a_sentence_in_the_order_of_topics() -> None:
    given = [clause("value", 0.9, "v"), clause("who", 0.8, "a"), clause("where", 0.7, "b"), clause("who", 0.6, "c")]
    assert sentences(given) == ("A; c.", "B.", "V.")


def test_there_are_no_more_than_five_sentences_and_nothing_is_lost() -> None:
    topics: tuple[Topic, ...] = ("who", "where", "what", "when", "devices", "reach", "value")
    given = [clause(topic, 1 - number / 10, topic) for number, topic in enumerate(topics)]
    found = sentences(given)
    assert len(found) == 5
    assert found[:3] == ("Who.", "Where.", "What.")
    assert all(topic in " ".join(found).lower() for topic in topics)


def test_many_clauses_of_one_topic_are_parted() -> None:
    assert len(sentences([clause("value", 0.5, word) for word in "abcdef"])) == 3
    assert sentences([clause("value", 0.5, "a"), clause("value", 0.4, "b")]) == ("A.", "B.")


def test_where_nothing_passed_that_is_said() -> None:
    assert sentences([]) == (NOTHING,)
    assert NOTHING == "Nothing that we know sets these customers apart."
