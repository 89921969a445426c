"""The server itself: is it there, is it ready, what does it count, and the settings of its workspace."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from satsuma import __version__
from satsuma.api.asking import Ask, routes
from satsuma.api.callers import may, parts_of
from satsuma.api.errors import PROBLEMS, Answer, request_id
from satsuma.errors import Busy

_OPEN: dict[int | str, dict[str, Any]] = {status: PROBLEMS[status] for status in (400, 413, 429, 503)}

router = APIRouter(tags=["server"])
_api = routes("server")


@router.get("/healthz", responses={200: {"model": Answer}, **_OPEN})
async def health(request: Request) -> Response:
    """Say that the process is alive."""
    return JSONResponse({"data": {"status": "ok"}, "request_id": request_id(request)})


@router.get("/readyz", responses={200: {"model": Answer}, **_OPEN})
async def ready(request: Request) -> Response:
    """Say whether requests are taken, and how far behind what was collected is."""
    parts = parts_of(request)
    if not parts.is_ready or parts.thread.is_closing:
        raise Busy("The server is starting or stopping.", hint="Ask again in a moment.", retry_after=1)
    said: dict[str, Any] = {"status": "ready"}
    if parts.collector is not None:
        said["collecting"] = parts.collector.as_dict()
    if parts.hooks is not None:
        said["hooks"] = parts.hooks.receiver.as_dict()
    return JSONResponse({"data": said, "request_id": request_id(request)})


@router.get("/metrics", dependencies=[may("see")], response_class=PlainTextResponse, responses=PROBLEMS)
async def metrics(request: Request) -> Response:
    """Return what the server counts about itself, in Prometheus' text form."""
    return PlainTextResponse(parts_of(request).metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@_api.get("/settings", dependencies=[may("see")])
async def settings(ask: Ask) -> Response:
    """Return what the workspace says about itself; no addresses, which may hold passwords."""
    own = ask.parts.workspace.settings
    facts = {
        "name": own.name, "timezone": own.timezone, "currency": own.currency, "default_region": own.default_region,
        "engine": own.engine.name, "retention_microseconds": dict(own.retention), "purposes": sorted(own.purposes),
        "smallest_segment": own.smallest_segment, "version": __version__,
    }  # fmt: skip
    return ask.answer(facts)


router.include_router(_api)
