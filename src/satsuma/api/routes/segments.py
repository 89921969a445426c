"""Segments: who is in, how many, why; and trying a definition out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import JOB, Ask, Body, LongText, MomentText, NamePath, Text, routes
from satsuma.api.callers import may
from satsuma.errors import DefinitionError, NotFound, WrongUse
from satsuma.working_kinds import compared, wanted

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

router = routes("segments")
_SEE, _PEOPLE, _TRY = [may("see")], [may("see_people")], [may("try")]

#: What errors call a text that was sent.
FileName = Annotated[LongText, Field(max_length=4096, description="What the text's file is called; errors name it.")]


class Sent(Body):
    text: LongText = Field(description="The YAML or JSON of one segment.")
    file: FileName = "<text>"


#: A segment's name, or the text of a definition.
Asked = Annotated[LongText | Sent, Field(description="A segment's name, or the text of a definition.")]


class Preview(Sent):
    as_of: MomentText | None = None


class Backtest(Body):
    segment: Asked
    first: MomentText
    last: MomentText | None = None
    every: Text = "1 month"
    known_then: bool = True


class Comparison(Body):
    """Two segments at one moment; or one at two moments; or one, as the last run stored it and as it is written now."""

    first: Asked
    second: Asked | None = None
    at: list[MomentText] = Field(default=[], max_length=2)
    known_then: bool = False


class Export(Comparison):
    """Two comparisons at once are two exports."""

    format: Literal["csv", "parquet"] = "csv"


class Why(Body):
    customer_id: Text
    at: MomentText | None = None


class WhyAny(Why):
    segment: Asked


@router.get("/segments", dependencies=_SEE)
async def list_segments(ask: Ask) -> Response:
    """List the segments of the last run with size, share and value, and how things stand with each."""
    return await ask(lambda shop: [_with_state(view) for view in shop.segments()])


@router.get("/status", dependencies=_SEE)
async def status(ask: Ask) -> Response:
    """Say with what the last run failed, if it did, and which definitions are newer than their results."""

    def told(shop: Workspace) -> dict[str, Any]:
        try:
            outdated: list[str] | None = shop.outdated()
        except DefinitionError:
            # Not known while definitions have mistakes: GET /check names them.
            outdated = None
        error = shop.last_error()
        return {"last_error": None if error is None else error.as_dict(), "outdated": outdated}

    return await ask(told)


@router.get("/segments/{name}", dependencies=_SEE)
async def show_segment(ask: Ask, name: NamePath) -> Response:
    """Show one segment: its rule in words, size, share, value, and how things stand with it."""

    def shown(shop: Workspace) -> dict[str, Any]:
        view = shop.segment(name)
        words = shop.explain(name) if view.state.definition not in ("gone", "has mistakes") else None
        return {**_with_state(view), "explanation": words}

    return await ask(shown)


def _with_state(view: Any) -> dict[str, Any]:
    return {**view.as_dict(), "state": view.state.as_dict()}


@router.get("/segments/{name}/explanation", dependencies=_SEE)
async def explain_segment(ask: Ask, name: NamePath) -> Response:
    """Say a segment's rule in words, of the definition as it is now."""
    return await ask(lambda shop: {"name": name, "explanation": shop.explain(name)})


@router.get("/segments/{name}/members", dependencies=_PEOPLE)
async def members(
    ask: Ask,
    name: NamePath,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    after: Annotated[str | None, Query(max_length=500, description="The last id of the page before.")] = None,
) -> Response:
    """List the customers (or accounts) of a segment in the order of their ids, page by page."""

    def page(shop: Workspace) -> dict[str, Any]:
        from bisect import bisect_right

        found = shop.segment(name).ids()
        start = 0 if after is None else bisect_right(found, after)
        ids = list(found[start : start + limit])
        more = start + limit < len(found)
        return {"name": name, "size": len(found), "ids": ids, "next_after": ids[-1] if more else None}

    return await ask(page)


@router.post("/segments/{name}/why", dependencies=_PEOPLE)
async def why(ask: Ask, name: NamePath, body: Why) -> Response:
    """Say condition by condition why a customer is in a segment or not. The ledger keeps who asked, about whom."""
    who = ask.caller.who
    return await ask(lambda shop: shop.why(_known(name), body.customer_id, at=body.at, asked_by=who), objects=True)


@router.post("/whys", dependencies=_PEOPLE)
async def why_any(ask: Ask, body: WhyAny) -> Response:
    """Say the same of a segment that has no name yet: the text of a definition. The ledger keeps who asked."""
    ask.caller.refuse_unless("try")
    segment, who = wanted(body.model_dump()["segment"]), ask.caller.who
    return await ask(lambda shop: shop.why(segment, body.customer_id, at=body.at, asked_by=who), objects=True)


@router.get("/overlap", dependencies=_SEE)
async def overlap(ask: Ask, segment: Annotated[list[str] | None, Query(max_length=500)] = None) -> Response:
    """Say how much segments of the last run have in common; all of them when none is named."""
    return await ask(lambda shop: shop.overlap(*(segment or ())), objects=True)


@router.post("/previews", dependencies=_TRY)
async def preview(ask: Ask, body: Preview) -> Response:
    """Try a segment out: its size, share and value, with nothing kept."""
    return await ask(lambda shop: shop.preview(body.text, file=body.file, as_of=body.as_of))


@router.post("/comparisons", dependencies=_TRY)
async def compare(ask: Ask, body: Comparison) -> Response:
    """Say who is in both of two segments, in one alone, and what they are worth."""
    asked = _asked(body)
    return await ask(lambda shop: compared(shop, asked), objects=True)


@router.post("/comparisons/exports", dependencies=[may("export")], **JOB)
async def export_comparison(ask: Ask, body: Export) -> Response:
    """Write who is in which part of a comparison to a file: fetch it at /api/v1/jobs/{job_id}/file."""
    asked = {**_asked(body), "asked_by": ask.caller.who}
    return await ask.job("export-difference", _subject(body.first), asked)


def _asked(body: Comparison) -> dict[str, Any]:
    """Return a comparison that can be made."""
    if body.second is not None and len(body.at) > 1:
        raise WrongUse("Two segments are compared at one moment.", hint="Give one 'at', or ask twice.")
    if body.second is None and len(body.at) == 1:
        raise WrongUse("One segment is compared at two moments.", hint="Give 'at' twice, or a 'second'.")
    return body.model_dump()


@router.post("/backtests", dependencies=_TRY, **JOB)
async def backtest(ask: Ask, body: Backtest) -> Response:
    """Replay a segment on past days: its size, value, entries and exits at each step. Nothing is kept."""
    return await ask.job("backtest", _subject(body.segment), body.model_dump())


def _subject(asked: str | Sent) -> str:
    """Return what a job is called that is about a segment."""
    from satsuma.segments.standing import is_name

    return asked if isinstance(asked, str) and is_name(asked) else "a text"


def _known(name: str) -> str:
    """Return a name that can be one: a text here would be taken for a definition."""
    from satsuma.segments.standing import is_name

    if not is_name(name):
        raise NotFound("There is no segment of that name.", hint="See GET /api/v1/segments.")
    return name
