"""Signing in with a provider of OpenID Connect: the authorisation code flow with PKCE.

Sources: OpenID Connect Core 1.0, sections 3.1 and 3.1.3.7 (what is checked of an ID token); RFC 7636 (PKCE); RFC 9700
(state, nonce, exact redirect address).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from satsuma.access.provider import SignInProvider
from satsuma.access.roles import ROLES, Role
from satsuma.access.tokens import is_same
from satsuma.errors import Busy, NotSignedIn, WrongUse

if TYPE_CHECKING:
    import httpx2

#: Somebody who went to the provider comes back within this time.
PATIENCE = timedelta(minutes=10)
#: Clocks differ by this much at most.
LEEWAY = 60
#: Signatures that count: with a key of the provider's own. None, and those with a shared secret, do not.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
#: No answer of a provider is larger.
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What the browser keeps while its user is at the provider: nobody else can finish what it began.

    onward : the path of this server to go to afterwards.
    """

    state: str
    nonce: str
    verifier: str
    onward: str | None = None

    def text(self) -> str:
        """Return it for a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def read(cls, text: str | None) -> Pending:
        """Return what a cookie holds.

        Raises
        ------
        NotSignedIn
            When it holds nothing, or something else.
        """
        try:
            facts = json.loads(base64.urlsafe_b64decode((text or "").encode()))
            texts = {name: facts[name] for name in ("state", "nonce", "verifier")}
            onward = facts["onward"]
            if not all(isinstance(item, str) and item for item in (*texts.values(), onward or "/")):
                raise ValueError("onward or a secret is no text")
            return cls(**texts, onward=onward)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _again("This sign-in was not begun here, or too long ago.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who signed in, as the provider says: the name here, and the role that their groups give, if any."""

    name: str
    role: Role | None


class OpenId:
    """One provider, asked by one client that is made when it is first needed."""

    def __init__(self, provider: SignInProvider) -> None:
        self.provider = provider
        self._found: Mapping[str, Any] | None = None
        self._keys: Mapping[str, Any] | None = None

    def begin(self, redirect_uri: str, *, onward: str | None = None) -> tuple[str, Pending]:
        """Return the provider's address to send somebody to, and what their browser keeps meanwhile.

        Raises
        ------
        Busy
            When the provider does not answer as one.
        """
        pending = Pending(
            state=secrets.token_urlsafe(24), nonce=secrets.token_urlsafe(24), verifier=secrets.token_urlsafe(48),
            onward=onward,
        )  # fmt: skip
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid email profile",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = str(self._configuration()["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", pending

    def finish(self, query: Mapping[str, str], pending: Pending, redirect_uri: str, *, now: datetime) -> Person:
        """Return who came back from the provider.

        Parameters
        ----------
        query : what the provider sent along: `code` and `state`, or `error`.
        now : UTC without a zone.

        Raises
        ------
        NotSignedIn
            When the provider refused, or what came back cannot be trusted; nothing of it is repeated.
        Busy
            When the provider does not answer.
        """
        if not is_same(query.get("state", ""), pending.state):
            raise _again("This sign-in was not begun here.")
        if "error" in query or "code" not in query:
            raise _again("The provider did not let anybody in.")
        token = self._exchange(query["code"], pending.verifier, redirect_uri)
        return self._person(self._checked(token, pending.nonce, now))

    # --------------------------------------------------------------------------------------------- the provider's side

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2

        # People sign in seldom: no connection is kept open between two of them.
        none_kept = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.Client(
            timeout=10, headers={"Accept": "application/json"}, follow_redirects=False, limits=none_kept
        )

    def _configuration(self) -> Mapping[str, Any]:
        if self._found is None:
            found = self._asked("GET", f"{self.provider.issuer}/.well-known/openid-configuration")
            # Another provider's document would let it vouch for this one's people (OpenID Connect Discovery, 4.3).
            if str(found.get("issuer", "")).rstrip("/") != self.provider.issuer:
                raise _misled("it calls itself by another address than 'issuer' in satsuma.yaml")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                if not isinstance(found.get(name), str):
                    raise _misled(f"it does not say its {name}")
            self._found = found
        return self._found

    def _exchange(self, code: str, verifier: str, redirect_uri: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self.provider.client_id,
        }
        auth: tuple[str, str] | None = None
        if (variable := self.provider.client_secret) is not None:
            secret = os.environ.get(variable)
            if not secret:
                raise Busy(
                    f"The secret of the sign-in provider is not set: the environment variable {variable} is empty.",
                    hint="Set it where satsuma serve is started.",
                )
            methods = self._configuration().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in methods:
                auth = (self.provider.client_id, secret)
            else:
                form["client_secret"] = secret
        answer = self._asked("POST", str(self._configuration()["token_endpoint"]), form=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _again("The provider did not say who it is.")
        return token

    def _asked(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> Mapping[str, Any]:
        import httpx2

        try:
            answer = self._client.request(method, url, data=form, auth=auth)
            if method == "POST" and 400 <= answer.status_code < 500:
                raise _again("The provider does not take the code back: it is used or too old.")
            if answer.status_code != 200 or len(answer.content) > _LARGEST:
                raise _misled(f"it answers {answer.status_code}")
            facts = answer.json()
        except httpx2.HTTPError as error:
            raise _misled(f"it cannot be reached ({type(error).__name__})") from None
        except ValueError:
            raise _misled("it answers with something else than JSON") from None
        if not isinstance(facts, dict):
            raise _misled("it answers with something else than a document")
        return facts

    # ------------------------------------------------------------------------------------------------- what it vouches

    def _checked(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        claims = self._signed(token)
        seconds = (now - datetime(1970, 1, 1)).total_seconds()
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        ends, begins = _seconds_of(claims, "exp"), _seconds_of(claims, "iat")
        is_right = (
            str(claims.get("iss", "")).rstrip("/") == self.provider.issuer
            and self.provider.client_id in audiences
            and (len(audiences) == 1 or claims.get("azp") == self.provider.client_id)
            and ends is not None
            and begins is not None
            and begins - LEEWAY < seconds < ends + LEEWAY
            and is_same(str(claims.get("nonce", "")), nonce)
        )
        if not is_right:
            raise _again("What the provider says is not meant for this sign-in.")
        return claims

    def _signed(self, token: str) -> Mapping[str, Any]:
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        for is_fresh in (False, True):
            if is_fresh or self._keys is None:
                self._keys = self._asked("GET", str(self._configuration()["jwks_uri"]))
            try:
                keys = KeySet.import_key_set(self._keys)  # type: ignore[arg-type]
                return jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims
            except InvalidKeyIdError:
                # Providers change their keys: asked once more, then refused.
                if is_fresh:
                    break
            except (JoseError, ValueError, TypeError, KeyError, AttributeError):
                break
        raise _again("What the provider says is not signed by it.")

    def _person(self, claims: Mapping[str, Any]) -> Person:
        name = claims.get(self.provider.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise WrongUse(
                f"The provider does not say the '{self.provider.name_claim}' of who signs in.",
                hint="Name another claim with 'name_claim' in satsuma.yaml, or let the provider give this one.",
            )
        # An address that nobody has shown to be theirs would open somebody else's account.
        if self.provider.name_claim == "email" and claims.get("email_verified") in (False, "false"):
            raise _again("The provider has not verified this e-mail address.")
        groups = claims.get(self.provider.groups_claim)
        held = {str(group) for group in groups} if isinstance(groups, list) else {str(groups)}
        roles = [role for group, role in self.provider.roles.items() if group in held]
        return Person(name=name, role=max(roles, key=ROLES.index) if roles else None)


def _seconds_of(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _again(message: str) -> NotSignedIn:
    return NotSignedIn(message, hint="Begin again at GET /api/v1/session/provider, or ask an administrator.")


def _misled(what: str) -> Busy:
    return Busy(
        f"The provider that people sign in with does not work: {what}.",
        hint="Look at 'sign_in' in satsuma.yaml, or sign in with name and password.",
        retry_after=10,
    )
