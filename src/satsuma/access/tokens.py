"""Secrets that are handed out once: 256 random bits, kept as a digest.

A fast digest is right here: there is nothing to guess in 256 random bits. Passwords are another matter (`passwords`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

#: What a token begins with says what it is, to people and to those who look for secrets in code.
PREFIXES = {"write": "sat_w_", "read": "sat_r_", "admin": "sat_a_", "session": "sat_s_"}


def new_token(kind: str) -> str:
    """Return a new secret of a kind."""
    return PREFIXES[kind] + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def csrf_token(session_token: str) -> str:
    """Return the word that a page shows beside its session's cookie; it is of no use for another session."""
    return hmac.new(session_token.encode(), b"satsuma csrf", hashlib.sha256).hexdigest()


def is_same(first: str, second: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass"))
