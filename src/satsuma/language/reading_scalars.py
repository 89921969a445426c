"""The simplest parts of a definition: names, texts, choices, and the collecting of mistakes with their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from satsuma.documents import Document, DocumentError, DocumentReader, Path_, read_file, yaml_files
from satsuma.errors import nearest


class Raw(NamedTuple):
    """A scalar as it was parsed and as it was written."""

    value: Any
    text: str


class ScalarReader(DocumentReader):
    """Reads one document; `problems` holds what was wrong with it.

    root : the workspace's folder, when settings may name further files; `files` holds those that were read.
    """

    def __init__(self, document: Document, zone: ZoneInfo, root: Path | None = None) -> None:
        super().__init__(document)
        self.zone = zone
        self.root = root
        self.files: dict[str, Document] = {}

    def mapping(self, value: Any, path: Path_, what: str) -> dict[str, Any] | None:
        if isinstance(value, dict):
            return value
        self.problem(path, f"{what} must be written as 'key: value' lines.")
        return None

    def text(self, given: dict[str, Any], key: str, path: Path_, default: str = "") -> str:
        value = given.get(key)
        if value is None:
            return default
        if isinstance(value, (dict, list)):
            self.problem((*path, key), f"'{key}' must be a text.")
            return default
        return self.document.text((*path, key)) or default

    def name(self, given: dict[str, Any], key: str, path: Path_) -> str | None:
        """Read a reference to something by its name."""
        value = given.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, (int, float)):
            return self.document.text((*path, key))
        self.problem((*path, key), f"'{key}' needs a name.")
        return None

    def raw(self, value: Any, path: Path_) -> Raw | None:
        if isinstance(value, (dict, list)) or value is None:
            return None
        return Raw(value, self.document.text(path) or "")

    def attached(self, folder: str, stem: str, path: Path_, what: str) -> Self | None:
        """Return a reader of a further file that a setting names, `folder/stem.yaml`; None after reporting why not."""
        if self.root is None:
            self.problem(path, f"A {what} in a file of its own can only be read in a workspace.")
            return None
        known = {found.stem: found for found in yaml_files(self.root / folder)}
        if stem not in known:
            message = f"There is no {what} '{stem}' in the folder {folder}/ (the file {stem}.yaml)."
            self.problem(path, message, nearest(stem, known))
            return None
        name = f"{folder}/{known[stem].name}"
        try:
            document = read_file(known[stem], name)
        except DocumentError as error:
            self.problems.append(error.problem)
            return None
        self.files[name] = document
        return type(self)(document, self.zone, self.root)

    def integer(self, given: dict[str, Any], key: str, path: Path_, *, low: int, high: int, default: int) -> int:
        value = given.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.problem((*path, key), f"'{key}' must be a whole number from {low} to {high}.")
        return default
