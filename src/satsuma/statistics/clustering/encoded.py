"""One trait as columns: what was decided about it, and how its values become numbers and codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.rows import Codes, Floats
from satsuma.statistics.clustering.transforms import Transform

ValueKind = Literal["number", "money", "integer", "boolean", "category", "ordered"]
Use = Literal["number", "levels", "part_and_number", "left_out"]

#: What the joined rare levels and the missing values are called.
OTHER = "other"
MISSING = "missing"

NO_YES = ("no", "yes")


@dataclass(frozen=True, slots=True, eq=False)
class RawTrait:
    """A trait's values, one for each row.

    Parameters
    ----------
    values : array, shape (n,)
        Of numbers and booleans floats, NaN missing; of categories and ordered ones the codes of `words`, -1 missing.
    words : of a category or ordered trait, its levels, an ordered one's from the lowest to the highest.
    """

    name: str
    kind: ValueKind
    values: NDArray[Any]
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.has_words and not self.words:
            raise ValueError(f"Trait '{self.name}' is {self.kind}, so it needs the words of its levels.")

    @property
    def has_words(self) -> bool:
        """Whether the values are codes of words."""
        return self.kind in ("category", "ordered")

    @property
    def is_missing(self) -> NDArray[np.bool_]:
        """Which rows have no value."""
        return np.asarray(self.values < 0 if self.has_words else np.isnan(self.values))

    @property
    def floats(self) -> Floats:
        """The values as numbers, NaN missing."""
        found = np.asarray(self.values, np.float64)
        return np.where(found < 0, np.nan, found) if self.has_words else found


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedTrait:
    """How one trait becomes columns.

    use : `number`, a column of numbers; `levels`, a column of codes; `part_and_number`, both: whether the value is
        other than `atom`, and how large it then is; `left_out`, none.
    reasons : a sentence for each decision.
    low, high : values beyond are moved to them, before the transform.
    centre, spread : taken off and divided by, after the transform. fill : the value of a missing one.
    levels : the words with a code of their own, in the order of the codes; then `other`, then missing, if they have
        one. common : the code of a missing one that has none of its own.
    """

    name: str
    kind: ValueKind
    use: Use
    reasons: tuple[str, ...] = ()
    transform: Transform = field(default_factory=Transform)
    atom: float | None = None
    low: float = 0.0
    high: float = 0.0
    centre: float = 0.0
    spread: float = 1.0
    fill: float = 0.0
    levels: tuple[str, ...] = ()
    has_other: bool = False
    has_missing: bool = False
    common: int = 0

    @property
    def has_number(self) -> bool:
        """Whether the trait has a column of numbers."""
        return self.use in ("number", "part_and_number")

    @property
    def has_codes(self) -> bool:
        """Whether the trait has a column of codes."""
        return self.use in ("levels", "part_and_number")

    @property
    def code_words(self) -> tuple[str, ...]:
        """What each code means."""
        if self.use == "part_and_number":
            return (f"{self.atom:g}", f"not {self.atom:g}")
        return (*self.levels, *([OTHER] if self.has_other else []), *([MISSING] if self.has_missing else []))

    def numbers(self, trait: RawTrait, *, complete: bool) -> Floats:
        """Return the column of numbers."""
        values = trait.floats
        missing = np.isnan(values)
        inside = np.where(missing, self.fill, values)
        at_atom = inside == self.atom if self.atom is not None else None
        column = (self.transform(np.clip(inside, self.low, self.high)) - self.centre) / self.spread
        if at_atom is not None:
            column[at_atom] = 0.0
        if not complete:
            column[missing] = np.nan
        return column

    def codes(self, trait: RawTrait, *, complete: bool) -> Codes:
        """Return the column of codes."""
        missing = trait.is_missing
        if self.use == "part_and_number":
            found: Codes = (np.where(missing, self.fill, trait.floats) != self.atom).astype(np.int32)
        else:
            found = self._levels(trait)
            missing = found < 0
            found[missing] = len(self.levels) + self.has_other if self.has_missing else self.common
        if not complete:
            found[missing] = -1
        return found

    def _levels(self, trait: RawTrait) -> Codes:
        words = trait.words if trait.has_words else NO_YES
        place = {word: code for code, word in enumerate(self.levels)}
        # A level that was never seen is one of the rare ones; where there were none, it is not known.
        unseen = len(self.levels) if self.has_other else -1
        lookup = np.array([*(place.get(word, unseen) for word in words), -1], np.int32)
        values = trait.values
        if not trait.has_words:
            values = np.where(np.isnan(values), -1.0, values != 0).astype(np.int32)
        found: Codes = lookup[values]
        return found
