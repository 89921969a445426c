"""What changed, in words and on the page."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from satsuma.evidence.changes import Changed, Flow, Group
from satsuma.evidence.insights import Insights
from satsuma.report.changes import changes
from satsuma.report.changes_words import (
    told_alarms,
    told_change,
    told_changes,
    told_everybody,
    told_frame,
    told_migration,
    told_mix,
)
from satsuma.report.contents import ReportContents
from satsuma.statistics.decomposition import ValueChange, value_change
from satsuma.statistics.migration import migration


def change(**given: Any) -> ValueChange:
    facts = {"before": 1_000.0, "after": 1_080.0, "entries": 500.0, "exits": -200.0, "behaviour": -220.0,
             "behaviour_low": -400.0, "behaviour_high": -40.0, "entered": 80, "left": 46, "stayed": 237}  # fmt: skip
    return ValueChange(**{**facts, **given})


CHAMPIONS = Changed(
    group=Group("segment", "customer", "champions"), title="Champions", population=(4_000, 4_100), revenue=change(),
    newcomers=3, came_from=(Flow(label="Loyal", size=62), Flow(label="New", size=15), Flow(label=None, size=3)),
    went_to=(Flow(label="Loyal", size=46),),
)  # fmt: skip


def test_a_segment_in_one_sentence() -> None:
    assert told_change(CHAMPIONS, "EUR") == (
        "Champions grew by 12.0 % (+34, to 317 customers): 80 entered (62 from Loyal, 15 from New and 3 not there "
        "before) and 46 left (46 to Loyal); revenue €1,080, +€80.00 (+8.0 %): +€500 by those who entered, −€200 by "
        "those who left and −€220 by those who stayed."
    )


def test_a_change_of_behaviour_that_may_be_chance_says_so() -> None:
    doubtful = dataclasses.replace(CHAMPIONS, revenue=change(behaviour_low=-500.0, behaviour_high=60.0))
    assert "−€220 by those who stayed (which may be chance)." in told_change(doubtful, "EUR")


@pytest.mark.parametrize(
    ("given", "opening"),
    [({"entered": 10, "left": 46}, "Champions shrank by 12.7 % (−36, to 247 customers)"),
     ({"entered": 46, "left": 46}, "Champions has 283 customers as before"),
     ({"entered": 5, "left": 0, "stayed": 0, "before": 0.0}, "Champions has 5 customers and had none")],
)  # fmt: skip
def test_how_a_size_moved(given: dict[str, Any], opening: str) -> None:
    assert told_change(dataclasses.replace(CHAMPIONS, revenue=change(**given)), "EUR").startswith(opening)


def test_no_revenue_is_said_and_never_divided_by() -> None:
    none = dict.fromkeys(("before", "after", "entries", "exits", "behaviour"), 0.0)
    assert told_change(dataclasses.replace(CHAMPIONS, revenue=change(**none)), "EUR").endswith(
        "; no revenue in either period."
    )
    negative = dataclasses.replace(CHAMPIONS, revenue=change(before=-10.0, after=5.0))
    assert "revenue €5.00, +€15.00: " in told_change(negative, "EUR")


def test_an_unusual_move_is_told_with_what_is_usual() -> None:
    move = {"is_unusual": True, "change": 0.4, "usual": -0.02, "least_up": 0.3}
    told = told_change(
        dataclasses.replace(CHAMPIONS, size_move=move, revenue_move={**move, "is_unusual": False}), "EUR"
    )
    assert told.endswith(" Unusual: its size moved by +40.0 %, usually −2.0 %.")


@pytest.fixture
def found(contents: ReportContents) -> Insights:
    assert contents.changes is not None
    return contents.changes


def test_the_frame_says_what_revenue_is(found: Insights) -> None:
    assert told_frame(found, "UTC") == (
        "From 1 May 2018, 00:00 (UTC) to 31 May 2018, 00:00 (UTC). Revenue is the net revenue of the 30 days up to "
        "each moment, of those who are in then."
    )
    uneven = dataclasses.replace(found, days=(31.0, 30.0))
    assert "of the 31 and 30 days up to" in told_frame(uneven, "UTC")


def test_everybody_the_alarms_and_the_mix(found: Insights) -> None:
    assert told_everybody(found, "EUR").startswith("There are 6 customers (+1); revenue €")
    assert told_alarms(found) == "Whether a move is unusual cannot be said: 2 moments are known, and 8 are needed."
    assert told_mix(found.mixes[0], "EUR").startswith("RFM: 60.0 % kept their label. Revenue changed by ")
    assert [text.split(" ")[0] for text in told_changes(found, "EUR")] == ["Buyers"]


def test_the_largest_net_flow_is_named() -> None:
    moved = migration([0, 0, 0, 1, 1], [1, 1, 0, 0, 1], ["a", "b"])
    assert told_migration("T", moved) == (
        "T: 40.0 % of those who had a label kept it. The largest net flow is from a to b: 2 went, 1 the other way."
    )
    assert told_migration("T", migration([0, 1], [0, 1], ["a", "b"])).endswith("nobody moved between labels, net.")


def test_the_section_is_left_out_where_there_is_nothing_to_compare_with(contents: ReportContents) -> None:
    assert changes(dataclasses.replace(contents, changes=None)) is None
    made = changes(contents)
    assert made is not None
    assert made.title == "What changed"


def test_the_row_of_a_table_adds_up() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-50, 500, (2, 40))
    inside = rng.random((2, 40)) < 0.5
    made = value_change(inside[0], inside[1], values[0], values[1])
    assert made.entries + made.exits + made.behaviour == made.change
