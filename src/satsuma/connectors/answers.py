"""What an answer means: good, too much, for another try, refused. Said by the vendor's rules, else by its status."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from satsuma.connectors.vendor import Condition, ErrorRule, Meaning

#: Statuses after which the same request may do better.
RETRIED = frozenset((408, 425, 429, 500, 502, 503, 504))
#: An answer that nests deeper is none that a program wrote for another.
MAX_DEPTH = 200
#: Escapes of characters that have to be looked at.
_ODD = re.compile(rb"\\u(d[89a-f]|0000)", re.IGNORECASE)
#: What a vendor calls an error is shown if it is a word; a text may hold anything.
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. headers : by lower-case name. body : JSON, or the records of JSON lines. is_partial : some records
    were not given. is_gone : there is no such thing."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    is_partial: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means, None when it is good, and the vendor's word for it."""

    means: Meaning | None
    code: str | None = None


def read_body(content: bytes, *, lines: bool = False) -> Any:
    """Return the JSON of a body.

    Raises
    ------
    ValueError
        When it is none, or ends in the middle.
    """
    try:
        if lines:
            return [_read(line) for line in content.split(b"\n") if line.strip()]
        return _read(content) if content.strip() else None
    except RecursionError:
        raise ValueError("nests too deeply") from None


def _read(content: bytes) -> Any:
    # NaN and Infinity are Python's, not JSON's.
    value = json.loads(content, parse_constant=lambda _: None)
    return _clean(value, 0) if _ODD.search(content) else value


def _clean(value: Any, depth: int) -> Any:
    """Return a value without characters that no text holds: half a surrogate pair, and the end of a string in C."""
    if depth > MAX_DEPTH:
        raise ValueError("nests too deeply")
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\x00", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, dict):
        return {_clean(key, depth): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item, depth + 1) for item in value]
    return value


def judge(status: int, body: Any, rules: Sequence[ErrorRule], retried: Sequence[int] = ()) -> Verdict:
    """Say what an answer means.

    Parameters
    ----------
    body : JSON; None where there is none that can be read.
    """
    for rule in rules:
        if (not rule.statuses or status in rule.statuses) and (rule.when is None or holds(rule.when, {"@": body})):
            return Verdict(means=rule.means, code=_word(rule, body))
    if 200 <= status < 300:
        return Verdict(means=None)
    if status == 304:
        # Nothing changed since the moment that was asked about.
        return Verdict(means="gone")
    if status == 429:
        return Verdict(means="limit")
    if status in RETRIED or status in retried:
        return Verdict(means="again")
    return Verdict(means="auth" if status == 401 else "refused")


def holds(condition: Condition, places: Mapping[str, Any]) -> bool:
    """Return whether a condition holds of a value."""
    value = condition.path.find(places)
    if condition.exists is not None:
        return (value not in (None, "", [])) is condition.exists
    some = value if isinstance(value, list) else [value]
    return any(_written(item) in condition.equals for item in some) is not condition.negated


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _word(rule: ErrorRule, body: Any) -> str | None:
    value = rule.code.find({"@": body}) if rule.code is not None else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
