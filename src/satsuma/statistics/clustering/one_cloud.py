"""Rows as they would be if they were one cloud: the same columns, the same correlations, and no groups.

A number of columns that hang together are not groups: a long cloud is one cloud. So what is found in data is compared
with what is found in a cloud that has the data's own columns, value for value, tied together by a normal law that has
the data's own correlations. Skewed, lumpy and yes/no columns are so no evidence of groups either; what is left is how
the rows lie together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from satsuma.statistics.clustering.rows import Floats, Rows

#: Rows drawn to find the correlations of the normal law behind columns with ties, and how often it is mended.
MENDED_ON = 4000
MENDED = 5


@dataclass(frozen=True, slots=True, eq=False)
class OneCloud:
    """The law of one cloud.

    Parameters
    ----------
    ordered : array of float, shape (columns, n), each column's values in order.
    loadings : array of float, shape (columns, columns); normal numbers times this are correlated as they shall be.
    numbers : how many columns of numbers. levels : of the categories. orders : what each rank of a category means.
    pairs : columns of numbers that mean something only where a category of two levels has the second, and that
        category; elsewhere their ordered values are missing.
    """

    ordered: Floats
    loadings: Floats
    numbers: int
    levels: tuple[int, ...]
    orders: tuple[Floats, ...]
    pairs: tuple[tuple[int, int], ...]

    def draw(self, rng: np.random.Generator) -> Rows:
        """Return as many rows as the data have: the same values in each column, put together anew."""
        columns, count = self.ordered.shape
        normal: Floats = rng.standard_normal((count, columns))
        normal -= normal.mean(axis=0)
        if count > columns + 1:
            # For a normal cloud mean and covariance say all there is: with just the data's own, the draw is exact.
            normal[:] = np.linalg.solve(np.linalg.cholesky(normal.T @ normal / count), normal.T).T
        numbers = np.zeros((count, self.numbers))
        codes = np.zeros((count, len(self.levels)), np.int32)
        latent = normal @ self.loadings.T
        for code in range(len(self.levels)):
            place = self.numbers + code
            codes[:, code] = self.orders[code][_put(latent[:, place], self.ordered[place]).astype(np.int64)]
        paired = dict(self.pairs)
        for number in range(self.numbers):
            # The second part of a trait is drawn among the rows that have one, and they are as many as in the data.
            rows = codes[:, paired[number]] != 0 if number in paired else slice(None)
            numbers[rows, number] = _put(latent[rows, number], self.ordered[number])
        return Rows(numbers, codes, self.levels)


def _put(latent: Floats, ordered: Floats) -> Floats:
    """Return ordered values at the ranks of normal ones; those that are missing come last and are left."""
    return ordered[np.argsort(np.argsort(latent))]


def one_cloud(rows: Rows) -> OneCloud:
    """Return the law of the cloud that has the columns and the correlations of the rows.

    Notes
    -----
    A Gaussian copula with the data's own margins: the normal law behind is mended until what is drawn from it
    correlates as the data do, ties and skew included (Cario and Nelson 1997). The levels of a category are put in the
    order of their mean on the first principal axis of all.

    Raises
    ------
    ValueError
        When something is missing.
    """
    if not rows.is_complete:
        raise ValueError("One cloud can only be drawn like complete rows.")
    pairs = _pairs(rows)
    numbers = rows.numbers.T.copy()
    for number, code in pairs:
        numbers[number, rows.codes[:, code] == 0] = np.nan
    orders = _orders(rows)
    places = np.empty((len(rows.levels), len(rows)))
    for code, order in enumerate(orders):
        place = np.empty(len(order))
        place[order.astype(np.int64)] = np.arange(len(order))
        places[code] = place[rows.codes[:, code]]
    values = np.concatenate([numbers, places])
    return OneCloud(
        ordered=np.sort(values, axis=1), loadings=_loadings(values), numbers=len(numbers), levels=rows.levels,
        orders=orders, pairs=pairs,
    )  # fmt: skip


def _pairs(rows: Rows) -> tuple[tuple[int, int], ...]:
    """Return numbers and categories that are the two parts of one trait: 0 just where the category has level 0."""
    found: list[tuple[int, int]] = []
    two = [code for code, levels in enumerate(rows.levels) if levels == 2]
    for number in range(rows.numbers.shape[1]):
        zero = rows.numbers[:, number] == 0
        if zero.mean() < 0.3:
            continue
        for code in two:
            # A few rows of the second level may have 0 by chance, as the middle of what is above.
            first = rows.codes[:, code] == 0
            is_part = first.any() and (zero | ~first).all() and (zero & ~first).sum() <= 0.02 * len(rows)
            if is_part and all(code != other for _, other in found):
                found.append((number, code))
                break
    return tuple(found)


def _orders(rows: Rows) -> tuple[Floats, ...]:
    """Return the levels of each category in the order of their mean on the first principal axis."""
    if not rows.levels:
        return ()
    blocks = [rows.numbers - rows.numbers.mean(axis=0)]
    for code, levels in enumerate(rows.levels):
        member = (rows.codes[:, code][:, None] == np.arange(levels)).astype(np.float64)
        shares = member.mean(axis=0)
        blocks.append((member - shares) / np.sqrt(np.maximum(shares, 1e-12)) / max(levels - 1, 1) ** 0.5)
    table = np.concatenate(blocks, axis=1)
    _, vectors = np.linalg.eigh(table.T @ table)
    axis = table @ vectors[:, -1]
    orders = []
    for code, levels in enumerate(rows.levels):
        counts = np.bincount(rows.codes[:, code], minlength=levels)
        sums = np.bincount(rows.codes[:, code], weights=axis, minlength=levels)
        means = np.divide(sums, counts, out=np.zeros(levels), where=counts > 0)
        orders.append(np.lexsort((np.arange(levels), means)).astype(np.float64))
    return tuple(orders)


def _loadings(values: Floats) -> Floats:
    """Return the root of the normal law whose draws, put in the columns' values, correlate as the columns do."""
    columns = len(values)
    known = ~np.isnan(values)
    wanted = _correlations(values)
    law = wanted
    if columns > 1:
        ordered = np.sort(values, axis=1)
        normal = np.random.default_rng(0).standard_normal((MENDED_ON, columns))
        normal -= normal.mean(axis=0)
        normal = np.linalg.solve(np.linalg.cholesky(normal.T @ normal / MENDED_ON), normal.T).T
        middles = (np.arange(MENDED_ON) + 0.5) / MENDED_ON
        spread = np.empty((columns, MENDED_ON))
        for place in range(columns):
            has = int(known[place].sum())
            spread[place] = ordered[place, np.minimum((middles * has).astype(np.int64), has - 1)]
        for _ in range(MENDED):
            ranks = np.argsort(np.argsort(normal @ _root(law).T, axis=0), axis=0)
            drawn = np.take_along_axis(spread.T, ranks, axis=0)
            law = np.clip(law + wanted - _correlations(drawn.T), -0.9999, 0.9999)
            np.fill_diagonal(law, 1.0)
    return _root(law)


def _correlations(values: Floats) -> Floats:
    """Return correlations, each over the rows that have both; 0 of columns that have no rows in common."""
    known = ~np.isnan(values)
    sizes = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, values, 0.0)
    gap = np.where(known, filled - filled.sum(axis=1, keepdims=True) / sizes, 0.0)
    spread = np.sqrt(np.maximum((gap**2).sum(axis=1, keepdims=True) / sizes, 1e-12))
    score = gap / spread
    both = known.astype(np.float64) @ known.T.astype(np.float64)
    found: Floats = np.clip(score @ score.T / np.maximum(both, 1.0), -1.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return found


def _root(law: Floats) -> Floats:
    """Return a square root of the nearest correlation matrix without negative directions."""
    sizes, vectors = np.linalg.eigh(law)
    root = vectors * np.sqrt(np.maximum(sizes, 0.0))
    found: Floats = root / np.sqrt(np.maximum((root**2).sum(axis=1, keepdims=True), 1e-12))
    return found
