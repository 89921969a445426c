"""What `satsuma.yaml` says of a provider of OpenID Connect that people sign in with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from satsuma.access.roles import ROLES, Role
from satsuma.documents import ENVIRONMENT, DocumentReader, Path_
from satsuma.errors import nearest

KEYS = ("issuer", "client_id", "client_secret", "title", "name_claim", "new_users", "groups_claim", "roles")

_SAFE_ADDRESS = re.compile(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInProvider:
    """A provider that people sign in with.

    client_secret : the environment variable that holds it; None for a client that has none.
    name_claim : what of the provider's words is the user's name here.
    new_users : the role of whoever signs in and was not added; None lets in those who were added alone.
    groups_claim, roles : which groups of the provider have which role here, asked at each sign-in.
    """

    issuer: str
    client_id: str
    client_secret: str | None = None
    title: str | None = None
    name_claim: str = "email"
    new_users: Role | None = None
    groups_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)


def read_provider(reader: DocumentReader, given: Any, path: Path_) -> SignInProvider | None:
    """Return what is said at a place of a document; mistakes become problems of the reader."""
    if not isinstance(given, dict):
        reader.problem(path, f"'{path[-1]}' holds 'key: value' lines: {', '.join(KEYS)}.")
        return None
    before = len(reader.problems)
    reader.keys(given, KEYS, path, "is not a setting of a provider")
    texts = {key: _text(reader, given, key, path) for key in KEYS if key != "roles"}
    for key in ("issuer", "client_id"):
        if given.get(key) is None:
            reader.problem(path, f"'{key}' is missing; a provider needs it.")
    issuer, secret = texts["issuer"] or "", texts["client_secret"]
    if issuer and not _SAFE_ADDRESS.match(issuer):
        reader.problem((*path, "issuer"), "'issuer' is an address that starts with https://.")
    variable = ENVIRONMENT.fullmatch(secret or "")
    if secret is not None and variable is None:
        # What is written is not repeated: it may be the secret itself.
        message = "'client_secret' names an environment variable: ${OIDC_CLIENT_SECRET}. Secrets stay out of files."
        reader.problem((*path, "client_secret"), message)
    new_users = _role(reader, texts["new_users"], (*path, "new_users"))
    roles = _roles(reader, given.get("roles"), (*path, "roles"))
    if len(reader.problems) > before:
        return None
    return SignInProvider(
        issuer=issuer.rstrip("/"),
        client_id=texts["client_id"] or "",
        client_secret=None if variable is None else variable[1],
        title=texts["title"],
        name_claim=texts["name_claim"] or "email",
        new_users=new_users,
        groups_claim=texts["groups_claim"] or "groups",
        roles=roles,
    )


def _text(reader: DocumentReader, given: Mapping[str, Any], key: str, path: Path_) -> str | None:
    value = given.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        reader.problem((*path, key), f"'{key}' must be a text.")
        return None
    return value


def _role(reader: DocumentReader, value: Any, path: Path_) -> Role | None:
    for role in ROLES:
        if role == value:
            return role
    if value is not None:
        reader.problem(path, f"'{value}' is not a role; one of {', '.join(ROLES)}.", nearest(str(value), ROLES))
    return None


def _roles(reader: DocumentReader, value: Any, path: Path_) -> dict[str, Role]:
    if value is not None and not isinstance(value, dict):
        reader.problem(path, "'roles' holds 'group: role' lines.")
        return {}
    found = {str(group): _role(reader, role, (*path, group)) for group, role in (value or {}).items()}
    return {group: role for group, role in found.items() if role is not None}
