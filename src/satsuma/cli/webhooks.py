"""`satsuma source webhook` and `satsuma source requests`: what vendors send by themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened

#: What stands in the address until somebody says where the server is reached.
YOUR_SERVER = "https://YOUR-SERVER"


def add(group: typer.Typer) -> None:
    """Add the commands to the group of sources."""
    group.command("webhook", epilog=example("satsuma source webhook shop --url https://data.example.com"))(webhook)
    group.command("requests", epilog=example("satsuma source requests", "satsuma source requests --answered 3"))(
        requests
    )


def webhook(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source, as 'satsuma source list' shows it.")],
    url: Annotated[str, typer.Option("--url", metavar="URL", help="How the vendor reaches the server.")] = YOUR_SERVER,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what to register at a vendor, so that it sends by itself what changed: the address, and the secret."""
    with opened(workspace) as shop:
        found = shop.hooks.describe(name, url=url)
        if as_json:
            output.show_json(found.as_dict())
            return
        if found.add is not None:
            output.say(f"The source '{name}' takes no deliveries yet. Add to sources/{name}.yaml:")
            output.say()
            for line in found.add.splitlines():
                output.say(f"  {line}")
            output.say()
        output.say(f"Register at {found.vendor}:")
        output.say(f"  {found.url}")
        for variable, is_set in found.variables.items():
            in_url = f"${{{variable}}}" in found.url
            what = "put its value into the address" if in_url else found.secret
            output.say(f"Set {variable} where the server runs: {what}." + ("" if is_set else " It is not set here."))
        if any(f"${{{variable}}}" in found.url for variable in found.variables):
            output.say("A secret of your own is long and random: openssl rand -hex 32")
        if found.brings:
            output.say("What deliveries bring:")
            for sentence in found.brings:
                output.say(f"  {sentence}")


def requests(
    answered: Annotated[
        int | None,
        typer.Option("--answered", metavar="N", help="Say that this request was answered; whom it is about is let go."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List who asked, through a vendor, to be forgotten or to learn what is known, and until when to answer."""
    from satsuma.report import format as say_as

    with opened(workspace) as shop:
        if answered is not None:
            shop.hooks.answered(answered)
        found = shop.hooks.requests()
        if as_json:
            output.show_json([item.as_dict() for item in found])
            return
        if not found:
            output.say("Nobody waits for an answer.")
            return
        zone = shop.settings.timezone
        output.show_table(
            (("request", "right"), ("source", "left"), ("kind", "left"), ("said as", "left"), ("about", "left"),
             ("came", "left"), ("due", "left")),
            [
                (str(item.request_id), item.source, item.kind, item.topic, _about(item.subject),
                 say_as.day(item.received_at, zone), say_as.day(item.due_at, zone))
                for item in found
            ],
        )  # fmt: skip


def _about(subject: object) -> str:
    """Return whom a request is about in a line; lists are counted."""
    if not isinstance(subject, dict):
        return ""
    said = [f"{key} {len(value) if isinstance(value, list) else value}" for key, value in subject.items()]
    return ", ".join(said)
