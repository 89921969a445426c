"""Sums over cells against products with the full 0-1 matrix."""

from __future__ import annotations

import numpy as np
import pytest

from satsuma.statistics.clustering.cells import cells_of, laid_out
from satsuma.statistics.errors import CannotEstimate

LEVELS = (3, 12, 2, 30, 5, 7)


def drawn(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes, some of them missing, and the 0-1 matrix of all codes."""
    rng = np.random.default_rng(count)
    codes = np.column_stack([rng.integers(-1, level, count) for level in LEVELS]).astype(np.int32)
    ones = [(codes[:, column, None] == np.arange(level)).astype(float) for column, level in enumerate(LEVELS)]
    return codes, np.hstack(ones)


@pytest.mark.parametrize("count", [50, 9_000])
def test_scores_sums_and_counts_are_those_of_the_full_matrix(count: int) -> None:
    codes, ones = drawn(count)
    cells = cells_of(codes, LEVELS)
    assert cells.width == ones.shape[1]
    # Few rows are one block, many rows several, each smaller than the rows.
    assert len(cells.blocks) == (1 if count == 50 else 2)
    rng = np.random.default_rng(1)
    by_code, part = rng.normal(size=(4, cells.width)), slice(10, count - 7)
    scores = np.ones((4, len(codes[part])))
    cells.add_scores(scores, by_code, part)
    assert scores == pytest.approx(1.0 + by_code @ ones[part].T)
    values, sums = rng.random(scores.shape), np.ones((4, cells.width))
    cells.add_sums(sums, values, part)
    assert sums == pytest.approx(1.0 + values @ ones[part])
    labels, weights, counts = rng.integers(0, 4, len(codes[part])), values[0], np.ones((4, cells.width))
    cells.add_counts(counts, labels, weights, part)
    assert counts == pytest.approx(1.0 + ((labels == np.arange(4)[:, None]) * weights) @ ones[part])


def test_no_categories_add_nothing() -> None:
    cells = cells_of(np.zeros((5, 0), np.int32), ())
    scores = np.ones((2, 5))
    cells.add_scores(scores, np.zeros((2, 0)), slice(None))
    assert (cells.width, scores.tolist()) == (0, [[1.0] * 5] * 2)


def test_a_category_of_too_many_levels_is_refused() -> None:
    with pytest.raises(CannotEstimate, match="1200 levels"):
        cells_of(np.zeros((2, 1), np.int32), (1200,))


def test_numbers_are_laid_out_by_column_less_their_centre() -> None:
    numbers = np.array([[1.0, 10.0], [np.nan, 20.0]])
    made, known = laid_out(numbers, np.array([1.0, 15.0]))
    assert made.tolist() == [[0.0, 0.0], [-5.0, 5.0]]
    assert known is not None
    assert known.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert laid_out(numbers[:1], np.zeros(2))[1] is None
    assert np.isnan(numbers[1, 0])
