"""What can be found out about segments: groups, rules, evidence, changes, advice. Each is a job with a result."""

from __future__ import annotations

from typing import Annotated

from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import JOB, Ask, Body, MomentText, NamePath, Text, routes
from satsuma.api.callers import may

router = routes("findings")
_TRY = [may("try")]
Names = Annotated[list[Text], Field(max_length=500)]
Since = Annotated[
    Text | None, Field(description="A distance (1 month, 30d) or a day or moment; a month before the last run if not.")
]


class Discovery(Body):
    traits: Names = Field(
        default=[], description="Those to group by; when none, what customers do, want and are worth."
    )
    kinds: Names = Field(default=[], description="Kinds of traits to choose among.")
    without: Names = Field(default=[], description="Traits to leave out.")
    allow_sensitive: Names = Field(default=[], description="Sensitive traits that may be used all the same.")
    using: Text = Field(default="auto", description="kmeans, mixture, classes, prototypes, factors, density, or auto.")
    groups: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        default=[2, 8], min_length=1, max_length=2, description="How many, or from how many to how many."
    )
    among: Text | None = Field(default=None, description="Look at the customers of this segment.")
    compare: bool = Field(default=False, description="Try every method that suits, and say how far they agree.")
    seed: int = Field(default=1, ge=0, le=2**63 - 1)
    sample: int = Field(default=50_000, ge=500, le=1_000_000, description="Learn from at most so many customers.")
    save: Text | None = Field(default=None, description="Write the groups as a segmentation of this name.")


class Rules(Body):
    traits: Names = Field(default=[], description="Ask only about these.")
    allow_sensitive: Names = Field(default=[], description="Sensitive traits that may be used all the same.")
    conditions: int | None = Field(default=None, ge=1, le=10_000, description="How many at most; else chosen.")
    leaves: int | None = Field(default=None, ge=2, le=24)
    prefix: Text = ""
    seed: int = Field(default=0, ge=0, le=2**63 - 1)
    write: bool = Field(default=False, description="Write a segment for each label, and a segmentation by rules.")


class Evidence(Body):
    names: Names = Field(default=[], description="Segments and segmentations; all when none is named.")
    horizon: Text = "90d"
    past: MomentText | None = None
    looks_back: bool = True
    allow: Names = Field(default=[], description="Sensitive traits that may be looked at.")


class Insights(Body):
    since: Since = None
    history: int = Field(default=12, ge=1, le=60)
    by: Text | None = Field(default=None, description="The segmentation that says where those of a segment came from.")


class Migration(Body):
    since: Since = None


@router.post("/discoveries", dependencies=_TRY, **JOB)
async def discover(ask: Ask, body: Discovery) -> Response:
    """Look for groups in the traits of the last run; with `save`, keep them as a segmentation."""
    if body.save is not None:
        ask.caller.refuse_unless("define")
    return await ask.job("discover", body.save or "groups", body.model_dump())


@router.post("/segmentations/{name}/rules", dependencies=_TRY, **JOB)
async def rules(ask: Ask, name: NamePath, body: Rules) -> Response:
    """Say the labels of a segmentation by rules, tested on customers who were held back; with `write`, keep them."""
    if body.write:
        ask.caller.refuse_unless("define")
    return await ask.job("rules", name, {"name": name, **body.model_dump()})


@router.post("/segmentations/{name}/migrations", dependencies=_TRY, **JOB)
async def migration(ask: Ask, name: NamePath, body: Migration) -> Response:
    """Say who moved between the labels of a segmentation since an earlier moment."""
    return await ask.job("migration", name, {"segmentation": name, **body.model_dump()})


@router.post("/evidence", dependencies=_TRY, **JOB)
async def evidence(ask: Ask, body: Evidence) -> Response:
    """Say of segments and segmentations whether each is a good one, beside random groups of the same size."""
    return await ask.job("evidence", ", ".join(body.names) or "all", body.model_dump())


@router.post("/insights", dependencies=_TRY, **JOB)
async def insights(ask: Ask, body: Insights) -> Response:
    """Say what changed since an earlier moment: who entered and left, what that did to revenue, what is unusual."""
    return await ask.job("insights", body.since or "a month", body.model_dump())


@router.post("/advice", dependencies=_TRY, **JOB)
async def advice(ask: Ask) -> Response:
    """Give advice on all segments together, what weighs most first."""
    return await ask.job("advice", "all", {})
