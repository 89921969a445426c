"""The app: what it is made of, its layers and its routes."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI

from satsuma import __version__, errors, working, working_kinds
from satsuma.access.openid import OpenId
from satsuma.api.bodies import LIMITS, Bodies, BodyLimit
from satsuma.api.callers import now
from satsuma.api.errors import install
from satsuma.api.frame import Frame
from satsuma.api.limits import CALLERS, STRANGERS, Buckets, Rate
from satsuma.api.metrics import Metrics
from satsuma.api.routes import ROUTERS
from satsuma.api.worker import LONGEST_WAIT, MOST_WAITING, WorkspaceThread

if TYPE_CHECKING:
    from satsuma.access.door import Access
    from satsuma.api.collector import Collector
    from satsuma.api.hooks import Door
    from satsuma.ledger.jobs import Job
    from satsuma.workspace import Workspace

log = logging.getLogger("satsuma.api")

#: Seconds between two looks for work that nobody announced: schedules, jobs that wait for another attempt.
LOOK_EVERY = 1.0
#: How many jobs that wait for others' servers are done at once.
WORKERS_APART = 2

_DESCRIPTION = """Customer segmentation: segments that mean exactly what they say.

Every success is `{"data": ..., "request_id": ...}`, every error `{"error": {"code", "message", "hint", "details"},
"request_id"}`. What takes long answers 202 with a job to follow."""


@dataclass(kw_only=True)
class Parts:
    """What an app is made of.

    public_host : the name under which browsers know the server, where a proxy in front of it changes that.
    provider : what people sign in with beside name and password, if the workspace says any.
    collector : takes messages, where the app collects any (`satsuma.api.collecting`).
    hooks : takes deliveries of vendors, where the app takes any (`satsuma.api.hooks`).
    """

    workspace: Workspace
    thread: WorkspaceThread
    access: Access
    metrics: Metrics
    buckets: Buckets
    strangers: Buckets
    public_host: str | None = None
    provider: OpenId | None = None
    works_off_jobs: bool = True
    is_ready: bool = False
    collector: Collector | None = None
    hooks: Door | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Say that there is a job to do."""
        self.woken.set()


Companion = Callable[[Parts], AbstractAsyncContextManager[None]]


def create_app(
    workspace: Workspace,
    *,
    rate: Rate = CALLERS,
    strangers: Rate = STRANGERS,
    limits: Sequence[BodyLimit] = LIMITS,
    most_waiting: int = MOST_WAITING,
    wait: float = LONGEST_WAIT,
    public_host: str | None = None,
    works_off_jobs: bool = True,
    routers: Sequence[APIRouter] = ROUTERS,
    companions: Sequence[Companion] = (),
) -> FastAPI:
    """Return the app of one open workspace, which belongs to it until it has stopped.

    Parameters
    ----------
    wait : seconds that a request waits for the warehouse.
    works_off_jobs : whether jobs are done here.
    companions : what lives as long as the app does, and works through its parts: entered when the warehouse is open,
        left before it is closed, when no request and no job is under way any more.
    """
    said = workspace.settings.sign_in
    parts = Parts(
        workspace=workspace,
        thread=WorkspaceThread(workspace, most_waiting=most_waiting, wait=wait),
        access=workspace.access,
        metrics=Metrics(),
        buckets=Buckets(rate),
        strangers=Buckets(strangers),
        public_host=public_host,
        provider=None if said is None else OpenId(said),
        works_off_jobs=works_off_jobs,
    )
    parts.metrics.watch("satsuma_waiting", "Calls that wait for the warehouse.", lambda: parts.thread.waiting)
    app = FastAPI(
        title="Satsuma", version=__version__, description=_DESCRIPTION, openapi_url="/api/v1/openapi.json",
        docs_url=None, redoc_url=None, lifespan=_life(parts, companions),
    )  # fmt: skip
    app.state.parts = parts
    install(app)
    for router in routers:
        app.include_router(router)
    app.add_middleware(Bodies, limits=limits)
    app.add_middleware(Frame, metrics=parts.metrics, workspace=workspace.path)
    return app


def _life(parts: Parts, companions: Sequence[Companion]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        # Left in the order that is the reverse of this one, also what was entered when a later one cannot be.
        async with AsyncExitStack() as stack:
            parts.thread.start()
            stack.push_async_callback(parts.thread.close)
            # The warehouse belongs to this process from here on, and what was interrupted is said to be.
            await parts.thread.do(lambda shop: shop.ledger)
            # What source files say of schedules may have been written while nobody looked.
            await parts.thread.do(lambda shop: shop.sources.keep_schedules())
            await asyncio.to_thread(working.sweep, parts.workspace, now=now())
            for companion in companions:
                await stack.enter_async_context(companion(parts))
            # All of them have ended before anything else does.
            workers = asyncio.gather(*_workers(parts), return_exceptions=True)
            stack.push_async_callback(lambda: workers)
            parts.is_ready = True
            try:
                yield
            finally:
                parts.is_ready = False
                # A job that runs stops at its next step and goes back into the queue.
                parts.ending.set()
                parts.wake()

    return life


def _workers(parts: Parts) -> Iterator[Coroutine[Any, Any, None]]:
    """Yield who does jobs: one in the workspace's thread, between requests, and some apart."""
    if not parts.works_off_jobs:
        return
    for is_apart, number in ((False, 1), (True, WORKERS_APART)):
        # Asked for no kind at all, the queue would give any.
        if kinds := {name: kind for name, kind in working.kinds().items() if kind.apart == is_apart}:
            yield from (_work_off(parts, kinds, is_apart=is_apart) for _ in range(number))


async def _work_off(parts: Parts, kinds: Mapping[str, working.JobKind], *, is_apart: bool) -> None:
    """Do one job of some kinds after another until the end."""
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    jobs = parts.workspace.records.jobs
    while not parts.ending.is_set():
        parts.woken.clear()
        job = None
        try:
            await asyncio.to_thread(lambda: jobs.add_due(now()))
            job = await asyncio.to_thread(lambda: jobs.take(name, now=now(), kinds=kinds))
        except errors.SatsumaError:
            pass  # a ledger that cannot be reached now may be in a while
        except Exception as error:  # what nobody foresaw must not end all background work without a word
            log.error("jobs error=%s", type(error).__name__)
        if job is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(parts.woken.wait(), LOOK_EVERY)
            continue
        if not is_apart:
            parts.thread.long_work = kinds[job.kind].title
        log.info("job=%s kind=%s attempt=%s", job.job_id, job.kind, job.attempts)
        is_done = False
        try:
            is_done = await (_do_apart(parts, job, name) if is_apart else _do(parts, job, name))
        except Exception as error:  # the loop goes on: the lease ends, and the job is taken up again
            log.error("job=%s error=%s", job.job_id, type(error).__name__)
            await asyncio.sleep(LOOK_EVERY)
        finally:
            if not is_apart:
                parts.thread.long_work = None
            outcome = "done" if is_done else "not done"
            parts.metrics.jobs.labels(job.kind, outcome).inc()
            log.info("job=%s kind=%s outcome=%s", job.job_id, job.kind, outcome)


def _do(parts: Parts, job: Job, worker: str) -> Awaitable[bool]:
    return parts.thread.do(lambda shop: working.do(shop, job, worker, ending=parts.ending))


def _do_apart(parts: Parts, job: Job, worker: str) -> Awaitable[bool]:
    owning = parts.thread.wait_for
    return asyncio.to_thread(working.do, parts.workspace, job, worker, ending=parts.ending, owning=owning)


#: Loaded for the kinds that it registers.
_ = working_kinds
