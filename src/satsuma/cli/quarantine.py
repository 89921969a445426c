"""`satsuma quarantine`: the rows that could not be read, and reading them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.data import MapOption, MappingOption, field_map, show_load
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

LoadArgument = Annotated[int, typer.Argument(metavar="LOAD", help="The number of the load, as 'list' shows it.")]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="The rows that could not be read, and why.")
    group.command("list", epilog=example("satsuma quarantine list"))(list_)
    group.command("show", epilog=example("satsuma quarantine show 3"))(show)
    group.command("retry", epilog=example("satsuma quarantine retry 3 --map time=Date"))(retry)
    app.add_typer(group, name="quarantine")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List what is in quarantine: load, source, column, reason, how many rows."""
    from satsuma.report import format as say_as

    with opened(workspace) as opened_workspace:
        groups = [item.as_dict() for item in opened_workspace.quarantine()]
        if as_json:
            output.show_json(groups)
            return
        if not groups:
            output.say("The quarantine is empty: every row could be read.")
            return
        output.show_table(
            (("load", "right"), ("source", "left"), ("column", "left"), ("reason", "left"), ("rows", "right")),
            [
                (
                    str(item["load_id"]),
                    str(item["source"]),
                    str(item["column"] or ""),
                    str(item["sentence"]),
                    say_as.count(item["rows"]),
                )
                for item in groups
            ],
        )
        output.say(
            "See the rows with 'satsuma quarantine show LOAD', read them again with 'satsuma quarantine retry LOAD'."
        )


def show(
    load_id: LoadArgument,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows to show.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rows of one load as they were in the file, with what was wrong."""
    with opened(workspace) as opened_workspace:
        rows = [item.as_dict() for item in opened_workspace.quarantined_rows(load_id, most=limit)]
        if as_json:
            output.show_json(rows)
            return
        output.show_table(
            (("row", "right"), ("column", "left"), ("reason", "left"), ("as it was written", "left")),
            [
                (
                    str(item["row_no"]),
                    str(item["column"] or ""),
                    str(item["sentence"]),
                    str(item["written"]),
                )
                for item in rows
            ],
        )


def retry(
    load_id: LoadArgument,
    pairs: MapOption = None,
    mapping: MappingOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the rows of one load again, perhaps with a corrected mapping; what can be read leaves the quarantine."""
    with opened(workspace) as opened_workspace:
        with progress_bar("Reading again", hidden=as_json) as progress:
            outcome = opened_workspace.retry_quarantine(
                load_id, map=field_map(pairs), mapping=Path(mapping) if mapping else None, progress=progress
            )
        facts = outcome.as_dict()
        if as_json:
            output.show_json(facts)
        else:
            show_load(facts)
