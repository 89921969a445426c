"""Different rows against numpy's own way of finding them, in any order and with any number of words."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.clustering import distinct
from satsuma.statistics.clustering.distinct import distinct_rows
from satsuma.statistics.clustering.rows import Rows, rows_of_codes, rows_of_numbers


def drawn(seed: int, kind: str) -> Rows:
    """Return rows that repeat, some values missing: of a table, of one word, of several words, of both kinds."""
    rng = np.random.default_rng(seed)
    few = rng.integers(-1, 2, (40, 12))
    if kind == "table":
        return rows_of_codes(few[rng.integers(0, 40, 500)], [2] * 12)
    if kind == "one word":
        return rows_of_codes(few[rng.integers(0, 40, 500)], [12] * 12)
    if kind == "words":
        return rows_of_codes(few[rng.integers(0, 40, 500)], [1000] * 12)
    numbers = rng.choice([0.0, -0.0, 1.5, -1.5, np.nan, 1e300], (40, 3))
    pick = rng.integers(0, 40, 500)
    return Rows(numbers[pick], few[pick][:, :4].astype(np.int32), (2,) * 4)


def plain(rows: Rows) -> np.ndarray:
    """Return rows as one array in which missing is a value, and 0 is 0."""
    return np.column_stack([np.where(np.isnan(rows.numbers), 7e77, rows.numbers + 0.0), rows.codes])


KINDS = ("table", "one word", "words", "mixed")


@pytest.mark.parametrize("kind", KINDS)
def test_the_different_rows_and_their_counts_are_those_of_a_full_comparison(kind: str) -> None:
    rows = drawn(1, kind)
    found = distinct_rows(rows)
    values, counts = np.unique(plain(rows), axis=0, return_counts=True)
    order = np.lexsort(plain(found.rows).T[::-1])
    assert np.array_equal(plain(found.rows)[order], values)
    assert np.array_equal(found.counts[order], counts)
    assert len(found) == len(values)
    # Every row given is the one that it is said to be.
    assert np.array_equal(plain(found.rows)[found.inverse], plain(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_rows_does_not_matter(kind: str) -> None:
    rows = drawn(2, kind)
    mixed = rows.take(np.random.default_rng(5).permutation(len(rows)))
    one, other = distinct_rows(rows), distinct_rows(mixed)
    assert np.array_equal(plain(one.rows), plain(other.rows))
    assert np.array_equal(one.counts, other.counts)


def test_rows_whose_mixtures_coincide_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = drawn(3, "mixed")
    wanted = distinct_rows(rows)
    monkeypatch.setattr(distinct, "_mixture", lambda words: np.zeros(len(words[0]), np.uint64))
    found = distinct_rows(rows)
    assert len(found) == len(wanted)
    assert np.array_equal(plain(found.rows)[found.inverse], plain(rows))
    mixed = distinct_rows(rows.take(np.random.default_rng(5).permutation(len(rows))))
    assert np.array_equal(plain(found.rows), plain(mixed.rows))


def test_codes_alone_come_in_the_order_of_the_codes() -> None:
    found = distinct_rows(rows_of_codes([[1, 0], [0, 1], [-1, 1], [0, 0], [0, 1]], [2, 2]))
    assert found.rows.codes.tolist() == [[-1, 1], [0, 0], [0, 1], [1, 0]]
    assert found.counts.tolist() == [1, 1, 2, 1]


def test_weights_are_added_up_and_rows_of_weight_0_do_not_count() -> None:
    rows = rows_of_codes([[0], [1], [0], [2]], [3])
    found = distinct_rows(rows, np.array([0.5, 0.0, 2.0, 1.0]))
    assert found.counts.tolist() == [2.5, 0.0, 1.0]
    kept, counts = found.counted()
    assert (kept.codes.ravel().tolist(), counts.tolist()) == ([0, 2], [2.5, 1.0])


def test_no_rows_and_no_columns_have_their_answer() -> None:
    assert len(distinct_rows(rows_of_numbers(np.zeros((0, 3))))) == 0
    assert len(distinct_rows(rows_of_codes(np.zeros((0, 3)), [2, 2, 2]))) == 0
    empty = distinct_rows(rows_of_numbers(np.zeros((4, 0))))
    assert (empty.counts.tolist(), empty.inverse.tolist()) == ([4], [0, 0, 0, 0])


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="not below its number of levels"):
        distinct_rows(rows_of_codes([[2]], [2]))
    with pytest.raises(ValueError, match="not below its number of levels"):
        distinct_rows(rows_of_codes([[-2]], [2]))
    with pytest.raises(ValueError, match="A number is infinite"):
        distinct_rows(rows_of_numbers([[1.0], [np.inf]]))
    rows = rows_of_codes([[0], [1]], [2])
    with pytest.raises(ValueError, match="one weight for each of 2 rows"):
        distinct_rows(rows, np.ones(3))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="0 or above"):
            distinct_rows(rows, np.array([1.0, bad]))
