"""Whether values heap up in two places: how deep the deepest valley of their density is, beside chance.

Chance is what even values (uniform) show: of all distributions without a valley the flattest, which samples most often
make look as if they had one. The dip test of Hartigan & Hartigan (1985) takes it for the same reason.

References
----------
Silverman (1986), Density Estimation for Statistics and Data Analysis, section 3.5 (densities by Fourier transform).
Hartigan & Hartigan (1985), The Dip Test of Unimodality, Annals of Statistics 13, 70-84.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate

Floats = NDArray[np.float64]

#: Points of the density, and its width in standard deviations: of a thousand values it is then known to about 8 %.
_GRID, _WIDTH = 256, 0.15
#: Beyond these shares of values a valley lies between a few of them, and means nothing.
_INSIDE = (0.05, 0.95)
#: Samples whose densities are made at once.
_TOGETHER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Valley:
    """The deepest valley between two heaps of values.

    depth : its density over that of the lower of the two tops beside it: 1 is no valley, 0 a gap.
    border : where it is; below : the share of values under it (0 to 1).
    """

    depth: float
    border: float
    below: float


def deepest_valley(values: ArrayLike) -> Valley:
    """Return the deepest valley of a density.

    Parameters
    ----------
    values : array of float, shape (n,), finite, n at least 20.

    Raises
    ------
    CannotEstimate
        With fewer than 20 values, or no spread.
    """
    given = np.asarray(values, np.float64)
    spread = float(np.std(given)) if len(given) else 0.0
    if len(given) < 20 or not spread > 0:
        raise CannotEstimate("Fewer than 20 values, or all of them equal, have no heaps.")
    depth, below, border = _deepest(((given - given.mean()) / spread)[None, :])
    return Valley(depth=float(depth[0]), border=float(given.mean() + spread * border[0]), below=float(below[0]))


def depths_by_chance(n: int, *, rng: np.random.Generator, draws: int = 1000) -> Floats:
    """Return the depths of the deepest valleys of samples of n even values, ascending, shape (draws,)."""
    found = []
    for begun in range(0, draws, _TOGETHER):
        even = rng.random((min(_TOGETHER, draws - begun), n))
        centred = even - even.mean(axis=1, keepdims=True)
        found.append(_deepest(centred / even.std(axis=1, keepdims=True))[0])
    return np.sort(np.concatenate(found))


def valley_p(depth: float, by_chance: Floats) -> float:
    """Return how often even values show a valley as deep, from `depths_by_chance` of as many values."""
    return float((1 + np.searchsorted(by_chance, depth, side="right")) / (1 + len(by_chance)))


def _deepest(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return depth, share below and border of the deepest valley of each row of standardised values."""
    grid, density, counts = _densities(values)
    left = np.maximum.accumulate(density, axis=1)
    right = np.maximum.accumulate(density[:, ::-1], axis=1)[:, ::-1]
    beside = np.minimum(left, right)
    below = np.cumsum(counts, axis=1) / values.shape[1]
    inside = (below > _INSIDE[0]) & (below < _INSIDE[1]) & (beside > 0)
    depth = np.where(inside, density / np.where(beside > 0, beside, 1.0), 1.0)
    rows, place = np.arange(len(values)), np.argmin(depth, axis=1)
    border = grid[rows, place]
    return depth[rows, place], (values < border[:, None]).mean(axis=1), border


def _densities(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a grid, the Gaussian density on it (not scaled) and the values counted on it, for each row of values."""
    rows, reach = len(values), 3 * _WIDTH
    low = values.min(axis=1, keepdims=True) - reach
    step = (values.max(axis=1, keepdims=True) + reach - low) / (_GRID - 1)
    place = (values - low) / step
    lower = np.minimum(place.astype(np.int64), _GRID - 2)
    part = place - lower
    at = (lower + _GRID * np.arange(rows)[:, None]).ravel()
    counts: Floats = np.bincount(at, weights=(1 - part).ravel(), minlength=rows * _GRID).astype(np.float64)
    counts += np.bincount(at + 1, weights=part.ravel(), minlength=rows * _GRID)
    counts = counts.reshape(rows, _GRID)
    frequency = 2 * np.pi * np.fft.rfftfreq(2 * _GRID) / step
    shape = np.exp(-0.5 * (_WIDTH * frequency) ** 2)
    smooth: Floats = np.fft.irfft(np.fft.rfft(counts, 2 * _GRID, axis=1) * shape, 2 * _GRID, axis=1)[:, :_GRID]
    return low + step * np.arange(_GRID), np.maximum(smooth, 0.0), counts
