"""What is fitted: a line and boosted trees, kept as plain numbers.

Fitting uses scikit-learn, which is loaded only then; scoring does not.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from satsuma.statistics.prediction.encoding import Encoder
from satsuma.statistics.prediction.plain import Plain, pack, unpack
from satsuma.statistics.prediction.trees import Trees, taken_apart

Floats = NDArray[np.float64]
Target = Literal["probability", "amount"]

#: Trees at most, and how many in a row may fail to help before growing stops.
MOST_TREES = 400
PATIENCE = 15

#: Training rows from which on growing uses every processor.
ROWS_FOR_THREADS = 100_000

#: Log amounts are kept within this of the mean's, so that one odd row is not worth e^50.
FARTHEST = 20.0


class Model(Protocol):
    """What gives every row a prediction and can be kept."""

    @property
    def name(self) -> str:
        """The word for it."""

    def score(self, values: Floats) -> Floats:
        """Return predictions, shape (n,), of rows of features, shape (n, features)."""

    def as_dict(self) -> Plain:
        """Return the model as text and numbers."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """Logistic regression, or the log-linear (Poisson) regression of an amount: intercept + columns x coefficients."""

    encoder: Encoder
    coefficients: Floats
    intercept: float
    target: Target
    name: str = "line"

    def score(self, values: Floats) -> Floats:
        """Return predictions, shape (n,)."""
        sums = self.intercept + self.encoder.for_line(values) @ self.coefficients
        found: Floats = (
            expit(sums)
            if self.target == "probability"
            else np.exp(np.clip(sums, self.intercept - FARTHEST, self.intercept + FARTHEST))
        )
        return found

    def as_dict(self) -> Plain:
        """Return the model as text and numbers."""
        return {
            "model": "line", "encoder": self.encoder.as_dict(), "coefficients": pack(self.coefficients),
            "intercept": self.intercept, "target": self.target,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Boosted:
    """Gradient-boosted trees."""

    encoder: Encoder
    trees: Trees
    name: str = "trees"

    def score(self, values: Floats) -> Floats:
        """Return predictions, shape (n,)."""
        return self.trees.score(self.encoder.for_trees(values))

    def as_dict(self) -> Plain:
        """Return the model as text and numbers."""
        return {"model": "trees", "encoder": self.encoder.as_dict(), "trees": self.trees.as_dict()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TwoParts:
    """The chance that there is an amount, times the amount that is expected if there is one."""

    encoder: Encoder
    chance: Trees
    amount: Trees
    name: str = "two parts"

    def score(self, values: Floats) -> Floats:
        """Return expected amounts, shape (n,)."""
        columns = self.encoder.for_trees(values)
        found: Floats = self.chance.score(columns) * self.amount.score(columns)
        return found

    def as_dict(self) -> Plain:
        """Return the model as text and numbers."""
        return {
            "model": "two parts", "encoder": self.encoder.as_dict(), "chance": self.chance.as_dict(),
            "amount": self.amount.as_dict(),
        }  # fmt: skip


def model_from_dict(plain: Mapping[str, Any]) -> Model:
    """Return the model that `as_dict` of one of them wrote.

    Raises
    ------
    ValueError
        When it is none of them.
    """
    encoder = Encoder.from_dict(plain["encoder"])
    if plain["model"] == "line":
        return Line(encoder=encoder, coefficients=unpack(plain["coefficients"]), intercept=plain["intercept"],
                    target=plain["target"])  # fmt: skip
    if plain["model"] == "trees":
        return Boosted(encoder=encoder, trees=Trees.from_dict(plain["trees"]))
    if plain["model"] == "two parts":
        return TwoParts(encoder=encoder, chance=Trees.from_dict(plain["chance"]),
                        amount=Trees.from_dict(plain["amount"]))  # fmt: skip
    raise ValueError(f"There is no model of kind '{plain['model']}'.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows to fit on, or to watch while fitting: features, shape (n, features), and outcomes, shape (n,)."""

    values: Floats
    outcome: Floats


#: Some tens of features and thousands of rows: ten steps with curvature, where a search along gradients takes hundreds.
SOLVER = "newton-cholesky"


def fit_line(rows: Rows, encoder: Encoder, *, target: Target) -> Line | None:
    """Return the regression; None for amounts below 0, which have no logarithm."""
    columns = encoder.for_line(rows.values)
    with warnings.catch_warnings(), _threads(len(rows.outcome)):
        warnings.simplefilter("ignore")  # a fit that stopped early is judged like any other
        if target == "probability":
            from sklearn.linear_model import LogisticRegression

            regression = LogisticRegression(C=1.0, max_iter=100, tol=1e-6, solver=SOLVER)
            fitted = regression.fit(columns, rows.outcome)
            return Line(encoder=encoder, coefficients=fitted.coef_[0].astype(np.float64),
                        intercept=float(fitted.intercept_[0]), target=target)  # fmt: skip
        if rows.outcome.min() < 0:
            return None
        from sklearn.linear_model import PoissonRegressor

        # In units of the mean: the penalty then weighs the same whatever the currency.
        mean = float(rows.outcome.mean())
        amounts = PoissonRegressor(alpha=1e-3, max_iter=100, solver=SOLVER).fit(columns, rows.outcome / mean)
        return Line(encoder=encoder, coefficients=amounts.coef_.astype(np.float64),
                    intercept=float(amounts.intercept_ + np.log(mean)), target=target)  # fmt: skip


def fit_boosted(
    rows: Rows, watched: Rows | None, encoder: Encoder, *, target: Target, seed: int, sizes: tuple[int, ...] = ()
) -> Boosted:
    """Return trees that stopped growing when they no longer helped on the rows that are watched.

    Parameters
    ----------
    watched : None to grow as many trees as `sizes` says.
    """
    if target == "probability":
        return Boosted(encoder=encoder, trees=_grown("classifier", rows, watched, encoder, seed, sizes[:1]))
    below = any(float(each.outcome.min()) < 0 for each in (rows, watched) if each is not None)
    loss = "squared_error" if below else "poisson"
    return Boosted(encoder=encoder, trees=_grown(loss, rows, watched, encoder, seed, sizes[:1]))


def fit_two_parts(
    rows: Rows, watched: Rows | None, encoder: Encoder, *, seed: int, sizes: tuple[int, ...] = ()
) -> TwoParts | None:
    """Return the chance of an amount and the amount if there is one; None where either part is too small."""
    parts = [each for each in (rows, watched) if each is not None]
    for each, fewest in zip(parts, (50, 10), strict=False):
        positives = int((each.outcome > 0).sum())
        if min(positives, len(each.outcome) - positives) < fewest or each.outcome.min() < 0:
            return None
    events = [Rows(values=each.values, outcome=(each.outcome > 0).astype(np.float64)) for each in parts]
    spent = [Rows(values=each.values[each.outcome > 0], outcome=each.outcome[each.outcome > 0]) for each in parts]
    watches = (None, None) if watched is None else (events[1], spent[1])
    return TwoParts(
        encoder=encoder,
        chance=_grown("classifier", events[0], watches[0], encoder, seed, sizes[:1]),
        amount=_grown("gamma", spent[0], watches[1], encoder, seed, sizes[1:2]),
    )


def sizes_of(model: Model) -> tuple[int, ...]:
    """Return how many trees a model has in each of its parts."""
    if isinstance(model, Boosted):
        return (model.trees.trees,)
    if isinstance(model, TwoParts):
        return model.chance.trees, model.amount.trees
    return ()


def _grown(kind: str, rows: Rows, watched: Rows | None, encoder: Encoder, seed: int, sizes: tuple[int, ...]) -> Trees:
    """Return trees of one kind: a classifier, or a regressor by the name of its loss."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    # In units of the mean: penalties and tolerances then weigh the same whatever the currency.
    unit = 1.0 if kind == "classifier" else float(np.abs(rows.outcome).mean()) or 1.0
    settings = _settings(len(rows.outcome), seed) | (
        {"max_iter": max(sizes[0], 1), "early_stopping": False} if watched is None else {}
    )
    booster = (
        HistGradientBoostingClassifier(**settings)
        if kind == "classifier"
        else HistGradientBoostingRegressor(loss=kind, **settings)
    )
    columns = encoder.for_trees(rows.values)
    # scikit-learn cannot bin a column without any value; one that is 0 throughout is never split on.
    columns[:, np.isnan(columns).all(axis=0)] = 0.0
    watch = {}
    if watched is not None:
        watch = {"X_val": encoder.for_trees(watched.values), "y_val": watched.outcome / unit}
    with _threads(len(rows.outcome)):
        fitted = booster.fit(columns, rows.outcome / unit, **watch)
    count = sizes[0] if watched is None else int(np.argmax(fitted.validation_score_))
    found = taken_apart(fitted, trees=count)
    return found if kind == "classifier" else found.scaled(unit)


def _threads(rows: int) -> Any:
    """Return a context in which small fits use one thread.

    Threads that wait for each other a thousand times a second are slower than one, and ten times slower where something
    else runs beside them. The trees are the same.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1 if rows < ROWS_FOR_THREADS else None)


def _settings(size: int, seed: int) -> dict[str, Any]:
    return {
        "learning_rate": 0.08, "max_iter": MOST_TREES, "max_leaf_nodes": 31 if size >= 10_000 else 8,
        "min_samples_leaf": int(np.clip(size // 500, 10, 200)), "l2_regularization": 1.0, "early_stopping": True,
        "n_iter_no_change": PATIENCE, "tol": 0.0, "scoring": "loss", "random_state": seed,
        "categorical_features": None,
    }  # fmt: skip
