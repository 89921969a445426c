"""The tracking API over a real socket: what SDKs send, and what nobody should."""

from __future__ import annotations

import base64
import errno
import gzip
import json
import os
import socket
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collecting_server import Serving, served, serving
from satsuma import Workspace
from satsuma.api import collector
from satsuma.api.tracking import PATHS, MessageRate
from satsuma.collecting.bodies import key_of, unpacked
from satsuma.collecting.errors import Malformed, TooLarge
from satsuma.errors import TooMany

MESSAGE = {"userId": "u1", "event": "Signed Up", "groupId": "g", "previousId": "p", "type": "track"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracking") / "shop"


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Serving]:
    with serving(folder) as running:
        yield running


@pytest.fixture(scope="module")
def reader(server: Serving) -> str:
    """A key that may read, and so may not write."""
    admin = {"Authorization": f"Bearer {server.admin}", "Content-Type": "application/json"}
    _, made, _ = server.ask("POST", "/api/v1/keys", {"name": "reader", "scopes": ["read"]}, admin)
    return str(made["data"]["key"])


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_messages_as_plain_text(server: Serving, path: str) -> None:
    body = {"batch": [MESSAGE]} if PATHS[path] is None else MESSAGE
    status, said, headers = server.ask("POST", f"/v1/{path}", body, {**basic(server.key), "Content-Type": "text/plain"})
    assert (status, said) == (200, {"success": True})
    assert headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("header", "key", "status"),
    [
        ("Basic KEY:", None, 200),
        ("Basic KEY", None, 200),
        ("Bearer KEY", None, 200),
        ("Bearer of-oauth", "KEY", 200),
        (None, "KEY", 200),
        (None, None, 401),
        (None, "wrong", 401),
        (None, 17, 401),
        ("Basic wrong:", None, 401),
        ("Basic wrong:", "KEY", 401),
        ("Basic READ:", None, 401),
        ("Basic ÿ", None, 401),
    ],
)
def test_the_key_stands_in_the_header_or_in_the_body(
    server: Serving, reader: str, header: str | None, key: Any, status: int
) -> None:
    scheme, _, shown = (header or "").replace("KEY", server.key).replace("READ", reader).partition(" ")
    if scheme == "Basic" and shown.isascii():
        shown = base64.b64encode(shown.encode()).decode()
    headers = {"Authorization": f"{scheme} {shown}"} if header else {}
    body = {**MESSAGE, "writeKey": server.key if key == "KEY" else key}
    answered, said, _ = server.ask("POST", "/v1/track", body, headers)
    assert answered == status
    if status == 401:
        assert said["error"]["code"] == "not_signed_in"
        assert said["request_id"]


@pytest.mark.parametrize("label", ["gzip", "identity", ""])
def test_gzip_is_unpacked_whatever_the_label_says(server: Serving, label: str) -> None:
    body = gzip.compress(json.dumps({"batch": [MESSAGE] * 100}).encode())
    assert server.ask("POST", "/v1/batch", body, {**basic(server.key), "Content-Encoding": label})[0] == 200
    assert (
        server.ask(
            "POST", "/v1/batch", json.dumps({"batch": [MESSAGE]}), {**basic(server.key), "Content-Encoding": "gzip"}
        )[0]
        == 200
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("batch", b"", 400),
        ("batch", b"{", 400),
        ("batch", b"[]", 400),
        ("batch", b"{}", 400),
        ("batch", b'{"batch": 1}', 400),
        ("batch", b"\xff\xfe{}", 400),
        ("batch", b'{"batch":' + b"[" * 200_000, 400),
        ("batch", b"\x1f\x8b not gzip", 400),
        ("batch", gzip.compress(b'{"batch": []}')[:-3], 400),
        ("batch", gzip.compress(b" " * 50_000_000), 413),
        ("batch", b" " * (500 * 1024 + 1), 413),
        ("batch", json.dumps({"batch": [{}] * 2501}).encode(), 413),
        ("track", b" " * (32 * 1024 + 1), 413),
    ],
    ids=range(13),
)
def test_what_cannot_be_read_is_refused(server: Serving, path: str, body: bytes, status: int) -> None:
    answered, said, _ = server.ask("POST", f"/v1/{path}", body, basic(server.key))
    assert (answered, bool(said["error"]["message"])) == (status, True)


def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(server: Serving) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        head = f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(server.key)['Authorization']}\r\n"
        connection.sendall(f"{head}Content-Length: 99999999999\r\n\r\n".encode())
        assert b" 413 " in connection.recv(4096)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 100_000_000))
    assert len(unpacked(bomb, 1 << 20)) < 1 << 20
    with pytest.raises(TooLarge):
        unpacked(gzip.compress(b"\0" * 10_000_000), 1 << 20)
    with pytest.raises(Malformed):
        unpacked(b"\x1f\x8b" + zlib.compress(b"x"), 1 << 20)
    assert unpacked(b"plain", 10) == b"plain"


def test_pages_of_other_sites_may_ask(server: Serving) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Headers": "authorization,content-type"}
    status, _, headers = server.ask("OPTIONS", "/v1/t", None, asked)
    assert status == 204
    assert "Authorization" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers


def test_the_browser_sdk_is_told_to_send_here(server: Serving) -> None:
    status, said, _ = server.ask("GET", f"/v1/projects/{server.key}/settings")
    assert (status, said["integrations"]["Segment.io"]["apiHost"]) == (200, f"127.0.0.1:{server.port}/v1")
    assert server.ask("GET", "/v1/projects/wrong/settings")[0] == 404


def test_the_script_may_be_kept_and_asked_for_again(server: Serving) -> None:
    status, _, headers = server.ask("GET", "/satsuma.js")
    assert status == 200
    assert headers["content-type"].startswith("text/javascript")
    assert "max-age" in headers["cache-control"]
    assert server.ask("GET", "/satsuma.js", None, {"If-None-Match": headers["etag"]})[0] == 304


def test_too_many_messages_are_told_when_to_come_back(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MessageRate, "__call__", lambda *_: 2.5)
    status, said, headers = server.ask("POST", "/v1/track", MESSAGE, basic(server.key))
    assert (status, said["error"]["code"], headers["retry-after"]) == (429, "too_many", "3")
    assert int(headers["x-ratelimit-reset"]) > 1_700_000_000


def test_a_bucket_fills_again() -> None:
    rate = MessageRate(per_second=1000, at_once=100)
    assert rate("a", 100) == 0
    assert 0 < rate("a", 100) <= 0.1
    assert rate("b", 100) == 0


def test_what_the_header_says_is_not_taken_for_a_key() -> None:
    assert key_of(None) is None
    assert key_of("Basic") is None
    assert key_of("Digest x") is None


@pytest.fixture(scope="module")
def stored(folder: Path) -> Iterator[Workspace]:
    """A workspace that got a few messages, after its server stopped."""
    with serving(folder.with_name("other")) as running:
        server = running
        page = {"type": "page", "anonymousId": "a1", "messageId": "m1"}
        running.ask(
            "POST", "/v1/batch", {"batch": [page, page, {"type": "page"}]}, {**basic(server.key), "Sec-GPC": "1"}
        )
        browser = {
            **basic(server.key),
            "Origin": "https://x",
            "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0",
        }
        said = {"userId": "u1", "anonymousId": "a1", "traits": {"plan": "pro"}}
        running.ask("POST", "/v1/identify", said, browser)
        running.landed(3)
    with Workspace.open(folder.with_name("other")) as workspace:
        yield workspace


def test_messages_are_stored_known_to_the_catalogue_and_leave_no_raw_copy(stored: Workspace) -> None:
    assert stored.engine.rows("SELECT customer_id, plan, browser FROM customers") == [("u1", "pro", "Firefox")]
    events = "SELECT name, customer_no FROM events WHERE superseded_at IS NULL"
    assert stored.engine.rows(events) == [("Page Viewed", 0)]
    assert stored.engine.rows("SELECT DISTINCT purpose, status FROM consents") == [("sale_or_sharing", "denied")]
    assert {"plan", "browser"} <= stored.catalog.traits.keys()
    assert "Page Viewed" in stored.catalog.events
    stored.check()


def test_more_than_can_be_landed_is_refused_until_there_is_room(
    server: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = server.metrics()["accepted_messages"]
    for name, value, wait in (("most_behind", -1, "30"), ("least_free", 1 << 60, "60")):
        with monkeypatch.context() as patch:
            patch.setattr(collector, "LOOK_EVERY", 0)
            patch.setattr(server.collector, name, value)
            status, said, headers = server.ask("POST", "/v1/track", MESSAGE, basic(server.key))
        assert (status, said["error"]["code"], headers["retry-after"]) == (503, "busy", wait)
        assert headers["access-control-allow-origin"] == "*"
    assert server.metrics()["accepted_messages"] == accepted


def test_a_disk_that_is_full_acknowledges_nothing(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    accepted = server.metrics()["accepted_messages"]
    with monkeypatch.context() as patch:
        patch.setattr(collector, "LOOK_EVERY", 0)
        patch.setattr(os, "fdatasync", full)
        status, _, headers = server.ask("POST", "/v1/track", MESSAGE, basic(server.key))
    assert (status, headers["retry-after"]) == (503, "10")
    assert server.metrics()["accepted_messages"] == accepted
    assert server.ask("POST", "/v1/track", MESSAGE, basic(server.key))[0] == 200


def test_who_shows_no_key_too_often_is_told_to_wait(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("satsuma.api.limits.Buckets.take", too_many)
    status, _, headers = server.ask("POST", "/v1/track", MESSAGE, basic("wrong:"))
    assert (status, headers["retry-after"]) == (429, "7")
    # Whoever has a key is not kept out by those who have none.
    assert server.ask("POST", "/v1/track", MESSAGE, basic(server.key))[0] == 200


def too_many(*_: Any) -> None:
    raise TooMany("Too many.", retry_after=7)


def test_a_key_that_is_revoked_through_the_server_is_refused_at_once(server: Serving) -> None:
    admin = {"Authorization": f"Bearer {server.admin}", "Content-Type": "application/json"}
    made = server.ask("POST", "/api/v1/keys", {"name": "short", "scopes": ["write"]}, admin)[1]["data"]
    assert server.ask("POST", "/v1/track", MESSAGE, basic(made["key"]))[0] == 200
    assert server.ask("DELETE", f"/api/v1/keys/{made['key_id']}", None, admin)[0] == 200
    assert server.ask("POST", "/v1/track", MESSAGE, basic(made["key"]))[0] == 401


def test_satsuma_serve_collects_and_membership_follows(tmp_path: Path) -> None:
    with served(tmp_path / "shop") as server:
        admin = {"Authorization": f"Bearer {server.admin}", "Content-Type": "application/json"}
        segment = {"text": "segment: viewers\nwhere: {did: Product Viewed}\n"}
        for number, who in enumerate(("u1", "u2"), start=1):
            viewed = {"type": "track", "event": "Product Viewed", "userId": who, "messageId": who}
            assert server.ask("POST", "/v1/batch", {"batch": [viewed]}, basic(server.key))[0] == 200
            server.landed(number, "refreshed_messages")
            if number == 1:  # the event is known now
                assert server.ask("PUT", "/api/v1/definitions/segment/viewers", segment, admin)[0] == 200
        said = server.ask("GET", "/api/v1/segments", None, admin)[1]["data"]
        assert [(item["name"], item["size"]) for item in said] == [("viewers", 2)]
        ready = server.ask("GET", "/readyz")[1]["data"]["collecting"]
        assert ready == {"landing_behind_seconds": 0, "membership_behind_seconds": 0, "waiting_bytes": 0,
                         "is_failing": False}  # fmt: skip
        described = server.ask("GET", "/api/v1/openapi.json")[1]["paths"]
        assert {"/v1/track", "/v1/batch"} <= described.keys()
        assert server.ask("GET", "/satsuma.js")[0] == 200
    with Workspace.open(tmp_path / "shop") as workspace:
        assert workspace.engine.rows("SELECT name FROM events") == [("Product Viewed",)] * 2
