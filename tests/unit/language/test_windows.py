"""Windows of the calendar, and the habits that are said in one word and meant as windows."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

import random_worlds as worlds
from satsuma.errors import DefinitionError
from satsuma.language.checker import Checked
from satsuma.language.durations import from_microseconds
from satsuma.language.explain import explain
from satsuma.language.types import Segment, Segmentation, Trait, Window
from small_world import checked, moment_of

PARIS = ZoneInfo("Europe/Paris")
APIA = ZoneInfo("Pacific/Apia")
HAVANA = ZoneInfo("America/Havana")
ORDER = "Order Completed"


def definitions(files: dict[str, Any], zone: ZoneInfo = PARIS) -> Checked:
    return checked(files, worlds.CATALOG, zone)


def where(condition: dict[str, Any], zone: ZoneInfo = PARIS) -> Any:
    return definitions({"segments/asked": {"where": condition}}, zone).of(Segment)["asked"].where


def window(within: Any, zone: ZoneInfo) -> Window:
    found: Window = where({"did": ORDER, "within": within}, zone).measure.window
    return found


@pytest.mark.parametrize(
    ("within", "zone", "as_of", "first", "last"),
    [
        # Paris goes to summer time on 31 March 2024: that day has 23 hours.
        ({"on": "2024-03-31"}, PARIS, "2024-07-01", "2024-03-30T23:00:00", "2024-03-31T22:00:00"),
        ({"last_full": "day"}, PARIS, "2024-04-01T05:00:00", "2024-03-30T23:00:00", "2024-03-31T22:00:00"),
        ({"last_full": "1 days"}, PARIS, "2024-04-01T05:00:00", "2024-03-30T23:00:00", "2024-03-31T22:00:00"),
        ({"last_full": "2 months"}, PARIS, "2024-05-31T21:59:59", "2024-02-29T23:00:00", "2024-04-30T22:00:00"),
        ({"last_full": "2 months"}, PARIS, "2024-05-31T22:00:00", "2024-03-31T22:00:00", "2024-05-31T22:00:00"),
        ({"last_full": "week"}, PARIS, "2024-07-01", "2024-06-23T22:00:00", "2024-06-30T22:00:00"),
        ({"last_full": "3 quarters"}, PARIS, "2024-07-01", "2023-09-30T22:00:00", "2024-06-30T22:00:00"),
        ({"last_full": "year"}, PARIS, "2024-02-29T12:00:00", "2022-12-31T23:00:00", "2023-12-31T23:00:00"),
        # Samoa had no 30 December 2011: the day before the 31st was the 29th.
        ({"last_full": "day"}, APIA, "2011-12-31T12:00:00", "2011-12-30T10:00:00", "2011-12-31T10:00:00"),
        ({"last_full": "2 days"}, APIA, "2011-12-31T09:59:59", "2011-12-29T10:00:00", "2011-12-30T10:00:00"),
        # In Havana the first hour of 3 November 2024 came twice.
        ({"on": "2024-11-03"}, HAVANA, "2024-12-01", "2024-11-03T04:00:00", "2024-11-04T05:00:00"),
    ],
)  # fmt: skip
def test_a_calendar_window_holds_whole_local_periods(
    within: Any, zone: ZoneInfo, as_of: str, first: str, last: str
) -> None:
    low, high = window(within, zone).borders(moment_of(as_of, zone))
    assert low is not None
    # An event belongs to it when low < time <= high; the end of a period is not of it.
    assert from_microseconds(low + 1).isoformat() == first
    assert from_microseconds(high + 1).isoformat() == last


def test_the_running_period_ends_at_the_moment() -> None:
    moment = moment_of("2024-03-31T20:15:00", PARIS)
    low, high = window({"this": "week"}, PARIS).borders(moment)
    assert high == moment.as_of
    assert low is not None
    assert from_microseconds(low + 1).isoformat() == "2024-03-24T23:00:00"


def test_one_period_is_said_with_or_without_its_number() -> None:
    assert window({"last_full": "month"}, PARIS) == window({"last_full": "1 month"}, PARIS)


def test_regularly_is_active_periods_in_full_ones() -> None:
    said = {"did": ORDER, "regularly": {"in": 3, "of_last": 4, "period": "week"}, "where": {"prop": "n", "gt": 1}}
    meant = {"did": ORDER, "weeks_active": {"gte": 3}, "within": {"last_full": "4 weeks"}, "where": said["where"]}
    assert where(said) == where(meant)


def test_stopped_is_active_and_then_not() -> None:
    said = {"did": ORDER, "stopped": {"active": "60d", "then_quiet": "30d"}, "where": {"prop": "n", "gt": 1}}
    filtered = {"where": said["where"]}
    active = {"did": ORDER, "between": {"from": "90d", "to": "30d"}, **filtered}
    assert where(said) == where({"all": [active, {"not_did": ORDER, "within": "30d", **filtered}]})


def test_restarted_is_known_then_quiet_then_back() -> None:
    known, quiet, back = where({"did": ORDER, "restarted": {"quiet": "30d", "then_active": "7d"}}).conditions
    assert quiet == where({"not_did": ORDER, "between": {"from": "37d", "to": "7d"}})
    assert back == where({"did": ORDER, "within": "7d"})
    moment = moment_of("2024-07-01")
    assert known.measure.window.borders(moment) == (None, moment_of("2024-05-25").as_of)


def test_a_trait_is_measured_in_a_period_of_the_calendar() -> None:
    files = {"traits/asked": {"from": {"did": ORDER, "sum": {"of": "revenue"}, "within": {"last_full": "quarter"}}}}
    found = definitions(files)
    assert explain(found.of(Trait)["asked"], found) == (
        "The sum of 'revenue' over 'Order Completed' in the last full quarter. Where there are none, it is 0."
    )


@pytest.mark.parametrize(
    ("span", "words"),
    [("2y", " of the last 730 days"), ({"last_full": "12 months"}, " of the last 12 full months"),
     ({"this": "year"}, " of this year up to the moment")],
)  # fmt: skip
def test_a_segmentation_takes_a_period_of_the_calendar(span: Any, words: str) -> None:
    files = {
        "segmentations/liked": {"method": "affinity", "event": ORDER, "of": "channel", "window": span},
        "segmentations/scored": {"method": "rfm", "window": span},
    }
    found = definitions(files)
    for segmentation in found.of(Segmentation).values():
        assert words in explain(segmentation, found)
        assert segmentation.settings.window == window(span, PARIS)


@pytest.mark.parametrize("span", [{"on": "2024-03-01"}, {"last_full": "0 months"}, "0d", {}])
def test_a_segmentation_takes_no_day_and_nothing_empty(span: Any) -> None:
    with pytest.raises(DefinitionError, match=r"'window'|'last_full'") as caught:
        definitions({"segmentations/scored": {"method": "rfm", "window": span}})
    assert len(caught.value.details) == 1
