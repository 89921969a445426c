"""Runs: computing everything as of a moment, bringing it up to date, and what was done when."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from satsuma.api.asking import JOB, Ask, Body, MomentText, routes
from satsuma.api.callers import may

router = routes("runs")


class Run(Body):
    as_of: MomentText | None = None
    known_at: MomentText | None = None
    refit: bool = False


class Refresh(Body):
    as_of: MomentText | None = None


@router.get("/runs", dependencies=[may("see")])
async def list_runs(ask: Ask, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> Response:
    """List the runs whose results are kept, newest first."""
    return await ask(lambda shop: shop.runs()[:limit])


@router.post("/runs", dependencies=[may("compute")], **JOB)
async def run(ask: Ask, body: Run) -> Response:
    """Compute traits, segmentations and segments as of a moment."""
    for moment, option in ((body.as_of, "as_of"), (body.known_at, "known_at")):
        if moment is not None:
            ask.parts.workspace.moment(moment, option=option)
    return await ask.job("run", f"as of {body.as_of or 'now'}", body.model_dump())


@router.post("/refreshes", dependencies=[may("compute")], **JOB)
async def refresh(ask: Ask, body: Refresh) -> Response:
    """Bring the last run up to date, at the cost of what changed since."""
    if body.as_of is not None:
        ask.parts.workspace.moment(body.as_of)
    return await ask.job("refresh", f"as of {body.as_of or 'now'}", body.model_dump())


@router.post("/plans", dependencies=[may("try")], **JOB)
async def plan(ask: Ask) -> Response:
    """Say what new, changed and gone definitions would do; nothing is kept."""
    return await ask.job("plan", "all", {})


@router.get("/activity", dependencies=[may("see")])
async def activity(ask: Ask, limit: Annotated[int, Query(ge=1, le=1000)] = 20) -> Response:
    """List every load, run and export that was tried, with its outcome, newest first."""
    return await ask.beside(lambda shop: shop.records.activities(most=limit))
