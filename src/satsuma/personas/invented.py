"""An invented customer who is typical of a segment: what most members are like, in coarse words, under no real name.

Values are drawn from the members' shares, smoothed, of the traits that a persona speaks of; of many draws the one is
kept that fits best and that at least `least` members share. So nobody's record is copied, and nothing is made up that
is not known of the segment: a trait that says nothing about it (an age, say) is not there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from satsuma.personas.card import Invented
from satsuma.personas.facts import Fact
from satsuma.personas.phrases import Wording, level_name
from satsuma.statistics.statements.questions import Amounts, Shares

Codes = NDArray[np.int64]

#: Names that nobody bears: they say neither sex nor origin.
NAMES = (
    "Robin Pomelo", "Sasha Yuzu", "Kim Bergamot", "Alex Kumquat", "Charlie Citron", "Jo Tangelo", "Sam Clementine",
    "Noa Calamondin", "Remy Kabosu", "Nico Limequat", "Jules Sudachi", "Toni Orangelo",
)  # fmt: skip
#: Facts that an invented customer is made of, at most.
MOST_FACTS = 5
DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class _Coarse:
    """One fact in coarse values: the code of each customer, -1 where it is not known, and what the codes mean."""

    title: str
    codes: Codes
    words: tuple[str, ...]


def invent(
    called: str, facts: Sequence[Fact], members: NDArray[np.bool_], wording: Wording, *,
    least: int = 10,
) -> Invented | None:  # fmt: skip
    """Return a typical customer who does not exist; None where nothing is known to make one of.

    Parameters
    ----------
    called : the segment; the same segment and customers give the same invented one.
    facts : those that the persona speaks of, the most telling first.
    members : who is in the segment, shape (n,).
    wording : how amounts are written.
    least : how many members must share all that is said.
    """
    seed = int.from_bytes(hashlib.sha256(called.encode()).digest()[:8], "big")
    rng = np.random.default_rng(seed)
    coarse = [_coarse(fact, wording) for fact in facts[:MOST_FACTS]]
    told = [item for item in coarse if item is not None]
    # Fewer facts are shared by more: the least telling goes first.
    while told:
        found = _typical(told, members, rng, least)
        if found is not None:
            values, shared = found
            return Invented(
                name=NAMES[seed % len(NAMES)],
                facts=tuple((item.title, item.words[code]) for item, code in zip(told, values, strict=True)),
                shared_by=shared,
            )
        told.pop()
    return None


def _typical(
    told: Sequence[_Coarse], members: NDArray[np.bool_], rng: np.random.Generator, least: int
) -> tuple[list[int], int] | None:  # fmt: skip
    """Return the codes that fit the members best and how many share them; None where too few do."""
    inside = [item.codes[members] for item in told]
    shares = [_smoothed(codes, len(item.words)) for codes, item in zip(inside, told, strict=True)]
    drawn = np.stack([rng.choice(len(share), DRAWS, p=share) for share in shares], axis=1)
    best: tuple[float, list[int], int] | None = None
    for values in np.unique(drawn, axis=0).tolist():
        shared = int(np.logical_and.reduce([codes == code for codes, code in zip(inside, values, strict=True)]).sum())
        if shared < least:
            continue
        fit = sum(float(np.log(share[code])) for share, code in zip(shares, values, strict=True))
        score = fit + float(np.log(shared))
        if best is None or score > best[0]:
            best = (score, values, shared)
    return None if best is None else best[1:]


def _smoothed(codes: Codes, levels: int) -> NDArray[np.float64]:
    counts = np.bincount(codes[codes >= 0], minlength=levels) + 1.0
    return np.asarray(counts / counts.sum(), np.float64)


def _coarse(fact: Fact, wording: Wording) -> _Coarse | None:
    if isinstance(fact.question, Amounts):
        return _bands(fact, fact.question.values, wording)
    if fact.form == "things":
        return None
    return _coarse_levels(fact, fact.question)


def _coarse_levels(fact: Fact, question: Shares) -> _Coarse:
    """Return the level of each customer; of parts the largest one, the first of equals."""
    codes = np.full(len(question.known), -1, np.int64)
    order = np.lexsort((-question.level, question.part, question.customer))
    # The last entry of each customer is of the largest part.
    codes[question.customer[order]] = question.level[order]
    words = tuple(level_name(fact, level) for level in range(len(fact.levels)))
    told = tuple(f"mostly {word}" for word in words) if fact.form == "parts" else words
    return _Coarse(fact.title, codes, told)


def _bands(fact: Fact, values: NDArray[np.float64], wording: Wording) -> _Coarse | None:
    """Return quarters of everybody; equal values share a band, so that there may be fewer than four."""
    known = ~np.isnan(values)
    cuts = np.unique(np.quantile(values[known], [0.25, 0.5, 0.75], method="inverted_cdf"))
    cuts = cuts[cuts < values[known].max()]
    if not len(cuts):
        return None
    codes = np.full(len(values), -1, np.int64)
    codes[known] = np.searchsorted(cuts, values[known], side="left")
    words = [f"up to {wording.amount(fact, float(cuts[0]))}"]
    words += [
        f"over {wording.bare(fact, low)} to {wording.amount(fact, high)}" for low, high in pairwise(cuts.tolist())
    ]
    return _Coarse(fact.title, codes, (*words, f"over {wording.amount(fact, float(cuts[-1]))}"))
