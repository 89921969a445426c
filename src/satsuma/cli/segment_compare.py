"""`satsuma segment diff` and `satsuma segment overlap`: segments beside each other, or one at two moments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.segment_names import SEGMENT_HELP, segment_asked
from satsuma.errors import WrongUse

if TYPE_CHECKING:
    from satsuma.segments.difference import Difference, Overlap
    from satsuma.segments.plan import Edit, Effect
    from satsuma.workspace import Workspace

#: Pairs of segments that are shown of an overlap; --json has all.
_MOST_PAIRS = 40


def add(group: typer.Typer) -> None:
    """Add the commands to the group of segments."""
    group.command(
        "diff",
        epilog=example(
            "satsuma segment diff vip",
            "satsuma segment diff vip segments/vip_new.yaml",
            "satsuma segment diff vip --at 2024-01-01 --at 2025-01-01 --ids -o moved.csv",
        ),
    )(diff)
    group.command("overlap", epilog=example("satsuma segment overlap vip newsletter_readers staff"))(overlap)


def diff(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help=SEGMENT_HELP)],
    other: Annotated[
        str | None,
        typer.Argument(metavar="OTHER", help="Another one. Left out: what the last run stored beside the file now."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="TIME", help="The moment to compare at; twice, to compare two moments."),
    ] = None,
    known_then: Annotated[
        bool, typer.Option("--known-at-each", help="With --at, count only what had arrived by then.")
    ] = False,
    ids: Annotated[
        bool, typer.Option("--ids", help="Write every customer_id with its part to the file of -o.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The .csv or .parquet file of --ids.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who is in both of two segments, in one alone, and what they are worth.

    One name alone compares what the last run stored with what the file says now; one name and two moments say who
    stayed, left and entered.
    """
    moments = list(at or ())
    _check_use(other, moments, ids, file)
    with opened(workspace) as opened_workspace:
        with progress_bar("Comparing", hidden=as_json):
            effect, found = _compared(opened_workspace, segment, other, moments, known_then)
        if file is not None:
            opened_workspace.export_difference(found[0], to=file)
        warnings = effect.warnings if effect is not None else [text for item in found for text in item.warnings]
        for sentence in dict.fromkeys(warnings):
            output.warn(sentence)
        if as_json:
            shapes = [item.as_dict() for item in found]
            output.show_json(effect.as_dict() if effect is not None else shapes if len(shapes) > 1 else shapes[0])
            return
        settings = opened_workspace.settings
        if effect is not None:
            show_edits(effect.edits)
        for item in found:
            _show(item, settings.currency, settings.timezone, is_effect=effect is not None)
        if file is not None:
            output.say(f"Who is in which part is in {file}.")


def _check_use(other: str | None, moments: Sequence[str], ids: bool, file: Path | None) -> None:
    if len(moments) > 2 or (other is None and len(moments) == 1):
        raise WrongUse(
            "One segment is compared at two moments, two segments at one or two.", hint="Give --at once more, or less."
        )
    if ids != (file is not None):
        raise WrongUse("--ids and -o FILE belong together.", hint="Write: --ids -o moved.csv")
    if file is not None and other is not None and len(moments) == 2:
        raise WrongUse("--ids writes one comparison, and these are two.", hint="Give one --at.")


def _compared(
    workspace: Workspace, segment: str, other: str | None, moments: list[str], known_then: bool
) -> tuple[Effect | None, list[Difference]]:  # fmt: skip
    first = segment_asked(segment)
    if other is not None:
        second = segment_asked(other)
        ats: list[str | None] = [*moments] or [None]
        return None, [workspace.compare(first, second, at=at, known_then=known_then) for at in ats]
    if moments:
        return None, [workspace.compare_moments(first, moments[0], moments[1], known_then=known_then)]
    effect = workspace.effect(first)
    return effect, [effect.difference]


def show_edits(edits: Sequence[Edit]) -> None:
    """Show the changed lines of definitions."""
    for edit in edits:
        output.say(f"{edit.kind} {edit.name}")
        for line in edit.lines:
            output.say(f"  {line}", style="green" if line.startswith("+") else "red")
    if edits:
        output.say()


def _show(found: Difference, currency: str, timezone: str, *, is_effect: bool) -> None:
    from satsuma.report import format as say_as

    first, second = found.first, found.second
    one_moment = first.as_of == second.as_of
    if one_moment:
        output.say(f"As of {say_as.moment(first.as_of, timezone)}")
    # One segment at two moments, or two texts of one, is told as a movement.
    moves = is_effect or not one_moment
    before, after = (
        (f"{side.segment}" if one_moment else say_as.moment(side.as_of, timezone)) for side in (first, second)
    )
    if is_effect:
        before, after = "as stored", "as the file says"
    names = {
        "both": "stay" if moves else "in both",
        "only_first": "leave" if moves else f"only in {before}",
        "only_second": "enter" if moves else f"only in {after}",
    }
    rows = [
        (name, say_as.count(side.size), say_as.share(side.share), say_as.money(side.value, currency),
         say_as.money(side.value / side.size if side.size else None, currency))
        for name, side in ((before, first), (after, second))
    ]  # fmt: skip
    rows += [
        (f"  {names[part.name]}", say_as.count(part.size), say_as.share(part.size / max(second.population, 1)),
         say_as.money(part.value, currency), say_as.money(part.mean_value, currency))
        for part in found.parts
    ]  # fmt: skip
    output.show_table(
        (("", "left"), ("customers", "right"), ("share", "right"), ("value", "right"), ("mean value", "right")), rows
    )
    if found.newcomers:
        entered = found.part("only_second").size
        output.say(
            f"{say_as.count(found.newcomers)} of the {say_as.count(entered)} who entered were not there yet before."
        )


def overlap(
    segments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SEGMENT...]", help="Names of segments; all of the last run, when none is given."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how much segments of the last run have in common, each with each."""
    with opened(workspace) as opened_workspace:
        found = opened_workspace.overlap(*(segments or ()))
        if as_json:
            output.show_json(found.as_dict())
            return
        _show_overlap(found, opened_workspace.settings.timezone)


def _show_overlap(found: Overlap, timezone: str) -> None:
    from satsuma.report import format as say_as

    output.say(f"As of {say_as.moment(found.as_of, timezone)}")
    pairs = sorted(found.pairs, key=lambda pair: (-(pair.jaccard or 0), pair.first, pair.second))
    output.show_table(
        (("first", "left"), ("second", "left"), ("in both", "right"), ("of either", "right"),
         ("of the first", "right"), ("of the second", "right")),
        [
            (pair.first, pair.second, say_as.count(pair.both), say_as.share(pair.jaccard),
             say_as.share(pair.contained[0]), say_as.share(pair.contained[1]))
            for pair in pairs[:_MOST_PAIRS]
        ],
    )  # fmt: skip
    if len(pairs) > _MOST_PAIRS:
        output.note(f"{len(pairs) - _MOST_PAIRS:,} more pairs with less in common; --json has all.")
    if len(found.sizes) > 2:
        whole = say_as.count(found.in_any)
        output.say(f"{say_as.counted(found.in_all, 'customer')} in all of them, {whole} in any.")
