"""Conditions on traits: boxes of atoms, the tests that people read, and what makes a rule shorter without changing it.

The cut values of a rule divide each trait into atoms: the intervals between them, or the words; and one more for a
value that is missing, where some are. A box takes in a set of atoms of each trait, written as the bits of a whole
number. Meets, joins and complements are then exact, and what a missing value does is part of the box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from satsuma.statistics.rules.table import Codes, Feature, Mask, Table

Operator = Literal["lt", "gte", "between", "eq", "neq", "in", "not_in", "is_set", "not_set"]

#: A box: the atoms that it takes in, by trait; traits that are not named are not asked about.
Box = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class TraitTest:
    """One simple test of a trait.

    operand : a number for `lt`, `gte` and `eq` of numbers; the first and last number, both included, for `between`;
        codes for the others; None for presence.
    or_missing : whether a missing value passes, too; else it fails every test but `not_set`.
    """

    feature: int
    operator: Operator
    operand: float | tuple[float, float] | tuple[int, ...] | None = None
    or_missing: bool = False


#: All tests of one, any one of the other.
Conjunction = tuple[TraitTest, ...]
Rule = tuple[Conjunction, ...]


def passes(test: TraitTest, feature: Feature) -> Mask:
    """Say for each row whether it passes a test."""
    missing, values, operand = feature.missing, feature.values, test.operand
    if test.operator == "is_set":
        return ~missing
    if test.operator == "not_set":
        return missing
    if test.operator in ("lt", "gte", "between"):
        numbers = values.astype(np.float64)
        if test.operator == "lt":
            passed = numbers < operand  # type: ignore[operator]
        elif test.operator == "gte":
            passed = numbers >= operand  # type: ignore[operator]
        else:
            low, high = operand  # type: ignore[misc]
            passed = (numbers >= low) & (numbers <= high)
    else:
        wanted = np.isin(values, np.array(operand if isinstance(operand, tuple) else (operand,)))
        passed = wanted if test.operator in ("eq", "in") else ~wanted
    return np.asarray(passed | missing if test.or_missing else passed & ~missing, np.bool_)


def meets(rule: Rule, table: Table) -> Mask:
    """Say for each row whether it meets a rule."""
    found = np.zeros(len(table), np.bool_)
    for conjunction in rule:
        held = np.ones(len(table), np.bool_)
        for test in conjunction:
            held &= passes(test, table.features[test.feature])
        found |= held
    return found


def size(rule: Rule) -> int:
    """Return how many tests a rule has."""
    return sum(len(conjunction) for conjunction in rule)


# -------------------------------------------------------------------------------------------------------------- atoms


@dataclass(frozen=True, slots=True)
class Atoms:
    """How one trait is divided.

    cuts : of a number, ascending; atom i holds the values from cut i - 1 on and below cut i.
    words : of a category. has_rest : whether the last of them stands for all rare words.
    can_miss : whether any value is missing; the last atom is then that of missing values.
    """

    cuts: tuple[float, ...] = ()
    words: int | None = None
    has_rest: bool = False
    can_miss: bool = False
    is_whole: bool = False

    @property
    def known(self) -> int:
        """The bits of all values that are there."""
        return (1 << (len(self.cuts) + 1 if self.words is None else self.words)) - 1

    @property
    def missing(self) -> int:
        """The bit of a missing value; 0 where none is missing."""
        return self.known + 1 if self.can_miss else 0

    @property
    def all(self) -> int:
        return self.known | self.missing

    def below(self, cut: float) -> int:
        """Return the atoms below one of the cuts."""
        return (1 << (self.cuts.index(cut) + 1)) - 1

    def of(self, feature: Feature) -> Codes:
        """Return the atom of each row."""
        last = self.known.bit_length()
        if self.words is None:
            values = feature.numbers
            return np.where(np.isnan(values), last, np.searchsorted(np.array(self.cuts), values, side="right"))
        return np.where(feature.values < 0, last, feature.values).astype(np.int64)  # type: ignore[operator]


def is_one_piece(atoms: Atoms, bits: int) -> bool:
    """Say whether a set of atoms can be said by one condition: any words, or one interval."""
    inside = bits & atoms.known
    if atoms.words is not None or not inside:
        return True
    run = inside // (inside & -inside)
    return run & (run + 1) == 0


def asked_of(feature: int, atoms: Atoms, bits: int) -> tuple[TraitTest, ...]:
    """Return the tests that say a set of atoms of one trait."""
    inside, missing = bits & atoms.known, bool(bits & atoms.missing)
    if inside == atoms.known:
        return () if missing or not atoms.can_miss else (TraitTest(feature, "is_set"),)
    if not inside:
        return (TraitTest(feature, "not_set"),)
    if atoms.words is not None:
        return (_words_test(feature, atoms, inside, missing),)
    first, after = (inside & -inside).bit_length() - 1, inside.bit_length()
    low = atoms.cuts[first - 1] if first else None
    high = atoms.cuts[after - 1] if after <= len(atoms.cuts) else None
    if low is None:
        assert high is not None
        return (TraitTest(feature, "lt", high, missing),)
    if high is None:
        return (TraitTest(feature, "gte", low, missing),)
    if atoms.is_whole:
        if high - 1 == low:
            return (TraitTest(feature, "eq", low, missing),)
        return (TraitTest(feature, "between", (low, high - 1), missing),)
    return (TraitTest(feature, "gte", low, missing), TraitTest(feature, "lt", high, missing))


def _words_test(feature: int, atoms: Atoms, inside: int, missing: bool) -> TraitTest:
    words = range(atoms.words or 0)
    named = tuple(word for word in words if inside >> word & 1)
    others = tuple(word for word in words if not inside >> word & 1)
    # All rare words together are said by naming the others; else the shorter list is, and of two alike the positive.
    rest_is_in = atoms.has_rest and len(words) - 1 in named
    rest_is_out = atoms.has_rest and not rest_is_in
    if rest_is_out or (not rest_is_in and len(named) <= len(others)):
        return TraitTest(feature, "eq" if len(named) == 1 else "in", named, missing)
    return TraitTest(feature, "neq" if len(others) == 1 else "not_in", others, missing)


# -------------------------------------------------------------------------------------------------------------- boxes


def conjunction_of(box: Box, atoms: Sequence[Atoms]) -> Conjunction:
    """Return the tests that say a box, in the order of traits."""
    return tuple(test for feature in sorted(box) for test in asked_of(feature, atoms[feature], box[feature]))


def narrowed(box: Box, atoms: Sequence[Atoms], feature: int, bits: int) -> Box:
    """Return the part of a box with some atoms of one trait."""
    return {**box, feature: box.get(feature, atoms[feature].all) & bits}


def is_covered(box: Box, others: Sequence[Box], atoms: Sequence[Atoms]) -> bool:
    """Say whether all of a box lies in others together."""
    if any(not bits for bits in box.values()):
        return True
    if not others:
        return False
    other, rest = others[0], others[1:]
    if any(not box.get(feature, atoms[feature].all) & bits for feature, bits in other.items()):
        return is_covered(box, rest, atoms)
    # What of the box is outside of the other, trait by trait; the pieces do not overlap.
    for feature, bits in other.items():
        outside = box.get(feature, atoms[feature].all) & ~bits
        if outside and not is_covered({**box, feature: outside}, rest, atoms):
            return False
        box = {**box, feature: box.get(feature, atoms[feature].all) & bits}
    return True


def simplified(boxes: Iterable[Box], atoms: Sequence[Atoms], free: Sequence[Box] = ()) -> list[Box]:
    """Return fewer and wider boxes that take in the same.

    Boxes that differ in one trait are joined where one condition can say both; conditions are dropped where what they
    keep out is taken in by other boxes; boxes within others go.

    Parameters
    ----------
    free : boxes that may be taken in as well, such as what an earlier rule has taken.
    """
    kept = [_lean(box, atoms) for box in boxes]
    before = None
    while before != kept:
        before = list(kept)
        kept = _joined(kept, atoms)
        kept = _widened(kept, atoms, free)
        kept = _without_covered(kept, atoms)
    return kept


def _lean(box: Box, atoms: Sequence[Atoms]) -> Box:
    return {feature: bits for feature, bits in sorted(box.items()) if bits != atoms[feature].all}


def _joined(boxes: list[Box], atoms: Sequence[Atoms]) -> list[Box]:
    kept = list(boxes)
    for first in range(len(kept)):
        for second in range(first + 1, len(kept)):
            one, two = kept[first], kept[second]
            differ = [name for name in sorted({*one, *two}) if one.get(name) != two.get(name)]
            if len(differ) != 1:
                continue
            feature = differ[0]
            union = one.get(feature, atoms[feature].all) | two.get(feature, atoms[feature].all)
            if is_one_piece(atoms[feature], union):
                joined = _lean({**one, feature: union}, atoms)
                return _joined([*kept[:first], joined, *kept[first + 1 : second], *kept[second + 1 :]], atoms)
    return kept


def _widened(boxes: list[Box], atoms: Sequence[Atoms], free: Sequence[Box]) -> list[Box]:
    kept = list(boxes)
    for place in range(len(kept)):
        others = [box for number, box in enumerate(kept) if number != place] + list(free)
        for feature in sorted(kept[place]):
            box = kept[place]
            for bits in _wider(box[feature], atoms[feature]):
                if is_covered({**box, feature: bits & ~box[feature]}, others, atoms):
                    kept[place] = _lean({**box, feature: bits}, atoms)
                    break
    return kept


def _wider(bits: int, atoms: Atoms) -> list[int]:
    """Return sets of atoms that need fewer tests, the widest first: all of them, or an interval open at one end."""
    found = [atoms.all]
    inside = bits & atoms.known
    if atoms.words is None and inside:
        lowest, highest = inside & -inside, inside.bit_length()
        found += [
            wider | bits
            for wider in ((1 << highest) - 1, atoms.known & ~(lowest - 1))
            if (wider | bits) != bits and wider != atoms.known
        ]
    return [wider for wider in found if wider != bits]


def _without_covered(boxes: list[Box], atoms: Sequence[Atoms]) -> list[Box]:
    kept = list(boxes)
    # The narrowest first, so that a wide box is not dropped for the sake of its parts.
    for box in sorted(boxes, key=len, reverse=True):
        others = list(kept)
        others.remove(box)
        if is_covered(box, others, atoms):
            kept = others
    return kept
