"""Dense regions of any shape, and the rows that belong to none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from satsuma.statistics.clustering.kmeans import check_shape, fitted_points
from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.clustering.space import chunks, dimensions, points_of
from satsuma.statistics.errors import CannotEstimate

#: Rows that are looked at, and how many of those in dense regions are kept to tell where other rows belong.
MOST_ROWS = 10_000
KEPT = 2_000
#: A row belongs to the group of the nearest kept row if it is no further than so many of the group's own rows are.
WITHIN = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityGroups:
    """Dense regions.

    kept : shape (m, d), rows in dense regions. labels : shape (m,), their group. reach : shape (groups,), how far
    from a kept row a row may lie. noise : the share of the rows looked at that belong to none. asked : the number of
    groups asked for; a density has the number that it has, and the nearest to that was taken.
    """

    kept: Floats
    labels: Codes
    reach: Floats
    noise: float
    asked: int
    smallest: int
    numbers: int
    levels: tuple[int, ...]

    @property
    def method(self) -> str:
        """The name of the method."""
        return "density"

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.reach)

    @property
    def cost(self) -> float:
        """The share of rows that belong to no group."""
        return self.noise

    def assign(self, rows: Rows) -> Codes:
        """Return the group of each row, -1 of rows that lie too far from all."""
        from sklearn.neighbors import KDTree

        check_shape(rows, self.numbers, self.levels)
        tree = KDTree(self.kept)
        found = np.empty(len(rows), np.int32)
        for part in chunks(len(rows), self.kept.shape[1]):
            far, nearest = tree.query(points_of(Rows(rows.numbers[part], rows.codes[part], rows.levels)), k=1)
            label = self.labels[nearest[:, 0]]
            found[part] = np.where(far[:, 0] <= self.reach[label], label, -1)
        return found

    def membership(self, rows: Rows) -> Floats | None:  # noqa: ARG002  the form that all methods share
        """Return None: a dense region does not say how sure it is."""
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON."""
        return {
            "method": self.method, "kept": self.kept.tolist(), "labels": self.labels.tolist(),
            "reach": self.reach.tolist(), "noise": self.noise, "asked": self.asked, "smallest": self.smallest,
            "numbers": self.numbers, "levels": list(self.levels),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DensityGroups:
        """Return the fit that `as_dict` wrote."""
        levels = tuple(plain["levels"])
        return cls(
            kept=np.array(plain["kept"], np.float64).reshape(-1, dimensions(plain["numbers"], levels)),
            labels=np.array(plain["labels"], np.int32), reach=np.array(plain["reach"], np.float64),
            noise=plain["noise"], asked=plain["asked"], smallest=plain["smallest"], numbers=plain["numbers"],
            levels=levels,
        )  # fmt: skip


def fit_density(
    rows: Rows,
    groups: int,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    starts: int = 10,  # noqa: ARG001  the form that all methods share; there is nothing random to start
) -> DensityGroups:
    """Return dense regions, as near to the number asked for as the density has them.

    Parameters
    ----------
    weights : rows of weight 0 have no part; above 10,000 rows a row is drawn by its weight. A density has no other
        use for weights.

    Raises
    ------
    CannotEstimate
        When no region is denser than its surroundings.

    Notes
    -----
    HDBSCAN (Campello, Moulavi and Sander 2013) of scikit-learn, at falling sizes of the smallest group; of those with
    the number of groups nearest to the one asked for, the one with the least noise.
    """
    from sklearn.cluster import HDBSCAN

    points, weight = fitted_points(rows, groups, weights)
    if len(points) > MOST_ROWS:
        points = points[rng.choice(len(points), MOST_ROWS, replace=False, p=weight / weight.sum(), shuffle=False)]
    points = np.asarray(points, np.float64)
    best: tuple[tuple[int, float], Codes, int] | None = None
    largest = max(len(points) // (2 * max(groups, 1)), 5)
    for smallest in sorted({max(int(largest * step), 5) for step in (1.0, 0.5, 0.2, 0.1)}, reverse=True):
        if smallest >= len(points):
            continue
        found = HDBSCAN(min_cluster_size=smallest, min_samples=min(smallest, 15), copy=True).fit_predict(points)
        number, noise = int(found.max()) + 1, float((found < 0).mean())
        rank = abs(number - groups), noise
        if number > 0 and (best is None or rank < best[0]):
            best = rank, found.astype(np.int32), smallest
    if best is None:
        raise CannotEstimate("No region is denser than its surroundings, so density finds no groups here.")
    (_, noise), labels, smallest = best
    sizes = np.bincount(labels[labels >= 0])
    order = np.argsort(-sizes, kind="stable")
    rank_of = np.empty(len(order), np.int32)
    rank_of[order] = np.arange(len(order), dtype=np.int32)
    dense = np.flatnonzero(labels >= 0)
    kept = dense if len(dense) <= KEPT else np.sort(rng.choice(dense, KEPT, replace=False))
    return DensityGroups(
        kept=points[kept], labels=rank_of[labels[kept]],
        reach=_reach(points, rank_of[labels[dense]], dense, kept, rank_of[labels[kept]]),
        noise=noise, asked=groups, smallest=smallest, numbers=rows.numbers.shape[1], levels=rows.levels,
    )  # fmt: skip


def _reach(points: Floats, labels: Codes, dense: Any, kept: Any, kept_labels: Codes) -> Floats:
    """Return how far most rows of each group are from the nearest other kept row of it."""
    from sklearn.neighbors import KDTree

    reach = np.zeros(int(labels.max()) + 1)
    for group in range(len(reach)):
        own = points[kept[kept_labels == group]]
        if len(own) < 2:
            continue
        far, nearest = KDTree(own).query(points[dense[labels == group]], k=2)
        # A kept row is its own nearest one; what counts is the next.
        itself = np.isin(dense[labels == group], kept)
        reach[group] = float(np.quantile(np.where(itself, far[:, 1], far[:, 0]), WITHIN))
        del nearest
    return reach
