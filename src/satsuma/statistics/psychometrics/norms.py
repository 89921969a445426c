"""Where a score stands among those who answered: mean, spread, percentiles, T scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.plain import pack, unpack
from satsuma.statistics.psychometrics.items import Floats

#: Of which percentiles the scores are told.
PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
#: Different scores that are kept as they are; of more, quantiles are kept, and what lies between is drawn straight.
MOST_POINTS = 2_000
#: With fewer respondents norms are chance.
FEWEST = 10


@dataclass(frozen=True, slots=True, eq=False)
class Norms:
    """How the scores of respondents are spread.

    Parameters
    ----------
    respondents : int
    mean, sd : float
        sd with n - 1.
    points : array of float, shape (m,)
        The scores that occur, ascending.
    ranks : array of float, shape (m,)
        The percentile of each: 100 (below + half of the equal) / n.
    """

    respondents: int
    mean: float
    sd: float
    points: Floats
    ranks: Floats

    def t_scores(self, scores: ArrayLike) -> Floats:
        """Return T scores: 50 is the mean of the respondents, 10 points their standard deviation."""
        given = np.asarray(scores, np.float64)
        return 50.0 + 10.0 * (given - self.mean) / self.sd

    def percentiles(self, scores: ArrayLike) -> Floats:
        """Return percentiles among the respondents; NaN stays NaN.

        A score that nobody had lies between its neighbours: where all points are kept, that is the share below it.
        """
        given = np.asarray(scores, np.float64)
        place = np.searchsorted(self.points, given)
        inside = np.minimum(place, len(self.points) - 1)
        between = np.interp(given, self.points, self.ranks)
        found = np.where(self.points[inside] == given, self.ranks[inside], between)
        found = np.where(given < self.points[0], 0.0, np.where(given > self.points[-1], 100.0, found))
        return np.where(np.isnan(given), np.nan, found)

    def score_at(self, percentile: float) -> float:
        """Return the lowest score that at least so many percent of the respondents do not exceed."""
        # The rank of a point is in the middle of its own: the end of it is what the next ones begin at.
        return float(self.points[min(int(np.searchsorted(self._ends(), percentile - 1e-9)), len(self.points) - 1)])

    def _ends(self) -> Floats:
        ends = np.empty_like(self.ranks)
        end = 0.0
        for place, rank in enumerate(self.ranks):
            end = 2.0 * rank - end
            ends[place] = end
        return ends

    def as_dict(self) -> dict[str, Any]:
        return {"respondents": self.respondents, "mean": self.mean, "sd": self.sd,
                "percentiles": {str(percent): self.score_at(percent) for percent in PERCENTILES},
                "points": pack(self.points), "ranks": pack(self.ranks)}  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Norms:
        points, ranks = unpack(plain["points"]), unpack(plain["ranks"])
        return cls(int(plain["respondents"]), float(plain["mean"]), float(plain["sd"]), points, ranks)


def norms(scores: ArrayLike) -> Norms:
    """Return how scores are spread.

    Parameters
    ----------
    scores : shape (n,); NaN takes no part.

    Raises
    ------
    CannotEstimate
        When fewer than ten have a score, or all have the same.
    """
    given = np.asarray(scores, np.float64)
    given = given[~np.isnan(given)]
    if len(given) < FEWEST:
        raise CannotEstimate(f"{len(given)} respondents have a score; norms need at least {FEWEST}.")
    points, counts = np.unique(given, return_counts=True)
    if len(points) < 2:
        raise CannotEstimate("All respondents have the same score.")
    # From the points and their counts, so that the order of respondents cannot change the last digit.
    size = len(given)
    mean = float(points @ counts) / size
    sd = float(np.sqrt(((points - mean) ** 2) @ counts / (size - 1)))
    ranks = 100.0 * (2 * (np.cumsum(counts) - counts) + counts) / (2 * size)
    if len(points) > MOST_POINTS:
        chosen = np.unique(np.searchsorted(ranks, np.linspace(ranks[0], ranks[-1], MOST_POINTS)))
        points, ranks = points[chosen], ranks[chosen]
    return Norms(size, mean, sd, points, ranks)


def norms_by_group(scores: ArrayLike, codes: NDArray[np.integer], names: Sequence[str]) -> dict[str, Norms]:
    """Return norms of each group; a group of whom too few answered is left out.

    Parameters
    ----------
    scores : shape (n,). codes : shape (n,), into names; -1 is in no group.
    """
    given, of = np.asarray(scores, np.float64), np.asarray(codes)
    found: dict[str, Norms] = {}
    for place, name in enumerate(names):
        try:
            found[name] = norms(given[of == place])
        except CannotEstimate:
            continue
    return found
