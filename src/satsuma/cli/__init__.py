"""The command line: parse, call the workspace, show the answer.

Nothing here computes. Modules that bring the engine are imported inside the commands, so that `satsuma --help` is
quick.
"""

from __future__ import annotations


def main() -> None:
    """Run the `satsuma` program and leave with its exit code."""
    from satsuma.cli.running import run

    raise SystemExit(run())


__all__ = ["main"]
