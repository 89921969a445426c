"""`estimate` over everybody: histories of purchases, counted once each, a model fitted to the counts, and its answers.

What is read are five numbers of each customer, which the one pass over the event gives beside all else. Customers of
the same history are one row; the models see the rows and how many customers each has, and give one answer a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import ValueType
from satsuma.engines.duckdb import MONEY_SCALE
from satsuma.evaluation.calendar import local_days
from satsuma.evaluation.columns import Column, empty_column
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.scan import Chunk, Scanner, plan_scan
from satsuma.language.durations import MICROSECONDS_PER_DAY, day_number
from satsuma.language.learned_traits import Estimate
from satsuma.language.learned_traits.estimate import UNITS
from satsuma.language.moments import Moment
from satsuma.language.types import Condition, Trait
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.gamma_gamma import GammaGamma, fit_gamma_gamma
from satsuma.statistics.purchases.models import Purchases, fit, from_dict
from satsuma.statistics.purchases.renewals import Renewals, fit_renewals
from satsuma.statistics.purchases.summary import PurchaseSummary
from satsuma.statistics.purchases.validation import by_frequency, expected_tracking
from satsuma.traits.models import keep, kept_fit, new_fit, old_model

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

KINDS = {"mbg_nbd": "MBG/NBD", "bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}
DAYS_PER_YEAR = 365.25
#: Who has not renewed this part of a contract after it ended has left.
GRACE = 1.25
#: The validation period is this part of the days observed, at most a quarter of a year.
HELD_BACK, MOST_HELD_BACK = 1 / 4, 91
#: The picture of P(alive): repeat purchases up to so many, and steps of time since the last.
MOST_OFTEN, GRID = 10, 12
#: A mean P(alive) above this says that the model has seen nobody leave.
NOBODY_LEFT = 0.99
#: Periods of the tracking plot.
TRACKED = 26


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """Those who bought: their places, and x, t_x and T in whole days."""

    places: Whole
    x: Whole
    t_x: Whole
    T: Whole

    def summary(self, unit: float) -> tuple[PurchaseSummary, NDArray[np.integer]]:
        """Return the distinct histories in units of time, and the row of each customer."""
        return PurchaseSummary.compress(self.x, self.t_x / unit, self.T / unit, ticks=unit)


def estimate_column(trait: Trait, evaluation: Evaluation) -> Column:
    """Return what a model says of each customer; nobody has a value where none can be fitted, with a warning."""
    settings: Estimate = trait.settings
    type_: ValueType = "money" if settings.needs_spend and settings.money else "number"
    known = _histories(settings, evaluation)
    try:
        answer = _renewing if settings.contract is not None else _buying
        values = answer(trait, settings, known, evaluation)
    except CannotEstimate as error:
        if evaluation.roster.is_everybody:
            evaluation.warnings.append(f"The trait '{trait.name}' has no values: {error}")
        values = None
    column = empty_column(type_, evaluation.size)
    if values is None:
        return Column(type_, column.values, column.present, MONEY_SCALE if type_ == "money" else 1)
    fine = np.isfinite(values)
    places = known.places[fine]
    column.present[places] = True
    if type_ == "money":
        column.values[places] = np.rint(values[fine] * MONEY_SCALE).astype(np.int64)
        return Column("money", column.values, column.present, MONEY_SCALE)
    column.values[places] = values[fine]
    return column


# --------------------------------------------------------------------------------------------------------- histories


def _histories(settings: Estimate, evaluation: Evaluation) -> Histories:
    read = [evaluation.measure(measure) for measure in (settings.days, settings.first, settings.last)]
    return histories_of(evaluation.population, evaluation.moment, *read)


def histories_of(population: NDArray[np.bool_], moment: Moment, days: Column, first: Column, last: Column) -> Histories:
    """Return x, t_x and T: the clock is the local day, on which several purchases are one."""
    some = population & (days.values > 0)
    began, ended = (local_days(column.values, some, moment.zone)[some] for column in (first, last))
    x = days.values[some].astype(np.int64) - 1
    return Histories(np.flatnonzero(some), x, ended - began, day_number(moment.today) - began)


def _spend(settings: Estimate, known: Histories, evaluation: Evaluation) -> Floats:
    """Return the mean spend of a day with purchases, the first among them."""
    total = evaluation.measure(settings.spend)
    return np.asarray(total.values[known.places] / total.scale / (known.x + 1), np.float64)


# --------------------------------------------------------------------------------------------- customers free to leave


def _buying(trait: Trait, settings: Estimate, known: Histories, evaluation: Evaluation) -> Floats | None:
    unit = UNITS[settings.unit]
    rows, inverse = known.summary(unit)
    spend = _spend(settings, known, evaluation) if settings.needs_spend else None
    model = _purchase_model(trait, settings, known, rows, spend, evaluation)
    if model is None:
        return None
    bought: Any = from_dict(model["purchases"])
    if settings.quantity == "p_alive":
        return np.asarray(bought.p_alive(rows)[inverse], np.float64)
    if settings.quantity == "expected_orders":
        return np.asarray(bought.expected_purchases(rows, _units(settings, unit))[inverse], np.float64)
    assert spend is not None
    paid: Any = from_dict(model["spend"])
    if settings.quantity == "expected_spend":
        return _expected_spend(paid, known, spend)
    # `statistics.purchases.clv` has the spend of repeated purchases alone; here the first day tells as much as others.
    discounted = bought.discounted_expected_purchases(
        rows, _units(settings, unit), yearly_discount=settings.discount, periods_per_year=DAYS_PER_YEAR / unit
    )[inverse]
    return np.asarray(discounted * _expected_spend(paid, known, spend) * settings.margin, np.float64)


def _expected_spend(paid: GammaGamma, known: Histories, spend: Floats) -> Floats:
    is_told = spend > 0
    return paid.expected_spend(np.where(is_told, known.x + 1, 0), np.where(is_told, spend, 0.0))


def _units(settings: Estimate, unit: float) -> float:
    assert settings.horizon is not None
    return settings.horizon / MICROSECONDS_PER_DAY / unit


def _purchase_model(
    trait: Trait, settings: Estimate, known: Histories, rows: PurchaseSummary, spend: Floats | None,
    evaluation: Evaluation,
) -> Mapping[str, Any] | None:  # fmt: skip
    """Return the kept model, with what it lacks fitted on everybody; None where only some are looked at."""
    name = settings.model_name
    model = kept_fit(name, evaluation, settings.refit_every)
    lacks_spend = spend is not None and (model is None or model.get("spend") is None)
    if model is not None and not lacks_spend:
        keep(name, model, trait, evaluation, is_new=name in evaluation.fits and _was_fitted(name, evaluation))
        return model
    if not evaluation.roster.is_everybody:
        return None
    if model is None:
        bought = fit(KINDS[settings.model], rows)
        old = old_model(name, evaluation)
        model = new_fit(
            name, "purchases", rows.customers, evaluation, event=settings.event, unit=settings.unit,
            purchases=bought.as_dict(), spend=None, grid=_grid(bought, known, UNITS[settings.unit]),
            **_validated(settings, known, bought, old, evaluation),
        )  # fmt: skip
        if old is not None and model["compared"] is not None and model["compared"]["old"] < model["compared"]["new"]:
            errors = model["compared"]
            evaluation.warnings.append(
                f"The model '{name}' stays as it was: on the last {model['held_back_days']} days the new one was off "
                f"by {errors['new']:.3g} purchases a customer, the old one by {errors['old']:.3g}."
            )
            model = {**old, "compared": errors}
            keep(name, model, trait, evaluation, is_new=False)
            return model if spend is None or model.get("spend") is not None else None
        _warn_of_no_leaving(name, bought, rows, evaluation)
    if spend is not None:
        model = {**model, "spend": fit_gamma_gamma(known.x + 1, spend).as_dict()}
    keep(name, model, trait, evaluation, is_new=True)
    return model


def _was_fitted(name: str, evaluation: Evaluation) -> bool:
    """Say whether a model was fitted in this evaluation, for another trait."""
    return bool(evaluation.fits[name].traits)


def _warn_of_no_leaving(name: str, fitted: Any, rows: PurchaseSummary, evaluation: Evaluation) -> None:
    """Say when the history shows no customer leaving: P(alive) then tells nobody from anybody."""
    if float(fitted.p_alive(rows) @ rows.count) >= NOBODY_LEFT * rows.customers:
        evaluation.warnings.append(
            f"The model '{name}' finds no sign of customers leaving: as far as this history tells, all who are silent "
            "may come back, and P(alive) is near 1 for everybody. A longer history, or another model, may tell more."
        )


def _grid(fitted: Purchases, known: Histories, unit: float) -> dict[str, Any]:
    """Return P(alive) by how often and how lately, for customers as old as the one in the middle; None where neither.

    Who bought again did so after the first day; who did not bought last on it.
    """
    age = max(int(np.median(known.T)), 1)
    often = list(range(min(int(known.x.max(initial=0)), MOST_OFTEN) + 1))
    since = sorted({round(age * part / GRID) for part in range(GRID + 1)})
    cells = [(x, days) for x in often for days in since if (days < age if x else days == age)]
    x, days = (np.array(part, np.float64) for part in zip(*cells, strict=True))
    asked = PurchaseSummary.of(x, (age - days) / unit, np.full(len(x), age / unit))
    alive = dict(zip(cells, fitted.p_alive(asked).tolist(), strict=True))
    rows = [[None if (x, days) not in alive else round(alive[x, days], 4) for days in since] for x in often]
    return {"age_days": age, "frequency": often, "days_since": since, "p_alive": rows}


def _until(
    settings: Estimate, known: Histories, began: int, cut: int, evaluation: Evaluation
) -> tuple[Whole, Histories]:  # fmt: skip
    """Return how many repeat purchases each day since `began` had, and the histories as they were at the day `cut`."""
    catalog = evaluation.checked.vocabulary.catalog
    scanner = Scanner(evaluation.engine, catalog, evaluation.as_of, evaluation.roster)
    count, last = np.zeros(evaluation.size, np.int64), np.zeros(evaluation.size, np.int64)
    repeats = np.zeros(day_number(evaluation.moment.today) - began + 1, np.int64)
    read = partial(_days_read, zone=evaluation.moment.zone, where=settings.where, began=began, cut=cut)
    for low, high, (days, counted, latest) in scanner.each(plan_scan(settings.event, [settings.days], catalog), read):
        repeats[: len(days)] += days
        count[low:high], last[low:high] = counted, latest
    there = count[known.places] > 0
    places, first = known.places[there], day_number(evaluation.moment.today) - known.T[there]
    return repeats, Histories(places, count[places] - 1, last[places] - first, cut - first)


def _days_read(
    chunk: Chunk, zone: ZoneInfo, where: Condition | None, began: int, cut: int
) -> tuple[Whole, Whole, Whole]:  # fmt: skip
    """Return of a range of customers: repeat purchases by day, days with purchases up to the cut, and the last one."""
    kept = np.ones(len(chunk.time), np.bool_) if where is None else chunk.filters[where]
    day = local_days(chunk.time, kept, zone)[kept]
    customer = chunk.customer[kept].astype(np.int64) - chunk.low
    is_first = np.ones(len(day), np.bool_)
    is_first[1:] = customer[1:] != customer[:-1]
    fresh = is_first.copy()
    fresh[1:] |= day[1:] != day[:-1]
    size = chunk.high - chunk.low
    inside = fresh & (day <= cut)
    last = np.zeros(size, np.int64)
    # In the order of time: what is written last is the latest.
    last[customer[inside]] = day[inside]
    is_repeat = fresh & ~is_first & (day >= began)
    return np.bincount(day[is_repeat] - began), np.bincount(customer[inside], minlength=size), last


def _validated(
    settings: Estimate, known: Histories, fitted: Purchases, old: Mapping[str, Any] | None, evaluation: Evaluation
) -> dict[str, Any]:
    """Return how the same model does on days that it has not seen, and how it tracks all: tables of the papers.

    `compared` are the mean absolute errors of a fit on the days before, and of the model that was kept until now.
    """
    observed = int(known.T.max())
    held_back = min(int(observed * HELD_BACK), MOST_HELD_BACK)
    found: dict[str, Any] = {"tracking": None, "by_frequency": None, "compared": None, "held_back_days": held_back}
    if held_back < 1:
        return found
    unit, today = UNITS[settings.unit], day_number(evaluation.moment.today)
    periods = int(observed / unit)
    shown = list(range(1, periods, -(-periods // TRACKED)))
    began, cut = today - observed, today - held_back
    repeats, before = _until(settings, known, began, cut, evaluation)
    tracked = expected_tracking(fitted, known.T / unit, periods).expected_cumulative if periods else np.zeros(0)
    found["tracking"] = {
        "unit": settings.unit, "periods": shown,
        "actual": [int(repeats[: int(number * unit) + 1].sum()) for number in shown],
        "expected": [round(float(tracked[number - 1]), 2) for number in shown],
    }  # fmt: skip
    try:
        rows, inverse = before.summary(unit)
        calibrated = fit(KINDS[settings.model], rows)
    except CannotEstimate as error:
        return {**found, "validation_note": str(error)}
    ahead = calibrated.expected_purchases(rows, held_back / unit)[inverse]
    now = evaluation.measure(settings.days).values[before.places]
    actual = now - before.x - 1
    table = by_frequency(before.x, actual, ahead)
    if old is not None:
        known_before: Any = from_dict(old["purchases"])
        said = known_before.expected_purchases(rows, held_back / unit)[inverse]
        found["compared"] = {"new": table.mean_absolute_error, "old": float(np.abs(actual - said).mean())}
    found["by_frequency"] = {
        "frequency": table.frequency.tolist(), "customers": table.customers.tolist(),
        "actual": [None if np.isnan(value) else float(value) for value in table.actual],
        "expected": [None if np.isnan(value) else float(value) for value in table.expected],
        "total_actual": table.total_actual, "total_expected": table.total_expected,
        "correlation": table.correlation, "mean_absolute_error": table.mean_absolute_error,
    }  # fmt: skip
    return found


# ---------------------------------------------------------------------------------------------------------- contracts


def _renewing(trait: Trait, settings: Estimate, known: Histories, evaluation: Evaluation) -> Floats | None:
    assert settings.contract is not None
    days = settings.contract / MICROSECONDS_PER_DAY
    is_there = known.T - known.t_x <= GRACE * days
    spend = _spend(settings, known, evaluation) if settings.needs_spend else None
    name = settings.model_name
    model = kept_fit(name, evaluation, settings.refit_every)
    if model is None:
        if not evaluation.roster.is_everybody:
            return None
        most = int(known.x.max(initial=0)) + 1
        lost = np.bincount(known.x[~is_there], minlength=most)
        still = np.bincount(known.x[is_there], minlength=most + 1)[1:]
        fitted = fit_renewals(lost, still)
        model = new_fit(name, "renewals", len(known.x), evaluation, event=settings.event, contract_days=days,
                        renewals=fitted.as_dict(), lost=lost.tolist(), still=still.tolist())  # fmt: skip
        keep(name, model, trait, evaluation, is_new=True)
    else:
        keep(name, model, trait, evaluation, is_new=name in evaluation.fits and _was_fitted(name, evaluation))
    renewals = Renewals.from_dict(model["renewals"])
    there = is_there.astype(np.float64)
    if settings.quantity == "p_alive":
        return there
    if settings.quantity == "retention":
        return there * renewals.retention_rate(known.x + 1)
    if settings.quantity == "expected_spend":
        return spend
    assert settings.horizon is not None
    ahead = _renewals_ahead(renewals, known.x, int(settings.horizon / settings.contract), days,
                            settings.discount if settings.quantity == "clv" else 0.0)  # fmt: skip
    return there * ahead if spend is None else there * ahead * spend * settings.margin


def _renewals_ahead(renewals: Renewals, x: Whole, count: int, days: float, discount: float) -> Floats:
    """Return the expected renewals among the next `count`, each discounted: the sum of S(x + k) / S(x) d^k."""
    distinct, inverse = np.unique(x, return_inverse=True)
    base = renewals.survival(distinct)
    total = np.zeros(len(distinct))
    for number in range(1, count + 1):
        total += renewals.survival(distinct + number) / base / (1 + discount) ** (number * days / DAYS_PER_YEAR)
    return np.asarray(total[inverse], np.float64)
