"""A server of a workspace that listens at a real address, in a thread of the tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from satsuma import Workspace
from satsuma.api.app import create_app
from satsuma.api.limits import Rate
from satsuma.api.serving import config, listen
from small_server import now

QUICK = Rate(per_second=10_000, at_once=10_000)


@contextmanager
def listening(workspace: Workspace, **settings: Any) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Serve a workspace; yield host, port and a key of each scope. It is closed in the end."""
    socket = listen("127.0.0.1", 0)
    app = create_app(workspace, **{"rate": QUICK, "strangers": QUICK, **settings})
    server = uvicorn.Server(config(app))
    thread = threading.Thread(target=lambda: server.run(sockets=[socket]), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server does not start"
        time.sleep(0.01)
    access = workspace.access
    keys = {scope: access.keys.make(scope, [scope], by="test", now=now())[1] for scope in ("write", "read", "admin")}
    try:
        yield (*socket.getsockname()[:2], keys)
    finally:
        server.should_exit = True
        thread.join(30)
        workspace.close()
        assert not thread.is_alive(), "the server does not stop"
