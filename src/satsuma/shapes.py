"""Results as JSON has them, for the command line and the server alike."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any


def plain_value(value: Any) -> Any:
    """Return a value as JSON has it: money as a number, moments as ISO text in UTC, nothing for not-a-number."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z" if value.tzinfo is None else value.isoformat()
    if isinstance(value, date | Path):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, dict):
        return {str(key): plain_value(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(entry) for entry in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value


def plain_result(value: Any) -> Any:
    """Return a result as JSON has it: what has an `as_dict` says itself what it is."""
    if hasattr(value, "as_dict"):
        return plain_value(value.as_dict())
    if isinstance(value, list | tuple):
        return [plain_result(item) for item in value]
    return plain_value(value)


def json_text(value: Any) -> str:
    """Return the JSON of a value."""
    return json.dumps(plain_value(value), ensure_ascii=False, indent=2, allow_nan=False)
