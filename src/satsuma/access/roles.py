"""What each role and each scope of a key may do: one table."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["viewer", "marketer", "analyst", "admin"]
Scope = Literal["write", "read", "admin"]
Action = Literal["see", "see_people", "try", "export", "define", "compute", "load", "administer", "track"]

#: From the least to the most: each may what those before it may.
ROLES: tuple[Role, ...] = get_args(Role)
SCOPES: tuple[Scope, ...] = get_args(Scope)

#: What is done, in words; the role it takes at least (None: no person does it); the scopes of a key that suffice.
ACTIONS: dict[Action, tuple[str, Role | None, tuple[Scope, ...]]] = {
    "see": ("look at sizes, definitions, models, quality and the record of work", "viewer", ("read", "admin")),
    "see_people": ("see single customers: members, labels, values, why", "marketer", ("read", "admin")),
    "try": ("try definitions out, with nothing kept", "marketer", ("read", "admin")),
    "export": ("take customers out in a file", "marketer", ("read", "admin")),
    "define": ("write, rename and delete definitions", "analyst", ("admin",)),
    "compute": ("run, refresh and fit, and steer background work", "analyst", ("admin",)),
    "load": ("bring data in, and see and read again what could not be read", "analyst", ("admin",)),
    "administer": ("manage users and keys", "admin", ("admin",)),
    "track": ("send events", None, ("write", "admin")),
}


def role_may(role: Role, action: Action) -> bool:
    """Say whether a role may do something."""
    least = ACTIONS[action][1]
    return least is not None and ROLES.index(role) >= ROLES.index(least)


def scopes_may(scopes: tuple[Scope, ...], action: Action) -> bool:
    """Say whether a key of some scopes may do something."""
    return not set(scopes).isdisjoint(ACTIONS[action][2])
