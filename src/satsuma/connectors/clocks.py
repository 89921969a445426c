"""Time, as an argument: what a test winds on by hand."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def utc_now() -> datetime:
    """Return the moment, UTC without a zone, as all moments are kept."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Clock:
    """now : UTC without a zone. ticks : seconds that never go back. sleep : waits so many seconds."""

    now: Callable[[], datetime] = utc_now
    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)


def http_date(text: str | None) -> datetime | None:
    """Return a date as HTTP writes it, UTC without a zone; None when it is none."""
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found.replace(tzinfo=None) if found.tzinfo is None else found.astimezone(UTC).replace(tzinfo=None)
