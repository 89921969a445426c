"""Intervals by refitting: to the customers drawn again, or to customers drawn from the model.

Drawing customers again with replacement is drawing new counts for the distinct histories (multinomial), so a refit
costs what a fit costs and begins from the estimate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.models import Purchases, fit
from satsuma.statistics.purchases.simulate import simulate
from satsuma.statistics.purchases.summary import PurchaseSummary

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Refitted models.

    models : one for each draw that could be fitted. failed : draws that could not, or did not converge; with more
    than a few the intervals are too narrow.
    """

    models: tuple[Purchases, ...]
    failed: int

    @property
    def values(self) -> Floats:
        """The parameters, shape (draws, parameters)."""
        return np.array([model.values for model in self.models])

    def interval(self, level: float = 0.95) -> Floats:
        """Return the interval of each parameter between quantiles, shape (parameters, 2)."""
        return _interval(self.values, level).T

    def interval_of(self, statistic: Callable[[Purchases], ArrayLike], level: float = 0.95) -> Floats:
        """Return the interval of anything that a model says, shape (..., 2)."""
        found = np.array([np.asarray(statistic(model), np.float64) for model in self.models])
        return np.moveaxis(_interval(found, level), 0, -1)


def bootstrap(model: Purchases, rows: PurchaseSummary, *, draws: int, rng: np.random.Generator) -> Bootstrap:
    """Refit a model to the customers drawn again with replacement, `draws` times."""
    customers = rows.customers
    if customers == 0:
        raise CannotEstimate("There are no customers to draw from.")
    shares = rows.count / customers
    return _refitted(model, draws, lambda: rows.counted(rng.multinomial(customers, shares)))


def parametric_bootstrap(model: Purchases, rows: PurchaseSummary, *, draws: int, rng: np.random.Generator) -> Bootstrap:
    """Refit a model to customers drawn from it, as old as those of the rows, `draws` times."""
    ages = np.repeat(rows.T, rows.count)

    def drawn() -> PurchaseSummary:
        made = simulate(model, ages, rng)
        return PurchaseSummary.compress(made.x, made.t_x, made.T)[0]

    return _refitted(model, draws, drawn)


def _refitted(model: Purchases, draws: int, data: Callable[[], PurchaseSummary]) -> Bootstrap:
    if draws < 2:
        raise ValueError("An interval needs at least two draws.")
    penalty = model.estimate.penalty if model.estimate is not None else 0.0
    models, failed = [], 0
    for _ in range(draws):
        rows = data()
        try:
            refitted = fit(model.kind, rows, penalty=penalty, start=model.values)
        except CannotEstimate:
            failed += 1
            continue
        if refitted.estimate is not None and refitted.estimate.converged:
            models.append(refitted)
        else:
            failed += 1
    if len(models) < 2:
        raise CannotEstimate(f"Of {draws} draws {failed} could not be fitted: the customers are too few for intervals.")
    return Bootstrap(tuple(models), failed)


def _interval(found: Floats, level: float) -> Floats:
    if not 0 < level < 1:
        raise ValueError("The level must be between 0 and 1.")
    return np.quantile(found, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
