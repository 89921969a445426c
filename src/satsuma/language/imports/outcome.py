"""What an import gives: our definition, and every difference, mapping and refusal by name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

NameKind = Literal["trait", "event", "property", "segment", "list", "purpose"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence about one part of what was given, and the path of that part."""

    path: str
    message: str

    def as_dict(self) -> dict[str, str]:
        return {"path": self.path, "message": self.message}


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedName:
    """A name of theirs that is another one here."""

    kind: NameKind
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownName:
    """A name of theirs that nothing has here, with the nearest that are known."""

    kind: NameKind
    theirs: str
    path: str
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A definition of another tool as ours, or why it cannot be.

    text : our definition; empty when parts were refused: nothing is ever left out of one.
    differences : what means something else here than there.
    """

    tool: str
    kind: Literal["segment", "trait"]
    name: str
    text: str = ""
    differences: tuple[Note, ...] = ()
    mapped: tuple[MappedName, ...] = ()
    unknown: tuple[UnknownName, ...] = ()
    refused: tuple[Note, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every part was taken and every name is known here."""
        return not self.refused and not self.unknown

    def as_dict(self) -> dict[str, Any]:
        return {
            "tool": self.tool, "kind": self.kind, "name": self.name, "text": self.text,
            "differences": [item.as_dict() for item in self.differences],
            "mapped": [asdict(item) for item in self.mapped],
            "unknown": [asdict(item) for item in self.unknown],
            "refused": [item.as_dict() for item in self.refused],
        }  # fmt: skip


class RefusedError(Exception):
    """One part cannot be taken; its siblings are still looked at, so that all are reported together."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.note = Note(path=path, message=message)
