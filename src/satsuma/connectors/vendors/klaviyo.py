"""What Klaviyo's file cannot say: what a subscription and its suppressions come to; what events are of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.connectors.calls import Asking
from satsuma.connectors.vendors.parts import records_at

__all__ = ["email_decided_at", "email_decision", "email_proof", "events_with_metric_and_profile"]

_DECISIONS = {"SUBSCRIBED": "granted", "UNSUBSCRIBED": "denied"}


def email_decision(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001  the signature of `as`
    """Return what somebody decided about mails; None who never decided.

    Who is suppressed (a bounce, a complaint, by hand) may get no mail, whatever was subscribed before.
    """
    marketing = value if isinstance(value, dict) else {}
    return "denied" if _suppressions(marketing) else _DECISIONS.get(str(marketing.get("consent")))


def email_decided_at(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return when it was decided. A yes needs a moment of its own: a later change of the profile is no new yes."""
    marketing = value if isinstance(value, dict) else {}
    suppressed = [str(item["timestamp"]) for item in _suppressions(marketing) if item.get("timestamp")]
    told = max(suppressed, default=None) or marketing.get("consent_timestamp") or marketing.get("last_updated")
    if told is None and email_decision(value, places) == "denied":
        attributes = places["@"].get("attributes")
        told = attributes.get("updated") if isinstance(attributes, dict) else None
    return None if told is None else str(told)


def email_proof(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001  the signature of `as`
    """Return why or by what it was decided."""
    marketing = value if isinstance(value, dict) else {}
    reasons = [str(item["reason"]) for item in _suppressions(marketing) if item.get("reason")]
    return ", ".join(reasons) or marketing.get("method_detail") or marketing.get("method")


def _suppressions(marketing: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = marketing.get("suppression")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def events_with_metric_and_profile(body: Any, asking: Asking) -> list[dict[str, Any]]:  # noqa: ARG001  of `prepare`
    """Return events with the attributes of their metric and of their profile."""
    beside = {(item.get("type"), item.get("id")): item.get("attributes") for item in records_at(body, "included")}
    found = []
    for event in records_at(body, "data"):
        related = event.get("relationships")
        more = {}
        for name in ("metric", "profile"):
            one = related.get(name) if isinstance(related, dict) else None
            named = one.get("data") if isinstance(one, dict) else None
            more[name] = beside.get((named.get("type"), named.get("id"))) if isinstance(named, dict) else None
        found.append({**event, **more})
    return found
