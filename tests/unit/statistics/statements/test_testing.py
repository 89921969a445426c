"""Statements: planted ones are found and false ones are not, and each number is that of a plain computation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from satsuma.statistics.effects.sizes import adjusted
from satsuma.statistics.statements.questions import (
    Amounts,
    Question,
    levels_question,
    sets_question,
    split_question,
)
from satsuma.statistics.statements.testing import Rules, find_statements

Mask = NDArray[np.bool_]


def world(rng: np.random.Generator, n: int) -> list[Question]:
    """Return what is known of customers who do not differ: categories, amounts with long tails, events."""
    found: list[Question] = [
        *(levels_question(rng.choice(some, n, p=rng.dirichlet(np.ones(some))), some) for some in (2, 3, 5, 12)),
        *(Amounts(np.where(rng.random(n) < 0.1, np.nan, rng.lognormal(3, 1.5, n).round())) for _ in range(4)),
    ]
    found.append(Amounts(rng.poisson(0.7, n).astype(float)))
    # Some customers have hundreds of events, and each has a taste of its own.
    events = 1 + rng.negative_binomial(0.5, 0.03, n)
    customer = np.repeat(np.arange(n), events)
    taste = rng.dirichlet(np.full(6, 0.4), n).cumsum(axis=1)
    level = (rng.random(len(customer))[:, None] > taste[customer]).sum(axis=1).clip(0, 5)
    found.append(split_question(customer, level, 1.0, 6, n))
    owner = np.flatnonzero(rng.random(n) < 0.5)
    found.append(sets_question(np.repeat(owner, 2), rng.integers(0, 4, 2 * len(owner)), 4, np.ones(n, np.bool_)))
    return found


def shuffled(rng: np.random.Generator, groups: int, n: int) -> Mask:
    return rng.random((groups, n)) < rng.uniform(0.03, 0.5, groups)[:, None]


def test_of_shuffled_groups_hardly_ever_anything_is_said() -> None:
    rng = np.random.default_rng(11)
    n, groups, runs = 800, 6, 100
    said = any_said = 0
    worlds = [world(rng, n) for _ in range(8)]
    for run in range(runs):
        questions = worlds[run % len(worlds)]
        nothing = np.zeros((groups, len(questions)), np.bool_)
        found = find_statements(questions, shuffled(rng, groups, n), rng.random(n) < 0.5, nothing)
        said += sum(len(item.passed) for item in found)
        any_said += any(item.passed for item in found)
        assert all(item.tried > 25 for item in found)
    # The bar is 5 % of runs; without the second half and the sizes it would be about that.
    assert any_said / runs <= 0.02
    assert said <= 3


def planted(rng: np.random.Generator, n: int) -> tuple[list[Question], Mask]:
    """Return a world with one group that has more of a level, less of another, more of an amount and of some events."""
    questions = world(rng, n)
    group = rng.random(n) < 0.25
    region = np.where(group, rng.choice(3, n, p=[0.6, 0.3, 0.1]), rng.choice(3, n, p=[0.3, 0.3, 0.4]))
    amount = rng.lognormal(3, 1, n) * np.where(group, 2, 1)
    events = np.repeat(np.arange(n), 8)
    level = np.where(rng.random(8 * n) < np.where(group[events], 0.5, 0.2), 0, 1 + rng.integers(0, 5, 8 * n))
    questions += [levels_question(region, 3), Amounts(amount), split_question(events, level, 1.0, 6, n)]
    return questions, group


def test_planted_differences_are_found_with_their_numbers() -> None:
    rng = np.random.default_rng(12)
    n = 3_000
    questions, group = planted(rng, n)
    members = np.stack([group, *shuffled(rng, 4, n)])
    held_out = rng.random(n) < 0.5
    found = find_statements(questions, members, held_out, np.zeros((5, len(questions)), np.bool_))
    first = len(questions) - 3
    of_group = {(item.question, item.level): item for item in found[0].passed}
    assert {(first, 0), (first, 2), (first + 1, 0), (first + 2, 0)} <= of_group.keys()
    assert {key[0] for key in of_group} == {first, first + 1, first + 2}
    assert not any(item.passed for item in found[1:])
    assert of_group[first, 0].effect > 0 > of_group[first, 2].effect

    region = of_group[first, 0]
    codes = questions[first].has(0)
    assert region.statistic == "share"
    assert region.here == pytest.approx(codes[group].mean())
    assert region.others == pytest.approx(codes[~group].mean())
    assert region.everybody == pytest.approx(codes.mean())
    assert region.index == pytest.approx(100 * codes[group].mean() / codes.mean())
    assert (region.n, region.count) == (group.sum(), codes[group].sum())
    half = ~held_out
    table = [[codes[half & group].sum(), (1 - codes[half & group]).sum()],
             [codes[half & ~group].sum(), (1 - codes[half & ~group]).sum()]]  # fmt: skip
    assert region.p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue, rel=1e-6)
    assert region.held_out_here == pytest.approx(codes[held_out & group].mean())

    amount = of_group[first + 1, 0]
    values = questions[first + 1].has(0)
    assert amount.statistic == "median"
    assert (amount.here, amount.everybody) == (np.median(values[group]), np.median(values))
    ranks = stats.mannwhitneyu(values[half & group], values[half & ~group], method="asymptotic")
    assert amount.p == pytest.approx(ranks.pvalue, rel=1e-6)
    # Log-normals of spread 1 that differ by a factor of 2 differ by d = ln 2.
    assert amount.effect == pytest.approx(np.log(2), abs=0.1)

    part = of_group[first + 2, 0]
    parts = questions[first + 2].has(0)
    assert part.statistic == "part"
    assert (part.here, part.others) == (pytest.approx(parts[group].mean()), pytest.approx(parts[~group].mean()))
    welch = stats.ttest_ind(parts[half & group], parts[half & ~group], equal_var=False)
    assert part.p == pytest.approx(welch.pvalue, rel=1e-6)
    assert part.log_odds is not None
    assert part.log_odds > 0


def test_the_correction_is_over_all_statements_of_all_groups() -> None:
    rng = np.random.default_rng(13)
    questions, group = planted(rng, 1_500)
    held_out = rng.random(1_500) < 0.5
    members = np.stack([group, ~group & (rng.random(1_500) < 0.5)])
    nothing = np.zeros((2, len(questions)), np.bool_)
    together = find_statements(questions, members, held_out, nothing)
    alone = find_statements(questions, members[:1], held_out, nothing[:1])
    of = {(item.question, item.level): item for item in alone[0].passed}
    assert any(item.p_adjusted != of[item.question, item.level].p_adjusted for item in together[0].passed
               if (item.question, item.level) in of)  # fmt: skip
    assert together[0].tried == alone[0].tried
    # Of one question alone the correction is that of its p values.
    chances = np.where(group[:, None], [0.6, 0.3, 0.1], [0.2, 0.4, 0.4]).cumsum(axis=1)
    region = [levels_question((rng.random(1_500)[:, None] > chances).sum(axis=1), 3)]
    every = Rules(level=1.1, effect=0.0)
    found = find_statements(region, members[:1], held_out, np.zeros((1, 1), np.bool_), rules=every)[0].passed
    p = np.array([item.p for item in found])
    assert len(p) == 3
    assert [item.p_adjusted for item in found] == pytest.approx(adjusted(p))


def test_what_does_not_hold_on_the_other_half_is_not_said() -> None:
    rng = np.random.default_rng(14)
    n = 4_000
    group, held_out = rng.random(n) < 0.3, rng.random(n) < 0.5
    more = rng.random(n) < np.where(group & ~held_out, 0.6, 0.3)
    turned = rng.random(n) < np.where(group, np.where(held_out, 0.15, 0.6), 0.3)
    both = rng.random(n) < np.where(group, 0.6, 0.3)
    questions = [levels_question(item.astype(np.int64), 2) for item in (more, turned, both)]
    found = find_statements(questions, group[None], held_out, np.zeros((1, 3), np.bool_))[0]
    assert found.significant == 3
    assert found.confirmed == 1
    assert [item.question for item in found.passed] == [2]


def test_small_differences_are_not_said_however_sure() -> None:
    rng = np.random.default_rng(15)
    n = 60_000
    group = rng.random(n) < 0.5
    little = rng.random(n) < np.where(group, 0.34, 0.30)
    held_out = rng.random(n) < 0.5
    question = [levels_question(little.astype(np.int64), 2)]
    found = find_statements(question, group[None], held_out, np.zeros((1, 1), np.bool_))[0]
    assert not found.passed
    loose = find_statements(question, group[None], held_out, np.zeros((1, 1), np.bool_), rules=Rules(effect=0.05))[0]
    assert len(loose.passed) == 1
    assert loose.passed[0].p_adjusted is not None
    assert loose.passed[0].p_adjusted < 1e-6


@pytest.mark.parametrize(("have", "said"), [(9, 0), (10, 1)])
def test_nothing_is_said_that_fewer_than_ten_stand_behind(have: int, said: int) -> None:
    n = 4_000
    held_out = np.arange(n) % 2 == 0
    group = np.arange(n) < 60
    codes = np.zeros(n, np.int64)
    codes[:have] = 1
    codes[1_000:1_060] = 1
    question = [levels_question(codes, 2)]
    found = find_statements(question, group[None], held_out, np.zeros((1, 1), np.bool_))[0]
    assert found.confirmed == 1
    assert len(found.passed) == said
    # The complement is told by the same numbers, and suppressed alike.
    other = [levels_question(1 - codes, 2)]
    again = find_statements(other, group[None], held_out, np.zeros((1, 1), np.bool_))[0]
    assert len(again.passed) == said
    assert all(item.effect < 0 for item in again.passed)


def test_what_a_group_was_made_from_is_told_apart_and_not_tested() -> None:
    rng = np.random.default_rng(16)
    questions, group = planted(rng, 2_000)
    given = np.zeros((1, len(questions)), np.bool_)
    given[0, -3] = True
    found = find_statements(questions, group[None], rng.random(2_000) < 0.5, given)[0]
    assert all(item.question != len(questions) - 3 for item in found.passed)
    (implied,) = found.by_definition
    assert implied.question == len(questions) - 3
    assert implied.p is None
    assert implied.p_adjusted is None
    assert implied.held_out_p is None
    free = find_statements(questions, group[None], rng.random(2_000) < 0.5, np.zeros_like(given))[0]
    assert free.tried == found.tried + 3


def test_the_order_of_customers_does_not_matter() -> None:
    rng = np.random.default_rng(17)
    n = 1_200
    questions, group = planted(rng, n)
    questions = [item for item in questions if isinstance(item, Amounts)] + [questions[-3]]
    held_out = rng.random(n) < 0.5
    order = rng.permutation(n)
    moved: list[Question] = [
        Amounts(item.values[order]) if isinstance(item, Amounts)
        else levels_question(np.argmax([item.has(level)[order] for level in range(3)], axis=0), 3)
        for item in questions
    ]  # fmt: skip
    nothing = np.zeros((1, len(questions)), np.bool_)
    here = find_statements(questions, group[None], held_out, nothing)[0]
    there = find_statements(moved, group[order][None], held_out[order], nothing)[0]
    assert [(item.question, item.level, item.count) for item in here.passed] == [
        (item.question, item.level, item.count) for item in there.passed
    ]
    assert [item.effect for item in here.passed] == pytest.approx([item.effect for item in there.passed])


def test_an_amount_whose_median_does_not_differ_is_told_by_its_mean_or_not_at_all() -> None:
    rng = np.random.default_rng(18)
    n = 4_000
    group, held_out = rng.random(n) < 0.5, rng.random(n) < 0.5
    some = rng.random(n) < np.where(group, 0.4, 0.2)
    few = np.where(some, 1.0, 0.0)
    nothing = np.zeros((1, 1), np.bool_)
    (told,) = find_statements([Amounts(few)], group[None], held_out, nothing)[0].passed
    assert told.statistic == "mean"
    assert told.here == pytest.approx(few[group].mean())
    # One customer of the others has so much that their mean is the higher one, though most have less.
    misleading = few.copy()
    misleading[np.flatnonzero(~group)[0]] = 1e6
    assert find_statements([Amounts(misleading)], group[None], held_out, nothing)[0].passed == ()


def test_where_one_half_is_empty_nothing_is_confirmed() -> None:
    rng = np.random.default_rng(20)
    questions, group = planted(rng, 1_000)
    given = np.zeros((1, len(questions)), np.bool_)
    given[0, -3] = True
    found = find_statements(questions, group[None], np.zeros(1_000, np.bool_), given)[0]
    assert found.significant > 0
    assert (found.confirmed, found.passed) == (0, ())
    assert np.isnan(found.by_definition[0].held_out)


def test_nobody_and_everybody_and_no_questions_give_nothing() -> None:
    rng = np.random.default_rng(19)
    questions = world(rng, 300)
    members = np.stack([np.zeros(300, np.bool_), np.ones(300, np.bool_)])
    found = find_statements(questions, members, rng.random(300) < 0.5, np.zeros((2, len(questions)), np.bool_))
    assert [(item.passed, item.tried) for item in found] == [((), 0), ((), 0)]
    assert find_statements([], members, rng.random(300) < 0.5, np.zeros((2, 0), np.bool_))[0].tried == 0
