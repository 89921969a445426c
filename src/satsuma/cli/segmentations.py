"""`satsuma segmentation`: one label for each customer."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from satsuma.cli import housekeeping, output, segmentation_migration
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Segmentations: one label for each customer.")
    group.command("list", epilog=example("satsuma segmentation list"))(list_)
    group.command("show", epilog=example("satsuma segmentation show rfm", "satsuma segmentation show rfm --json"))(show)
    segmentation_migration.add(group)
    housekeeping.add_to(group, "segmentation", "rfm")
    app.add_typer(group, name="segmentation")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the segmentations of the last run."""
    with opened(workspace) as opened_workspace:
        found = [item.as_dict() for item in opened_workspace.segmentations()]
        if as_json:
            output.show_json(found)
            return
        if not found:
            output.say("There are no segmentations yet: let 'satsuma suggest' write some, then 'satsuma run'.")
            return
        output.show_table(
            (("segmentation", "left"), ("title", "left"), ("method", "left"), ("labels", "right")),
            [
                (str(item["name"]), str(item.get("title") or ""), str(item["method"]), str(len(item["labels"])))
                for item in found
            ],
        )


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a segmentation.")],
    assignments: Annotated[bool, typer.Option("--assignments", help="Write CSV: every id with its label.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the labels of one segmentation with size, share and value."""
    from satsuma.report import format as say_as

    if assignments and as_json:
        raise WrongUse("--assignments writes CSV and --json writes JSON.", hint="Choose one of them.")
    with opened(workspace) as opened_workspace:
        segmentation = opened_workspace.segmentation(name)
        if assignments:
            output.show_csv(segmentation.assignments())
            return
        facts = segmentation.as_dict()
        if as_json:
            output.show_json(facts)
            return
        currency = opened_workspace.settings.currency
        rows = facts["labels"]
        more = [(title, tell) for key, title, tell in _MORE if any(item.get(key) is not None for item in rows)]
        output.show_table(
            (("label", "left"), (f"{segmentation.entity}s", "right"), ("share", "right"), ("value", "right"),
             *((title, "right") for title, _ in more)),
            [
                (str(item["label"]), say_as.count(item["size"]), say_as.share(item["share"]),
                 say_as.money(item["value"], currency), *(tell(item) for _, tell in more))
                for item in rows
            ],
            title=str(facts.get("title") or name),
        )  # fmt: skip


def _held(item: dict[str, Any]) -> str:
    """Return what a tier holds of the future value, with its interval."""
    if item.get("future_share") is None:
        return ""
    low, high = (100 * item[f"future_share_{end}"] for end in ("low", "high"))
    return f"{100 * item['future_share']:.1f} % ({low:.1f} to {high:.1f})"


def _mean(item: dict[str, Any]) -> str:
    mean = item.get("mean")
    return "" if mean is None else f"{mean:,.2f}" if abs(mean) >= 1 else f"{mean:.3f}"


#: What is told of labels beside size and value, where a method tells it: its key, a title, and how it is said.
_MORE = (("mean", "mean", _mean), ("future_share", "of the future value (95 %)", _held))
