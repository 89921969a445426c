"""Sources: accounts at other services that are read."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import JOB, Ask, Body, NamePath, Text, routes
from satsuma.api.callers import may

router = routes("sources")
#: Whoever says where a secret is sent to may as well be told it.
_ADMIN = [may("administer")]


class NewSource(Body):
    vendor: Text
    name: Text | None = None
    settings: dict[str, Text] = Field(default_factory=dict, max_length=50)
    schedule: Text | None = None


class When(Body):
    schedule: Text | None = Field(description="When it is read: 'every 15m', @daily, cron; null for no more.")


class What(Body):
    streams: list[Text] = Field(default_factory=list, max_length=100, description="Only these; all when empty.")
    from_start: bool = Field(default=False, description="Read all anew, after the source got more fields.")


@router.get("/sources", dependencies=[may("see")])
async def list_sources(ask: Ask) -> Response:
    """List the sources, with how far each is read."""
    return await ask(lambda shop: shop.sources.all())


@router.get("/sources/{name}", dependencies=[may("see")])
async def show_source(ask: Ask, name: NamePath) -> Response:
    """Show a source: its streams, and how far each is read."""
    return await ask(lambda shop: shop.sources.get(name))


@router.post("/sources", dependencies=_ADMIN)
async def add_source(ask: Ask, body: NewSource) -> Response:
    """Add a source. Its secrets are environment variables of the server, never part of a request."""
    said = body.model_dump()
    return await ask(lambda shop: shop.sources.add(said.pop("vendor"), **said))


@router.post("/sources/{name}/test", dependencies=[may("load")])
async def test_source(ask: Ask, name: NamePath) -> Response:
    """Ask a source one small thing, to see that its address and its secrets are right."""
    return await ask.beside(lambda shop: shop.sources.test(name))


@router.post("/sources/{name}/syncs", dependencies=[may("load")], **JOB)
async def sync_source(ask: Ask, name: NamePath, body: What) -> Response:
    """Read what changed at a source."""
    await ask.beside(lambda shop: shop.sources.check(name, body.streams))
    return await ask.job("sync", name, {"source": name, **body.model_dump()}, is_one=not body.from_start)


@router.put("/sources/{name}/schedule", dependencies=[may("load")])
async def schedule_source(ask: Ask, name: NamePath, body: When) -> Response:
    """Let a source be read again and again, or no more."""
    return await ask(lambda shop: shop.sources.schedule(name, body.schedule))


@router.get("/sources/{name}/webhook", dependencies=[may("see")])
async def describe_webhook(
    ask: Ask, name: NamePath, url: Annotated[Text, Query(description="How the vendor reaches the server.")]
) -> Response:
    """Say what to register at a vendor, so that it sends by itself what changed. No secret is part of the answer."""
    return await ask.beside(lambda shop: shop.hooks.describe(name, url=url))


@router.get("/privacy-requests", dependencies=[may("see_people")])
async def list_privacy_requests(ask: Ask) -> Response:
    """List who asked, through a vendor, to be forgotten or to learn what is known, and until when to answer."""
    return await ask.beside(lambda shop: shop.hooks.requests())


@router.post("/privacy-requests/{request_id}/answer", dependencies=_ADMIN)
async def answer_privacy_request(ask: Ask, request_id: Annotated[int, Path(ge=1, le=2**31)]) -> Response:
    """Say that such a request was answered; whom it was about is let go."""
    return await ask.beside(lambda shop: shop.hooks.answered(request_id))


@router.delete("/sources/{name}", dependencies=_ADMIN)
async def remove_source(ask: Ask, name: NamePath, forget: Annotated[bool, Query()] = False) -> Response:
    """Take a source away; with `forget` its raw records too. What it brought stays."""
    return await ask(lambda shop: shop.sources.remove(name, forget=forget))
