"""As much of GraphQL as a fake needs: what a query selects, and a selection out of plain data.

A field that the data do not hold is an error, as it is at a vendor: so a query that asks for what is not there fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_WORD = re.compile(r'\s*(?:(\$?\w+|\.\.\.)|("(?:[^"\\]|\\.)*")|([{}()\[\]:,!=@]))')


class BadQuery(Exception):  # noqa: N818 it is what the vendor calls bad
    """A query that the fake does not take; the text is what the vendor would say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A field of a query, with what it is asked with and what is selected of it."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fields: tuple[Selected, ...] = ()


def read_query(text: str, variables: Mapping[str, Any]) -> tuple[Selected, ...]:
    """Return the fields at the top of a query.

    Raises
    ------
    BadQuery
        When the query is not well formed, or names a variable that is not declared.
    """
    words = _words(text)
    # A variable that is declared and not given is null.
    declared: dict[str, Any] = {}
    for word in words:
        if word == "{":
            return _fields(words, {**declared, **variables})
        if word.startswith("$"):
            declared[word[1:]] = None
    raise BadQuery("The query selects nothing.")


def cost_of(fields: tuple[Selected, ...]) -> int:
    """Return what a query costs at the most: a point for each object, as often as a connection might hold it."""
    cost = 0
    for wanted in fields:
        if not wanted.fields or wanted.name == "pageInfo":
            continue
        inner, first = cost_of(wanted.fields), wanted.arguments.get("first")
        if isinstance(first, int):
            cost += first * (1 + inner)
        else:
            cost += inner if wanted.name == "nodes" else 1 + inner
    return cost


def select(value: Any, fields: tuple[Selected, ...], kind: str = "QueryRoot") -> Any:
    """Return what `fields` select of a value.

    Raises
    ------
    BadQuery
        When a field is not there.
    """
    if isinstance(value, list):
        return [select(item, fields, kind) for item in value]
    if not isinstance(value, Mapping):
        return value
    if not fields:
        raise BadQuery(f"Field must have selections (of type '{kind}').")
    chosen = {}
    for wanted in fields:
        if wanted.name not in value:
            raise BadQuery(f"Field '{wanted.name}' doesn't exist on type '{kind}'")
        inner = value[wanted.name]
        if isinstance(inner, Mapping) and "nodes" in inner:
            inner = {"pageInfo": {"hasNextPage": False, "endCursor": None}, **inner}
            first = wanted.arguments.get("first")
            if first is None:
                raise BadQuery(f"you must provide one of first or last on '{wanted.name}'")
            if first > 250:
                raise BadQuery(f"first cannot exceed 250 on '{wanted.name}'")
            more = len(inner["nodes"]) > first
            inner = {**inner, "nodes": inner["nodes"][:first]}
            inner["pageInfo"] = {**inner["pageInfo"], "hasNextPage": more or inner["pageInfo"]["hasNextPage"]}
        chosen[wanted.name] = select(inner, wanted.fields, wanted.name)
    return chosen


def _words(text: str) -> Iterator[str]:
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = _WORD.match(text, place)
        if found is None:
            raise BadQuery(f"Parse error on {text[place : place + 10]!r}")
        place = found.end()
        yield found.group(1) or found.group(2) or found.group(3)


def _fields(words: Iterator[str], variables: Mapping[str, Any]) -> tuple[Selected, ...]:
    found: list[dict[str, Any]] = []
    for word in words:
        if word == "}":
            return tuple(Selected(**item) for item in found)
        if word == "(":
            found[-1]["arguments"] = _arguments(words, variables)
        elif word == "{":
            found[-1]["fields"] = _fields(words, variables)
        elif word != ",":
            found.append({"name": word})
    raise BadQuery("Parse error on end of query: expected '}'")


def _arguments(words: Iterator[str], variables: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    name = ""
    for word in words:
        if word == ")":
            return given
        if word == ",":
            continue
        if not name:
            name = word
        elif word != ":":
            given[name] = _value(word, variables)
            name = ""
    raise BadQuery("Parse error on end of query: expected ')'")


def _value(word: str, variables: Mapping[str, Any]) -> Any:
    if word.startswith("$"):
        if word[1:] not in variables:
            raise BadQuery(f"Variable {word} is not declared")
        return variables[word[1:]]
    if word.startswith('"'):
        return word[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if word in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[word]
    return int(word) if word.lstrip("-").isdigit() else word
