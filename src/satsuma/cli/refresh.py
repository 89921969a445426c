"""`satsuma refresh`: bring the results up to date by what changed since the last run."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.runs import show_run


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("refresh", epilog=example("satsuma refresh", "satsuma refresh --as-of 2025-01-01"))(refresh)


def refresh(
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The moment to compute for, not before that of the last run. Now, when not said.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the last run up to date: read only what is new, and whom the passing of time moved.

    The results are those of a full run. Where too much changed for a refresh, a full run is made, and its reason said.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Refreshing", hidden=as_json) as progress:
            outcome = opened_workspace.refresh(as_of=as_of, progress=progress)
        facts = outcome.as_dict()
        for sentence in facts.get("warnings", ()):
            output.warn(sentence)
        if as_json:
            output.show_json(facts)
            return
        told = facts["refresh"]
        if "full_run_because" in told:
            output.say(f"Everything was computed anew: {told['full_run_because']}.")
        else:
            output.say(f"{told['touched']:,} customers were looked at again.")
        settings = opened_workspace.settings
        show_run(facts, currency=settings.currency, timezone=settings.timezone)
