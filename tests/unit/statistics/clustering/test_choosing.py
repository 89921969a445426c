"""The verdict on small simulations; `benchmarks/check_verdict.py` states the rates on a hundred of each kind."""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from satsuma.statistics.clustering.choosing import Choice, choose_groups
from satsuma.statistics.clustering.encoding import RawTrait, fit_encoding
from satsuma.statistics.clustering.kmeans import fit_kmeans
from satsuma.statistics.clustering.mixture import fit_mixture
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers
from satsuma.statistics.errors import CannotEstimate

NUMBERS = range(2, 6)


def choice_of(rows: Rows, seed: int = 1) -> Choice:
    """A quick choice: fewer numbers, resamples and starts than without being asked."""
    return choose_groups(rows, rng=np.random.default_rng(seed), numbers=NUMBERS, pairs=2, starts=2)


def standard(points: np.ndarray) -> Rows:
    return rows_of_numbers((points - points.mean(axis=0)) / points.std(axis=0))


def planted(groups: int, apart: float, seed: int, count: int = 400) -> tuple[Rows, np.ndarray]:
    rng = np.random.default_rng(seed)
    of = rng.integers(0, groups, count)
    # The corners of a simplex are all alike far from each other.
    centres = np.eye(groups, 5) * apart / np.sqrt(2)
    return standard(centres[of] + rng.normal(size=(count, 5))), of


def uniform(rng: np.random.Generator) -> Rows:
    return standard(rng.random((300, 4)))


def long_cloud(rng: np.random.Generator) -> Rows:
    return standard(rng.normal(size=(300, 1)) + 0.4 * rng.normal(size=(300, 4)))


def log_normal(rng: np.random.Generator) -> Rows:
    points = np.exp(rng.normal(size=(300, 1)) + rng.normal(size=(300, 4)))
    traits = [RawTrait(f"x{place}", "money", column) for place, column in enumerate(points.T)]
    return fit_encoding(traits).apply(traits)


def lumpy(rng: np.random.Generator) -> Rows:
    """Columns that are bimodal each, but have nothing to do with each other."""
    return standard(rng.permuted(rng.normal(size=(300, 3)) + np.repeat([[0.0], [5.0]], 150, axis=0), axis=0))


@pytest.mark.parametrize("made", [uniform, long_cloud, log_normal, lumpy])
def test_where_there_are_no_groups_none_are_found(made: object) -> None:
    found = [choice_of(made(np.random.default_rng(seed))) for seed in range(2)]  # type: ignore[operator]
    assert [choice.has_groups for choice in found].count(True) == 0
    assert all("no natural groups here" in choice.reasons[0] for choice in found)


@pytest.mark.parametrize(("groups", "apart", "agreement"), [(2, 6, 0.99), (3, 4, 0.85), (4, 3.5, 0.7), (2, 3, 0.7)])
def test_planted_groups_are_found_with_their_number(groups: int, apart: float, agreement: float) -> None:
    rows, of = planted(groups, apart, seed=3, count=800 if apart == 3 else 400)
    choice = choice_of(rows)
    assert choice.verdict == "natural"
    assert choice.proposed == groups
    assert choice.p_value <= 0.05
    labels = fit_kmeans(rows, groups, rng=np.random.default_rng(1)).assign(rows)
    assert adjusted_rand_score(of, labels) > agreement


def test_planted_classes_of_answers_are_found() -> None:
    rng = np.random.default_rng(2)
    of = rng.integers(0, 3, 500)
    shares = np.array([[0.15] * 12, [0.85] * 6 + [0.15] * 6, [0.15] * 6 + [0.85] * 6])
    rows = rows_of_codes((rng.random((500, 12)) < shares[of]).astype(int), [2] * 12)
    choice = choice_of(rows)
    assert (choice.verdict, choice.proposed) == ("natural", 3)


def test_answers_along_one_continuum_are_cuts_and_not_groups() -> None:
    rng = np.random.default_rng(1)
    agreeing = rng.normal(size=(500, 1)) * 1.8
    rows = rows_of_codes((agreeing + rng.logistic(size=(500, 12)) > 0).astype(int), [2] * 12)
    choice = choice_of(rows)
    assert choice.verdict == "constructive"
    assert choice.proposed is not None
    assert choice.reasons[0] == "There are no natural groups here: the data are one cloud."
    assert "chosen, not found" in choice.reasons[-1]


def test_iris_is_natural_and_not_cut_finer_than_its_species() -> None:
    choice = choose_groups(standard(load_iris().data), rng=np.random.default_rng(1), pairs=8, numbers=NUMBERS)
    assert choice.has_groups
    assert choice.proposed in (2, 3)


def test_the_criteria_stand_side_by_side() -> None:
    rows, _ = planted(3, 5, seed=1, count=240)
    balls = partial(fit_mixture, shapes=("balls",))
    choice = choose_groups(rows, balls, rng=np.random.default_rng(1), numbers=(2, 3, 4), clouds=19, pairs=2, starts=1)
    assert [each.groups for each in choice.candidates] == [2, 3, 4]
    right = choice.of(3)
    assert right.stability > 0.9
    assert right.prediction_strength > 0.6
    assert right.gap > max(choice.of(2).gap, 0.1)
    assert right.border < 0.5
    assert 0.2 < right.smallest < 0.34
    assert right.bic is not None
    assert right.bic < (choice.of(2).bic or 0)
    assert choice_of(rows).of(3).bic is None


def test_a_choice_survives_json_and_a_seed_gives_it_again() -> None:
    rows, _ = planted(2, 5, seed=1, count=150)
    one, other = choice_of(rows, seed=7), choice_of(rows, seed=7)
    assert one == other
    assert Choice.from_dict(json.loads(json.dumps(one.as_dict(), allow_nan=False))) == one


def test_too_few_rows_are_refused() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(CannotEstimate, match="too few to say"):
        choose_groups(rows_of_numbers(rng.normal(size=(10, 2))), rng=rng)
    with pytest.raises(CannotEstimate, match="1 of them distinct"):
        choose_groups(rows_of_numbers(np.ones((100, 2))), rng=rng)
    with pytest.raises(ValueError, match="2 or more"):
        choose_groups(rows_of_numbers(rng.normal(size=(100, 2))), rng=rng, numbers=(1, 2))
    # Numbers that would leave fewer than ten rows a group are not tried.
    tried = choose_groups(rows_of_numbers(rng.normal(size=(45, 2))), rng=rng, pairs=2, starts=1, clouds=19)
    assert [each.groups for each in tried.candidates] == [2, 3, 4]
