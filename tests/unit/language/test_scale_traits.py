"""`scale`: what is read, what is refused with which words, what it says it means, and its one spelling."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.explain import explain
from satsuma.language.format import formatted
from satsuma.language.learned_traits import Scale
from satsuma.language.leaves import measures, references
from satsuma.language.schema_learned import scale_schema
from satsuma.language.types import Trait

ZONE = ZoneInfo("UTC")
CATALOG = Catalog(
    traits={
        **{f"o{number}": TraitInfo(type="integer") for number in range(1, 6)}, "country": TraitInfo(type="text"),
        "employees": TraitInfo(type="integer", entity="account"),
    },
    events={
        "Survey Answered": EventInfo(properties={
            "item": PropertyInfo(type="text"), "survey": PropertyInfo(type="text"),
            "score": PropertyInfo(type="number"),
        }),
    },
)  # fmt: skip


def checked(body: str, head: str = "trait: x") -> Checked:
    read = read_text(f"{head}\n{body}\n", "trait", file="traits/x.yaml", stem="x", zone=ZONE)
    return check_all(read, Vocabulary(catalog=CATALOG, zone=ZONE))


def trait(body: str) -> Trait:
    (found,) = checked(body).of(Trait).values()
    return found


def explained(body: str) -> str:
    return explain(trait(body), checked(body))


def mistakes(body: str, head: str = "trait: x") -> str:
    with pytest.raises(DefinitionError) as caught:
        checked(body, head)
    return "\n".join(str(problem) for problem in caught.value.details)


def test_the_contract_of_the_language_is_read() -> None:
    found = trait("scale: {items: [o1, o2, {reverse: o3}], of: [1, 5], min_answered: 2}")
    settings = found.settings
    assert isinstance(settings, Scale)
    assert [(item.name, item.reverse) for item in settings.items] == [("o1", False), ("o2", False), ("o3", True)]
    assert (settings.low, settings.high, settings.min_answered) == (1.0, 5.0, 2)
    assert (settings.score, settings.norm) == ("mean", "none")
    assert (found.type, found.kind) == ("number", "psychographic")
    assert {(item.kind, item.name) for item in references(found)} == {("trait", "o1"), ("trait", "o2"), ("trait", "o3")}


@pytest.mark.parametrize(("items", "least"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (10, 8)])
def test_four_of_five_items_must_be_answered_unless_said(items: int, least: int) -> None:
    names = ", ".join(f"Q{number}" for number in range(items))
    assert trait(f"scale: {{questions: [{names}], of: [1, 5]}}").settings.min_answered == least


def test_questions_read_the_last_answers_as_numbers() -> None:
    found = trait("scale: {questions: [E1, {reverse: How are you?}, 01], survey: big five, of: [0, 10], norm: t}")
    assert [item.name for item in found.settings.items] == ["E1", "How are you?", "01"]
    assert all(measure.aggregate == "last" and measure.of == "score" for measure in measures(found))
    assert len(measures(found)) == 3
    assert "'how_are_you'" in repr(measures(found)[1])
    assert {(item.kind, item.name) for item in references(found)} == {("event", "Survey Answered")}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("scale: 3", "'scale' must be written as 'key: value' lines."),
        ("scale: {of: [1, 5]}", "exactly one of 'items:' (traits) and 'questions:' (of a survey)"),
        ("scale: {items: [o1], questions: [Q1], of: [1, 5]}", "exactly one of"),
        ("scale: {items: o1, of: [1, 5]}", "'items' is a list"),
        ("scale: {items: [o1, o1], of: [1, 5]}", "'o1' is an item already"),
        ("scale: {questions: [E1, e1], of: [1, 5]}", "'e1' is an item already"),
        ("scale: {items: [o1, {revers: o2}], of: [1, 5]}", "An item is a name, or {reverse: name}"),
        ("scale: {items: [o1, [o2]], of: [1, 5]}", "An item is a name, or {reverse: name}"),
        ("scale: {items: [o1, o2]}", "'scale' needs 'of:', the lowest and the highest answer: [1, 5]."),
        ("scale: {items: [o1, o2], of: [5, 1]}", "needs 'of:'"),
        ("scale: {items: [o1, o2], of: [1, x]}", "needs 'of:'"),
        ("scale: {items: [o1, o2], of: [1, 5], min_answered: 3}", "'min_answered' must be a whole number from 1 to 2."),
        ("scale: {items: [o1, o2], of: [1, 5], norm: stanine}", "'stanine' is not a norm; one of none, t, percentile"),
        ("scale: {items: [o1, o2], of: [1, 5], score: median}", "'median' is not a score; one of mean, sum"),
        ("scale: {items: [o1, o2], of: [1, 5], survey: x}", "'survey' goes with 'questions'"),
        ("scale: {items: [o1, o2], of: [1, 5], refit_every: 30d}", "'refit_every' is of norms"),
        ("scale: {items: [o1, o2], of: [1, 5], min_answerd: 1}", "Did you mean 'min_answered'?"),
        ("scale: {items: [o1, o22], of: [1, 5]}", "There is no trait 'o22'"),
        ("scale: {items: [o1, country], of: [1, 5]}", "An item is a number; the trait 'country' is a text."),
        ("scale: {items: [o1, employees], of: [1, 5]}", "'employees' is of accounts"),
        ("scale: {items: [o1, x], of: [1, 5]}", "need each other in a circle"),
        ("scale: {items: [o1], of: [1, 5]}\nformula: o1", "exactly one of 'from:'"),
    ],
)
def test_a_mistake_gets_a_sentence(body: str, said: str) -> None:
    assert said in mistakes(body)


def test_accounts_have_no_scales() -> None:
    said = mistakes("scale: {items: [employees], of: [1, 5]}", "trait: x\nentity: account")
    assert "'scale' is of customers, who answer" in said


def test_without_a_survey_the_event_is_named() -> None:
    read = read_text("trait: x\nscale: {questions: [Q1], of: [1, 5]}\n", "trait", file="x", stem="x", zone=ZONE)
    with pytest.raises(DefinitionError) as caught:
        check_all(read, Vocabulary(catalog=Catalog(), zone=ZONE))
    assert "There is no event 'Survey Answered'" in str(caught.value.details[0])


def test_it_explains_itself() -> None:
    told = explained("scale: {items: [o1, {reverse: o2}], of: [1, 5], score: sum, norm: percentile}")
    assert "The sum of the answers 'o1' and 'o2', each from 1 to 5." in told
    assert "Turned round, 6 less the answer: 'o2'." in told
    assert "fewer than 2 of 2 has no value" in told
    assert "percentile among the respondents" in told
    assert "stay until a refit" in told
    plain = explained("scale: {questions: [Q1, Q2, Q3], of: [1, 7], norm: t}")
    assert "The mean of the last answers to 'Q1', 'Q2' and 'Q3', each from 1 to 7." in plain
    assert "T score" in plain


def test_formatting_keeps_the_meaning_and_the_comments() -> None:
    text = (
        "scale:\n  of: [1, 5]\n  items:\n  - o1  # I like it.\n  - {reverse: o2}\n"
        "trait: x\ntitle: Openness\n"
    )  # fmt: skip
    done = formatted(text, file="traits/x.yaml", stem="x", zone=ZONE)
    assert done.problem is None
    assert done.text.startswith("trait: x\ntitle: Openness\n")
    assert "# I like it." in done.text
    assert "{reverse: o2}" in done.text
    assert formatted(done.text, file="traits/x.yaml", stem="x", zone=ZONE).text == done.text


def test_the_schema_takes_what_is_right_and_refuses_what_is_not() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(json.dumps(scale_schema({})))
    right = {"items": ["o1", {"reverse": "o2"}], "of": [1, 5], "min_answered": 1, "norm": "t", "score": "sum"}
    jsonschema.validate(right, schema)
    for wrong in ({**right, "norm": "z"}, {**right, "of": [1]}, {**right, "questions": ["a"]}, {"of": [1, 5]},
                  {**right, "items": [{"revers": "o1"}]}):  # fmt: skip
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
