"""Where the customers of each label of a segmentation are now, beside where they were at an earlier moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.errors import NotFound
from satsuma.evaluation.context import Labels
from satsuma.evidence.moments import History, Progress, Side, first_event, moments_before, parse_since
from satsuma.language.types import Entity
from satsuma.statistics.migration import Migration, migration


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelMigration:
    """A segmentation's labels at two moments, UTC without a zone; `moved` has the counts."""

    name: str
    title: str
    entity: Entity
    since: datetime
    as_of: datetime
    moved: Migration
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        moved = self.moved
        low, high = moved.share_intervals()
        return {
            "segmentation": self.name, "title": self.title, "entity": self.entity, "since": self.since,
            "as_of": self.as_of, "stayed_share": moved.stayed_share, "warnings": list(self.warnings),
            "labels": [
                {"label": label, "before": int(moved.before[row]), "after": int(moved.after[row]),
                 "stayed": int(moved.stayed[row]), "entered": int(moved.entered[row]), "left": int(moved.left[row]),
                 "not_there_before": int(moved.came[row]), "not_there_now": int(moved.gone[row]),
                 "entropy_bits": float(moved.entropy[row]),
                 "to": [
                     {"label": other, "customers": int(moved.counts[row, column]),
                      "share": float(moved.shares[row, column]), "share_low": float(low[row, column]),
                      "share_high": float(high[row, column]), "net_flow": int(moved.net_flows[row, column])}
                     for column, other in enumerate(moved.labels)
                 ]}
                for row, label in enumerate(moved.labels)
            ],
        }  # fmt: skip


def label_migration(
    history: History, name: str, *, since: str | None = None, progress: Progress | None = None
) -> LabelMigration:  # fmt: skip
    """Return who moved between the labels of a segmentation, from an earlier moment to that of the last run.

    Parameters
    ----------
    since : a distance such as `1 month` or `30d`, or a day or moment; a month when not given.

    Raises
    ------
    NotFound
        With the nearest known names.
    WrongUse
        When there is nothing to compare with.
    """
    known = {item.name: item for item in history.segmentations}
    if name not in known:
        hint = "A new or changed segmentation has labels after the next `satsuma run`. See satsuma segmentation list."
        raise NotFound.named("segmentation", name, known, hint=hint)
    one = replace(history, only=frozenset({("segmentation", name)}))
    zone = history.checked.vocabulary.zone
    distance = parse_since(since, history.run.as_of, zone)
    earliest = first_event(history.engine) or history.run.as_of
    moments = moments_before(history.run.as_of, distance, 1, earliest, zone)
    first, second = one.snapshots(moments, progress)
    entity = known[name].entity
    return LabelMigration(
        name=name, title=known[name].title, entity=entity, since=first.as_of, as_of=second.as_of,
        moved=moved_labels(first.sides[entity], second.sides[entity], name),
    )  # fmt: skip


def moved_labels(before: Side, after: Side, segmentation: str) -> Migration:
    """Count who moved between the labels of a segmentation."""
    names, first, second = one_coding(before.labels[segmentation], after.labels[segmentation])
    return migration(first, second, names)


def one_coding(before: Labels, after: Labels) -> tuple[tuple[str, ...], NDArray[np.int16], NDArray[np.int16]]:
    """Return the labels of both moments, the later ones first, and the codes of everybody in them."""
    names = tuple(dict.fromkeys((*after.names, *before.names)))
    return names, _coded(before, names), _coded(after, names)


def _coded(labels: Labels, names: Sequence[str]) -> NDArray[np.int16]:
    place = {name: code for code, name in enumerate(names)}
    # The last entry is for -1: nobody's label.
    table = np.array([*(place[name] for name in labels.names), -1], np.int16)
    return table[labels.codes]
