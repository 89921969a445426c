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
    jobs,
    keys,
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
    serve,
    sources,
    tools,
    traits,
    users,
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
        server: Annotated[  # noqa: ARG001  taken from wherever it stands, before anything else is looked at
            str | None,
            typer.Option(
                "--server",
                metavar="URL",
                help="Ask a running server instead of a folder; else SATSUMA_SERVER. Its key is in SATSUMA_API_KEY.",
            ),
        ] = None,
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
    sources.add(app)
    jobs.add(app)
    serve.add(app)
    keys.add(app)
    users.add(app)
    return app
