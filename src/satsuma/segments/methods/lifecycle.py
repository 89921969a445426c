"""Labels by the time since the last order against the customer's own interval."""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.calendar import local_days
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.scan import Chunk, Scanner, plan_scan
from satsuma.language.durations import day_number
from satsuma.language.standard_methods import LifecycleSettings
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model, warn_if_outgrown
from satsuma.statistics.lifecycle import STAGES, Occasions, occasions, stages, typical_interval

#: The typical interval in days as long as nobody has ordered on two days.
FIRST_GUESS = 90.0


def lifecycle_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer a stage of life; the population's typical interval is fitted and kept."""
    settings: LifecycleSettings = segmentation.settings
    known = _read(settings, evaluation)
    typical, model, refitted = settings.typical, None, False
    if typical is None:
        repeated = int((known.count > 1).sum())
        model = kept_model(segmentation, evaluation)
        if model is None:
            fitted = typical_interval(known)
            refitted = fitted is not None
            if fitted is not None:
                model = new_model(segmentation, repeated, typical_days=fitted)
        else:
            warn_if_outgrown(segmentation, model, repeated, evaluation)
        # Nothing is kept of a guess: the first repeat buyers are to be heard.
        typical = FIRST_GUESS if model is None else float(model["typical_days"])
    today = day_number(evaluation.moment.today)
    codes = stages(
        known, today, typical, slipping=settings.slipping_after, lapsed=settings.lapsed_after, weight=settings.weight,
        shortest=settings.shortest,
    )  # fmt: skip
    return labelled(STAGES, codes, evaluation, model=model, refitted=refitted)


def _read(settings: LifecycleSettings, evaluation: Evaluation) -> Occasions:
    """Read the days with an order, range by range of customers; only counts and four days per customer are kept."""
    catalog = evaluation.checked.vocabulary.catalog
    scanner = Scanner(evaluation.engine, catalog, evaluation.as_of, evaluation.roster)
    count, first, last, before_last = (np.zeros(evaluation.size, np.int64) for _ in range(4))
    counted = partial(_occasions, zone=evaluation.moment.zone)
    for low, high, part in scanner.each(plan_scan(settings.event, [], catalog), counted):
        for whole, read in zip((count, first, last, before_last),
                               (part.count, part.first, part.last, part.before_last), strict=True):  # fmt: skip
            whole[low:high] = np.where(evaluation.population[low:high], read, 0)
    return Occasions(count, first, last, before_last)


def _occasions(chunk: Chunk, zone: ZoneInfo) -> Occasions:
    """Return the days with an order of one range of customers."""
    everything: NDArray[np.bool_] = np.ones(len(chunk.time), np.bool_)
    days = local_days(chunk.time, everything, zone)
    return occasions(chunk.customer.astype(np.int64) - chunk.low, days, chunk.high - chunk.low)
