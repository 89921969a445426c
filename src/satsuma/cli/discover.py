"""`satsuma discover`: groups of customers, and the rules that say them."""

from __future__ import annotations

import typer

from satsuma.cli import discover_rules


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Groups of customers, and the rules that say them.")
    discover_rules.add_to(group)
    app.add_typer(group, name="discover")
