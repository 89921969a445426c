from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from satsuma.statistics.prediction.trees import Trees, taken_apart


def rows(seed: int, size: int = 3000, features: int = 6, missing: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Return features with missing and whole values, and a score that depends on them and on what is missing."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(size, features))
    values[:, 1] = np.round(values[:, 1])
    score = np.sin(2 * values[:, 0]) + values[:, 1] * values[:, 2] + rng.normal(size=size)
    absent = rng.random(values.shape) < missing
    score += absent[:, 3]
    values[absent] = np.nan
    return values, score


def fitted(booster: Any, values: np.ndarray, outcome: np.ndarray) -> Any:
    with threadpool_limits(limits=1, user_api="openmp"):
        return booster.fit(values, outcome)


@pytest.mark.parametrize("leaves", [2, 8, 31, 50, 64])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_probabilities_equal_those_of_scikit_learn_to_the_last_bit(leaves: int, missing: float) -> None:
    values, score = rows(leaves, missing=missing)
    booster = fitted(HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=leaves, min_samples_leaf=5,
                                                    early_stopping=False), values, score > 0.5)  # fmt: skip
    asked, _ = rows(99, missing=0.3)
    asked[0], asked[1, 0], asked[2, 1] = np.nan, np.inf, -np.inf
    found = taken_apart(booster)
    assert (found.score(asked) == booster.predict_proba(asked)[:, 1]).all()
    assert (found.score(asked, threads=1) == found.score(asked, threads=3)).all()
    assert (found.score(np.asfortranarray(asked)) == found.score(asked)).all()


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gamma"])
def test_amounts_equal_those_of_scikit_learn_to_the_last_bit(loss: str) -> None:
    values, score = rows(5)
    booster = fitted(HistGradientBoostingRegressor(loss=loss, max_iter=20, early_stopping=False), values,
                     np.exp(score))  # fmt: skip
    found = taken_apart(booster)
    assert (found.score(values) == booster.predict(values)).all()
    assert found.scaled(7.5).score(values) == pytest.approx(7.5 * booster.predict(values), rel=1e-12)


def test_values_on_a_threshold_go_where_scikit_learn_sends_them() -> None:
    values, score = rows(8)
    booster = fitted(HistGradientBoostingClassifier(max_iter=10, early_stopping=False), values, score > 0)
    found = taken_apart(booster)
    splits = found.feature >= 0
    asked = np.zeros((int(splits.sum()) * 3, 6))
    places = np.repeat(found.threshold[splits], 3)
    places[1::3], places[2::3] = np.nextafter(places[1::3], np.inf), np.nextafter(places[2::3], -np.inf)
    asked[np.arange(len(asked)), np.repeat(found.feature[splits], 3)] = places
    assert (found.score(asked) == booster.predict_proba(asked)[:, 1]).all()


def test_the_first_trees_are_those_of_a_shorter_run() -> None:
    values, score = rows(2)
    long = fitted(HistGradientBoostingClassifier(max_iter=20, early_stopping=False), values, score > 0)
    short = fitted(HistGradientBoostingClassifier(max_iter=7, early_stopping=False), values, score > 0)
    assert (taken_apart(long, trees=7).score(values) == short.predict_proba(values)[:, 1]).all()
    assert np.ptp(taken_apart(long, trees=0).score(values)) == 0


def test_trees_come_back_from_text_the_same() -> None:
    values, score = rows(3)
    found = taken_apart(fitted(HistGradientBoostingClassifier(max_iter=5, early_stopping=False), values, score > 0))
    again = Trees.from_dict(json.loads(json.dumps(found.as_dict())))
    assert (again.score(values) == found.score(values)).all()
    assert len(again.score(np.empty((0, 6)))) == 0


def test_what_cannot_be_taken_apart_is_refused() -> None:
    values, score = rows(4)
    values = np.column_stack([np.arange(len(score)) % 5, values])
    by_category = HistGradientBoostingClassifier(max_iter=5, categorical_features=[0], early_stopping=False)
    with pytest.raises(ValueError, match="category"):
        taken_apart(fitted(by_category, values, values[:, 0] % 2))
    large = HistGradientBoostingClassifier(max_iter=1, max_leaf_nodes=100, min_samples_leaf=2, early_stopping=False)
    with pytest.raises(ValueError, match="64 leaves"):
        taken_apart(fitted(large, values, score > 0))
    three = HistGradientBoostingClassifier(max_iter=1, early_stopping=False)
    with pytest.raises(ValueError, match="one output"):
        taken_apart(fitted(three, values, np.arange(len(score)) % 3))
    with pytest.raises(ValueError, match="6 columns"):
        taken_apart(fitted(three, values[:, 1:], score > 0)).score(values)
