"""The tracking API: the HTTP contract of Segment, which SDKs for many languages speak.

`/v1/{identify,track,page,screen,group,alias,batch,import}` and the browser SDK's short `/v1/{i,t,p,s,g,a,b}`. A body is
JSON whatever its content type says, packed with gzip whatever its label says. 200 means durable.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from satsuma.api.callers import address_of, parts_of
from satsuma.api.collecting import collector_of
from satsuma.api.errors import PROBLEMS, error_answer, request_id
from satsuma.collecting.bodies import key_of, read_body
from satsuma.collecting.contract import MOST_BATCH_BYTES, MOST_MESSAGE_BYTES, Kind, check_size, parse_json
from satsuma.errors import NotFound, NotSignedIn, SatsumaError, TooMany

PATHS: dict[str, Kind | None] = {
    "identify": "identify", "track": "track", "page": "page", "screen": "screen", "group": "group", "alias": "alias",
    "batch": None, "import": None,
    "i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": None,
}  # fmt: skip

#: Pages of any site may send messages and read the answer, which says nothing; no cookie takes part.
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
    "Access-Control-Max-Age": "86400",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Accepted and durable."},
    **{status: PROBLEMS[status] for status in (400, 401, 413, 429, 503)},
}

#: Says how many seconds the sender of a key waits before so many messages more are taken; 0 for not at all.
Limit = Callable[[str, int], float]


class MessageRate:
    """A bucket of messages for each key. Belongs to one event loop."""

    def __init__(self, per_second: float = 10_000, at_once: float = 50_000, *, keys: int = 10_000) -> None:
        self.per_second, self.at_once, self._most = per_second, at_once, keys
        self._held: dict[str, tuple[float, float]] = {}

    def __call__(self, key: str, messages: int) -> float:
        now = time.monotonic()
        held, since = self._held.pop(key, (self.at_once, now))
        held = min(self.at_once, held + (now - since) * self.per_second)
        short = max(0.0, min(messages, self.at_once) - held)
        self._held[key] = (held if short else held - messages, now)
        if len(self._held) > self._most:
            del self._held[next(iter(self._held))]
        return short / self.per_second


def tracking_routes(*, limit: Limit | None = None) -> APIRouter:
    """Return the routes of the tracking API, for an app that has `satsuma.api.collecting.collecting` beside it.

    Parameters
    ----------
    limit : how much each key may send; `MessageRate()` when not given.

    The key stands in the header as a user name or a Bearer token, or in the body: so it is looked for here.
    """
    router = APIRouter(tags=["tracking"])
    rate = limit or MessageRate()

    def add(path: str, kind: Kind | None) -> None:
        async def receive(request: Request) -> Response:
            return await _receive(request, kind, rate)

        summary = f"Accept {'messages' if kind is None else f'a message of the kind {kind}'}."
        router.add_api_route(
            f"/v1/{path}", receive, methods=["POST"], summary=summary, responses=_ANSWERS, name=f"tracking_{path}",
            operation_id=f"tracking_{path}", include_in_schema=len(path) > 1, openapi_extra={"security": [{"key": []}]},
        )  # fmt: skip
        router.add_api_route(f"/v1/{path}", _preflight, methods=["OPTIONS"], include_in_schema=False)

    for path, kind in PATHS.items():
        add(path, kind)
    router.add_api_route("/v1/projects/{write_key}/settings", _settings, methods=["GET"], include_in_schema=False)
    router.add_api_route("/satsuma.js", _script, methods=["GET"], include_in_schema=False)
    return router


async def _preflight() -> Response:
    return Response(status_code=204, headers=CORS)


async def _receive(request: Request, kind: Kind | None, limit: Limit) -> Response:
    try:
        await _take(request, kind, limit)
    except SatsumaError as error:
        answer = error_answer(error, request_id(request))
        answer.headers.update(CORS)
        if answer.status_code == 413:
            # What is left of a body that was not read whole must not be taken for the next request.
            answer.headers["Connection"] = "close"
        if answer.status_code == 429:
            answer.headers["X-RateLimit-Reset"] = str(int(time.time()) + int(error.facts.get("retry_after", 1)))
        return answer
    return JSONResponse({"success": True}, headers=CORS)


async def _take(request: Request, kind: Kind | None, limit: Limit) -> None:
    """Read a request and make its messages durable.

    Raises
    ------
    SatsumaError
        When nothing of it was accepted.
    """
    collector = collector_of(request)
    key = key_of(request.headers.get("authorization"))
    if key is not None and not await collector.may_write(key):
        # A Bearer token of OAuth is no key; the body names that.
        if not request.headers["authorization"].lower().startswith("bearer"):
            raise _no_key(request)
        key = None
    # One message may carry blanks that the limit does not count; a batch is limited as it is.
    most = MOST_BATCH_BYTES if kind is None else MOST_MESSAGE_BYTES
    body = await read_body(request.stream(), most=most, stated=request.headers.get("content-length"))
    check_size(len(body), kind)
    parsed = parse_json(body)
    if key is None:
        given = parsed.get("writeKey")
        key = given if isinstance(given, str) else None
        if key is None or not await collector.may_write(key):
            raise _no_key(request)
    batch = parsed.get("batch")
    wait = limit(key, len(batch) if kind is None and isinstance(batch, list) else 1)
    if wait > 0:
        seconds = max(1, int(wait + 0.999))
        raise TooMany("Too many messages.", hint="Send them again later.", retry_after=seconds)
    await collector.accept(
        body,
        kind,
        opted_out=request.headers.get("sec-gpc", "").strip() == "1",
        user_agent=_browser(request),
        parsed=parsed,
    )


def _no_key(request: Request) -> SatsumaError:
    """Return the error for whoever may not write; who asks too often hears that instead."""
    try:
        parts_of(request).strangers.take(address_of(request))
    except TooMany as error:
        return error
    return NotSignedIn("No key that may write was sent.", hint="Make one: satsuma key make NAME --scope write.")


def _browser(request: Request) -> str | None:
    """Return the user agent of a browser that sends for itself; a server's own says nothing of anybody."""
    agent = request.headers.get("user-agent")
    return agent if agent and "origin" in request.headers and agent.startswith("Mozilla/") else None


async def _settings(request: Request, write_key: str) -> Response:
    """Tell the browser SDK where to send: here, and nowhere else."""
    if not await collector_of(request).may_write(write_key):
        error = _no_key(request)
        unknown = NotFound("There is no such key.") if isinstance(error, NotSignedIn) else error
        refused = error_answer(unknown, request_id(request))
        refused.headers.update(CORS)
        return refused
    here = request.url
    sending = {
        "apiKey": write_key,
        "apiHost": f"{parts_of(request).public_host or here.netloc}/v1",
        "protocol": here.scheme,
        "addBundledMetadata": True,
        "unbundledIntegrations": [],
        "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
    }
    enabled = {"__default": {"enabled": True, "integrations": {}}}
    answer = {
        "integrations": {"Segment.io": sending},
        "plan": {"track": enabled, "identify": enabled, "group": enabled},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
    return JSONResponse(answer, headers={**CORS, "Cache-Control": "public, max-age=300"})


async def _script(request: Request) -> Response:
    body = files("satsuma.api").joinpath("static", "satsuma.js").read_bytes()
    mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": "public, max-age=3600", "ETag": mark, "X-Content-Type-Options": "nosniff",
               "Cross-Origin-Resource-Policy": "cross-origin"}  # fmt: skip
    if request.headers.get("if-none-match") == mark:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="text/javascript", headers=headers)
