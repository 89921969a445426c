"""`satsuma key`: the keys with which programs use a server. Works beside a running server."""

from __future__ import annotations

from typing import Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Keys: how programs use the server.")
    group.command("make", epilog=example("satsuma key make website --scope write"))(make)
    group.command("list", epilog=example("satsuma key list"))(list_)
    group.command("revoke", epilog=example("satsuma key revoke 3"))(revoke)
    app.add_typer(group, name="key")


def make(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The program that uses it.")],
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope", metavar="SCOPE", help="write (send events), read, or admin; may be given several times."
        ),
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and show it, once: only its digest is kept."""
    with opened(workspace) as shop:
        from satsuma.cli.users import user_now

        by, now = user_now()
        key, token = shop.access.keys.make(name, scopes, by=by, now=now)
        if as_json:
            output.show_json({**key.as_dict(), "key": token})
            return
        output.say(token)
        output.note(f"Key {key.key_id}, '{key.name}', may {' and '.join(key.scopes)}. It is not shown again.")


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the keys, by their first letters, with when each was used last."""
    from satsuma.report import format as say_as

    with opened(workspace) as shop:
        keys = shop.access.keys.all()
        if as_json:
            output.show_json([key.as_dict() for key in keys])
            return
        if not keys:
            output.say("There are no keys yet: satsuma key make NAME --scope read")
            return
        zone = shop.settings.timezone
        output.show_table(
            (("key", "right"), ("name", "left"), ("begins", "left"), ("scopes", "left"), ("made", "left"),
             ("last used", "left"), ("state", "left")),
            [
                (str(key.key_id), key.name, key.prefix, ", ".join(key.scopes), say_as.day(key.made_at, zone),
                 "never" if key.last_used_at is None else say_as.moment(key.last_used_at, zone),
                 "in use" if key.revoked_at is None else "revoked")
                for key in keys
            ],
        )  # fmt: skip


def revoke(
    key_id: Annotated[int, typer.Argument(metavar="KEY", help="The number of the key, as 'list' shows it.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key useless, at once and for good."""
    with opened(workspace) as shop:
        from satsuma.cli.users import user_now

        key = shop.access.keys.revoke(key_id, now=user_now()[1])
        if as_json:
            output.show_json(key.as_dict())
        else:
            output.say(f"Key {key.key_id}, '{key.name}', is revoked.")
