"""What the fakes of CRMs share: tables whose rows change and vanish between two reads, and invented people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

#: When the first row was written. Long past, so that no row lies ahead of the clock of the computer that serves it.
START = datetime(2025, 3, 3, 8, 0, tzinfo=UTC)

_FIRST = ("Ada", "Boris", "Chloé", "Dmitri", "Élise", "Farid", "Greta", "Hugo", "Inès", "Jón", "Katarzyna")
_LAST = (
    "Abel",
    "Brandt",
    "Costa",
    "Dupré",
    "Eriksen",
    "Fontaine",
    "García",
    "Haas",
    "Ivanova",
    "O'Neill",
    "Łukasik",
    "Ng",
)
_COUNTRIES = ("France", "Germany", "Spain", "Belgium")
_TRADES = ("Logistics", "Retail", "Energy")


@dataclass(slots=True)
class Row:
    """One record. updated : when it was last written, or deleted."""

    fields: dict[str, Any]
    updated: datetime
    created: datetime
    is_deleted: bool = False


@dataclass(slots=True)
class Table:
    """The records of one kind, by id, in the order in which they came."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, key: str, at: datetime, **fields: Any) -> None:
        self.rows[key] = Row(fields, at, at)

    def change(self, key: str, at: datetime, **fields: Any) -> None:
        row = self.rows[key]
        row.fields |= fields
        row.updated = at

    def delete(self, key: str, at: datetime) -> None:
        row = self.rows[key]
        row.is_deleted, row.updated = True, at

    def living(self) -> dict[str, Row]:
        return {key: row for key, row in self.rows.items() if not row.is_deleted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An invented person. at : when the CRM came to know them."""

    number: int
    first: str
    last: str
    email: str
    phone: str
    country: str
    has_opted_out: bool
    at: datetime


def people(count: int, *, first_number: int = 0) -> Iterator[Person]:
    """Invent people: no two share an address, some share the moment of their writing, every seventh wants no e-mail."""
    for number in range(first_number, first_number + count):
        yield Person(
            number=number,
            first=_FIRST[number % len(_FIRST)],
            last=_LAST[number % len(_LAST)],
            email=f"person{number}@example.com",
            phone=f"+3316000{number:04}",
            country=_COUNTRIES[number % len(_COUNTRIES)],
            has_opted_out=number % 7 == 3,
            # Three at a time: a page may end between two that share a moment.
            at=START + timedelta(minutes=10 * (number // 3)),
        )


def trade(number: int) -> str:
    return _TRADES[number % len(_TRADES)]
