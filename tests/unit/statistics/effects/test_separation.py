"""How much of a trait groups take up: published values, a second implementation, and parts that add up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.stats.contingency import association
from sklearn.datasets import load_iris

from satsuma.statistics.effects.ranks import rank_sums, ranked
from satsuma.statistics.effects.separation import (
    compare_categories,
    compare_rank_variances,
    compare_variances,
    group_moments,
    moments_of_sums,
)
from satsuma.statistics.effects.sizes import adjusted

VALUES, SPECIES = load_iris(return_X_y=True)
#: HairEyeColor of R's datasets, both sexes: black, brown, red, blond by brown, blue, hazel, green.
HAIR_EYE = np.array([[68, 20, 15, 5], [119, 84, 54, 29], [26, 17, 14, 14], [7, 94, 10, 16]])


def test_iris_by_species_has_its_published_analysis_of_variance() -> None:
    found = compare_variances(group_moments(VALUES, SPECIES, 3))
    assert found.f == pytest.approx([119.2645, 49.1600, 1180.1612, 960.0071], abs=1e-4)
    assert found.eta2 == pytest.approx([0.6187, 0.4008, 0.9414, 0.9289], abs=1e-4)
    assert found.omega2 == pytest.approx([0.6119, 0.3910, 0.9402, 0.9275], abs=1e-4)


def test_iris_by_species_has_its_published_kruskal_wallis() -> None:
    found = []
    for column in VALUES.T:
        ranks = ranked(column)
        found.append(compare_rank_variances(*rank_sums(ranks, SPECIES, 3), ranks))
    assert [float(item.h) for item in found] == pytest.approx([96.93744, 63.57115, 130.411, 131.1854], rel=1e-6)
    for item, column in zip(found, VALUES.T, strict=True):
        told = stats.kruskal(*(column[species == SPECIES] for species in range(3)))
        assert (item.h, item.p) == pytest.approx((told.statistic, told.pvalue), rel=1e-9)
        assert item.epsilon2 == pytest.approx(told.statistic / 149)


def test_hair_and_eye_colour_have_their_published_association() -> None:
    found = compare_categories(HAIR_EYE)
    assert (found.chi2, found.v, found.v_corrected) == pytest.approx((138.28984, 0.27904, 0.27048), abs=1e-5)
    assert found.df == 9
    assert found.p == pytest.approx(stats.chi2_contingency(HAIR_EYE).pvalue, rel=1e-9)
    assert found.v == pytest.approx(association(HAIR_EYE))


def test_benjamini_and_hochberg_have_their_published_values() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.005, 0.5]) == pytest.approx([0.025, 0.05, 0.05, 0.025, 0.5])


def test_many_tables_at_once_are_each_alone() -> None:
    tables = np.stack([HAIR_EYE, HAIR_EYE.T[::-1], np.ones((4, 4), int)])
    together = compare_categories(tables)
    for place, table in enumerate(tables):
        alone = compare_categories(table)
        assert (together.chi2[place], together.v_corrected[place]) == (alone.chi2, alone.v_corrected)
    assert together.chi2[2] == 0


def test_a_group_or_category_of_nobody_does_not_count() -> None:
    wider = np.zeros((5, 5), int)
    wider[:4, :4] = HAIR_EYE
    assert compare_categories(wider).v == compare_categories(HAIR_EYE).v
    moments = group_moments(VALUES, SPECIES, 5)
    assert compare_variances(moments).f == pytest.approx(compare_variances(group_moments(VALUES, SPECIES, 3)).f)


def test_group_moments_add_up_and_keep_their_digits_far_from_zero() -> None:
    rng = np.random.default_rng(3)
    values = 1e8 + rng.normal(size=(20_000, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    groups = rng.integers(-1, 4, len(values))
    whole = group_moments(values, groups, 4)
    parts = group_moments(values[:7_000], groups[:7_000], 4) + group_moments(values[7_000:], groups[7_000:], 4)
    for group in range(4):
        inside = values[groups == group]
        assert whole.n[group].tolist() == (~np.isnan(inside)).sum(axis=0).tolist()
        assert whole.mean[group] == pytest.approx(np.nanmean(inside, axis=0), rel=1e-12)
        assert whole.variance[group] == pytest.approx(np.nanvar(inside, axis=0, ddof=1), rel=1e-6)
    assert parts.m2 == pytest.approx(whole.m2, rel=1e-6)


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(len(VALUES))
    first = compare_variances(group_moments(VALUES, SPECIES, 3)).f
    assert compare_variances(group_moments(VALUES[order], SPECIES[order], 3)).f == pytest.approx(first, rel=1e-12)


def test_what_cannot_be_estimated_is_not_a_number() -> None:
    assert np.isnan(compare_variances(group_moments(VALUES, np.zeros(150, int), 3)).f).all()
    assert np.isnan(compare_variances(group_moments(np.ones((9, 1)), np.arange(9) % 3, 3)).f).all()
    same = ranked(np.ones(9))
    assert np.isnan(compare_rank_variances(*rank_sums(same, np.arange(9) % 3, 3), same).h)
    assert np.isnan(compare_categories([[3, 4], [0, 0]]).v)
    nobody = moments_of_sums([0.0], [0.0], [0.0])
    assert np.isnan(nobody.mean[0])
    assert nobody.m2[0] == 0


def test_random_groups_are_called_different_as_often_as_the_level_says() -> None:
    rng = np.random.default_rng(5)
    values, labels = rng.lognormal(size=(300, 200)), rng.integers(0, 4, 300)
    p = compare_variances(group_moments(values, labels, 4)).p
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.04)
    ranked_p = []
    for column in values.T:
        ranks = ranked(column)
        ranked_p.append(float(compare_rank_variances(*rank_sums(ranks, labels, 4), ranks).p))
    assert np.mean(np.array(ranked_p) < 0.05) == pytest.approx(0.05, abs=0.04)
