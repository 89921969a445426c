"""Segment (Twilio): audiences and computed traits, as its Public API has them: a query and the kind of profile.

Meaning as Segment's reference of the query language says: `differs` needs a value, as here; `NOT` does not.
"""

from __future__ import annotations

import json
from typing import Any

from satsuma.language.imports.importer import Condition, Importer, Json, Kind, all_of, any_of, counted, missing_too
from satsuma.language.imports.outcome import RefusedError
from satsuma.language.imports.segment_query import Argument, Call, Chain, Expression, Junction, Length, Parser

_ORDERS = {"equals": "eq", "differs": "neq", "greater_than": "gt", "at_least": "gte", "less_than": "lt",
           "at_most": "lte"}  # fmt: skip
_DENIED = {"eq": "neq", "neq": "eq", "gt": "lte", "gte": "lt", "lt": "gte", "lte": "gt"}
_TEXTS = {"starts_with": "starts_with", "ends_with": "ends_with"}
_LENGTHS = {"within_last": "in_last", "within_next": "in_next", "before_last": "more_than_ago",
            "after_next": "more_than_ahead"}  # fmt: skip
_REDUCERS = ("sum", "avg", "max", "min", "mode", "first", "last")
_FILTERS = ("where", "within", "between")

_BORDERS = "Both ends of a relative date belong to it there; here the far end does not."
_OMITS = "'omits' holds there for who has no value; 'missing: match' keeps that."
_CASE = "Segment does not say whether case counts in 'contains' and the like; here it does."
_MODE = "How often the most frequent value must occur at least is not asked here."
_NULLS = "An average, a smallest, a largest, a first and a last over no events are missing here."
_ACCOUNT = "Events of an account are those of all its members here."


class Segment(Importer):
    """Imports one audience or one computed trait."""

    tool = "segment"
    title = "Segment"

    @staticmethod
    def whole(query: str) -> str:
        """Return an audience with a query, for examples; a query without a comparison is a computed trait."""
        return json.dumps({"name": "x", "definition": {"query": query, "type": "USERS"}})

    def parsed(self, text: str) -> Any:
        """Return the value of a JSON text, or a query as it stands."""
        if text.lstrip().startswith(("{", "[")):
            return super().parsed(text)
        return {"definition": {"query": text, "type": "USERS"}}

    @staticmethod
    def _part(given: Any) -> Json:
        """Return the audience or the computed trait inside an answer of the API."""
        for key in ("data", "audience", "computedTrait"):
            if isinstance(given, dict) and isinstance(given.get(key), dict):
                given = given[key]
        return given if isinstance(given, dict) else {}

    def head(self, given: Any) -> tuple[str, str, str]:
        part = self._part(given)
        return str(part.get("key") or ""), str(part.get("name") or ""), str(part.get("description") or "")

    def body(self, given: Any) -> tuple[Kind, Json]:
        part = self._part(given)
        definition = self.mapping_at(part.get("definition", part), "definition")
        self.only(definition, ("query", "type", "targetEntity"), "definition")
        kind = definition.get("type", "USERS")
        if kind not in ("USERS", "ACCOUNTS"):
            raise self.refuse("definition.type", "A definition is of USERS or of ACCOUNTS here.")
        query = definition.get("query")
        if not isinstance(query, str):
            raise self.refuse("definition.query", "The query is missing.")
        expression = Parser(query).parse()
        entity = {"entity": "account"} if kind == "ACCOUNTS" else {}
        if entity:
            self.differ("definition.type", _ACCOUNT)
        if isinstance(expression, Chain) and _is_measured(expression):
            return "trait", {**entity, "from": self.measure(expression)}
        return "segment", {**entity, "where": self.condition(expression)}

    # ------------------------------------------------------------------------------------------------------- conditions

    def condition(self, expression: Expression) -> Condition:
        if isinstance(expression, Chain):
            return self._chain(expression)
        if expression.word in ("AND", "OR"):
            parts = self.each(((part, "") for part in expression.parts), lambda part, _path: self.condition(part))
            return all_of(parts) if expression.word == "AND" else any_of(parts)
        (inner,) = expression.parts
        if expression.word == "NOT":
            return {"not": self.condition(inner)}
        return self._of_members(expression.word, inner, expression.at)

    def _of_members(self, word: str, inner: Expression, at: int) -> Condition:
        """Read ANY and ALL: of an account's members, where that is the same as asking all their events at once."""
        denied = isinstance(inner, Junction) and inner.word == "NOT"
        asked = inner.parts[0] if denied and isinstance(inner, Junction) else inner
        if isinstance(asked, Chain) and asked.calls[0].name == "event" and denied == (word == "ALL"):
            leaf = self._chain(asked)
            if set(leaf) <= {"did", "within", "between", "where"}:
                return {"not_did": leaf.pop("did"), **leaf} if denied else leaf
        raise self._refused(at, f"'{word}' of members is taken of events that happened at all, or never, alone.")

    def _refused(self, at: int, message: str) -> RefusedError:
        return self.refuse(f"query:{at}", message)

    def _chain(self, chain: Chain) -> Condition:
        first, *rest = chain.calls
        if first.name == "event":
            return self._event(chain)
        if first.name != "trait":
            raise self._refused(first.at, f"'{first.name}' begins no condition on a profile.")
        theirs = self._text(first)
        if len(rest) == 1 and theirs in (*self.names.segments, *self.mapping) and theirs not in self.names.traits:
            return self._audience(theirs, rest[0])
        name = self.trait(theirs, f"query:{first.at}")
        return self._compared(rest, {"trait": name}, self.trait_type(name), first.at)

    def _audience(self, theirs: str, comparison: Call) -> Condition:
        """Read another audience, which Segment writes as a trait of yes or no."""
        leaf = self.membership(theirs, f"query:{comparison.at}")
        answers: dict[tuple[str, Any], bool] = {("equals", True): True, ("equals", False): False,
                                                ("differs", True): False, ("differs", False): True}  # fmt: skip
        argument = comparison.arguments[0] if comparison.arguments else None
        if (comparison.name, argument) not in answers:
            raise self._refused(comparison.at, "Of an audience true or false is asked.")
        return leaf if answers[comparison.name, argument] else {"not": leaf}

    def _compared(self, calls: list[Call], head: Json, type_: Any, at: int) -> Condition:
        """Return a comparison as the keys of a leaf."""
        if len(calls) != 1:
            raise self._refused(at, "Exactly one comparison is expected here.")
        (call,) = calls
        path = f"query:{call.at}"
        if call.name in ("absent", "exists"):
            return {**head, "not_set" if call.name == "absent" else "is_set": True}
        if not call.arguments:
            raise self._refused(call.at, f"'{call.name}' needs a value.")
        if call.name in _ORDERS:
            value = self._literal(call.arguments[0], call.at, head)
            if isinstance(value, dict):
                return {**head, _ORDERS[call.name]: value}
            if call.name not in ("equals", "differs") and type_ not in ("date", "datetime"):
                value = self.number_at(value, path)
            return {**head, _ORDERS[call.name]: self.value(type_, value, path)}
        if call.name in _LENGTHS:
            self.differ(path, _BORDERS)
            return {**head, _LENGTHS[call.name]: self._length(call.arguments[0], call.at)}
        values = [self._literal(item, call.at, head) for item in call.arguments]
        if any(isinstance(value, dict) for value in values):
            raise self._refused(call.at, f"'{call.name}' takes plain values.")
        if call.name == "one_of":
            return {**head, "in": [self.value(type_, value, path) for value in values]}
        if call.name in ("before_date", "after_date"):
            moment = self.moment(values[0], path, whole_day=type_ == "date")
            return {**head, "before" if call.name == "before_date" else "after": moment}
        if call.name in ("contains", "omits", *_TEXTS):
            self.differ(path, _CASE)
            if call.name == "contains":
                word = "contains_any" if type_ == "list" else "contains"
                return any_of([{**head, word: [value] if type_ == "list" else value} for value in values])
            if call.name == "omits":
                self.differ(path, _OMITS)
                return all_of([missing_too({**head, "not_contains": value}) for value in values])
            return {**head, _TEXTS[call.name]: values[0]}
        raise self._refused(call.at, f"'{call.name}' has no counterpart.")

    def _text(self, call: Call) -> str:
        if len(call.arguments) == 1 and isinstance(call.arguments[0], str):
            return call.arguments[0]
        raise self._refused(call.at, f"'{call.name}' takes one name in quotes.")

    def _literal(self, argument: Argument, at: int, head: Json) -> Any:
        """Return a value; of a trait, another trait; of a property, one of the event before it."""
        if isinstance(argument, Chain) and len(argument.calls) == 1:
            call = argument.calls[0]
            if call.name == "literal" and call.arguments:
                return self._literal(call.arguments[0], at, head)
            if call.name == "trait" and "trait" in head:
                return {"trait": self.trait(self._text(call), f"query:{call.at}")}
            if call.name == "property" and call.parent and "prop" in head:
                return {"ref": f"first.{self._text(call)}"}
        if isinstance(argument, str | int | float | bool):
            return argument
        raise self._refused(at, "A plain value is expected here.")

    def _length(self, argument: Argument, at: int) -> str:
        if not isinstance(argument, Length):
            raise self._refused(at, "A length such as '7 days' is expected here.")
        return self.length(argument.count, argument.unit, f"query:{at}")

    # ----------------------------------------------------------------------------------------------------------- events

    def _event(self, chain: Chain) -> Condition:
        leaf, nested, rest = self._stream(chain)
        if not rest:
            raise self._refused(chain.at, "A condition on events ends with a comparison: .count() >= 1.")
        reducer, *comparison = rest
        if reducer.name == "unique" and comparison and comparison[0].name == "count":
            test = self._compared(comparison[1:], {}, "integer", reducer.at)
            return {**leaf, "distinct": {"of": self._of(reducer, leaf["did"]), **test}}
        if reducer.name == "count":
            ((word, number),) = self._compared(comparison, {}, "integer", reducer.at).items()
            if word not in _DENIED:
                raise self._refused(reducer.at, "A number of times is compared with a number.")
            if nested is not None:
                return self._sequence(leaf, nested, word, number, reducer.at)
            return counted(leaf, word, number)
        if reducer.name not in _REDUCERS or nested is not None:
            raise self._refused(reducer.at, f"'{reducer.name}' has no counterpart here.")
        self._nulls(reducer)
        tested = self._compared(comparison, {}, None, reducer.at)
        return {**leaf, reducer.name: {"of": self._of(reducer, leaf["did"]), **tested}}

    def measure(self, chain: Chain) -> Condition:
        """Return what a computed trait measures."""
        leaf, nested, rest = self._stream(chain)
        if nested is not None or not rest:
            raise self._refused(chain.at, "A computed trait measures one event.")
        reducer = rest[0]
        if reducer.name == "count":
            return leaf
        if reducer.name == "unique" and len(rest) == 2 and rest[1].name == "count":
            return {**leaf, "distinct": {"of": self._of(reducer, leaf["did"])}}
        if reducer.name not in _REDUCERS or len(rest) > 1:
            raise self._refused(reducer.at, f"'{reducer.name}' has no counterpart here.")
        self._nulls(reducer)
        return {**leaf, reducer.name: {"of": self._of(reducer, leaf["did"])}}

    def _nulls(self, reducer: Call) -> None:
        if reducer.name == "mode" and len(reducer.arguments) > 1:
            self.differ(f"query:{reducer.at}", _MODE)
        elif reducer.name != "sum":
            self.differ(f"query:{reducer.at}", _NULLS)

    def _of(self, reducer: Call, event: str) -> str:
        first = reducer.arguments[0] if reducer.arguments else None
        if isinstance(first, Chain) and len(first.calls) == 1 and first.calls[0].name in ("property", "context"):
            return self.property(event, self._text(first.calls[0]), f"query:{reducer.at}")
        raise self._refused(reducer.at, f"'{reducer.name}' takes a property: {reducer.name}(property('price')).")

    def _stream(self, chain: Chain) -> tuple[Condition, Chain | None, list[Call]]:
        """Return an event with its filters as a leaf, an event asked for after it, and the calls that are left."""
        first, *rest = chain.calls
        event = self.event(self._text(first), f"query:{first.at}")
        leaf: Condition = {"did": event}
        nested: Chain | None = None
        filters: list[Condition] = []
        while rest and rest[0].name in (*_FILTERS, "sources"):
            call = rest.pop(0)
            if call.name == "sources":
                raise self._refused(call.at, "Which source an event came from is not asked here.")
            if call.name == "where":
                conditions, follower = self._where(call, event)
                if nested is not None and follower is not None:
                    raise self._refused(call.at, "One event can follow another, not two.")
                filters += conditions
                nested = nested or follower
            elif call.name in leaf or "within" in leaf or "between" in leaf:
                raise self._refused(call.at, "A condition has one window.")
            else:
                leaf |= self._window(call)
        if filters:
            leaf["where"] = all_of(filters)
        return leaf, nested, rest

    def _window(self, call: Call) -> Json:
        if call.name == "within" and len(call.arguments) == 1:
            return {"within": self._length(call.arguments[0], call.at)}
        if call.name == "between" and len(call.arguments) == 2:
            lengths = sorted(
                call.arguments,
                key=lambda item: item.count * (24 if item.unit == "day" else 1) if isinstance(item, Length) else 0,
            )
            return {"between": {"from": self._length(lengths[1], call.at), "to": self._length(lengths[0], call.at)}}
        raise self._refused(call.at, f"'{call.name}' takes a length, 'between' two of them.")

    def _where(self, call: Call, event: str) -> tuple[list[Condition], Chain | None]:
        """Return the filters of `where`, and the event that must follow, when there is one."""
        if len(call.arguments) != 1 or not isinstance(call.arguments[0], Chain | Junction):
            raise self._refused(call.at, "'where' takes a condition on properties.")
        given = call.arguments[0]
        parts = given.parts if isinstance(given, Junction) and given.word == "AND" else (given,)
        followers = [part for part in parts if isinstance(part, Chain) and part.calls[0].name == "event"]
        if len(followers) > 1:
            raise self._refused(call.at, "One event can follow another, not two.")
        own = [part for part in parts if part not in followers]
        filters = self.each(((part, "") for part in own), lambda part, _path: self._filter(part, event))
        return filters, followers[0] if followers else None

    def _filter(self, expression: Expression, event: str) -> Condition:
        if isinstance(expression, Chain):
            first, *rest = expression.calls
            if first.name not in ("property", "context"):
                raise self._refused(first.at, "A filter asks properties of the event.")
            name = self.property(event, self._text(first), f"query:{first.at}")
            return self._compared(rest, {"prop": name}, None, first.at)
        if expression.word not in ("AND", "OR", "NOT"):
            raise self._refused(expression.at, f"'{expression.word}' has no meaning in a filter.")
        parts = self.each(((part, "") for part in expression.parts), lambda part, _path: self._filter(part, event))
        if expression.word == "NOT":
            return {"not": parts[0]} if parts else {}
        return all_of(parts) if expression.word == "AND" else any_of(parts)

    def _sequence(self, leaf: Condition, nested: Chain, word: str, number: Any, at: int) -> Condition:
        """Return an event and the one that followed it (or did not)."""
        follower, inner, rest = self._follower(nested)
        if (word, number) not in (("gte", 1), ("gt", 0)) or inner is not None:
            raise self._refused(at, "Of events that follow one another it is asked here whether they happened at all.")
        asked = self._compared(rest[1:], {}, "integer", nested.at) if rest and rest[0].name == "count" else {}
        once = asked in ({"gte": 1}, {"gt": 0})
        if not once and asked not in ({"eq": 0}, {"lt": 1}):
            raise self._refused(nested.at, "Of the event that follows it is asked whether it happened or not.")
        if not once:
            follower = {"not_did": follower.pop("did"), **follower}
        return {"sequence": {"match": "any", "steps": [{**leaf, "as": "first"}, follower]}}

    def _follower(self, chain: Chain) -> tuple[Condition, Chain | None, list[Call]]:
        windows = [call for call in chain.calls if call.name in ("within", "between")]
        if len(windows) != 1 or windows[0].name != "within" or not windows[0].parent:
            raise self._refused(chain.at, "The event that follows does so within a time: .within(parent: 5 days).")
        return self._stream(chain)


def _is_measured(chain: Chain) -> bool:
    """Say whether a chain ends with a value, as a computed trait does."""
    return chain.calls[0].name == "event" and chain.calls[-1].name in ("count", *_REDUCERS)
