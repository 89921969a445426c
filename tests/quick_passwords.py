"""Passwords that cost little to keep: the real ones take a quarter of a second each, on purpose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def quick_passwords() -> Iterator[None]:
    """Let a hash cost next to nothing."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    from satsuma.access import passwords

    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    passwords._of_nobody.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield
    passwords._of_nobody.cache_clear()
