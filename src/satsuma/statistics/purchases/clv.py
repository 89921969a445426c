"""What a customer is still worth: discounted purchases to come x expected spend x margin.

What was spent until now is no part of it, nor is what winning the customer cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.purchases.gamma_gamma import GammaGamma
from satsuma.statistics.purchases.model import PurchaseModel
from satsuma.statistics.purchases.summary import PurchaseSummary

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LifetimeValue:
    """Value by customer, shape (customers,).

    p_alive : probability of not having left. discounted_purchases : expected purchases until the horizon, each
    discounted to now. expected_spend : mean per purchase, in the unit of money. clv : their product, x margin.
    horizon : in the unit of time, None for no end.
    """

    p_alive: Floats
    discounted_purchases: Floats
    expected_spend: Floats
    clv: Floats
    horizon: float | None
    yearly_discount: float
    margin: float


def lifetime_value(
    model: PurchaseModel,
    spend: GammaGamma,
    rows: PurchaseSummary,
    inverse: NDArray[np.integer],
    m_x: ArrayLike,
    *,
    horizon: float | None,
    yearly_discount: float,
    periods_per_year: float,
    margin: float = 1.0,
) -> LifetimeValue:
    """Return each customer's value.

    Parameters
    ----------
    rows, inverse : what `PurchaseSummary.compress` returned.
    m_x : mean spend of the repeat purchases, shape (customers,); not read with x = 0. Zero or negative mean spend is
        treated as unknown, as it was in fitting.
    horizon : in the unit of T; None, for Pareto/NBD and BG/BB, for no end.
    yearly_discount : 0.1 for ten per cent. periods_per_year : units of T in a year, 52.18 for weeks.
    margin : the share of spend that is kept, up to 1.

    Raises
    ------
    ValueError
        When the margin is none, or an array has the wrong length.
    CannotEstimate
        When the expected spend has no finite value.
    """
    if not (0 < margin <= 1 and math.isfinite(margin)):
        raise ValueError("The margin must be above 0 and at most 1.")
    mean = np.asarray(m_x, np.float64)
    if mean.shape != inverse.shape:
        raise ValueError("There must be one mean spend for each customer.")
    x = rows.x[inverse]
    discounted = model.discounted_expected_purchases(
        rows, horizon, yearly_discount=yearly_discount, periods_per_year=periods_per_year
    )[inverse]
    known = (x > 0) & (mean > 0)
    expected = spend.expected_spend(np.where(known, x, 0.0), np.where(known, mean, 0.0))
    return LifetimeValue(
        p_alive=model.p_alive(rows)[inverse],
        discounted_purchases=discounted,
        expected_spend=expected,
        clv=discounted * expected * margin,
        horizon=horizon,
        yearly_discount=yearly_discount,
        margin=margin,
    )
