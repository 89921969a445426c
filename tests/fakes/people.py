"""Invented people and moments that the fakes of vendors share, so that their records can be counted in the head."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: When the first record of each fake was last changed; record number n follows ten times n minutes later.
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def email(number: int) -> str:
    """Return the address of a person, written as people write it."""
    return f"Person.{number:04}@Example.com" if number % 10 == 0 else f"person.{number:04}@example.com"


def first_name(number: int) -> str:
    return ("Ada", "Grace", "Alan", "Zoé", "Edsger")[number % 5]


def last_name(number: int) -> str:
    return ("Lovelace", "Hopper", "Turing", "Müller")[number % 4]


def moment(number: int) -> datetime:
    """Return the moment of a record."""
    return START + timedelta(minutes=10 * number)


def iso(when: datetime, *, zulu: bool = False) -> str:
    """Return a moment to the second, with `+00:00` or `Z` as a vendor writes it."""
    text = when.astimezone(UTC).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z") if zulu else text


def read_iso(text: str) -> datetime:
    """Return the moment that a request names; one without a zone is UTC, a number counts seconds."""
    if text.isdigit():
        return datetime.fromtimestamp(int(text), UTC)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
