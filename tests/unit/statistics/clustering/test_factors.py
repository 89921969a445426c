from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering.factors import FactorGroups, factor_space, fit_factors
from satsuma.statistics.clustering.methods import grouping_from
from satsuma.statistics.clustering.rows import Rows, rows_of_numbers
from satsuma.statistics.errors import CannotEstimate


def many_related(count: int = 600) -> tuple[Rows, np.ndarray]:
    """Three groups on two factors behind three numbers and three categories; ten related numbers know nothing."""
    rng = np.random.default_rng(2)
    of = rng.integers(0, 3, count)
    behind = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])[of] + rng.normal(size=(count, 2))
    numbers = np.column_stack([behind, behind.sum(axis=1) * 0.7 + rng.normal(size=count), rng.normal(size=(count, 4))])
    codes = np.stack([np.where(rng.random(count) < 0.85, of, rng.integers(0, 3, count)) for _ in range(3)], axis=1)
    numbers = (numbers - numbers.mean(axis=0)) / numbers.std(axis=0)
    return Rows(numbers, codes.astype(np.int32), (3, 3, 3)), of


def test_numbers_alone_give_the_principal_components() -> None:
    points = np.random.default_rng(1).normal(size=(200, 5)) @ np.random.default_rng(2).normal(size=(5, 5))
    space = factor_space(rows_of_numbers(points), rng=np.random.default_rng(1), factors=3)
    peer = PCA(3).fit((points - points.mean(axis=0)) / points.std(axis=0))
    assert space.explained == pytest.approx(peer.explained_variance_ratio_)
    assert np.abs(space.loadings.T @ peer.components_.T) == pytest.approx(np.eye(3), abs=1e-9)


def test_a_category_has_the_variance_of_its_levels_less_one() -> None:
    rows, _ = many_related()
    space = factor_space(rows, rng=np.random.default_rng(1), share=1.0)
    # Seven numbers of variance 1, three categories of three levels: 7 + 3 x 2, on as many axes.
    assert space.loadings.shape == (16, 13)
    assert space.coordinates(rows).var(axis=0).sum() == pytest.approx(13)
    assert space.explained.sum() == pytest.approx(1)


def test_shuffled_columns_say_how_many_factors_there_are() -> None:
    rows, of = many_related()
    found = fit_factors(rows, 3, rng=np.random.default_rng(1))
    assert found.space.loadings.shape[1] == 2
    assert adjusted_rand_score(of, found.assign(rows)) > 0.95


def test_related_traits_do_not_outvote_the_others() -> None:
    rng = np.random.default_rng(8)
    of = rng.integers(0, 2, 300)
    # Eight traits say one thing, which has no groups; two say another, which has.
    same = rng.uniform(-1.7, 1.7, (300, 1)) + 0.2 * rng.normal(size=(300, 8))
    groups = (of * 8.0 - 4.0)[:, None] + rng.normal(size=(300, 2))
    rows = rows_of_numbers(np.column_stack([same / same.std(axis=0), groups / groups.std(axis=0)]))
    space = factor_space(rows, rng=rng)
    assert space.loadings.shape[1] == 2
    assert np.abs(space.loadings[:8, 0]) == pytest.approx(8**-0.5, abs=0.02)
    assert np.abs(space.loadings[8:, 1]) == pytest.approx(2**-0.5, abs=0.02)


def test_a_share_and_a_number_of_factors_are_obeyed() -> None:
    rows, _ = many_related()
    rng = np.random.default_rng(1)
    assert factor_space(rows, rng=rng, share=0.6).explained[:-1].sum() < 0.6
    assert factor_space(rows, rng=rng, share=0.6).explained.sum() >= 0.6
    assert fit_factors(rows, 3, rng=rng, factors=4).space.loadings.shape[1] == 4
    with pytest.raises(ValueError, match="from 1 to 16 factors"):
        factor_space(rows, rng=rng, factors=17)


def test_a_kept_fit_assigns_alike_and_the_order_of_rows_does_not_matter() -> None:
    rows, _ = many_related()
    found = fit_factors(rows, 3, rng=np.random.default_rng(1))
    again = grouping_from(json.loads(json.dumps(found.as_dict(), allow_nan=False)))
    assert isinstance(again, FactorGroups)
    assert again.as_dict() == found.as_dict()
    order = np.random.default_rng(3).permutation(len(rows))
    turned = fit_factors(rows.take(order), 3, rng=np.random.default_rng(9))
    assert (turned.assign(rows) == again.assign(rows)).all()


def test_what_has_no_factors_is_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(CannotEstimate, match="alike"):
        factor_space(rows_of_numbers(np.ones((10, 2))), rng=rng)
    with pytest.raises(ValueError, match="complete"):
        factor_space(rows_of_numbers(np.array([[np.nan], [1.0]])), rng=rng)
    with pytest.raises(CannotEstimate, match="no rows"):
        factor_space(rows_of_numbers(np.ones((3, 2))), rng=rng, weights=np.zeros(3))
