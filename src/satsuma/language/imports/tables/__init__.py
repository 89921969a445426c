"""What each importer takes and refuses, by examples: the tests import them, and the pages show what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Any

from satsuma.documents import read_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A part of another tool's definition. becomes : our condition; None where the part is refused."""

    part: str
    example: Any
    becomes: Any = None


def rows(tool: str) -> list[Row]:
    """Return the table of one tool, what is taken first."""
    text = resources.files(__package__).joinpath(f"{tool}.yaml").read_text(encoding="utf-8")
    value = read_document(text, f"{tool}.yaml").value
    return [Row(**row) for row in (*value["taken"], *value["refused"])]
