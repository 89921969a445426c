"""Listening: the HTTP server around the app, its patience with slow callers, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI
from h11 import Data, EndOfMessage, LocalProtocolError
from h11 import Response as HeadOfAnswer
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from satsuma.api.errors import error_answer, simple
from satsuma.errors import Busy, WrongUse

#: Seconds for the head of a request, from its first byte (or the connection) on.
HEAD_SECONDS = 10.0
#: Seconds that an answer may wait to be read on.
READ_SECONDS = 60.0
#: Connections at once; more are told to come back.
MOST_CONNECTIONS = 500
#: Seconds that requests under way are waited for when the server stops.
GRACE_SECONDS = 20


class GuardedProtocol(H11Protocol):
    """HTTP/1.1 that hangs up on whoever does not come to the point, or does not read what it asked for.

    uvicorn itself waits for ever for a head, and for ever to be rid of an answer; and what it answers by itself is in
    a shape of its own.
    """

    _head: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            # Nobody is told any more: telling takes a place as well.
            transport.abort()
            return
        if len(self.connections) > MOST_CONNECTIONS:
            self.app = _full
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_watch()
        self.resume_writing()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stuck = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the shape of all errors, where an answer is still possible."""
        number = secrets.token_hex(8)
        answer = simple("malformed", msg, number, "Send HTTP/1.1, with a head of at most 32 KiB.")
        headers = [*answer.raw_headers, (b"x-request-id", number.encode()), (b"connection", b"close")]
        with suppress(LocalProtocolError):
            for event in (
                HeadOfAnswer(status_code=400, headers=headers),
                Data(data=bytes(answer.body)),
                EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._drop_watch()
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _drop_watch(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _hang_up(self) -> None:
        self._head = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request on a connection too many."""
    number = secrets.token_hex(8)
    busy = Busy("There are too many connections at once.", hint="Try again in a few seconds.", retry_after=5)
    answer = error_answer(busy, number)
    answer.headers.update({"X-Request-Id": number, "Connection": "close"})
    await answer(scope, receive, send)


class Server(uvicorn.Server):
    """A server that a signal stops, and that returns then, so that the workspace is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: Any) -> None:
        if self.should_exit:
            # Asked twice: whoever asks does not want to wait. Ledger and warehouse stand that, as they stand a crash.
            os._exit(1)
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, before anything is promised.

    Raises
    ------
    WrongUse
        When the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        reason = getattr(error, "strerror", None) or "it is none"
        raise WrongUse(
            f"The server cannot listen at {host}, port {port} ({reason}).", hint="Choose another --port or --host."
        ) from None
    return found


def serve(app: FastAPI, listening: socket.socket) -> None:
    """Answer requests until a signal comes; then finish those under way."""
    log_to_stderr()
    Server(config(app)).run(sockets=[listening])


def config(app: FastAPI) -> uvicorn.Config:
    """Return how an app is served."""
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        # Paths hold names; the app writes a line of its own, with the route.
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=32 * 1024,
    )


class _NoTraceback(logging.Filter):
    """Takes tracebacks out of the log: their last line may repeat a value."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


def log_to_stderr() -> None:
    """Write one line for each request and job to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler.addFilter(_NoTraceback())
    for name, level in (
        ("satsuma.api", logging.INFO),
        ("satsuma.collecting", logging.INFO),
        ("uvicorn.error", logging.WARNING),
    ):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
