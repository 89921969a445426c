from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.rfm import rank_scores, scores_from_borders, scores_from_cuts, value_cuts, value_scores


def test_one_customer_gets_the_middle_score() -> None:
    assert value_scores([42], 5).tolist() == [3]


def test_all_equal_get_the_middle_score() -> None:
    assert value_scores([7] * 9, 5).tolist() == [3] * 9


def test_nobody_gets_no_score() -> None:
    assert value_scores([], 5).tolist() == []
    assert np.isinf(value_cuts([], 5)).all()


def test_a_score_that_nobody_reaches_has_no_cut() -> None:
    assert value_cuts([7] * 9, 5).tolist() == [7, 7, np.inf, np.inf]


def test_thresholds_belong_to_the_group_above_them() -> None:
    assert scores_from_cuts([1, 2, 5, 9, 10], [2, 5, 10]).tolist() == [1, 2, 3, 3, 4]
    assert scores_from_cuts([29, 30, 365, 9999], [30, 90, 180, 365], fewer_is_better=True).tolist() == [5, 4, 1, 1]


def test_cuts_that_were_kept_score_new_customers_without_moving_the_old() -> None:
    cuts = value_cuts([1, 2, 3, 4, 5], 5)
    assert scores_from_cuts([1, 2, 3, 4, 5], cuts).tolist() == [1, 2, 3, 4, 5]
    assert scores_from_cuts([0, 2.5, 100], cuts).tolist() == [1, 2, 5]


@pytest.mark.parametrize("fewer", [False, True])
def test_borders_that_were_kept_give_the_same_scores_by_rank(fewer: bool) -> None:
    values, ties = np.array([3, 3, 3, 1, 8, 3, 2]), np.array([4, 0, 6, 1, 2, 5, 3])
    scores, borders = rank_scores(values, ties, 4, fewer_is_better=fewer)
    again = scores_from_borders(values, ties, values[borders], ties[borders], fewer_is_better=fewer)
    assert again.tolist() == scores.tolist()


def test_fewer_customers_than_scores_leave_the_best_scores_empty() -> None:
    scores, borders = rank_scores([5, 6], [0, 1], 5)
    assert scores.tolist() == [1, 2]
    assert borders.tolist() == [1, -1, -1, -1]
    assert scores_from_borders([7], [2], [6, np.inf, np.inf, np.inf], [1, 0, 0, 0]).tolist() == [2]
