"""Iris has published values: R's mclust (its BIC is 2 log-likelihood less the penalty)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from satsuma.statistics.clustering import mixture
from satsuma.statistics.clustering.methods import grouping_from
from satsuma.statistics.clustering.mixture import MixtureGroups, Shape, fit_mixture
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.errors import CannotEstimate

IRIS, SPECIES = load_iris(return_X_y=True)
ROWS = rows_of_numbers(IRIS)


@pytest.mark.parametrize(
    ("shape", "groups", "published"),
    [("balls", 2, -1123.412), ("balls", 3, -878.765), ("full", 2, -574.0178), ("full", 3, -580.8396)],
)
def test_iris_has_the_published_bic(shape: Shape, groups: int, published: float) -> None:
    found = fit_mixture(ROWS, groups, rng=np.random.default_rng(1), shapes=(shape,))
    # Never less likely than published, and more by a stopping rule only.
    assert -0.001 < -found.bic - published < 0.003
    assert found.converged


def test_bic_chooses_among_shapes_and_the_species_are_found() -> None:
    found = fit_mixture(ROWS, 3, rng=np.random.default_rng(1))
    assert found.shape == "full"
    assert set(found.by_shape) == {"full", "tied", "diagonal", "spherical"}
    assert found.bic == pytest.approx(min(found.by_shape.values()))
    assert adjusted_rand_score(SPECIES, found.assign(ROWS)) == pytest.approx(0.904, abs=0.0005)
    assert found.icl > found.bic


def test_the_likelihood_is_that_of_a_second_implementation() -> None:
    found = fit_mixture(ROWS, 2, rng=np.random.default_rng(1), shapes=("full",))
    peer = GaussianMixture(2, tol=1e-9, reg_covar=0, max_iter=500, random_state=1).fit(IRIS)
    assert found.log_likelihood == pytest.approx(peer.score(IRIS) * 150, abs=1e-4)
    assert found.bic == pytest.approx(peer.bic(IRIS), abs=1e-3)


def test_memberships_add_up_and_the_surest_is_assigned() -> None:
    found = fit_mixture(ROWS, 3, rng=np.random.default_rng(1))
    membership = found.membership(ROWS)
    assert membership is not None
    assert membership.sum(axis=1) == pytest.approx(1)
    assert (membership.argmax(axis=1) == found.assign(ROWS)).all()
    assert membership.mean(axis=0) == pytest.approx(found.shares, abs=1e-4)
    assert (np.diff(found.shares) <= 0).all()


def test_a_weight_is_a_row_said_so_often() -> None:
    weights = np.random.default_rng(1).integers(0, 3, 150).astype(float)
    said = ROWS.take(np.repeat(np.arange(150), weights.astype(int)))
    one = fit_mixture(ROWS, 2, rng=np.random.default_rng(1), weights=weights, shapes=("full",))
    other = fit_mixture(said, 2, rng=np.random.default_rng(1), shapes=("full",))
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-4)
    assert one.means == pytest.approx(other.means, abs=1e-3)


def test_many_rows_are_begun_on_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    of = rng.choice(3, 2000, p=[0.5, 0.3, 0.2])
    points = np.array([[0, 0], [5, 0], [0, 5]])[of] + rng.normal(size=(2000, 2)) * np.array([1.0, 0.5, 1.5])[of, None]
    rows = rows_of_numbers(points)
    whole = fit_mixture(rows, 3, rng=np.random.default_rng(1), starts=3)
    monkeypatch.setattr(mixture, "ALL_STARTS", 1000)
    drawn = fit_mixture(rows, 3, rng=np.random.default_rng(1), starts=3)
    assert whole.shape == drawn.shape == "spherical"
    assert drawn.means == pytest.approx(whole.means, abs=0.05)
    assert drawn.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-4)
    assert adjusted_rand_score(of, drawn.assign(rows)) > 0.95


def test_a_kept_fit_assigns_alike() -> None:
    found = fit_mixture(ROWS, 3, rng=np.random.default_rng(1), starts=2)
    again = grouping_from(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert isinstance(again, MixtureGroups)
    assert again.as_dict() == found.as_dict()
    assert (again.assign(ROWS) == found.assign(ROWS)).all()


def test_equal_rows_do_not_make_an_endless_likelihood() -> None:
    points = np.vstack([np.zeros((60, 2)), np.random.default_rng(1).normal(size=(60, 2)) + 4.0])
    found = fit_mixture(rows_of_numbers(points), 2, rng=np.random.default_rng(1))
    assert np.isfinite(found.log_likelihood)
    assert np.linalg.eigvalsh(found.covariances).min() > 0
    assert np.bincount(found.assign(rows_of_numbers(points))).tolist() == [60, 60]


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="numbers alone"):
        fit_mixture(rows_of_codes(np.zeros((5, 1), int), [2]), 1, rng=rng)
    with pytest.raises(ValueError, match="complete rows"):
        fit_mixture(rows_of_numbers(np.array([[np.nan], [1.0], [2.0]])), 1, rng=rng)
    with pytest.raises(CannotEstimate, match="too few for 3 groups"):
        fit_mixture(rows_of_numbers(np.array([[1.0], [1.0], [2.0], [2.0]])), 3, rng=rng)
    with pytest.raises(ValueError, match="at least one group"):
        fit_mixture(ROWS, 0, rng=rng)
    with pytest.raises(ValueError, match="fitted to 4 numbers"):
        fit_mixture(ROWS, 2, rng=rng, starts=1).assign(Rows(IRIS[:, :3], np.zeros((150, 0), np.int32), ()))
