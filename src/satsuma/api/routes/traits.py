"""Traits and segmentations: one value, one label for each customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response

from satsuma.api.asking import Ask, Asking, NamePath, routes
from satsuma.api.callers import may
from satsuma.api.errors import Answer

if TYPE_CHECKING:
    import pyarrow as pa

    from satsuma.workspace import Workspace

router = routes("traits")
_SEE, _PEOPLE = [may("see")], [may("see_people")]
Limit = Annotated[int, Query(ge=1, le=10_000)]
Offset = Annotated[int, Query(ge=0, le=10**9)]
#: Values keep their types in Arrow: money its decimals, a day a day.
Form = Annotated[Literal["json", "arrow"], Query(description="arrow: all rows, and `limit` and `offset` do not count.")]
ARROW = "application/vnd.apache.arrow.stream"
_TABLE: dict[str, Any] = {
    "dependencies": _PEOPLE,
    "responses": {200: {"model": Answer, "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}}},
}


@router.get("/traits", dependencies=_SEE)
async def list_traits(ask: Ask) -> Response:
    """List the traits that definitions can use: loaded, computed and built in."""
    return await ask(lambda shop: shop.traits())


@router.get("/traits/{name}", dependencies=_SEE)
async def show_trait(ask: Ask, name: NamePath) -> Response:
    """Show what is known about one trait."""
    return await ask(lambda shop: shop.trait(name))


@router.get("/traits/{name}/values", **_TABLE)
async def trait_values(
    ask: Ask, name: NamePath, limit: Limit = 1000, offset: Offset = 0, form: Form = "json"
) -> Response:  # fmt: skip
    """List every id with its value as of the last run, page by page; or the whole table at once, as Arrow has it."""
    return await _table(ask, lambda shop: shop.trait(name).values(), limit, offset, form)


@router.get("/segmentations", dependencies=_SEE)
async def list_segmentations(ask: Ask) -> Response:
    """List the segmentations of the last run with their labels."""
    return await ask(lambda shop: shop.segmentations())


@router.get("/segmentations/{name}", dependencies=_SEE)
async def show_segmentation(ask: Ask, name: NamePath) -> Response:
    """Show the labels of one segmentation with size, share and value."""
    return await ask(lambda shop: shop.segmentation(name))


@router.get("/segmentations/{name}/assignments", **_TABLE)
async def assignments(
    ask: Ask, name: NamePath, limit: Limit = 1000, offset: Offset = 0, form: Form = "json"
) -> Response:  # fmt: skip
    """List every id with its label, page by page; or the whole table at once, as Arrow has it."""
    return await _table(ask, lambda shop: shop.segmentation(name).assignments(), limit, offset, form)


async def _table(
    ask: Asking, table: Callable[[Workspace], pa.Table], limit: int, offset: int, form: str
) -> Response:  # fmt: skip
    if form == "json":
        return await ask(lambda shop: _page(table(shop), limit, offset))
    return Response(await ask.parts.thread.call(lambda shop: _stream(table(shop))), media_type=ARROW)


def _stream(table: pa.Table) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _page(table: pa.Table, limit: int, offset: int) -> dict[str, Any]:
    rows = table.slice(offset, limit).to_pylist()
    more = offset + limit < table.num_rows
    return {"rows": rows, "total": table.num_rows, "next_offset": offset + limit if more else None}
