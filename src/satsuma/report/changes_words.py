"""What changed, in sentences and rows: the command line and the page say it alike."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from satsuma.report import format as say
from satsuma.report.markup import apart
from satsuma.statistics.moves import FEWEST_POINTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.evidence.changes import Changed, Flow
    from satsuma.evidence.insights import Insights, Mix
    from satsuma.statistics.migration import Migration

#: Labels that are named of where people came from, and groups that are told in sentences.
MOST_FLOWS, MOST_TOLD = 3, 6

HEADS = ("before", "after", "entered", "left", "revenue before", "revenue after", "by entries", "by exits",
         "by those who stayed", "unusual")  # fmt: skip


def told_frame(found: Insights, timezone: str) -> str:
    """Return which moments are compared, and what revenue is."""
    first, second = (round(days, 1) for days in found.days)
    lengths = f"{first:g} days" if first == second else f"{first:g} and {second:g} days"
    return (
        f"From {say.moment(found.since, timezone)} to {say.moment(found.as_of, timezone)}. Revenue is the net revenue "
        f"of the {lengths} up to each moment, of those who are in then."
    )


def told_everybody(found: Insights, currency: str) -> str:
    """Return what changed for all customers together."""
    all_ = found.everybody
    people = f"{say.counted(all_.after, 'customer')} ({signed(all_.after - all_.before)})"
    return f"There are {people}{_told_revenue(all_, currency)}{_told_unusual(all_)}"


def told_changes(found: Insights, currency: str, *, most: int = MOST_TOLD) -> list[str]:
    """Return a sentence for each group that moved unusually, and for those of the largest change of size."""
    told = [*found.of_kind("segment")] or [*found.of_kind("label", found.by)]
    moved = sorted((item for item in told if item.revenue.entered or item.revenue.left), key=_by_change)
    chosen = [*found.unusual, *moved][: max(most, len(found.unusual))]
    by_group = {item.group: item for item in chosen if item.group.kind != "everybody"}
    return [told_change(item, currency) for item in by_group.values()]


def _by_change(item: Changed) -> tuple[int, str]:
    return -abs(item.after - item.before), item.group.name


def told_change(item: Changed, currency: str) -> str:
    """Return what happened to one group."""
    name, moved = apart(item.title), item.after - item.before
    noun = item.group.entity
    if not item.before:
        opening = f"{name} has {say.counted(item.after, noun)} and had none"
    elif moved:
        verb = "grew" if moved > 0 else "shrank"
        share = say.share(abs(moved) / item.before)
        opening = f"{name} {verb} by {share} ({signed(moved)}, to {say.counted(item.after, noun)})"
    else:
        opening = f"{name} has {say.counted(item.after, noun)} as before"
    parts = []
    if item.revenue.entered:
        parts.append(f"{say.count(item.revenue.entered)} entered{_flows(item.came_from, 'from', 'not there before')}")
    if item.revenue.left:
        parts.append(f"{say.count(item.revenue.left)} left{_flows(item.went_to, 'to', 'not there any more')}")
    people = f": {' and '.join(parts)}" if parts else ""
    return f"{opening}{people}{_told_revenue(item, currency)}{_told_unusual(item)}"


def _flows(flows: Sequence[Flow], way: str, none: str) -> str:
    if not flows:
        return ""
    words = [f"{say.count(flow.size)} {none if flow.label is None else f'{way} {apart(flow.label)}'}"
             for flow in flows[:MOST_FLOWS]]  # fmt: skip
    rest = sum(flow.size for flow in flows[MOST_FLOWS:])
    return f" ({say.listed([*words, f'{say.count(rest)} {way} others'] if rest else words)})"


def _told_revenue(item: Changed, currency: str) -> str:
    change = item.revenue
    if not change.before and not change.after:
        return "; no revenue in either period."
    relative = f" ({say.change(change.change / change.before)})" if change.before > 0 else ""
    parts = [
        f"{signed_money(amount, currency)} by those who {who}"
        for amount, number, who in ((change.entries, change.entered, "entered"), (change.exits, change.left, "left"))
        if number
    ]
    if change.stayed:
        low, high = change.behaviour_low, change.behaviour_high
        is_chance = low is None or high is None or low <= 0 <= high
        doubt = " (which may be chance)" if is_chance and change.behaviour else ""
        parts.append(f"{signed_money(change.behaviour, currency)} by those who stayed{doubt}")
    return (
        f"; revenue {say.money(change.after, currency)}, {signed_money(change.change, currency)}{relative}: "
        f"{say.listed(parts)}."
    )


def _told_unusual(item: Changed) -> str:
    told = [
        f"{what} moved by {say.change(move['change'])}, usually {say.change(move['usual'])}"
        for what, move in (("its size", item.size_move), ("its revenue a day", item.revenue_move))
        if move is not None and move["is_unusual"]
    ]
    return f" Unusual: {say.listed(told)}." if told else ""


def told_alarms(found: Insights) -> str:
    """Return how many moves were looked at, at which rate of false alarms, and what would have been noticed."""
    if found.points < FEWEST_POINTS:
        return (
            f"Whether a move is unusual cannot be said: {found.points} moments are known, and {FEWEST_POINTS} are "
            "needed."
        )
    number = sum(move["is_unusual"] for move in _moves(found))
    least = [move["least_up"] for move in _moves(found) if move["least_up"] is not None]
    enough = f" Half of them would have been called so from {say.change(median(least))} on." if least else ""
    verb = "is" if number == 1 else "are"
    rate = say.share(found.rate)
    return (
        f"Of {say.counted(found.tested, 'move')} beside those of {found.points - 2} periods before, "
        f"{say.count(number)} {verb} unusual; of such alarms at most {rate} are expected to be chance.{enough}"
    )


def _moves(found: Insights) -> list[dict[str, Any]]:
    both = ((item.size_move, item.revenue_move) for item in found.changes)
    return [move for pair in both for move in pair if move is not None]


def told_mix(mix: Mix, currency: str) -> str:
    """Return why the revenue of all with a label changed: number, mix and rate."""
    change = mix.change
    noun = f"{mix.entity}s"
    return (
        f"{apart(mix.title)}: {say.share(mix.moved.stayed_share)} kept their label. Revenue changed by "
        f"{signed_money(change.change, currency)}: {signed_money(change.number, currency)} by the number of {noun}, "
        f"{signed_money(change.mix, currency)} by their mix, {signed_money(change.rate, currency)} by what {noun} of "
        "one label bring."
    )


def told_migration(title: str, moved: Migration) -> str:
    """Return how many kept their label, and the largest flow between two labels, net."""
    flows = moved.net_flows
    first = f"{apart(title)}: {say.share(moved.stayed_share)} of those who had a label kept it"
    if not (flows > 0).any():
        return f"{first}; nobody moved between labels, net."
    row, column = divmod(int(flows.argmax()), len(moved.labels))
    there, back = int(moved.counts[row, column]), int(moved.counts[column, row])
    return (
        f"{first}. The largest net flow is from {apart(moved.labels[row])} to {apart(moved.labels[column])}: "
        f"{say.count(there)} went, {say.count(back)} the other way."
    )


def row_of(item: Changed, currency: str) -> tuple[str, ...]:
    """Return the cells of a group beside `HEADS`."""
    change = item.revenue
    unusual = [what for what, move in (("size", item.size_move), ("revenue", item.revenue_move))
               if move is not None and move["is_unusual"]]  # fmt: skip
    return (
        say.count(item.before), say.count(item.after), say.count(change.entered), say.count(change.left),
        say.money(change.before, currency), say.money(change.after, currency), signed_money(change.entries, currency),
        signed_money(change.exits, currency), signed_money(change.behaviour, currency), ", ".join(unusual),
    )  # fmt: skip


def signed(number: int) -> str:
    """Return a change of a count with its sign: `+34`."""
    return f"+{say.count(number)}" if number > 0 else say.count(number) if number else "±0"


def signed_money(amount: float, currency: str) -> str:
    """Return a change of an amount with its sign: `+€34`."""
    text = say.money(amount, currency)
    return f"+{text}" if amount > 0 and not text.startswith("<") else text
