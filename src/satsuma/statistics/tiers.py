"""Tiers by share of value, and how much of it each group holds, with intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]


def share_cuts(values: ArrayLike, shares: ArrayLike) -> Floats:
    """Return the values from which on customers belong to a tier, from the top tier down.

    Parameters
    ----------
    values : shape (n,); what is below 0 holds nothing.
    shares : of the sum, ascending, shape (k,): the first tier are the customers who, from the highest value down,
        together hold the first share.

    Returns
    -------
    array of float, shape (k,), descending
        Customers of one value share a tier: the one in which the first of them is. Infinity where there is no value.
    """
    held = np.sort(np.maximum(np.asarray(values, np.float64), 0.0))[::-1]
    total = float(held.sum())
    wanted = np.atleast_1d(np.asarray(shares, np.float64))
    if not total > 0:
        return np.full(len(wanted), np.inf)
    before = np.concatenate([[0.0], np.cumsum(held)[:-1]]) / total
    # The last customer of a tier is the last one before whom the share is not yet reached.
    last = np.searchsorted(before, wanted - 1e-12, side="left") - 1
    return np.asarray(held[np.maximum(last, 0)], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """What each group holds of a sum, shape (groups,). low, high : of `share`, by the delta method over customers."""

    total: Floats
    share: Floats
    low: Floats
    high: Floats


def holdings(values: ArrayLike, codes: NDArray[np.integer], groups: int, *, level: float = 0.95) -> Holding:
    """Return how much of the sum each group holds.

    The share of a group is a ratio of means over customers, S_g = mean(v 1_g) / mean(v); its variance to first order
    is mean((v (1_g - S_g))^2) / (n mean(v)^2). The interval says how the share would differ among other customers like
    these; it takes the values and the borders of the groups as given.

    Parameters
    ----------
    values : shape (n,). codes : the group of each, shape (n,), from 0; -1 is in none, and takes no part.
    """
    inside = np.asarray(codes) >= 0
    value, code = np.asarray(values, np.float64)[inside], np.asarray(codes)[inside].astype(np.int64)
    total = np.bincount(code, weights=value, minlength=groups).astype(np.float64)
    whole = float(value.sum())
    if not whole > 0:
        none = np.full(groups, np.nan)
        return Holding(total, none, none, none)
    share = total / whole
    squares = np.bincount(code, weights=value**2, minlength=groups)
    all_squares = float(squares.sum())
    # Sum of (v (1_g - S_g))^2: those in the group have (1 - S_g)^2, the others S_g^2.
    spread = (1.0 - share) ** 2 * squares + share**2 * (all_squares - squares)
    reach = float(ndtri((1.0 + level) / 2.0)) * np.sqrt(spread) / whole
    return Holding(total, share, np.maximum(share - reach, 0.0), np.minimum(share + reach, 1.0))
