"""Whether a group falls into two along one trait, which would be two groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evidence.groups import Groups
from satsuma.evidence.traits import Described
from satsuma.statistics.effects.modes import Valley, deepest_valley, depths_by_chance, valley_p
from satsuma.statistics.effects.sizes import adjusted
from satsuma.statistics.errors import CannotEstimate

Floats = NDArray[np.float64]

#: Members that are looked at, as many as there are up to a size: chance is drawn once for each.
LOOKED_AT = (1_000, 500, 200)
#: Distinct values among them below which heaps mean nothing: whole orders heap up at 1, 2 and 3.
DISTINCT = 50
#: Each half holds at least this share of the group, and the valley is as deep beside the lower of its tops: two normal
#: heaps 3 deviations apart have one of .7. Both ours: less is a fringe, or a dent.
LEAST, DEEP = 0.2, 0.75
#: Units of traits that heap up as the calendar does (seasons, days of the week, the day the data begin), which makes
#: no two kinds of customers.
OF_THE_CALENDAR = ("date", "day", "days")
#: The share of false alarms, of all traits of a group together.
FALSE_SHARE = 0.05
#: Values above this skewness go in as logarithms, and what lies beyond these quantiles at them: a tail is no heap.
SKEWED, EDGES = 1.0, (0.01, 0.99)
#: A value that more members than this share have is a heap of its own by definition (nothing spent), not by nature.
ATOM = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """The trait along which a group comes nearest to falling into two.

    border : between the halves, in the trait's unit; below : the share of members under it. depth : the density there
    over that of the lower top beside it. p : how often even values look as parted; q : corrected for the traits.
    """

    trait: str
    border: float
    below: float
    depth: float
    p: float
    q: float

    @property
    def is_sure(self) -> bool:
        return self.q <= FALSE_SHARE and self.depth <= DEEP and LEAST <= self.below <= 1 - LEAST

    @property
    def sentence(self) -> str:
        return (
            f"Its members heap up in two places of '{self.trait}': {self.below:.0%} below {self.border:,.4g}, the "
            "others above."
        )

    def as_dict(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "is_sure": self.is_sure}


def halves(groups: Groups, traits: Sequence[Described], *, rng: np.random.Generator) -> list[Halves | None]:
    """Return for each group the trait along which it is most parted; None where nothing can be looked at."""
    chance: dict[int, Floats] = {}
    numbers = [trait for trait in traits if trait.measured == "number" and trait.unit not in OF_THE_CALENDAR]
    found: list[Halves | None] = []
    for number in range(len(groups)):
        places = np.flatnonzero(groups.mask(number))
        valleys = [(trait.name, _valley(trait, places, rng)) for trait in numbers]
        looked = [(name, *pair) for name, pair in valleys if pair is not None]
        if not looked:
            found.append(None)
            continue
        for size in {size for _, _, size in looked} - chance.keys():
            chance[size] = depths_by_chance(size, rng=rng)
        p = [valley_p(valley.depth, chance[size]) for _, valley, size in looked]
        made = [
            Halves(trait=name, border=valley.border, below=valley.below, depth=valley.depth, p=each, q=float(q))
            for (name, valley, _), each, q in zip(looked, p, adjusted(p), strict=True)
        ]
        found.append(min(made, key=lambda item: (not item.is_sure, item.depth, item.trait)))
    return found


def _valley(trait: Described, places: NDArray[np.int64], rng: np.random.Generator) -> tuple[Valley, int] | None:
    """Return the deepest valley of one trait's values, and of how many; None where they are too few or too alike."""
    there = places[trait.known[places]]
    size = next((size for size in LOOKED_AT if len(there) >= size), None)
    if size is None:
        return None
    values = trait.values[rng.choice(there, size, replace=False)].astype(np.float64)
    _, counts = np.unique(values, return_counts=True)
    if len(counts) < DISTINCT or counts.max() > ATOM * size:
        return None
    centre, spread = float(values.mean()), float(values.std())
    is_skewed = float((((values - centre) / spread) ** 3).mean()) > SKEWED and values.min() >= 0
    scale = float(np.median(values)) if is_skewed else 1.0
    told = np.log1p(values / scale) if is_skewed else values
    try:
        valley = deepest_valley(np.clip(told, *np.quantile(told, EDGES)))
    except CannotEstimate:
        return None
    if is_skewed:
        valley = replace(valley, border=float(np.expm1(valley.border) * scale))
    return valley, size
