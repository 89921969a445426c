"""How much of each trait's variation the labels of a segmentation take up together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.special import chdtri

from satsuma.evidence.separation import CONTROL_LEVEL, FALSE_SHARE, Role
from satsuma.evidence.traits import Sums, split
from satsuma.statistics.effects.separation import compare_categories, compare_rank_variances
from satsuma.statistics.effects.sizes import adjusted

#: Below it a trait hardly follows the labels: eta squared of .01 and a V of .1 are small (Cohen 1988).
SMALL = {"epsilon2": 0.01, "V": 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How far one trait follows the labels, from 0 (not at all) to 1 (wholly).

    measure : `epsilon2` of Kruskal and Wallis for numbers (the share of the variance of ranks), Cramer's `V` for
    others. control : 95 % of random labels of these sizes stay below it. p, q : only of traits that the labels are not
    made of.
    """

    trait: str
    title: str
    role: Role
    measure: Literal["epsilon2", "V"]
    value: float
    control: float
    p: float | None
    q: float | None

    @property
    def is_sure(self) -> bool:
        return self.q is not None and self.q <= FALSE_SHARE and self.value >= SMALL[self.measure]

    def as_dict(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "is_sure": self.is_sure}


def explained(labels: Sequence[int], all_sums: Sequence[Sums], roles: Mapping[str, Role]) -> tuple[Explained, ...]:
    """Return how far each trait follows the labels, those that follow most first.

    Parameters
    ----------
    labels : the numbers of the labels among the groups; together they hold everybody.
    """
    found = [item for item in (_explained(list(labels), sums, roles) for sums in all_sums) if item is not None]
    q = adjusted([math.nan if item.p is None else item.p for item in found]) if found else ()
    told = [replace(item, q=None if item.p is None else float(each)) for item, each in zip(found, q, strict=True)]
    return tuple(sorted(told, key=lambda item: (-item.value / SMALL[item.measure], item.trait)))


def _explained(labels: list[int], found: Sums, roles: Mapping[str, Role]) -> Explained | None:
    groups, trait = split(found)[0], found.trait
    if trait.measured == "number":
        assert groups.rank_sum is not None
        assert trait.ranks is not None
        ranked = compare_rank_variances(groups.rank_sum[labels], groups.known[labels], trait.ranks)
        value, p = float(ranked.epsilon2), float(ranked.p)
        df = int((groups.known[labels] > 0).sum()) - 1
        control = _chance(df) / max(trait.ranks.n - 1, 1)
    else:
        assert groups.counts is not None
        counts = groups.counts[labels]
        table = np.stack([groups.known[labels] - counts, counts], axis=-1) if counts.ndim == 1 else counts
        association = compare_categories(table)
        value, p, df = float(association.v), float(association.p), int(association.df)
        least = min(int((table.sum(axis=axis) > 0).sum()) for axis in (0, 1)) - 1
        control = math.sqrt(_chance(df) / max(float(table.sum()) * least, 1.0))
    if not math.isfinite(value):
        return None
    role = roles[trait.name]
    return Explained(
        trait=trait.name, title=trait.title, role=role, measure="epsilon2" if trait.measured == "number" else "V",
        value=value, control=control, p=p if role == "unused" else None, q=None,
    )  # fmt: skip


def _chance(df: int) -> float:
    """Return what 95 % of chi-squares stay below."""
    return float(chdtri(df, 1 - CONTROL_LEVEL)) if df > 0 else math.nan
