"""A map whose areas are shares of a whole: the largest first, each box as square as its place allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.report.charts import can_be_drawn, frame, nothing, percent, ramp_step
from satsuma.report.markup import Markup, clean, element, said

#: Boxes are laid out for a place of this width.
LAID_OUT_FOR = 500.0

#: Pixels from one line of text to the next.
LINE = 17

#: Boxes beyond these are too small to see; they are drawn as one.
MOST_BOXES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box: `area` is its share (over 0), `shade` what its colour says; two lines of words."""

    label: str
    area: float
    shade: float
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands, in fractions of the whole (0 to 1)."""

    x: float
    y: float
    width: float
    height: float


def treemap(boxes: Sequence[Box], title: str, *, height: int = 300, empty: str = "Nothing to show yet.") -> Markup:
    """Return the map with its words; what does not fit in a box is in its tooltip and the table."""
    found = sorted(
        (box for box in boxes if can_be_drawn(box.area) and box.area > 0), key=lambda box: (-box.area, box.label)
    )
    if not found:
        return nothing(empty)
    total = sum(box.area for box in found)
    if len(found) > MOST_BOXES:
        rest = found[MOST_BOXES - 1 :]
        area = sum(box.area for box in rest)
        found = [*found[: MOST_BOXES - 1], Box(label=f"{len(rest)} more", area=area, shade=0.0, text="")]
    places = squarified([box.area / total for box in found], LAID_OUT_FOR / height)
    highest = max(box.shade for box in found)
    marks = [_box(box, place, highest, height) for box, place in zip(found, places, strict=True)]
    description = "; ".join(f"{clean(box.label)}: {box.text}, {box.detail}" for box in found)
    return frame(title, description, height, *marks, class_="treemap")


def squarified(shares: Sequence[float], aspect: float) -> list[Place]:
    """Return a place for each share (falling, sum 1) in a field `aspect` times as wide as high.

    Boxes fill the shorter side of what is left row by row; a row takes the next box while that makes its worst box
    more square (Bruls, Huizing and van Wijk, 2000).
    """
    places: list[Place] = []
    x, y, width, height = 0.0, 0.0, aspect, 1.0
    row: list[float] = []
    waiting = [share * aspect for share in shares]

    def worst(areas: Sequence[float], side: float) -> float:
        depth = sum(areas) / side
        return max(max(depth * depth / area, area / (depth * depth)) for area in areas)

    while waiting or row:
        side = min(width, height)
        if waiting and (not row or worst([*row, waiting[0]], side) <= worst(row, side)):
            row.append(waiting.pop(0))
            continue
        depth = sum(row) / side if side else 0.0
        along = 0.0
        for area in row:
            length = area / depth if depth else 0.0
            if width >= height:
                places.append(Place(x / aspect, y + along, depth / aspect, length))
            else:
                places.append(Place((x + along) / aspect, y, length / aspect, depth))
            along += length
        if width >= height:
            x, width = x + depth, max(0.0, width - depth)
        else:
            y, height = y + depth, max(0.0, height - depth)
        row = []
    return places


def _box(box: Box, place: Place, highest: float, height: int) -> Markup:
    # Evenly from nothing to the highest; `ramp_step` takes the root, which suits counts better than rates.
    step = ramp_step((box.shade / highest) ** 2, 1.0) if highest > 0 and box.shade > 0 else None
    shade = "none" if step is None else str(step)
    tip = element("title", f"{clean(box.label)}: {', '.join(part for part in (box.text, box.detail) if part)}")
    deep = place.height * height
    lines = int((deep - 12) // LINE)
    words = None
    if lines >= 1:
        # HTML inside the drawing: a browser knows how wide its letters are and ends a long name with dots.
        parts = [said(box.label, "name two" if lines >= 4 else "name")]
        parts += [element("span", text) for text in (box.text, box.detail)[: max(0, lines - 2)] if text]
        words = element(
            "foreignObject",
            element("div", *parts, class_=f"words on-{shade}", xmlns="http://www.w3.org/1999/xhtml"),
            width="100%",
            height="100%",
        )
    return element(
        "svg",
        element("rect", tip, class_=f"box-{shade}", width="100%", height="100%"),
        words,
        x=percent(place.x),
        y=float(place.y * height),
        width=percent(place.width),
        height=float(deep),
    )
