"""`satsuma trait`: one value for each customer."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import housekeeping, output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse
from satsuma.shapes import plain_value


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Traits: one value for each customer.")
    group.command("list", epilog=example("satsuma trait list"))(list_)
    group.command("show", epilog=example("satsuma trait show orders", "satsuma trait show orders --values"))(show)
    housekeeping.add_to(group, "trait", "spend_365d")
    app.add_typer(group, name="trait")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the traits that definitions can use: loaded, computed and built in."""
    with opened(workspace) as opened_workspace:
        found = [item.as_dict() for item in opened_workspace.traits()]
        if as_json:
            output.show_json(found)
            return
        if not found:
            output.say("There are no traits yet: satsuma load FILE --as customers")
            return
        names = ("name", "title", "type", "kind", "unit", "source")
        output.show_table(
            [("trait" if name == "name" else name, "left") for name in names],
            [tuple(str(item.get(name) or "") for name in names) for item in found],
        )


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a trait.")],
    values: Annotated[
        bool, typer.Option("--values", help="Write CSV: every id with its value as of the last run.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is known about one trait."""
    if values and as_json:
        raise WrongUse("--values writes CSV and --json writes JSON.", hint="Choose one of them.")
    with opened(workspace) as opened_workspace:
        trait = opened_workspace.trait(name)
        if values:
            output.show_csv(trait.values())
            return
        facts = trait.as_dict()
        if as_json:
            output.show_json(facts)
            return
        rows = [
            (key.replace("_", " "), str(plain_value(value)))
            for key, value in facts.items()
            if value is not None and not isinstance(value, dict | list)
        ]
        output.show_table((("what", "left"), ("value", "left")), rows)
