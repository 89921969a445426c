"""Iris has published values: R's fpc (`prediction.strength`, `clusterboot`)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.rows import Grouping, Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.clustering.stability import (
    adjusted_rand,
    best_jaccard,
    contingency,
    global_stability,
    prediction_strength,
    segment_level_across,
    segment_level_within,
    segment_stability,
    stability_word,
)

IRIS = rows_of_numbers(load_iris().data)
THREE = fit_kmeans(IRIS, 3, rng=np.random.default_rng(1)).assign(IRIS)


def one_by_one(
    rows: Rows, groups: int, *, rng: np.random.Generator, weights: np.ndarray | None = None, starts: int = 10
) -> Grouping:
    """k-means as any other algorithm is called: a fit at a time."""
    return fit_kmeans(rows, groups, rng=rng, weights=weights, starts=starts)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 4)), min_size=2, max_size=40))
def test_the_adjusted_rand_index_is_that_of_a_second_implementation(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand_score(one, other))
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand(other, one))


def test_weights_count_rows_in_the_adjusted_rand_index() -> None:
    rng = np.random.default_rng(1)
    one, other, weights = rng.integers(0, 3, 50), rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    said = np.repeat(np.arange(50), weights)
    assert adjusted_rand(one, other, weights.astype(float)) == pytest.approx(adjusted_rand(one[said], other[said]))
    assert contingency(one, other, weights.astype(float)).sum() == weights.sum()


def test_prediction_strength_of_iris_is_the_published_one() -> None:
    found = [
        prediction_strength(IRIS, groups, fit_kmeans, rng=np.random.default_rng(1), splits=20) for groups in range(2, 7)
    ]
    # The mean of 20 random splits varies by about .02, and R's k-means stops at other places.
    assert found == pytest.approx([0.98, 0.78, 0.57, 0.62, 0.53], abs=0.07)
    assert prediction_strength(IRIS, 1, fit_kmeans, rng=np.random.default_rng(1)) == 1.0


def test_three_groups_of_iris_come_back_as_published() -> None:
    found = segment_stability(IRIS, THREE, fit_kmeans, rng=np.random.default_rng(1), resamples=100, each_once=True)
    # Groups of 62, 50 and 38 flowers; published seeds vary by .03.
    assert found.jaccard == pytest.approx([0.957, 1.000, 0.945], abs=0.03)
    assert found.words == ("highly stable", "highly stable", "highly stable")
    assert found.recovered.min() > 0.8
    assert found.dissolved.max() < 0.1


def test_the_second_resample_is_a_bootstrap_too() -> None:
    whole = segment_stability(IRIS, THREE, fit_kmeans, rng=np.random.default_rng(1))
    assert whole.jaccard == pytest.approx([0.92, 1.0, 0.91], abs=0.04)
    within = segment_level_within(IRIS, THREE, fit_kmeans, rng=np.random.default_rng(1), pairs=10)
    assert within.shape == (10, 3)
    assert within.mean(axis=0) == pytest.approx(whole.jaccard, abs=0.05)


def test_resamples_side_by_side_agree_with_those_one_by_one() -> None:
    for statistic in (global_stability, segment_stability):
        second = 3 if statistic is global_stability else THREE
        sides = [statistic(IRIS, second, how, rng=np.random.default_rng(1)) for how in (fit_kmeans, one_by_one)]
        values = [getattr(side, "agreements", getattr(side, "jaccard", None)) for side in sides]
        # The same resamples; the starts differ, and on converged fits that hardly matters.
        assert values[0] == pytest.approx(values[1], abs=0.02)
    strengths = [
        prediction_strength(IRIS, 2, how, rng=np.random.default_rng(1), splits=5) for how in (fit_kmeans, one_by_one)
    ]
    assert strengths[0] == pytest.approx(strengths[1], abs=0.02)


def test_distinct_rows_with_counts_are_as_stable_as_all_rows() -> None:
    rng = np.random.default_rng(3)
    shares = np.array([[0.1] * 8, [0.9] * 4 + [0.1] * 4, [0.1] * 4 + [0.9] * 4])
    answers = (rng.random((500, 8)) < shares[rng.integers(0, 3, 500)]).astype(int)
    distinct, counts = np.unique(answers, axis=0, return_counts=True)
    whole = global_stability(rows_of_codes(answers, [2] * 8), 3, fit_kmeans, rng=np.random.default_rng(1), pairs=30)
    few = global_stability(
        rows_of_codes(distinct, [2] * 8), 3, fit_kmeans, rng=np.random.default_rng(1), pairs=30, weights=counts
    )
    error = np.sqrt((few.agreements.var() + whole.agreements.var()) / 30)
    assert abs(few.mean - whole.mean) < 4 * error
    assert error < 0.03


def test_groups_of_noise_do_not_come_back() -> None:
    noise = rows_of_numbers(np.random.default_rng(1).normal(size=(150, 6)))
    assert global_stability(noise, 5, fit_kmeans, rng=np.random.default_rng(1)).mean < 0.45
    assert prediction_strength(noise, 5, fit_kmeans, rng=np.random.default_rng(1)) < 0.4
    labels = fit_kmeans(noise, 5, rng=np.random.default_rng(1)).assign(noise)
    assert segment_stability(noise, labels, fit_kmeans, rng=np.random.default_rng(1)).jaccard.max() < 0.6


def test_a_group_that_splits_in_two_says_where_its_parts_came_from() -> None:
    two = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    split, mixed = np.array([0, 0, 2, 2, 1, 1, 1, 1]), np.array([0, 0, 0, 2, 2, 1, 1, 1])
    assert segment_level_across([two, split])[0] == pytest.approx([1, 1, 1])
    # Half of the third group came from each of the two before: entropy log 2 of log 2.
    assert segment_level_across([two, mixed])[0] == pytest.approx([1, 1, 0], abs=1e-12)
    assert len(segment_level_across([two, split, mixed])) == 2


def test_jaccard_of_sets_counted_by_hand() -> None:
    labels, again = np.array([0, 0, 0, 1, 1, -1]), np.array([5, 5, 2, 2, 2, 5])
    # {0,1,2} with {0,1,5}: 2 of 4; {3,4} with {2,3,4}: 2 of 3.
    assert best_jaccard(labels, again, None, 2) == pytest.approx([0.5, 2 / 3])


@pytest.mark.parametrize(
    ("jaccard", "word"),
    [
        (0.3, "dissolved"),
        (0.55, "doubtful"),
        (0.6, "pattern"),
        (0.75, "pattern"),
        (0.8, "stable"),
        (0.9, "highly stable"),
    ],
)
def test_hennigs_words(jaccard: float, word: str) -> None:
    assert stability_word(jaccard) == word


def test_a_seed_gives_the_same_stability_again() -> None:
    one, other = (global_stability(IRIS, 4, fit_kmeans, rng=np.random.default_rng(6)) for _ in range(2))
    assert (one.agreements == other.agreements).all()
    with pytest.raises(ValueError, match="as many labels"):
        adjusted_rand(THREE, THREE[:-1])
