"""`satsuma discover`: groups that the data suggest, how many there are, and whether they are there at all."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import discover_rules, output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(
        invoke_without_command=True,
        help="Find groups of customers, say whether they are there, and what sets each apart.",
        epilog=example(
            "satsuma discover", "satsuma discover --traits orders,average_basket,favourite_channel --groups 3-6",
            "satsuma discover --save styles", "satsuma discover rules styles",
        ),
    )  # fmt: skip
    group.callback()(discover)
    discover_rules.add_to(group)
    app.add_typer(group, name="discover")


def discover(
    context: typer.Context,
    traits: Annotated[
        str | None,
        typer.Option(metavar="A,B,C", help="Group by these traits; else by what customers do, want and are worth."),
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(metavar="K,L", help="Choose among traits of these kinds, such as demographic.")
    ] = None,
    without: Annotated[str | None, typer.Option(metavar="A,B", help="Leave these traits out.")] = None,
    allow_sensitive: Annotated[
        str | None, typer.Option(metavar="A,B", help="Sensitive traits that may be used all the same.")
    ] = None,
    using: Annotated[
        str,
        typer.Option(help="kmeans, mixture, classes, prototypes, factors, density; auto takes what suits the traits."),
    ] = "auto",
    groups: Annotated[
        str, typer.Option(metavar="N or N-M", help="How many groups, or from how many to how many to choose.")
    ] = "2-8",
    among: Annotated[str | None, typer.Option(metavar="SEGMENT", help="Look at the customers of this segment.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Try every method that suits the traits, and say how far they agree.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Where chance begins: the same seed gives the same groups.")] = 1,
    sample: Annotated[int, typer.Option(min=500, help="Learn the groups from at most so many customers.")] = 50_000,
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Write the groups as segmentations/NAME.yaml.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Look for groups in the traits of the last run."""
    from satsuma.cli.groups import show_comparison, show_discovery

    if context.invoked_subcommand is not None:
        return
    with opened(workspace) as shop:
        found = shop.discover(
            traits=_names(traits), kinds=_names(kinds), without=_names(without), using=using, groups=_range(groups),
            allow_sensitive=_names(allow_sensitive), among=among, seed=seed, sample=sample, save=save,
        )  # fmt: skip
        compared = shop.compare_methods(found) if compare else ()
        if as_json:
            more = {"compared": [item.as_dict() for item in compared]} if compare else {}
            output.show_json({**found.as_dict(), **more, "saved": None if found.is_one else save})
            return
        show_discovery(found, currency=shop.settings.currency)
        if compare:
            show_comparison(compared)
        if save is not None and found.is_one:
            output.say("Nothing was written: there are no groups to keep.")
        elif save is not None:
            output.say(f"Written: segmentations/{save}.yaml. Next: satsuma run, then satsuma discover rules {save}")
        elif not found.is_one:
            output.say("To keep these groups: satsuma discover ... --save NAME, then satsuma run.")


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _range(text: str) -> tuple[int, int]:
    """Read `4` or `2-8`."""
    low, _, high = text.partition("-")
    ends = (low.strip(), (high or low).strip())
    if not all(end.isdecimal() for end in ends):
        raise WrongUse(f"'{text}' is not a number of groups.", hint="Write a number or a range: --groups 4 or 2-8.")
    return int(ends[0]), int(ends[1])
