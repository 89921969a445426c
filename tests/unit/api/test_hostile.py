"""Whoever means ill, at a real socket: what is no HTTP, lies about its length, never ends, or never reads."""

from __future__ import annotations

import gzip
import json
import resource
import socket
import time
from collections.abc import Iterator

import pytest

from listening_server import listening
from quick_passwords import quick_passwords
from satsuma.api import serving
from satsuma.api.bodies import LIMITS, BodyLimit
from small_server import fill

__all__ = ["quick_passwords"]

MIB = 1 << 20
#: As the server has them, with less patience.
QUICK = tuple(BodyLimit(path=item.path, most=item.most, seconds=0.4, is_stream=item.is_stream) for item in LIMITS)


class Hostile:
    """Speaks to a server in bytes."""

    def __init__(self, host: str, port: int, keys: dict[str, str]) -> None:
        self.where, self.keys = (host, port), keys

    def head(self, method: str, path: str, *more: str, key: str | None = "admin") -> bytes:
        lines = [f"{method} {path} HTTP/1.1", "Host: x", *([f"Authorization: Bearer {self.keys[key]}"] if key else [])]
        return ("\r\n".join([*lines, *more]) + "\r\n\r\n").encode()

    def say(self, *parts: bytes, pause: float = 0.0, hang_up: bool = False) -> tuple[int, dict[str, str], bytes]:
        """Send parts, one after the other, and return status, headers and body; 0 when there is no answer."""
        with socket.create_connection(self.where, timeout=10) as line:
            try:
                for part in parts:
                    line.sendall(part)
                    if pause:
                        time.sleep(pause)
                if hang_up:
                    line.shutdown(socket.SHUT_WR)
                answer = b""
                while True:
                    more = line.recv(65_536)
                    answer += more
                    if not more or _is_whole(answer):
                        break
            except (ConnectionError, TimeoutError):
                # The server may close while more is on its way: what it said before counts.
                line.settimeout(0.5)
                try:
                    answer = line.recv(65_536)
                except OSError:
                    answer = b""
        return _read(answer)


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = next(
        (line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length")), None
    )
    return bool(end) and length is not None and len(body) >= int(length)


def _read(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    if not answer:
        return 0, {}, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, quick_passwords: None) -> Iterator[Hostile]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "HEAD_SECONDS", 0.5)
        patch.setattr(serving, "READ_SECONDS", 0.5)
        with listening(fill(tmp_path_factory.mktemp("hostile")), limits=QUICK) as (host, port, keys):
            yield Hostile(host, port, keys)


PREVIEW = ("POST", "/api/v1/previews")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n", b"\r\n" * 40_000,
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 400_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X%d: y\r\n" % number for number in range(30_000)),
        b"GET /" + b"a" * 400_000 + b" HTTP/1.1\r\n",
        b"POST /api/v1/previews HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_told_so_in_the_one_shape(hostile: Hostile, request_: bytes) -> None:
    status, headers, body = hostile.say(request_)
    if status == 0:
        # Closed while more was coming: the reset may overtake the answer.
        assert len(request_) > 50_000
        return
    assert 400 <= status < 500
    shape = json.loads(body)
    assert set(shape["error"]) >= {"code", "message", "hint", "details"}
    assert headers["x-request-id"] == shape["request_id"]
    assert headers.get("connection") == "close" or status != 400


def test_a_length_that_lies_is_found_out(hostile: Hostile) -> None:
    # Said to be more than comes: told after a while; told at once where the caller is gone.
    status, _, body = hostile.say(hostile.head(*PREVIEW, "Content-Length: 100"), b'{"text"')
    assert (status, json.loads(body)["error"]["code"]) == (400, "malformed")
    assert hostile.say(hostile.head(*PREVIEW, "Content-Length: 100"), b"{", hang_up=True)[0] in (0, 400)
    # Said to be less than comes: the rest is another request, and none.
    status, _, _ = hostile.say(hostile.head(*PREVIEW, "Content-Length: 2"), b'{}{"more": 1}')
    assert status == 422
    # Said to be too much: told before anything of it is read.
    status, _, body = hostile.say(hostile.head(*PREVIEW, f"Content-Length: {10**15}"))
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")
    # Both ways of saying it at once, by which requests are smuggled past proxies.
    both = hostile.head(*PREVIEW, "Content-Length: 5", "Transfer-Encoding: chunked")
    assert hostile.say(both, b"0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")[0] in (400, 422)


def test_a_body_without_end_ends(hostile: Hostile) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    status, headers, body = hostile.say(hostile.head(*PREVIEW, "Transfer-Encoding: chunked"), *([chunk] * 40))
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large") or status == 0
    assert headers.get("connection") == "close" or status == 0
    # A byte at a time is slow, not large.
    begun = time.monotonic()
    status, _, _ = hostile.say(
        hostile.head(*PREVIEW, "Transfer-Encoding: chunked"), *([b"1\r\n \r\n"] * 20), pause=0.05
    )
    assert status == 400
    assert time.monotonic() - begun < 5
    # Nobody's bodies are not read for ever either.
    status, _, _ = hostile.say(hostile.head("POST", "/api/v1/loads", "Transfer-Encoding: chunked", key=None), chunk)
    assert status == 401


def test_slow_heads_and_silent_readers_are_hung_up_on(hostile: Hostile) -> None:
    begun = time.monotonic()
    assert hostile.say(*(b"GET / HTTP/1.1\r\n", *([b"A: b\r\n"] * 30)), pause=0.04)[0] == 0
    # Asks for the description again and again, and reads nothing of it.
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(10)
        line.connect(hostile.where)
        ask = hostile.head("GET", "/api/v1/openapi.json", key=None)
        is_cut = False
        while not is_cut and time.monotonic() - begun < 15:
            try:
                line.sendall(ask)
            except OSError:
                is_cut = True
            time.sleep(0.01)
        assert is_cut
    assert hostile.say(hostile.head("GET", "/healthz", key=None))[0] == 200


def test_packed_bodies_cost_what_they_say(hostile: Hostile) -> None:
    bomb = gzip.compress(b" " * (64 * MIB), 9)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for headers in (("Content-Encoding: gzip",), ("Content-Encoding: br",), ("Content-Type: application/gzip",)):
        said = hostile.head(*PREVIEW, f"Content-Length: {len(bomb)}", "Content-Type: application/json", *headers)
        status, _, body = hostile.say(said, bomb)
        # Bodies of the API are what they are: nothing unpacks them.
        assert status in (400, 422), body
    # A packed file that is broken is one mistake of one load, however it is packed.
    whole = gzip.compress(b"customer_id\n" + b"a\n" * 1000)
    parts = (
        b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\ncustomers\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv.gz"\r\n\r\n'
        + whole[:20] + b"\r\n--x--\r\n"
    )  # fmt: skip
    said = hostile.head(
        "POST", "/api/v1/loads", f"Content-Length: {len(parts)}", "Content-Type: multipart/form-data; boundary=x"
    )
    status, _, body = hostile.say(said, parts)
    assert status == 202, body
    job = json.loads(body)["data"]["job_id"]
    for _ in range(300):
        told = json.loads(hostile.say(hostile.head("GET", f"/api/v1/jobs/{job}"))[2])["data"]
        if told["status"] not in ("queued", "running"):
            break
        time.sleep(0.05)
    assert (told["status"], told["error_code"]) == ("failed", "source")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024, f"{grown} KiB"


def test_connections_beyond_the_limit_are_told_to_come_back(hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MOST_CONNECTIONS", 3)
    lines = [socket.create_connection(hostile.where, timeout=10) for _ in range(3)]
    try:
        status, headers, body = hostile.say(hostile.head("GET", "/healthz", key=None))
        assert (status, json.loads(body)["error"]["code"]) == (503, "busy")
        assert headers["retry-after"] == "5"
        assert headers["x-request-id"] == json.loads(body)["request_id"]
    finally:
        for line in lines:
            line.close()
    for _ in range(100):
        if hostile.say(hostile.head("GET", "/healthz", key=None))[0] == 200:
            break
        time.sleep(0.02)
    else:
        raise AssertionError("the places are not free again")


def test_answers_say_what_is_left_of_the_rate(hostile: Hostile) -> None:
    left = []
    for _ in range(2):
        _, headers, _ = hostile.say(hostile.head("GET", "/api/v1/settings"))
        left.append(int(headers["ratelimit-remaining"]))
        assert headers["ratelimit-limit"] == "10000"
        assert int(headers["ratelimit-reset"]) >= 0
    assert left[0] <= 10_000
    assert "ratelimit-limit" not in hostile.say(hostile.head("GET", "/healthz", key=None))[1]
