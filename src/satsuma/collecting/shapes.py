"""Free JSON to typed values: objects made flat, names as definitions write them, one type for each name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from satsuma.catalog import ValueType
from satsuma.collecting.contract import clean_text, moment
from satsuma.sources.meaning import meaning_of
from satsuma.sources.names import slug

#: Objects within objects are read to this depth, lists to this length, texts to this number of characters.
MOST_DEPTH = 3
MOST_ITEMS = 100
MOST_CHARACTERS = 2_000
#: Names that one message may bring.
MOST_NAMES = 255

_MOST_NUMBER = 10**300

#: Objects whose parts stand for themselves: `address.city` is the city.
_TRANSPARENT = frozenset(("address",))

name_of = lru_cache(maxsize=50_000)(slug)
meaning = lru_cache(maxsize=50_000)(meaning_of)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scalars and lists of an object under one name each; what is empty or endless is left out.

    Examples
    --------
    >>> flat({"firstName": "Ada", "address": {"postalCode": "SW1"}, "company": {"name": "Analytical"}})
    {'first_name': 'Ada', 'postal_code': 'SW1', 'company_name': 'Analytical'}
    """
    found: dict[str, Any] = {}
    _flatten(values, "", found, 0)
    return found


def _flatten(values: Mapping[str, Any], prefix: str, found: dict[str, Any], depth: int) -> None:
    for key, value in values.items():
        if len(found) >= MOST_NAMES:
            return
        if isinstance(value, dict):
            if depth < MOST_DEPTH:
                _flatten(value, "" if key in _TRANSPARENT and not prefix else f"{prefix}{key} ", found, depth + 1)
            continue
        plain = _plain(value)
        if plain is not None:
            found.setdefault(name_of(f"{prefix}{key}"[:200]), plain)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        text = clean_text(value).strip()
        return text[:MOST_CHARACTERS] or None
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if abs(value) < _MOST_NUMBER else None
    if isinstance(value, list):
        items = [str(item) if not isinstance(item, str) else clean_text(item) for item in value[:MOST_ITEMS]
                 if isinstance(item, (str, int, float)) and not isinstance(item, bool)]  # fmt: skip
        return items or None
    return None


def type_of(name: str, values: Iterable[Any]) -> ValueType:
    """Return the type that all values of a new name have. JSON does not tell whole numbers: every number is one."""
    kinds = {_type_of_value(value) for value in values}
    if len(kinds) != 1:
        return "datetime" if kinds == {"date", "datetime"} else "text"
    kind = kinds.pop()
    return "money" if kind == "number" and meaning(name).is_money else kind


def _type_of_value(value: Any) -> ValueType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, list):
        return "list"
    if len(value) == 10 and value[4:5] == "-" and _day(value) is not None:
        return "date"
    return "datetime" if "T" in value[10:11] and moment(value) is not None else "text"


def fitted(value: Any, wanted: ValueType) -> Any:
    """Return a value as its type wants it, None where it does not fit."""
    if wanted == "text":
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return ", ".join(value) if isinstance(value, list) else str(value)
    if wanted == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())
    if wanted in ("number", "money", "integer"):
        number = _number(value)
        if number is None or (wanted == "money" and abs(number) >= 1e14):
            return None
        if wanted == "integer":
            return int(number) if float(number).is_integer() and abs(number) < 2**63 else None
        return float(number)
    if wanted == "list":
        return value if isinstance(value, list) else [str(value)]
    if wanted == "date":
        return None if not isinstance(value, str) else _day(value[:10])
    if wanted == "datetime":
        return moment(value)
    return None


def _number(value: Any) -> float | int | None:
    if isinstance(value, (bool, list)):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def number(value: Any) -> float | None:
    """Return an amount or a count, None where it is none."""
    found = _number(value) if value is not None else None
    return None if found is None else float(found)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
