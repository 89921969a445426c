"""`satsuma import-definition`: segments and traits that were written for another tool."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse

if TYPE_CHECKING:
    from satsuma.language.imports import Imported
    from satsuma.workspace import Workspace


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        "import-definition",
        epilog=example(
            "satsuma import-definition --from posthog cohort.json -o segments/active_users.yaml",
            "satsuma import-definition --from klaviyo vip.json --map 'XyZ123=Order Completed'",
        ),
    )(import_definition)


def import_definition(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What the other tool's API or export gave.")],
    tool: Annotated[
        str, typer.Option("--from", metavar="TOOL", help="segment, klaviyo, posthog, dittofeed or growthbook.")
    ],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The definition's name; else made of theirs.", show_default=False)
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="THEIRS=OURS", help="What a name of theirs is called here; several times."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write it there; else it is shown.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take over a definition from another tool, with every difference of meaning named.

    It is taken whole or not at all: parts without a counterpart are named with their path. Names are found in the
    catalogue; on a terminal you are asked about those that are only nearly there.
    """
    mapping = name_map(pairs)
    with opened(workspace) as opened_workspace:
        found = opened_workspace.import_definition(file, tool=tool, name=name, map=mapping)
        if not as_json and sys.stdin.isatty():
            found = _asked(opened_workspace, found, mapping, {"file": file, "tool": tool, "name": name})
        if to is not None and found.is_whole:
            found = opened_workspace.import_definition(file, tool=tool, name=name, map=mapping, to=to)
    if as_json:
        output.show_json(found.as_dict())
    else:
        show(found, to)
    if to is not None and not found.is_whole:
        from satsuma.language.imports.files import refuse_unless_whole

        refuse_unless_whole(found, to)
    if found.refused:
        raise typer.Exit(1)


def name_map(pairs: list[str] | None) -> dict[str, str]:
    """Return `THEIRS=OURS` options as a mapping.

    Raises
    ------
    WrongUse
        When one has no `=`.
    """
    found: dict[str, str] = {}
    for pair in pairs or ():
        theirs, equals, ours = pair.rpartition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise WrongUse(
                f"'--map {pair}' does not say which name is which.",
                hint="Write THEIRS=OURS, for example --map 'XyZ123=Order Completed'.",
            )
        found[theirs.strip()] = ours.strip()
    return found


def _asked(workspace: Workspace, found: Imported, mapping: dict[str, str], again: dict[str, Any]) -> Imported:
    """Ask about each name that is nearly known, and import once more with the answers."""
    before = dict(mapping)
    for item in found.unknown:
        for near in item.nearest:
            if typer.confirm(f"There is no {item.kind} '{item.theirs}' here. Is it '{near}'?"):
                mapping[item.theirs] = near
                break
    return found if mapping == before else workspace.import_definition(**again, map=mapping)


def show(found: Imported, to: Path | None) -> None:
    """Show an outcome to a person: the definition on standard output, all that is to be said beside it."""
    for note in found.refused:
        output.warn(f"Refused: {note.path}: {note.message}" if note.path else f"Refused: {note.message}")
    for item in found.mapped:
        output.note(f"The {item.kind} '{item.theirs}' is '{item.ours}' here.")
    for name in found.unknown:
        near = (
            f" Is it {' or '.join(repr(other) for other in name.nearest)}? Say so with --map." if name.nearest else ""
        )
        output.warn(f"There is no {name.kind} '{name.theirs}' here.{near}")
    for note in found.differences:
        output.note(f"Differs: {note.message}")
    if found.refused:
        output.note("Nothing was made of it: a definition is taken whole or not at all.")
    elif to is not None and found.is_whole:
        output.say(f"The {found.kind} '{found.name}' is in {to}. Look at it, then: satsuma check")
    else:
        output.show_lines(found.text.splitlines())
