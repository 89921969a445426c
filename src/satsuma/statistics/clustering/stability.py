"""Whether groups come back: on resampled rows, as a whole and one by one.

A resample is only other weights, so nothing is copied; and every fit runs until it converged, because restarts that
stop short look like instability where there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.lloyd import best_centres_of_many
from satsuma.statistics.clustering.rows import Algorithm, Codes, Floats, Rows
from satsuma.statistics.clustering.space import points_of
from satsuma.statistics.effects import agreement
from satsuma.statistics.errors import CannotEstimate

Word = Literal["dissolved", "doubtful", "pattern", "stable", "highly stable"]

#: Up to this many points k-means fits all resamples side by side.
SIDE_BY_SIDE = 5000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GlobalStability:
    """How well two groupings of resampled rows agree, for one number of groups.

    agreements : the adjusted Rand index of each pair of resamples, on all rows.
    """

    groups: int
    agreements: Floats

    @property
    def mean(self) -> float:
        """The mean agreement."""
        return float(self.agreements.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentStability:
    """How well each group comes back in resamples.

    jaccard : shape (groups,), the mean over resamples of the share that a group has in common with the most like one,
    among the rows drawn. recovered, dissolved : the share of resamples with Jaccard above .75, and at or below .5.
    """

    jaccard: Floats
    recovered: Floats
    dissolved: Floats

    @property
    def words(self) -> tuple[Word, ...]:
        """What Hennig's bounds say of each group."""
        return tuple(stability_word(value) for value in self.jaccard.tolist())


def stability_word(jaccard: float) -> Word:
    """Return what a mean Jaccard means: below .5 dissolved, .6 to .75 a pattern, above .75 stable, .85 highly so."""
    if jaccard > 0.85:
        return "highly stable"
    if jaccard > 0.75:
        return "stable"
    if jaccard >= 0.6:
        return "pattern"
    return "dissolved" if jaccard < 0.5 else "doubtful"


def contingency(one: NDArray[Any], other: NDArray[Any], weights: Floats | None = None) -> Floats:
    """Return the weighted rows in each pair of groups; group -1, of rows that belong to none, comes last."""
    first, second = _from_zero(one), _from_zero(other)
    if len(first) != len(second):
        raise ValueError("Two groupings of the same rows have as many labels.")
    width = int(second.max(initial=0)) + 1
    high = int(first.max(initial=0)) + 1
    flat = np.bincount(first * width + second, weights=weights, minlength=high * width)
    return flat.reshape(high, width).astype(np.float64)


def adjusted_rand(one: NDArray[Any], other: NDArray[Any], weights: Floats | None = None) -> float:
    """Return the adjusted Rand index: 1 of the same groups, about 0 of groups that have nothing to do with each other.

    References
    ----------
    Hubert and Arabie (1985), Journal of Classification 2, eq. (5).
    """
    return agreement.adjusted_rand(contingency(one, other, weights))


def resampled_labels(
    rows: Rows,
    groups: int,
    algorithm: Algorithm,
    *,
    rng: np.random.Generator,
    resamples: int,
    weights: Floats | None = None,
    starts: int = 10,
    each_once: bool = False,
) -> Iterator[tuple[Codes, Floats]]:
    """Yield, for each bootstrap, the group of every row by the fit to the resample, and how often each row was drawn.

    Parameters
    ----------
    weights : how many original rows each row stands for, whole numbers; without them one.
    each_once : whether a row that was drawn several times has a part once.
    """
    counts = np.ones(len(rows), np.int64) if weights is None else np.round(weights).astype(np.int64)
    drawn = rng.multinomial(int(counts.sum()), counts / counts.sum(), resamples).astype(np.float64)
    if each_once:
        drawn = np.minimum(drawn, 1.0)
    if algorithm is fit_kmeans and len(rows) <= SIDE_BY_SIDE:
        if ((drawn > 0).sum(axis=1) < groups).any():
            raise CannotEstimate(f"A resample has fewer than {groups} distinct rows.")
        _, labels, _ = best_centres_of_many(points_of(rows), drawn, groups, rng=rng, starts=starts)
        yield from zip(labels, drawn, strict=True)
        return
    for weight in drawn:
        yield algorithm(rows, groups, rng=rng, weights=weight, starts=starts).assign(rows), weight


def global_stability(
    rows: Rows,
    groups: int,
    algorithm: Algorithm,
    *,
    rng: np.random.Generator,
    pairs: int = 20,
    weights: Floats | None = None,
    starts: int = 10,
) -> GlobalStability:
    """Return how well the groups of pairs of resamples agree on all rows.

    References
    ----------
    Dolnicar and Leisch (2010), Marketing Letters 21: Evaluation of structure and reproducibility of cluster solutions
    using the bootstrap.
    """
    found = list(
        resampled_labels(rows, groups, algorithm, rng=rng, resamples=2 * pairs, weights=weights, starts=starts)
    )
    agreements = [adjusted_rand(found[2 * pair][0], found[2 * pair + 1][0], weights) for pair in range(pairs)]
    return GlobalStability(groups=groups, agreements=np.array(agreements))


def prediction_strength(
    rows: Rows,
    groups: int,
    algorithm: Algorithm,
    *,
    rng: np.random.Generator,
    splits: int = 20,
    weights: Floats | None = None,
    starts: int = 10,
) -> float:
    """Return the mean over splits in halves of the worst group's share of pairs that the other half's fit keeps.

    1 for one group; .8 and more is called strong.

    References
    ----------
    Tibshirani and Walther (2005), Journal of Computational and Graphical Statistics 14. Each half predicts the other.
    """
    if groups == 1:
        return 1.0
    counts = np.ones(len(rows), np.int64) if weights is None else np.round(weights).astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), counts)
    halves = []
    for _ in range(splits):
        chosen = rng.permutation(len(owner))[: len(owner) // 2]
        half = np.bincount(owner[chosen], minlength=len(rows))
        halves += [half.astype(np.float64), (counts - half).astype(np.float64)]
    if algorithm is fit_kmeans and len(rows) <= SIDE_BY_SIDE:
        _, labels, _ = best_centres_of_many(points_of(rows), np.array(halves), groups, rng=rng, starts=starts)
    else:
        labels = np.array([
            algorithm(rows, groups, rng=rng, weights=half, starts=starts).assign(rows) for half in halves
        ])  # fmt: skip
    kept = []
    for first in range(0, len(halves), 2):
        for own, other in ((first, first + 1), (first + 1, first)):
            kept.append(_worst_kept(labels[own], labels[other], halves[own]))
    return float(np.mean(kept))


def segment_stability(
    rows: Rows,
    labels: NDArray[Any],
    algorithm: Algorithm,
    *,
    rng: np.random.Generator,
    resamples: int = 50,
    weights: Floats | None = None,
    starts: int = 10,
    each_once: bool = False,
) -> SegmentStability:
    """Return how well each group of a grouping comes back in resamples, among the rows that were drawn.

    Parameters
    ----------
    each_once : whether a row that was drawn several times has a part once, as in R's `clusterboot` when not told.

    References
    ----------
    Hennig (2007), Computational Statistics & Data Analysis 52: Cluster-wise assessment of cluster stability.
    """
    groups = int(labels.max()) + 1
    found = []
    for again, drawn in resampled_labels(
        rows, groups, algorithm, rng=rng, resamples=resamples, weights=weights, starts=starts, each_once=each_once
    ):
        in_it = drawn > 0
        whole = in_it.astype(np.float64) if weights is None else in_it * weights
        found.append(best_jaccard(labels, again, whole, groups))
    table = np.array(found)
    return SegmentStability(
        jaccard=table.mean(axis=0), recovered=(table > 0.75).mean(axis=0), dissolved=(table <= 0.5).mean(axis=0)
    )


def segment_level_within(
    rows: Rows,
    labels: NDArray[Any],
    algorithm: Algorithm,
    *,
    rng: np.random.Generator,
    pairs: int = 50,
    weights: Floats | None = None,
    starts: int = 10,
) -> Floats:
    """Return the segment level stability within solutions (SLSW) of each group in each pair, shape (pairs, groups).

    Both fits of a pair of resamples are applied to all rows; each group is compared with the most like one of each,
    and the two Jaccard indices are averaged.

    References
    ----------
    Dolnicar and Leisch (2017), Marketing Letters 28: Using segment level stability to select target segments.
    """
    groups = int(labels.max()) + 1
    found = [
        best_jaccard(labels, again, weights, groups)
        for again, _ in resampled_labels(
            rows, groups, algorithm, rng=rng, resamples=2 * pairs, weights=weights, starts=starts
        )
    ]
    table: Floats = np.array(found).reshape(pairs, 2, groups).mean(axis=1)
    return table


def segment_level_across(solutions: Sequence[NDArray[Any]], weights: Floats | None = None) -> tuple[Floats, ...]:
    """Return the segment level stability across solutions (SLSA) of each group but those of the first solution.

    Parameters
    ----------
    solutions : the labels of the same rows for rising numbers of groups.

    Returns
    -------
    tuple of array, one shorter than `solutions`
        1 where all members of a group came from one group of the solution before, 0 where they came from all alike:
        1 - entropy of where they came from / log of how many groups there were.

    References
    ----------
    Dolnicar and Leisch (2017), Marketing Letters 28.
    """
    found = []
    for before, after in pairwise(solutions):
        table = contingency(before, after, weights)
        shares = table / np.maximum(table.sum(axis=0), 1e-300)
        logs = np.log(np.where(shares > 0, shares, 1.0))
        most = np.log(max(int((table.sum(axis=1) > 0).sum()), 1))
        found.append(1.0 + (shares * logs).sum(axis=0) / most if most > 0 else np.ones(table.shape[1]))
    return tuple(found)


def best_jaccard(labels: NDArray[Any], again: NDArray[Any], weights: Floats | None, groups: int) -> Floats:
    """Return each group's Jaccard index with the most like group of another grouping."""
    used = labels >= 0
    table = contingency(labels[used], again[used], None if weights is None else weights[used])
    if (~used).any():
        # Rows of no group count against a group that took them in.
        taken = contingency(np.zeros(int((~used).sum()), np.int64), again[~used],
                            None if weights is None else weights[~used])[0]  # fmt: skip
        width = max(table.shape[1], len(taken))
        table = np.pad(table, ((0, 0), (0, width - table.shape[1])))
        extra = np.pad(taken, (0, width - len(taken)))
    else:
        extra = np.zeros(table.shape[1])
    union = table.sum(axis=1)[:, None] + (table.sum(axis=0) + extra)[None] - table
    found = (table / np.maximum(union, 1e-300)).max(axis=1)
    return np.pad(found, (0, groups - len(found)))


def _worst_kept(own: Codes, other: Codes, weights: Floats) -> float:
    """Return the least share, over groups of `own`, of pairs of its rows that `other` has together."""
    table = contingency(own, other, weights)
    inside = _pairs(table.sum(axis=1))
    kept = _pairs(table).sum(axis=1)
    has_pairs = inside > 0
    return float((kept[has_pairs] / inside[has_pairs]).min()) if has_pairs.any() else 0.0


def _pairs(counts: Floats) -> Floats:
    found: Floats = counts * (counts - 1.0) / 2.0
    return found


def _from_zero(labels: NDArray[Any]) -> NDArray[np.int64]:
    found = np.asarray(labels, np.int64)
    return np.where(found < 0, found.max(initial=-1) + 1, found)
