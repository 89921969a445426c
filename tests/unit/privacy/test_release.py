"""What leaves is known by its classes before it leaves."""

from __future__ import annotations

from satsuma.catalog import TraitInfo
from satsuma.privacy.release import release

TRAITS = {
    "email": TraitInfo(type="text", personal_data="user.contact.email"),
    "religion": TraitInfo(type="text", sensitive=True),
    "plan": TraitInfo(type="text"),
}


def test_personal_and_sensitive_columns_are_named() -> None:
    released = release("vip", 12, ["email", "religion", "plan", "orders"], TRAITS)
    assert released.personal_data == {"email": "user.contact.email"}
    assert released.sensitive == ("religion",)
    assert len(released.notes) == 2
    assert released.as_record() == {
        "segment": "vip",
        "customers": 12,
        "columns": ["email", "religion", "plan", "orders"],
        "sensitive": ["religion"],
    }


def test_harmless_columns_need_no_note() -> None:
    assert release("vip", 12, ["plan"], TRAITS).notes == ()
