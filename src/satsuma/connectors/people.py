"""Whose a record is: the customer's id, made once and kept for whoever was read before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from satsuma.connectors.paths import Path
from satsuma.connectors.records import Record, text_of
from satsuma.connectors.vendor import Person, RowsSpec, Stream
from satsuma.quality.contacts import standard_email


class People:
    """Finds the customers of records.

    choice : `email`, `id`, or a path in a person's record. standing : (stream, id) -> the customer's id, of those who
    were read before. reserved : the same, of those who will be read under another id. earlier : customers whose records
    turned out to be of another customer.
    """

    def __init__(self, source: str, choice: str | Path, standing: Mapping[tuple[str, str], str]) -> None:
        self._source, self._choice = source, choice
        self._standing = dict(standing)
        self.reserved: dict[tuple[str, str], str] = {}
        self.earlier: dict[str, str] = {}

    def who(self, spec: RowsSpec, record: Record, places: Mapping[str, Any], stream: str) -> str | None:
        """Return the id of the customer whom a row is about, None for nobody who is known."""
        person = spec.person
        if person is None:
            return None
        is_own = spec.load == "customers" and spec.each is None and spec.each_function is None and person.of is None
        number = _first(person.id, places)
        key = (stream, record.key) if is_own else (person.of, number) if person.of and number else None
        later = _later(person, places) if is_own else None
        if later is not None:
            return self._became((stream, record.key), later, person, number, places)
        if key is not None and key in self._standing:
            return self._standing[key]
        found = self._made(person, number, places)
        if is_own and found is not None:
            self._standing[stream, record.key] = found
        return found

    def _became(
        self, own: tuple[str, str], later: tuple[str, str], person: Person, number: str | None,
        places: Mapping[str, Any],
    ) -> str | None:  # fmt: skip
        """Return the customer of a record that goes on under another id.

        Whoever is read under the later id first keeps that customer, and it is kept that the earlier one is the same;
        else the earlier customer waits for the record that comes under the later id.
        """
        before = self._standing.get(own)
        found = self._standing.get(later)
        if found is None:
            found = before if before is not None else self._made(person, number, places)
            if found is not None:
                self.reserved[later] = self._standing[later] = found
        elif before not in (None, found):
            self.earlier[str(before)] = found
        if found is not None:
            self._standing[own] = found
        return found

    def _made(self, person: Person, number: str | None, places: Mapping[str, Any]) -> str | None:
        if self._choice == "id" and number is not None:
            # Who is known by the id needs no address, and looking at one costs more than all else.
            return f"{self._source}:{number}"
        address = _first(person.email, places)
        address = standard_email(address)[0] if address is not None else None
        own = f"{self._source}:{number}" if number is not None else None
        if isinstance(self._choice, Path) and person.of is None:
            # Asked of the record, whatever a row is made of: an answer to a form is an element of it.
            said = self._choice.find({**places, "@": places.get("^", places["@"])})
            if said not in (None, ""):
                return text_of(said).strip() or None
        return (own or address) if self._choice == "id" else (address or own)


def asked_people(stream: Stream, records: Iterable[Record]) -> set[tuple[str, str]]:
    """Return the (stream, id) pairs that records name people by."""
    asked = set()
    for record in records:
        asked.add((stream.name, record.key))
        for spec in stream.rows:
            if spec.person is not None and (later := _later(spec.person, record.places)) is not None:
                asked.add(later)
            if spec.person is not None and spec.person.of is not None:
                for places in places_of(spec, record):
                    number = _first(spec.person.id, places)
                    if number is not None:
                        asked.add((spec.person.of, number))
    return asked


def places_of(spec: RowsSpec, record: Record) -> list[Mapping[str, Any]]:
    """Return the places of each row that a record becomes: one, or one for each element of a list in it."""
    if spec.each_function is not None:
        found = spec.each_function(record.places["@"])
    elif spec.each is not None:
        found = spec.each.find(record.places)
    else:
        return [record.places]
    items = found if isinstance(found, list) else [found] if isinstance(found, dict) else []
    return [{**record.places, "@": item} for item in items]


def _later(person: Person, places: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the stream and the id under which a person goes on, None for one who does not."""
    if person.becomes is None or person.becomes_of is None:
        return None
    number = _first((person.becomes,), places)
    return None if number is None else (person.becomes_of, number)


def _first(paths: tuple[Path, ...], places: Mapping[str, Any]) -> str | None:
    for path in paths:
        value = path.find(places)
        if value not in (None, "", [], {}):
            return text_of(value).strip() or None
    return None
