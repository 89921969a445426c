"""The models that a run keeps, read into what the report shows of them: parameters, tables and counts, never a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from satsuma.evaluation.context import stored_name
from satsuma.language.checker import Checked
from satsuma.language.learned_traits import Estimate, Predict
from satsuma.language.learned_traits.predict import PredictWay
from satsuma.language.types import Trait
from satsuma.report.foresight import (
    AliveGrid,
    Foresight,
    FrequencyRow,
    GroupFit,
    Need,
    Prediction,
    PurchaseModel,
    RenewalModel,
    RenewalStep,
    SpendModel,
    Tenth,
    Tracking,
)
from satsuma.statistics.purchases.renewals import Renewals
from satsuma.traits.models import learned_traits

#: Groups of fewer customers prove nothing, and would say too much of somebody.
SMALLEST_GROUP = 30
#: Features named among those that have moved.
NAMED_FEATURES = 3
#: Renewals shown; later ones are of few.
MOST_RENEWALS = 12


def foresight(models: Mapping[str, Any], checked: Checked) -> Foresight | None:
    """Return what the models of learned traits say, in the order of the definitions; None where there is none."""
    readers: dict[str, list[Trait]] = {}
    for name, trait in learned_traits(checked):
        readers.setdefault(name, []).append(trait)
    purchases, renewals, predictions = [], [], []
    for name, traits in readers.items():
        fit = models.get(stored_name(name), {}).get("fit")
        method = "" if not fit else fit.get("method")
        if method == "purchases":
            purchases.append(_purchases(name, fit, traits))
        elif method == "renewals":
            renewals.append(_renewals(name, fit, traits))
        elif method == "prediction":
            predictions.append(_prediction(name, fit, traits[0]))
    if not (purchases or renewals or predictions):
        return None
    return Foresight(purchases=tuple(purchases), renewals=tuple(renewals), predictions=tuple(predictions))


# ---------------------------------------------------------------------------------------------------------- purchases


def _purchases(name: str, fit: Mapping[str, Any], traits: Sequence[Trait]) -> PurchaseModel:
    bought = fit["purchases"]
    estimate = bought.get("estimate") or {}
    parameters = zip(estimate.get("names", ()), estimate.get("values", ()), strict=False)
    table = fit.get("by_frequency") or {}
    return PurchaseModel(
        name=name,
        event=fit["event"],
        model=bought["model"],
        customers=fit["customers"],
        unit=fit["unit"],
        traits=_titles(traits),
        parameters=tuple((letter, _number(value)) for letter, value in parameters),
        log_likelihood=_number(estimate.get("log_likelihood")),
        notes=tuple(estimate.get("notes", ())),
        grid=_grid(fit.get("grid")),
        tracking=_tracking(fit.get("tracking")),
        by_frequency=_by_frequency(table),
        held_back_days=fit.get("held_back_days") or 0,
        total_actual=_number(table.get("total_actual")),
        total_expected=_number(table.get("total_expected")),
        validation_note=fit.get("validation_note") or "",
        spend=_spend(fit.get("spend")),
    )


def _grid(grid: Mapping[str, Any] | None) -> AliveGrid | None:
    if not grid:
        return None
    return AliveGrid(
        age_days=grid["age_days"],
        # The literature counts repeats; a reader counts days with a purchase.
        often=tuple(repeats + 1 for repeats in grid["frequency"]),
        days_since=tuple(grid["days_since"]),
        alive=tuple(tuple(_number(cell) for cell in row) for row in grid["p_alive"]),
    )


def _tracking(found: Mapping[str, Any] | None) -> Tracking | None:
    if not found or not found["periods"]:
        return None
    return Tracking(
        unit=found["unit"],
        periods=tuple(found["periods"]),
        actual=tuple(_number(value) for value in found["actual"]),
        expected=tuple(_number(value) for value in found["expected"]),
    )


def _by_frequency(table: Mapping[str, Any]) -> tuple[FrequencyRow, ...]:
    repeats = table.get("frequency", ())
    return tuple(
        FrequencyRow(
            repeats=number,
            and_more=number == repeats[-1],
            customers=table["customers"][place],
            actual=_number(table["actual"][place]),
            expected=_number(table["expected"][place]),
        )
        for place, number in enumerate(repeats)
    )


def _spend(found: Mapping[str, Any] | None) -> SpendModel | None:
    if not found:
        return None
    p, q, v = (_number(found.get(letter)) for letter in "pqv")
    # E(Z) = p v / (q - 1), which exists for q > 1 only.
    mean = p * v / (q - 1) if p is not None and q is not None and v is not None and q > 1 else None
    return SpendModel(mean=mean, correlation=_number(found.get("correlation")))


def _renewals(name: str, fit: Mapping[str, Any], traits: Sequence[Trait]) -> RenewalModel:
    lost, still = fit["lost"], fit["still"]
    fitted = Renewals.from_dict(fit["renewals"])
    steps = []
    for number in range(min(len(lost), MOST_RENEWALS)):
        # `still[k]` has renewed k + 1 times, so that it came to that renewal and passed it.
        renewed = sum(lost[number + 1 :]) + sum(still[number:])
        asked = sum(lost[number:]) + sum(still[number:])
        if asked:
            expected = _number(float(fitted.retention_rate(number + 1)))
            steps.append(RenewalStep(renewal=number + 1, asked=asked, renewed=renewed, expected=expected))
    return RenewalModel(
        name=name,
        event=fit["event"],
        contract_days=fit["contract_days"],
        customers=fit["customers"],
        traits=_titles(traits),
        steps=tuple(steps),
    )


# -------------------------------------------------------------------------------------------------------- predictions


def _prediction(name: str, fit: Mapping[str, Any], trait: Trait) -> Prediction:
    card, settings = fit["card"], trait.settings
    best = fit.get("best_baseline") or ""
    is_amount = fit["target"] == "amount"
    compared = next((item for item in card["comparisons"] if item["name"] == best), None)
    cutoffs = fit["cutoffs"]
    groups = [item for item in card.get("groups", ()) if item["rows"] >= SMALLEST_GROUP]
    return Prediction(
        name=name,
        title=trait.title or name,
        about=next(iter(PredictWay().explain(settings)), "") if isinstance(settings, Predict) else "",
        is_amount=is_amount,
        is_money=is_amount and bool(getattr(settings, "money", False)),
        horizon_days=fit["horizon_days"],
        moments=max(len(cutoffs) - 1, 0),
        tested_at=datetime.fromisoformat(cutoffs[-1]) if cutoffs else None,
        customers=card["rows"],
        base=_number(card["base"]),
        is_offered=bool(fit["offered"]),
        says_rule=getattr(settings, "otherwise", "") == "rule",
        verdict=fit.get("verdict") or "",
        best_baseline=best,
        leads_in_best_tenth=compared is not None and (_number(compared["lift"]["low"]) or 0.0) > 0,
        level_is_off=any(item["code"] == "level" for item in card.get("alarms", ())),
        order=_order(card["model"]),
        order_of_best=_order(card["baselines"].get(best)),
        tenths=_tenths(card["model"]),
        baseline_tenths=_tenths(card["baselines"].get(best)),
        needs=tuple(
            Need(feature=item["name"], increase=_number(item["increase"]) or 0.0, spread=_number(item.get("spread")))
            for item in card.get("importance", ())
        ),
        groups=tuple(
            GroupFit(
                grouping=item["grouping"],
                label=item["label"],
                customers=item["rows"],
                rate=_number(item["rate"]),
                predicted=_number(item["mean_prediction"]),
                low=_number(item["low"]),
                high=_number(item["high"]),
                fails=bool(item["flagged"]),
            )
            for item in groups
        ),
        alarms=tuple(item["sentence"] for item in card.get("alarms", ())),
        drift=_drift(fit.get("drift")),
    )


def _drift(found: Mapping[str, Any] | None) -> str:
    """Return what has moved in a few words: of fifty features all names would not be read."""
    if not found:
        return ""
    features = found["features"]
    moved = [item["name"] for item in features if item["word"] == "moved"]
    named = "; ".join(moved[:NAMED_FEATURES])
    more = f"; and {len(moved) - NAMED_FEATURES} more" if len(moved) > NAMED_FEATURES else ""
    of = f"{len(moved)} of {len(features)} features"
    words = [f"{of} have moved ({named}{more})." if moved else "no feature has moved."]
    words.append(f"The predictions {_moved(found['predictions']['word'])}.")
    calibration = found.get("calibration")
    if calibration:
        words.append(calibration["sentence"])
    return " ".join(words)


def _moved(word: str) -> str:
    return "are steady" if word == "steady" else f"have {word}"


def _order(marks: Mapping[str, Any] | None) -> float | None:
    if not marks:
        return None
    return _number(marks["auc"]["estimate"] if "auc" in marks else marks.get("gini"))


def _tenths(marks: Mapping[str, Any] | None) -> tuple[Tenth, ...]:
    found = (marks or {}).get("deciles")
    if not found:
        return ()
    names = ("rate", "predicted", "low", "high", "lift", "gain")
    return tuple(
        Tenth(size=size, **{name: _number(found[name][place]) for name in names})
        for place, size in enumerate(found["size"])
    )


# ------------------------------------------------------------------------------------------------------------ shared


def _titles(traits: Sequence[Trait]) -> tuple[str, ...]:
    kept = [trait for trait in traits if isinstance(trait.settings, Estimate)]
    return tuple(trait.title or trait.name for trait in kept)


def _number(value: Any) -> float | None:
    """Return a number that can be shown, or None."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
