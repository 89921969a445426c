"""`cross`: two or more segmentations at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from satsuma.language.methods import Reads
from satsuma.language.standard_methods import reading

if TYPE_CHECKING:
    from satsuma.documents import Path_
    from satsuma.language.checker import Checker
    from satsuma.language.reader import Reader

SETTINGS = ("of", "most", "otherwise")
SEPARATOR = " / "
OTHERWISE = "Other"
#: More groups than this nobody can tell apart; the largest are kept.
MOST = 60
MOST_ALLOWED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossSettings:
    """The segmentations, how many combinations get a label of their own, and the label of the rest."""

    of: tuple[str, ...]
    most: int = MOST
    otherwise: str = OTHERWISE


class CrossMethod:
    """Labels by the labels of other segmentations."""

    name = "cross"
    settings = SETTINGS

    def read(self, reader: Reader, given: dict[str, Any], path: Path_) -> CrossSettings | None:
        reading.own_keys(reader, given, SETTINGS, path, self.name)
        here = (*path, "of")
        if "of" not in given:
            reader.problem(path, "The method 'cross' needs 'of:', the names of two or more segmentations: [a, b].")
            return None
        of = reading.texts(reader, given["of"], here, "'of'")
        if of is None:
            return None
        if not 2 <= len(of) <= 4 or len(set(of)) < len(of):
            reader.problem(here, "'of' takes two to four different segmentations.")
            return None
        return CrossSettings(
            of=of,
            most=reader.integer(given, "most", path, low=2, high=MOST_ALLOWED, default=MOST),
            otherwise=reading.label(reader, given, "otherwise", path, OTHERWISE),
        )

    def check(self, checker: Checker, settings: CrossSettings) -> CrossSettings:  # noqa: ARG002  names are references
        return settings

    def reads(self, settings: CrossSettings) -> Reads:
        return Reads(segmentations=settings.of, at=("of",))

    def labels(self, settings: CrossSettings) -> tuple[str, ...] | None:  # noqa: ARG002  which occur, only data tell
        return None

    def explain(self, settings: CrossSettings) -> Iterable[str]:
        listed = SEPARATOR.join(settings.of)
        yield f"Each combination of labels of {listed} that occurs is a group."
        yield f"If there are more than {settings.most}, the largest are, and the rest is '{settings.otherwise}'."
