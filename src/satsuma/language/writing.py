"""Putting one definition among the others: what must be right before its file is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from satsuma.errors import DefinitionError, Problem
from satsuma.language.checker import Checked
from satsuma.language.definitions import ReadDefinitions, read_again

Checking = Callable[[ReadDefinitions], Checked]


def text_digest(text: str) -> str:
    """Return by what a text of a definition is known again; empty for no text."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


def refuse_worse(
    read: ReadDefinitions, key: tuple[str, str], file: str, text: str, *, check: Checking, zone: ZoneInfo, root: Path
) -> None:
    """Refuse a text that is wrong, or that makes others wrong; mistakes that were there before do not count.

    Parameters
    ----------
    read : all definitions as they are. key : kind and name of the one that is written. file : its file.

    Raises
    ------
    DefinitionError
        With every mistake that comes with the text.
    """
    others = replace(
        read,
        problems=tuple(problem for problem in read.problems if problem.path != file),
        broken=tuple(item for item in read.broken if item != key),
    )
    before = set(_mistakes(read, check))
    after = _mistakes(read_again(others, {file: text}, gone="", zone=zone, root=root), check)
    worse = [problem for problem in after if problem.path == file or problem not in before]
    if worse:
        raise DefinitionError.of(worse)


def _mistakes(read: ReadDefinitions, check: Checking) -> tuple[Problem, ...]:
    try:
        check(read)
    except DefinitionError as error:
        return error.details
    return ()
