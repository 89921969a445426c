"""The server with its tracking API on a real socket: in a thread of this process, or as `satsuma serve`."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from satsuma import Workspace
from satsuma.api.app import create_app
from satsuma.api.collecting import collecting
from satsuma.api.limits import Rate
from satsuma.api.routes import ROUTERS
from satsuma.api.tracking import tracking_routes
from small_server import now


class Serving:
    """A server that runs, with a key that may write and one that may do everything."""

    def __init__(self, port: int, key: str, admin: str, app: Any = None) -> None:
        self.port, self.key, self.admin, self._app = port, key, admin, app

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def collector(self) -> Any:
        """That of a server in this process."""
        return self._app.state.parts.collector

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Return status, body (JSON where it is) and headers of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        try:
            connection.request(method, path, sent, dict(headers or {}))
            answer = connection.getresponse()
            text = answer.read()
            try:
                said = json.loads(text)
            except ValueError:
                said = text
            return answer.status, said, {key.lower(): value for key, value in answer.getheaders()}
        finally:
            connection.close()

    def metrics(self) -> dict[str, float]:
        """Return what the server counts of collecting."""
        _, text, _ = self.ask("GET", "/metrics", headers={"Authorization": f"Bearer {self.admin}"})
        lines = (line.split() for line in text.decode().splitlines() if line.startswith("satsuma_collecting_"))
        return {name.removeprefix("satsuma_collecting_"): float(value) for name, value in lines}

    def landed(self, messages: int, what: str = "landed_messages") -> None:
        """Wait until so many messages are landed."""
        until = time.monotonic() + 60
        while (found := self.metrics()[what]) < messages:
            assert time.monotonic() < until, f"{found} of {messages} messages: {what}"
            time.sleep(0.02)


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Serving]:
    """Serve a new workspace until the block ends; it is then landed whole and can be opened."""
    workspace = Workspace.create(folder, timezone="UTC", currency="EUR")
    quick = Rate(per_second=10_000, at_once=10_000)
    app = create_app(
        workspace, rate=quick, strangers=quick, routers=[*ROUTERS, tracking_routes()],
        companions=[collecting(**{"refreshes": False, "pause": 0.02, **settings})],
    )  # fmt: skip
    keys = [workspace.access.keys.make(scope, [scope], by="test", now=now())[1] for scope in ("write", "admin")]
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.02)
        yield Serving(server.servers[0].sockets[0].getsockname()[1], *keys, app)
    finally:
        server.should_exit = True
        thread.join()
        workspace.close()


@contextmanager
def served(folder: Path) -> Iterator[Serving]:
    """Run `satsuma serve` on a new workspace until the block ends, with a key that `satsuma key make` made."""
    Workspace.create(folder, timezone="UTC", currency="EUR").close()
    satsuma = [sys.executable, "-m", "satsuma"]
    process = subprocess.Popen(
        [*satsuma, "serve", "--port", "0", "--json", "-w", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "the server does not start"
        lines = ""
        while not lines.rstrip().endswith("}\n}"):
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            lines += line
        told = json.loads(lines)
        made = subprocess.run(
            [*satsuma, "key", "make", "site", "--scope", "write", "--json", "-w", str(folder)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        port = int(told["url"].rsplit(":", 1)[1])
        yield Serving(port, json.loads(made.stdout)["key"], told["first_start"]["keys"]["admin"])
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log
        assert "Traceback" not in log
        assert "failed" not in log
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
