"""A bar for work that takes more than a second: on standard error, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told the name of a step as it starts, and how much of it is done where that is known."""

    def __call__(self, step: str, done: int = 0, total: int | None = None, /) -> None: ...


@contextmanager
def progress_bar(title: str, *, hidden: bool = False) -> Iterator[Progress]:
    """Show a bar with the step that runs and the time it has taken; it goes away at the end.

    Into a pipe nothing is written: a log of bars helps nobody.
    """
    if hidden or not sys.stderr.isatty():
        yield _unseen
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    from satsuma.cli.output import console, printable

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def told(step: str, done: int = 0, total: int | None = None, /) -> None:
            bar.update(task, description=printable(f"{title}: {step}"), completed=done, total=total)

        yield told


def _unseen(_step: str, _done: int = 0, _total: int | None = None, /) -> None:
    """Ignore progress."""
