"""Commands that hand results on: `report` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("report", epilog=example("satsuma report -o report.html"))(report)
    app.command(
        "export",
        epilog=example("satsuma export champions --to champions.csv --traits email,country"),
    )(export)


def report(
    file: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", help="The file to write: .html, or .svg for a picture of it."),
    ] = Path("report.html"),
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one page that shows the last run: sizes, value, the RFM grid, overlap, data quality. It opens offline.

    A name that ends with .svg gives a picture of the main figures, for a README or a slide.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Writing the report", hidden=as_json):
            written = opened_workspace.report(file)
        if as_json:
            output.show_json({"path": str(written), "bytes": written.stat().st_size})
        else:
            output.say(f"The report is in {file}. Open it in a browser.")


def export(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="The name of a segment.")],
    to: Annotated[Path, typer.Option(metavar="FILE", help="The file to write: .csv or .parquet.")],
    traits: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Traits to write beside customer_id, with commas between.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the customers of a segment to a file, safe to open in a spreadsheet."""
    names = [name.strip() for name in (traits or "").split(",") if name.strip()]
    with opened(workspace) as opened_workspace:
        with progress_bar("Writing", hidden=as_json):
            exported = opened_workspace.export(segment, to=to, traits=names)
        for sentence in exported.notes:
            output.warn(sentence)
        if as_json:
            output.show_json({"path": str(to), **exported.as_record()})
        else:
            from satsuma.report.format import counted

            verb = "is" if exported.customers == 1 else "are"
            output.say(f"{counted(exported.customers, exported.entity)} of '{segment}' {verb} in {to}.")
