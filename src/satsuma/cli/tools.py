"""Commands around definitions: `schema`, `fmt` and `lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse, nearest
from satsuma.shapes import json_text

KINDS = ("segment", "trait", "segmentation")


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("schema", epilog=example("satsuma schema -o satsuma.schema.json", "satsuma schema --kind segment"))(
        schema
    )
    app.command("fmt", epilog=example("satsuma fmt", "satsuma fmt --check segments/vip.yaml"))(fmt)
    app.command("lint", epilog=example("satsuma lint", "satsuma lint --check --json"))(lint)


def schema(
    kind: Annotated[
        str | None, typer.Option(metavar="KIND", help="Only segment, trait or segmentation.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write it to a file.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the JSON Schema of definitions, so that editors complete and check them.

    In a workspace it knows the traits, events, segments, labels and lists; elsewhere it knows the language alone.
    """
    if kind is not None and kind not in KINDS:
        near = list(nearest(kind, KINDS))
        raise WrongUse(f"'{kind}' is not a kind of definition.", hint=f"One of {', '.join(KINDS)}.", nearest=near)
    found = _schema(kind, workspace)
    if file is None:
        output.show_json(found)
        return
    from satsuma.scaffold import replace_text

    replace_text(file.absolute(), json_text(found) + "\n")
    if as_json:
        output.show_json({"path": str(file)})
        return
    output.say(f"The schema is in {file}. In a definition, its first line may name it:")
    output.say(f"# yaml-language-server: $schema={file}")


def _schema(kind: str | None, workspace: Path | None) -> dict[str, Any]:
    from satsuma.cli.running import asked_server
    from satsuma.settings import FILE_NAME

    if workspace is None and asked_server() is None and not Path(FILE_NAME).exists():
        from satsuma.language.schema import definition_schema

        return definition_schema(kind)
    with opened(workspace) as opened_workspace:
        return opened_workspace.definition_schema(kind)


def fmt(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Definitions; all of the workspace when none is named."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; leave with 1 when a file would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes, and change nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring definitions to one spelling: the order of keys, short conditions on one line, durations, quotes.

    Comments stay, and what a definition means never changes. A file with a mistake is left alone and named.
    """
    with opened(workspace) as opened_workspace:
        found = opened_workspace.format(files or [], write=not check and not diff)
    changed = [item for item in found if item.is_changed]
    left_alone = [item for item in found if item.problem is not None]
    if as_json:
        output.show_json([item.as_dict() for item in found])
    else:
        for item in changed:
            if diff:
                output.show_lines(item.difference().splitlines())
            else:
                output.say(f"{item.name} {'would change' if check else 'was changed'}.")
        for item in left_alone:
            output.warn(f"Left alone: {item.problem}")
        if not diff:
            output.say(_said(len(found), len(changed), len(left_alone), would="would change" if check else "changed"))
    if left_alone or (check and changed):
        raise typer.Exit(1)


def _said(files: int, changed: int, left_alone: int, *, would: str) -> str:
    from satsuma.report.format import counted

    if not files:
        return "There are no definitions yet: let 'satsuma suggest' write some."
    unchanged = files - changed - left_alone
    return f"{counted(changed, 'file')} {would}, {unchanged} in the one spelling already, {left_alone} left alone."


def lint(
    check: Annotated[bool, typer.Option("--check", help="Leave with 1 when there is a warning.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Point out what is right and yet probably not meant: conditions that nobody or everybody meets, double segments.

    What the last run tells (empty, too small, the same members) is said of segments that did not change since.
    """
    with opened(workspace) as opened_workspace:
        found = opened_workspace.lint()
    warnings = [item for item in found if item.level == "warning"]
    if as_json:
        output.show_json([item.as_dict() for item in found])
    elif not found:
        output.say("There is nothing to point out.")
    else:
        for item in found:
            where = item.path if item.line is None else f"{item.path}:{item.line}"
            output.say(
                f"{where}: {item.level}: {item.message} [{item.code}]", style="yellow" if item in warnings else ""
            )
            output.say(f"    {item.hint}", style="dim")
        from satsuma.report.format import counted

        output.say(f"{counted(len(warnings), 'warning')}, {counted(len(found) - len(warnings), 'remark')}.")
    if check and warnings:
        raise typer.Exit(1)
