"""Around the definitions: check, lint, format, schema, suggestions, imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import Ask, Body, LongText, Text, routes
from satsuma.api.callers import may

if TYPE_CHECKING:
    from satsuma.language.imports import Imported
    from satsuma.workspace import Workspace

router = routes("tools")


class Doing(Body):
    write: bool = True


class Formatting(Doing):
    files: list[Text] = Field(default=[], max_length=1000, description="Such as segments/vip.yaml; all when none.")


class Import(Body):
    tool: Text = Field(description="segment, klaviyo, posthog, dittofeed or growthbook.")
    text: LongText = Field(description="What the other tool's API or export gave.")
    name: Text | None = Field(default=None, description="The definition's name; else made of theirs.")
    map: dict[Text, Text] = Field(default_factory=dict, max_length=500, description="Their names to ours.")
    write: bool = Field(default=False, description="Write the definition, when every part and name is known here.")


@router.get("/check", dependencies=[may("see")])
async def check(ask: Ask) -> Response:
    """Check settings, catalogue and every definition; all mistakes are named with file and line."""
    return await ask(lambda shop: {"ok": True, **shop.check()})


@router.get("/lint", dependencies=[may("see")])
async def lint(ask: Ask) -> Response:
    """Point out what is right and yet probably not meant."""
    return await ask(lambda shop: shop.lint())


@router.get("/schema", dependencies=[may("see")])
async def schema(
    ask: Ask, kind: Annotated[Literal["segment", "trait", "segmentation"] | None, Query()] = None
) -> Response:
    """Return the JSON Schema of definitions, with the names of this workspace."""
    return await ask(lambda shop: shop.definition_schema(kind))


@router.post("/format", dependencies=[may("define")])
async def format_definitions(ask: Ask, body: Formatting) -> Response:
    """Bring definitions to one spelling; with `write: false`, say what would change."""
    return await ask(lambda shop: shop.format(shop.definition_paths(body.files), write=body.write), objects=True)


@router.post("/imports", dependencies=[may("try")])
async def import_definition(ask: Ask, body: Import) -> Response:
    """Take over a definition from another tool, whole or not at all, with every difference of meaning named."""
    if body.write:
        ask.caller.refuse_unless("define")

    def imported(shop: Workspace) -> Imported:
        from satsuma.language.imports.files import refuse_unless_whole
        from satsuma.language.writing import text_digest

        found = shop.import_text(body.text, tool=body.tool, name=body.name, map=body.map)
        if body.write:
            refuse_unless_whole(found, shop.path / f"{found.kind}s" / f"{found.name}.yaml")
            shop.write_definition(found.kind, found.name, found.text, instead_of=text_digest(""))
        return found

    return await ask(imported, objects=True)


@router.post("/suggestions", dependencies=[may("define")])
async def suggest(ask: Ask, body: Doing) -> Response:
    """Write ready-made definitions for what the data hold; with `write: false`, say which."""

    def suggested(shop: Any) -> Any:
        return shop.suggest(write=body.write)

    return await ask(suggested)
