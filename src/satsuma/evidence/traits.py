"""The traits that groups are told apart by: which ones, as what, and the sums over groups that all tests need.

A number goes in as itself and by rank, a yes or no as itself, a text by its most frequent words. One product of
membership with these columns gives every group's counts, means, spreads and mean ranks at once, whether groups overlap
or not; no test afterwards looks at a customer again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column
from satsuma.evidence.groups import Groups
from satsuma.language.checker import Checked
from satsuma.language.durations import MICROSECONDS_PER_DAY
from satsuma.language.types import Trait
from satsuma.privacy.classes import says_who
from satsuma.segments.frame import CustomerFrame, TraitFacts
from satsuma.statistics.effects.moments import Moments
from satsuma.statistics.effects.ranks import Ranks, ranked
from satsuma.statistics.effects.separation import moments_of_sums

Floats = NDArray[np.float64]
Measured = Literal["number", "yes_no", "category"]

#: Words of a text that are told apart; the rest share one.
MOST_WORDS = 20
#: A text with more distinct words than this share of the customers who have one says who somebody is, not what.
NAMES_ABOVE = 0.2
OTHERS = "(others)"


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """One trait, ready to be summed over groups.

    values : numbers as they are, 0 and 1, or codes of words; where `known` is False it holds 0 (or -1 for codes).
    words : of a category, the last may stand for all others. ranks : of a number, of everybody.
    """

    name: str
    title: str
    measured: Measured
    values: NDArray[np.float64] | NDArray[np.int32]
    known: NDArray[np.bool_]
    unit: str | None = None
    words: tuple[str, ...] = ()
    ranks: Ranks | None = field(default=None, repr=False)

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return {"number": 5, "yes_no": 2, "category": len(self.words)}[self.measured]


def number(name: str, values: Floats, *, title: str = "", unit: str | None = None) -> Described:
    """Return a number; NaN is missing."""
    known = ~np.isnan(values)
    return Described(name, title or name, "number", np.where(known, values, 0.0), known, unit, (), ranked(values))


def yes_no(
    name: str, values: NDArray[np.bool_], known: NDArray[np.bool_] | None = None, *, title: str = ""
) -> Described:
    """Return a yes or no."""
    there = np.ones(len(values), np.bool_) if known is None else known
    return Described(name, title or name, "yes_no", (values & there).astype(np.float64), there)


def category(name: str, column: Column, *, title: str = "", most: int = MOST_WORDS) -> Described | None:
    """Return a text by its most frequent words; None where there are fewer than two, or where it is a name."""
    codes = column.values[column.present]
    counts = np.bincount(codes, minlength=len(column.words)) if len(column.words) else np.zeros(0, np.int64)
    used = np.flatnonzero(counts)
    if len(used) < 2 or (len(used) > most and len(used) > NAMES_ABOVE * len(codes)):
        return None
    kept = np.sort(used[np.lexsort((used, -counts[used]))[:most]])
    table = np.full(len(column.words), len(kept), np.int32)
    table[kept] = np.arange(len(kept), dtype=np.int32)
    words = tuple(column.words[code] for code in kept.tolist()) + ((OTHERS,) if len(used) > len(kept) else ())
    values = np.where(column.present, table[np.where(column.present, column.values, 0)], np.int32(-1)).astype(np.int32)
    return Described(name, title or name, "category", values, column.present, None, words)


def second_names(checked: Checked) -> frozenset[str]:
    """Return the traits that are another one under the name that its source gave it."""
    loaded = checked.vocabulary.catalog.traits
    return frozenset(name for name, item in checked.of(Trait).items() if item.built_in and item.formula in loaded)


def described(
    frame: CustomerFrame, *, allow: Sequence[str] = (), leave_out: frozenset[str] = frozenset()
) -> list[Described]:  # fmt: skip
    """Return the traits of a frame that groups may be told apart by, in the order of their names.

    What says who somebody is (names, addresses, numbers) and sensitive traits stay out; lists and places, too.

    Parameters
    ----------
    allow : sensitive traits that somebody has allowed by name. leave_out : names of traits that say nothing new.
    """
    found = []
    for name, facts in sorted(frame.traits.items()):
        is_a_persons = says_who(facts.personal_data)
        if is_a_persons or (facts.sensitive and name not in allow) or facts.type in ("list", "location"):
            continue
        if name == "customer_id" or name in leave_out:
            continue
        made = _described(facts, frame.column(name))
        if made is not None:
            found.append(made)
    return found


def _described(facts: TraitFacts, column: Column) -> Described | None:
    if not column.present.any():
        return None
    if facts.type == "boolean":
        return yes_no(facts.name, column.values.astype(np.bool_), column.present, title=facts.title)
    if facts.type == "text":
        return category(facts.name, column, title=facts.title)
    values = column.floats()
    if facts.type == "datetime":
        values = values / MICROSECONDS_PER_DAY
    unit = "date" if facts.type in ("date", "datetime") else facts.unit
    known = values[column.present]
    return number(facts.name, values, title=facts.title, unit=unit) if known.min() < known.max() else None


# --------------------------------------------------------------------------------------------------------------- sums


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What one trait gives of each group, and of everybody in the last row; shape (groups + 1,) unless said otherwise.

    known : how many have a value. moments : of a number. rank_sum : of its ranks; ranks : their moments, from ranks
    scaled to a range of 1. counts : of words, shape (groups + 1, words), or of those who have it, of a yes or no.
    """

    trait: Described
    known: Floats
    moments: Moments | None = None
    rank_sum: Floats | None = None
    ranks: Moments | None = None
    counts: Floats | None = None


def sums(groups: Groups, traits: Sequence[Described]) -> list[Sums]:
    """Return every trait's sums over every group, in one pass."""
    plans = [_Columns(trait) for trait in traits]
    starts = np.concatenate([[0], np.cumsum([trait.width for trait in traits])]).astype(np.int64)
    total = np.zeros((len(groups) + 1, int(starts[-1])))
    for low, high, membership in groups.blocks():
        # A row for each column of the sums, so that each is written in one stretch.
        block = np.empty((int(starts[-1]), high - low))
        for plan, start, end in zip(plans, starts[:-1], starts[1:], strict=True):
            plan.write(block[start:end], low, high)
        total += membership @ block.T
    return [plan.read(total[:, start:end]) for plan, start, end in zip(plans, starts[:-1], starts[1:], strict=True)]


class _Columns:
    """How one trait becomes columns, and how their sums are read."""

    def __init__(self, trait: Described) -> None:
        self.trait = trait
        self.center, self.scale = 0.0, 1.0
        if trait.measured == "number":
            known = trait.values[trait.known]
            self.center, self.scale = float(known.mean()), float(known.std()) or 1.0
            assert trait.ranks is not None
            #: Ranks about 0, in units of how many there are.
            self.rank_scale = float(max(trait.ranks.n, 1))
            self.rank_center = (trait.ranks.n + 1) / 2

    def write(self, block: Floats, low: int, high: int) -> None:
        trait, known = self.trait, self.trait.known[low:high]
        if trait.measured == "category":
            block[:] = 0.0
            rows = np.flatnonzero(known)
            block[trait.values[low:high][rows].astype(np.int64), rows] = 1.0
            return
        block[0] = known
        if trait.measured == "yes_no":
            block[1] = trait.values[low:high]
            return
        assert trait.ranks is not None
        block[1] = np.where(known, (trait.values[low:high] - self.center) / self.scale, 0.0)
        np.square(block[1], out=block[2])
        block[3] = np.where(known, (trait.ranks.rank[low:high] - self.rank_center) / self.rank_scale, 0.0)
        np.square(block[3], out=block[4])

    def read(self, total: Floats) -> Sums:
        trait = self.trait
        if trait.measured == "category":
            return Sums(trait, known=total.sum(axis=1), counts=total)
        if trait.measured == "yes_no":
            return Sums(trait, known=total[:, 0], counts=total[:, 1])
        known = total[:, 0]
        return Sums(
            trait,
            known=known,
            moments=moments_of_sums(known, total[:, 1], total[:, 2], center=self.center, scale=self.scale),
            # Rank sums are halves of whole numbers: what adding floats left beside is taken off.
            rank_sum=np.rint(2 * (total[:, 3] * self.rank_scale + known * self.rank_center)) / 2,
            ranks=moments_of_sums(known, total[:, 3], total[:, 4]),
        )


def split(sums_: Sums) -> tuple[Sums, Sums]:
    """Return the sums of the groups, and those of everybody, whose arrays keep one entry."""
    return _part(sums_, slice(None, -1)), _part(sums_, slice(-1, None))


def _part(whole: Sums, rows: slice) -> Sums:
    def cut(moments: Moments | None) -> Moments | None:
        return None if moments is None else Moments(moments.n[rows], moments.mean[rows], moments.m2[rows])

    return Sums(
        whole.trait, whole.known[rows], cut(whole.moments), None if whole.rank_sum is None else whole.rank_sum[rows],
        cut(whole.ranks), None if whole.counts is None else whole.counts[rows],
    )  # fmt: skip
