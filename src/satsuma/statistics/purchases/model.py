"""What the models have in common: parameters by name, keeping them as JSON, discounting."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.purchases.fitting import Estimate, Prior
from satsuma.statistics.purchases.special import gauss_legendre
from satsuma.statistics.purchases.summary import PurchaseSummary

Floats = NDArray[np.float64]


class PurchaseModel(Protocol):
    """What a model of purchases answers, each for all rows of a summary; horizons in the unit of its times."""

    def p_alive(self, rows: PurchaseSummary) -> Floats: ...

    def expected_purchases(self, rows: PurchaseSummary, horizon: float) -> Floats: ...

    def expected_purchases_new(self, t: ArrayLike) -> Floats: ...

    def probability_of_n(self, n: ArrayLike, t: ArrayLike) -> Floats: ...

    def discounted_expected_purchases(
        self, rows: PurchaseSummary, horizon: float | None, *, yearly_discount: float, periods_per_year: float
    ) -> Floats: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Base of all models: parameters above 0 as fields, and how they were estimated, if they were."""

    kind: ClassVar[str]
    estimate: Estimate | None = None

    def __post_init__(self) -> None:
        for name in self.names():
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and 0 < value < math.inf):
                raise ValueError(f"The parameter {name} must be a number above 0.")

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the parameters."""
        return tuple(item.name for item in fields(cls) if item.default is MISSING)

    @classmethod
    def _facts(cls) -> tuple[str, ...]:
        """Return the names of what else is known, which has a default."""
        return tuple(item.name for item in fields(cls) if item.default is not MISSING and item.name != "estimate")

    @property
    def values(self) -> tuple[float, ...]:
        """The parameters in their order."""
        return tuple(float(getattr(self, name)) for name in self.names())

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON, to be kept."""
        kept: dict[str, Any] = {"model": self.kind, **dict(zip(self.names(), self.values, strict=True))}
        kept.update({name: getattr(self, name) for name in self._facts()})
        if self.estimate is not None:
            kept["estimate"] = self.estimate.as_dict()
        return kept

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the model that `as_dict` was made of.

        Raises
        ------
        ValueError
            When it is another model, or a parameter is missing.
        """
        if plain.get("model") != cls.kind:
            raise ValueError(f"These are the parameters of {plain.get('model')!r}, not of {cls.kind!r}.")
        missing = [name for name in cls.names() if name not in plain]
        if missing:
            raise ValueError(f"The parameter {missing[0]} is missing.")
        facts: dict[str, Any] = {name: plain[name] for name in cls._facts() if name in plain}
        if plain.get("estimate") is not None:
            facts["estimate"] = Estimate.from_dict(plain["estimate"])
        return cls.of([float(plain[name]) for name in cls.names()], **facts)

    @classmethod
    def of(cls, values: Sequence[float], **facts: Any) -> Self:
        """Return the model with parameters in their order."""
        given: dict[str, Any] = {**dict(zip(cls.names(), values, strict=True)), **facts}
        return cls(**given)

    @classmethod
    def estimated(cls, estimate: Estimate) -> Self:
        """Return the model of an estimate."""
        return cls.of(estimate.values, estimate=estimate)


def unit_of_time(
    rows: PurchaseSummary, names: tuple[str, ...], priors: Mapping[str, Prior] | None, *, is_discrete: bool = False
) -> float:
    """Return the unit in which customers are 10 old on average, having refused what no model can be fitted to.

    Raises
    ------
    CannotEstimate
        When nobody is observed for any time or bought again, or all customers have one history, unless there is a
        prior for every parameter.
    """
    customers = rows.customers
    if customers == 0:
        raise CannotEstimate("There are no customers.")
    age = float(rows.T @ rows.count) / customers
    if not age > 0:
        raise CannotEstimate("No customer has been observed for any time after the first purchase (T is 0 for all).")
    if not set(names) <= set(priors or {}):
        if rows.repeat_customers == 0:
            raise CannotEstimate(
                f"None of the {customers} customers bought again: nothing can be told about rhythm or leaving. Wait "
                "for repeat purchases, or give a prior for every parameter."
            )
        some = rows.count > 0
        if all(values[some].min() == values[some].max() for values in (rows.x, rows.t_x, rows.T)):
            raise CannotEstimate(
                f"All of the {customers} customers have one and the same history: nothing can be told about how they "
                "differ. More customers, or a prior for every parameter, would help."
            )
    return 1.0 if is_discrete else age / 10.0


def checked_horizon(horizon: float) -> float:
    """Return a horizon, or say that it is none."""
    if not 0 <= horizon < math.inf:
        raise ValueError("The horizon must be a number from 0 up, in the unit of T.")
    return float(horizon)


def discounted(expected: Callable[[float], Floats], horizon: float | None, rate: float) -> Floats:
    """Return the integral of e^(-rate t) dE(t) to the horizon, from E(t), the expected purchases until t.

    By parts: e^(-rate h) E(h) + rate x the integral of e^(-rate t) E(t), the integral by 16 Gauss-Legendre nodes on
    the square root's scale, which are dense where E bends.

    Raises
    ------
    ValueError
        When there is no horizon: only Pareto/NBD and BG/BB have a value without one.
    """
    if horizon is None:
        raise ValueError("This model needs a horizon; Pareto/NBD and BG/BB can do without.")
    horizon = checked_horizon(horizon)
    total = math.exp(-rate * horizon) * expected(horizon)
    if rate > 0 and horizon > 0:
        place, weight = gauss_legendre(16)
        for u, w in zip(place, weight, strict=True):
            t = horizon * u * u
            total = total + (rate * 2.0 * horizon * u * w * math.exp(-rate * t)) * expected(t)
    return total
