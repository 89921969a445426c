"""`satsuma serve` in a process of its own, for checks that measure it and kill it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from satsuma import Workspace

KEYS = ("write", "read")


@dataclass
class Served:
    """A server that runs: its process, its port, and keys by what they may do."""

    process: subprocess.Popen[str]
    port: int
    keys: dict[str, str]

    def metrics(self) -> dict[str, float]:
        """Return what the server says of collecting, and the seconds of processor that it took."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/metrics", headers={"Authorization": f"Bearer {self.keys['read']}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            lines = [line.split() for line in answer.read().decode().splitlines() if not line.startswith("#")]
        wanted = ("satsuma_collecting_", "process_cpu_seconds", "process_resident_memory")
        return {name.removeprefix("satsuma_collecting_"): float(value) for name, value in lines
                if name.startswith(wanted)}  # fmt: skip


def make_keys(workspace: Workspace) -> dict[str, str]:
    """Make a user, so that a start is not the first, and a key of each kind."""
    now = datetime.now(UTC).replace(tzinfo=None)
    access = workspace.access
    access.users.add("bench", "admin", now=now)
    return {scope: access.keys.make(scope, [scope], by="bench", now=now)[1] for scope in KEYS}


def start(folder: Path, keys: dict[str, str], log: int | None = subprocess.DEVNULL) -> Served:
    """Start the server of a workspace; returns when it takes requests."""
    command = [sys.executable, "-m", "satsuma", "serve", "--port", "0", "--json", "-w", str(folder)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    assert process.stdout is not None
    lines = ""
    while not lines.rstrip().endswith("}"):
        line = process.stdout.readline()
        if not line:
            raise SystemExit("The server did not start.")
        lines += line
    url = json.loads(lines)["url"]
    for _ in range(3_000):
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=30):  # noqa: S310
                return Served(process, int(url.rsplit(":", 1)[1]), keys)
        except OSError:
            time.sleep(0.02)
    raise SystemExit("The server does not become ready.")
