from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_blobs
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering import kmeans
from satsuma.statistics.clustering.kmeans import KMeansGroups, fit_kmeans
from satsuma.statistics.clustering.lloyd import best_centres_of_many
from satsuma.statistics.clustering.methods import METHODS, algorithm, grouping_from, suited
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.clustering.space import indicator_scale, points_of
from satsuma.statistics.errors import CannotEstimate

IRIS = load_iris().data


def mixed(count: int = 400) -> tuple[Rows, np.ndarray]:
    """Three groups that differ in two numbers and in a category of four levels."""
    rng = np.random.default_rng(4)
    of = rng.choice(3, count, p=[0.5, 0.3, 0.2])
    numbers = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]])[of] + rng.normal(0, 0.6, (count, 2))
    codes = np.where(rng.random(count) < 0.8, of, 3)
    return Rows(numbers, codes[:, None].astype(np.int32), (4,)), of


def test_three_groups_of_iris_have_the_published_cost_and_sizes() -> None:
    # Published: 78.85144 with 50, 62 and 38 flowers (R's kmeans).
    found = fit_kmeans(rows_of_numbers(IRIS), 3, rng=np.random.default_rng(1), starts=20)
    assert found.cost == pytest.approx(78.85144, abs=5e-6)
    assert (found.shares * 150).round(9).tolist() == [62, 50, 38]
    labels = found.assign(rows_of_numbers(IRIS))
    assert np.bincount(labels).tolist() == [62, 50, 38]
    assert adjusted_rand_score(load_iris().target, labels) == pytest.approx(0.73024, abs=5e-6)


def test_the_cost_is_that_of_a_second_implementation() -> None:
    rows, of = mixed()
    for groups in (2, 3):
        ours = fit_kmeans(rows, groups, rng=np.random.default_rng(1), starts=20)
        peer = KMeans(groups, n_init=20, tol=0, random_state=1).fit(points_of(rows))
        assert ours.cost == pytest.approx(peer.inertia_, rel=1e-9)
    assert adjusted_rand_score(of, fit_kmeans(rows, 3, rng=np.random.default_rng(1)).assign(rows)) > 0.95


def test_a_weight_is_a_row_said_so_often() -> None:
    rows, _ = mixed(60)
    weights = np.random.default_rng(2).integers(0, 4, 60).astype(float)
    said = rows.take(np.repeat(np.arange(60), weights.astype(int)))
    weighted = fit_kmeans(rows, 3, rng=np.random.default_rng(1), weights=weights, starts=30)
    repeated = fit_kmeans(said, 3, rng=np.random.default_rng(1), starts=30)
    assert weighted.cost == pytest.approx(repeated.cost, rel=1e-9)
    assert weighted.centres == pytest.approx(repeated.centres, abs=1e-9)
    assert weighted.shares == pytest.approx(repeated.shares)


def test_neither_the_order_of_rows_nor_the_seed_changes_converged_groups() -> None:
    rows, _ = mixed()
    order = np.random.default_rng(9).permutation(len(rows))
    one = fit_kmeans(rows, 3, rng=np.random.default_rng(1), starts=20)
    other = fit_kmeans(rows.take(order), 3, rng=np.random.default_rng(77), starts=20)
    assert other.centres == pytest.approx(one.centres, abs=1e-9)
    assert (other.assign(rows) == one.assign(rows)).all()


def test_a_seed_gives_the_same_groups_again() -> None:
    rows, _ = mixed()
    one, other = (fit_kmeans(rows, 7, rng=np.random.default_rng(5), starts=1) for _ in range(2))
    assert (one.centres == other.centres).all()


def test_a_kept_fit_assigns_alike() -> None:
    rows, _ = mixed()
    found = fit_kmeans(rows, 4, rng=np.random.default_rng(1))
    again = grouping_from(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert isinstance(again, KMeansGroups)
    assert (again.assign(rows) == found.assign(rows)).all()
    assert again.as_dict() == found.as_dict()


def test_many_rows_are_fitted_from_starts_on_few(monkeypatch: pytest.MonkeyPatch) -> None:
    points, of = make_blobs(6000, n_features=5, centers=4, cluster_std=1.5, random_state=3)
    rows = rows_of_numbers(points)
    whole = fit_kmeans(rows, 4, rng=np.random.default_rng(1))
    monkeypatch.setattr(kmeans, "ALL_STARTS", 1000)
    monkeypatch.setattr(kmeans, "DRAWN", 800)
    monkeypatch.setattr(kmeans, "SINGLE_PRECISION", 2000)
    drawn = fit_kmeans(rows, 4, rng=np.random.default_rng(1))
    assert drawn.cost == pytest.approx(whole.cost, rel=1e-3)
    assert adjusted_rand_score(whole.assign(rows), drawn.assign(rows)) > 0.99
    assert adjusted_rand_score(of, drawn.assign(rows)) > 0.99


def test_resamples_side_by_side_are_those_one_by_one() -> None:
    points = IRIS[:, :3]
    weights = np.random.default_rng(2).multinomial(150, np.full(150, 1 / 150), 6).astype(float)
    _, labels, costs = best_centres_of_many(points, weights, 3, rng=np.random.default_rng(1), starts=25)
    assert labels.shape == (6, 150)
    for place, weight in enumerate(weights):
        alone = fit_kmeans(rows_of_numbers(points), 3, rng=np.random.default_rng(8), weights=weight, starts=25)
        assert costs[place] == pytest.approx(alone.cost, rel=1e-9)


def test_a_category_counts_the_same_however_many_levels_it_has() -> None:
    rng = np.random.default_rng(1)
    for levels in (2, 3, 10):
        points = points_of(rows_of_codes(rng.integers(0, levels, (4000, 1)), [levels]))
        # Half of what two rows differ by in a number of unit variance, which is 2.
        assert 2 * points.var(axis=0).sum() == pytest.approx(1, abs=0.02)
        assert indicator_scale(levels) ** 2 * 2 * (1 - 1 / levels) == pytest.approx(1)


@pytest.fixture
def few() -> Rows:
    return rows_of_numbers(np.array([[0.0], [0.0], [1.0], [np.nan]]))


def test_bad_input_is_refused(few: Rows) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="complete rows"):
        fit_kmeans(few, 2, rng=rng)
    whole = few.take(np.arange(3))
    with pytest.raises(CannotEstimate, match="fewer than 3 distinct rows"):
        fit_kmeans(whole, 3, rng=rng)
    with pytest.raises(CannotEstimate, match="too few for 4 groups"):
        fit_kmeans(whole, 4, rng=rng)
    with pytest.raises(ValueError, match="at least one group"):
        fit_kmeans(whole, 0, rng=rng)
    with pytest.raises(ValueError, match="one weight for each row"):
        fit_kmeans(whole, 2, rng=rng, weights=np.ones(2))
    with pytest.raises(ValueError, match="fitted to 1 numbers"):
        fit_kmeans(whole, 2, rng=rng).assign(rows_of_numbers(np.zeros((2, 2))))


def test_methods_are_found_by_name_and_suited_by_kind() -> None:
    assert algorithm("kmeans") is fit_kmeans
    with pytest.raises(ValueError, match=r"There is no method 'kmean'\. There are kmeans, mixture"):
        algorithm("kmean")
    with pytest.raises(ValueError, match="no method"):
        grouping_from({})
    rows, _ = mixed()
    assert suited(rows)[0] == "kmeans"
    assert "2 numbers and 1 category" in suited(rows)[1]
    assert suited(rows_of_codes(rows.codes))[0] == "classes"
    assert suited(rows_of_numbers(rows.numbers))[0] == "kmeans"
    assert not METHODS["mixture"].can_use(rows)
    assert METHODS["mixture"].can_use(rows_of_numbers(rows.numbers))
