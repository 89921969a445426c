"""Iris by species has published values: R's fpc (`cluster.stats`) and cluster (`clusGap`, d.power = 1)."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.datasets import load_iris

from satsuma.statistics.clustering.criteria import (
    calinski_harabasz,
    davies_bouldin,
    distances,
    entropy,
    gap,
    silhouette,
    simplified_silhouette,
    sums_of_squares,
)
from satsuma.statistics.errors import CannotEstimate

POINTS, SPECIES = load_iris(return_X_y=True)
WEIGHTS = np.random.default_rng(1).integers(0, 4, 150).astype(float)
SAID = np.repeat(np.arange(150), WEIGHTS.astype(int))


def test_iris_by_species_has_the_published_silhouette() -> None:
    found = silhouette(POINTS, SPECIES)
    assert found.mean == pytest.approx(0.5034774, abs=5e-8)
    assert found.by_group == pytest.approx([0.7894, 0.4091, 0.3120], abs=5e-5)


def test_iris_by_species_has_the_published_indices() -> None:
    assert calinski_harabasz(POINTS, SPECIES) == pytest.approx(487.3309, abs=5e-5)
    found = distances(POINTS, SPECIES)
    assert found.dunn == pytest.approx(0.05848053, abs=5e-9)
    assert found.dunn2 == pytest.approx(1.565638, abs=5e-7)
    assert found.pearson_gamma == pytest.approx(0.6800496, abs=5e-8)
    assert found.within_between == pytest.approx(0.2880239, abs=5e-8)
    assert entropy(SPECIES) == pytest.approx(1.098612, abs=5e-7)


def test_the_gap_of_iris_is_the_published_one() -> None:
    found = gap(POINTS, range(1, 7), rng=np.random.default_rng(1), boxes=20, starts=5, squared=False)
    # The boxes are random: the published errors are .02.
    assert found.values == pytest.approx([0.139, 0.604, 0.783, 0.843, 0.862, 0.897], abs=0.02)
    assert found.errors == pytest.approx([0.018] * 6, abs=0.01)


def test_a_box_has_no_gap_and_three_far_heaps_have_three() -> None:
    rng = np.random.default_rng(2)
    assert gap(rng.random((120, 2)), range(1, 4), rng=rng, boxes=20, starts=3).proposed == 1
    heaps = rng.normal(size=(150, 2)) + np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], 50, axis=0)
    assert gap(heaps, range(1, 5), rng=rng, boxes=20, starts=3).proposed == 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_indices_are_those_of_a_second_implementation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, labels = rng.normal(size=(80, 3)), rng.integers(0, 4, 80)
    assert calinski_harabasz(points, labels) == pytest.approx(metrics.calinski_harabasz_score(points, labels))
    assert davies_bouldin(points, labels) == pytest.approx(metrics.davies_bouldin_score(points, labels))
    assert silhouette(points, labels).mean == pytest.approx(metrics.silhouette_score(points, labels))


def test_within_and_between_add_up_to_the_total() -> None:
    found = sums_of_squares(POINTS, SPECIES)
    total = ((POINTS - POINTS.mean(axis=0)) ** 2).sum()
    assert found.within.sum() + found.between == pytest.approx(total)
    assert found.explained == pytest.approx(1 - found.within.sum() / total)
    assert found.sizes.tolist() == [50, 50, 50]


def test_a_weight_is_a_row_said_so_often() -> None:
    said, labels = POINTS[SAID], SPECIES[SAID]
    assert calinski_harabasz(POINTS, SPECIES, WEIGHTS) == pytest.approx(calinski_harabasz(said, labels))
    assert davies_bouldin(POINTS, SPECIES, WEIGHTS) == pytest.approx(davies_bouldin(said, labels))
    assert entropy(SPECIES, WEIGHTS) == pytest.approx(entropy(labels))
    one, other = simplified_silhouette(POINTS, SPECIES, WEIGHTS), simplified_silhouette(said, labels)
    assert one.mean == pytest.approx(other.mean)
    assert one.by_group == pytest.approx(other.by_group)


def test_the_simplified_silhouette_is_the_one_to_centres() -> None:
    centres = np.array([POINTS[group == SPECIES].mean(axis=0) for group in range(3)])
    far = np.linalg.norm(POINTS[:, None] - centres[None], axis=2)
    own = far[np.arange(150), SPECIES]
    far[np.arange(150), SPECIES] = np.inf
    other = far.min(axis=1)
    assert simplified_silhouette(POINTS, SPECIES).mean == pytest.approx(((other - own) / np.maximum(own, other)).mean())


def test_neither_the_order_of_rows_nor_rows_of_no_group_matter() -> None:
    order = np.random.default_rng(5).permutation(150)
    assert silhouette(POINTS[order], SPECIES[order]).mean == pytest.approx(silhouette(POINTS, SPECIES).mean)
    more, labels = np.vstack([POINTS, POINTS[:9] + 50.0]), np.append(SPECIES, [-1] * 9)
    assert calinski_harabasz(more, labels) == pytest.approx(calinski_harabasz(POINTS, SPECIES))
    assert silhouette(more, labels).mean == pytest.approx(silhouette(POINTS, SPECIES).mean)


def test_a_sample_of_rows_gives_about_the_same_silhouette() -> None:
    whole = silhouette(POINTS, SPECIES).mean
    drawn = silhouette(POINTS, SPECIES, rng=np.random.default_rng(1), sample=90)
    assert drawn.rows == 90
    assert drawn.mean == pytest.approx(whole, abs=0.05)
    with pytest.raises(ValueError, match="generator"):
        silhouette(POINTS, SPECIES, sample=90)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(CannotEstimate, match="two groups"):
        silhouette(POINTS, np.zeros(150, int))
    with pytest.raises(CannotEstimate, match="two groups"):
        calinski_harabasz(POINTS, np.zeros(150, int))
    with pytest.raises(CannotEstimate, match="No row"):
        sums_of_squares(POINTS, np.full(150, -1))
    with pytest.raises(ValueError, match="Every group"):
        sums_of_squares(POINTS, np.where(SPECIES == 1, 3, SPECIES))
    with pytest.raises(ValueError, match="too many pairs"):
        distances(POINTS, SPECIES, most_rows=100)
    with pytest.raises(ValueError, match="one label"):
        sums_of_squares(POINTS, SPECIES[:10])
