"""Latent classes: within a class the answers have nothing to do with each other.

A row belongs to class k with probability share_k; there it gives code c of category j with probability p_kjc, and
number j is normal with mean m_kj and variance v_kj. What a row does not say is skipped: the estimates are those of
maximum likelihood from all that was said, right when what is missing is missing at random.

References
----------
Goodman (1974), Exploratory Latent Structure Analysis Using Both Identifiable and Unidentifiable Models, Biometrika
61(2), 215-231. Linzer & Lewis (2011), poLCA: An R Package for Polytomous Variable Latent Class Analysis, Journal of
Statistical Software 42(10). Biernacki, Celeux & Govaert (2000), Assessing a Mixture Model for Clustering with the
Integrated Completed Likelihood, IEEE Transactions on Pattern Analysis and Machine Intelligence 22(7), 719-725.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gammaincc, xlogy
from threadpoolctl import threadpool_limits

from satsuma.statistics.clustering.distinct import checked_weights, distinct_rows
from satsuma.statistics.clustering.expectation import Likelihood
from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.clustering.starts import best_of_starts
from satsuma.statistics.errors import CannotEstimate

#: The least variance of a number within a class, as a part of that among all: a standard deviation of 3 %. Without a
#: floor a class of a few equal rows has infinite likelihood.
VARIANCE_FLOOR = 1e-3
#: A p-value of a table is given with this many rows for each cell of it; in sparser ones it is not to be trusted.
_ROWS_PER_CELL = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFit:
    """How far the table of all combinations of answers is from what the classes expect of it.

    g2, x2 : likelihood ratio and Pearson's chi-square.
    degrees_of_freedom : cells less 1, less the parameters; not above 0 where the table cannot tell so many classes.
    p_value : of g2; None without degrees of freedom or with fewer than 5 rows a cell.
    """

    g2: float
    x2: float
    degrees_of_freedom: int
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentClasses:
    """Latent classes that were fitted, the largest first.

    shares : array of float, shape (groups,)
    probabilities : one array of float for each category, shape (groups, levels)
        Of each code, given the class.
    means, variances : array of float, shape (groups, numbers)
    rows : how many rows, by weight. distinct : how many different ones.
    log_likelihood : at the optimum. free_parameters : levels that never occur are not counted.
    entropy : sum over rows of -sum(p log p), p the probabilities of the classes given the row; 0 if all are sure.
    table : see `TableFit`; None with numbers or missing answers.
    runs, reached : starts that were run until they came to rest, and how many of them came to the best likelihood
        within one part in 10 million, with a sample where there are many rows. Reached once of many, the best may not
        be the highest there is.
    converged : whether the best came to rest.
    """

    shares: Floats
    probabilities: tuple[Floats, ...]
    means: Floats
    variances: Floats
    rows: float
    distinct: int
    log_likelihood: float
    free_parameters: int
    entropy: float
    table: TableFit | None
    runs: int
    reached: int
    converged: bool

    @property
    def method(self) -> str:
        """The name of the method."""
        return "classes"

    @property
    def groups(self) -> int:
        """How many classes there are."""
        return len(self.shares)

    @property
    def cost(self) -> float:
        """Minus the log-likelihood."""
        return -self.log_likelihood

    @property
    def aic(self) -> float:
        """2 k - 2 log L."""
        return 2.0 * self.free_parameters - 2.0 * self.log_likelihood

    @property
    def bic(self) -> float:
        """k log(rows) - 2 log L; the lower the better."""
        return self.free_parameters * math.log(self.rows) - 2.0 * self.log_likelihood

    @property
    def icl(self) -> float:
        """BIC plus twice the entropy: classes that overlap count less."""
        return self.bic + 2.0 * self.entropy

    @property
    def relative_entropy(self) -> float:
        """1 - entropy / (rows log(groups)): 1 if every row is sure of its class, 0 if none knows; 1 for one class."""
        return 1.0 if self.groups == 1 else 1.0 - self.entropy / (self.rows * math.log(self.groups))

    def assign(self, rows: Rows) -> Codes:
        """Return the most probable class of each row, shape (n,)."""
        return np.asarray(self.membership(rows).argmax(axis=1), np.int32)

    def membership(self, rows: Rows) -> Floats:
        """Return the probability of each class for each row, shape (n, groups).

        Missing values are skipped, and so are codes that the fit did not know.

        Raises
        ------
        ValueError
            When the rows have other than the fit's numbers and categories.
        """
        levels = tuple(item.shape[1] for item in self.probabilities)
        if (rows.numbers.shape[1], rows.codes.shape[1]) != (self.means.shape[1], len(levels)):
            raise ValueError(
                f"The classes were fitted to {self.means.shape[1]} numbers and {len(levels)} categories; "
                f"the rows have {rows.numbers.shape[1]} and {rows.codes.shape[1]}."
            )
        centre = self.shares @ self.means
        codes = np.where(rows.codes < np.array(levels, np.int32), rows.codes, -1) if levels else rows.codes
        likelihood = Likelihood(Rows(rows.numbers, codes, levels), np.ones(len(rows)), np.zeros(len(centre)), centre)
        theta = np.column_stack([self.shares, *self.probabilities, self.means - centre, self.variances])
        with threadpool_limits(limits=1):
            return likelihood.posterior(theta)[0]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        table = self.table
        return {
            "method": self.method,
            "shares": self.shares.tolist(),
            "probabilities": [item.tolist() for item in self.probabilities],
            "means": self.means.tolist(),
            "variances": self.variances.tolist(),
            "table": None if table is None else {name: getattr(table, name) for name in TableFit.__slots__},
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> LatentClasses:
        """Return what `as_dict` was made of."""
        groups = len(plain["shares"])
        return cls(
            shares=np.array(plain["shares"], np.float64),
            probabilities=tuple(np.array(item, np.float64) for item in plain["probabilities"]),
            means=np.array(plain["means"], np.float64).reshape(groups, -1),
            variances=np.array(plain["variances"], np.float64).reshape(groups, -1),
            table=None if plain["table"] is None else TableFit(**plain["table"]),
            **{name: plain[name] for name in _PLAIN},
        )


_PLAIN = ("rows", "distinct", "log_likelihood", "free_parameters", "entropy", "runs", "reached", "converged")


def fit_classes(
    rows: Rows, groups: int, *, rng: np.random.Generator, weights: Floats | None = None, starts: int = 10
) -> LatentClasses:
    """Return latent classes by maximum likelihood.

    Ten times `starts` random starts take some steps, half of them some more, and so on; the last `starts` are run
    until they come to rest. Beyond some thousand different rows this is done with a sample, and the best runs on
    with all rows.

    Parameters
    ----------
    rows : of length n; values may be missing.
    weights : array of float, shape (n,), how often each row counts.

    Raises
    ------
    ValueError
        When there is no group or no start to look for, or weights are negative or of another number than rows.
    CannotEstimate
        When there are fewer different rows than groups, nothing is known of a column, a number is the same
        everywhere, or a category has more than 1,000 levels.
    """
    if groups < 1 or starts < 1:
        raise ValueError(f"There must be at least one group and one start; asked for were {groups} and {starts}.")
    kept, counts = distinct_rows(rows, weights).counted()
    if len(kept) < groups or not kept.numbers.shape[1] + len(kept.levels):
        raise CannotEstimate(f"{groups} classes need as many different rows; there are {len(kept)}.")
    centre, floors = _spread(kept.numbers, counts)
    likelihood = Likelihood(kept, counts, floors, centre)
    layout = likelihood.layout
    # Products of narrow arrays: more threads would wait for each other.
    with threadpool_limits(limits=1):
        found = best_of_starts(likelihood, groups, rng=rng, starts=starts)
        theta = np.array(sorted(found.theta.tolist(), reverse=True))
        posterior, logs = likelihood.posterior(theta)
    observed = _levels_observed(kept)
    free = groups - 1 + groups * (sum(item - 1 for item in observed) + 2 * layout.numbers)
    return LatentClasses(
        shares=theta[:, 0],
        probabilities=tuple(theta[:, place] for place in layout.categories()),
        means=theta[:, layout.means] + centre,
        variances=theta[:, layout.variances],
        rows=likelihood.total,
        distinct=len(kept),
        log_likelihood=float(counts @ logs),
        free_parameters=free,
        entropy=-float(counts @ xlogy(posterior, posterior).sum(axis=1)),
        table=None if layout.numbers or (kept.codes < 0).any() else _table_fit(counts, logs, observed, free),
        runs=found.runs,
        reached=found.reached,
        converged=found.converged,
    )


def unsure_share(membership: Floats, *, threshold: float = 0.7, weights: Floats | None = None) -> float:
    """Return the share of rows that belong to no group with at least a probability.

    Parameters
    ----------
    membership : array of float, shape (n, groups), as `Grouping.membership` returns it.
    threshold : the probability, above 0 and at most 1.
    weights : array of float, shape (n,), how often each row counts.

    Raises
    ------
    ValueError
        When there are no rows, or the threshold is no probability.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"The threshold must be above 0 and at most 1; it is {threshold}.")
    counts = np.ones(len(membership)) if weights is None else checked_weights(weights, len(membership))
    if not counts.sum() > 0:
        raise ValueError("There are no rows whose membership could be unsure.")
    return float(counts @ (membership.max(axis=1) < threshold) / counts.sum())


def _spread(numbers: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return the mean of each number and the floor of its variance."""
    moments = np.zeros((2, numbers.shape[1]))
    for place, column in enumerate(numbers.T):
        known = ~np.isnan(column)
        values, times = (column, counts) if known.all() else (column[known], counts[known])
        if not len(values):
            raise CannotEstimate("Nothing is known of one of the numbers: no row has it.")
        centre = float(values @ times / times.sum())
        moments[:, place] = centre, float((values - centre) ** 2 @ times / times.sum())
        if moments[1, place] <= 1e-20 * centre**2:
            raise CannotEstimate("One of the numbers is the same everywhere: it tells no classes apart.")
    return moments[0], VARIANCE_FLOOR * moments[1]


def _levels_observed(rows: Rows) -> list[int]:
    observed = [len(np.unique(column[column >= 0])) for column in rows.codes.T]
    if 0 in observed:
        raise CannotEstimate("Nothing is known of one of the categories: no row has it.")
    return observed


def _table_fit(counts: Floats, logs: Floats, observed: list[int], free: int) -> TableFit:
    total = float(counts.sum())
    expected = total * np.exp(logs)
    g2 = 2.0 * float(counts @ np.log(counts / expected))
    # The cells in which nobody is add what is expected of them.
    x2 = float(((counts - expected) ** 2 / expected).sum() + max(total - expected.sum(), 0.0))
    cells = math.prod(observed)
    freedom = cells - 1 - free
    is_told = freedom > 0 and total >= _ROWS_PER_CELL * cells
    return TableFit(
        g2=g2, x2=x2, degrees_of_freedom=freedom,
        p_value=float(gammaincc(freedom / 2.0, max(g2, 0.0) / 2.0)) if is_told else None,
    )  # fmt: skip
