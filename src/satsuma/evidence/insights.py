"""What changed in each segment and label since an earlier moment: size, revenue and mix, taken apart.

Revenue is the net revenue of the period that ends at a moment, of those who are in at that moment; the later period
begins where the earlier one ends. Its change is what those bring who entered, less what those brought who left, and by
how much those who stayed changed (`statistics.decomposition`).

Moves of size and of revenue a day are set beside the moves of the periods before, and called unusual at one false-alarm
rate over all that are tested (`statistics.moves`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.engines.duckdb import MONEY_SCALE
from satsuma.errors import NotFound
from satsuma.evidence.changes import Changed, Group, GroupKind, changed_groups, floors, groups
from satsuma.evidence.migration import moved_labels, one_coding
from satsuma.evidence.moments import History, Progress, Snapshot, first_event, moments_before, parse_since
from satsuma.language.types import Entity, Segmentation
from satsuma.statistics.decomposition import MixChange, mix_change
from satsuma.statistics.migration import Migration
from satsuma.statistics.moves import FEWEST_POINTS, unusual_moves

#: Moments before the last that are looked at for what is usual, and the share of alarms that may be chance.
HISTORY, RATE = 12, 0.05

#: Methods whose labels are names of groups that people know: where somebody came from is said best in these.
NAMED_METHODS = ("rfm", "lifecycle")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mix:
    """A segmentation at two moments: who moved, and why the revenue of all changed, with the terms of each label."""

    segmentation: str
    title: str
    entity: Entity
    moved: Migration
    change: MixChange

    def as_dict(self) -> dict[str, Any]:
        facts = self.change.as_dict()
        terms = zip(self.moved.labels, facts.pop("mix_of"), facts.pop("rate_of"), strict=True)
        return {"segmentation": self.segmentation, "title": self.title, "entity": self.entity, **facts,
                "labels": [{"label": label, "mix": mix, "rate": rate} for label, mix, rate in terms],
                "migration": self.moved.as_dict()}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Insights:
    """What changed between two moments, UTC without a zone.

    days : how long the period of each moment is. is_covered : whether the data reach back to where the first begins.
    by : the segmentation whose labels say where those of a segment came from.
    points : moments that the history has, the last included. tested : how many moves share the false-alarm rate.
    """

    since: datetime
    as_of: datetime
    days: tuple[float, float]
    is_covered: bool
    by: str | None
    changes: tuple[Changed, ...]
    mixes: tuple[Mix, ...]
    points: int
    rate: float
    tested: int
    warnings: tuple[str, ...] = ()

    @property
    def everybody(self) -> Changed:
        """All customers."""
        return self.changes[0]

    def of_kind(self, kind: GroupKind, segmentation: str | None = None) -> tuple[Changed, ...]:
        """Return the changes of segments, or of the labels of a segmentation."""
        return tuple(item for item in self.changes
                     if item.group.kind == kind and segmentation in (None, item.group.segmentation))  # fmt: skip

    @property
    def unusual(self) -> tuple[Changed, ...]:
        return tuple(item for item in self.changes if item.is_unusual)

    def as_dict(self) -> dict[str, Any]:
        return {
            "since": self.since, "as_of": self.as_of, "days": list(self.days), "is_covered": self.is_covered,
            "by": self.by, "changes": [item.as_dict() for item in self.changes],
            "mixes": [item.as_dict() for item in self.mixes],
            "alarms": {"points": self.points, "points_needed": FEWEST_POINTS, "rate": self.rate,
                       "tested": self.tested, "unusual": len(self.unusual)},
            "warnings": list(self.warnings),
        }  # fmt: skip


def insights(
    history: History, *, since: str | None = None, most: int = HISTORY, by: str | None = None, rate: float = RATE,
    progress: Progress | None = None,
) -> Insights:  # fmt: skip
    """Say what changed since an earlier moment, and which moves are unusual.

    Parameters
    ----------
    since : a distance such as `1 month` or `30d`, or a day or moment; a month when not given. The history goes back
        in steps of the same distance.
    most : moments before the last to look at; 1 compares the two moments alone.
    by : the segmentation whose labels say where those of a segment came from; when not given the first of customers
        whose labels are groups that people know, else the first.

    Raises
    ------
    NotFound
        For an unknown segmentation, with the nearest names.
    WrongUse
        When the data do not reach back so far.
    """
    chosen = _by(history.segmentations, by)
    as_of, zone = history.run.as_of, history.checked.vocabulary.zone
    earliest = first_event(history.engine) or as_of
    moments = moments_before(as_of, parse_since(since, as_of, zone), max(most, 1), earliest, zone)
    told: list[dict[Group, tuple[float, float]]] = []
    before = last = None
    for snapshot in history.snapshots(moments, progress):
        before, last = last, snapshot
        told.append({
            group: (float(inside.sum()), float(snapshot.sides[group.entity].revenue[inside].sum())
                    / MONEY_SCALE / snapshot.days)
            for group, inside in groups(history, snapshot)
        })  # fmt: skip
    assert before is not None
    assert last is not None
    changes = list(changed_groups(history, before, last, chosen))
    tested = 0
    if len(told) > 2:
        changes, tested = _with_moves(history, changes, told, before, last, rate)
    is_covered = before.begins >= earliest
    return Insights(
        since=before.as_of, as_of=last.as_of, days=(before.days, last.days), is_covered=is_covered, by=chosen,
        changes=tuple(changes), mixes=tuple(_mixes(history, before, last)), points=len(told), rate=rate, tested=tested,
        warnings=(*history.warnings, *(() if is_covered else (_UNCOVERED,))),
    )  # fmt: skip


_UNCOVERED = "The data begin within the earlier period: its revenue is that of a part of it."


def _by(known: Sequence[Segmentation], name: str | None) -> str | None:
    """Return the segmentation whose labels say where somebody came from."""
    found = {item.name: item for item in known if item.entity == "customer"}
    if name is not None:
        if name not in found:
            raise NotFound.named("segmentation", name, found, hint="See satsuma segmentation list.")
        return name
    named = [item.name for method in NAMED_METHODS for item in found.values() if item.method == method]
    return next(iter((*named, *found)), None)


def _with_moves(
    history: History, changes: Sequence[Changed], told: Sequence[dict[Group, tuple[float, float]]], before: Snapshot,
    last: Snapshot, rate: float,
) -> tuple[list[Changed], int]:  # fmt: skip
    """Return the changes with their last moves beside those before, and how many were tested."""
    now, then = dict(groups(history, last)), dict(groups(history, before))
    series: list[NDArray[np.float64]] = []
    least: list[float] = []
    for item in changes:
        group = item.group
        nobody = np.zeros(last.sides[group.entity].size, np.bool_)
        found = [step.get(group, (0.0, 0.0)) for step in told]
        series += [np.array([size for size, _ in found]), np.array([revenue for _, revenue in found])]
        least += floors(before, last, group, then.get(group, nobody), now.get(group, nobody))
    # A group of nobody has a size, and half a person keeps its move finite; a revenue of nothing has no relative move.
    moves = unusual_moves(series, floor=least, plus=np.tile([0.5, 0.0], len(changes)), rate=rate)
    return [
        replace(item, size_move=moves.as_dict(2 * place), revenue_move=moves.as_dict(2 * place + 1))
        for place, item in enumerate(changes)
    ], moves.tested


def _mixes(history: History, before: Snapshot, last: Snapshot) -> Iterator[Mix]:
    for item in history.segmentations:
        first, second = before.sides[item.entity], last.sides[item.entity]
        names, had, have = one_coding(first.labels[item.name], second.labels[item.name])
        counts, values = [], []
        for codes, side in ((had, first), (have, second)):
            inside = codes >= 0
            counts.append(np.bincount(codes[inside], minlength=len(names)))
            weights = side.revenue[inside].astype(np.float64)
            values.append(np.bincount(codes[inside], weights=weights, minlength=len(names)) / MONEY_SCALE)
        yield Mix(
            segmentation=item.name, title=item.title, entity=item.entity, moved=moved_labels(first, second, item.name),
            change=mix_change(counts[0], counts[1], values[0], values[1]),
        )  # fmt: skip
