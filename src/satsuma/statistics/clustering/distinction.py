"""What sets groups apart from the others: differences of means and of shares, largest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.rows import Codes, Floats, Rows


@dataclass(frozen=True, slots=True)
class Distinction:
    """One difference between a group and everybody else.

    number, category : the column of numbers, or of categories, that it is about; the other is None.
    level : of a category, the code; None of a number.
    effect : for a number, the difference of means in standard deviations of all rows; for a level, Cohen's h, the
        difference of arcsines of the roots of the shares. Positive where the group has more.
    inside, outside : the mean, or the share, in the group and among the others.
    """

    number: int | None
    category: int | None
    level: int | None
    effect: float
    inside: float
    outside: float


def distinctions(rows: Rows, groups: Codes, count: int) -> list[list[Distinction]]:
    """Return for each group what sets it apart, the largest effect first; one level stands for its category.

    Parameters
    ----------
    groups : array of int, shape (n,)
        The group of each row; -1 is in none, and counts for nobody.
    count : how many groups there are.

    Notes
    -----
    The difference of means is that of Cohen's d with the spread of all rows in place of the pooled one, so that it
    stays comparable between groups of one clustering. Cohen's h: Cohen (1988), Statistical Power Analysis, chapter 6.
    """
    inside = groups >= 0
    kept, labels = rows.take(inside), groups[inside]
    found: list[list[Distinction]] = [[] for _ in range(count)]
    for number in range(kept.numbers.shape[1]):
        for group, item in enumerate(_of_number(kept.numbers[:, number], labels, count, number)):
            if item is not None:
                found[group].append(item)
    for category, levels in enumerate(kept.levels):
        for group, item in enumerate(_of_category(kept.codes[:, category], levels, labels, count, category)):
            if item is not None:
                found[group].append(item)
    return [sorted(items, key=lambda item: (-abs(item.effect), item.number is None, item.number, item.category))
            for items in found]  # fmt: skip


def _of_number(values: Floats, labels: Codes, count: int, number: int) -> list[Distinction | None]:
    known = np.isfinite(values)
    sizes = np.bincount(labels[known], minlength=count).astype(np.float64)
    sums = np.bincount(labels[known], weights=values[known], minlength=count)
    spread = float(values[known].std()) if known.any() else 0.0
    others = sizes.sum() - sizes
    items: list[Distinction | None] = []
    for group in range(count):
        if not (sizes[group] and others[group] and spread > 0):
            items.append(None)
            continue
        mean, rest = sums[group] / sizes[group], (sums.sum() - sums[group]) / others[group]
        items.append(Distinction(number, None, None, float((mean - rest) / spread), float(mean), float(rest)))
    return items


def _of_category(
    codes: NDArray[np.int32], levels: int, labels: Codes, count: int, category: int
) -> list[Distinction | None]:
    known = codes >= 0
    table = np.bincount(labels[known] * levels + codes[known], minlength=count * levels).reshape(count, levels)
    sizes, total = table.sum(1), table.sum(0)
    items: list[Distinction | None] = []
    for group in range(count):
        others = sizes.sum() - sizes[group]
        if not (sizes[group] and others):
            items.append(None)
            continue
        inside, outside = table[group] / sizes[group], (total - table[group]) / others
        effects = 2 * np.arcsin(np.sqrt(inside)) - 2 * np.arcsin(np.sqrt(outside))
        # A group is named by what it has rather than by what it lacks.
        level = int(np.argmax(np.where(effects > 0, effects, np.abs(effects) * 0.5)))
        items.append(
            Distinction(None, category, level, float(effects[level]), float(inside[level]), float(outside[level]))
        )
    return items
