"""The grammar of definitions as roles: what each part of a document is, told from plain values alone.

Formatting orders keys by it, renaming finds names by it, and the digest of a definition reads durations by it, so that
`48h` and `2d` are one definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from satsuma.documents import Document, Path_
from satsuma.language.durations import duration_text, parse_duration
from satsuma.language.operators import OPERATORS
from satsuma.language.reading_conditions import GROUP_KEYS

#: What a mapping or a list is: it tells the order of its keys and whether it may stand on one line.
Role = Literal[
    "segment", "trait", "segmentation", "group", "conditions", "leaf", "measured", "rules", "rule", "sequence", "steps",
    "duration",
]  # fmt: skip

DEFINITIONS: tuple[Literal["segment", "trait", "segmentation"], ...] = ("segment", "trait", "segmentation")

#: Operators whose operand is a duration, and those whose operand is a span of two.
_DURATIONS = tuple(name for name, operator in OPERATORS.items() if operator.shape == "duration")
_SPANS = ("between", *(name for name, operator in OPERATORS.items() if operator.shape == "span"))
#: Keys that hold a mapping of durations, whatever its keys.
_OF_DURATIONS = ("stopped", "restarted", "for")
#: Keys that hold an operator of their own.
_COMPARED = (
    "anniversary",
    "count",
    "percentile",
    "days_active",
    "weeks_active",
    "months_active",
    "quarters_active",
    "years_active",
)
#: Settings of methods that are durations.
_SETTINGS = ("window", "shortest", "typical")


def kind_of_document(value: Any) -> Literal["segment", "trait", "segmentation"] | None:
    """Return which kind of definition a document holds, by the key that names it."""
    # A segmentation may have `trait` among its settings: its own key comes first.
    order: tuple[Literal["segmentation", "segment", "trait"], ...] = ("segmentation", "segment", "trait")
    return next((kind for kind in order if isinstance(value, dict) and kind in value), None)


def roles(value: Any, kind: str) -> dict[Path_, Role]:
    """Return what each part of a definition's value is, by its path; parts without a role are as people like them."""
    return dict(_definition(value, kind))


def _definition(value: Any, kind: str) -> Iterator[tuple[Path_, Role]]:
    if not isinstance(value, dict):
        return
    yield (), kind  # type: ignore[misc]
    if kind == "segment" and "where" in value:
        yield from _condition(value["where"], ("where",))
    elif kind == "trait" and "from" in value:
        yield from _leaf(value["from"], ("from",))
    elif kind == "segmentation":
        for key in _SETTINGS:
            yield from _duration(value.get(key), (key,))
        rules = value.get("rules")
        if isinstance(rules, list):
            yield ("rules",), "rules"
            for place, rule in enumerate(rules):
                if isinstance(rule, dict):
                    yield ("rules", place), "rule"
                    yield from _condition(rule.get("where"), ("rules", place, "where"))


def _condition(value: Any, path: Path_) -> Iterator[tuple[Path_, Role]]:
    if not isinstance(value, dict):
        return
    words = [key for key in GROUP_KEYS if key in value]
    if not words:
        yield from _leaf(value, path)
        return
    yield path, "group"
    for word in words:
        inner = value[word]
        if isinstance(inner, list):
            yield (*path, word), "conditions"
            for place, item in enumerate(inner):
                yield from _condition(item, (*path, word, place))
        else:
            yield from _condition(inner, (*path, word))


def _leaf(value: Any, path: Path_, role: Role = "leaf") -> Iterator[tuple[Path_, Role]]:
    if not isinstance(value, dict):
        return
    yield path, role
    for key, inner in value.items():
        here = (*path, key)
        if key in ("within", *_DURATIONS):
            yield from _duration(inner, here)
        elif key == "where":
            yield from _condition(inner, here)
        elif isinstance(inner, dict):
            yield from _inner(key, inner, here)


def _inner(key: str, value: dict[str, Any], path: Path_) -> Iterator[tuple[Path_, Role]]:
    """Yield the roles inside a mapping that a leaf holds under a key."""
    if key in _SPANS or key in _OF_DURATIONS or key == "changed":
        # The `from` and `to` of a change are values, whatever they look like.
        ends = ("from", "to") if key in _SPANS else ("within",) if key == "changed" else tuple(value)
        for end in ends:
            yield from _duration(value.get(end), (*path, end))
    elif key == "account":
        for word, condition in value.items():
            yield from _condition(condition, (*path, word))
    elif key == "sequence":
        yield path, "sequence"
        steps = value.get("steps")
        if isinstance(steps, list):
            yield (*path, "steps"), "steps"
            for place, step in enumerate(steps):
                yield from _leaf(step, (*path, "steps", place))
    elif key in _COMPARED or "of" in value:
        yield from _leaf(value, path, "measured")


def _duration(value: Any, path: Path_) -> Iterator[tuple[Path_, Role]]:
    if isinstance(value, str) and parse_duration(value) is not None:
        yield path, "duration"


def one_duration(text: str) -> str:
    """Return the one spelling of a duration, where it is exactly as long; else the text itself."""
    length = parse_duration(text)
    if length is None:
        return text
    spelled = duration_text(length)
    return spelled if parse_duration(spelled) == length else text


def spelled(document: Document, kind: str) -> Any:
    """Return what a definition says, not how: its value with every scalar as written and durations in one spelling."""
    return _spelled(document.value, (), roles(document.value, kind), document)


def _spelled(value: Any, path: Path_, found: Mapping[Path_, Role], document: Document) -> Any:
    if isinstance(value, dict):
        return {key: _spelled(inner, (*path, key), found, document) for key, inner in value.items()}
    if isinstance(value, list):
        return [_spelled(inner, (*path, place), found, document) for place, inner in enumerate(value)]
    if found.get(path) == "duration":
        return one_duration(value)
    if isinstance(value, str | bool) or value is None:
        return value
    # A number is kept as it was written: 3.10 and 3.1 are two versions.
    return [document.text(path)]
