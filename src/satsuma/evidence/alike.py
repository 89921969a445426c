"""Groups that act alike: pairs that no known trait tells apart, so that a treatment could hardly differ for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column, Mask
from satsuma.segments.frame import CustomerFrame, TraitFacts

#: A pair acts alike where membership explains less than this of the spread of every trait (eta squared of ranks).
ALIKE = 0.01
#: Customers on each side of a pair, fewer of whom prove nothing.
FEWEST = 50
#: Customers that are looked at, drawn by their ids; more would not move an eta squared of 1 %.
SAMPLE = 20_000
#: A text with more words than these names people and things rather than groups of them.
MOST_WORDS = 20
#: A trait that fewer than this share have, or lack, tells few apart.
RAREST = 0.02

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One thing that customers differ in, as ranks with the mean 0; NaN where it is not known."""

    name: str
    ranks: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two groups. eta2 : the largest over all variables, and which one it is of. compared : how many variables."""

    first: str
    second: str
    eta2: float
    variable: str
    compared: int


def sample_of(frame: CustomerFrame) -> NDArray[np.int64]:
    """Return the places of the customers that are looked at: all, or those drawn first."""
    if frame.size <= SAMPLE:
        return np.arange(frame.size)
    drawn = frame.draws("act alike")
    return np.sort(np.argpartition(drawn, SAMPLE)[:SAMPLE])


def variables_of(frame: CustomerFrame, places: NDArray[np.int64]) -> list[Variable]:
    """Return what an action could look at: value, orders, and every trait that is not sensitive and divides people."""
    found = [Variable(name="net revenue", ranks=mid_ranks(frame.value[places])),
             Variable(name="orders", ranks=mid_ranks(frame.orders[places].astype(np.float64)))]  # fmt: skip
    for name, facts in frame.traits.items():
        if _is_asked(facts):
            found.extend(_variables(facts.title, frame.column(name).take(places)))
    return [item for item in found if np.nanstd(item.ranks) > 0]


def _is_asked(facts: TraitFacts) -> bool:
    is_known = facts.type in ("integer", "number", "money", "boolean", "text")
    return is_known and not facts.sensitive and not (facts.origin == "built in" and facts.type == "text")


def _variables(title: str, column: Column) -> Iterator[Variable]:
    known = column.present
    if not len(known):
        return
    share = float(known.mean())
    if RAREST <= share <= 1 - RAREST:
        yield Variable(name=f"{title} is known", ranks=mid_ranks(known.astype(np.float64)))
    if share < RAREST:
        return
    if column.type != "text":
        yield Variable(name=title, ranks=mid_ranks(column.floats()))
        return
    if len(column.words) > MOST_WORDS:
        return
    for code, word in enumerate(column.words):
        has = np.where(known, column.values == code, np.nan).astype(np.float64)
        if RAREST <= np.nanmean(has) <= 1 - RAREST:
            yield Variable(name=f"{title}: {word}", ranks=mid_ranks(has))


def mid_ranks(values: Floats) -> Floats:
    """Return mid-ranks from -1 to 1: what is compared is robust against a few who spend a lot."""
    known = ~np.isnan(values)
    ranks = np.full(len(values), np.nan)
    number = int(known.sum())
    if number:
        # As `scipy.stats.rankdata` has them, which takes seconds to load.
        _, place, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts - 1) / 2
        ranks[known] = (2 * middle[place] - number - 1) / number
    return ranks


def alike(groups: Sequence[tuple[str, Mask]], variables: Iterable[Variable]) -> list[Pair]:
    """Return the pairs that no variable tells apart, the most alike first.

    Parameters
    ----------
    groups : names and members over the sample. Of two that overlap, those in one alone are compared: those in both are
        treated alike anyhow.
    """
    known = list(variables)
    found = []
    for row, (first, inside) in enumerate(groups):
        for second, other in groups[row + 1 :]:
            pair = _compared(first, inside & ~other, second, other & ~inside, known)
            if pair is not None:
                found.append(pair)
    return sorted(found, key=lambda pair: (pair.eta2, pair.first, pair.second))


def _compared(first: str, one: Mask, second: str, other: Mask, variables: Sequence[Variable]) -> Pair | None:
    """Return a pair that acts alike; None where a variable tells it apart, or too few can be compared."""
    if min(int(one.sum()), int(other.sum())) < FEWEST:
        return None
    places, others = np.flatnonzero(one), np.flatnonzero(other)
    largest, name, compared = 0.0, "", 0
    for item in variables:
        found = eta_squared(item.ranks[places], item.ranks[others])
        if found is None:
            continue
        if found >= ALIKE:
            return None
        compared += 1
        if found >= largest:
            largest, name = found, item.name
    return Pair(first=first, second=second, eta2=largest, variable=name, compared=compared) if compared else None


def eta_squared(first: Floats, second: Floats) -> float | None:
    """Return which share of the sum of squares of two groups lies between them; None where it cannot be told."""
    one, other = first[~np.isnan(first)], second[~np.isnan(second)]
    if min(len(one), len(other)) < FEWEST:
        return None
    between = len(one) * len(other) / (len(one) + len(other)) * (one.mean() - other.mean()) ** 2
    whole = float(np.square(np.concatenate([one, other])).sum())
    middle = (one.sum() + other.sum()) / (len(one) + len(other))
    total = whole - (len(one) + len(other)) * middle**2
    # Two groups of one and the same value are alike.
    return float(between / total) if total > 1e-12 else 0.0
