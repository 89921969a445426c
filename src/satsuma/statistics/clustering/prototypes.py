"""k-prototypes: k-means for rows of numbers and categories together.

A group is a mean of each number and the most frequent code of each category. A row is at a distance from it of the
squared difference in the numbers plus gamma for each category in which they differ; what is minimised is the sum of
the distances of rows to their groups.

References
----------
Huang (1998), Extensions to the k-Means Algorithm for Clustering Large Data Sets with Categorical Values, Data Mining
and Knowledge Discovery 2(3), 283-304. Arthur & Vassilvitskii (2007), k-means++: The Advantages of Careful Seeding,
Proceedings of the 18th ACM-SIAM Symposium on Discrete Algorithms, 1027-1035.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from satsuma.statistics.clustering.descent import Centres, Distances
from satsuma.statistics.clustering.distinct import distinct_rows
from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.errors import CannotEstimate

#: Rows, by weight, of the sample that the starts are run with when there are more different rows.
_MANY = 20_000
#: Two runs have come to one optimum if their costs differ by less than this part.
_SAME = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prototypes:
    """Groups around prototypes, the largest first.

    centres : array of float, shape (groups, numbers)
    modes : array of int, shape (groups, categories)
    levels : how many codes each category has.
    gamma : the distance that one differing category makes.
    shares : array of float, shape (groups,)
    cost : the sum over rows, by weight, of the distance to the prototype.
    runs, reached : starts that were run to the end, and how many came to the lowest cost within one part in 10
        million.
    converged : whether no row would change its group any more.
    """

    centres: Floats
    modes: Codes
    levels: tuple[int, ...]
    gamma: float
    shares: Floats
    cost: float
    runs: int
    reached: int
    converged: bool

    @property
    def method(self) -> str:
        """The name of the method."""
        return "prototypes"

    @property
    def groups(self) -> int:
        """How many there are."""
        return len(self.shares)

    def assign(self, rows: Rows) -> Codes:
        """Return the group of the nearest prototype for each row, by what is known of the row.

        Raises
        ------
        ValueError
            When the rows have other than the fit's numbers and categories.
        """
        if (rows.numbers.shape[1], rows.codes.shape[1]) != (self.centres.shape[1], self.modes.shape[1]):
            raise ValueError(
                f"The prototypes have {self.centres.shape[1]} numbers and {self.modes.shape[1]} categories; "
                f"the rows have {rows.numbers.shape[1]} and {rows.codes.shape[1]}."
            )
        # A code that the fit did not know differs from every prototype, as a missing one does.
        codes = np.where(rows.codes < np.array(self.levels, np.int32), rows.codes, -1) if self.levels else rows.codes
        known = Rows(rows.numbers, codes, self.levels)
        with threadpool_limits(limits=1):
            distances = Distances(known, np.ones(len(rows)), self.gamma, self.shares @ self.centres)
            return distances.nearest(Centres(self.centres, self.modes))

    def membership(self, rows: Rows) -> Floats | None:  # noqa: ARG002  the form of all groupings
        """Return None: a row belongs to its nearest prototype, and how surely is not estimated."""
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "method": self.method,
            "centres": self.centres.tolist(),
            "modes": self.modes.tolist(),
            "levels": list(self.levels),
            "shares": self.shares.tolist(),
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Prototypes:
        """Return what `as_dict` was made of."""
        groups = len(plain["shares"])
        return cls(
            centres=np.array(plain["centres"], np.float64).reshape(groups, -1),
            modes=np.array(plain["modes"], np.int32).reshape(groups, -1),
            levels=tuple(plain["levels"]),
            shares=np.array(plain["shares"], np.float64),
            **{name: plain[name] for name in _PLAIN},
        )


_PLAIN = ("gamma", "cost", "runs", "reached", "converged")


def fit_prototypes(
    rows: Rows,
    groups: int,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    starts: int = 10,
    gamma: float | None = None,
    begin: Centres | None = None,
) -> Prototypes:
    """Return the best of several starts, each run until no row changes its group.

    A start draws rows as first prototypes, each the likelier the farther it is from those drawn before. Beyond 20,000
    different rows the starts are run with a sample of that size, and the best runs on with all rows.

    Parameters
    ----------
    rows : of length n, complete.
    weights : array of float, shape (n,), how often each row counts.
    gamma : the distance that one differing category makes. Half the mean standard deviation of the numbers by
        default, as in Huang (1998), and 1 without numbers.
    begin : prototypes to begin from, in place of the starts.

    Raises
    ------
    ValueError
        When there is no group or no start to look for, gamma is negative, `begin` has other than the groups, numbers
        or categories asked for, or weights are negative or of another number than rows.
    CannotEstimate
        When a value is missing, there are fewer different rows than groups, or a category has more than 1,000 levels.
    """
    if groups < 1 or starts < 1:
        raise ValueError(f"There must be at least one group and one start; asked for were {groups} and {starts}.")
    if gamma is not None and not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be 0 or above; it is {gamma}.")
    wanted = (groups, rows.numbers.shape[1]), (groups, len(rows.levels))
    if begin is not None and (begin.numbers.shape, begin.codes.shape) != wanted:
        raise ValueError(f"Prototypes to begin from must have the shapes {wanted[0]} and {wanted[1]}.")
    if not rows.is_complete:
        raise CannotEstimate("k-prototypes needs complete rows, and some have missing values. Latent classes do not.")
    kept, counts = distinct_rows(rows, weights).counted()
    if len(kept) < groups or not kept.numbers.shape[1] + len(kept.levels):
        raise CannotEstimate(f"{groups} groups need as many different rows; there are {len(kept)}.")
    centre, spread = _spread(kept.numbers, counts)
    distances = Distances(kept, counts, spread if gamma is None else float(gamma), centre)
    # Products of narrow arrays: more threads would wait for each other.
    with threadpool_limits(limits=1):
        if begin is None:
            sample = distances.sample(_MANY, rng)
            runs = [sample.descend(sample.seeds(groups, rng)) for _ in range(starts)]
        else:
            sample, runs = distances, [distances.descend(begin)]
        best = min(runs, key=lambda run: run.cost)
        found = best if sample is distances else distances.descend(best.centres)
    shares = found.weights / found.weights.sum()
    order = np.lexsort((*found.centres.codes.T[::-1], *found.centres.numbers.T[::-1], -shares))
    return Prototypes(
        centres=found.centres.numbers[order],
        modes=found.centres.codes[order],
        levels=rows.levels,
        gamma=distances.gamma,
        shares=shares[order],
        cost=found.cost,
        runs=len(runs),
        reached=sum(run.cost <= best.cost * (1.0 + _SAME) for run in runs),
        converged=found.converged,
    )


def _spread(numbers: Floats, counts: Floats) -> tuple[Floats, float]:
    """Return the mean of each number, and Huang's gamma."""
    centre = counts @ numbers / counts.sum()
    if not len(centre):
        return centre, 1.0
    variances = [counts @ (column - mean) ** 2 / counts.sum() for column, mean in zip(numbers.T, centre, strict=True)]
    return centre, 0.5 * float(np.sqrt(variances).mean())
