"""PostHog: cohorts, groups of conditions on persons, on what they did, and on other cohorts.

Meaning as in PostHog's own queries: a negative operator holds for who has no value, a number of times is asked of those
who did it at least once, and a window of days begins with a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from satsuma.catalog import ValueType
from satsuma.language.durations import parse_duration
from satsuma.language.imports.importer import Condition, Importer, Json, Kind, all_of, any_of, counted, missing_too

_TIMES = {"gte": "gte", "lte": "lte", "gt": "gt", "lt": "lt", "eq": "eq", "exact": "eq", None: "eq"}
_ORDERS = {"gt": "gt", "gte": "gte", "lt": "lt", "lte": "lte", "min": "gte", "max": "lte"}
_SEMVER = {"semver_eq": "version_eq", "semver_gt": "version_gt", "semver_gte": "version_gte", "semver_lt": "version_lt",
           "semver_lte": "version_lte"}  # fmt: skip
_UNITS = {"h": "hour", "d": "day", "w": "week", "m": "month", "y": "year"}
#: What PostHog keeps beside a condition and that says nothing of it.
_TECHNICAL = ("bytecode", "conditionHash", "bytecode_error", "label", "cohort_name", "sort_key", "group_type_index")

_WINDOW = "A window of days begins with its first day there, in the project's time zone; here it is exactly that long."
_MISSING = "A negative operator holds there for who has no value; 'missing: match' keeps that."
_CASE = "'icontains' ignores case there; 'case: ignore' keeps that."
_PERIODS = "Periods are counted back from today there; here they are full ones of the calendar."
_RELATIVE = "A relative date may be the beginning of that day there, and has no other end; here it is to the moment."
_REGEX = "Regular expressions are RE2's there and here; of a missing value none holds here."


class PostHog(Importer):
    """Imports one cohort."""

    tool = "posthog"
    title = "PostHog"

    @staticmethod
    def whole(condition: Json) -> str:
        """Return a cohort of one condition, for examples."""
        return json.dumps({"name": "x", "filters": {"properties": {"type": "AND", "values": [condition]}}})

    def head(self, given: Any) -> tuple[str, str, str]:
        if not isinstance(given, dict):
            return "", "", ""
        return "", str(given.get("name") or ""), str(given.get("description") or "")

    def body(self, given: Any) -> tuple[Kind, Json]:
        whole = self.mapping_at(given, "")
        if whole.get("is_static"):
            raise self.refuse("is_static", "A static cohort is a list: export its ids to lists/, one a line.")
        if whole.get("query"):
            raise self.refuse("query", "A cohort that is a query in HogQL has no counterpart.")
        if whole.get("groups") and not whole.get("filters"):
            raise self.refuse("groups", "This is the old form of cohorts; save it once in PostHog to have 'filters'.")
        filters, path = whole, ""
        if "filters" in whole:
            filters, path = self.mapping_at(whole["filters"], "filters"), "filters"
        if filters.get("filterTestAccounts"):
            raise self.refuse(f"{path}.filterTestAccounts", "What a test account is stands in PostHog's settings.")
        if "properties" in filters:
            filters, path = self.mapping_at(filters["properties"], path), f"{path}.properties".lstrip(".")
        return "segment", {"where": self.group(filters, path)}

    def group(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "values"), path)
        word = given.get("type")
        if word not in ("AND", "OR"):
            raise self.refuse(f"{path}.type".lstrip("."), "A group is of the type AND or OR.")
        values = self.list_at(given.get("values"), f"{path}.values".lstrip("."))
        if not values:
            raise self.refuse(f"{path}.values".lstrip("."), "An empty group says nothing.")
        parts = self.each(
            ((item, f"{path}.values[{place}]".lstrip(".")) for place, item in enumerate(values)),
            lambda item, at: self.part(self.mapping_at(item, at), at),
        )
        return all_of(parts) if word == "AND" else any_of(parts)

    def part(self, given: Json, path: str) -> Condition:
        if "values" in given:
            return self.group(given, path)
        kind = given.get("type")
        readers: dict[str, Callable[[Json, str], Condition]] = {
            "person": self._person, "behavioral": self._behavioural, "cohort": self._cohort,
        }  # fmt: skip
        if kind not in readers:
            raise self.refuse(f"{path}.type", f"Conditions of the type '{kind}' have no counterpart.")
        condition = readers[str(kind)](given, path)
        return {"not": condition} if given.get("negation") in (True, "true") else condition

    def _cohort(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "key", "value", "negation", "operator", *_TECHNICAL), path)
        value = given.get("value")
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise self.refuse(f"{path}.value", "A cohort is named by its number.")
        leaf = self.membership(str(value), f"{path}.value")
        operator = given.get("operator")
        if operator not in (None, "in", "exact", "not_in"):
            raise self.refuse(f"{path}.operator", f"'{operator}' is not known of a cohort.")
        return {"not": leaf} if operator == "not_in" else leaf

    def _person(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "key", "value", "operator", "negation", *_TECHNICAL), path)
        name = self.trait(self.text_at(given, "key", path).removeprefix("$"), f"{path}.key")
        return self.test(given, {"trait": name}, self.trait_type(name), path)

    # ------------------------------------------------------------------------------------------------------- operators

    def test(self, given: Json, head: Json, type_: ValueType | None, path: str) -> Condition:
        """Return an operator as the keys of a leaf on a trait or a property."""
        operator, value, at = given.get("operator") or "exact", given.get("value"), f"{path}.value"
        if operator in ("is_set", "is_not_set"):
            return {**head, "is_set" if operator == "is_set" else "not_set": True}
        if operator in ("exact", "is_not"):
            return self._equal(operator, value, head, type_, at)
        if operator in ("icontains", "not_icontains", "icontains_multi", "not_icontains_multi"):
            return self._contains(operator, value, head, at)
        if operator in ("regex", "not_regex"):
            self.differ(path, _REGEX)
            leaf = {**head, "matches" if operator == "regex" else "not_matches": self.pattern(value, at)}
            return leaf if operator == "regex" else self._negative(leaf, path)
        if operator in _ORDERS:
            if type_ in ("date", "datetime"):
                return {**head, _ORDERS[operator]: self.moment(value, at, whole_day=type_ == "date")}
            return {**head, _ORDERS[operator]: self.number_at(self._single(value, at), at)}
        if operator in ("between", "not_between"):
            pair = [self.number_at(item, at) for item in self.list_at(value, at)]
            leaf = {**head, operator: pair}
            return leaf if operator == "between" else self._negative(leaf, path)
        if operator in ("is_date_exact", "is_date_before", "is_date_after"):
            return self._date(operator, self._single(value, at), head, type_, at)
        if operator in _SEMVER:
            return {**head, _SEMVER[operator]: self.version(self._single(value, at), at)}
        raise self.refuse(f"{path}.operator", f"The operator '{operator}' has no counterpart.")

    def _negative(self, leaf: Condition, path: str) -> Condition:
        self.differ(path, _MISSING)
        return missing_too(leaf)

    def _single(self, value: Any, path: str) -> Any:
        if isinstance(value, list):
            if len(value) != 1:
                raise self.refuse(path, "One value is expected here.")
            return value[0]
        return value

    def _equal(self, operator: str, value: Any, head: Json, type_: ValueType | None, path: str) -> Condition:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise self.refuse(path, "A value is expected here.")
        typed = [item if type_ == "list" else self.value(type_, item, path) for item in values]
        if type_ == "list":
            words = ("contains_any", "contains_none")
        else:
            words = ("eq", "neq") if len(typed) == 1 else ("in", "not_in")
        operand = typed if words[0] != "eq" else typed[0]
        if operator == "exact":
            return {**head, words[0]: operand}
        return self._negative({**head, words[1]: operand}, path)

    def _contains(self, operator: str, value: Any, head: Json, path: str) -> Condition:
        self.differ(path, _CASE)
        values = value if isinstance(value, list) else [value]
        denied = operator.startswith("not_")
        leaves = [
            {**head, "not_contains" if denied else "contains": self.value(None, item, path), "case": "ignore"}
            for item in values
        ]
        if not leaves:
            raise self.refuse(path, "A value is expected here.")
        return all_of([self._negative(leaf, path) for leaf in leaves]) if denied else any_of(leaves)

    def _date(self, operator: str, value: Any, head: Json, type_: ValueType | None, path: str) -> Condition:
        if operator != "is_date_exact" and isinstance(value, str) and value.lstrip("-")[:1].isdigit() and (
            value[-1:] in _UNITS and "-" not in value[1:]
        ):  # fmt: skip
            self.differ(path, _RELATIVE)
            length = self._relative(value, path)
            return {**head, "in_last" if operator == "is_date_after" else "more_than_ago": length}
        moment = self.moment(value, path, whole_day=type_ == "date")
        return {**head, {"is_date_exact": "on", "is_date_before": "before", "is_date_after": "after"}[operator]: moment}

    def _relative(self, value: str, path: str) -> str:
        return self.length(value.lstrip("-")[:-1], _UNITS[value[-1]], path)

    # ---------------------------------------------------------------------------------------------------------- events

    def _behavioural(self, given: Json, path: str) -> Condition:
        kinds: dict[str, tuple[Callable[[Json, str, Condition], Condition], tuple[str, ...]]] = {
            "performed_event": (self._did, ()),
            "performed_event_multiple": (self._several, ("operator", "operator_value")),
            "performed_event_first_time": (self._first, ()),
            "stopped_performing_event": (self._stopped, ("seq_time_value", "seq_time_interval")),
            "restarted_performing_event": (self._restarted, ("seq_time_value", "seq_time_interval")),
            "performed_event_regularly": (
                self._regularly, ("operator", "operator_value", "min_periods", "total_periods")
            ),
            "performed_event_sequence": (
                self._sequence, ("seq_event", "seq_event_type", "seq_time_value", "seq_time_interval")
            ),
        }  # fmt: skip
        kind = given.get("value")
        if kind not in kinds:
            raise self.refuse(f"{path}.value", f"'{kind}' is not known here.")
        read, more = kinds[str(kind)]
        shared = ("type", "key", "value", "event_type", "time_value", "time_interval", "explicit_datetime",
                  "explicit_datetime_to", "event_filters", "negation")  # fmt: skip
        self.only({key: item for key, item in given.items() if item is not None}, (*shared, *more, *_TECHNICAL), path)
        if given.get("event_type", "events") != "events":
            raise self.refuse(f"{path}.event_type", "An action is defined in PostHog: name the events it stands for.")
        event = self.event(self.text_at(given, "key", path), f"{path}.key")
        return read(given, path, {"did": event, **self._filters(event, given, path)})

    def _filters(self, event: str, given: Json, path: str) -> Json:
        filters = given.get("event_filters") or []
        parts = self.each(
            ((item, f"{path}.event_filters[{place}]") for place, item in enumerate(self.list_at(filters, path))),
            lambda item, at: self._filter(event, self.mapping_at(item, at), at),
        )
        return {"where": all_of(parts)} if parts else {}

    def _filter(self, event: str, given: Json, path: str) -> Condition:
        self.only(given, ("type", "key", "value", "operator", *_TECHNICAL), path)
        if given.get("type", "event") != "event":
            raise self.refuse(f"{path}.type", "Only properties of the event itself can be filtered by.")
        name = self.property(event, self.text_at(given, "key", path).removeprefix("$"), f"{path}.key")
        return self.test(given, {"prop": name}, None, path)

    def _window(self, given: Json, path: str) -> Json:
        start, end = given.get("explicit_datetime"), given.get("explicit_datetime_to")
        if start is None:
            self.differ(path, _WINDOW)
            interval = str(given.get("time_interval"))
            return {"within": self.length(given.get("time_value"), interval, f"{path}.time_value")}
        lengths = [text[-1:] in _UNITS and text.startswith("-") for text in (str(start), str(end or "-1d"))]
        if all(lengths):
            self.differ(path, _WINDOW)
            oldest = self._relative(str(start), f"{path}.explicit_datetime")
            if end is None:
                return {"within": oldest}
            return {"between": {"from": oldest, "to": self._relative(str(end), f"{path}.explicit_datetime_to")}}
        found: Json = {}
        if not lengths[0]:
            found["since"] = self.moment(start, f"{path}.explicit_datetime")
        if end is not None and not lengths[1]:
            found["until"] = self.moment(end, f"{path}.explicit_datetime_to")
        if len(found) < 1 + (end is not None):
            raise self.refuse(f"{path}.explicit_datetime", "One end is relative and the other is not.")
        return found

    def _did(self, given: Json, path: str, leaf: Condition) -> Condition:
        return {**leaf, **self._window(given, path)}

    def _several(self, given: Json, path: str, leaf: Condition) -> Condition:
        operator = given.get("operator")
        if operator not in _TIMES:
            raise self.refuse(f"{path}.operator", "Times are compared by gte, lte, gt, lt or exactly.")
        number = self.number_at(given.get("operator_value"), f"{path}.operator_value")
        word, leaf = _TIMES[operator], {**leaf, **self._window(given, path)}
        if word in ("lt", "lte"):
            # Who never did it is not counted there: at most three times is one to three times.
            most = int(number) - (word == "lt")
            if most < 1:
                raise self.refuse(f"{path}.operator_value", "Nobody can do it fewer than once there.")
            return counted(leaf, "eq", 1) if most == 1 else {**leaf, "count": {"between": [1, most]}}
        return counted(leaf, word, number)

    def _first(self, given: Json, path: str, leaf: Condition) -> Condition:
        return {**leaf, "first_time": True, **self._window(given, path)}

    def _two_lengths(self, given: Json, path: str) -> tuple[str, str]:
        """Return how long the earlier span is, and the later one."""
        self.differ(path, _WINDOW)
        whole = self.length(given.get("time_value"), str(given.get("time_interval")), f"{path}.time_value")
        recent = self.length(given.get("seq_time_value"), str(given.get("seq_time_interval")), f"{path}.seq_time_value")
        hours = ((parse_duration(whole) or 0) - (parse_duration(recent) or 0)) // (parse_duration("1h") or 1)
        if hours <= 0:
            raise self.refuse(f"{path}.seq_time_value", "The recent time is as long as the whole.")
        return self.hours(hours), recent

    def _stopped(self, given: Json, path: str, leaf: Condition) -> Condition:
        earlier, recent = self._two_lengths(given, path)
        return {**leaf, "stopped": {"active": earlier, "then_quiet": recent}}

    def _restarted(self, given: Json, path: str, leaf: Condition) -> Condition:
        earlier, recent = self._two_lengths(given, path)
        return {**leaf, "restarted": {"quiet": earlier, "then_active": recent}}

    def _regularly(self, given: Json, path: str, leaf: Condition) -> Condition:
        period = given.get("time_interval")
        once = (given.get("operator"), self.number_at(given.get("operator_value"), path)) in (("gte", 1), ("gt", 0))
        if not once or given.get("time_value") not in (1, "1") or period not in ("day", "week", "month", "year"):
            raise self.refuse(
                path, "A habit here is one event at least in so many of the last full days, weeks or months."
            )
        self.differ(path, _PERIODS)
        least = int(self.number_at(given.get("min_periods"), f"{path}.min_periods"))
        of = int(self.number_at(given.get("total_periods"), f"{path}.total_periods"))
        return {**leaf, "regularly": {"in": least, "of_last": of, "period": period}}

    def _sequence(self, given: Json, path: str, leaf: Condition) -> Condition:
        if given.get("seq_event_type", "events") != "events":
            raise self.refuse(
                f"{path}.seq_event_type", "An action is defined in PostHog: name the events it stands for."
            )
        if "where" in leaf:
            raise self.refuse(f"{path}.event_filters", "PostHog itself leaves filters out of a sequence.")
        second = self.event(self.text_at(given, "seq_event", path), f"{path}.seq_event")
        within = self.length(given.get("seq_time_value"), str(given.get("seq_time_interval")), f"{path}.seq_time_value")
        steps = [{**leaf, **self._window(given, path)}, {"did": second, "within": within}]
        return {"sequence": {"match": "any", "steps": steps}}
