"""Whether membership on a past day tells what people did next, beside shuffled membership.

Who was in is computed from what was known on that day. What followed is counted afterwards, by all that is known now.
The control is exact: shuffled membership makes random groups of the same size, whose difference from the others has a
known mean (0) and a known spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from satsuma.evidence.groups import Groups
from satsuma.evidence.past import Outcomes
from satsuma.evidence.separation import FALSE_SHARE, SMALL_EFFECT, effects
from satsuma.evidence.traits import Described, Sums, number, split, sums, yes_no
from satsuma.statistics.effects.random_groups import mean_deviation, share_tail
from satsuma.statistics.effects.sizes import adjusted, compare_means, compare_shares

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing that customers did in the time after, of members and of all others.

    inside, outside : the share that did it, or the mean of a customer. difference, low, high : with its 95 % interval.
    shuffled : 95 % of shuffled memberships differ by less. p : how often they differ as much; q : corrected for how
    many outcomes are looked at. effect : in units of Cohen's d.
    """

    what: str
    inside: float
    outside: float
    difference: float
    low: float
    high: float
    shuffled: float
    p: float
    q: float
    effect: float

    @property
    def is_sure(self) -> bool:
        """Whether it matters and is not chance."""
        return self.q <= FALSE_SHARE and abs(self.effect) >= SMALL_EFFECT

    def as_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "is_sure": self.is_sure}


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What followed on membership at a past moment. size : members then. Moments are UTC without a zone."""

    since: datetime
    until: datetime
    size: int
    outcomes: tuple[Outcome, ...]

    @property
    def sure(self) -> tuple[Outcome, ...]:
        return tuple(item for item in self.outcomes if item.is_sure)

    def as_dict(self) -> dict[str, Any]:
        return {"since": self.since, "until": self.until, "size": self.size,
                "outcomes": [item.as_dict() for item in self.outcomes]}  # fmt: skip


def outcome_traits(found: Outcomes) -> list[Described]:
    """Return what customers did as traits: whether they bought, how often, for how much."""
    return [
        yes_no("bought", found.orders > 0, title="Bought at all"),
        number("orders", found.orders, title="Orders"),
        number("revenue", found.revenue, title="Net revenue"),
    ]


def outcome_sums(groups: Groups, found: Outcomes) -> list[Sums]:
    """Return the sums of what customers did over the groups of that past moment."""
    return sums(groups, outcome_traits(found))


def afterwards(
    groups: Groups, found: Outcomes, all_sums: Sequence[Sums], smallest: int
) -> list[Afterwards | None]:  # fmt: skip
    """Return what followed for each group of a past moment; None of one with fewer members, or others, than `smallest`.

    Where nobody did anything in the time after, there is nothing to tell the groups apart by, and no outcome.
    """
    sizes = groups.sizes()
    with np.errstate(invalid="ignore", divide="ignore"):
        columns = [_outcome(item) for item in all_sums] if found.orders.any() or found.revenue.any() else []
    return [
        Afterwards(
            since=found.since, until=found.until, size=int(size),
            outcomes=_corrected([column.of(number) for column in columns]),
        )
        if smallest <= size <= groups.size - smallest
        else None
        for number, size in enumerate(sizes.tolist())
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One outcome of every group, arrays of shape (groups,)."""

    what: str
    inside: Floats
    outside: Floats
    low: Floats
    high: Floats
    shuffled: Floats
    p: Floats
    effect: Floats

    def of(self, number: int) -> Outcome:
        named = {name: float(np.nan_to_num(getattr(self, name)[number])) for name in self.__dataclass_fields__
                 if name not in ("what", "p")}  # fmt: skip
        p = float(np.nan_to_num(self.p[number], nan=1.0))
        return Outcome(what=self.what, p=p, q=p, difference=named["inside"] - named["outside"], **named)


def _outcome(found: Sums) -> _Column:
    groups, everybody = split(found)
    told = effects(found)
    whole, n = float(everybody.known[0]), groups.known
    if groups.moments is None:
        assert groups.counts is not None
        assert everybody.counts is not None
        shares = compare_shares(groups.counts, n, everybody.counts - groups.counts, whole - n)
        rate = everybody.counts[0] / max(whole, 1)
        variance = rate * (1 - rate) * whole / max(whole - 1, 1)
        p = share_tail(groups.counts, n, everybody.counts[0], whole)
        inside, outside, low, high = shares.share, shares.other, shares.low, shares.high
    else:
        assert everybody.moments is not None
        means = compare_means(groups.moments, everybody.moments.without(groups.moments))
        variance, p = float(everybody.moments.variance[0]), told.p
        inside, outside, low, high = means.mean, means.other, means.low, means.high
    shuffled = float(ndtri(0.975)) * mean_deviation(variance, n, whole)
    return _Column(found.trait.name, inside, outside, low, high, shuffled, p, told.effect)


def _corrected(found: Sequence[Outcome]) -> tuple[Outcome, ...]:
    q = adjusted([item.p for item in found]) if found else ()
    return tuple(replace(item, q=float(each)) for item, each in zip(found, q, strict=True))
