"""Definitions as their files have them: read, written if they are right, renamed, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import Ask, Body, LongText, NamePath, Text, routes
from satsuma.api.callers import may

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

router = routes("definitions")
Kind = Literal["segment", "trait", "segmentation"]


class Written(Body):
    text: LongText = Field(description="The YAML or JSON of the definition.")
    instead_of: Annotated[
        Text | None,
        Field(description="The digest of the text that it was made from; empty for a new one; anything when null."),
    ] = None


class Renamed(Body):
    name: Text = Field(description="The new name.")


@router.get("/definitions", dependencies=[may("see")])
async def list_definitions(ask: Ask, kind: Annotated[Kind | None, Query()] = None) -> Response:
    """List the definitions that have files, with their texts."""
    return await ask.beside(
        lambda shop: [_shape(item) for item in shop.definition_texts() if kind is None or item.kind == kind]
    )


@router.get("/definitions/{kind}/{name}", dependencies=[may("see")])
async def read_definition(ask: Ask, kind: Kind, name: NamePath) -> Response:
    """Return a definition's text, with its digest."""
    return await ask.beside(lambda shop: _shape(shop.definition_text(kind, name)))


@router.get("/definitions/{kind}/{name}/history", dependencies=[may("see")])
async def definition_history(ask: Ask, kind: Kind, name: NamePath) -> Response:
    """Return all texts that a definition ever had in a run, oldest first."""

    def told(shop: Workspace) -> list[dict[str, Any]]:
        changes = shop.records.definition_history(kind, name)
        return [{"digest": item.digest, "first_seen_at": item.first_seen_at, "text": item.text} for item in changes]

    return await ask.beside(told)


@router.put("/definitions/{kind}/{name}", dependencies=[may("define")])
async def write_definition(
    ask: Ask, kind: Kind, name: NamePath, body: Written, dry_run: Annotated[bool, Query()] = False
) -> Response:
    """Write a definition if all definitions are right with it; else every mistake is named. Or check it alone."""
    return await ask(
        lambda shop: _shape(shop.write_definition(kind, name, body.text, instead_of=body.instead_of, write=not dry_run))
    )


@router.delete("/definitions/{kind}/{name}", dependencies=[may("define")])
async def delete_definition(ask: Ask, kind: Kind, name: NamePath) -> Response:
    """Delete a definition, unless others use it; its file is kept in state/deleted."""

    def gone(shop: Workspace) -> dict[str, str]:
        kept = shop.delete_definition(kind, name).relative_to(shop.path).as_posix()
        return {"kind": kind, "name": name, "kept_as": kept}

    return await ask(gone)


@router.post("/definitions/{kind}/{name}/rename", dependencies=[may("define")])
async def rename_definition(ask: Ask, kind: Kind, name: NamePath, body: Renamed) -> Response:
    """Give a definition another name: in its own file and wherever definitions use it."""

    def renamed(shop: Workspace) -> dict[str, Any]:
        paths = shop.rename_definition(kind, name, body.name)
        files = [path.relative_to(shop.path).as_posix() for path in paths]
        return {"kind": kind, "before": name, "name": body.name, "files": files}

    return await ask(renamed)


def _shape(item: Any) -> dict[str, Any]:
    from satsuma.language.writing import text_digest

    return {"kind": item.kind, "name": item.name, "text": item.text, "digest": text_digest(item.text)}
