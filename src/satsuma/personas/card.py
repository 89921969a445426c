"""The card of a segment: sentences that passed their tests, and the numbers behind each."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from satsuma.personas.facts import Topic
    from satsuma.statistics.statements.testing import Statement

NOTHING = "Nothing that we know sets these customers apart."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One statement as it is said.

    fact, title : the trait, or event and property, and what people call it. level : which of its values; empty for an
        amount. text : the clause. here, others, everybody : as people read them. numbers : everything behind it.
    """

    fact: str
    title: str
    topic: Topic
    level: str
    text: str
    here: str
    others: str
    everybody: str
    numbers: Statement

    @property
    def is_unlike(self) -> bool:
        """Whether the segment has less of it than others have."""
        return self.numbers.effect < 0

    def as_dict(self) -> dict[str, Any]:
        """Return the statement as plain JSON."""
        numbers = {
            # Of a few members all can be in one half: then the other half says nothing.
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self.numbers).items()
            if name not in ("question", "level")
        }
        return {
            "fact": self.fact, "title": self.title, "topic": self.topic, "level": self.level or None,
            "text": self.text, "is_unlike": self.is_unlike, "numbers": numbers,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented:
    """A customer who does not exist, as typical of a segment as can be said of at least `shared_by` real ones.

    facts : (title, value) in coarse bands. shared_by : members who have all of it.
    """

    name: str
    facts: tuple[tuple[str, str], ...]
    shared_by: int

    def as_dict(self) -> dict[str, Any]:
        """Return the invented customer as plain JSON."""
        return {
            "name": self.name, "is_invented": True, "shared_by": self.shared_by,
            "facts": [{"title": title, "value": value} for title, value in self.facts],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """What can be said of the customers of a segment, or of those with one label of a segmentation.

    value : net revenue of them all; value_share : of everybody's, None where that is not above 0.
    sentences : what is said, from `statements` alone; one that admits it where there is nothing.
    statements : those that are said, the largest effect first; more : others that passed.
    by_definition : what the rule itself implies, not tested.
    tried, significant, confirmed : statements tested, those that differ on the first half after correction, and those
        of them that hold on the other half.
    family : how many statements were corrected together, over all segments of the same kind.
    notes : what a reader must know.
    """

    name: str
    label: str | None
    title: str
    description: str
    as_of: datetime
    size: int
    share: float
    value: float
    value_share: float | None
    sentences: tuple[str, ...]
    statements: tuple[Said, ...]
    more: tuple[Said, ...]
    by_definition: tuple[Said, ...]
    invented: Invented | None
    tried: int
    significant: int
    confirmed: int
    family: int
    notes: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The name by which it is asked for."""
        return self.name if self.label is None else f"{self.name}:{self.label}"

    @property
    def is_set_apart(self) -> bool:
        """Whether anything is said of it."""
        return bool(self.statements)

    def as_dict(self) -> dict[str, Any]:
        """Return the card as plain JSON."""
        plain = ("name", "label", "title", "description", "size", "share", "value", "value_share", "tried",
                 "significant", "confirmed", "family")  # fmt: skip
        return {
            **{name: getattr(self, name) for name in plain},
            "as_of": f"{self.as_of.isoformat()}Z",
            "sentences": list(self.sentences),
            "statements": [item.as_dict() for item in self.statements],
            "more": [item.as_dict() for item in self.more],
            "by_definition": [item.as_dict() for item in self.by_definition],
            "invented": None if self.invented is None else self.invented.as_dict(),
            "notes": list(self.notes),
        }
