"""What models say of the time ahead, in sentences: what is shown, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.markup import apart
from satsuma.report.sentences import LARGE_ENOUGH, Told, is_unknown, name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from satsuma.report.contents import LabelSummary, ReportContents, SegmentationSummary
    from satsuma.report.foresight import AliveGrid, Prediction, PurchaseModel, RenewalModel, Tenth

#: So far off in total, a model still tracks what customers do; and so far, it does roughly.
TRACKS, ROUGHLY = 0.10, 0.25
#: A group that is less off than this part of what came is close.
SMALL_GAP = 0.05
#: Tenths for which the gain is told: nearly a third of the customers.
TOLD_TENTHS = 3


# ------------------------------------------------------------------------------------------------------ tiers, bands


def in_short_ahead(contents: ReportContents) -> tuple[str, ...]:
    """Return the one sentence on the time ahead that a person should have read."""
    tiers = [item for item in contents.segmentations if any(label.future_share for label in item.labels)]
    return (told_tiers(tiers[0], contents).shows,) if tiers else ()


def told_tiers(tiers: SegmentationSummary, contents: ReportContents) -> Told:
    """Say what the most valuable tier holds of the future, with the interval."""
    held = [label for label in tiers.labels if label.size and label.future_share and not is_unknown(label.label)]
    if not held:
        return Told(shows="No customer holds any future value yet.")
    best = max(held, key=lambda label: (label.future_value or 0.0) / label.size)
    interval = ""
    if best.future_share_low is not None and best.future_share_high is not None:
        interval = f" (95 % interval {say.share(best.future_share_low)} to {say.share(best.future_share_high)})"
    shows = (
        f"{name(best.label)}: {say.share(best.share)} of customers hold {say.share(best.future_share)} of future "
        f"value{interval}, {mean_in_words(best, tiers, contents)} each."
    )
    last = min(held, key=lambda label: (label.future_value or 0.0) / label.size)
    if last is best:
        return Told(shows=shows, do="With one tier there is nobody to prefer: part the customers by smaller shares.")
    return Told(
        shows=shows,
        do=f"A customer of {name(best.label)} may cost up to {mean_in_words(best, tiers, contents)} to keep, one of "
        f"{name(last.label)} up to {mean_in_words(last, tiers, contents)}: set budgets by tier, and service before "
        "discounts where most is at stake.",
    )


def told_prediction_bands(bands: SegmentationSummary, contents: ReportContents) -> Told:
    """Say how many are in the band with the highest mean, of those large enough to act upon."""
    known = [label for label in bands.labels if label.size and label.mean is not None]
    if not known:
        return Told(shows="Nobody has a predicted value.", do="See below whether the prediction is worth using.")
    enough = [label for label in known if label.size >= LARGE_ENOUGH] or known
    best = max(enough, key=lambda label: label.mean or 0.0)
    shows = (
        f"{name(best.label)}: {say.counted(best.size, 'customer')} ({say.share(best.share)}), "
        f"{mean_in_words(best, bands, contents)} on average."
    )
    return Told(
        shows=shows,
        do="Begin with the band where most is expected, keep some of it uncontacted at random, and compare: a "
        "prediction says who will, not whom a message moves.",
    )


def mean_in_words(label: LabelSummary, division: SegmentationSummary, contents: ReportContents) -> str:
    if division.means_are == "money":
        return say.money(label.mean, contents.currency)
    return say.share(label.mean) if division.means_are == "share" else say.decimal(label.mean, 2)


# ---------------------------------------------------------------------------------------------------------- purchases


def told_alive(model: PurchaseModel) -> Told:
    """Say what silence means for those who bought often and those who did not."""
    grid = model.grid
    cells = [cell for row in (grid.alive if grid else ()) for cell in row if cell is not None]
    if grid is None or not cells:
        return Told(shows="P(alive) cannot be told from these purchases.")
    if model.is_blind:
        return Told(
            shows=f"In these data nobody is seen to leave for good: P(alive) is {say.share(cells[0])} for everybody, "
            "however long the silence. The time observed may be too short for it.",
            do="Do not part customers by P(alive) here. Use how many orders to expect, or predict no order within a "
            "time that matters to you.",
        )
    found = _contrast(grid)
    if found is None:
        return Told(shows=f"P(alive) lies between {say.share(min(cells))} and {say.share(max(cells))}.")
    often, seldom, days, of_often, of_seldom = found
    shows = (
        f"After {say.counted(days, 'day')} of silence P(alive) is {say.share(of_often)} for those who bought on "
        f"{often} days, {say.share(of_seldom)} for those who bought on {seldom}."
    )
    if of_often < of_seldom:
        return Told(
            shows=shows,
            do="Measure silence by each one's own rhythm: who bought often and went quiet is to be asked first, while "
            "the probability is between a third and two thirds. Under a tenth, one last attempt is enough.",
        )
    return Told(
        shows=shows,
        do="Who bought often is to be counted on; remind those who bought on few days soon after the last.",
    )


def _contrast(grid: AliveGrid) -> tuple[int, int, int, float, float] | None:
    """Return two rows and the column in which they differ most, among those who bought again."""
    rows = [(days, row) for days, row in zip(grid.often, grid.alive, strict=True) if days > 1]
    best = None
    for place, since in enumerate(grid.days_since):
        known = [(days, row[place]) for days, row in rows if row[place] is not None]
        if len(known) < 2:
            continue
        (seldom, low), (often, high) = known[0], known[-1]
        if low is not None and high is not None and (best is None or abs(low - high) > abs(best[3] - best[4])):
            best = (often, seldom, since, high, low)
    return best


def told_tracking(model: PurchaseModel) -> Told:
    """Say whether the model tracks the days that it had not seen."""
    event = name(model.event)
    off = off_in_total(model)
    if off is None:
        note = model.validation_note or "Too little lies on the days held back to test it on."
        return Told(
            shows=f"The model is not tested on later days: {note}",
            do="Wait for more history before money depends on it.",
        )
    days = say.counted(model.held_back_days, "day")
    shows = (
        f"On the last {days}, which a model of the same kind had not seen, there were "
        f"{say.count(model.total_actual)} more days with {event}; it expected {say.count(model.total_expected)}, "
        f"{say.share(abs(off))} too {'many' if off > 0 else 'few'}."
    )
    over_all = _over_all_days(model)
    if abs(off) <= TRACKS:
        return Told(
            shows=f"{shows} It tracks.{over_all}", do="Plan with these numbers, and look again after each season."
        )
    level = f"Lower what it expects by a {_part(off)}" if off > 0 else f"Raise what it expects by a {_part(off)}"
    if abs(off) <= ROUGHLY:
        return Told(
            shows=f"{shows} It tracks roughly.{over_all}",
            do=f"Trust who comes before whom more than how much: a season or a campaign is not in the model. {level} "
            "for budgets.",
        )
    return Told(
        shows=f"{shows} It does not track.{over_all}",
        do="Do not plan totals with it. Look for what changed (a season, a campaign, a price, a gap in the data); use "
        "the order of customers at most.",
    )


def _over_all_days(model: PurchaseModel) -> str:
    """Return how far off the last point of the drawn lines is."""
    tracking = model.tracking
    if tracking is None or not tracking.actual[-1] or tracking.expected[-1] is None:
        return ""
    off = tracking.expected[-1] / tracking.actual[-1] - 1
    return f" Over all days drawn it expects {say.share(abs(off))} too {'many' if off > 0 else 'few'}."


def off_in_total(model: PurchaseModel) -> float | None:
    """Return how far the expected total of the days held back is off, as a fraction of the actual one."""
    if not model.total_actual or model.total_expected is None:
        return None
    return model.total_expected / model.total_actual - 1


def _part(off: float) -> str:
    return "tenth" if abs(off) < 0.15 else "sixth" if abs(off) < 0.2 else "fifth"


def told_by_frequency(model: PurchaseModel) -> Told:
    """Say for which customers the model is furthest off."""
    known = [row for row in model.by_frequency if row.customers and row.actual is not None and row.expected is not None]
    if not known:
        return Told(shows="No group of customers can be compared.")
    gaps = [((row.expected or 0.0) - (row.actual or 0.0), row) for row in known]
    gap, worst = max(gaps, key=lambda pair: abs(pair[0]) * pair[1].customers)
    who = f"{say.counted(worst.repeats, 'repeat')}{' and more' if worst.and_more else ''}"
    means = f"{say.decimal(worst.actual, 2)} on average, expected {say.decimal(worst.expected, 2)}"
    shows = f"Most of the difference comes from customers with {who} before: {means}."
    if abs(gap) < SMALL_GAP * max(worst.actual or 0.0, 0.2):
        return Told(
            shows=f"{shows} That is close.",
            do="Plan by these groups. Where columns part more, few customers are concerned.",
        )
    best = max(known, key=lambda row: row.actual or 0.0)
    return Told(
        shows=shows,
        do=f"Plan for those with {say.counted(best.repeats, 'repeat')}{' and more' if best.and_more else ''} first "
        f"({say.decimal(best.actual, 2)} each), and correct the level of a group where columns part.",
    )


def told_renewals(model: RenewalModel) -> Told:
    """Say how the share of those who renew rises with the renewals behind them."""
    if not model.steps:
        return Told(shows="No contract has come to its end yet.")
    first, last = model.steps[0], model.steps[-1]
    shows = f"{say.share(first.renewed / first.asked)} of {say.counted(first.asked, 'customer')} renewed the first time"
    if last is not first:
        shows += f", {say.share(last.renewed / last.asked)} of {say.count(last.asked)} at renewal {last.renewal}"
    return Told(
        shows=f"{shows}.",
        do="Those who are easily lost leave first, so the share rises by itself: spend on the first renewals, and do "
        "not read the rise as loyalty that was won.",
    )


# -------------------------------------------------------------------------------------------------------- predictions


def told_verdict(prediction: Prediction) -> Told:
    """Say first whether the prediction is worth anything; what is not offered is not sold."""
    verdict = apart(prediction.verdict)
    if prediction.is_offered:
        return Told(
            shows=verdict,
            do="Use it, and look at the reservations above: it is a probability, not a cause. Keep a part of those "
            "addressed uncontacted at random to see what a message adds."
            if not prediction.is_amount
            else "Use it to set budgets by what is expected, not for a single customer; keep a part of those addressed "
            "uncontacted at random to see what a message adds.",
        )
    rule = name(prediction.best_baseline)
    given = (
        "Its values are what that rule says."
        if prediction.says_rule
        else "It has no values; otherwise: rule would give it those of the rule."
    )
    return Told(
        shows=f"Not offered. {verdict}",
        do=f"Use the rule '{rule}' instead: it is simpler, and the model is not surely better. {given} "
        "More history, or events and traits "
        "that say something new, may change the verdict at the next run with --refit.",
    )


def in_plain_words(prediction: Prediction, currency: str, timezone: str) -> tuple[str, ...]:
    """Return what was tested, what the best tenth holds, and every reservation."""
    found = [apart(prediction.about)] if prediction.about else []
    moments = say.counted(prediction.moments, "past moment")
    found.append(
        f"Learned at {moments}, tested on {say.counted(prediction.customers, 'customer')} as of "
        f"{say.day(prediction.tested_at, timezone)}, {say.decimal(prediction.horizon_days, 0)} days ahead: "
        f"{'on average' if prediction.is_amount else 'it came true of'} {level(prediction.base, prediction, currency)}."
    )
    best = prediction.tenths[0] if prediction.is_offered and prediction.tenths else None
    if best is not None:
        found.append(f"In the tenth with the highest predictions: {level(best.rate, prediction, currency)}.")
    found += [f"⚠ {apart(alarm)}" for alarm in prediction.alarms]
    if prediction.drift:
        found.append(f"Since then {apart(prediction.drift)}")
    return tuple(found)


def level(value: float | None, prediction: Prediction, currency: str) -> str:
    """Return a rate, or a mean amount."""
    if not prediction.is_amount:
        return say.share(value)
    return say.money(value, currency) if prediction.is_money else say.decimal(value, 2)


def told_calibration(prediction: Prediction) -> Told:
    """Say in how many tenths what was predicted lies within the interval of what came."""
    known = [tenth for tenth in prediction.tenths if tenth.is_inside is not None]
    if not known:
        return Told(shows="Nothing can be said of its level.")
    inside = sum(1 for tenth in known if tenth.is_inside)
    shows = (
        f"In {inside} of {len(known)} tenths of the customers what was predicted lies within the interval of what came "
        "(all intervals hold together at 99 %)."
    )
    if inside == len(known) and prediction.level_is_off:
        return Told(
            shows=f"{shows} All together they are off by more than chance all the same.",
            do="Use the order of customers; before multiplying by money refit on later data (satsuma run --refit).",
        )
    if inside == len(known):
        return Told(shows=shows, do="Take the numbers as they are: they may be multiplied by money.")
    side = _side([tenth for tenth in known if not tenth.is_inside])
    return Told(
        shows=shows,
        do=f"Use the order of customers, not the level: outside, predictions are {side}. Refit on later data "
        "(satsuma run --refit) before multiplying them by money.",
    )


def _side(tenths: Sequence[Tenth]) -> str:
    high = sum(1 for tenth in tenths if (tenth.predicted or 0.0) > (tenth.rate or 0.0))
    if high == len(tenths):
        return "too high"
    return "too low" if not high else "too high for some and too low for others"


def told_lift(prediction: Prediction) -> Told:
    """Say how much more often it happens in the best tenth, and whether the best baseline does as well there."""
    first = prediction.tenths[0].lift if prediction.tenths else None
    if first is None:
        return Told(shows="There are too few customers to compare tenths.")
    theirs = prediction.baseline_tenths[0].lift if prediction.baseline_tenths else None
    beside = (
        f", in that of the rule '{name(prediction.best_baseline)}' {say.decimal(theirs, 2)} times" if theirs else ""
    )
    shows = f"In the best tenth {say.decimal(first, 2)} times as much happens as on average{beside}."
    if prediction.leads_in_best_tenth:
        return Told(shows=shows, do="Take short lists from the top by the model: there it leads by more than chance.")
    return Told(
        shows=f"{shows} That lead is no more than chance.",
        do="For a short list from the top the rule will do; the model pays where many are to be put in order.",
    )


def told_gain(prediction: Prediction) -> Told:
    """Say what the first tenths hold, beside the best baseline."""
    if len(prediction.tenths) < TOLD_TENTHS:
        return Told(shows="There are too few customers to compare tenths.")
    gain = prediction.tenths[TOLD_TENTHS - 1].gain
    what = "of the amount" if prediction.is_amount else "of those to whom it happened"
    shows = f"The first three tenths hold {say.share(gain)} {what}; at random they would hold 30 %"
    if len(prediction.baseline_tenths) >= TOLD_TENTHS:
        rule = name(prediction.best_baseline)
        shows += f", by the rule '{rule}' {say.share(prediction.baseline_tenths[TOLD_TENTHS - 1].gain)}"
    return Told(
        shows=f"{shows}.",
        do="Address tenths from the first on, and stop where a contact costs more than the next tenth brings.",
    )


def told_needs(prediction: Prediction) -> Told:
    """Say which feature the prediction needs most."""
    useful = [need for need in prediction.needs if need.increase > 0]
    if not useful:
        return Told(shows="No single feature is needed: several say the same.")
    return Told(
        shows=f"It needs {name(useful[0].feature)} most; {say.counted(len(useful), 'feature')} of "
        f"{len(prediction.needs)} help at all.",
        do="Read them as signs, not as levers: changing one does not change the customer. Of two that say the same, "
        "each looks needless. One that you did not expect at the top may know what came after: leave its "
        "event or trait out (without).",
    )


def told_groups(prediction: Prediction) -> Told:
    """Say for which groups the level is wrong."""
    failing = [group for group in prediction.groups if group.fails]
    count = say.counted(len(prediction.groups), "group")
    if not failing:
        return Told(
            shows=f"In each of {count} what was predicted lies within the interval of what came (99 % together).",
            do="It may be used for all of them alike.",
        )
    worst = max(failing, key=lambda group: abs((group.predicted or 0.0) - (group.rate or 0.0)))
    high = (worst.predicted or 0.0) > (worst.rate or 0.0)
    return Told(
        shows=f"It is wrong for {say.count(len(failing))} of {count}; most for {name(worst.label)} "
        f"({name(worst.grouping)}), too {'high' if high else 'low'}.",
        do="Do not compare customers across these groups by this number. Give the model a trait that parts them, or "
        "use it within a group.",
    )
