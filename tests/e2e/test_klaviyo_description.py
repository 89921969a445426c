"""Klaviyo's connector against a mock server that knows nothing of us: Prism, on the published description.

Prism refuses a request without a key or a revision, and one whose parameters are not as they are described. It is
installed by nobody here: `SATSUMA_PRISM` names the program (docs/topics/connectors.md says how to get it), and
`SATSUMA_TEST_DATA` the data with the description.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from connector_tests import Hands
from fakes.hostile import Answer, Asked, HostileServer
from satsuma.errors import VendorError
from satsuma.sourcing import Sources
from satsuma.workspace import Workspace

PRISM = os.environ.get("SATSUMA_PRISM", "")
SLICES = Path(os.environ.get("SATSUMA_TEST_DATA", ".")) / "openapi" / "klaviyo"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not PRISM, reason="SATSUMA_PRISM names no program of @stoplight/prism-cli"),
    pytest.mark.skipif(not SLICES.exists(), reason="SATSUMA_TEST_DATA names no folder with Klaviyo's description"),
]

#: Seconds for the mock server to begin: it reads the whole description first.
PATIENCE = 120
SECRETS = {"KLAVIYO_API_KEY": "pk_test"}


@contextmanager
def mock(slice_: str) -> Iterator[str]:
    """Run the mock server of a slice of the description; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PRISM, "mock", "-h", "127.0.0.1", "-p", str(port), str(SLICES / f"{slice_}.json")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            try:
                urlopen(f"{address}/", timeout=5).close()  # noqa: S310 this computer's own
            except HTTPError:
                break  # it answers that there is no such path
            except (URLError, OSError):
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


class Relay:
    """Passes requests on to the mock servers by their paths, and keeps the answers' links at our own address.

    The examples in the description name the next page at example.com, which no client that minds its secret may follow.
    """

    def __init__(self, mocks: dict[str, str]) -> None:
        self.mocks = mocks
        self.statuses: list[int] = []

    def __call__(self, asked: Asked) -> Answer:
        query = urlencode([(name, value) for name, values in asked.query.items() for value in values])
        kept = {name: asked.headers[name] for name in ("authorization", "revision", "accept") if name in asked.headers}
        request = Request(f"{self.mocks[asked.path]}{asked.path}?{query}", headers=kept)  # noqa: S310
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                status, body = answer.status, json.loads(answer.read())
        except HTTPError as error:
            status, body = error.code, json.loads(error.read() or b"null")
        self.statuses.append(status)
        if status == 200:
            body["links"].pop("next", None)
            if "page[cursor]" not in asked.query:
                body["links"]["next"] = f"http://{asked.headers['host']}{asked.path}?{query}&page%5Bcursor%5D=abc"
        return Answer(status=status, body=body)


@pytest.fixture(scope="module")
def mocks() -> Iterator[dict[str, str]]:
    with mock("profiles") as profiles, mock("events") as events:
        yield {"/api/profiles": profiles, "/api/events": events}


@contextmanager
def source(folder: Path, relay: Callable[[Asked], Answer]) -> Iterator[tuple[Workspace, Sources]]:
    with HostileServer(relay) as server, Workspace.create(folder, timezone="UTC", currency="EUR") as shop:
        (folder / "sources").mkdir(exist_ok=True)
        text = f"source: klaviyo\nbase_url: {server.url}\n"
        (folder / "sources" / "klaviyo.yaml").write_text(text, encoding="utf-8")
        yield shop, Sources(shop, environment=SECRETS, clock=Hands().clock)


def test_what_is_asked_is_as_described_and_the_examples_land(tmp_path: Path, mocks: dict[str, str]) -> None:
    relay = Relay(mocks)
    with source(tmp_path / "shop", relay) as (shop, sources):
        assert "lets us in" in sources.test("klaviyo").sentence
        sources.sync("klaviyo")
        found = "SELECT customer_id, first_name, city, phone FROM customers"
        assert ("sarah.mason@klaviyo-demo.com", "Sarah", "New York", "+15005550006") in shop.engine.rows(found)
        # The second sync asks for what changed, with the filters that are described.
        sources.sync("klaviyo")
        assert set(relay.statuses) == {200}


def test_without_a_revision_the_vendor_answers_nothing(tmp_path: Path, mocks: dict[str, str]) -> None:
    relay = Relay(mocks)

    def bare(asked: Asked) -> Answer:
        headers = {name: value for name, value in asked.headers.items() if name != "revision"}
        return relay(Asked(method=asked.method, path=asked.path, query=asked.query, headers=headers, body=asked.body))

    with source(tmp_path / "shop", bare) as (_, sources), pytest.raises(VendorError):
        sources.sync("klaviyo")
    assert relay.statuses == [422]


def test_every_parameter_that_is_sent_is_described(tmp_path: Path, mocks: dict[str, str]) -> None:
    import jsonschema

    relay, asked = Relay(mocks), []

    def listening(request: Asked) -> Answer:
        asked.append(request)
        return relay(request)

    with source(tmp_path / "shop", listening) as (_, sources):
        sources.sync("klaviyo")
        sources.sync("klaviyo")
    assert any("filter" in request.query for request in asked)
    for request in asked:
        described = _parameters(request.path)
        assert request.body == b""
        for name, values in request.query.items():
            schema = described[name]
            value: Any = values[0].split(",") if schema.get("type") == "array" else values[0]
            jsonschema.validate(int(value) if schema.get("type") == "integer" else value, schema)


def _parameters(path: str) -> dict[str, Any]:
    file = SLICES / f"{path.rsplit('/', 1)[-1]}.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    return {item["name"]: item["schema"] for item in description["paths"][path]["get"]["parameters"]}
