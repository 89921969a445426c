"""`satsuma user`: the people who may sign in at a server. Works beside a running server."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened

if TYPE_CHECKING:
    from satsuma.access.users import User

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")]
_ROLES = "viewer, marketer, analyst or admin"


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Users: people who may sign in at the server, each with a role.")
    group.command("add", epilog=example("satsuma user add ada --role analyst"))(add_user)
    group.command("list", epilog=example("satsuma user list"))(list_)
    group.command("role", epilog=example("satsuma user role ada admin"))(role)
    group.command("disable", epilog=example("satsuma user disable ada"))(disable)
    group.command("enable", epilog=example("satsuma user enable ada"))(enable)
    group.command("reset", epilog=example("satsuma user reset ada"))(reset)
    app.add_typer(group, name="user")


def user_now() -> tuple[str, datetime]:
    """Return who is at work here, and the moment."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        # A container may run as a number that no name belongs to.
        name = str(os.getuid()) if hasattr(os, "getuid") else "unknown"
    return name, datetime.now(UTC).replace(tzinfo=None)


def add_user(
    name: NameArgument,
    role: Annotated[str, typer.Option(metavar="ROLE", help=f"What they may do: {_ROLES}.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user; the password that is shown, once, is to be changed at the first sign-in."""
    with opened(workspace) as shop:
        user, password = shop.access.users.add(name, role, now=user_now()[1])
        _show(user, as_json, f"'{user.name}' is a user with the role {user.role}.", password)


def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the users with role and last sign-in."""
    from satsuma.report import format as say_as

    with opened(workspace) as shop:
        users = shop.access.users.all()
        if as_json:
            output.show_json([user.as_dict() for user in users])
            return
        if not users:
            output.say("There are no users yet: satsuma user add NAME --role ROLE")
            return
        zone = shop.settings.timezone
        output.show_table(
            (("user", "left"), ("role", "left"), ("last signed in", "left"), ("state", "left")),
            [
                (user.name, user.role,
                 "never" if user.last_signed_in_at is None else say_as.moment(user.last_signed_in_at, zone),
                 "disabled" if user.disabled_at else "has to change the password" if user.must_change else "")
                for user in users
            ],
        )  # fmt: skip


def role(
    name: NameArgument,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"What they may do: {_ROLES}.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a user another role; it counts at once."""
    with opened(workspace) as shop:
        user = shop.access.users.change_role(name, role)
        _show(user, as_json, f"'{user.name}' has the role {user.role} now.")


def disable(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Shut a user out, at once."""
    with opened(workspace) as shop:
        user = shop.access.disable(name, now=user_now()[1])
        _show(user, as_json, f"'{user.name}' cannot sign in any more. To undo: satsuma user enable {user.name}")


def enable(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Let a user in again who was shut out."""
    with opened(workspace) as shop:
        user = shop.access.users.enable(name)
        _show(user, as_json, f"'{user.name}' can sign in again.")


def reset(name: NameArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Give a user a new password, to be changed at the next sign-in; a lock-out ends."""
    with opened(workspace) as shop:
        user, password = shop.access.reset(name)
        _show(user, as_json, f"'{user.name}' has a new password.", password)


def _show(user: User, as_json: bool, words: str, password: str | None = None) -> None:
    if as_json:
        output.show_json({**user.as_dict(), **({} if password is None else {"password": password})})
        return
    output.say(words)
    if password is not None:
        output.say(f"Password: {password}")
        output.note("It is not shown again, and is to be changed at the next sign-in.")
