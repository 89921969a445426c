"""Learned traits have the same values where the rows lie elsewhere: the same histories, fits, snapshots and scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.context import Evaluation
from satsuma.language.reference import Customer, Event
from satsuma.segments import methods  # noqa: F401  registers the methods
from small_world import checked, fill, moment_of, run

NOW = datetime(2024, 12, 31, 12)
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "comment": TraitInfo(type="text"), "stars": TraitInfo(type="integer")},
    events={"Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")})},
)
FILES: dict[str, Any] = {
    "traits/p_alive": {"estimate": {"p_alive": "Order Completed"}},
    "traits/clv_1y": {"estimate": {"clv": "Order Completed", "horizon": "1y", "margin": 0.3}},
    "traits/buys": {"predict": {"probability_of": {"did": "Order Completed"}, "horizon": "30d", "cutoffs": 1,
                                "otherwise": "rule"}},
    "traits/orders_ever": {"from": {"did": "Order Completed"}},
    "traits/orders_180d": {"from": {"did": "Order Completed", "within": "180d"}},
    "traits/eager": {"scale": {"items": ["orders_ever", {"reverse": "orders_180d"}], "of": [0, 15],
                               "norm": "percentile", "min_answered": 1}},
    "traits/topic": {"text": {"topic": "comment", "topics": 2}},
    "traits/spoken": {"text": {"language": "comment"}},
    "traits/sounds": {"text": {"sentiment": "comment"}},
    "traits/learned": {"text": {"sentiment": "comment", "rating": "stars"}},
    "segmentations/tiers": {"method": "value", "trait": "clv_1y"},
    "segments/slipping": {"where": {"trait": "p_alive", "lt": 0.9}},
}  # fmt: skip


@pytest.fixture(scope="module")
def engines(request: pytest.FixtureRequest) -> Iterator[list[DuckDB]]:
    """Return a warehouse that evaluates itself, and with the option for it one that leaves it to Spark."""
    found = [DuckDB(None)]
    closing = []
    if request.config.getoption("--engine") == "spark":
        from on_spark import OnSpark

        found.append(DuckDB(None))
        closing.append(OnSpark(found[1]))
    for engine in found:
        engine.create_schema()
    yield found
    for item in (*closing, *found):
        item.close()


def _written(number: int, rng: np.random.Generator) -> dict[str, Any]:
    about = ("parcel", "courier", "box", "door") if number % 2 else ("battery", "charger", "cable", "hours")
    how = "very good and a friendly service" if number % 3 else "not good and a terrible service"
    return {
        "comment": f"The {' and the '.join(rng.permutation(about)[:3])} were {how}",
        "stars": 5 if number % 3 else 1,
    }


def people() -> list[Customer]:
    rng = np.random.default_rng(6)
    found = []
    for number in range(150):
        days = np.sort(rng.uniform(0, 400, rng.poisson(12 if number % 2 else 2)))[::-1]
        found.append(
            Customer(
                id=f"c{number}", traits={"country": "FR" if number % 2 else "BE", **_written(number, rng)},
                events=[
                    Event(name="Order Completed", time=NOW - timedelta(days=float(day)),
                          event_id=UUID(int=1000 * number + place).hex,
                          properties={"revenue": Decimal(int(rng.integers(5, 90)))})
                    for place, day in enumerate(days)
                ],
            )
        )  # fmt: skip
    return found


def test_values_labels_and_members_are_those_of_a_second_evaluation(engines: list[DuckDB]) -> None:
    """On one engine alone the second evaluation is of the same rows in another order."""
    everybody = people()
    results: list[Evaluation] = []
    for engine in engines if len(engines) > 1 else [*engines, *engines]:
        chosen = everybody if not results or len(engines) > 1 else [
            Customer(id=person.id, traits=person.traits, events=list(reversed(list(person.events))))
            for person in everybody
        ]  # fmt: skip
        fill(engine, CATALOG, chosen)
        results.append(run(engine, checked(FILES, CATALOG), moment_of("2024-12-31T12:00:00")))
    first, second = results
    for name in ("p_alive", "clv_1y", "buys", "eager", "topic", "spoken", "sounds", "learned"):
        assert first.columns[name].present.any(), name
        assert np.array_equal(first.columns[name].present, second.columns[name].present), name
        assert np.array_equal(first.columns[name].floats(), second.columns[name].floats(), equal_nan=True), name
        assert first.columns[name].words == second.columns[name].words, name
    assert np.array_equal(first.labels["tiers"].codes, second.labels["tiers"].codes)
    assert np.array_equal(first.members["slipping"], second.members["slipping"])
