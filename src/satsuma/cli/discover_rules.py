"""`satsuma discover rules`: the labels of a segmentation as rules that people can read and segments that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar

if TYPE_CHECKING:
    from satsuma.discovery.rules_of_run import SegmentationRules


def add_to(group: typer.Typer) -> None:
    """Add the command to the group `discover`."""
    group.command(
        "rules",
        epilog=example(
            "satsuma discover rules rfm", "satsuma discover rules rfm --conditions 12 --prefix rfm --write"
        ),
    )(rules)  # fmt: skip


def rules(
    segmentation: Annotated[str, typer.Argument(metavar="SEGMENTATION", help="Whose labels to say by rules.")],
    traits: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Ask only about these traits; else about all that may be asked about."),
    ] = None,
    conditions: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="How many conditions all rules may have together; else chosen."),
    ] = None,
    leaves: Annotated[
        int | None, typer.Option(min=2, max=24, metavar="N", help="How many leaves the tree may have; else chosen.")
    ] = None,
    allow_sensitive: Annotated[
        str | None, typer.Option(metavar="A,B", help="Sensitive traits that may be used all the same.")
    ] = None,
    prefix: Annotated[
        str, typer.Option(metavar="NAME", help="Put this before the names of the segments.", show_default=False)
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the draw of customers held back.")] = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Write a segment for each label, and a segmentation by rules.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say the labels of a segmentation by rules, tested on customers who were held back.

    A rule comes with its precision (how many of those it takes in have the label) and recall (how many of those with
    the label it takes in). The curve shows what longer rules would add. A file that is there is never changed.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Looking for rules", hidden=as_json):
            found = opened_workspace.rules_of_segmentation(
                segmentation,
                traits=_names(traits),
                allow_sensitive=_names(allow_sensitive),
                conditions=conditions,
                leaves=leaves,
                prefix=prefix,
                seed=seed,
                write=write,
            )
        if as_json:
            output.show_json(found.as_dict())
            return
        _show(found)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _show(found: SegmentationRules) -> None:
    from satsuma.discovery.rules import percent

    rules = found.rules
    for group, words in zip(rules.groups, found.words, strict=True):
        output.say(group.label, style="bold")
        silent = "No condition says it." if group.hits.members else "Nobody has it."
        for line in (words or silent).splitlines():
            output.say(f"  {line}")
    output.say()
    output.show_table(
        (("label", "left"), ("customers", "right"), ("by rule", "right"), ("precision", "right"), ("recall", "right"),
         ("conditions", "right")),
        [
            (group.label, f"{group.hits.members:,}", f"{group.customers:,}", percent(group.precision),
             percent(group.recall), str(group.conditions))
            for group in rules.groups
        ],
    )  # fmt: skip
    _show_curve(found)
    share = rules.rules.chosen.agreement
    where = f"{share.rows:,} customers held back" if rules.rules.held_out.rows else f"{share.rows:,} customers"
    output.say(
        f"The rules agree with the labels of {percent(share.share)} of {where} "
        f"({percent(share.low)} to {percent(share.high)}); calling everybody '{rules.base_label}' would be right for "
        f"{percent(rules.rules.base.share)}."
    )
    if rules.rules.cost is not None:
        output.say(f"Within the groups, customers differ {rules.rules.cost:.3f} times as much as before.")
    output.say(rules.verdict)
    _show_files(found)


def _show_curve(found: SegmentationRules) -> None:
    """Show the lengths that are worth their conditions, and the one that was taken."""
    from satsuma.discovery.rules import percent

    best, rows = -1.0, []
    for point in found.rules.curve:
        share = point.agreement.share or 0.0
        if share <= best and not point.chosen:
            continue
        best = max(best, share)
        form = {"tree": "tree", "list": "one rule each", "mistakes": "a leaf each"}[point.form]
        rows.append((str(point.conditions), form, str(point.leaves), percent(share), "taken" if point.chosen else ""))
    output.show_table(
        (
            ("conditions", "right"),
            ("form", "left"),
            ("leaves", "right"),
            ("agreement held back", "right"),
            ("", "left"),
        ),
        rows,
    )


def _show_files(found: SegmentationRules) -> None:
    if found.written:
        for path in found.written:
            output.say(f"Written: {path}")
        output.say("Next: satsuma run")
    elif found.files:
        output.say(f"To write them as {len(found.files)} files: satsuma discover rules {found.segmentation} --write")
    else:
        output.say("There is nothing to write.")
