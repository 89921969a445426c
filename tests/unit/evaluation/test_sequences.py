"""Each rule of sequences on a few events: the engine and the specification agree on what is expected (rule S10)."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.columns import pack
from satsuma.evaluation.roster import some_customers
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf, MergedChunk
from satsuma.evaluation.sequence_plans import plan_sequence
from satsuma.evaluation.sequences import SequencePass
from satsuma.language import reference
from satsuma.language.moments import Moment
from satsuma.language.reference import Customer, Event
from satsuma.language.types import Segment, SequenceLeaf
from small_world import checked, fill, member_ids, moment_of, run, world_of

NOW = datetime(2024, 7, 1)
MOMENT = moment_of("2024-07-01")
HOUR = timedelta(hours=1)
MICRO = timedelta(microseconds=1)
_PROPERTIES = {
    "page": PropertyInfo(type="text"), "n": PropertyInfo(type="integer"), "x": PropertyInfo(type="number"),
    "at": PropertyInfo(type="datetime"), "flag": PropertyInfo(type="boolean"),
}  # fmt: skip
CATALOG = Catalog(
    events={
        "A": EventInfo(properties=_PROPERTIES, aliases={"seite": "page"}),
        "B": EventInfo(properties=_PROPERTIES),
        "C": EventInfo(properties={**_PROPERTIES, "from": PropertyInfo(type="text")}),
    }
)


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


_numbers = iter(range(1, 10**6))


def event(name: str, hours_ago: float, *, later: timedelta = timedelta(), **facts: Any) -> Event:
    """Return an event; of events at the same time those made first come first."""
    known = {key: facts.pop(key) for key in ("received_at", "superseded_at") if key in facts}
    at = NOW - hours_ago * HOUR + later
    return Event(name=name, time=at, event_id=UUID(int=next(_numbers)).hex, properties=facts, **known)


def people(**histories: list[Event]) -> list[Customer]:
    return [Customer(id=name, events=history) for name, history in histories.items()]


def asked(
    engine: DuckDB, steps: list[dict[str, Any]], everybody: list[Customer], *, match: str = "any",
    moment: Moment = MOMENT, is_sorted: bool = True, known_at: int | None = None,
) -> set[str]:  # fmt: skip
    definitions = checked(
        {"segments/s": {"where": {"sequence": {"match": match, "steps": steps}}}}, CATALOG, moment.zone
    )
    fill(engine, CATALOG, everybody, is_sorted=is_sorted)
    found = member_ids(run(engine, definitions, moment, known_at=known_at), everybody, "s")
    world = world_of(definitions, moment, everybody, known_at=known_at)
    where = definitions.of(Segment)["s"].where
    assert found == {person.id for person in everybody if reference.holds(where, person, world)}
    return found


# ------------------------------------------------------------------------------------------------ order and windows


def test_a_step_comes_after_the_one_before_it_and_not_with_it(engine: DuckDB) -> None:
    everybody = people(
        both=[event("A", 2), event("B", 1)], reversed=[event("B", 2), event("A", 1)], first=[event("A", 1)], none=[],
    )  # fmt: skip
    assert asked(engine, [{"did": "A"}, {"did": "B"}], everybody) == {"both"}


def test_a_window_leaves_its_beginning_out_and_takes_its_end_in(engine: DuckDB) -> None:
    everybody = people(
        border=[event("A", 30), event("B", 6)],
        late=[event("A", 30), event("B", 6, later=MICRO)],
        same_time_after=[event("A", 30), event("B", 30)],
        same_time_before=[event("B", 30), event("A", 30)],
    )
    assert asked(engine, [{"did": "A"}, {"did": "B", "within": "24h"}], everybody) == {"border", "same_time_after"}


def test_an_event_fills_one_step_only(engine: DuckDB) -> None:
    everybody = people(
        once=[event("A", 3)], twice=[event("A", 3), event("A", 2)], thrice=[event("A", h) for h in (3, 2, 1)]
    )
    assert asked(engine, [{"did": "A"}, {"did": "A"}], everybody) == {"twice", "thrice"}
    assert asked(engine, [{"did": "A"}, {"did": "A"}, {"did": "A"}], everybody) == {"thrice"}


def test_the_window_of_the_first_step_is_before_the_moment_and_in_the_zone_of_days(engine: DuckDB) -> None:
    everybody = people(old=[event("A", 48), event("B", 1)], new=[event("A", 48, later=MICRO), event("B", 1)])
    assert asked(engine, [{"did": "A", "within": "48h"}, {"did": "B"}], everybody) == {"new"}
    assert asked(engine, [{"did": "A", "until": "2024-06-29"}, {"did": "B"}], everybody) == {"old", "new"}
    assert asked(engine, [{"did": "A", "since": "0001-01-01"}, {"did": "B"}], everybody) == {"old", "new"}
    assert asked(engine, [{"did": "A", "until": "0001-01-01"}, {"did": "B"}], everybody) == set()
    # In Paris the night from 30 March 2024 has 23 hours: its 31st begins at 23:00 UTC and ends at 22:00 UTC.
    paris = ZoneInfo("Europe/Paris")
    moment = Moment(moment_of("2024-04-01T12:00:00").as_of, paris)
    at = datetime(2024, 3, 30, 23)
    pairs = {"before": (at - MICRO, at), "first": (at, at + HOUR), "last": (at + 23 * HOUR - MICRO, at + 23 * HOUR),
             "after": (at + 23 * HOUR, at + 24 * HOUR)}  # fmt: skip
    spring = people(**{
        name: [Event(name="A", time=one, event_id=UUID(int=1).hex), Event(name="B", time=two, event_id=UUID(int=2).hex)]
        for name, (one, two) in pairs.items()
    })  # fmt: skip
    steps = [{"did": "A", "within": {"on": "2024-03-31"}}, {"did": "B"}]
    assert asked(engine, steps, spring, moment=moment) == {"first", "last"}


def test_windows_of_later_steps_add_up(engine: DuckDB) -> None:
    everybody = people(
        far=[event("A", 90, n=1), event("B", 70), event("C", 50, n=2)],
        further=[event("A", 90, n=1), event("B", 70), event("C", 45, n=2)],
    )
    steps = [{"did": "A", "between": {"from": "100h", "to": "90h"}}, {"did": "B", "within": "24h"}]
    assert asked(engine, [*steps, {"did": "C", "within": "20h"}], everybody) == {"far"}
    assert asked(engine, [*steps, {"did": "C", "within": "25h"}], everybody) == {"far", "further"}
    assert asked(engine, [*steps, {"not_did": "C", "within": "20h"}], everybody) == {"further"}
    more = {"prop": "n", "gt": {"ref": "start.n"}}
    referring = [{**steps[0], "as": "start"}, steps[1], {"did": "C", "within": "20h", "where": more}]
    assert asked(engine, referring, everybody) == {"far"}


def test_any_start_will_do_and_any_choice_of_later_events(engine: DuckDB) -> None:
    everybody = people(
        second_start=[event("A", 100), event("A", 10), event("B", 9), event("C", 8)],
        second_b=[event("A", 100), event("B", 90), event("B", 80), event("C", 70)],
        too_far=[event("A", 100), event("B", 90), event("C", 10)],
    )
    steps = [{"did": "A"}, {"did": "B", "within": "24h"}, {"did": "C", "within": "12h"}]
    assert asked(engine, steps, everybody) == {"second_start", "second_b"}


def test_only_the_first_or_the_last_start_counts_where_the_sequence_says_so(engine: DuckDB) -> None:
    everybody = people(
        early=[event("A", 50), event("B", 49), event("A", 20)],
        late=[event("A", 50), event("A", 20), event("B", 19)],
        filtered=[event("A", 50, n=1), event("A", 20, n=2), event("B", 19), event("A", 10, n=1)],
    )
    steps = [{"did": "A"}, {"did": "B", "within": "2h"}]
    assert asked(engine, steps, everybody, match="any") == {"early", "late", "filtered"}
    assert asked(engine, steps, everybody, match="first") == {"early"}
    assert asked(engine, steps, everybody, match="last") == {"late"}
    # It is the first or last of those that satisfy the step, its filter and window included.
    filtered = [{"did": "A", "where": {"prop": "n", "eq": 2}}, {"did": "B", "within": "2h"}]
    assert asked(engine, filtered, everybody, match="first") == {"filtered"}
    within = [{"did": "A", "within": "30h"}, {"did": "B", "within": "2h"}]
    assert asked(engine, within, everybody, match="first") == {"late", "filtered"}
    until = [{"did": "A", "between": {"from": "90h", "to": "15h"}}, {"did": "B", "within": "2h"}]
    assert asked(engine, until, everybody, match="last") == {"late", "filtered"}


# -------------------------------------------------------------------------------------------- steps that did not come


def test_a_step_that_did_not_come_is_known_when_its_window_has_passed(engine: DuckDB) -> None:
    everybody = people(
        over=[event("A", 24)], not_over=[event("A", 24, later=MICRO)], came=[event("A", 30), event("B", 6)],
        came_late=[event("A", 30), event("B", 6, later=MICRO)], came_before=[event("B", 31), event("A", 30)],
        same_time=[event("A", 30), event("B", 30)], same_time_before=[event("B", 30), event("A", 30)],
    )  # fmt: skip
    steps = [{"did": "A"}, {"not_did": "B", "within": "24h"}]
    assert asked(engine, steps, everybody) == {"over", "came_late", "came_before", "same_time_before"}


def test_without_a_window_the_last_step_must_not_come_up_to_the_moment(engine: DuckDB) -> None:
    everybody = people(
        quiet=[event("A", 0)], came=[event("A", 9), event("B", 0)], future=[event("A", 9), event("B", -1)]
    )
    assert asked(engine, [{"did": "A"}, {"not_did": "B"}], everybody) == {"quiet", "future"}


def test_the_step_after_begins_when_the_window_has_passed_and_is_counted_from_the_last_event(engine: DuckDB) -> None:
    everybody = people(
        at_the_end=[event("A", 100), event("C", 76)],
        right_after=[event("A", 100), event("C", 76, later=MICRO)],
        at_its_own_end=[event("A", 100), event("C", 52)],
        too_late=[event("A", 100), event("C", 52, later=MICRO)],
        disturbed=[event("A", 100), event("B", 80), event("C", 60)],
        twice=[event("A", 100), event("C", 90), event("C", 60)],
    )
    steps = [{"did": "A"}, {"not_did": "B", "within": "24h"}, {"did": "C", "within": "48h"}]
    assert asked(engine, steps, everybody) == {"right_after", "at_its_own_end", "twice"}
    open_end = [{"did": "A"}, {"not_did": "B", "within": "24h"}, {"did": "C"}]
    assert asked(engine, open_end, everybody) == {"right_after", "at_its_own_end", "too_late", "twice"}


def test_the_event_that_comes_after_may_be_of_the_name_that_did_not(engine: DuckDB) -> None:
    everybody = people(back=[event("A", 100), event("A", 60)], soon=[event("A", 100), event("A", 90)])
    steps = [{"did": "A"}, {"not_did": "A", "within": "24h"}, {"did": "A", "within": "48h"}]
    assert asked(engine, steps, everybody) == {"back"}


def test_several_that_did_not_come_are_each_counted_from_the_last_event(engine: DuckDB) -> None:
    everybody = people(
        b_late=[event("A", 100), event("B", 80), event("A", 40)],
        b_soon=[event("A", 100), event("B", 95), event("A", 40)],
        c_soon=[event("A", 100), event("C", 60), event("A", 40)],
        back_soon=[event("A", 100), event("A", 70)],
    )
    steps = [
        {"did": "A"}, {"not_did": "B", "within": "10h"}, {"not_did": "C", "within": "48h"},
        {"not_did": "B", "within": "5h"}, {"did": "A"},
    ]  # fmt: skip
    assert asked(engine, steps, everybody) == {"b_late"}


# --------------------------------------------------------------------------------------------------------- references


def test_a_property_must_be_the_same_as_that_of_an_earlier_step(engine: DuckDB) -> None:
    everybody = people(
        same=[event("A", 9, page="x"), event("B", 8, page="y"), event("B", 7, page="x")],
        other=[event("A", 9, page="x"), event("B", 8, page="y")],
        missing=[event("A", 9), event("B", 8)],
        half=[event("A", 9, page="x"), event("B", 8)],
    )
    later = {"did": "B", "where": {"prop": "page", "eq": {"ref": "start.seite"}}}
    absent = {"not_did": "B", "within": "3h", "where": {"prop": "page", "eq": {"ref": "start.page"}}}
    start = {"did": "A", "as": "start"}
    assert asked(engine, [start, later], everybody) == {"same"}
    assert asked(engine, [start, absent], everybody) == {"other", "missing", "half"}
    matching = {"did": "B", "where": {"prop": "page", "eq": {"ref": "start.page"}, "missing": "match"}}
    assert asked(engine, [start, matching], everybody) == {"same", "missing", "half"}
    denied = {"did": "B", "where": {"prop": "page", "neq": {"ref": "start.page"}}}
    assert asked(engine, [start, denied], everybody) == {"same", "other"}
    opposite = {"did": "B", "where": {"not": {"prop": "page", "eq": {"ref": "start.page"}}}}
    assert asked(engine, [start, opposite], everybody) == {"same", "other", "missing", "half"}


def test_a_whole_chain_is_about_the_same_thing(engine: DuckDB) -> None:
    everybody = people(
        one=[event("A", 9, n=1), event("B", 8, n=1), event("C", 7, n=1)],
        mixed=[event("A", 9, n=1), event("B", 8, n=1), event("C", 7, n=2)],
        disturbed=[event("A", 9, n=1), event("B", 8, n=1), event("A", 7.5, n=1), event("C", 7, n=1)],
        disturbed_by_other=[event("A", 9, n=1), event("B", 8, n=1), event("A", 7.5, n=2), event("C", 6.5, n=1)],
        no_number=[event("A", 9), event("B", 8), event("C", 7)],
    )
    same = {"prop": "n", "eq": {"ref": "start.n"}}
    steps = [{"did": "A", "as": "start"}, {"did": "B", "where": same},
             {"not_did": "A", "within": "1h", "where": same}, {"did": "C", "where": same}]  # fmt: skip
    assert asked(engine, steps, everybody) == {"disturbed_by_other"}
    without = [step for step in steps if "not_did" not in step]
    assert asked(engine, without, everybody) == {"one", "disturbed", "disturbed_by_other"}
    by_turns = [steps[0], {**without[1], "as": "next"}, {"did": "C", "where": {"prop": "n", "eq": {"ref": "next.n"}}}]
    assert asked(engine, by_turns, everybody) == {"one", "disturbed", "disturbed_by_other"}
    then_anything = [*without[:2], {"did": "C"}]
    assert asked(engine, then_anything, everybody) == {"one", "mixed", "disturbed", "disturbed_by_other"}


def test_what_is_missing_is_not_the_same_as_what_is_missing(engine: DuckDB) -> None:
    everybody = people(
        missing=[event("A", 9), event("A", 8)], one_missing=[event("A", 9, n=1), event("A", 8)],
        same=[event("A", 9, n=1), event("A", 8), event("A", 7, n=1)],
    )  # fmt: skip
    same = {"prop": "n", "eq": {"ref": "start.n"}}
    assert asked(engine, [{"did": "A", "as": "start"}, {"did": "A", "where": same}], everybody) == {"same"}
    absent = [{"did": "A", "as": "start"}, {"not_did": "A", "within": "5h", "where": same}]
    assert asked(engine, absent, everybody, match="first") == {"missing", "one_missing"}


def test_a_step_that_did_not_come_may_stand_between_steps_that_refer(engine: DuckDB) -> None:
    everybody = people(
        undisturbed=[event("A", 9, n=1), event("B", 7, n=2), event("C", 6, n=3)],
        disturbed=[event("A", 9, n=1), event("C", 8.5), event("B", 7, n=2), event("C", 6, n=3)],
        not_more=[event("A", 9, n=1), event("B", 7, n=1), event("C", 6, n=3)],
        disturbed_after=[event("A", 9, n=1), event("B", 7, n=2), event("B", 6.5, n=2), event("C", 6, n=2)],
    )
    more = {"prop": "n", "gt": {"ref": "start.n"}}
    steps = [{"did": "A", "as": "start"}, {"not_did": "C", "within": "1h"}, {"did": "B", "where": more}]
    assert asked(engine, steps, everybody) == {"undisturbed", "disturbed_after"}
    longer = [*steps, {"not_did": "B", "within": "30h", "where": more}]
    assert asked(engine, longer, everybody) == set()
    shorter = [*steps, {"not_did": "B", "within": "1h", "where": more}]
    assert asked(engine, shorter, everybody, match="last") == {"undisturbed", "disturbed_after"}


def test_the_step_referred_to_need_not_be_the_first_nor_the_last_one_done(engine: DuckDB) -> None:
    everybody = people(
        good=[event("A", 9), event("B", 8, page="x"), event("A", 7), event("C", 6, page="x")],
        not_started=[event("B", 8, page="x"), event("A", 7), event("C", 6, page="x")],
        other_page=[event("A", 9), event("B", 8, page="x"), event("A", 7), event("C", 6, page="y")],
    )
    steps = [{"did": "A"}, {"did": "B", "as": "seen"}, {"did": "A"},
             {"did": "C", "where": {"prop": "page", "eq": {"ref": "seen.page"}}}]  # fmt: skip
    assert asked(engine, steps, everybody) == {"good"}
    assert asked(engine, steps, everybody, match="last") == set()
    assert asked(engine, steps, everybody, match="first") == {"good"}


def test_what_spoils_the_step_referred_to_does_not_take_its_place(engine: DuckDB) -> None:
    everybody = people(
        spoiled=[event("B", 9.5), event("A", 9, n=5), event("A", 8, n=1)],
        spared=[event("B", 9.5), event("A", 9, n=5), event("A", 8, n=6)],
    )
    absent = {"not_did": "A", "within": "2h", "where": {"prop": "n", "lt": {"ref": "start.n"}}}
    assert asked(engine, [{"did": "B"}, {"did": "A", "within": "1h", "as": "start"}, absent], everybody) == {"spared"}


def test_two_steps_can_be_referred_to_at_once(engine: DuckDB) -> None:
    everybody = people(
        between=[event("A", 9, x=Decimal(1)), event("A", 8, x=Decimal(3)), event("B", 7, x=Decimal(2))],
        above=[event("A", 9, x=Decimal(1)), event("A", 8, x=Decimal(3)), event("B", 7, x=Decimal(4))],
        falling=[event("A", 9, x=Decimal(3)), event("A", 8, x=Decimal(1)), event("B", 7, x=Decimal(2))],
    )
    where = {"all": [{"prop": "x", "gt": {"ref": "low.x"}}, {"prop": "x", "lt": {"ref": "high.x"}}]}
    steps = [{"did": "A", "as": "low"}, {"did": "A", "as": "high"}, {"did": "B", "where": where}]
    assert asked(engine, steps, everybody) == {"between"}
    either = {"any": where["all"]}
    assert asked(engine, [*steps[:2], {"did": "B", "where": either}], everybody) == {"between", "above"}
    neither = {"none": where["all"]}
    assert asked(engine, [*steps[:2], {"did": "B", "where": neither}], everybody) == {"falling"}


def test_a_page_may_lead_to_a_page_of_the_same_name_of_events(engine: DuckDB) -> None:
    everybody = people(
        followed=[event("C", 9, page="x"), event("C", 8, **{"page": "y", "from": "x"})],
        itself=[event("C", 9, **{"page": "x", "from": "x"})],
        other=[event("C", 9, page="x"), event("C", 8, **{"page": "x", "from": "y"})],
    )
    steps = [{"did": "C", "as": "seen"}, {"did": "C", "where": {"prop": "from", "eq": {"ref": "seen.page"}}}]
    assert asked(engine, steps, everybody) == {"followed"}


@pytest.mark.parametrize(
    ("own", "operator", "other", "left", "right", "options", "holds"),
    [
        ("page", "eq", "page", "É", "é", {}, False),
        ("page", "eq", "page", "É", "é", {"case": "ignore"}, True),
        ("page", "eq", "page", "E", "é", {"case": "ignore", "fold": True}, True),
        ("page", "eq", "page", "e", "é", {"fold": True}, True),
        ("page", "neq", "page", "e", "é", {"fold": True}, False),
        ("page", "contains", "page", "shoes/red", "red", {}, True),
        ("page", "starts_with", "page", "shoes/red", "red", {}, False),
        ("n", "gte", "x", 2, Decimal("1.999999"), {}, True),
        ("n", "lt", "x", 2, Decimal("2.000001"), {}, True),
        ("x", "eq", "n", Decimal("2"), 2, {}, True),
        ("revenue", "gt", "x", Decimal("10.01"), Decimal("10.009999"), {}, True),
        ("revenue", "eq", "n", Decimal("10"), 10, {}, True),
        ("at", "before", "at", NOW - MICRO, NOW, {}, True),
        ("at", "on", "at", NOW, NOW, {}, True),
        ("at", "not_on", "at", NOW, NOW, {}, False),
        ("flag", "eq", "flag", False, False, {}, True),
        ("flag", "neq", "flag", True, False, {}, True),
    ],
)  # fmt: skip
def test_every_kind_of_value_is_compared(
    engine: DuckDB, own: str, operator: str, other: str, left: Any, right: Any, options: Any, holds: bool
) -> None:
    everybody = people(one=[event("A", 9, **{other: right}), event("B", 8, **{own: left})], none=[event("A", 9)])
    where = {"prop": own, operator: {"ref": f"start.{other}"}, **options}
    assert asked(engine, [{"did": "A", "as": "start"}, {"did": "B", "where": where}], everybody) == (
        {"one"} if holds else set()
    )


# ------------------------------------------------------------------------------------------- who, when and where from


def test_what_was_superseded_or_had_not_arrived_is_no_step(engine: DuckDB) -> None:
    everybody = people(
        replaced=[event("A", 9), event("B", 8, superseded_at=NOW)],
        not_arrived=[event("A", 9), event("B", 8, received_at=NOW + HOUR)],
        known=[event("A", 9), event("B", 8)],
    )
    steps = [{"did": "A"}, {"did": "B"}]
    assert asked(engine, steps, everybody) == {"not_arrived", "known"}
    assert asked(engine, steps, everybody, known_at=MOMENT.as_of - 1) == {"replaced", "known"}


def test_rows_in_any_stored_order_give_the_same_answer(engine: DuckDB) -> None:
    everybody = people(**{f"p{n}": [event("B", 5 + n % 3), event("A", 6), event("C", 5)] for n in range(40)})
    steps = [{"did": "A"}, {"did": "B", "within": "1h"}]
    found = asked(engine, steps, everybody, is_sorted=True)
    assert found == asked(engine, steps, everybody, is_sorted=False)
    assert 0 < len(found) < 40


def test_some_customers_are_answered_like_everybody(engine: DuckDB) -> None:
    everybody = people(**{f"p{n}": [event("A", 6), event("B", 5 if n % 3 else 7)] for n in range(30)})
    definitions = checked({"segments/s": {"where": {"sequence": {"steps": [{"did": "A"}, {"did": "B"}]}}}}, CATALOG)
    fill(engine, CATALOG, everybody)
    numbers = np.array([1, 3, 9, 11, 28], np.uint32)
    found = evaluate(engine, definitions, AsOf(moment=MOMENT), roster=some_customers(numbers)).members["s"]
    assert found.tolist() == pack(numbers % 3 != 0).tolist()


def test_accounts_have_the_events_of_their_people_in_one_order(engine: DuckDB) -> None:
    everybody = people(ann=[event("A", 9)], bob=[event("B", 8)], cid=[event("B", 9.5)])
    fill(engine, CATALOG, everybody)
    engine.execute("INSERT INTO accounts (account_no, account_id) VALUES (0, 'x'), (1, 'y')")
    engine.execute("INSERT INTO account_members (account_no, customer_no) VALUES (0, 0), (0, 1), (1, 0), (1, 2)")
    where = {"sequence": {"steps": [{"did": "A"}, {"did": "B"}]}}
    files: dict[str, Any] = {"segments/s": {"entity": "account", "where": where},
                             "segments/t": {"where": {"account": {"any": {"in_segment": "s"}}}}}  # fmt: skip
    evaluation = evaluate(engine, checked(files, CATALOG), AsOf(moment=MOMENT))
    assert evaluation.accounts is not None
    assert evaluation.accounts.members["s"].tolist() == [0b01]
    assert member_ids(evaluation, everybody, "t") == {"ann", "bob"}


def test_a_warehouse_without_events_has_nobody_in_a_sequence(engine: DuckDB) -> None:
    assert asked(engine, [{"did": "A"}, {"not_did": "B"}], people(a=[])) == set()
    assert asked(engine, [{"did": "A"}, {"not_did": "B"}], []) == set()


def test_sequences_over_the_same_names_share_one_pass(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    calls = SequencePass.__init__

    def counted(self: SequencePass, plans: Any, *rest: Any) -> None:
        passes.append(len(plans))
        calls(self, plans, *rest)

    monkeypatch.setattr(SequencePass, "__init__", counted)
    everybody = people(one=[event("A", 9), event("B", 8)], two=[event("B", 9), event("A", 8)], three=[event("A", 9)])
    files = {
        "segments/ab": {"where": {"sequence": {"steps": [{"did": "A"}, {"did": "B"}]}}},
        "segments/ba": {"where": {"sequence": {"steps": [{"did": "B"}, {"did": "A"}]}}},
        "segments/again": {"where": {"not": {"sequence": {"steps": [{"did": "A"}, {"did": "B"}]}}}},
        "segments/ac": {"where": {"sequence": {"steps": [{"did": "A"}, {"not_did": "C"}]}}},
    }
    fill(engine, CATALOG, everybody)
    evaluation = run(engine, checked(files, CATALOG), MOMENT)
    found = {name: member_ids(evaluation, everybody, name) for name in ("ab", "ba", "again", "ac")}
    assert found == {"ab": {"one"}, "ba": {"two"}, "again": {"two", "three"}, "ac": {"one", "two", "three"}}
    assert passes == [2, 1]


def test_one_pass_reads_what_each_of_its_sequences_needs(engine: DuckDB) -> None:
    everybody = people(
        old=[event("A", 90), event("B", 85)],
        middle=[event("A", 55), event("B", 50)],
        new=[event("A", 9), event("B", 8)],
    )
    starts: dict[str, dict[str, Any]] = {
        "old": {"between": {"from": "100h", "to": "80h"}},
        "middle": {"between": {"from": "60h", "to": "52h"}},
        "new": {"within": "10h"},
        "any": {},
        "past": {"until": "2024-06-29"},
    }
    pairs = [
        ("old", "new"),
        ("new", "old"),
        ("old", "any"),
        ("any", "old"),
        ("new", "any"),
        ("past", "new"),
        ("old", "middle"),
    ]
    for names in pairs:
        steps = {name: [{"did": "A", **starts[name]}, {"did": "B", "within": "9h"}] for name in names}
        files = {f"segments/{name}": {"where": {"sequence": {"steps": steps[name]}}} for name in names}
        fill(engine, CATALOG, everybody)
        evaluation = run(engine, checked(files, CATALOG), MOMENT)
        found = [member_ids(evaluation, everybody, name) for name in names]
        assert found == [
            {"any": {"old", "middle", "new"}, "past": {"old", "middle"}}.get(name, {name}) for name in names
        ], names


def test_a_pass_can_be_sent_to_another_process_and_answers_an_earlier_moment() -> None:
    steps = [{"did": "A"}, {"did": "B", "within": "1h"}]
    definitions = checked({"segments/s": {"where": {"sequence": {"steps": steps}}}}, CATALOG)
    leaf = definitions.of(Segment)["s"].where
    assert isinstance(leaf, SequenceLeaf)
    earlier = Moment(MOMENT.as_of - 10, MOMENT.zone)
    sent = pickle.loads(pickle.dumps(SequencePass([plan_sequence(leaf, CATALOG)], [earlier, MOMENT])))  # noqa: S301
    time = MOMENT.as_of + np.array([-30, -20, -30, -5], np.int64)
    is_a = np.array([True, False, True, False])
    chunk = MergedChunk(8, 24, np.array([8, 8, 23, 23], np.uint32), time, {"A": is_a, "B": ~is_a}, {}, {})
    assert [[bits.tolist() for bits in answers] for answers in sent(chunk)] == [[[1, 0]], [[1, 128]]]


def test_the_specification_says_which_events_filled_the_steps() -> None:
    everybody = people(one=[event("B", 7), event("A", 9), event("C", 1), event("A", 8, superseded_at=NOW)], none=[])
    steps = [{"did": "A"}, {"not_did": "C", "within": "1h"}, {"did": "B"}]
    definitions = checked({"segments/s": {"where": {"sequence": {"steps": steps}}}}, CATALOG)
    leaf = definitions.of(Segment)["s"].where
    assert isinstance(leaf, SequenceLeaf)
    world = world_of(definitions, MOMENT, everybody)
    found = reference.filled_by(leaf, everybody[0], world)
    assert found is not None
    assert [step and (step.name, step.time) for step in found] == [("A", NOW - 9 * HOUR), None, ("B", NOW - 7 * HOUR)]
    assert reference.filled_by(leaf, everybody[1], world) is None
