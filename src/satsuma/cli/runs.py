"""`satsuma run`: compute everything as of a moment; `satsuma run list` and `satsuma activity`: what was done when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.plan import show_plan
from satsuma.cli.progress import progress_bar
from satsuma.errors import WrongUse

LimitOption = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many to show, newest first.")]


def add(app: typer.Typer) -> None:
    """Add the group and the commands to the program."""
    group = typer.Typer()
    group.callback(
        invoke_without_command=True,
        epilog=example("satsuma run", "satsuma run --as-of 2024-12-31", "satsuma run list"),
    )(run)
    group.command("list", epilog=example("satsuma run list"))(list_)
    app.add_typer(group, name="run")
    app.command("activity", epilog=example("satsuma activity --limit 5"))(activity)


def run(
    context: typer.Context,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The moment to compute for: 2024-12-31 (its first moment) or 2024-12-31T18:00, in the workspace's "
            "time zone. Now, when not said.",
            show_default=False,
        ),
    ] = None,
    known_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Use only what had arrived by then.", show_default=False),
    ] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="Fit segmentations anew instead of using their kept cut points.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what changed definitions would do, as satsuma plan does.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute traits, segmentations and segments as of a moment, in the order they need one another."""
    if context.invoked_subcommand is not None:
        if as_of or known_at or refit or dry_run:
            raise WrongUse(
                "--as-of, --known-at, --refit and --dry-run are options of 'satsuma run' itself.",
                hint=f"Leave them out with 'satsuma run {context.invoked_subcommand}'.",
            )
        # `satsuma run -w shop list` says the workspace before the command.
        context.obj = (workspace, as_json)
        return
    if dry_run and (as_of or known_at or refit):
        raise WrongUse(
            "--dry-run compares definitions at the moment of the last run.",
            hint="Leave out --as-of, --known-at and --refit.",
        )
    with opened(workspace) as opened_workspace:
        if dry_run:
            show_plan(opened_workspace, as_json=as_json)
            return
        with progress_bar("Running", hidden=as_json) as progress:
            outcome = opened_workspace.run(as_of=as_of, known_at=known_at, refit=refit, progress=progress)
        facts = outcome.as_dict()
        for sentence in facts.get("warnings", ()):
            output.warn(sentence)
        if as_json:
            output.show_json(facts)
            return
        settings = opened_workspace.settings
        show_run(facts, currency=settings.currency, timezone=settings.timezone)
        # A run of nothing says no more than the data do.
        bare = not facts["segments"] and not facts["segmentations"]
        if not facts["population"]:
            output.say("Nobody is known yet. Next: satsuma load FILE --as KIND")
            return
        output.say("Next: satsuma suggest" if bare else "Next: satsuma report -o report.html")


def show_run(facts: Mapping[str, Any], *, currency: str, timezone: str) -> None:
    """Show the outcome of a run to a person."""
    from satsuma.cli.segments import segment_rows
    from satsuma.report import format as say_as

    moment = datetime.fromisoformat(facts["as_of"])
    output.say(
        f"{say_as.counted(facts['population'], 'customer')} as of {say_as.moment(moment, timezone)}, "
        f"value {say_as.money(facts['value'], currency)}."
    )
    segments = facts["segments"]
    if segments:
        columns, rows = segment_rows(segments, currency)
        output.show_table(columns, rows)
    segmentations = facts["segmentations"]
    if segmentations:
        output.show_table(
            (("segmentation", "left"), ("labels", "left")),
            [(str(item["name"]), _labels(item["labels"])) for item in segmentations],
        )


def _labels(labels: Sequence[Mapping[str, Any]]) -> str:
    """Return labels with their shares; of many, the largest."""
    from satsuma.report import format as say_as

    shown = list(labels)
    if len(shown) > 8:
        shown = sorted(shown, key=lambda row: -row["size"])[:5]
    text = ", ".join(f"{row['label']} {say_as.share(row['share'])}" for row in shown)
    return text if len(shown) == len(labels) else f"{text} and {len(labels) - len(shown)} more"


def list_(
    context: typer.Context, limit: LimitOption = 20, workspace: WorkspaceOption = None, as_json: JsonOption = False
) -> None:
    """List the runs whose results are kept, newest first."""
    from satsuma.report import format as say_as

    workspace_before, as_json_before = context.obj or (None, False)
    as_json = as_json or as_json_before
    with opened(workspace or workspace_before) as opened_workspace:
        runs = opened_workspace.runs()[:limit]
        if as_json:
            output.show_json(runs)
            return
        if not runs:
            output.say("Nothing was run yet: satsuma run")
            return
        zone = opened_workspace.settings.timezone
        output.show_table(
            (("run", "right"), ("started", "left"), ("as of", "left"), ("customers", "right"), ("took", "right")),
            [
                (
                    str(item["run_id"]),
                    say_as.moment(item["started_at"], zone),
                    say_as.moment(item["as_of"], zone),
                    say_as.count(item["population"]),
                    say_as.duration(item["seconds"]),
                )
                for item in runs
            ],
        )


def activity(limit: LimitOption = 20, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List every load, run and export that was tried, with its outcome, newest first."""
    from satsuma.report import format as say_as

    with opened(workspace) as opened_workspace:
        rows = opened_workspace.activity(most=limit)
        if as_json:
            output.show_json([item.as_dict() for item in rows])
            return
        if not rows:
            output.say("Nothing was done here yet: satsuma load FILE --as KIND")
            return
        zone = opened_workspace.settings.timezone
        output.show_table(
            (("number", "right"), ("what", "left"), ("started", "left"), ("outcome", "left"), ("counts", "left")),
            [
                (
                    str(item.activity_id),
                    item.kind,
                    say_as.moment(item.started_at, zone),
                    item.error_code or item.status,
                    ", ".join(_counts(item.counts)),
                )
                for item in rows
            ],
        )


def _counts(counts: Mapping[str, Any]) -> Iterator[str]:
    """Yield how much of what, and the names beside it; of a look at one customer, who looked at whom."""
    for key, value in counts.items():
        if isinstance(value, str):
            yield f"{key} {value}"
        elif isinstance(value, int) and (value or key.endswith("_no")):
            yield f"{key} {value:,}"
