"""Labels by one trait: cut points, groups of equal size, or values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language import durations
from satsuma.language.standard_methods import BandsSettings
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model, numbers_in, numbers_out, warn_if_outgrown
from satsuma.segments.ordering import in_order
from satsuma.statistics.quantiles import interval_of
from satsuma.statistics.rfm import value_cuts

Codes = NDArray[np.int64]

#: No stored value lies beyond it.
_LIMIT = np.iinfo(np.int64).max


def band_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the band of the trait's value."""
    settings: BandsSettings = segmentation.settings
    column = evaluation.column(settings.trait)
    known = np.flatnonzero(column.present & evaluation.population)
    ways = {"cuts": _by_cuts, "quantiles": _by_quantiles, "values": _by_values, "all": _by_all_values}
    return ways[settings.way](segmentation, settings, evaluation, column, known)


def _finished(
    settings: BandsSettings, evaluation: Evaluation, known: Codes, codes: Codes, names: Sequence[str],
    model: Mapping[str, Any] | None = None, refitted: bool = False,
) -> Labels:  # fmt: skip
    """Return labels from the codes of those who have a value; the last label is for those who have none."""
    everybody = np.full(evaluation.size, len(names), np.int64)
    everybody[known] = codes
    return labelled((*names, settings.missing), everybody, evaluation, model=model, refitted=refitted)


# -------------------------------------------------------------------------------------------------------------- cuts


def _by_cuts(
    segmentation: Segmentation,  # noqa: ARG001  every way takes the same
    settings: BandsSettings, evaluation: Evaluation, column: Column, known: Codes,
) -> Labels:  # fmt: skip
    cuts = [_stored(cut, column, evaluation) for cut in settings.cuts]
    values = column.values[known]
    # Whole numbers (and exact money) are compared as whole numbers: a cut between two of them begins at the upper one.
    whole = [min(max(-((-cut) // 1), -_LIMIT), _LIMIT) for cut in cuts] if values.dtype.kind != "f" else cuts
    borders = np.array(whole, values.dtype)
    return _finished(settings, evaluation, known, interval_of(values, borders), settings.names)


def _stored(cut: Any, column: Column, evaluation: Evaluation) -> Any:
    """Return a cut in the form in which the column holds its values."""
    if isinstance(cut, datetime):
        return durations.microseconds(cut)
    if isinstance(cut, date):
        if column.type == "date":
            return durations.day_number(cut)
        return durations.day_start(cut, evaluation.moment.zone)
    if column.values.dtype.kind == "f":
        return float(cut)
    return Fraction(Decimal(cut)) * column.scale


# --------------------------------------------------------------------------------------------------------- quantiles


def _by_quantiles(
    segmentation: Segmentation, settings: BandsSettings, evaluation: Evaluation, column: Column, known: Codes
) -> Labels:
    # Moments and days are numbers in their own unit; money in the currency's.
    values = column.values[known].astype(np.float64) / column.scale
    model = kept_model(segmentation, evaluation)
    refitted = model is None and len(known) > 0
    if refitted:
        cuts = value_cuts(values, settings.quantiles)
        model = new_model(segmentation, len(known), cuts=numbers_out(cuts))
    elif model is not None:
        warn_if_outgrown(segmentation, model, len(known), evaluation)
    codes = np.zeros(0, np.int64) if model is None else interval_of(values, numbers_in(model["cuts"]))
    return _finished(settings, evaluation, known, codes, settings.names, model, refitted)


# ------------------------------------------------------------------------------------------------------------ values


def _by_values(
    segmentation: Segmentation,  # noqa: ARG001  every way takes the same
    settings: BandsSettings, evaluation: Evaluation, column: Column, known: Codes,
) -> Labels:  # fmt: skip
    found, places = np.unique(column.values[known], return_inverse=True)
    table = np.full(max(len(found), 1), len(settings.groups), np.int64)
    for place, (_, values) in enumerate(settings.groups):
        for value in values:
            stored = _exactly(value, column)
            at = None if stored is None else int(np.searchsorted(found, stored))
            if at is not None and at < len(found) and found[at] == stored:
                table[at] = place
    names = (*settings.names, settings.otherwise)
    return _finished(settings, evaluation, known, table[places.reshape(-1)], names)


def _by_all_values(
    segmentation: Segmentation, settings: BandsSettings, evaluation: Evaluation, column: Column, known: Codes
) -> Labels:
    """Give each value a label of its own; with more than allowed, the most frequent, which are kept as a model."""
    found, places, counts = np.unique(column.values[known], return_inverse=True, return_counts=True)
    texts = [_text(_plain(value, column)) for value in found.tolist()]
    # What reads like a label of those left over counts with them: a label is one group.
    taken = {settings.missing, settings.otherwise}
    own = [place for place, text in enumerate(texts) if text not in taken]
    model = kept_model(segmentation, evaluation)
    refitted = model is None and len(own) > settings.most
    if refitted:
        largest = sorted(own, key=lambda place: (-counts[place], place))[: settings.most]
        model = new_model(segmentation, len(known), values=[texts[place] for place in sorted(largest)])
    if model is not None:
        own = [place for place in own if texts[place] in set(model["values"])]
    is_number = column.type not in ("text", "boolean")
    order = own if is_number else in_order([texts[place] for place in own], counts[own].tolist(), own)
    table = np.full(max(len(found), 1), len(order), np.int64)
    table[order] = np.arange(len(order))
    missing = next((place for place, text in enumerate(texts) if text == settings.missing), None)
    names = [texts[place] for place in order]
    has_rest = model is not None or settings.otherwise in texts
    if has_rest:
        names.append(settings.otherwise)
    if missing is not None:
        table[missing] = len(names)
    return _finished(settings, evaluation, known, table[places.reshape(-1)], names, model, refitted)


def _plain(value: Any, column: Column) -> Any:
    """Return a stored value as a definition writes it."""
    if column.type == "text":
        return column.words[value]
    if column.type == "date":
        return durations.from_day_number(value)
    if column.type == "boolean":
        return bool(value)
    return Fraction(value, column.scale) if column.values.dtype.kind != "f" else Fraction(value)


def _exactly(value: Any, column: Column) -> Any:
    """Return a written value in the form in which the column holds its values; None when it can hold no such value."""
    if column.type == "text":
        place = bisect_left(column.words, value)
        return place if place < len(column.words) and column.words[place] == value else None
    if column.type == "date":
        return durations.day_number(value)
    if column.type == "boolean":
        return bool(value)
    if column.values.dtype.kind == "f":
        # A number compares as a float with what was written: 0.1 is 0.1.
        return float(value)
    scaled = Fraction(value) * column.scale
    return int(scaled) if scaled.denominator == 1 and abs(scaled) <= _LIMIT else None


def _text(value: Any) -> str:
    """Return a value as a label."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else repr(float(value))
    return str(value)
