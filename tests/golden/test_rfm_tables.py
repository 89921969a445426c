"""Scores worked by hand, and the two published maps of names.

The eleven names on 125 cells are those of Squeezely's documentation, which several vendors repeat; the ten names on
the grid of recency by frequency are the map of public notebooks. R's convention is that of its package rfm.
"""

from __future__ import annotations

from collections import Counter

import pytest

from satsuma.language.standard_methods.rfm_maps import PRESETS, all_cells, preset_map
from satsuma.statistics.rfm import quantile_cuts, rank_scores, scores_from_cuts, value_cuts, value_scores

# Ten customers: six with one order, then 2, 3, 4 and 10. p = (below + equal / 2) / 10.
#   orders   1            2            3            4            10
#   p        (0+3)/10=.3  (6+.5)/10    (7+.5)/10    (8+.5)/10    (9+.5)/10
#   5 p      1.5          3.25         3.75         4.25         4.75
#   score    2            4            4            5            5
ORDERS = [1, 1, 1, 1, 1, 1, 2, 3, 4, 10]
ORDER_SCORES = [2, 2, 2, 2, 2, 2, 4, 4, 5, 5]

# Five customers by days since the last order; fewer days are better. `below` counts those with more days.
#   days     3         10        40          100
#   p        4.5/5     3.5/5     (1+1)/5     0.5/5
#   5 p      4.5       3.5       2           0.5
#   score    5         4         3           1
DAYS = [3, 10, 40, 40, 100]
DAY_SCORES = [5, 4, 3, 3, 1]


def test_scores_by_value_are_those_worked_by_hand() -> None:
    assert value_scores(ORDERS, 5).tolist() == ORDER_SCORES
    assert value_scores(DAYS, 5, fewer_is_better=True).tolist() == DAY_SCORES


def test_cut_points_by_value_are_those_worked_by_hand() -> None:
    # Nobody scores 1 or 3: those cuts coincide with the next.
    assert value_cuts(ORDERS, 5).tolist() == [1, 2, 2, 4]
    # Under 10 days scores 5, under 40 scores 4, under 100 scores 3; nobody scores 2.
    assert value_cuts(DAYS, 5, fewer_is_better=True).tolist() == [10, 40, 100, 100]


def test_quantile_cuts_follow_the_convention_of_r() -> None:
    # Type 7 of 1..11 at .2 .4 .6 .8 is 3 5 7 9; plus one, and bins [a, b): 3 falls below the first cut, 4 does not.
    cuts = quantile_cuts(range(1, 12), 5)
    assert cuts.tolist() == [4, 6, 8, 10]
    assert scores_from_cuts(range(1, 12), cuts).tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    # Recency takes the same bins from the other end.
    assert scores_from_cuts(range(1, 12), cuts, fewer_is_better=True).tolist() == [5, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1]


def test_scores_by_rank_are_groups_of_equal_size_with_ties_split_by_the_second_key() -> None:
    scores, borders = rank_scores([7, 7, 7, 1, 9, 7], [5, 3, 4, 0, 1, 2], 3)
    # In order: 1, then the four 7s by their keys 2 3 4 5, then 9.
    assert scores.tolist() == [3, 2, 2, 1, 3, 1]
    assert borders.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("preset", "dimensions", "sizes"),
    [
        (
            "rf10",
            2,
            {
                "Champions": 2, "Loyal": 4, "Potential loyalist": 4, "New": 1, "Promising": 1, "Need attention": 1,
                "About to sleep": 2, "At risk": 4, "Can't lose": 2, "Hibernating": 4,
            },
        ),
        (
            "rfm11",
            3,
            {
                "Champions": 7, "Loyal": 8, "Potential Loyalist": 24, "New Customers": 7, "Promising": 16,
                "Need Attention": 8, "About To Sleep": 8, "At Risk": 22, "Cannot Lose Them": 8, "Hibernating": 11,
                "Lost": 6,
            },
        ),
    ],
)  # fmt: skip
def test_a_published_map_names_every_cell_exactly_once(preset: str, dimensions: int, sizes: dict[str, int]) -> None:
    found = preset_map(preset)
    assert found.dimensions == dimensions
    assert {name: len(cells) for name, cells in found.cells().items()} == sizes
    assert sum(sizes.values()) == 5**dimensions
    counted = Counter(cell for cells in found.cells().values() for cell in cells)
    assert counted == Counter("".join(map(str, cell)) for cell in all_cells(5, dimensions))
    assert PRESETS[preset].title


@pytest.mark.parametrize(
    ("cell", "name"),
    [("55", "Champions"), ("51", "New"), ("41", "Promising"), ("33", "Need attention"), ("15", "Can't lose"),
     ("23", "At risk"), ("11", "Hibernating"), ("32", "About to sleep"), ("43", "Potential loyalist"), ("34", "Loyal")],
)  # fmt: skip
def test_the_grid_of_ten_has_the_usual_names(cell: str, name: str) -> None:
    assert cell in preset_map("rf10").cells()[name]
