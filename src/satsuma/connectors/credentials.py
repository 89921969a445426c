"""Secrets from the environment, and what is made of them: headers, tokens that are renewed."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from satsuma.connectors import templates
from satsuma.connectors.calls import Call
from satsuma.connectors.clocks import Clock
from satsuma.connectors.vendor import Auth
from satsuma.errors import VendorError

#: A token is renewed so long before it ends.
EARLY = timedelta(seconds=60)


class Secrets(Mapping[str, Any]):
    """The values of secrets; they never print."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str | None:
        return self._values[name]

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self._values)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a login gave. until : UTC without a zone."""

    value: str
    until: datetime | None = None
    base_url: str | None = None

    def __repr__(self) -> str:
        return "Token(...)"


class Credentials:
    """What a request carries to say who asks.

    ask : sends the request of a login and returns its JSON.
    """

    def __init__(self, auth: Auth, values: Mapping[str, Any], clock: Clock, ask: Callable[[Call], Any]) -> None:
        self._auth, self._values, self._clock, self._ask = auth, values, clock, ask
        self._token: Token | None = None
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """Return the headers of a request; signs in first where a token is needed and there is none."""
        auth = self._auth
        if auth.kind == "none":
            return {}
        if auth.kind == "basic":
            pair = f"{self._filled(auth.user)}:{self._filled(auth.password)}"
            return {auth.name: f"Basic {base64.b64encode(pair.encode()).decode()}"}
        if auth.kind == "header":
            return {auth.name: self._filled(auth.value)}
        token = self.token()
        return {auth.name: str(templates.fill(auth.value, {**self._values, "token": token.value}) or "")}

    def base_url(self) -> str | None:
        """Return the address that a login gave, if it gave one."""
        return self.token().base_url if self._auth.kind == "login" and self._auth.base_url is not None else None

    def token(self) -> Token:
        """Return a token that holds."""
        with self._lock:
            token = self._token
            if token is None or (token.until is not None and token.until - EARLY <= self._clock.now()):
                token = self._token = self._login()
            return token

    def renew(self) -> None:
        """Forget the token: the next request signs in anew."""
        with self._lock:
            self._token = None

    def _filled(self, text: str) -> str:
        return str(templates.fill(text, self._values) or "")

    def _login(self) -> Token:
        auth = self._auth
        request = auth.request
        if request is None or auth.token is None:  # pragma: no cover - the reader of vendor files sees to it
            raise AssertionError("A login without a request.")
        call = Call(
            method=request.method,
            url=self._filled(auth.url or request.path),
            params=templates.fill(dict(request.params), self._values),
            json=templates.fill(request.json, self._values),
            form=None if request.form is None else templates.fill(dict(request.form), self._values),
            headers=templates.fill(dict(request.headers), self._values),
        )
        asked_at = self._clock.now()
        body = self._ask(call)
        value = auth.token.of(body)
        if not isinstance(value, str) or not value:
            raise VendorError("The sign-in was answered without a token.", again=False,
                              hint="Check the secrets of this source, and what they may do.")  # fmt: skip
        base_url = auth.base_url.of(body) if auth.base_url is not None else None
        return Token(value=value, until=self._until(body, value, asked_at),
                     base_url=base_url if isinstance(base_url, str) else None)  # fmt: skip

    def _until(self, body: Any, token: str, asked_at: datetime) -> datetime | None:
        expires = self._auth.expires
        if expires == "jwt":
            return jwt_end(token, asked_at)
        seconds = expires.of(body) if expires is not None else None
        try:
            return asked_at + timedelta(seconds=float(seconds)) if seconds is not None else None
        except (ValueError, TypeError, OverflowError):
            return None


def jwt_end(token: str, asked_at: datetime) -> datetime | None:
    """Return when a JWT ends by our own clock; None when it does not say.

    Their clock may be wrong, or ours: how long a token holds is sure where it says when it was made.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        end = float(claims["exp"])
        if "iat" in claims:
            return asked_at + timedelta(seconds=end - float(claims["iat"]))
        return datetime.fromtimestamp(end, UTC).replace(tzinfo=None)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
