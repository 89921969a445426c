"""The report's overview as one drawing: for a README, a slide, a message. Light and dark as the reader's screen is."""

from __future__ import annotations

from satsuma.report import format as say
from satsuma.report.charts import path, ramp_step
from satsuma.report.contents import ReportContents, RfmGrid
from satsuma.report.grids import SCORES, zone_edges, zone_heads
from satsuma.report.markup import Markup, clean, element, join, shortened, width_of
from satsuma.report.render import palette
from satsuma.report.sentences import told_concentration

WIDTH, HEIGHT = 1200, 690

_STYLE = """
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--ink)}
text{font-size:13px}
.page{fill:var(--page);stroke:var(--line)}.card{fill:var(--card);stroke:var(--line)}.muted{fill:var(--muted)}
.big{font-size:28px;font-weight:700}.head{font-size:24px;font-weight:700}.strong{font-weight:700}.small{font-size:11px}
.track{fill:var(--track)}.bar{fill:var(--worth)}.curve{fill:none;stroke:var(--worth);stroke-width:2.5}
.area{fill:var(--worth);opacity:.13}.even{stroke:var(--muted);stroke-dasharray:3 3}.axis{stroke:var(--line)}
.halo{paint-order:stroke;stroke:var(--card);stroke-width:5px;stroke-linejoin:round}
.dot{fill:var(--worth);stroke:var(--card);stroke-width:2}.edge{stroke:var(--edge);stroke-width:2;stroke-linecap:square}
.fruit{fill:#f08c1f}.leaf{fill:#2f8f4e}.shine{fill:none;stroke:#fff;stroke-width:2;stroke-linecap:round;opacity:.75}
.box-none{fill:var(--track)}.box-0{fill:var(--ramp-0)}.box-1{fill:var(--ramp-1)}.box-2{fill:var(--ramp-2)}
.box-3{fill:var(--ramp-3)}.box-4{fill:var(--ramp-4)}.box-5{fill:var(--ramp-5)}
.on-none{fill:var(--muted)}.on-0,.on-1,.on-2,.on-3{fill:var(--ramp-ink-low)}.on-4{fill:var(--ramp-ink-4)}
.on-5{fill:var(--ramp-ink-5)}
"""


def render_picture(contents: ReportContents) -> str:
    """Return a standalone SVG (1200 by 690): key figures, the RFM grid, the curve of value, the largest segments."""
    title = f"{clean(contents.workspace)}: customers as of {say.day(contents.as_of, contents.timezone)}"
    style = Markup(palette() + "".join(line.strip() for line in _STYLE.splitlines()))
    drawing = element(
        "svg",
        element("title", title),
        element("desc", _description(contents)),
        element("style", style),
        element("rect", class_="page", x=0.5, y=0.5, width=WIDTH - 1, height=HEIGHT - 1, rx=16),
        _head(contents),
        _key_figures(contents),
        _grid_card(contents),
        _curve_card(contents),
        _segments_card(contents),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
        role="img",
        aria_label=title,
    )
    return f"{drawing}\n"


def _description(contents: ReportContents) -> str:
    figures = f"{say.counted(contents.population, 'customer')}, {say.counted(contents.orders, 'order')}, "
    return f"{figures}{say.money(contents.total_value, contents.currency)} net value."


def _text(words: str, x: float, y: float, class_: str = "", anchor: str | None = None) -> Markup:
    return element("text", words, x=float(x), y=float(y), class_=class_ or None, text_anchor=anchor)


def _card(x: float, y: float, width: float, height: float, title: str = "") -> Markup:
    box = element("rect", class_="card", x=float(x), y=float(y), width=float(width), height=float(height), rx=12)
    return join((box, _text(title, x + 20, y + 30, "strong") if title else None))


def _head(contents: ReportContents) -> Markup:
    fruit = element(
        "g",
        element("circle", cx=20, cy=23, r=15, class_="fruit"),
        element("path", d="M20 10c0-5 4-8 10-8 0 6-4 9-10 8z", class_="leaf"),
        element("path", d="M12 19c1-3 4-5 7-5", class_="shine"),
        transform="translate(28 22)",
    )
    moment = f"Customer report as of {say.moment(contents.as_of, contents.timezone)}"
    return join((fruit, _text(shortened(contents.workspace, 60), 84, 46, "head"), _text(moment, 84, 68, "muted")))


def _key_figures(contents: ReportContents) -> Markup:
    people = contents.population
    per_head = contents.total_value / people if people else None
    figures = (
        ("Customers", say.compact(people), f"{say.counted(len(contents.segments), 'segment')}"),
        (
            "Orders",
            say.compact(contents.orders),
            f"{say.decimal(contents.orders / people)} per customer" if people else "",
        ),
        (
            "Net value",
            say.compact_money(contents.total_value, contents.currency),
            f"{say.money(per_head, contents.currency)} per customer" if people else "",
        ),
        (
            "Data until",
            say.day(contents.data_until, contents.timezone),
            f"since {say.day(contents.data_from, contents.timezone)}" if contents.data_from else "",
        ),
    )
    marks = []
    for number, (name, value, detail) in enumerate(figures):
        x = 28 + number * 290
        marks += [
            _card(x, 88, 274, 96),
            _text(name, x + 20, 114, "muted"),
            _text(value, x + 20, 145, "big"),
            _text(detail, x + 20, 168, "muted"),
        ]
    return join(marks)


def _grid_card(contents: ReportContents) -> Markup:
    x, y, width, height = 28, 200, 564, 464
    card = _card(x, y, width, height, "Recency by frequency: customers, and share of value")
    if contents.rfm is None or not contents.rfm.cells:
        return join((card, _text("No customer has a score yet.", x + 20, y + 60, "muted")))
    return join((card, _grid(contents.rfm, x + 56, y + 66, 98, 76)))


def _grid(grid: RfmGrid, left: float, top: float, wide: float, high: float) -> Markup:
    cells = {(cell.recency, cell.frequency): cell for cell in grid.cells}
    total = sum(cell.value for cell in grid.cells)
    highest = max(cell.value for cell in grid.cells)
    heads = zone_heads(cells)
    boxes: list[Markup] = []
    edges: list[Markup] = []
    for row, recency in enumerate(reversed(SCORES)):
        y = top + row * high
        boxes.append(_text(f"R{recency}", left - 14, y + high / 2 + 4, "muted", "end"))
        for column, frequency in enumerate(SCORES):
            x = left + column * wide
            if row == 0:
                boxes.append(_text(f"F{frequency}", x + wide / 2, top - 10, "muted", "middle"))
            cell = cells.get((recency, frequency))
            step = ramp_step(cell.value, highest) if cell and cell.size else None
            shade = "none" if step is None else str(step)
            boxes.append(element("rect", class_=f"box-{shade}", x=x + 1, y=y + 1, width=wide - 2, height=high - 2))
            middle = x + wide / 2
            if cell and (recency, frequency) in heads:
                boxes += [
                    _text(line, middle, y + 16 + 13 * number, f"small strong on-{shade}", "middle")
                    for number, line in enumerate(_two_lines(cell.segment, 14))
                ]
            boxes.append(_text(say.compact(cell.size if cell else 0), middle, y + 48, f"strong on-{shade}", "middle"))
            if cell and cell.size and total:
                boxes.append(_text(say.share(cell.value / total), middle, y + 64, f"small on-{shade}", "middle"))
            for side in zone_edges(cells, recency, frequency):
                x1, y1, x2, y2 = {
                    "top": (x, y, x + wide, y),
                    "bottom": (x, y + high, x + wide, y + high),
                    "left": (x, y, x, y + high),
                    "right": (x + wide, y, x + wide, y + high),
                }[side]
                edges.append(element("line", class_="edge", x1=x1, y1=y1, x2=x2, y2=y2))
    return join((*boxes, *edges))


def _two_lines(name: str, most: float) -> tuple[str, ...]:
    """Return a name on one line, or broken at its first space that helps on two."""
    name = clean(name)
    first, _, rest = name.partition(" ")
    if width_of(name) <= most or not rest:
        return (shortened(name, most),)
    return (shortened(first, most), shortened(rest, most))


def _curve_card(contents: ReportContents) -> Markup:
    x, y, width, height = 608, 200, 564, 222
    spread = contents.concentration
    card = _card(x, y, width, height, "Who brings the value")
    if spread is None:
        return join((card, _text("There is no value to spread yet.", x + 20, y + 60, "muted")))
    left, top, wide, high = x + 20, y + 66, width - 40, height - 90
    tallest = max(1.0, *(share for _, share in spread.points))
    points = [(left + wide * share, top + high * (1 - value / tallest)) for share, value in spread.points]
    base = top + high
    dot = (left + wide * 0.2, top + high * (1 - spread.top_20_share / tallest))
    return join(
        (
            card,
            _text(told_concentration(spread).shows, left, y + 52, "muted"),
            element("line", class_="axis", x1=left, x2=left + wide, y1=base, y2=base),
            element("path", class_="area", d=path([*points, (left, base)]) + "Z"),
            element("line", class_="even", x1=left, y1=base, x2=left + wide, y2=top + high * (1 - 1 / tallest)),
            element("path", class_="curve", d=path(points)),
            element("circle", class_="dot", cx=dot[0], cy=dot[1], r=6),
            _text(f"Best 20 %: {say.share(spread.top_20_share)}", dot[0] + 16, dot[1] + 24, "strong halo"),
            _text("customers, best first", left + wide / 2, base + 16, "small muted", "middle"),
        )
    )


def _segments_card(contents: ReportContents) -> Markup:
    x, y, width, height = 608, 438, 564, 226
    largest = sorted(contents.segments, key=lambda item: (-item.size, item.name))[:5]
    card = _card(x, y, width, height, "Largest segments")
    if not largest:
        return join((card, _text("No segments yet.", x + 20, y + 60, "muted")))
    full = max(item.size for item in largest) or 1
    left, wide = x + 20, width - 40
    marks = [card]
    for number, item in enumerate(largest):
        top = y + 58 + number * 34
        number_text = f"{say.count(item.size)} · {say.share(item.share)} · {say.money(item.value, contents.currency)}"
        room = 68 - width_of(number_text)
        length = max(2.0, wide * item.size / full) if item.size else 0.0
        marks += [
            _text(shortened(item.title, room), left, top),
            _text(number_text, left + wide, top, "muted", "end"),
            element("rect", class_="track", x=left, y=top + 7, width=wide, height=7, rx=3),
            element("rect", class_="bar", x=left, y=top + 7, width=float(length), height=7, rx=3),
        ]
    return join(marks)
