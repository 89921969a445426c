"""How good predictions are: of an event, and of an amount.

Every function takes `weights`, shape (n,), which count a row as so many; without them every row counts once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, xlogy
from scipy.stats import norm

from satsuma.statistics.errors import CannotEstimate

Floats = NDArray[np.float64]

#: Probabilities are kept this far from 0 and 1 where their logarithm is taken.
EDGE = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and the interval that holds it at the level stated."""

    estimate: float
    low: float
    high: float
    level: float

    def holds(self, value: float) -> bool:
        """Return whether a value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Auc:
    """The chance that a random positive is scored above a random negative, equal scores counted half.

    standard_error : DeLong's. low, high : interval at `level` on the logit scale, so that it stays inside 0 to 1.
    """

    estimate: float
    standard_error: float
    low: float
    high: float
    level: float
    positives: int
    negatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """First minus second AUC on the same rows, with DeLong's standard error and the two-sided p-value."""

    estimate: float
    standard_error: float
    low: float
    high: float
    level: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """The line logit P(y) = intercept + slope logit(p), fitted by maximum likelihood.

    A slope of 1 and an intercept of 0 mean that predictions say what happens; a slope below 1, that they are too
    extreme. `level` is the intercept with the slope held at 1: above 0 where predictions are too low on the whole.
    """

    slope: float
    intercept: float
    slope_low: float
    slope_high: float
    level: float
    level_low: float
    level_high: float
    confidence: float


def auc(outcome: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95) -> Auc:
    """Return the area under the ROC curve with DeLong's interval.

    Parameters
    ----------
    outcome : array of 0 and 1, shape (n,)
    score : array of float, shape (n,)

    Raises
    ------
    CannotEstimate
        When all outcomes are alike.

    Notes
    -----
    At 0 and 1 DeLong's variance is 0, which is not certainty: the border is then the binomial one of the smaller
    class, (1 - level) / 2 to the power of 1 / its size.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; by ranks as in Sun and Xu (2014).
    """
    positive, negative, shares = _components(outcome, [score], weights)
    estimate = float(positive[0] @ shares[0])
    error = math.sqrt(float(_covariance(positive, negative, shares)[0, 0]))
    sizes = len(shares[0]), len(shares[1])
    low, high = _auc_interval(estimate, error, min(sizes), level)
    return Auc(estimate=estimate, standard_error=error, low=low, high=high, level=level, positives=sizes[0],
               negatives=sizes[1])  # fmt: skip


def auc_difference(
    outcome: ArrayLike, first: ArrayLike, second: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95
) -> AucDifference:
    """Return first minus second AUC of two scores of the same rows; parameters as of `auc`."""
    positive, negative, shares = _components(outcome, [first, second], weights)
    areas = positive @ shares[0]
    covariance = _covariance(positive, negative, shares)
    estimate = float(areas[0] - areas[1])
    error = math.sqrt(max(float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1]), 0.0))
    reach = float(norm.isf((1.0 - level) / 2.0)) * error
    p_value = float(2.0 * norm.sf(abs(estimate) / error)) if error > 0 else float(estimate == 0)
    return AucDifference(estimate=estimate, standard_error=error, low=estimate - reach, high=estimate + reach,
                         level=level, p_value=p_value)  # fmt: skip


def _components(
    outcome: ArrayLike, scores: list[ArrayLike], weights: ArrayLike | None
) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """Return DeLong's structural components, shape (scores, positives) and (scores, negatives), and the shares."""
    happened, weight = _binary(outcome, weights)
    positives, negatives = weight[happened], weight[~happened]
    if not positives.sum() > 0 or not negatives.sum() > 0:
        raise CannotEstimate("All outcomes are alike, so nothing can be told apart.")
    shares = positives / positives.sum(), negatives / negatives.sum()
    above = np.empty((len(scores), len(positives)))
    below = np.empty((len(scores), len(negatives)))
    for number, score in enumerate(scores):
        values = np.asarray(score, np.float64)
        above[number] = _share_below(values[~happened], shares[1], values[happened])
        below[number] = 1.0 - _share_below(values[happened], shares[0], values[~happened])
    return above, below, shares


def _share_below(values: Floats, shares: Floats, at: Floats) -> Floats:
    """Return the share of values below each point, equal ones counted half."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    cumulated = np.concatenate([[0.0], np.cumsum(shares[order])])
    found: Floats = (
        cumulated[np.searchsorted(ordered, at, side="left")] + cumulated[np.searchsorted(ordered, at, side="right")]
    ) / 2.0
    return found


def _covariance(positive: Floats, negative: Floats, shares: tuple[Floats, Floats]) -> Floats:
    total = np.zeros((len(positive), len(positive)))
    for components, share in ((positive, shares[0]), (negative, shares[1])):
        centred = (components - (components @ share)[:, None]) * share
        size = int((share > 0).sum())
        total += centred @ centred.T * (size / max(size - 1, 1))
    return total


def _auc_interval(estimate: float, error: float, smaller: int, level: float) -> tuple[float, float]:
    tail = (1.0 - level) / 2.0
    if estimate <= 0.0 or estimate >= 1.0:
        border = 1.0 - tail ** (1.0 / max(smaller, 1))
        return (0.0, border) if estimate <= 0.0 else (1.0 - border, 1.0)
    centre = float(logit(estimate))
    reach = float(norm.isf(tail)) * error / (estimate * (1.0 - estimate))
    return float(expit(centre - reach)), float(expit(centre + reach))


def average_precision(outcome: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the area under the precision-recall curve: sum of (R(k) - R(k-1)) P(k) over distinct scores.

    The base rate is what a random score reaches.

    Raises
    ------
    CannotEstimate
        When there is no positive.
    """
    happened, weight = _binary(outcome, weights)
    values = np.asarray(score, np.float64)
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    reached = np.cumsum(weight[order])[ends]
    hits = np.cumsum((weight * happened)[order])[ends]
    if len(hits) == 0 or not hits[-1] > 0:
        raise CannotEstimate("There is no positive outcome, so precision has no meaning.")
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(reached > 0, hits / reached, 0.0)
    return float(np.diff(np.concatenate([[0.0], hits])) @ precision / hits[-1])


def log_losses(outcome: ArrayLike, probability: ArrayLike) -> Floats:
    """Return the log loss of each row in nats, shape (n,)."""
    happened = np.asarray(outcome, np.float64)
    chance = np.clip(np.asarray(probability, np.float64), EDGE, 1.0 - EDGE)
    found: Floats = -(xlogy(happened, chance) + xlogy(1.0 - happened, 1.0 - chance))
    return found


def log_loss(outcome: ArrayLike, probability: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the mean log loss in nats."""
    return _mean(log_losses(outcome, probability), weights)


def brier(outcome: ArrayLike, probability: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the mean squared distance between outcome and probability."""
    return _mean((np.asarray(outcome, np.float64) - np.asarray(probability, np.float64)) ** 2, weights)


def calibration_error(
    outcome: ArrayLike, probability: ArrayLike, *, weights: ArrayLike | None = None, bins: int = 10
) -> float:
    """Return the expected calibration error: the mean distance between rate and mean prediction over bins.

    Bins hold about equal numbers of rows; equal predictions share a bin. Chance alone makes it positive, the more so
    the fewer rows there are.
    """
    happened, chance = np.asarray(outcome, np.float64), np.asarray(probability, np.float64)
    weight = _weights(weights, len(happened))
    place = _share_below(chance, weight / weight.sum(), chance)
    number = np.minimum((place * bins).astype(np.int64), bins - 1)
    gap = np.bincount(number, weights=weight * (happened - chance), minlength=bins)
    return float(np.abs(gap).sum() / weight.sum())


def recalibration(
    outcome: ArrayLike, probability: ArrayLike, *, weights: ArrayLike | None = None, confidence: float = 0.95
) -> Recalibration:
    """Return the calibration slope and intercept with Wald intervals.

    Raises
    ------
    CannotEstimate
        When outcomes are alike, predictions are alike, or predictions part the outcomes without a mistake.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression, Biometrika 45.
    """
    happened, weight = _binary(outcome, weights)
    if not (weight[happened].sum() > 0 and weight[~happened].sum() > 0):
        raise CannotEstimate("All outcomes are alike, so the calibration slope cannot be estimated.")
    chance = np.clip(np.asarray(probability, np.float64), EDGE, 1.0 - EDGE)
    score: Floats = logit(chance)
    used = score[weight > 0]
    if float(np.ptp(used)) < 1e-9:
        raise CannotEstimate("All predictions are alike, so the calibration slope cannot be estimated.")
    upper, lower = score[happened & (weight > 0)], score[~happened & (weight > 0)]
    if upper.min() >= lower.max() or upper.max() <= lower.min():
        raise CannotEstimate(
            "The predictions part the outcomes without a mistake, so the calibration slope has no limit."
        )
    line, spread = fit_line(happened.astype(np.float64), score, weight, slope=None)
    shift, shift_spread = fit_line(happened.astype(np.float64), score, weight, slope=1.0)
    reach = float(norm.isf((1.0 - confidence) / 2.0))
    return Recalibration(
        slope=line[1], intercept=line[0], slope_low=line[1] - reach * spread[1],
        slope_high=line[1] + reach * spread[1], level=shift[0], level_low=shift[0] - reach * shift_spread[0],
        level_high=shift[0] + reach * shift_spread[0], confidence=confidence,
    )  # fmt: skip


def fit_line(
    outcome: Floats, score: Floats, weight: Floats, *, slope: float | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return intercept and slope of a logistic line and their standard errors, by Newton's method with halving.

    Parameters
    ----------
    outcome : 0 to 1, shape (n,); fractions are the targets of Platt.
    slope : hold it at this value; None to fit it.

    Raises
    ------
    CannotEstimate
        When the likelihood has no maximum.
    """
    centre = float(np.average(score, weights=weight)) if slope is None else 0.0
    columns = np.ones((len(score), 1)) if slope is not None else np.column_stack([np.ones(len(score)), score - centre])
    offset = score * slope if slope is not None else np.zeros(len(score))
    rate = float(np.average(outcome, weights=weight))
    beta = np.zeros(columns.shape[1])
    if slope is None:
        beta[0] = float(logit(rate))

    def loss(at: Floats) -> float:
        line = offset + columns @ at
        return float(weight @ (np.logaddexp(0.0, line) - outcome * line))

    before = loss(beta)
    for _ in range(100):
        chance = expit(offset + columns @ beta)
        information = (columns * (weight * chance * (1.0 - chance))[:, None]).T @ columns
        try:
            step = np.linalg.solve(information, columns.T @ (weight * (outcome - chance)))
        except np.linalg.LinAlgError:
            break
        for _halving in range(40):
            after = loss(beta + step)
            if after <= before:
                break
            step = step / 2.0
        beta = beta + step
        if before - after <= 1e-12 * (1.0 + abs(before)) and float(np.abs(step).max()) < 1e-8:
            spread = np.sqrt(np.diag(np.linalg.inv(information)))
            if slope is not None:
                return (float(beta[0]), slope), (float(spread[0]), 0.0)
            return (float(beta[0] - beta[1] * centre), float(beta[1])), (float(spread[0]), float(spread[1]))
        before = after
    raise CannotEstimate("The calibration line has no best fit on these outcomes.")


def mean_absolute_error(amount: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the mean distance between amount and prediction, in the unit of the amount."""
    return _mean(np.abs(np.asarray(amount, np.float64) - np.asarray(predicted, np.float64)), weights)


def root_mean_squared_error(amount: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the root of the mean squared distance, in the unit of the amount."""
    gap = np.abs(np.asarray(amount, np.float64) - np.asarray(predicted, np.float64))
    # Scaled first: squares of amounts near 1e160 have no number.
    scale = float(gap.max(initial=0.0))
    return scale * math.sqrt(_mean((gap / scale) ** 2, weights)) if scale > 0 else 0.0


def r_squared(amount: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return 1 - squared error / squared distance from the mean: 0 for the mean, below 0 for worse.

    Raises
    ------
    CannotEstimate
        When all amounts are alike.
    """
    values = np.asarray(amount, np.float64)
    whole = root_mean_squared_error(values, np.full(len(values), _mean(values, weights)), weights=weights)
    if not whole > 0:
        raise CannotEstimate("All amounts are alike, so there is nothing to explain.")
    return 1.0 - (root_mean_squared_error(values, predicted, weights=weights) / whole) ** 2


def normalised_gini(amount: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return the concentration of amounts along the predictions over that along the amounts themselves.

    1 when predictions put the customers in the right order, 0 for a random order. Equal predictions share alike.

    Raises
    ------
    CannotEstimate
        When all amounts are alike or their sum is not above 0.
    """
    values = np.asarray(amount, np.float64)
    weight = _weights(weights, len(values))
    whole = _concentration(values, values, weight)
    if not whole > 0:
        raise CannotEstimate("All amounts are alike, so they have no order.")
    return _concentration(values, np.asarray(predicted, np.float64), weight) / whole


def _concentration(amount: Floats, along: Floats, weight: Floats) -> float:
    total = float(weight @ amount)
    if not total > 0:
        raise CannotEstimate("The amounts do not add up to more than 0, so shares of them have no meaning.")
    # Twice the covariance of amount and mid-rank over the mean: the area between curve and diagonal, ties shared.
    place = _share_below(along, weight / weight.sum(), along)
    return float(2.0 * (weight * amount) @ place / total - 1.0)


def total_bias(amount: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Return predicted total / actual total - 1: 0.05 says 5 % too much.

    Raises
    ------
    CannotEstimate
        When the amounts do not add up to more than 0.
    """
    values = np.asarray(amount, np.float64)
    weight = _weights(weights, len(values))
    total = float(weight @ values)
    if not total > 0:
        raise CannotEstimate("The amounts do not add up to more than 0, so shares of them have no meaning.")
    return float(weight @ np.asarray(predicted, np.float64)) / total - 1.0


def total_bias_interval(amount: ArrayLike, predicted: ArrayLike, *, level: float = 0.95) -> Interval:
    """Return the total bias with the normal interval of a ratio of two sums (delta method), rows independent."""
    values, said = np.asarray(amount, np.float64), np.asarray(predicted, np.float64)
    bias = total_bias(values, said)
    size = len(values)
    gap = (said - (1.0 + bias) * values) / values.mean()
    error = float(gap.std(ddof=1)) / math.sqrt(size) if size > 1 else math.inf
    reach = float(norm.isf((1.0 - level) / 2.0)) * error
    return Interval(estimate=bias, low=bias - reach, high=bias + reach, level=level)


def poisson_deviances(amount: ArrayLike, predicted: ArrayLike) -> Floats:
    """Return 2 (y log(y / m) - y + m) of each row, shape (n,): least for the mean, and calmer than squares.

    Parameters
    ----------
    amount : 0 or above. predicted : 0 or above; kept above 1e-9 of the mean amount.
    """
    values = np.asarray(amount, np.float64)
    floor = 1e-9 * max(float(values.mean()) if len(values) else 0.0, 1e-300)
    mean = np.maximum(np.asarray(predicted, np.float64), floor)
    found: Floats = 2.0 * (xlogy(values, values / mean) - values + mean)
    return found


def _binary(outcome: ArrayLike, weights: ArrayLike | None) -> tuple[NDArray[np.bool_], Floats]:
    values = np.asarray(outcome, np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("Outcomes of an event must be 0 or 1.")
    return values == 1.0, _weights(weights, len(values))


def _weights(weights: ArrayLike | None, size: int) -> Floats:
    if weights is None:
        return np.ones(size)
    found = np.asarray(weights, np.float64)
    if found.shape != (size,) or not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError("Weights must be numbers of 0 or more, one for each row.")
    return found


def _mean(values: Floats, weights: ArrayLike | None) -> float:
    weight = _weights(weights, len(values))
    if not weight.sum() > 0:
        raise CannotEstimate("There are no rows to judge predictions by.")
    return float(weight @ values / weight.sum())
