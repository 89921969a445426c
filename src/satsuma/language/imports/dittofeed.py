"""Dittofeed: segment definitions, a tree of nodes that name each other.

Meaning as in Dittofeed's own evaluation: a missing trait is an empty text there, and a comparison of times has no
upper end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from satsuma.language.imports.importer import (
    EVERYBODY,
    Condition,
    Importer,
    Json,
    Kind,
    all_of,
    any_of,
    counted,
    missing_too,
)

_COUNTS = {"=": "eq", ">=": "gte", "<": "lt"}
_HELD = {"GTE": "gte", "LT": "lt"}

_EMPTY = "An empty text counts as absent there; 'is_empty' and 'not_empty' keep that for texts."
_MISSING = "A missing value is unlike every value there; 'missing: match' keeps that."
_NO_END = "A window has no upper end there: what lies in the future is in it; here it ends at the moment."
_ONCE = "Without a number Dittofeed means exactly once, not at least once."
_LAST = "The last event is the last that has the property here; there it is the last of all that qualify."
_RANDOM = "The share is as large, and it is drawn from other digits: other people are in it."
_OPT_OUT = "Of a group to opt out of, who never decided is a subscriber."
_GROUP = "A subscription group is a purpose of consent here."


class Dittofeed(Importer):
    """Imports one segment."""

    tool = "dittofeed"
    title = "Dittofeed"

    @staticmethod
    def whole(node: Json) -> str:
        """Return a segment of one node, for examples."""
        return json.dumps({"name": "x", "definition": {"entryNode": {"id": "1", **node}, "nodes": []}})

    def head(self, given: Any) -> tuple[str, str, str]:
        return "", str(given.get("name") or "") if isinstance(given, dict) else "", ""

    def body(self, given: Any) -> tuple[Kind, Json]:
        whole = self.mapping_at(given, "")
        self.segment_name = str(whole.get("name") or self.name)
        definition = self.mapping_at(whole.get("definition", whole), "definition")
        path = "definition" if "definition" in whole else ""
        self.only(definition, ("entryNode", "nodes"), path)
        self.nodes: dict[str, tuple[Json, str]] = {}
        for place, node in enumerate(self.list_at(definition.get("nodes", []), f"{path}.nodes".lstrip("."))):
            at = f"{path}.nodes[{place}]".lstrip(".")
            self.nodes[self.text_at(self.mapping_at(node, at), "id", at)] = (node, at)
        entry = f"{path}.entryNode".lstrip(".")
        return "segment", {"where": self.node(self.mapping_at(definition.get("entryNode"), entry), entry, ())}

    def node(self, node: Json, path: str, above: tuple[str, ...]) -> Condition:
        kind = node.get("type")
        if kind in ("And", "Or"):
            self.only(node, ("type", "id", "children"), path)
            children = self.list_at(node.get("children"), f"{path}.children")
            if not children:
                raise self.refuse(path, f"'{kind}' has no children.")
            parts = self.each(
                ((child, f"{path}.children[{place}]") for place, child in enumerate(children)),
                lambda child, at: self._child(child, at, above),
            )
            return all_of(parts) if kind == "And" else any_of(parts)
        readers: dict[str, Callable[[Json, str], Condition]] = {
            "Trait": self._trait,
            "Performed": self._performed,
            "LastPerformed": self._last,
            "Email": self._email,
            "SubscriptionGroup": self._subscription,
            "SubscriptionGroupUnsubscribed": self._subscription,
            "RandomBucket": self._random,
            "Everyone": lambda _node, _path: dict(EVERYBODY),
            "Manual": self._manual,
            "Includes": self._includes,
            "NotIncludes": self._includes,
        }
        if kind not in readers:
            known = {"Broadcast": "who a broadcast was sent to is not kept here",
                     "KeyedPerformed": "a key comes from a journey that is under way"}  # fmt: skip
            raise self.refuse(
                f"{path}.type", f"The node '{kind}' has no counterpart: {known.get(str(kind), 'unknown')}."
            )
        return readers[str(kind)](node, path)

    def _child(self, child: Any, path: str, above: tuple[str, ...]) -> Condition:
        if child not in self.nodes or child in above:
            what = "names itself above" if child in above else "is not among the nodes"
            raise self.refuse(path, f"The node '{child}' {what}.")
        node, at = self.nodes[child]
        return self.node(node, at, (*above, child))

    # ------------------------------------------------------------------------------------------------------- operators

    def test(self, operator: Any, head: Json, type_: Any, path: str) -> Condition:
        """Return an operator as the keys of a leaf on a trait or a property."""
        given = self.mapping_at(operator, path)
        kind, value = given.get("type"), given.get("value")
        allowed = {
            "Equals": ("value",), "NotEquals": ("value",), "GreaterThanOrEqual": ("value",), "LessThan": ("value",),
            "Within": ("windowSeconds",), "NotWithin": ("windowSeconds",), "Exists": (), "NotExists": (),
            "AbsoluteTimestamp": ("absoluteTimestamp", "direction"),
            "HasBeen": ("comparator", "value", "windowSeconds"),
        }.get(str(kind))  # fmt: skip
        if allowed is None:
            raise self.refuse(f"{path}.type", f"The operator '{kind}' is not known here.")
        self.only(given, ("type", *allowed), path)
        if kind in ("Exists", "NotExists") or (kind in ("Equals", "NotEquals") and value == ""):
            absent = kind in ("NotExists", "Equals")
            words = ("not_empty", "is_empty") if type_ in (None, "text", "list") else ("is_set", "not_set")
            if type_ in (None, "text", "list"):
                self.differ(path, _EMPTY)
            return {**head, words[absent]: True}
        if kind == "Equals":
            return {**head, "eq": self.value(type_, value, path)}
        if kind == "NotEquals":
            self.differ(path, _MISSING)
            return missing_too({**head, "neq": self.value(type_, value, path)})
        if kind in ("GreaterThanOrEqual", "LessThan"):
            return {**head, "gte" if kind == "GreaterThanOrEqual" else "lt": self.number_at(value, path)}
        if kind in ("Within", "NotWithin"):
            self.differ(path, _NO_END)
            return {
                **head,
                "in_last" if kind == "Within" else "more_than_ago": self.seconds(given["windowSeconds"], path),
            }
        if kind == "AbsoluteTimestamp":
            word = {"after": "gte", "before": "lt"}.get(str(given.get("direction", "after")).lower())
            if word is None:
                raise self.refuse(f"{path}.direction", "A direction is after or before.")
            return {**head, word: self.moment(given.get("absoluteTimestamp"), path, whole_day=type_ == "date")}
        if "trait" not in head:
            raise self.refuse(path, "How long something has been so is asked of a trait, not of an event.")
        word = _HELD.get(str(given.get("comparator")))
        if word is None:
            raise self.refuse(f"{path}.comparator", "A comparator is GTE or LT.")
        return {**head, "has_been": self.value(type_, value, path),
                "for": {word: self.seconds(given.get("windowSeconds"), path)}}  # fmt: skip

    @staticmethod
    def _plain_path(path: str) -> str:
        """Return the name that a JSON path means: `$.plan.name` is `plan.name`."""
        return path.removeprefix("$").lstrip(".").strip("[]'\"")

    def _trait(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "path", "operator"), path)
        name = self.trait(self._plain_path(self.text_at(node, "path", path)), f"{path}.path")
        return self.test(node.get("operator"), {"trait": name}, self.trait_type(name), f"{path}.operator")

    def _includes(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "path", "item"), path)
        name = self.trait(self._plain_path(self.text_at(node, "path", path)), f"{path}.path")
        item = [self.text_at(node, "item", path)]
        if node["type"] == "Includes":
            return {"trait": name, "contains_any": item}
        self.differ(path, _MISSING)
        return missing_too({"trait": name, "contains_none": item})

    # ---------------------------------------------------------------------------------------------------------- events

    def filter(self, event: str, given: Any, path: str) -> Json:
        """Return `where` for the properties that an event must have; nothing where there are none."""
        items = self.list_at(given or [], path)
        parts = self.each(
            ((item, f"{path}[{place}]") for place, item in enumerate(items)),
            lambda item, at: self._property(event, self.mapping_at(item, at), at),
        )
        return {"where": all_of(parts)} if parts else {}

    def _property(self, event: str, item: Json, path: str) -> Condition:
        self.only(item, ("path", "operator"), path)
        name = self.property(event, self._plain_path(self.text_at(item, "path", path)), f"{path}.path")
        return self.test(item.get("operator"), {"prop": name}, None, f"{path}.operator")

    def _performed(self, node: Json, path: str) -> Condition:
        keys = ("type", "id", "event", "times", "timesOperator", "timeOperator", "withinSeconds", "absoluteTimestamp")
        self.only(node, (*keys, "properties"), path)
        event = self.event(self.text_at(node, "event", path), f"{path}.event")
        leaf = {
            "did": event,
            **self._window(node, path),
            **self.filter(event, node.get("properties"), f"{path}.properties"),
        }
        operator = _COUNTS.get(str(node.get("timesOperator") or "="))
        if operator is None:
            raise self.refuse(f"{path}.timesOperator", "Times are compared by =, >= or <.")
        times = 1 if node.get("times") is None else self.number_at(node["times"], f"{path}.times")
        if operator == "eq" and times == 1:
            self.differ(path, _ONCE)
        return counted(leaf, operator, times)

    def _window(self, node: Json, path: str) -> Json:
        how = node.get("timeOperator") or ("within" if node.get("withinSeconds") is not None else None)
        if how is None:
            return {}
        if how == "within":
            self.differ(path, _NO_END)
            return {"within": self.seconds(node.get("withinSeconds"), f"{path}.withinSeconds")}
        at = f"{path}.absoluteTimestamp"
        if how in ("after-absolute", "afterAbsolute"):
            return {"since": self.moment(node.get("absoluteTimestamp"), at)}
        if how in ("before-absolute", "beforeAbsolute"):
            return {"until": self.just_before(node.get("absoluteTimestamp"), at)}
        raise self.refuse(f"{path}.timeOperator", f"'{how}' is not known here.")

    def _last(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "event", "whereProperties", "hasProperties"), path)
        event = self.event(self.text_at(node, "event", path), f"{path}.event")
        where = self.filter(event, node.get("whereProperties"), f"{path}.whereProperties")
        asked = self.list_at(node.get("hasProperties") or [], f"{path}.hasProperties")
        if not asked:
            return {"did": event, **where}
        self.differ(path, _LAST)
        return all_of(
            self.each(
                ((item, f"{path}.hasProperties[{place}]") for place, item in enumerate(asked)),
                lambda item, at: self._has(event, self.mapping_at(item, at), where, at),
            )
        )

    def _has(self, event: str, item: Json, where: Json, path: str) -> Condition:
        tested = self._property(event, item, path)
        return {"did": event, "last": {"of": tested.pop("prop"), **tested}, **where}

    def _email(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "event", "times", "templateId"), path)
        event = self.event(self.text_at(node, "event", path), f"{path}.event")
        template = self.property(event, "templateId", f"{path}.templateId")
        leaf = {"did": event, "where": {"prop": template, "eq": self.text_at(node, "templateId", path)}}
        times = 1 if node.get("times") is None else self.number_at(node["times"], f"{path}.times")
        return counted(leaf, "gte", times)

    # ---------------------------------------------------------------------------------------------------------- others

    def _subscription(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "subscriptionGroupId", "subscriptionGroupType"), path)
        theirs = self.text_at(node, "subscriptionGroupId", path)
        purpose = self.named("purpose", theirs, f"{path}.subscriptionGroupId", self.names.purposes)
        self.differ(path, _GROUP)
        if node["type"] == "SubscriptionGroupUnsubscribed":
            return {"consent": purpose, "is": "denied"}
        if node.get("subscriptionGroupType") == "OptOut":
            self.differ(path, _OPT_OUT)
            return {"not": {"consent": purpose, "is": "denied"}}
        return {"consent": purpose, "is": "granted"}

    def _random(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "percent"), path)
        share = self.number_at(node.get("percent"), f"{path}.percent")
        if not 0 < share <= 1:
            raise self.refuse(f"{path}.percent", "A share is a number above 0 and up to 1 there.")
        self.differ(path, _RANDOM)
        percent = round(share * 100, 6)
        return {"random": {"percent": int(percent) if percent == int(percent) else percent, "salt": self.segment_name}}

    def _manual(self, node: Json, path: str) -> Condition:
        self.only(node, ("type", "id", "version"), path)
        return {"list": self.named("list", self.segment_name, path, self.names.lists)}
