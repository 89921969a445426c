"""What roles and keys may do: each role more than the one before, and no key what its scopes do not say."""

from __future__ import annotations

import itertools

import pytest

from satsuma.access.roles import ACTIONS, ROLES, Action, Role, role_may, scopes_may


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", {"see"}),
        ("marketer", {"see", "see_people", "try", "export"}),
        ("analyst", {"see", "see_people", "try", "export", "define", "compute", "load"}),
        ("admin", set(ACTIONS) - {"track"}),
    ],
)
def test_each_role_may_what_the_table_says(role: Role, allowed: set[Action]) -> None:
    assert {action for action in ACTIONS if role_may(role, action)} == allowed


def test_a_higher_role_may_all_that_a_lower_one_may() -> None:
    for lower, higher in itertools.pairwise(ROLES):
        assert {a for a in ACTIONS if role_may(lower, a)} < {a for a in ACTIONS if role_may(higher, a)}


def test_scopes_of_keys() -> None:
    assert {action for action in ACTIONS if scopes_may(("write",), action)} == {"track"}
    assert {action for action in ACTIONS if scopes_may(("read",), action)} == {"see", "see_people", "try", "export"}
    assert all(scopes_may(("admin",), action) for action in ACTIONS)
    assert scopes_may(("write", "read"), "track")
    assert not scopes_may((), "see")
