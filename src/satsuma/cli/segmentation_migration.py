"""`satsuma segmentation migration`: who moved between the labels of a segmentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, SinceOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.evidence.migration import LabelMigration


def add(group: typer.Typer) -> None:
    """Add the command to the group of segmentations."""
    group.command(
        "migration",
        epilog=example(
            "satsuma segmentation migration rfm", "satsuma segmentation migration rfm --since 2024-09-01 --shares"
        ),
    )(migration)


def migration(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a segmentation.")],
    since: SinceOption = None,
    shares: Annotated[
        bool, typer.Option("--shares", help="Show shares of those who had the label, instead of how many.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where those of each label are now: a row for the label that they had, a column for the one that they have.

    Labels of the past come from the fit of the last run, so that they mean the same at both moments.
    """
    from satsuma.report.changes_words import told_migration

    with opened(workspace) as opened_workspace:
        with progress_bar("Looking back", hidden=as_json) as progress:
            found = opened_workspace.migration(name, since, progress=progress)
        for sentence in found.warnings:
            output.warn(sentence)
        if as_json:
            output.show_json(found.as_dict())
            return
        output.say(told_migration(found.title, found.moved))
        _show(found, opened_workspace.settings.timezone, as_shares=shares)


def _show(found: LabelMigration, timezone: str, *, as_shares: bool) -> None:
    from satsuma.report import format as say_as

    moved = found.moved
    day = say_as.moment(found.since, timezone)
    has_gone = bool(moved.gone.any())
    rows = [
        (
            label,
            *(
                (say_as.share(float(moved.shares[row, column])) if as_shares else say_as.count(int(number)))
                if number else ""
                for column, number in enumerate(moved.counts[row])
            ),
            *((say_as.count(int(moved.gone[row])),) if has_gone else ()),
            say_as.count(int(moved.before[row])),
        )
        for row, label in enumerate(moved.labels)
    ]  # fmt: skip
    if moved.came.any():
        came = (say_as.count(int(number)) if number else "" for number in moved.came)
        rows.append(("not there yet", *came, *(("",) if has_gone else ()), ""))
    rows.append(("now", *(say_as.count(int(number)) for number in moved.after), *(("",) if has_gone else ()), ""))
    output.show_table(
        ((f"{day} ↓  now →", "left"), *((label, "right") for label in moved.labels),
         *((("gone", "right"),) if has_gone else ()), ("then", "right")),
        rows,
    )  # fmt: skip
