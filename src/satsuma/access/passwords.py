"""Passwords: what is one, and keeping them with Argon2."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from satsuma.errors import WrongUse

if TYPE_CHECKING:
    from pwdlib import PasswordHash

#: Length is what helps; a rule about kinds of letters does not (NIST SP 800-63B, 3.1.1.2).
SHORTEST, LONGEST = 12, 256

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@cache
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


@cache
def _of_nobody() -> str:
    return hashed(secrets.token_urlsafe(32))


def hashed(password: str) -> str:
    """Return what is kept of a password; takes about a quarter of a second, on purpose."""
    return _hasher().hash(password)


def is_right(password: str, password_hash: str) -> bool:
    """Say whether a password is the one that was kept."""
    if len(password) > LONGEST:
        return False
    return _hasher().verify(password, password_hash)


def resembles_work(password: str) -> None:
    """Take as long as a look at a password takes: how long an answer takes must not tell who is known."""
    is_right(password, _of_nobody())


def refuse_easy(password: str, name: str) -> None:
    """Refuse a password that is too short, too long, too plain or the user's name.

    Raises
    ------
    WrongUse
        With what a password needs.
    """
    hint = f"Take at least {SHORTEST} characters, for example four words that do not belong together."
    if len(password) < SHORTEST:
        raise WrongUse(f"The password has fewer than {SHORTEST} characters.", hint=hint)
    if len(password) > LONGEST:
        raise WrongUse(f"The password has more than {LONGEST} characters.", hint=hint)
    if len(set(password)) < 5 or password.casefold().strip("0123456789!?.-_ ") in (name.casefold(), "password"):
        raise WrongUse("The password is too easy to guess.", hint=hint)


def new_password() -> str:
    """Return a password that nobody can guess and anybody can type: 98 random bits, no letters that look alike."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
