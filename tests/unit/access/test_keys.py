"""Keys: shown once, kept as digests, found again, revoked for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from satsuma.access.door import Access
from satsuma.errors import NotFound, WrongUse

NOW = datetime(2026, 1, 1, 12)


def test_a_key_is_found_by_what_was_handed_out_alone(access: Access) -> None:
    key, token = access.keys.make("site", ["write"], by="ada", now=NOW)
    found = access.keys.find(token, now=NOW)
    assert found is not None
    assert (found.key_id, found.scopes, found.made_by) == (key.key_id, ("write",), "ada")
    for wrong in (token[:-1], token + "x", token.upper(), "", "\ud800", token[6:]):
        assert access.keys.find(wrong, now=NOW) is None


def test_two_keys_are_never_the_same_and_hold_256_bits(access: Access) -> None:
    tokens = {access.keys.make("k", ["read"], by="ada", now=NOW)[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(token.startswith("sat_r_") and len(token) == 6 + 43 for token in tokens)


def test_the_ledger_does_not_hold_the_key(access: Access, kept: Callable[[str], str]) -> None:
    _, token = access.keys.make("site", ["admin"], by="ada", now=NOW)
    text = kept("api_keys")
    assert token not in text
    assert token[10:] not in text
    assert token[:10] in text


def test_a_revoked_key_counts_no_more_and_stays_in_the_list(access: Access) -> None:
    key, token = access.keys.make("site", ["read", "write", "read"], by="ada", now=NOW)
    access.keys.revoke(key.key_id, now=NOW)
    assert access.keys.find(token, now=NOW) is None
    later = access.keys.revoke(key.key_id, now=NOW + timedelta(days=1))
    assert later.revoked_at == NOW
    assert [(item.name, item.scopes, item.revoked_at) for item in access.keys.all()] == [
        ("site", ("write", "read"), NOW)
    ]


def test_the_last_use_is_noted_once_a_minute(access: Access) -> None:
    _, token = access.keys.make("site", ["read"], by="ada", now=NOW)
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (90, 60)):
        access.keys.find(token, now=NOW + timedelta(seconds=seconds))
        assert access.keys.all()[0].last_used_at == NOW + timedelta(seconds=noted)


def test_mistakes_are_named(access: Access) -> None:
    with pytest.raises(WrongUse, match="'reed' is not a scope") as error:
        access.keys.make("site", ["reed"], by="ada", now=NOW)
    assert error.value.facts["nearest"] == ["read"]
    for name, scopes in (("", ["read"]), ("a\nb", ["read"]), ("x" * 101, ["read"]), ("site", [])):
        with pytest.raises(WrongUse):
            access.keys.make(name, scopes, by="ada", now=NOW)
    with pytest.raises(NotFound, match="no key 7"):
        access.keys.revoke(7, now=NOW)
    assert access.keys.all() == []
