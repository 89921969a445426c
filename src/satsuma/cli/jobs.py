"""`satsuma job`: background work that waits, runs and ran. Works beside a running server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from satsuma.cli import output
from satsuma.cli.options import JsonOption, WorkspaceOption, example, opened
from satsuma.connectors.clocks import utc_now
from satsuma.errors import WrongUse, nearest

if TYPE_CHECKING:
    from satsuma.ledger.jobs import Job

JobArgument = Annotated[int, typer.Argument(metavar="JOB", help="The number of the job, as 'list' shows it.")]


def add(app: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Jobs: background work that a server does.")
    group.command("list", epilog=example("satsuma job list", "satsuma job list --recurring"))(list_)
    group.command("show", epilog=example("satsuma job show 12"))(show)
    group.command("cancel", epilog=example("satsuma job cancel 12"))(cancel)
    group.command("retry", epilog=example("satsuma job retry 12"))(retry)
    app.add_typer(group, name="job")


def list_(
    kind: Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only of this kind, such as sync.")] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="STATUS", help="Only queued, running, done, failed or cancelled ones."),
    ] = None,
    recurring: Annotated[bool, typer.Option("--recurring", help="What comes again, and when next.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, the newest first, or what comes again."""
    from satsuma.ledger.jobs import Status
    from satsuma.report import format as say_as

    known = get_args(Status)
    for word in status or ():
        if word not in known:
            raise WrongUse(f"'{word}' is not a status of jobs.", hint=f"One of {', '.join(known)}.",
                           nearest=list(nearest(word, known)))  # fmt: skip
    with opened(workspace) as shop:
        jobs, zone = shop.records.jobs, shop.settings.timezone
        if recurring:
            coming = [item for item in jobs.recurring() if kind in (None, item.kind)]
            if as_json:
                output.show_json([item.as_dict() for item in coming])
            elif not coming:
                output.say("Nothing comes again. A source does: satsuma source schedule NAME 'every 15m'")
            else:
                output.show_table(
                    (("kind", "left"), ("subject", "left"), ("recurs", "left"), ("next", "left")),
                    [(item.kind, item.subject, item.recurs,
                      "rests" if item.is_paused else say_as.moment(item.next_at, zone)) for item in coming],
                )  # fmt: skip
            return
        found = jobs.all(kind=kind, statuses=status or ())  # type: ignore[arg-type]  # checked above
        if as_json:
            output.show_json([job.as_dict() for job in found])
        elif not found:
            output.say("There are no such jobs.")
        else:
            output.show_table(
                (("job", "right"), ("kind", "left"), ("subject", "left"), ("status", "left"), ("made", "left"),
                 ("what came of it", "left")),
                [(str(job.job_id), job.kind, job.subject, job.status, say_as.moment(job.created_at, zone), _said(job))
                 for job in found],
            )  # fmt: skip


def show(job_id: JobArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show a job: how far it is, and what came of it."""
    with opened(workspace) as shop:
        _show(shop.records.jobs.get(job_id), shop.settings.timezone, as_json=as_json)


def cancel(job_id: JobArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Take a waiting job out of the queue, or ask a running one to stop at its next step."""
    with opened(workspace) as shop:
        job = shop.records.jobs.cancel(job_id, now=utc_now())
        if as_json:
            output.show_json(job.as_dict())
        elif job.status == "running":
            output.say(f"Job {job_id} stops at its next step.")
        else:
            output.say(f"Job {job_id} is {job.status}.")


def retry(job_id: JobArgument, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Put a job that failed or was cancelled into the queue again."""
    with opened(workspace) as shop:
        job = shop.records.jobs.retry(job_id, now=utc_now())
        if as_json:
            output.show_json(job.as_dict())
        else:
            output.say(f"It waits again, as job {job.job_id}; a server does it: satsuma serve")


def _show(job: Job, zone: str, *, as_json: bool) -> None:
    from satsuma.report import format as say_as

    if as_json:
        output.show_json(job.as_dict())
        return
    output.say(f"Job {job.job_id}: {job.kind} {job.subject}", style="bold")
    output.say(f"It is {job.status}, attempt {job.attempts} of {job.most_attempts}.")
    if job.status == "queued":
        output.say(f"It is taken up after {say_as.moment(job.not_before, zone)}.")
    for what, moment in (("made", job.created_at), ("begun", job.started_at), ("ended", job.finished_at)):
        if moment is not None:
            output.say(f"{what.capitalize()}: {say_as.moment(moment, zone)}")
    if said := _said(job):
        output.say(said)


def _said(job: Job) -> str:
    """Return what there is to say of a job: its error, how far it is, or its counts."""
    if job.error_message or job.error_code:
        return job.error_message or str(job.error_code)
    if job.status == "running":
        step, done = job.progress.get("step"), job.progress.get("done")
        return f"{step}: {done:,}" if step and done else str(step or "")
    # What is none or no says little beside what is something, and lines are short.
    counts = {name: value for name, value in job.counts.items() if value} or {
        name: value for name, value in job.counts.items() if value is not False
    }
    return ", ".join(_words(name) if value is True else f"{_words(name)} {_number(value)}"
                     for name, value in counts.items())  # fmt: skip


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
