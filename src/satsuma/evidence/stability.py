"""Whether a group would be the same group: fitted on other customers, or looked at some days before.

What is fitted (cut points, clusters) is fitted again on customers drawn again, and membership compared: the Jaccard
index of each label, the adjusted Rand index of all. What is a rule is compared with itself a week and a month before,
among the customers of both moments: its members change because its windows and thresholds are crossed, and a rule
whose members change by the week is an occasion, not a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.evidence.groups import Groups
from satsuma.evidence.past import places_in
from satsuma.evidence.refits import Refit
from satsuma.segments.frame import CustomerFrame, FrameLabels
from satsuma.statistics.effects.agreement import SelfAgreement, adjusted_rand, chance_jaccard, crossed, jaccards
from satsuma.statistics.effects.agreement import self_agreement as drawn_again

#: Below the first a group is dissolved, from the second on its borders are open, from the third it is stable, from the
#: fourth highly so (Hennig 2007; docs of `fpc::clusterboot`).
DISSOLVED, OPEN, STABLE, HIGHLY_STABLE = 0.5, 0.6, 0.75, 0.85
#: Samples behind a refit, and of how many customers on fewer do.
DRAWS, DRAWS_OF_MANY, MANY = 20, 10, 200_000

How = Literal["refitted", "earlier"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A group now and some days before, among the customers of both moments.

    jaccard : members at both over members at either; chance : of random groups of both sizes; None where nobody was in.
    entered, left, stayed : customers, those who were not there yet among the entered.
    """

    moment: datetime
    days: float
    jaccard: float | None
    chance: float | None
    entered: int
    left: int
    stayed: int

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How stable a group is.

    how : `refitted` on customers drawn again, or compared with itself `earlier`.
    jaccard : the mean over refits, or that of the nearest earlier moment. low : 10 % of refits are below it.
    chance : the same for random groups. rand : of the whole segmentation, refitted.
    agrees_with_kept : the Jaccard index of the label as kept and as a fit of today gives it.
    """

    how: How
    jaccard: float
    chance: float
    low: float | None = None
    rand: float | None = None
    draws: int | None = None
    days: float | None = None
    agrees_with_kept: float | None = None

    @property
    def word(self) -> str:
        words = ((HIGHLY_STABLE, "highly stable"), (STABLE, "stable"), (OPEN, "open at its borders"),
                 (DISSOLVED, "doubtful"))  # fmt: skip
        return next((word for least, word in words if self.jaccard >= least), "dissolved")

    def as_dict(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "word": self.word}


def earlier(groups: Groups, frame: CustomerFrame, before: Groups, past: CustomerFrame) -> list[Earlier | None]:
    """Return each group now beside itself at a past moment; None of one that was not there then."""
    here, there = places_in(frame, past)
    days = (frame.as_of - past.as_of).total_seconds() / 86_400
    known = {subject: number for number, subject in enumerate(before.subjects)}
    return [
        _earlier(groups.mask(number), before.mask(known[subject]), (here, there), past.as_of, days)
        if subject in known
        else None
        for number, subject in enumerate(groups.subjects)
    ]


def _earlier(
    now: NDArray[np.bool_], then: NDArray[np.bool_], places: tuple[NDArray[np.int64], NDArray[np.int64]],
    moment: datetime, days: float,
) -> Earlier:  # fmt: skip
    first, second = now[places[0]], then[places[1]]
    both = int((first & second).sum())
    sizes = int(first.sum()), int(second.sum())
    jaccard = float(jaccards(both, *sizes)) if max(sizes) else None
    return Earlier(
        moment=moment, days=days, jaccard=jaccard,
        chance=None if jaccard is None else float(chance_jaccard(*sizes, len(first))),
        entered=int(now.sum()) - both, left=int(then.sum()) - both, stayed=both,
    )  # fmt: skip


def of_rule(steps: Sequence[Earlier | None]) -> Stability | None:
    """Return the stability of a rule from itself at earlier moments, the latest first."""
    for step in steps:
        if step is not None and step.jaccard is not None and step.chance is not None:
            return Stability(how="earlier", jaccard=step.jaccard, chance=step.chance, days=step.days)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Refitted:
    """A segmentation fitted again on customers drawn again.

    kept, kept_rand : how far the labels as they are kept agree with a fit of today, label by label and on the whole.
    """

    names: tuple[str, ...]
    sizes: NDArray[np.int64]
    population: int
    again: SelfAgreement
    kept: NDArray[np.float64]
    kept_rand: float

    def of(self, labels: Sequence[str]) -> Stability | None:
        """Return the stability of one label (or, of several, their mean by size)."""
        chosen = [place for place, name in enumerate(self.names) if name in labels and self.sizes[place]]
        weights = self.sizes[chosen]
        if not chosen or not np.isfinite(self.again.jaccard[chosen]).all():
            return None

        def mean(values: NDArray[np.float64]) -> float:
            return float(np.average(np.nan_to_num(values[chosen]), weights=weights))

        chance = chance_jaccard(self.sizes, self.sizes, self.population)
        return Stability(
            how="refitted", jaccard=mean(self.again.jaccard), chance=mean(chance), low=mean(self.again.low),
            rand=self.again.rand, draws=self.again.draws, agrees_with_kept=mean(self.kept),
        )  # fmt: skip


def refitted(labels: FrameLabels, refit: Refit, *, rng: np.random.Generator) -> Refitted:
    """Fit a segmentation again on customers drawn again.

    Parameters
    ----------
    labels : as they are kept, maybe from a fit of long ago; samples are compared with a fit of today.
    """
    size = len(labels.codes)
    today = refit(np.ones(size))
    groups = len(labels.names)
    draws = DRAWS if size <= MANY else DRAWS_OF_MANY
    table = crossed(labels.codes, today, groups)
    return Refitted(
        names=labels.names, sizes=labels.sizes(), population=size,
        again=drawn_again(today, groups, refit, rng=rng, draws=draws),
        kept=jaccards(np.diagonal(table), table.sum(axis=1), table.sum(axis=0)), kept_rand=adjusted_rand(table),
    )  # fmt: skip
