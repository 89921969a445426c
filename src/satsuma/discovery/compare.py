"""Other methods on the same traits: do they find the same groups?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.discovery.explore import Discovery, found_by
from satsuma.errors import WrongUse
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.clustering.methods import METHODS
from satsuma.statistics.clustering.stability import adjusted_rand


@dataclass(frozen=True, slots=True)
class MethodTrial:
    """What another method found.

    agreement : the adjusted Rand index with the first, over customers whom both gave a group; 1 is the same, 0 chance.
    problem : why it could not be tried; then there is nothing else.
    """

    method: str
    about: str
    groups: int | None = None
    verdict: str | None = None
    choice: Mapping[str, Any] | None = None
    agreement: float | None = None
    problem: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def compare_methods(frame: CustomerFrame, zone: ZoneInfo, first: Discovery) -> list[MethodTrial]:
    """Try every method but the one that was used, each choosing its own number of groups."""
    trials = []
    for name, method in METHODS.items():
        if name == first.fit["using"]:
            continue
        try:
            found = found_by(replace(first.settings, using=name), frame, zone, first.choices)
        except WrongUse as error:
            trials.append(MethodTrial(name, method.about, problem=str(error)))
            continue
        both = (first.codes < len(first.groups)) & (found.codes < len(found.groups))
        agreement = None
        if len(first.groups) > 1 and len(found.groups) > 1:
            agreement = float(adjusted_rand(first.codes[both], found.codes[both]))
        trials.append(
            MethodTrial(name, method.about, len(found.groups), found.choice["verdict"], found.choice, agreement)
        )
    return trials
