"""BG/NBD and Pareto/NBD with what is known of each customer and does not change.

    alpha_i = alpha e^(-g z_i)      for the transaction process, both models: a positive g buys more often;
    beta_i  = beta e^(-h z_i)       for Pareto/NBD: a positive h leaves sooner;
    a_i, b_i = a e^(h z_i), b e^(h z_i)   for BG/NBD, which moves how much customers differ, not the mean a / (a + b).

References
----------
Fader & Hardie (2007), Incorporating Time-Invariant Covariates into the Pareto/NBD and BG/NBD Models, note 019. The
conventions are those of the R package CLVTools.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases import beta_geometric, pareto_nbd
from satsuma.statistics.purchases.bg_nbd import BgNbd, fit_bg_nbd
from satsuma.statistics.purchases.fitting import SAMPLE, WORTH_SAMPLING, Estimate, Prior, Problem, maximise
from satsuma.statistics.purchases.model import checked_horizon, discounted, unit_of_time
from satsuma.statistics.purchases.pareto_integrals import between
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd, fit_pareto_nbd
from satsuma.statistics.purchases.special import (
    dot,
    log_discount,
    log_rising,
    purchases_while_alive,
    softplus,
)
from satsuma.statistics.purchases.summary import Codes, PurchaseSummary, numbered, sampled_rows

Floats = NDArray[np.float64]
REFERENCE = "Fader & Hardie (2007), note 019"


@dataclass(frozen=True, slots=True, eq=False)
class CovariateRows:
    """Distinct histories with covariates.

    rows : the histories and their counts.
    transaction, lifetime : arrays of float, shape (rows, number of covariates), with their names.
    """

    rows: PurchaseSummary
    transaction: Floats
    lifetime: Floats
    transaction_names: tuple[str, ...]
    lifetime_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def select(self, places: NDArray[np.intp]) -> CovariateRows:
        """Return some of the rows."""
        return CovariateRows(
            self.rows.select(places), self.transaction[places], self.lifetime[places], self.transaction_names,
            self.lifetime_names,
        )  # fmt: skip

    @classmethod
    def compress(
        cls,
        x: ArrayLike,
        t_x: ArrayLike,
        T: ArrayLike,
        *,
        transaction: Mapping[str, ArrayLike] | None = None,
        lifetime: Mapping[str, ArrayLike] | None = None,
        ticks: float | None = None,
    ) -> tuple[CovariateRows, Codes]:
        """Count the different (x, t_x, T, z); see `PurchaseSummary.compress`.

        Parameters
        ----------
        transaction, lifetime : covariates by name, shape (customers,) each, of a size around 1.

        Raises
        ------
        ValueError
            When a covariate has missing numbers or is the same for all customers.
        """
        rows, code = PurchaseSummary.compress(x, t_x, T, ticks=ticks)
        columns = [
            (name, _column(name, values, len(code)))
            for part in (transaction, lifetime)
            for name, values in (part or {}).items()
        ]
        key = code.astype(np.int64)
        for _, values in columns:
            distinct, place = numbered(values - values.min())
            if int(key.max(initial=0)) >= 2**62 // len(distinct):
                key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            key = key * len(distinct) + place
        _, first, inverse, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        stacked = np.array([values[first] for _, values in columns]).reshape(len(columns), len(first)).T
        split = len(transaction or {})
        made = cls(
            rows.select(code[first].astype(np.intp)).counted(count), stacked[:, :split].copy(),
            stacked[:, split:].copy(), tuple(transaction or {}), tuple(lifetime or {}),
        )  # fmt: skip
        return made, inverse.astype(np.int32)


def _column(name: str, values: ArrayLike, size: int) -> Floats:
    column = np.asarray(values, np.float64)
    if column.shape != (size,):
        raise ValueError(f"The covariate {name!r} must have one number for each customer.")
    if not np.isfinite(column).all():
        raise ValueError(f"The covariate {name!r} has numbers that are missing or infinite.")
    if size and column.min() == column.max():
        raise ValueError(f"The covariate {name!r} is the same for all customers, so nothing can be told about it.")
    return column


@dataclass(frozen=True, slots=True, kw_only=True)
class CovariateModel:
    """A model whose parameters depend on covariates.

    base : the parameters of a customer whose covariates are 0.
    transaction, lifetime : coefficients g and h by name.
    """

    base: BgNbd | ParetoNbd
    transaction: Mapping[str, float]
    lifetime: Mapping[str, float]
    estimate: Estimate | None = None

    def log_likelihood(self, data: CovariateRows) -> float:
        """Return the log-likelihood of all customers."""
        theta = np.concatenate(
            [np.log(self.base.values), list(self.transaction.values()), list(self.lifetime.values())]
        )
        return _likelihood(type(self.base), data)(theta)[0]

    def p_alive(self, data: CovariateRows) -> Floats:
        """Return the probability that a customer has not left, shape (rows,)."""
        values, rows = self._by_row(data), data.rows
        if isinstance(self.base, BgNbd):
            return beta_geometric.p_alive(rows, *values, 0)
        found = between(rows.x, rows.t_x, rows.T, *values)
        alive = (values[3] + rows.T) * found.decay
        return np.asarray(alive / (alive + values[2] * found.moments[0]), np.float64)

    def expected_purchases(self, data: CovariateRows, horizon: float) -> Floats:
        """Return the expected purchases between T and T + horizon, shape (rows,)."""
        return self.p_alive(data) * self._while_alive(data, checked_horizon(horizon))

    def expected_purchases_new(self, data: CovariateRows, t: float) -> Floats:
        """Return the expected purchases until t of a new customer with the covariates of each row, shape (rows,)."""
        t, values = checked_horizon(t), self._by_row(data)
        if isinstance(self.base, BgNbd):
            return purchases_while_alive(*values, t)
        none = np.zeros(len(data))
        return pareto_nbd.expected_while_alive(none, none, t, *values)

    def discounted_expected_purchases(
        self, data: CovariateRows, horizon: float | None, *, yearly_discount: float, periods_per_year: float
    ) -> Floats:
        """Return expected purchases until the horizon, discounted to T; see `BgNbd` and `ParetoNbd`."""
        rate = log_discount(yearly_discount, periods_per_year)
        if isinstance(self.base, BgNbd):
            return self.p_alive(data) * discounted(lambda t: self._while_alive(data, t), horizon, rate)
        if horizon is None and rate == 0:
            raise ValueError("Without a horizon the yearly discount must be above 0.")
        r, alpha, s, beta = self._by_row(data)
        life = pareto_nbd.discounted_life(data.rows.T, s, beta, horizon, rate)
        return self.p_alive(data) * (r + data.rows.x) / (alpha + data.rows.T) * life

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON, to be kept."""
        kept = {"base": self.base.as_dict(), "transaction": dict(self.transaction), "lifetime": dict(self.lifetime)}
        return {**kept, "estimate": None if self.estimate is None else self.estimate.as_dict()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CovariateModel:
        """Return the model that `as_dict` was made of."""
        base = BgNbd if plain["base"].get("model") == BgNbd.kind else ParetoNbd
        estimate = plain.get("estimate")
        return cls(
            base=base.from_dict(plain["base"]),
            transaction=dict(plain["transaction"]),
            lifetime=dict(plain["lifetime"]),
            estimate=None if estimate is None else Estimate.from_dict(estimate),
        )

    def _by_row(self, data: CovariateRows) -> tuple[Floats, Floats, Floats, Floats]:
        if data.transaction_names != tuple(self.transaction) or data.lifetime_names != tuple(self.lifetime):
            raise ValueError(
                f"The model has the covariates {', '.join([*self.transaction, *self.lifetime]) or 'none'}, the rows "
                f"{', '.join([*data.transaction_names, *data.lifetime_names]) or 'none'}."
            )
        buying = data.transaction @ np.array(list(self.transaction.values()), np.float64)
        leaving = data.lifetime @ np.array(list(self.lifetime.values()), np.float64)
        return _rows_of(type(self.base), self.base.values, buying, leaving)

    def _while_alive(self, data: CovariateRows, horizon: float) -> Floats:
        values, rows = self._by_row(data), data.rows
        if isinstance(self.base, BgNbd):
            r, alpha, a, b = values
            return purchases_while_alive(r + rows.x, alpha + rows.T, a, b + rows.x, horizon)
        return pareto_nbd.expected_while_alive(rows.x, rows.T, horizon, *values)


def fit_covariates(
    family: type[BgNbd] | type[ParetoNbd],
    data: CovariateRows,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
) -> CovariateModel:
    """Return a model with covariates by maximum likelihood, beginning from the one without.

    A coefficient's standard error stands in the estimate beside those of the base, under `transaction.NAME` and
    `lifetime.NAME`.

    Raises
    ------
    CannotEstimate
        As without covariates; and when two covariates say the same.
    """
    for values in (data.transaction, data.lifetime):
        if values.shape[1] > 1:
            centred = (values - values.mean(axis=0)) * np.sqrt(np.maximum(data.rows.count, 0))[:, None]
            if np.linalg.matrix_rank(centred) < values.shape[1]:
                raise CannotEstimate("One covariate follows from the others: leave one of them out.")
    unit = unit_of_time(data.rows, family.names(), priors)
    plain = (fit_bg_nbd if family is BgNbd else fit_pareto_nbd)(data.rows, penalty=penalty, priors=priors)
    begin = np.concatenate([np.log(plain.values), np.zeros(data.transaction.shape[1] + data.lifetime.shape[1])])
    powers = (0, 1, 0, 1 if family is ParetoNbd else 0) + (0,) * (len(begin) - 4)
    begin -= np.array(powers) * math.log(unit)
    names = (
        family.names()
        + tuple(f"transaction.{name}" for name in data.transaction_names)
        + tuple(f"lifetime.{name}" for name in data.lifetime_names)
    )

    def problem(part: CovariateRows, sample: Problem | None) -> Problem:
        scaled = CovariateRows(
            part.rows.scaled(unit), part.transaction, part.lifetime, part.transaction_names, part.lifetime_names
        )
        same_leaving = beta_geometric.SAME_LEAVING if family is BgNbd else pareto_nbd.SAME_LEAVING
        return Problem(
            names=names,
            evaluate=_likelihood(family, scaled),
            starts=[begin],
            customers=part.rows.customers,
            rows=int(np.count_nonzero(part.rows.count)),
            repeat=part.rows.repeat_customers,
            logs=(True,) * 4 + (False,) * (len(names) - 4),
            powers=powers,
            unit=unit,
            constant=-part.rows.purchases * math.log(unit),
            sample=sample,
            runaway={family.names()[2]: same_leaving, family.names()[3]: same_leaving},
            reference=REFERENCE,
        )

    sample = None
    if len(data) > WORTH_SAMPLING and data.rows.customers > 2 * SAMPLE:
        chosen = _sampled(data)
        sample = problem(chosen, None)
    estimate = maximise(problem(data, sample), penalty=penalty, priors=priors)
    split = 4 + data.transaction.shape[1]
    found = family.of(estimate.values[:4])
    return CovariateModel(
        base=found,
        transaction=dict(zip(data.transaction_names, estimate.values[4:split], strict=True)),
        lifetime=dict(zip(data.lifetime_names, estimate.values[split:], strict=True)),
        estimate=estimate,
    )


def _sampled(data: CovariateRows) -> CovariateRows:
    chosen, count = sampled_rows(data.rows.count, SAMPLE)
    part = data.select(chosen)
    return CovariateRows(
        part.rows.counted(count), part.transaction, part.lifetime, part.transaction_names, part.lifetime_names
    )


def _rows_of(
    family: type[BgNbd] | type[ParetoNbd], base: Sequence[float], buying: Floats, leaving: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the four parameters of each row."""
    first, alpha, third, fourth = base
    r = np.full(len(buying), first)
    if family is BgNbd:
        return r, alpha * np.exp(-buying), third * np.exp(leaving), fourth * np.exp(leaving)
    return r, alpha * np.exp(-buying), np.full(len(buying), third), fourth * np.exp(-leaving)


class _likelihood:  # noqa: N801  called like a function
    """The log-likelihood and its gradient, through the derivatives by each row's own logarithms of parameters."""

    def __init__(self, family: type[BgNbd] | type[ParetoNbd], data: CovariateRows) -> None:
        self.family, self.data = family, data
        self.count = data.rows.count.astype(np.float64)
        self.x, self.x_code = numbered(data.rows.x)
        key = self.x_code.astype(np.int64)
        for column in data.lifetime.T:
            distinct, place = np.unique(column, return_inverse=True)
            key = np.unique(key * len(distinct) + place.ravel(), return_inverse=True)[1].ravel()
        # Rows with the same x and lifetime covariates share their gamma functions.
        _, self.first, self.pair = np.unique(key, return_index=True, return_inverse=True)

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        data = self.data
        split = 4 + data.transaction.shape[1]
        buying, leaving = data.transaction @ theta[4:split], data.lifetime @ theta[split:]
        values = _rows_of(self.family, tuple(np.exp(theta[:4])), buying, leaving)
        by_row, slopes = (self._bg if self.family is BgNbd else self._pareto)(*values)
        slopes = [slope * self.count for slope in slopes]
        moved = slopes[2] + slopes[3] if self.family is BgNbd else -slopes[3]
        gradient = np.concatenate([
            [float(slope.sum()) for slope in slopes], -(slopes[1] @ data.transaction), moved @ data.lifetime
        ])  # fmt: skip
        return dot(self.count, by_row), gradient

    def _bg(self, r: Floats, alpha: Floats, a: Floats, b: Floats) -> tuple[Floats, list[Floats]]:
        """Return log L by row and its derivatives by log r, log alpha_i, log a_i and log b_i."""
        rows = self.data.rows
        shape = float(r[0])
        of_shape = (log_rising(shape, self.x))[self.x_code]
        x, one, other = rows.x[self.first], a[self.first], b[self.first]
        both = one + other
        of_pair = log_rising(other, x) - log_rising(both, x)
        slope_both = digamma(both) - digamma(both + x)
        in_a, in_b = slope_both * one, (digamma(other + x) - digamma(other) + slope_both) * other
        log_T = np.log(alpha + rows.T)
        ratio = log_T - np.log(alpha + rows.t_x)
        total = shape + rows.x
        can_leave = rows.x > 0
        kept = np.where(can_leave, b + rows.x - 1.0, 1.0)
        added, left = softplus(np.log(a) - np.log(kept) + total * ratio)
        added, left = np.where(can_leave, added, 0.0), np.where(can_leave, left, 0.0)
        by_row = of_shape + shape * np.log(alpha) + of_pair[self.pair] - total * log_T + added
        in_r = (digamma(shape + self.x) - digamma(shape))[self.x_code] + np.log(alpha) - log_T + left * ratio
        inverse = 1.0 / (alpha + rows.T)
        in_alpha = shape / alpha - total * inverse + left * total * (inverse - 1.0 / (alpha + rows.t_x))
        return by_row, [in_r * shape, in_alpha * alpha, in_a[self.pair] + left, in_b[self.pair] - left * b / kept]

    def _pareto(self, r: Floats, alpha: Floats, s: Floats, beta: Floats) -> tuple[Floats, list[Floats]]:
        """Return log L by row and its derivatives by log r, log alpha_i, log s and log beta_i."""
        rows = self.data.rows
        shape, decline = float(r[0]), float(s[0])
        found = between(rows.x, rows.t_x, rows.T, shape, alpha, decline, beta)
        alive = (beta + rows.T) * found.decay
        whole = alive + decline * found.moments[0]
        by_row = (gammaln(shape + self.x) - gammaln(shape))[self.x_code] + shape * np.log(alpha)
        by_row = by_row + decline * np.log(beta) + found.log_f + np.log(whole)
        there, gone = alive / whole, decline / whole
        total, moments = shape + rows.x, found.moments
        in_r = (digamma(shape + self.x) - digamma(shape))[self.x_code] + np.log(alpha)
        in_r = in_r - there * np.log(alpha + rows.T) - gone * moments[1]
        in_alpha = shape / alpha - total * (there / (alpha + rows.T) + gone * moments[2])
        in_s = np.log(beta) - there * np.log(beta + rows.T) + moments[0] / whole - gone * moments[3]
        in_beta = decline / beta - decline * there / (beta + rows.T) - (decline + 1.0) * gone * moments[4]
        return by_row, [in_r * shape, in_alpha * alpha, in_s * decline, in_beta * beta]
