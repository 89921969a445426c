"""Which group is nearest to which: near-duplicates among segments, and labels that act alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evidence.groups import Groups
from satsuma.evidence.traits import Sums, split
from satsuma.statistics.effects.agreement import chance_jaccard, jaccards
from satsuma.statistics.effects.moments import Moments
from satsuma.statistics.effects.separation import compare_categories, compare_variances

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The segment that has most in common with one.

    jaccard : customers in both over customers in either; chance : of two random groups of these sizes.
    contained : the share of this one that is in the other.
    """

    other: str
    jaccard: float
    chance: float
    contained: float

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alikeness:
    """The label that acts most like one. most : the largest share of a trait's variation between the two (eta2).

    trait : where that is.
    """

    other: str
    most: float
    trait: str

    def as_dict(self) -> dict[str, Any]:
        return {"other": self.other, "most": self.most, "trait": self.trait}


def nearest(groups: Groups, segments: Groups) -> list[Nearest | None]:
    """Return for each segment among the groups the other segment that it shares most with.

    None for a label, for a group of nobody, and where there is no other segment.
    """
    sizes, others = groups.sizes(), segments.sizes()
    found: list[Nearest | None] = []
    for number, subject in enumerate(groups.subjects):
        among = [place for place, other in enumerate(segments.subjects) if other != subject and others[place]]
        if subject.label is not None or not among or not sizes[number]:
            found.append(None)
            continue
        row = groups.bits[number]
        both = np.array([int(np.bitwise_count(row & segments.bits[place]).sum(dtype=np.int64)) for place in among])
        shared = jaccards(both, sizes[number], others[among])
        best = int(np.argmax(shared))
        near = among[best]
        found.append(
            Nearest(
                other=segments.subjects[near].name,
                jaccard=float(shared[best]),
                chance=float(chance_jaccard(sizes[number], others[near], groups.size)),
                contained=float(both[best] / sizes[number]),
            )
        )
    return found


def likeness(
    groups: Groups, labels: Sequence[int], all_sums: Sequence[Sums], *, smallest: int = 1
) -> list[Alikeness | None]:  # fmt: skip
    """Return for each label of a segmentation the other that it differs least from, whichever trait is looked at.

    Parameters
    ----------
    labels : the numbers of the labels among the groups.
    all_sums : of the traits that count: those the labels are not made of, and what customers did afterwards.
    smallest : labels with fewer members are compared with none: too few to say that nothing tells them apart.
    """
    sizes = groups.sizes()
    there = [number for number in labels if sizes[number] >= max(smallest, 1)]
    if len(there) < 2 or not all_sums:
        return [None] * len(labels)
    apart = np.stack([_between(split(item)[0], there) for item in all_sums])
    most, where = apart.max(axis=0), apart.argmax(axis=0)
    np.fill_diagonal(most, np.inf)
    found: dict[int, Alikeness] = {}
    for place, number in enumerate(there):
        other = int(np.argmin(most[place]))
        found[number] = Alikeness(
            other=str(groups.subjects[there[other]].label), most=float(most[place, other]),
            trait=all_sums[int(where[place, other])].trait.name,
        )  # fmt: skip
    return [found.get(number) for number in labels]


def _between(found: Sums, there: Sequence[int]) -> Floats:
    """Return for each pair of groups the share of one trait's variation that would lie between them, shape (k, k).

    It would if both were of one size: beside a large group a small one takes up little variation, however far apart
    they are. With p the share of the first, eta2 / (1 - eta2) is p (1 - p) d^2, of which p alone is made one half.
    """
    first, second = np.meshgrid(there, there, indexing="ij")
    share = found.known[first] / np.maximum(found.known[first] + found.known[second], 1)
    found_share = np.clip(_explained(found, first, second), 0.0, 1.0 - 1e-12)
    even: Floats = found_share / (1 - found_share) / np.maximum(4 * share * (1 - share), 1e-12)
    return even / (1 + even)


def _explained(found: Sums, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    """Return the share of variation between pairs of groups as they are; 0 where nothing varies."""
    if found.ranks is not None:
        pairs = Moments(
            *(np.stack([part[first], part[second]]) for part in (found.ranks.n, found.ranks.mean, found.ranks.m2))
        )
        return np.nan_to_num(compare_variances(pairs).eta2)
    assert found.counts is not None
    counts = found.counts
    if counts.ndim == 1:
        counts = np.stack([found.known - counts, counts], axis=-1)
    return np.nan_to_num(np.square(compare_categories(np.stack([counts[first], counts[second]], axis=-2)).v))
