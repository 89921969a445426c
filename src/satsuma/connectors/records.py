"""Records of a vendor: which one it is, when it changed, whether it is gone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from satsuma.connectors.answers import holds
from satsuma.connectors.vendor import Stream

#: Made once: `json.dumps` would make one for every record.
_encode = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record. key : its id as text; what has none is known by its content. places : what paths are asked of."""

    key: str
    updated_at: datetime | None
    is_deleted: bool
    payload: str
    digest: UUID
    places: Mapping[str, Any] = field(repr=False)


def record_of(stream: Stream, value: Mapping[str, Any], others: Mapping[str, Any], zone: ZoneInfo) -> Record:
    """Return what is known of a record.

    Parameters
    ----------
    others : the other places that paths are asked of: `$each`, `$settings`, `$body`.
    zone : of moments that are written without one.
    """
    places = {**others, "@": value, "^": value}
    payload = _encode(value)
    digest = UUID(bytes=hashlib.md5(payload.encode(), usedforsecurity=False).digest())
    parts = [path.find(places) for path in stream.id]
    key = "/".join(text_of(part) for part in parts) if parts and None not in parts else f"content:{digest}"
    written = stream.updated.find(places) if stream.updated is not None else None
    return Record(
        key=key,
        updated_at=moment_of(written, stream.updated_as, zone),
        is_deleted=stream.deleted is not None and holds(stream.deleted, places),
        payload=payload,
        digest=digest,
        places=places,
    )


def text_of(value: Any) -> str:
    """Return a value of JSON as text; a whole number has no point."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else str(value)


def moment_of(value: Any, written: str, zone: ZoneInfo) -> datetime | None:
    """Return a moment, UTC without a zone; None when it is none.

    Parameters
    ----------
    written : `time` (ISO 8601), `epoch` or `epoch_ms`.
    """
    if value is None or isinstance(value, bool):
        return None
    try:
        if written in ("epoch", "epoch_ms"):
            seconds = float(value) / (1000 if written == "epoch_ms" else 1)
            return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
        moment = datetime.fromisoformat(str(value).strip())
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return None
