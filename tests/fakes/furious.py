"""Answers as Furious does: a token by user name and password, query texts in the address, errors inside a 200."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fakes.crm import START, Row, Table, people, trade
from fakes.hostile import Answer, Asked

USERNAME, PASSWORD = "robot-7f3a@invented", 'pass"word\\'

#: The instance's zone: its times are written in it, and do not say so.
ZONE = ZoneInfo("Europe/Paris")

#: Path of each resource -> its name in queries, and its fields.
RESOURCES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "crm": ("Clients", ("id", "company", "company_id", "lastname", "firstname", "email", "phone", "category", "type",
                        "status", "sector", "city", "country", "date_creation")),
    "company": ("Company", ("id", "name")),
    "client-opportunity": ("ClientOpportunity", ("id", "title", "client_id", "company_id", "pipe", "pipe_name",
                                                 "amount", "currency", "probability", "created_at")),
    "proposal": ("Proposal", ("id", "title", "amount", "discount", "vat", "currency", "pipe", "pipe_name", "statut",
                              "probability", "client_id", "company_name", "opportunity_id", "signature_date",
                              "created_at", "last_updated_at")),
}  # fmt: skip
#: Fields of each resource that hold the moment of creation and of the last change.
_CREATED = ("created_at", "date_creation")
_UPDATED = "last_updated_at"
_PIPES = (("10", "Draft", 20), ("20", "Sent", 60), ("30", "Won", 100), ("1", "Lost", 0))
_DEFAULT_LIMIT = 20


class MalformedQuery(Exception):  # noqa: N818 the vendor's word
    """The text is not a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """filters : (field, operator, value). order : (field, whether the largest comes first)."""

    name: str
    fields: tuple[str, ...]
    limit: int = _DEFAULT_LIMIT
    offset: int = 0
    filters: tuple[tuple[str, str, Any], ...] = ()
    order: tuple[tuple[str, bool], ...] = ()


#: Operators, as irregular as the vendor's.
_OPERATORS: Mapping[str, Callable[[str, Any], bool]] = {
    "eq": lambda value, other: value == other,
    "neq": lambda value, other: value != other,
    "gt": lambda value, other: value > other,
    "gte": lambda value, other: value >= other,
    "le": lambda value, other: value < other,
    "leq": lambda value, other: value <= other,
    "in": lambda value, other: value in other,
    "nin": lambda value, other: value not in other,
    "like": lambda value, other: other.strip("%") in value,
    "nlike": lambda value, other: other.strip("%") not in value,
    "null": lambda value, other: (value == "") is other,
}


@dataclass(slots=True)
class Furious:
    """A function from a request to an answer, over tables that a test may change between two requests.

    most : rows of one answer, whatever limit is asked for.
    clock : when a token ends is read on it. lasts : how long one does.
    """

    most: int = 100
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    lasts: timedelta = timedelta(hours=1)
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in RESOURCES})
    tokens: dict[str, datetime] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    before_answer: Callable[[Query], None] | None = None
    _given: int = 0

    def __call__(self, asked: Asked) -> Answer:
        parts = asked.path.strip("/").split("/")
        if parts[:2] != ["api", "v2"] or len(parts) != 3:
            return Answer(status=404, body=b"<html>Not found</html>", headers={"Content-Type": "text/html"})
        if parts[2] == "auth":
            return self._token(asked)
        ends = self.tokens.get(asked.headers.get("f-auth-token", ""))
        if ends is None or ends <= self.clock():
            return _error("Invalid token", status=401)
        if parts[2] not in RESOURCES:
            return _error("Unknown resource")
        if asked.method not in ("GET", "POST") or asked.one("query") is None:
            return _error(["No action"])
        return self._search(parts[2], asked.one("query") or "")

    def revoke(self) -> None:
        """Let every token that was given end now."""
        self.tokens.clear()

    def _token(self, asked: Asked) -> Answer:
        if asked.method != "POST" or asked.json != {
            "action": "auth", "data": {"username": USERNAME, "password": PASSWORD},
        }:  # fmt: skip
            return _error(["Invalid credentials"])
        self._given += 1
        ends = self.clock() + self.lasts
        claims = {"sub": USERNAME, "jti": self._given, "exp": int(ends.timestamp())}
        token = ".".join((*(_base64(json.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims)), "c2ln"))
        self.tokens[token] = ends
        return Answer(body={"success": True, "token": token, "expires_in": int(self.lasts.total_seconds())})

    def _search(self, resource: str, text: str) -> Answer:
        self.queries.append(text)
        name, fields = RESOURCES[resource]
        try:
            query = read_query(text)
        except MalformedQuery as error:
            return _error(f"Syntax error: {error}")
        if query.name != name:
            return _error(f"Unknown query {query.name}")
        unknown = [one for one in (*query.fields, *(one[0] for one in query.filters), *(one[0] for one in query.order))
                   if one not in fields]  # fmt: skip
        if unknown or not query.fields:
            return _error([f"Unknown field {one}" for one in unknown] or ["Fields are missing"])
        if self.before_answer is not None:
            self.before_answer(query)
        found = [_record(fields, key, row) for key, row in self.tables[resource].living().items()]
        total = len(found)
        try:
            found = [
                one for one in found if all(_holds(one[which], sign, value) for which, sign, value in query.filters)
            ]
        except (KeyError, TypeError, AttributeError):
            return _error("Invalid filter")
        for which, is_descending in reversed(query.order):
            found.sort(key=lambda one, which=which: _comparable(one[which]), reverse=is_descending)  # type: ignore[misc]
        shown = found[query.offset : query.offset + min(query.limit, self.most)]
        return Answer(
            body={
                "success": True,
                "data": {name: [{which: one[which] for which in query.fields} for one in shown]},
                "meta": {"totalElements": total, "totalElementsWithFilters": len(found)},
            }
        )


_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>\d+)'
                    r"|(?P<sign>[{}()\[\]:,]))")  # fmt: skip


def read_query(text: str) -> Query:
    """Read `{Name(limit:20,offset:0,filter:{field:{op:"value"}},order:[{field:asc}]){field,field}}`.

    Raises
    ------
    MalformedQuery
        When anything stands in the text that is not understood.
    """
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise MalformedQuery(f"unexpected character at {place}")
            self._tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            place = found.end()
        self._place = 0

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _take(self, kind: str, text: str | None = None) -> str:
        if self._place >= len(self._tokens):
            raise MalformedQuery("unexpected end")
        found, value = self._tokens[self._place]
        if found != kind or text not in (None, value):
            raise MalformedQuery(f"{text or kind} expected")
        self._place += 1
        return value

    def _listed(self, one: Callable[[], Any], end: str) -> list[Any]:
        found: list[Any] = []
        while self._peek() != end:
            if found:
                self._take("sign", ",")
            found.append(one())
        self._take("sign", end)
        return found

    def query(self) -> Query:
        self._take("sign", "{")
        name = self._take("word")
        said: dict[str, Any] = {}
        if self._peek() == "(":
            self._take("sign", "(")
            said = dict(self._listed(self._parameter, ")"))
        self._take("sign", "{")
        fields = self._listed(lambda: self._take("word"), "}")
        self._take("sign", "}")
        if self._place != len(self._tokens):
            raise MalformedQuery("the end was expected")
        return Query(name=name, fields=tuple(fields), **said)

    def _parameter(self) -> tuple[str, Any]:
        name = self._take("word")
        self._take("sign", ":")
        if name in ("limit", "offset"):
            return name, int(self._take("number"))
        if name == "filter":
            self._take("sign", "{")
            return "filters", tuple(self._listed(self._filter, "}"))
        if name == "order":
            self._take("sign", "[")
            return "order", tuple(self._listed(self._order, "]"))
        raise MalformedQuery(f"unknown parameter {name}")

    def _filter(self) -> tuple[str, str, Any]:
        which = self._take("word")
        self._take("sign", ":")
        self._take("sign", "{")
        sign = self._take("word")
        if sign not in _OPERATORS:
            raise MalformedQuery(f"unknown operator {sign}")
        self._take("sign", ":")
        value: Any
        if sign in ("in", "nin"):
            self._take("sign", "[")
            value = self._listed(self._string, "]")
        elif sign == "null":
            value = self._take("word") == "true"
        else:
            value = self._string()
        self._take("sign", "}")
        return which, sign, value

    def _string(self) -> str:
        try:
            return str(json.loads(self._take("string")))
        except ValueError:
            raise MalformedQuery("invalid escape") from None

    def _order(self) -> tuple[str, bool]:
        self._take("sign", "{")
        which = self._take("word")
        self._take("sign", ":")
        direction = self._take("word")
        self._take("sign", "}")
        if direction not in ("asc", "desc"):
            raise MalformedQuery("asc or desc expected")
        return which, direction == "desc"


def filled(*, contacts: int = 130, companies: int = 25, opportunities: int = 30, quotes: int = 130) -> Furious:
    """Return a Furious with invented rows. Every fifth contact belongs to no company."""
    made = Furious()
    for number in range(companies):
        made.tables["company"].add(str(100 + number), START + timedelta(minutes=number), name=f"Company {number}")
    for one in people(contacts):
        company = None if one.number % 5 == 4 else 100 + one.number % companies
        made.tables["crm"].add(
            str(1_000 + one.number), one.at, firstname=one.first, lastname=one.last, email=one.email, phone=one.phone,
            company_id=company, company=None if company is None else f"Company {company - 100}", category="client",
            type="prospect", status="active", sector=trade(one.number), city="Lyon", country=one.country,
        )  # fmt: skip
    for resource, first, count in (("client-opportunity", 5_000, opportunities), ("proposal", 7_000, quotes)):
        for number in range(count):
            pipe, pipe_name, probability = _PIPES[number % len(_PIPES)]
            company = 100 + number % companies
            made.tables[resource].add(
                str(first + number), START + timedelta(minutes=7 * (number // 2)), title=f"Project {number}",
                amount=None if number % 9 == 8 else f"{1_000.5 * (number + 1):.2f}", discount="0.00", vat="20.00",
                currency="EUR", pipe=pipe, pipe_name=pipe_name, statut=pipe_name, probability=str(probability),
                client_id=None if number % 4 == 3 else 1_000 + number % contacts, company_id=company,
                company_name=f"Company {company - 100}", signature_date="2025-06-30" if pipe == "30" else None,
                opportunity_id=5_000 + number if number < opportunities else None,
            )  # fmt: skip
    return made


def _record(fields: Sequence[str], key: str, row: Row) -> dict[str, Any]:
    """Return the record as it is written: numbers as numbers or as text, as the vendor likes."""
    created = {name: _time(row.created) for name in _CREATED}
    return {name: {"id": int(key), **created, _UPDATED: _time(row.updated), **row.fields}.get(name) for name in fields}


def _holds(value: Any, sign: str, other: Any) -> bool:
    return _OPERATORS[sign]("" if value is None else str(value), other)


def _comparable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _error(message: str | list[str], *, status: int = 200) -> Answer:
    return Answer(status=status, body={"success": False, "message": message})
