"""The sums behind every statement: for all groups, both halves and all levels in one product of sparse matrices.

Groups may overlap. Everybody is one group more, the last, so that the others of a group are a subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from scipy.special import ndtri

from satsuma.statistics.effects.log_odds import compare_use, informative_prior
from satsuma.statistics.effects.moments import Moments
from satsuma.statistics.effects.ranks import compare_ranks, ranked
from satsuma.statistics.effects.sizes import cohens_h, compare_means, compare_shares
from satsuma.statistics.statements.questions import Amounts, Mask, Question, Shares

Floats = NDArray[np.float64]

#: What the prior of the log-odds is worth, in customers.
PRIOR = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Groups beside the others, in one half or in both together; arrays of shape (groups, levels).

    here, others : share, mean part or probability of the group and of the others.
    n, others_n : of how many that is known. count, others_count : how many of them have any of it.
    effect, low, high : Cohen's h, or d of amounts, with its interval. p : of no difference, two-sided.
    log_odds, log_odds_z : of parts, under the prior; NaN elsewhere.
    """

    here: Floats
    others: Floats
    n: Floats
    others_n: Floats
    count: Floats
    others_count: Floats
    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    log_odds: Floats
    log_odds_z: Floats


class Groups:
    """Groups of customers, each in two halves.

    Parameters
    ----------
    members : array of bool, shape (groups, n)
    held_out : array of bool, shape (n,); who is in the half that confirms.
    """

    def __init__(self, members: Mask, held_out: Mask) -> None:
        everybody = np.ones((1, members.shape[1]), np.bool_)
        groups = np.concatenate([members, everybody])
        self.size = members.shape[0]
        self.halves = (~held_out, held_out)
        #: Rows: the groups in the first half, then in the other.
        self.matrix: Any = vstack([csr_array((groups & half).astype(np.float64)) for half in self.halves], format="csr")

    def sums(self, columns: Any) -> Floats:
        """Return what each group sums to, shape (2, groups + 1, columns)."""
        found = self.matrix @ columns
        dense = np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float64)
        return dense.reshape(2, self.size + 1, -1)

    def compare(self, question: Question) -> tuple[Compared, Compared, Compared]:
        """Compare each group with the others: in the first half, in the other, and in both together."""
        if isinstance(question, Amounts):
            return self._amounts(question)
        return self._shares(question)

    def _shares(self, question: Shares) -> tuple[Compared, Compared, Compared]:
        shape = (len(question.known), question.levels)
        place = (question.customer, question.level)
        known = self.sums(question.known.astype(np.float64)[:, None])
        total = self.sums(csr_array((question.part, place), shape))
        if not question.is_split:
            found = [_of_shares(known[half], total[half]) for half in (0, 1)]
            return found[0], found[1], _of_shares(known.sum(axis=0), total.sum(axis=0))
        square = self.sums(csr_array((question.part**2, place), shape))
        count = self.sums(csr_array((np.ones(len(question.part)), place), shape))
        found = [_of_parts(known[half], total[half], square[half], count[half]) for half in (0, 1)]
        whole = _of_parts(*(each.sum(axis=0) for each in (known, total, square, count)))
        return found[0], found[1], whole

    def _amounts(self, question: Amounts) -> tuple[Compared, Compared, Compared]:
        first, other, whole = (
            self._ranked(np.where(half, question.values, np.nan))
            for half in (*self.halves, np.ones(len(question.values), np.bool_))
        )
        return first, other, whole

    def _ranked(self, values: Floats) -> Compared:
        ranks = ranked(values)
        known = ~np.isnan(ranks.rank)
        columns = np.stack([np.where(known, ranks.rank, 0.0), known.astype(np.float64)], axis=1)
        rank_sum, n = self.sums(columns).sum(axis=0)[:-1].T[:, :, None]
        found = compare_ranks(rank_sum, n, ranks)
        nothing = np.full(n.shape, np.nan)
        return Compared(
            here=(found.delta + 1) / 2, others=(1 - found.delta) / 2, n=n, others_n=found.other_n, count=n,
            others_count=found.other_n, effect=_as_d(found.delta, n, found.other_n),
            low=_as_d(found.low, n, found.other_n), high=_as_d(found.high, n, found.other_n), p=found.p,
            log_odds=nothing, log_odds_z=nothing,
        )  # fmt: skip


def _of_shares(known: Floats, total: Floats) -> Compared:
    n, count = known[:-1], total[:-1]
    others_n, others_count = known[-1:] - n, total[-1:] - count
    found = compare_shares(count, n, others_count, others_n)
    nothing = np.full(count.shape, np.nan)
    return Compared(
        here=found.share, others=found.other, n=found.n, others_n=found.other_n, count=count,
        others_count=others_count, effect=found.h, low=found.h_low, high=found.h_high, p=found.p, log_odds=nothing,
        log_odds_z=nothing,
    )  # fmt: skip


def _of_parts(known: Floats, total: Floats, square: Floats, count: Floats) -> Compared:
    """Compare mean parts; the customer is what is counted, as events of one customer are alike."""
    n, others_n = np.broadcast_arrays(known[:-1], known[-1:] - known[:-1])
    inside = _moments(n, total[:-1], square[:-1])
    outside = _moments(others_n, total[-1:] - total[:-1], square[-1:] - square[:-1])
    found = compare_means(inside, outside)
    shape = total[:-1].shape
    log_odds = z = np.full(shape, np.nan)
    if total[-1].sum() > 0:
        prior = informative_prior(total[-1], strength=PRIOR)
        used = compare_use(total[:-1], np.maximum(total[-1:] - total[:-1], 0.0), prior)
        log_odds, z = used.log_odds, used.z
    half = float(ndtri(0.975)) * np.sqrt(1 / np.maximum(n, 1) + 1 / np.maximum(others_n, 1))
    effect = cohens_h(found.mean, found.other)
    return Compared(
        here=found.mean, others=found.other, n=np.broadcast_to(n, shape), others_n=np.broadcast_to(others_n, shape),
        count=count[:-1], others_count=count[-1:] - count[:-1], effect=effect, low=effect - half, high=effect + half,
        p=found.p, log_odds=log_odds, log_odds_z=z,
    )  # fmt: skip


def _moments(n: Floats, total: Floats, square: Floats) -> Moments:
    """Return the statistics of parts between 0 and 1, whose squares lose no digits that matter."""
    size, _ = np.broadcast_arrays(n, total)
    mean = np.where(size > 0, total / np.maximum(size, 1), np.nan)
    m2 = np.maximum(square - np.where(size > 0, np.nan_to_num(mean) ** 2 * size, 0.0), 0.0)
    return Moments(size, mean, m2)


def _as_d(delta: Floats, n: Floats, others: Floats) -> Floats:
    """Return the standardised difference of two normal groups that differ by Cliff's delta.

    It has the scale of Cohen's d, whatever the shape of the amounts. A delta of 1 would be infinite: it is taken as
    half a pair less than all.
    """
    half = 0.5 / np.maximum(n * others, 1.0)
    return np.asarray(np.sqrt(2.0) * ndtri(np.clip((delta + 1) / 2, half, 1 - half)), np.float64)
