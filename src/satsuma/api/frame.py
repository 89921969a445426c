"""What surrounds every request: its id, its line in the log, its headers, and the last door for errors."""

from __future__ import annotations

import logging
import re
import secrets
import time
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from satsuma.api.errors import error_answer, simple
from satsuma.api.metrics import Metrics
from satsuma.errors import SatsumaError
from satsuma.incidents import write_places

log = logging.getLogger("satsuma.api")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

#: Everything comes from here; charts set inline style attributes, nothing sets scripts.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
    "frame-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Frame:
    """The outermost layer of the app."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, workspace: Path) -> None:
        self.app, self.metrics, self.workspace = app, metrics, workspace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _id_of(scope)
        scope["satsuma.request_id"] = number
        started, status = time.perf_counter(), 0

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, MutableHeaders(scope=message), number)
            await send(message)

        try:
            await self.app(scope, receive, framed)
        except SatsumaError as error:
            if status == 0:
                await error_answer(error, number)(scope, receive, framed)
        except ClientDisconnect:
            # Whoever sent something left before its end: there is nobody to answer.
            pass
        except Exception as error:  # the last door: the server's own log would print values with the traceback
            write_places(error, self.workspace)
            log.error("request_id=%s unforeseen=%s", number, type(error).__name__)
            if status == 0:
                what = f"Something went wrong that Satsuma did not foresee ({type(error).__name__})."
                hint = "Where it happened is written to state/logs of the workspace (places in the program, no data)."
                await simple("unforeseen", what, number, hint)(scope, receive, framed)
        finally:
            self._note(scope, number, status, time.perf_counter() - started)

    def _add_headers(self, scope: Scope, headers: MutableHeaders, number: str) -> None:
        headers["X-Request-Id"] = number
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        left = scope.get("satsuma.left")
        if left is not None:
            headers["RateLimit-Limit"] = str(left.most)
            headers["RateLimit-Remaining"] = str(left.now)
            headers["RateLimit-Reset"] = str(left.full_in)
        # Answers hold what only this caller may see.
        headers.setdefault("Cache-Control", "no-store")
        if scope.get("scheme") == "https":
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")

    def _note(self, scope: Scope, number: str, status: int, seconds: float) -> None:
        # The route, not the path: paths and queries may hold names.
        route = getattr(scope.get("route"), "path", None) or "unknown"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        log.info(
            "request_id=%s method=%s route=%s status=%s ms=%.1f caller=%s",
            number, method, route, status, 1000 * seconds, scope.get("satsuma.caller", "-"),
        )  # fmt: skip


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _id_of(scope: Scope) -> str:
    """Return the id that the caller gave, when it is one, or a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
