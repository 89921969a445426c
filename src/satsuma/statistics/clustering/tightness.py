"""How tightly points are cut into parts, and how empty the borders between the parts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from satsuma.statistics.clustering.lloyd import best_centres
from satsuma.statistics.clustering.rows import Codes, Floats
from satsuma.statistics.clustering.space import chunks

#: A row lies at a border if it is within this part of the way between two centres from the middle of the way.
AT_BORDER = 0.1
#: Rows this far from the middle, on the way to a centre and past it, are what a border is compared with.
INSIDE = (0.3, 0.6)


@dataclass(frozen=True, slots=True, eq=False)
class Cuts:
    """Cuts into several numbers of parts.

    Parameters
    ----------
    logs : log of the share of the sum of squares that lies within parts, shape (numbers,).
    borders : rows per length at borders over rows per length inside parts, shape (numbers,).
    """

    logs: Floats
    borders: Floats

    def against(self, clouds: Sequence[Cuts]) -> tuple[list[float], list[float], list[float]]:
        """Return gaps to the clouds' mean logs, their spread, and borders as shares of the clouds' mean borders."""
        logs = np.array([each.logs for each in clouds])
        full = np.array([each.borders for each in clouds]).mean(axis=0)
        # Points on a lattice can have no row near a border, in clouds as in the data.
        border = np.divide(self.borders, full, out=np.ones_like(full), where=full > 0.05)
        return (logs.mean(axis=0) - self.logs).tolist(), logs.std(axis=0, ddof=1).tolist(), border.tolist()

    def rank_among(self, clouds: Sequence[Cuts]) -> float:
        """Return the share of clouds, this one counted in, that some number of parts cuts as tightly as this one.

        Notes
        -----
        Each is judged by the most unusual of its numbers of parts, in spreads of all of them together, the data
        among them: so the data have no other chance than a cloud to stand out.
        """
        logs = np.array([self.logs, *(each.logs for each in clouds)])
        spread = np.maximum(logs.std(axis=0), 1e-12)
        most = ((logs.mean(axis=0) - logs) / spread).max(axis=1)
        return float((most >= most[0]).mean())


def cut(points: Floats, numbers: Sequence[int], *, rng: np.random.Generator, starts: int) -> Cuts:
    """Return how tightly k-means cuts points into each number of parts, and how empty the borders are."""
    whole = np.ones(len(points))
    total = float(((points - points.mean(axis=0)) ** 2).sum())
    logs, borders = [], []
    for groups in numbers:
        centres, labels, cost = best_centres(points, whole, groups, rng=rng, starts=starts)
        logs.append(np.log(max(cost, 1e-12 * total) / total))
        borders.append(_border(points, labels, centres))
    return Cuts(np.array(logs), np.array(borders))


def _border(points: Floats, labels: Codes, centres: Floats) -> float:
    """Return rows per length at borders over rows per length inside, on the way from each row's centre to the next."""
    apart = ((centres[:, None] - centres[None]) ** 2).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    at_border, inside = 0, 0
    for part in chunks(len(points), len(centres)):
        gaps = (centres**2).sum(axis=1) - 2.0 * points[part] @ centres.T
        own = labels[part]
        each = np.arange(len(gaps))
        # Where the row's foot lies on the way to each other centre, from the middle: 0 there, a half at its own.
        way = (gaps - gaps[each, own][:, None]) / (2.0 * apart[own])
        way[each, own] = np.inf
        way = np.where(np.isnan(way), np.inf, way)
        nearest = way.min(axis=1)
        at_border += int((nearest < AT_BORDER).sum())
        inside += int(((nearest >= INSIDE[0]) & (nearest < INSIDE[1])).sum())
    return at_border / AT_BORDER / max(inside / (INSIDE[1] - INSIDE[0]), 1.0)
