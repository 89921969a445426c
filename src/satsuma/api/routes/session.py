"""Signing in and out, and who one is."""

from __future__ import annotations

import re
from datetime import timedelta

import anyio
import anyio.to_thread
from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import Field

from satsuma.access.openid import PATIENCE, OpenId, Pending
from satsuma.access.roles import ACTIONS
from satsuma.access.sessions import LONGEST, Session
from satsuma.access.tokens import csrf_token
from satsuma.access.users import User
from satsuma.api.asking import Ask, Body, Text, routes
from satsuma.api.callers import COOKIE, Caller, address_of, now, parts_of, refuse_foreign
from satsuma.api.errors import request_id
from satsuma.errors import NotAllowed, NotFound, WrongUse
from satsuma.shapes import plain_result

router = routes("session")

#: Keeps what a sign-in with a provider was begun with; only the two routes of that get it.
PENDING_COOKIE = "satsuma_signing_in"
#: A path of this server: neither another host (`//evil`) nor what browsers make one of (`/\\evil`).
_OWN_PATH = re.compile(r"/([A-Za-z0-9._~%!$&'()*+,;=:@?-][A-Za-z0-9._~%!$&'()*+,;=:@?/-]*)?")

#: Each look at a password takes 64 MiB and a quarter of a second: so many at once.
_ARGON2 = anyio.CapacityLimiter(2)


class SignIn(Body):
    name: Text = Field(description="The user's name.")
    password: Text


class PasswordChange(Body):
    old: Text
    new: Text


@router.post("/session")
async def sign_in(request: Request, body: SignIn) -> Response:
    """Sign in with name and password: sets the cookie of a session."""
    refuse_foreign(request)
    parts = parts_of(request)
    parts.strangers.take(address_of(request))
    user, session, token = await anyio.to_thread.run_sync(
        lambda: parts.access.sign_in(body.name, body.password, address=address_of(request), now=now()),
        limiter=_ARGON2,
    )
    return _signed_in(request, user, session, token)


@router.get("/session/provider")
async def go_to_provider(request: Request, onward: str | None = None) -> Response:
    """Send a browser to the provider that people sign in with; `onward` is the path of this server to go to then."""
    provider = _provider(request)
    parts_of(request).strangers.take(address_of(request))
    if onward is not None and not _OWN_PATH.fullmatch(onward):
        raise WrongUse("'onward' is not a path of this server.", hint="Write it as /segments.")
    url, pending = await anyio.to_thread.run_sync(lambda: provider.begin(_redirect_uri(request), onward=onward))
    answer = RedirectResponse(url, status_code=303)
    answer.set_cookie(
        PENDING_COOKIE, pending.text(), max_age=_seconds(PATIENCE), httponly=True, samesite="lax",
        secure=_is_https(request), path=router.prefix + "/session/provider",
    )  # fmt: skip
    return answer


@router.get("/session/provider/back")
async def come_back_from_provider(request: Request) -> Response:
    """Take back who signed in with the provider: sets the cookie of a session, as `POST /session` does."""
    provider, parts = _provider(request), parts_of(request)
    parts.strangers.take(address_of(request))
    pending = Pending.read(request.cookies.get(PENDING_COOKIE))
    # A cookie may be another's, who could set it: what it says is looked at again.
    onward = pending.onward if pending.onward and _OWN_PATH.fullmatch(pending.onward) else None

    def sign_in() -> tuple[User, Session, str]:
        person = provider.finish(request.query_params, pending, _redirect_uri(request), now=now())
        new_users = provider.provider.new_users
        return parts.access.sign_in_as(person.name, role=person.role, new_users=new_users, now=now())

    user, session, token = await anyio.to_thread.run_sync(sign_in)
    answer = _signed_in(request, user, session, token, onward=onward)
    answer.delete_cookie(PENDING_COOKIE, path=router.prefix + "/session/provider")
    return answer


@router.get("/session")
async def who_am_i(ask: Ask) -> Response:
    """Say who asks, what they may do, and the token that changes take beside a session's cookie."""
    return ask.answer(_who(ask.caller))


@router.delete("/session")
async def sign_out(ask: Ask) -> Response:
    """End the session."""
    token = ask.caller.session_token
    if token is not None:
        await anyio.to_thread.run_sync(lambda: ask.parts.access.sessions.end(token))
    answer = ask.answer({"signed_out": token is not None})
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/session/password")
async def change_password(ask: Ask, body: PasswordChange) -> Response:
    """Change one's own password; every session of the user ends, this one too."""
    user = ask.caller.user
    if user is None:
        raise NotAllowed("A key has no password.", hint="Sign in as a user.")
    if body.old == body.new:
        raise WrongUse("The new password is the old one.", hint="Choose another one.")
    await anyio.to_thread.run_sync(
        lambda: ask.parts.access.change_password(user, body.old, body.new, address=address_of(ask.request), now=now()),
        limiter=_ARGON2,
    )
    answer = ask.answer({"changed": True})
    answer.delete_cookie(COOKIE)
    return answer


def _signed_in(request: Request, user: User, session: Session, token: str, *, onward: str | None = None) -> Response:
    """Answer with the cookie of a session, and who it is; or send the browser on."""
    answer: Response
    if onward is not None:
        answer = RedirectResponse(onward, status_code=303)
    else:
        who = _who(Caller(name=user.name, role=user.role, user=user, session_token=token))
        facts = {**who, "ends_at": session.ends_at}
        answer = JSONResponse({"data": plain_result(facts), "request_id": request_id(request)})
    answer.set_cookie(
        COOKIE, token, max_age=_seconds(LONGEST), httponly=True, samesite="lax", secure=_is_https(request)
    )
    return answer


def _provider(request: Request) -> OpenId:
    provider = parts_of(request).provider
    if provider is None:
        raise NotFound(
            "People sign in here with name and password alone.", hint="See 'sign_in' in the reference of satsuma.yaml."
        )
    return provider


def _redirect_uri(request: Request) -> str:
    """Return the address that the provider sends browsers back to; it is registered there."""
    host = parts_of(request).public_host
    base = f"{request.url.scheme}://{request.url.netloc}" if host is None else f"https://{host}"
    return f"{base}{router.prefix}/session/provider/back"


def _is_https(request: Request) -> bool:
    return request.url.scheme == "https" or parts_of(request).public_host is not None


def _who(caller: Caller) -> dict[str, object]:
    token = caller.session_token
    return {
        "name": caller.name,
        "role": caller.role,
        "scopes": list(caller.scopes),
        "may": [action for action in ACTIONS if caller.may(action)],
        "csrf_token": None if token is None else csrf_token(token),
        "must_change_password": caller.user is not None and caller.user.must_change,
    }


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
