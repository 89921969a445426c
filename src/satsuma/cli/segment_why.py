"""`satsuma segment why`: condition by condition, why one customer is in a segment or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.cli.progress import progress_bar
from satsuma.cli.segment_names import SEGMENT_HELP, segment_asked

if TYPE_CHECKING:
    from satsuma.segments.why import Node, Why

_INDENT = "    "


def add(group: typer.Typer) -> None:
    """Add the command to the group of segments."""
    group.command(
        "why",
        epilog=example(
            "satsuma segment why vip --customer 4711", "satsuma segment why vip --customer 4711 --at 2024-06-30"
        ),
    )(why)


def why(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help=SEGMENT_HELP)],
    customer: Annotated[str, typer.Option(metavar="ID", help="The customer_id of the customer.")],
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="The moment; that of the last run, when not said.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say why a customer is in a segment or not, with the customer's own values and events.

    The answer holds personal data. The ledger keeps who asked about whom: see satsuma activity.
    """
    with opened(workspace) as opened_workspace:
        with progress_bar("Looking", hidden=as_json):
            found = opened_workspace.why(segment_asked(segment), customer, at=at)
        for sentence in found.warnings:
            output.warn(sentence)
        if as_json:
            output.show_json(found.as_dict())
            return
        output.show_lines(output.printable(line) for line in _lines(found, opened_workspace.settings.zone))


def _lines(found: Why, zone: ZoneInfo) -> Iterator[str]:
    from satsuma.report import format as say_as

    moment = say_as.moment(found.as_of, zone.key)
    verdict = "is in" if found.is_member else "is not in"
    yield f"{found.customer_id} {verdict} '{found.segment}' as of {moment}."
    if found.tree is None:
        yield "The customer is not in the population of that moment: not seen yet by then."
    else:
        yield from _tree(found.tree, zone, 0)
    if found.to_change:
        yield "To be in, this would have to be otherwise:"
        # What goes on over several lines stands above, whole.
        yield from (f"{_INDENT}{node.words.removesuffix(':')}" for node in found.to_change)
    if found.stored is not None and found.stored != found.is_member:
        was = "in" if found.stored else "not in"
        yield f"The last run has the customer {was} it: definitions or data changed since. Next: satsuma run"
    change = found.last_change
    if change is not None:
        when = say_as.moment(change.as_of, zone.key)
        yield f"Last change: {change.move} at run {change.run_id}, as of {when}, cause: {change.cause}."


def _tree(node: Node, zone: ZoneInfo, depth: int) -> Iterator[str]:
    """Yield the lines of a condition: its answer and words, then what decided it, then its parts."""
    start = _INDENT * depth
    yield f"{start}{'yes' if node.held else 'no ':3} {node.words}"
    below = start + _INDENT
    yield from (f"{below}    {line}" for line in node.detail)
    if node.evidence.facts:
        yield f"{below}{_facts(node.evidence.facts, zone)}"
    for event in node.evidence.events:
        properties = f": {_facts(event.properties, zone)}" if event.properties else ""
        yield f"{below}{_value(event.time, zone)} {event.name}{properties}"
    if node.evidence.more:
        yield f"{below}and {node.evidence.more:,} more"
    for part in node.parts:
        yield from _tree(part, zone, depth + 1)


def _facts(facts: Mapping[str, Any], zone: ZoneInfo) -> str:
    return ", ".join(f"{name} = {_value(value, zone)}" for name, value in facts.items())


def _value(value: Any, zone: ZoneInfo) -> str:
    from satsuma.language.words import value_words
    from satsuma.report import format as say_as

    if value is None:
        return "not known"
    if isinstance(value, datetime):
        return say_as.moment(value, zone.key)
    if isinstance(value, tuple | list):
        return ", ".join(_value(item, zone) for item in value) or "nothing"
    if isinstance(value, str | bool | int | float | Decimal | date):
        return value_words(value, zone)
    return str(value)
