"""A server on this computer that answers as a vendor would, and misbehaves when it is told to.

A vendor's fake is a function from a request to an answer. What goes wrong between the two, at which request, is asked
of the server: see the functions that make a `Misstep`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. path : without the query; query : every value of each name; headers : by lower-case name."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def one(self, name: str, default: str | None = None) -> str | None:
        """Return the value of a name in the query."""
        return self.query.get(name, [default])[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. body : bytes as they are, anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


#: What becomes of an answer on its way: another answer, or None for a connection that breaks off without one.
Misstep = Callable[[Answer], Answer | None]


def answers(status: int, body: Any = None, **headers: str) -> Misstep:
    """Answer this in place of what was asked for; `retry_after="1"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status=status, body=body if body is not None else {"message": "no"}, headers=named)


def too_many(retry_after: str | None = None) -> Misstep:
    return answers(429, **({} if retry_after is None else {"retry_after": retry_after}))


def cut_off(keep: float = 0.5) -> Misstep:
    """Send a part of the body and say that it is whole: JSON that ends in the middle."""
    return lambda right: Answer(
        status=right.status, body=right.content[: int(len(right.content) * keep)], headers=right.headers
    )


def hang_up() -> Misstep:
    """Close the connection without an answer."""
    return lambda _: None


def late(seconds: float) -> Misstep:
    def wait(right: Answer) -> Answer:
        time.sleep(seconds)
        return right

    return wait


class HostileServer:
    """Serves a fake for as long as the block lasts.

    url : where. asked : every request so far, those that went wrong too.
    """

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        self._answer = answer
        self._missteps: dict[int, Misstep] = {}
        self._lock = threading.Lock()
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
                """Say nothing."""

            def _handle(self) -> None:
                outer._handle(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 the base class's names

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def goes_wrong(self, *missteps: Misstep, at: int | None = None) -> None:
        """Let the next requests go wrong, one after another; from request number `at` on, counted from 0, if given."""
        with self._lock:
            first = len(self.asked) if at is None else at
            self._missteps |= {first + place: misstep for place, misstep in enumerate(missteps)}

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        asked = Asked(
            method=handler.command, path=parts.path, query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=handler.rfile.read(int(handler.headers.get("Content-Length") or 0)),
        )  # fmt: skip
        with self._lock:
            misstep = self._missteps.pop(len(self.asked), None)
            self.asked.append(asked)
        answer = self._answer(asked)
        given = answer if misstep is None else misstep(answer)
        if given is None:
            handler.close_connection = True
            handler.connection.close()
            return
        # The base class writes a `Date` of its own, beside which a fake's wrong clock would be a second one.
        (
            handler.send_response_only
            if any(name.lower() == "date" for name in given.headers)
            else handler.send_response
        )(given.status)
        for name, value in {"Content-Type": "application/json", **given.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(given.content)))
        handler.end_headers()
        handler.wfile.write(given.content)

    def __enter__(self) -> HostileServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
