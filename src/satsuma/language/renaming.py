"""Who uses a name, where it stands, and the same files with another name: what deleting and renaming need to know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from satsuma.catalog import NAME_PATTERN
from satsuma.documents import Document, Path_
from satsuma.errors import InUse, WrongUse
from satsuma.language.checker import Checked, kind_of
from satsuma.language.leaves import every_reference
from satsuma.language.types import Definition
from satsuma.language.yaml_tree import Scalar, scalar_spans
from satsuma.language.yaml_writer import scalar_text

NamedKind = Literal["trait", "segment", "segmentation", "list"]

#: The keys under which the name of each kind stands.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "trait": ("trait", "rank", "reverse", "language", "sentiment", "topic", "rating"),
    "segment": ("segment", "in_segment", "not_in_segment", "entered", "left"),
    "segmentation": ("segmentation",),
    "list": ("list",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A definition that uses a name, and where."""

    kind: str
    name: str
    path: str
    line: int | None

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "path": self.path, "line": self.line}

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{self.kind} '{self.name}' ({where})"


def uses(checked: Checked, documents: Mapping[str, Document], kind: NamedKind, name: str) -> list[Use]:
    """Return the definitions that use a name, each once, in the order of files."""
    found = []
    for definition, at in _referring(checked, kind, name):
        document = documents.get(definition.file)
        line = None if document is None else document.line(at)
        found.append(Use(kind=kind_of(definition), name=definition.name, path=definition.file, line=line))
    return sorted({(use.kind, use.name): use for use in reversed(found)}.values(), key=lambda use: use.path)


def refuse_if_used(checked: Checked, documents: Mapping[str, Document], kind: NamedKind, name: str) -> None:
    """Refuse to let go of a name that definitions use (rule S9).

    Raises
    ------
    InUse
        With every definition that uses it, and where.
    """
    found = uses(checked, documents, kind, name)
    if found:
        listed = ", ".join(map(str, found))
        raise InUse(
            f"The {kind} '{name}' is used by {listed}.",
            hint="Nothing was deleted. Change or delete what uses it first.",
            users=[use.as_dict() for use in found],
        )


def refuse_name(checked: Checked, kind: NamedKind, new: str) -> None:
    """Refuse a new name that is none, or that something has already.

    Raises
    ------
    WrongUse
        With what a name looks like, or what has it.
    """
    if not re.fullmatch(NAME_PATTERN, new):
        hint = "A name is of lower-case letters, digits and _, beginning with a letter."
        raise WrongUse(f"'{new}' is not a name for a {kind}.", hint=hint)
    taken = {(kind_of(item), item.name) for item in checked.ordered}
    if (kind, new) in taken or (kind == "trait" and new in checked.trait_types):
        raise WrongUse(f"There is a {kind} '{new}' already.", hint="Choose another name, or rename that one first.")


def renamed(checked: Checked, texts: Mapping[str, str], kind: NamedKind, old: str, new: str) -> dict[str, str]:
    """Return the new text of every file in which a name stands; all else in them stays as it is, to the character.

    Parameters
    ----------
    texts : the definitions' files by name.
    """
    changes: dict[str, dict[tuple[int, int], str]] = {}
    for definition, at in _referring(checked, kind, old):
        if definition.file not in texts:
            continue
        text = texts[definition.file]
        for path, span in scalar_spans(text).items():
            if at == ("formula",) == path:
                part = re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)(?!\s*\()", new, text[span.start : span.end])
                changes.setdefault(definition.file, {})[span.start, span.end] = part
            elif span.text == old and _names(path, at, kind):
                changes.setdefault(definition.file, {})[span.start, span.end] = _written(new)
    for definition in checked.ordered:
        if (kind_of(definition), definition.name) == (kind, old) and definition.file in texts:
            span = scalar_spans(texts[definition.file])[kind,]
            changes.setdefault(definition.file, {})[span.start, span.end] = _written(new)
    return {file: _replaced(texts[file], parts) for file, parts in changes.items()}


def _referring(checked: Checked, kind: str, name: str) -> Iterator[tuple[Definition, Path_]]:
    for definition in checked.ordered:
        for reference in every_reference(definition):
            if (reference.kind, reference.name) == (kind, name):
                yield definition, reference.at


def _names(path: Path_, at: Path_, kind: str) -> bool:
    """Say whether a scalar at `path` is the name that a reference at `at` tells of."""
    if path[: len(at)] != at or len(path) > len(at) + 2:
        return False
    return path[-1] in _KEYS[kind] or (isinstance(path[-1], int) and path[:-1] == at)


def _written(name: str) -> str:
    return scalar_text(Scalar(name, quoted=True), flow=True)


def _replaced(text: str, parts: Mapping[tuple[int, int], str]) -> str:
    for start, end in sorted(parts, reverse=True):
        text = text[:start] + parts[start, end] + text[end:]
    return text
