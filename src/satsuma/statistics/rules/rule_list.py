"""One short rule for each group: the conjunction of few conditions that finds it best, by beam search.

Candidates are intervals between round cut values at the quantiles of a number, open or closed at each end, and sets of
words in the order of their share of the group. A rule is judged by the F-measure of precision and recall, less a little
for each test it takes: a condition stays only where it earns its place. In the end each cut value moves to where it is
best, among all values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.rules.conditions import (
    Atoms,
    Box,
    Conjunction,
    TraitTest,
    asked_of,
    conjunction_of,
    is_one_piece,
    meets,
)
from satsuma.statistics.rules.rounding import roundest
from satsuma.statistics.rules.table import Codes, Feature, Mask, Table
from satsuma.statistics.rules.tree import atoms_of

#: Quantiles at which a number may be cut.
CUTS = 16
#: Rules that are followed further at each length.
BEAM = 6
#: What a test has to add to the F-measure.
GAIN = 0.01

Packed = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class ShortRules:
    """A short rule for each group, None where no condition finds it better than taking everybody."""

    rules: tuple[Conjunction | None, ...]


def short_rules(table: Table, codes: Codes, groups: int, *, most: int = 3, beta: float = 1.0) -> ShortRules:
    """Return the best rule of at most so many conditions on traits for each group.

    Parameters
    ----------
    codes : array of int, shape (n,), from 0
    most : traits that a rule may ask about.
    beta : how many times as much recall counts as precision (van Rijsbergen 1979).
    """
    atoms = atoms_of(_cuts(table), table)
    placed = [atom.of(feature) for atom, feature in zip(atoms, table.features, strict=True)]
    # One packed mask for each atom, from which all candidates are made.
    masks = [
        [_packed(column == atom) for atom in range(of.all.bit_length())]
        for of, column in zip(atoms, placed, strict=True)
    ]
    found = [
        _best(group, codes, atoms, masks, most=most, beta=beta) if (codes == group).any() else None
        for group in range(groups)
    ]
    return ShortRules(
        tuple(None if rule is None else _moved(rule, table, codes == group, beta) for group, rule in enumerate(found))
    )


def _cuts(table: Table) -> Iterator[tuple[int, float]]:
    for place, feature in enumerate(table.features):
        if not feature.is_number:
            continue
        values = np.sort(feature.numbers[~feature.missing])
        if not len(values):
            continue
        # Half-way to the next quantile on both sides there is room for a rounder number.
        at = np.linspace(0, len(values) - 1, 4 * CUTS + 1).round().astype(int)
        for number in range(4, 4 * CUTS, 4):
            low, high = values[at[number - 1]], values[at[number + 1]]
            if low < high:
                yield place, roundest(float(low), float(high), feature)


def _packed(mask: NDArray[np.bool_]) -> Packed:
    bits = np.packbits(mask)
    return np.pad(bits, (0, -len(bits) % 8)).view(np.uint64)


def _best(
    group: int, codes: Codes, atoms: Sequence[Atoms], masks: list[list[Packed]], *, most: int, beta: float
) -> Conjunction | None:
    inside = _packed(codes == group)
    members, rows = int((codes == group).sum()), len(codes)
    options: list[tuple[int, int]] = []
    packed: list[Packed] = []
    for place, of in enumerate(atoms):
        for bits in _candidates(of, masks[place], inside):
            options.append((place, bits))
            packed.append(np.bitwise_or.reduce([masks[place][atom] for atom in range(bits.bit_length())
                                                if bits >> atom & 1]))  # fmt: skip
    if not options:
        return None
    stacked = np.stack(packed)
    price = np.array([GAIN * len(asked_of(place, atoms[place], bits)) for place, bits in options])
    everybody = _packed(np.ones(rows, np.bool_))
    base = _f_measure(np.array([members]), np.array([rows]), members, beta)[0]
    beam: list[tuple[float, Box, Packed]] = [(float(base), {}, everybody)]
    best = beam[0]
    for _ in range(most):
        scored: dict[tuple[tuple[int, int], ...], tuple[float, Box, Packed]] = {}
        for _, box, held in beam:
            paid = sum(GAIN * len(asked_of(place, atoms[place], bits)) for place, bits in box.items())
            both = stacked & held
            taken = np.bitwise_count(both).sum(axis=1)
            hits = np.bitwise_count(both & inside).sum(axis=1)
            scores = _f_measure(hits, taken, members, beta) - price - paid
            for number in np.argsort(-scores, kind="stable")[: BEAM * 3].tolist():
                place, bits = options[number]
                if place in box:
                    continue
                grown = {**box, place: bits}
                key = tuple(sorted(grown.items()))
                scored.setdefault(key, (float(scores[number]), grown, both[number]))
        beam = sorted(scored.values(), key=lambda item: (-item[0], sorted(item[1].items())))[:BEAM]
        if not beam or beam[0][0] < best[0] + 1e-9:
            break
        best = beam[0]
    if not best[1]:
        return None
    return conjunction_of(best[1], atoms)


def _f_measure(hits: NDArray[np.integer], taken: NDArray[np.integer], members: int, beta: float) -> NDArray[np.float64]:
    weight = beta**2
    return np.asarray((1 + weight) * hits / np.maximum(weight * members + taken, 1), np.float64)


def _candidates(of: Atoms, masks: list[Packed], inside: Packed) -> Iterator[int]:
    """Yield the sets of atoms of a trait that a rule may ask for; each with what is missing left out, but for one."""
    pieces = range(of.known.bit_length())
    if of.words is None:
        for first in pieces:
            for last in pieces[first:]:
                bits = sum(1 << atom for atom in range(first, last + 1))
                if bits != of.known:
                    yield bits
    else:
        hits = [int(np.bitwise_count(masks[atom] & inside).sum()) for atom in pieces]
        taken = [int(np.bitwise_count(masks[atom]).sum()) for atom in pieces]
        order = sorted(pieces, key=lambda atom: (-hits[atom] / max(taken[atom], 1), atom))
        bits = 0
        for atom in order[:-1]:
            bits |= 1 << atom
            if is_one_piece(of, bits):
                yield bits
    if of.can_miss:
        yield of.missing
        yield of.known


# ------------------------------------------------------------------------------------------------- moving cut values


def _moved(rule: Conjunction, table: Table, inside: Mask, beta: float) -> Conjunction:
    """Return a rule with each cut value where it is best beside the others; one that is as good stays."""
    ends = [end for test in rule for end in _ends(test)]
    for _ in range(2):
        for place, test in enumerate(ends):
            if test.operator in ("lt", "gte") and isinstance(test.operand, float):
                others = ends[:place] + ends[place + 1 :]
                rows = meets((tuple(others),), table)
                cut = _best_cut(test, table.features[test.feature].take(rows), inside[rows], int(inside.sum()), beta)
                ends[place] = replace(test, operand=cut)
    moved, number = [], 0
    for test in rule:
        parts = ends[number : number + len(_ends(test))]
        number += len(parts)
        if test.operator == "between":
            low, high = (float(part.operand) for part in parts)  # type: ignore[arg-type]
            moved.append(replace(test, operand=(low, high - 1)))
        else:
            moved += parts
    return tuple(moved)


def _ends(test: TraitTest) -> list[TraitTest]:
    """Return a test as those of its ends."""
    if test.operator != "between":
        return [test]
    low, high = test.operand  # type: ignore[misc]
    return [replace(test, operator="gte", operand=float(low)), replace(test, operator="lt", operand=float(high) + 1)]


def _best_cut(test: TraitTest, feature: Feature, inside: Mask, members: int, beta: float) -> float:
    """Return the cut value of one test among rows that pass the others."""
    assert isinstance(test.operand, float)
    known = ~feature.missing
    values, hits = feature.numbers[known], inside[known]
    order = np.argsort(values, kind="stable")
    distinct, first = np.unique(values[order], return_index=True)
    # Cutting at the i-th distinct value, those before it are below.
    below, hits_below = first, np.concatenate([[0], np.cumsum(hits[order])])[first]
    is_upper = test.operator == "lt"
    taken = below if is_upper else len(values) - below
    found = hits_below if is_upper else int(hits.sum()) - hits_below
    if test.or_missing:
        taken, found = taken + int((~known).sum()), found + int(inside[~known].sum())
    scores = _f_measure(found, taken, members, beta)[1:]
    if not len(scores):
        return test.operand
    # The cut that is there parts the rows as one at the next value above it does.
    now = int(np.searchsorted(distinct, test.operand)) - 1
    best = int(np.argmax(scores))
    if 0 <= now < len(scores) and scores[now] >= scores[best] - 1e-12:
        return test.operand
    return roundest(float(distinct[best]), float(distinct[best + 1]), feature)
