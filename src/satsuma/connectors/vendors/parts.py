"""Pieces that functions of several vendors are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.connectors.calls import Asking


def records_at(body: Any, key: str) -> list[dict[str, Any]]:
    """Return the objects in the list at a key of an answer."""
    found = body.get(key) if isinstance(body, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def chosen(records: list[dict[str, Any]], asking: Asking, setting: str) -> list[dict[str, Any]]:
    """Return records with `left_out`: whether a setting names ids, and not this one's.

    They are not simply dropped: what was read before the setting was made would go on being read.
    """
    named = {str(item) for item in asking.values["settings"].get(setting) or ()}
    return [{**record, "left_out": bool(named) and str(record.get("id")) not in named} for record in records]


def opt_out(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return what a box by which somebody is taken off a list says as a consent: ticked is a no.

    Empty is no yes, unless the setting `without_opt_out` says so.
    """
    if value in (True, "true", "True"):
        return "denied"
    if value in (False, "false", "False") and (places.get("$settings") or {}).get("without_opt_out") == "granted":
        return "granted"
    return None
