"""Gaussian mixtures of numbers: groups with a size and a shape of their own, and how sure each row is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import logsumexp

from satsuma.statistics.clustering.kmeans import check_shape, order_by_size
from satsuma.statistics.clustering.lloyd import best_centres
from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.clustering.space import chunks
from satsuma.statistics.errors import CannotEstimate

#: full: any ellipse each; tied: one ellipse for all; diagonal: axes along the traits, each its own; spherical: a ball
#: each; balls: one ball for all. In the letters of R's mclust VVV, EEE, VVI, VII and EII.
Shape = Literal["full", "tied", "diagonal", "spherical", "balls"]
SHAPES: tuple[Shape, ...] = ("full", "tied", "diagonal", "spherical")

#: Up to this many rows all starts and shapes run on all rows; above, on so many drawn ones, and the best goes on.
ALL_STARTS = 5_000
#: A fit has converged when the mean log-likelihood of a row rises by less in a step; starts are compared earlier.
CONVERGED = 1e-9
COMPARED = 1e-6
CONVERGED_MANY = 1e-5
MOST_STEPS = 2000
#: No variance is let below this share of the mean variance: a group of equal rows would have an endless likelihood.
FLOOR = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MixtureGroups:
    """A fitted mixture.

    shares : shape (groups,). means : shape (groups, d). covariances : shape (groups, d, d).
    log_likelihood : of the weighted rows. parameters : how many were estimated.
    bic : parameters x log(rows) - 2 log-likelihood, the lower the better. icl : bic and twice the entropy of the
    memberships: it counts against groups that overlap. by_shape : the least bic of each shape that was tried.
    """

    shape: Shape
    shares: Floats
    means: Floats
    covariances: Floats
    log_likelihood: float
    parameters: int
    bic: float
    icl: float
    by_shape: Mapping[str, float]
    rows: float
    converged: bool

    @property
    def method(self) -> str:
        """The name of the method."""
        return "mixture"

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.shares)

    @property
    def cost(self) -> float:
        """The criterion of Bayes, by which the shape was chosen."""
        return self.bic

    def assign(self, rows: Rows) -> Codes:
        """Return the group that each row belongs to most surely."""
        found: Codes = self._densities(rows).argmax(axis=1).astype(np.int32)
        return found

    def membership(self, rows: Rows) -> Floats | None:
        """Return the probability of each group, shape (n, groups)."""
        logs = self._densities(rows)
        found: Floats = np.exp(logs - logsumexp(logs, axis=1, keepdims=True))
        return found

    def _densities(self, rows: Rows) -> Floats:
        check_shape(rows, self.means.shape[1], ())
        _check_complete(rows)
        found = np.empty((len(rows), self.groups))
        for part in chunks(len(rows), self.means.shape[1] * 2):
            found[part] = _log_densities(rows.numbers[part], self.shares, self.means, self.covariances)
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as plain JSON."""
        return {
            "method": self.method, "shape": self.shape, "shares": self.shares.tolist(), "means": self.means.tolist(),
            "covariances": self.covariances.tolist(), "log_likelihood": self.log_likelihood,
            "parameters": self.parameters, "bic": self.bic, "icl": self.icl, "by_shape": dict(self.by_shape),
            "rows": self.rows, "converged": self.converged,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> MixtureGroups:
        """Return the fit that `as_dict` wrote."""
        kept = {key: value for key, value in plain.items() if key != "method"}
        for name in ("shares", "means", "covariances"):
            kept[name] = np.array(plain[name], np.float64)
        return cls(**kept)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    shares: Floats
    means: Floats
    covariances: Floats
    log_likelihood: float
    entropy: float
    converged: bool


def fit_mixture(
    rows: Rows,
    groups: int,
    *,
    rng: np.random.Generator,
    weights: Floats | None = None,
    starts: int = 10,
    shapes: Sequence[Shape] = SHAPES,
) -> MixtureGroups:
    """Return the mixture with the least BIC over shapes, each the most likely of several starts from k-means.

    Raises
    ------
    ValueError
        When the rows have categories or something is missing.
    CannotEstimate
        When there are too few rows.

    References
    ----------
    Dempster, Laird and Rubin (1977); Fraley and Raftery (2002), JASA 97, for shapes and BIC; Biernacki, Celeux and
    Govaert (2000) for ICL.
    """
    points, weight = _mixable(rows, groups, weights)
    width = points.shape[1]
    whole = float(weight.sum())
    if len(points) <= ALL_STARTS:
        few, few_weight = points, weight
    else:
        drawn = rng.choice(len(points), ALL_STARTS, replace=False, shuffle=False)
        few, few_weight = points[drawn], weight[drawn]
    begun = [best_centres(few, few_weight, groups, rng=rng, starts=1)[1] for _ in range(starts)]
    begun = [
        labels for place, labels in enumerate(begun) if not any((labels == other).all() for other in begun[:place])
    ]
    best: dict[Shape, _Fit] = {}
    for shape in shapes:
        for labels in begun:
            found = _expect(few, few_weight, np.eye(groups)[labels], shape, COMPARED)
            if shape not in best or found.log_likelihood > best[shape].log_likelihood:
                best[shape] = found
    last = CONVERGED if len(few) == len(points) else COMPARED
    best = {shape: _expect(few, few_weight, None, shape, last, begin=fit) for shape, fit in best.items()}
    rows_few = float(few_weight.sum())
    by_shape = {
        shape: _free(shape, groups, width) * math.log(rows_few) - 2.0 * fit.log_likelihood
        for shape, fit in best.items()
    }
    chosen = min(by_shape, key=lambda shape: by_shape[shape])
    fit = best[chosen]
    if len(points) > len(few):
        fit = _expect(points, weight, None, chosen, CONVERGED_MANY, begin=fit)
    free = _free(chosen, groups, width)
    bic = free * math.log(whole) - 2.0 * fit.log_likelihood
    order = order_by_size(fit.shares, fit.means)
    return MixtureGroups(
        shape=chosen, shares=fit.shares[order], means=fit.means[order], covariances=fit.covariances[order],
        log_likelihood=fit.log_likelihood, parameters=free, bic=bic, icl=bic + 2.0 * fit.entropy,
        by_shape={str(shape): value for shape, value in by_shape.items()}, rows=whole, converged=fit.converged,
    )  # fmt: skip


def _mixable(rows: Rows, groups: int, weights: Floats | None) -> tuple[Floats, Floats]:
    if rows.levels:
        raise ValueError("A Gaussian mixture is of numbers alone; rows with categories suit latent classes.")
    _check_complete(rows)
    weight = np.ones(len(rows)) if weights is None else np.asarray(weights, np.float64)
    if groups < 1 or len(weight) != len(rows) or (weight < 0).any():
        raise ValueError("There must be at least one group, and one weight for each row, none below 0.")
    used = weight > 0
    points, weight = rows.numbers[used], weight[used]
    if len(points) <= points.shape[1] or len(np.unique(points, axis=0)) < groups:
        raise CannotEstimate(f"There are {len(points)} rows, too few for {groups} groups of {points.shape[1]} numbers.")
    return points, weight


def _check_complete(rows: Rows) -> None:
    if not rows.is_complete:
        raise ValueError("A Gaussian mixture needs complete rows. Encode them with complete=True.")


def _free(shape: Shape, groups: int, width: int) -> int:
    """Return how many parameters a mixture has."""
    triangle = width * (width + 1) // 2
    variances = {
        "full": groups * triangle, "tied": triangle, "diagonal": groups * width, "spherical": groups, "balls": 1,
    }[shape]  # fmt: skip
    return groups - 1 + groups * width + variances


def _expect(
    points: Floats,
    weight: Floats,
    memberships: Floats | None,
    shape: Shape,
    tolerance: float,
    begin: _Fit | None = None,
) -> _Fit:
    """Return where expectation and maximisation end, from memberships or from a fit."""
    whole = float(weight.sum())
    floor = FLOOR * float(
        np.average((points - np.average(points, axis=0, weights=weight)) ** 2, axis=0, weights=weight).mean()
    )
    if begin is not None:
        shares, means, covariances = begin.shares, begin.means, begin.covariances
    else:
        assert memberships is not None
        shares, means, covariances = _maximise(points, memberships * weight[:, None], shape, floor)
    last, converged, entropy = -np.inf, False, 0.0
    for _ in range(MOST_STEPS):
        logs = _log_densities(points, shares, means, covariances)
        totals = logsumexp(logs, axis=1)
        now = float(totals @ weight)
        memberships = np.exp(logs - totals[:, None])
        if now - last < tolerance * whole:
            converged = True
            entropy = float(-(weight @ (memberships * np.maximum(logs - totals[:, None], -700.0)).sum(axis=1)))
            break
        last = now
        shares, means, covariances = _maximise(points, memberships * weight[:, None], shape, floor)
    return _Fit(shares, means, covariances, now, entropy, converged)


def _maximise(points: Floats, parts: Floats, shape: Shape, floor: float) -> tuple[Floats, Floats, Floats]:
    sizes = np.maximum(parts.sum(axis=0), 1e-10)
    means = parts.T @ points / sizes[:, None]
    groups, width = means.shape
    shares = sizes / sizes.sum()
    if shape in ("full", "tied"):
        covariances = np.empty((groups, width, width))
        for group in range(groups):
            gap = points - means[group]
            covariances[group] = (gap * parts[:, group : group + 1]).T @ gap / sizes[group]
        if shape == "tied":
            covariances[:] = np.einsum("g,gij->ij", shares, covariances)
        values, vectors = np.linalg.eigh(covariances)
        if values.min() < floor:
            covariances = np.einsum("gij,gj,gkj->gik", vectors, np.maximum(values, floor), vectors)
        return shares, means, covariances
    variances = np.maximum(parts.T @ points**2 / sizes[:, None] - means**2, 0.0)
    if shape == "spherical":
        variances[:] = variances.mean(axis=1, keepdims=True)
    elif shape == "balls":
        variances[:] = (shares @ variances).mean()
    return shares, means, np.maximum(variances, floor)[:, :, None] * np.eye(width)


def _log_densities(points: Floats, shares: Floats, means: Floats, covariances: Floats) -> Floats:
    groups, width = means.shape
    found = np.empty((len(points), groups))
    for group in range(groups):
        lower = np.linalg.cholesky(covariances[group])
        # Few coordinates: the inverse of a small triangle, once, is quicker than a solve over all rows.
        turned = (points - means[group]) @ np.linalg.inv(lower).T
        found[:, group] = (
            math.log(max(shares[group], 1e-300)) - 0.5 * (turned**2).sum(axis=1)
            - np.log(lower.diagonal()).sum() - 0.5 * width * math.log(2.0 * math.pi)
        )  # fmt: skip
    return found
