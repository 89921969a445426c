"""Texts with places to be filled: `/crm/objects/${settings.version}/contacts`, `updated_at:>'${since | iso}'`.

A text that is one place and nothing else takes the value with its type. A text with a place that has no value is left
out as a whole, with its key: so `after: ${cursor}` is not sent with the first page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from satsuma.errors import WrongUse

_PLACE = re.compile(r"\$\{\s*([\w.]+)\s*((?:\|\s*\w+\s*)*)\}")

#: The values that may stand in a place.
KNOWN = ("settings", "secrets", "since", "since_local", "until", "cursor", "offset", "page", "size", "asks", "window",
         "each", "record", "token")  # fmt: skip


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def _iso(value: Any) -> str:
    moment = _moment(value)
    kept = "milliseconds" if moment.microsecond else "seconds"
    return f"{moment.replace(tzinfo=None).isoformat(timespec=kept)}Z"


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")


def _number(value: Any) -> int:
    try:
        return int(str(value).strip())
    except ValueError:
        raise WrongUse(
            "A setting of the source has to be a whole number and is none.",
            hint="Look at the settings in its file; 'satsuma source vendors' says what each is.",
        ) from None


#: What is made of a value: `${since | epoch}`.
FORMATS: Mapping[str, Callable[[Any], Any]] = {
    "iso": _iso,
    "offset": lambda value: f"{_moment(value).replace(tzinfo=None).isoformat(timespec='seconds')}+00:00",
    "plain": lambda value: f"{value:%Y-%m-%d %H:%M:%S}",
    "date": lambda value: f"{value:%Y-%m-%d}",
    "epoch": lambda value: int(_moment(value).timestamp()),
    "epoch_ms": lambda value: int(_moment(value).timestamp() * 1000),
    "http": lambda value: format_datetime(_moment(value), usegmt=True),
    "comma": lambda value: ",".join(str(item) for item in value),
    "json": json.dumps,
    "url": lambda value: quote(str(value), safe=""),
    "escaped": _escaped,
    "text": str,
    "number": _number,
}


class UnknownPlaceError(Exception):
    """A place that nothing can stand in; the message says which."""


def places(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give each place of a text with the formats it is written in."""
    for name, formats in _PLACE.findall(text):
        yield name, tuple(word.strip() for word in formats.split("|") if word.strip())


def mistake(text: str) -> str | None:
    """Return what is wrong with the places of a text, or None."""
    if text.count("${") != len(_PLACE.findall(text)):
        return "A place is written ${name} or ${name | format}."
    for name, formats in places(text):
        if name.partition(".")[0] not in KNOWN:
            return f"'{name}' is no value that can stand here; there are {', '.join(KNOWN)}."
        for one in formats:
            if one not in FORMATS:
                return f"'{one}' is no format; there are {', '.join(FORMATS)}."
    return None


def fill(value: Any, values: Mapping[str, Any]) -> Any:
    """Return a text, or a tree of them, with its places filled; what has no value is left out (None at the top)."""
    if isinstance(value, str):
        return _fill_text(value, values)
    if isinstance(value, dict):
        filled = {key: fill(item, values) for key, item in value.items()}
        return {key: item for key, item in filled.items() if item is not None or value[key] is None}
    if isinstance(value, list | tuple):
        kept = [(fill(item, values), item) for item in value]
        return [item for item, before in kept if item is not None or before is None]
    return value


def _fill_text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _PLACE.fullmatch(text)
    if whole is not None:
        return _value(whole[1], whole[2], values)
    missing = False

    def put(match: re.Match[str]) -> str:
        nonlocal missing
        value = _value(match[1], match[2], values)
        if value is None:
            missing = True
            return ""
        return _iso(value) if isinstance(value, date) else str(value)

    filled = _PLACE.sub(put, text)
    return None if missing else filled


def _value(name: str, formats: str, values: Mapping[str, Any]) -> Any:
    first, *rest = name.split(".")
    if first not in values:
        raise UnknownPlaceError(name)
    value: Any = values[first]
    for key in rest:
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, str) and name.startswith("settings.") and "${" in value:
        value = _fill_text(value, values)
    for one in (word.strip() for word in formats.split("|") if word.strip()):
        if value is None:
            return None
        value = FORMATS[one](value)
    return value
