"""Customers in random order, the same order whatever the order of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Keys = NDArray[np.uint64]
Whole = NDArray[np.int64]


def keys_of(customers: ArrayLike, seed: int) -> Keys:
    """Return a key per customer number that looks random and depends on nothing but the number and the seed.

    Customer numbers follow the order of arrival, and so say something about the customer; the key does not. Different
    numbers have different keys.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators: the finaliser of SplitMix64.
    """
    with np.errstate(over="ignore"):
        mixed = np.asarray(customers, np.int64).astype(np.uint64)
        mixed = mixed + np.uint64(((seed + 1) * 0x9E3779B97F4A7C15) % 2**64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def parts_of(customers: ArrayLike, shares: Sequence[float], seed: int) -> Whole:
    """Return the number of the part that each customer falls in: all rows of a customer in the same part.

    Parameters
    ----------
    customers : array of int, shape (rows,)
    shares : of the customers, by part; they add up to 1.
    """
    place = keys_of(customers, seed).astype(np.float64) / 2.0**64
    borders = np.cumsum(np.asarray(shares, np.float64))[:-1]
    return np.searchsorted(borders, place, side="right").astype(np.int64)
