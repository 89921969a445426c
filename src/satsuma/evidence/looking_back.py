"""Every group at past moments, evaluated once for all: itself some days before, sizes, make-up, what followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from satsuma.evidence.afterwards import Afterwards, afterwards, outcome_sums
from satsuma.evidence.card import LookedBack
from satsuma.evidence.drift import GroupDrift, MakeUp, SizeThen, followed, make_ups, sizes_then
from satsuma.evidence.groups import Groups, Subject, groups_of
from satsuma.evidence.past import Looking, moments
from satsuma.evidence.separation import Separation
from satsuma.evidence.stability import Earlier, earlier
from satsuma.evidence.traits import Described, Sums
from satsuma.evidence.verdict import FEWEST_TOLD
from satsuma.segments.frame import CustomerFrame


@dataclass(slots=True)
class Past:
    """What looking back gave; empty where it was not done.

    earlier : for each moment, each group beside itself then. sizes : of each group. made_up : how far the make-up of
    each has moved, and since when. after : what followed.
    outcomes : the sums of what followed, and the groups of that past day that they are over.
    """

    told: LookedBack | None = None
    earlier: list[list[Earlier | None]] = field(default_factory=list)
    sizes: list[list[SizeThen]] = field(default_factory=list)
    made_up: dict[Subject, tuple[datetime, tuple[MakeUp, ...]]] = field(default_factory=dict)
    after: dict[Subject, Afterwards | None] = field(default_factory=dict)
    outcomes: tuple[Groups, list[Sums]] | None = None
    warnings: list[str] = field(default_factory=list)

    def steps(self, number: int) -> tuple[Earlier, ...]:
        """Return one group beside itself at each moment, the nearest first."""
        return tuple(item for item in (row[number] for row in self.earlier) if item is not None)

    def drift(self, number: int, subject: Subject) -> GroupDrift | None:
        """Return how one group has moved; None where nothing was there to compare with."""
        if not self.sizes or len(self.sizes[number]) < 2:
            return None
        since, made_up = self.made_up.get(subject, (None, ()))
        return GroupDrift(sizes=tuple(self.sizes[number]), since=since, make_up=made_up)


def look_back(
    looking: Looking, groups: Groups, frame: CustomerFrame, *, since: datetime, horizon: timedelta,
    traits: Sequence[Described], apart: Sequence[Separation], tested: Sequence[bool], data_until: datetime | None,
) -> Past:  # fmt: skip
    """Look at every group again at past moments.

    Parameters
    ----------
    since : the day whose membership is held against what followed until `horizon` later.
    apart : how groups differ today; make-up is followed in the traits that tell them apart most.
    data_until : the time of the newest event.
    """
    keys = list(dict.fromkeys(subject.key for subject in groups.subjects))
    steps = [moment for moment in moments(frame.as_of, horizon) if moment > since]
    until = since + horizon
    found = Past(told=LookedBack(since=since, until=until, moments=tuple(steps), known_then=looking.known_then))
    if not looking.known_then:
        found.warnings.append("Most of the past was loaded later: past moments count what is known now.")
    afresh = looking.at(since, keys, afresh=True)
    before = _groups_then(groups, afresh)
    if afresh.size:
        outcomes = looking.outcomes(afresh, until)
        summed = outcome_sums(before, outcomes)
        found.after = dict(zip(before.subjects, afterwards(before, outcomes, summed, FEWEST_TOLD), strict=True))
        found.outcomes = (before, summed)
        found.warnings += _cut_short(bool(outcomes.orders.any()), until, horizon, data_until)
    else:
        found.warnings.append("There was nobody yet at the past day: give a shorter horizon, or a later day.")
    frames = [(then, _groups_then(groups, then)) for then in (looking.at(at, keys, afresh=False) for at in steps)]
    # What is not fitted is the same whether it is fitted afresh or not.
    fitted = {key for key in keys if looking.is_fitted([key])}
    frames.append((afresh, before.only([subject for subject in before.subjects if subject.key not in fitted])))
    frames = [(then, groups_) for then, groups_ in frames if then.size and len(groups_)]
    found.earlier = [earlier(groups, frame, groups_, then) for then, groups_ in frames]
    found.sizes = sizes_then(groups, frames, frame)
    found.made_up = _made_up(groups, frame, frames, traits, apart, tested)
    return found


def _made_up(
    groups: Groups, frame: CustomerFrame, frames: Sequence[tuple[CustomerFrame, Groups]], traits: Sequence[Described],
    apart: Sequence[Separation], tested: Sequence[bool],
) -> dict[Subject, tuple[datetime, tuple[MakeUp, ...]]]:  # fmt: skip
    """Return how far the make-up of each group has moved since the oldest moment at which it is known."""
    found: dict[Subject, tuple[datetime, tuple[MakeUp, ...]]] = {}
    for then, before in sorted(frames, key=lambda pair: pair[0].as_of):
        new = [subject in before.subjects and subject not in found for subject in groups.subjects]
        if any(new):
            chosen = followed(traits, _strengths(apart), then)
            asked = [is_new and is_tested for is_new, is_tested in zip(new, tested, strict=True)]
            moved = make_ups(groups, frame, before, then, chosen, asked)
            for subject, is_new, made in zip(groups.subjects, new, moved, strict=True):
                if is_new:
                    found[subject] = (then.as_of, made)
    return found


def _groups_then(groups: Groups, frame: CustomerFrame) -> Groups:
    """Return the segments and segmentations of some groups in a past frame; labels are those that it has."""
    segments = [subject.name for subject in groups.subjects if subject.label is None]
    segmentations = dict.fromkeys(subject.name for subject in groups.subjects if subject.label is not None)
    return groups_of(frame, segments, list(segmentations))


def _strengths(apart: Sequence[Separation]) -> Mapping[str, float]:
    """Return how far groups differ in each trait, summed over groups."""
    found: dict[str, float] = {}
    for item in apart:
        for effect in item.effects:
            found[effect.trait] = found.get(effect.trait, 0.0) + abs(effect.effect)
    return found


def _cut_short(anybody: bool, until: datetime, horizon: timedelta, data_until: datetime | None) -> list[str]:
    """Return what is to be said where the time after is not all there."""
    if not anybody:
        return ["Nobody ordered in the time after: it tells no group from another."]
    if data_until is not None and data_until < until - horizon / 10:
        return ["The data end before the time after is over: what followed is counted as far as they go."]
    return []
