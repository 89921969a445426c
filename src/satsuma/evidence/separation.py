"""How far a group differs from all others, trait by trait, and how alike its members are, beside random groups.

All effects are on one scale, that of Cohen's d: .2 is small, .5 medium, .8 large. Of numbers it is the d that normal
values would have with the same chance that a member is above one of the others (so that no outlier decides); of a yes
or no Cohen's h; of a text the h of the word that differs most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from satsuma.evidence.traits import Described, Measured, Sums, split
from satsuma.statistics.effects.homogeneity import Homogeneity, entropy_ratio, variance_ratio
from satsuma.statistics.effects.ranks import compare_ranks
from satsuma.statistics.effects.separation import compare_categories
from satsuma.statistics.effects.sizes import adjusted, cohens_h, compare_shares

Floats = NDArray[np.float64]

#: What a trait is to a definition: read by it; made of the same events; or neither, which alone can be a test of it.
Role = Literal["used", "related", "unused"]

#: A difference that matters (Cohen 1988: small), and the share of false ones among those called sure: half of 5 % for
#: traits, and half for what followed, so that a random group is called different in 5 of 100 cases at the most.
SMALL_EFFECT, FALSE_SHARE = 0.2, 0.025
#: Random groups are told by the size that 95 % of them stay below.
CONTROL_LEVEL = 0.95
#: d per unit of Cliff's delta where both are small: the slope of 2^.5 ndtri((1 + delta) / 2) at 0.
_D_PER_DELTA = math.sqrt(math.pi)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitEffect:
    """How far members differ from all others in one trait.

    effect : in units of Cohen's d; above 0 where members have more (of `level`, for a text). control : 95 % of random
    groups of the size stay below it, whatever the sign.
    p : how often a random group has as much; q : the same corrected for the number of traits tested; both only of
    traits that the definition is not made of: on its own traits any group differs.
    inside, outside : mean, or share with the value (`level`), of members and of all others.
    """

    trait: str
    title: str
    measured: Measured
    role: Role
    effect: float
    control: float
    p: float | None
    q: float | None
    inside: float
    outside: float
    level: str | None = None
    unit: str | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it matters and is not chance."""
        return self.q is not None and self.q <= FALSE_SHARE and abs(self.effect) >= SMALL_EFFECT

    @property
    def word(self) -> str:
        size = abs(self.effect)
        return "none" if size < SMALL_EFFECT else "small" if size < 0.5 else "medium" if size < 0.8 else "large"

    def as_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "word": self.word, "is_sure": self.is_sure}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """The spread within over that of everybody, the mean over traits: 1 is as mixed as everybody.

    control : 95 % of random groups of the size are above it. traits : how many it is the mean of.
    """

    ratio: float
    control: float
    traits: int

    @property
    def is_beaten(self) -> bool:
        """Whether members are more alike than those of random groups."""
        return self.ratio < self.control

    def as_dict(self) -> dict[str, Any]:
        return {"ratio": self.ratio, "control": self.control, "traits": self.traits, "is_beaten": self.is_beaten}


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How a group differs from all others: effects, the largest first, and how alike its members are.

    alike_used : on the traits that it is made of; alike_unused : on all others.
    """

    effects: tuple[TraitEffect, ...]
    alike_used: Alike | None
    alike_unused: Alike | None

    def of(self, role: Role) -> tuple[TraitEffect, ...]:
        return tuple(item for item in self.effects if item.role == role)

    @property
    def sure(self) -> tuple[TraitEffect, ...]:
        """Differences on traits that the group is not made of, that matter and are not chance."""
        return tuple(item for item in self.effects if item.is_sure)

    @property
    def strongest(self) -> TraitEffect | None:
        """The largest difference on a trait that the group is not made of."""
        return next(iter(self.of("unused")), None)

    @property
    def shown(self) -> TraitEffect | None:
        """The strongest difference, or where all traits come from the group's own events the largest of those.

        The latter shows what the group is, and proves nothing.
        """
        return self.strongest or next(iter(self.of("related")), None)

    def as_dict(self) -> dict[str, Any]:
        return {
            "effects": [item.as_dict() for item in self.effects],
            "alike_used": None if self.alike_used is None else self.alike_used.as_dict(),
            "alike_unused": None if self.alike_unused is None else self.alike_unused.as_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """One trait's effects in every group, arrays of shape (groups,). levels : the word of each, of a text."""

    trait: Described
    effect: Floats
    control: Floats
    p: Floats
    inside: Floats
    outside: Floats
    levels: tuple[str, ...] = ()


def effects(found: Sums) -> Effects:
    """Return how every group differs from all others in one trait; NaN where it cannot be told."""
    groups, everybody = split(found)
    make = {"number": _numbers, "yes_no": _shares, "category": _words}[found.trait.measured]
    return make(found.trait, groups, everybody)


def _sizes(groups: Sums, everybody: Sums) -> tuple[Floats, Floats, Floats]:
    """Return members with a value, others with one, and the standard deviation of h for random groups."""
    n = groups.known
    rest = everybody.known - n
    there = (n > 0) & (rest > 0)
    return n, rest, np.sqrt(np.where(there, 1 / np.where(there, n, 1) + 1 / np.where(there, rest, 1), np.nan))


def _numbers(trait: Described, groups: Sums, everybody: Sums) -> Effects:
    assert groups.rank_sum is not None
    assert trait.ranks is not None
    assert groups.moments is not None
    assert everybody.moments is not None
    n, rest, _ = _sizes(groups, everybody)
    there = compare_ranks(groups.rank_sum, n, trait.ranks)
    # Nobody is beyond everybody: what half a pair more or less would give is the most that can be said.
    most = 1 - 1 / np.where((n > 0) & (rest > 0), n * rest, np.nan)
    effect = math.sqrt(2) * ndtri((1 + np.clip(there.delta, -most, most)) / 2)
    whole = float(trait.ranks.n)
    untied = 1 - trait.ranks.ties / max(whole**3 - whole, 1.0)
    deviation = 2 * np.sqrt((whole + 1) * untied / 12 / np.where(n * rest > 0, n * rest, np.nan))
    outside = everybody.moments.without(groups.moments).mean
    control = float(ndtri((1 + CONTROL_LEVEL) / 2)) * _D_PER_DELTA * deviation
    return Effects(trait, effect, control, there.p, groups.moments.mean, outside)


def _shares(trait: Described, groups: Sums, everybody: Sums) -> Effects:
    assert groups.counts is not None
    assert everybody.counts is not None
    n, rest, deviation = _sizes(groups, everybody)
    there = compare_shares(groups.counts, n, everybody.counts - groups.counts, rest)
    control = float(ndtri((1 + CONTROL_LEVEL) / 2)) * deviation
    return Effects(trait, there.h, control, there.p, there.share, there.other)


def _words(trait: Described, groups: Sums, everybody: Sums) -> Effects:
    assert groups.counts is not None
    assert everybody.counts is not None
    n, rest, deviation = _sizes(groups, everybody)
    others = everybody.counts - groups.counts
    with np.errstate(invalid="ignore", divide="ignore"):
        inside, outside = groups.counts / n[:, None], others / rest[:, None]
    h = cohens_h(inside, outside)
    place = np.argmax(np.nan_to_num(np.abs(h)), axis=1)[:, None]
    # The largest of so many words: each stays below this in all but its part of the random groups (Sidak 1967).
    level = CONTROL_LEVEL ** (1 / len(trait.words))
    return Effects(
        trait,
        effect=np.take_along_axis(h, place, axis=1)[:, 0],
        control=float(ndtri((1 + level) / 2)) * deviation,
        p=compare_categories(np.stack([groups.counts, others], axis=1)).p,
        inside=np.take_along_axis(inside, place, axis=1)[:, 0],
        outside=np.take_along_axis(outside, place, axis=1)[:, 0],
        levels=tuple(trait.words[word] for word in place[:, 0].tolist()),
    )


def homogeneity(found: Sums) -> Homogeneity:
    """Return the spread of one trait within every group over that of everybody."""
    groups, everybody = split(found)
    if found.trait.measured == "number":
        assert groups.ranks is not None
        assert everybody.ranks is not None
        return variance_ratio(groups.ranks, everybody.ranks, _kurtosis(found.trait))
    assert groups.counts is not None
    assert everybody.counts is not None
    if found.trait.measured == "yes_no":
        counts = np.stack([groups.known - groups.counts, groups.counts], axis=-1)
        return entropy_ratio(counts, np.array([everybody.known[0] - everybody.counts[0], everybody.counts[0]]))
    return entropy_ratio(groups.counts, everybody.counts[0])


def _kurtosis(trait: Described) -> float:
    assert trait.ranks is not None
    rank = trait.ranks.rank[trait.known]
    squares = np.square(rank - rank.mean())
    spread = float(squares.mean())
    return float(np.square(squares).mean()) / spread**2 if spread > 0 else 3.0


def separations(
    all_sums: Sequence[Sums], roles: Sequence[Mapping[str, Role]], tested: Sequence[bool]
) -> list[Separation]:
    """Return how each group differs from all others.

    Parameters
    ----------
    all_sums : of each trait. roles : of each group, what each trait is to it. tested : whether a group is large enough
        to be told anything of; the others come out empty.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        measured = [(effects(item), homogeneity(item)) for item in all_sums]
    return [
        _separation(measured, number, role) if is_tested else Separation(effects=(), alike_used=None, alike_unused=None)
        for number, (role, is_tested) in enumerate(zip(roles, tested, strict=True))
    ]


def _separation(
    measured: Sequence[tuple[Effects, Homogeneity]], number: int, roles: Mapping[str, Role]
) -> Separation:  # fmt: skip
    known = [pair for pair in measured if math.isfinite(float(pair[0].effect[number]))]
    unused = [float(item.p[number]) if roles[item.trait.name] == "unused" else math.nan for item, _ in known]
    corrected = adjusted(np.array(unused)) if unused else np.zeros(0)
    found = [
        TraitEffect(
            trait=item.trait.name, title=item.trait.title, measured=item.trait.measured, role=roles[item.trait.name],
            effect=float(item.effect[number]), control=float(item.control[number]), p=_finite(p), q=_finite(q),
            inside=float(item.inside[number]), outside=float(item.outside[number]),
            level=item.levels[number] if item.levels else None, unit=item.trait.unit,
        )
        for (item, _), p, q in zip(known, unused, corrected.tolist(), strict=True)
    ]  # fmt: skip
    found.sort(key=lambda item: (-abs(item.effect), item.trait))
    made_of, others = (
        _alike([spread for item, spread in known if (roles[item.trait.name] == "unused") is is_unused], number)
        for is_unused in (False, True)
    )
    return Separation(effects=tuple(found), alike_used=made_of, alike_unused=others)


def _alike(spreads: Sequence[Homogeneity], number: int) -> Alike | None:
    """Return the mean ratio of some traits; its control takes them for as correlated as can be, which is the widest."""
    there = [item for item in spreads if math.isfinite(float(item.ratio[number]))]
    if not there:
        return None
    ratio, expected, deviation = (
        float(np.mean([getattr(item, part)[number] for item in there])) for part in ("ratio", "expected", "deviation")
    )
    return Alike(ratio=ratio, control=expected - float(ndtri(CONTROL_LEVEL)) * deviation, traits=len(there))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
