"""Horizontal bars: one line of text over one bar, so that a long name never meets its number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.report.charts import Tone, can_be_drawn, nothing, percent
from satsuma.report.markup import Markup, clean, element, join, said

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A bar of something that is there stays visible, whatever the largest.
THINNEST = 0.004

#: So few bars stay in one column even on a wide card.
SHORT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its length (any number; below zero it runs to the left), and the words beside it.

    second : a second, quieter bar over it (a share of customers beside a share of value).
    low, high : the interval of the value, drawn over its end; None where there is none.
    """

    label: str
    value: float
    text: str
    detail: str = ""
    second: float | None = None
    tone: Tone = "worth"
    hint: str = ""
    low: float | None = None
    high: float | None = None


def bars(rows: Sequence[Bar], *, empty: str = "Nothing to show yet.", full: float | None = None) -> Markup:
    """Return bars as a list; all have the scale of the largest, or of `full` when that is larger."""
    if not rows:
        return nothing(empty)
    values = [number for row in rows for number in (row.value, row.second, row.high) if number is not None]
    values = [number for number in values if can_be_drawn(number)]
    low = min([0.0, *values])
    high = max([0.0, full or 0.0, *values])
    span = (high - low) or 1.0
    zero = -low / span
    lines = []
    for row in rows:
        marks: list[str | None] = []
        if row.second is None:
            track = element("rect", class_="track", width="100%", height="100%", rx=3)
            marks += [track, _mark(row.value / span, zero, row.tone, 0, 8)]
        else:
            marks += [_mark(row.second / span, zero, "quiet", 0, 6), _mark(row.value / span, zero, row.tone, 8, 6)]
        height = 8 if row.second is None else 14
        marks += _whisker(row, span, zero, height)
        lines.append(
            element(
                "li",
                element(
                    "span",
                    said(row.label, "bar-name", title=clean(row.hint or row.label)),
                    element(
                        "span", element("b", row.text), f" {row.detail}" if row.detail else None, class_="bar-number"
                    ),
                    class_="bar-line",
                ),
                element(
                    "svg",
                    *marks,
                    class_="bar",
                    width="100%",
                    height=height,
                    aria_hidden="true",
                    xmlns="http://www.w3.org/2000/svg",
                ),
            )
        )
    return element("ol", join(lines), class_="bars" if len(rows) > SHORT else "bars short")


def bar_key(quiet: str, strong: str, tone: Tone = "worth", *, quiet_tone: Tone = "quiet") -> Markup:
    """Return the key of double bars, of columns in pairs and of two lines."""
    return element(
        "p",
        element("span", element("i", class_=f"dot tone-{quiet_tone}", aria_hidden="true"), quiet),
        element("span", element("i", class_=f"dot tone-{tone}", aria_hidden="true"), strong),
        class_="key",
    )


def small_bar(fraction: float, tone: Tone = "worth") -> Markup:
    """Return a bar for a cell of a table, 0 to 1 of the cell's width."""
    length = min(1.0, max(0.0, fraction if math.isfinite(fraction) else 0.0))
    return element(
        "svg",
        element("rect", class_="track", width="100%", height="100%", rx=3),
        _mark(length, 0.0, tone, 0, 6),
        class_="bar small",
        width="100%",
        height=6,
        aria_hidden="true",
        xmlns="http://www.w3.org/2000/svg",
    )


def _whisker(row: Bar, span: float, zero: float, bottom: int) -> list[str]:
    """Return the interval of a bar: a line with a stop at either end."""
    if row.low is None or row.high is None or not (can_be_drawn(row.low) and can_be_drawn(row.high)):
        return []
    if row.low >= row.high:
        return []
    start, end = (percent(min(1.0, max(0.0, zero + border / span))) for border in (row.low, row.high))
    middle = bottom - (4 if row.second is None else 3)
    across = element("line", class_="whisker", x1=start, x2=end, y1=middle, y2=middle)
    stops = (element("line", class_="whisker", x1=x, x2=x, y1=middle - 3, y2=middle + 3) for x in (start, end))
    return [across, *stops]


def _mark(length: float, zero: float, tone: Tone, top: int, height: int) -> Markup | None:
    if not math.isfinite(length) or length == 0:
        return None
    size = max(abs(length), THINNEST)
    start = zero if length > 0 else max(0.0, zero - size)
    start = min(start, 1 - THINNEST)
    return element(
        "rect", class_=f"fill-{tone}", x=percent(start), y=top, width=percent(min(size, 1 - start)), height=height, rx=3
    )
