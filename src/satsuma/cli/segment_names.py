"""Segments as commands take them: by name, as a file, or on standard input."""

from __future__ import annotations

from pathlib import Path

SEGMENT_HELP = "The name of a segment, or a segment's file, or - for standard input."


def segment_asked(given: str) -> str | Path:
    """Return what a call of the workspace takes: a name, the path of a file, or the text of standard input."""
    from satsuma.cli.segments import definition_text
    from satsuma.segments.standing import is_name

    if given == "-":
        return definition_text(given)[0]
    return given if is_name(given) else Path(given)
