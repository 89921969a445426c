"""`predict` in the engine: nothing of the future is seen, windows have closed, what does not help is not offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import Evaluation
from satsuma.evaluation.roster import some_customers
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from satsuma.language.reference import Customer, Event
from satsuma.traits import predictions
from small_world import checked, fill, moment_of, run

NOW = datetime(2024, 12, 31, 12)
MOMENT = moment_of("2024-12-31T12:00:00")
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "points": TraitInfo(type="integer")},
    events={"Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")})},
)
BUYS = {"predict": {"probability_of": {"did": "Order Completed"}, "horizon": "30d", "cutoffs": 3}}


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def people_of(size: int, rate: float, seed: int = 1, *, regular: bool = False) -> list[Customer]:
    """Return customers who order at random at a rate a day over 700 days; odd ones live in FR.

    regular : those in FR order every 40 days instead, which no model of random purchases can know.
    """
    rng = np.random.default_rng(seed)
    found = []
    for number in range(size):
        country = "FR" if number % 2 else "BE"
        days = np.sort(rng.uniform(0, 700, rng.poisson(700 * rate)))
        if regular and country == "FR":
            days = np.arange(rng.uniform(0, 40), 700, 40) + rng.uniform(-1, 1)
        found.append(
            Customer(
                id=f"c{number}", traits={"country": country, "points": int(rng.integers(0, 9))},
                events=[
                    Event(name="Order Completed", time=NOW - timedelta(days=float(day)),
                          event_id=UUID(int=1000 * number + place).hex, properties={"revenue": Decimal("10")})
                    for place, day in enumerate(days)
                ],
            )
        )  # fmt: skip
    return found


def asked(engine: DuckDB, people: list[Customer], body: dict[str, Any], **options: Any) -> Evaluation:
    files = options.pop("files", {})
    fill(engine, CATALOG, people)
    return run(engine, checked({"traits/buys": body, **files}, CATALOG), MOMENT, **options)


@pytest.fixture(scope="module")
def telling(engine: DuckDB) -> tuple[list[Customer], Evaluation]:
    """A world in which country and last order together tell what no rule and no model of purchases does."""
    people = people_of(700, 0.01, regular=True)
    return people, asked(engine, people, BUYS)


def test_a_prediction_that_helps_is_offered_and_its_probabilities_are_those_of_the_world(
    telling: tuple[list[Customer], Evaluation],
) -> None:
    people, evaluation = telling
    model = evaluation.fits["buys"].model
    assert model["offered"], model["verdict"]
    assert "Order Completed expected by MBG/NBD" in model["card"]["baselines"]
    said = evaluation.columns["buys"].floats()
    french = np.array([person.traits["country"] == "FR" for person in people])
    # Whoever orders every 40 days does so in three of four windows of 30; at random it is 1 - exp(-30 x 0.01) = 0.26.
    assert said[french].mean() == pytest.approx(0.75, abs=0.08)
    assert said[~french].mean() == pytest.approx(0.26, abs=0.08)
    quiet = np.array([(NOW - max((event.time for event in person.events), default=NOW)).days for person in people])
    assert np.median(said[french & (quiet > 20)]) > 0.8
    assert np.median(said[french & (quiet < 5)]) < 0.2


def test_training_windows_have_closed_by_the_test_and_its_window_by_now(
    telling: tuple[list[Customer], Evaluation],
) -> None:
    cutoffs = [datetime.fromisoformat(text.rstrip("Z")) for text in telling[1].fits["buys"].model["cutoffs"]]
    assert cutoffs[-1] == NOW - timedelta(days=30)
    assert all(moment + timedelta(days=30) <= cutoffs[-1] for moment in cutoffs[:-1])
    assert len(set(cutoffs)) == 4


def test_a_kept_model_says_the_same_of_one_customer_as_of_everybody(
    engine: DuckDB, telling: tuple[list[Customer], Evaluation]
) -> None:
    people, first = telling
    kept = {"learned/buys": dict(first.fits["buys"].model)}
    again = asked(engine, people, BUYS, models=kept)
    alone = asked(engine, people, BUYS, models=kept, roster=some_customers(np.array([5], np.uint32)))
    assert again.columns["buys"].floats() == pytest.approx(first.columns["buys"].floats())
    assert alone.columns["buys"].floats()[0] == pytest.approx(first.columns["buys"].floats()[5])
    assert not again.fits["buys"].traits
    assert again.fits["buys"].model["drift"]["sentence"]


def test_events_after_a_cutoff_change_nothing_that_is_seen_at_it(engine: DuckDB) -> None:
    people = people_of(60, 0.02)
    definitions = checked({"traits/buys": BUYS}, CATALOG)
    trait = definitions.ordered[0]
    cutoff = int((NOW - timedelta(days=60) - datetime(1970, 1, 1)) / timedelta(microseconds=1))
    seen = []
    until = NOW - timedelta(days=60)
    cut = [replace(person, events=[event for event in person.events if event.time <= until]) for person in people]
    for kept in (people, cut):
        fill(engine, CATALOG, kept)
        evaluation = evaluate(engine, definitions, AsOf(moment=MOMENT), definitions=())
        past = predictions._as_of(trait, trait.settings, cutoff, evaluation)  # type: ignore[arg-type, attr-defined]
        seen.append(predictions._sight(trait.settings, past, {"country": ["BE", "FR"]}, None))  # type: ignore[attr-defined]
    assert np.array_equal(seen[0].values, seen[1].values, equal_nan=True)
    assert all(np.array_equal(seen[0].rules[name], seen[1].rules[name], equal_nan=True) for name in seen[0].rules)


def test_where_nothing_can_be_told_nothing_is_offered_and_that_is_said(engine: DuckDB) -> None:
    people = people_of(300, 0.01, seed=4)
    evaluation = asked(engine, people, BUYS)
    assert not evaluation.columns["buys"].present.any()
    assert any("'buys' has no values" in warning and "does not beat" in warning for warning in evaluation.warnings)
    assert evaluation.fits["buys"].model["offered"] is False
    with_rule = {"predict": {**BUYS["predict"], "otherwise": "rule"}}
    said = asked(engine, people, with_rule).columns["buys"].floats()
    # 1 - exp(-30 x 0.01) = 0.26 for everybody.
    assert said.mean() == pytest.approx(0.26, abs=0.06)
    assert said.std() < 0.1


@pytest.mark.parametrize(
    ("people", "horizon", "said"),
    [
        ([], "30d", "history"),
        (people_of(50, 0.02), "400d", "needs a history of 'Order Completed' of 890 days"),
        (people_of(12, 0.02), "30d", "has no values"),
        (people_of(50, 2.0), "30d", "has no values"),
    ],
)
def test_what_cannot_be_learned_is_said(engine: DuckDB, people: list[Customer], horizon: str, said: str) -> None:
    body = {"predict": {"probability_of": {"did": "Order Completed"}, "horizon": horizon}}
    evaluation = asked(engine, people, body)
    assert not evaluation.columns["buys"].present.any()
    assert any(said in warning for warning in evaluation.warnings), evaluation.warnings


def test_only_those_in_the_named_segment_are_asked_about(engine: DuckDB) -> None:
    people = people_of(400, 0.002, regular=True)
    body = {"predict": {"probability_of": {"not_did": "Order Completed"}, "horizon": "30d",
                        "for": {"segment": "buyers"}, "otherwise": "rule"}}  # fmt: skip
    files = {"segments/buyers": {"where": {"did": "Order Completed"}}}
    evaluation = asked(engine, people, body, files=files)
    bought = [any(event.time <= NOW for event in person.events) for person in people]
    assert evaluation.columns["buys"].present.tolist() == bought
