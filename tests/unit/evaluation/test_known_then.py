"""A past day as it was known then: nothing that came later, and all that was later taken back (rule S8)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.language.durations import microseconds
from satsuma.language.reference import Customer, Event
from small_world import checked, fill, member_ids, moment_of, run

CATALOG = Catalog(
    traits={"country": TraitInfo(type="text")},
    events={
        "Order Completed": EventInfo(properties={"revenue": PropertyInfo(type="money")}),
        "Page Viewed": EventInfo(),
    },
)
DEFINITIONS = {
    "segments/everybody": {"where": {"not": {"trait": "country", "eq": "nowhere"}}},
    "segments/french": {"where": {"trait": "country", "eq": "FR"}},
    "segments/buyers": {"where": {"did": "Order Completed"}},
}


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    yield warehouse
    warehouse.close()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seen(engine: DuckDB, people: list[Customer], as_of: str, known_at: str | None) -> dict[str, set[str]]:
    """Return the members of each segment at a moment, as known at another."""
    fill(engine, CATALOG, people)
    definitions = checked(DEFINITIONS, CATALOG)
    known = None if known_at is None else microseconds(at(known_at))
    evaluation = run(engine, definitions, moment_of(as_of), known_at=known)
    return {name: member_ids(evaluation, people, name) for name in ("everybody", "french", "buyers")}


def order(number: int, time: str, **more: str) -> Event:
    return Event(name="Order Completed", time=at(time), event_id=f"{number:032x}",
                 **{key: at(value) for key, value in more.items()})  # fmt: skip


def test_a_customer_is_nobody_before_arriving_and_somebody_at_that_very_moment(engine: DuckDB) -> None:
    late = [Customer(id="late", arrived_at=at("2024-03-01"))]
    assert seen(engine, late, "2024-02-01", "2024-02-29T23:59:59.999999")["everybody"] == set()
    assert seen(engine, late, "2024-02-01", "2024-03-01")["everybody"] == {"late"}
    assert seen(engine, late, "2024-02-01", None)["everybody"] == {"late"}


def test_what_a_later_file_said_first_of_a_customer_was_not_known_before(engine: DuckDB) -> None:
    people = [
        Customer(id="told", traits={"country": "FR"}, described_at=at("2024-03-01")),
        Customer(id="first", traits={"country": "FR"}),
    ]
    assert seen(engine, people, "2024-02-01", "2024-02-01") == {
        "everybody": {"told", "first"}, "french": {"first"}, "buyers": set(),
    }  # fmt: skip
    assert seen(engine, people, "2024-02-01", "2024-03-01")["french"] == {"told", "first"}


def test_before_a_later_first_word_a_change_of_then_still_counts(engine: DuckDB) -> None:
    people = [Customer(id="told", traits={"country": "DE"}, described_at=at("2024-05-01"))]
    fill(engine, CATALOG, people)
    engine.execute(
        """INSERT INTO trait_changes VALUES
        ('customer', 0, 'country', 'BE', 'FR', '2024-02-01', '2024-02-01', 1),
        ('customer', 0, 'country', 'FR', 'DE', '2024-06-01', '2024-06-01', 2)"""
    )
    definitions = checked(DEFINITIONS, CATALOG)
    for known, expected in (("2024-01-15", set()), ("2024-03-01", {"told"}), ("2024-07-01", set())):
        evaluation = run(engine, definitions, moment_of(known), known_at=microseconds(at(known)))
        assert member_ids(evaluation, people, "french") == expected, known


def test_a_corrected_order_counts_in_its_old_form_before_the_correction(engine: DuckDB) -> None:
    # An order of February turned out to be one of May; first_seen is what is known now.
    people = [
        Customer(
            id="moved",
            events=[
                order(1, "2024-02-10", superseded_at="2024-04-01"),
                order(2, "2024-05-10", received_at="2024-04-01"),
            ],
            first_seen=at("2024-05-10"),
        )
    ]
    assert seen(engine, people, "2024-03-01", "2024-03-01") == {
        "everybody": {"moved"}, "french": set(), "buyers": {"moved"},
    }  # fmt: skip
    assert seen(engine, people, "2024-03-01", "2024-03-31T23:59:59.999999")["buyers"] == {"moved"}
    assert seen(engine, people, "2024-03-01", "2024-04-01")["everybody"] == set()
    assert seen(engine, people, "2024-03-01", None)["everybody"] == set()
    # Before the order itself nobody was there, whatever was known.
    assert seen(engine, people, "2024-02-09", "2024-03-01")["everybody"] == set()


def test_an_order_that_was_replaced_before_it_is_asked_about_shows_nobody(engine: DuckDB) -> None:
    people = [
        Customer(id="x", events=[order(1, "2024-02-10", superseded_at="2024-02-20")], first_seen=at("2024-05-10"))
    ]
    assert seen(engine, people, "2024-03-01", "2024-03-01")["everybody"] == set()


def test_a_sign_up_date_says_since_when_whatever_orders_were_replaced(engine: DuckDB) -> None:
    catalog = Catalog(traits={**CATALOG.traits, "signed_up": TraitInfo(type="datetime")}, events=CATALOG.events)
    people = [
        Customer(
            id="x",
            traits={"signed_up": at("2024-05-10")},
            events=[order(1, "2024-02-10", superseded_at="2024-04-01")],
            first_seen=at("2024-05-10"),
        )
    ]
    fill(engine, catalog, people)
    evaluation = run(
        engine, checked(DEFINITIONS, catalog), moment_of("2024-03-01"), known_at=microseconds(at("2024-03-01"))
    )
    assert member_ids(evaluation, people, "everybody") == set()
