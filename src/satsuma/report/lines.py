"""A series over time, and its small form without axes."""

from __future__ import annotations

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
from satsuma.report.markup import Markup, element

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOP, BOTTOM = 18, 24

#: More labels than these would meet on a phone.
MOST_LABELS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One moment of a series. `is_complete` is False where the period is covered in part."""

    label: str
    value: float
    text: str
    is_complete: bool = True


def time_line(
    points: Sequence[Point],
    title: str,
    *,
    axis: Callable[[float], str],
    tone: Tone = "worth",
    height: int = 220,
    empty: str = "Nothing happened in the time shown.",
) -> Markup:
    """Return a line with its area, round numbers on the axis, and the last value written at its end.

    A period that is not complete is a hollow point of its own, joined to nothing: it is no fall.
    """
    points = [point for point in points if can_be_drawn(point.value)]
    if not points:
        return nothing(empty)
    plot = height - TOP - BOTTOM
    lowest, highest = min(points, key=lambda point: point.value), max(points, key=lambda point: point.value)
    scale = ticks(lowest.value, highest.value, about=4)
    low = scale[0]
    # The plot ends a little over the highest point rather than at a round number far above it.
    top = max(highest.value, 0.0) + 0.1 * (max(highest.value, 0.0) - low)
    span = (min(top, scale[-1]) if scale[-1] > highest.value else top) - low or 1.0
    scale = tuple(tick for tick in scale if tick <= low + span)

    def y_of(value: float) -> float:
        return plot * (1 - (value - low) / span)

    def x_of(number: int) -> float:
        return 0.5 if len(points) == 1 else number / (len(points) - 1)

    marks: list[str] = []
    for tick in scale:
        y = TOP + y_of(tick)
        marks.append(element("line", class_="zero" if tick == 0 else "rule", x1="0", x2="100%", y1=y, y2=y))
        marks.append(text(without_zeros(axis(tick)), x="0", y=y - 4, class_="tick"))
    places = [(100 * x_of(number), y_of(point.value)) for number, point in enumerate(points)]
    drawn: list[str] = []
    for first, last in _runs(points):
        run = places[first:last]
        drawn.append(element("path", class_=f"area-{tone}", d=path(run, closed_at=y_of(0.0))))
        drawn.append(element("path", class_=f"line-{tone}", d=path(run)))
    marks.append(stretched(plot, TOP, *drawn))
    marks += _dots(points, places, tone)
    marks += _month_labels(points, x_of, height)
    marks += _tips(points, x_of, plot)
    description = (
        f"{len(points)} periods from {points[0].label} ({points[0].text}) to {points[-1].label} ({points[-1].text}); "
        f"highest {highest.text} in {highest.label}, lowest {lowest.text} in {lowest.label}."
    )
    return frame(title, description, height, *marks, class_="time")


def sparkline(values: Sequence[float], tone: Tone = "worth") -> Markup | None:
    """Return a small line without axes, or nothing for fewer than two values. It adorns a number beside it."""
    values = [value for value in values if can_be_drawn(value)]
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    places = [
        (100 * number / (len(values) - 1), 27 - 24 * (value - low) / span if high > low else 15.0)
        for number, value in enumerate(values)
    ]
    return element(
        "svg",
        element("path", class_=f"area-{tone}", d=path(places, closed_at=32)),
        element("path", class_=f"line-{tone}", d=path(places)),
        class_="spark",
        viewBox="0 0 100 32",
        preserveAspectRatio="none",
        width="100%",
        height=32,
        aria_hidden="true",
        xmlns="http://www.w3.org/2000/svg",
    )


def _runs(points: Sequence[Point]) -> list[tuple[int, int]]:
    """Return where runs of at least two complete points start and end (exclusive)."""
    runs: list[tuple[int, int]] = []
    first = 0
    for number, point in enumerate([*points, None]):
        if point is None or not point.is_complete:
            if number - first > 1:
                runs.append((first, number))
            first = number + 1
    return runs


def _dots(points: Sequence[Point], places: Sequence[tuple[float, float]], tone: Tone) -> list[str]:
    """Return a dot with its number at the last complete point, and a hollow one at each that is not complete."""
    marks: list[str] = []
    last = max((number for number, point in enumerate(points) if point.is_complete), default=None)
    for number, (point, (x, y)) in enumerate(zip(points, places, strict=True)):
        if point.is_complete and number != last:
            continue
        hollow = "" if point.is_complete else " hollow"
        marks.append(element("circle", class_=f"dot-{tone}{hollow}", cx=percent(x / 100), cy=TOP + y, r=4))
        if number == last:
            anchor = "middle" if 10 < x < 90 else "end" if x >= 90 else "start"
            above = TOP + y - 10 if y > 6 else TOP + y + 20
            marks.append(text(point.text, x=percent(x / 100), y=above, class_="value", anchor=anchor))
    return marks


def _month_labels(points: Sequence[Point], x_of: Callable[[int], float], height: int) -> list[str]:
    last = len(points) - 1
    wanted = min(MOST_LABELS, len(points))
    numbers = {round(last * step / (wanted - 1)) for step in range(wanted)} if wanted > 1 else {0}
    marks: list[str] = []
    for number in sorted(numbers):
        anchor = "middle"
        if last and number in (0, last):
            anchor = "start" if number == 0 else "end"
        marks.append(text(points[number].label, x=percent(x_of(number)), y=height - 6, class_="tick", anchor=anchor))
    return marks


def _tips(points: Sequence[Point], x_of: Callable[[int], float], plot: int) -> list[str]:
    """Return invisible columns that say a point's value under the pointer."""
    step = 1 / max(1, len(points) - 1)
    marks: list[str] = []
    for number, point in enumerate(points):
        start = max(0.0, x_of(number) - step / 2)
        end = min(1.0, x_of(number) + step / 2)
        note = "" if point.is_complete else " (not complete)"
        tip = element("title", f"{point.label}{note}: {point.text}")
        marks.append(
            element("rect", tip, class_="tip", x=percent(start), y=TOP, width=percent(end - start), height=plot)
        )
    return marks
