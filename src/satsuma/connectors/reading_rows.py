"""The rows of a stream: which fields, from where, about whom; with mistakes named by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.catalog import VALUE_TYPES
from satsuma.connectors.reading_values import ValueReader, Where, word
from satsuma.connectors.vendor import CONVERSIONS, ROW_KINDS, FieldSpec, Person, RowsSpec
from satsuma.sources.fields import fields_of
from satsuma.sources.names import slug

_ROWS_KEYS = ("load", "each", "when", "person", "partial", "fields", "rest", "deleted", "timezone")
_FIELD_KEYS = ("path", "first", "value", "as", "words", "currency", "needed", "type", "title", "personal_data",
               "sensitive")  # fmt: skip
#: The own fields of figures.
_FIGURES = ("date",)


class RowsReader(ValueReader):
    """Reads what records become."""

    def rows(self, given: Any, at: Where) -> RowsSpec | None:
        entry = self.mapping(given, at)
        if entry is None:
            return None
        self.keys(entry, _ROWS_KEYS, at)
        load = self.choice(entry, "load", ROW_KINDS, at)
        if load is None:
            self.problem(at, f"'load' is needed: one of {', '.join(ROW_KINDS)}.")
            return None
        fields = self.fields(entry.get("fields"), load, (*at, "fields"))
        person = self.person(entry.get("person"), (*at, "person"))
        rest = self.path_or_none(entry.get("rest"), (*at, "rest"))
        when = entry.get("when")
        conditions = [
            condition
            for number, item in enumerate(when if isinstance(when, list) else [] if when is None else [when])
            if (condition := self.condition(item, (*at, "when", number) if isinstance(when, list) else (*at, "when")))
        ]
        if person is not None and "customer_id" in fields:
            self.problem((*at, "fields", "customer_id"), "The customer is what 'person' says; say it once.")
        self.check_required(load, fields, person, at)
        each: Any = entry.get("each")
        by_function = isinstance(each, dict) and set(each) == {"function"}
        return RowsSpec(
            load=load,
            fields=fields,
            each=None if by_function else self.path_or_none(each, (*at, "each")),
            each_function=self.function(each["function"], (*at, "each")) if by_function else None,
            when=tuple(conditions),
            person=person,
            rest=rest,
            partial=self.flag(entry, "partial", at) if "partial" in entry else True,
            deleted=self.fields(entry["deleted"], load, (*at, "deleted")) if entry.get("deleted") is not None else None,
            timezone=self.text(entry, "timezone", at),
        )

    def check_required(self, load: str, fields: Mapping[str, FieldSpec], person: Person | None, at: Where) -> None:
        """Report the fields that a kind needs and that nothing fills."""
        given = {*fields, *(("customer_id",) if person is not None else ())}
        needed = ("date",) if load == "figures" else tuple(item.name for item in fields_of(load) if item.required)
        missing = [name for name in needed if name not in given]
        if missing:
            what = " and ".join("'person'" if name == "customer_id" else f"the field '{name}'" for name in missing)
            self.problem(at, f"Rows of {load} need {what}.")

    def fields(self, given: Any, load: str, at: Where) -> dict[str, FieldSpec]:
        own = set(_FIGURES) if load == "figures" else {item.name for item in fields_of(load)}
        found = {}
        for name, entry in (self.mapping(given or {}, at) or {}).items():
            here = (*at, name)
            if name not in own and slug(name) != name:
                self.problem(here, "A field's name is small letters, digits and _.")
            spec = self.field(entry, here)
            if spec is not None:
                found[name] = spec
        return found

    def field(self, given: Any, at: Where) -> FieldSpec | None:
        """Read where one field comes from: a path, or more to say about it."""
        if isinstance(given, str):
            path = self.path(given, at)
            return None if path is None else FieldSpec(paths=(path,))
        entry = self.mapping(given, at)
        if entry is None:
            return None
        self.keys(entry, _FIELD_KEYS, at)
        ways = [key for key in ("path", "first", "value") if entry.get(key) is not None]
        if len(ways) != 1:
            self.problem(at, "One of 'path', 'first' (several paths) and 'value' is needed.")
            return None
        convert = entry.get("as")
        function = None
        if convert is not None and convert not in CONVERSIONS:
            function = self.function(convert, (*at, "as"), CONVERSIONS)
        if convert == "minor" and entry.get("currency") is None:
            self.problem(at, "Minor units are of a currency: name the 'currency'.")
        words = self.mapping(entry["words"], (*at, "words")) if entry.get("words") is not None else None
        personal = entry.get("personal_data")
        value = entry.get("value")
        return FieldSpec(
            paths=self.paths(entry.get("first") or entry.get("path"), (*at, ways[0])) if ways[0] != "value" else (),
            value=None if value is None else self.document.text((*at, "value")) or str(value),
            convert=None if function is not None else convert,
            function=function,
            words=None if words is None else {key: None if to is None else word(to) for key, to in words.items()},
            currency=self.path_or_none(entry.get("currency"), (*at, "currency")),
            needed=self.flag(entry, "needed", at),
            type=self.choice(entry, "type", VALUE_TYPES, at),
            title=self.text(entry, "title", at),
            personal_data=None if personal is None else str(personal),
            sensitive=self.flag(entry, "sensitive", at),
        )

    def person(self, given: Any, at: Where) -> Person | None:
        if given is None:
            return None
        entry = self.mapping(given, at)
        if entry is None:
            return None
        self.keys(entry, ("id", "email", "of", "anonymous", "becomes"), at)
        if not any(entry.get(key) for key in ("id", "email", "anonymous")):
            self.problem(at, "A person is known by an 'id', an 'email' or an 'anonymous' id.")
        becomes = None if entry.get("becomes") is None else self.mapping(entry["becomes"], (*at, "becomes"))
        if becomes is not None:
            self.keys(becomes, ("id", "of"), (*at, "becomes"))
            for key in ("id", "of"):
                if becomes.get(key) is None:
                    self.problem((*at, "becomes"), f"'{key}' is needed here: the later id, and the stream that has it.")
        later = becomes or {}
        return Person(
            becomes=self.path_or_none(later.get("id"), (*at, "becomes", "id")),
            becomes_of=self.text(later, "of", (*at, "becomes")),
            id=self.paths(entry.get("id"), (*at, "id")),
            email=self.paths(entry.get("email"), (*at, "email")),
            of=self.text(entry, "of", at),
            anonymous=self.path_or_none(entry.get("anonymous"), (*at, "anonymous")),
        )
