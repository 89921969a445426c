"""`text`: what is read, what is refused with which words, and what it says it means."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.durations import microseconds
from satsuma.language.explain import explain
from satsuma.language.learned import WAYS
from satsuma.language.leaves import references
from satsuma.language.locality import Span
from satsuma.language.moments import Moment
from satsuma.language.renaming import renamed
from satsuma.language.types import Trait
from satsuma.traits.models import model_digests

ZONE = ZoneInfo("Europe/Paris")
CATALOG = Catalog(
    traits={
        "comment": TraitInfo(type="text"), "stars": TraitInfo(type="integer"), "joined": TraitInfo(type="date"),
        "industry": TraitInfo(type="text", entity="account"),
    },
    events={"Review Posted": EventInfo(properties={"text": PropertyInfo(type="text")})},
)  # fmt: skip


def checked(body: str, head: str = "trait: x") -> Checked:
    read = read_text(f"{head}\n{body}\n", "trait", file="traits/x.yaml", stem="x", zone=ZONE)
    return check_all(read, Vocabulary(catalog=CATALOG, zone=ZONE))


def trait(body: str) -> Trait:
    found = checked(body).ordered[0]
    assert isinstance(found, Trait)
    return found


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("text: {language: comment}", "text"),
        ("text: {sentiment: comment}", "number"),
        ("text: {sentiment: comment, words: vader}", "number"),
        ("text: {sentiment: comment, rating: stars, scale: [1, 5], otherwise: words, refit_every: 90d}", "number"),
        ("text: {topic: comment}", "text"),
        ('text: {topic: comment, topics: 12, names: {"parcel, late, courier": Delivery}, refit_every: 1y}', "text"),
    ],
)
def test_a_text_trait_has_the_type_of_what_it_says(body: str, type_: str) -> None:
    found = trait(body)
    assert found.type == type_
    assert found.kind == "psychographic"
    assert ("trait", "comment") in {(item.kind, item.name) for item in references(found)}
    assert explain(found, checked(body))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("text: comment", "'text' must be written as 'key: value' lines."),
        ("text: {topics: 3}", "'text' begins with one of language, sentiment, topic"),
        ("text: {topic: comment, language: comment}", "'text' begins with one of"),
        ("text: {topic: coment}", "There is no trait 'coment'"),
        ("text: {topic: stars}", "'topic' reads texts; 'stars' is an integer."),
        ("text: {sentiment: comment, rating: joined}", "'rating' is a number; 'joined' is a date."),
        ("text: {sentiment: comment, rating: strs}", "There is no trait 'strs'"),
        ("text: {sentiment: comment, scale: [1, 5]}", "'scale' is of ratings"),
        ("text: {sentiment: comment, otherwise: words}", "'otherwise' is of ratings"),
        ("text: {sentiment: comment, rating: stars, scale: [5, 1]}", "'scale' is the lowest and the highest rating"),
        ("text: {sentiment: comment, words: afinn}", "'afinn' is not a words; one of own, vader"),
        ("text: {language: comment, topics: 3}", "'topics' has no meaning together with 'language'"),
        ("text: {topic: comment, topics: 1}", "'topics' must be a whole number from 2 to 50."),
        ("text: {topic: comment, names: Delivery}", "'names' gives proposed names others"),
        ("text: {topic: comment, names: {a: 3}}", "'names' gives proposed names others"),
        ("text: {topic: comment, topcs: 3}", "'topcs' is not known in 'text'"),
        ("text: {topic: comment, refit_every: 2h}", "'refit_every' must be at least a day."),
        ("type: number\ntext: {topic: comment}", "This estimates a text, not a number."),
        ("formula: stars + 1\ntext: {topic: comment}", "needs exactly one of"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(body: str, said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        checked(body)
    assert said in "\n".join(str(problem) for problem in caught.value.details)


def test_accounts_have_no_text_traits() -> None:
    with pytest.raises(DefinitionError, match="'text' is of customers"):
        checked("text: {topic: industry}", "trait: x\nentity: account")


def test_the_name_of_a_topic_is_no_reason_to_fit_anew_and_another_number_is() -> None:
    def digest(body: str) -> dict[str, str]:
        return model_digests(checked(body))

    plain = digest("text: {topic: comment, topics: 12}")
    assert digest('text: {topic: comment, topics: 12, names: {"a, b, c": Delivery}}') == plain
    assert digest("text: {topic: comment, topics: 12, refit_every: 9d}") == plain
    assert digest("text: {topic: comment, topics: 11}") != plain


@pytest.mark.parametrize(
    ("body", "is_kept", "needed"),
    [
        ("text: {language: comment}", False, False),
        ("text: {sentiment: comment}", False, False),
        ("text: {topic: comment}", True, False),
        ("text: {topic: comment}", False, True),
        ("text: {sentiment: comment, rating: stars}", True, False),
        ("text: {sentiment: comment, rating: stars, refit_every: 7d}", True, True),
    ],
)
def test_only_a_model_that_is_due_needs_everybody(body: str, is_kept: bool, needed: bool) -> None:
    before, after = (Moment(microseconds(datetime(2024, 5, day)), ZONE) for day in (1, 2))
    settings = trait(body).settings
    assert WAYS["text"].needs_everybody(settings, Span(before, after), is_kept=is_kept) is needed


def test_a_trait_that_is_renamed_is_renamed_where_texts_are_read() -> None:
    text = "trait: x\ntext: {sentiment: said, rating: stars}\n"
    said = "trait: said\nfrom: {did: Review Posted, last: {of: text}}\n"
    parts = [
        read_text(body, "trait", file=f"traits/{stem}.yaml", stem=stem, zone=ZONE)
        for stem, body in (("x", text), ("said", said))
    ]
    whole = replace(
        parts[0], definitions=(*parts[0].definitions, *parts[1].definitions),
        documents={**parts[0].documents, **parts[1].documents},
    )  # fmt: skip
    found = check_all(whole, Vocabulary(catalog=CATALOG, zone=ZONE))
    changed = renamed(found, {"traits/x.yaml": text, "traits/said.yaml": said}, "trait", "said", "words")
    assert "sentiment: words" in changed["traits/x.yaml"]
