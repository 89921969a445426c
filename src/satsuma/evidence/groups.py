"""The groups that evidence is gathered for: segments, and the labels of segmentations, over one frame of customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Bits, Mask, count_bits, pack, unpack
from satsuma.language.checker import Key
from satsuma.segments.frame import CustomerFrame

Floats = NDArray[np.float64]

#: Customers whose membership is unpacked at once: a multiple of 8 that stays in the processor's cache.
BLOCK = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One group: a segment, or one label of a segmentation."""

    name: str
    label: str | None = None

    @property
    def key(self) -> Key:
        """The definition that it comes from."""
        return ("segment" if self.label is None else "segmentation", self.name)

    @property
    def called(self) -> str:
        return self.name if self.label is None else f"{self.name}: {self.label}"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Who is in each group, a row of bits for each; they may overlap."""

    subjects: tuple[Subject, ...]
    size: int
    bits: NDArray[np.uint8] = field(repr=False)

    def __len__(self) -> int:
        return len(self.subjects)

    def sizes(self) -> NDArray[np.int64]:
        """Return how many are in each group."""
        return np.array([count_bits(row) for row in self.bits], np.int64)

    def only(self, subjects: Sequence[Subject]) -> Groups:
        """Return some of the groups, in their order."""
        rows = [number for number, subject in enumerate(self.subjects) if subject in subjects]
        return Groups(tuple(self.subjects[number] for number in rows), self.size, self.bits[rows])

    def mask(self, number: int) -> Mask:
        """Return who is in one group."""
        return unpack(self.bits[number], self.size)

    def blocks(self) -> Iterator[tuple[int, int, Floats]]:
        """Yield ranges of places with membership as 0 and 1, shape (groups + 1, places); everybody comes last."""
        for low in range(0, self.size, BLOCK):
            high = min(low + BLOCK, self.size)
            found = np.ones((len(self) + 1, high - low))
            found[:-1] = np.unpackbits(
                self.bits[:, low // 8 : (high + 7) // 8], axis=1, count=high - low, bitorder="little"
            )
            yield low, high, found


def groups_of(frame: CustomerFrame, segments: Sequence[str], segmentations: Sequence[str]) -> Groups:
    """Return the segments and the labels that a frame has, in the order given."""
    subjects: list[Subject] = []
    rows: list[Bits] = []
    for name in segments:
        subjects.append(Subject(name=name))
        rows.append(pack(frame.members(name)))
    for name in segmentations:
        labels = frame.labels(name)
        for code, label in enumerate(labels.names):
            subjects.append(Subject(name=name, label=label))
            rows.append(pack(labels.codes == code))
    bits = np.array(rows, np.uint8) if rows else np.zeros((0, (frame.size + 7) // 8), np.uint8)
    return Groups(tuple(subjects), frame.size, bits)
