"""The sections on where the figures come from: the quality of the data, and how the report was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.bars import Bar, bars, small_bar
from satsuma.report.markup import Markup, element, join, said
from satsuma.report.parts import Column, Section, as_table, card, cards, facts, folded, lines, table
from satsuma.report.sentences import told_quality
from satsuma.report.shares import Piece, share_bar, tones_for

if TYPE_CHECKING:
    from satsuma.report.contents import ColumnSummary, Quality, ReportContents, SegmentationSummary, SourceSummary

COLUMN_HEADS = (
    Column(head="Column"),
    Column(head="Read as"),
    Column(head="Filled", is_number=True),
    Column(head="Valid", is_number=True),
    Column(head="Different values", is_number=True),
    Column(head="Standardised", is_number=True),
    Column(head="Newest"),
    Column(head="Findings"),
)

#: Words that a reader may take for something else.
GLOSSARY = (
    ("Customer", "Somebody with an id who was known at the moment of the report and is not erased."),
    ("Value", "Net revenue: purchases less refunds, up to the moment of the report."),
    ("Share", "A part of all customers, unless it says “of value”."),
    ("Segment", "A rule over traits and events. A customer may be in several segments."),
    ("Segmentation", "A division: every customer has exactly one label of it."),
    ("Overlap", "Customers in both segments over customers in either (Jaccard index)."),
    ("Index", "A share in a segment over the share among all customers, times 100."),
    ("Gini coefficient", "0 when all customers bring the same, 1 when one brings everything."),
)


def data_quality(contents: ReportContents) -> Section | None:
    quality = contents.quality
    if not (quality.sources or quality.classes or quality.quarantine):
        return None
    parts = [card("What came in", told_quality(quality), _classes(quality), twin=_class_twin(quality), is_wide=True)]
    if quality.quarantine:
        rows = [
            (entry.source, entry.column or say.MISSING, entry.reason, say.count(entry.rows))
            for entry in sorted(quality.quarantine, key=lambda entry: -entry.rows)
        ]
        columns = (
            Column(head="Source"),
            Column(head="Column"),
            Column(head="Reason"),
            Column(head="Rows", is_number=True),
        )
        parts.append(card("Quarantine", None, table(columns, rows, "Rows in quarantine by reason"), is_wide=True))
    if quality.sources:
        body = join(_source(source, is_open=len(quality.sources) == 1) for source in quality.sources)
        parts.append(card("Columns by source", None, body, is_wide=True))
    return Section(
        anchor="quality",
        title="Data quality",
        lead="Completeness, validity, uniqueness and timeliness of what was loaded.",
        body=cards(*parts, columns=1),
    )


def _classes(quality: Quality) -> Markup | None:
    if not quality.classes:
        return None
    tones = tones_for([entry.name for entry in quality.classes])
    pieces = [
        Piece(label=entry.name, amount=entry.rows, text=say.counted(entry.rows, "row"), detail=entry.meaning, tone=tone)
        for entry, tone in zip(quality.classes, tones, strict=True)
    ]
    return share_bar(pieces, "Rows by class", empty="No rows were loaded.")


def _class_twin(quality: Quality) -> Markup | None:
    if not quality.classes:
        return None
    rows = [(entry.name, say.count(entry.rows), entry.meaning or say.MISSING) for entry in quality.classes]
    columns = (Column(head="Class"), Column(head="Rows", is_number=True), Column(head="Became"))
    return as_table(columns, rows, "Rows by class")


def _source(source: SourceSummary, *, is_open: bool) -> Markup:
    cells = sum(column.rows for column in source.columns)
    filled = sum(column.filled for column in source.columns)
    valid = sum(column.valid for column in source.columns)
    parts = [source.kind, say.counted(source.rows, "row")]
    if cells:
        parts.append(f"{say.share(filled / cells)} filled")
    if filled:
        parts.append(f"{say.share(valid / filled)} valid")
    summary = join((said(source.source, "source"), " ", element("span", " · ".join(parts), class_="about")))
    rows = [_column(column) for column in source.columns]
    return folded(summary, table(COLUMN_HEADS, rows, f"Columns of {source.source}"), is_open=is_open)


def _column(column: ColumnSummary) -> tuple[str | None, ...]:
    filled = column.filled / column.rows if column.rows else None
    valid = column.valid / column.filled if column.filled else None
    return (
        column.column,
        column.field or "not used",
        _bar_cell(filled),
        _bar_cell(valid),
        say.count(column.distinct_values),
        say.count(column.standardised) if column.standardised else say.MISSING,
        element("span", column.newest or say.MISSING, class_="date"),
        "; ".join(column.findings) or say.MISSING,
    )


def _bar_cell(fraction: float | None) -> Markup:
    if fraction is None:
        return element("span", say.MISSING)
    return join((element("span", say.share(fraction)), small_bar(fraction, "do" if fraction >= 0.9 else "worth")))


def how_made(contents: ReportContents) -> Section:
    """Return the definitions behind the figures, the run, and what the words mean."""
    run = contents.run
    parts: list[Markup] = []
    if contents.segmentations:
        parts.append(
            card(
                "How customers were divided",
                None,
                join(_division(item) for item in contents.segmentations),
                is_wide=True,
            )
        )
    pairs: list[tuple[str, str | None]] = [
        ("As of", say.moment(contents.as_of, contents.timezone)),
        ("Time zone", contents.timezone),
        ("Currency", contents.currency),
        ("Customers", say.count(contents.population)),
    ]
    if run is not None:
        counted = ", ".join(f"{say.count(number)} {word}" for word, number in run.definitions)
        pairs += [
            ("Run", run.run_id),
            ("Started", say.moment(run.started_at, contents.timezone)),
            ("Took", say.duration(run.seconds)),
            ("Definitions", counted or None),
            ("Made with", f"Satsuma {run.version} on {run.engine}"),
        ]
    parts.append(card("This report", None, facts((key, said(value) if value else None) for key, value in pairs)))
    parts.append(card("Words", None, facts(GLOSSARY)))
    if run is not None and run.timings:
        rows = [
            Bar(label=item.stage, value=item.seconds, text=say.duration(item.seconds), tone="hand")
            for item in run.timings
        ]
        parts.append(card("Where the time went", None, bars(rows)))
    return Section(
        anchor="made",
        title="How this was made",
        lead="The same files and the same moment give the same figures.",
        body=cards(*parts),
    )


def _division(item: SegmentationSummary) -> Markup:
    summary = join((said(item.title, "source"), " ", element("span", f"{item.method} · {item.name}", class_="about")))
    cuts = [(cut.name, cut.meaning) for cut in item.cut_points]
    labels = [(label.label, label.explanation) for label in item.labels if label.explanation]
    return folded(
        summary,
        element("p", said(item.description)) if item.description else None,
        element("p", lines(item.explanation)) if item.explanation.strip() else None,
        table((Column(head="Cut point"), Column(head="Meaning")), cuts, f"Cut points of {item.title}")
        if cuts
        else None,
        table((Column(head="Label"), Column(head="Who")), labels, f"Labels of {item.title}") if labels else None,
        None if cuts or labels or item.explanation.strip() or item.description else element("p", "No more is known."),
    )
