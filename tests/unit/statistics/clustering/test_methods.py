"""What all methods have in common, each through the same door."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering.methods import METHODS, algorithm, grouping_from
from satsuma.statistics.clustering.rows import Rows, rows_of_numbers


def far_apart(with_codes: bool) -> tuple[Rows, np.ndarray]:
    rng = np.random.default_rng(1)
    of = rng.choice(3, 300, p=[0.5, 0.3, 0.2])
    numbers = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])[of] / 1.7 + rng.normal(0, 0.2, (300, 2))
    if not with_codes:
        return rows_of_numbers(numbers), of
    codes = np.where(rng.random(300) < 0.9, of, 0)
    return Rows(numbers, codes[:, None].astype(np.int32), (3,)), of


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_far_groups_and_numbers_them_by_size(name: str) -> None:
    method = METHODS[name]
    rows, of = far_apart(with_codes=method.codes)
    assert method.can_use(rows)
    found = algorithm(name)(rows, 3, rng=np.random.default_rng(1), starts=5)
    labels = found.assign(rows)
    assert found.method == name
    assert found.groups == 3
    # In the factors' space the category, which is wrong of one row in fifteen, weighs more than two numbers.
    assert adjusted_rand_score(of[labels >= 0], labels[labels >= 0]) > (0.85 if name == "factors" else 0.97)
    sizes = np.bincount(labels[labels >= 0])
    assert (np.diff(sizes) <= 0).all()
    assert (found.membership(rows) is not None) == method.has_membership


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_its_fit_as_json_and_obeys_a_seed(name: str) -> None:
    rows, _ = far_apart(with_codes=METHODS[name].codes)
    one, other = (algorithm(name)(rows, 3, rng=np.random.default_rng(4), starts=2) for _ in range(2))
    assert one.as_dict() == other.as_dict()
    again = grouping_from(json.loads(json.dumps(one.as_dict(), allow_nan=False)))
    assert (again.assign(rows) == one.assign(rows)).all()
    assert again.cost == pytest.approx(one.cost)


@pytest.mark.parametrize("name", METHODS)
def test_missing_values_are_refused_by_those_that_need_complete_rows(name: str) -> None:
    rows, _ = far_apart(with_codes=METHODS[name].codes)
    rows.numbers[3, 0] = np.nan
    if METHODS[name].needs_complete:
        with pytest.raises(ValueError, match="complete"):
            algorithm(name)(rows, 3, rng=np.random.default_rng(1), starts=1)
    else:
        assert algorithm(name)(rows, 3, rng=np.random.default_rng(1), starts=2).assign(rows)[3] >= 0
