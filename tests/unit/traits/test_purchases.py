"""`estimate` in the engine: the same numbers as the models give when asked directly, kept, shared and replaced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import some_customers
from satsuma.language.reference import Customer, Event
from satsuma.statistics.purchases.gamma_gamma import fit_gamma_gamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd, fit_mbg_nbd
from satsuma.statistics.purchases.renewals import fit_renewals
from satsuma.statistics.purchases.simulate import simulate
from satsuma.statistics.purchases.summary import PurchaseSummary
from small_world import checked, fill, moment_of, run

NOW = datetime(2024, 12, 31, 12)
MOMENT = moment_of("2024-12-31T12:00:00")
CATALOG = Catalog(events={"Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")})})
SIZE = 400


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def order(number: int, at: datetime, revenue: float) -> Event:
    return Event(name="Order Completed", time=at, event_id=UUID(int=number).hex,
                 properties={"revenue": Decimal(str(round(revenue, 2)))})  # fmt: skip


@pytest.fixture(scope="module")
def days() -> list[np.ndarray[Any, Any]]:
    """Return the days (before the last) on which each of some invented customers bought."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(SIZE):
        age = int(rng.integers(100, 700))
        rate, alive = rng.gamma(0.8, 0.03), True
        bought = [age]
        at = float(age)
        while alive:
            at -= rng.exponential(1 / rate)
            if at < 0:
                break
            bought.append(int(at))
            alive = rng.random() > 0.15
        found.append(np.unique(bought))
    return found


@pytest.fixture(scope="module")
def people(days: list[np.ndarray[Any, Any]]) -> list[Customer]:
    rng = np.random.default_rng(12)
    mean = rng.gamma(6, 5, SIZE)
    return [
        Customer(
            id=f"c{number}",
            events=[
                order(1000 * number + place, NOW - timedelta(days=int(day), hours=int(place % 3)), mean[number] * part)
                for place, (day, part) in enumerate(zip(bought, rng.uniform(0.5, 1.5, len(bought)), strict=True))
            ],
        )
        for number, bought in enumerate(days)
    ] + [Customer(id="never")]


def histories(days: list[np.ndarray[Any, Any]]) -> tuple[Any, Any, Any]:
    x = np.array([len(bought) - 1 for bought in days])
    T = np.array([bought.max() for bought in days])
    return x, T - np.array([bought.min() for bought in days]), T


def asked(engine: DuckDB, files: dict[str, Any], people: list[Customer], **options: Any) -> Evaluation:
    fill(engine, CATALOG, people)
    return run(engine, checked({f"traits/{name}": body for name, body in files.items()}, CATALOG), MOMENT, **options)


ALL = {
    "alive": {"estimate": {"p_alive": "Order Completed"}},
    "ahead": {"estimate": {"expected_orders": "Order Completed", "horizon": "90d"}},
    "spend": {"estimate": {"expected_spend": "Order Completed"}},
    "clv": {"estimate": {"clv": "Order Completed", "horizon": "1y", "margin": 0.3, "discount": "10%"}},
}


def test_values_are_those_of_the_models_asked_directly(
    engine: DuckDB, people: list[Customer], days: list[np.ndarray[Any, Any]]
) -> None:
    evaluation = asked(engine, ALL, people)
    x, t_x, T = histories(days)
    rows, inverse = PurchaseSummary.compress(x, t_x / 7, T / 7)
    model = fit_mbg_nbd(rows)
    spent = np.array([float(sum(event.properties["revenue"] for event in person.events)) for person in people[:-1]])
    paid = fit_gamma_gamma(x + 1, spent / (x + 1))
    expected = paid.expected_spend(x + 1, spent / (x + 1))
    discounted = model.discounted_expected_purchases(
        rows, 365 / 7, yearly_discount=0.1, periods_per_year=365.25 / 7
    )[inverse]  # fmt: skip
    found = {name: evaluation.columns[name].floats() for name in ALL}
    assert found["alive"][:SIZE] == pytest.approx(model.p_alive(rows)[inverse], rel=1e-6)
    assert found["ahead"][:SIZE] == pytest.approx(model.expected_purchases(rows, 90 / 7)[inverse], rel=1e-6)
    assert found["spend"][:SIZE] == pytest.approx(expected, abs=1e-3)
    assert found["clv"][:SIZE] == pytest.approx(0.3 * discounted * expected, abs=1e-3)
    assert all(np.isnan(column[SIZE]) for column in found.values())
    assert list(evaluation.fits) == ["order_completed_mbg_nbd"]
    assert evaluation.fits["order_completed_mbg_nbd"].traits == set(ALL)


def test_a_kept_model_gives_the_same_to_everybody_and_to_one(engine: DuckDB, people: list[Customer]) -> None:
    first = asked(engine, ALL, people)
    kept = {f"learned/{name}": dict(fit.model) for name, fit in first.fits.items()}
    fewer = people[:50]
    again = asked(engine, ALL, fewer, models=kept)
    alone = asked(engine, ALL, fewer, models=kept, roster=some_customers(np.array([7], np.uint32)))
    for name in ALL:
        assert again.columns[name].floats() == pytest.approx(first.columns[name].floats()[:50], nan_ok=True)
        assert alone.columns[name].floats()[0] == pytest.approx(first.columns[name].floats()[7], nan_ok=True)
    assert all(not fit.traits for fit in again.fits.values())


def test_a_model_is_fitted_anew_when_asked_and_when_it_is_old(engine: DuckDB, people: list[Customer]) -> None:
    first = asked(engine, {"alive": ALL["alive"]}, people)
    (name,) = first.fits
    old = dict(first.fits[name].model)
    kept = {f"learned/{name}": old}
    asked_for = asked(engine, {"alive": ALL["alive"]}, people, models=kept, refit=frozenset({f"learned/{name}"}))
    assert asked_for.fits[name].traits == {"alive"}
    assert asked_for.fits[name].model["compared"]["old"] >= 0
    body = {"estimate": {"p_alive": "Order Completed", "refit_every": "30d"}}
    aged = {f"learned/{name}": {**old, "as_of": "2024-11-01T00:00:00Z"}}
    assert asked(engine, {"alive": body}, people, models=aged).fits[name].traits == {"alive"}
    assert not asked(engine, {"alive": body}, people, models=kept).fits[name].traits


def test_a_model_is_replaced_only_by_one_that_does_no_worse_on_later_days(
    engine: DuckDB, people: list[Customer]
) -> None:
    """`compared` holds both errors on days that neither was fitted on; the smaller one decides."""
    first = asked(engine, {"alive": ALL["alive"]}, people)
    (name,) = first.fits
    before = first.fits[name].model
    for old in (before["purchases"], MbgNbd(r=9.0, alpha=1.0, a=0.1, b=9.0).as_dict()):
        kept = {f"learned/{name}": {**before, "purchases": old, "as_of": "2024-06-01T00:00:00Z"}}
        found = asked(engine, {"alive": ALL["alive"]}, people, models=kept, refit=frozenset(kept)).fits[name]
        errors = found.model["compared"]
        stays = errors["old"] < errors["new"]
        assert found.traits == (frozenset() if stays else {"alive"})
        assert found.model["purchases"]["r"] == (old["r"] if stays else pytest.approx(before["purchases"]["r"]))
    assert not stays, "a model that is far off does not stay"


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "There are no customers"),
        ([Customer(id="a", events=[order(1, NOW - timedelta(days=9), 5)])], "bought again"),
        ([Customer(id=f"c{n}", events=[order(n, NOW - timedelta(days=9), 5)]) for n in range(9)], "bought again"),
        ([Customer(id=f"c{n}", events=[order(n, NOW, 5)]) for n in range(9)], "observed for any time"),
        ([Customer(id=f"c{n}", events=[order(9 * n, NOW - timedelta(days=9), 5),
                                       order(9 * n + 1, NOW - timedelta(days=2), 5)]) for n in range(9)],
         "same history"),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_is_said_and_nobody_has_a_value(
    engine: DuckDB, people: list[Customer], said: str
) -> None:
    evaluation = asked(engine, ALL, people)
    assert not any(evaluation.columns[name].present.any() for name in ALL)
    assert any("has no values" in warning for warning in evaluation.warnings)
    assert any(said in warning or "same history" in warning or "one and the same" in warning
               for warning in evaluation.warnings), evaluation.warnings  # fmt: skip


def test_days_and_weeks_give_the_same_answer(engine: DuckDB, people: list[Customer]) -> None:
    files = {
        "weeks": {"estimate": {"expected_orders": "Order Completed", "horizon": "90d"}},
        "days": {"estimate": {"expected_orders": "Order Completed", "horizon": "90d", "unit": "day"}},
    }
    evaluation = asked(engine, files, people)
    weeks, by_day = (evaluation.columns[name].floats() for name in files)
    assert by_day == pytest.approx(weeks, rel=1e-3, nan_ok=True)


def test_contracts_are_projected_by_those_who_left_and_those_who_stayed(engine: DuckDB) -> None:
    """Each pays every 30 days from the start; who has not paid for 38 days has left."""
    rng = np.random.default_rng(5)
    people, lost, still = [], np.zeros(40, int), np.zeros(40, int)
    for number in range(300):
        stay, paid, start = rng.beta(4, 2), 0, int(rng.integers(60, 900))
        events = [order(100 * number, NOW - timedelta(days=start), 20)]
        while True:
            at = start - 30 * (paid + 1)
            if at < 0:
                if paid:
                    still[paid] += 1
                break
            if rng.random() > stay:
                lost[paid + 1] += 1 if start - 30 * paid > 37 else 0
                break
            paid += 1
            events.append(order(100 * number + paid, NOW - timedelta(days=at), 20))
        people.append(Customer(id=f"c{number}", events=events))
    files = {
        "stays": {"estimate": {"retention": "Order Completed", "contract": "30d"}},
        "there": {"estimate": {"p_alive": "Order Completed", "contract": "30d"}},
        "worth": {"estimate": {"clv": "Order Completed", "contract": "30d", "horizon": "90d"}},
    }
    evaluation = asked(engine, files, people)
    ((_, fit),) = evaluation.fits.items()
    model = fit.model
    direct = fit_renewals(model["lost"], model["still"])
    assert model["renewals"]["alpha"] == pytest.approx(direct.alpha)
    there, stays, worth = (evaluation.columns[name].floats() for name in ("there", "stays", "worth"))
    paid = np.array([len(person.events) - 1 for person in people])
    quiet = np.array([(NOW - person.events[-1].time).days for person in people])
    assert there.tolist() == (quiet <= 37.5).astype(float).tolist()
    assert stays == pytest.approx(there * direct.retention_rate(paid + 1))
    base = direct.survival(paid)
    ahead = sum(direct.survival(paid + number) / base for number in (1, 2, 3))
    assert worth == pytest.approx(there * ahead * 20, abs=1e-3)


def test_simulated_customers_give_the_parameters_back(engine: DuckDB) -> None:
    """From events in the warehouse to estimates: r, alpha, a, b of the world within four standard errors."""
    truth = MbgNbd(r=0.6, alpha=8.0, a=0.9, b=2.5)
    rng = np.random.default_rng(21)
    weeks = rng.integers(20, 90, 1_500).astype(np.float64)
    world = simulate(truth, weeks, rng)
    people = [
        Customer(
            id=f"c{number}",
            events=[
                order(10_000 * number + place, NOW - timedelta(weeks=float(age - at)), 10)
                for place, at in enumerate([0.0, *times])
            ],
        )
        for number, (age, times) in enumerate(zip(weeks, _times(world, rng), strict=True))
    ]
    evaluation = asked(engine, {"alive": ALL["alive"]}, people)
    kept = evaluation.fits["order_completed_mbg_nbd"].model["purchases"]
    errors = dict(zip(kept["estimate"]["names"], kept["estimate"]["standard_errors"], strict=True))
    for name in ("r", "alpha"):
        assert abs(kept[name] - getattr(truth, name)) < 4 * errors[name], name


def _times(world: Any, rng: np.random.Generator) -> list[list[float]]:
    """Return when each simulated customer bought again: given the last, the others lie anywhere before it."""
    return [
        [*np.sort(rng.uniform(0, last, max(int(x) - 1, 0))).tolist(), *([float(last)] if x else [])]
        for x, last in zip(world.x, world.t_x, strict=True)
    ]
