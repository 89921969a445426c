"""GrowthBook: targeting conditions and saved groups, JSON in the manner of MongoDB.

Meaning as in GrowthBook's JavaScript SDK (`mongrule`): a missing attribute is null there, which is unlike everything,
and 0 where it is compared with a number.
"""

from __future__ import annotations

import json
from typing import Any

from satsuma.language.imports.importer import (
    Condition,
    Importer,
    Json,
    Kind,
    all_of,
    any_of,
    missing_too,
)

_ORDERS = {"$lt": "lt", "$lte": "lte", "$gt": "gt", "$gte": "gte"}
_VERSIONS = {"$veq": "version_eq", "$vlt": "version_lt", "$vlte": "version_lte", "$vgt": "version_gt",
             "$vgte": "version_gte"}  # fmt: skip
_COMPARED_WITH_ZERO = {
    "lt": lambda number: number > 0, "lte": lambda number: number >= 0, "gt": lambda number: number < 0,
    "gte": lambda number: number <= 0, "eq": lambda number: number == 0,
}  # fmt: skip
_GROUPS = ("$and", "$or", "$nor", "$not")

_NULL_IS_ZERO = "A missing attribute counts as 0 there when it is compared with a number; 'missing: match' keeps that."
_NULL_DIFFERS = "A missing attribute is unlike every value there; 'missing: match' keeps that."
_REGEX = "Regular expressions are JavaScript's there and RE2's here; of a missing attribute none holds here."
_VERSION = "Versions that cannot be read are missing here; there they are compared as texts."


class GrowthBook(Importer):
    """Imports one condition or one saved group."""

    tool = "growthbook"
    title = "GrowthBook"
    always = ("Attributes are what the SDK is given at that moment there; here they are traits as of the run.",)

    def head(self, given: Any) -> tuple[str, str, str]:
        group = self._group(given)
        if "condition" not in group and "values" not in group:
            # A condition by itself: a name in it is an attribute.
            return "", "", ""
        return "", str(group.get("name") or group.get("groupName") or ""), str(group.get("description") or "")

    def body(self, given: Any) -> tuple[Kind, Json]:
        return "segment", {"where": self._definition(self.mapping_at(given, ""))}

    def _group(self, given: Any) -> Json:
        inner = given.get("savedGroup") if isinstance(given, dict) else None
        return inner if isinstance(inner, dict) else given if isinstance(given, dict) else {}

    def _definition(self, given: Json) -> Condition:
        group = self._group(given)
        if group.get("type") == "list" or ("values" in group and "attributeKey" in group):
            key = self.text_at(group, "attributeKey", "")
            values = self.list_at(group.get("values"), "values")
            return self._value({"$in": values}, key, "values")
        if "condition" not in group:
            return self.condition(group, "")
        if group.get("savedGroups"):
            raise self.refuse("savedGroups", "Import each saved group by itself and join them with in_segment.")
        condition = group["condition"]
        if isinstance(condition, str):
            try:
                condition = json.loads(condition)
            except json.JSONDecodeError:
                raise self.refuse("condition", "The condition is a text that is not JSON.") from None
        return self.condition(self.mapping_at(condition, "condition"), "condition")

    def condition(self, given: Json, path: str) -> Condition:
        """Return a condition on attributes: all of its keys must hold."""
        return all_of(self.each(((key, f"{path}.{key}".lstrip(".")) for key in given), lambda key, at: self._key(
            key, given[key], at
        )))  # fmt: skip

    def _key(self, key: str, value: Any, path: str) -> Condition:
        if key not in _GROUPS:
            if key.startswith("$"):
                raise self.refuse(path, f"'{key}' is not known here; nothing is left out silently.")
            return self._value(value, key, path)
        if key == "$not":
            return {"not": self.condition(self.mapping_at(value, path), path)}
        items = ((item, f"{path}[{place}]") for place, item in enumerate(self.list_at(value, path)))
        parts = self.each(items, lambda item, at: self.condition(self.mapping_at(item, at), at))
        if key == "$and":
            return all_of(parts)
        if not parts:
            # An empty list of alternatives holds there for everybody.
            return all_of([]) if key == "$or" else {"not": all_of([])}
        return any_of(parts) if key == "$or" else {"none": parts}

    def _value(self, value: Any, attribute: str, path: str) -> Condition:
        """Return what is asked of one attribute."""
        trait = self.trait(attribute, path)
        if value is None:
            return {"trait": trait, "not_set": True}
        if isinstance(value, dict) and value and all(key.startswith("$") for key in value):
            return all_of(
                self.each(
                    ((key, f"{path}.{key}") for key in value), lambda key, at: self._asked(key, value[key], trait, at)
                )
            )
        if isinstance(value, dict | list):
            raise self.refuse(path, "Whole objects and lists are not compared here.")
        return self._equal(trait, value, path)

    def _equal(self, trait: str, value: Any, path: str) -> Condition:
        type_ = self.trait_type(trait)
        if type_ == "list":
            return {"trait": trait, "contains_any": [value]}
        leaf = {"trait": trait, "eq": self.value(type_, value, path)}
        return self._zero(leaf, "eq", value, path)

    def _zero(self, leaf: Condition, operator: str, value: Any, path: str) -> Condition:
        if isinstance(value, bool) or not isinstance(value, int | float) or not _COMPARED_WITH_ZERO[operator](value):
            return leaf
        self.differ(path, _NULL_IS_ZERO)
        return missing_too(leaf)

    def _asked(self, operator: str, value: Any, trait: str, path: str) -> Condition:  # noqa: C901  one row per operator
        type_ = self.trait_type(trait)
        if operator in ("$eq", "$ne"):
            if value is None:
                return {"trait": trait, "not_set" if operator == "$eq" else "is_set": True}
            if type_ == "list":
                raise self.refuse(path, "A list is not compared as a whole here.")
            plain = self.value(type_, value, path)
            if operator == "$eq":
                return {"trait": trait, "eq": plain}
            self.differ(path, _NULL_DIFFERS)
            return missing_too({"trait": trait, "neq": plain})
        if operator in _ORDERS:
            return self._ordered(_ORDERS[operator], value, trait, path)
        if operator == "$exists":
            return {"trait": trait, "is_set" if value else "not_set": True}
        if operator in ("$in", "$nin", "$ini", "$nini"):
            return self._among(operator, value, trait, path)
        if operator in ("$inGroup", "$notInGroup"):
            return self._in_group(operator, value, trait, path)
        if operator == "$not":
            return {"not": self._inner(value, trait, path)}
        if operator in ("$regex", "$regexi"):
            self.differ(path, _REGEX)
            return self._maybe_ignoring_case({"trait": trait, "matches": self.pattern(value, path)}, operator)
        if operator in _VERSIONS or operator == "$vne":
            self.differ(path, _VERSION)
            leaf = {"trait": trait, _VERSIONS.get(operator, "version_eq"): self.version(value, path)}
            return {"not": leaf} if operator == "$vne" else leaf
        if operator == "$size":
            return self._size(value, trait, path)
        if operator in ("$all", "$alli"):
            return self._maybe_ignoring_case({"trait": trait, "contains_all": self._plain(value, path)}, operator)
        if operator == "$elemMatch":
            return self._element(value, trait, path)
        raise self.refuse(path, f"'{operator}' has no counterpart here.")

    @staticmethod
    def _maybe_ignoring_case(leaf: Condition, operator: str) -> Condition:
        return {**leaf, "case": "ignore"} if operator.endswith("i") else leaf

    def _inner(self, value: Any, trait: str, path: str) -> Condition:
        if isinstance(value, dict) and value and all(key.startswith("$") for key in value):
            return all_of([self._asked(key, inner, trait, f"{path}.{key}") for key, inner in value.items()])
        return self._equal(trait, value, path)

    def _ordered(self, operator: str, value: Any, trait: str, path: str) -> Condition:
        type_ = self.trait_type(trait)
        if isinstance(value, str) and type_ not in ("date", "datetime"):
            raise self.refuse(path, "Texts have no order here: compare numbers, dates or versions.")
        return self._zero({"trait": trait, operator: self.value(type_, value, path)}, operator, value, path)

    def _plain(self, value: Any, path: str) -> list[Any]:
        items = self.list_at(value, path)
        if not items or any(isinstance(item, dict | list) or item is None for item in items):
            raise self.refuse(path, "A list of plain values, with one at least, is expected here.")
        return items

    def _among(self, operator: str, value: Any, trait: str, path: str) -> Condition:
        items = self._plain(value, path)
        denied, ignore = operator in ("$nin", "$nini"), operator.endswith("i")
        type_ = self.trait_type(trait)
        words = ("contains_any", "contains_none") if type_ == "list" else ("in", "not_in")
        typed = items if type_ == "list" else [self.value(type_, item, path) for item in items]
        leaf = {"trait": trait, words[denied]: typed, **({"case": "ignore"} if ignore else {})}
        if not denied:
            return leaf
        self.differ(path, _NULL_DIFFERS)
        return missing_too(leaf)

    def _in_group(self, operator: str, value: Any, trait: str, path: str) -> Condition:
        if trait != "customer_id":
            raise self.refuse(
                path, "A saved group is a list of customer ids here, and this asks another attribute; map it to "
                "customer_id, or write the values with $in.",
            )  # fmt: skip
        leaf = {"list": self.named("list", str(value), path, self.names.lists)}
        return {"not": leaf} if operator == "$notInGroup" else leaf

    def _size(self, value: Any, trait: str, path: str) -> Condition:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"trait": trait, "size": value}
        given = self.mapping_at(value, path)
        tests = []
        for key, number in given.items():
            word = {"$eq": "eq", **_ORDERS}.get(key)
            if word is None or not isinstance(number, int):
                raise self.refuse(f"{path}.{key}", "A size is compared with a whole number here.")
            tests.append({"trait": trait, "size": {word: number}})
        return all_of(tests)

    def _element(self, value: Any, trait: str, path: str) -> Condition:
        given = self.mapping_at(value, path)
        if set(given) == {"$eq"}:
            return {"trait": trait, "contains_any": self._plain([given["$eq"]], path)}
        if set(given) == {"$in"}:
            return {"trait": trait, "contains_any": self._plain(given["$in"], path)}
        raise self.refuse(path, "Of a list's elements only equality is asked here ($eq, $in).")
