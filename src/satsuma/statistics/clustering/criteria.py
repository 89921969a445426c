"""How good groups are, by what is known of the points alone: sums of squares, silhouettes, distances, entropy, gap.

Points are as of `space.points_of`; for categories the distances are those of scaled indicators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, pdist, squareform

from satsuma.statistics.clustering.lloyd import best_centres
from satsuma.statistics.clustering.rows import Floats
from satsuma.statistics.clustering.space import chunks
from satsuma.statistics.errors import CannotEstimate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SumsOfSquares:
    """Squared distances to the mean of the group, and of the groups' means to the mean of all.

    within : shape (groups,). between + within.sum() is the total. sizes : weighted rows, shape (groups,).
    scatter : root mean squared distance to the group's mean, shape (groups,). centres : shape (groups, d).
    """

    within: Floats
    between: float
    sizes: Floats
    scatter: Floats
    centres: Floats

    @property
    def explained(self) -> float:
        """The share of all that lies between groups."""
        total = self.between + float(self.within.sum())
        return self.between / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Silhouette:
    """How much nearer rows are to their own group than to the next: 1 at best, below 0 where another is nearer.

    mean : over rows. by_group : shape (groups,), NaN of a group without rows. rows : how many were looked at.
    """

    mean: float
    by_group: Floats
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """What the distances between all pairs of rows say.

    dunn : the least distance between groups over the largest within one.
    dunn2 : the least mean distance between two groups over the largest mean within one.
    pearson_gamma : correlation of distance with being in different groups.
    within_between : mean distance within groups, each row counting alike, over mean distance between groups.
    """

    dunn: float
    dunn2: float
    pearson_gamma: float
    within_between: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How much tighter groups are than the same number of groups in a box without any.

    numbers : of groups. values : mean log sum of squares in the boxes less that of the data. errors : of the mean,
    the spread over boxes counted in. proposed : the least number whose gap is within an error of the next one's.
    """

    numbers: tuple[int, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...]
    proposed: int


def sums_of_squares(points: Floats, labels: NDArray[Any], weights: Floats | None = None) -> SumsOfSquares:
    """Return the sums of squares of groups numbered from 0; rows of group -1 are left out."""
    points, labels, weight = _grouped(points, labels, weights)
    groups = int(labels.max()) + 1
    sizes = np.bincount(labels, weights=weight, minlength=groups)
    if (sizes == 0).any():
        raise ValueError("Every group from 0 to the last must have rows.")
    member = labels[None] == np.arange(groups)[:, None]
    centres = (member * weight) @ points / sizes[:, None]
    gaps = np.einsum("ij,ij->i", points - centres[labels], points - centres[labels])
    within = np.bincount(labels, weights=gaps * weight, minlength=groups)
    middle = sizes @ centres / sizes.sum()
    between = float(sizes @ ((centres - middle) ** 2).sum(axis=1))
    return SumsOfSquares(
        within=within.astype(np.float64),
        between=between,
        sizes=sizes.astype(np.float64),
        scatter=np.sqrt(within / sizes),
        centres=centres,
    )


def calinski_harabasz(points: Floats, labels: NDArray[Any], weights: Floats | None = None) -> float:
    """Return between over within sum of squares, each by its degrees of freedom: the larger the better.

    References
    ----------
    Calinski and Harabasz (1974), Communications in Statistics 3.
    """
    found = sums_of_squares(points, labels, weights)
    groups, rows = len(found.sizes), float(found.sizes.sum())
    within = float(found.within.sum())
    if groups < 2 or rows <= groups or not within > 0:
        raise CannotEstimate("The index needs at least two groups, more rows than groups, and rows that differ.")
    return found.between / (groups - 1.0) / (within / (rows - groups))


def davies_bouldin(points: Floats, labels: NDArray[Any], weights: Floats | None = None) -> float:
    """Return the mean over groups of the worst (scatter + scatter) / distance of centres: the smaller the better.

    Notes
    -----
    Scatter is the mean distance to the centre (Davies and Bouldin 1979 with q = 1, p = 2).
    """
    found = sums_of_squares(points, labels, weights)
    groups = len(found.sizes)
    if groups < 2:
        raise CannotEstimate("The index needs at least two groups.")
    points, labels, weight = _grouped(points, labels, weights)
    far = np.sqrt(((points - found.centres[labels]) ** 2).sum(axis=1))
    scatter = np.bincount(labels, weights=far * weight, minlength=groups) / found.sizes
    apart = cdist(found.centres, found.centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (scatter[:, None] + scatter[None]) / apart
    np.fill_diagonal(ratio, -np.inf)
    return float(ratio.max(axis=1).mean())


def silhouette(
    points: Floats, labels: NDArray[Any], *, rng: np.random.Generator | None = None, sample: int = 2000
) -> Silhouette:
    """Return the average silhouette width, of at most `sample` rows drawn at random.

    References
    ----------
    Rousseeuw (1987), Journal of Computational and Applied Mathematics 20. A row alone in its group has 0.
    """
    points, labels, _ = _grouped(points, labels, None)
    if len(points) > sample:
        if rng is None:
            raise ValueError("Drawing rows needs a generator.")
        drawn = rng.choice(len(points), sample, replace=False)
        points, labels = points[drawn], labels[drawn]
    groups = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=groups)
    if (sizes > 0).sum() < 2:
        raise CannotEstimate("A silhouette needs rows of at least two groups.")
    member = (labels[:, None] == np.arange(groups)).astype(np.float64)
    widths = np.empty(len(points))
    for part in chunks(len(points), len(points)):
        sums = cdist(points[part], points) @ member
        own = np.arange(len(sums)), labels[part]
        within = sums[own] / np.maximum(sizes[labels[part]] - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = np.where(sizes > 0, sums / sizes, np.inf)
        means[own] = np.inf
        widths[part] = _width(within, means.min(axis=1))
    widths[sizes[labels] == 1] = 0.0
    return _by_group(widths, labels, np.ones(len(widths)))


def simplified_silhouette(points: Floats, labels: NDArray[Any], weights: Floats | None = None) -> Silhouette:
    """Return the silhouette by distances to centres in place of mean distances to rows: quick on all rows.

    References
    ----------
    Vendramin, Campello and Hruschka (2010), Statistical Analysis and Data Mining 3.
    """
    found = sums_of_squares(points, labels, weights)
    if len(found.sizes) < 2:
        raise CannotEstimate("A silhouette needs rows of at least two groups.")
    points, labels, weight = _grouped(points, labels, weights)
    widths = np.empty(len(points))
    for part in chunks(len(points), len(found.centres) + points.shape[1]):
        far = cdist(points[part], found.centres)
        own = np.arange(len(far)), labels[part]
        within = far[own]
        far[own] = np.inf
        widths[part] = _width(within, far.min(axis=1))
    return _by_group(widths, labels, weight)


def distances(points: Floats, labels: NDArray[Any], *, most_rows: int = 5000) -> Distances:
    """Return the indices that look at every pair of rows.

    Raises
    ------
    ValueError
        When there are more than `most_rows` rows: give a sample.

    References
    ----------
    Dunn (1974); the others as in Hennig's `cluster.stats` (R package fpc).
    """
    points, labels, _ = _grouped(points, labels, None)
    if len(points) > most_rows:
        raise ValueError(f"Distances of {len(points)} rows are too many pairs; give at most {most_rows} rows.")
    groups = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=groups)
    if groups < 2 or (sizes == 0).any():
        raise CannotEstimate("The indices need at least two groups, each with rows.")
    table = cdist(points, points)
    member = (labels[:, None] == np.arange(groups)).astype(np.float64)
    sums = member.T @ table @ member
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    means = np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0)
    different = labels[:, None] != labels[None]
    off = ~np.eye(groups, dtype=bool)
    largest = float(table[~different].max())
    far = squareform(table, checks=False)
    apart = squareform(different.astype(np.float64), checks=False)
    # Each row counts alike: its mean distance within its group, averaged over the rows that have company.
    company = sizes > 1
    inside = float((means.diagonal() * sizes)[company].sum() / sizes[company].sum())
    outside = float(sums[off].sum() / pairs[off].sum())
    return Distances(
        dunn=float(table[different].min()) / largest if largest > 0 else np.inf,
        dunn2=float(means[off].min() / means.diagonal().max()) if means.diagonal().max() > 0 else np.inf,
        pearson_gamma=float(np.corrcoef(far, apart)[0, 1]),
        within_between=inside / outside,
    )


def entropy(labels: NDArray[Any], weights: Floats | None = None) -> float:
    """Return the entropy of the groups' shares, natural logarithm: log(groups) when all are alike in size."""
    shares = np.bincount(labels[labels >= 0], weights=None if weights is None else weights[labels >= 0])
    shares = shares[shares > 0] / shares.sum()
    return float(-(shares * np.log(shares)).sum())


def gap(
    points: Floats,
    numbers: Sequence[int],
    *,
    rng: np.random.Generator,
    boxes: int = 50,
    starts: int = 10,
    squared: bool = True,
) -> Gap:
    """Return the gap statistic of k-means against points spread evenly over the data's box.

    Parameters
    ----------
    squared : whether squared distances count, as in the paper; else plain ones, as R's `clusGap` does when not told.

    Notes
    -----
    log sum of squares as in Tibshirani, Walther and Hastie (2001), J. R. Statist. Soc. B 63, eq. (3) to (4): the
    sum of pairwise squared distances over twice the size is the sum of squares to the mean.
    """
    ks = tuple(numbers)
    low, high = points.min(axis=0), points.max(axis=0)
    whole = np.ones(len(points))

    def logs(some: Floats) -> Floats:
        centred = some - some.mean(axis=0)
        costs = []
        for k in ks:
            labels, cost = np.zeros(len(some), np.int32), float((centred**2).sum())
            if k > 1:
                _, labels, cost = best_centres(some, whole, k, rng=rng, starts=starts)
            costs.append(cost if squared else _half_mean_distances(some, labels))
        return np.log(np.maximum(costs, 1e-300))

    of_data = logs(points)
    of_boxes = np.array([logs(rng.uniform(low, high, points.shape)) for _ in range(boxes)])
    values = of_boxes.mean(axis=0) - of_data
    errors = of_boxes.std(axis=0) * np.sqrt(1.0 + 1.0 / boxes)
    within = [place for place in range(len(ks) - 1) if values[place] >= values[place + 1] - errors[place + 1]]
    return Gap(
        numbers=ks, values=tuple(values.tolist()), errors=tuple(errors.tolist()),
        proposed=ks[within[0]] if within else ks[-1],
    )  # fmt: skip


def _half_mean_distances(points: Floats, labels: NDArray[Any]) -> float:
    """Return the sum over groups of their pairwise distances over their size."""
    members = (points[labels == group] for group in np.unique(labels))
    return float(sum(pdist(some).sum() / len(some) for some in members))


def _grouped(points: Floats, labels: NDArray[Any], weights: Floats | None) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Return the rows that belong to a group and have a weight."""
    labels = np.asarray(labels, np.int64)
    weight = np.ones(len(points)) if weights is None else np.asarray(weights, np.float64)
    if not len(points) == len(labels) == len(weight):
        raise ValueError("There must be one label and one weight for each row.")
    used = (labels >= 0) & (weight > 0)
    if not used.any():
        raise CannotEstimate("No row belongs to a group.")
    return (points, labels, weight) if used.all() else (points[used], labels[used], weight[used])


def _width(within: Floats, next_one: Floats) -> Floats:
    larger = np.maximum(within, next_one)
    found: Floats = np.divide(next_one - within, larger, out=np.zeros_like(within), where=larger > 0)
    return found


def _by_group(widths: Floats, labels: NDArray[np.int64], weight: Floats) -> Silhouette:
    sizes = np.bincount(labels, weights=weight)
    with np.errstate(invalid="ignore"):
        by_group = np.bincount(labels, weights=widths * weight) / sizes
    return Silhouette(mean=float(np.average(widths, weights=weight)), by_group=by_group, rows=len(widths))
