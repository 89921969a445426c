"""Predictions that mean what they say: of all who are given 20 %, a fifth do it.

Corrections are learned on customers, and best in a window, that the model has not seen. Four of them, from the least
to the most that data must say: `none`; `level`, one number added to the log odds (for amounts `scale`, one factor);
`sigmoid`, a line on the log odds (Platt); `isotonic`, any rising steps. One number or
two are taken as soon as they help; steps only where they clearly do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, isotonic_regression
from scipy.special import expit, logit

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.plain import Plain, pack, unpack
from satsuma.statistics.prediction.scores import fit_line, log_losses, poisson_deviances
from satsuma.statistics.prediction.splitting import parts_of

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

Kind = Literal["none", "level", "scale", "sigmoid", "isotonic"]

#: Log odds are taken of probabilities this far from 0 and 1; a model that says 0 has not seen a million customers.
EDGE = 1e-6

#: Parts of the customers in cross-fitting.
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibrator:
    """A correction in plain numbers.

    level, sigmoid : expit(intercept + slope logit(p)). scale : slope x amount.
    isotonic : linear between (thresholds, values), rising in direction x score; flat outside them.
    missing : what a score of NaN gives; NaN where the correction was given none.
    """

    kind: Kind
    intercept: float = 0.0
    slope: float = 1.0
    thresholds: Floats
    values: Floats
    direction: int = 1
    missing: float = float("nan")

    def apply(self, score: ArrayLike) -> Floats:
        """Return the corrected predictions, shape (n,)."""
        given = np.asarray(score, np.float64)
        found: Floats
        if self.kind == "none":
            found = given.copy()
        elif self.kind == "scale":
            found = self.slope * given
        elif self.kind == "isotonic":
            found = np.interp(self.direction * given, self.thresholds, self.values)
        else:
            found = expit(self.intercept + self.slope * logit(np.clip(given, EDGE, 1.0 - EDGE)))
        found[np.isnan(given)] = self.missing
        return found

    def as_dict(self) -> Plain:
        """Return the correction as text and numbers."""
        return {
            "kind": self.kind, "intercept": self.intercept, "slope": self.slope, "thresholds": pack(self.thresholds),
            "values": pack(self.values), "direction": self.direction,
            "missing": None if np.isnan(self.missing) else self.missing,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calibrator:
        """Return the correction that `as_dict` wrote."""
        missing = plain["missing"]
        return cls(
            kind=plain["kind"], intercept=plain["intercept"], slope=plain["slope"],
            thresholds=unpack(plain["thresholds"]), values=unpack(plain["values"]), direction=plain["direction"],
            missing=float("nan") if missing is None else missing,
        )  # fmt: skip


NOTHING: Floats = np.empty(0)


def untouched() -> Calibrator:
    """Return the correction that changes nothing."""
    return Calibrator(kind="none", thresholds=NOTHING, values=NOTHING)


def to_base_rate(probability: ArrayLike, rate: float) -> Calibrator:
    """Return the shift of the log odds that gives predictions a mean of `rate`.

    Raises
    ------
    CannotEstimate
        When the rate is 0 or 1, which no shift of log odds reaches.
    """
    if not 0.0 < rate < 1.0:
        raise CannotEstimate("A base rate of 0 or 1 cannot be reached by a shift of the log odds.")
    odds = logit(np.clip(np.asarray(probability, np.float64), EDGE, 1.0 - EDGE))
    shift = float(brentq(lambda move: float(expit(odds + move).mean()) - rate, -60.0, 60.0, xtol=1e-12))
    return Calibrator(kind="level", intercept=shift, thresholds=NOTHING, values=NOTHING)


def fit_scale(amount: ArrayLike, predicted: ArrayLike) -> Calibrator:
    """Return the factor that makes the predicted total the actual one; nothing where either is not above 0."""
    actual, said = float(np.sum(amount)), float(np.sum(predicted))
    if not (actual > 0 and said > 0):
        return untouched()
    return Calibrator(kind="scale", slope=actual / said, thresholds=NOTHING, values=NOTHING)


def fit_sigmoid(outcome: ArrayLike, probability: ArrayLike) -> Calibrator:
    """Return Platt's line on the log odds, with his targets (h + 1) / (n + 2), 1 / (n + 2), which keep it finite.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; Lin, Lin and Weng (2007) for Newton's method.
    """
    happened = np.asarray(outcome, np.float64)
    positives = float(happened.sum())
    negatives = len(happened) - positives
    target = np.where(happened == 1, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    odds = logit(np.clip(np.asarray(probability, np.float64), EDGE, 1.0 - EDGE))
    if float(np.ptp(odds)) < 1e-9:
        return to_base_rate(probability, (positives + 0.5) / (len(happened) + 1.0))
    (intercept, slope), _spread = fit_line(target, odds, np.ones(len(odds)), slope=None)
    return Calibrator(kind="sigmoid", intercept=intercept, slope=slope, thresholds=NOTHING, values=NOTHING)


def fit_isotonic(outcome: ArrayLike, score: ArrayLike, *, direction: int = 1, imagined: float = 1.0) -> Calibrator:
    """Return rising steps by pooling adjacent violators.

    Parameters
    ----------
    direction : 1 where a higher score means more, -1 where it means less, as with days since the last order
    imagined : rows with the mean outcome that are added to each step, so that no step says 0 or 1 for certain.

    References
    ----------
    Barlow, Bartholomew, Bremner and Brunk (1972), Statistical Inference under Order Restrictions.
    """
    values, given = np.asarray(outcome, np.float64), np.asarray(score, np.float64)
    absent = np.isnan(given)
    mean = float(values.mean())
    lost = values[absent]
    missing = float((lost.sum() + imagined * mean) / (len(lost) + imagined)) if len(lost) + imagined > 0 else mean
    levels, place = np.unique(direction * given[~absent], return_inverse=True)
    if len(levels) == 0:
        return Calibrator(kind="isotonic", thresholds=np.zeros(1), values=np.array([mean]), direction=direction,
                          missing=missing)  # fmt: skip
    size = np.bincount(place).astype(np.float64)
    rate = np.bincount(place, weights=values[~absent]) / size
    blocks = isotonic_regression(rate, weights=size)
    starts = np.asarray(blocks.blocks[:-1])
    rows = np.add.reduceat(size, starts)
    steps = (blocks.x[starts] * rows + imagined * mean) / (rows + imagined)
    # Small steps move further towards the mean than large ones, which may put two of them out of order.
    steps = isotonic_regression(steps, weights=rows).x
    ends = np.append(starts[1:], len(levels)) - 1
    single = starts == ends
    thresholds = np.column_stack([levels[starts], levels[ends]]).ravel()
    doubled = np.repeat(steps, 2)
    keep = np.ones(len(thresholds), np.bool_)
    keep[1::2] = ~single
    return Calibrator(kind="isotonic", thresholds=thresholds[keep], values=doubled[keep], direction=direction,
                      missing=missing)  # fmt: skip


def choose_calibrator(
    outcome: ArrayLike, predicted: ArrayLike, customers: ArrayLike, *, seed: int, amounts: bool = False
) -> Calibrator:
    """Return the simplest correction that is as good as the best, by cross-fitting over customers.

    Each kind is fitted on four fifths of the customers and judged on the rest, in turn. The best of none, level and
    sigmoid (for amounts: scale) stands, unless isotonic is better by more than one standard error of the difference.
    It is then fitted on all rows.

    Parameters
    ----------
    outcome : array of 0 and 1, or of amounts, shape (n,)
    predicted : predictions for customers that the model has not seen, shape (n,)
    customers : array of int, shape (n,): all rows of a customer are fitted or judged together.
    """
    values, said = np.asarray(outcome, np.float64), np.asarray(predicted, np.float64)
    # Amounts are always scaled: totals are what they are used for, and the loss hardly sees a total that is off.
    kinds: tuple[Kind, ...] = ("scale", "isotonic") if amounts else ("none", "level", "sigmoid", "isotonic")
    losses = cross_fitted(values, said, np.asarray(customers, np.int64), kinds, seed=seed, amounts=amounts)
    return fit_kind(preferred(losses), values, said)


def preferred(losses: Mapping[Kind, Floats]) -> Kind:
    """Return the kind of least mean loss, shape (n,) each; isotonic only where it is clearly better than the others."""
    smooth = [kind for kind in losses if kind != "isotonic"]
    best = min(smooth, key=lambda kind: float(losses[kind].mean()))
    if "isotonic" in losses:
        gain = losses[best] - losses["isotonic"]
        if float(gain.mean()) > float(gain.std(ddof=1)) / np.sqrt(len(gain)):
            return "isotonic"
    return best


def cross_fitted(
    values: Floats, said: Floats, customers: Whole, kinds: tuple[Kind, ...], *, seed: int, amounts: bool
) -> dict[Kind, Floats]:
    """Return the losses, shape (n,), of each kind on customers that it was not fitted on; infinite where none can be.

    Amounts are judged as `losses_of` has it.
    """
    fold = parts_of(customers, [1.0 / FOLDS] * FOLDS, seed)
    found: dict[Kind, Floats] = {}
    for kind in kinds:
        corrected = np.full(len(values), np.nan)
        for number in range(FOLDS):
            inside = fold == number
            if inside.any():
                corrected[inside] = fit_kind(kind, values[~inside], said[~inside]).apply(said[inside])
        found[kind] = losses_of(values, corrected, amounts=amounts)
    return found


def losses_of(values: Floats, predicted: Floats, *, amounts: bool) -> Floats:
    """Return the loss of each row: log loss; of amounts Poisson deviance, or squares where some are below 0."""
    if not amounts:
        return log_losses(values, predicted)
    if len(values) and values.min() < 0:
        found: Floats = (values - predicted) ** 2
        return found
    return poisson_deviances(values, predicted)


def fit_kind(kind: Kind, values: Floats, said: Floats) -> Calibrator:
    """Return the correction of one kind; what cannot be fitted (all outcomes alike) changes nothing."""
    if len(values) == 0 or kind == "none":
        return untouched()
    if kind == "scale":
        return fit_scale(values, said)
    if kind == "isotonic":
        return fit_isotonic(values, said)
    rate = float(values.mean())
    if not 0.0 < rate < 1.0:
        return untouched()
    if kind == "level":
        return to_base_rate(said, rate)
    try:
        return fit_sigmoid(values, said)
    except CannotEstimate:
        return to_base_rate(said, rate)


def fit_rule(
    outcome: ArrayLike, score: ArrayLike, customers: ArrayLike, *, seed: int, amounts: bool = False
) -> Calibrator:
    """Return what a rule of one number says of the outcome, in the direction and kind that serve it best.

    Parameters
    ----------
    score : what the rule looks at, shape (n,), NaN where it knows nothing: days since the last order, orders in the
        last 90 days, another model's probability. Infinite scores are the highest or lowest there are.
    """
    values, given = np.asarray(outcome, np.float64), np.asarray(score, np.float64)
    numbers = np.asarray(customers, np.int64)
    fold = parts_of(numbers, [1.0 / FOLDS] * FOLDS, seed)
    options: list[tuple[Kind, int]] = [("isotonic", 1), ("isotonic", -1)]
    known = given[~np.isnan(given)]
    if not amounts and len(known) == len(given) and len(known) and known.min() >= 0 and known.max() <= 1:
        options += [("level", 1), ("sigmoid", 1)]

    def fitted(option: tuple[Kind, int], rows: NDArray[np.bool_]) -> Calibrator:
        if option[0] == "isotonic":
            return fit_isotonic(values[rows], given[rows], direction=option[1])
        return fit_kind(option[0], values[rows], given[rows])

    best, least = options[0], np.inf
    for option in options:
        loss = 0.0
        for number in range(FOLDS):
            inside = fold == number
            if inside.any() and not inside.all():
                said = fitted(option, ~inside).apply(given[inside])
                loss += float(losses_of(values[inside], said, amounts=amounts).sum())
        if loss < least:
            best, least = option, loss
    return fitted(best, np.ones(len(values), np.bool_))
