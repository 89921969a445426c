"""`estimate` and `predict`: what is read, what is refused with which words, and what they say they mean."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all, read_text
from satsuma.language.explain import explain
from satsuma.language.leaves import measures, references

ZONE = ZoneInfo("Europe/Paris")
CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"), "age": TraitInfo(type="integer"),
        "email": TraitInfo(type="text", format="email", personal_data="user.contact.email"),
        "faith": TraitInfo(type="text", sensitive=True), "industry": TraitInfo(type="text", entity="account"),
    },
    events={
        "Order Completed": EventInfo(
            properties={"revenue": PropertyInfo(type="money"), "channel": PropertyInfo(type="text"),
                        "n": PropertyInfo(type="number")}
        ),
        "Page Viewed": EventInfo(),
    },
)  # fmt: skip


def checked(body: str, head: str = "trait: x") -> Checked:
    read = read_text(f"{head}\n{body}\n", "trait", file="traits/x.yaml", stem="x", zone=ZONE)
    return check_all(read, Vocabulary(catalog=CATALOG, zone=ZONE))


def mistakes(body: str, head: str = "trait: x") -> str:
    with pytest.raises(DefinitionError) as caught:
        checked(body, head)
    return "\n".join(str(problem) for problem in caught.value.details)


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        ("estimate: {p_alive: Order Completed}", "number"),
        ("estimate: {expected_orders: Order Completed, horizon: 90d, model: pareto_nbd, unit: day}", "number"),
        ("estimate: {expected_spend: Order Completed}", "money"),
        ("estimate: {expected_spend: Order Completed, of: n}", "number"),
        ("estimate: {clv: Order Completed, horizon: 1y, margin: 30%, discount: 0.1}", "money"),
        ("estimate: {retention: Order Completed, contract: 30d}", "number"),
        ("predict: {probability_of: {not_did: Order Completed, within: 90d}}", "number"),
        ("predict: {probability_of: {did: Order Completed, count: {gte: 2}}, horizon: 30d}", "number"),
        ("predict: {amount_of: {did: Order Completed, sum: {of: revenue}}, horizon: 30d}", "money"),
        ("predict: {amount_of: {did: Page Viewed}, horizon: 30d}", "number"),
    ],
)
def test_a_learned_trait_has_the_type_of_what_it_says(body: str, type_: str) -> None:
    trait = checked(body).ordered[0]
    assert trait.type == type_  # type: ignore[attr-defined]
    assert trait.kind == "predictive"  # type: ignore[attr-defined]
    assert ("event", "Order Completed") in {(item.kind, item.name) for item in references(trait)} or "Page" in body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("estimate: 3", "'estimate' must be written as 'key: value' lines."),
        ("estimate: {of: revenue}", "'estimate' begins with one of p_alive, expected_orders"),
        ("estimate: {p_alive: Order Completd}", "There is no event 'Order Completd'"),
        ("estimate: {clv: Order Completed}", "'clv' needs 'horizon:', how far ahead: 90d or 1y."),
        ("estimate: {clv: Order Completed, horizon: 1y, margin: 300%}", "'margin' is a share above 0 up to 1"),
        ("estimate: {clv: Order Completed, horizon: 1y, margin: 0}", "'margin' is a share above 0 up to 1"),
        ("estimate: {clv: Order Completed, horizon: 2h}", "'horizon' must be at least a day."),
        ("estimate: {p_alive: Order Completed, horizon: 1y}", "'horizon' has no meaning together with 'p_alive'"),
        ("estimate: {p_alive: Order Completed, model: arima}", "'arima' is not a model; one of mbg_nbd"),
        ("estimate: {expected_spend: Order Completed, of: channel}", "'sum' needs numbers"),
        ("estimate: {retention: Order Completed}", "'retention' needs 'contract:'"),
        ("estimate: {clv: Order Completed, horizon: 1y, contract: 30d, unit: day}", "together with 'contract'"),
        ("predict: {horizon: 30d}", "needs exactly one of 'probability_of:' and 'amount_of:'"),
        ("predict: {probability_of: {did: Order Completed}}", "'predict' needs 'horizon:'"),
        ("predict: {probability_of: {did: Order Completed, within: 30d}, horizon: 90d}", "say different things"),
        ("predict: {probability_of: {did: Order Completed, regularly: {in: 2, of_last: 3, period: week}}, horizon: 9d}",
         "'regularly' looks back"),
        ("predict: {probability_of: {did: Order Completed, this: month}, horizon: 9d}", "is not known"),
        ("predict: {probability_of: {did: Order Completed, sum: {of: revenue, gt: 3}}, horizon: 9d}",
         "works with count"),
        ("predict: {amount_of: {not_did: Order Completed}, horizon: 30d}", "'amount_of' is of events that come"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 30d, for: buyers}", "{segment: its_name}"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 30d, for: {segment: nobody}}",
         "no segment 'nobody'"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 30d, traits: [agee]}", "There is no trait 'agee'"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 30d, without: [Page Vewed]}", "'Page Vewed'"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 9000d}", "from 1 to 1,100 days"),
        ("predict: {probability_of: {did: Order Completed}, horizon: 30d, cutoffs: 0}", "'cutoffs' must be"),
        ("from: {did: Order Completed}\nestimate: {p_alive: Order Completed}", "needs exactly one of"),
        ("type: text\nestimate: {p_alive: Order Completed}", "This estimates a number, not a text."),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_a_sentence(body: str, said: str) -> None:
    assert said in mistakes(body)


def test_accounts_have_no_learned_traits() -> None:
    said = mistakes("estimate: {p_alive: Order Completed}", "trait: x\nentity: account")
    assert "'estimate' is of customers" in said


def test_traits_of_the_same_purchases_share_a_model_whatever_they_ask_of_it() -> None:
    bodies = [
        "estimate: {p_alive: Order Completed}",
        "estimate: {clv: Order Completed, horizon: 1y, margin: 30%, discount: 10%}",
        "estimate: {expected_orders: Order Completed, horizon: 90d}",
    ]
    names = {checked(body).ordered[0].settings.model_name for body in bodies}  # type: ignore[attr-defined]
    assert names == {"order_completed_mbg_nbd"}
    others = [
        "estimate: {p_alive: Order Completed, where: {prop: channel, eq: web}}",
        "estimate: {p_alive: Order Completed, unit: day}",
        "estimate: {p_alive: Order Completed, model: pareto_nbd}",
        "estimate: {retention: Order Completed, contract: 30d}",
    ]
    assert len(names | {checked(body).ordered[0].settings.model_name for body in others}) == 5  # type: ignore[attr-defined]


def test_a_prediction_looks_at_nothing_sensitive_or_personal_unasked() -> None:
    trait = checked("predict: {probability_of: {did: Order Completed}, horizon: 30d}").ordered[0]
    looked_at = {feature.trait for feature in trait.settings.features if feature.trait}  # type: ignore[attr-defined]
    assert looked_at == {"country", "age"}
    asked = "predict: {probability_of: {did: Order Completed}, horizon: 30d, traits: [faith], without: [Page Viewed]}"
    trait = checked(asked).ordered[0]
    assert {feature.trait for feature in trait.settings.features if feature.trait} == {"faith"}  # type: ignore[attr-defined]
    assert {measure.event for measure in measures(trait)} == {"Order Completed"}


def test_words_say_what_the_value_means() -> None:
    asked = checked("estimate: {clv: Order Completed, horizon: 1y, margin: 30%, discount: 10%}")
    words = explain(asked.ordered[0], asked)
    assert "expected to bring in the next 365 days (revenue), 30 % of it kept, discounted by 10 % a year" in words
    asked = checked("predict: {probability_of: {not_did: Order Completed, within: 90d}}")
    assert explain(asked.ordered[0], asked).startswith("The probability of no 'Order Completed' in the 90 days")
