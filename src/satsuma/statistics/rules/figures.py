"""How well rules repeat given groups: agreement with its interval, precision, recall and lift, and what is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from satsuma.statistics.effects.sizes import wilson
from satsuma.statistics.rules.table import Codes, Floats, Mask, Table


@dataclass(frozen=True, slots=True)
class Share:
    """A share of some rows with its Wilson interval; None for all three of no rows."""

    hits: int
    rows: int
    share: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, Any]:
        return {"hits": self.hits, "rows": self.rows, "share": self.share, "low": self.low, "high": self.high}


def share_of(hits: int, rows: int, *, level: float = 0.95) -> Share:
    """Return a share with its score interval, that of Wilson (1927)."""
    if rows == 0:
        return Share(0, 0, None, None, None)
    low, high = (float(end) for end in wilson(hits, rows, level=level))
    # At the ends the formula leaves a rest of rounding.
    return Share(hits, rows, hits / rows, 0.0 if hits == 0 else low, 1.0 if hits == rows else high)


@dataclass(frozen=True, slots=True)
class Hits:
    """How well a rule finds one group among some rows.

    precision : share of those it takes in that are of the group; None when it takes in nobody.
    recall : share of the group that it takes in; None when the group has no rows.
    lift : precision over the share of the group among all rows.
    """

    taken: int
    members: int
    both: int
    rows: int

    @property
    def precision(self) -> float | None:
        return self.both / self.taken if self.taken else None

    @property
    def recall(self) -> float | None:
        return self.both / self.members if self.members else None

    @property
    def lift(self) -> float | None:
        precision = self.precision
        return None if precision is None or not self.members else precision * self.rows / self.members

    def as_dict(self) -> dict[str, Any]:
        counts = {"taken": self.taken, "members": self.members, "both": self.both, "rows": self.rows}
        return {**counts, "precision": self.precision, "recall": self.recall, "lift": self.lift}


def hits_of(taken: Mask, members: Mask) -> Hits:
    """Return how well a rule finds a group."""
    return Hits(int(taken.sum()), int(members.sum()), int((taken & members).sum()), len(taken))


def spread(table: Table, codes: Codes) -> float | None:
    """Return how much rows differ within their groups, as a share of how much they differ at all, mean over traits.

    For a number it is the sum of squares within groups over that around the mean; for words the Gini index within
    groups over that of all. Values that are missing take no part; traits that do not vary have none. It is what k-means
    minimises on numbers brought to one variance.
    """
    shares = []
    for feature in table.features:
        known = ~feature.missing
        group = codes[known]
        if feature.is_number:
            values = feature.numbers[known]
            values = values - values.mean() if len(values) else values
            within, whole = _squares(values, group), float((values**2).sum())
        else:
            words = int(feature.words or 0)
            groups = int(group.max(initial=-1)) + 1
            places = group * words + feature.codes[known]
            counts = np.bincount(places, minlength=groups * words).reshape(groups, words).astype(np.float64)
            within = sum(_gini(row) for row in counts)
            whole = _gini(counts.sum(axis=0))
        if whole > 0:
            shares.append(within / whole)
    return float(np.mean(shares)) if shares else None


def _squares(values: Floats, group: Codes) -> float:
    size = np.bincount(group)
    return float((values**2).sum() - (np.bincount(group, weights=values) ** 2 / np.maximum(size, 1)).sum())


def _gini(counts: Floats) -> float:
    total = float(counts.sum())
    return total - float((counts**2).sum()) / total if total else 0.0
