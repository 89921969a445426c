"""Commands that bring data in and say how good they are: `init`, `load`, `quality`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.errors import WrongUse

KindOption = Annotated[
    str,
    typer.Option(
        "--as",
        metavar="KIND",
        help="What a row is: customers, events, orders, order-lines, accounts, products, consents, surveys, deals or "
        "text-labels.",
        show_default=False,
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Say which column is a field; may be given several times."),
]
MappingOption = Annotated[
    Path | None, typer.Option("--mapping", metavar="FILE", help="Use a mapping saved before, or written by hand.")
]


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command(
        "init",
        epilog=example("satsuma init shop --timezone Europe/Paris --currency EUR"),
    )(init)
    app.command(
        "load",
        epilog=example(
            "satsuma load orders.csv --as order-lines",
            "satsuma load 'days/*.csv' --as order-lines --map customer_id=Client --dry-run",
        ),
    )(load)
    app.command("quality", epilog=example("satsuma quality", "satsuma quality --json"))(quality)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; new or empty.")],
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Where days begin and end, such as Europe/Paris.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="What all money is in, such as EUR.")],
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="A name to show; else the folder's.")] = None,
    region: Annotated[
        str | None,
        typer.Option(metavar="CC", help="The country of phone numbers written without one; else the time zone's."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Create a workspace: a folder with definitions, a warehouse and a ledger."""
    from satsuma.workspace import Workspace

    with Workspace.create(folder, timezone=timezone, currency=currency, name=name, default_region=region) as workspace:
        settings = workspace.settings
        if as_json:
            facts = {"name": settings.name, "timezone": settings.timezone, "currency": settings.currency}
            output.show_json({"path": str(workspace.path), **facts, "default_region": settings.default_region})
            return
        output.say(f"Created the workspace '{settings.name}' in {folder}.")
        phones = f"; phone numbers without a country are read as {settings.default_region}'s"
        output.say(
            f"Days are {settings.timezone} days, money is {settings.currency}"
            + (phones if settings.default_region else "")
            + "."
        )
        output.say(f"Next: satsuma load FILE --as order-lines -w {folder}")


def load(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders or patterns such as 'days/*.csv'.")
    ],
    kind: KindOption,
    pairs: MapOption = None,
    mapping: MappingOption = None,
    received_at: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that says when a fact became known.")
    ] = None,
    valid_from: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column that says since when a fact holds.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(metavar="NAME", help="The sheet of an Excel file.")] = None,
    save_mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the mapping that was used, to correct or use again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read files into the workspace: CSV, TSV, Parquet, JSON, JSON lines, Excel; also in gz, bz2, xz or zip.

    Columns are recognised by their names and content, and the mapping is shown. Loading the same file again changes
    nothing; an order that changed is replaced as a whole. Rows that cannot be read go to the quarantine.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Loading", hidden=as_json) as progress:
            outcome = opened_workspace.load(
                paths,
                kind=kind,
                map=field_map(pairs),
                mapping=mapping,
                received_at=received_at,
                valid_from=valid_from,
                sheet=sheet,
                save_mapping=save_mapping,
                dry_run=dry_run,
                progress=progress,
            )
        facts = outcome.as_dict()
        if as_json:
            output.show_json(facts)
            return
        show_load(facts)
        if save_mapping is not None and not dry_run:
            output.say(f"The mapping is in {save_mapping}; use it with --mapping {save_mapping}.")


def field_map(pairs: list[str] | None) -> dict[str, str]:
    """Return `FIELD=COLUMN` options as a mapping.

    Raises
    ------
    WrongUse
        When one has no `=`, or a field is given twice.
    """
    found: dict[str, str] = {}
    for pair in pairs or ():
        field, equals, column = pair.partition("=")
        if not equals or not field.strip() or not column.strip():
            raise WrongUse(
                f"'--map {pair}' does not say which field is which column.",
                hint="Write FIELD=COLUMN, for example --map customer_id=Client.",
            )
        if field.strip() in found:
            raise WrongUse(f"'--map' names the field '{field.strip()}' twice.", hint="Name each field once.")
        found[field.strip()] = column.strip()
    return found


def show_load(facts: Mapping[str, Any]) -> None:
    """Show the outcome of a load to a person."""
    from satsuma.report import format as say_as

    mapping = facts["mapping"]
    if mapping:
        output.show_table((("field", "left"), ("column", "left")), list(mapping.items()))
    counts = [(name, facts[name]) for name in ("rows", "loaded", "unchanged", "updated", "quarantined", "anonymous")]
    output.show_table(
        (("what became of the rows", "left"), ("rows", "right")),
        [(name, say_as.count(number)) for name, number in counts if number or name in ("rows", "loaded")],
    )
    if any(facts["classes"].values()):
        output.show_table(
            (("class", "left"), ("rows", "right")),
            [(name, say_as.count(number)) for name, number in facts["classes"].items() if number],
        )
    for sentence in facts.get("notes", ()):
        output.note(sentence)
    if facts["quarantined"]:
        output.say(f"{say_as.counted(facts['quarantined'], 'row')} could not be read: satsuma quarantine list")
    if facts.get("dry_run"):
        output.say("This was a dry run: nothing was changed.")


def quality(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say how complete, valid, unique and recent the loaded data are, column by column, and what was changed."""
    with opened(workspace) as opened_workspace:
        facts = opened_workspace.quality().as_dict()
        if as_json:
            output.show_json(facts)
            return
        show_quality(facts, timezone=opened_workspace.settings.timezone)


def show_quality(facts: Mapping[str, Any], *, timezone: str) -> None:
    """Show the quality report to a person."""
    from satsuma.report import format as say_as

    sources = facts["sources"]
    if not sources:
        output.say("Nothing is loaded yet: satsuma load FILE --as KIND")
        return
    columns: tuple[tuple[str, output.Align], ...] = (
        ("column", "left"),
        ("field", "left"),
        ("rows", "right"),
        ("complete", "right"),
        ("valid", "right"),
        ("distinct", "right"),
        ("changed", "right"),
        ("newest", "left"),
        ("findings", "left"),
    )
    for source in sources:
        rows = [
            (
                str(column["column"]),
                str(column["field"] or ""),
                say_as.count(column["rows"]),
                say_as.share(column["completeness"]),
                say_as.share(column["validity"]),
                say_as.count(column["distinct_values"]),
                say_as.count(column["standardised"]),
                _day(column["newest"], timezone),
                " ".join(f"{finding['sentence']} ({say_as.count(finding['count'])})" for finding in column["findings"]),
            )
            for column in source["columns"]
        ]
        output.show_table(columns, rows, title=f"{source['source']} ({source['kind']})")


def _day(moment: str | None, timezone: str) -> str:
    from satsuma.report import format as say_as

    return "" if moment is None else say_as.day(datetime.fromisoformat(moment), timezone)
