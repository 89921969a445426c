"""What all charts share: the frame, scales and colour steps. Each kind of chart has a module of its own.

A chart is an SVG as wide as its place: x positions are per cent, y positions pixels, so that text keeps its size on a
phone and on a desk. Lines, which cannot be drawn in per cent, stand in an inner SVG that stretches without thickening
its strokes. Colours are classes that the page's style sheet gives a light and a dark meaning.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal

from satsuma.report.markup import Markup, element, escape, join

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The families of segments by colour, and what stands for "the rest".
Tone = Literal["who", "do", "like", "worth", "will", "found", "hand", "quiet"]
TONES: tuple[Tone, ...] = ("who", "do", "like", "worth", "will", "found", "hand")

#: The one-hue ramp has steps 0 to 5; a cell with nothing in it has none.
RAMP_STEPS = 6

_IDLE_DECIMAL = re.compile(r"\.0+(?=[kMBT %]|$)")

_FAMILIES: dict[str, Tone] = {
    "demographic": "who",
    "geographic": "who",
    "firmographic": "who",
    "technographic": "who",
    "behavioural": "do",
    "lifecycle": "do",
    "preference": "like",
    "psychographic": "like",
    "affinity": "like",
    "value": "worth",
    "rfm": "worth",
    "predictive": "will",
    "prediction": "will",
    "clusters": "found",
    "cluster": "found",
}


def family(kind: str | None) -> Tone:
    """Return the colour family of a kind of trait, segment or method."""
    return _FAMILIES.get(kind or "", "hand")


def frame(title: str, description: str, height: int, *marks: str | None, class_: str = "") -> Markup:
    """Return a chart `height` pixels high and as wide as its place, named for people who do not see it."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *marks,
        class_=f"chart {class_}".strip(),
        role="img",
        aria_label=title,
        width="100%",
        height=height,
        xmlns="http://www.w3.org/2000/svg",
    )


def stretched(height: int, top: int, *marks: str | None) -> Markup:
    """Return the inner drawing of a chart: x from 0 to 100, y in pixels, stretched to the chart's width."""
    return element(
        "svg",
        *marks,
        x="0",
        y=top,
        width="100%",
        height=height,
        viewBox=f"0 0 100 {height}",
        preserveAspectRatio="none",
        class_="plot",
    )


def text(content: str, *, x: str, y: float, class_: str = "", anchor: str = "start") -> Markup:
    """Return a piece of text; `x` is a per cent (`50%`) or a number of pixels."""
    return element("text", content, x=x, y=float(y), class_=class_ or None, text_anchor=anchor)


def can_be_drawn(value: float) -> bool:
    """Return whether a number has a place on a scale: finite, and small enough to add and subtract."""
    return math.isfinite(value) and abs(value) < 1e300


def percent(fraction: float) -> str:
    """Return a fraction of the width (0 to 1) as an attribute: `37.5%`."""
    text = f"{100 * fraction:.3f}".rstrip("0").rstrip(".")
    return "0%" if text == "-0" else f"{text}%"


def path(points: Sequence[tuple[float, float]], *, closed_at: float | None = None) -> str:
    """Return the data of a path through points; with `closed_at`, the area between it and that height."""
    if not points:
        return ""
    data = "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    if closed_at is not None:
        data += f"L{points[-1][0]:.2f} {closed_at:.2f}L{points[0][0]:.2f} {closed_at:.2f}Z"
    return data


def ticks(lowest: float, highest: float, about: int = 4) -> tuple[float, ...]:
    """Return round numbers that cover `lowest` to `highest` and zero, `about` + 1 of them.

    The first is at or below the lowest value, the last at or above the highest.
    """
    low, high = min(0.0, lowest), max(0.0, highest)
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        return (0.0, 1.0)
    raw = (high - low) / about
    if raw < 1e-300:
        return (0.0, 1.0)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(number * step for number in range(first, last + 1))


def without_zeros(label: str) -> str:
    """Return an axis's number without an idle decimal: `$200k`, not `$200.0k`."""
    return _IDLE_DECIMAL.sub("", label)


def ramp_step(value: float, highest: float) -> int | None:
    """Return the colour step (0 to 5) of a value; None for nothing.

    By square root: a few large cells would else leave all others equally pale.
    """
    if not math.isfinite(value) or value <= 0 or highest <= 0:
        return None
    return min(RAMP_STEPS - 1, int(math.sqrt(min(1.0, value / highest)) * RAMP_STEPS))


def ramp_class(value: float, highest: float) -> str:
    """Return the class of a cell's colour: `ramp-3`, or `ramp-none`."""
    step = ramp_step(value, highest)
    return "ramp-none" if step is None else f"ramp-{step}"


def ramp_legend(less: str, more: str) -> Markup:
    """Return the key of the ramp: less on the left, more on the right."""
    steps = join(element("i", class_=f"ramp-{step}") for step in range(RAMP_STEPS))
    return element(
        "p",
        element("span", less),
        element("span", steps, class_="steps", aria_hidden="true"),
        element("span", more),
        class_="ramp-key",
    )


def nothing(sentence: str) -> Markup:
    """Return what stands in a chart's place when there is nothing to draw."""
    return element("p", escape(sentence), class_="nothing")
