"""Scales: scores from answers, and how well they measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import JOB, Ask, Body, NamePath, Text, routes
from satsuma.api.callers import may

router = routes("scales")
_SEE = [may("see")]


class Factors(Body):
    names: list[Text] = Field(default=[], max_length=100, description="The scales; all of them when none is named.")
    rotation: Text = Field(default="oblimin", description="oblimin, promax or varimax.")


class Key(Body):
    key: Text = Field(description="The ready key: ipip-big-five.")
    prefix: Text = Field(default="", description="What the names of the items begin with.")
    survey: Text | None = Field(default=None, description="Read the answers of a survey instead of traits.")


@router.get("/scales", dependencies=_SEE)
async def list_scales(ask: Ask) -> Response:
    """List the scales with what the last run knows of them."""
    return await ask(lambda shop: shop.scales(), objects=True)


@router.get("/scales/{name}", dependencies=_SEE)
async def show_scale(ask: Ask, name: NamePath) -> Response:
    """Show a scale: reliability, each item, what to be wary of, and norms."""
    return await ask(lambda shop: shop.scale(name), objects=True)


@router.get("/scales/{name}/norms/{trait}", dependencies=_SEE)
async def scale_norms(ask: Ask, name: NamePath, trait: NamePath) -> Response:
    """Return the norms of a scale for each value of a trait."""
    return await ask(lambda shop: shop.scale_norms(name, trait))


@router.post("/factors", dependencies=[may("try")], **JOB)
async def factors(ask: Ask, body: Factors) -> Response:
    """Look for the factors behind the items of scales, and say whether they are as the scales say."""
    return await ask.job("factors", ", ".join(body.names) or "all scales", body.model_dump())


@router.post("/scale-keys", dependencies=[may("define")])
async def write_scale_key(ask: Ask, body: Key) -> Response:
    """Write the scales of a ready key as files; a file that is there is never overwritten."""

    def written(shop: Any) -> dict[str, list[str]]:
        paths: list[Path] = shop.write_scale_key(body.key, prefix=body.prefix, survey=body.survey)
        return {"written": [path.relative_to(shop.path).as_posix() for path in paths]}

    return await ask(written)
