"""What Mailchimp's file cannot say: which audiences are read, which mails are asked about, ids of what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from satsuma.connectors.calls import Asking
from satsuma.connectors.records import moment_of
from satsuma.connectors.vendors.parts import chosen, records_at

__all__ = ["activity_id", "campaigns_with_age", "chosen_audiences", "decided_at"]


def chosen_audiences(body: Any, asking: Asking) -> list[dict[str, Any]]:
    """Return the audiences that the source reads."""
    return chosen(records_at(body, "lists"), asking, "audiences")


def campaigns_with_age(body: Any, asking: Asking) -> list[dict[str, Any]]:
    """Return mails with `closed`: whether they are too old to be asked about.

    There is one list of recipients for each mail and no way to ask what is new in it, so that reading all of all mails
    would take longer with every mail.
    """
    days = float(asking.values["settings"]["results_days"])
    border = asking.values["until"] - timedelta(days=days)
    found = []
    for report in records_at(body, "reports"):
        sent = moment_of(report.get("send_time"), "time", ZoneInfo("UTC"))
        kept = {key: report.get(key) for key in ("id", "campaign_title", "subject_line", "list_id", "send_time")}
        found.append({**kept, "closed": sent is None or sent < border})
    return found


def activity_id(value: Any, places: Mapping[str, Any]) -> str:
    """Return an id of what somebody did with a mail: Mailchimp gives none, and lists only what is new."""
    email, done = places["^"], places["@"]
    parts = (email.get("campaign_id"), email.get("email_id"), done.get("action"), value, done.get("url"))
    return hashlib.md5(repr(parts).encode(), usedforsecurity=False).hexdigest()


def decided_at(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001  the signature of `as`
    """Return when a member decided. A yes has a moment of its own: a later change of the name is no new yes."""
    member = value if isinstance(value, dict) else {}
    if member.get("status") == "subscribed":
        return member.get("timestamp_opt") or member.get("timestamp_signup") or None
    return member.get("last_changed")
