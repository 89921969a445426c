"""Published groups of real data, and the verdict on them.

Data: vacation motives of 1,000 Australians in 2006 with six segments (Dolnicar and Leisch, R package flexclust), and
the yearly spend of 440 clients of a wholesaler (UCI 292).
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from satsuma.statistics.clustering.choosing import choose_groups
from satsuma.statistics.clustering.encoding import RawTrait, fit_encoding
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.rows import Rows, rows_of_codes
from satsuma.statistics.clustering.stability import adjusted_rand

DATA = os.environ.get("SATSUMA_TEST_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA names no folder of real data")
FOLDER = Path(DATA or "")


@pytest.fixture(scope="module")
def motives() -> tuple[Rows, np.ndarray]:
    with (FOLDER / "surveys" / "vacation_motives_au_2006.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    named = list(lines[0])[1:21]
    answers = np.array([[int(line[name]) for name in named] for line in lines])
    return rows_of_codes(answers, [2] * 20), np.array([int(line["published_segment_6"]) for line in lines])


def test_six_segments_of_vacation_motives_are_the_published_ones(motives: tuple[Rows, np.ndarray]) -> None:
    rows, published = motives
    found = fit_kmeans(rows, 6, rng=np.random.default_rng(1), starts=100)
    # The published labels are a solution .2 % worse than the best of many starts; the two agree as far as this.
    ours = found.assign(rows)
    assert adjusted_rand(published, ours) == pytest.approx(0.82, abs=0.03)
    means = [rows.codes[published == segment].mean(axis=0) for segment in range(1, 7)]
    cost = sum(
        ((rows.codes[published == segment] - mean) ** 2).sum() * 2
        for segment, mean in zip(range(1, 7), means, strict=True)
    )
    assert cost == pytest.approx(5330.72, abs=0.005)
    assert found.cost == pytest.approx(5321.94, abs=2)


def test_vacation_motives_are_cuts_of_a_continuum(motives: tuple[Rows, np.ndarray]) -> None:
    rows, _ = motives
    choice = choose_groups(rows, rng=np.random.default_rng(1), numbers=range(2, 7), clouds=19, pairs=4, starts=3)
    assert choice.verdict == "constructive"
    assert "no natural groups here" in choice.reasons[0]


def test_clients_of_a_wholesaler_fall_into_cafes_and_shops() -> None:
    table = np.genfromtxt(FOLDER / "customers" / "wholesale_customers.csv", delimiter=",", names=True)
    traits = [RawTrait(name, "money", table[name]) for name in table.dtype.names[2:]]
    encoding = fit_encoding(traits)
    # Six traits of spend, all with a long tail, and a logarithm mends each.
    assert len(encoding.reasons) >= 6
    assert all("log(1 + x /" in dict(encoding.reasons[::-1])[trait.name] for trait in traits)
    rows = encoding.apply(traits)
    labels = fit_kmeans(rows, 2, rng=np.random.default_rng(1), starts=20).assign(rows)
    # The two channels (1 hotels and cafes, 2 shops) were not among the traits.
    assert adjusted_rand(table["Channel"].astype(int), labels) > 0.5
