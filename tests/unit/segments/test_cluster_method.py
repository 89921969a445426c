"""`method: clusters`: planted groups are found, kept, renamed, carried over; and where there are none it is said."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from satsuma.catalog import Catalog, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.reference import Customer
from small_world import checked, fill, moment_of, run

MOMENT = moment_of("2024-07-01T12:00:00")
CATALOG = Catalog(
    traits={
        "orders": TraitInfo(type="number", title="Orders"), "basket": TraitInfo(type="money", title="Average basket"),
        "channel": TraitInfo(type="text", title="Channel"), "noise": TraitInfo(type="number"),
        "region": TraitInfo(type="text"),
    }
)  # fmt: skip
SIZES = (160, 100, 60)


def people(seed: int = 3) -> tuple[list[Customer], list[int]]:
    """Return three planted groups in any order, ten customers without values, and the true group of each (-1: none)."""
    rng = np.random.default_rng(seed)
    truth = [group for group, size in enumerate(SIZES) for _ in range(size)] + [-1] * 10
    rng.shuffle(truth)
    made = []
    for number, group in enumerate(truth):
        traits: dict[str, Any] = {"region": ("north", "south", "west")[group] if rng.random() < 0.85 else "north"}
        if group >= 0:
            traits |= {
                "orders": float(rng.normal((2, 10, 18)[group], 1.2)),
                "basket": Decimal(f"{rng.normal((80, 20, 50)[group], 4):.2f}"),
                "channel": ("shop", "web", "web")[group],
                "noise": float(rng.normal()),
            }
        made.append(Customer(id=f"c{number:03d}", traits=traits))
    return made, truth


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    fill(warehouse, CATALOG, people()[0])
    yield warehouse
    warehouse.close()


def grouped(engine: DuckDB, body: dict[str, Any], **options: Any) -> tuple[Labels, Evaluation]:
    given = {"traits": ["orders", "basket", "channel"], "groups": {"from": 2, "to": 4}, **body}
    definitions = checked({"segmentations/s": {"method": "clusters", **given}}, CATALOG)
    evaluation = run(engine, definitions, MOMENT, **options)
    return evaluation.labels["s"], evaluation


def agrees(labels: Labels, truth: list[int]) -> bool:
    """Whether the labels are the planted groups, under whatever names."""
    pairs = set(zip(labels.codes.tolist(), truth, strict=True))
    return len(pairs) == len(set(truth)) == len(set(labels.codes.tolist()))


@pytest.mark.parametrize(("using", "groups"), [("auto", {"from": 2, "to": 6}), ("prototypes", 3)])
def test_planted_groups_are_found_and_called_by_what_sets_them_apart(engine: DuckDB, using: str, groups: Any) -> None:
    labels, evaluation = grouped(engine, {"using": using, "groups": groups})
    assert agrees(labels, people()[1])
    assert labels.names[-1] == "Unknown"
    assert [labels.names[code] for code, true in zip(labels.codes, people()[1], strict=True) if true == -1] == [
        "Unknown"
    ] * 10
    model = labels.model
    assert model is not None
    assert model["choice"]["verdict"] == "natural"
    assert evaluation.warnings == []
    first = model["groups"][0]
    assert first["name"] == labels.names[0]
    assert first["share"] == pytest.approx(160 / 320)
    assert "shop" in first["name"].lower() or "basket" in first["name"].lower()
    told = {item["trait"]: item for item in first["differs"]}
    assert told["orders"]["inside"] == pytest.approx(2, abs=0.4)
    assert told["orders"]["effect"] < 0


def test_labels_come_from_what_is_kept_whoever_else_there_is(engine: DuckDB) -> None:
    first, _ = grouped(engine, {})
    again, _ = grouped(engine, {}, models={"s": first.model})
    assert not again.refitted
    assert again.codes.tolist() == first.codes.tolist()
    fresh, _ = grouped(engine, {}, models={"s": first.model}, refit=True)
    assert fresh.refitted
    assert fresh.names == first.names


def test_the_order_of_rows_changes_nothing(engine: DuckDB) -> None:
    first, _ = grouped(engine, {})
    made, _ = people()
    turned = [made[place] for place in np.random.default_rng(5).permutation(len(made))]
    other = DuckDB(None)
    other.create_schema()
    fill(other, CATALOG, turned)
    second, _ = grouped(other, {})
    other.close()
    one = {item.id: first.names[code] for item, code in zip(made, first.codes, strict=True)}
    two = {item.id: second.names[code] for item, code in zip(turned, second.codes, strict=True)}
    assert one == two


def test_a_refit_keeps_the_names_of_groups_that_are_still_there(engine: DuckDB) -> None:
    first, _ = grouped(engine, {})
    assert first.model is not None
    renamed = [{**group, "name": f"Group {place}"} for place, group in enumerate(first.model["groups"])]
    fresh, _ = grouped(engine, {}, models={"s": {**first.model, "groups": renamed}}, refit=True)
    assert fresh.names[:3] == ("Group 0", "Group 1", "Group 2")


def test_people_may_call_groups_what_they_like(engine: DuckDB) -> None:
    proposed = grouped(engine, {})[0].names
    labels, evaluation = grouped(engine, {"names": {proposed[0]: "Regulars", "Nobody": "X"}})
    assert labels.names[0] == "Regulars"
    assert any("Nobody" in warning for warning in evaluation.warnings)


def test_noise_has_no_natural_groups_and_can_be_cut_all_the_same(engine: DuckDB) -> None:
    labels, evaluation = grouped(engine, {"traits": ["noise"]})
    assert labels.names == ("Everybody", "Unknown")
    assert any("no natural groups" in warning.lower() for warning in evaluation.warnings)
    cut, evaluation = grouped(engine, {"traits": ["noise"], "groups": 3})
    assert len(set(cut.codes.tolist())) == 4
    assert any("no natural groups" in warning.lower() for warning in evaluation.warnings)


def test_who_is_not_sure_is_unclear(engine: DuckDB) -> None:
    labels, _ = grouped(engine, {"traits": ["orders"], "using": "mixture", "groups": 3, "at_least": "99%"})
    assert set(labels.names[3:]) == {"Unknown", "Unclear"}
    sure = labels.scores["certainty"]
    unclear = labels.codes == labels.names.index("Unclear")
    assert unclear.any()
    assert sure[unclear].max() <= 99
    assert sure[labels.codes < 3].min() >= 98


def test_groups_are_carried_over_only_where_that_foretells_better_than_the_largest(engine: DuckDB) -> None:
    labels, _ = grouped(engine, {"carry_over": {"traits": ["region"], "at_least": "40%"}})
    model = labels.model
    assert model is not None
    card = model["carry_over"]["card"]
    assert card["helps"]
    assert card["accuracy"] > card["largest"] + 0.1
    assert labels.scores["carried"].sum() == 10
    labels, evaluation = grouped(engine, {"carry_over": {"traits": ["noise"]}})
    assert labels.model is not None
    assert not labels.model["carry_over"]["card"]["helps"]
    assert labels.scores["carried"].sum() == 0
    assert any("nobody is carried over" in warning for warning in evaluation.warnings)


def test_too_few_customers_are_no_groups(engine: DuckDB) -> None:
    other = DuckDB(None)
    other.create_schema()
    fill(other, CATALOG, people()[0][:20])
    labels, evaluation = grouped(other, {})
    other.close()
    assert labels.model is None
    assert set(labels.codes.tolist()) == {0}
    assert any("at least 50 customers" in warning for warning in evaluation.warnings)
