"""Models as a run keeps them, read into what the report shows."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from satsuma.language.learned_traits import Estimate, Predict
from satsuma.language.types import Measure, Trait
from satsuma.language.types import Test as Asked
from satsuma.report.foresight_gather import _drift, foresight


def checked(*traits: Trait) -> Any:
    return SimpleNamespace(of=lambda kind: {trait.name: trait for trait in traits})


def trait(name: str, settings: Any) -> Trait:
    return Trait(name=name, title=f"Title of {name}", way="estimate", settings=settings)


ALIVE = trait("p_alive", Estimate(quantity="p_alive", event="Order Completed"))
RETENTION = trait("retention", Estimate(quantity="retention", event="Renewed", contract=30 * 86_400_000_000))
QUIET = trait(
    "quiet",
    Predict(
        target=Measure(event="Order Completed", aggregate="count"), test=Asked(operator="eq"),
        horizon=30 * 86_400_000_000, otherwise="rule", negated=True,
    ),
)  # fmt: skip


def purchases(**more: Any) -> dict[str, Any]:
    return {
        "method": "purchases", "event": "Order Completed", "unit": "week", "customers": 3,
        "purchases": {
            "model": "MBG/NBD",
            "estimate": {
                "names": ["r", "alpha"], "values": [0.525, math.nan], "log_likelihood": -9582.1, "notes": ["n"],
            },
        },
        "spend": {"p": 6.25, "q": 3.74, "v": 15.44, "correlation": 0.1},
        "grid": {"age_days": 10, "frequency": [0, 1], "days_since": [0, 10], "p_alive": [[None, 0.5], [0.9, None]]},
        "tracking": {"unit": "week", "periods": [1, 2], "actual": [1, 2], "expected": [1.0, 2.5]},
        "by_frequency": {
            "frequency": [0, 1], "customers": [3, 0], "actual": [0.5, None], "expected": [0.4, None],
            "total_actual": 2.0, "total_expected": 1.5,
        },
        "held_back_days": 9,
    } | more  # fmt: skip


def kept(name: str, fit: Any) -> dict[str, Any]:
    return {f"learned/{name}": {"digest": "x", "fit": fit}}


def test_a_model_of_purchases_is_read() -> None:
    found = foresight(kept("order_completed_mbg_nbd", purchases()), checked(ALIVE))
    assert found is not None
    model = found.purchases[0]
    assert model.traits == ("Title of p_alive",)
    assert model.parameters == (("r", 0.525), ("alpha", None))
    assert model.grid is not None
    # Two repeats less one is one day: a reader counts days, the literature repeats.
    assert model.grid.often == (1, 2)
    assert [row.and_more for row in model.by_frequency] == [False, True]
    assert model.spend is not None
    # Fader and Hardie's note: p v / (q - 1) at (6.25, 3.74, 15.44) is 35.22.
    assert model.spend.mean == pytest.approx(35.22, abs=0.005)


def test_parts_that_a_model_lacks_are_none() -> None:
    bare = purchases(spend=None, grid=None, tracking=None, by_frequency=None, validation_note="Too few.")
    found = foresight(kept("order_completed_mbg_nbd", bare), checked(ALIVE))
    assert found is not None
    model = found.purchases[0]
    assert (model.spend, model.grid, model.tracking, model.by_frequency) == (None, None, None, ())
    assert model.total_actual is None
    assert model.validation_note == "Too few."
    heavy = purchases(spend={"p": 6.0, "q": 0.9, "v": 15.0, "correlation": None})
    again = foresight(kept("order_completed_mbg_nbd", heavy), checked(ALIVE))
    assert again is not None
    # Up to q = 1 spend has no mean.
    assert again.purchases[0].spend is not None
    assert again.purchases[0].spend.mean is None


@pytest.mark.parametrize("models", [{}, {"learned/order_completed_mbg_nbd": {"digest": "x", "fit": None}}])
def test_without_a_fit_there_is_nothing_to_show(models: dict[str, Any]) -> None:
    assert foresight(models, checked(ALIVE)) is None


def test_renewals_count_who_came_to_each() -> None:
    # Three left at the first renewal, two at the second; four are there after one renewal, one after two.
    fit = {
        "method": "renewals", "event": "Renewed", "contract_days": 30.0, "customers": 10, "lost": [3, 2],
        "still": [4, 1], "renewals": {"model": "sBG", "alpha": 1.0, "beta": 2.0, "estimate": None},
    }  # fmt: skip
    found = foresight(kept(RETENTION.settings.model_name, fit), checked(RETENTION))
    assert found is not None
    steps = found.renewals[0].steps
    assert [(step.asked, step.renewed) for step in steps] == [(10, 7), (3, 1)]
    # (beta + t - 1) / (alpha + beta + t - 1).
    assert [step.expected for step in steps] == pytest.approx([2 / 3, 3 / 4])


def marks(lift: float, auc: float) -> dict[str, Any]:
    whole = {name: [0.5, None] for name in ("rate", "predicted", "low", "high", "gain")}
    return {"auc": {"estimate": auc}, "deciles": {"size": [10, 0], "lift": [lift, math.inf], **whole}}


def test_a_prediction_is_read_with_its_best_rule_and_without_small_groups() -> None:
    card = {
        "rows": 40, "base": 0.5, "model": marks(1.2, 0.7), "baselines": {"rule": marks(1.1, 0.6)},
        "comparisons": [{"name": "rule", "lift": {"low": 0.01}}],
        "importance": [{"name": "f", "increase": 0.1, "spread": math.nan}],
        "groups": [
            {"grouping": "g", "label": label, "rows": rows, "rate": 0.5, "mean_prediction": 0.9, "low": 0.4,
             "high": 0.6, "flagged": True}
            for label, rows in (("many", 39), ("one", 1))
        ],
        "alarms": [{"code": "level", "sentence": "Too high."}],
    }  # fmt: skip
    fit = {
        "method": "prediction", "target": "probability", "horizon_days": 30.0, "offered": True, "verdict": "It beats.",
        "cutoffs": ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"], "best_baseline": "rule",
        "card": card, "drift": None,
    }  # fmt: skip
    found = foresight(kept("quiet", fit), checked(QUIET))
    assert found is not None
    said = found.predictions[0]
    assert (said.moments, said.tested_at and said.tested_at.isoformat()) == (1, "2026-02-01T00:00:00+00:00")
    assert (said.order, said.order_of_best, said.leads_in_best_tenth) == (0.7, 0.6, True)
    assert said.about == "The probability of no 'Order Completed' in the 30 days that follow."
    assert said.tenths[1].lift is None
    # What is said of one customer would say something of that customer.
    assert [group.label for group in said.groups] == ["many"]
    assert said.alarms == ("Too high.",)
    assert said.drift == ""
    assert said.says_rule
    assert said.level_is_off


def test_of_many_features_that_moved_a_few_are_named() -> None:
    features = [{"name": f"f{number}", "word": "moved" if number < 5 else "steady"} for number in range(8)]
    drift = {"features": features, "predictions": {"word": "moved a little"}, "calibration": None}
    assert _drift(drift) == "5 of 8 features have moved (f0; f1; f2; and 2 more). The predictions have moved a little."
    assert _drift({**drift, "features": features[5:], "predictions": {"word": "steady"}}) == (
        "no feature has moved. The predictions are steady."
    )
    assert _drift(None) == ""
