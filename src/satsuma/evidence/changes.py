"""One group at two moments: a segment, a label, or everybody; who entered and left, and what that did to revenue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from satsuma.engines.duckdb import MONEY_SCALE
from satsuma.evaluation.columns import Mask
from satsuma.evaluation.context import Labels
from satsuma.evidence.migration import one_coding
from satsuma.evidence.moments import History, Snapshot
from satsuma.language.types import Entity
from satsuma.statistics.decomposition import ValueChange, value_change

GroupKind = Literal["everybody", "segment", "label"]


@dataclass(frozen=True, slots=True)
class Group:
    """What is looked at. segmentation : of a label."""

    kind: GroupKind
    entity: Entity
    name: str
    segmentation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Some of those who entered or left, by the label that they had or have; None where they were or are not there."""

    label: str | None
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One group at two moments.

    population : how many there are in all at each moment.
    revenue : the change of its net revenue of a period, in the currency, with how many entered, left and stayed.
    newcomers : of those who entered, how many were not there at all at the first moment.
    came_from, went_to : of those who entered, the label that they had; of those who left, the one that they have; the
        largest first. Those of a label have labels of its segmentation, those of a segment labels of `Insights.by`.
    size_move, revenue_move : the last move beside those before, and whether it is unusual; None without a history.
    """

    group: Group
    title: str
    population: tuple[int, int]
    revenue: ValueChange
    newcomers: int = 0
    came_from: tuple[Flow, ...] = ()
    went_to: tuple[Flow, ...] = ()
    size_move: dict[str, Any] | None = None
    revenue_move: dict[str, Any] | None = None

    @property
    def before(self) -> int:
        """How many were in at the first moment."""
        return self.revenue.stayed + self.revenue.left

    @property
    def after(self) -> int:
        """How many are in at the second moment."""
        return self.revenue.stayed + self.revenue.entered

    @property
    def shares(self) -> tuple[float, float]:
        """Which fraction of the population of each moment is in."""
        first, second = (max(number, 1) for number in self.population)
        return self.before / first, self.after / second

    @property
    def is_unusual(self) -> bool:
        return any(move is not None and move["is_unusual"] for move in (self.size_move, self.revenue_move))

    def as_dict(self) -> dict[str, Any]:
        return {
            **asdict(self.group), "title": self.title, "before": self.before, "after": self.after,
            "share_before": self.shares[0], "share_after": self.shares[1], "newcomers": self.newcomers,
            "revenue": self.revenue.as_dict(), "came_from": [asdict(flow) for flow in self.came_from],
            "went_to": [asdict(flow) for flow in self.went_to], "size_move": self.size_move,
            "revenue_move": self.revenue_move,
        }  # fmt: skip


def groups(history: History, snapshot: Snapshot) -> Iterator[tuple[Group, Mask]]:
    """Yield what is looked at, with who is in at a moment."""
    people = snapshot.sides["customer"]
    yield Group("everybody", "customer", "everybody"), people.everybody()
    for segment in history.segments:
        yield Group("segment", segment.entity, segment.name), snapshot.sides[segment.entity].inside(segment.name)
    for item in history.segmentations:
        labels = snapshot.sides[item.entity].labels[item.name]
        for code, label in enumerate(labels.names):
            yield Group("label", item.entity, label, item.name), labels.codes == code


def changed_groups(history: History, before: Snapshot, after: Snapshot, by: str | None) -> Iterator[Changed]:
    """Yield every group at two moments.

    Parameters
    ----------
    by : the segmentation of customers whose labels say where those of a segment came from and went to.
    """
    titles = {**{("segment", item.name): item.title for item in history.segments}}
    now = dict(groups(history, after))
    then = dict(groups(history, before))
    for group in dict.fromkeys((*now, *then)):
        first, second = before.sides[group.entity], after.sides[group.entity]
        nobody = np.zeros(second.size, np.bool_)
        was, is_ = then.get(group, nobody), now.get(group, nobody)
        title = {"everybody": "All customers", "label": group.name}.get(group.kind) or titles["segment", group.name]
        found = Changed(
            group=group, title=title, population=(first.people, second.people),
            revenue=value_change(was, is_, first.revenue, second.revenue, unit=MONEY_SCALE),
            newcomers=int((is_ & ~first.everybody()).sum()),
        )  # fmt: skip
        told = group.segmentation if group.kind == "label" else by
        if group.kind == "everybody" or told is None or told not in first.labels:
            yield found
            continue
        names, had, have = one_coding(first.labels[told], second.labels[told])
        yield _with_flows(found, Labels(names, had), Labels(names, have), was, is_)


def _with_flows(found: Changed, had: Labels, have: Labels, was: Mask, is_: Mask) -> Changed:
    return Changed(
        group=found.group, title=found.title, population=found.population, revenue=found.revenue,
        newcomers=found.newcomers, came_from=_flows(had, is_ & ~was), went_to=_flows(have, was & ~is_),
    )  # fmt: skip


def _flows(labels: Labels, moved: Mask) -> tuple[Flow, ...]:
    """Return those who moved by label, the largest first."""
    counts = np.bincount(labels.codes[moved].astype(np.int64) + 1, minlength=len(labels.names) + 1)
    found = [Flow(label=None if code == 0 else labels.names[code - 1], size=int(number))
             for code, number in enumerate(counts) if number]  # fmt: skip
    return tuple(sorted(found, key=lambda flow: (-flow.size, flow.label or "")))


def floors(before: Snapshot, after: Snapshot, group: Group, was: Mask, is_: Mask) -> tuple[float, float]:
    """Return the standard deviation that the people behind a move of size, and of revenue, bring to its logarithm.

    The change of a sum over independent people has about the variance that the sum of their squared changes is; divided
    by the mean of both sums, that of its logarithm.
    """
    first, second = before.sides[group.entity], after.sides[group.entity]
    found = []
    for values in ((was.astype(np.float64), is_.astype(np.float64)),
                   (was * first.revenue / before.days, is_ * second.revenue / after.days)):  # fmt: skip
        middle = abs(float(values[0].sum() + values[1].sum())) / 2
        spread = float(np.sqrt(np.square(values[1] - values[0]).sum()))
        found.append(spread / middle if middle > 0 else 0.0)
    return found[0], found[1]
