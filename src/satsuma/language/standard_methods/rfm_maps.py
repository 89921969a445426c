"""Names for the cells of scores: the presets, and maps that people write, checked for gaps and overlaps.

A map gives each cell of recency by frequency (`55`), or of recency by frequency by money (`555`), exactly one name.
Cells are written as digits, or as ranges: `R4-5 F2-3`, `R5 F1 M1-5`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from satsuma.language.standard_methods import reading

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.reader import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A map that comes with Satsuma: its title, and the cells of each name as one text, separated by commas."""

    title: str
    scores: int
    cells: Mapping[str, str]


PRESETS: Mapping[str, Preset] = {
    "rf10": Preset(
        title="Ten names on the grid of recency by frequency",
        scores=5,
        cells={
            "Champions": "R5 F4-5",
            "Loyal": "R3-4 F4-5",
            "Potential loyalist": "R4-5 F2-3",
            "New": "R5 F1",
            "Promising": "R4 F1",
            "Need attention": "R3 F3",
            "About to sleep": "R3 F1-2",
            "At risk": "R1-2 F3-4",
            "Can't lose": "R1-2 F5",
            "Hibernating": "R1-2 F1-2",
        },
    ),
    "rfm11": Preset(
        title="Eleven names on the 125 cells of recency, frequency and money",
        scores=5,
        cells={
            "Champions": "555, 554, 544, 545, 454, 455, 445",
            "Loyal": "543, 444, 435, 355, 354, 345, 344, 335",
            "Potential Loyalist": "553, 551, 552, 541, 542, 533, 532, 531, 452, 451, 442, 441, 431, 453, 433, 432, "
            "423, 353, 352, 351, 342, 341, 333, 323",
            "New Customers": "512, 511, 422, 421, 412, 411, 311",
            "Promising": "525, 524, 523, 522, 521, 515, 514, 513, 425, 424, 413, 414, 415, 315, 314, 313",
            "Need Attention": "535, 534, 443, 434, 343, 334, 325, 324",
            "About To Sleep": "331, 321, 312, 221, 213, 231, 241, 251",
            "At Risk": "255, 254, 245, 244, 253, 252, 243, 242, 235, 234, 225, 224, 153, 152, 145, 143, 142, 135, 134, "
            "133, 125, 124",
            "Cannot Lose Them": "155, 154, 144, 214, 215, 115, 114, 113",
            "Hibernating": "332, 322, 233, 232, 223, 222, 132, 123, 122, 212, 211",
            "Lost": "111, 112, 121, 131, 141, 151",
        },
    ),
}

Cell = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMap:
    """Exactly one name for each cell.

    names : in their order. dimensions : 2 for recency by frequency, 3 with money.
    grid : the index of each cell's name; the cell (r, f) stands at (r - 1) n + f - 1, with money likewise.
    """

    names: tuple[str, ...]
    scores: int
    dimensions: int
    grid: tuple[int, ...]

    def cells(self) -> dict[str, tuple[str, ...]]:
        """Return the cells of each name, as digits."""
        found: dict[str, list[str]] = {name: [] for name in self.names}
        for cell, place in zip(all_cells(self.scores, self.dimensions), self.grid, strict=True):
            found[self.names[place]].append(cell_text(cell))
        return {name: tuple(cells) for name, cells in found.items()}


def all_cells(scores: int, dimensions: int) -> list[Cell]:
    """Return every cell in the order of the grid."""
    return list(product(range(1, scores + 1), repeat=dimensions))


def cell_text(cell: Cell) -> str:
    return "".join(str(score) for score in cell)


def preset_map(name: str) -> CellMap:
    """Return a preset as a map."""
    preset = PRESETS[name]
    found = {label: _cells_of(text, preset.scores) for label, text in preset.cells.items()}
    return _joined(found, preset.scores)


def read_map(reader: Reader, value: Any, path: Path_, scores: int) -> CellMap | None:
    """Read a map that somebody wrote: `name: [cells]` lines; report every gap and overlap with its cells."""
    given = reader.mapping(value, path, "A map")
    if not given:
        if given is not None:
            reader.problem(path, "A map gives names to cells, such as 'Champions: [R5 F4-5]'; this one is empty.")
        return None
    before = len(reader.problems)
    found = {label: _written_cells(reader, cells, (*path, label), scores) for label, cells in given.items()}
    if len(reader.problems) > before:
        return None
    wide = _widened(found, scores)
    dimensions = max((len(cell) for cells in wide.values() for cell in cells), default=2)
    owners: dict[Cell, list[str]] = {cell: [] for cell in all_cells(scores, dimensions)}
    for label, cells in wide.items():
        for cell in dict.fromkeys(cells):
            owners[cell].append(label)
    gaps = [cell_text(cell) for cell, labels in owners.items() if not labels]
    if gaps:
        letters = "RFM"[:dimensions]
        reader.problem(path, f"The map leaves {_counted(gaps)} without a name ({letters}): {' '.join(gaps)}.")
    twice = [f"{cell_text(cell)} ({', '.join(labels)})" for cell, labels in owners.items() if len(labels) > 1]
    if twice:
        reader.problem(path, f"The map gives {_counted(twice)} several names: {'; '.join(twice)}.")
    return None if gaps or twice else _joined(wide, scores)


def _counted(cells: list[str]) -> str:
    return f"{len(cells)} cell{'' if len(cells) == 1 else 's'}"


def _joined(found: Mapping[str, list[Cell]], scores: int) -> CellMap:
    owner = {cell: place for place, cells in enumerate(found.values()) for cell in cells}
    dimensions = len(next(iter(owner)))
    grid = tuple(owner[cell] for cell in all_cells(scores, dimensions))
    return CellMap(names=tuple(found), scores=scores, dimensions=dimensions, grid=grid)


def _widened(found: Mapping[str, list[Cell]], scores: int) -> dict[str, list[Cell]]:
    """Return all cells in the same dimensions: beside cells with money, one without stands for all money scores."""
    if all(len(cell) == 2 for cells in found.values() for cell in cells):
        return dict(found)
    wide: dict[str, list[Cell]] = {}
    for label, cells in found.items():
        wide[label] = []
        for cell in cells:
            wide[label] += [cell] if len(cell) == 3 else [(*cell, money) for money in range(1, scores + 1)]
    return wide


def _written_cells(reader: Reader, value: Any, path: Path_, scores: int) -> list[Cell]:
    items = value if isinstance(value, list) else [value]
    found: list[Cell] = []
    for place, item in enumerate(items):
        here = (*path, place) if isinstance(value, list) else path
        text = reading.scalar_text(reader, item, here) or ""
        try:
            found += _cells_of(text, scores)
        except ValueError:
            message = (
                f"'{text}' is not a cell: write digits from 1 to {scores} (55, 555) or ranges (R4-5 F2-3, R5 F1 M1-2)."
            )
            reader.problem(here, message)
    return found


_RANGE = re.compile(r"([1-9])(?:-([1-9]))?")
_CELL = re.compile(r"R(\S+)\s+F(\S+)(?:\s+M(\S+))?", re.IGNORECASE)


def _cells_of(text: str, scores: int) -> list[Cell]:
    """Return the cells of a text such as `55, R4-5 F2-3`; ValueError when a part is not one."""
    found: list[Cell] = []
    for part in text.split(","):
        written = part.strip()
        if re.fullmatch(rf"[1-{scores}]{{2,3}}", written):
            found.append(tuple(int(digit) for digit in written))
            continue
        ranges = _CELL.fullmatch(written)
        if ranges is None:
            raise ValueError
        found += product(*(_numbers(item, scores) for item in ranges.groups() if item is not None))
    return found


def _numbers(text: str, scores: int) -> range:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ValueError
    low, high = int(found[1]), int(found[2] or found[1])
    if not low <= high <= scores:
        raise ValueError
    return range(low, high + 1)
