"""The evidence card: everything that is known of how good a segment or a segmentation is, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from satsuma.errors import NotFound
from satsuma.evidence.afterwards import Afterwards
from satsuma.evidence.drift import GroupDrift
from satsuma.evidence.overall import Explained
from satsuma.evidence.overlap import Alikeness, Nearest
from satsuma.evidence.reach import Reach
from satsuma.evidence.separation import Separation
from satsuma.evidence.split import Halves
from satsuma.evidence.stability import Earlier, Stability
from satsuma.evidence.verdict import Verdict
from satsuma.evidence.worth import GroupWorth

Card = TypeVar("Card")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCard:
    """What is known of one segment, or of one label of a segmentation.

    size, share : how many, of everybody (0 to 1); share_low, share_high : the share's 95 % interval (Wilson).
    is_told : whether it has members enough (10) to be told more of than that. What was not looked at is None.
    earlier : itself some days before, the nearest moment first.
    """

    name: str
    label: str | None = None
    title: str
    size: int
    share: float
    share_low: float
    share_high: float
    is_told: bool
    verdict: Verdict
    separation: Separation
    stability: Stability | None = None
    earlier: tuple[Earlier, ...] = ()
    worth: GroupWorth | None = None
    reach: Reach | None = None
    afterwards: Afterwards | None = None
    drift: GroupDrift | None = None
    nearest: Nearest | None = None
    alike: Alikeness | None = None
    halves: Halves | None = None

    @property
    def called(self) -> str:
        """The name people see: of a label, with its segmentation."""
        return self.name if self.label is None else f"{self.name}: {self.label}"

    def as_dict(self) -> dict[str, Any]:
        parts = ("worth", "reach", "stability", "afterwards", "drift", "nearest", "alike", "halves")
        return {
            "name": self.name, "label": self.label, "title": self.title, "size": self.size, "share": self.share,
            "share_low": self.share_low, "share_high": self.share_high, "is_told": self.is_told,
            "verdict": self.verdict.as_dict(), "separation": self.separation.as_dict(),
            "earlier": [item.as_dict() for item in self.earlier],
            **{name: None if getattr(self, name) is None else getattr(self, name).as_dict() for name in parts},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationCard:
    """What is known of a segmentation as a whole, and of each of its labels.

    explained : how far each trait follows the labels. rand : the adjusted Rand index between fits on customers drawn
    again (1 the same); kept_rand : between the labels as kept and a fit of today. None where nothing is fitted.
    """

    name: str
    title: str
    method: str
    verdict: Verdict
    labels: tuple[EvidenceCard, ...]
    explained: tuple[Explained, ...]
    rand: float | None = None
    kept_rand: float | None = None

    def label(self, name: str) -> EvidenceCard:
        """Return the card of one label.

        Raises
        ------
        NotFound
            With the nearest known labels.
        """
        return _named("label", name, {str(card.label): card for card in self.labels})

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name, "title": self.title, "method": self.method, "verdict": self.verdict.as_dict(),
            "rand": self.rand, "kept_rand": self.kept_rand, "explained": [item.as_dict() for item in self.explained],
            "labels": [card.as_dict() for card in self.labels],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedBack:
    """At which past moments groups were looked at again, and how.

    since, until : of membership and of what followed; None when that was not looked at. moments : of size and
    stability. known_then : whether only what had arrived by each moment counts there.
    """

    since: datetime | None
    until: datetime | None
    moments: tuple[datetime, ...]
    known_then: bool

    def as_dict(self) -> dict[str, Any]:
        return {"since": self.since, "until": self.until, "moments": list(self.moments), "known_then": self.known_then}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The cards of a run's segments and segmentations. Moments are UTC without a zone; money is in the currency.

    traits : by which groups were told apart. looked_back : None when the past was not looked at.
    """

    as_of: datetime
    known_at: datetime | None
    population: int
    traits: tuple[str, ...]
    segments: tuple[EvidenceCard, ...]
    segmentations: tuple[SegmentationCard, ...]
    looked_back: LookedBack | None = None
    warnings: tuple[str, ...] = ()

    def card(self, name: str) -> EvidenceCard | SegmentationCard:
        """Return the card of a segment or segmentation.

        Raises
        ------
        NotFound
            With the nearest known names.
        """
        known: dict[str, EvidenceCard | SegmentationCard] = {card.name: card for card in self.segments}
        known.update({card.name: card for card in self.segmentations})
        return _named("card", name, known)

    def groups(self) -> Iterator[EvidenceCard]:
        """Yield the cards of all segments, and of all labels."""
        yield from self.segments
        for whole in self.segmentations:
            yield from whole.labels

    def as_dict(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of, "known_at": self.known_at, "population": self.population, "traits": list(self.traits),
            "looked_back": None if self.looked_back is None else self.looked_back.as_dict(),
            "segments": [card.as_dict() for card in self.segments],
            "segmentations": [card.as_dict() for card in self.segmentations], "warnings": list(self.warnings),
        }  # fmt: skip


def _named(what: str, name: str, cards: dict[str, Card]) -> Card:
    if name not in cards:
        raise NotFound.named(what, name, cards, hint="See: satsuma evidence")
    return cards[name]
