"""Looking for groups: which traits, how they are reshaped, how many groups, what each is, and whether they are there.

What is found is what `method: clusters` would find: the same sample, the same seed, the same steps. So a definition
that is saved gives the same groups at the next run, as long as the data are the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from satsuma.catalog import KINDS
from satsuma.discovery.traits import TraitChoice, choose_traits
from satsuma.errors import WrongUse
from satsuma.language.durations import microseconds
from satsuma.language.moments import Moment
from satsuma.language.standard_methods import ClustersSettings
from satsuma.language.standard_methods.clusters import DEFAULT_SAMPLE, GROUPS, MOST_GROUPS, USING
from satsuma.language.types import SegmentLeaf
from satsuma.segments.clusters.fitting import fit_clusters, groups_from, salt_of, sampled
from satsuma.segments.clusters.giving import give_groups
from satsuma.segments.clusters.raw import called, raw_trait, rows_taken
from satsuma.segments.frame import CustomerFrame
from satsuma.statistics.errors import CannotEstimate


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """A group: its proposed name, who is in it, and what sets it apart (see `differs` of a model)."""

    name: str
    size: int
    share: float
    value: float
    differs: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discovery:
    """What was found, and the settings that find it again.

    fit : what a run would keep as the model.
    codes : the group of each customer who was looked at, by place in the frame; one more than the last where most of
        the traits are missing, two more where it is unclear.
    others : customers who lack most of the traits, or belong to no group.
    """

    choices: tuple[TraitChoice, ...]
    settings: ClustersSettings
    fit: Mapping[str, Any]
    groups: tuple[FoundGroup, ...]
    codes: NDArray[np.int64] = field(repr=False)
    customers: int
    others: int

    @property
    def choice(self) -> Mapping[str, Any]:
        """How the number of groups was decided, and whether they are there."""
        found: Mapping[str, Any] = self.fit["choice"]
        return found

    @property
    def is_one(self) -> bool:
        """Whether everybody is one group: nothing was found."""
        return self.fit["grouping"] is None

    def definition(self, name: str) -> str:
        """Return the definition that gives these groups, as a file has it."""
        settings = self.settings
        lines = [
            f"segmentation: {name}", "method: clusters", f"traits: [{', '.join(settings.traits)}]",
            f"using: {self.fit['using']}", f"groups: {len(self.groups)}",
        ]  # fmt: skip
        if settings.among is not None:
            lines.append(f"among: {{segment: {settings.among.segment}}}")
        if settings.allow_sensitive:
            lines.append(f"allow_sensitive: [{', '.join(settings.allow_sensitive)}]")
        if settings.sample != DEFAULT_SAMPLE:
            lines.append(f"sample: {settings.sample}")
        if settings.seed != 1:
            lines.append(f"seed: {settings.seed}")
        return "\n".join(lines) + "\n"

    def as_dict(self) -> dict[str, Any]:
        kept = {key: value for key, value in self.fit.items() if key not in ("encoding", "grouping", "groups")}
        return {
            "customers": self.customers, "others": self.others, "traits": [asdict(item) for item in self.choices],
            "groups": [asdict(item) for item in self.groups], **kept,
        }  # fmt: skip


def discover(
    frame: CustomerFrame, zone: ZoneInfo, *, traits: Sequence[str] = (), kinds: Collection[str] = (),
    without: Collection[str] = (), allow_sensitive: Collection[str] = (), using: str = "auto",
    groups: tuple[int, int] = GROUPS, among: str | None = None, seed: int = 1, sample: int = DEFAULT_SAMPLE,
) -> Discovery:  # fmt: skip
    """Look for groups; see `choose_traits` for the traits, `ClustersSettings` for the rest.

    Raises
    ------
    WrongUse
        When nothing can be grouped: no traits, too few customers, nothing by which they differ.
    """
    _refuse_wrong(using, groups, kinds)
    choices = choose_traits(
        frame, moment_of(frame, zone), asked=traits, kinds=kinds, without=without, allow_sensitive=allow_sensitive
    )
    taken = tuple(choice.name for choice in choices if choice.taken)
    if not taken:
        raise WrongUse(
            "There is no trait to group customers by.",
            hint="Name some: satsuma discover --traits orders,average_basket. See satsuma trait list.",
        )
    settings = ClustersSettings(
        traits=taken, using=using, groups=groups, seed=seed, sample=sample,
        among=None if among is None else SegmentLeaf(segment=among),
        allow_sensitive=tuple(name for name in allow_sensitive if name in taken),
    )  # fmt: skip
    return found_by(settings, frame, zone, choices)


def found_by(
    settings: ClustersSettings, frame: CustomerFrame, zone: ZoneInfo, choices: tuple[TraitChoice, ...]
) -> Discovery:
    """Return what settings find in a frame, over all customers that they ask about."""
    moment = moment_of(frame, zone)
    raw = [raw_trait(name, frame.column(name), moment) for name in settings.traits]
    titles = {name: called(frame.traits[name].title, frame.traits[name].type) for name in settings.traits}
    asked = np.ones(frame.size, np.bool_) if settings.among is None else frame.members(settings.among.segment)
    places = np.flatnonzero(asked)
    sample = sampled(settings, places, frame.draws(salt_of(settings))[places])
    try:
        fit = fit_clusters(settings, [rows_taken(trait, sample) for trait in raw], titles)
    except CannotEstimate as error:
        raise WrongUse(f"No groups can be looked for. {error}", hint="See satsuma trait list.") from None
    codes, _ = give_groups(groups_from(fit), raw, places)
    count = len(fit["groups"])
    sizes = np.bincount(codes, minlength=count + 2)
    values = np.bincount(codes, weights=frame.value[places], minlength=count + 2)
    found = tuple(
        FoundGroup(
            fact["name"], int(sizes[group]), float(sizes[group] / max(len(places), 1)), float(values[group]),
            fact["differs"],
        )
        for group, fact in enumerate(fit["groups"])
    )  # fmt: skip
    return Discovery(
        choices=choices, settings=settings, fit=fit, groups=found, codes=codes, customers=len(places),
        others=int(sizes[count:].sum()),
    )  # fmt: skip


def moment_of(frame: CustomerFrame, zone: ZoneInfo) -> Moment:
    """Return the moment of a frame, whose days are those of a zone."""
    return Moment(microseconds(frame.as_of), zone)


def _refuse_wrong(using: str, groups: tuple[int, int], kinds: Collection[str]) -> None:
    if using not in USING:
        listed = ", ".join(USING)
        raise WrongUse(f"'{using}' is not a way of finding groups.", hint=f"One of {listed}.", allowed=list(USING))
    if not 2 <= groups[0] <= groups[1] <= MOST_GROUPS:
        raise WrongUse(
            f"{groups[0]} to {groups[1]} is not a number of groups to look for.",
            hint=f"From 2 up to {MOST_GROUPS}, the fewest first: --groups 2-8.",
        )
    for kind in kinds:
        if kind not in KINDS:
            raise WrongUse(f"'{kind}' is not a kind of trait.", hint=f"One of {', '.join(KINDS)}.")
