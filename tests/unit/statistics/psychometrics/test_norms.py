"""Places among respondents: against scipy, by group, kept and read again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics import norms as module
from satsuma.statistics.psychometrics.norms import PERCENTILES, Norms, norms, norms_by_group


def some_scores(size: int = 300) -> np.ndarray:
    rng = np.random.default_rng(1)
    found = rng.integers(10, 51, size) / 10
    found[rng.random(size) < 0.1] = np.nan
    return found


def test_percentiles_are_those_of_below_and_half_of_the_equal() -> None:
    given = some_scores()
    known = given[~np.isnan(given)]
    found = norms(given)
    expected = [stats.percentileofscore(known, score, kind="mean") for score in known]
    assert found.percentiles(known) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(found.percentiles(given)).tolist() == np.isnan(given).tolist()
    assert found.percentiles([0.0, 9.0]).tolist() == [0.0, 100.0]


def test_t_scores_of_the_respondents_have_mean_50_and_spread_10() -> None:
    given = some_scores()
    found = norms(given).t_scores(given)
    assert np.nanmean(found) == pytest.approx(50)
    assert np.nanstd(found, ddof=1) == pytest.approx(10)


def test_a_told_percentile_is_the_lowest_score_that_so_many_do_not_exceed() -> None:
    given = some_scores()
    known = given[~np.isnan(given)]
    found = norms(given)
    for percent in PERCENTILES:
        score = found.score_at(percent)
        assert np.mean(known <= score) >= percent / 100 - 1e-12
        assert np.mean(known < score) < percent / 100


def test_norms_do_not_depend_on_the_order_and_survive_being_kept() -> None:
    given = some_scores()
    found, other = norms(given), norms(given[::-1])
    assert (found.mean, found.sd) == (other.mean, other.sd)
    again = Norms.from_dict(json.loads(json.dumps(found.as_dict())))
    assert np.array_equal(again.percentiles(given), found.percentiles(given), equal_nan=True)
    assert np.array_equal(again.t_scores(given), found.t_scores(given), equal_nan=True)


def test_many_different_scores_are_kept_as_quantiles(monkeypatch: pytest.MonkeyPatch) -> None:
    given = np.random.default_rng(2).standard_normal(5_000)
    exact = norms(given).percentiles(given) if len(given) < module.MOST_POINTS else None
    assert exact is None
    found = norms(given)
    assert len(found.points) <= module.MOST_POINTS
    assert found.percentiles(given) == pytest.approx(100 * (stats.rankdata(given) - 0.5) / 5_000, abs=0.06)


def test_each_group_has_its_own_norms_and_small_ones_have_none() -> None:
    rng = np.random.default_rng(3)
    given = np.concatenate([rng.integers(1, 6, 40), rng.integers(3, 9, 40), [5, 6]]).astype(float)
    codes = np.concatenate([np.zeros(40), np.ones(40), [2, 2]]).astype(np.int64)
    found = norms_by_group(given, codes, ["a", "b", "c"])
    assert list(found) == ["a", "b"]
    assert found["b"].mean == pytest.approx(given[40:80].mean())


@pytest.mark.parametrize("given", [[], [1.0] * 9 + [2.0] * 0, [3.0] * 50, [np.nan] * 50])
def test_norms_of_too_few_or_of_one_score_are_refused(given: list[float]) -> None:
    with pytest.raises(CannotEstimate):
        norms(given)
