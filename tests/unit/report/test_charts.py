from __future__ import annotations

import dataclasses
import itertools
import math
import re
from datetime import date
from xml.etree import ElementTree

import pytest

from satsuma.report import format as say
from satsuma.report.bars import Bar, bars, small_bar
from satsuma.report.charts import family, path, percent, ramp_class, ramp_step, ticks, without_zeros
from satsuma.report.concentration import curve_chart, tenths_chart
from satsuma.report.contents import ReportContents
from satsuma.report.lines import Point, sparkline, time_line
from satsuma.report.shares import Piece, share_bar, tones_for
from satsuma.report.treemap import Box, squarified, treemap

SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{markup}</div>")  # noqa: S314


def points(*values: float) -> list[Point]:
    return [
        Point(label=say.month(date(2026, number % 12 + 1, 1)), value=value, text=say.count(value))
        for number, value in enumerate(values)
    ]


def test_every_chart_is_named_and_described(contents: ReportContents) -> None:
    spread = contents.concentration
    assert spread is not None
    charts = (
        time_line(points(1, 2, 3), "Revenue by month", axis=say.compact),
        curve_chart(spread, "Curve"),
        tenths_chart(spread, "Tenths"),
        treemap([Box(label="a", area=1, shade=1, text="1")], "Map"),
        share_bar([Piece(label="a", amount=1, text="1", tone="do")], "Shares"),
    )
    for chart in charts:
        svg = parsed(chart).find(f"{SVG}svg")
        assert svg is not None
        assert svg.get("role") == "img"
        assert svg.get("aria-label")
        assert svg[0].tag == f"{SVG}title"
        assert svg[1].tag == f"{SVG}desc"
        assert svg[1].text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (350071, 421882, (0, 200000, 400000, 600000)),
        (0, 0, (0, 1)),
        (-50, 100, (-50, 0, 50, 100)),
        (0, math.inf, (0, 1)),
        (0, 3, (0, 1, 2, 3)),
    ],
)
def test_ticks_are_round_and_cover_the_values(low: float, high: float, expected: tuple[float, ...]) -> None:
    assert ticks(low, high) == expected


def test_the_ramp_has_six_steps_and_none_for_nothing() -> None:
    assert [ramp_step(value, 100) for value in (0, -5, 0.1, 3, 12, 26, 50, 100, 900)] == [
        None,
        None,
        0,
        1,
        2,
        3,
        4,
        5,
        5,
    ]
    assert ramp_class(0, 100) == "ramp-none"
    assert ramp_step(math.nan, 1) is None
    assert ramp_step(1, 0) is None


def test_an_axis_says_round_numbers_without_idle_decimals() -> None:
    assert [without_zeros(text) for text in ("$200.0k", "$2.5M", "75.0 %", "100")] == ["$200k", "$2.5M", "75 %", "100"]


def test_families_follow_the_kinds() -> None:
    assert [family(kind) for kind in ("demographic", "rfm", "<b>", None)] == ["who", "worth", "hand", "hand"]


def test_percents_and_paths_are_plain_numbers() -> None:
    assert percent(1 / 3) == "33.333%"
    assert percent(1e-9) == "0%"
    assert path([]) == ""
    assert path([(0, 1), (50, 2)], closed_at=9) == "M0.00 1.00L50.00 2.00L50.00 9.00L0.00 9.00Z"


def lengths(markup: str) -> list[tuple[float, float]]:
    marks = re.findall(r'class="fill-[a-z]+" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', markup)
    return [(float(start), float(width)) for start, width in marks]


def test_bars_have_one_scale_and_stay_within_it() -> None:
    rows = [Bar(label=str(value), value=value, text=str(value)) for value in (100, 50, 0, 1e-9)]
    found = lengths(bars(rows))
    assert found == [(0, 100), (0, 50), (0, 0.4)]


def test_negative_bars_run_to_the_left_of_zero() -> None:
    rows = [Bar(label="a", value=75, text=""), Bar(label="b", value=-25, text="")]
    assert lengths(bars(rows)) == [(25, 75), (0, 25)]


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [math.nan], [math.inf, 1], [-3], [1e300, 1]])
def test_bars_survive_awkward_numbers(values: list[float]) -> None:
    made = bars([Bar(label="x", value=value, text=str(value)) for value in values])
    assert "NaN" not in made
    for start, width in lengths(made):
        assert 0 <= start <= 100
        assert 0 < width <= 100
    parsed(made)


def test_a_small_bar_ends_at_its_cell() -> None:
    assert lengths(small_bar(7)) == [(0, 100)]
    assert lengths(small_bar(math.nan)) == []


def test_an_incomplete_month_is_a_hollow_point_and_no_fall() -> None:
    made = time_line(
        [*points(5, 6, 7), Point(label="now", value=1, text="1", is_complete=False)], "Orders", axis=say.compact
    )
    assert made.count("hollow") == 1
    line = re.search(r'class="line-worth" d="([^"]+)"', made)
    assert line is not None
    assert line[1].count("L") == 2
    assert ">7</text>" in made


@pytest.mark.parametrize("values", [[], [5], [0, 0, 0], [-4, 2, -1], [1e15, 2e15], [math.nan, 3]])
def test_a_line_survives_awkward_numbers(values: list[float]) -> None:
    made = time_line(points(*values), "Series", axis=say.compact)
    assert "nan" not in made.replace("Jan", "")
    parsed(made)


def test_a_series_of_incomplete_months_only_draws_points() -> None:
    only = [dataclasses.replace(point, is_complete=False) for point in points(1, 2)]
    made = time_line(only, "Series", axis=say.compact)
    assert "line-worth" not in made
    assert made.count("hollow") == 2


def test_few_labels_stand_under_a_long_series() -> None:
    made = time_line(points(*range(60)), "Series", axis=say.compact)
    assert made.count('y="214" class="tick"') == 4


def test_a_sparkline_needs_two_values() -> None:
    assert sparkline([1]) is None
    assert sparkline([]) is None
    assert sparkline([3, 3, 3]) is not None


def test_known_stages_keep_their_colours_and_neighbours_differ() -> None:
    assert tones_for(["New", "Active", "Slipping", "Lapsed", "Returned", "Prospect"]) == (
        "who",
        "do",
        "worth",
        "will",
        "like",
        "hand",
    )
    tones = tones_for(["Active", "Inactive", *[f"Label {number}" for number in range(20)]])
    assert tones[0] != tones[1]
    assert all(first != second for first, second in itertools.pairwise(tones))


def test_a_share_bar_names_what_is_too_thin_to_see() -> None:
    pieces = [
        Piece(label="all", amount=1e9, text="1", tone="do"),
        Piece(label="few", amount=1, text="1", tone="who"),
        Piece(label="none", amount=0, text="0", tone="will"),
        Piece(label="less", amount=-4, text="−4", tone="hand"),
    ]
    made = share_bar(pieces, "Shares")
    assert made.count("<rect") == 2
    assert all(f">{piece.label}</bdi>" in made for piece in pieces)
    assert "Nothing to show yet." in share_bar([pieces[2]], "Shares")


def test_a_treemap_fills_its_field_exactly() -> None:
    shares = [0.5, 0.2, 0.15, 0.1, 0.05]
    places = squarified(shares, 1.7)
    for share, place in zip(shares, places, strict=True):
        assert place.width * place.height == pytest.approx(share)
        assert -1e-9 <= place.x <= 1 - place.width + 1e-9
        assert -1e-9 <= place.y <= 1 - place.height + 1e-9


def test_a_treemap_draws_its_smallest_boxes_as_one() -> None:
    made = treemap([Box(label=f"box {number}", area=100 - number, shade=1, text="") for number in range(60)], "Map")
    assert made.count("<rect") == 24
    assert "37 more" in made
    assert "Nothing to show yet." in treemap([Box(label="x", area=0, shade=0, text="")], "Map")


def test_hostile_names_stay_text_in_every_chart(nasty: str) -> None:
    name = nasty
    made = (
        bars([Bar(label=name, value=1, text=name, detail=name, hint=name)]),
        treemap([Box(label=name, area=1, shade=1, text=name, detail=name)], name),
        share_bar([Piece(label=name, amount=1, text=name, detail=name, tone="do")], name),
        time_line([Point(label=name, value=1, text=name)], name, axis=say.compact),
    )
    for chart in made:
        tags = {part.tag.split("}")[-1] for part in parsed(chart).iter()}
        assert not tags & {"script", "img", "style"}


def test_the_samples_curve_and_tenths_are_drawn(contents: ReportContents) -> None:
    spread = contents.concentration
    assert spread is not None
    assert "Best 20\u00a0%: 54.5\u00a0%" in curve_chart(spread, "Curve")
    refunds = ((0.0, 0.0), (0.4, 1.2), (1.0, 1.0))
    in_debt = dataclasses.replace(spread, points=refunds, deciles=(0.6, 0.4, 0.2, *[0.0] * 6, -0.2))
    assert all(float(y) >= 0 for y in re.findall(r' c?y[12]?="([^"]+)"', curve_chart(in_debt, "Curve")))
    assert tenths_chart(spread, "Tenths").count("<rect") == 10
    heights = re.findall(r'<rect[^>]* height="([^"]+)"', tenths_chart(in_debt, "Tenths"))
    assert all(float(height) > 0 for height in heights)
    empty = dataclasses.replace(spread, points=(), deciles=())
    assert "no value" in curve_chart(empty, "Curve")
    assert "no value" in tenths_chart(empty, "Tenths")
