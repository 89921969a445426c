"""Is a model right about customers it has not seen the future of? Tables of expected against actual.

The log is cut at a moment: the model is fitted to the calibration period and says what comes in the validation period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.purchases.model import PurchaseModel

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ByFrequency:
    """Purchases in the validation period by x in the calibration period, shape (groups,).

    frequency : x; the last group is that many and more. customers : how many.
    actual, expected : means per customer; NaN in a group of nobody.
    total_actual, total_expected : sums over all. correlation : of both over customers, None where one is constant.
    mean_absolute_error : over customers.
    """

    frequency: Whole
    customers: Whole
    actual: Floats
    expected: Floats
    total_actual: float
    total_expected: float
    correlation: float | None
    mean_absolute_error: float


def by_frequency(
    x: ArrayLike, actual: ArrayLike, expected: ArrayLike, *, count: ArrayLike | None = None, top: int = 7
) -> ByFrequency:
    """Return actual and expected purchases of the validation period by x.

    Parameters
    ----------
    x, actual, expected : shape (customers,)
    count : customers of each row, when rows are histories.
    top : the last group, of x = top and more.
    """
    x, actual, expected = (np.asarray(values, np.float64) for values in (x, actual, expected))
    weight = np.ones(len(x)) if count is None else np.asarray(count, np.float64)
    if not x.shape == actual.shape == expected.shape == weight.shape:
        raise ValueError("x, actual, expected and count must be of one length.")
    if not weight.sum() > 0:
        raise ValueError("There are no customers to compare.")
    group = np.minimum(x, top).astype(np.int64)
    size = np.bincount(group, weights=weight, minlength=top + 1)
    means = []
    for values in (actual, expected):
        total = np.bincount(group, weights=weight * values, minlength=top + 1)
        means.append(np.divide(total, size, out=np.full(top + 1, np.nan), where=size > 0))
    n = float(weight.sum())
    off = [values - float(weight @ values) / n for values in (actual, expected)]
    scale = math.sqrt(float(weight @ off[0] ** 2) * float(weight @ off[1] ** 2))
    return ByFrequency(
        np.arange(top + 1),
        size.astype(np.int64),
        means[0],
        means[1],
        float(weight @ actual),
        float(weight @ expected),
        float(weight @ (off[0] * off[1])) / scale if scale > 0 else None,
        float(weight @ np.abs(actual - expected)) / n,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Tracking:
    """Repeat purchases of all customers by period, shape (periods,).

    period : 1, 2, ... from the first customer's first purchase. expected, actual : in the period; actual is empty
    when it was not given. is_calibration : whether the model was fitted to the period.
    """

    period: Whole
    expected: Floats
    actual: Floats
    is_calibration: NDArray[np.bool_]

    @property
    def expected_cumulative(self) -> Floats:
        """Expected purchases until the end of the period."""
        return np.cumsum(self.expected)

    @property
    def actual_cumulative(self) -> Floats:
        """Actual purchases until the end of the period."""
        return np.cumsum(self.actual)


def expected_tracking(
    model: PurchaseModel,
    T: ArrayLike,
    periods: int,
    *,
    count: ArrayLike | None = None,
    actual: ArrayLike | None = None,
) -> Tracking:
    """Return the expected repeat purchases of each period, over customers who began at different times.

    The expected purchases until calendar time t are the sum over customers born at b < t of E[X(t - b)]; b is the
    longest T less the customer's own.

    Parameters
    ----------
    T : age of each customer (or row, with `count`) at the end of the calibration period
    periods : how many, each one unit of T, from the birth of the oldest customer.
    actual : repeat purchases in each of the periods, shape (periods,)
    """
    ages, code = np.unique(np.asarray(T, np.float64), return_inverse=True)
    if not len(ages):
        raise ValueError("There are no customers to track.")
    weight = np.bincount(code.ravel(), weights=None if count is None else np.asarray(count, np.float64))
    born = ages[-1] - ages
    ends = np.arange(1.0, periods + 1.0)
    since = np.maximum(ends[:, None] - born, 0.0)
    distinct, place = np.unique(since, return_inverse=True)
    expected = model.expected_purchases_new(distinct)[place.reshape(since.shape)] @ weight
    made = np.empty(0) if actual is None else np.asarray(actual, np.float64)
    if actual is not None and made.shape != (periods,):
        raise ValueError("There must be one actual number for each period.")
    return Tracking(
        np.arange(1, periods + 1), np.diff(np.concatenate([[0.0], expected])), made, ends <= ages[-1] + 1e-9
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """How many customers bought x times, actual and expected, shape (groups,); the last group is that many and more."""

    frequency: Whole
    actual: Whole
    expected: Floats


def frequencies(
    model: PurchaseModel, x: ArrayLike, T: ArrayLike, *, count: ArrayLike | None = None, top: int = 7
) -> Frequencies:
    """Return the fit in the calibration period itself: customers by x, each model's P(X(T) = x) summed over them."""
    x, T = np.asarray(x, np.float64), np.asarray(T, np.float64)
    weight = np.ones(len(x)) if count is None else np.asarray(count, np.float64)
    ages, code = np.unique(T, return_inverse=True)
    by_age = np.bincount(code.ravel(), weights=weight, minlength=len(ages))
    chances = np.array([model.probability_of_n(np.full(len(ages), float(n)), ages) @ by_age for n in range(top)])
    expected = np.append(chances, by_age.sum() - chances.sum())
    actual = np.bincount(np.minimum(x, top).astype(np.int64), weights=weight, minlength=top + 1)
    return Frequencies(np.arange(top + 1), actual.astype(np.int64), expected)
