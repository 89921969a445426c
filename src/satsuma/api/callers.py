"""Who asks: a program with a key, or a person with a session; and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from satsuma.access.roles import ACTIONS, Action, Role, Scope, role_may, scopes_may
from satsuma.access.tokens import csrf_token, is_same
from satsuma.errors import NotAllowed, NotSignedIn

if TYPE_CHECKING:
    from satsuma.access.users import User
    from satsuma.api.app import Parts

COOKIE = "satsuma_session"
CSRF_HEADER = "X-CSRF-Token"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key: `satsuma key make`.")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session", description="From `POST /session`.")
_csrf = APIKeyHeader(
    name=CSRF_HEADER, auto_error=False, scheme_name="csrf", description="With a session, for all that changes."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    name : the user's, or that of the key; `who` says it for the record. user, session_token : of a session.
    """

    name: str
    scopes: tuple[Scope, ...] = ()
    key_id: int | None = None
    role: Role | None = None
    user: User | None = None
    session_token: str | None = None

    @property
    def who(self) -> str:
        return self.name if self.key_id is None else f"key {self.key_id} ({self.name})"

    @property
    def number(self) -> str:
        """What stands in logs, and names the caller's bucket: a number, not a name."""
        return f"key-{self.key_id}" if self.user is None else f"user-{self.user.user_id}"

    def may(self, action: Action) -> bool:
        if self.role is not None:
            return role_may(self.role, action)
        return scopes_may(self.scopes, action)

    def refuse_unless(self, action: Action) -> None:
        """Refuse what the role or the key does not allow.

        Raises
        ------
        NotAllowed
            With what it takes.
        """
        if self.may(action):
            return
        words, role, scopes = ACTIONS[action]
        what = f"the role '{self.role}'" if self.role is not None else "this key"
        takes = f"the role '{role}' or a key with the scope" if role else "a key with the scope"
        named = " or ".join(f"'{scope}'" for scope in scopes)
        raise NotAllowed(f"To {words} is beyond {what}.", hint=f"It takes {takes} {named}.", action=action)


def parts_of(request: Request) -> Parts:
    """Return what the app is made of."""
    parts: Parts = request.app.state.parts
    return parts


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def address_of(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client is not None else "unknown"


async def identified(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
    cookie: Annotated[str | None, Security(_cookie)] = None,
    csrf: Annotated[str | None, Security(_csrf)] = None,
) -> Caller:
    """Return who asks, after looking at their rate.

    Raises
    ------
    NotSignedIn
        When nobody does, or with what does not count.
    NotAllowed
        When a session's request may have been made by another site.
    """
    parts = parts_of(request)
    if bearer is not None:
        caller = await _by_key(parts, bearer.credentials)
    elif cookie is not None:
        caller = await _by_session(parts, cookie)
        if caller is not None and request.method not in _SAFE:
            refuse_foreign(request)
            if csrf is None or not is_same(csrf, csrf_token(cookie)):
                raise NotAllowed(
                    f"The header {CSRF_HEADER} does not belong to this session.",
                    hint="Send the csrf_token that GET /api/v1/session shows.",
                )
    else:
        caller = None
    if caller is None:
        parts.strangers.take(address_of(request))
        shown = "The key or session does not count (any more)." if bearer or cookie else "Nobody is signed in."
        raise NotSignedIn(shown, hint="Send 'Authorization: Bearer KEY', or sign in with POST /api/v1/session.")
    request.scope["satsuma.caller"] = caller.number
    try:
        parts.buckets.take(caller.number)
    finally:
        # Told with every answer, the refusal too.
        request.scope["satsuma.left"] = parts.buckets.left(caller.number)
    return caller


async def _by_key(parts: Parts, token: str) -> Caller | None:
    key = await anyio.to_thread.run_sync(lambda: parts.access.keys.find(token, now=now()))
    return None if key is None else Caller(name=key.name, scopes=key.scopes, key_id=key.key_id)


async def _by_session(parts: Parts, token: str) -> Caller | None:
    found = await anyio.to_thread.run_sync(lambda: parts.access.sessions.find(token, now=now()))
    if found is None:
        return None
    return Caller(name=found[0].name, role=found[0].role, user=found[0], session_token=token)


def refuse_foreign(request: Request) -> None:
    """Refuse what another site's page sends: by Origin where it is sent, else by what the browser says of the fetch.

    `Sec-Fetch-Site` alone is not enough: browsers leave it out over plain http to names other than localhost.
    """
    origin, own = request.headers.get("origin"), parts_of(request).public_host or request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    is_own = _host_of(origin) == own if origin is not None else site in ("same-origin", "none")
    if not is_own:
        raise NotAllowed("This request was made by another site.", hint="Use the pages of this server.")


def _host_of(origin: str) -> str | None:
    """Return the host of an origin; None of one that is none, which is nobody's own."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


CallerNow = Annotated[Caller, Depends(identified)]


def may(action: Action) -> Any:
    """Return what a route depends on that takes a right: `dependencies=[may("see")]`."""

    async def allowed(caller: CallerNow) -> None:
        if caller.user is not None and caller.user.must_change:
            raise NotAllowed(
                "The password is to be changed first.", hint="POST /api/v1/session/password", must_change_password=True
            )
        caller.refuse_unless(action)

    checked: Callable[..., Any] = allowed
    return Depends(checked)
