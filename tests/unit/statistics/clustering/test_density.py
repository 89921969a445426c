from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering import density
from satsuma.statistics.clustering.density import DensityGroups, fit_density
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.methods import grouping_from
from satsuma.statistics.clustering.rows import rows_of_numbers
from satsuma.statistics.errors import CannotEstimate

MOONS, OF = make_moons(1200, noise=0.06, random_state=1)
ROWS = rows_of_numbers(MOONS)


def test_two_moons_are_found_where_means_cannot() -> None:
    found = fit_density(ROWS, 2, rng=np.random.default_rng(1))
    labels = found.assign(ROWS)
    assert found.groups == 2
    assert found.noise < 0.05
    assert adjusted_rand_score(OF[labels >= 0], labels[labels >= 0]) > 0.99
    assert (labels < 0).mean() < 0.1
    assert adjusted_rand_score(OF, fit_kmeans(ROWS, 2, rng=np.random.default_rng(1)).assign(ROWS)) < 0.6


def test_far_rows_belong_to_none() -> None:
    found = fit_density(ROWS, 2, rng=np.random.default_rng(1))
    assert found.assign(rows_of_numbers(np.array([[9.0, 9.0], MOONS[0]]))).tolist()[0] == -1


def test_many_rows_are_told_from_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(density, "MOST_ROWS", 600)
    monkeypatch.setattr(density, "KEPT", 300)
    found = fit_density(ROWS, 2, rng=np.random.default_rng(1))
    labels = found.assign(ROWS)
    assert len(found.kept) == 300
    assert (labels < 0).mean() < 0.15
    assert adjusted_rand_score(OF[labels >= 0], labels[labels >= 0]) > 0.99


def test_a_kept_fit_assigns_alike() -> None:
    found = fit_density(ROWS, 2, rng=np.random.default_rng(1))
    again = grouping_from(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert isinstance(again, DensityGroups)
    assert (again.assign(ROWS) == found.assign(ROWS)).all()
    assert again.as_dict() == found.as_dict()
    assert again.membership(ROWS) is None


def test_a_plain_cloud_has_no_two_regions() -> None:
    cloud = rows_of_numbers(np.random.default_rng(1).random((40, 8)))
    with pytest.raises(CannotEstimate, match="No region is denser"):
        fit_density(cloud, 2, rng=np.random.default_rng(1))
