"""Segmentations fitted again on customers drawn again: where cut points move, membership moves with them.

A rule has no fit: the same customer passes it whoever else there is, so that drawing customers again says nothing of
it. Its borders are looked at over time instead (`stability`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from satsuma.evaluation.scan import value_of
from satsuma.language.checker import Checked
from satsuma.language.durations import MICROSECONDS_PER_DAY, microseconds
from satsuma.language.moments import Moment
from satsuma.language.standard_methods import BandsSettings, ClustersSettings, RfmSettings, TierSettings
from satsuma.language.standard_methods.rfm import PARTS
from satsuma.language.types import Measure, Segmentation
from satsuma.segments.clusters.fitting import groups_from
from satsuma.segments.clusters.raw import raw_trait, rows_taken
from satsuma.segments.frame import CustomerFrame, FrameLabels
from satsuma.segments.results import digest
from satsuma.segments.store import MEASURES, StoredRun, numbers_of
from satsuma.statistics.clustering.methods import algorithm
from satsuma.statistics.effects.agreement import crossed
from satsuma.statistics.quantiles import interval_of
from satsuma.statistics.rfm import quantile_cuts, rank_scores, scores_from_borders, scores_from_cuts, value_cuts
from satsuma.statistics.tiers import share_cuts

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
#: Gives the label of every place from a fit in which each place counts as often as its weight says.
Refit = Callable[[Floats], Whole]

#: Customers on whom clusters are fitted again, and from how many random starts each time.
CLUSTERED, STARTS = 5_000, 10


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What is fitted again. labels : as they are kept, of everybody or of a sample. refit : gives theirs anew."""

    labels: FrameLabels
    refit: Refit


def fitted_of(segmentation: Segmentation, frame: CustomerFrame, run: StoredRun, checked: Checked) -> Fitted | None:
    """Return how a segmentation is fitted again; None where nothing is fitted, or what it was fitted on is not kept."""
    settings, refit = segmentation.settings, None
    if isinstance(settings, RfmSettings) and settings.scoring != "thresholds":
        refit = _rfm(settings, frame, run, checked)
    elif isinstance(settings, BandsSettings) and settings.way == "quantiles":
        refit = _bands(settings, frame)
    elif isinstance(settings, TierSettings) and settings.way in ("shares", "quantiles"):
        refit = _tiers(settings, frame)
    elif isinstance(settings, ClustersSettings):
        return clusters_again(segmentation, settings, frame, run, checked)
    return None if refit is None else Fitted(frame.labels(segmentation.name), refit)


# ----------------------------------------------------------------------------------------------------------- clusters


def clusters_again(
    segmentation: Segmentation, settings: ClustersSettings, frame: CustomerFrame, run: StoredRun, checked: Checked
) -> Fitted | None:
    """Return how clusters are fitted again: on a sample of those who are in one, their number as it is."""
    model = run.models.get(segmentation.name, {}).get("fit")
    groups = groups_from(model) if model is not None and "grouping" in model else None
    if groups is None or groups.grouping is None:
        return None
    labels, grouping = frame.labels(segmentation.name), groups.grouping
    own = np.array([groups.names.index(name) if name in groups.names else -1 for name in labels.names] or [-1])
    # -1 is nobody's label; the last entry of the table answers for it.
    codes = np.append(own, -1)[labels.codes]
    places = np.flatnonzero(codes >= 0)
    rng = np.random.default_rng(settings.seed)
    if len(places) > CLUSTERED:
        places = np.sort(rng.choice(places, CLUSTERED, replace=False))
    moment = Moment(microseconds(frame.as_of), checked.vocabulary.zone)
    raw = [rows_taken(raw_trait(name, frame.column(name), moment), places) for name in settings.traits]
    rows, learn, count = groups.rows(raw), algorithm(grouping.method), len(groups.names)

    def refit(weights: Floats) -> Whole:
        found = learn(rows, count, rng=np.random.default_rng(settings.seed), weights=weights, starts=STARTS)
        again = found.assign(rows).astype(np.int64)
        # Groups have no numbers of their own: each gets that of the kept group with which it shares most.
        table = crossed(codes[places], again, count)
        kept, new = linear_sum_assignment(-table)
        names = np.full(count + 1, -1, np.int64)
        names[new] = kept
        return names[again]

    return Fitted(FrameLabels(groups.names, codes[places].astype(np.int16)), refit)


# -------------------------------------------------------------------------------------------------------- cut points


class Drawn:
    """Values that samples are taken from: sorted once, so that each sample comes sorted."""

    def __init__(self, values: Floats) -> None:
        self.values = values
        self.order = np.argsort(values, kind="stable")
        self.sorted = values[self.order]

    def sample(self, weights: Floats) -> Floats:
        """Return each value as often as its weight says."""
        return np.repeat(self.sorted, weights[self.order].astype(np.int64))


def _bands(settings: BandsSettings, frame: CustomerFrame) -> Refit:
    column = frame.column(settings.trait)
    known = np.flatnonzero(column.present)
    drawn = Drawn(column.values[known].astype(np.float64) / column.scale)

    def refit(weights: Floats) -> Whole:
        sample = drawn.sample(weights[known])
        codes = np.full(frame.size, settings.quantiles, np.int64)
        if len(sample):
            codes[known] = interval_of(drawn.values, value_cuts(sample, settings.quantiles))
        return codes

    return refit


def _tiers(settings: TierSettings, frame: CustomerFrame) -> Refit:
    values = frame.column(settings.trait).floats()
    if settings.gain is not None:
        worth = 1.0 if settings.gain.value is None else frame.column(settings.gain.value).floats()
        values = values * settings.gain.effect * worth - settings.gain.cost
    known = np.flatnonzero(np.isfinite(values))
    drawn = Drawn(values[known])

    def refit(weights: Floats) -> Whole:
        sample = drawn.sample(weights[known])
        codes = np.full(frame.size, len(settings.names), np.int64)
        if not len(sample):
            return codes
        if settings.way == "shares":
            cuts = share_cuts(sample, settings.shares)[::-1]
            # Shares count from the top.
            codes[known] = len(cuts) - interval_of(drawn.values, cuts)
        else:
            codes[known] = interval_of(drawn.values, value_cuts(sample, settings.quantiles))
        return codes

    return refit


# ---------------------------------------------------------------------------------------------------------------- RFM


def _rfm(settings: RfmSettings, frame: CustomerFrame, run: StoredRun, checked: Checked) -> Refit | None:
    measures = (settings.frequency, settings.monetary, settings.last)
    kept = [_measured(run, measure, frame) for measure in measures]
    if any(item is None for item in kept):
        return None
    orders, money, last = (item for item in kept if item is not None)
    buyers = np.flatnonzero(orders > 0)
    days = (microseconds(frame.as_of) - last[buyers]) // MICROSECONDS_PER_DAY
    scale = value_of(settings.monetary, checked.vocabulary.catalog).scale
    drawn = {
        "recency": Drawn(days.astype(np.float64)),
        "frequency": Drawn(orders[buyers].astype(np.float64)),
        "monetary": Drawn(money[buyers] / scale),
    }
    ties = frame.column("customer_id").values[buyers] if settings.scoring == "rank" else None
    names, grid = len(settings.map.names), np.array(settings.map.grid, np.int64)

    def refit(weights: Floats) -> Whole:
        codes = np.full(frame.size, names, np.int64)
        own = weights[buyers]
        if own.any():
            place = np.zeros(len(buyers), np.int64)
            for part in PARTS[: settings.map.dimensions]:
                place = place * settings.map.scores + _scores(settings, part, drawn[part], own, ties) - 1
            codes[buyers] = grid[place]
        return codes

    return refit


def _scores(settings: RfmSettings, part: str, drawn: Drawn, weights: Floats, ties: Whole | None) -> NDArray[np.int8]:
    """Return the scores of all from cut points of a sample."""
    fewer = part == "recency"
    if ties is not None:
        rows = np.repeat(np.arange(len(weights)), weights.astype(np.int64))
        _, borders = rank_scores(drawn.values[rows], ties[rows], settings.scores, fewer_is_better=fewer)
        values = np.where(borders >= 0, drawn.values[rows[borders]], np.inf)
        return scores_from_borders(drawn.values, ties, values, ties[rows[borders]], fewer_is_better=fewer)
    sample = drawn.sample(weights)
    if settings.scoring == "quantiles":
        cuts = quantile_cuts(sample, settings.scores)
    else:
        cuts = value_cuts(sample, settings.scores, fewer_is_better=fewer)
    return scores_from_cuts(drawn.values, cuts, fewer_is_better=fewer)


def _measured(run: StoredRun, measure: Measure, frame: CustomerFrame) -> Whole | None:
    """Return a measure that the run kept, in its own unit; nobody's is 0."""
    files, key = run.columns(MEASURES), digest(measure)
    if key not in files.names():
        return None
    column = files.read([key], numbers_of(run.population())).column(key).combine_chunks()
    values: Whole = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return values if len(values) == frame.size else None
