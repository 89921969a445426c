"""Flows between two moments: bands from the label that people had to the one they have, as wide as they are many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from satsuma.report.charts import can_be_drawn, frame, nothing, stretched, text
from satsuma.report.markup import Markup, clean, element, shortened

#: Pixels between two nodes, and above the first; the height under which a node has no words beside it.
GAP, TOP, LOWEST_NAMED = 6, 22, 13
#: Pixels from the edge to a node's words, and how wide these may be in characters.
INDENT, WIDEST = 14, 24
#: Nodes on a side; the smallest beyond are drawn as one.
MOST_NODES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """How many went from one node to another, by their places on the two sides."""

    source: int
    target: int
    size: float


@dataclass(frozen=True, slots=True)
class Node:
    """Where a node stands, in pixels."""

    name: str
    size: float
    y: float
    height: float


def sankey(
    left: Sequence[str], right: Sequence[str], streams: Sequence[Stream], title: str, *, heads: tuple[str, str],
    height: int = 380, empty: str = "Nobody had a label at both moments.",
) -> Markup:  # fmt: skip
    """Return the flows between two columns of nodes.

    Parameters
    ----------
    left, right : names of the nodes, from the top; a node of one name on both sides is the same label.
    heads : what stands above the columns.

    Notes
    -----
    Bands are drawn in an inner drawing that stretches to the page's width; names keep their size and stand over the
    bands, so that a phone has room for them. The exact numbers are in tooltips and in the table beside the chart.
    """
    found = [item for item in streams if can_be_drawn(item.size) and item.size > 0]
    total = sum(item.size for item in found)
    if not found or not total > 0:
        return nothing(empty)
    sides = [_sizes(left, found, is_left=True), _sizes(right, found, is_left=False)]
    gaps = max(sum(size > 0 for size in sizes) for sizes in sides) - 1
    scale = max(height - TOP - GAP * gaps, 40) / total
    before, after = (_nodes(names, sizes, scale) for names, sizes in zip((left, right), sides, strict=True))
    bands = _bands(found, before, after, scale)
    marks = [stretched(height, 0, *bands)]
    for nodes, is_left in ((before, True), (after, False)):
        for node in nodes:
            if node is not None:
                marks.append(_bar(node, is_left=is_left))
                if node.height >= LOWEST_NAMED:
                    marks.append(_name(node, is_left=is_left))
    marks.append(text(heads[0], x="0", y=12.0, class_="tick"))
    marks.append(text(heads[1], x="100%", y=12.0, class_="tick", anchor="end"))
    description = "; ".join(
        f"{clean(left[item.source])} to {clean(right[item.target])}: {item.size:,.0f}"
        for item in sorted(found, key=lambda item: -item.size)[:20]
    )
    return frame(title, f"{description}.", height, *marks, class_="sankey")


def _sizes(names: Sequence[str], streams: Sequence[Stream], *, is_left: bool) -> list[float]:
    sizes = [0.0] * len(names)
    for item in streams:
        sizes[item.source if is_left else item.target] += item.size
    return sizes


def _nodes(names: Sequence[str], sizes: Sequence[float], scale: float) -> list[Node | None]:
    """Return where each node stands; None for one of nobody."""
    found: list[Node | None] = []
    y = float(TOP)
    for name, size in zip(names, sizes, strict=True):
        if size <= 0:
            found.append(None)
            continue
        found.append(Node(name, size, y, size * scale))
        y += size * scale + GAP
    return found


def _bands(
    streams: Sequence[Stream], before: Sequence[Node | None], after: Sequence[Node | None], scale: float
) -> list[Markup]:  # fmt: skip
    """Return the bands: at each node stacked in the order of the nodes at their other end, so that few cross."""
    taken = [[0.0] * len(before), [0.0] * len(after)]
    ends: dict[tuple[int, int], list[float]] = {}
    for side, order in enumerate(("source", "target")):
        other = "target" if order == "source" else "source"
        for item in sorted(streams, key=lambda item: (getattr(item, order), getattr(item, other))):
            place = getattr(item, order)
            node = (before, after)[side][place]
            assert node is not None
            ends.setdefault((item.source, item.target), []).append(node.y + taken[side][place])
            taken[side][place] += item.size * scale
    bands = []
    # The widest first, so that a narrow band is never hidden.
    for item in sorted(streams, key=lambda item: (-item.size, item.source, item.target)):
        source, target = before[item.source], after[item.target]
        assert source is not None
        assert target is not None
        y, end = ends[item.source, item.target]
        deep = item.size * scale
        data = (
            f"M0 {y:.2f}C50 {y:.2f} 50 {end:.2f} 100 {end:.2f}"
            f"L100 {end + deep:.2f}C50 {end + deep:.2f} 50 {y + deep:.2f} 0 {y + deep:.2f}Z"
        )
        tip = element("title", f"{clean(source.name)} → {clean(target.name)}: {item.size:,.0f}")
        kind = "flow-stay" if source.name == target.name else "flow-move"
        bands.append(element("path", tip, d=data, class_=kind))
    return bands


def _bar(node: Node, *, is_left: bool) -> Markup:
    tip = element("title", f"{clean(node.name)}: {node.size:,.0f}")
    # A percentage can be no difference of per cent and pixels: the right bar is moved in by its own transform.
    return element(
        "rect", tip, x="0" if is_left else "100%", y=node.y, width=8, height=max(node.height, 1.0), class_="flow-node",
        transform=None if is_left else "translate(-8 0)",
    )  # fmt: skip


def _name(node: Node, *, is_left: bool) -> Markup:
    middle = node.y + node.height / 2 + 4
    words = shortened(node.name, WIDEST)
    label = f"{words} {node.size:,.0f}" if is_left else f"{node.size:,.0f} {words}"
    if is_left:
        return text(label, x=str(INDENT), y=middle, class_="halo")
    return element("text", label, x="100%", y=middle, class_="halo", text_anchor="end", dx=-INDENT)
