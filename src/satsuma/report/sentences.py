"""What each chart shows and what to do about it, written from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.advice import advice_for
from satsuma.report.markup import apart, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.report.contents import (
        Concentration,
        LabelSummary,
        MonthPoint,
        Overlap,
        Quality,
        Ranking,
        ReportContents,
        RfmGrid,
        SegmentationSummary,
        SegmentSummary,
    )

#: A share of value this much over the share of customers is worth a sentence.
NOTABLE_INDEX = 1.2

#: Fewer customers than these prove nothing about a group.
LARGE_ENOUGH = 30

#: Labels for what is not known; they are counted, but never advised about.
UNKNOWN = frozenset(
    {"unknown", "missing", "not known", "none", "no favourite", "other", "otherwise", "not set", "n/a", "–", "-"}
)

#: Two segments with this much in common are the same audience for most purposes.
NEARLY_SAME = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A chart in words: what it shows, and what to do about it (may be empty)."""

    shows: str
    do: str = ""


def in_short(contents: ReportContents) -> tuple[str, ...]:
    """Return the few sentences that a person should have read."""
    sentences = []
    if contents.population:
        sentences.append(
            f"{say.counted(contents.population, 'customer')} brought "
            f"{say.money(contents.total_value, contents.currency)} net in {say.counted(contents.orders, 'order')}: "
            f"{say.money(contents.total_value / contents.population, contents.currency)} each on average."
        )
    if contents.concentration:
        sentences.append(told_concentration(contents.concentration).shows)
    divisions = (*contents.by_method("rfm")[:1], *contents.by_method("lifecycle")[:1])
    sentences += [told_segmentation(division, contents).shows for division in divisions if division.labels]
    sentences += [told_ranking(ranking).shows for ranking in contents.rankings[:1] if ranking.items]
    if contents.overlap and len(contents.overlap.titles) > 1:
        sentences.append(told_overlap(contents.overlap).shows)
    if contents.months:
        sentences.append(told_months(contents.months, "revenue", contents.currency).shows)
    return tuple(sentences)


def told_sizes(segments: Sequence[SegmentSummary]) -> Told:
    largest = max(segments, key=lambda item: item.size)
    empty = sum(1 for item in segments if not item.size)
    shows = f"The largest is {name(largest.title)}: {say.share(largest.share)} of customers."
    if empty:
        return Told(
            shows=shows, do=f"{say.counted(empty, 'segment')} with nobody in: see whether the rule is too narrow."
        )
    return Told(
        shows=shows, do="Segments may overlap, so shares need not add up to 100 %; see Overlap before you send."
    )


def told_per_head(segments: Sequence[SegmentSummary], contents: ReportContents) -> Told:
    enough = max(LARGE_ENOUGH, contents.population // 200)
    large = [item for item in segments if item.size >= enough and item.value > 0]
    if not large:
        return Told(shows=f"No segment of {enough} customers or more has brought value yet.")
    best = max(large, key=lambda item: item.value / item.size)
    shows = (
        f"Among segments of {enough} customers or more, {name(best.title)} bring most: "
        f"{say.money(best.value / best.size, contents.currency)} each."
    )
    average = contents.total_value / contents.population if contents.population else 0.0
    if average > 0:
        shows += f" The average customer: {say.money(average, contents.currency)}."
    return Told(
        shows=shows,
        do=f"Start campaigns where value per customer is high and the group is large enough to measure: "
        f"{name(best.title)} first.",
    )


def told_concentration(spread: Concentration) -> Told:
    top = spread.top_20_share
    shows = f"The best 20 % of customers bring {say.share(top)} of value (Gini coefficient {spread.gini:.2f})."
    if top >= 0.6:
        do = (
            "Value hangs on few customers: know them by name, answer them first, and watch their rhythm weekly. "
            "Losing a few of them costs more than a whole campaign can win."
        )
    elif top >= 0.4:
        do = (
            "Keep the best 20 % first (service, early access, no needless discounts), then lift the next three tenths "
            "by one more order each: that is where growth is cheapest."
        )
    else:
        do = "Value is spread evenly: programmes for everybody pay more than care for a few."
    return Told(shows=shows, do=do)


def told_rfm(grid: RfmGrid, segmentation: SegmentationSummary | None, contents: ReportContents) -> Told:
    if segmentation and segmentation.labels:
        return told_segmentation(segmentation, contents)
    best = sum(cell.size for cell in grid.cells if cell.recency >= 4 and cell.frequency >= 4)
    total = sum(cell.size for cell in grid.cells)
    return Told(shows=f"{say.share(best / total if total else 0)} of scored customers are recent and frequent buyers.")


def told_segmentation(segmentation: SegmentationSummary, contents: ReportContents) -> Told:
    """Say which label brings most against its size, and what stands out by the method."""
    labels = [label for label in segmentation.labels if label.size]
    if not labels:
        return Told(shows="Nobody has a label yet.")
    total = sum(label.value for label in segmentation.labels)
    if segmentation.method == "lifecycle":
        return _told_lifecycle(labels, total, contents)
    largest = max(labels, key=lambda label: label.size)
    if total <= 0:
        return Told(shows=f"{name(largest.label)} is the largest group: {say.share(largest.share)} of customers.")
    known = [label for label in labels if not is_unknown(label.label)]
    best = max(known or labels, key=lambda label: label.value)
    each = say.money(best.value / best.size, contents.currency)
    of_customers, of_value = say.share(best.share), say.share(best.value / total)
    shows = f"{name(best.label)}: {of_customers} of customers, {of_value} of value ({each} each)."
    known_value = sum(label.value for label in known)
    if 0 < len(known) < len(labels) and known_value > 0:
        # Who is known at all often buys more: only the known are compared with each other.
        people = sum(label.size for label in known)
        shows = (
            f"{name(best.label)}: {say.share(best.size / people)} of those for whom it is known, "
            f"{say.share(best.value / known_value)} of their value ({each} each)."
        )
    if segmentation.method == "rfm":
        return Told(shows=shows, do=_most_at_stake(labels, total, contents) or advice_for(best.label))
    return Told(shows=shows, do=_where_to_look(known))


def _told_lifecycle(labels: Sequence[LabelSummary], total: float, contents: ReportContents) -> Told:
    leaving = [label for label in labels if any(word in label.label.casefold() for word in ("slip", "risk", "overdue"))]
    largest = max(labels, key=lambda label: label.size)
    if not leaving:
        return Told(
            shows=f"{say.share(largest.share)} of customers are {name(largest.label)}, the largest stage.",
            do=advice_for(largest.label),
        )
    group = max(leaving, key=lambda label: label.size)
    worth = f" and brought {say.share(group.value / total)} of value so far" if total > 0 else ""
    return Told(
        shows=f"{say.counted(group.size, 'customer')} ({say.share(group.share)}) are {name(group.label)}{worth}.",
        do=f"{advice_for(group.label) or 'Contact them now, the most valuable first.'} They have brought "
        f"{say.money(group.value / group.size, contents.currency)} each.",
    )


def _most_at_stake(labels: Sequence[LabelSummary], total: float, contents: ReportContents) -> str:
    words = ("at risk", "lose", "attention", "sleep")
    fading = [label for label in labels if any(word in label.label.casefold() for word in words) and label.value > 0]
    if not fading:
        return ""
    stake = max(fading, key=lambda label: label.value)
    return (
        f"{name(stake.label)} have brought {say.money(stake.value, contents.currency)} "
        f"({say.share(stake.value / total)} of value) and are going quiet. {advice_for(stake.label)}".strip()
    )


def is_unknown(label: str) -> bool:
    return label.casefold().strip() in UNKNOWN


def _where_to_look(labels: Sequence[LabelSummary]) -> str:
    people, total = sum(label.size for label in labels), sum(label.value for label in labels)
    if total <= 0:
        return ""
    big_enough = [label for label in labels if label.size >= max(LARGE_ENOUGH, people // 50)]
    indexed = [(label.value / total / (label.size / people), label) for label in big_enough]
    if len(indexed) < 2:
        return ""
    index, best = max(indexed, key=lambda pair: pair[0])
    low, worst = min(indexed, key=lambda pair: pair[0])
    if index < NOTABLE_INDEX:
        return "Value follows size here: this division alone is no reason to treat the groups differently."
    return (
        f"{name(best.label)}: {say.decimal(index)} times the value that their number would bring, {name(worst.label)}: "
        f"{say.decimal(low)} times. Look for more customers like the former, and test what the latter need."
    )


def told_overlap(overlap: Overlap) -> Told:
    pairs = [
        (overlap.jaccard(row, column), row, column)
        for row in range(len(overlap.titles))
        for column in range(row + 1, len(overlap.titles))
        if overlap.size(row) and overlap.size(column)
    ]
    if not pairs:
        return Told(shows="No two segments with customers can be compared yet.")
    likeness, row, column = max(pairs)
    first, second = name(overlap.titles[row]), name(overlap.titles[column])
    if not likeness:
        return Told(
            shows="No customer is in two of these segments.", do="Each can be addressed without regard to others."
        )
    shows = f"{first} and {second} overlap most: {say.share(likeness)} of those in either are in both."
    if likeness >= NEARLY_SAME:
        return Told(shows=shows, do="They are nearly one audience: keep one, or say in their rules what parts them.")
    inside = [
        (overlap.contained(row, column), row, column)
        for row in range(len(overlap.titles))
        for column in range(len(overlap.titles))
        if row != column and overlap.size(row)
    ]
    part, row, column = max(inside)
    hint = ""
    if part >= NEARLY_SAME:
        whole = "All" if part == 1 else say.share(part)
        hint = f"{whole} of {name(overlap.titles[row])} are in {name(overlap.titles[column])} too. "
    return Told(
        shows=shows,
        do=f"{hint}Before two campaigns run at once, exclude the overlap from one, or people hear from you twice.",
    )


def told_ranking(ranking: Ranking) -> Told:
    items = ranking.items
    first = items[0]
    top = sum(item.share for item in items[:3])
    shows = f"{name(first.label)} leads with {say.share(first.share)} of revenue"
    shows += f"; the first three bring {say.share(top)}." if len(items) > 3 else "."
    return Told(shows=shows, do="Lead with these in messages to everybody; let segments decide the rest.")


def told_index(ranking: Ranking) -> Told | None:
    """Say who likes what most, and least; None without indexes."""
    indexed = [
        (index, item, ranking.segments[number])
        for item in ranking.items
        for number, index in enumerate(item.indexes[: len(ranking.segments)])
        if index is not None
    ]
    if not indexed:
        return None
    high, liked, by = max(indexed, key=lambda entry: entry[0])
    low, left, others = min(indexed, key=lambda entry: entry[0])
    if high < 100 * NOTABLE_INDEX:
        return Told(shows="The segments like much the same.", do="Choose by margin or season rather than by segment.")
    shows = f"{name(by)} like {name(liked.label)} most: {say.count(high)} against 100 for the average customer."
    gap = f" Leave {name(left.label)} out for {name(others)} ({say.count(low)})." if low <= 80 else ""
    return Told(shows=shows, do=f"Show {name(liked.label)} to {name(by)} first.{gap}")


def told_value_map(segmentation: SegmentationSummary) -> Told:
    """Say which two groups hold most of the value."""
    total = sum(label.value for label in segmentation.labels if label.value > 0)
    best = sorted(segmentation.labels, key=lambda label: (-label.value, label.label))[:2]
    both = sum(label.value for label in best) / total
    people = sum(label.share for label in best)
    return Told(
        shows=f"{say.listed([name(label.label) for label in best])} bring {say.share(both)} of value with "
        f"{say.share(people)} of customers.",
        do="Protect the large boxes in strong colour first; a large faint one has many customers and room to grow.",
    )


def told_months(months: Sequence[MonthPoint], series: str, currency: str) -> Told:
    """Say the last complete month of a series (`revenue`, `orders` or `active_customers`) against those before."""
    whole = [point for point in months if point.is_complete]
    what = {"revenue": "Revenue", "orders": "Orders", "active_customers": "Active customers"}[series]
    if not whole:
        return Told(shows=f"{what}: no month is complete yet.")

    def worded(point: MonthPoint) -> str:
        number = getattr(point, series)
        return say.money(number, currency) if series == "revenue" else say.count(number)

    last = whole[-1]
    verb = "was" if series == "revenue" else "were"
    parts = []
    for months_back, words in ((1, "on the month before"), (12, "on the same month a year before")):
        earlier = _months_before(whole, last, months_back)
        if earlier is not None and getattr(earlier, series) > 0:
            parts.append(f"{say.change(getattr(last, series) / getattr(earlier, series) - 1)} {words}")
    tail = f", {say.listed(parts)}" if parts else ""
    shows = f"{what} {verb} {worded(last)} in {say.month(last.month)}{tail}."
    return Told(shows=shows, do=_trend(whole, series))


def _trend(whole: Sequence[MonthPoint], series: str) -> str:
    if len(whole) < 6:
        return "Six complete months are needed before a trend means anything."
    before, lately = whole[-6:-3], whole[-3:]
    earlier, now = sum(getattr(point, series) for point in before), sum(getattr(point, series) for point in lately)
    if earlier <= 0:
        return ""
    growth = now / earlier - 1
    text = f"The last three complete months together: {say.change(growth)} on the three before."
    if growth <= -0.05:
        return f"{text} See which stage of life lost customers before spending on new ones; check for season first."
    if growth >= 0.05:
        return f"{text} Find the segments that grew, and keep what worked for them."
    return f"{text} Stable: compare with the same months a year before to part season from change."


def _months_before(points: Sequence[MonthPoint], last: MonthPoint, back: int) -> MonthPoint | None:
    number = last.month.year * 12 + last.month.month - 1 - back
    return next((point for point in points if point.month.year * 12 + point.month.month - 1 == number), None)


def told_quality(quality: Quality) -> Told:
    columns = [column for source in quality.sources for column in source.columns if column.rows]
    rows = sum(source.rows for source in quality.sources)
    quarantined = sum(entry.rows for entry in quality.quarantine)
    shows = f"{say.counted(rows, 'row')} were read from {say.counted(len(quality.sources), 'source')}"
    shows += (
        f"; {say.counted(quarantined, 'row')} could not be and wait in quarantine."
        if quarantined
        else "; all were usable."
    )
    if not columns:
        return Told(shows=shows)
    worst = min(columns, key=lambda column: column.filled / column.rows)
    part = worst.filled / worst.rows
    doing = []
    if quarantined:
        doing.append("Mend the quarantined rows at their source, then retry them: satsuma quarantine list says how.")
    if part < 0.9:
        doing.append(
            f"{name(worst.column)} is filled in {say.share(part)} of rows: segments on it reach only those customers."
        )
    invalid = [column for column in columns if column.valid < column.filled]
    if invalid:
        most = max(invalid, key=lambda column: column.filled - column.valid)
        doing.append(f"{name(most.column)} has {say.counted(most.filled - most.valid, 'value')} that are not valid.")
    return Told(shows=shows, do=" ".join(doing) or "Nothing needs doing.")


def name(text: str) -> str:
    """Return somebody's name for a thing, short enough for a sentence."""
    return apart(shortened(text, 60))
