"""Exports of other tools as files, and when a definition made of one may be written."""

from __future__ import annotations

from pathlib import Path

from satsuma.errors import SourceError, WrongUse
from satsuma.language.imports.outcome import Imported, UnknownName

#: An export of one definition is small; this is something else.
MOST_BYTES = 5_000_000


def read_export(path: Path) -> str:
    """Return the text of an export.

    Raises
    ------
    SourceError
        When it cannot be read, with the reason.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SourceError(f"'{path}' is too large for one definition.", hint="Save the one segment by itself.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceError(f"'{path}' cannot be read ({error.strerror or 'the system refused'}).") from None
    except UnicodeDecodeError:
        raise SourceError(f"'{path}' is not UTF-8 text.", hint="Save it as UTF-8.") from None


def refuse_unless_whole(found: Imported, target: Path) -> None:
    """Refuse to write a definition that says less than theirs, or that has names nobody knows.

    Raises
    ------
    WrongUse
        With every part and name.
    """
    if found.refused:
        parts = "; ".join(f"{note.path}: {note.message}" if note.path else note.message for note in found.refused)
        raise WrongUse(
            f"Parts of this definition have no counterpart here: {parts}",
            hint="Nothing was written: a definition is taken whole or not at all.",
            refused=[note.as_dict() for note in found.refused],
        )
    if found.unknown:
        names = ", ".join(f"the {item.kind} '{item.theirs}'" for item in found.unknown)
        options = " ".join(f"--map '{map_option(item)}'" for item in found.unknown)
        raise WrongUse(
            f"These names are not known here: {names}.",
            hint=f"Nothing was written. Say what they are called here: {options}",
            unknown=[
                {"kind": item.kind, "theirs": item.theirs, "nearest": list(item.nearest)} for item in found.unknown
            ],
        )
    if target.exists():
        raise WrongUse(f"'{target}' is there already.", hint="Name another file, or delete that definition first.")


def map_option(item: UnknownName) -> str:
    """Return what to say of an unknown name: the nearest known one, or a gap to fill."""
    return f"{item.theirs}={item.nearest[0] if item.nearest else 'NAME'}"
