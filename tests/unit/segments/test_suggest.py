"""What is offered for which catalogue, and that every offer runs as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import satsuma.segments.methods  # noqa: F401  registers how segmentations are evaluated
from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.checker import Checked, Vocabulary
from satsuma.language.definitions import check_all
from satsuma.language.reference import Customer
from satsuma.segments.suggest import Suggestion, suggest
from satsuma.segments.suggestions import suggest as write_suggestions
from satsuma.traits.library import built_in_traits
from small_world import fill, moment_of, read

TEXT = PropertyInfo(type="text")
MONEY = PropertyInfo(type="money")
SHOP = Catalog(
    traits={
        "country": TraitInfo(type="text", title="Country: home", kind="geographic"),
        "city": TraitInfo(type="text"),
        "age": TraitInfo(type="integer"),
        "income": TraitInfo(type="money"),
        "gender": TraitInfo(type="text"),
        "household_size": TraitInfo(type="integer"),
        "birth_date": TraitInfo(type="date"),
        "device": TraitInfo(type="text"),
        "os": TraitInfo(type="text"),
        "industry": TraitInfo(type="text"),
        "company_size": TraitInfo(type="text"),
        "senior_citizen": TraitInfo(type="boolean"),
        "payment_method": TraitInfo(type="text"),
        "email": TraitInfo(type="text"),
        "religion": TraitInfo(type="text", sensitive=True),
        "ethnic_language": TraitInfo(type="text", sensitive=True),
        "state_of_company": TraitInfo(type="text", entity="account"),
    },
    events={
        "Order Completed": EventInfo(properties={"revenue": MONEY, "channel": TEXT, "region": TEXT}),
        "Order Refunded": EventInfo(properties={"revenue": MONEY}),
        "Product Purchased": EventInfo(
            properties={"revenue": MONEY, "product_id": TEXT, "category": TEXT, "brand": TEXT, "discount": MONEY}
        ),
    },
)


def offers(
    catalog: Catalog, existing: set[str] | frozenset[str] = frozenset(), **more: Mapping[str, int]
) -> list[Suggestion]:
    return suggest(catalog, built_in_traits(catalog), existing, **more)


def check(catalog: Catalog, found: list[Suggestion]) -> Checked:
    zone = ZoneInfo("Europe/Paris")
    texts = {offer.path.removesuffix(".yaml"): offer.text for offer in found}
    return check_all(read(texts, zone), Vocabulary(catalog=catalog, zone=zone), built_in_traits(catalog))


def names(found: list[Suggestion]) -> set[str]:
    return {offer.path.removesuffix(".yaml") for offer in found}


def test_nothing_is_offered_for_nothing() -> None:
    assert offers(Catalog()) == []


def test_orders_alone_give_value_and_lifecycle() -> None:
    found = names(offers(Catalog(events={"Order Completed": EventInfo()})))
    assert {"segmentations/rfm", "segmentations/lifecycle", "segments/first_time_buyers", "segments/champions"} <= found
    assert not found & {"segments/refunders", "segments/one_category_buyers", "segments/bargain_hunters"}


def test_a_rich_catalogue_gives_every_kind() -> None:
    found = offers(SHOP)
    assert {
        "segmentations/by_country", "segmentations/by_city", "segmentations/by_age", "segmentations/by_income",
        "segmentations/by_gender", "segmentations/by_household_size", "segmentations/by_generation",
        "segmentations/by_device", "segmentations/by_os", "segmentations/by_industry", "segmentations/by_company_size",
        "segmentations/by_senior_citizen", "segmentations/by_payment_method", "segmentations/category_affinity",
        "segmentations/brand_affinity", "traits/last_region", "segmentations/by_last_region", "segments/refunders",
        "segments/one_category_buyers", "segments/bargain_hunters", "segments/big_spenders", "segments/new_customers",
        "segments/lapsed_buyers", "segments/at_risk_loyal_buyers", "segments/repeat_buyers",
    } <= names(found)  # fmt: skip
    kinds = {definition.kind for definition in check(SHOP, found).ordered if hasattr(definition, "kind")}
    assert {"demographic", "geographic", "technographic", "firmographic", "behavioural", "value", "lifecycle"} <= kinds


def test_nothing_is_offered_on_what_is_sensitive_or_identifies_or_belongs_to_accounts() -> None:
    assert not names(offers(SHOP)) & {
        "segmentations/by_religion", "segmentations/by_ethnic_language", "segmentations/by_email",
        "segmentations/by_state_of_company",
    }  # fmt: skip


def test_every_offer_has_a_title_a_reason_and_a_comment_or_description() -> None:
    found = offers(SHOP)
    assert all(offer.title and offer.reason.endswith(".") for offer in found)
    assert all("#" in offer.text or "description:" in offer.text for offer in found if "values: all" not in offer.text)
    assert sum("# " in offer.text for offer in found) > len(found) / 2
    (country,) = [offer for offer in found if offer.path == "segmentations/by_country.yaml"]
    assert country.title == "Country: home"
    assert country.as_dict()["title"] == "Country: home"


def test_what_is_there_is_not_offered_again() -> None:
    everything = names(offers(SHOP))
    assert offers(SHOP, everything) == []
    assert "segments/buyers" not in names(offers(SHOP, {"segments/buyers"}))
    # A segment may lean on one that somebody wrote under the same name, but not on labels that nobody knows.
    assert "segments/big_spenders" in names(offers(SHOP, {"segments/buyers"}))
    assert "segments/champions" not in names(offers(SHOP, {"segmentations/rfm"}))


def test_a_trait_with_one_value_or_too_many_makes_no_groups() -> None:
    found = names(offers(SHOP, distinct={"country": 1, "city": 900, "gender": 300, "household_size": 5}))
    assert not found & {"segmentations/by_country", "segmentations/by_gender"}
    assert {"segmentations/by_city", "segmentations/by_household_size"} <= found


@pytest.mark.parametrize("left_out", [(), ("Order Refunded",), ("Product Purchased",), ("Order Completed",)])
def test_every_offer_checks_and_runs(left_out: tuple[str, ...]) -> None:
    events = {name: info for name, info in SHOP.events.items() if name not in left_out}
    catalog = Catalog(traits=SHOP.traits, events=events)
    found = check(catalog, offers(catalog))
    engine = DuckDB(None)
    fill(engine, catalog, [Customer(id="a", traits={"country": "FR"}), Customer(id="b")])
    evaluation = evaluate(engine, found, AsOf(moment=moment_of("2024-07-01")))
    engine.close()
    assert all((labels.codes >= 0).all() for labels in evaluation.labels.values())


def test_a_catalogue_in_which_a_loaded_trait_takes_a_built_in_name_still_checks() -> None:
    catalog = Catalog(traits={"orders": TraitInfo(type="text"), "revenue": TraitInfo(type="text")}, events=SHOP.events)
    assert "average_basket" not in {trait.name for trait in built_in_traits(catalog)}


def test_files_are_written_once_and_never_touched(tmp_path: Path) -> None:
    engine = DuckDB(None)
    fill(engine, SHOP, [Customer(id="a", traits={"country": "FR"}), Customer(id="b", traits={"country": "BE"})])
    (tmp_path / "segments").mkdir()
    own = tmp_path / "segments" / "buyers.yaml"
    own.write_text("segment: buyers\nwhere: {trait: orders, gte: 1}\n", encoding="utf-8")
    would = write_suggestions(engine, tmp_path, SHOP, write=False)
    assert not (tmp_path / "segmentations").exists()
    written = write_suggestions(engine, tmp_path, SHOP)
    assert written == would
    assert all((tmp_path / offer.path).read_text(encoding="utf-8") == offer.text for offer in written)
    assert own.read_text(encoding="utf-8").startswith("segment: buyers\nwhere: {trait: orders")
    assert write_suggestions(engine, tmp_path, SHOP) == []
    # Nobody has a gender in this warehouse: it makes no groups.
    assert not (tmp_path / "segmentations" / "by_gender.yaml").exists()
    engine.close()
