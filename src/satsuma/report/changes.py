"""The section on what changed since last month: sentences, flows between labels, and every group in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.changes_words import (
    HEADS,
    row_of,
    told_alarms,
    told_changes,
    told_everybody,
    told_frame,
    told_migration,
    told_mix,
)
from satsuma.report.markup import Markup, element, join
from satsuma.report.parts import Column, Section, as_table, card, cards, folded, table
from satsuma.report.sankey import MOST_NODES, Stream, sankey
from satsuma.report.sentences import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.evidence.changes import Changed
    from satsuma.evidence.insights import Insights, Mix
    from satsuma.report.contents import ReportContents
    from satsuma.statistics.migration import Migration

#: Segmentations whose flows are drawn: those of named groups first.
MOST_FLOWS = 2

NOT_THERE, GONE, OTHERS = "Not there yet", "Not there any more", "Others"


def changes(contents: ReportContents) -> Section | None:
    """Return what changed; nothing where there is no earlier moment to compare with."""
    found = contents.changes
    if found is None:
        return None
    currency = contents.currency
    told = [
        told_everybody(found, currency),
        *told_changes(found, currency),
        *(told_mix(mix, currency) for mix in found.mixes if mix.segmentation == found.by),
        *((told_alarms(found),) if found.tested else ()),
    ]
    items = join(element("li", text) for text in told)
    short = element("article", element("h3", "In short"), element("ul", items, class_="in-short"), class_="card wide")
    flows = [_flows(mix, found, contents) for mix in _drawn(found)]
    return Section(
        anchor="changes",
        title="What changed",
        lead=told_frame(found, contents.timezone),
        body=cards(short, *flows, _all(found, contents), columns=2 if len(flows) > 1 else 1),
    )


def _drawn(found: Insights) -> list[Mix]:
    """Return the segmentations whose flows are shown: where people come from is told by the first of them."""
    moved = [mix for mix in found.mixes if mix.moved.counts.sum() > mix.moved.stayed.sum()]
    return sorted(moved, key=lambda mix: mix.segmentation != found.by)[:MOST_FLOWS]


def _flows(mix: Mix, found: Insights, contents: ReportContents) -> Markup:
    days = tuple(say.day(moment, contents.timezone) for moment in (found.since, found.as_of))
    names, streams = streams_of(mix.moved)
    title = f"{mix.title}: from label to label"
    told = Told(
        shows=told_migration(mix.title, mix.moved),
        do="Look at who leaves the best groups first, and at what those who came to them have in common.",
    )
    return card(
        title,
        told,
        sankey(names, names, streams, title, heads=(days[0], days[1])),
        element("p", "Grey bands stayed, coloured ones moved. The wider, the more customers.", class_="note"),
        twin=_matrix(mix.moved, title),
    )


def streams_of(moved: Migration) -> tuple[list[str], list[Stream]]:
    """Return nodes and streams of a migration; labels of few people beyond those that can be read are one."""
    order = list(range(len(moved.labels)))
    if len(order) > MOST_NODES:
        held = moved.before + moved.after
        largest = set(sorted(order, key=lambda place: (-int(held[place]), place))[: MOST_NODES - 1])
        kept = [place for place in order if place in largest]
    else:
        kept = order
    node = {place: number for number, place in enumerate(kept)}
    names = [moved.labels[place] for place in kept]
    if len(kept) < len(order):
        node.update({place: len(names) for place in order if place not in node})
        names.append(OTHERS)
    sizes: dict[tuple[int, int], int] = {}
    for row in order:
        for column in order:
            key = node[row], node[column]
            sizes[key] = sizes.get(key, 0) + int(moved.counts[row, column])
    for outside, name, is_source in ((moved.came, NOT_THERE, True), (moved.gone, GONE, False)):
        if outside.any():
            names.append(name)
            for place in order:
                key = (len(names) - 1, node[place]) if is_source else (node[place], len(names) - 1)
                sizes[key] = sizes.get(key, 0) + int(outside[place])
    return names, [Stream(source=source, target=target, size=size)
                   for (source, target), size in sizes.items() if size]  # fmt: skip


def _matrix(moved: Migration, caption: str) -> Markup:
    """Return the chart as a table: a row for the label that they had."""
    columns = [Column(head="Had, and has now"), *(Column(head=label, is_number=True) for label in moved.labels)]
    rows = [
        (label, *(
            f"{say.count(int(number))} ({say.share(float(moved.shares[row, column]))})" if number else ""
            for column, number in enumerate(moved.counts[row])
        ))
        for row, label in enumerate(moved.labels)
    ]  # fmt: skip
    if moved.came.any():
        rows.append((NOT_THERE, *(say.count(int(number)) if number else "" for number in moved.came)))
    return as_table(columns, rows, caption)


def _all(found: Insights, contents: ReportContents) -> Markup:
    """Return every segment, and folded away the labels of each segmentation."""
    told = Told(shows="Revenue moves by those who entered, those who left and those who stayed: the three add up.")
    segments = found.of_kind("segment")
    labels = [
        folded(f"Labels of {mix.title}", _rows(found.of_kind("label", mix.segmentation), mix.title, contents))
        for mix in found.mixes
    ]
    first = _rows(segments, "All segments", contents) if segments else None
    return card("Every group", told, first, *labels, is_wide=True)


def _rows(items: Sequence[Changed], caption: str, contents: ReportContents) -> Markup:
    rows = [(item.title, *row_of(item, contents.currency)) for item in items]
    width = len(HEADS) if any(row[-1] for row in rows) else len(HEADS) - 1
    columns = [Column(head=caption),
               *(Column(head=head.capitalize(), is_number=head != "unusual") for head in HEADS[:width])]  # fmt: skip
    return table(columns, [row[: width + 1] for row in rows], f"{caption}: what changed")
