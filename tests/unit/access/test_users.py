"""Users: names, roles, passwords, and that there is always an administrator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from satsuma.access import passwords
from satsuma.access.door import Access
from satsuma.errors import NotFound, WrongUse

NOW = datetime(2026, 1, 1, 12)


def test_a_new_user_gets_a_password_that_is_to_be_changed(access: Access) -> None:
    user, password = access.users.add(" Ada ", "analyst", now=NOW)
    assert (user.name, user.role, user.must_change) == ("ada", "analyst", True)
    found, kept = access.users.find("ADA")
    assert found == user
    assert kept is not None
    assert passwords.is_right(password, kept)
    assert not passwords.is_right(password[:-1], kept)
    assert len(password) == 23


def test_passwords_are_kept_with_argon2id_at_its_recommended_cost(access: Access, kept: Callable[[str], str]) -> None:
    from pwdlib import PasswordHash

    example = PasswordHash.recommended().hash("four words that fit nowhere")
    assert example.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    _, password = access.users.add("ada", "viewer", now=NOW)
    assert password not in kept("users")


def test_the_hasher_is_the_recommended_one() -> None:
    import inspect

    # The fixture of these tests takes the place of the function, not of what it says.
    source = inspect.getsource(passwords)
    assert "return PasswordHash.recommended()" in source


@pytest.mark.parametrize(
    "password", ["short", "eleven char", "x" * 257, "aaaaaaaaaaaaaaaa", "abababababab", "adalovelace12", "Password1234"]
)
def test_easy_passwords_are_refused(access: Access, password: str) -> None:
    with pytest.raises(WrongUse) as error:
        access.users.add("adalovelace", "viewer", now=NOW, password=password)
    assert password not in f"{error.value}{error.value.hint}{error.value.facts}"
    assert access.users.all() == []


def test_there_is_always_an_administrator(access: Access) -> None:
    access.users.add("ada", "admin", now=NOW)
    for change in (
        lambda: access.users.change_role("ada", "viewer"),
        lambda: access.users.disable("ada", now=NOW),
    ):
        with pytest.raises(WrongUse, match="last administrator"):
            change()
    assert access.users.get("ada").role == "admin"
    access.users.add("grace", "admin", now=NOW)
    assert access.users.change_role("ada", "viewer").role == "viewer"
    with pytest.raises(WrongUse, match="last administrator"):
        access.users.disable("grace", now=NOW)
    # One who cannot sign in is no administrator to count on.
    access.users.change_role("ada", "admin")
    access.users.disable("ada", now=NOW)
    with pytest.raises(WrongUse, match="last administrator"):
        access.users.change_role("grace", "analyst")
    assert access.users.enable("ada").disabled_at is None


def test_mistakes_are_named(access: Access) -> None:
    access.users.add("ada", "viewer", now=NOW)
    with pytest.raises(WrongUse, match="'ada' already"):
        access.users.add("Ada", "viewer", now=NOW)
    with pytest.raises(WrongUse, match="'analist' is not a role") as error:
        access.users.add("grace", "analist", now=NOW)
    assert error.value.facts["nearest"] == ["analyst"]
    for name in ("", "a b", "-a", "a\x00", "x" * 101, "é"):
        with pytest.raises(WrongUse, match="not a name"):
            access.users.add(name, "viewer", now=NOW)
    with pytest.raises(NotFound, match="Did you mean 'ada'"):
        access.users.get("adda")
    assert access.users.find("nobody") == (None, None)


def test_a_name_of_other_letters_is_not_taken_for_somebody(access: Access) -> None:
    access.users.add("kate.s@example.com", "admin", now=NOW)
    # The sign of Kelvin, and the long s, fold to k and s: a provider may know somebody else by such a name.
    for name in ("\N{KELVIN SIGN}ate.s@example.com", "kate.\N{LATIN SMALL LETTER LONG S}@example.com"):
        assert access.users.find(name) == (None, None)
        with pytest.raises(WrongUse, match="not a name"):
            access.sign_in_as(name, role="admin", new_users="viewer", now=NOW)
    assert access.users.find("KATE.S@Example.com")[0] is not None
