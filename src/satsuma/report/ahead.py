"""The section on what is to come: tiers of future value, models of purchases and renewals, predictions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from satsuma.report import format as say
from satsuma.report.bars import Bar, bar_key, bars
from satsuma.report.foresight_words import (
    in_plain_words,
    level,
    mean_in_words,
    told_alive,
    told_by_frequency,
    told_calibration,
    told_gain,
    told_groups,
    told_lift,
    told_needs,
    told_prediction_bands,
    told_renewals,
    told_tiers,
    told_tracking,
    told_verdict,
)
from satsuma.report.grids import alive_table
from satsuma.report.markup import Markup, apart, element, join, said
from satsuma.report.parts import Column, Section, as_table, card, cards, folded, pill, table
from satsuma.report.plots import Curve, Dot, Pair, calibration_plot, curves, paired_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from satsuma.report.charts import Tone
    from satsuma.report.contents import ReportContents, SegmentationSummary
    from satsuma.report.foresight import Prediction, PurchaseModel, RenewalModel, Tenth

#: Features drawn; the table has all.
MOST_NEEDS = 6
#: Periods named under the line of purchases.
NAMED_PERIODS = 4


def ahead(contents: ReportContents) -> Section | None:
    """Return what customers are worth and will do, as far as models were learned."""
    tiers = [item for item in contents.segmentations if item.is_ahead and _is_value(item)]
    bands = [item for item in contents.segmentations if item.is_ahead and not _is_value(item)]
    parts = [_tiers(item, contents, is_wide=True) for item in tiers]
    # An odd one out takes the whole width rather than leaving a hole.
    parts += [_tiers(item, contents, is_wide=len(bands) % 2 == 1 and item is bands[-1]) for item in bands]
    found = contents.foresight
    if found is not None:
        for model in found.purchases:
            parts += _purchases(model, contents)
        parts += [_renewals(model) for model in found.renewals]
        for prediction in found.predictions:
            parts += _prediction(prediction, contents)
    if not parts:
        return None
    return Section(
        anchor="ahead",
        title="What customers are worth and will do",
        lead="What models expect, each tested on days or customers that it had not seen. An expectation is of many "
        "customers alike; it is never certain of one.",
        body=cards(*parts),
    )


# ------------------------------------------------------------------------------------------------------ tiers, bands


def _is_value(item: SegmentationSummary) -> bool:
    return any(label.future_share is not None for label in item.labels)


def _tiers(item: SegmentationSummary, contents: ReportContents, *, is_wide: bool) -> Markup:
    is_value = _is_value(item)
    return card(
        apart(item.title),
        (told_tiers if is_value else told_prediction_bands)(item, contents),
        *(_future_bars(item) if is_value else _band_bars(item, contents)),
        twin=_tier_twin(item, contents, is_value=is_value),
        pill=pill("value", "worth") if is_value else pill("prediction", "will"),
        is_wide=is_wide,
    )


def _future_bars(item: SegmentationSummary) -> tuple[Markup, ...]:
    rows = [
        Bar(
            label=label.label,
            value=label.future_share or 0.0,
            second=label.share,
            text=say.share(label.future_share),
            detail=f"· {say.counted(label.size, 'customer')}",
            low=label.future_share_low,
            high=label.future_share_high,
        )
        for label in item.labels
    ]
    note = (
        "The line over a bar is the 95 % interval: how the share would differ among other customers like these. It "
        "takes what the model says of each as given."
    )
    return (
        bar_key("share of customers", "share of future value"),
        bars(rows),
        element("p", note, class_="note"),
    )


def _band_bars(item: SegmentationSummary, contents: ReportContents) -> tuple[Markup, ...]:
    rows = [
        Bar(
            label=label.label,
            value=label.share,
            text=say.count(label.size),
            detail=f"{say.share(label.share)} · mean {mean_in_words(label, item, contents)}"
            if label.mean is not None
            else say.share(label.share),
            tone="will",
        )
        for label in item.labels
    ]
    of = element("p", "Divided by ", said(item.divides), ".", class_="note") if item.divides else None
    return (bars(rows), *((of,) if of else ()))


def _tier_twin(item: SegmentationSummary, contents: ReportContents, *, is_value: bool) -> Markup:
    columns = [Column(head="Label"), Column(head="Customers", is_number=True), Column(head="Share", is_number=True)]
    if is_value:
        columns += [
            Column(head=head, is_number=True)
            for head in ("Future value", "Share of it", "From", "To", "Each", "Value so far")
        ]
    else:
        columns += [Column(head="Mean", is_number=True), Column(head="Value so far", is_number=True)]
    money = partial(say.money, currency=contents.currency)
    rows: list[tuple[str, ...]] = []
    for label in item.labels:
        mean, so_far = mean_in_words(label, item, contents), money(label.value)
        future = (
            money(label.future_value) if item.means_are == "money" else say.decimal(label.future_value),
            say.share(label.future_share),
            say.share(label.future_share_low),
            say.share(label.future_share_high),
        )
        middle = (*future, mean) if is_value else (mean,)
        rows.append((label.label, say.count(label.size), say.share(label.share), *middle, so_far))
    return as_table(columns, rows, f"{item.title}: labels")


# ---------------------------------------------------------------------------------------------------------- purchases


def _purchases(model: PurchaseModel, contents: ReportContents) -> list[Markup]:
    event = apart(model.event)
    parts = [
        card(
            f"Are they still there? P(alive) of {event}",
            told_alive(model),
            # A page full of one number tells nothing; the sentence does.
            alive_table(model.grid, f"P(alive) by days with {model.event} and days since the last")
            if model.grid and not model.is_blind
            else None,
            element("p", _about_grid(model), class_="note") if model.grid and not model.is_blind else None,
            twin=_model_twin(model, contents),
            is_wide=True,
        )
    ]
    tracking = model.tracking
    if tracking is not None or model.by_frequency:
        parts.append(_tracking(model))
    if model.by_frequency:
        parts.append(_by_frequency(model))
    return parts


def _about_grid(model: PurchaseModel) -> str:
    age = model.grid.age_days if model.grid else 0
    return (
        f"For a customer whose first purchase was {say.counted(age, 'day')} ago, as for half of all. P(alive) is the "
        "probability that more will ever come, not that it will come soon."
    )


def _model_twin(model: PurchaseModel, contents: ReportContents) -> Markup:
    """Return how the model was made: parameters, fit, and what it could not tell."""
    rows: list[tuple[str, str]] = [
        ("Model", f"{model.model}, in units of a {model.unit}"),
        ("Kept as", model.name),
        ("Customers", say.count(model.customers)),
        ("Log-likelihood", say.decimal(model.log_likelihood)),
    ]
    rows += [(f"Parameter {letter}", say.decimal(value, 4)) for letter, value in model.parameters]
    if model.traits:
        rows.append(("Read by", say.listed([apart(title) for title in model.traits])))
    if model.spend is None:
        rows.append(("Spend", "no trait asks for it"))
    else:
        rows.append(("A day of purchase brings", say.money(model.spend.mean, contents.currency)))
        rows.append(("Correlation of spend and frequency", say.decimal(model.spend.correlation, 2)))
    rows += [("Note", note) for note in model.notes]
    columns = (Column(head="What"), Column(head="Value"))
    return folded("The model behind it", table(columns, rows, f"The model of {model.event}"), class_="twin")


def _tracking(model: PurchaseModel) -> Markup:
    tracking = model.tracking
    chart, twin, key = None, None, None
    title = f"{model.event}: repeats up to each {model.unit}"
    if tracking is not None:
        last = max(tracking.periods[-1], 1)
        lines: tuple[tuple[str, tuple[float | None, ...], Tone], ...] = (
            ("expected", tracking.expected, "hand"),
            ("actual", tracking.actual, "do"),
        )
        drawn = [
            Curve(
                name=name,
                points=tuple(
                    (period / last, value)
                    for period, value in zip(tracking.periods, values, strict=True)
                    if value is not None
                ),
                tone=tone,
                is_dashed=tone == "hand",
            )
            for name, values, tone in lines
        ]
        shown = [round(last * step / NAMED_PERIODS) for step in range(1, NAMED_PERIODS + 1)]
        chart = curves(
            drawn,
            title,
            f"Repeat purchases of all customers: {say.count(tracking.actual[-1])} up to {tracking.unit} "
            f"{tracking.periods[-1]}, expected {say.count(tracking.expected[-1])}.",
            axis=say.compact,
            marks_below=[(number / last, say.count(number)) for number in dict.fromkeys(shown)],
            caption=f"{tracking.unit} since the first purchase of all",
        )
        columns = (
            Column(head=tracking.unit.capitalize()),
            Column(head="Actual", is_number=True),
            Column(head="Expected", is_number=True),
        )
        rows = [
            (say.count(period), say.count(actual), say.count(expected))
            for period, actual, expected in zip(tracking.periods, tracking.actual, tracking.expected, strict=True)
        ]
        twin = as_table(columns, rows, title)
        key = bar_key("expected", "actual", "do", quiet_tone="hand")
    return card(
        f"Does the model track? Repeats of {apart(model.event)}",
        told_tracking(model),
        key,
        chart,
        twin=twin,
        is_wide=not model.by_frequency,
    )


def _by_frequency(model: PurchaseModel) -> Markup:
    pairs, rows = [], []
    for row in model.by_frequency:
        who = f"{row.repeats}+" if row.and_more else str(row.repeats)
        actual, expected = say.decimal(row.actual, 2), say.decimal(row.expected, 2)
        tip = f"{who} repeats, {say.counted(row.customers, 'customer')}: {actual}, expected {expected}"
        pairs.append(Pair(label=who, quiet=row.expected, strong=row.actual, text=actual, tip=tip))
        rows.append((who, say.count(row.customers), actual, expected))
    title = f"{model.event} on the days held back, by repeats before"
    columns = (Column(head="Repeats before"), *(Column(head=head, is_number=True) for head in (
        "Customers", "Actual", "Expected"
    )))  # fmt: skip
    days = say.counted(model.held_back_days, "day")
    return card(
        f"Who comes again within {days}",
        told_by_frequency(model),
        bar_key("expected", "actual", "do"),
        paired_columns(
            pairs,
            title,
            "repeat purchases before (mean on the days held back)",
            axis=lambda value: say.decimal(value, 1),
            tone="do",
        ),
        twin=as_table(columns, rows, title),
    )


def _renewals(model: RenewalModel) -> Markup:
    pairs, rows = [], []
    for step in model.steps:
        share, expected = step.renewed / step.asked, say.share(step.expected)
        tip = f"Renewal {step.renewal}: {say.share(share)} of {say.count(step.asked)} renewed, expected {expected}"
        pairs.append(Pair(label=str(step.renewal), quiet=step.expected, strong=share, text=say.share(share), tip=tip))
        rows.append((str(step.renewal), say.count(step.asked), say.count(step.renewed), say.share(share), expected))
    title = f"{model.event}: share that renews, by renewal"
    columns = (
        Column(head="Renewal"),
        *(Column(head=head, is_number=True) for head in ("Came to it", "Renewed", "Share", "Expected")),
    )
    return card(
        f"Who renews: {apart(model.event)}",
        told_renewals(model),
        bar_key("expected", "actual", "do"),
        paired_columns(
            pairs,
            title,
            f"renewal, every {say.decimal(model.contract_days, 0)} days",
            axis=say.share,
            tone="do",
            empty="No contract has come to its end yet.",
        ),
        twin=as_table(columns, rows, title) if rows else None,
        is_wide=True,
    )


# -------------------------------------------------------------------------------------------------------- predictions


def _prediction(prediction: Prediction, contents: ReportContents) -> list[Markup]:
    """Return the verdict first; what is not offered gets no chart that would sell it."""
    title = apart(prediction.title)
    items = in_plain_words(prediction, contents.currency, contents.timezone)
    verdict = card(
        title,
        told_verdict(prediction),
        element("ul", join(element("li", item) for item in items), class_="in-short"),
        _marks_table(prediction),
        pill=pill("offered", "will") if prediction.is_offered else pill("not offered", "hand"),
        is_wide=True,
    )
    if not prediction.is_offered:
        return [verdict]
    parts = [verdict]
    if prediction.tenths:
        parts += [_calibration(prediction, contents), _lift(prediction, contents), _gain(prediction)]
    if prediction.needs:
        parts.append(_needs(prediction))
    if prediction.groups:
        parts.append(_groups(prediction, contents))
    return parts


def _marks_table(prediction: Prediction) -> Markup | None:
    if prediction.order is None and prediction.order_of_best is None:
        return None
    mark = "Gini coefficient" if prediction.is_amount else "AUC"
    columns = (Column(head="Order of customers"), Column(head=mark, is_number=True))
    rows = [
        ("The model", say.decimal(prediction.order, 3)),
        (f"Best baseline: {apart(prediction.best_baseline)}", say.decimal(prediction.order_of_best, 3)),
    ]
    return table(columns, rows, f"{prediction.title}: {mark} of model and best baseline")


def _axis(prediction: Prediction, contents: ReportContents) -> Callable[[float], str]:
    if prediction.is_money:
        return partial(say.compact_money, currency=contents.currency)
    return say.compact if prediction.is_amount else say.share


def _calibration(prediction: Prediction, contents: ReportContents) -> Markup:
    worded = partial(level, prediction=prediction, currency=contents.currency)
    dots, rows = [], []
    for number, tenth in enumerate(prediction.tenths, start=1):
        said_, came, low, high = (worded(item) for item in (tenth.predicted, tenth.rate, tenth.low, tenth.high))
        rows.append((str(number), say.count(tenth.size), said_, came, low, high))
        if tenth.predicted is None or tenth.rate is None:
            continue
        tip = f"Tenth {number}: predicted {said_}, came {came} (interval {low} to {high})"
        dots.append(
            Dot(
                predicted=tenth.predicted,
                actual=tenth.rate,
                low=tenth.rate if tenth.low is None else tenth.low,
                high=tenth.rate if tenth.high is None else tenth.high,
                tip=tip,
                is_off=tenth.is_inside is False,
            )
        )
    title = f"{prediction.title}: what came over what was predicted"
    columns = (
        Column(head="Tenth, highest first"),
        *(Column(head=head, is_number=True) for head in ("Customers", "Predicted", "Came", "From", "To")),
    )
    note = "On the dotted line both are the same. A hollow point lies off it by more than chance."
    return card(
        f"{apart(prediction.title)}: is the number right?",
        told_calibration(prediction),
        calibration_plot(
            dots,
            title,
            f"predicted (upwards: what came{'; square-root scales' if prediction.is_amount else ''})",
            axis=_axis(prediction, contents),
            tone="will",
            is_rooted=prediction.is_amount,
        ),
        element("p", note, class_="note"),
        twin=as_table(columns, rows, title),
    )


def _lift(prediction: Prediction, contents: ReportContents) -> Markup:
    worded = partial(level, prediction=prediction, currency=contents.currency)
    pairs, rows = [], []
    for number, tenth in enumerate(prediction.tenths):
        other = prediction.baseline_tenths[number] if number < len(prediction.baseline_tenths) else None
        theirs = None if other is None else other.lift
        tip = (
            f"Tenth {number + 1}: {say.decimal(tenth.lift, 2)} times the average ({worded(tenth.rate)}), best baseline "
            f"{say.decimal(theirs, 2)} times"
        )
        label = str(number + 1)
        pairs.append(Pair(label=label, quiet=theirs, strong=tenth.lift, text=say.decimal(tenth.lift, 1), tip=tip))
        rows.append((label, say.decimal(tenth.lift, 2), say.decimal(theirs, 2), worded(tenth.rate),
                     worded(None if other is None else other.rate)))  # fmt: skip
    title = f"{prediction.title}: lift by tenth"
    columns = (
        Column(head="Tenth"),
        *(Column(head=head, is_number=True) for head in ("Lift", "Of the baseline", "Came", "In the baseline's tenth")),
    )
    return card(
        f"{apart(prediction.title)}: lift",
        told_lift(prediction),
        bar_key("best baseline", "model", "will"),
        paired_columns(
            pairs,
            title,
            "tenth of customers, highest first (times the average)",
            axis=lambda value: say.decimal(value, 1),
            tone="will",
            height=300,
        ),
        twin=as_table(columns, rows, title),
    )


def _gain(prediction: Prediction) -> Markup:
    lines: list[Curve] = []
    given: tuple[tuple[str, tuple[Tenth, ...], Tone], ...] = (
        ("best baseline", prediction.baseline_tenths, "hand"),
        ("model", prediction.tenths, "will"),
    )
    for name, tenths, tone in given:
        points = [(0.0, 0.0)]
        points += [
            ((place + 1) / len(tenths), tenth.gain) for place, tenth in enumerate(tenths) if tenth.gain is not None
        ]
        lines.append(Curve(name=name, points=tuple(points), tone=tone, is_dashed=tone == "hand"))
    rows = []
    for place, tenth in enumerate(prediction.tenths):
        other = prediction.baseline_tenths[place].gain if place < len(prediction.baseline_tenths) else None
        share = (place + 1) / len(prediction.tenths)
        rows.append((say.share(share), say.share(tenth.gain), say.share(other), say.share(share)))
    title = f"{prediction.title}: gain by share of customers addressed"
    columns = (
        Column(head="Customers addressed"),
        *(Column(head=head, is_number=True) for head in ("By the model", "By the best baseline", "At random")),
    )
    return card(
        f"{apart(prediction.title)}: gain",
        told_gain(prediction),
        bar_key("best baseline", "model", "will", quiet_tone="hand"),
        curves(
            lines,
            title,
            "; ".join(f"{row[0]} addressed: {row[1]}, best baseline {row[2]}" for row in rows) + ".",
            axis=say.share,
            marks_below=[(mark, say.share(mark)) for mark in (0.1, 0.3, 0.5, 1.0)],
            caption="share of customers addressed, highest first (dotted: at random)",
            is_even=True,
            height=300,
        ),
        twin=as_table(columns, rows, title),
    )


def _needs(prediction: Prediction) -> Markup:
    useful = [need for need in prediction.needs if need.increase > 0][:MOST_NEEDS]
    rows = [
        Bar(
            label=need.feature,
            value=need.increase,
            text=f"{need.increase:+.3g}",
            tone="will",
            low=None if need.spread is None else need.increase - need.spread,
            high=None if need.spread is None else need.increase + need.spread,
        )
        for need in useful
    ]
    columns = (
        Column(head="Feature"),
        Column(head="Loss rises by", is_number=True),
        Column(head="Spread", is_number=True),
    )
    table_rows = [
        (need.feature, _small(need.increase), say.MISSING if need.spread is None else _small(need.spread))
        for need in prediction.needs
    ]
    more = sum(need.increase > 0 for need in prediction.needs) - len(useful)
    note = (
        "How much the loss on the test rises when the feature's values are dealt out anew among customers; the line is "
        f"the spread over several deals.{f' {more} more help a little; the table has all.' if more > 0 else ''}"
    )
    return card(
        f"{apart(prediction.title)}: what it looks at",
        told_needs(prediction),
        bars(rows, empty="No single feature is needed."),
        element("p", note, class_="note"),
        twin=as_table(columns, table_rows, f"{prediction.title}: features by how much they are needed"),
        is_wide=not prediction.tenths,
    )


def _small(value: float) -> str:
    return f"{value:.3g}".replace("-", say.MINUS)


def _groups(prediction: Prediction, contents: ReportContents) -> Markup:
    worded = partial(level, prediction=prediction, currency=contents.currency)
    columns = (
        Column(head="Group"),
        Column(head="Of"),
        *(Column(head=head, is_number=True) for head in ("Customers", "Predicted", "Came", "From", "To")),
        Column(head="Holds"),
    )

    def rows(*, failing: bool) -> list[tuple[str, ...]]:
        return [
            (
                group.label,
                group.grouping,
                say.count(group.customers),
                worded(group.predicted),
                worded(group.rate),
                worded(group.low),
                worded(group.high),
                "no" if group.fails else "yes",
            )
            for group in prediction.groups
            if group.fails or not failing
        ]

    title = f"{prediction.title}: customers by group"
    failing = rows(failing=True)
    return card(
        f"{apart(prediction.title)}: where it fails",
        told_groups(prediction),
        table(columns, failing, f"{title}, where it fails") if failing else None,
        twin=as_table(columns, rows(failing=False), title),
        is_wide=True,
    )
