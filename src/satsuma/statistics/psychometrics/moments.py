"""Covariances and correlations of items from all pairs of answers that are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics.items import CHUNK, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What reliability and factors are computed from.

    Parameters
    ----------
    count : array of int, shape (items, items)
        On how many respondents each covariance rests.
    mean : array of float, shape (items,)
    covariance : array of float, shape (items, items)
        Of each pair over those who answered both, with n - 1.
    correlation : array of float, shape (items, items)
        Of each pair over those who answered both, their spread taken over the same respondents.
    """

    count: NDArray[np.int64]
    mean: Floats
    covariance: Floats
    correlation: Floats

    @property
    def items(self) -> int:
        return len(self.mean)

    @property
    def pairs(self) -> int:
        """The fewest respondents that any two items share: what intervals and tests take as their number."""
        return int(self.count.min())


def moments(keyed: Floats) -> Moments:
    """Return covariances and correlations of items.

    Parameters
    ----------
    keyed : array of float, shape (n, items)
        Answers with reversed items turned round; NaN is missing.

    Raises
    ------
    CannotEstimate
        When two items were not both answered by at least three, or an item has the same answer from everybody.

    Notes
    -----
    With z the answers less a number near the item's mean and 0 where missing, and m = 1 where there is an answer, the
    sums over pairs are z'z, z'm and m'm: S_xy = z_x'z_y - (z_x'm_y)(z_y'm_x) / n_xy.
    """
    items = keyed.shape[1]
    shift = _about(keyed)
    products, beside = np.zeros((items, items)), np.zeros((items, items))
    squares, pairs = np.zeros((items, items)), np.zeros((items, items))
    for start in range(0, len(keyed), CHUNK):
        z = keyed[start : start + CHUNK] - shift
        sums = np.ones(len(z)) @ z
        if not np.isnan(sums).any():
            # Everybody answered everything, the usual case: one product of matrices instead of four.
            product = z.T @ z
            products += product
            beside += sums[:, None]
            squares += np.diag(product)[:, None]
            pairs += len(z)
            continue
        there = ~np.isnan(z)
        z[~there] = 0.0
        mask = there.astype(np.float64)
        products += z.T @ z
        beside += z.T @ mask
        squares += (z * z).T @ mask
        pairs += mask.T @ mask
    if items == 0 or pairs.diagonal().min() < 3:
        raise CannotEstimate("An item has fewer than three answers.")
    if pairs.min() < 3:
        raise CannotEstimate("Two of the items were answered together by fewer than three.")
    covariance = (products - beside * beside.T / pairs) / (pairs - 1.0)
    # Row x, column y: the spread of x among those who also answered y.
    spread = np.maximum(squares - beside**2 / pairs, 0.0)
    scale = np.sqrt(spread * spread.T)
    if not (spread > 1e-12 * np.maximum(pairs, 1.0)).all():
        raise CannotEstimate("An item has the same answer from everybody who answered it together with another.")
    correlation = (products - beside * beside.T / pairs) / scale
    np.fill_diagonal(correlation, 1.0)
    mean = shift + np.diag(beside) / np.diag(pairs)
    return Moments(pairs.astype(np.int64), mean, covariance, correlation)


def _about(keyed: Floats) -> Floats:
    """Return a number near the mean of each item: sums about it keep their digits."""
    part = keyed[:CHUNK]
    there = ~np.isnan(part)
    return np.asarray(np.where(there, part, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.float64)


def as_correlation(covariance: Floats) -> Floats:
    """Return the correlations that a matrix of covariances holds."""
    spread = np.sqrt(np.diag(covariance))
    found = covariance / np.outer(spread, spread)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found, np.float64)


def squared_multiple(correlation: Floats) -> Floats:
    """Return how much of each item the others explain together, 1 - 1 / r^ii, shape (items,).

    Raises
    ------
    CannotEstimate
        When one item is a sum of others, so that the matrix cannot be inverted.
    """
    return 1.0 - 1.0 / np.diag(inverse(correlation))


def inverse(correlation: Floats) -> Floats:
    """Return the inverse of a matrix of correlations.

    Raises
    ------
    CannotEstimate
        When it has none, or pairs with different respondents contradict each other.
    """
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest < 1e-10:
        raise CannotEstimate("One item follows from the others, so that they cannot be told apart.")
    return np.asarray(np.linalg.inv(correlation), np.float64)
