"""A provider of OpenID Connect that signs for one person."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from fakes.hostile import Answer, Asked


def seconds() -> int:
    return int(datetime.now(UTC).timestamp())


class Provider:
    """A provider that signs for one person; `changes` are made to what it signs."""

    def __init__(self) -> None:
        self.keys = KeySet([ECKey.generate_key("P-256", {"kid": "first"})])
        self.url = ""
        self.claims: dict[str, Any] = {"email": "Ada@Example.com", "email_verified": True, "groups": ["staff"]}
        self.changes: dict[str, Any] = {}
        self.begun: dict[str, str] = {}
        self.signs_with: Any = None
        self.algorithm = "ES256"
        self.form: dict[str, list[str]] = {}
        self.head: str | None = None

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("openid-configuration"):
            names = {"authorization_endpoint": "/go", "token_endpoint": "/token", "jwks_uri": "/keys"}
            return Answer(body={"issuer": self.url, **{name: self.url + path for name, path in names.items()}})
        if asked.path == "/keys":
            return Answer(body=self.keys.as_dict(private=False))
        self.form = parse_qs(asked.body.decode())
        self.head = asked.headers.get("authorization")
        verifier = self.form["code_verifier"][0]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if challenge != self.begun["code_challenge"] or self.form["code"] != ["the-code"]:
            return Answer(status=400, body={"error": "invalid_grant"})
        said = {
            "iss": self.url, "aud": "satsuma", "exp": seconds() + 300, "iat": seconds(), "nonce": self.begun["nonce"],
            **self.claims, **self.changes,
        }  # fmt: skip
        key = self.signs_with or self.keys.keys[0]
        head = {"alg": self.algorithm, "kid": key.kid}
        said = {name: value for name, value in said.items() if value is not None}
        return Answer(
            body={"id_token": jwt.encode(head, said, key, algorithms=[self.algorithm]), "token_type": "Bearer"}
        )

    def goes(self, url: str) -> dict[str, str]:
        """Let somebody come to the provider and be sent back."""
        self.begun = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        return {"code": "the-code", "state": self.begun["state"]}
