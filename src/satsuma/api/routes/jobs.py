"""Background work: what waits, runs and ran; what came of it; what comes again."""

from __future__ import annotations

import json
import mimetypes
from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import Path, Query
from fastapi.responses import FileResponse, Response
from pydantic import Field

from satsuma import working
from satsuma.api.asking import Ask, Body, NamePath, Text, routes
from satsuma.api.callers import may, now
from satsuma.errors import WrongUse, nearest

router = routes("jobs")
_SEE, _STEER = [may("see")], [may("compute")]
JobId = Annotated[int, Path(ge=1, le=2**31)]
StatusText = Literal["queued", "running", "done", "failed", "cancelled"]


class Schedule(Body):
    recurs: Text = Field(description="When: five fields of cron, @daily, or 'every 15m'.")
    payload: dict[str, Any] = Field(default_factory=dict, max_length=20)
    timezone: Text | None = Field(default=None, description="The workspace's when not given.")


class Pause(Body):
    paused: bool


@router.get("/jobs", dependencies=_SEE)
async def list_jobs(
    ask: Ask,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[list[StatusText] | None, Query(max_length=5)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List jobs, the newest first."""
    return await ask.beside(lambda shop: shop.records.jobs.all(kind=kind, statuses=status or (), most=limit))


@router.get("/jobs/{job_id}", dependencies=_SEE)
async def get_job(ask: Ask, job_id: JobId) -> Response:
    """Return one job: its status, how far it is, and what came of it."""
    return await ask.beside(lambda shop: shop.records.jobs.get(job_id))


@router.get("/jobs/{job_id}/result", dependencies=_SEE)
async def job_result(ask: Ask, job_id: JobId) -> Response:
    """Return all that a job has to say."""
    which = working.objects_file if ask.takes_objects else working.result_file

    def read(shop: Any) -> Any:
        shop.records.jobs.get(job_id)
        return json.loads(which(shop, job_id).read_text(encoding="utf-8"))

    return await ask.beside(read)


@router.get("/jobs/{job_id}/error", dependencies=_SEE)
async def job_error(ask: Ask, job_id: JobId) -> Response:
    """Say what a job failed with, in the shape of errors: each mistake, and what to do next; null when it did not."""
    return await ask.beside(lambda shop: working.failure(shop, job_id))


@router.get("/jobs/{job_id}/file", dependencies=_SEE, response_class=FileResponse)
async def job_file(ask: Ask, job_id: JobId) -> Response:
    """Fetch the file that a job made: an export, a report."""
    shop = ask.parts.workspace
    job = await anyio.to_thread.run_sync(lambda: shop.records.jobs.get(job_id))
    kind = working.kinds().get(job.kind)
    if kind is not None and kind.holds_people:
        ask.caller.refuse_unless("export")
    path = working.left_file(shop, job_id)
    media = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, filename=path.name, media_type=media)


@router.post("/jobs/{job_id}/cancel", dependencies=_STEER)
async def cancel_job(ask: Ask, job_id: JobId) -> Response:
    """Take a waiting job out of the queue, or ask a running one to stop at its next step."""
    return await ask.beside(lambda shop: shop.records.jobs.cancel(job_id, now=now()))


@router.post("/jobs/{job_id}/retry", dependencies=_STEER)
async def retry_job(ask: Ask, job_id: JobId) -> Response:
    """Put a job that failed or was cancelled into the queue again."""
    answer = await ask.beside(lambda shop: shop.records.jobs.retry(job_id, now=now()))
    ask.parts.wake()
    return answer


@router.get("/schedules", dependencies=_SEE)
async def list_schedules(ask: Ask) -> Response:
    """List what comes again, the next due first."""
    return await ask.beside(lambda shop: shop.records.jobs.recurring())


@router.put("/schedules/{kind}/{subject}", dependencies=_STEER)
async def set_schedule(ask: Ask, kind: NamePath, subject: NamePath, body: Schedule) -> Response:
    """Let a job come again and again; one of the kind and subject is replaced."""
    known = {name: item for name, item in working.kinds().items() if item.recurs}
    if kind not in known:
        raise WrongUse("This is not work that can come again.", hint=f"One of {', '.join(known)}.",
                       nearest=list(nearest(kind, known)))  # fmt: skip
    payload = known[kind].checked(body.payload)
    zone = body.timezone or ask.parts.workspace.settings.timezone
    _refuse_zone(zone)

    def kept(shop: Any) -> Any:
        return shop.records.jobs.recur(kind, subject, body.recurs, timezone=zone, now=now(), payload=payload)

    return await ask.beside(kept)


@router.post("/schedules/{kind}/{subject}/pause", dependencies=_STEER)
async def pause_schedule(ask: Ask, kind: NamePath, subject: NamePath, body: Pause) -> Response:
    """Let a schedule rest, or go on."""
    return await ask.beside(lambda shop: shop.records.jobs.pause(kind, subject, paused=body.paused, now=now()))


@router.delete("/schedules/{kind}/{subject}", dependencies=_STEER)
async def forget_schedule(ask: Ask, kind: NamePath, subject: NamePath) -> Response:
    """Take a schedule away."""

    def gone(shop: Any) -> Any:
        shop.records.jobs.forget(kind, subject)
        return {"kind": kind, "subject": subject, "forgotten": True}

    return await ask.beside(gone)


def _refuse_zone(zone: str) -> None:
    from satsuma.settings import timezone_mistake

    mistake = timezone_mistake(zone)
    if mistake is not None:
        raise WrongUse("This is not a time zone.", hint="Zones are written Area/City, for example Europe/Paris.",
                       nearest=list(mistake[1]))  # fmt: skip
