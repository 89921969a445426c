"""Charts that set what was said against what came: paired columns, curves side by side, points about a diagonal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.report.charts import (
    Tone,
    can_be_drawn,
    frame,
    nothing,
    path,
    percent,
    stretched,
    text,
    ticks,
    without_zeros,
)
from satsuma.report.markup import Markup, clean, element

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOP, BOTTOM = 18, 40
#: A column's number has room above it only in so few groups.
ROOMY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two columns under one label: the quiet one to compare with, and the strong one. None is left out."""

    label: str
    quiet: float | None
    strong: float | None
    text: str
    tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A line through points; x runs from 0 to 1 over the chart's width."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: Tone
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """What was predicted, what came with its interval, and the same in words."""

    predicted: float
    actual: float
    low: float
    high: float
    tip: str
    is_off: bool = False


def paired_columns(
    pairs: Sequence[Pair], title: str, caption: str, *, axis: Callable[[float], str], tone: Tone, height: int = 260,
    empty: str = "There is nothing to compare yet.",
) -> Markup:  # fmt: skip
    """Return columns two by two on one scale, the strong one with its number where there is room."""
    values = [value for pair in pairs for value in (pair.quiet, pair.strong) if value is not None]
    if not values or not all(can_be_drawn(value) for value in values):
        return nothing(empty)
    plot = height - TOP - BOTTOM
    scale = ticks(min(values), max(values), about=3)
    low, span = min(0.0, *values, 0.0), (max(scale[-1], 0.0) - min(0.0, *values)) or 1.0

    def y_of(value: float) -> float:
        return TOP + plot * (1 - (value - low) / span)

    marks = _rules(scale, y_of, low)
    for number, pair in enumerate(pairs):
        for offset, value, fill in ((0.12, pair.quiet, "quiet"), (0.5, pair.strong, tone)):
            if not value:
                continue
            upper, lower = sorted((y_of(value), y_of(0.0)))
            marks.append(
                element("rect", class_=f"fill-{fill}", x=percent((number + offset) / len(pairs)), y=upper,
                        width=percent(0.36 / len(pairs)), height=max(1.5, lower - upper), rx=2)
            )  # fmt: skip
        middle = percent((number + 0.5) / len(pairs))
        if len(pairs) <= ROOMY and pair.strong is not None:
            above = min(y_of(value) for value in (pair.quiet, pair.strong) if value is not None)
            marks.append(text(pair.text, x=middle, y=above - 6, class_="value small", anchor="middle"))
        marks.append(text(pair.label, x=middle, y=TOP + plot + 16, class_="tick", anchor="middle"))
        tip = element("title", clean(pair.tip))
        marks.append(
            element("rect", tip, class_="tip", x=percent(number / len(pairs)), y=TOP, width=percent(1 / len(pairs)),
                    height=plot)
        )  # fmt: skip
    # After the columns, so that none hides a label.
    marks += _labels(scale, y_of, axis, low)
    marks.append(text(caption, x="50%", y=height - 6, class_="tick", anchor="middle"))
    return frame(title, "; ".join(clean(pair.tip) for pair in pairs) + ".", height, *marks)


def curves(
    lines: Sequence[Curve], title: str, description: str, *, axis: Callable[[float], str],
    marks_below: Sequence[tuple[float, str]], caption: str, is_even: bool = False, height: int = 260,
    empty: str = "There is nothing to draw yet.",
) -> Markup:  # fmt: skip
    """Return lines on one scale from 0; `is_even` adds the straight line from nothing to all."""
    drawn = [(line, [(x, y) for x, y in line.points if can_be_drawn(x) and can_be_drawn(y)]) for line in lines]
    drawn = [(line, points) for line, points in drawn if len(points) > 1]
    if not drawn:
        return nothing(empty)
    plot = height - TOP - BOTTOM
    values = [y for _, points in drawn for _, y in points]
    scale = ticks(min(values), max(values), about=4)
    low, span = min(scale[0], 0.0), (scale[-1] - min(scale[0], 0.0)) or 1.0

    def y_of(value: float) -> float:
        return plot * (1 - (value - low) / span)

    marks = _rules(scale, lambda value: TOP + y_of(value), low)
    marks += _labels(scale, lambda value: TOP + y_of(value), axis, low)
    paths: list[str] = []
    if is_even:
        paths.append(element("path", class_="even", d=path([(0.0, y_of(0.0)), (100.0, y_of(1.0))])))
    for line, points in drawn:
        dashed = " dashed" if line.is_dashed else ""
        data = path([(100 * x, y_of(y)) for x, y in points])
        paths.append(element("path", class_=f"line-{line.tone}{dashed}", d=data))
    marks.append(stretched(plot, TOP, *paths))
    for x, label in marks_below:
        anchor = "start" if x <= 0 else "end" if x >= 1 else "middle"
        marks.append(text(label, x=percent(x), y=TOP + plot + 16, class_="tick", anchor=anchor))
    marks.append(text(caption, x="50%", y=height - 6, class_="tick", anchor="middle"))
    return frame(title, description, height, *marks)


def calibration_plot(
    dots: Sequence[Dot], title: str, caption: str, *, axis: Callable[[float], str], tone: Tone, is_rooted: bool = False,
    height: int = 300,
    empty: str = "There is nothing to compare yet.",
) -> Markup:  # fmt: skip
    """Return what came over what was predicted, each with its interval, about the line on which both are the same.

    A point whose interval does not hold what was predicted is hollow. Square roots on both axes (`is_rooted`) give room
    to the many small amounts beside a few large ones.
    """
    dots = [dot for dot in dots if all(map(can_be_drawn, (dot.predicted, dot.actual, dot.low, dot.high)))]
    if not dots:
        return nothing(empty)
    plot = height - TOP - BOTTOM
    scale = ticks(0.0, max(max(dot.high, dot.actual, dot.predicted) for dot in dots), about=4)
    top = scale[-1]

    def x_of(value: float) -> float:
        part = min(1.0, max(0.0, value / top))
        return math.sqrt(part) if is_rooted else part

    def y_of(value: float) -> float:
        return TOP + plot * (1 - x_of(value))

    marks = [*_rules(scale, y_of, 0.0), *_labels(scale, y_of, axis, 0.0)]
    marks.append(stretched(plot, TOP, element("path", class_="even", d=path([(0.0, float(plot)), (100.0, 0.0)]))))
    for dot in dots:
        x = percent(x_of(dot.predicted))
        marks.append(element("line", class_="whisker", x1=x, x2=x, y1=y_of(dot.low), y2=y_of(dot.high)))
    for dot in dots:
        hollow = " hollow" if dot.is_off else ""
        tip = element("title", clean(dot.tip))
        marks.append(
            element("circle", tip, class_=f"dot-{tone}{hollow}", cx=percent(x_of(dot.predicted)), cy=y_of(dot.actual),
                    r=5)
        )  # fmt: skip
    for tick in scale:
        anchor = "start" if tick == 0 else "end" if tick == top else "middle"
        label = without_zeros(axis(tick))
        marks.append(text(label, x=percent(x_of(tick)), y=TOP + plot + 16, class_="tick", anchor=anchor))
    marks.append(text(caption, x="50%", y=height - 6, class_="tick", anchor="middle"))
    return frame(title, "; ".join(clean(dot.tip) for dot in dots) + ".", height, *marks)


def _rules(scale: Sequence[float], y_of: Callable[[float], float], low: float) -> list[str]:
    """Return the lines at round numbers."""
    return [
        element("line", class_="rule" if tick else "zero", x1="0", x2="100%", y1=y_of(tick), y2=y_of(tick))
        for tick in scale
        if tick >= low
    ]


def _labels(
    scale: Sequence[float], y_of: Callable[[float], float], axis: Callable[[float], str], low: float
) -> list[str]:
    return [
        text(without_zeros(axis(tick)), x="0", y=y_of(tick) - 4, class_="tick halo")
        for tick in scale
        if tick and tick >= low
    ]
