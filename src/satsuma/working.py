"""Doing the jobs of the ledger: what each kind of job does, and the one way of doing one.

A kind is a function of `Work`. It returns what came of it: counts for the ledger, and perhaps a result and a file,
which are kept beside the job in `state/jobs/NUMBER/` for a week.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.connectors.clocks import utc_now
from satsuma.errors import NotFound, SatsumaError, WrongUse
from satsuma.incidents import write_places
from satsuma.parcels import packed
from satsuma.shapes import json_text, plain_value

if TYPE_CHECKING:
    from satsuma.ledger.jobs import Job, Jobs
    from satsuma.workspace import Workspace

#: How often the ledger is told how far a job is, its lease renewed, and asked whether it is to stop.
ASKED_EVERY = timedelta(seconds=1)
#: What a job left (a result, an export) is kept so long.
KEPT_FOR = timedelta(days=7)
#: Where uploaded files wait for their job.
UPLOADS = "uploads"


class StoppedError(SatsumaError):
    """A job that stops at the next step, because somebody asked, or because the process ends."""

    code = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a job.

    counts : how much of what, for the ledger; names, never a customer's data.
    result : all that there is to say, in plain JSON. objects : the same as the program has it, for commands beside
    the server (see `parcels`). file : what is to be fetched, in the folder of the job.
    """

    counts: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    objects: Any = None
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One job under way.

    folder : for what the job leaves. progress : called at each step `(step, done, total)`; it may end the job there.
    owning : calls a function of the workspace in the thread that owns the warehouse, and returns what it returns. A
    kind that works `apart` (it waits for others' servers) touches the warehouse through it alone.
    """

    workspace: Workspace
    job: Job
    folder: Path
    progress: Callable[..., None]
    owning: Callable[[Callable[[Workspace], Any]], Any]


Doing = Callable[[Work], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A kind of job.

    title : in words, for people. holds_people : whether its file holds customers. again : whether another attempt can
    help when it failed with an error that names its cause. recurs : whether it may come again by a schedule, with a
    payload of what it `takes`: names, and what each is.
    apart : whether it works in a thread of its own, beside requests and runs; see `Work.owning`.
    """

    name: str
    title: str
    do: Doing
    holds_people: bool = False
    again: bool = False
    recurs: bool = False
    apart: bool = False
    takes: Mapping[str, type] = field(default_factory=dict)

    def checked(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return a payload that somebody wrote, if it is one of this kind.

        Raises
        ------
        WrongUse
            With what it takes.
        """
        for key, value in payload.items():
            texts = value if isinstance(value, list) else ()
            if not isinstance(value, self.takes.get(key, _Nothing)) or not all(isinstance(one, str) for one in texts):
                raise WrongUse(f"The payload is not one of a job '{self.name}'.", hint=f"It takes {self._takes()}.")
        return dict(payload)

    def _takes(self) -> str:
        words = {str: "a text", bool: "true or false", list: "a list of texts"}
        return ", ".join(f"{key} ({words[kind]})" for key, kind in self.takes.items()) or "nothing"


class _Nothing:
    """No value is one."""


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    """Make a kind of job known."""
    _kinds[kind.name] = kind


def kinds() -> Mapping[str, JobKind]:
    """Return every kind of job that is known."""
    return dict(_kinds)


def folder_of(workspace: Workspace, job_id: int) -> Path:
    """Return where a job leaves what is to be fetched."""
    return workspace.state / "jobs" / f"{job_id:06}"


def uploads(workspace: Workspace) -> Path:
    """Return the folder of files that were sent to be loaded."""
    return workspace.state / UPLOADS


def result_file(workspace: Workspace, job_id: int, *, name: str = "result.json") -> Path:
    """Return the file of what a job has to say.

    Raises
    ------
    NotFound
        When there is none (any more).
    """
    path = folder_of(workspace, job_id) / name
    if not path.is_file():
        raise NotFound(f"Job {job_id} has no result, or none any more.", hint=f"They are kept {KEPT_FOR.days} days.")
    return path


def objects_file(workspace: Workspace, job_id: int) -> Path:
    """Return the file of what a job has to say, as a parcel.

    Raises
    ------
    NotFound
        When there is none (any more).
    """
    return result_file(workspace, job_id, name="objects.json")


def failure(workspace: Workspace, job_id: int) -> dict[str, Any]:
    """Return what a job failed with: code, message, hint, and each mistake; `error` is null of one that did not.

    Raises
    ------
    NotFound
        When there is no such job.
    """
    job = workspace.records.jobs.get(job_id)
    if job.error_code is None:
        return {"error": None}
    path = folder_of(workspace, job_id) / "error.json"
    if job.error_code != "interrupted" and path.is_file():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if kept["error"]["code"] == job.error_code:
            return {"error": {key: value for key, value in kept["error"].items() if key not in ("log", "path")}}
    return {"error": {"code": job.error_code, "message": job.error_message or "", "hint": "", "details": []}}


def left_file(workspace: Workspace, job_id: int) -> Path:
    """Return the file that a job made.

    Raises
    ------
    NotFound
        When there is none (any more).
    """
    found = sorted((folder_of(workspace, job_id) / "file").glob("*"))
    if not found:
        raise NotFound(f"Job {job_id} has no file, or none any more.", hint=f"They are kept {KEPT_FOR.days} days.")
    return found[0]


def sweep(workspace: Workspace, *, now: datetime) -> int:
    """Take away what old jobs left; return of how many."""
    swept = 0
    for folder in (*(workspace.state / "jobs").glob("*"), *(workspace.state / UPLOADS).glob("*")):
        changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC).replace(tzinfo=None)
        if folder.is_dir() and now - changed > KEPT_FOR:
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept


def do(
    workspace: Workspace, job: Job, worker: str, *, ending: threading.Event | None = None,
    owning: Callable[[Callable[[Workspace], Any]], Any] | None = None,
) -> bool:  # fmt: skip
    """Do a job that was taken, to its end, and say in the ledger what came of it; true when it is done.

    Parameters
    ----------
    worker : in whose name it was taken.
    ending : set when the process is to end: the job goes back into the queue.
    owning : see `Work`; this thread is the one when not given.
    """
    jobs, stop = workspace.records.jobs, threading.Event()
    kind = _kinds.get(job.kind)
    if kind is None:
        message = "This server does not know such work."
        jobs.fail(job.job_id, worker, now=utc_now(), code="unknown_kind", message=message, again=False)
        return False
    told: dict[str, Any] = {}

    def progress(step: str, done: int = 0, total: int | None = None) -> None:
        told.update(step=step, done=done, total=total)
        if stop.is_set() or (ending is not None and ending.is_set()):
            raise StoppedError("The job was stopped.")

    folder = folder_of(workspace, job.job_id)
    with _renewing(jobs, job, worker, told, stop):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            asked = owning or (lambda function: function(workspace))
            outcome = kind.do(Work(workspace=workspace, job=job, folder=folder, progress=progress, owning=asked))
            if outcome.result is not None:
                (folder / "result.json").write_text(json_text(outcome.result), encoding="utf-8")
            if outcome.objects is not None:
                (folder / "objects.json").write_text(json.dumps(packed(outcome.objects)), encoding="utf-8")
        except StoppedError:
            is_ending = ending is not None and ending.is_set() and not stop.is_set()
            if not (is_ending and jobs.give_back(job.job_id, worker, now=utc_now())):
                jobs.stop(job.job_id, worker, now=utc_now())
            return False
        except SatsumaError as error:
            again = kind.again and error.facts.get("again", True)
            seconds = error.facts.get("retry_after")
            jobs.fail(job.job_id, worker, now=utc_now(), code=error.code, message=str(error), again=again,
                      wait=timedelta(seconds=seconds) if isinstance(seconds, int) else None)  # fmt: skip
            with suppress(OSError):
                (folder / "error.json").write_text(json_text(error.as_dict()), encoding="utf-8")
            return False
        except Exception as error:  # the last door of background work: its worker goes on with the next job
            write_places(error, workspace.path)
            message = f"Something went wrong that Satsuma did not foresee ({type(error).__name__})."
            jobs.fail(job.job_id, worker, now=utc_now(), code="unforeseen", message=message, again=kind.again)
            return False
    counts = dict(outcome.counts) if outcome.file is None else {**outcome.counts, "file": outcome.file.name}
    return jobs.finish(job.job_id, worker, now=utc_now(), counts=plain_value(counts))


@contextmanager
def _renewing(jobs: Jobs, job: Job, worker: str, told: Mapping[str, Any], stop: threading.Event) -> Iterator[None]:
    """Renew the lease of a job while it is worked on; set `stop` when it is to end."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(ASKED_EVERY.total_seconds()):
            # A ledger that does not answer once is asked again before the lease is over.
            with suppress(SatsumaError):
                if not jobs.renew(job.job_id, worker, now=utc_now(), progress=dict(told)):
                    stop.set()
                    return

    thread = threading.Thread(target=go_on, name=f"lease of job {job.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
