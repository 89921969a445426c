"""The sections on what segments share, what customers buy, and how it went over time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.bars import Bar, bars
from satsuma.report.grids import MOST_SEGMENTS, index_table, overlap_table
from satsuma.report.lines import Point, time_line
from satsuma.report.markup import Markup, apart, element
from satsuma.report.parts import Column, Section, as_table, card, cards
from satsuma.report.sentences import told_index, told_months, told_overlap, told_ranking

if TYPE_CHECKING:
    from collections.abc import Callable

    from satsuma.report.charts import Tone
    from satsuma.report.contents import MonthPoint, Overlap, Ranking, ReportContents

#: Items drawn of a ranking; the table has all that were given.
MOST_ITEMS = 12

#: Pairs listed beside the overlap map.
MOST_PAIRS = 30


def overlap(contents: ReportContents) -> Section | None:
    found = contents.overlap
    if found is None or len(found.titles) < 2:
        return None
    count = len(found.titles)
    title = (
        "Overlap of segments" if count <= MOST_SEGMENTS else f"Overlap of the first {MOST_SEGMENTS} of {count} segments"
    )
    return Section(
        anchor="overlap",
        title="Overlap",
        lead="Which segments hold the same people.",
        body=cards(
            card(title, told_overlap(found), overlap_table(found, title), twin=_pairs(found), is_wide=True), columns=1
        ),
    )


def _pairs(found: Overlap) -> Markup:
    pairs = [
        (found.jaccard(row, column), row, column)
        for row in range(len(found.titles))
        for column in range(row + 1, len(found.titles))
        if found.intersections[row][column]
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    rows = [
        (
            found.titles[row],
            found.titles[column],
            say.count(found.intersections[row][column]),
            say.share(likeness),
            say.share(found.contained(row, column)),
            say.share(found.contained(column, row)),
        )
        for likeness, row, column in pairs[:MOST_PAIRS]
    ]
    columns = (
        Column(head="First"),
        Column(head="Second"),
        Column(head="In both", is_number=True),
        Column(head="Of those in either", is_number=True),
        Column(head="Of the first", is_number=True),
        Column(head="Of the second", is_number=True),
    )
    caption = "Pairs of segments that share customers"
    return as_table(columns, rows, caption if len(pairs) <= MOST_PAIRS else f"{caption}, the first {MOST_PAIRS}")


def purchases(contents: ReportContents) -> Section | None:
    found = [ranking for ranking in contents.rankings if ranking.items]
    if not found:
        return None
    indexed: list[Markup] = []
    plain: list[Ranking] = []
    for ranking in found:
        index = index_table(ranking, f"{ranking.title}: index by segment")
        if index is None:
            plain.append(ranking)
            continue
        is_wide = len(ranking.segments) > 5
        indexed.append(_ranking(ranking, contents.currency, is_wide=is_wide))
        indexed.append(card(f"{apart(ranking.title)} by segment", told_index(ranking), index, is_wide=is_wide))
    # An odd one out takes the whole width rather than leaving a hole.
    parts = [*indexed, *(_ranking(ranking, contents.currency, is_wide=len(plain) == 1) for ranking in plain)]
    return Section(
        anchor="purchases",
        title="What they buy",
        lead="Best sellers by revenue before returns, and who likes them more than others do.",
        body=cards(*parts),
    )


def _ranking(ranking: Ranking, currency: str, *, is_wide: bool) -> Markup:
    rows = [
        Bar(
            label=item.label,
            value=item.revenue,
            text=say.compact_money(item.revenue, currency),
            detail=f"· {say.share(item.share)}",
        )
        for item in ranking.items[:MOST_ITEMS]
    ]
    total = ranking.total_items or len(ranking.items)
    note = element("p", f"The first {len(rows)} of {say.count(total)}.", class_="note") if total > len(rows) else None
    columns = (
        Column(head=ranking.noun.capitalize()),
        Column(head="Revenue", is_number=True),
        Column(head="Share", is_number=True),
        Column(head="Customers", is_number=True),
        Column(head="Orders", is_number=True),
    )
    table = [
        (
            item.label,
            say.money(item.revenue, currency),
            say.share(item.share),
            say.count(item.customers),
            say.count(item.orders),
        )
        for item in ranking.items
    ]
    twin = as_table(columns, table, f"{ranking.title} by revenue")
    return card(apart(ranking.title), told_ranking(ranking), bars(rows), note, twin=twin, is_wide=is_wide)


def over_time(contents: ReportContents) -> Section | None:
    months = contents.months
    if not months:
        return None

    def chart(
        series: str,
        title: str,
        tone: Tone,
        value: Callable[[MonthPoint], float],
        axis: Callable[[float], str],
        worded: Callable[[MonthPoint], str],
        *,
        is_wide: bool = False,
    ) -> Markup:
        points = [
            Point(label=say.month(item.month), value=value(item), text=worded(item), is_complete=item.is_complete)
            for item in months
        ]
        rows = [(point.label if point.is_complete else f"{point.label} (not complete)", point.text) for point in points]
        return card(
            title,
            told_months(months, series, contents.currency),
            time_line(points, f"{title} by month", axis=axis, tone=tone, height=240 if is_wide else 190),
            twin=as_table((Column(head="Month"), Column(head=title, is_number=True)), rows, f"{title} by month"),
            is_wide=is_wide,
        )

    money = partial(say.compact_money, currency=contents.currency)
    note = "A hollow point is a month that the data cover in part." if not all(m.is_complete for m in months) else ""
    return Section(
        anchor="time",
        title="Over time",
        lead=f"By calendar month in {contents.timezone}. {note}".strip(),
        body=cards(
            chart(
                "revenue",
                "Revenue",
                "worth",
                lambda item: item.revenue,
                money,
                lambda item: say.money(item.revenue, contents.currency),
                is_wide=True,
            ),
            chart(
                "orders",
                "Orders",
                "do",
                lambda item: float(item.orders),
                say.compact,
                lambda item: say.count(item.orders),
            ),
            chart(
                "active_customers",
                "Active customers",
                "who",
                lambda item: float(item.active_customers),
                say.compact,
                lambda item: say.count(item.active_customers),
            ),
        ),
    )
