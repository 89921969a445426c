"""Where the marks of paired columns, curves and calibration stand."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest

from satsuma.report.bars import Bar, bars
from satsuma.report.markup import Markup
from satsuma.report.plots import Curve, Dot, Pair, calibration_plot, curves, paired_columns

PLAIN = "{:g}".format
SVG = "{http://www.w3.org/2000/svg}"


def parsed(markup: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(markup)  # noqa: S314


def pair(label: str, quiet: float | None, strong: float | None) -> Pair:
    return Pair(label=label, quiet=quiet, strong=strong, text=str(strong), tip=f"{label}: {strong}, not {quiet}")


def test_columns_share_one_scale_and_missing_ones_are_left_out() -> None:
    chart = parsed(
        paired_columns(
            [pair("a", 1.0, 3.0), pair("b", None, 1.5), pair("c", 0.0, None)], "T", "c", axis=PLAIN, tone="do"
        )
    )
    strong = [rect for rect in chart.iter(f"{SVG}rect") if rect.get("class") == "fill-do"]
    quiet = [rect for rect in chart.iter(f"{SVG}rect") if rect.get("class") == "fill-quiet"]
    assert len(strong) == 2
    # A column of nothing is no sliver.
    assert len(quiet) == 1
    tall, half = (float(rect.get("height") or 0) for rect in strong)
    assert tall == pytest.approx(2 * half)
    assert chart.findtext(f"{SVG}desc") == "a: 3.0, not 1.0; b: 1.5, not None; c: None, not 0.0."


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_nothing_to_compare_is_said(value: float | None) -> None:
    assert "nothing to compare" in paired_columns([pair("a", value, None)], "T", "c", axis=PLAIN, tone="do")
    assert "nothing to compare" in paired_columns([], "T", "c", axis=PLAIN, tone="do")


def test_curves_run_over_the_whole_width() -> None:
    lines = [
        Curve(name="b", points=((0.0, 0.0), (1.0, 1.0)), tone="will"),
        Curve(name="a", points=((0.5, math.nan),), tone="hand", is_dashed=True),
    ]
    made = curves(lines, "T", "D.", axis=PLAIN, marks_below=[(0.0, "0"), (1.0, "all")], caption="c", is_even=True)
    paths = [path.get("d") for path in parsed(made).iter(f"{SVG}path")]
    # The even line and the curve lie on each other; a curve of one point is none.
    assert paths == ["M0.00 202.00L100.00 0.00", "M0.00 202.00L100.00 0.00"]
    assert "nothing to draw" in curves([], "T", "D.", axis=PLAIN, marks_below=[], caption="c")


def test_a_point_on_the_diagonal_has_the_same_place_on_both_axes() -> None:
    dots = [
        Dot(predicted=0.5, actual=0.5, low=0.4, high=0.6, tip="on"),
        Dot(predicted=0.25, actual=0.9, low=0.8, high=1.0, tip="off", is_off=True),
        Dot(predicted=math.nan, actual=0.9, low=0.8, high=1.0, tip="none"),
    ]
    chart = parsed(calibration_plot(dots, "T", "c", axis=PLAIN, tone="will", height=258))
    on, off = chart.findall(f"{SVG}circle")
    # The plot is 200 high and begins at 18; the scale ends at 1.
    assert (on.get("cx"), on.get("cy")) == ("50%", "118")
    assert (off.get("cx"), off.get("class")) == ("25%", "dot-will hollow")
    whiskers = [line for line in chart.iter(f"{SVG}line") if line.get("class") == "whisker"]
    assert [(line.get("y1"), line.get("y2")) for line in whiskers] == [("138", "98"), ("58", "18")]
    rooted = parsed(calibration_plot(dots, "T", "c", axis=PLAIN, tone="will", is_rooted=True, height=258))
    assert rooted.findall(f"{SVG}circle")[1].get("cx") == "50%"
    assert "nothing to compare" in calibration_plot(dots[2:], "T", "c", axis=PLAIN, tone="will")


def test_an_interval_stands_over_the_end_of_its_bar() -> None:
    rows = [Bar(label="a", value=0.5, second=1.0, text="x", low=0.4, high=0.6), Bar(label="b", value=0.0, text="y")]
    made = ElementTree.fromstring(bars(rows))  # noqa: S314
    line = made.find(f".//{SVG}line[@class='whisker']")
    assert line is not None
    assert (line.get("x1"), line.get("x2")) == ("40%", "60%")
    none = bars([Bar(label="a", value=0.5, text="x", low=0.0, high=0.0)])
    assert "whisker" not in none
