"""The daily grid, what is decided when, and the limits of what is asked of computed values."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from satsuma.catalog import Catalog, EventInfo, TraitInfo
from satsuma.errors import DefinitionError
from satsuma.language import types
from satsuma.language.durations import MICROSECONDS_PER_DAY as DAY
from satsuma.language.durations import from_microseconds, microseconds
from satsuma.language.history import EVER, daily_points, decided_since, has_held
from satsuma.language.moments import Moment
from satsuma.language.types import ChangedLeaf, HeldLeaf, MovedLeaf
from small_world import checked

PARIS = ZoneInfo("Europe/Paris")
CATALOG = Catalog(traits={"plan": TraitInfo(type="text")}, events={"Order Completed": EventInfo()})


def grid(at: str, since: str, zone: str = "UTC") -> list[str]:
    """Return the points between two times in UTC, as texts."""
    moment = Moment(microseconds(datetime.fromisoformat(at)), ZoneInfo(zone))
    points = daily_points(moment, microseconds(datetime.fromisoformat(since)))
    return [from_microseconds(point).isoformat() for point in points]


def held(operator: str, length: int = 2 * DAY) -> HeldLeaf:
    return HeldLeaf(subject="trait", name="x", test=types.Test(operator="eq"), operator=operator, length=length)  # type: ignore[arg-type]


def test_points_are_the_ends_of_days_and_the_moment() -> None:
    assert grid("2024-07-03T12:00:00", "2024-07-01T12:00:00") == [
        "2024-06-30T23:59:59.999999", "2024-07-01T23:59:59.999999", "2024-07-02T23:59:59.999999", "2024-07-03T12:00:00",
    ]  # fmt: skip


def test_the_first_point_is_the_latest_at_or_before_the_time_asked_for() -> None:
    end = "2024-07-01T23:59:59.999999"
    assert grid("2024-07-03T00:00:00", end)[0] == end
    assert grid("2024-07-03T00:00:00", "2024-07-01T23:59:59.999998")[0] == "2024-06-30T23:59:59.999999"
    assert grid("2024-07-03T00:00:00", "2024-07-02T00:00:00")[0] == end


def test_the_moment_stands_for_its_own_day_even_at_its_end() -> None:
    assert grid("2024-07-03T23:59:59.999999", "2024-07-02T23:59:59.999999") == [
        "2024-07-02T23:59:59.999999", "2024-07-03T23:59:59.999999",
    ]  # fmt: skip


def test_days_end_in_the_zone_when_the_clock_changes_too() -> None:
    # Spring: 31 March has 23 hours in Paris.
    assert grid("2024-04-01T12:00:00", "2024-03-31T00:00:00", "Europe/Paris") == [
        "2024-03-30T22:59:59.999999", "2024-03-31T21:59:59.999999", "2024-04-01T12:00:00",
    ]  # fmt: skip


def test_a_day_that_a_zone_skipped_has_no_point_of_its_own() -> None:
    # Samoa went from 29 to 31 December 2011.
    assert grid("2011-12-31T12:00:00", "2011-12-29T12:00:00", "Pacific/Apia") == [
        "2011-12-29T09:59:59.999999", "2011-12-30T09:59:59.999999", "2011-12-31T09:59:59.999999",
        "2011-12-31T12:00:00",
    ]  # fmt: skip


def test_the_grid_begins_with_the_calendar() -> None:
    moment = Moment(microseconds(datetime.min + timedelta(days=1, hours=1)), ZoneInfo("UTC"))
    assert len(daily_points(moment, moment.as_of - 400 * DAY)) == 2
    first = Moment(microseconds(datetime.min), ZoneInfo("UTC"))
    assert daily_points(first, first.as_of - DAY) == (first.as_of,)


def test_more_than_a_length_asks_for_the_value_before_it() -> None:
    assert [decided_since(held(name), 10 * DAY) for name in ("gte", "lt")] == [8 * DAY] * 2
    assert [decided_since(held(name), 10 * DAY) for name in ("gt", "lte")] == [8 * DAY - 1] * 2
    assert decided_since(MovedLeaf(segment="s", move="left", within=DAY), 10 * DAY) == 9 * DAY
    assert decided_since(ChangedLeaf(subject="trait", name="x"), 10 * DAY) == EVER


@pytest.mark.parametrize(
    ("operator", "answers"),
    [("gte", [True, True, False]), ("gt", [True, False, False]), ("lte", [False, True, True]),
     ("lt", [False, False, True])],
)  # fmt: skip
def test_a_length_is_compared_at_its_border(operator: str, answers: list[bool]) -> None:
    as_of = 10 * DAY
    assert [has_held(held(operator), start, as_of) for start in (8 * DAY - 1, 8 * DAY, 8 * DAY + 1)] == answers
    assert has_held(held(operator, 1000 * 365 * DAY), EVER, as_of) == (operator in ("gte", "gt"))


STAGE = {"method": "rules", "rules": [{"label": "Né", "where": {"did": "Order Completed"}}]}
LIMITS = [
    ({"trait": "orders", "has_been": 3, "for": {"gte": "36h"}}, "ask for whole days, such as 2d, not for 36h"),
    ({"trait": "orders", "changed": {"to": 3}}, "'changed' needs 'within' here (within: 30d)"),
    ({"trait": "orders", "changed": {"to": 3, "within": "2y"}}, "looked at for at most 400 days"),
    ({"segmentation": "stage", "has_been": "Ne", "for": {"gte": "3d"}}, "has no label 'Ne'; it has Né, Other."),
    ({"segmentation": "stage", "has_been": ["Né", "Old"], "for": {"gte": "3d"}}, "has no label 'Old'"),
    ({"segmentation": "stage", "changed": {"from": "Old", "within": "3d"}}, "has no label 'Old'"),
    ({"segmentation": "stage", "changed": {"from": "Né"}}, "'changed' needs 'within' here"),
    ({"entered": "asked", "within": "3d"}, "need each other in a circle: asked -> asked"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "message"), LIMITS, ids=[message for _, message in LIMITS])
def test_what_is_computed_is_asked_by_the_day(where: dict[str, object], message: str) -> None:
    files = {"traits/orders": {"from": {"did": "Order Completed"}}, "segmentations/stage": STAGE}
    with pytest.raises(DefinitionError) as caught:
        checked({**files, "segments/asked": {"where": where}}, CATALOG)
    assert [message in problem.message for problem in caught.value.details] == [True]


@pytest.mark.parametrize(
    "where",
    [
        {"trait": "plan", "has_been": "pro", "for": {"gte": "36h"}},
        {"trait": "plan", "has_been": "pro", "for": {"lt": "900y"}},
        {"trait": "plan", "changed": {}},
        {"trait": "first_seen", "changed": {}},
        {"trait": "orders", "has_been": [1, 2], "for": {"gte": "400d"}},
        {"trait": "orders", "changed": {"within": "48h"}},
        {"segmentation": "stage", "has_been": "Ne\u0301", "for": {"gte": "3d"}},
    ],
)
def test_what_can_be_asked_is_read_without_a_word(where: dict[str, object]) -> None:
    files = {"traits/orders": {"from": {"did": "Order Completed"}}, "segmentations/stage": STAGE}
    checked({**files, "segments/asked": {"where": where}}, CATALOG)
