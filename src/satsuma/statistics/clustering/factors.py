"""A few factors of numbers and categories together, then k-means on them.

Where many traits say nearly the same, each of them has a vote in plain k-means; here what they share votes once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from satsuma.statistics.clustering.kmeans import check_shape, fit_kmeans, nearest_centre, order_by_size
from satsuma.statistics.clustering.rows import Codes, Floats, Rows, rows_of_numbers
from satsuma.statistics.clustering.space import chunks, dimensions
from satsuma.statistics.errors import CannotEstimate

#: Rows that the parallel analysis looks at, how often it shuffles, and which of the shuffled values must be passed.
PARALLEL_ROWS = 5000
SHUFFLES = 20
PASSED = 0.95


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorSpace:
    """The factors.

    centre, scale : shape (d,), of the numbers and the indicators of the categories. loadings : shape (d, factors),
    of unit length. explained : shape (factors,), the share of all variance that each factor holds.
    """

    centre: Floats
    scale: Floats
    loadings: Floats
    explained: Floats
    numbers: int
    levels: tuple[int, ...]

    def coordinates(self, rows: Rows) -> Floats:
        """Return the rows on the factors, shape (n, factors)."""
        check_shape(rows, self.numbers, self.levels)
        found = np.empty((len(rows), self.loadings.shape[1]))
        for part in chunks(len(rows), len(self.centre)):
            table = _indicators(Rows(rows.numbers[part], rows.codes[part], rows.levels))
            found[part] = (table - self.centre) / self.scale @ self.loadings
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorGroups:
    """k-means groups in a factor space.

    centres : shape (groups, factors). cost : the weighted sum of squared distances on the factors.
    """

    space: FactorSpace
    centres: Floats
    shares: Floats
    cost: float
    rows: float

    @property
    def method(self) -> str:
        """The name of the method."""
        return "factors"

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.centres)

    def assign(self, rows: Rows) -> Codes:
        """Return the group of each row: that of the nearest centre on the factors."""
        return nearest_centre(rows_of_numbers(self.space.coordinates(rows)), self.centres)

    def membership(self, rows: Rows) -> Floats | None:  # noqa: ARG002  the form that all methods share
        """Return None: k-means does not say how sure it is."""
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON."""
        space = self.space
        return {
            "method": self.method, "centre": space.centre.tolist(), "scale": space.scale.tolist(),
            "loadings": space.loadings.tolist(), "explained": space.explained.tolist(), "numbers": space.numbers,
            "levels": list(space.levels), "centres": self.centres.tolist(), "shares": self.shares.tolist(),
            "cost": self.cost, "rows": self.rows,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> FactorGroups:
        """Return the fit that `as_dict` wrote."""
        levels = tuple(plain["levels"])
        space = FactorSpace(
            centre=np.array(plain["centre"]), scale=np.array(plain["scale"]),
            loadings=np.array(plain["loadings"]).reshape(dimensions(plain["numbers"], levels), -1),
            explained=np.array(plain["explained"]), numbers=plain["numbers"], levels=levels,
        )  # fmt: skip
        return cls(
            space=space, centres=np.array(plain["centres"]), shares=np.array(plain["shares"]), cost=plain["cost"],
            rows=plain["rows"],
        )  # fmt: skip


def fit_factors(
    rows: Rows,
    groups: int,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    starts: int = 10,
    factors: int | None = None,
    share: float | None = None,
) -> FactorGroups:
    """Return k-means groups in the space of a few factors; parameters as of `factor_space`.

    Raises
    ------
    CannotEstimate
        When no factor holds more than chance, or fewer distinct rows than groups have a weight.
    """
    space = factor_space(rows, rng=rng, weights=weights, factors=factors, share=share)
    found = fit_kmeans(rows_of_numbers(space.coordinates(rows)), groups, rng=rng, weights=weights, starts=starts)
    order = order_by_size(found.shares, found.centres)
    return FactorGroups(
        space=space, centres=found.centres[order], shares=found.shares[order], cost=found.cost, rows=found.rows
    )


def factor_space(
    rows: Rows,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    factors: int | None = None,
    share: float | None = None,
) -> FactorSpace:
    """Return the principal axes of standardised numbers and scaled indicators.

    Parameters
    ----------
    factors : how many; or
    share : of the variance that they hold together at least. Without either, as many as hold more than 95 of 100 of
        the same columns shuffled would (parallel analysis, Horn 1965).

    Notes
    -----
    Numbers are divided by their standard deviation and indicators by the root of their share, so that a category has
    a variance of its levels less one (Pages 2004, factor analysis of mixed data).
    """
    weight = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    if not rows.is_complete:
        raise ValueError("Factors need complete rows. Encode them with complete=True.")
    if not weight.sum() > 0:
        raise CannotEstimate("There are no rows to find factors in.")
    table = _indicators(rows)
    count = rows.numbers.shape[1]
    whole = weight.sum()
    centre = weight @ table / whole
    scale = np.sqrt(np.maximum(weight @ table**2 / whole - centre**2, 0.0))
    scale[count:] = np.sqrt(centre[count:])
    scale[scale < 1e-9] = 1.0
    table = (table - centre) / scale
    values, vectors = np.linalg.eigh((table * weight[:, None]).T @ table / whole)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    total = values.sum()
    if not total > 0:
        raise CannotEstimate("All rows are alike, so there are no factors.")
    if factors is None:
        if share is not None:
            factors = int(np.searchsorted(np.cumsum(values) / total, share - 1e-12)) + 1
        else:
            factors = _parallel(rows, table, values, weight, rng)
    if not 1 <= factors <= len(values):
        raise ValueError(f"There can be from 1 to {len(values)} factors.")
    # An axis has no direction of its own: its largest loading is taken to be above 0.
    kept = vectors[:, :factors]
    signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(factors)])
    return FactorSpace(
        centre=centre, scale=scale, loadings=kept * signs, explained=values[:factors] / total, numbers=count,
        levels=rows.levels,
    )  # fmt: skip


def _parallel(rows: Rows, table: Floats, values: Floats, weight: Floats, rng: np.random.Generator) -> int:
    """Return how many axes, from the first, hold more than shuffled columns do; at least one."""
    used = np.flatnonzero(weight > 0)
    shares = weight[used] / weight[used].sum()
    drawn = rng.choice(used, min(PARALLEL_ROWS, max(int(weight.sum()), 2)), p=shares)
    some = table[drawn]
    blocks = [np.array([place]) for place in range(rows.numbers.shape[1])]
    start = rows.numbers.shape[1]
    for levels in rows.levels:
        blocks.append(np.arange(start, start + levels))
        start += levels
    shuffled = np.empty((SHUFFLES, len(values)))
    for again in range(SHUFFLES):
        mixed = np.empty_like(some)
        for block in blocks:
            mixed[:, block] = some[rng.permutation(len(some))][:, block]
        shuffled[again] = np.linalg.eigvalsh(mixed.T @ mixed / len(mixed))[::-1]
    above = values > np.quantile(shuffled, PASSED, axis=0)
    return max(int(above.argmin()) if not above.all() else len(above), 1)


def _indicators(rows: Rows) -> Floats:
    count = rows.numbers.shape[1]
    table = np.zeros((len(rows), dimensions(count, rows.levels)))
    table[:, :count] = rows.numbers
    start, each = count, np.arange(len(rows))
    for number, levels in enumerate(rows.levels):
        table[each, start + rows.codes[:, number]] = 1.0
        start += levels
    return table
