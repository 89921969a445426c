"""How unevenly value is spread over customers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def lorenz(values: ArrayLike) -> tuple[Floats, Floats]:
    """Return the Lorenz curve: share of customers, from the least to the best, and their share of value.

    Returns
    -------
    customers, value : array of float, shape (n + 1,) each, from (0, 0) to (1, 1)
        On the diagonal when all are alike; below 0 where refunds outweigh what was bought.

    Raises
    ------
    ValueError
        When there are no values or their sum is not above 0: shares of nothing have no meaning.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    total = _total(ordered)
    value = np.concatenate([[0.0], np.cumsum(ordered)]) / total
    value[-1] = 1.0
    return np.linspace(0.0, 1.0, len(ordered) + 1), value


def gini(values: ArrayLike) -> float:
    """Return the Gini coefficient: 0 when all have the same, (n - 1) / n when one has everything.

    Notes
    -----
    sum over i of (2 i - n - 1) x(i) / (n sum x), with x(1) <= ... <= x(n). Negative values can lift it above 1.

    Raises
    ------
    ValueError
        When there are no values or their sum is not above 0.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    total = _total(ordered)
    count = len(ordered)
    weights = 2.0 * np.arange(1, count + 1) - count - 1.0
    return float(np.dot(weights, ordered) / (count * total))


def top_share(values: ArrayLike, fraction: float = 0.2) -> float:
    """Return the share of value that the best customers bring.

    Parameters
    ----------
    fraction : of the customers, above 0 and up to 1; ceil(fraction n) of them count as the best.

    Raises
    ------
    ValueError
        When there are no values, their sum is not above 0, or the fraction is not one.
    """
    if not 0 < fraction <= 1:
        raise ValueError("The fraction of customers must be above 0 and at most 1.")
    ordered = np.sort(np.asarray(values, np.float64))[::-1]
    total = _total(ordered)
    # A fraction such as 0.2 is not exact: 0.2 x 15 must be 3, not 4.
    best = math.ceil(round(fraction * len(ordered), 9))
    return float(ordered[:best].sum() / total)


def group_shares(values: ArrayLike, groups: int = 10) -> Floats:
    """Return the shares of value of equal groups of customers, the best group first, shape (groups,).

    A group's border may fall inside a customer, whose value is then divided.

    Raises
    ------
    ValueError
        When there are no values or their sum is not above 0.
    """
    customers, value = lorenz(values)
    curve = np.interp(np.linspace(0.0, 1.0, groups + 1), customers, value)
    return np.diff(curve)[::-1]


def _total(values: Floats) -> float:
    total = float(values.sum()) if len(values) else 0.0
    if not total > 0:
        raise ValueError("Concentration needs values whose sum is above 0.")
    return total
