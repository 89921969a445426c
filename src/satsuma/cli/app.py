"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma import __version__
from satsuma.cli import (
    data,
    definitions,
    discover,
    evidence,
    housekeeping,
    imports,
    insights,
    models,
    personas,
    plan,
    quarantine,
    refresh,
    results,
    runs,
    scales,
    segmentations,
    segments,
    tools,
    traits,
)
from satsuma.cli.options import example


def program() -> typer.Typer:
    """Return the `satsuma` program."""
    app = typer.Typer(
        name="satsuma",
        help="Customer segmentation: segments that mean exactly what they say, from the files a business already has.",
        epilog=example("satsuma init shop --timezone Europe/Paris --currency EUR"),
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        version: Annotated[bool, typer.Option("--version", help="Say the version and leave.", is_eager=True)] = False,
    ) -> None:
        if version:
            typer.echo(f"satsuma {__version__}")
            raise typer.Exit
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())

    data.add(app)
    definitions.add(app)
    tools.add(app)
    imports.add(app)
    runs.add(app)
    refresh.add(app)
    plan.add(app)
    results.add(app)
    insights.add(app)
    segments.add(app)
    segmentations.add(app)
    traits.add(app)
    models.add(app)
    discover.add(app)
    scales.add(app)
    evidence.add(app)
    personas.add(app)
    housekeeping.add(app)
    quarantine.add(app)
    return app
