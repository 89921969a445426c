"""Commands about definitions as a whole: `check` and `suggest`."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar


def add(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    app.command("check", epilog=example("satsuma check"))(check)
    app.command("suggest", epilog=example("satsuma suggest", "satsuma suggest --dry-run"))(suggest)


def check(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Check settings, catalogue, every definition and source; report all mistakes with file and line."""
    with opened(workspace) as opened_workspace:
        counts = opened_workspace.check()
        if as_json:
            output.show_json({"ok": True, **counts})
            return
        from satsuma.report.format import counted, listed

        words = {word: word.replace("_", " ") for word in counts}
        parts = [counted(counts[word], said.removesuffix("s"), said) for word, said in words.items()]
        output.say(f"All is well: {listed(parts)}.")


def suggest(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write ready-made traits, segmentations and segments for what the loaded data hold.

    A file that is there already is never touched.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Looking at the data", hidden=as_json):
            suggestions = [item.as_dict() for item in opened_workspace.suggest(write=not dry_run)]
        if as_json:
            output.show_json(suggestions)
            return
        if not suggestions:
            output.say("There is nothing to suggest that is not there already. Load more data, or write your own.")
            return
        output.show_table(
            (("file", "left"), ("title", "left"), ("why", "left")),
            [(str(item["path"]), str(item["title"]), str(item.get("reason") or "")) for item in suggestions],
        )
        count = len(suggestions)
        what = "would be written" if dry_run else "written"
        output.say(f"{count} {'file' if count == 1 else 'files'} {what}. Edit them as you like, then: satsuma run")
