"""Lloyd's iteration from many starts at once, with weights, each run until no row changes its group.

The starts run side by side: where points are few, one product of all centres and all points costs little more than one
for a single start, and that is where thousands of fits are asked for. A resample is only other weights, so resamples
run side by side too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from satsuma.statistics.clustering.rows import Codes, Floats

#: Steps at most; a start that is still moving then goes round among ties.
MOST_STEPS = 1000
#: Cells of the table of centres by points in one batch; more does not fit the cache.
CELLS = 1_000_000


def best_centres(
    points: Floats, weights: Floats, groups: int, *, rng: np.random.Generator, starts: int
) -> tuple[Floats, Codes, float]:
    """Return the centres of the best of several starts, the group of each point, and the weighted sum of squares.

    Parameters
    ----------
    points : array of float, shape (n, d); weights : shape (n,), all above 0.
    """
    centres, labels, costs = best_centres_of_many(points, weights[None], groups, rng=rng, starts=starts)
    return centres[0], labels[0], float(costs[0])


def best_centres_of_many(
    points: Floats, weights: Floats, groups: int, *, rng: np.random.Generator, starts: int
) -> tuple[Floats, Codes, Floats]:
    """Return what `best_centres` does for each of many weightings of the same points.

    Parameters
    ----------
    weights : array of float, shape (many, n); a point of weight 0 is given a group and has no part in the fit.

    Returns
    -------
    centres, shape (many, groups, d); labels, shape (many, n); costs, shape (many,)
    """
    many = len(weights)
    flat = np.ascontiguousarray(points.T)
    squares = (flat**2).sum(axis=0)
    of = np.repeat(np.arange(many), starts)
    batch = max(1, CELLS // max(len(points) * groups, 1))
    centres = np.empty((many, groups, points.shape[1]))
    labels = np.empty((many, len(points)), np.int32)
    costs = np.full(many, np.inf)
    # Thousands of small products: threads that wait for each other make them several times slower.
    with threadpool_limits(limits=1, user_api="blas"):
        for first in range(0, len(of), batch):
            which = of[first : first + batch]
            begun = _spread_starts(points, flat, squares, weights, which, groups, rng)
            found, label, cost = _iterate(points, flat, squares, weights, which, begun)
            for place, one in enumerate(which):
                if cost[place] < costs[one]:
                    centres[one], labels[one], costs[one] = found[place], label[place], cost[place]
    return centres, labels, np.maximum(costs, 0.0)


def _spread_starts(
    points: Floats, flat: Floats, squares: Floats, weights: Floats, which: NDArray[np.int64], groups: int,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Return starting centres far from each other: k-means++ (Arthur and Vassilvitskii 2007)."""
    starts = len(which)
    centres = np.empty((starts, groups, points.shape[1]))
    weight = weights[which]
    nearest: Floats | None = None
    for number in range(groups):
        chances = weight if nearest is None else nearest * weight
        total = np.cumsum(chances, axis=1)
        drawn = rng.random(starts) * total[:, -1]
        # Where all that has a weight is already a centre, any point that has one does.
        drawn = np.where(total[:, -1] > 0, drawn, -1.0)
        chosen = np.minimum((total <= drawn[:, None]).sum(axis=1), len(points) - 1)
        centres[:, number] = points[chosen]
        gap = np.maximum(squares[None] - 2.0 * (points[chosen] @ flat) + squares[chosen][:, None], 0.0)
        nearest = gap if nearest is None else np.minimum(nearest, gap, out=nearest)
    return centres


def _iterate(
    points: Floats, flat: Floats, squares: Floats, weights: Floats, which: NDArray[np.int64], centres: Floats
) -> tuple[Floats, Codes, Floats]:
    starts, groups, width = centres.shape
    count = len(points)
    # The weight rides along as one more coordinate, so that one product gives sums and sizes.
    longer = np.concatenate([points, np.ones((count, 1))], axis=1)
    weight = weights[which]
    moving = np.arange(starts)
    labels = np.full((starts, count), -1, np.int32)
    costs = np.zeros(starts)
    for _ in range(MOST_STEPS):
        found, least = _nearest(flat, centres[moving])
        costs[moving] = ((squares + least) * weight[moving]).sum(axis=1)
        changed = (found != labels[moving]).any(axis=1)
        labels[moving] = found
        if not changed.any():
            break
        moving, found, least = moving[changed], found[changed], least[changed]
        member = (found[:, None, :] == np.arange(groups, dtype=np.int32)[None, :, None]) * weight[moving][:, None, :]
        sums = (member.reshape(-1, count) @ longer).reshape(len(moving), groups, width + 1)
        sizes = sums[:, :, -1]
        full = sizes > 0
        means = sums[:, :, :-1] / np.where(full, sizes, 1.0)[:, :, None]
        centres[moving] = np.where(full[:, :, None], means, centres[moving])
        for place in np.flatnonzero(~full.all(axis=1)):
            # An empty group takes the point that lies worst.
            worst = np.argsort(-(squares + least[place]) * weight[moving[place]], kind="stable")
            for group, point in zip(np.flatnonzero(~full[place]), worst, strict=False):
                centres[moving[place], group] = points[point]
    return centres, labels, costs


def _nearest(flat: Floats, centres: Floats) -> tuple[Codes, Floats]:
    """Return the nearest centre of each point, and |x - c|^2 - |x|^2, shape (starts, n) each."""
    starts, groups, width = centres.shape
    norms = np.einsum("skd,skd->sk", centres, centres)
    table = (-2.0 * centres.reshape(-1, width)) @ flat
    table = table.reshape(starts, groups, -1)
    table += norms[:, :, None]
    # A running minimum over few groups is several times quicker than argmin along a middle axis.
    least = table[:, 0].copy()
    found = np.zeros(least.shape, np.int32)
    for group in range(1, groups):
        nearer = table[:, group] < least
        np.copyto(found, group, where=nearer, casting="unsafe")
        np.minimum(least, table[:, group], out=least)
    return found, least
