"""The options that commands share, and opening the workspace they name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "-w",
        "--workspace",
        metavar="DIR",
        envvar="SATSUMA_WORKSPACE",
        help="The workspace folder; else SATSUMA_WORKSPACE, else the current folder.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer (and complain) in JSON, for programs.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="How far back: a distance (1 month, 2 weeks, 30d) or a day or moment; a month before the last run when "
        "not said.",
        show_default=False,
    ),
]


@contextmanager
def opened(path: Path | None) -> Iterator[Workspace]:
    """Open the workspace that the options name, here or at a server, and close it whatever happens."""
    from satsuma.cli.running import asked_server, remember_workspace
    from satsuma.workspace import Workspace

    server = asked_server()
    if server is not None:
        from satsuma.remote import RemoteWorkspace

        with RemoteWorkspace(server, os.environ.get("SATSUMA_API_KEY", "")) as remote:
            # It answers the calls that go through a server, and refuses the others with a sentence.
            yield cast("Workspace", remote)
        return
    with Workspace.open(Path.cwd() if path is None else path) as workspace:
        remember_workspace(workspace.path)
        yield workspace


def example(*lines: str) -> str:
    """Return the closing lines of a command's help."""
    return "\n\n".join(f"Example: {line}" for line in lines)
