"""How a route asks and answers: in the workspace's thread, beside it, or as a job to follow.

@router.get("/segments", dependencies=[may("see")])
async def list_segments(ask: Ask) -> Response:
    \"\"\"List the segments of the last run.\"\"\"
    return await ask(lambda shop: shop.segments())
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from satsuma import __version__
from satsuma.api.callers import Caller, CallerNow, now, parts_of
from satsuma.api.errors import PROBLEMS, Answer, request_id
from satsuma.errors import WrongUse
from satsuma.parcels import packed
from satsuma.shapes import plain_result

if TYPE_CHECKING:
    from satsuma.workspace import Workspace


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("It holds a character that no text has")
    text.encode("utf-8")
    return text


#: A text of a person: no character that files and databases trip over.
Text = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
LongText = Annotated[str, Field(max_length=500_000), AfterValidator(_plain)]
#: A name in a path.
NamePath = Annotated[str, Path(max_length=200), AfterValidator(_plain)]
#: A moment as people write it, in the workspace's time zone.
MomentText = Annotated[str, Field(max_length=40, description="2024-12-31 or 2024-12-31T18:00."), AfterValidator(_plain)]


#: The header by which a command says that it takes results as they are (see `parcels`), and of which version it is.
OBJECTS = "X-Satsuma-Objects"


class Body(BaseModel):
    """Base of what requests bring: nothing that is not known."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


def routes(tag: str) -> APIRouter:
    """Return a router of one subject, whose routes tell of every way they may end."""
    return APIRouter(prefix="/api/v1", tags=[tag], responses={200: {"model": Answer}, **PROBLEMS})


#: For routes that begin a job: `@router.post(..., **JOB)`.
JOB: dict[str, Any] = {
    "status_code": 202,
    "responses": {202: {"model": Answer, "description": "A job to follow: GET /api/v1/jobs/{job_id}."}},
}


class Asking:
    """One request's way to the workspace, and its answer in the one shape."""

    def __init__(self, request: Request, caller: Caller) -> None:
        self.request, self.caller = request, caller
        self.parts = parts_of(request)

    @property
    def takes_objects(self) -> bool:
        """Whether a command asks, which shows results by their own classes.

        Raises
        ------
        WrongUse
            When it is of another version.
        """
        version = self.request.headers.get(OBJECTS)
        if version is None:
            return False
        if version != __version__:
            raise WrongUse(
                f"The server is Satsuma {__version__}, and what asks it is another version.",
                hint=f"Use the commands of Satsuma {__version__}, or the API: /api/v1/openapi.json.",
            )
        return True

    async def __call__(
        self, function: Callable[[Workspace], Any], *, objects: bool = False, wait: float | None = None
    ) -> Response:  # fmt: skip
        """Answer with what a function makes of the workspace, in its thread.

        Parameters
        ----------
        objects : whether it may go to commands as it is (see `parcels`).
        """
        # Made plain there too: views read what they show when they are asked.
        form = packed if objects and self.takes_objects else plain_result
        return self.answer(await self.parts.thread.call(lambda shop: form(function(shop)), wait=wait))

    async def beside(self, function: Callable[[Workspace], Any]) -> Response:
        """Answer with what a function makes of the ledger or of files alone: it need not wait for the warehouse."""
        shop = self.parts.workspace
        return self.answer(await anyio.to_thread.run_sync(lambda: plain_result(function(shop))))

    async def job(
        self, kind: str, subject: str, payload: Mapping[str, Any], *, most_attempts: int = 3, is_one: bool = False
    ) -> Response:
        """Put a job into the queue and answer with it; the same that waits already is answered instead.

        Parameters
        ----------
        subject : what it is done with, in words; what else is said of it stands behind, as a digest.
        is_one : one of the subject waits at a time, whatever else is said of it.
        """
        if not is_one:
            said = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:12]
            subject = f"{subject[:180]} ({said})"
        jobs = self.parts.workspace.records.jobs
        job = await anyio.to_thread.run_sync(
            lambda: jobs.add(kind, subject, payload, now=now(), most_attempts=most_attempts)
        )
        self.parts.wake()
        answer = self.answer(plain_result(job), status=202)
        answer.headers["Location"] = f"/api/v1/jobs/{job.job_id}"
        return answer

    def answer(self, data: Any, *, status: int = 200) -> JSONResponse:
        """Return the one success shape."""
        return JSONResponse({"data": data, "request_id": request_id(self.request)}, status_code=status)


def _asking(request: Request, caller: CallerNow) -> Asking:
    return Asking(request, caller)


Ask = Annotated[Asking, Depends(_asking)]
