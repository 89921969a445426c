"""Labels by recency, frequency and money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.standard_methods import RfmSettings
from satsuma.language.standard_methods.rfm import PARTS
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model, numbers_in, numbers_out, warn_if_outgrown
from satsuma.statistics.rfm import quantile_cuts, rank_scores, scores_from_borders, scores_from_cuts, value_cuts

Values = Mapping[str, NDArray[np.float64]]
Scores = dict[str, NDArray[np.int8]]


def rfm_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the name of the cell that the scores make.

    Cut points are fitted on the customers with an order in the window, and kept: the same customer with the same
    figures keeps the scores, whoever else comes or goes.
    """
    settings: RfmSettings = segmentation.settings
    orders = evaluation.measure(settings.frequency).values
    buyers = np.flatnonzero((orders > 0) & evaluation.population)
    values = _values(settings, evaluation, buyers)
    model = None
    refitted = False
    if settings.scoring == "thresholds":
        found = _by_cuts(values, dict(zip(PARTS, settings.thresholds, strict=True)))
    else:
        model = kept_model(segmentation, evaluation)
        if model is None and len(buyers):
            model, refitted = _fit(segmentation, settings, evaluation, values, buyers), True
        elif model is not None:
            warn_if_outgrown(segmentation, model, len(buyers), evaluation)
        found = _scored(settings, evaluation, values, buyers, model)
    scores: Scores = {}
    for part in PARTS:
        scores[part] = np.zeros(evaluation.size, np.int8)
        scores[part][buyers] = found[part]
    codes = np.full(evaluation.size, len(settings.map.names), np.int64)
    codes[buyers] = _cells(settings, found)
    names = (*settings.map.names, settings.otherwise)
    return labelled(names, codes, evaluation, model=model, refitted=refitted, scores=scores)


def _values(settings: RfmSettings, evaluation: Evaluation, buyers: NDArray[np.int64]) -> Values:
    """Return what is scored, in its own unit: whole days, orders, money."""
    last = evaluation.measure(settings.last).values[buyers]
    # Whole days: with fractions two orders of one day would never tie, and a score would hang on the hour.
    days = (evaluation.moment.as_of - last) // MICROSECONDS_PER_DAY
    money: Column = evaluation.measure(settings.monetary)
    return {
        "recency": days.astype(np.float64),
        "frequency": evaluation.measure(settings.frequency).values[buyers].astype(np.float64),
        "monetary": money.values[buyers] / money.scale,
    }


def _is_days(part: str) -> bool:
    return part == "recency"


def _fit(
    segmentation: Segmentation, settings: RfmSettings, evaluation: Evaluation, values: Values, buyers: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the cut points of everybody who has an order."""
    if settings.scoring == "rank":
        ties = evaluation.ids.values[buyers]
        borders = {}
        for part in PARTS:
            _, rows = rank_scores(values[part], ties, settings.scores, fewer_is_better=_is_days(part))
            # A border is a customer: kept by number, so that no customer_id stands in a model.
            borders[part] = [
                None if row < 0 else [float(values[part][row]), int(buyers[row])] for row in rows.tolist()
            ]  # fmt: skip
        return new_model(segmentation, len(buyers), borders=borders)
    cuts = {}
    for part in PARTS:
        if settings.scoring == "quantiles":
            found = quantile_cuts(values[part], settings.scores)
        else:
            found = value_cuts(values[part], settings.scores, fewer_is_better=_is_days(part))
        cuts[part] = numbers_out(found)
    return new_model(segmentation, len(buyers), cuts=cuts)


def _scored(
    settings: RfmSettings, evaluation: Evaluation, values: Values, buyers: NDArray[np.int64],
    model: Mapping[str, Any] | None,
) -> Scores:  # fmt: skip
    if model is None:
        return {part: np.ones(0, np.int8) for part in PARTS}
    if settings.scoring != "rank":
        return _by_cuts(values, {part: numbers_in(model["cuts"][part]) for part in PARTS})
    ids = evaluation.ids.values
    found: Scores = {}
    for part in PARTS:
        borders = [border or [np.inf, 0] for border in model["borders"][part]]
        numbers = [int(border[1]) for border in borders]
        # The id of a customer who was erased meanwhile is gone; equal values then all count as beyond the border.
        ties = [ids[number] if evaluation.ids.present[number] else -1 for number in numbers]
        found[part] = scores_from_borders(
            values[part], ids[buyers], [border[0] for border in borders], ties, fewer_is_better=_is_days(part)
        )
    return found


def _by_cuts(values: Values, cuts: Mapping[str, Any]) -> Scores:
    return {part: scores_from_cuts(values[part], cuts[part], fewer_is_better=_is_days(part)) for part in PARTS}


def _cells(settings: RfmSettings, scores: Scores) -> NDArray[np.int64]:
    """Return the index of the name of each customer's cell."""
    place = np.zeros(len(scores["recency"]), np.int64)
    for part in PARTS[: settings.map.dimensions]:
        place = place * settings.map.scores + scores[part] - 1
    return np.array(settings.map.grid, np.int64)[place]
