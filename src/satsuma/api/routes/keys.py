"""Keys of programs: for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Path
from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import Ask, Body, Text, routes
from satsuma.api.callers import may, now
from satsuma.shapes import plain_result

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

router = routes("keys")
_ADMIN = [may("administer")]


class NewKey(Body):
    name: Text = Field(description="The program that uses it.")
    scopes: list[Text] = Field(max_length=10, description="write (send events), read, admin.")


@router.get("/keys", dependencies=_ADMIN)
async def list_keys(ask: Ask) -> Response:
    """List the keys, by their first letters; the keys themselves are not kept."""
    return await ask.beside(lambda shop: shop.access.keys.all())


@router.post("/keys", dependencies=_ADMIN)
async def make_key(ask: Ask, body: NewKey) -> Response:
    """Make a key; the answer holds it, once."""

    def made(shop: Workspace) -> object:
        key, token = shop.access.keys.make(body.name, body.scopes, by=ask.caller.name, now=now())
        return {**plain_result(key), "key": token}

    return await ask.beside(made)


@router.delete("/keys/{key_id}", dependencies=_ADMIN)
async def revoke_key(ask: Ask, key_id: Annotated[int, Path(ge=1, le=2**31)]) -> Response:
    """Make a key useless, at once and for good."""
    answer = await ask.beside(lambda shop: shop.access.keys.revoke(key_id, now=now()))
    if ask.parts.collector is not None:
        ask.parts.collector.forget_keys()
    return answer
