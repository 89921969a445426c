"""Latent classes of published tables.

Goodman (1974), Biometrika 61(2), 215-231: four role conflicts of 216 students; the figures are those of the manual of
poLCA (Linzer & Lewis 2011), whose data set `values` it is. Dolnicar & Leisch (2008), Journal of Travel Research 46,
381-391: twenty motives of 1,000 tourists and their six segments, from the R package flexclust; the file is found
through the environment variable SATSUMA_TEST_DATA.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering.classes import fit_classes, unsure_share
from satsuma.statistics.clustering.prototypes import fit_prototypes
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers

SURVEY = Path(os.environ.get("SATSUMA_TEST_DATA", "no data")) / "surveys/vacation_motives_au_2006.csv"
real = pytest.mark.skipif(not SURVEY.is_file(), reason="SATSUMA_TEST_DATA does not name the folder of real files")

#: People who answered 1111, 1112, 1121 .. 2222.
GOODMAN = np.array([42, 23, 6, 25, 6, 24, 7, 38, 1, 4, 1, 6, 2, 9, 2, 20], np.float64)
ANSWERS = rows_of_codes([[number >> place & 1 for place in (3, 2, 1, 0)] for number in range(16)], [2] * 4)


def test_goodmans_two_classes_are_those_published() -> None:
    fit = fit_classes(ANSWERS, 2, rng=np.random.default_rng(1), weights=GOODMAN)
    # As published, half a unit of the last digit.
    assert fit.log_likelihood == pytest.approx(-504.4677, abs=5e-5)
    assert fit.aic == pytest.approx(1026.9353, abs=5e-5)
    assert fit.bic == pytest.approx(1057.3128, abs=5e-5)
    assert fit.table is not None
    assert fit.table.g2 == pytest.approx(2.7199, abs=5e-5)
    assert fit.table.x2 == pytest.approx(2.7198, abs=5e-5)
    assert fit.table.degrees_of_freedom == 6
    assert fit.shares == pytest.approx([0.7208, 0.2792], abs=5e-5)
    # Ours; the second class is of those who nearly always answer 1.
    assert fit.log_likelihood == pytest.approx(-504.46767011846, abs=1e-9)
    assert fit.shares == pytest.approx([0.7207532, 0.2792468], abs=2e-6)
    assert [float(table[1, 0]) for table in fit.probabilities] == pytest.approx(
        [0.9931931, 0.9397639, 0.9265303, 0.7691313], abs=5e-6
    )
    assert (fit.rows, fit.distinct, fit.free_parameters, fit.reached) == (216, 16, 9, 10)


def test_goodmans_one_class_is_independence() -> None:
    fit = fit_classes(ANSWERS, 1, rng=np.random.default_rng(1), weights=GOODMAN)
    margins = [np.bincount(column, GOODMAN) / 216 for column in ANSWERS.codes.T]
    expected = 216 * np.prod([margin[column] for margin, column in zip(margins, ANSWERS.codes.T, strict=True)], axis=0)
    assert fit.table is not None
    assert fit.table.g2 == pytest.approx(2 * (GOODMAN * np.log(GOODMAN / expected)).sum())
    assert fit.table.degrees_of_freedom == 11
    assert fit.table.p_value is not None
    assert fit.table.p_value < 1e-6


@pytest.fixture(scope="module")
def motives() -> tuple[Rows, np.ndarray]:
    with SURVEY.open(encoding="utf-8") as file:
        lines = list(csv.reader(file))[1:]
    answers = rows_of_codes(np.array([[int(value) for value in line[1:21]] for line in lines]), [2] * 20)
    return answers, np.array([int(line[-1]) for line in lines])


@real
def test_six_classes_of_tourists_agree_with_the_published_segments(motives) -> None:
    rows, published = motives
    fit = fit_classes(rows, 6, rng=np.random.default_rng(1))
    assert (fit.rows, fit.distinct) == (1000, 863)
    # The highest of 100 starts run to the end; two in three of them come to it.
    assert fit.log_likelihood == pytest.approx(-9943.295914, abs=1e-5)
    assert fit.reached >= 5
    # The published ones are of a method of centres, which cuts where classes overlap: .655 here.
    assert adjusted_rand_score(published, fit.assign(rows)) > 0.63
    assert unsure_share(fit.membership(rows)) == pytest.approx(0.238, abs=0.002)


@real
def test_bic_of_tourists_is_lowest_for_five_classes(motives) -> None:
    rows, _ = motives
    found = {groups: fit_classes(rows, groups, rng=np.random.default_rng(1), starts=2) for groups in range(4, 7)}
    assert min(found, key=lambda groups: found[groups].bic) == 5
    # More classes never fit worse.
    assert np.diff([item.log_likelihood for item in found.values()]).min() > 0


@real
def test_shuffled_answers_have_one_class(motives) -> None:
    rows, _ = motives
    draw = np.random.default_rng(2)
    shuffled = rows_of_codes(np.column_stack([draw.permutation(column) for column in rows.codes.T]), rows.levels)
    one, two = (fit_classes(shuffled, groups, rng=np.random.default_rng(1), starts=1) for groups in (1, 2))
    assert one.bic < two.bic


@real
def test_centres_of_the_same_motives_are_nearly_the_published_segments(motives) -> None:
    rows, published = motives
    centres = rows_of_numbers(rows.codes.astype(np.float64))
    fit = fit_prototypes(centres, 6, rng=np.random.default_rng(1), starts=60)
    # Neural gas and k-means minimise nearly the same. Many optima lie within a thousandth of the lowest known cost,
    # 2660.68, and agree with the published segments to .78 to .84.
    assert fit.cost == pytest.approx(2660.68, rel=1e-3)
    assert adjusted_rand_score(published, fit.assign(centres)) > 0.75
