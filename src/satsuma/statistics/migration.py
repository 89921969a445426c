"""Where those who had a label before are now: counts, shares with intervals, net flows and entropy.

A migration matrix between two moments is a count of people. It is read row by row: of those who had a label at the
first moment, this share has that one at the second. Nothing is said of a third moment: that labels move as a Markov
chain in equilibrium, which a "steady state" would need, cannot be seen in two moments, and is seldom so.

The labels must mean the same at both moments (fixed cut points); of quantiles that were fitted anew at each moment, the
matrix tells how ranks changed, not how customers did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.effects.sizes import wilson

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Migration:
    """People by the label that they had at a first moment and at a second.

    labels : the names, k of them.
    counts : array of int, shape (k, k)
        Those with a label at both moments: the row is the first, the column the second.
    came : array of int, shape (k,)
        By the label of the second moment, those who had none at the first.
    gone : array of int, shape (k,)
        By the label of the first moment, those who have none at the second.
    """

    labels: tuple[str, ...]
    counts: Counts
    came: Counts
    gone: Counts

    @property
    def before(self) -> Counts:
        """How many had each label at the first moment, shape (k,)."""
        return np.asarray(self.counts.sum(axis=1) + self.gone, np.int64)

    @property
    def after(self) -> Counts:
        """How many have each label at the second moment, shape (k,)."""
        return np.asarray(self.counts.sum(axis=0) + self.came, np.int64)

    @property
    def stayed(self) -> Counts:
        """How many have the label that they had, shape (k,)."""
        return np.diagonal(self.counts).astype(np.int64)

    @property
    def entered(self) -> Counts:
        """How many have a label that they did not have, from another or from none, shape (k,)."""
        return self.after - self.stayed

    @property
    def left(self) -> Counts:
        """How many no longer have a label, for another or for none, shape (k,)."""
        return self.before - self.stayed

    @property
    def net_flows(self) -> Counts:
        """From the label of the row to that of the column, less the way back; shape (k, k), antisymmetric."""
        return self.counts - self.counts.T

    @property
    def shares(self) -> Floats:
        """Of those who had the row's label, the share that has the column's now; shape (k, k), NaN for an empty row.

        A row and its share of those who are gone add up to 1.
        """
        return _ratio(self.counts, self.before[:, None])

    @property
    def gone_shares(self) -> Floats:
        """Of those who had a label, the share that has none now; shape (k,)."""
        return _ratio(self.gone, self.before)

    def share_intervals(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return the lower and upper ends of each share's interval by Wilson, shape (k, k) each."""
        return wilson(self.counts, np.broadcast_to(self.before[:, None], self.counts.shape), level=level)

    @property
    def stayed_share(self) -> float:
        """Of all who had a label at both moments, the share that kept it; NaN where there is nobody."""
        total = int(self.counts.sum())
        return float(self.stayed.sum() / total) if total else float("nan")

    @property
    def entropy(self) -> Floats:
        """Return, of each row, how spread over labels those who had it are now, in bits, shape (k,).

        0 when all went one way, log2(k) when they went everywhere alike; NaN for an empty row. Those who are gone
        have no part.
        """
        shares = _ratio(self.counts, self.counts.sum(axis=1)[:, None])
        return np.array([entropy_bits(row) if np.isfinite(row).all() else np.nan for row in shares], np.float64)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON; all else follows from them."""
        return {"labels": list(self.labels), "counts": self.counts.tolist(), "came": self.came.tolist(),
                "gone": self.gone.tolist()}  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Migration:
        """Return the migration that `as_dict` wrote."""
        return cls(labels=tuple(plain["labels"]), counts=np.array(plain["counts"], np.int64).reshape(
            len(plain["labels"]), len(plain["labels"])), came=np.array(plain["came"], np.int64),
            gone=np.array(plain["gone"], np.int64))  # fmt: skip


def migration(before: ArrayLike, after: ArrayLike, labels: Sequence[str]) -> Migration:
    """Count people by the label that they had and the one that they have.

    Parameters
    ----------
    before, after : array of int, shape (n,)
        The label of each person at the two moments, an index into `labels`; -1 where there is none.

    Raises
    ------
    ValueError
        For arrays of different lengths, or a code beyond the labels.
    """
    first, second = np.asarray(before, np.int64), np.asarray(after, np.int64)
    size = len(labels)
    if first.shape != second.shape:
        raise ValueError("Both moments need a label for each person.")
    if len(first) and (min(first.min(), second.min()) < -1 or max(first.max(), second.max()) >= size):
        raise ValueError(f"A label is a number from 0 to {size - 1}, or -1 for none.")
    # One count over all pairs, with a row and a column for those without a label.
    pairs = np.bincount((first + 1) * (size + 1) + second + 1, minlength=(size + 1) ** 2)
    table = pairs.reshape(size + 1, size + 1).astype(np.int64)
    return Migration(labels=tuple(labels), counts=table[1:, 1:], came=table[0, 1:], gone=table[1:, 0])


def entropy_bits(shares: ArrayLike) -> float:
    """Return the entropy of shares that add up to 1: -sum p log2 p, in bits (Shannon 1948)."""
    given = np.asarray(shares, np.float64)
    some = given[given > 0]
    return float(-(some * np.log2(some)).sum()) + 0.0


def effective_number(counts: ArrayLike) -> float:
    """Return how many groups of equal size would be as diverse: 2 to the power of the entropy of their shares.

    The Hill number of order 1; NaN where nobody is in any group.
    """
    given = np.asarray(counts, np.float64)
    total = given.sum()
    return float(2.0 ** entropy_bits(given / total)) if total > 0 else float("nan")


def _ratio(count: ArrayLike, whole: ArrayLike) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.asarray(count, np.float64) / np.asarray(whole, np.float64), np.float64)
