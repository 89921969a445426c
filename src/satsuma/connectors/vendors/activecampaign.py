"""What ActiveCampaign's file cannot say: the states on lists stand beside the contacts, and belong into them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.connectors.calls import Asking
from satsuma.connectors.vendors.parts import records_at

__all__ = ["contacts_with_lists", "decided_at"]


def contacts_with_lists(body: Any, asking: Asking) -> list[dict[str, Any]]:
    """Return contacts, each with its states on the lists that count."""
    counted = {str(item) for item in asking.values["settings"].get("lists") or ()}
    states: dict[str, list[dict[str, Any]]] = {}
    for state in records_at(body, "contactLists"):
        if not counted or str(state.get("list")) in counted:
            states.setdefault(str(state.get("contact")), []).append(state)
    return [
        {**contact, "contactLists": states.get(str(contact.get("id")), [])} for contact in records_at(body, "contacts")
    ]


def decided_at(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return when a contact decided about a list. A yes has a moment of its own: a later change is no new yes."""
    state = value if isinstance(value, dict) else {}
    if str(state.get("status")) == "1":
        told = state.get("sdate")
    else:
        told = state.get("udate") or state.get("updated_timestamp") or places["^"].get("udate")
    return str(told) if told else None
