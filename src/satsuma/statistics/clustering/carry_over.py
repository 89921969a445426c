"""Groups foretold for those who have none of the traits that made them: how well, honestly, and for whom.

A multinomial logistic regression on other traits, judged out of fold against the largest group. Where it does no better
than that nobody is given a group by it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.rows import Codes, Floats, Rows
from satsuma.statistics.effects.sizes import wilson
from satsuma.statistics.errors import CannotEstimate

FOLDS = 5
#: Strengths of the ridge that are tried, as scikit-learn's C.
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
#: Rows that it is learned from; more change little.
MOST_ROWS = 20_000
FEWEST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryOverCard:
    """How well groups are foretold, out of fold.

    accuracy : the share of right answers; low, high : its 95 % interval (Wilson).
    largest : the share of the largest group, what saying it of everybody would get right.
    balanced_accuracy : the mean over groups of the share found; 1 / groups by chance.
    kappa : Cohen's, agreement beyond chance.
    recall, precision : of each group; NaN as None where it was never said.
    rows : how many it was judged on.
    helps : whether the interval lies above `largest`.
    """

    accuracy: float
    low: float
    high: float
    largest: float
    balanced_accuracy: float
    kappa: float
    recall: tuple[float | None, ...]
    precision: tuple[float | None, ...]
    rows: int
    helps: bool

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Foreteller:
    """The regression: coefficients of shape (groups, features) and intercepts of shape (groups,)."""

    coefficients: Floats
    intercepts: Floats
    levels: tuple[int, ...]

    def shares(self, rows: Rows) -> Floats:
        """Return the probability of each group, shape (n, groups)."""
        scores = features(rows, self.levels) @ self.coefficients.T + self.intercepts
        scores -= scores.max(1, keepdims=True)
        likely = np.exp(scores)
        return np.asarray(likely / likely.sum(1, keepdims=True))

    def as_dict(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients.tolist(), "intercepts": self.intercepts.tolist(),
                "levels": list(self.levels)}  # fmt: skip

    @classmethod
    def from_dict(cls, kept: dict[str, Any]) -> Foreteller:
        return cls(np.array(kept["coefficients"]), np.array(kept["intercepts"]), tuple(kept["levels"]))


def features(rows: Rows, levels: tuple[int, ...]) -> Floats:
    """Return numbers and an indicator of each level beside each other; what is missing counts as 0."""
    parts = [np.nan_to_num(rows.numbers)]
    for place, count in enumerate(levels):
        codes = rows.codes[:, place]
        parts.append((codes[:, None] == np.arange(count)).astype(np.float64))
    return np.concatenate(parts, axis=1)


def carry_over(rows: Rows, groups: Codes, count: int, *, rng: np.random.Generator) -> tuple[Foreteller, CarryOverCard]:
    """Learn to foretell groups from other traits, and judge it out of fold.

    Parameters
    ----------
    rows : the other traits of those whose group is known, complete or not.
    groups : array of int, shape (n,), each from 0 to `count` - 1.

    Raises
    ------
    CannotEstimate
        With fewer than 50 rows, or fewer than two groups of five rows.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    if len(rows) > MOST_ROWS:
        chosen = np.sort(rng.choice(len(rows), MOST_ROWS, replace=False))
        rows, groups = rows.take(chosen), groups[chosen]
    sizes = np.bincount(groups, minlength=count)
    if len(rows) < FEWEST_ROWS or (sizes >= FOLDS).sum() < 2:
        raise CannotEstimate("Too few customers have both a group and the traits that are to foretell it.")
    # A group with fewer rows than folds cannot be judged in each of them.
    usable = np.isin(groups, np.flatnonzero(sizes >= FOLDS))
    x, y = features(rows, rows.levels)[usable], groups[usable]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=int(rng.integers(2**31)))
    splits = list(folds.split(x, y))
    said = {strength: np.empty(len(y), np.int64) for strength in STRENGTHS}
    losses = dict.fromkeys(STRENGTHS, 0.0)
    # So small a product is slower on two threads than on one.
    with threadpool_limits(limits=1):
        for train, test in splits:
            for strength in STRENGTHS:
                fitted = LogisticRegression(C=strength, max_iter=500).fit(x[train], y[train])
                likely = fitted.predict_proba(x[test])
                said[strength][test] = fitted.classes_[likely.argmax(1)]
                right = likely[np.arange(len(test)), np.searchsorted(fitted.classes_, y[test])]
                losses[strength] -= float(np.log(np.maximum(right, 1e-12)).sum())
        best = min(STRENGTHS, key=lambda strength: (losses[strength], strength))
        last = LogisticRegression(C=best, max_iter=500).fit(x, y)
    return _foreteller(last, count, rows.levels), _card(said[best], y, count)


def _foreteller(fitted: Any, count: int, levels: tuple[int, ...]) -> Foreteller:
    classes, width = fitted.classes_, fitted.coef_.shape[1]
    coefficients, intercepts = np.zeros((count, width)), np.full(count, -np.inf)
    if len(classes) == 2:
        # scikit-learn keeps one row for two classes: the log-odds of the second.
        coefficients[classes[1]], intercepts[classes[0]] = fitted.coef_[0], 0.0
        intercepts[classes[1]] = fitted.intercept_[0]
    else:
        coefficients[classes], intercepts[classes] = fitted.coef_, fitted.intercept_
    # JSON has no infinity; e**-700 is nobody.
    return Foreteller(coefficients, np.maximum(intercepts, -700.0), levels)


def _card(said: NDArray[np.int64], groups: Codes, count: int) -> CarryOverCard:
    table = np.zeros((count, count), np.int64)
    np.add.at(table, (groups, said), 1)
    total = int(table.sum())
    right = int(np.trace(table))
    actual, told = table.sum(1), table.sum(0)
    low, high = wilson(right, total)
    largest = float(actual.max() / total)
    chance = float((actual * told).sum() / total**2)
    accuracy = right / total
    recall = [None if not size else float(table[g, g] / size) for g, size in enumerate(actual)]
    precision = [None if not size else float(table[g, g] / size) for g, size in enumerate(told)]
    known = [value for value in recall if value is not None]
    return CarryOverCard(
        accuracy=accuracy, low=float(low), high=float(high), largest=largest, balanced_accuracy=sum(known) / len(known),
        kappa=(accuracy - chance) / (1 - chance) if chance < 1 else 0.0, recall=tuple(recall),
        precision=tuple(precision), rows=total, helps=bool(low > largest),
    )  # fmt: skip
