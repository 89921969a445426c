"""What must hold for every customer table: order of rows, ties, scale, and that parts add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satsuma.statistics.affinity import Purchases, base_shares, favourites
from satsuma.statistics.concentration import gini, top_share
from satsuma.statistics.lifecycle import PROSPECT, occasions, stages
from satsuma.statistics.quantiles import mid_rank
from satsuma.statistics.rfm import (
    quantile_cuts,
    rank_scores,
    scores_from_borders,
    scores_from_cuts,
    value_cuts,
    value_scores,
)

amounts = st.lists(st.integers(-50, 50) | st.integers(0, 10**9), min_size=1, max_size=60)
counts = st.integers(2, 9)


@given(amounts, counts, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_score(values: list[int], scores: int, fewer: bool, random: object) -> None:
    order = np.array(random.sample(range(len(values)), len(values)))  # type: ignore[attr-defined]
    found = value_scores(values, scores, fewer_is_better=fewer)
    assert value_scores(np.array(values)[order], scores, fewer_is_better=fewer).tolist() == found[order].tolist()


@given(amounts, counts, st.booleans())
def test_equal_values_share_a_score_and_better_ones_never_have_less(
    values: list[int], scores: int, fewer: bool
) -> None:
    found = value_scores(values, scores, fewer_is_better=fewer)
    sign = -1 if fewer else 1
    for left, left_score in zip(values, found, strict=True):
        for right, right_score in zip(values, found, strict=True):
            assert left != right or left_score == right_score
            assert sign * left >= sign * right or left_score <= right_score
    assert 1 <= found.min() <= found.max() <= scores


@given(amounts, counts, st.booleans())
def test_the_score_is_one_plus_the_floor_of_n_times_the_mid_rank(values: list[int], scores: int, fewer: bool) -> None:
    numbers = -np.array(values) if fewer else np.array(values)
    halves = np.array([2 * int((numbers < one).sum()) + int((numbers == one).sum()) for one in numbers])
    assert np.allclose(mid_rank(numbers), halves / (2 * len(values)))
    wanted = np.minimum(1 + scores * halves // (2 * len(values)), scores)
    assert value_scores(values, scores, fewer_is_better=fewer).tolist() == wanted.tolist()


@given(amounts, counts, st.booleans())
def test_kept_cut_points_give_the_scores_that_they_were_fitted_on(values: list[int], scores: int, fewer: bool) -> None:
    cuts = value_cuts(values, scores, fewer_is_better=fewer)
    assert (np.sort(cuts) == cuts).all()
    again = scores_from_cuts(values, cuts, fewer_is_better=fewer)
    assert again.tolist() == value_scores(values, scores, fewer_is_better=fewer).tolist()


@given(amounts, counts, st.integers(1, 10_000))
def test_scaling_money_changes_nothing(values: list[int], scores: int, factor: int) -> None:
    assert value_scores(np.array(values) * factor, scores).tolist() == value_scores(values, scores).tolist()


@given(amounts, counts, st.booleans())
def test_groups_by_rank_differ_by_one_customer_at_most_and_their_borders_keep_them(
    values: list[int], scores: int, fewer: bool
) -> None:
    numbers, ties = np.array(values), np.arange(len(values))[::-1]
    found, borders = rank_scores(numbers, ties, scores, fewer_is_better=fewer)
    sizes = np.bincount(found, minlength=scores + 1)[1:]
    assert sizes.max() - sizes.min() <= 1
    border_values = np.where(borders < 0, np.inf, numbers[borders])
    again = scores_from_borders(numbers, ties, border_values, ties[borders], fewer_is_better=fewer)
    assert again.tolist() == found.tolist()


@given(amounts, counts)
def test_quantile_cuts_ascend(values: list[int], scores: int) -> None:
    cuts = quantile_cuts(values, scores)
    assert (np.diff(cuts) >= 0).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 200)), max_size=60), st.integers(200, 900))
def test_every_customer_has_a_stage_and_only_those_without_an_order_are_prospects(
    orders: list[tuple[int, int]], today: int
) -> None:
    orders.sort()
    customer = np.array([order[0] for order in orders], np.int64)
    known = occasions(customer, np.array([order[1] for order in orders], np.int64), 7)
    found = stages(known, today, 20.0)
    assert ((found == PROSPECT) == (np.bincount(customer, minlength=7) == 0)).all()
    later = stages(known, today + 10_000, 20.0)
    assert set(later.tolist()) <= {4, PROSPECT}


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50).filter(any), st.integers(1, 1000))
def test_concentration_knows_no_currency(values: list[int], factor: int) -> None:
    scaled = [value * factor for value in values]
    assert gini(scaled) == pytest.approx(gini(values), abs=1e-9)
    assert top_share(scaled) == pytest.approx(top_share(values))
    assert -1e-9 <= gini(values) < 1


@given(st.integers(0, 2**32 - 1))
def test_customers_without_a_preference_are_seldom_given_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, categories = 200, 12
    base = rng.dirichlet(np.ones(categories))
    table = rng.multinomial(rng.poisson(25, size), base)
    customer, category = np.nonzero(table)
    events = table[customer, category].astype(np.int64)
    bought = Purchases(customer, category, events, events.astype(float), events.astype(float))
    found = favourites(bought, base_shares(bought, categories), size)
    # Below 5 % each: 200 customers have more than 25 of them once in many thousand draws.
    assert (found.category >= 0).sum() <= 25
