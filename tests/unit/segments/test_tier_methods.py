"""`value` and `prediction`: who is in which tier, what each holds, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from satsuma.catalog import Catalog, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import DefinitionError
from satsuma.evaluation.context import Evaluation
from satsuma.language.reference import Customer
from small_world import checked, fill, moment_of, run

MOMENT = moment_of("2024-07-01T12:00:00")
CATALOG = Catalog(traits={"worth": TraitInfo(type="number"), "risk": TraitInfo(type="number"),
                          "name": TraitInfo(type="text")})  # fmt: skip
PEOPLE = [
    Customer(id=f"c{number}", traits={"worth": worth, "risk": risk})
    for number, (worth, risk) in enumerate([(50, 0.9), (30, 0.1), (10, 0.5), (5, 0.2), (5, None), (None, 0.3)])
]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def labels(engine: DuckDB, body: dict[str, Any], **options: Any) -> tuple[list[str], Evaluation]:
    fill(engine, CATALOG, PEOPLE)
    evaluation = run(engine, checked({"segmentations/tiers": body}, CATALOG), MOMENT, **options)
    found = evaluation.labels["tiers"]
    return [found.names[code] for code in found.codes.tolist()], evaluation


def test_shares_of_value_make_tiers_from_the_top(engine: DuckDB) -> None:
    found, evaluation = labels(engine, {"method": "value", "trait": "worth"})
    assert found == ["Top", "Middle", "Low", "Low", "Low", "Unknown"]
    facts = evaluation.labels["tiers"].facts
    assert [fact["future_share"] for fact in facts] == pytest.approx([0.5, 0.3, 0.2, 0.0])
    assert facts[0]["future_value"] == pytest.approx(50)
    assert facts[0]["future_share_low"] < 0.5 < facts[0]["future_share_high"]


def test_kept_borders_do_not_move_with_the_customers(engine: DuckDB) -> None:
    _, first = labels(engine, {"method": "value", "trait": "worth", "shares": ["50%"]})
    model = first.labels["tiers"].model
    assert model is not None
    assert model["cuts"] == [50]
    found, again = labels(engine, {"method": "value", "trait": "worth", "shares": ["50%"]},
                          models={"tiers": {**model, "cuts": [10]}})  # fmt: skip
    assert found == ["Top", "Top", "Top", "Rest", "Rest", "Unknown"]
    assert not again.labels["tiers"].refitted


def test_amounts_and_quantiles_count_from_the_bottom(engine: DuckDB) -> None:
    found, _ = labels(engine, {"method": "value", "trait": "worth", "cuts": [10, 50]})
    assert found == ["50 and over", "10 to under 50", "10 to under 50", "Under 10", "Under 10", "Unknown"]
    found, _ = labels(engine, {"method": "value", "trait": "worth", "quantiles": 2, "labels": ["low", "high"]})
    assert found[:2] == ["high", "high"]
    assert found[5] == "Unknown"


def test_probabilities_are_banded_and_gains_weighed_against_their_cost(engine: DuckDB) -> None:
    found, evaluation = labels(engine, {"method": "prediction", "trait": "risk", "cuts": ["20%", "50%"]})
    assert found == ["50 % and over", "Under 20 %", "50 % and over", "20 % to under 50 %", "Unknown",
                     "20 % to under 50 %"]  # fmt: skip
    assert evaluation.labels["tiers"].facts[2]["mean"] == pytest.approx(0.7)
    # 0.9 x 0.1 x 50 - 1 = 3.5; 0.1 x 0.1 x 30 - 1 < 0; 0.5 x 0.1 x 10 - 1 < 0.
    found, _ = labels(
        engine, {"method": "prediction", "trait": "risk", "gain": {"value": "worth", "effect": "10%", "cost": 1}}
    )
    assert found == ["Brings more than it costs", *["Costs more than it brings"] * 3, "Unknown", "Unknown"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"method": "value"}, "needs 'trait:'"),
        ({"method": "value", "trait": "worth", "shares": [0.8, 0.5]}, "must ascend"),
        ({"method": "value", "trait": "worth", "shares": ["120%"]}, "between 0 and 100 %"),
        ({"method": "value", "trait": "worth", "shares": ["50%"], "cuts": [1]}, "not both"),
        ({"method": "value", "trait": "name"}, "needs a number; 'name' is a text"),
        ({"method": "value", "trait": "worth", "labels": ["a"]}, "There are 3 groups and 1 labels"),
        ({"method": "prediction", "trait": "risk"}, "needs one of 'cuts: [10%, 30%]'"),
        ({"method": "prediction", "trait": "risk", "cuts": ["a"]}, "'cuts' is a list of numbers"),
        ({"method": "prediction", "trait": "risk", "gain": {"vlue": "worth"}}, "is not known in 'gain'"),
        ({"method": "prediction", "trait": "risk", "gain": {"value": "wrth"}}, "There is no trait 'wrth'"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(body: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        checked({"segmentations/tiers": body}, CATALOG)
    assert any(said in str(problem) for problem in caught.value.details), caught.value.details
