"""The sections on value and time of buying: concentration, the RFM grid, stages of life, bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.advice import advice_for
from satsuma.report.bars import Bar, bar_key, bars
from satsuma.report.charts import family
from satsuma.report.concentration import curve_chart, tenths_chart
from satsuma.report.grids import rfm_table
from satsuma.report.markup import Markup, apart, element, join, said
from satsuma.report.parts import Column, Section, as_table, card, cards, pill
from satsuma.report.sentences import Told, told_concentration, told_rfm, told_segmentation
from satsuma.report.shares import Piece, share_bar, tones_for

if TYPE_CHECKING:
    from satsuma.report.contents import LabelSummary, ReportContents, SegmentationSummary

LABEL_COLUMNS = (
    Column(head="Label"),
    Column(head="Customers", is_number=True),
    Column(head="Share", is_number=True),
    Column(head="Value", is_number=True),
    Column(head="Share of value", is_number=True),
    Column(head="Per customer", is_number=True),
    Column(head="Who"),
)


def value_concentration(contents: ReportContents) -> Section | None:
    spread = contents.concentration
    if spread is None:
        return None
    told = told_concentration(spread)
    best, least = spread.deciles[:1], spread.deciles[5:]
    tenths = Told(
        shows=f"The best tenth brings {say.share(best[0] if best else None)}, the lower half together "
        f"{say.share(sum(least))}.",
        do="Give each tenth its own budget: what a contact may cost follows from what the tenth brings.",
    )
    curve_rows = [
        (say.share(x), say.share(y))
        for x, y in spread.points
        if any(abs(x - mark) < 1e-9 for mark in (0.01, 0.05, *(step / 10 for step in range(11))))
    ]
    tenth_rows = [(str(number + 1), say.share(value)) for number, value in enumerate(spread.deciles)]
    value_column = Column(head="Share of value", is_number=True)
    return Section(
        anchor="concentration",
        title="Value concentration",
        lead=f"How unevenly value is spread over {say.counted(spread.customers, 'customer')} with any net value.",
        body=cards(
            card(
                "Who brings the value",
                told,
                curve_chart(spread, "Share of value by share of customers, best first"),
                twin=as_table((Column(head="Best customers"), value_column), curve_rows, "Value of the best customers"),
            ),
            card(
                "Value by tenth of customers",
                tenths,
                tenths_chart(spread, "Share of value by tenth of customers"),
                twin=as_table((Column(head="Tenth, best first"), value_column), tenth_rows, "Value by tenth"),
            ),
        ),
    )


def rfm(contents: ReportContents) -> Section | None:
    """Return the grid beside its named groups, each with what is usually done about it."""
    methods = contents.by_method("rfm")
    grid = contents.rfm
    if grid is None and not methods:
        return None
    parts: list[Markup] = []
    shown = contents.segmentation(grid.segmentation) if grid else methods[0]
    if grid is not None:
        rows = [
            (
                f"R{cell.recency} F{cell.frequency}",
                cell.segment,
                say.count(cell.size),
                say.money(cell.value, contents.currency),
            )
            for cell in sorted(grid.cells, key=lambda cell: (-cell.recency, -cell.frequency))
        ]
        columns = (
            Column(head="Cell"),
            Column(head="Group"),
            Column(head="Customers", is_number=True),
            Column(head="Value", is_number=True),
        )
        parts.append(
            card(
                "Recency by frequency",
                told_rfm(grid, shown, contents),
                rfm_table(grid, contents.currency, "Customers and value by recency and frequency score"),
                twin=as_table(columns, rows, "Cells of the grid"),
            )
        )
    parts += [_named_groups(segmentation, contents, is_wide=grid is None) for segmentation in methods]
    return Section(
        anchor="rfm",
        title="Recency and frequency",
        lead="When customers last bought and how often, scored 1 to 5; each zone of the grid has a name.",
        body=cards(*parts),
    )


def _named_groups(segmentation: SegmentationSummary, contents: ReportContents, *, is_wide: bool) -> Markup:
    total = sum(label.value for label in segmentation.labels)
    ordered = sorted(segmentation.labels, key=lambda label: (-label.value, label.label))
    items = []
    for label in ordered:
        advice = advice_for(label.label)
        worth = say.share(label.value / total) if total else say.MISSING
        bar = bars(
            [
                Bar(
                    label=label.label,
                    value=label.value / total if total else 0.0,
                    text=f"{worth} of value",
                    detail=f"· {say.counted(label.size, 'customer')}",
                )
            ],
            full=max((entry.value for entry in ordered), default=0.0) / total if total > 0 else None,
        )
        items.append(element("li", bar, element("p", advice, class_="advice") if advice else None))
    return card(
        f"{apart(segmentation.title)}: groups by value",
        Told(shows="The named groups, most valuable first, each with what is usually done about it."),
        element("ul", join(items), class_="groups"),
        twin=label_twin(segmentation, contents),
        is_wide=is_wide,
    )


def lifecycle(contents: ReportContents) -> Section | None:
    found = contents.by_method("lifecycle")
    if not found:
        return None
    return Section(
        anchor="lifecycle",
        title="Lifecycle",
        lead="Where customers stand, measured by each one's own buying rhythm rather than one rule for all.",
        body=cards(*(_stages(item, contents) for item in found), columns=1),
    )


def _stages(segmentation: SegmentationSummary, contents: ReportContents) -> Markup:
    tones = tones_for([label.label for label in segmentation.labels])
    total = sum(label.value for label in segmentation.labels)
    pieces = [
        Piece(
            label=label.label,
            amount=label.size,
            text=f"{say.count(label.size)} · {say.share(label.share)}",
            detail=f"{say.share(label.value / total)} of value" if total > 0 else "",
            tone=tone,
        )
        for label, tone in zip(segmentation.labels, tones, strict=True)
    ]
    return card(
        apart(segmentation.title),
        told_segmentation(segmentation, contents),
        share_bar(pieces, f"{segmentation.title}: customers by stage", empty="Nobody has a stage yet."),
        twin=label_twin(segmentation, contents),
        is_wide=True,
    )


def bands(contents: ReportContents) -> Section | None:
    """Return each other segmentation: the share of customers against the share of value, label by label."""
    if not contents.bands:
        return None
    return Section(
        anchor="bands",
        title="Bands",
        lead="Every customer has one label of each: compare a group's share of customers with its share of value.",
        body=cards(*(_band(item, contents) for item in contents.bands)),
    )


#: Labels drawn of one segmentation; the table has all.
MOST_LABELS = 12


def _band(segmentation: SegmentationSummary, contents: ReportContents) -> Markup:
    labels = segmentation.labels
    people = sum(label.size for label in labels)
    total = sum(label.value for label in labels)
    shown = labels
    note = None
    if len(labels) > MOST_LABELS:
        kept = set(sorted(range(len(labels)), key=lambda number: -labels[number].size)[:MOST_LABELS])
        shown = tuple(label for number, label in enumerate(labels) if number in kept)
        note = element("p", f"The {MOST_LABELS} largest of {len(labels)} labels; the table has all.", class_="note")
    tone = family(segmentation.kind or segmentation.method)
    tone = "worth" if tone == "hand" else tone
    rows = [
        Bar(
            label=label.label,
            value=label.value / total if total > 0 else 0.0,
            second=label.size / people if people else 0.0,
            text=say.share(label.value / total) if total > 0 else say.MISSING,
            detail=f"· {say.count(label.size)}",
            tone=tone,
            hint=f"{label.label}: {label.explanation}" if label.explanation else "",
        )
        for label in shown
    ]
    return card(
        apart(segmentation.title),
        told_segmentation(segmentation, contents) if labels else None,
        bar_key("share of customers", "share of value", tone) if rows else None,
        bars(rows, empty="Nobody has a label yet."),
        note,
        twin=label_twin(segmentation, contents),
        pill=pill(segmentation.kind, family(segmentation.kind)) if segmentation.kind else None,
    )


def label_twin(segmentation: SegmentationSummary, contents: ReportContents) -> Markup:
    total = sum(label.value for label in segmentation.labels)
    rows = [_label_row(label, total, contents.currency) for label in segmentation.labels]
    return as_table(LABEL_COLUMNS, rows, f"{segmentation.title}: labels")


def _label_row(label: LabelSummary, total: float, currency: str) -> tuple[str, ...]:
    return (
        said(label.label),
        say.count(label.size),
        say.share(label.share),
        say.money(label.value, currency),
        say.share(label.value / total) if total > 0 else say.MISSING,
        say.money(label.value / label.size if label.size else None, currency),
        label.explanation or say.MISSING,
    )
