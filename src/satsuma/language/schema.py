"""A JSON Schema of definitions, made from the tables that the reader works with, so that editors complete and check.

It says what the language allows anywhere; what a workspace knows (its traits, events, labels) narrows the names. What
only the checker can tell, such as a range whose ends are the wrong way round, it leaves to `satsuma check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, get_args

from satsuma.catalog import KINDS, NAME_PATTERN, NUMERIC, VALUE_TYPES, ValueType
from satsuma.language import anniversaries
from satsuma.language.checker import BUILT_IN_TRAITS, EVENT_COLUMNS, Checked, Vocabulary
from satsuma.language.durations import DURATION_PATTERN
from satsuma.language.history import LENGTH_OPERATORS
from satsuma.language.methods import METHODS
from satsuma.language.moments import PERIODS
from satsuma.language.operators import NOT_IN_FILTERS, OPERATORS, Shape
from satsuma.language.reading_conditions import (
    AGGREGATES_OF,
    AGGREGATES_TIME,
    CONSENT_STATUSES,
    GROUP_KEYS,
    NUMBER_OPERATORS,
)
from satsuma.language.reading_habits import HABITS
from satsuma.language.reading_sequences import MATCHES, MOST_STEPS, STEP_KEYS
from satsuma.language.reading_windows import CALENDAR_KEYS
from satsuma.language.schema_learned import WAY_SCHEMAS
from satsuma.language.schema_methods import SETTINGS_SCHEMAS
from satsuma.language.spelling import DEFINITIONS
from satsuma.language.types import PERIOD_AGGREGATES, Definition, Entity, Segment, Segmentation, Trait

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SCALAR: Json = {"type": ["string", "number", "boolean"]}
_TRUE: Json = {"const": True}
_DURATION: Json = {
    "type": "string", "pattern": rf"^\s*{DURATION_PATTERN}\s*$",
    "description": "A length such as 24h, 90d, 2w or 1y: 1, 24, 168 hours and 365 days.",
}  # fmt: skip
_MOMENT: Json = {"type": "string", "pattern": f"^{_DAY}", "description": "A date (2024-03-01) or a time."}
_DATE: Json = {"type": "string", "pattern": f"^{_DAY}$"}
_PERIOD: Json = {"enum": list(PERIODS)}
_PERCENT: Json = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "maximum": 100},
        {"type": "string", "pattern": r"^\s*[0-9.]+\s*%?\s*$"},
    ]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What names mean in a workspace, as far as it is known; without any, every name is allowed.

    traits : name to type, None where the type is not known. labels : segmentation to its labels, None where only a
    fit can tell.
    """

    traits: Mapping[str, ValueType | None] = field(default_factory=dict)
    events: Mapping[str, Iterable[str]] = field(default_factory=dict)
    segments: Sequence[str] = ()
    labels: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    lists: Sequence[str] = ()
    purposes: Sequence[str] = ()
    regions: Sequence[str] = ()
    is_known: bool = True


#: Nothing is known: the language alone.
ANY_NAMES = Names(is_known=False)


def names_of(vocabulary: Vocabulary, definitions: Iterable[Definition], checked: Checked | None = None) -> Names:
    """Return what names mean: with types and labels where the definitions were checked, else the names alone.

    Parameters
    ----------
    definitions : all that could be read, whether right or not: an editor is most needed while something is wrong.
    """
    found = list(definitions) if checked is None else list(checked.ordered)
    types: dict[str, ValueType | None] = {item.name: None for item in found if isinstance(item, Trait)}
    types |= {name: type_ for traits in BUILT_IN_TRAITS.values() for name, type_ in traits.items()}
    types |= {name: info.type for name, info in vocabulary.catalog.traits.items()}
    types |= {} if checked is None else checked.trait_types
    return Names(
        traits=types,
        events={name: [*info.properties, *info.aliases] for name, info in vocabulary.catalog.events.items()},
        segments=[item.name for item in found if isinstance(item, Segment)],
        labels={
            item.name: None if checked is None else METHODS[item.method].labels(item.settings)
            for item in found
            if isinstance(item, Segmentation)
        },
        lists=sorted(vocabulary.lists),
        purposes=sorted(vocabulary.purposes),
        regions=sorted(vocabulary.regions),
    )


def definition_schema(kind: str | None = None, names: Names = ANY_NAMES) -> Json:
    """Return the schema of one kind of definition, or of any.

    Parameters
    ----------
    kind : segment, trait or segmentation; any of them when it is None.
    """
    built = _Schema(names)
    top: dict[str, Json] = {word: _ref(word) for word in DEFINITIONS}
    shape = top[kind] if kind is not None else {"oneOf": list(top.values())}
    what = "definition" if kind is None else kind
    return {"$schema": DIALECT, "title": f"Satsuma {what}", **shape, "$defs": built.parts()}


def _object(properties: Json, required: Iterable[str] = (), **more: Any) -> Json:
    """Return the schema of a mapping with these keys and no others."""
    wanted = list(required)
    return {"type": "object", "properties": properties, **({"required": wanted} if wanted else {}),
            "additionalProperties": False, **more}  # fmt: skip


def _one_of(keys: Iterable[str]) -> Json:
    """Return the part of a schema that asks for exactly one of some keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


def _at_most_one_of(keys: Iterable[str]) -> Json:
    listed = list(keys)
    none = {"not": {"anyOf": [{"required": [key]} for key in listed]}}
    return {"oneOf": [none, *({"required": [key]} for key in listed)]}


def _list(items: Json, least: int = 1, most: int | None = None) -> Json:
    return {"type": "array", "items": items, "minItems": least, **({} if most is None else {"maxItems": most})}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


class _Schema:
    """Builds the parts, which refer to each other by name."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def known(self, names: Iterable[str], *, empty: bool = False) -> Json:
        """Return a name out of those that are known; any name where nothing is known."""
        listed = sorted(set(names))
        return {"enum": listed} if self.names.is_known and (listed or empty) else {"type": ["string", "number"]}

    @cached_property
    def traits(self) -> Json:
        return self.known(self.names.traits)

    @cached_property
    def events(self) -> Json:
        return self.known(self.names.events)

    @cached_property
    def properties(self) -> Json:
        return self.known({*EVENT_COLUMNS, *(name for names in self.names.events.values() for name in names)})

    @cached_property
    def segments(self) -> Json:
        return self.known(self.names.segments)

    def parts(self) -> Json:
        """Return all parts by name."""
        leaves = self.leaves()
        return {
            **self.definitions(),
            "condition": {"anyOf": [*self.groups("condition"), *(_ref(name) for name in leaves)]},
            "filter": {"anyOf": [*self.groups("filter"), _ref("property_condition")]},
            **leaves,
            "property_condition": self.tested("prop", self.properties, None, without=NOT_IN_FILTERS, of_event=True),
            "measure": self.measure(),
            "within": self.within(),
            "span": _object({"from": _DURATION, "to": {"anyOf": [_DURATION, {"const": 0}]}}, ["from"]),
        }

    # --------------------------------------------------------------------------------------------------- definitions

    def definitions(self) -> Json:
        def shared(kind: str) -> Json:
            return {
                kind: {"type": "string", "pattern": f"^{NAME_PATTERN}$", "description": "The name, as the file's."},
                "title": _SCALAR,
                "description": _SCALAR,
                "entity": {"enum": list(get_args(Entity))},
                "owner": {},
                "tags": {},
            }

        kind = {"kind": {"enum": list(KINDS)}}
        made = {
            "unit": _SCALAR,
            "type": {"enum": list(VALUE_TYPES)},
            "from": _ref("measure"),
            "formula": {"type": "string"},
            **{way: make(self.events) for way, make in WAY_SCHEMAS.items()},
        }
        methods = [self.method(name, {**shared("segmentation"), **kind}) for name in METHODS]
        return {
            "segment": _object({**shared("segment"), "where": _ref("condition")}, ["segment", "where"]),
            "trait": _object(
                {**shared("trait"), **kind, **made}, ["trait"], **_one_of(["from", "formula", *WAY_SCHEMAS])
            ),
            "segmentation": {"anyOf": methods},
        }

    def method(self, name: str, shared: Json) -> Json:
        method = METHODS[name]
        known = SETTINGS_SCHEMAS.get(name, {})
        settings = {key: self.setting(key, known.get(key, {})) for key in method.settings}
        text = (type(method).__doc__ or "").strip().partition("\n")[0]
        needed = ["segmentation", "method", *(key for key, schema in known.items() if schema.get("x-required"))]
        return _object({**shared, "method": {"const": name}, **settings}, needed, description=text)

    def setting(self, key: str, schema: Json) -> Json:
        """Return the schema of a method's setting; some name what the workspace knows."""
        names = {"trait": self.traits, "event": self.events}
        inner = {word: value for word, value in schema.items() if word != "x-required"}
        if key in names:
            return names[key]
        if inner.get("x-names") == "segmentations":
            return _list(self.known(self.names.labels), 2, 4)
        if inner.get("x-names") == "property":
            return self.properties
        return inner

    # ---------------------------------------------------------------------------------------------------- conditions

    def groups(self, inner: str) -> list[Json]:
        words = {"all": "All of these.", "any": "At least one of these.", "none": "None of these.",
                 "not": "The exact opposite; who has no value is included."}  # fmt: skip
        return [
            _object(
                {word: _ref(inner) if word == "not" else _list(_ref(inner))}, [word], description=words[word]
            )
            for word in GROUP_KEYS
        ]  # fmt: skip

    def leaves(self) -> Json:
        """Return the leaves by the name of their part."""
        return {
            **self.trait_leaves(),
            "percentile": self.percentile(),
            "trait_history": self.history("trait", self.traits),
            "event": self.event(),
            "no_event": _object({"not_did": self.events, **self.windows, "where": _ref("filter")}, ["not_did"],
                                **self.one_window, description="The event did not happen."),
            "habit": self.habit(),
            "label": {"anyOf": self.labels()},
            "label_history": self.history("segmentation", self.known(self.names.labels)),
            "in_segment": _object({"in_segment": self.segments}, ["in_segment"]),
            "not_in_segment": _object({"not_in_segment": self.segments}, ["not_in_segment"]),
            "entered": _object({"entered": self.segments, "within": _DURATION}, ["entered", "within"]),
            "left": _object({"left": self.segments, "within": _DURATION}, ["left", "within"]),
            "rank": self.rank(),
            "list": _object({"list": self.known(self.names.lists)}, ["list"]),
            "random": _object({"random": _object({"percent": _PERCENT, "salt": _SCALAR}, ["percent", "salt"])},
                              ["random"]),
            "consent": _object({"consent": self.known(self.names.purposes), "is": {"enum": list(CONSENT_STATUSES)}},
                               ["consent", "is"]),
            "account": self.account(),
            "sequence": self.sequence(),
        }  # fmt: skip

    def trait_leaves(self) -> Json:
        """Return the leaf on a trait: one for each type, so that a trait's own operators are offered."""
        if not self.names.is_known or not self.names.traits:
            return {"trait_condition": self.tested("trait", self.traits, None)}
        groups: dict[ValueType | None, list[str]] = {}
        for name, type_ in self.names.traits.items():
            groups.setdefault(type_, []).append(name)
        return {
            f"trait_{type_ or 'of_unknown_type'}": self.tested("trait", self.known(names), type_)
            for type_, names in groups.items()
        }

    def tested(
        self, head: str, names: Json, type_: ValueType | None, *, without: Iterable[str] = (), of_event: bool = False
    ) -> Json:
        """Return a name with exactly one operator that fits its type, and its options."""
        operators = self.operators(type_, of_event=of_event, without=without)
        circle = {"of": _point()} if "within_km" in operators else {}
        return _object({head: names, **operators, **circle, **_options(type_)}, [head], **_one_of(operators))

    def operators(
        self, type_: ValueType | None, *, of_event: bool = False, without: Iterable[str] = (),
        only: Iterable[str] = tuple(OPERATORS), alone: bool = False,
    ) -> Json:  # fmt: skip
        """Return the operators of a type with their operands. `alone`: against values only, no other trait."""
        left_out = set(without)
        return {
            name: {**self.operand(operator.shape, type_, of_event=of_event, alone=alone),
                   "description": f"The value {operator.words}."}
            for name, operator in OPERATORS.items()
            if name in only and name not in left_out and (type_ is None or type_ in operator.types)
        }  # fmt: skip

    def operand(self, shape: Shape, type_: ValueType | None, *, of_event: bool, alone: bool) -> Json:
        """Return what an operator takes, by its shape."""
        plain = _value(type_)
        others = [_object({"ref": {"type": "string", "pattern": r"^[^.]+\..+$"}}, ["ref"])] if of_event else []
        others = others or [_object({"trait": self.traits}, ["trait"])]
        one = plain if alone else {"anyOf": [plain, *others]}
        shapes: dict[str, Json] = {
            "one": one,
            "day": one if type_ is not None else _SCALAR if alone else {"anyOf": [_SCALAR, *others]},
            "many": _list(plain),
            "range": _list(plain, 2, 2),
            "true": _TRUE,
            "text": _SCALAR if alone else {"anyOf": [_SCALAR, *others]},
            "texts": _list(_SCALAR),
            "pattern": _SCALAR,
            "glob": _SCALAR,
            "version": _SCALAR,
            "codes": _list({"type": "integer", "minimum": 1, "maximum": 999}),
            "size": {"anyOf": [{"type": "integer"}, *(_object({word: {"type": "integer"}}, [word])
                                                      for word in ("eq", "lt", "lte", "gt", "gte"))]},
            "duration": _DURATION,
            "span": _ref("span"),
            "period": _PERIOD,
            "anniversary": self.anniversary() if shape == "anniversary" else {},
            "circle": {"type": "number", "minimum": 0},
            "polygon": _list({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}, 3),
            "region": self.known(self.names.regions),
        }  # fmt: skip
        return shapes[shape]

    def anniversary(self) -> Json:
        asked = self.operators("date", only=anniversaries.ASKED, alone=True)
        return _object(asked, **_one_of(asked))

    def percentile(self) -> Json:
        orders = ("lt", "lte", "gt", "gte", "between")
        test = self.operators("number", only=orders, alone=True)
        inner = _object({**test, "missing": {"const": "match"}}, **_one_of(test))
        return _object({"trait": self.traits, "percentile": inner, "among": self.among()}, ["trait", "percentile"])

    def among(self) -> Json:
        return _object({"segment": self.segments}, ["segment"])

    def rank(self) -> Json:
        size = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]}
        keys = {"rank": self.traits, "top": size, "bottom": size, "among": self.among(),
                "ties": {"enum": ["include", "exclude"]}}  # fmt: skip
        return _object(keys, ["rank"], **_one_of(["top", "bottom"]))

    def history(self, subject: str, names: Json) -> Json:
        """Return `has_been ... for` and `changed`, which are asked of a trait and of a segmentation."""
        options = _options("text") if subject == "trait" else {}
        lengths: Json = dict.fromkeys(LENGTH_OPERATORS, _DURATION)
        held = _object(
            {subject: names, "has_been": {"anyOf": [_SCALAR, _list(_SCALAR)]},
             "for": _object(lengths, **_one_of(lengths)), **options},
            [subject, "has_been", "for"], description="There now, and without a break for so long.",
        )  # fmt: skip
        change = _object({"from": _SCALAR, "to": _SCALAR, "within": _DURATION})
        changed = _object({subject: names, "changed": change}, [subject, "changed"])
        return {"anyOf": [held, changed]}

    def labels(self) -> list[Json]:
        """Return the leaf on a label, one for each segmentation whose labels are known."""
        told = {name: labels for name, labels in self.names.labels.items() if labels is not None}
        others = [name for name in self.names.labels if name not in told]
        found = [self.label({"const": name}, {"enum": list(labels)}) for name, labels in told.items()]
        if others or not told:
            found.append(self.label(self.known(others), _SCALAR))
        return found

    def label(self, segmentation: Json, label: Json) -> Json:
        ways = {"is": label, "in": _list(label), "not_in": _list(label)}
        return _object({"segmentation": segmentation, **ways}, ["segmentation"], **_one_of(ways))

    def account(self) -> Json:
        ways = {word: _ref("condition") for word in ("any", "all", "none")}
        return _object({"account": _object(ways, **_one_of(ways))}, ["account"])

    # --------------------------------------------------------------------------------------------------------- events

    @cached_property
    def windows(self) -> Json:
        return {"within": _ref("within"), "between": _ref("span"), "since": _MOMENT, "until": _MOMENT}

    @cached_property
    def one_window(self) -> Json:
        return {"not": {"required": ["within", "between"]}}

    def within(self) -> Json:
        periods = "|".join(PERIODS)
        calendar: dict[str, Json] = {
            "last_full": {"type": "string", "pattern": rf"^\s*([0-9]{{1,4}}\s+)?({periods})s?\s*$"},
            "this": _PERIOD,
            "on": _DATE,
        }
        assert set(calendar) == set(CALENDAR_KEYS)
        return {"anyOf": [_DURATION, *(_object({key: calendar[key]}, [key]) for key in CALENDAR_KEYS)]}

    def event(self) -> Json:
        tests = self.operators("number", only=NUMBER_OPERATORS, alone=True)
        numbers = _object({**tests, "missing": {"const": "match"}}, **_one_of(tests))
        aggregates: Json = dict.fromkeys(("count", *PERIOD_AGGREGATES), numbers)
        for name in AGGREGATES_OF:
            of_numbers = name in ("sum", "avg", "distinct")
            tests = self.operators(
                "number" if of_numbers else None, only=NUMBER_OPERATORS if of_numbers else tuple(OPERATORS), alone=True
            )
            options: Json = {"missing": {"const": "match"}} if of_numbers else _options(None)
            aggregates[name] = _object({"of": self.properties, **tests, **options}, ["of"], **_one_of(tests))
        aggregates |= dict.fromkeys(AGGREGATES_TIME, _TRUE)
        keys = {"did": self.events, **aggregates, **self.windows, "where": _ref("filter")}
        return _object(
            keys, ["did"], **_at_most_one_of(aggregates), allOf=[self.one_window],
            description="The event happened: at least once, or as the aggregate says.",
        )  # fmt: skip

    def measure(self) -> Json:
        """Return what a trait measures: an event with an aggregate that is compared with nothing."""
        counted = {"anyOf": [_TRUE, {"type": "object", "maxProperties": 0}]}
        aggregates: Json = dict.fromkeys(("count", *PERIOD_AGGREGATES), counted)
        aggregates |= dict.fromkeys(AGGREGATES_OF, _object({"of": self.properties}, ["of"]))
        aggregates |= dict.fromkeys(AGGREGATES_TIME, _TRUE)
        keys = {"did": self.events, **aggregates, **self.windows, "where": _ref("filter")}
        return _object(keys, ["did"], **_at_most_one_of(aggregates), allOf=[self.one_window])

    def habit(self) -> Json:
        number = {"type": "integer", "minimum": 1}
        habits = {
            "regularly": _object({"in": number, "of_last": number, "period": _PERIOD}, ["in", "of_last", "period"]),
            "stopped": _object({"active": _DURATION, "then_quiet": _DURATION}, ["active", "then_quiet"]),
            "restarted": _object({"quiet": _DURATION, "then_active": _DURATION}, ["quiet", "then_active"]),
        }
        assert set(habits) == set(HABITS)
        return _object({"did": self.events, **habits, "where": _ref("filter")}, ["did"], **_one_of(habits))

    def sequence(self) -> Json:
        name = {"type": "string", "pattern": f"^{NAME_PATTERN}$", "description": "By which later steps refer to it."}
        rest: Json = {**self.windows, "where": _ref("filter")}
        step = [_object({head: self.events, "as": name, **rest}, [head]) for head in STEP_KEYS]
        steps = _list({"anyOf": step}, 2, MOST_STEPS)
        inner = _object({"match": {"enum": list(MATCHES)}, "steps": steps}, ["steps"])
        return _object({"sequence": inner}, ["sequence"], description="Events one after the other.")


def _value(type_: ValueType | None) -> Json:
    """Return one written value of a type."""
    if type_ in NUMERIC:
        return {"type": "number"}
    if type_ == "boolean":
        return {"type": "boolean"}
    if type_ == "date":
        return _DATE
    return _MOMENT if type_ == "datetime" else _SCALAR


def _options(type_: ValueType | None) -> Json:
    texts: Json = {"case": {"const": "ignore"}, "fold": {"type": "boolean"}}
    return {**(texts if type_ in (None, "text", "list") else {}), "missing": {"const": "match"}}


def _point() -> Json:
    degrees = {"lat": {"type": "number", "minimum": -90, "maximum": 90},
               "lon": {"type": "number", "minimum": -180, "maximum": 180}}  # fmt: skip
    return _object(degrees, ["lat", "lon"])
