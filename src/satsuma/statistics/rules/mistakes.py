"""A tree with one leaf for each of k centres, by iterative mistake minimisation.

Each split keeps the centres of a node apart at the value where fewest rows are parted from their own centre; those that
are parted are mistakes and take no part below. The cost of the result is at most O(k^2) times that of the groups.

References
----------
Dasgupta, Frost, Moshkovitz and Rashtchian (2020), Explainable k-means and k-medians clustering, ICML, algorithm 1.
"""

from __future__ import annotations

import numpy as np

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.rules.rounding import roundest
from satsuma.statistics.rules.table import Codes, Floats, Table
from satsuma.statistics.rules.tree import Node


def mistake_minimising(table: Table, codes: Codes, centres: Floats) -> Node:
    """Return the tree of one leaf per centre.

    Parameters
    ----------
    table : numbers alone, none missing
    codes : array of int, shape (n,)
        The centre of each row.
    centres : array of float, shape (k, features)
        In the units of the table.

    Raises
    ------
    CannotEstimate
        With categories or missing values, and when two centres are the same.
    """
    if any(not feature.is_number or feature.missing.any() for feature in table.features):
        raise CannotEstimate("Mistakes are minimised over numbers without missing values.")
    if len(np.unique(centres, axis=0)) < len(centres):
        raise CannotEstimate("Two centres are the same: no condition can tell them apart.")
    values = np.column_stack([feature.numbers for feature in table.features])
    groups = len(centres)

    def build(rows: Codes, held: Codes, inside: Codes) -> Node:
        """Split `rows` between the centres `held`; `inside` are those that are still with their centre."""
        counts = tuple(int(count) for count in np.bincount(codes[rows], minlength=groups))
        if len(held) == 1:
            return Node(counts, says=int(held[0]))
        feature, cut = _best(table, values[inside], centres[codes[inside]], centres[held])
        below, centre_below = values[:, feature] < cut, centres[:, feature] < cut
        kept = inside[below[inside] == centre_below[codes[inside]]]
        return Node(
            counts, feature, cut, frozenset(), bool(2 * below[rows].sum() > len(rows)),
            build(rows[below[rows]], held[centre_below[held]], kept[below[kept]]),
            build(rows[~below[rows]], held[~centre_below[held]], kept[~below[kept]]),
        )  # fmt: skip

    everybody = np.arange(len(table))
    return build(everybody, np.arange(groups), everybody)


def _best(table: Table, values: Floats, own: Floats, held: Floats) -> tuple[int, float]:
    """Return the trait and cut value that part fewest rows from their own centre."""
    best: tuple[int, int, float] | None = None
    for place, feature in enumerate(table.features):
        first, last = held[:, place].min(), held[:, place].max()
        candidates = np.unique(np.concatenate([values[:, place], held[:, place]]))
        lower, upper = np.concatenate([[-np.inf], candidates[:-1]]), candidates
        # Any cut above the one and up to the other parts the same rows.
        usable = (upper > first) & (upper <= last)
        if not usable.any():
            continue
        low, high = np.minimum(values[:, place], own[:, place]), np.maximum(values[:, place], own[:, place])
        parted = np.searchsorted(np.sort(low), upper, side="left") - np.searchsorted(np.sort(high), upper, side="left")
        fewest = int(parted[usable].min())
        if best is None or fewest < best[0]:
            # Of equally good cuts, the one with most room around it.
            at = max(np.flatnonzero(usable & (parted == fewest)), key=lambda number: upper[number] - lower[number])
            best = (fewest, place, roundest(float(lower[at]), float(upper[at]), feature))
    assert best is not None
    return best[1], best[2]
