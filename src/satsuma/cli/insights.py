"""`satsuma insights` and `satsuma advise`: what changed, and what to do about the set of segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, SinceOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.evidence.insights import Insights


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("insights", epilog=example("satsuma insights", "satsuma insights --since 7d --history 24"))(insights)
    app.command("advise", epilog=example("satsuma advise"))(advise)


def insights(
    since: SinceOption = None,
    history: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            min=1,
            max=60,
            help="Moments before the last run, as far apart, that say what is usual. 1 compares two moments alone.",
        ),
    ] = 12,
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The segmentation that says where those of a segment came from and went to."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed since last month: who entered and left each segment, what that did to revenue, what is unusual.

    Revenue is that of the period up to each moment. Its change is what those bring who entered, less what those brought
    who left, and by how much those who stayed changed: the three add up.
    """
    from satsuma.report import changes_words as words

    with opened(workspace) as opened_workspace:
        with progress_bar("Looking back", hidden=as_json) as progress:
            found = opened_workspace.insights(since, history=history, by=by, progress=progress)
        for sentence in found.warnings:
            output.warn(sentence)
        settings = opened_workspace.settings
        told = [
            words.told_frame(found, settings.timezone),
            words.told_everybody(found, settings.currency),
            *words.told_changes(found, settings.currency),
            *(words.told_mix(mix, settings.currency) for mix in found.mixes if mix.segmentation == found.by),
            words.told_alarms(found),
        ]
        if as_json:
            output.show_json({"sentences": told, **found.as_dict()})
            return
        for sentence in told:
            output.say(sentence)
        output.say()
        _show(found, settings.currency)


def advise(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Give advice on all segments together: who is in none, which ones are one, too small, too many, or for nothing."""
    with opened(workspace) as opened_workspace:
        with progress_bar("Looking", hidden=as_json):
            found = opened_workspace.advice()
        if as_json:
            output.show_json([item.as_dict() for item in found])
            return
        if not found:
            output.say("Nothing to say against the segments of the last run.")
            return
        for item in found:
            output.say(f"{_WORDS[item.severity]}: {item.sentence}")
            output.say(f"  {item.do}")


_WORDS = {"act": "Act", "consider": "Consider", "note": "Note"}


def _show(found: Insights, currency: str) -> None:
    from satsuma.report.changes_words import HEADS, row_of

    titles = [("Segments", found.of_kind("segment"))]
    titles += [(mix.title, found.of_kind("label", mix.segmentation)) for mix in found.mixes]
    for title, items in titles:
        rows = [(item.title, *row_of(item, currency)) for item in items]
        # Where nothing is unusual the column would say so in every row.
        has_alarm = any(row[-1] for row in rows)
        heads = HEADS if has_alarm else HEADS[:-1]
        if rows:
            output.show_table(
                (("", "left"), *((head, "left" if head == "unusual" else "right") for head in heads)),
                [row[: len(heads) + 1] for row in rows],
                title=title,
            )
