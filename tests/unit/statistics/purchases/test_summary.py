"""Histories counted once: nothing lost, nothing made up, the order of rows of no account."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from satsuma.statistics.purchases.summary import PurchaseSummary, histories, numbered, systematic_sample


def drawn(size: int, unit: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    T = rng.integers(1, 40, size)
    x = np.minimum(rng.poisson(1.0, size), T)
    t_x = np.where(x > 0, np.minimum(T, x + rng.integers(0, 5, size)), 0)
    return x.astype(float), t_x / unit, T / unit


def counted(rows: PurchaseSummary) -> Counter:
    found = Counter()
    for x, t_x, T, count in zip(rows.x, rows.t_x, rows.T, rows.count, strict=True):
        found[(x, t_x, T)] += int(count)
    return found


# Days in days, weeks, months, and a unit that no tick fits, which is sorted another way.
@pytest.mark.parametrize("unit", [1.0, 7.0, 30.4375, 365.25, 3.3333])
def test_every_customer_is_in_the_row_that_the_inverse_names(unit: float) -> None:
    x, t_x, T = drawn(5000, unit)
    rows, inverse = PurchaseSummary.compress(x, t_x, T)
    assert np.array_equal(rows.x[inverse], x)
    assert np.array_equal(rows.t_x[inverse], t_x)
    assert np.array_equal(rows.T[inverse], T)
    assert counted(rows) == Counter(zip(x, t_x, T, strict=True))
    assert len(counted(rows)) == len(rows)


def test_two_ways_of_sorting_agree() -> None:
    x, t_x, T = drawn(3000, 7.0)
    packed, one = PurchaseSummary.compress(x, t_x, T)
    plain, other = PurchaseSummary.compress(x, t_x, T, ticks=3.0)
    assert np.array_equal(packed.count, plain.count)
    assert np.array_equal(packed.T, plain.T)
    assert np.array_equal(one, other)


def test_the_sum_of_two_parts_is_the_summary_of_the_whole() -> None:
    x, t_x, T = drawn(4000, 7.0)
    whole, _ = PurchaseSummary.compress(x, t_x, T)
    parts = [PurchaseSummary.compress(x[some], t_x[some], T[some])[0] for some in (slice(0, 1500), slice(1500, None))]
    total = parts[0] + parts[1]
    for name in ("x", "t_x", "T", "count"):
        assert np.array_equal(getattr(total, name), getattr(whole, name))
    empty, _ = PurchaseSummary.compress([], [], [])
    assert (whole + empty).customers == 4000
    assert len(empty + empty) == 0


def test_the_order_of_rows_does_not_matter() -> None:
    x, t_x, T = drawn(2000, 7.0)
    other = np.random.default_rng(5).permutation(2000)
    one, _ = PurchaseSummary.compress(x, t_x, T)
    two, _ = PurchaseSummary.compress(x[other], t_x[other], T[other])
    assert np.array_equal(one.count, two.count)
    assert np.array_equal(one.t_x, two.t_x)


@pytest.mark.parametrize(
    ("x", "t_x", "T", "sentence"),
    [
        ([-1], [0], [5], "x has numbers that are missing, negative"),
        ([1], [float("nan")], [5], "t_x has numbers that are missing"),
        ([1], [2], [float("inf")], "T has numbers that are missing, negative or infinite"),
        ([1.5], [2], [5], "must be whole"),
        ([1], [6], [5], "t_x lies after T"),
        ([0], [2], [5], "x = 0 but t_x above 0"),
        ([1], [0], [5], "repeat purchases but t_x = 0"),
        ([1, 2], [1], [5], "of one length"),
    ],
)
def test_histories_that_cannot_be_are_refused_in_a_sentence(x, t_x, T, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PurchaseSummary.compress(x, t_x, T)
    with pytest.raises(ValueError, match="of one length|" + sentence):
        PurchaseSummary(np.array(x), np.array(t_x), np.array(T), np.ones(len(x), np.int64))


def test_counts_must_be_whole_and_not_negative() -> None:
    for count in ([-1], [0.5], [1, 2]):
        with pytest.raises(ValueError, match=r"[Cc]ount"):
            PurchaseSummary(np.array([0.0]), np.array([0.0]), np.array([3.0]), np.array(count))


def test_a_log_is_reduced_to_days_with_two_purchases_of_one_day_as_one() -> None:
    customer = np.array([2, 0, 0, 0, 2, 2, 1])
    day = np.array([10, 3, 3, 8, 10, 30, 99])
    x, t_x, T = histories(customer, day, 4, until=20)
    assert x.tolist() == [1, -1, 0, -1]
    assert t_x.tolist() == [5, 0, 0, 0]
    assert T.tolist() == [17, 0, 10, 0]


def test_numbers_of_values_are_those_of_sorting() -> None:
    for values in (np.array([3.0, 1.0, 3.0]) / 7, np.array([0.1234567, 5.0]), np.array([])):
        distinct, code = numbered(values)
        assert np.array_equal(distinct, np.unique(values))
        assert np.array_equal(distinct[code], values)


def test_a_systematic_sample_keeps_the_shares() -> None:
    x, t_x, T = drawn(50_000, 7.0)
    rows, _ = PurchaseSummary.compress(x, t_x, T)
    sample = systematic_sample(rows, 5000)
    assert sample.customers == 5000
    assert (sample.count <= rows.count.max()).all()
    # Sorted by x, the share of each x is that of the whole to one customer.
    assert sample.repeat_customers / 5000 == pytest.approx(rows.repeat_customers / 50_000, abs=2e-4)
