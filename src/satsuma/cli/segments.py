"""`satsuma segment`: who is in, how many, why; and trying a definition out."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from satsuma.cli import housekeeping, output, segment_backtest, segment_compare, segment_why
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.segment_state import error_sentence, state_lines
from satsuma.errors import DefinitionError, SourceError

if TYPE_CHECKING:
    from satsuma.segments.state import SegmentState

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The name of a segment: its file without .yaml.")]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Segments: yes or no for each customer.")
    group.command("list", epilog=example("satsuma segment list"))(list_)
    group.command("show", epilog=example("satsuma segment show champions"))(show)
    group.command("members", epilog=example("satsuma segment members champions --ids > champions.txt"))(members)
    group.command(
        "preview",
        epilog=example(
            "satsuma segment preview segments/vip.yaml",
            "echo 'where: {did: Order Completed, count: {gte: 3}}' | satsuma segment preview -",
        ),
    )(preview)
    group.command("explain", epilog=example("satsuma segment explain champions"))(explain)
    for module in (segment_backtest, segment_compare, segment_why):
        module.add(group)
    housekeeping.add_to(group, "segment", "champions")
    app.add_typer(group, name="segment")


def segment_rows(
    segments: Sequence[Mapping[str, Any]], currency: str
) -> tuple[Sequence[tuple[str, output.Align]], Sequence[tuple[str, ...]]]:
    """Return columns and rows of a table of segments, the largest first."""
    from satsuma.report import format as say_as

    # A segment of accounts says so beside its size.
    mixed = any(item.get("entity") == "account" for item in segments)
    columns: tuple[tuple[str, output.Align], ...] = (
        ("segment", "left"),
        ("title", "left"),
        ("size" if mixed else "customers", "right"),
        ("share", "right"),
        ("value", "right"),
    )
    rows = [
        (
            str(item["name"]),
            str(item["title"]),
            say_as.counted(item["size"], str(item["entity"])) if mixed else say_as.count(item["size"]),
            say_as.share(item["share"]),
            say_as.money(item["value"], currency),
        )
        for item in sorted(segments, key=lambda item: (-item["size"], item["name"]))
    ]
    return columns, rows


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the segments of the last run with size, share, value, and what moved and failed last."""
    from satsuma.report import format as say_as

    with opened(workspace) as opened_workspace:
        found = opened_workspace.segments()
        segments = [item.as_dict() for item in found]
        if as_json:
            states = [item.state.as_dict() for item in found]
            output.show_json([{**facts, "state": state} for facts, state in zip(segments, states, strict=True)])
            return
        timezone = opened_workspace.settings.timezone
        error = opened_workspace.last_error()
        if error is not None:
            output.warn(error_sentence(error, timezone))
        if not segments:
            output.say(
                "No segment is computed yet. Compute what stands in segments/: satsuma run. "
                "None there? Write one, or let 'satsuma suggest' write some."
            )
            return
        columns, rows = segment_rows(segments, opened_workspace.settings.currency)
        moved = {item.name: (item.facts["entered"], item.facts["left"]) for item in found}
        output.show_table(
            [*columns, ("entered", "right"), ("left", "right")],
            [(*row, *(say_as.count(number) for number in moved[row[0]])) for row in rows],
        )
        output.note(_freshness(found[0].state, timezone))
        try:
            outdated = opened_workspace.outdated()
        except DefinitionError:
            # The results of the last run stand all the same.
            output.warn("The definitions have mistakes, and the next run will fail: satsuma check")
            return
        if outdated:
            names = ", ".join(outdated[:5]) + (f" and {len(outdated) - 5} more" if len(outdated) > 5 else "")
            output.note(f"New, changed or gone since the last run: {names}. To bring them up to date: satsuma run")


def _freshness(state: SegmentState, timezone: str) -> str:
    """Return of when all of the list is: one run computes every segment."""
    from satsuma.report import format as say_as

    run = state.last_run
    assert run is not None
    due = "not scheduled" if state.next_due is None else say_as.moment(state.next_due, timezone)
    made = f"by run {run.run_id} at {say_as.moment(run.started_at, timezone)}, took {say_as.duration(run.seconds)}"
    return f"As of {say_as.moment(run.as_of, timezone)}, {made}; next due: {due}."


def show(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show one segment: its rule in words, size, share, value, and how things stand with it."""
    with opened(workspace) as opened_workspace:
        segment = opened_workspace.segment(name)
        state = segment.state
        # A definition that is gone or has mistakes has no words; the last run still has its members.
        words = opened_workspace.explain(name) if state.definition not in ("gone", "has mistakes") else None
        facts = {**segment.as_dict(), "explanation": words, "state": state.as_dict()}
        if as_json:
            output.show_json(facts)
            return
        columns, rows = segment_rows([facts], opened_workspace.settings.currency)
        output.show_table(columns, rows)
        if words is not None:
            output.say(words)
            output.say()
        for line in state_lines(state, opened_workspace.settings.timezone):
            output.say(line)


def members(
    name: NameArgument,
    ids: Annotated[bool, typer.Option("--ids", help="Write every id, one a line, sorted.")] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many to show without --ids.")] = 20,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the customers (or accounts) of a segment; `satsuma export` writes them to a file with their traits."""
    with opened(workspace) as opened_workspace:
        found: Sequence[str] = opened_workspace.segment(name).ids()
        if ids:
            output.show_lines(found)
        elif as_json:
            output.show_json({"name": name, "size": len(found), "ids": list(found)})
        else:
            output.show_lines(output.printable(customer_id) for customer_id in found[:limit])
            if len(found) > limit:
                output.note(f"{len(found) - limit:,} more; --ids lists all.")


def preview(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A segment's file, or - for standard input.")],
    as_of: Annotated[str | None, typer.Option(metavar="TIME", help="The moment to compute for.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try a segment out: its size, share and value, with nothing kept."""
    from satsuma.report import format as say_as

    text, name = definition_text(file)
    with opened(workspace) as opened_workspace:
        with progress_bar("Counting", hidden=as_json):
            facts = opened_workspace.preview(text, file=name, as_of=as_of).as_dict()
        for sentence in facts.get("warnings", ()):
            output.warn(sentence)
        if as_json:
            output.show_json(facts)
            return
        value = say_as.money(facts["value"], opened_workspace.settings.currency)
        output.say(f"{say_as.counted(facts['size'], 'customer')}, {say_as.share(facts['share'])}, value {value}.")


def definition_text(file: str) -> tuple[str, str]:
    """Return the text of a definition and the name to show for it."""
    where = "standard input" if file == "-" else f"'{file}'"
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig"), "<standard input>" if file == "-" else file
    except OSError as error:
        raise SourceError(
            f"{where} cannot be read ({error.strerror or 'the system refused'}).",
            hint="Name a segment's file, or - to give the definition on standard input.",
        ) from None
    except UnicodeDecodeError:
        raise SourceError(f"{where} is not UTF-8 text.", hint="Save the definition as UTF-8.") from None


def explain(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say a segment's rule in words."""
    with opened(workspace) as opened_workspace:
        words = opened_workspace.explain(name)
        if as_json:
            output.show_json({"name": name, "explanation": words})
        else:
            output.say(words)
