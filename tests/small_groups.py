"""Groups, traits and frames made from plain arrays, for tests of evidence without a warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column, pack
from satsuma.evidence.groups import Groups, Subject
from satsuma.segments.frame import CustomerFrame, FrameLabels, TraitFacts

NOW = datetime(2024, 7, 1)


def groups_from(masks: Mapping[str, NDArray[np.bool_]]) -> Groups:
    """Return groups by name: `name` is a segment, `name: label` a label."""
    subjects = []
    for name in masks:
        own, _, label = name.partition(": ")
        subjects.append(Subject(name=own, label=label or None))
    rows = [pack(np.asarray(mask)) for mask in masks.values()]
    return Groups(tuple(subjects), len(next(iter(masks.values()))), np.array(rows, np.uint8))


def words(values: Sequence[str | None]) -> Column:
    """Return a column of texts."""
    known = tuple(sorted({value for value in values if value is not None}))
    codes = np.array([0 if value is None else known.index(value) for value in values], np.int32)
    return Column("text", codes, np.array([value is not None for value in values]), words=known)


def numbers(values: Any) -> Column:
    """Return a column of numbers; NaN is missing."""
    given = np.asarray(values, np.float64)
    return Column("number", np.nan_to_num(given), ~np.isnan(given))


def frame_from(
    columns: Mapping[str, Column], *, segments: Mapping[str, NDArray[np.bool_]] | None = None,
    labels: Mapping[str, FrameLabels] | None = None, value: Any = None, as_of: datetime = NOW,
    ids: Sequence[int] | None = None, facts: Mapping[str, TraitFacts] | None = None,
) -> CustomerFrame:  # fmt: skip
    """Return a frame of customers 0, 1, 2 ... or of the ids given."""
    size = len(next(iter(columns.values())))
    told = {name: TraitFacts(name=name, title=name, type=column.type) for name, column in columns.items()}
    members, given = dict(segments or {}), dict(labels or {})
    worth = np.zeros(size) if value is None else np.asarray(value, np.float64)
    return CustomerFrame(
        as_of=as_of, known_at=None, numbers=np.asarray(range(size) if ids is None else ids, np.uint32),
        traits={**told, **(facts or {})}, segments=tuple(members), segmentations=tuple(given),
        _read_column=lambda name: columns[name], _read_members=lambda name: members[name],
        _read_labels=lambda name: given[name], _read_worth=lambda: (worth, np.zeros(size, np.int64)),
    )  # fmt: skip
