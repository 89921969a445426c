from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.clustering.encoding import RawTrait, fit_encoding
from satsuma.statistics.clustering.one_cloud import one_cloud
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.clustering.space import points_of
from satsuma.statistics.clustering.tightness import Cuts, cut


def mixed(count: int = 800) -> Rows:
    rng = np.random.default_rng(1)
    factor = rng.normal(size=count)
    bought = np.where(rng.random(count) < 0.6, 0.0, np.exp(rng.normal(size=count) + factor))
    traits = [
        RawTrait("x", "number", factor + rng.normal(size=count)),
        RawTrait("y", "money", np.exp(factor + 0.5 * rng.normal(size=count))),
        RawTrait("bought", "money", bought),
        RawTrait("level", "category", np.digitize(factor + rng.normal(size=count), [-1, 0, 1]), ("d", "b", "a", "c")),
        RawTrait("yes", "boolean", (factor + rng.normal(size=count) > 0.5).astype(float)),
    ]
    return fit_encoding(traits).apply(traits)


def test_a_drawn_cloud_has_the_same_values_in_each_column() -> None:
    rows = mixed()
    drawn = one_cloud(rows).draw(np.random.default_rng(1))
    assert np.sort(drawn.numbers, axis=0) == pytest.approx(np.sort(rows.numbers, axis=0))
    assert (np.sort(drawn.codes, axis=0) == np.sort(rows.codes, axis=0)).all()
    assert not (drawn.numbers == rows.numbers).all()


def test_a_drawn_cloud_has_the_correlations_of_the_data() -> None:
    rows = mixed()
    law = one_cloud(rows)
    drawn = [np.corrcoef(law.draw(np.random.default_rng(seed)).numbers.T) for seed in range(20)]
    # The second part of a trait correlates among the rows that have it, which is less exact: .08.
    assert np.mean(drawn, axis=0) == pytest.approx(np.corrcoef(rows.numbers.T), abs=0.08)
    assert np.mean(drawn, axis=0)[0, 1] == pytest.approx(np.corrcoef(rows.numbers.T)[0, 1], abs=0.01)
    answers = np.random.default_rng(1).normal(size=(1000, 1)) + np.random.default_rng(2).normal(size=(1000, 4)) > 0.7
    codes = rows_of_codes(answers.astype(int), [2] * 4)
    law = one_cloud(codes)
    drawn = [np.corrcoef(law.draw(np.random.default_rng(seed)).codes.T) for seed in range(20)]
    assert np.mean(drawn, axis=0) == pytest.approx(np.corrcoef(codes.codes.T), abs=0.03)


def test_the_two_parts_of_a_trait_stay_together() -> None:
    rows = mixed()
    drawn = one_cloud(rows).draw(np.random.default_rng(1))
    first = drawn.codes[:, 0] == 0
    assert (rows.numbers[rows.codes[:, 0] == 0, 2] == 0).all()
    assert (drawn.numbers[first, 2] == 0).all()
    assert (drawn.numbers[~first, 2] == 0).mean() < 0.02


def test_groups_do_not_survive_in_a_cloud() -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(size=(400, 3)) + np.array([[0.0, 0, 0], [6, 0, 6], [0, 6, 6]])[rng.integers(0, 3, 400)]
    rows = rows_of_numbers((points - points.mean(axis=0)) / points.std(axis=0))
    law = one_cloud(rows)
    data = cut(points_of(rows), (2, 3, 4), rng=rng, starts=5)
    clouds = [cut(points_of(law.draw(rng)), (2, 3, 4), rng=rng, starts=5) for _ in range(9)]
    gaps, errors, borders = data.against(clouds)
    assert data.rank_among(clouds) == pytest.approx(0.1)
    assert gaps[1] > 10 * errors[1]
    assert borders[1] < 0.1


def test_the_rank_is_the_share_of_clouds_as_unusual() -> None:
    low, high = Cuts(np.array([0.0, 0.0]), np.ones(2)), Cuts(np.array([1.0, 1.0]), np.ones(2))
    assert low.rank_among([high] * 19) == pytest.approx(1 / 20)
    assert high.rank_among([high] * 18 + [low]) == pytest.approx(1.0)


def test_missing_values_are_refused() -> None:
    with pytest.raises(ValueError, match="complete rows"):
        one_cloud(rows_of_numbers(np.array([[np.nan], [1.0]])))
