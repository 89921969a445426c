"""What is said of a prediction on a later snapshot: how good, for whom, against what, and what is suspicious."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction import scores
from satsuma.statistics.prediction.calibration import losses_of
from satsuma.statistics.prediction.candidates import Target
from satsuma.statistics.prediction.comparison import Comparison, Verdict, compare, verdict
from satsuma.statistics.prediction.deciles import (
    CalibrationTable,
    Deciles,
    calibration_table,
    clopper_pearson,
    deciles,
    simultaneous,
)
from satsuma.statistics.prediction.plain import Plain, told
from satsuma.statistics.prediction.snapshots import Snapshots
from satsuma.statistics.prediction.splitting import keys_of

Floats = NDArray[np.float64]

#: An AUC from here on, and so far above the best baseline's, is more often a leak than a success.
TOO_GOOD, TOO_FAR = 0.95, 0.06

#: Positives below which numbers move much by chance.
FEW = 100

#: Rows on which permutation importance is measured, and times that each feature is shuffled.
IMPORTANCE_ROWS, SHUFFLES = 20_000, 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EventMarks:
    """How good probabilities are. `calibration` is None where all predictions are alike or part without a mistake."""

    auc: scores.Auc
    average_precision: float
    log_loss: float
    brier: float
    calibration_error: float
    calibration: scores.Recalibration | None
    mean_prediction: float
    deciles: Deciles


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AmountMarks:
    """How good expected amounts are, in the unit of the amount; `bias` is predicted total / actual total - 1."""

    mean_absolute_error: float
    root_mean_squared_error: float
    r_squared: float
    gini: float
    bias: scores.Interval
    loss: float
    mean_prediction: float
    deciles: Deciles


Marks = EventMarks | AmountMarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """How much the loss rises when a feature's values are dealt out anew among customers; spread over the shuffles."""

    name: str
    increase: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupErrors:
    """How the prediction does for one group of customers.

    rate : share of positives, or mean amount. auc : None for amounts, or where all outcomes are alike.
    low, high : interval of the rate; those of all groups hold together at 99 %. flagged : the mean prediction lies
    outside.
    """

    grouping: str
    label: str
    rows: int
    rate: float
    mean_prediction: float
    auc: float | None
    low: float
    high: float
    flagged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is suspicious: `too_good`, `few_positives`, `level` (the predictions are too high or low on the whole)."""

    code: Literal["too_good", "few_positives", "level"]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultCard:
    """The judgement on a snapshot that took no part in fitting.

    base : share of positives, or mean amount. baselines : their marks by name. comparisons : model minus each baseline.
    """

    target: Target
    rows: int
    positives: int
    base: float
    model: Marks
    baselines: Mapping[str, Marks]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    calibration: CalibrationTable | None
    importance: tuple[Importance, ...]
    groups: tuple[GroupErrors, ...]
    alarms: tuple[Alarm, ...]

    def as_dict(self) -> Plain:
        """Return the card as text, numbers and lists."""
        found: Plain = told(self)
        return found


def marks(outcome: Floats, predicted: Floats, ties: NDArray[Any], *, target: Target) -> Marks:
    """Return how good predictions are, shape (n,) each.

    Raises
    ------
    CannotEstimate
        When outcomes are alike or there are fewer rows than ten.
    """
    if target == "amount":
        return AmountMarks(
            mean_absolute_error=scores.mean_absolute_error(outcome, predicted),
            root_mean_squared_error=scores.root_mean_squared_error(outcome, predicted),
            r_squared=scores.r_squared(outcome, predicted),
            gini=scores.normalised_gini(outcome, predicted),
            bias=scores.total_bias_interval(outcome, predicted),
            loss=float(losses_of(outcome, predicted, amounts=True).mean()),
            mean_prediction=float(predicted.mean()),
            deciles=deciles(outcome, predicted, ties, amounts=True),
        )
    try:
        line = scores.recalibration(outcome, predicted)
    except CannotEstimate:
        line = None
    return EventMarks(
        auc=scores.auc(outcome, predicted),
        average_precision=scores.average_precision(outcome, predicted),
        log_loss=scores.log_loss(outcome, predicted),
        brier=scores.brier(outcome, predicted),
        calibration_error=scores.calibration_error(outcome, predicted),
        calibration=line,
        mean_prediction=float(predicted.mean()),
        deciles=deciles(outcome, predicted, ties),
    )


def result_card(
    test: Snapshots, score: Callable[[Floats], Floats], baselines: Mapping[str, Floats], *, target: Target, seed: int,
    trained_positives: int, level: float = 0.95, resamples: int = 1000,
) -> ResultCard:  # fmt: skip
    """Return the judgement of a model on rows of a later snapshot.

    Parameters
    ----------
    test : the rows, one per customer
    score : the model: predictions, shape (n,), of features, shape (n, features)
    baselines : predictions by name, shape (n,) each
    trained_positives : positives in the training rows

    Raises
    ------
    CannotEstimate
        When the snapshot cannot tell good from bad: one kind of outcome only, or fewer than ten rows.
    """
    test = test.ordered()
    outcome = test.outcome
    positives = int((outcome > 0).sum())
    if target == "probability" and positives in (0, len(outcome)):
        raise CannotEstimate(
            f"On the test snapshot of {len(outcome)} customers all outcomes are alike, so nothing can be judged."
        )
    ties = keys_of(test.customer, seed)
    predicted = score(test.values)
    model = marks(outcome, predicted, ties, target=target)
    others = {name: marks(outcome, said, ties, target=target) for name, said in baselines.items()}
    losses = None
    if target == "amount":
        losses = {name: losses_of(outcome, said, amounts=True) for name, said in {"": predicted, **baselines}.items()}
    comparisons = compare(outcome, predicted, baselines, test.customer, seed=seed, level=level, resamples=resamples,
                          losses=losses)  # fmt: skip
    judged = verdict(comparisons, "log loss" if target == "probability" else "loss")
    importance = permutation_importance(test, score, target=target, seed=seed)
    return ResultCard(
        target=target, rows=len(outcome), positives=positives, base=float(outcome.mean()), model=model,
        baselines=others, comparisons=comparisons, verdict=judged,
        calibration=calibration_table(outcome, predicted) if target == "probability" else None,
        importance=importance, groups=group_errors(test, predicted, target=target),
        alarms=_alarms(model, others, importance, min(positives, trained_positives)),
    )  # fmt: skip


def permutation_importance(
    test: Snapshots, score: Callable[[Floats], Floats], *, target: Target, seed: int
) -> tuple[Importance, ...]:
    """Return the features by how much the prediction needs them, the most needed first.

    A feature is shuffled before it is encoded, so that all columns of a category move together. Of two features that
    say the same, each seems needless.
    """
    chosen = test
    if test.rows > IMPORTANCE_ROWS:
        chosen = test.taken(np.sort(np.argsort(keys_of(test.customer, seed + 2))[:IMPORTANCE_ROWS]))
    rng = np.random.default_rng(seed)
    amounts = target == "amount"
    before = float(losses_of(chosen.outcome, score(chosen.values), amounts=amounts).mean())
    found = []
    values = np.array(chosen.values, order="F")
    for number, name in enumerate(chosen.names):
        kept = values[:, number].copy()
        rises = []
        for _ in range(SHUFFLES):
            values[:, number] = rng.permutation(kept)
            rises.append(float(losses_of(chosen.outcome, score(values), amounts=amounts).mean()) - before)
        values[:, number] = kept
        found.append(Importance(name=name, increase=float(np.mean(rises)), spread=float(np.std(rises, ddof=1))))
    return tuple(sorted(found, key=lambda each: (-each.increase, each.name)))


def group_errors(test: Snapshots, predicted: Floats, *, target: Target, level: float = 0.99) -> tuple[GroupErrors, ...]:
    """Return how predictions do by the labels of each grouping, intervals of all groups holding together at `level`."""
    places = {name: np.unique(labels, return_inverse=True) for name, labels in test.groups.items()}
    each = simultaneous(level, sum(len(labels) for labels, _place in places.values()))
    found = []
    for grouping, (labels, place) in places.items():
        for number, label in enumerate(labels.tolist()):
            inside = place == number
            found.append(_one_group(grouping, str(label), test.outcome[inside], predicted[inside], each, target))
    return tuple(found)


def _one_group(
    grouping: str, label: str, outcome: Floats, predicted: Floats, level: float, target: Target
) -> GroupErrors:
    size, rate, said = len(outcome), float(outcome.mean()), float(predicted.mean())
    area = None
    if target == "probability":
        low, high = (float(border) for border in clopper_pearson(outcome.sum(), size, level=level))
        if 0 < rate < 1:
            area = scores.auc(outcome, predicted).estimate
    elif size > 1:
        low, high = _mean_interval(outcome, level)
    else:
        low, high = -np.inf, np.inf
    return GroupErrors(grouping=grouping, label=label, rows=size, rate=rate, mean_prediction=said, auc=area, low=low,
                       high=high, flagged=not low <= said <= high)  # fmt: skip


def _mean_interval(values: Floats, level: float) -> tuple[float, float]:
    reach = float(stdtrit(len(values) - 1, (1.0 + level) / 2.0)) * float(values.std(ddof=1)) / len(values) ** 0.5
    mean = float(values.mean())
    return mean - reach, mean + reach


def _alarms(
    model: Marks, baselines: Mapping[str, Marks], importance: tuple[Importance, ...], positives: int
) -> tuple[Alarm, ...]:
    found = []
    if isinstance(model, EventMarks):
        best = max((each.auc.estimate for each in baselines.values() if isinstance(each, EventMarks)), default=0.5)
        if model.auc.estimate >= TOO_GOOD and model.auc.estimate - best >= TOO_FAR:
            suspect = f" Look first at '{importance[0].name}', which it needs most." if importance else ""
            found.append(Alarm(code="too_good", sentence=(
                f"Too good to be true: AUC {model.auc.estimate:.3f}, best baseline {best:.3f}. Most often a feature "
                f"saw what happened after the cut-off.{suspect}"
            )))  # fmt: skip
        line = model.calibration
        if line is not None and not line.level_low <= 0 <= line.level_high:
            low = line.level > 0
            found.append(Alarm(code="level", sentence=(
                f"Predictions are too {'low' if low else 'high'} on the whole: {model.mean_prediction:.1%} said. "
                f"The rate has moved since training."
            )))  # fmt: skip
    elif not model.bias.holds(0.0):
        found.append(Alarm(code="level", sentence=(
            f"The predicted total is {abs(model.bias.estimate):.1%} too {'high' if model.bias.estimate > 0 else 'low'}."
        )))  # fmt: skip
    if positives < FEW:
        found.append(Alarm(code="few_positives", sentence=(
            f"There are only {positives} customers with an outcome: the numbers move much by chance."
        )))  # fmt: skip
    return tuple(found)
