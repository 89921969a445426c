"""`satsuma segment backtest`: a definition replayed on past days."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.segment_names import SEGMENT_HELP, segment_asked

if TYPE_CHECKING:
    from satsuma.segments.backtest import Backtest

_BARS = "▁▂▃▄▅▆▇█"


def add(group: typer.Typer) -> None:
    """Add the command to the group of segments."""
    group.command(
        "backtest",
        epilog=example(
            "satsuma segment backtest segments/vip.yaml --from 2024-01-01 --to 2024-12-31",
            "satsuma segment backtest vip --every 7d --from 2024-01-01 --with-all-data -o vip.csv",
        ),
    )(backtest)


def backtest(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help=SEGMENT_HELP)],
    first: Annotated[str, typer.Option("--from", metavar="TIME", help="The first day, or moment.")],
    last: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The last day, or moment; now, when not said.")
    ] = None,
    every: Annotated[
        str,
        typer.Option(
            metavar="STEP",
            help="1 day, 1 week, 2 months, 1 quarter...: steps are the ends of local days. Or a fixed length from "
            "--from on: 7d, 24h.",
        ),
    ] = "1 month",
    known_then: Annotated[
        bool,
        typer.Option(
            "--known-at-each/--with-all-data",
            help="Count at each step only what had arrived by then, or all that is known now.",
        ),
    ] = True,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the steps to a .csv or .parquet file.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a segment on past days: its size, value, entries and exits at each step. Nothing is kept."""
    from satsuma.destinations.files import write_file, writer_for

    if file is not None:
        writer_for(file)
    with opened(workspace) as opened_workspace:
        with progress_bar("Replaying", hidden=as_json) as progress:
            found = opened_workspace.backtest(
                segment_asked(segment), first=first, last=last, every=every, known_then=known_then, progress=progress
            )
        for sentence in found.warnings:
            output.warn(sentence)
        if file is not None:
            write_file(found.to_arrow(), file)
        if as_json:
            output.show_json(found.as_dict())
            return
        settings = opened_workspace.settings
        _show(found, settings.currency, settings.timezone)
        if file is not None:
            output.say(f"The steps are in {file}.")


def _show(found: Backtest, currency: str, timezone: str) -> None:
    from satsuma.report import format as say_as

    sizes = [step.size for step in found.steps]
    output.say(
        f"{found.title}: {sparkline(sizes)}  {say_as.count(min(sizes))} to {say_as.counted(max(sizes), 'customer')}"
    )
    output.show_table(
        (
            ("as of the end of" if _are_days(found, timezone) else "as of", "left"), ("customers", "right"),
            ("share", "right"), ("value", "right"), ("mean value", "right"), ("entered", "right"), ("left", "right"),
            ("overlap", "right"),
        ),
        [
            (
                _moment(step.as_of, timezone), say_as.count(step.size), say_as.share(step.share),
                say_as.money(step.value, currency), say_as.money(step.mean_value, currency),
                say_as.count(step.entered), say_as.count(step.left), say_as.share(step.overlap),
            )
            for step in found.steps
        ],
    )  # fmt: skip


def _are_days(found: Backtest, timezone: str) -> bool:
    return all(_ends_day(step.as_of, timezone) for step in found.steps)


def _ends_day(moment: datetime, timezone: str) -> bool:
    from zoneinfo import ZoneInfo

    from satsuma.language.durations import day_end, local_day, microseconds

    zone = ZoneInfo(timezone)
    return microseconds(moment) == day_end(local_day(moment, zone), zone)


def _moment(moment: datetime, timezone: str) -> str:
    """Return the day that a step ends, or the moment where it ends none."""
    from satsuma.report import format as say_as

    return (say_as.day if _ends_day(moment, timezone) else say_as.moment)(moment, timezone)


def sparkline(numbers: list[int]) -> str:
    """Return a row of bars from 0 to the largest number; a 0 is a blank."""
    top = max(numbers, default=0)
    # Something is never shown as nothing.
    return "".join(_BARS[max(0, -(-number * len(_BARS) // top) - 1)] if number else " " for number in numbers)
