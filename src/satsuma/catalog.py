"""What is known about traits and events: type, kind, unit, personal-data class, source.

The catalogue is the file `catalog.yaml`: filled by `load`, edited by people, checked whenever it is read. A load adds
what is new and never changes what a person wrote.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from satsuma import documents
from satsuma.errors import nearest

ValueType = Literal["text", "integer", "number", "money", "boolean", "date", "datetime", "list", "location"]
Kind = Literal[
    "demographic",
    "geographic",
    "behavioural",
    "psychographic",
    "technographic",
    "firmographic",
    "preference",
    "value",
    "predictive",
    "lifecycle",
]
Format = Literal["email", "phone", "country", "version", "url", "user_agent", "currency", "language"]

VALUE_TYPES: tuple[str, ...] = get_args(ValueType)
KINDS: tuple[str, ...] = get_args(Kind)
FORMATS: tuple[str, ...] = get_args(Format)
#: The types that are numbers.
NUMERIC: tuple[ValueType, ...] = ("integer", "number", "money")

#: The SQL type that holds each value type in the warehouse.
COLUMN_TYPES: Mapping[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "money": "DECIMAL(18,4)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "list": "VARCHAR[]",
    "location": "STRUCT(lat DOUBLE, lon DOUBLE)",
}

NAME_PATTERN = r"[a-z][a-z0-9_]*"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitInfo:
    """A loaded trait: what one column of the customers (or accounts) means.

    `personal_data` is a Fideslang key such as `user.contact.email`; None means not personal by itself. `also_called`
    is the source's own name of the column, where the trait has another: definitions may use either.
    """

    type: ValueType
    title: str | None = None
    description: str | None = None
    kind: Kind | None = None
    unit: str | None = None
    format: Format | None = None
    personal_data: str | None = None
    sensitive: bool = False
    source: str | None = None
    also_called: str | None = None
    entity: Literal["customer", "account"] = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyInfo:
    """A property of an event. `source: products` means it is read from the product with the event's product_id."""

    type: ValueType
    title: str | None = None
    unit: str | None = None
    format: Format | None = None
    personal_data: str | None = None
    sensitive: bool = False
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventInfo:
    """An event's name and its properties; `aliases` maps a source's own column name to the property it became."""

    title: str | None = None
    description: str | None = None
    source: str | None = None
    properties: Mapping[str, PropertyInfo] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def property(self, name: str) -> PropertyInfo | None:
        """Look a property up by its own name or by an alias."""
        return self.properties.get(self.aliases.get(name, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All traits and events that are known."""

    traits: Mapping[str, TraitInfo] = field(default_factory=dict)
    events: Mapping[str, EventInfo] = field(default_factory=dict)

    def merged(self, other: Catalog) -> Catalog:
        """Return this catalogue with what `other` adds; what is already here stays as it is."""
        events = dict(self.events)
        for name, info in other.events.items():
            known = events.get(name)
            if known is None:
                events[name] = info
            else:
                events[name] = replace(
                    known,
                    properties={**info.properties, **known.properties},
                    aliases={**info.aliases, **known.aliases},
                )
        return Catalog(traits={**other.traits, **self.traits}, events=events)


# ---------------------------------------------------------------------------------------------------------- reading


def read_catalog(path: Path) -> Catalog:
    """Read and check `catalog.yaml`; a missing or empty file is an empty catalogue.

    Raises
    ------
    DefinitionError
        With every mistake in the file.
    """
    if not path.exists():
        return Catalog()
    return documents.read_checked(path, _Reader, _Reader.catalog)


class _Reader(documents.DocumentReader):
    def catalog(self) -> Catalog:
        top = self.mapping(self.document.value, ())
        self.keys(top, ("traits", "events"), (), "is not a part of a catalogue")
        traits = {}
        for name, value in self.mapping(top.get("traits"), ("traits",)).items():
            path: documents.Path_ = ("traits", name)
            info = self.record(TraitInfo, value, path)
            if info is not None:
                traits[name] = info
        events = {}
        for name, value in self.mapping(top.get("events"), ("events",)).items():
            path = ("events", name)
            info = self.record(EventInfo, value, path)
            if info is not None:
                events[name] = info
        return Catalog(traits=traits, events=events)

    def mapping(self, value: Any, path: documents.Path_) -> dict[str, Any]:
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.problem(path, f"'{path[-1] if path else 'the file'}' must hold 'name: ...' lines.")
        return {}

    def record(self, cls: type, value: Any, path: documents.Path_) -> Any:
        given = self.mapping(value, path)
        known = {item.name: item for item in fields(cls)}
        kept: dict[str, Any] = {}
        self.keys(given, known, path)
        for key, entry in given.items():
            here = (*path, key)
            if key not in known:
                continue
            if key == "properties":
                properties = {}
                for name, inner in self.mapping(entry, here).items():
                    info = self.record(PropertyInfo, inner, (*here, name))
                    if info is not None:
                        properties[name] = info
                kept[key] = properties
            elif key == "aliases":
                aliases = self.mapping(entry, here)
                kept[key] = {name: str(target) for name, target in aliases.items()}
            elif self.fits(key, entry, here):
                kept[key] = entry
        if "type" in known and "type" not in kept:
            if "type" not in given:
                self.problem(path, f"'{path[-1]}' has no type; one of {', '.join(VALUE_TYPES)}.")
            return None
        return cls(**kept)

    def fits(self, key: str, entry: Any, path: documents.Path_) -> bool:
        closed = {"type": VALUE_TYPES, "kind": KINDS, "format": FORMATS, "entity": ("customer", "account")}.get(key)
        if closed is not None:
            if entry in closed:
                return True
            if entry is not None or key == "type":
                message = f"'{entry}' is not a {key}; one of {', '.join(closed)}."
                self.problem(path, message, nearest(str(entry), closed))
            return False
        if key == "sensitive":
            if isinstance(entry, bool):
                return True
            self.problem(path, "'sensitive' is true or false.")
            return False
        if entry is None:
            return False
        if not isinstance(entry, str):
            self.problem(path, f"'{key}' must be a text.")
            return False
        return True


# ---------------------------------------------------------------------------------------------------------- writing


def render_catalog(catalog: Catalog, text: str = "") -> str:
    """Return `text` (a catalogue file as it stands) with what `catalog` adds to it.

    Comments, order and everything a person wrote stay; only entries and properties that are missing are added.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.width = 120
    yaml.preserve_quotes = True
    top = yaml.load(text) if text.strip() else None
    if top is None:
        top = CommentedMap()

    def section(parent: Any, key: str) -> Any:
        if parent.get(key) is None:
            parent[key] = CommentedMap()
        return parent[key]

    traits = section(top, "traits")
    for name, info in catalog.traits.items():
        if name not in traits:
            traits[name] = CommentedMap(_facts(info))
    events = section(top, "events")
    for name, event in catalog.events.items():
        entry = section(events, name)
        for key, value in _facts(event).items():
            entry.setdefault(key, value)
        for part, rows in (("properties", event.properties), ("aliases", event.aliases)):
            if not rows:
                continue
            inner = section(entry, part)
            for key, row in rows.items():
                if key not in inner:
                    inner[key] = row if isinstance(row, str) else CommentedMap(_facts(row))
    buffer = io.StringIO()
    yaml.dump(top, buffer)
    return buffer.getvalue()


def _facts(info: Any) -> dict[str, Any]:
    """Return the plain facts of an entry that differ from their default."""
    facts = {}
    for item in fields(info):
        value = getattr(info, item.name)
        if item.name in ("properties", "aliases") or value == item.default:
            continue
        facts[item.name] = value
    return facts
