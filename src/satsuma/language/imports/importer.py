"""What the importers share: reading JSON with paths, names against the catalogue, values against types, differences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from satsuma.catalog import NAME_PATTERN, NUMERIC, ValueType
from satsuma.errors import SourceError, nearest
from satsuma.language import durations
from satsuma.language.format import definition_text
from satsuma.language.imports.outcome import (
    Imported,
    MappedName,
    NameKind,
    Note,
    RefusedError,
    UnknownName,
)
from satsuma.language.operators import version_key
from satsuma.language.patterns import pattern_problem
from satsuma.language.schema import Names

Json = dict[str, Any]
Condition = dict[str, Any]
Kind = Literal["segment", "trait"]

#: Holds for everybody of the population.
EVERYBODY: Condition = {"trait": "customer_id", "is_set": True}
_HOURS = {"hour": 1, "day": 24, "week": 168, "month": 30 * 24, "year": 365 * 24}


class Importer:
    """Base of the importers: one is made for one import, and collects what is to be said about it.

    Parameters
    ----------
    names : what names mean in the workspace.
    mapping : their name to ours, as the person who imports says.
    """

    tool: ClassVar[str]
    title: ClassVar[str]
    #: What is always so, whatever the definition says.
    always: ClassVar[tuple[str, ...]] = ()

    def __init__(self, names: Names, mapping: Mapping[str, str] | None = None) -> None:
        self.names = names
        self.mapping = dict(mapping or {})
        self.differences: dict[str, str] = {}
        self.mapped: dict[tuple[NameKind, str], str] = {}
        self.unknown: dict[tuple[NameKind, str], UnknownName] = {}
        self.refused: list[Note] = []

    # ------------------------------------------------------------------------------------------------------ one import

    def imported(self, text: str, name: str | None = None) -> Imported:
        """Import a text.

        Raises
        ------
        SourceError
            When it is not what this tool writes.
        """
        given = self.parsed(text)
        own, title, description = self.head(given)
        named = name or self.name_of(own or title or f"{self.tool}_segment")
        self.name = named
        kind: Kind = "segment"
        body: Json = {}
        try:
            kind, body = self.body(given)
        except RefusedError as error:
            self.refused.append(error.note)
        for sentence in self.always:
            self.differ("", sentence)
        value = {kind: named, **({"title": title} if title else {})}
        value |= {"description": description} if description else {}
        done = "" if self.refused else definition_text({**value, **body})
        return Imported(
            tool=self.tool, kind=kind, name=named, text=done,
            differences=tuple(Note(path=path, message=sentence) for sentence, path in self.differences.items()),
            mapped=tuple(
                MappedName(kind=of, theirs=theirs, ours=ours)
                for (of, theirs), ours in self.mapped.items()
                if ours != theirs
            ),
            unknown=tuple(self.unknown.values()),
            refused=tuple(dict.fromkeys(self.refused)),
        )  # fmt: skip

    def parsed(self, text: str) -> Any:
        """Return the value of a JSON text."""
        try:
            return json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            raise SourceError(
                f"This is not JSON, as {self.title} writes it.", hint="Save the answer of its API, whole, in a file."
            ) from None

    def head(self, given: Any) -> tuple[str, str, str]:
        """Return the name, the title and the description that they gave it, as far as there are any."""
        raise NotImplementedError

    def body(self, given: Any) -> tuple[Kind, Json]:
        """Return which kind it becomes, and the keys of our definition but its name."""
        raise NotImplementedError

    @staticmethod
    def whole(part: Any) -> str:
        """Return the text of a definition that holds one part alone, as the examples of the pages are."""
        return json.dumps(part)

    @staticmethod
    def name_of(text: str) -> str:
        """Return a name as ours are, made of a title."""
        found = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")
        found = found if re.fullmatch(NAME_PATTERN, found) else f"imported_{found}".rstrip("_")
        return found[:80].rstrip("_")

    # ---------------------------------------------------------------------------------------------- what is to be said

    def differ(self, path: str, sentence: str) -> None:
        """Name a difference of meaning, once."""
        self.differences.setdefault(sentence, path)

    def refuse(self, path: str, message: str) -> RefusedError:
        """Return the refusal of a part, to be raised."""
        return RefusedError(path, message)

    def each(self, items: Iterable[tuple[Any, str]], read: Callable[[Any, str], Condition]) -> list[Condition]:
        """Read several parts; what is refused of them is collected, so that all is reported together."""
        found = []
        for item, path in items:
            try:
                found.append(read(item, path))
            except RefusedError as error:
                self.refused.append(error.note)
        return found

    def only(self, given: Json, allowed: Iterable[str], path: str) -> None:
        """Refuse a part that says something unknown: it might mean anything."""
        for key in given:
            if key not in set(allowed):
                raise self.refuse(
                    f"{path}.{key}".lstrip("."), f"'{key}' is not known here; nothing is left out silently."
                )

    def mapping_at(self, value: Any, path: str) -> Json:
        if isinstance(value, dict):
            return value
        raise self.refuse(path, "An object is expected here.")

    def list_at(self, value: Any, path: str) -> list[Any]:
        if isinstance(value, list):
            return value
        raise self.refuse(path, "A list is expected here.")

    def text_at(self, given: Json, key: str, path: str) -> str:
        value = given.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value):
            return str(value)
        raise self.refuse(f"{path}.{key}".lstrip("."), f"'{key}' is missing, or is no text.")

    def number_at(self, value: Any, path: str) -> int | float:
        if isinstance(value, str):
            try:
                value = float(value) if re.search(r"[.eE]", value) else int(value)
            except ValueError:
                value = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        raise self.refuse(path, "A number is expected here.")

    # ----------------------------------------------------------------------------------------------------------- names

    def named(self, kind: NameKind, theirs: str, path: str, known: Iterable[str]) -> str:
        """Return our name for one of theirs: as was said, the same, or the one that is spelled alike."""
        listed = list(known)
        ours = self.mapping.get(theirs)
        if ours is None and theirs in listed:
            ours = theirs
        if ours is None:
            alike = [name for name in listed if _plain(name) == _plain(theirs)]
            ours = alike[0] if len(alike) == 1 else None
        if ours is not None:
            self.mapped[kind, theirs] = ours
            if ours in listed or not self.names.is_known:
                return ours
        if self.names.is_known:
            near = nearest(ours or theirs, listed)
            self.unknown[kind, theirs] = UnknownName(kind=kind, theirs=theirs, path=path, nearest=near)
        return ours or theirs

    def trait(self, theirs: str, path: str) -> str:
        return self.named("trait", theirs, path, self.names.traits)

    def trait_type(self, ours: str) -> ValueType | None:
        return self.names.traits.get(ours)

    def event(self, theirs: str, path: str) -> str:
        return self.named("event", theirs, path, self.names.events)

    def property(self, event: str, theirs: str, path: str) -> str:
        from satsuma.language.checker import EVENT_COLUMNS

        return self.named("property", theirs, path, [*self.names.events.get(event, ()), *EVENT_COLUMNS])

    def membership(self, theirs: str, path: str) -> Condition:
        """Return the leaf on a group of theirs: a segment here, or a list."""
        ours = self.mapping.get(theirs, theirs)
        if ours not in self.names.segments and ours in self.names.lists:
            return {"list": self.named("list", theirs, path, self.names.lists)}
        return {"in_segment": self.named("segment", theirs, path, self.names.segments)}

    # ---------------------------------------------------------------------------------------------------------- values

    def value(self, type_: ValueType | None, value: Any, path: str) -> Any:
        """Return a value as our type has it; theirs may be a text where ours is a number."""
        if isinstance(value, dict | list) or value is None:
            raise self.refuse(path, "A plain value is expected here.")
        if type_ in NUMERIC and isinstance(value, str):
            self.differ(path, "Numbers that stand as texts there are compared as numbers here.")
            return self.number_at(value, path)
        if type_ == "boolean" and not isinstance(value, bool):
            if str(value).lower() in ("true", "false"):
                return str(value).lower() == "true"
            raise self.refuse(path, "The trait is yes or no here, and the value is neither.")
        if type_ in ("date", "datetime"):
            return self.moment(value, path, whole_day=type_ == "date")
        return value

    def moment(self, value: Any, path: str, *, whole_day: bool = False) -> str:
        """Return a date or a time as we write it; with `whole_day` the day alone."""
        text = str(value)
        if durations.parse_date(text) is not None:
            return text
        at = _parsed_moment(text)
        if at is None:
            raise self.refuse(path, "A date (2024-03-01) or a time in ISO 8601 is expected here.")
        if whole_day:
            if (at.hour, at.minute, at.second, at.microsecond) != (0, 0, 0, 0):
                self.differ(path, "A time of day is asked for there; the trait is a date here, and the day counts.")
            return at.date().isoformat()
        return _iso(at)

    def just_before(self, value: Any, path: str) -> str:
        """Return the last microsecond before a moment: what 'before' means for an end that is taken in here."""
        text = str(value)
        day = durations.parse_date(text)
        if day is not None:
            return (day - timedelta(days=1)).isoformat()
        at = _parsed_moment(text)
        if at is None:
            raise self.refuse(path, "A date (2024-03-01) or a time in ISO 8601 is expected here.")
        return _iso(at - timedelta(microseconds=1))

    def length(self, count: Any, unit: str, path: str) -> str:
        """Return a duration of so many units; months and years are of 30 and 365 days."""
        number = self.number_at(count, path)
        if unit == "minute" and number % 60 == 0:
            number, unit = number // 60, "hour"
        if unit not in _HOURS or number != int(number) or number <= 0:
            raise self.refuse(path, "A whole number of hours, days, weeks, months or years above 0 is expected here.")
        if unit in ("month", "year"):
            self.differ(path, f"A {unit} is {_HOURS[unit] // 24} days here; there it may follow the calendar.")
        return self.hours(int(number) * _HOURS[unit])

    def seconds(self, value: Any, path: str) -> str:
        """Return a duration of so many seconds."""
        number = self.number_at(value, path)
        if number <= 0 or number % 3600:
            raise self.refuse(path, "Lengths of time are whole hours here.")
        return self.hours(int(number) // 3600)

    @staticmethod
    def hours(hours: int) -> str:
        return durations.duration_text(hours * durations.MICROSECONDS_PER_HOUR)

    def pattern(self, value: Any, path: str) -> str:
        """Return a regular expression, when it is of the common subset."""
        reason = pattern_problem(str(value))
        if reason is not None:
            raise self.refuse(path, f"This regular expression cannot be used here: {reason}.")
        return str(value)

    def version(self, value: Any, path: str) -> str:
        if version_key(str(value)) is None:
            raise self.refuse(path, "This is not a version such as 3.2.0.")
        return str(value)


def _plain(name: str) -> str:
    """Return what a name is compared by: 'Order Completed', 'order_completed' and '$order-completed' are alike."""
    return re.sub(r"[^a-z0-9]+", "", name.casefold())


def _parsed_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    except ValueError:
        return None


def _iso(at: datetime) -> str:
    text = at.isoformat()
    return text.replace("+00:00", "Z")


# --------------------------------------------------------------------------------------------------------- conditions


def all_of(parts: list[Condition]) -> Condition:
    """Return conditions that must all hold; one alone is itself, none is everybody."""
    found = _flat("all", parts)
    return found[0] if len(found) == 1 else {"all": found} if found else dict(EVERYBODY)


def any_of(parts: list[Condition]) -> Condition:
    """Return conditions of which one must hold."""
    found = _flat("any", parts)
    return found[0] if len(found) == 1 else {"any": found}


def _flat(word: str, parts: list[Condition]) -> list[Condition]:
    """Return parts with those of groups of the same word in place of these."""
    return [inner for part in parts for inner in (part[word] if set(part) == {word} else [part])]


def missing_too(leaf: Condition) -> Condition:
    """Return a leaf that holds for who has no value, too."""
    return {**leaf, "missing": "match"}


def counted(leaf: Condition, operator: str, number: int | float) -> Condition:
    """Return an event leaf with a count, in the shortest form that says it."""
    if (operator, number) in (("eq", 0), ("lt", 1), ("lte", 0)):
        head = {"not_did": leaf["did"]}
        return {**head, **{key: value for key, value in leaf.items() if key != "did"}}
    if (operator, number) in (("gte", 1), ("gt", 0)):
        return leaf
    return {**leaf, "count": {operator: number}}
