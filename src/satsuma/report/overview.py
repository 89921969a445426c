"""The head of the page and its first sections: the key figures, the sentences to have read, the segments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.bars import Bar, bars, small_bar
from satsuma.report.charts import family
from satsuma.report.foresight_words import in_short_ahead
from satsuma.report.lines import sparkline
from satsuma.report.markup import Markup, element, join, said
from satsuma.report.parts import Column, Section, as_table, card, cards, folded, lines, pill, what_to_do
from satsuma.report.sentences import Told, in_short, told_per_head, told_sizes, told_value_map
from satsuma.report.treemap import Box, treemap

if TYPE_CHECKING:
    from satsuma.report.contents import ReportContents, SegmentSummary

#: Bars beyond these say less than the table beneath.
MOST_BARS = 12

LIST = Told(shows="With its rule in words, and the change of size since the run before.")

#: Data that end this long before the moment of the report are worth a word.
STALE_DAYS = 30


def key_figures(contents: ReportContents) -> Markup:
    """Return the four cards under the title: customers, orders, value, data until."""
    months = [point for point in contents.months if point.is_complete]
    people, currency = contents.population, contents.currency
    active = f"{say.count(months[-1].active_customers)} active in {say.month(months[-1].month)}" if months else ""
    per_head = contents.orders / people if people else None
    value_per_head = contents.total_value / people if people else None
    return element(
        "div",
        _figure(
            "Customers",
            say.compact(people),
            say.count(people),
            active,
            sparkline([point.active_customers for point in months], "who"),
        ),
        _figure(
            "Orders",
            say.compact(contents.orders),
            say.count(contents.orders),
            f"{say.decimal(per_head)} per customer" if people else "",
            sparkline([point.orders for point in months], "do"),
        ),
        _figure(
            "Net value",
            say.compact_money(contents.total_value, currency),
            say.money(contents.total_value, currency),
            f"{say.money(value_per_head, currency)} per customer" if people else "",
            sparkline([point.revenue for point in months], "worth"),
        ),
        _figure(
            "Data until",
            say.day(contents.data_until, contents.timezone),
            say.moment(contents.data_until, contents.timezone),
            f"since {say.day(contents.data_from, contents.timezone)}" if contents.data_from else "",
            _freshness(contents),
        ),
        class_="key-figures",
    )


def _figure(title: str, value: str, exact: str, detail: str, below: Markup | None) -> Markup:
    return element(
        "div",
        element("span", title, class_="figure-name"),
        element("strong", value, title=exact),
        element("span", detail, class_="figure-detail"),
        below,
        class_="key-figure",
    )


def _freshness(contents: ReportContents) -> Markup | None:
    if contents.data_until is None:
        return None
    age = (_aware(contents.as_of) - _aware(contents.data_until)).total_seconds() / 86_400
    if age > STALE_DAYS:
        return element("span", f"⚠ {say.counted(round(age), 'day')} before this report", class_="badge warn")
    return element("span", "✓ up to the report's moment", class_="badge good")


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def warnings(contents: ReportContents) -> Markup | None:
    if not contents.warnings:
        return None
    items = join(element("li", said(text)) for text in contents.warnings)
    return element("div", element("b", "⚠ Read with care"), element("ul", items), class_="warnings", role="note")


def overview(contents: ReportContents) -> Section:
    """Return the sentences to have read; for an empty workspace, what to do first."""
    if not contents.population:
        body = element(
            "div",
            element("p", "No customers yet: there is nothing to divide."),
            what_to_do(
                "Load the files you have (satsuma load FILE --as customers, or --as order-lines), then run again."
            ),
            class_="card wide",
        )
        return Section(anchor="overview", title="Overview", lead="", body=body)
    items = join(element("li", text) for text in (*in_short(contents), *in_short_ahead(contents)))
    short = element("article", element("h3", "In short"), element("ul", items, class_="in-short"), class_="card")
    map_ = _value_map(contents)
    return Section(anchor="overview", title="Overview", lead="", body=cards(short, map_, columns=2 if map_ else 1))


def _value_map(contents: ReportContents) -> Markup | None:
    """Return a map of value by the first division that has any: the named groups of buyers before all others."""
    order = (*contents.by_method("rfm"), *contents.by_method("lifecycle"), *contents.bands)
    found = next((item for item in order if sum(label.value > 0 for label in item.labels) > 1), None)
    if found is None:
        return None
    total = sum(label.value for label in found.labels if label.value > 0)
    boxes = [
        Box(
            label=label.label,
            area=label.value,
            shade=label.value / label.size if label.size else 0.0,
            text=say.share(label.value / total),
            detail=say.counted(label.size, "customer"),
        )
        for label in found.labels
        if label.value > 0
    ]
    rows = [
        (box.label, box.text, box.detail, say.money(box.shade, contents.currency))
        for box in sorted(boxes, key=lambda box: (-box.area, box.label))
    ]
    columns = (
        Column(head="Group"),
        Column(head="Share of value", is_number=True),
        Column(head="Size", is_number=True),
        Column(head="Each", is_number=True),
    )
    return card(
        "Where the value sits",
        told_value_map(found),
        treemap(boxes, f"Value by group of {found.title}"),
        element("p", "Area: value. Colour: value per customer.", class_="note"),
        twin=as_table(columns, rows, f"Value by group of {found.title}"),
    )


def segments(contents: ReportContents) -> Section:
    """Return all segments: bars of the largest, and each with its rule in words."""
    found = contents.segments
    lead = "A segment is a rule; whoever meets it is in. A customer may be in several, or in none."
    if not found:
        body = element(
            "div",
            element("p", "No segments yet: they will stand here with size, value and rule."),
            what_to_do(
                "Let Satsuma offer some from the data (satsuma suggest), or write one file in segments/, and run."
            ),
            class_="card wide",
        )
        return Section(anchor="segments", title="Segments", lead=lead, body=body)
    largest = sorted(found, key=lambda item: (-item.size, item.name))[:MOST_BARS]
    rows = [
        Bar(
            label=item.title,
            value=item.size,
            text=say.count(item.size),
            detail=say.share(item.share),
            tone=family(item.kind),
        )
        for item in largest
    ]
    title = "Segments by size" if len(found) <= MOST_BARS else f"The {MOST_BARS} largest of {len(found)} segments"
    by_head = [item for item in found if item.size > 0]
    valued = sorted(by_head, key=lambda item: (-item.value / item.size, item.name))[:MOST_BARS]
    worth = [
        Bar(
            label=item.title,
            value=item.value / item.size,
            text=say.money(item.value / item.size, contents.currency),
            detail="each",
            tone="worth",
        )
        for item in valued
    ]
    return Section(
        anchor="segments",
        title="Segments",
        lead=lead,
        body=cards(
            card(title, told_sizes(found), bars(rows, full=float(contents.population))),
            card(
                "Value per customer", told_per_head(found, contents), bars(worth, empty="No segment has customers yet.")
            ),
            card("All segments", LIST, _segment_table(contents), is_wide=True),
        ),
    )


def _segment_table(contents: ReportContents) -> Markup:
    heads = ("Segment", "Customers", "Share", "Change", "Value", "Per customer")
    top = join(
        element("th", head, scope="col", class_="number" if number else None) for number, head in enumerate(heads)
    )
    rows = join(
        _segment_row(item, contents) for item in sorted(contents.segments, key=lambda item: (-item.size, item.name))
    )
    caption = "All segments with size, value and rule"
    found = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", top)),
        element("tbody", rows),
        class_="segments",
    )
    return element("div", found, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _segment_row(item: SegmentSummary, contents: ReportContents) -> Markup:
    tone = family(item.kind)
    cells = (
        ("Customers", element("b", say.count(item.size))),
        ("Share", join((element("span", say.share(item.share)), small_bar(item.share, tone)))),
        ("Change", _change(item)),
        ("Value", element("span", say.money(item.value, contents.currency))),
        ("Per customer", say.money(item.value / item.size if item.size else None, contents.currency)),
    )
    head = element(
        "th",
        said(item.title, "segment-title"),
        " ",
        pill(item.kind, tone) if item.kind else None,
        element("span", said(item.description), class_="about") if item.description else None,
        folded("Rule in words", lines(item.rule), class_="rule") if item.rule.strip() else None,
        scope="row",
    )
    return element("tr", head, join(element("td", cell, data_head=name, class_="number") for name, cell in cells))


def _change(item: SegmentSummary) -> Markup:
    """Return the change since the run before: its sign says the direction, and no colour judges it."""
    if item.previous_size is None:
        return element("span", say.MISSING, title="No run before this one")
    moved = item.size - item.previous_size
    if not moved:
        return element("span", "±0", title="As at the run before")
    sign = "+" if moved > 0 else say.MINUS
    return element("span", f"{sign}{say.count(abs(moved))}", title=f"{say.count(item.previous_size)} at the run before")
