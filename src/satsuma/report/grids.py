"""Tables whose cells are coloured: the RFM grid, the overlap of segments, the index of items by segment.

They are real tables: a screen reader walks them by row and column, and nothing is said by colour alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.charts import RAMP_STEPS, nothing, ramp_class, ramp_legend
from satsuma.report.markup import Markup, clean, element, join, said, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from satsuma.report.contents import Overlap, Ranking, RfmCell, RfmGrid
    from satsuma.report.foresight import AliveGrid

SCORES = (1, 2, 3, 4, 5)

#: Segments of an overlap map beyond these are left to the table.
MOST_SEGMENTS = 20


def rfm_table(grid: RfmGrid, currency: str, title: str) -> Markup:
    """Return the grid: recency down from 5 to 1, frequency across from 1 to 5, coloured by value.

    A zone (neighbouring cells of one name) is outlined and says its name once to the eye, in every cell to a reader.
    """
    cells = {(cell.recency, cell.frequency): cell for cell in grid.cells}
    if not cells:
        return nothing("No customer has a score yet: the grid fills with the first orders.")
    total = sum(cell.value for cell in cells.values())
    highest = max((cell.value for cell in cells.values()), default=0.0)
    named = zone_heads(cells)
    rows = []
    for recency in reversed(SCORES):
        line = [element("th", f"R{recency}", _meaning(grid.recency_meaning, recency), scope="row")]
        for frequency in SCORES:
            cell = cells.get((recency, frequency))
            edges = "".join(f" edge-{side}" for side in zone_edges(cells, recency, frequency))
            if cell is None or not cell.size:
                name = cell.segment if cell else ""
                hidden = element("span", said(name), ": nobody", class_="unseen")
                shown = said(shortened(name, 22), "zone") if (recency, frequency) in named and name else None
                line.append(
                    element("td", shown, hidden if name else None, element("b", "0"), class_=f"ramp-none{edges}")
                )
                continue
            part = cell.value / total if total else 0.0
            tip = (
                f"{clean(cell.segment)}: {say.counted(cell.size, 'customer')}, {say.money(cell.value, currency)}, "
                f"{say.share(part)} of value"
            )
            head = (recency, frequency) in named
            line.append(
                element(
                    "td",
                    said(shortened(cell.segment, 22), "zone" if head else "unseen"),
                    element("b", say.compact(cell.size)),
                    element("span", say.share(part), class_="part"),
                    class_=f"{ramp_class(cell.value, highest)}{edges}",
                    title=tip,
                )
            )
        rows.append(element("tr", join(line)))
    corner = element("td", class_="corner")
    across = (element("th", f"F{score}", _meaning(grid.frequency_meaning, score), scope="col") for score in SCORES)
    return join(
        (
            element(
                "table",
                element("caption", title, class_="unseen"),
                element("thead", element("tr", corner, join(across))),
                element("tbody", join(rows)),
                class_="rfm",
            ),
            element(
                "p",
                "Recency grows upwards, frequency to the right. Bold: customers; below: share of value.",
                class_="note",
            ),
            ramp_legend("less value", "more value"),
        )
    )


def overlap_table(overlap: Overlap, title: str) -> Markup:
    """Return the map of overlaps: how many of the row's customers are in the column's segment too."""
    size = min(len(overlap.titles), MOST_SEGMENTS)
    if size < 2:
        return nothing("Overlap needs two segments at least.")
    heads = [element("th", element("span", "Segment", class_="unseen"), scope="col")]
    heads += [
        element("th", str(number + 1), scope="col", title=clean(overlap.titles[number])) for number in range(size)
    ]
    rows = []
    for row in range(size):
        name = overlap.titles[row]
        line = [
            element("th", element("i", str(row + 1)), said(name, title=clean(name)), scope="row"),
        ]
        for column in range(size):
            if row == column:
                line.append(element("td", element("span", "itself", class_="unseen"), class_="diagonal"))
                continue
            part = overlap.contained(row, column)
            both = overlap.intersections[row][column]
            tip = (
                f"{clean(name)} and {clean(overlap.titles[column])}: {say.counted(both, 'customer')} in both, "
                f"{say.share(part)} of the first"
            )
            shade = ramp_class(part, 1.0) if both else "ramp-none"
            line.append(element("td", _whole_percent(part), class_=shade, title=tip))
        rows.append(element("tr", join(line)))
    return join(
        (
            _scrolled(title, heads, rows, "overlap"),
            element("p", "Per cent of the customers in the row who are in the column too.", class_="note"),
            ramp_legend("few", "nearly all"),
        )
    )


def alive_table(grid: AliveGrid, title: str) -> Markup:
    """Return P(alive) with days of purchase down, the most at the top, and days since the last across.

    Colour follows the probability itself: neighbouring tables can be compared.
    """
    if not any(cell is not None for row in grid.alive for cell in row):
        return nothing("There is no customer of whom the model could say anything.")
    heads = [element("th", "Bought on", scope="col")]
    heads += [element("th", say.count(days), scope="col") for days in grid.days_since]
    rows = []
    for days, row in sorted(zip(grid.often, grid.alive, strict=True), reverse=True, key=lambda pair: pair[0]):
        line = [element("th", say.counted(days, "day"), scope="row")]
        for since, cell in zip(grid.days_since, row, strict=True):
            if cell is None:
                line.append(element("td", element("span", "nobody", class_="unseen"), class_="ramp-none"))
                continue
            step = min(RAMP_STEPS - 1, int(max(0.0, cell) * RAMP_STEPS))
            tip = (
                f"Bought on {say.counted(days, 'day')}, the last {say.counted(since, 'day')} ago: "
                f"P(alive) {say.share(cell)}"
            )
            line.append(element("td", _whole_percent(cell), class_=f"ramp-{step}", title=tip))
        rows.append(element("tr", join(line)))
    return join(
        (
            _scrolled(title, heads, rows, "overlap heat"),
            element(
                "p",
                "Across: days since the last purchase. Per cent; an empty cell is one in which nobody can be.",
                class_="note",
            ),
            ramp_legend("surely gone", "surely there"),
        )
    )


def index_table(ranking: Ranking, title: str) -> Markup | None:
    """Return the index of each item in each segment (100: as the average customer), or nothing without indexes."""
    items = [item for item in ranking.items if any(index is not None for index in item.indexes)]
    if not items or not ranking.segments:
        return None
    heads = [element("th", ranking.noun.capitalize(), scope="col")]
    heads += [
        element("th", said(shortened(name, 26), title=clean(name)), scope="col", class_="number")
        for name in ranking.segments
    ]
    rows = []
    for item in items:
        shown = item.indexes[: len(ranking.segments)]
        cells = (element("td", say.count(index), class_=f"number {index_class(index)}".strip()) for index in shown)
        rows.append(element("tr", element("th", said(item.label, title=clean(item.label)), scope="row"), join(cells)))
    return join(
        (
            _scrolled(title, heads, rows, "index"),
            element(
                "p",
                "100: as often as the average customer. ",
                element("b", "Over 120", class_="more"),
                " is a liking, ",
                element("b", "under 80", class_="less"),
                " a gap.",
                class_="note",
            ),
        )
    )


def _scrolled(title: str, heads: list[Markup], rows: list[Markup], class_: str) -> Markup:
    """Return a table in a box that scrolls by itself where the screen is narrow."""
    table = element(
        "table",
        element("caption", title, class_="unseen"),
        element("thead", element("tr", join(heads))),
        element("tbody", join(rows)),
        class_=class_,
    )
    return element("div", table, class_="scroll", tabindex=0, role="region", aria_label=title)


def index_class(index: float | None) -> str:
    """Return the class of an index: over 120 and 150 more, under 80 and 50 less."""
    if index is None:
        return ""
    steps = ((150, "more-2"), (120, "more-1"))
    for bound, name in steps:
        if index >= bound:
            return name
    if index <= 50:
        return "less-2"
    return "less-1" if index <= 80 else ""


def zone_heads(cells: Mapping[tuple[int, int], RfmCell]) -> set[tuple[int, int]]:
    """Return the first cell, in reading order, of each zone of neighbouring cells with one name."""
    heads: set[tuple[int, int]] = set()
    seen: set[tuple[int, int]] = set()
    for recency in reversed(SCORES):
        for frequency in SCORES:
            here = (recency, frequency)
            if here in seen or here not in cells:
                continue
            heads.add(here)
            waiting = [here]
            while waiting:
                place = waiting.pop()
                if place in seen:
                    continue
                seen.add(place)
                waiting += [near for near in _neighbours(place) if _name(cells, near) == _name(cells, here)]
    return heads


def _neighbours(place: tuple[int, int]) -> Sequence[tuple[int, int]]:
    recency, frequency = place
    return ((recency + 1, frequency), (recency - 1, frequency), (recency, frequency + 1), (recency, frequency - 1))


def _name(cells: Mapping[tuple[int, int], RfmCell], place: tuple[int, int]) -> str | None:
    cell = cells.get(place)
    return cell.segment if cell else None


def zone_edges(cells: Mapping[tuple[int, int], RfmCell], recency: int, frequency: int) -> tuple[str, ...]:
    """Return the sides (top, right, bottom, left) on which a cell's zone ends."""
    here = _name(cells, (recency, frequency))
    sides = {
        "top": (recency + 1, frequency),
        "right": (recency, frequency + 1),
        "bottom": (recency - 1, frequency),
        "left": (recency, frequency - 1),
    }
    return tuple(
        side
        for side, (row, column) in sides.items()
        if row not in SCORES or column not in SCORES or _name(cells, (row, column)) != here
    )


def _meaning(meanings: Sequence[str], score: int) -> Markup | None:
    return element("small", meanings[score - 1]) if len(meanings) >= score else None


def _whole_percent(fraction: float) -> str:
    """Return a share for a small cell: `80`, `<1`, `0`; only all is `100`."""
    value = fraction * 100
    if value == 0:
        return "0"
    if value < 1:
        return "<1"
    if 99 < value < 100:
        return ">99"
    return f"{value:.0f}"
