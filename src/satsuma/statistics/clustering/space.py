"""Rows as points, so that a distance can be taken: numbers as they are, categories as scaled indicators."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.rows import Rows


def indicator_scale(levels: int) -> float:
    """Return what the indicators of a category are multiplied by.

    Notes
    -----
    Two rows drawn at random differ by 2 in the squared distance of a number of unit variance. A category whose
    levels are equally common shall differ by half of that, however many levels it has: 2 s^2 (1 - 1 / L) = 1. Half,
    because a category has gaps by its nature, and a method that seeks gaps would otherwise split along it first.

    References
    ----------
    Hennig and Liao (2013), Applied Statistics 62: How to find an appropriate clustering for mixed-type variables.
    """
    return math.sqrt(levels / (2.0 * (levels - 1.0))) if levels > 1 else 1.0


def dimensions(numbers: int, levels: Sequence[int]) -> int:
    """Return how many coordinates a point has."""
    return numbers + sum(levels)


def points_of(rows: Rows, *, dtype: Any = np.float64) -> NDArray[Any]:
    """Return the rows as points, shape (n, p + sum of levels).

    Raises
    ------
    ValueError
        When something is missing: a distance needs every coordinate.
    """
    if not rows.is_complete:
        raise ValueError("Distances need complete rows. Encode them with complete=True, or take latent classes.")
    count = rows.numbers.shape[1]
    points = np.zeros((len(rows), dimensions(count, rows.levels)), dtype)
    points[:, :count] = rows.numbers
    start, each = count, np.arange(len(rows))
    for number, levels in enumerate(rows.levels):
        points[each, start + rows.codes[:, number]] = indicator_scale(levels)
        start += levels
    return points


def chunks(rows: int, columns: int, cells: int = 4_000_000) -> list[slice]:
    """Return slices of rows so that a table with that many columns stays small in each."""
    step = max(cells // max(columns, 1), 1)
    return [slice(first, min(first + step, rows)) for first in range(0, rows, step)]
