"""Features as columns of numbers, learned once and kept.

    number    itself; for a line also its logarithm's scale where it is skewed, standardised, kept within what was seen
    yes_no    0 or 1
    category  a column of 0 and 1 for each level that is common enough; the rest share one

For trees a missing value stays missing. For a line it is the mean, and a column of its own says that it was missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.plain import Plain, pack, unpack

Floats = NDArray[np.float64]

FeatureKind = Literal["number", "yes_no", "category"]

#: Levels of a category that get a column each, at most, and the rows that a level needs: a level seen in a handful of
#: rows would be learned by heart.
MOST_LEVELS = 20
FEWEST_ROWS = 50

#: Numbers whose skewness is above this go in as logarithms.
SKEWED = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoded:
    """How one feature becomes columns.

    levels : of a category that have columns, ascending; empty for others.
    scale : of the logarithm sign(x) log(1 + |x| / scale); 0 for none. low, high : what was seen.
    mean, spread : for a line, after the logarithm. has_missing : whether some were missing in training.
    """

    name: str
    kind: FeatureKind
    levels: Floats
    scale: float = 0.0
    low: float = 0.0
    high: float = 0.0
    mean: float = 0.0
    spread: float = 1.0
    has_missing: bool = False

    def for_trees(self, values: Floats) -> list[Floats]:
        """Return the columns that trees read."""
        if self.kind != "category":
            return [values]
        return self._levels(values)

    def for_line(self, values: Floats) -> list[Floats]:
        """Return the columns that a line reads: all within a few units of 0."""
        if self.kind == "category":
            return self._levels(values)
        missing = np.isnan(values)
        inside = _logarithm(np.clip(values, self.low, self.high), self.scale)
        column = np.where(missing, 0.0, (inside - self.mean) / self.spread)
        return [column, missing.astype(np.float64)] if self.has_missing else [column]

    def _levels(self, values: Floats) -> list[Floats]:
        missing = np.isnan(values)
        other = ~missing & ~np.isin(values, self.levels)
        columns = [values == level for level in self.levels] + [other, missing]
        return [column.astype(np.float64) for column in columns]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoder:
    """How rows become columns, by feature in the order of the rows' columns."""

    features: tuple[Encoded, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The features by name."""
        return tuple(feature.name for feature in self.features)

    def for_trees(self, values: Floats) -> Floats:
        """Return the columns for trees, shape (n, columns), each contiguous."""
        return self._stacked(values, "for_trees")

    def for_line(self, values: Floats) -> Floats:
        """Return the columns for a line, shape (n, columns), each contiguous."""
        return self._stacked(values, "for_line")

    def _stacked(self, values: Floats, form: str) -> Floats:
        if values.ndim != 2 or values.shape[1] != len(self.features):
            raise ValueError(f"Rows must have the {len(self.features)} features {', '.join(self.names)}.")
        columns: list[Floats] = []
        for number, feature in enumerate(self.features):
            columns += getattr(feature, form)(np.ascontiguousarray(values[:, number]))
        stacked = np.empty((len(values), len(columns)), np.float64, order="F")
        for number, column in enumerate(columns):
            stacked[:, number] = column
        return stacked

    def as_dict(self) -> Plain:
        """Return the encoding as text and numbers."""
        return {
            "features": [
                {
                    "name": each.name, "kind": each.kind, "levels": pack(each.levels), "scale": each.scale,
                    "low": each.low, "high": each.high, "mean": each.mean, "spread": each.spread,
                    "has_missing": each.has_missing,
                }
                for each in self.features
            ]
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Encoder:
        """Return the encoding that `as_dict` wrote."""
        return cls(features=tuple(Encoded(**{**each, "levels": unpack(each["levels"])}) for each in plain["features"]))


def learn_encoding(values: Floats, names: Sequence[str], kinds: Sequence[FeatureKind]) -> Encoder:
    """Return how features become columns, learned from training rows.

    Parameters
    ----------
    values : array of float, shape (n, features), NaN where missing; categories as whole numbers.

    Raises
    ------
    CannotEstimate
        When a value is infinite.
    """
    features = []
    for number, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        column = np.ascontiguousarray(values[:, number], np.float64)
        if np.isinf(column).any():
            raise CannotEstimate(
                f"Feature '{name}' is infinite in {int(np.isinf(column).sum())} rows. Say what it is there, or leave "
                f"it missing."
            )
        features.append(_learn(name, kind, column))
    return Encoder(features=tuple(features))


def _learn(name: str, kind: FeatureKind, column: Floats) -> Encoded:
    known = column[~np.isnan(column)]
    has_missing = len(known) < len(column)
    if kind == "category":
        levels, counts = np.unique(known, return_counts=True)
        order = np.lexsort((levels, -counts))[:MOST_LEVELS]
        common = order[counts[order] >= min(FEWEST_ROWS, max(len(column) // 20, 1))]
        return Encoded(name=name, kind=kind, levels=np.sort(levels[common]), has_missing=has_missing)
    if len(known) == 0:
        return Encoded(name=name, kind=kind, levels=np.empty(0), has_missing=has_missing)
    scale = _skew_scale(known) if kind == "number" else 0.0
    inside = _logarithm(known, scale)
    centre, spread = float(inside.mean()), float(inside.std())
    return Encoded(
        name=name, kind=kind, levels=np.empty(0), scale=scale, low=float(known.min()), high=float(known.max()),
        mean=centre, spread=spread if spread > 1e-12 * max(abs(centre), 1e-300) else 1.0, has_missing=has_missing,
    )  # fmt: skip


def _skew_scale(known: Floats) -> float:
    """Return the scale of the logarithm for a skewed number, the median distance from 0; 0 for one that is not."""
    largest = float(np.abs(known).max())
    if not largest > 0:
        return 0.0
    part = known / largest
    gap = part - part.mean()
    spread = float(np.sqrt(np.mean(gap**2)))
    if not spread > 1e-12 or abs(float(np.mean((gap / spread) ** 3))) <= SKEWED:
        return 0.0
    sizes = np.abs(known[known != 0])
    return float(np.median(sizes))


def _logarithm(values: Floats, scale: float) -> Floats:
    if not scale > 0:
        return values
    found: Floats = np.sign(values) * np.log1p(np.abs(values) / scale)
    return found
