"""Migration between labels: counts by hand, intervals of a published method, and laws that hold for any labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, entropy

from satsuma.statistics.effects.sizes import wilson
from satsuma.statistics.migration import Migration, effective_number, entropy_bits, migration

LABELS = ("low", "middle", "high")
#: Nine people: one comes from nowhere, one goes.
BEFORE = [0, 0, 0, 1, 1, 2, 2, -1, 1]
AFTER = [0, 1, 1, 1, 2, 2, 0, 2, -1]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[int, list[int], list[int]]:
    size = draw(st.integers(1, 5))
    pairs = draw(st.lists(st.tuples(st.integers(-1, size - 1), st.integers(-1, size - 1)), max_size=40))
    return size, [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def test_people_are_counted_by_both_labels() -> None:
    found = migration(BEFORE, AFTER, LABELS)
    assert found.counts.tolist() == [[1, 2, 0], [0, 1, 1], [1, 0, 1]]
    assert found.came.tolist() == [0, 0, 1]
    assert found.gone.tolist() == [0, 1, 0]
    assert found.before.tolist() == [3, 3, 2]
    assert found.after.tolist() == [2, 3, 3]
    assert found.entered.tolist() == [1, 2, 2]
    assert found.left.tolist() == [2, 2, 1]
    assert found.net_flows.tolist() == [[0, 2, -1], [-2, 0, 1], [1, -1, 0]]
    assert found.stayed_share == pytest.approx(3 / 7)
    assert found.shares[0].tolist() == pytest.approx([1 / 3, 2 / 3, 0])
    assert found.gone_shares.tolist() == pytest.approx([0, 1 / 3, 0])


def test_entropy_is_in_bits() -> None:
    found = migration([0, 0, 0, 0, 1, 1], [0, 1, 0, 1, 1, 1], ("a", "b", "c"))
    assert found.entropy.tolist() == pytest.approx([1.0, 0.0, np.nan], nan_ok=True)
    assert entropy_bits([0.5, 0.25, 0.25]) == pytest.approx(1.5)
    assert entropy_bits([0.2, 0.3, 0.5]) == pytest.approx(entropy([0.2, 0.3, 0.5], base=2))
    assert effective_number([10, 10, 10, 10]) == pytest.approx(4)
    assert effective_number([7, 0, 0]) == pytest.approx(1)
    assert np.isnan(effective_number([0, 0]))


@pytest.mark.parametrize(("count", "number"), [(0, 10), (10, 10), (3, 10), (81, 263), (1, 1), (15, 148)])
def test_intervals_are_those_of_wilson(count: int, number: int) -> None:
    low, high = wilson(count, number)
    expected = binomtest(count, number).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_interval_of_a_published_comparison() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, score method without correction.
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0000, 0.1611),
                 (1, 29): (0.0061, 0.1718)}  # fmt: skip
    for (count, number), ends in published.items():
        low, high = wilson(count, number)
        assert (float(low), float(high)) == pytest.approx(ends, abs=5e-5)


def test_nobody_gives_no_share() -> None:
    low, high = wilson([0, 1], [0, 2])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
    empty = migration([], [], LABELS)
    assert np.isnan(empty.shares).all()
    assert np.isnan(empty.stayed_share)


@given(worlds())
def test_rows_and_columns_add_up(world: tuple[int, list[int], list[int]]) -> None:
    size, before, after = world
    found = migration(before, after, [str(number) for number in range(size)])
    assert found.before.tolist() == [before.count(label) for label in range(size)]
    assert found.after.tolist() == [after.count(label) for label in range(size)]
    assert (found.before - found.left + found.entered == found.after).all()
    assert (found.net_flows == -found.net_flows.T).all()
    # What a label gained is what it got from others, net, and what came, less what went.
    gained = found.net_flows.sum(axis=0) + found.came - found.gone
    assert (gained == found.after - found.before).all()
    there = found.before > 0
    assert (found.shares.sum(axis=1) + found.gone_shares)[there] == pytest.approx(np.ones(there.sum()))
    low, high = found.share_intervals()
    assert (low[there] <= found.shares[there] + 1e-12).all()
    assert (found.shares[there] <= high[there] + 1e-12).all()
    again = Migration.from_dict(found.as_dict())
    assert again.as_dict() == found.as_dict()


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_people_does_not_matter(world: tuple[int, list[int], list[int]], chance: object) -> None:
    size, before, after = world
    order = list(range(len(before)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    names = [str(number) for number in range(size)]
    mixed = migration([before[place] for place in order], [after[place] for place in order], names)
    assert mixed.as_dict() == migration(before, after, names).as_dict()


def test_labels_that_do_not_hold_still_spread_as_chance_says() -> None:
    # A negative control: labels drawn anew at each moment stay with the chance of their share, and lead anywhere.
    rng = np.random.default_rng(5)
    found = migration(rng.integers(0, 4, 20_000), rng.integers(0, 4, 20_000), list("abcd"))
    low, high = found.share_intervals(0.9999)
    assert ((low < 0.25) & (high > 0.25)).all()
    assert found.entropy.min() > 1.99


@pytest.mark.parametrize("codes", [([0, 1], [0]), ([0, 3], [0, 1]), ([0, -2], [0, 1])])
def test_wrong_codes_are_refused(codes: tuple[list[int], list[int]]) -> None:
    with pytest.raises(ValueError, match="label"):
        migration(codes[0], codes[1], LABELS)
