"""Reads the part of SOQL that a connector needs, and no more: whatever else stands in a query is an error."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^'\\]|\\.)*')
    |(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<number>-?\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z][A-Za-z0-9_.]*)
    |(?P<sign><=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_OPERATORS = ("=", "!=", "<", "<=", ">", ">=")
_CONSTANTS = {"true": True, "false": False, "null": None}


class MalformedQuery(Exception):  # noqa: N818 the vendor's word
    """The text is not a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    field: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """order : (field, whether the largest comes first)."""

    fields: tuple[str, ...]
    table: str
    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None


def read_query(text: str) -> Query:
    """Read a query.

    Raises
    ------
    MalformedQuery
        When anything stands in the text that is not understood.
    """
    return _Reader(_tokens(text)).query()


def _tokens(text: str) -> list[tuple[str, Any]]:
    tokens: list[tuple[str, Any]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            raise MalformedQuery(f"unexpected token at {place}")
        kind = str(found.lastgroup)
        tokens.append((kind, _value(kind, found[kind])))
        place = found.end()
    return tokens


def _value(kind: str, text: str) -> Any:
    if kind == "string":
        return re.sub(r"\\(.)", _unescaped, text[1:-1], flags=re.DOTALL)
    if kind == "moment":
        return datetime.fromisoformat(text)
    if kind == "number":
        return float(text) if "." in text else int(text)
    return text


def _unescaped(found: re.Match[str]) -> str:
    if found[1] not in _ESCAPED:
        raise MalformedQuery("invalid escape")
    return _ESCAPED[found[1]]


class _Reader:
    def __init__(self, tokens: Sequence[tuple[str, Any]]) -> None:
        self._tokens = tokens
        self._place = 0

    def _next(self) -> tuple[str, Any]:
        if self._place >= len(self._tokens):
            raise MalformedQuery("unexpected end")
        self._place += 1
        return self._tokens[self._place - 1]

    def _takes(self, *words: str) -> bool:
        """Step over these words if they come next."""
        ahead = self._tokens[self._place : self._place + len(words)]
        if [str(text).upper() for kind, text in ahead if kind in ("name", "sign")] != list(words):
            return False
        self._place += len(words)
        return True

    def _name(self) -> str:
        kind, text = self._next()
        if kind != "name":
            raise MalformedQuery("a name is missing")
        return str(text)

    def query(self) -> Query:
        if not self._takes("SELECT"):
            raise MalformedQuery("SELECT is missing")
        fields = [self._name()]
        while self._takes(","):
            fields.append(self._name())
        if not self._takes("FROM"):
            raise MalformedQuery("FROM is missing")
        table = self._name()
        where: list[Condition] = []
        if self._takes("WHERE"):
            where.append(self._condition())
            while self._takes("AND"):
                where.append(self._condition())
        order: list[tuple[str, bool]] = []
        if self._takes("ORDER", "BY"):
            order.append(self._order())
            while self._takes(","):
                order.append(self._order())
        limit = None
        if self._takes("LIMIT"):
            limit = int(self._next()[1])
        if self._place != len(self._tokens):
            raise MalformedQuery("unexpected token at the end")
        return Query(fields=tuple(fields), table=table, where=tuple(where), order=tuple(order), limit=limit)

    def _condition(self) -> Condition:
        field = self._name()
        if self._takes("IN", "("):
            values = [self._value()]
            while self._takes(","):
                values.append(self._value())
            if not self._takes(")"):
                raise MalformedQuery("a ) is missing")
            return Condition(field=field, operator="IN", value=tuple(values))
        kind, operator = self._next()
        if kind != "sign" or operator not in _OPERATORS:
            raise MalformedQuery("an operator is missing")
        return Condition(field=field, operator=operator, value=self._value())

    def _value(self) -> Any:
        kind, value = self._next()
        if kind == "sign" or (kind == "name" and value.lower() not in _CONSTANTS):
            raise MalformedQuery("a value is missing")
        return _CONSTANTS[value.lower()] if kind == "name" else value

    def _order(self) -> tuple[str, bool]:
        field = self._name()
        if self._takes("DESC"):
            return field, True
        self._takes("ASC")
        return field, False
