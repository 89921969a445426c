"""People who may sign in: for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import Response
from pydantic import Field

from satsuma.api.asking import Ask, Body, NamePath, Text, routes
from satsuma.api.callers import may, now
from satsuma.shapes import plain_result

if TYPE_CHECKING:
    from satsuma.workspace import Workspace

router = routes("users")
_ADMIN = [may("administer")]


class NewUser(Body):
    name: Text
    role: Text = Field(description="viewer, marketer, analyst or admin.")


class Role(Body):
    role: Text = Field(description="viewer, marketer, analyst or admin.")


@router.get("/users", dependencies=_ADMIN)
async def list_users(ask: Ask) -> Response:
    """List the users."""
    return await ask.beside(lambda shop: shop.access.users.all())


@router.post("/users", dependencies=_ADMIN)
async def add_user(ask: Ask, body: NewUser) -> Response:
    """Add a user; the answer holds the password, once, and it is to be changed at the first sign-in."""

    def added(shop: Workspace) -> object:
        user, password = shop.access.users.add(body.name, body.role, now=now())
        return {**plain_result(user), "password": password}

    return await ask.beside(added)


@router.put("/users/{name}/role", dependencies=_ADMIN)
async def change_role(ask: Ask, name: NamePath, body: Role) -> Response:
    """Give a user another role."""
    return await ask.beside(lambda shop: shop.access.users.change_role(name, body.role))


@router.post("/users/{name}/disable", dependencies=_ADMIN)
async def disable_user(ask: Ask, name: NamePath) -> Response:
    """Shut a user out, at once."""
    return await ask.beside(lambda shop: shop.access.disable(name, now=now()))


@router.post("/users/{name}/enable", dependencies=_ADMIN)
async def enable_user(ask: Ask, name: NamePath) -> Response:
    """Let a user in again."""
    return await ask.beside(lambda shop: shop.access.users.enable(name))


@router.post("/users/{name}/reset", dependencies=_ADMIN)
async def reset_user(ask: Ask, name: NamePath) -> Response:
    """Give a user a new password, which the answer holds, once; lock-out and sessions end."""

    def reset(shop: Workspace) -> object:
        user, password = shop.access.reset(name)
        return {**plain_result(user), "password": password}

    return await ask.beside(reset)
