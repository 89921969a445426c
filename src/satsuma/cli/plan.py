"""`satsuma plan`: what new, changed and gone definitions would do, before they do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.segment_compare import show_edits

if TYPE_CHECKING:
    from satsuma.segments.plan import Plan, Planned
    from satsuma.workspace import Workspace


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("plan", epilog=example("satsuma plan"))(plan)


def plan(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say what definitions that are new, changed or gone since the last run would do. Nothing is kept.

    They are computed at the moment of the last run, so that only the definitions make the difference.
    """
    with opened(workspace) as opened_workspace:
        show_plan(opened_workspace, as_json=as_json)


def show_plan(workspace: Workspace, *, as_json: bool) -> None:
    """Make and show the plan; `satsuma run --dry-run` is the same."""
    with progress_bar("Planning", hidden=as_json) as progress:
        found = workspace.plan(progress=progress)
    for sentence in found.warnings:
        output.warn(sentence)
    if as_json:
        output.show_json(found.as_dict())
        return
    if not found.changes:
        output.say("No definition is new, changed or gone since the last run.")
        return
    _show(found, workspace.settings.currency, workspace.settings.timezone)


def _show(found: Plan, currency: str, timezone: str) -> None:
    from satsuma.report import format as say_as

    output.say(f"At the moment of the last run, {say_as.moment(found.as_of, timezone)}:")
    segments = [item for item in found.changes if item.difference is not None]
    if segments:
        columns = ("segment", "what", "before", "after", "enter", "leave", "value before", "value after")
        rows = []
        for item in segments:
            difference = item.difference
            assert difference is not None
            first, second = difference.first, difference.second
            rows.append(
                (item.name, _status(item), say_as.count(first.size), say_as.count(second.size),
                 say_as.count(difference.part("only_second").size), say_as.count(difference.part("only_first").size),
                 say_as.money(first.value, currency), say_as.money(second.value, currency))
            )  # fmt: skip
        output.show_table([(name, "right" if number > 1 else "left") for number, name in enumerate(columns)], rows)
    for item in found.changes:
        if item.labels:
            moved = (
                "" if item.relabelled is None else f"; {say_as.counted(item.relabelled, 'customer')} get another label"
            )
            output.say(f"segmentation {item.name}: {_status(item)}{moved}")
            output.show_table(
                (("label", "left"), ("before", "right"), ("after", "right")),
                [(row.label, say_as.count(row.before), say_as.count(row.after)) for row in item.labels],
            )
        elif item.difference is None:
            output.say(f"{item.kind} {item.name}: {_status(item)}")
    show_edits([item.edit for item in found.changes if item.edit is not None and item.status == "changed"])


def _status(item: Planned) -> str:
    return f"{item.status}, through {', '.join(item.through)}" if item.through else item.status
