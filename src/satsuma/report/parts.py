"""The pieces a page is built from: cards, tables, sections, headings, figures in cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.report.markup import Markup, clean, element, join, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from satsuma.report.charts import Tone
    from satsuma.report.sentences import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of the page; `anchor` is its place in the contents list."""

    anchor: str
    title: str
    lead: str
    body: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table; numbers stand to the right in even digits."""

    head: str
    is_number: bool = False


def section(part: Section) -> Markup:
    return element(
        "section",
        element("h2", part.title),
        element("p", part.lead, class_="lead") if part.lead else None,
        part.body,
        id=part.anchor,
    )


def card(
    title: str,
    told: Told | None,
    *contents: str | None,
    twin: str | None = None,
    is_wide: bool = False,
    pill: Markup | None = None,
) -> Markup:
    """Return a chart with its words: what it shows above, what to do beneath, and the same as a table."""
    return element(
        "article",
        element("h3", element("span", title), pill),
        element("p", told.shows, class_="shows") if told else None,
        element("div", *contents, class_="figure"),
        what_to_do(told.do) if told and told.do else None,
        twin,
        class_="card wide" if is_wide else "card",
    )


def what_to_do(text: str) -> Markup:
    return element("p", element("b", "What to do"), text, class_="do")


def table(columns: Sequence[Column], rows: Iterable[Sequence[str | None]], caption: str) -> Markup:
    """Return a table in a box that scrolls sideways; a cell's text is escaped unless it is markup."""
    heads = join(
        element("th", column.head, scope="col", class_="number" if column.is_number else None) for column in columns
    )
    lines = []
    for row in rows:
        cells = []
        for number, (column, cell) in enumerate(zip(columns, row, strict=True)):
            kind = "number" if column.is_number else None
            inner = cell if isinstance(cell, Markup) or cell is None else said(cell)
            if number == 0:
                cells.append(element("th", inner, scope="row", class_=kind))
            else:
                cells.append(element("td", inner, class_=kind))
        lines.append(element("tr", join(cells)))
    if not lines:
        lines.append(element("tr", element("td", "No rows.", colspan=len(columns))))
    return element(
        "div",
        element(
            "table",
            element("caption", caption, class_="unseen"),
            element("thead", element("tr", heads)),
            element("tbody", join(lines)),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=clean(caption),
    )


def as_table(columns: Sequence[Column], rows: Iterable[Sequence[str | None]], caption: str) -> Markup:
    """Return a chart's twin: the same figures as a table, folded away."""
    return element("details", element("summary", "Show as table"), table(columns, rows, caption), class_="twin")


def folded(summary: str, *contents: str | None, is_open: bool = False, class_: str = "fold") -> Markup:
    return element("details", element("summary", summary), *contents, class_=class_, open="open" if is_open else None)


def cards(*contents: str | None, columns: int = 2) -> Markup:
    return element("div", *contents, class_=f"cards of-{columns}")


def pill(word: str, tone: Tone) -> Markup:
    """Return a small tinted word: the kind of a segment. The word says it, the tint repeats it."""
    return element("span", clean(word), class_=f"pill pill-{tone}")


def lines(text: str) -> Markup:
    """Return a text of several lines with its indentation (two spaces a step), as a rule in words has it."""
    out = []
    for line in text.splitlines():
        if not line.strip():
            continue
        depth = min(6, (len(line) - len(line.lstrip(" "))) // 2)
        out.append(element("span", said(line), class_=f"line in-{depth}"))
    return element("span", join(out), class_="lines")


def facts(pairs: Iterable[tuple[str, str | None]]) -> Markup:
    """Return names with their values; those without a value are left out."""
    inside = join(join((element("dt", key), element("dd", value))) for key, value in pairs if value)
    return element("dl", inside, class_="facts")
