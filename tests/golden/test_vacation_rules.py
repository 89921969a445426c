"""The six published segments of vacation motives (Dolnicar and Leisch 2008) as rules over the twenty answers.

Data: 1,000 Australians, 2006, from the R package flexclust. The segments were made of all twenty answers, so no short
rule can repeat them; what a tree of any size can do is told by scikit-learn's trees on the same answers.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from satsuma.statistics.rules.fit import fit_rules
from satsuma.statistics.rules.table import Table, category
from satsuma.statistics.rules.tree import assigned, family, grown

DATA = os.environ.get("SATSUMA_TEST_DATA")

pytestmark = pytest.mark.skipif(not DATA, reason="SATSUMA_TEST_DATA does not name the folder of real data")


@pytest.fixture(scope="module")
def answers() -> tuple[Any, Any]:
    """Return the twenty answers and the published segment of each respondent."""
    path = Path(str(DATA)) / "surveys" / "vacation_motives_au_2006.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    items = list(rows[0])[1:21]
    values = np.array([[int(float(row[item])) for item in items] for row in rows])
    return values, np.array([int(row["published_segment_6"]) for row in rows]) - 1


def test_trees_of_every_size_do_no_worse_than_scikit_learns(answers: tuple[Any, Any]) -> None:
    from sklearn.tree import DecisionTreeClassifier

    values, codes = answers
    table = Table(tuple(category(column, 2) for column in values.T))
    trees = family(grown(table, codes, 6))
    for leaves in range(2, 25):
        theirs = DecisionTreeClassifier(max_leaf_nodes=leaves, min_samples_leaf=5, random_state=0).fit(values, codes)
        ours = (assigned(trees[leaves], table) == codes).mean()
        assert ours >= theirs.score(values, codes) - 1e-12, leaves


def test_the_segments_are_told_as_an_approximation(answers: tuple[Any, Any]) -> None:
    values, codes = answers
    table = Table(tuple(category(column, 2) for column in values.T))
    rules = fit_rules(table, codes, 6, rng=np.random.default_rng(0))
    assert rules.held_out.share == pytest.approx(0.707, abs=0.03)
    assert rules.base.share == pytest.approx(0.24, abs=0.01)
    assert rules.tells_apart
    assert not rules.is_close
    assert all(group.is_said for group in rules.groups)
