"""Many rows laid out for quick sums: numbers by column, and of categories the cells of rows that answer alike.

Latent classes and k-prototypes need two things of categories in each step: for each row the sum over its categories
of a number that depends on class and code, and for each class and code the sum of a number of each row. Both are a
product with the 0-1 matrix of codes, which is needed only for the different rows of a block of categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.distinct import distinct_rows
from satsuma.statistics.clustering.rows import Codes, Floats, rows_of_codes
from satsuma.statistics.errors import CannotEstimate

#: A category of more levels is no category: each level would have a handful of rows.
MOST_LEVELS = 1000
#: Cells of a block of categories when there are many rows; a class's table of them stays in the fastest cache.
_CELLS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some categories of all rows.

    codes : slice, which of the codes of all categories, laid side by side.
    ones : array of float, shape (codes, cells), 1 where a cell has the code; a missing answer has none.
    cell : array of int, shape (n,), the cell of each row, or None where each row is a cell of its own.
    """

    codes: slice
    ones: Floats
    cell: NDArray[np.intp] | None


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """All categories of the rows, in blocks."""

    blocks: tuple[Block, ...]
    width: int

    def add_scores(self, scores: Floats, by_code: Floats, part: slice) -> None:
        """Add to the scores of some rows what their codes bring.

        Parameters
        ----------
        scores : array of float, shape (classes, rows in part). by_code : array of float, shape (classes, width).
        """
        for block in self.blocks:
            table = by_code[:, block.codes]
            if block.cell is None:
                scores += table @ block.ones[:, part]
            else:
                by_cell, cell = table @ block.ones, block.cell[part]
                for score, values in zip(scores, by_cell, strict=True):
                    score += values[cell]

    def add_sums(self, sums: Floats, values: Floats, part: slice) -> None:
        """Add to the sums, shape (classes, width), values of some rows, shape (classes, rows in part)."""
        for block in self.blocks:
            if block.cell is None:
                sums[:, block.codes] += values @ block.ones[:, part].T
            else:
                cell, cells = block.cell[part], block.ones.shape[1]
                by_cell = np.stack([np.bincount(cell, value, cells) for value in values])
                sums[:, block.codes] += by_cell @ block.ones.T

    def add_counts(self, sums: Floats, labels: NDArray[np.integer], weights: Floats, part: slice) -> None:
        """Add to the sums, shape (classes, width), the weights of some rows, each in the class its label says."""
        classes = len(sums)
        for block in self.blocks:
            cells = block.ones.shape[1]
            cell = np.arange(cells)[part] if block.cell is None else block.cell[part]
            place = cell * classes + labels
            by_cell = np.bincount(place, weights, cells * classes).reshape(cells, classes)
            sums[:, block.codes] += (block.ones @ by_cell).T


def laid_out(numbers: Floats, centre: Floats) -> tuple[Floats, Floats | None]:
    """Return numbers less their centre by column, shape (p, n), and 1 where each is known, or None if all are.

    What is missing is 0, and adds nothing to a sum.
    """
    made = np.empty(numbers.shape[::-1])
    np.subtract(numbers.T, centre[:, None], out=made)
    missing = np.isnan(made)
    if not missing.any():
        return made, None
    made[missing] = 0.0
    return made, (~missing).astype(np.float64)


def cells_of(codes: Codes, levels: Sequence[int]) -> Cells:
    """Return the categories of all rows in blocks.

    Parameters
    ----------
    codes : shape (n, q), -1 is missing. levels : how many codes each category has, length q.

    Raises
    ------
    CannotEstimate
        When a category has more than `MOST_LEVELS`.
    """
    if max(levels, default=0) > MOST_LEVELS:
        raise CannotEstimate(
            f"A category has {max(levels)} levels; groups can be told apart by up to {MOST_LEVELS}. Join the rare ones."
        )
    count = len(codes)
    blocks: list[Block] = []
    start, begin = 0, 0
    while start < len(levels):
        stop, span = start + 1, levels[start] + 1
        # Few rows are one block: no table can be smaller than they are.
        while stop < len(levels) and (count <= _CELLS or span * (levels[stop] + 1) <= _CELLS):
            span *= levels[stop] + 1
            stop += 1
        width = sum(levels[start:stop])
        blocks.append(_block(codes[:, start:stop], levels[start:stop], slice(begin, begin + width)))
        start, begin = stop, begin + width
    return Cells(tuple(blocks), begin)


def _block(codes: Codes, levels: Sequence[int], place: slice) -> Block:
    if len(codes) <= _CELLS:
        return Block(place, _ones(codes, levels), None)
    different = distinct_rows(rows_of_codes(codes, levels))
    return Block(place, _ones(different.rows.codes, levels), different.inverse)


def _ones(codes: Codes, levels: Sequence[int]) -> Floats:
    made = np.zeros((sum(levels), len(codes)))
    begin = 0
    for column, count in zip(codes.T, levels, strict=True):
        known = np.flatnonzero(column >= 0)
        made[begin + column[known], known] = 1.0
        begin += count
    return made
