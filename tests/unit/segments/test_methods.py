"""How the methods of segmentations give their labels, on small warehouses."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

import satsuma.segments.methods  # noqa: F401  registers how segmentations are evaluated
from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.bitmaps import bitmap
from satsuma.evaluation.context import Evaluation
from satsuma.language.reference import Customer, Event
from satsuma.statistics.rfm import value_scores
from small_world import UTC_ZONE, checked, fill, moment_of, run

CATALOG = Catalog(
    traits={
        "country": TraitInfo(type="text"),
        "age": TraitInfo(type="integer"),
        "spend": TraitInfo(type="money"),
        "score": TraitInfo(type="number"),
        "birthday": TraitInfo(type="date"),
        "joined": TraitInfo(type="datetime"),
        "is_member": TraitInfo(type="boolean"),
        "income": TraitInfo(type="text"),
    },
    events={
        "Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")}),
        "Product Purchased": EventInfo(
            properties={"category": PropertyInfo(type="text"), "revenue": PropertyInfo(type="money")}
        ),
    },
)
NOW = datetime(2024, 7, 1)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


_numbers = iter(range(1, 10**9))


def order(days_ago: float, revenue: object = 10, **more: Any) -> Event:
    at = NOW - timedelta(days=days_ago)
    return event("Order Completed", at, revenue=Decimal(str(revenue)), **more)


def event(name: str, at: datetime, *, superseded_at: datetime | None = None, **properties: Any) -> Event:
    number = str(UUID(int=next(_numbers)))
    return Event(name=name, time=at, event_id=number, superseded_at=superseded_at, properties=properties)


def line(category: str | None, revenue: object = 1, days_ago: float = 5) -> Event:
    at = NOW - timedelta(days=days_ago)
    return event("Product Purchased", at, category=category, revenue=Decimal(str(revenue)))


def customer(name: str, *events: Event, erased: bool = False, seen: datetime | None = None, **traits: Any) -> Customer:
    return Customer(id=name, events=tuple(events), traits=traits, is_erased=erased, first_seen=seen)


def evaluated(engine: DuckDB, customers: list[Customer], text: str | Mapping[str, Any], **options: Any) -> Evaluation:
    """Evaluate the segmentation `s` (or several definitions)."""
    texts = {"segmentations/s": f"segmentation: s\n{text}"} if isinstance(text, str) else text
    zone = options.pop("zone", UTC_ZONE)
    fill(engine, CATALOG, customers)
    return run(engine, checked(texts, CATALOG, zone), moment_of("2024-07-01", zone), **options)


def labels_of(evaluation: Evaluation, customers: list[Customer], name: str = "s") -> dict[str, str]:
    found = evaluation.labels[name]
    assert found.codes.dtype == np.int16
    assert ((found.codes >= 0) == evaluation.population).all()
    return {
        customer.id: found.names[code]
        for customer, code in zip(customers, found.codes.tolist(), strict=True)
        if code >= 0
    }


def kept(evaluation: Evaluation, name: str = "s") -> dict[str, Any]:
    """Return the model as it comes back from its file."""
    return {name: json.loads(json.dumps(evaluation.labels[name].model))}


# ------------------------------------------------------------------------------------------------------------- bands


def test_a_cut_belongs_to_the_band_that_it_begins(engine: DuckDB) -> None:
    people = [customer(str(age), age=age) for age in (24, 25, 44, 45)] + [customer("nobody knows")]
    found = labels_of(evaluated(engine, people, "method: bands\ntrait: age\ncuts: [25, 45]\n"), people)
    assert list(found.values()) == ["Under 25", "25 to 44", "25 to 44", "45 and over", "Unknown"]


@pytest.mark.parametrize(
    ("trait", "values", "cuts", "places"),
    [
        ("age", [2, 3], "[2.5]", [0, 1]),
        ("spend", [Decimal("9.9999"), Decimal("10"), Decimal("10.0001")], "[10, 10.0001]", [0, 1, 2]),
        ("spend", [Decimal("10"), Decimal("10.0001")], "[10.00005]", [0, 1]),
        ("score", [0.1, 0.2, 0.1 + 0.2], "[0.2, 0.3]", [0, 1, 2]),
        ("birthday", [datetime(1989, 12, 31).date(), datetime(1990, 1, 1).date()], "[1990-01-01]", [0, 1]),
        # A day begins at midnight in the workspace's zone: 2024-01-01 in Paris is 23:00 UTC the day before.
        ("joined", [datetime(2023, 12, 31, 22, 59), datetime(2023, 12, 31, 23)], "[2024-01-01]", [0, 1]),
        ("age", [-(2**40), 2**40], "[0, 900000000000000000]", [0, 1]),
    ],
)  # fmt: skip
def test_cuts_are_exact_in_every_type(
    engine: DuckDB, trait: str, values: list[Any], cuts: str, places: list[int]
) -> None:
    people = [customer(f"c{place}", **{trait: value}) for place, value in enumerate(values)]
    evaluation = evaluated(
        engine, people, f"method: bands\ntrait: {trait}\ncuts: {cuts}\n", zone=ZoneInfo("Europe/Paris")
    )
    assert evaluation.labels["s"].codes.tolist() == places


def test_nobody_outside_the_population_has_a_label(engine: DuckDB) -> None:
    people = [customer("a", age=30), customer("b", erased=True, age=30), customer("c", seen=datetime(2030, 1, 1))]
    evaluation = evaluated(engine, people, "method: bands\ntrait: age\ncuts: [25]\n")
    assert evaluation.labels["s"].codes.tolist() == [1, -1, -1]


def test_quantiles_are_fitted_once_and_then_kept(engine: DuckDB) -> None:
    people = [customer(f"c{number}", age=number) for number in range(8)]
    text = "method: bands\ntrait: age\nquantiles: 4\n"
    first = evaluated(engine, people, text)
    assert first.labels["s"].codes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert first.labels["s"].refitted
    more = people + [customer(f"d{number}", age=100) for number in range(4)]
    second = evaluated(engine, more, text, models=kept(first))
    assert second.labels["s"].codes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    assert not second.labels["s"].refitted
    third = evaluated(engine, more, text, models=kept(first), refit=True)
    assert third.labels["s"].refitted
    assert Counter(third.labels["s"].codes.tolist()) == {0: 3, 1: 3, 2: 2, 3: 4}


def test_nothing_to_fit_on_leaves_no_model_behind(engine: DuckDB) -> None:
    people = [customer("a"), customer("b")]
    for text in ("method: bands\ntrait: age\nquantiles: 4\n", "method: rfm\n", "method: lifecycle\n",
                 "method: affinity\nof: category\n"):  # fmt: skip
        found = evaluated(engine, people, text).labels["s"]
        assert found.model is None
        assert not found.refitted
        assert len(set(found.codes.tolist())) == 1


def test_a_fit_on_far_fewer_customers_is_warned_about(engine: DuckDB) -> None:
    text = "method: bands\ntrait: age\nquantiles: 4\n"
    first = evaluated(engine, [customer(f"c{number}", age=number) for number in range(4)], text)
    more = [customer(f"c{number}", age=number) for number in range(9)]
    (warning,) = evaluated(engine, more, text, models=kept(first)).warnings
    assert "fitted on 4 customers" in warning
    assert "--refit" in warning


def test_a_model_of_another_form_is_fitted_anew(engine: DuckDB) -> None:
    people = [customer(f"c{number}", age=number) for number in range(4)]
    text = "method: bands\ntrait: age\nquantiles: 2\n"
    assert evaluated(engine, people, text, models={"s": {"form": 0}}).labels["s"].refitted


def test_values_are_grouped_and_all_others_are_one(engine: DuckDB) -> None:
    people = [customer(str(place), country=name) for place, name in enumerate(("FR", "BE", "LU", "DE", "fr", None))]
    text = "method: bands\ntrait: country\nvalues: {Home: FR, Near: [BE, LU, NL]}\n"
    found = labels_of(evaluated(engine, people, text), people)
    assert list(found.values()) == ["Home", "Near", "Near", "Other", "Other", "Unknown"]


@pytest.mark.parametrize(
    ("trait", "values", "written", "labels"),
    [
        ("age", [1, 2, 3], "{A: [1, 2.0], B: [3.5]}", ["A", "A", "Other"]),
        ("score", [0.1, 0.5], "{A: [0.1]}", ["A", "Other"]),
        ("spend", [Decimal("1.5"), Decimal("2")], "{A: [1.50], B: [2]}", ["A", "B"]),
        ("is_member", [True, False], "{Yes: [true], No: [false]}", ["Yes", "No"]),
        ("birthday", [datetime(2000, 2, 29).date()], "[2000-02-29]", ["2000-02-29"]),
    ],
)
def test_values_of_every_type_can_be_listed(
    engine: DuckDB, trait: str, values: list[Any], written: str, labels: list[str]
) -> None:
    people = [customer(f"c{place}", **{trait: value}) for place, value in enumerate(values)]
    evaluation = evaluated(engine, people, f"method: bands\ntrait: {trait}\nvalues: {written}\n")
    assert list(labels_of(evaluation, people).values()) == labels


def test_all_values_stand_in_their_natural_order(engine: DuckDB) -> None:
    bands = ["150K and more", "Under 15K", "25-34K", "15-24K", None]
    people = [customer(f"c{place}", income=band, age=10 - place) for place, band in enumerate(bands)]
    evaluation = evaluated(engine, people, "method: bands\ntrait: income\nvalues: all\n")
    assert evaluation.labels["s"].names == ("Under 15K", "15-24K", "25-34K", "150K and more", "Unknown")
    evaluation = evaluated(engine, people, "method: bands\ntrait: age\nvalues: all\n")
    assert evaluation.labels["s"].names == ("6", "7", "8", "9", "10", "Unknown")


def test_of_too_many_values_the_most_frequent_are_kept(engine: DuckDB) -> None:
    names = ["FR"] * 3 + ["BE"] * 2 + ["DE", "LU", None]
    people = [customer(f"c{place}", country=name) for place, name in enumerate(names)]
    text = "method: bands\ntrait: country\nvalues: all\nmost: 2\n"
    first = evaluated(engine, people, text)
    assert first.labels["s"].names == ("FR", "BE", "Other", "Unknown")
    assert list(labels_of(first, people).values()) == ["FR"] * 3 + ["BE"] * 2 + ["Other", "Other", "Unknown"]
    more = people + [customer(f"d{place}", country="DE") for place in range(9)]
    assert evaluated(engine, more, text, models=kept(first)).labels["s"].names == ("FR", "BE", "Other", "Unknown")
    assert evaluated(engine, more, text, refit=True).labels["s"].names == ("DE", "FR", "Other", "Unknown")


def test_a_value_that_reads_like_the_label_of_the_rest_counts_with_it(engine: DuckDB) -> None:
    people = [customer(f"c{place}", country=name) for place, name in enumerate(("FR", "Unknown", "Other", None))]
    found = evaluated(engine, people, "method: bands\ntrait: country\nvalues: all\n")
    assert found.labels["s"].names == ("FR", "Other", "Unknown")
    assert list(labels_of(found, people).values()) == ["FR", "Unknown", "Other", "Unknown"]


# ------------------------------------------------------------------------------------------------------------- rules


def test_the_first_rule_that_fits_wins(engine: DuckDB) -> None:
    people = [customer("a", order(1), age=70), customer("b", order(1), age=20), customer("c", age=70), customer("d")]
    text = (
        "method: rules\nrules:\n  - {label: Senior, where: {trait: age, gte: 65}}\n"
        "  - {label: Buyer, where: {did: Order Completed}}\notherwise: Nobody\n"
    )
    found = labels_of(evaluated(engine, people, text), people)
    assert found == {"a": "Senior", "b": "Buyer", "c": "Senior", "d": "Nobody"}


# --------------------------------------------------------------------------------------------------------------- rfm


def shoppers() -> list[Customer]:
    """Return 40 customers with 1 to 5 orders, and three who have none."""
    buyers = [
        customer(f"c{number:02}", *(order(number * 3 + 10 * turn, 5 + number % 7) for turn in range(1 + number % 5)))
        for number in range(40)
    ]
    return [*buyers, *(customer(f"p{number}") for number in range(3))]


def test_rfm_scores_whole_days_orders_and_money(engine: DuckDB) -> None:
    people = shoppers()
    evaluation = evaluated(engine, people, "method: rfm\n")
    scores = evaluation.labels["s"].scores
    buyers = people[:40]
    days = [min((NOW - item.time).days for item in person.events) for person in buyers]
    money = [float(sum(item.properties["revenue"] for item in person.events)) for person in buyers]
    assert scores["recency"][:40].tolist() == value_scores(days, 5, fewer_is_better=True).tolist()
    assert scores["frequency"][:40].tolist() == value_scores([len(person.events) for person in buyers], 5).tolist()
    assert scores["monetary"][:40].tolist() == value_scores(money, 5).tolist()
    assert scores["recency"][40:].tolist() == [0, 0, 0]
    assert [labels_of(evaluation, people)[f"p{number}"] for number in range(3)] == ["No orders"] * 3


def test_orders_of_one_day_tie_whatever_the_hour(engine: DuckDB) -> None:
    people = [customer(f"c{number}", order(3.1 + number / 10)) for number in range(5)]
    assert set(evaluated(engine, people, "method: rfm\n").labels["s"].scores["recency"].tolist()) == {3}


@pytest.mark.parametrize("scoring", ["values", "quantiles", "rank"])
def test_a_kept_fit_gives_the_same_labels_again(engine: DuckDB, scoring: str) -> None:
    people, text = shoppers(), f"method: rfm\nscoring: {scoring}\n"
    first = evaluated(engine, people, text)
    assert first.labels["s"].refitted
    second = evaluated(engine, people, text, models=kept(first))
    assert not second.labels["s"].refitted
    assert second.labels["s"].codes.tolist() == first.labels["s"].codes.tolist()
    assert second.labels["s"].model == kept(first)["s"]
    # Forty newcomers move nobody.
    crowd = people + [customer(f"z{number}", order(0, 999)) for number in range(40)]
    third = evaluated(engine, crowd, text, models=kept(first))
    assert third.labels["s"].codes.tolist()[: len(people)] == first.labels["s"].codes.tolist()


def test_ranks_split_ties_by_customer_id_and_no_id_stands_in_the_model(engine: DuckDB) -> None:
    people = [customer(name, order(10)) for name in ("e", "d", "c", "b", "a")]
    evaluation = evaluated(engine, people, "method: rfm\nscoring: rank\n")
    assert evaluation.labels["s"].scores["frequency"].tolist() == [5, 4, 3, 2, 1]
    assert evaluation.labels["s"].model is not None
    assert all(isinstance(border[1], int) for border in evaluation.labels["s"].model["borders"]["recency"])


def test_fixed_thresholds_need_no_fit(engine: DuckDB) -> None:
    people = [
        customer("a", order(29.9, 100), order(50, 100)),
        customer("b", order(30, 100)),
        customer("c", order(400, 1)),
    ]
    text = (
        "method: rfm\nscores: 3\nthresholds: {recency: [30d, 365d], frequency: [2, 5], monetary: [50, 200]}\n"
        "map: {Top: [R3 F2-3 M3], Rest: [R3 F2-3 M1-2, R3 F1 M1-3, R1-2 F1-3 M1-3]}\n"
    )
    evaluation = evaluated(engine, people, text)
    found = evaluation.labels["s"]
    assert (found.scores["recency"].tolist(), found.scores["frequency"].tolist()) == ([3, 2, 1], [2, 1, 1])
    assert found.scores["monetary"].tolist() == [3, 2, 1]
    assert labels_of(evaluation, people) == {"a": "Top", "b": "Rest", "c": "Rest"}
    assert found.model is None
    assert not found.refitted


def test_only_orders_of_the_window_count(engine: DuckDB) -> None:
    people = [customer("a", order(400)), customer("b", order(400), order(10), order(5)), customer("c", order(3))]
    evaluation = evaluated(engine, people, "method: rfm\nwindow: 1y\n")
    assert labels_of(evaluation, people)["a"] == "No orders"
    assert evaluation.labels["s"].scores["frequency"].tolist() == [0, 4, 2]


def test_a_superseded_order_counts_only_for_those_who_did_not_know(engine: DuckDB) -> None:
    corrected = order(10, superseded_at=NOW - timedelta(days=2))
    people = [customer("a", corrected), customer("b", order(10))]
    text = "method: rfm\n"
    assert labels_of(evaluated(engine, people, text), people)["a"] == "No orders"
    before = moment_of("2024-06-27").as_of
    assert labels_of(evaluated(engine, people, text, known_at=before), people)["a"] != "No orders"


# --------------------------------------------------------------------------------------------------------- lifecycle


def test_each_customer_is_judged_by_the_own_rhythm(engine: DuckDB) -> None:
    weekly = [customer("weekly", *(order(40 + 7 * turn) for turn in range(30)))]
    monthly = [customer("monthly", *(order(40 + 30 * turn) for turn in range(12)))]
    people = [*weekly, *monthly, customer("fresh", order(2)), customer("nobody")]
    evaluation = evaluated(engine, people, "method: lifecycle\ntypical: 30d\n")
    assert labels_of(evaluation, people) == {
        "weekly": "Lapsed", "monthly": "Active", "fresh": "New", "nobody": "Prospect",
    }  # fmt: skip
    assert evaluation.labels["s"].model is None


def test_the_typical_interval_is_fitted_and_kept(engine: DuckDB) -> None:
    people = [customer("a", order(100), order(80)), customer("b", order(100), order(60)), customer("c", order(70))]
    first = evaluated(engine, people, "method: lifecycle\n")
    assert kept(first)["s"]["typical_days"] == 30
    assert labels_of(first, people)["c"] == "Slipping"
    more = people + [customer(f"x{number}", order(300), order(1)) for number in range(2)]
    second = evaluated(engine, more, "method: lifecycle\n", models=kept(first))
    assert kept(second) == kept(first)
    assert kept(evaluated(engine, more, "method: lifecycle\n", refit=True))["s"]["typical_days"] == pytest.approx(169.5)


def test_a_day_is_one_of_the_workspaces_zone(engine: DuckDB) -> None:
    # 21:30 and 22:30 UTC are two days in Paris and one in UTC; the typical interval shows which was counted.
    first, second = datetime(2024, 6, 10, 21, 30), datetime(2024, 6, 10, 22, 30)
    people = [customer("a", event("Order Completed", first), event("Order Completed", second))]
    assert evaluated(engine, people, "method: lifecycle\n").labels["s"].model is None
    paris = evaluated(engine, people, "method: lifecycle\n", zone=ZoneInfo("Europe/Paris"))
    assert kept(paris)["s"]["typical_days"] == 1


# ---------------------------------------------------------------------------------------------------------- affinity


def tea_drinkers() -> list[Customer]:
    people = [customer(f"tea{n}", *(line("Tea") for _ in range(12)), line("Coffee")) for n in range(5)]
    people += [customer(f"mix{n}", *(line(name) for name in ("Tea", "Coffee") * 6)) for n in range(5)]
    people += [customer(f"coffee{n}", *(line("Coffee") for _ in range(12)), line(None)) for n in range(5)]
    return [*people, customer("few", line("Tea"), line("Tea")), customer("none")]


def test_a_favourite_needs_evidence(engine: DuckDB) -> None:
    people = tea_drinkers()
    evaluation = evaluated(engine, people, "method: affinity\nof: category\n")
    found = labels_of(evaluation, people)
    assert {label for name, label in found.items() if name.startswith("tea")} == {"Tea"}
    assert {label for name, label in found.items() if name.startswith("coffee")} == {"Coffee"}
    others = {label for name, label in found.items() if name.startswith(("mix", "few", "none"))}
    assert others == {"No clear preference"}
    model = kept(evaluation)["s"]
    # Five times 12 and 6, and 2; five times 1, 6 and 12. The line without a category counts nowhere.
    assert dict(zip(model["categories"], model["shares"], strict=True)) == pytest.approx(
        {"Coffee": 95 / 187, "Tea": 92 / 187}
    )


def test_base_shares_are_kept(engine: DuckDB) -> None:
    people, text = tea_drinkers(), "method: affinity\nof: category\n"
    first = evaluated(engine, people, text)
    crowd = people + [customer(f"x{n}", *(line("Cake") for _ in range(20))) for n in range(9)]
    second = evaluated(engine, crowd, text, models=kept(first))
    assert second.labels["s"].names == first.labels["s"].names
    assert not second.labels["s"].refitted
    assert "Cake" in evaluated(engine, crowd, text, refit=True).labels["s"].names


def test_only_the_largest_categories_are_listed(engine: DuckDB) -> None:
    people = [customer("a", *(line(f"c{n}") for n in range(6) for _ in range(6 - n)))]
    found = evaluated(engine, people, "method: affinity\nof: category\nmost: 3\n").labels["s"]
    assert found.names == ("c0", "c1", "c2", "No clear preference")
    assert found.model is not None
    assert found.model["shares"] == pytest.approx([6 / 21, 5 / 21, 4 / 21])


def test_money_weighs_what_was_bought(engine: DuckDB) -> None:
    # Many small teas and as many dear coffees: by lines nothing stands out, by money coffee does.
    people = [customer("a", *(line("Tea", 1) for _ in range(10)), *(line("Coffee", 9) for _ in range(10)))]
    people += [customer(f"b{n}", *(line("Tea", 5) for _ in range(10)), *(line("Coffee", 5) for _ in range(10)))
               for n in range(9)]  # fmt: skip
    by_count = evaluated(engine, people, "method: affinity\nof: category\n")
    assert labels_of(by_count, people)["a"] == "No clear preference"
    by_money = evaluated(engine, people, "method: affinity\nof: category\nby: revenue\n")
    assert labels_of(by_money, people)["a"] == "Coffee"


def test_lines_outside_the_window_show_no_preference(engine: DuckDB) -> None:
    people = [customer("a", *(line("Tea", days_ago=100) for _ in range(10)), line("Coffee"))]
    people += [customer("b", *(line("Coffee") for _ in range(10)))]
    found = evaluated(engine, people, "method: affinity\nof: category\nwindow: 30d\n").labels["s"]
    assert found.names == ("Coffee", "No clear preference")


# ------------------------------------------------------------------------------------------------------------- cross


def crossed(most: int = 60) -> dict[str, str]:
    return {
        "segmentations/s": f"segmentation: s\nmethod: cross\nof: [ages, lands]\nmost: {most}\n",
        "segmentations/ages": "segmentation: ages\nmethod: bands\ntrait: age\ncuts: [40]\nlabels: [Young, Old]\n",
        "segmentations/lands": "segmentation: lands\nmethod: bands\ntrait: country\nvalues: [FR, BE]\n",
        "segments/young_french": "segment: young_french\nwhere: {segmentation: s, is: Young / FR}\n",
    }


def test_the_combinations_that_occur_are_labels_in_the_order_of_their_parts(engine: DuckDB) -> None:
    ages = {"a": (50, "BE"), "b": (20, "FR"), "c": (20, "XX"), "d": (20, "FR"), "e": (None, None)}
    people = [customer(name, age=age, country=country) for name, (age, country) in ages.items()]
    evaluation = evaluated(engine, people, crossed())
    assert evaluation.labels["s"].names == ("Young / FR", "Young / Other", "Old / BE", "Unknown / Unknown")
    assert labels_of(evaluation, people)["c"] == "Young / Other"
    assert evaluation.labels["s"].model is None
    assert list(bitmap(evaluation.members["young_french"])) == [1, 3]


def test_of_too_many_combinations_the_largest_are_kept(engine: DuckDB) -> None:
    ages = {"a": (50, "BE"), "b": (20, "FR"), "c": (20, "FR"), "d": (50, "FR"), "e": (50, "FR"), "f": (None, None)}
    people = [customer(name, age=age, country=country) for name, (age, country) in ages.items()]
    first = evaluated(engine, people, crossed(most=2))
    assert first.labels["s"].names == ("Young / FR", "Old / FR", "Other")
    assert labels_of(first, people)["f"] == "Other"
    crowd = people + [customer(f"x{number}", age=50, country="BE") for number in range(9)]
    second = evaluated(engine, crowd, crossed(most=2), models=kept(first))
    assert second.labels["s"].names == ("Young / FR", "Old / FR", "Other")
    assert labels_of(second, crowd)["x0"] == "Other"


def test_an_empty_warehouse_has_no_labels_to_give(engine: DuckDB) -> None:
    bands = ("method: bands\ntrait: country\nvalues: all\n", "method: bands\ntrait: age\nquantiles: 4\n")
    for text in ("method: rfm\n", "method: lifecycle\n", "method: affinity\nof: category\n", *bands):
        assert len(evaluated(engine, [], text).labels["s"].codes) == 0
    assert len(evaluated(engine, [], crossed()).labels["s"].codes) == 0
