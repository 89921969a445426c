"""How unevenly value is spread over customers, drawn: the curve, and the ten tenths."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.charts import frame, nothing, path, percent, stretched, text, ticks, without_zeros
from satsuma.report.markup import Markup, element

if TYPE_CHECKING:
    from satsuma.report.contents import Concentration


def curve_chart(spread: Concentration, title: str, *, height: int = 300) -> Markup:
    """Return the curve of value over customers, best first, with the best 20 % marked."""
    points = [(x, y) for x, y in spread.points if math.isfinite(x) and math.isfinite(y)]
    if len(points) < 2:
        return nothing("There is no value to spread yet.")
    top, bottom = 18, 40
    plot = height - top - bottom
    highest = max(1.0, *(y for _, y in points))

    def y_of(fraction: float) -> float:
        return plot * (1 - fraction / highest)

    marks: list[str] = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + y_of(tick)
        marks.append(element("line", class_="rule" if tick else "zero", x1="0", x2="100%", y1=y, y2=y))
        if tick:
            # On the right the curve is far above the marks; on the left it would cross them.
            marks.append(text(without_zeros(say.share(tick)), x="100%", y=y - 4, class_="tick halo", anchor="end"))
    places = [(100 * x, y_of(y)) for x, y in points]
    even = [(0.0, y_of(0)), (100.0, y_of(1))]
    marks.append(
        stretched(
            plot,
            top,
            element("path", class_="area-worth", d=path([*places, *reversed(even)]) + "Z"),
            element("path", class_="even", d=path(even)),
            element("path", class_="line-worth", d=path(places)),
        )
    )
    best = spread.top_20_share
    y = top + y_of(best)
    marks.append(element("line", class_="guide", x1="20%", x2="20%", y1=y, y2=top + plot))
    marks.append(element("circle", class_="dot-worth", cx="20%", cy=y, r=5))
    # The label stands right of the point, and under the curve: that side is free whatever the curve's shape.
    marks.append(text(f"Best 20 %: {say.share(best)}", x="23%", y=min(y + 26, top + plot - 26), class_="value"))
    marks.append(text("if all were alike", x="56%", y=top + y_of(0.38), class_="tick halo"))
    for tick, anchor in ((0.0, "start"), (0.2, "middle"), (0.5, "middle"), (1.0, "end")):
        marks.append(text(f"{tick * 100:.0f} %", x=percent(tick), y=top + plot + 16, class_="tick", anchor=anchor))
    marks.append(text("customers, best first", x="50%", y=height - 6, class_="tick", anchor="middle"))
    description = (
        f"Curve of the share of value over the share of customers, best first. The best 20 % bring {say.share(best)}; "
        f"Gini coefficient {spread.gini:.2f}."
    )
    return frame(title, description, height, *marks)


def tenths_chart(spread: Concentration, title: str, *, height: int = 300) -> Markup:
    """Return ten columns: the share of value of each tenth of the customers, best first."""
    tenths = [value if math.isfinite(value) else 0.0 for value in spread.deciles]
    if not tenths:
        return nothing("There is no value to spread yet.")
    top, bottom = 18, 40
    plot = height - top - bottom
    scale = ticks(min(tenths), max(tenths), about=3)
    low, high = min(0.0, *tenths), max(scale[-1], 1e-9)
    span = high - low

    def y_of(value: float) -> float:
        return top + plot * (1 - (value - low) / span)

    marks: list[str] = [element("line", class_="zero", x1="0", x2="100%", y1=y_of(0), y2=y_of(0))]
    for number, value in enumerate(tenths):
        start, middle = percent((number + 0.12) / len(tenths)), percent((number + 0.5) / len(tenths))
        upper, lower = sorted((y_of(value), y_of(0)))
        tip = element("title", f"{_ordinal(number + 1)} tenth of customers: {say.share(value)} of value")
        tone = "fill-worth" if number < 2 else "fill-soft"
        marks.append(
            element(
                "rect",
                tip,
                class_=tone,
                x=start,
                y=upper,
                width=percent(0.76 / len(tenths)),
                height=max(1.5, lower - upper),
                rx=3,
            )
        )
        marks.append(text(_short(value), x=middle, y=upper - 6, class_="value small", anchor="middle"))
        marks.append(text(str(number + 1), x=middle, y=top + plot + 16, class_="tick", anchor="middle"))
    marks.append(
        text(
            "tenth of customers, best first (per cent of value)", x="50%", y=height - 6, class_="tick", anchor="middle"
        )
    )
    description = "; ".join(f"{_ordinal(number + 1)} {say.share(value)}" for number, value in enumerate(tenths))
    return frame(title, f"Share of value by tenth of customers, best first: {description}.", height, *marks)


def _short(fraction: float) -> str:
    """Return a share without its sign, for a narrow column: `33`, `9.8`, `0.3`, `<0.1`."""
    size = abs(fraction * 100)
    if 0 < size < 0.1:
        return "<0.1"
    text = f"{size:.0f}" if size >= 9.95 else f"{size:.1f}"
    return f"{say.MINUS}{text}" if fraction < 0 and size else text


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"
