from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest

from satsuma.report.contents import Overlap, Ranking, ReportContents, RfmGrid
from satsuma.report.grids import index_class, index_table, overlap_table, rfm_table, zone_edges, zone_heads


def parsed(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(f"<div>{markup}</div>")  # noqa: S314


def grid_of(contents: ReportContents) -> RfmGrid:
    assert contents.rfm is not None
    return contents.rfm


def test_the_grid_has_recency_down_from_5_and_frequency_across_from_1(contents: ReportContents) -> None:
    table = parsed(rfm_table(grid_of(contents), "USD", "Grid")).find("table")
    assert table is not None
    rows = table.findall("tbody/tr")
    assert [row[0].text for row in rows] == ["R5", "R4", "R3", "R2", "R1"]
    assert [head.text for head in table.findall("thead/tr/th")] == ["F1", "F2", "F3", "F4", "F5"]
    champions = rows[0][5]
    assert champions.findtext("b") == "238"
    assert "Champions" in (champions.get("title") or "")


def test_every_cell_says_its_group_and_each_zone_shows_it_once(contents: ReportContents) -> None:
    grid = grid_of(contents)
    made = rfm_table(grid, "USD", "Grid")
    assert made.count('class="zone"') == len({cell.segment for cell in grid.cells}) == 10
    assert made.count('class="zone"') + made.count('bdi class="unseen"') == 25


def test_a_zone_in_two_places_is_named_in_both(contents: ReportContents) -> None:
    cells = {(cell.recency, cell.frequency): cell for cell in grid_of(contents).cells}
    cells[(1, 1)] = dataclasses.replace(cells[(1, 1)], segment="Champions")
    heads = zone_heads(cells)
    assert (5, 4) in heads
    assert (1, 1) in heads
    assert zone_edges(cells, 1, 1) == ("top", "right", "bottom", "left")
    assert zone_edges(cells, 5, 5) == ("top", "right", "bottom")


def test_missing_and_empty_cells_count_nobody(contents: ReportContents) -> None:
    grid = grid_of(contents)
    few = dataclasses.replace(grid, cells=(dataclasses.replace(grid.cells[0], size=0, value=0.0), *grid.cells[20:]))
    table = parsed(rfm_table(few, "USD", "Grid"))
    assert [cell.findtext("b") for cell in table.findall("table/tbody/tr")[0][1:]] == ["0"] * 5
    assert "No customer has a score yet" in rfm_table(dataclasses.replace(grid, cells=()), "USD", "Grid")


def test_the_diagonal_of_the_overlap_is_empty(contents: ReportContents) -> None:
    assert contents.overlap is not None
    table = parsed(overlap_table(contents.overlap, "Overlap"))
    rows = table.findall("div/table/tbody/tr")
    for number, row in enumerate(rows):
        assert row[number + 1].get("class") == "diagonal"
    assert rows[0][2].text == "71"
    assert rows[0][2].get("title") == "Big baskets and Weekly shoppers: 361 customers in both, 70.5\u00a0% of the first"


def test_only_the_whole_is_100_and_only_none_is_0() -> None:
    overlap = Overlap(titles=("a", "b", "c"), intersections=((1000, 999, 1), (999, 1000, 0), (1, 0, 1)))
    rows = parsed(overlap_table(overlap, "Overlap")).findall("div/table/tbody/tr")
    assert [cell.text for cell in rows[0][2:]] == [">99", "<1"]
    assert [cell.text for cell in rows[2][1:3]] == ["100", "0"]


def test_a_large_overlap_is_cut_to_what_can_be_read() -> None:
    size = 60
    overlap = Overlap(titles=tuple(f"s{number}" for number in range(size)), intersections=((1,) * size,) * size)
    assert len(parsed(overlap_table(overlap, "Overlap")).findall("div/table/tbody/tr")) == 20
    one = Overlap(titles=("a",), intersections=((1,),))
    assert "two segments" in overlap_table(one, "Overlap")


def test_jaccard_and_containment_are_fractions_of_the_right_whole() -> None:
    overlap = Overlap(titles=("a", "b", "none"), intersections=((10, 4, 0), (4, 6, 0), (0, 0, 0)))
    assert overlap.jaccard(0, 1) == pytest.approx(4 / 12)
    assert overlap.contained(0, 1) == pytest.approx(0.4)
    assert overlap.contained(1, 0) == pytest.approx(4 / 6)
    assert overlap.jaccard(2, 2) == overlap.contained(2, 0) == 0


def test_an_index_is_marked_above_120_and_below_80(contents: ReportContents) -> None:
    assert [index_class(index) for index in (160, 125, 100, 75, 40, None)] == [
        "more-2",
        "more-1",
        "",
        "less-1",
        "less-2",
        "",
    ]
    made = index_table(contents.rankings[0], "Index")
    assert made is not None
    assert parsed(made).find("div/table/tbody/tr[10]/td[4]").text == "–"  # type: ignore[union-attr]
    assert index_table(contents.rankings[1], "Index") is None
    assert index_table(Ranking(title="x", noun="y", items=()), "Index") is None
