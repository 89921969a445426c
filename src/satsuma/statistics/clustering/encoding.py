"""From traits as people know them to rows that can be grouped, with a sentence for every decision.

    number, money, integer   reshaped where skewed, outliers moved in, standardised
    ordered                  its levels counted 0, 1, 2 and so on, standardised
    boolean, category        levels; rare ones share "other", missing is a level of its own where it is common

`deciding.py` decides; `encoded.py` says how one trait is applied; here they come together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.statistics.clustering.deciding import decide
from satsuma.statistics.clustering.encoded import EncodedTrait, RawTrait, ValueKind
from satsuma.statistics.clustering.rows import Rows
from satsuma.statistics.clustering.transforms import Transform

__all__ = ["EncodedTrait", "Encoding", "RawTrait", "ValueKind", "fit_encoding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How traits become rows: decided once, kept, and applied to any rows with the same traits.

    rows : how many it was learned from.
    """

    traits: tuple[EncodedTrait, ...]
    rows: int

    @property
    def used(self) -> tuple[EncodedTrait, ...]:
        """The traits that were not left out."""
        return tuple(each for each in self.traits if each.use != "left_out")

    @property
    def reasons(self) -> tuple[tuple[str, str], ...]:
        """What was decided and why: a trait and a sentence each."""
        return tuple((each.name, sentence) for each in self.traits for sentence in each.reasons)

    @property
    def number_names(self) -> tuple[str, ...]:
        """The trait of each column of numbers."""
        return tuple(each.name for each in self.traits if each.has_number)

    @property
    def code_names(self) -> tuple[str, ...]:
        """The trait of each column of codes."""
        return tuple(each.name for each in self.traits if each.has_codes)

    @property
    def code_words(self) -> tuple[tuple[str, ...], ...]:
        """The words of each column of codes."""
        return tuple(each.code_words for each in self.traits if each.has_codes)

    def apply(self, traits: Sequence[RawTrait], *, complete: bool = True) -> Rows:
        """Return the traits as rows.

        Parameters
        ----------
        traits : at least those used, in any order; others are not looked at.
        complete : whether missing values are filled in as was decided; else they stay NaN and -1.

        Raises
        ------
        ValueError
            When a trait is not among those given.
        """
        given = self._given(traits)
        count = len(traits[0].values) if traits else 0
        with_number = [each for each in self.traits if each.has_number]
        with_codes = [each for each in self.traits if each.has_codes]
        numbers = np.empty((count, len(with_number)))
        codes = np.empty((count, len(with_codes)), np.int32)
        for place, each in enumerate(with_number):
            numbers[:, place] = each.numbers(given[each.name], complete=complete)
        for place, each in enumerate(with_codes):
            codes[:, place] = each.codes(given[each.name], complete=complete)
        return Rows(numbers, codes, tuple(len(words) for words in self.code_words))

    def too_empty(self, traits: Sequence[RawTrait], *, share: float = 0.5) -> NDArray[np.bool_]:
        """Return which rows lack more than this share of the traits used, and should have no part in a fit."""
        given = self._given(traits)
        lacking = np.zeros(len(traits[0].values) if traits else 0, np.int64)
        for each in self.used:
            lacking += given[each.name].is_missing
        return lacking > share * len(self.used)

    def _given(self, traits: Sequence[RawTrait]) -> dict[str, RawTrait]:
        given = {trait.name: trait for trait in traits}
        absent = [each.name for each in self.used if each.name not in given]
        if absent:
            raise ValueError(f"The rows lack the traits {', '.join(absent)}, which the encoding uses.")
        return given

    def as_dict(self) -> dict[str, Any]:
        """Return the encoding as plain JSON."""
        return {
            "rows": self.rows,
            "traits": [
                {**asdict(each), "reasons": list(each.reasons), "levels": list(each.levels),
                 "transform": each.transform.as_dict()}
                for each in self.traits
            ],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Encoding:
        """Return the encoding that `as_dict` wrote."""
        return cls(
            rows=plain["rows"],
            traits=tuple(
                EncodedTrait(**{
                    **each, "reasons": tuple(each["reasons"]), "levels": tuple(each["levels"]),
                    "transform": Transform.from_dict(each["transform"]),
                })
                for each in plain["traits"]
            ),
        )  # fmt: skip


def fit_encoding(traits: Sequence[RawTrait]) -> Encoding:
    """Return how traits become rows, learned from their values; of more than 100,000 rows every so many-th counts.

    Raises
    ------
    CannotEstimate
        When a value is infinite, or no trait is left that could tell rows apart.
    """
    return Encoding(traits=decide(traits), rows=len(traits[0].values) if traits else 0)
