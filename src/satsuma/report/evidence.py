"""The section on how good segments are: a verdict each, and how far each differs beside random groups of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.bars import Bar, bar_key, bars
from satsuma.report.markup import Markup, apart, element
from satsuma.report.parts import Column, Section, as_table, card, cards, pill, table
from satsuma.report.sentences import Told, name

if TYPE_CHECKING:
    from satsuma.report.charts import Tone
    from satsuma.report.contents import Judged, ReportContents

#: Segments drawn, those that differ most; the table has all.
MOST_DRAWN = 16
#: The colour of each verdict; the word says it, the tint repeats it.
TONES: dict[str, Tone] = {"keep": "do", "not judged": "hand", "stale": "hand", "merge": "like", "split": "like"}
#: Verdicts that nothing speaks against.
FINE = ("keep", "not judged")


def evidence(contents: ReportContents) -> Section | None:
    """Return how good segments are, as far as the last run alone can tell."""
    found = contents.judged
    if not found:
        return None
    drawn = sorted((item for item in found if item.effect is not None), key=lambda item: -abs(item.effect or 0.0))
    parts = [_verdicts(found)]
    if drawn:
        parts.append(_effects(drawn[:MOST_DRAWN], drawn))
    return Section(
        anchor="evidence",
        title="How good segments are",
        lead="Each beside random groups of its size: what a random group shows as well is no reason to keep a segment.",
        body=cards(*parts, columns=1),
    )


def _verdicts(found: tuple[Judged, ...]) -> Markup:
    columns = (
        Column(head="Segment"),
        Column(head="Verdict"),
        Column(head="Why"),
        Column(head="Customers", is_number=True),
    )
    rows = [
        (apart(item.title), pill(item.verdict, TONES.get(item.word, "worth")), item.why, say.count(item.size))
        for item in found
    ]
    note = (
        "Only the last run was looked at: not what members did afterwards, and not whether the segments last. "
        "satsuma evidence NAME looks at all of it."
    )
    return card(
        "A verdict on each segment",
        told_verdicts(found),
        table(columns, rows, "Segments with their verdicts"),
        element("p", note, class_="note"),
        is_wide=True,
    )


def told_verdicts(found: tuple[Judged, ...]) -> Told:
    """Return in words how many are fine, and what to do about the others."""
    fine = [item for item in found if item.word in FINE]
    others = [item for item in found if item.word not in FINE]
    shows = f"Nothing speaks against {say.count(len(fine))} of {say.counted(len(found), 'segment')}."
    if not others:
        return Told(shows=shows)
    first = others[0]
    return Told(shows=shows, do=f"Begin with {name(first.title)}: {first.verdict}. {first.why}")


def _effects(drawn: list[Judged], every: list[Judged]) -> Markup:
    rows = [
        Bar(
            label=item.title,
            value=abs(item.effect or 0.0),
            second=item.control,
            text=say.decimal(abs(item.effect or 0.0), 2),
            detail=f"· {item.trait}{' (same events)' if item.is_related else ''}",
            tone="do" if item.is_sure else "hand",
        )
        for item in drawn
    ]
    note = (
        "In standard deviations (Cohen's d): 0.2 is small, 0.5 medium, 0.8 large. 95 % of random groups stay below the "
        "grey bar. Only traits count that the segment is not made of; a difference in one of the same events shows "
        "what the segment is, and proves nothing."
    )
    columns = (
        Column(head="Segment"),
        Column(head="Trait"),
        Column(head="Difference", is_number=True),
        Column(head="Random groups below", is_number=True),
    )
    twin = as_table(
        columns,
        [(apart(item.title), item.trait, say.decimal(item.effect, 2), say.decimal(item.control, 2)) for item in every],
        "The largest difference of each segment",
    )
    tested = [item for item in every if not item.is_related]
    beyond = sum(item.is_sure for item in tested)
    shows = f"{say.count(beyond)} of {say.count(len(tested))} differ by more than random groups of their size do."
    if not tested:
        shows = "All that is known of these customers comes from the same events as the segments."
    return card(
        "The largest difference of each segment",
        Told(shows=shows),
        bar_key("random groups", "the segment", "do"),
        bars(rows),
        element("p", note, class_="note"),
        twin=twin,
        is_wide=True,
    )
