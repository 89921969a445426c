"""Consents of everybody and of some, and the purposes that somebody decided upon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest

from satsuma.catalog import Catalog
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import unpack
from satsuma.evaluation.consents import decided_purposes
from satsuma.evaluation.roster import some_customers
from satsuma.language.reference import Consent, Customer
from small_world import checked, fill, moment_of, run

CATALOG = Catalog()
MOMENT = moment_of("2024-07-01")


def consent(status: str, time: str, purpose: str = "email", received_at: str | None = None) -> Consent:
    at = datetime.fromisoformat(time)
    arrived = at if received_at is None else datetime.fromisoformat(received_at)
    return Consent(purpose=purpose, status=status, time=at, received_at=arrived)


PEOPLE = [
    Customer(id="yes", consents=[consent("granted", "2024-01-01")]),
    Customer(id="no", consents=[consent("granted", "2024-01-01"), consent("denied", "2024-02-01")]),
    Customer(id="none"),
    Customer(id="ads", consents=[consent("denied", "2024-01-01", "it's ads")]),
    Customer(id="erased", consents=[consent("granted", "2024-01-01")], is_erased=True),
]


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


def answers(engine: DuckDB, purpose: str, numbers: list[int] | None = None) -> dict[str, list[int]]:
    """Return the places of those with each status."""
    files = {
        f"segments/{status}": {"where": {"consent": purpose, "is": status}}
        for status in ("granted", "denied", "unknown")
    }
    definitions = checked(files, CATALOG, purposes=[purpose])
    roster = None if numbers is None else some_customers(np.array(numbers, np.uint32))
    evaluation = run(engine, definitions, MOMENT, roster=roster)
    return {name: np.flatnonzero(unpack(bits, evaluation.size)).tolist() for name, bits in evaluation.members.items()}


def test_everybody_has_exactly_one_status(engine: DuckDB) -> None:
    fill(engine, CATALOG, PEOPLE)
    assert answers(engine, "email") == {"granted": [0], "denied": [1], "unknown": [2, 3]}


def test_some_customers_stand_at_their_own_places(engine: DuckDB) -> None:
    fill(engine, CATALOG, PEOPLE)
    assert answers(engine, "email", [1, 3]) == {"granted": [], "denied": [0], "unknown": [1]}
    assert answers(engine, "email", []) == {"granted": [], "denied": [], "unknown": []}


def test_a_purpose_may_hold_a_quote(engine: DuckDB) -> None:
    fill(engine, CATALOG, PEOPLE)
    assert answers(engine, "it's ads") == {"granted": [], "denied": [3], "unknown": [0, 1, 2]}


def test_without_any_decision_everybody_is_unknown(engine: DuckDB) -> None:
    fill(engine, CATALOG, [Customer(id="a"), Customer(id="b")])
    assert answers(engine, "email") == {"granted": [], "denied": [], "unknown": [0, 1]}
    fill(engine, CATALOG, [])
    assert answers(engine, "email") == {"granted": [], "denied": [], "unknown": []}


def test_a_decision_of_nobody_known_counts_for_nobody(engine: DuckDB) -> None:
    fill(engine, CATALOG, [Customer(id="a")])
    engine.execute(
        "INSERT INTO consents (customer_no, purpose, status, time, received_at) "
        "VALUES (NULL, 'email', 'granted', '2024-01-01', '2024-01-01')"
    )
    assert answers(engine, "email") == {"granted": [], "denied": [], "unknown": [0]}


def test_the_purposes_that_somebody_decided_upon_are_known(engine: DuckDB) -> None:
    fill(engine, CATALOG, PEOPLE)
    assert decided_purposes(engine) == {"email", "it's ads"}
