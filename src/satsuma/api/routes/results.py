"""Handing results on: a report, an export."""

from __future__ import annotations

from typing import Literal

from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import JOB, Ask, Body, Text, routes
from satsuma.api.callers import may

router = routes("results")


class Report(Body):
    format: Literal["html", "svg"] = "html"


class Export(Body):
    segment: Text
    traits: list[Text] = Field(default=[], max_length=200)
    format: Literal["csv", "parquet"] = "csv"


class Personas(Body):
    names: list[Text] = Field(
        default=[], max_length=500,
        description="Segments, segmentations (all labels), or labels as rfm:Champions; all segments when none.",
    )  # fmt: skip
    allow: list[Text] = Field(default=[], max_length=200, description="Sensitive or personal traits to speak of.")
    format: Literal["markdown", "html", "json"] | None = Field(default=None, description="Leave a file of this form.")
    numbers: bool = Field(default=False, description="Whether the file shows the numbers behind every statement.")


@router.post("/personas", dependencies=[may("try")], **JOB)
async def personas(ask: Ask, body: Personas) -> Response:
    """Say who the customers of segments are, in statements that passed their tests; with a format, as a file too."""
    return await ask.job("personas", ", ".join(body.names) or "all segments", body.model_dump())


@router.post("/reports", dependencies=[may("see")], **JOB)
async def report(ask: Ask, body: Report) -> Response:
    """Write the report of the last run: fetch it at /api/v1/jobs/{job_id}/file."""
    return await ask.job("report", body.format, body.model_dump())


@router.post("/exports", dependencies=[may("export")], **JOB)
async def export(ask: Ask, body: Export) -> Response:
    """Write the customers of a segment to a file: fetch it at /api/v1/jobs/{job_id}/file."""
    await ask(lambda shop: shop.segment(body.segment).name)
    # Whose job it is goes with it: what leaves stands in the record with who asked for it.
    return await ask.job("export", body.segment, {**body.model_dump(), "asked_by": ask.caller.who})
