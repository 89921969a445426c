"""Rules for groups: planted ones come back, noise is called noise, and the order of rows changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.rules.conditions import TraitTest, meets, size
from satsuma.statistics.rules.figures import hits_of, share_of, spread
from satsuma.statistics.rules.fit import fit_rules
from satsuma.statistics.rules.result import Rules
from satsuma.statistics.rules.rule_list import short_rules
from satsuma.statistics.rules.table import Table, canonical_order, category, number

NAN = float("nan")


def planted(rows: int = 3000, seed: int = 1) -> tuple[Table, Any]:
    """Return three groups cut out by rectangles: of money with some missing, whole years, and words."""
    rng = np.random.default_rng(seed)
    money, years, words = rng.uniform(0, 100, rows).round(2), rng.integers(0, 50, rows), rng.integers(0, 5, rows)
    money[rng.random(rows) < 0.1] = NAN
    low = money < 30
    codes = np.where(low & (years >= 20), 1, np.where(~low & (words < 2), 2, 0))
    return Table((number(money, grain=0.01), number(years, is_whole=True), category(words, 5))), codes


def fit(table: Table, codes: Any, groups: int = 3, **more: Any) -> Rules:
    return fit_rules(table, codes, groups, rng=np.random.default_rng(0), **more)


def said(rules: Rules) -> list[Any]:
    return [(group.group, group.rule, group.after, group.hits, group.held_out) for group in rules.groups]


def test_planted_rectangles_are_recovered_exactly() -> None:
    table, codes = planted()
    rules = fit(table, codes)
    assert rules.train.share == rules.held_out.share == 1.0
    assert rules.cost == pytest.approx(1.0)
    assert np.array_equal(rules.given, codes)
    low, old = TraitTest(0, "lt", 30.0), TraitTest(1, "gte", 20.0)
    others = TraitTest(0, "gte", 30.0, or_missing=True)
    assert rules.groups[1].rule == ((low, old),)
    assert rules.groups[2].rule == ((others, TraitTest(2, "in", (0, 1))),)
    assert set(rules.groups[0].rule) == {(low, TraitTest(1, "lt", 20.0)), (others, TraitTest(2, "not_in", (0, 1)))}
    for group in rules.groups:
        assert group.hits.precision == group.hits.recall == 1.0
        assert group.hits.lift == pytest.approx(len(codes) / (codes == group.group).sum())


def test_one_after_the_other_the_rules_give_the_same_groups() -> None:
    rng = np.random.default_rng(4)
    table, codes = planted()
    noisy = np.where(rng.random(len(codes)) < 0.1, rng.integers(0, 3, len(codes)), codes)
    for leaves in (2, 4, 9, 24):
        rules = fit(table, noisy, leaves=leaves)
        given = np.full(len(table), rules.rest)
        for group in reversed(rules.order):
            given[meets(rules.groups[group].after, table)] = group
        assert np.array_equal(given, rules.given)
        assert all(size(group.after) <= size(group.rule) for group in rules.groups)


def test_the_order_of_rows_changes_nothing() -> None:
    table, codes = planted(1200)
    noisy = np.where(np.random.default_rng(4).random(1200) < 0.2, 1, codes)
    order = np.random.default_rng(9).permutation(1200)
    first, second = fit(table, noisy), fit(table.take(order), noisy[order])
    assert said(first) == said(second)
    assert first.curve == second.curve
    assert np.array_equal(first.given[order], second.given)


def test_the_canonical_order_puts_the_same_rows_in_the_same_places() -> None:
    table, codes = planted(500)
    order = np.random.default_rng(2).permutation(500)
    first, second = canonical_order(table, codes), canonical_order(table.take(order), codes[order])
    assert np.array_equal(codes[first], codes[order][second])
    for feature in table.features:
        assert np.array_equal(feature.values[first], feature.values[order][second], equal_nan=feature.is_number)


def test_shuffled_groups_agree_no_better_than_the_largest_alone() -> None:
    table, codes = planted(2000)
    told = 0
    for seed in range(6):
        shuffled = np.random.default_rng(seed).permutation(codes)
        rules = fit_rules(table, shuffled, 3, rng=np.random.default_rng(seed))
        assert rules.held_out.share == pytest.approx(rules.base.share, abs=0.025)
        told += rules.tells_apart
        assert rules.chosen.conditions == 0
        assert not rules.is_close
    assert told == 0


def test_the_curve_goes_from_short_to_long_and_the_choice_is_the_shortest_that_is_good() -> None:
    table, codes = planted()
    noisy = np.where(np.random.default_rng(4).random(len(codes)) < 0.1, 0, codes)
    rules = fit(table, noisy)
    conditions = [point.conditions for point in rules.curve]
    assert conditions == sorted(conditions)
    assert {point.leaves for point in rules.curve if point.form == "tree"} == set(range(2, 25))
    assert sum(point.chosen for point in rules.curve) == 1
    best = max(point.held_out.share or 0 for point in rules.curve if point.conditions <= 6 * 3)
    error = (best * (1 - best) / rules.held_out.rows) ** 0.5
    chosen = rules.chosen
    assert (chosen.held_out.share or 0) >= best - max(0.01, error) - 0.002
    shorter = [point for point in rules.curve if point.conditions < chosen.conditions]
    assert all((point.held_out.share or 0) < best - max(0.01, error) for point in shorter)


def test_rules_that_nobody_reads_are_taken_when_they_are_asked_for() -> None:
    # A staircase of many steps: each longer tree is better, and no short one is near.
    rng = np.random.default_rng(2)
    values = rng.uniform(0, 24, 4000)
    table, codes = Table((number(values),)), values.astype(int) % 2
    rules = fit(table, codes, 2)
    best = max(rules.curve, key=lambda point: point.held_out.share or 0)
    assert rules.chosen.conditions <= 12 < best.conditions
    assert (best.held_out.share or 0) > (rules.held_out.share or 0) + 0.1
    assert fit(table, codes, 2, leaves=24).held_out.share == pytest.approx(best.held_out.share, abs=0.003)


def test_a_length_can_be_asked_for() -> None:
    table, codes = planted()
    assert fit(table, codes, conditions=6).chosen.conditions <= 6
    assert fit(table, codes, leaves=3).chosen.leaves == 3
    shortest = fit(table, codes, conditions=0)
    assert shortest.chosen.conditions == min(point.conditions for point in shortest.curve)


def test_rows_held_back_are_those_that_are_named() -> None:
    table, codes = planted(600)
    held = np.arange(600) % 3 == 0
    rules = fit(table, codes, held_out=held)
    assert (rules.train.rows, rules.held_out.rows) == (400, 200)
    with pytest.raises(CannotEstimate, match="held back"):
        fit(table, codes, held_out=np.ones(600, np.bool_))
    nobody = fit(table, codes, held_out=np.zeros(600, np.bool_))
    assert nobody.held_out.share is None
    assert nobody.chosen.agreement.rows == 600


def test_centres_add_a_tree_of_as_many_leaves() -> None:
    rng = np.random.default_rng(6)
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    codes = rng.integers(0, 3, 600)
    values = centres[codes] + rng.normal(size=(600, 2))
    table = Table(tuple(number(column) for column in values.T))
    rules = fit(table, codes, centres=centres)
    assert [point.leaves for point in rules.curve if point.form == "mistakes"] == [3]
    assert rules.held_out.share is not None
    assert rules.held_out.share > 0.99


def test_a_group_that_no_leaf_names_still_has_its_short_rule() -> None:
    table, codes = planted()
    rules = fit(table, codes, leaves=2)
    assert len(set(rules.given.tolist())) == 2
    assert all(group.is_said for group in rules.groups)


@pytest.mark.parametrize(
    ("table", "codes", "words"),
    [
        (Table((number(np.arange(4.0)),)), np.zeros(4, int), "only one group"),
        (Table(()), np.array([], int), "only one group"),
    ],
)
def test_what_has_no_rules_is_refused(table: Table, codes: Any, words: str) -> None:
    with pytest.raises(CannotEstimate, match=words):
        fit(table, codes, 2)


def test_rows_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one value per row"):
        fit(Table((number(np.arange(3.0)),)), np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="groups - 1"):
        fit(Table((number(np.arange(2.0)),)), np.array([0, 2]), 2)
    with pytest.raises(ValueError, match="words - 1"):
        fit(Table((category(np.array([0, 3]), 2),)), np.array([0, 1]), 2)


# ------------------------------------------------------------------------------------------------------ short rules


def test_short_rules_find_what_is_one_rectangle() -> None:
    table, codes = planted()
    found = short_rules(table, codes, 3)
    first = found.rules[1]
    assert first is not None
    hits = hits_of(meets((first,), table), codes == 1)
    assert hits.precision is not None
    assert hits.recall is not None
    assert (hits.precision, hits.recall) == (1.0, 1.0)
    assert first == (TraitTest(0, "lt", 30.0), TraitTest(1, "gte", 20.0))


def test_a_range_of_whole_numbers_is_found_to_its_ends() -> None:
    years = np.random.default_rng(3).integers(0, 90, 3000)
    rules = short_rules(Table((number(years, is_whole=True),)), ((years >= 23) & (years <= 41)).astype(int), 2)
    assert rules.rules[1] == (TraitTest(0, "between", (23.0, 41.0)),)


def test_more_weight_on_recall_takes_in_more() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(size=2000)
    codes = (rng.random(2000) < 1 / (1 + np.exp(-2 * values + 1))).astype(int)
    table = Table((number(values),))
    taken = []
    for beta in (0.5, 1.0, 2.0):
        rule = short_rules(table, codes, 2, beta=beta).rules[1]
        assert rule is not None
        taken.append(int(meets((rule,), table).sum()))
    assert taken == sorted(taken)
    assert taken[0] < taken[-1]


# ---------------------------------------------------------------------------------------------------------- figures


def test_wilsons_interval() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, rows, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
                                  (1, 29, 0.0061, 0.1718)):  # fmt: skip
        share = share_of(hits, rows)
        assert (share.low, share.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert share_of(0, 0).share is None
    assert share_of(5, 5).high == 1.0


def test_precision_recall_and_lift() -> None:
    hits = hits_of(np.array([True, True, False, False]), np.array([True, False, True, False]))
    assert (hits.precision, hits.recall, hits.lift) == (0.5, 0.5, 1.0)
    nobody = hits_of(np.zeros(4, np.bool_), np.zeros(4, np.bool_))
    assert (nobody.precision, nobody.recall, nobody.lift) == (None, None, None)


def test_spread_is_what_groups_leave_unexplained() -> None:
    values = np.array([0.0, 2.0, 10.0, 12.0, NAN])
    codes = np.array([0, 0, 1, 1, 1])
    assert spread(Table((number(values),)), codes) == pytest.approx(4 / 104)
    words = category(np.array([0, 0, 1, 1, 2]), 3)
    # Gini: within, the second group has two of one word and one of another; in all, 2, 2 and 1 of 5.
    assert spread(Table((words,)), codes) == pytest.approx((3 - 5 / 3) / (5 - 9 / 5))
    assert spread(Table((number(np.ones(5)),)), codes) is None
