"""`satsuma serve` as a process, commands beside it, keys and users."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from quick_passwords import quick_passwords
from satsuma import Workspace
from small_server import PERSON, fill

__all__ = ["quick_passwords"]
Runner = Callable[..., Any]

#: What is asked of a folder and of the server that holds it, and is to be answered alike.
LOOKS: tuple[tuple[str, ...], ...] = (
    ("run", "list"), ("segment", "list"), ("segment", "show", "big"), ("segment", "members", "buyers"),
    ("segment", "members", "buyers", "--ids"), ("segment", "explain", "big"), ("segment", "overlap", "big", "buyers"),
    ("segmentation", "list"), ("segmentation", "show", "halves"), ("trait", "list"), ("trait", "show", "paid"),
    ("model", "list"), ("model", "show", "halves"), ("quality",), ("quarantine", "list"), ("check",), ("lint",),
    ("activity", "--limit", "5"), ("schema", "--kind", "segment"), ("segment", "preview", "PREVIEW"),
    ("segment", "show", "big", "--json"), ("run", "list", "--json"), ("activity", "--json"),
    ("segment", "overlap", "--json"),
)  # fmt: skip


@dataclass
class Running:
    """A server in a process of its own, and what its folder answered before it started."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    first: dict[str, Any]
    before: dict[tuple[str, ...], str]


def looks(satsuma: Runner, *where: str | Path, file: Path) -> dict[tuple[str, ...], str]:
    found = {}
    for look in LOOKS:
        done = satsuma(*(str(file) if item == "PREVIEW" else item for item in look), *where)
        assert done.code == 0, (look, done.err)
        found[look] = done.out
    return found


@pytest.fixture
def running(tmp_path: Path, satsuma: Runner) -> Iterator[Running]:
    with fill(tmp_path) as workspace:
        workspace.run("2024-07-01")
    folder = workspace.path
    preview = tmp_path / "tried.yaml"
    preview.write_text("segment: tried\nwhere: {trait: paid, gte: 20}\n")
    before = looks(satsuma, "-w", folder, file=preview)
    command = [sys.executable, "-m", "satsuma", "serve", "--port", "0", "--json", "-w", str(folder)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "the server does not start"
        lines = ""
        while not lines.rstrip().endswith("}\n}"):
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            lines += line
        told = json.loads(lines)
        yield Running(process, folder, told["url"], told["first_start"], before)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_a_server_from_its_first_start_to_its_end(
    running: Running, satsuma: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    preview = tmp_path / "tried.yaml"
    held = satsuma("run", "list", "-w", running.folder)
    assert held.code == 1
    assert "--server URL" in held.err
    # Keys and users need no warehouse.
    assert [key["scopes"] for key in json.loads(satsuma("key", "list", "--json", "-w", running.folder).out)] == [
        ["admin"], ["read"], ["write"],
    ]  # fmt: skip
    signed = httpx2.post(f"{running.url}/api/v1/session", json={"name": "admin", "password": running.first["password"]})
    assert signed.json()["data"]["must_change_password"] is True

    monkeypatch.setenv("SATSUMA_API_KEY", running.first["keys"]["read"])
    monkeypatch.setenv("SATSUMA_SERVER", running.url)
    assert looks(satsuma, file=preview) == running.before
    refused = satsuma("run")
    assert (refused.code, "It takes the role 'analyst'" in refused.err) == (1, True)
    missing = satsuma("segment", "show", "bigg", "--json")
    assert (missing.code, missing.error["nearest"]) == (1, ["big"])
    assert satsuma("export", "big", "--to", tmp_path / "big.csv").code == 0
    assert (tmp_path / "big.csv").read_text().splitlines() == ['"customer_id"', f'"{PERSON}"']
    away = satsuma("init", tmp_path / "x", "--timezone", "UTC", "--currency", "EUR", "--server", running.url)
    assert (away.code, "asks no server" in away.err, (tmp_path / "x").exists()) == (2, True, False)

    monkeypatch.delenv("SATSUMA_SERVER")
    monkeypatch.setenv("SATSUMA_API_KEY", running.first["keys"]["admin"])
    ran = satsuma("run", "--as-of", "2024-07-01", "--json", "--server", running.url)
    assert (ran.code, ran.json["population"]) == (0, 4), ran.err
    assert satsuma("--server", running.url, "refresh", "--as-of", "2024-07-02").code == 0
    wrong = satsuma("run", "--as-of", "tomorrow", f"--server={running.url}")
    assert (wrong.code, "is not a moment" in wrong.err) == (2, True)

    running.process.send_signal(signal.SIGTERM)
    _, log = running.process.communicate(timeout=30)
    assert running.process.returncode == 0, log
    assert "Traceback" not in log
    assert "route=/api/v1/segments/{name}" in log
    assert "bigg" not in log
    with Workspace.open(running.folder) as workspace:
        assert len(workspace.runs()) == 3


def test_a_server_that_is_none_is_told(satsuma: Runner, monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    monkeypatch.setenv("SATSUMA_API_KEY", "sat_r_x")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        silent = satsuma("run", "list", "--server", url)
    assert (silent.code, "does not answer" in silent.err) == (1, True)
    for arguments, said in (
        (("run", "list", "--server", "nonsense"), "not an address"), (("run", "list", "--server"), "not an address"),
        (("run", "list", "--server", url, "-w", str(shop)), "both say"),
    ):  # fmt: skip
        done = satsuma(*arguments)
        assert (done.code, said in done.err) == (2, True), done.err
    monkeypatch.setenv("SATSUMA_API_KEY", "")
    assert "asks for a key" in satsuma("run", "list", "--server", url).err
    # A folder that is named counts more than the environment.
    monkeypatch.setenv("SATSUMA_SERVER", url)
    assert satsuma("run", "list", "-w", shop).code == 0


def test_other_addresses_are_asked_for_plainly(satsuma: Runner, shop: Path) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "::", "example.com"):  # noqa: S104
        done = satsuma("serve", "--host", host, "-w", shop)
        assert (done.code, "--beyond-this-computer" in done.err) == (2, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = satsuma("serve", "--port", taken.getsockname()[1], "-w", shop)
    assert (done.code, "cannot listen" in done.err) == (2, True)
    assert "not an address" in satsuma("serve", "--public-url", "x", "-w", shop).err
    # Nothing was promised to anybody.
    assert satsuma("user", "list", "--json", "-w", shop).json == []


def test_keys_and_users_of_a_folder(satsuma: Runner, shop: Path) -> None:
    made = satsuma("key", "make", "site", "--scope", "write", "--scope", "read", "-w", shop, "--json").json
    assert made["key"].startswith("sat_r_")
    assert "sat_" in satsuma("key", "make", "other", "--scope", "admin", "-w", shop).out
    assert satsuma("key", "revoke", made["key_id"], "-w", shop).code == 0
    listed = satsuma("key", "list", "-w", shop).out
    assert "revoked" in listed
    assert made["key"] not in listed
    assert satsuma("key", "make", "x", "--scope", "all", "-w", shop).code == 2
    assert satsuma("key", "revoke", "9", "-w", shop).code == 1

    assert "Password: " in satsuma("user", "add", "Ada", "--role", "admin", "-w", shop).out
    assert satsuma("user", "add", "grace", "--role", "viewer", "-w", shop, "--json").json["must_change"] is True
    assert satsuma("user", "role", "grace", "analyst", "-w", shop, "--json").json["role"] == "analyst"
    assert satsuma("user", "disable", "grace", "-w", shop).code == 0
    assert "disabled" in satsuma("user", "list", "-w", shop).out
    assert satsuma("user", "enable", "grace", "-w", shop).code == 0
    assert len(satsuma("user", "reset", "grace", "-w", shop, "--json").json["password"]) == 23
    last = satsuma("user", "disable", "ada", "-w", shop)
    assert (last.code, "last administrator" in last.err) == (2, True)
    assert satsuma("user", "role", "adda", "viewer", "-w", shop, "--json").error["nearest"] == ["ada"]


def test_a_caller_who_does_not_come_to_the_point_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    import uvicorn

    from satsuma.api import serving

    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.15)

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def asked(*parts: bytes) -> tuple[bytes, float]:
        config = uvicorn.Config(app, http=serving.GuardedProtocol, lifespan="off", log_config=None, ws="none")
        server = uvicorn.Server(config)
        listening = serving.listen("127.0.0.1", 0)
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        begun = time.monotonic()
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.06)
        found = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        server.should_exit = True
        await task
        return found, time.monotonic() - begun

    monkeypatch.setattr(serving.Server, "capture_signals", uvicorn.Server.capture_signals)
    for parts in ((), (b"GET / HT",), (b"GET / HTTP/1.1\r\n", b"a: b\r\n", b"c: d\r\n")):
        found, seconds = asyncio.run(asked(*parts))
        assert found == b""
        assert 0.1 < seconds < 3
    # An answer that takes longer than a head may is waited for.
    found, _ = asyncio.run(asked(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    assert found.startswith(b"HTTP/1.1 204")
