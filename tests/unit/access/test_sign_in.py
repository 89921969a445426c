"""Signing in: sessions with two ends, and waits that grow with failures."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from satsuma.access.attempts import FIRST_WAIT, FREE, LONGEST_WAIT
from satsuma.access.door import Access
from satsuma.access.sessions import IDLE, LONGEST
from satsuma.access.tokens import csrf_token
from satsuma.errors import NotSignedIn, TooMany, WrongUse

NOW = datetime(2026, 1, 1, 12)
PASSWORD = "four words that fit nowhere"  # noqa: S105
HERE = "192.0.2.1"


@pytest.fixture
def ada(access: Access) -> Access:
    access.users.add("ada", "analyst", now=NOW, password=PASSWORD)
    return access


def attempt(access: Access, password: str, *, now: datetime = NOW, name: str = "ada", address: str = HERE) -> str:
    """Return what came of an attempt: in, refused, or the seconds to wait."""
    try:
        access.sign_in(name, password, address=address, now=now)
    except NotSignedIn:
        return "refused"
    except TooMany as error:
        return str(error.facts["retry_after"])
    return "in"


def test_a_session_is_found_by_its_secret(ada: Access, kept: Callable[[str], str]) -> None:
    user, session, token = ada.sign_in("Ada", PASSWORD, address=HERE, now=NOW)
    found = ada.sessions.find(token, now=NOW)
    assert found is not None
    assert found[0].name == user.name == "ada"
    assert found[1] == session
    assert ada.users.get("ada").last_signed_in_at == NOW
    for wrong in ("", token[:-1], "\ud800"):
        assert ada.sessions.find(wrong, now=NOW) is None
    assert token not in kept("sessions")


def test_a_session_ends_when_idle_and_in_any_case(ada: Access) -> None:
    _, _, token = ada.sign_in("ada", PASSWORD, address=HERE, now=NOW)
    assert ada.sessions.find(token, now=NOW + IDLE) is None
    now = NOW
    while now + IDLE / 2 < NOW + LONGEST:
        now += IDLE / 2
        assert ada.sessions.find(token, now=now) is not None
    assert ada.sessions.find(token, now=NOW + LONGEST) is None


def test_sign_out_reset_disabling_and_a_new_password_end_sessions(ada: Access) -> None:
    ada.users.add("root", "admin", now=NOW, password=PASSWORD)

    def begin() -> str:
        return ada.sign_in("ada", PASSWORD, address=HERE, now=NOW)[2]

    token, other = begin(), begin()
    ada.sessions.end(token)
    assert ada.sessions.find(token, now=NOW) is None
    assert ada.sessions.find(other, now=NOW) is not None
    ada.disable("ada", now=NOW)
    assert ada.sessions.find(other, now=NOW) is None
    assert attempt(ada, PASSWORD) == "refused"
    ada.users.enable("ada")
    token = begin()
    ada.change_password(ada.users.get("ada"), PASSWORD, PASSWORD + "!", address=HERE, now=NOW)
    assert ada.sessions.find(token, now=NOW) is None
    assert attempt(ada, PASSWORD) == "refused"
    assert attempt(ada, PASSWORD + "!") == "in"
    assert not ada.users.get("ada").must_change
    _, password = ada.reset("ada")
    assert attempt(ada, PASSWORD + "!") == "refused"
    assert attempt(ada, password) == "in"
    assert ada.users.get("ada").must_change


def test_a_wrong_old_password_changes_nothing(ada: Access) -> None:
    user = ada.users.get("ada")
    with pytest.raises(NotSignedIn):
        ada.change_password(user, "wrong", PASSWORD + "!", address=HERE, now=NOW)
    with pytest.raises(WrongUse, match="the old one"):
        ada.change_password(user, PASSWORD, PASSWORD, address=HERE, now=NOW)
    assert attempt(ada, PASSWORD) == "in"


def test_waits_grow_with_failures_and_the_right_password_waits_too(ada: Access) -> None:
    now = NOW
    assert [attempt(ada, "wrong", now=now) for _ in range(FREE["name"])] == ["refused"] * FREE["name"]
    wait = FIRST_WAIT
    for _ in range(8):
        assert int(attempt(ada, PASSWORD, now=now)) == int(wait.total_seconds()) + 1
        assert attempt(ada, "wrong", now=now + wait) == "refused"
        now += wait
        wait = min(2 * wait, LONGEST_WAIT)
    assert wait == LONGEST_WAIT
    assert attempt(ada, PASSWORD, now=now + wait) == "in"
    assert attempt(ada, "wrong", now=now + wait) == "refused"
    assert attempt(ada, PASSWORD, now=now + wait) == "in"


def test_names_that_nobody_has_wait_alike(ada: Access) -> None:
    unknown = [attempt(ada, "wrong", name="nobody", address="192.0.2.7") for _ in range(8)]
    known = [attempt(ada, "wrong", address="192.0.2.8") for _ in range(8)]
    assert unknown == known


def test_an_address_that_tries_many_names_waits(ada: Access) -> None:
    tried = [attempt(ada, "wrong", name=f"user{number}") for number in range(FREE["address"] + 1)]
    assert tried[:-1] == ["refused"] * FREE["address"]
    assert tried[-1].isdigit()
    assert attempt(ada, PASSWORD).isdigit()
    assert attempt(ada, PASSWORD, address="192.0.2.2") == "in"


def test_failures_are_forgotten_after_a_day_and_kept_without_names(ada: Access, kept: Callable[[str], str]) -> None:
    for _ in range(FREE["name"]):
        attempt(ada, "wrong")
    text = kept("sign_in_attempts")
    assert "ada" not in text
    assert HERE not in text
    later = NOW + timedelta(days=1)
    assert [attempt(ada, "wrong", now=later) for _ in range(FREE["name"])] == ["refused"] * FREE["name"]


def test_many_attempts_at_once_are_as_many_failures(ada: Access) -> None:
    attempt(ada, "wrong")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: attempt(ada, "wrong"), range(24)))
    assert found.count("refused") <= FREE["name"]
    assert sum(item.isdigit() for item in found) >= 24 - FREE["name"]


def test_the_word_of_a_session_is_its_own() -> None:
    assert csrf_token("sat_s_a") != csrf_token("sat_s_b")
    assert csrf_token("sat_s_a") == csrf_token("sat_s_a")
    assert "sat_s_a" not in csrf_token("sat_s_a")
