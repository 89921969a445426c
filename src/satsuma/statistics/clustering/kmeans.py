"""k-means on numbers and scaled indicators of categories: the quick default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.lloyd import best_centres
from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.clustering.space import chunks, dimensions, points_of
from satsuma.statistics.errors import CannotEstimate

#: Up to this many rows all starts run on all rows; above, they run on drawn rows and the best ones go on.
ALL_STARTS = 20_000
DRAWN = 10_000
#: How many of the starts on drawn rows go on to all rows.
GO_ON = 2
#: Above this many rows single precision is enough and twice as quick.
SINGLE_PRECISION = 100_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KMeansGroups:
    """Groups around means.

    centres : array of float, shape (groups, d)
        In the points' coordinates: the numbers, then the scaled indicators of each category (`space.points_of`).
    shares : array of float, shape (groups,), of the weighted rows.
    cost : the weighted sum of squared distances to the centres. rows : the weight that was fitted.
    """

    centres: Floats
    shares: Floats
    numbers: int
    levels: tuple[int, ...]
    cost: float
    rows: float

    @property
    def method(self) -> str:
        """The name of the method."""
        return "kmeans"

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.centres)

    def assign(self, rows: Rows) -> Codes:
        """Return the group of each row: that of the nearest centre."""
        check_shape(rows, self.numbers, self.levels)
        return nearest_centre(rows, self.centres)

    def membership(self, rows: Rows) -> Floats | None:  # noqa: ARG002  the form that all methods share
        """Return None: k-means does not say how sure it is."""
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON."""
        return {
            "method": self.method, "centres": self.centres.tolist(), "shares": self.shares.tolist(),
            "numbers": self.numbers, "levels": list(self.levels), "cost": self.cost, "rows": self.rows,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> KMeansGroups:
        """Return the fit that `as_dict` wrote."""
        levels = tuple(plain["levels"])
        width = dimensions(plain["numbers"], levels)
        return cls(
            centres=np.array(plain["centres"], np.float64).reshape(-1, width), shares=np.array(plain["shares"]),
            numbers=plain["numbers"], levels=levels, cost=plain["cost"], rows=plain["rows"],
        )  # fmt: skip


def fit_kmeans(
    rows: Rows, groups: int, *, rng: np.random.Generator, weights: Floats | None = None, starts: int = 10
) -> KMeansGroups:
    """Return the k-means groups with the least sum of squares of several starts, each run until it converged.

    Raises
    ------
    ValueError
        When something is missing or the number of groups is not one.
    CannotEstimate
        When fewer distinct rows than groups have a weight.

    Notes
    -----
    Up to 20,000 rows a start has converged when no row changes its group. Above, the starts run so on 10,000 drawn
    rows, and the best two go on with all rows until the centres move by less than a hundredth of a spread: a start
    that is poor on 10,000 rows is poor on all.
    """
    points, counted = fitted_points(rows, groups, weights)
    if len(points) <= ALL_STARTS:
        centres, labels, cost = best_centres(points, counted, groups, rng=rng, starts=starts)
    else:
        centres, labels, cost = _large(points, counted, groups, rng, starts)
    sizes: Floats = np.bincount(labels, weights=counted, minlength=groups).astype(np.float64)
    if (sizes == 0).any():
        raise CannotEstimate(f"There are fewer than {groups} distinct rows, so there cannot be {groups} groups.")
    order = order_by_size(sizes, centres)
    return KMeansGroups(
        centres=centres[order], shares=sizes[order] / sizes.sum(), numbers=rows.numbers.shape[1], levels=rows.levels,
        cost=float(cost), rows=float(counted.sum()),
    )  # fmt: skip


def _large(
    points: NDArray[Any], weights: Floats, groups: int, rng: np.random.Generator, starts: int
) -> tuple[Floats, Codes, float]:
    """Return the best centres of many rows, from starts on drawn rows."""
    from sklearn.cluster import KMeans

    drawn = rng.choice(len(points), DRAWN, replace=False, shuffle=False)
    few, weight = np.asarray(points[drawn], np.float64), weights[drawn]
    tried = sorted(
        (best_centres(few, weight, groups, rng=rng, starts=1) for _ in range(starts)), key=lambda found: found[2]
    )
    kept: list[tuple[Floats, Codes, float]] = []
    for found in tried:
        # Starts that met in one place on the drawn rows would meet again.
        if len(kept) < GO_ON and all(found[2] > other[2] * (1.0 + 1e-4) for other in kept):
            kept.append(found)
    fits = [
        KMeans(groups, init=found[0].astype(points.dtype), n_init=1, max_iter=300, tol=1e-4).fit(
            points, sample_weight=weights
        )
        for found in kept
    ]
    best = min(fits, key=lambda fit: fit.inertia_)
    return np.asarray(best.cluster_centers_, np.float64), np.asarray(best.labels_, np.int32), float(best.inertia_)


def fitted_points(rows: Rows, groups: int, weights: Floats | None) -> tuple[NDArray[Any], Floats]:
    """Return the points that have a weight, and their weights."""
    if groups < 1:
        raise ValueError("There must be at least one group.")
    counted = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    if len(counted) != len(rows) or (counted < 0).any():
        raise ValueError("There must be one weight for each row, none below 0.")
    used = np.flatnonzero(counted > 0)
    if len(used) < groups:
        raise CannotEstimate(f"There are {len(used)} rows, too few for {groups} groups.")
    some = rows if len(used) == len(rows) else rows.take(used)
    dtype = np.float32 if len(used) > SINGLE_PRECISION else np.float64
    return points_of(some, dtype=dtype), counted[used]


def nearest_centre(rows: Rows, centres: Floats) -> Codes:
    """Return the nearest centre of each row, the first of equally near ones; in chunks, so that memory stays small."""
    found = np.empty(len(rows), np.int32)
    norms = (centres**2).sum(axis=1)
    for part in chunks(len(rows), centres.shape[1] + len(centres)):
        points = points_of(Rows(rows.numbers[part], rows.codes[part], rows.levels))
        found[part] = (norms - 2.0 * points @ centres.T).argmin(axis=1)
    return found


def order_by_size(sizes: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return the order of groups, the largest first, equally large ones by their centre."""
    return np.lexsort((*centres.T[::-1], -sizes)) if centres.shape[1] else np.argsort(-sizes, kind="stable")


def check_shape(rows: Rows, numbers: int, levels: tuple[int, ...]) -> None:
    """Refuse rows of other columns than those that were fitted."""
    if rows.numbers.shape[1] != numbers or rows.levels != levels:
        raise ValueError(
            f"The groups were fitted to {numbers} numbers and {len(levels)} categories with {list(levels)} levels; "
            f"these rows have {rows.numbers.shape[1]} and {len(rows.levels)} with {list(rows.levels)}."
        )
