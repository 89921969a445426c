"""What the customers of a group are worth, with an interval, beside random groups of its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evidence.groups import Groups
from satsuma.statistics.effects.random_groups import RandomMeans, random_means
from satsuma.statistics.effects.skewed_means import skewed_mean_interval

Floats = NDArray[np.float64]

#: Shuffles behind the control, and how many where customers are more than `MANY`: each takes time in proportion.
DRAWS, DRAWS_OF_MANY, MANY = 400, 100, 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupWorth:
    """Net revenue of a group's customers up to the moment, in the workspace's currency.

    mean, low, high : of a customer, with the 95 % interval (Hall's, which heeds the long tail). total : of all;
    share : of everybody's. index : the mean over everybody's mean.
    random_low, random_high : between which means 95 % of random groups of the size lie. percentile : the share of
    random groups that are worth less (0 to 1). p : how often a random group is as far from the middle.
    """

    mean: float
    low: float
    high: float
    total: float
    share: float | None
    index: float | None
    random_low: float
    random_high: float
    percentile: float
    p: float

    @property
    def is_beyond_chance(self) -> bool:
        return not self.random_low <= self.mean <= self.random_high

    def as_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**found, "is_beyond_chance": self.is_beyond_chance}


def worths(groups: Groups, values: Floats, *, rng: np.random.Generator) -> list[GroupWorth | None]:
    """Return what each group is worth; None of one that nobody is in.

    Parameters
    ----------
    values : of everybody, shape (n,).
    """
    sizes = groups.sizes()
    there = np.flatnonzero(sizes > 0)
    found: list[GroupWorth | None] = [None] * len(groups)
    if not len(there):
        return found
    draws = DRAWS if groups.size <= MANY else DRAWS_OF_MANY
    control = random_means(values, sizes[there], rng=rng, draws=draws)
    parts = [_sums(values, groups.mask(number)) for number in there.tolist()]
    mean = np.array([part[0] for part in parts])
    low, high = skewed_mean_interval(sizes[there], mean, [part[1] for part in parts], [part[2] for part in parts])
    for place, number in enumerate(there.tolist()):
        found[number] = _worth(place, int(sizes[number]), mean, (low, high), control, values)
    return found


def _sums(values: Floats, mask: NDArray[np.bool_]) -> tuple[float, float, float]:
    inside = values[mask]
    mean = float(inside.mean())
    apart = inside - mean
    squares = np.square(apart)
    return mean, float(squares.sum()), float(squares @ apart)


def _worth(
    place: int, size: int, mean: Floats, interval: Sequence[Floats], control: RandomMeans, values: Floats
) -> GroupWorth:
    everybody, whole = float(values.mean()), float(values.sum())
    low, high = (float(side[place]) for side in interval)
    random_low, random_high = (float(side[place]) for side in control.interval())
    seen = float(mean[place])
    return GroupWorth(
        mean=seen, low=low if np.isfinite(low) else seen, high=high if np.isfinite(high) else seen, total=seen * size,
        share=seen * size / whole if whole > 0 else None, index=seen / everybody if everybody > 0 else None,
        random_low=random_low, random_high=random_high, percentile=float(control.percentile(mean)[place]),
        p=float(control.p_value(mean)[place]),
    )  # fmt: skip
