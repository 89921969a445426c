"""`satsuma serve`: the server, and how to sign in when it starts for the first time."""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.errors import WrongUse

if TYPE_CHECKING:
    from satsuma.access.door import Access

#: The port that nobody has to name.
PORT = 8750


def add(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("serve", epilog=example("satsuma serve", "satsuma serve --port 9000"))(serve)


def serve(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, metavar="N", help="The port; 0 takes any free one.")] = PORT,
    beyond: Annotated[
        bool, typer.Option("--beyond-this-computer", help="Let --host name an address that others can reach.")
    ] = False,
    public_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="How browsers reach it, where a proxy stands in front.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the workspace over HTTP: a REST API, tracking, sign-in, background work. Stop it with Ctrl-C.

    It owns the warehouse while it runs; commands beside it say --server URL. Over a network, put a proxy with https
    in front: keys and passwords are not to travel in clear.
    """
    _refuse_host(host, beyond)
    public_host = None if public_url is None else urlsplit(public_url).netloc
    if public_host == "":
        raise WrongUse("--public-url is not an address.", hint="Write it as https://satsuma.example.com")
    with opened(workspace) as shop:
        from satsuma.api.serving import listen
        from satsuma.api.serving import serve as serve_app

        # Whoever else holds the warehouse is met here, before anything is promised.
        _ = shop.ledger
        listening = listen(host, port)
        from satsuma.api.app import create_app
        from satsuma.api.collecting import collecting
        from satsuma.api.hooks import hook_routes, receiving
        from satsuma.api.routes import ROUTERS
        from satsuma.api.tracking import tracking_routes

        routers = [*ROUTERS, tracking_routes(), hook_routes()]
        app = create_app(shop, public_host=public_host, routers=routers, companions=[collecting(), receiving()])
        first = first_start(shop.access)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}"
        if as_json:
            output.show_json({"url": url, "first_start": first})
        else:
            _tell(shop.settings.name, url, first)
        # Whoever started it through a pipe waits for these lines.
        sys.stdout.flush()
        serve_app(app, listening)
        output.note("Stopped.")


def _refuse_host(host: str, beyond: bool) -> None:
    try:
        is_near = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if not is_near and not beyond:
        raise WrongUse(
            f"'{host}' is not this computer alone: others could reach the server.",
            hint="If that is meant, say --beyond-this-computer too, and put a proxy with https in front.",
        )


def first_start(access: Access) -> dict[str, Any] | None:
    """Make an administrator and the first keys when there is nobody yet; return them, with their secrets."""
    from datetime import UTC, datetime

    from satsuma.access.door import FIRST_USER
    from satsuma.access.roles import SCOPES

    if access.users.all():
        return None
    now = datetime.now(UTC).replace(tzinfo=None)
    user, password = access.users.add(FIRST_USER, "admin", now=now)
    keys = {scope: access.keys.make(f"first {scope} key", [scope], by=user.name, now=now)[1] for scope in SCOPES}
    return {"user": user.name, "password": password, "keys": keys}


def _tell(name: str, url: str, first: dict[str, Any] | None) -> None:
    if first is not None:
        output.say("This is the first start. Keep what follows: it is shown once.")
        output.say()
        output.say(f"  user {first['user']}, password {first['password']} (to be changed at the first sign-in)")
        words = {"write": "send events", "read": "read results", "admin": "do everything"}
        for scope, token in first["keys"].items():
            output.say(f"  key to {words[scope]:<14} {token}")
        output.say()
    output.say(f"Serving '{name}' at {url}. Stop with Ctrl-C.")
