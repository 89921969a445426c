"""How the size and the make-up of a group have moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column
from satsuma.evidence.groups import Groups
from satsuma.evidence.traits import Described, Sums, split, sums
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.prediction.drift import CHANCE, LITTLE, MUCH, Stability, learn_bins, stability

Floats = NDArray[np.float64]

#: Traits whose make-up is followed: those in which groups differ most today.
MOST_TRAITS = 8
MISSING = "(none)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeThen:
    """How many were in a group at a moment, and the share of everybody then (0 to 1)."""

    moment: datetime
    size: int
    share: float

    def as_dict(self) -> dict[str, Any]:
        return {"moment": self.moment, "size": self.size, "share": self.share}


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeUp:
    """How far members' values of a trait have moved since a moment.

    psi : the population stability index; by_chance : its mean when nothing moved, p : how often it is as much then.
    """

    trait: str
    psi: float
    by_chance: float
    p: float

    @property
    def word(self) -> str:
        if self.p >= CHANCE or self.psi <= LITTLE:
            return "steady"
        return "moved" if self.psi > MUCH else "moved a little"

    def as_dict(self) -> dict[str, Any]:
        return {"trait": self.trait, "psi": self.psi, "by_chance": self.by_chance, "p": self.p, "word": self.word}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDrift:
    """Sizes, the oldest first, the present last; and what moved in members' make-up since `since`."""

    sizes: tuple[SizeThen, ...]
    since: datetime | None
    make_up: tuple[MakeUp, ...]

    @property
    def factor(self) -> float | None:
        """The share of everybody now over that at the oldest moment; None where nobody was in then."""
        first, last = self.sizes[0], self.sizes[-1]
        return last.share / first.share if first.share > 0 else None

    @property
    def moved(self) -> tuple[MakeUp, ...]:
        return tuple(item for item in self.make_up if item.word == "moved")

    def as_dict(self) -> dict[str, Any]:
        return {
            "sizes": [item.as_dict() for item in self.sizes], "since": self.since, "factor": self.factor,
            "make_up": [item.as_dict() for item in self.make_up],
        }  # fmt: skip


def sizes_then(
    groups: Groups, past: Sequence[tuple[CustomerFrame, Groups]], frame: CustomerFrame
) -> list[list[SizeThen]]:
    """Return the size of each group at past moments and now, the oldest first."""
    found: list[list[SizeThen]] = []
    counted = [
        (then.as_of, dict(zip(before.subjects, before.sizes().tolist(), strict=True)), then.size)
        for then, before in sorted(past, key=lambda pair: pair[0].as_of)
    ]
    for subject, size in zip(groups.subjects, groups.sizes().tolist(), strict=True):
        rows = [
            SizeThen(moment=moment, size=sizes[subject], share=sizes[subject] / max(population, 1))
            for moment, sizes, population in counted
            if subject in sizes
        ]
        found.append([*rows, SizeThen(moment=frame.as_of, size=size, share=size / max(frame.size, 1))])
    return found


def make_ups(
    groups: Groups, frame: CustomerFrame, before: Groups, past: CustomerFrame, traits: Sequence[str],
    tested: Sequence[bool],
) -> list[tuple[MakeUp, ...]]:  # fmt: skip
    """Return how far each group's make-up has moved since a past moment; nothing of groups too small to tell.

    The chance is that of two samples of different people. Most members are in both, which makes chance smaller still.
    """
    then, now = [], []
    for name in traits:
        pair = _binned(name, past.column(name), frame.column(name))
        if pair is not None:
            then.append(pair[0])
            now.append(pair[1])
    first, second = (sums(groups_, traits_) for groups_, traits_ in ((before, then), (groups, now)))
    places = {subject: number for number, subject in enumerate(before.subjects)}
    return [
        _made_up(first, second, places[subject], number) if is_tested and subject in places else ()
        for number, (subject, is_tested) in enumerate(zip(groups.subjects, tested, strict=True))
    ]


def _made_up(first: Sequence[Sums], second: Sequence[Sums], then: int, now: int) -> tuple[MakeUp, ...]:
    found = []
    for before, after in zip(first, second, strict=True):
        left, right = split(before)[0].counts, split(after)[0].counts
        assert left is not None
        assert right is not None
        if left[then].sum() > 0 and right[now].sum() > 0:
            moved: Stability = stability(np.rint(left[then]), np.rint(right[now]))
            found.append(
                MakeUp(trait=before.trait.name, psi=moved.psi, by_chance=moved.by_chance, p=moved.p_value)
            )  # fmt: skip
    return tuple(sorted(found, key=lambda item: (-item.psi, item.trait)))


def _binned(name: str, then: Column, now: Column) -> tuple[Described, Described] | None:
    """Return a trait of both moments by the bins of everybody's values then; to have none is a bin, too."""
    if then.type == "text":
        words = {word: code for code, word in enumerate(sorted({*then.words, *now.words}))}
        values = [_by_word(column, words) for column in (then, now)]
    else:
        values = [column.floats() for column in (then, now)]
    bins = learn_bins(values[0], name, "category" if then.type == "text" else "number")
    if bins.counts.sum() == 0:
        return None
    borders = bins.levels if then.type == "text" else bins.cuts
    labels = (*(f"{number}" for number in range(len(borders) + 1)), MISSING)
    made = []
    for each in values:
        place = np.searchsorted(borders, each, side="left" if then.type == "text" else "right")
        if then.type == "text":
            place = np.where(np.append(borders, np.nan)[place] == each, place, len(borders))
        codes = np.where(np.isnan(each), len(borders) + 1, place).astype(np.int32)
        made.append(Described(name, name, "category", codes, np.ones(len(each), np.bool_), None, labels))
    return made[0], made[1]


def _by_word(column: Column, words: Mapping[str, int]) -> Floats:
    table = np.array([words[word] for word in column.words] or [0], np.float64)
    return np.where(column.present, table[np.where(column.present, column.values, 0)], np.nan)


def followed(traits: Sequence[Described], strengths: Mapping[str, float], past: CustomerFrame) -> list[str]:
    """Return the traits whose make-up is followed: those known at both moments in which groups differ most.

    Days and moments are left out: time alone moves them.
    """
    known = [
        item.name for item in traits
        if item.name in past.traits and past.traits[item.name].type not in ("date", "datetime")
    ]  # fmt: skip
    return sorted(known, key=lambda name: (-strengths.get(name, 0.0), name))[:MOST_TRAITS]
