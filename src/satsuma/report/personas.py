"""The section on who the customers of each segment are: tested sentences, and the numbers behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.personas.export import NUMBER_HEADS, about_size, about_tests, number_row
from satsuma.personas.phrases import Wording
from satsuma.report import format as say
from satsuma.report.charts import Tone
from satsuma.report.markup import Markup, element, join, said
from satsuma.report.parts import Column, Section, cards, facts, folded, pill, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.personas.card import Persona
    from satsuma.report.contents import ReportContents

LEAD = (
    "Each sentence was found on one half of the customers, corrected for all that were tried, and holds on the other "
    "half. What a segment's own rule implies is told apart, and nothing is said of fewer than ten."
)


def personas(contents: ReportContents) -> Section | None:
    """Return the cards of those segments that something is said of, and the names of the rest."""
    if not contents.personas:
        return None
    told = [item for item in contents.personas if item.is_set_apart]
    rest = [item for item in contents.personas if not item.is_set_apart]
    shown = cards(*(persona_card(item, wording_of(contents)) for item in told)) if told else None
    return Section(anchor="personas", title="Personas", lead=LEAD, body=join((shown, _without(rest))))


def persona_card(item: Persona, wording: Wording, *, is_open: bool = False) -> Markup:
    """Return the card of one segment. is_open : whether the numbers are seen at once."""
    tone: Tone = "who"
    apart = None if item.is_set_apart else pill("nothing found", "hand")
    sentences = join(element("li", said(text)) for text in item.sentences)
    return element(
        "article",
        element("h3", said(item.title), apart),
        element("p", about_size(item, wording), class_="about"),
        element("ul", sentences, class_="in-short"),
        _invented(item, tone),
        _by_definition(item),
        element("p", said(" ".join(item.notes)), class_="note") if item.notes else None,
        _numbers(item, is_open=is_open),
        class_="card",
    )


def wording_of(contents: ReportContents) -> Wording:
    """Return how amounts are written on the page."""
    return Wording(money=lambda amount: say.money(amount, contents.currency))


def _invented(item: Persona, tone: Tone) -> Markup | None:
    if item.invented is None:
        return None
    made = item.invented
    return folded(
        join((said(made.name, "source"), " ", pill("invented", tone))),
        element("div", facts((title, said(value)) for title, value in made.facts)),
        element("p", f"Nobody's record: {say.counted(made.shared_by, 'customer')} share all of it.", class_="note"),
    )


def _by_definition(item: Persona) -> Markup | None:
    if not item.by_definition:
        return None
    lines = join(element("li", said(_sentence(each.text))) for each in item.by_definition)
    return folded("By definition", element("ul", lines))


def _numbers(item: Persona, *, is_open: bool) -> Markup | None:
    rows = [number_row(each) for each in (*item.statements, *item.more, *item.by_definition)]
    if not rows:
        return None
    columns = [Column(head=head, is_number=number > 0) for number, head in enumerate(NUMBER_HEADS)]
    shown = table(columns, rows, f"The numbers behind what is said of {item.title}")
    return folded("Show the numbers", element("p", about_tests(item), class_="about"), shown, is_open=is_open)


def _without(rest: Sequence[Persona]) -> Markup | None:
    if not rest:
        return None
    names = say.listed([item.title for item in rest])
    return element("p", said(f"Nothing that we know sets these customers apart: {names}."), class_="note")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
