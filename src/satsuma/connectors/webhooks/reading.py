"""What a delivery says: JSON or a form with bracketed names, its id, and what it is about."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

#: A form with more fields, or names nested deeper, is nobody's contact.
MOST_FIELDS = 5_000
DEEPEST = 20
MOST_ID = 200

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_KEY = re.compile(r"\[([^\[\]]*)\]")


class UnreadableError(Exception):
    """The body is not what it is said to be."""


def read_body(body: bytes, form: Literal["json", "form"]) -> Any:
    """Return what a body holds.

    Raises
    ------
    UnreadableError
        When it is not JSON, or not a form. The error repeats nothing of it.
    """
    try:
        return read_form(body) if form == "form" else json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise UnreadableError from None


def read_form(body: bytes) -> dict[str, Any]:
    """Return a form as nested values: `contact[email]=a` is `{"contact": {"email": "a"}}`, `tags[]=a` a list.

    Raises
    ------
    ValueError
        When it has too many fields.

    Examples
    --------
    >>> read_form(b"type=subscribe&data%5Bmerges%5D%5BFNAME%5D=Zo%C3%A9&tags[]=a&tags[]=b")
    {'type': 'subscribe', 'data': {'merges': {'FNAME': 'Zoé'}}, 'tags': ['a', 'b']}
    """
    found: dict[str, Any] = {}
    fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    for name, value in fields:
        _put(found, _path(name), name, value)
    return found


def _path(name: str) -> list[str]:
    match = _NAME.fullmatch(name)
    if match is None:
        return [name]
    keys = _KEY.findall(match.group(2))
    return [match.group(1), *keys] if len(keys) < DEEPEST else [name]


def _put(found: dict[str, Any], path: list[str], name: str, value: str) -> None:
    at = found
    is_list = len(path) > 1 and path[-1] == ""
    steps = path[:-1] if is_list else path
    for key in steps[:-1]:
        inner = at.setdefault(key, {})
        if not isinstance(inner, dict):
            # `a=1&a[b]=2`: the second is no part of the first, and stays under its whole name.
            found[name] = value
            return
        at = inner
    if is_list:
        items = at.setdefault(steps[-1], [])
        if isinstance(items, list):
            items.append(value)
            return
        found[name] = value
    elif not isinstance(at.get(steps[-1]), (dict, list)):
        at[steps[-1]] = value
    else:
        found[name] = value


def value_at(content: Any, path: str) -> Any:
    """Return what stands at a dotted path; None when nothing does."""
    for key in path.split("."):
        if isinstance(content, list) and key.isascii() and key.isdigit():
            content = content[int(key)] if int(key) < len(content) else None
        else:
            content = content.get(key) if isinstance(content, Mapping) else None
    return content


def text_at(content: Any, path: str) -> str:
    """Return the text or whole number at a path as text; an empty one when there is neither."""
    value = value_at(content, path) if path else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value)


def delivery_id(given: str, body: bytes) -> str:
    """Return what tells a delivery from all others: its own id when it has one, else the digest of its body."""
    if not given:
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    text = given.replace("\x00", "").encode("utf-8", "replace").decode()
    return text if len(text) <= MOST_ID else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _no_constant(name: str) -> Any:
    raise ValueError(name)
