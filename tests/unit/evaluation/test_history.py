"""Looking back: each point once, nothing of the future, and what is of now for the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation import measures, past
from satsuma.evaluation.roster import some_customers
from satsuma.language.moments import Moment
from satsuma.language.reference import Account, Customer, Event, TraitChange
from small_world import checked, fill, member_ids, moment_of, run

NOW = datetime(2024, 7, 1, 12)
MOMENT = moment_of("2024-07-01T12:00:00")
CATALOG = Catalog(
    traits={
        "plan": TraitInfo(type="text"),
        "seats": TraitInfo(type="integer"),
        "industry": TraitInfo(type="text", entity="account"),
    },
    events={
        "Order Completed": EventInfo(properties={"due": PropertyInfo(type="date")}),
        "Page Viewed": EventInfo(),
    },
)
BUSY = {"segments/busy": {"where": {"did": "Order Completed", "within": "2d"}}}


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the points that are evaluated, as they come."""
    found: list[int] = []
    begin = past.Past._begin

    def noted(looking: past.Past, point: int) -> Any:
        found.append(point)
        return begin(looking, point)

    monkeypatch.setattr(past.Past, "_begin", noted)
    return found


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Return each pass over an event name, with how many moments it counted."""
    found: list[tuple[str, int]] = []
    plain = measures.plan_scan
    several = measures.run_measures_at
    moments = 1

    def scanned(event: str, *rest: Any) -> Any:
        found.append((event, moments))
        return plain(event, *rest)

    def counted(engine: Any, catalog: Any, as_of: Any, at: Any, *rest: Any) -> Any:
        nonlocal moments
        moments = len(at)
        return several(engine, catalog, as_of, at, *rest)

    monkeypatch.setattr(measures, "plan_scan", scanned)
    monkeypatch.setattr(measures, "run_measures_at", counted)
    monkeypatch.setattr(past, "run_measures_at", counted)
    return found


def order(number: int, days_ago: float, revenue: int = 1) -> Event:
    at = NOW - timedelta(days=days_ago)
    return Event(
        name="Order Completed", time=at, event_id=UUID(int=number).hex,
        properties={"revenue": Decimal(revenue), "due": at.date()},
    )  # fmt: skip


PEOPLE = [
    Customer(id="today", events=[order(1, 0.1)]),
    Customer(id="before", events=[order(2, 4)]),
    Customer(id="daily", events=[order(10 + day, day + 0.2) for day in range(9)]),
    Customer(id="never"),
]


def asked(engine: DuckDB, files: dict[str, Any], people: list[Customer] = PEOPLE, **options: Any) -> Any:
    accounts = options.pop("accounts", ())
    zone = options.pop("zone", ZoneInfo("UTC"))
    fill(engine, CATALOG, people, accounts)
    return run(engine, checked(files, CATALOG, zone), Moment(MOMENT.as_of, zone), **options)


def test_each_point_is_evaluated_once_for_all_conditions(
    engine: DuckDB, points: list[int], scans: list[tuple[str, int]]
) -> None:
    files = {
        **BUSY,
        "traits/orders": {"from": {"did": "Order Completed"}},
        "segments/entered": {"where": {"entered": "busy", "within": "3d"}},
        "segments/left": {"where": {"left": "busy", "within": "2d"}},
        "segments/grew": {"where": {"trait": "orders", "changed": {"within": "1d"}}},
    }
    evaluation = asked(engine, files)
    assert member_ids(evaluation, PEOPLE, "entered") == {"today"}
    assert member_ids(evaluation, PEOPLE, "left") == {"before"}
    assert member_ids(evaluation, PEOPLE, "grew") == {"today", "daily"}
    # Four ends of days, and the rows of all four read at once.
    assert points == sorted(points)
    assert len(points) == 4
    assert scans == [("Order Completed", 1), ("Order Completed", 4)]


def test_memory_bounds_how_many_points_share_a_scan(
    engine: DuckDB, points: list[int], scans: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "MOST_HELD", 1)
    evaluation = asked(engine, {**BUSY, "segments/asked": {"where": {"entered": "busy", "within": "3d"}}})
    assert member_ids(evaluation, PEOPLE, "asked") == {"today"}
    assert [moments for _, moments in scans] == [1, 1, 1, 1, 1]
    assert len(points) == 4


def test_a_filter_that_moves_with_the_day_is_asked_at_each_point(engine: DuckDB, scans: list[tuple[str, int]]) -> None:
    """`due` in the last day was so for 'before' four days ago; one scan as of now would not know."""
    due = {"did": "Order Completed", "where": {"prop": "due", "in_last": "1d"}}
    files = {"segments/due": {"where": due}, "segments/asked": {"where": {"left": "due", "within": "3d"}}}
    evaluation = asked(engine, files)
    assert member_ids(evaluation, PEOPLE, "asked") == {"before"}
    assert [moments for _, moments in scans] == [1, 1, 1, 1, 1]


def test_a_past_of_a_past_looks_back_as_far_as_both(engine: DuckDB, points: list[int]) -> None:
    files = {
        **BUSY,
        "segments/resting": {"where": {"left": "busy", "within": "2d"}},
        "segments/asked": {"where": {"entered": "resting", "within": "2d"}},
    }
    evaluation = asked(engine, files)
    assert member_ids(evaluation, PEOPLE, "asked") == {"before"}
    # Three ends of days for the outer condition, and two more before the first of them for the inner one.
    assert len(points) == 5


def test_definitions_that_look_back_wait_for_those_that_fit(engine: DuckDB, points: list[int]) -> None:
    """Quantiles are fitted now and hold for the past: on the past's own orders everybody would be elsewhere."""
    people = [Customer(id=f"{size}", events=[order(size, 3, revenue=size), order(100 + size, 0.1, revenue=100)])
              for size in range(1, 5)]  # fmt: skip
    files = {
        "traits/spent": {"from": {"did": "Order Completed", "sum": {"of": "revenue"}}},
        "segmentations/tier": {"method": "bands", "trait": "spent", "quantiles": 2, "labels": ["Low", "High"]},
        # Its name comes before the segmentation's, and it reads it only in the past.
        "segments/asked": {"where": {"segmentation": "tier", "changed": {"from": "Low", "to": "High", "within": "2d"}}},
    }
    evaluation = asked(engine, files, people)
    # The border lies between 102 and 103: all were below it before today.
    assert member_ids(evaluation, people, "asked") == {"3", "4"}
    assert len(points) == 3


def test_accounts_have_a_past_of_their_own(engine: DuckDB) -> None:
    accounts = [
        Account(id="A", members=frozenset({"today"}), traits={"industry": "x"}),
        Account(id="B", members=frozenset({"before", "daily"}), traits={"industry": "x"}),
        Account(
            id="C", members=frozenset(),
            trait_changes=[TraitChange(trait="industry", old="y", new="x", valid_from=NOW - timedelta(days=1))],
        ),
    ]  # fmt: skip
    files = {
        "segments/busy_accounts": {"entity": "account", "where": {"did": "Order Completed", "within": "2d"}},
        "segments/woken": {"entity": "account", "where": {"entered": "busy_accounts", "within": "2d"}},
        "segments/moved": {"entity": "account", "where": {"trait": "industry", "changed": {"to": "x", "within": "2d"}}},
        "segments/asked": {"where": {"account": {"any": {"entered": "busy_accounts", "within": "2d"}}}},
        "segments/same": {"entity": "account", "where": {"trait": "industry", "has_been": "x", "for": {"gte": "9d"}}},
        "segments/steady": {"where": {"account": {"any": {"in_segment": "same"}}}},
    }  # fmt: skip
    evaluation = asked(engine, files, accounts=accounts)
    assert member_ids(evaluation.accounts, accounts, "woken") == {"A"}
    assert member_ids(evaluation.accounts, accounts, "moved") == {"C"}
    assert member_ids(evaluation, PEOPLE, "asked") == {"today"}
    assert member_ids(evaluation, PEOPLE, "steady") == {"today", "before", "daily"}


def test_one_customer_has_the_past_of_that_customer(engine: DuckDB) -> None:
    files = {**BUSY, "segments/asked": {"where": {"entered": "busy", "within": "3d"}}}
    for number, person in enumerate(PEOPLE):
        evaluation = asked(engine, files, roster=some_customers(np.array([number], np.uint32)))
        assert member_ids(evaluation, [person], "asked") == ({person.id} & {"today"})


@pytest.mark.parametrize(("zone", "seen"), [("Pacific/Auckland", {"a"}), ("UTC", set())])
def test_days_end_in_the_zone_of_the_workspace(engine: DuckDB, zone: str, seen: set[str]) -> None:
    """What came and went within a day is not seen; in Auckland a day ends between the two, at noon UTC."""
    viewed = Event(name="Page Viewed", time=NOW - timedelta(hours=1), event_id=UUID(int=1).hex)
    people = [Customer(id="a", events=[viewed])]
    files = {
        "segments/here": {"where": {"did": "Page Viewed", "within": "1h"}},
        "segments/asked": {"where": {"left": "here", "within": "1d"}},
    }
    assert member_ids(asked(engine, files, people, zone=ZoneInfo(zone)), people, "asked") == seen


def test_a_value_that_no_row_of_the_log_can_say_is_missing(engine: DuckDB) -> None:
    fill(engine, CATALOG, [Customer(id="a", traits={"seats": 3})])
    engine.execute(
        "INSERT INTO trait_changes VALUES ('customer', 0, 'seats', 'many', '3', '2024-06-30', '2024-06-30', 1)"
    )
    files = {
        "segments/known": {"where": {"trait": "seats", "changed": {"to": 3, "within": "3d"}}},
        "segments/from_two": {"where": {"trait": "seats", "changed": {"from": 2, "within": "3d"}}},
        "segments/held": {"where": {"trait": "seats", "has_been": 3, "for": {"gte": "2d"}, "missing": "match"}},
    }
    evaluation = run(engine, checked(files, CATALOG), MOMENT)
    found = {name: bool(bits.any()) for name, bits in evaluation.members.items()}
    assert found == {"known": True, "from_two": False, "held": True}


def test_nobody_has_no_past(engine: DuckDB) -> None:
    files = {
        **BUSY,
        "segments/entered": {"where": {"entered": "busy", "within": "3d"}},
        "segments/stayed": {"where": {"trait": "plan", "has_been": "pro", "for": {"gte": "3d"}}},
        "segments/changed": {"where": {"trait": "plan", "changed": {}}},
    }
    evaluation = asked(engine, files, [])
    assert all(not bits.any() for bits in evaluation.members.values())
