"""Commands that keep definitions in order: deleting and renaming, for each kind; `list delete`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened

if TYPE_CHECKING:
    from satsuma.language.renaming import NamedKind


NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Its name: that of its file, without the ending.")]
OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="The name it has.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="The new one: lower-case letters, digits and _.")]


def add(app: typer.Typer) -> None:
    """Add the group of lists to the program."""
    group = typer.Typer(no_args_is_help=True, help="Lists: customers named one by one, in files.")
    add_to(group, "list", "gala_guests")
    app.add_typer(group, name="list")


def add_to(group: typer.Typer, kind: NamedKind, name: str) -> None:
    """Add `delete` (and `rename`) of one kind to its group; `name` is for the example."""
    group.command("delete", epilog=example(f"satsuma {kind} delete {name}"))(_delete(kind))
    if kind != "list":
        group.command("rename", epilog=example(f"satsuma {kind} rename {name} better_{name}"))(_rename(kind))


def _delete(kind: NamedKind) -> Callable[..., Any]:
    def delete(
        name: NameArgument,
        workspace: WorkspaceOption = None,
        as_json: JsonOption = False,
    ) -> None:
        with opened(workspace) as opened_workspace:
            kept = opened_workspace.delete_definition(kind, name).relative_to(opened_workspace.path).as_posix()
            if as_json:
                output.show_json({"kind": kind, "name": name, "kept_as": kept})
            else:
                output.say(f"The {kind} '{name}' is deleted. Nothing is lost: its file is {kept} now.")

    delete.__doc__ = f"""Delete a {kind}, unless definitions use it: those are named with file and line.

    Its file goes to state/deleted/.
    """
    return delete


def _rename(kind: NamedKind) -> Callable[..., Any]:
    def rename(
        old: OldArgument,
        new: NewArgument,
        workspace: WorkspaceOption = None,
        as_json: JsonOption = False,
    ) -> None:
        with opened(workspace) as opened_workspace:
            paths = opened_workspace.rename_definition(kind, old, new)
            files = [path.relative_to(opened_workspace.path).as_posix() for path in paths]
            if as_json:
                output.show_json({"kind": kind, "before": old, "name": new, "files": files})
                return
            output.say(f"The {kind} '{old}' is '{new}' now, in {', '.join(files)}.")
            output.note("Results under the new name come with the next run: satsuma run")

    rename.__doc__ = f"""Give a {kind} another name: in its own file and wherever definitions use it.

    Either all files change or none; comments and everything else in them stay as they are.
    """
    return rename
