"""One prediction against others on the same customers: how much better, and is that more than chance.

Customers are drawn again with replacement, all their rows with them, and every prediction is judged on the same draw:
what is common to all of them (a good month, an easy group) cancels in the difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.deciles import ranked
from satsuma.statistics.prediction.scores import Interval, auc_difference, log_losses
from satsuma.statistics.prediction.splitting import keys_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: More customers than this are drawn in random bundles of customers, this many: a spread from 20,000 independent
#: bundles is known to half a percent, and the work no longer grows with the customers.
BUNDLES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Model minus one baseline, by name: loss below 0, lift and order above 0 are better.

    loss : difference in mean loss (log loss in nats for events). lift : difference in lift of the best tenth.
    order : difference in AUC (DeLong's interval); for amounts the lift again.
    """

    name: str
    loss: Interval
    lift: Interval
    order: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a model beats the best baseline, and the sentence that says so.

    best : name of the baseline with the least loss. beats_on_lift : the whole interval of the lift lies above 0.
    beats : the whole interval of the loss lies below 0, that of the order above 0, and that of the lift not below 0.
    The order must be better, since a level that happens to be nearer to that of the test window lowers the loss, too.
    """

    best: str
    beats: bool
    beats_on_lift: bool
    sentence: str


def top_share(outcome: ArrayLike, score: ArrayLike, ties: ArrayLike, *, fraction: float = 0.1) -> float:
    """Return the share of the outcomes' total among the best-scored fraction; a row at the border counts in part."""
    values = np.asarray(outcome, np.float64)
    ones = np.ones((1, len(values)))
    sample = _Sample(np.arange(len(values)), len(values), np.ones(len(values)))
    return float(_tops(values, ranked(score, ties), sample, ones, fraction)[0] / values.sum())


def compare(
    outcome: ArrayLike, model: ArrayLike, baselines: Mapping[str, ArrayLike], customers: ArrayLike, *,
    seed: int, level: float = 0.95, resamples: int = 1000, fraction: float = 0.1,
    losses: Mapping[str, Floats] | None = None,
) -> tuple[Comparison, ...]:  # fmt: skip
    """Return the differences between a model and each baseline with percentile intervals of a paired bootstrap.

    Parameters
    ----------
    outcome : array of 0 and 1, or of amounts of 0 and above, shape (n,)
    model : predictions, shape (n,); baselines : the same by name
    customers : array of int, shape (n,): whose row it is. Rows of a customer are drawn together.
    resamples : draws, each with weights from one multinomial
    losses : loss of each row by name, the model's under "", shape (n,) each; log losses by default.

    Raises
    ------
    CannotEstimate
        When there are fewer than two customers or the outcomes do not add up to more than 0.
    """
    values = np.asarray(outcome, np.float64)
    if not values.sum() > 0:
        raise CannotEstimate("The outcomes do not add up to more than 0, so nothing can be compared.")
    scores = {"": np.asarray(model, np.float64)} | {
        name: np.asarray(score, np.float64) for name, score in baselines.items()
    }
    events = losses is None
    if losses is None:
        losses = {name: log_losses(values, score) for name, score in scores.items()}
    order = np.argsort(np.asarray(customers), kind="stable")  # so that sums do not depend on the order of rows
    values = values[order]
    numbers = np.asarray(customers, np.int64)[order]
    sample, bundles = _bundles(numbers, seed)
    ties = keys_of(numbers, seed)
    rng = np.random.default_rng(seed)
    drawn = np.stack([np.bincount(rng.integers(0, bundles, bundles), minlength=bundles) for _ in range(resamples)])
    counts: Floats = np.vstack([np.ones(bundles), drawn]).astype(np.float64)  # the first row is the sample itself
    rows = counts @ sample.summed(np.ones(len(values)))
    totals = counts @ sample.summed(values)
    usable = totals > 0
    mean_loss: dict[str, Floats] = {}
    lift: dict[str, Floats] = {}
    for name, score in scores.items():
        mean_loss[name] = counts @ sample.summed(losses[name][order]) / rows
        tops = _tops(values, ranked(score[order], ties), sample, counts, fraction)
        lift[name] = np.where(usable, tops / np.where(usable, totals, 1.0), 0.0) / fraction
    found = []
    for name in scores:
        if not name:
            continue
        lifts = _interval(lift[""] - lift[name], usable, level)
        order_of = lifts
        if events:
            area = auc_difference(values, scores[""][order], scores[name][order], level=level)
            order_of = Interval(estimate=area.estimate, low=area.low, high=area.high, level=level)
        losses_of = _interval(mean_loss[""] - mean_loss[name], usable, level)
        found.append(Comparison(name=name, loss=losses_of, lift=lifts, order=order_of))
    return tuple(found)


def verdict(comparisons: tuple[Comparison, ...], loss_name: str = "log loss") -> Verdict:
    """Return the judgement against the baseline that the model beats by the least loss.

    Raises
    ------
    CannotEstimate
        When there is no baseline.
    """
    if not comparisons:
        raise CannotEstimate("There is no baseline to beat.")
    best = max(comparisons, key=lambda each: (each.loss.estimate, each.name))
    loss, lift = best.loss, best.lift
    beats = loss.high < 0 and best.order.low > 0 and not lift.high < 0
    words = "beats" if beats else "does not beat"
    sentence = (
        f"The model {words} the best baseline, '{best.name}': {loss_name} {loss.estimate:+.4g} "
        f"({loss.level:.0%} interval {loss.low:+.4g} to {loss.high:+.4g}), lift in the best tenth {lift.estimate:+.2f} "
        f"({lift.low:+.2f} to {lift.high:+.2f})."
    )
    return Verdict(best=best.name, beats=beats, beats_on_lift=lift.low > 0, sentence=sentence)


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """Which bundle each row is drawn with, shape (n,)."""

    bundle: Whole
    bundles: int
    sizes: Floats

    def summed(self, values: Floats) -> Floats:
        return np.bincount(self.bundle, weights=values, minlength=self.bundles).astype(np.float64)


def _bundles(customers: Whole, seed: int) -> tuple[_Sample, int]:
    known, place = np.unique(customers, return_inverse=True)
    if len(known) < 2:
        raise CannotEstimate("An interval needs at least two customers.")
    count = min(len(known), BUNDLES)
    rank = np.empty(len(known), np.int64)
    rank[np.argsort(keys_of(known, seed + 1))] = np.arange(len(known))
    bundle = (rank % count)[place]
    return _Sample(bundle, count, np.bincount(bundle, minlength=count).astype(np.float64)), count


def _tops(values: Floats, order: Whole, sample: _Sample, counts: Floats, fraction: float) -> Floats:
    """Return the outcomes' total among the best fraction of each draw, shape (draws,).

    The border of a draw lies close to that of the sample. Rows that are surely above it are summed by bundle, once
    for all draws; only those near it are walked through.
    """
    size = len(order)
    middle = fraction * size
    width = 10.0 * math.sqrt(size) * float(sample.sizes.max()) ** 0.5 + 50.0
    first, last = (int(max(middle - width, 0)), int(min(middle + width, size)))
    sure, near = order[:first], order[first:last]
    sure_rows = np.bincount(sample.bundle[sure], minlength=sample.bundles).astype(np.float64)
    sure_total = np.bincount(sample.bundle[sure], weights=values[sure], minlength=sample.bundles).astype(np.float64)
    missing: Floats = fraction * (counts @ sample.sizes) - counts @ sure_rows
    found: Floats = np.asarray(counts @ sure_total, np.float64)
    batch = max(1, 2_000_000 // max(len(near), 1))
    for start in range(0, len(counts), batch):
        part = slice(start, start + batch)
        weight = counts[part][:, sample.bundle[near]]
        upto = np.cumsum(weight, axis=1)
        taken = np.clip(missing[part, None] - (upto - weight), 0.0, weight)
        found[part] += taken @ values[near]
        astray = (missing[part] < 0) | (missing[part] > upto[:, -1] + 1e-9)
        for draw in np.flatnonzero(astray) + start:
            whole: Floats = counts[draw][sample.bundle[order]]
            before = np.cumsum(whole) - whole
            found[draw] = np.clip(fraction * whole.sum() - before, 0.0, whole) @ values[order]
    return found


def _interval(draws: Floats, usable: NDArray[np.bool_], level: float) -> Interval:
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws[1:][usable[1:]], [tail, 1.0 - tail])
    return Interval(estimate=float(draws[0]), low=float(low), high=float(high), level=level)
