"""What the file of Google Analytics cannot say: a report has its names in its head and values without names below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.connectors.calls import Asking

__all__ = ["report_rows"]

#: What stands for a value that Analytics does not know.
_NOTHING = frozenset(("(not set)", ""))


def report_rows(body: Mapping[str, Any], _asking: Asking) -> list[dict[str, Any]]:
    """Return a report's rows, each with its names; days as 2026-11-01.

    A row of `(other)` is what the report has no room for. It is a sum as any other and stays.
    """
    names = [head.get("name") for key in ("dimensionHeaders", "metricHeaders") for head in body.get(key) or ()]
    found = []
    for row in body.get("rows") or ():
        cells = [cell.get("value") for key in ("dimensionValues", "metricValues") for cell in row.get(key) or ()]
        named = {name: None if value in _NOTHING else value for name, value in zip(names, cells, strict=True)}
        day = named.get("date")
        if isinstance(day, str) and len(day) == 8 and day.isdigit():
            named["date"] = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        found.append(named)
    return found
