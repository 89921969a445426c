"""The kinds of jobs that the workspace itself does: each calls one of its methods and keeps what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from satsuma.connectors.clocks import utc_now
from satsuma.errors import NotFound, SatsumaError
from satsuma.shapes import plain_result
from satsuma.working import Doing, JobKind, Outcome, Work, register, uploads

if TYPE_CHECKING:
    from satsuma.segments.standing import Wanted


def _counts(facts: Any) -> dict[str, Any]:
    """Return the counts of a result: for the ledger, which keeps how much, never which."""
    if not isinstance(facts, dict):
        return {}
    return {key: value for key, value in facts.items() if isinstance(value, int)}


def _told(found: Any, *, counts: bool = True) -> Outcome:
    """Return what came of a job: a result as JSON, and as it is."""
    facts = plain_result(found)
    return Outcome(counts=_counts(facts) if counts else {}, result=facts, objects=found)


def _asks(method: str, *names: str, has_progress: bool = True, counts: bool = False) -> Doing:
    """Return a job that calls one method of the workspace.

    Parameters
    ----------
    names : of what the payload holds and the method takes without a name, in their order; a list is taken apart.
    """

    def do(work: Work) -> Outcome:
        settings = dict(work.job.payload)
        given: list[Any] = []
        for name in names:
            value = settings.pop(name)
            given += value if isinstance(value, list) else [value]
        if has_progress:
            settings["progress"] = work.progress
        return _told(getattr(work.workspace, method)(*given, **settings), counts=counts)

    return do


def wanted(asked: str | Mapping[str, str]) -> Wanted:
    """Return the segment that a request means: by its name, or by a text with what its file is called."""
    from satsuma.segments.standing import SentText

    return asked if isinstance(asked, str) else SentText(asked["text"], asked["file"])


def _backtest(work: Work) -> Outcome:
    settings = dict(work.job.payload)
    return _told(work.workspace.backtest(wanted(settings.pop("segment")), **settings, progress=work.progress),
                 counts=False)  # fmt: skip


def _discover(work: Work) -> Outcome:
    shop, settings = work.workspace, dict(work.job.payload)
    is_compared, low_high = settings.pop("compare"), settings.pop("groups")
    found = shop.discover(**settings, groups=(low_high[0], low_high[-1]))
    trials = shop.compare_methods(found) if is_compared else []
    facts = plain_result(found)
    more = {"compared": plain_result(trials)} if is_compared else {}
    facts = {**facts, **more, "saved": None if found.is_one else settings.get("save")}
    return Outcome(counts={"customers": found.customers, "groups": len(found.groups)}, result=facts,
                   objects={"found": found, "compared": trials})  # fmt: skip


def _refit_model(work: Work) -> Outcome:
    shop = work.workspace
    outcome, model = shop.refit_model(**work.job.payload), shop.model(work.job.payload["name"])
    facts = {"run": outcome.as_dict(), "model": model.as_dict()}
    return Outcome(counts=_counts(facts["run"]), result=facts, objects={"run": outcome, "model": model})


def _with_mapping(work: Work, settings: dict[str, Any]) -> dict[str, Any]:
    """Let the text of a mapping be the file that loading takes."""
    text = settings.pop("mapping", None)
    if text is not None:
        path = work.folder / "mapping.yaml"
        path.write_text(text, encoding="utf-8")
        settings["mapping"] = path
    return settings


def _retry(work: Work) -> Outcome:
    settings = _with_mapping(work, dict(work.job.payload))
    return _told(work.workspace.retry_quarantine(**settings, progress=work.progress))


def _load(work: Work) -> Outcome:
    settings = _with_mapping(work, dict(work.job.payload))
    folder = uploads(work.workspace) / settings.pop("upload")
    if not folder.is_dir():
        raise NotFound("The files of this job are gone.", hint="Send them again.")
    files = [str(folder / name) for name in settings.pop("files")]
    try:
        outcome = work.workspace.load(files, **settings, progress=work.progress)
    except SatsumaError as error:
        # What cannot be read this time cannot be read the next: the files are not needed any more.
        if error.code != "stopped":
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return _told(outcome)


def _left(work: Work, name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
    """Let a file of the job be made."""
    target = work.folder / "file" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    return target, make(target)


def _released(target: Path, released: Any) -> Outcome:
    record = released.as_record()
    return Outcome(counts=_counts(record), result={**record, "notes": list(released.notes)}, objects=released,
                   file=target)  # fmt: skip


def _export(work: Work) -> Outcome:
    segment, traits, form, who = (work.job.payload[key] for key in ("segment", "traits", "format", "asked_by"))
    return _released(
        *_left(work, f"{segment}.{form}",
               lambda path: work.workspace.export(segment, to=path, traits=traits, asked_by=who))
    )  # fmt: skip


def _export_difference(work: Work) -> Outcome:
    asked = dict(work.job.payload)
    form, who = asked.pop("format"), asked.pop("asked_by")
    difference = compared(work.workspace, asked)
    difference = getattr(difference, "difference", difference)
    return _released(
        *_left(work, f"comparison.{form}",
               lambda path: work.workspace.export_difference(difference, to=path, asked_by=who))
    )  # fmt: skip


def compared(shop: Any, asked: Mapping[str, Any]) -> Any:
    """Return a comparison: of two segments; of one at two moments; or of one as stored and as written now."""
    first, second, at, known_then = asked["first"], asked.get("second"), asked.get("at", ()), asked["known_then"]
    if second is not None:
        return shop.compare(wanted(first), wanted(second), at=at[0] if at else None, known_then=known_then)
    if at:
        return shop.compare_moments(wanted(first), at[0], at[1], known_then=known_then)
    return shop.effect(wanted(first))


def _report(work: Work) -> Outcome:
    form = work.job.payload.get("format", "html")
    target, _ = _left(work, f"report.{'svg' if form == 'svg' else 'html'}", work.workspace.report)
    return Outcome(counts={"bytes": target.stat().st_size}, file=target)


def _sync(work: Work) -> Outcome:
    said = work.job.payload
    source, streams = said.get("source", work.job.subject), said.get("streams") or ()
    # Another attempt goes on where the one before broke off.
    from_start = bool(said.get("from_start")) and work.job.attempts <= 1
    synced = work.workspace.sources.sync(
        source, streams=streams, from_start=from_start, progress=work.progress, owning=work.owning
    )
    total = synced.landed
    if total.records > total.unchanged and work.owning(lambda shop: shop.engine.value("SELECT count(*) FROM runs")):
        # Segments follow, where there are any.
        work.workspace.records.jobs.add("refresh", "what sources brought", {}, now=utc_now())
    # What ended it early is an error, which the job fails with; it does not travel.
    return _told(replace(synced, error=None))


def _personas(work: Work) -> Outcome:
    shop, asked = work.workspace, work.job.payload
    cards = shop.personas(*asked["names"], allow=asked["allow"])
    form, target = asked["format"], None
    if form is not None:
        ending = {"markdown": "md"}.get(form, form)
        target, _ = _left(
            work, f"personas.{ending}",
            lambda path: shop.export_personas(cards, to=path, form=form, numbers=asked["numbers"]),
        )  # fmt: skip
    return Outcome(counts={"personas": len(cards)}, result=plain_result(cards), objects=cards, file=target)


for _kind in (
    JobKind(name="run", title="a run", do=_asks("run", counts=True), recurs=True, takes={"refit": bool}),
    JobKind(name="refresh", title="a refresh", do=_asks("refresh", counts=True), recurs=True),
    JobKind(name="plan", title="a plan", do=_asks("plan")),
    JobKind(name="backtest", title="a backtest", do=_backtest),
    JobKind(name="compare-model", title="fitting a model beside the kept one",
            do=_asks("compare_model", has_progress=False)),
    JobKind(name="refit-model", title="fitting a model anew", do=_refit_model, recurs=True, takes={"name": str}),
    JobKind(name="discover", title="looking for groups", do=_discover),
    JobKind(name="rules", title="looking for rules", do=_asks("rules_of_segmentation", "name", has_progress=False)),
    JobKind(name="evidence", title="gathering evidence", do=_asks("evidence", "names")),
    JobKind(name="insights", title="looking back", do=_asks("insights")),
    JobKind(name="migration", title="looking back at labels", do=_asks("migration", "segmentation")),
    JobKind(name="advice", title="advice", do=_asks("advice", has_progress=False)),
    JobKind(name="factors", title="looking for factors", do=_asks("scale_factors", has_progress=False)),
    JobKind(name="personas", title="testing statements", do=_personas),
    JobKind(name="load", title="a load", do=_load),
    JobKind(name="retry", title="reading quarantined rows again", do=_retry),
    JobKind(name="export", title="an export", do=_export, holds_people=True),
    JobKind(name="sync", title="a sync", do=_sync, recurs=True, apart=True, again=True, takes={"streams": list}),
    JobKind(name="sync-soon", title="reading a stream that has changed", do=_sync, apart=True, again=True),
    JobKind(name="export-difference", title="an export", do=_export_difference, holds_people=True),
    JobKind(name="report", title="a report", do=_report, recurs=True, takes={"format": str}),
):  # fmt: skip
    register(_kind)
