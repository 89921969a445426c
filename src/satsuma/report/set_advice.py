"""The section of advice on the whole set of segments: what to merge, mend, add or leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report.markup import element
from satsuma.report.parts import Column, Section, table

if TYPE_CHECKING:
    from satsuma.report.contents import ReportContents

#: How severe a piece of advice is, in a word.
WORDS = {"act": "Act", "consider": "Consider", "note": "Note"}


def set_advice(contents: ReportContents) -> Section | None:
    """Return the advice, what weighs most first; nothing where there is none, or nobody to advise about."""
    if not contents.advice or not contents.population:
        return None
    rows = [(WORDS[item.severity], item.sentence, item.do) for item in contents.advice]
    columns = (Column(head="Weight"), Column(head="What was seen"), Column(head="What to do"))
    return Section(
        anchor="advice",
        title="Advice on the segments",
        lead="On all segments together: which ones are one, too small, too many, or for nothing, and who is in none.",
        body=element("div", table(columns, rows, "Advice on the segments"), class_="card wide"),
    )
