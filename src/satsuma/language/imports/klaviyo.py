"""Klaviyo: segments as its API defines them, groups of alternatives that must all hold.

Meaning as Klaviyo's help describes it since April 2023: a property that is not set meets no condition but 'is not set',
as here, and all dates are UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from satsuma.catalog import ValueType
from satsuma.language.imports.importer import Condition, Importer, Json, Kind, all_of, any_of, counted

_NUMBERS = {"equals": "eq", "not-equals": "neq", "greater-than": "gt", "greater-than-or-equal": "gte",
            "less-than": "lt", "less-than-or-equal": "lte"}  # fmt: skip
_TEXTS = {"equals": "eq", "not-equals": "neq", "contains": "contains", "not-contains": "not_contains",
          "starts-with": "starts_with", "not-starts-with": "not_starts_with", "ends-with": "ends_with",
          "not-ends-with": "not_ends_with", "regex": "matches", "nregex": "not_matches"}  # fmt: skip
_SIZES = {"length-equals": "eq", "length-greater-than": "gt", "length-greater-than-or-equal": "gte",
          "length-less-than": "lt", "length-less-than-or-equal": "lte"}  # fmt: skip
_RELATIVE = {"in-the-last": "in_last", "in-the-next": "in_next", "at-least": "more_than_ago"}
_ANNIVERSARIES = {"anniversary": {"this": "day"}, "anniversary-month": {"this": "month"}}
#: Further back than any event.
_EVER = "100y"
_EU = ("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK").split()

_UTC = "Days and times without a zone are UTC there; here they are of the workspace's time zone."
_EMPTY = "A property set to an empty text counts as set there; loading a file makes an empty cell missing here."
_MONEY = "Klaviyo adds up the event's '$value'; here it is 'revenue', the event's money."
_CALLING = "Countries are asked by calling code here; some share theirs (+1 is of the United States and Canada)."
_REACHABLE = "Who can receive marketing without having subscribed is who did not decline, here."
_SUPPRESSED = "Bounces and manual suppressions stop marketing there; consent here knows decisions alone."
_REGION = "Klaviyo goes by the address or place it knows; here it is the trait 'country', in two letters."
_PREDICTED = "This is Klaviyo's own prediction; here it is whatever the trait of this name holds."
_JOINED = "When somebody joined is told on a daily grid here."


class Klaviyo(Importer):
    """Imports one segment."""

    tool = "klaviyo"
    title = "Klaviyo"

    @staticmethod
    def whole(condition: Json) -> str:
        """Return a segment of one condition, for examples."""
        return json.dumps({"name": "x", "definition": {"condition_groups": [{"conditions": [condition]}]}})

    @staticmethod
    def _attributes(given: Any) -> Json:
        """Return what holds name and definition, of an answer of the API or of the segment alone."""
        for key in ("data", "attributes"):
            if isinstance(given, dict) and isinstance(given.get(key), dict):
                given = given[key]
        return given if isinstance(given, dict) else {}

    def head(self, given: Any) -> tuple[str, str, str]:
        return "", str(self._attributes(given).get("name") or ""), ""

    def body(self, given: Any) -> tuple[Kind, Json]:
        attributes = self._attributes(given)
        if isinstance(given, dict) and isinstance(given.get("data"), list):
            raise self.refuse("data", "These are several segments; save one in a file of its own.")
        definition = self.mapping_at(attributes.get("definition", attributes), "definition")
        self.only(definition, ("condition_groups",), "definition")
        path = "definition.condition_groups"
        groups = self.list_at(definition.get("condition_groups"), path)
        if not groups:
            raise self.refuse(path, "A segment without conditions says nothing.")
        parts = self.each(((item, f"{path}[{place}]") for place, item in enumerate(groups)), self._group)
        return "segment", {"where": all_of(parts)}

    def _group(self, given: Any, path: str) -> Condition:
        group = self.mapping_at(given, path)
        self.only(group, ("conditions",), path)
        conditions = self.list_at(group.get("conditions"), f"{path}.conditions")
        if not conditions:
            raise self.refuse(f"{path}.conditions", "A group without conditions says nothing.")
        return any_of(
            self.each(
                ((item, f"{path}.conditions[{place}]") for place, item in enumerate(conditions)),
                lambda item, at: self.condition(self.mapping_at(item, at), at),
            )
        )

    def condition(self, given: Json, path: str) -> Condition:
        readers: dict[str, Callable[[Json, str], Condition]] = {
            "profile-property": self._property,
            "profile-metric": self._metric,
            "profile-group-membership": self._membership,
            "profile-marketing-consent": self._consent,
            "profile-region": self._region,
            "profile-predictive-analytics": self._predicted,
        }
        kind = given.get("type")
        if kind not in readers:
            known = {"profile-postal-code-distance": "use within_km on a place", "profile-has-custom-object":
                     "custom objects are not known here", "profile-permissions": "WhatsApp is not known here",
                     "profile-metric-funnel": "write it as a sequence"}  # fmt: skip
            raise self.refuse(f"{path}.type", f"'{kind}' has no counterpart: {known.get(str(kind), 'unknown')}.")
        return readers[str(kind)](given, path)

    # ------------------------------------------------------------------------------------------------------ properties

    def _property(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "property", "filter"), path)
        theirs = self.text_at(given, "property", path)
        name = self.trait(self._property_name(theirs), f"{path}.property")
        test = self.mapping_at(given.get("filter"), f"{path}.filter")
        return self.test(test, {"trait": name}, self.trait_type(name), f"{path}.filter")

    @staticmethod
    def _property_name(text: str) -> str:
        """Return the name inside `properties['Favorite Color']` or `location['city']`."""
        for opening in ("properties['", "location['"):
            if text.startswith(opening) and text.endswith("']"):
                return text[len(opening) : -2]
        return text.removeprefix("$")

    def test(self, given: Json, head: Json, type_: ValueType | None, path: str) -> Condition:
        """Return a filter as the keys of a leaf on a trait or a property of an event."""
        readers: dict[str, Callable[..., Condition]] = {
            "string": self._text, "numeric": self._number, "boolean": self._boolean, "date": self._date,
            "list": self._list, "existence": self._existence,
        }  # fmt: skip
        kind = given.get("type")
        if kind not in readers:
            raise self.refuse(f"{path}.type", f"A filter of the type '{kind}' is not known here.")
        return readers[str(kind)](given, head, type_, path)

    def _existence(self, given: Json, head: Json, _type: ValueType | None, path: str) -> Condition:
        self.only(given, ("type", "operator"), path)
        word = {"is-set": "is_set", "not-set": "not_set"}.get(str(given.get("operator")))
        if word is None:
            raise self.refuse(f"{path}.operator", "A value is set or not set.")
        self.differ(path, _EMPTY)
        return {**head, word: True}

    def _text(self, given: Json, head: Json, type_: ValueType | None, path: str) -> Condition:
        self.only(given, ("type", "operator", "value"), path)
        operator, value = str(given.get("operator")), given.get("value")
        if operator in ("in", "not-in"):
            typed = [self.value(type_, item, f"{path}.value") for item in self._some(value, path)]
            return {**head, "in" if operator == "in" else "not_in": typed}
        if operator in ("phone-country-code-in", "phone-country-code-not-in"):
            return self._calling(operator, self._some(value, path), head, path)
        word = _TEXTS.get(operator)
        if word is None:
            raise self.refuse(f"{path}.operator", f"The operator '{operator}' has no counterpart.")
        if word in ("matches", "not_matches"):
            return {**head, word: self.pattern(value, f"{path}.value")}
        return {**head, word: self.value(type_ if word in ("eq", "neq") else None, value, f"{path}.value")}

    def _some(self, value: Any, path: str) -> list[Any]:
        items = self.list_at(value, f"{path}.value")
        if not items:
            raise self.refuse(f"{path}.value", "An empty list says nothing.")
        return items

    def _calling(self, operator: str, countries: list[Any], head: Json, path: str) -> Condition:
        import phonenumbers

        codes = [phonenumbers.country_code_for_region(str(item).upper()) for item in countries]
        if 0 in codes:
            raise self.refuse(f"{path}.value", "Countries are written in two letters (US, GB).")
        self.differ(path, _CALLING)
        leaf = {**head, "country_code_in": sorted(set(codes))}
        return leaf if operator.endswith("code-in") else {"all": [{**head, "is_set": True}, {"not": leaf}]}

    def _number(self, given: Json, head: Json, _type: ValueType | None, path: str) -> Condition:
        if given.get("operator") == "between":
            self.only(given, ("type", "operator", "start", "end"), path)
            return {**head, "between": [self.number_at(given.get(end), f"{path}.{end}") for end in ("start", "end")]}
        self.only(given, ("type", "operator", "value"), path)
        word = _NUMBERS.get(str(given.get("operator")))
        if word is None:
            raise self.refuse(f"{path}.operator", f"The operator '{given.get('operator')}' has no counterpart.")
        return {**head, word: self.number_at(given.get("value"), f"{path}.value")}

    def _boolean(self, given: Json, head: Json, _type: ValueType | None, path: str) -> Condition:
        self.only(given, ("type", "operator", "value"), path)
        if given.get("operator") != "equals" or not isinstance(given.get("value"), bool):
            raise self.refuse(path, "A yes or no equals true or false.")
        return {**head, "eq": given["value"]}

    def _list(self, given: Json, head: Json, _type: ValueType | None, path: str) -> Condition:
        self.only(given, ("type", "operator", "value"), path)
        operator, value = str(given.get("operator")), given.get("value")
        if operator in _SIZES:
            return {**head, "size": {_SIZES[operator]: int(self.number_at(value, f"{path}.value"))}}
        if operator in ("contains", "not-contains"):
            items = [self.value(None, value, f"{path}.value")]
        else:
            items = self._some(value, path)
        words = {"contains": "contains_any", "contains-any": "contains_any", "contains-all": "contains_all",
                 "not-contains": "contains_none", "not-contains-any": "contains_none"}  # fmt: skip
        if operator in words:
            return {**head, words[operator]: items}
        if operator == "not-contains-all":
            return {"all": [{**head, "is_set": True}, {"not": {**head, "contains_all": items}}]}
        raise self.refuse(f"{path}.operator", f"The operator '{operator}' has no counterpart.")

    def _date(self, given: Json, head: Json, type_: ValueType | None, path: str) -> Condition:
        operator = str(given.get("operator"))
        self.differ(path, _UTC)
        if "prop" in head and operator in (*_ANNIVERSARIES, "anniversary-last", "anniversary-next"):
            raise self.refuse(path, "Anniversaries are asked of traits here.")
        if operator in ("after", "before"):
            self.only(given, ("type", "operator", "date"), path)
            return {**head, operator: self.moment(given.get("date"), f"{path}.date", whole_day=type_ == "date")}
        if operator == "between-static":
            self.only(given, ("type", "operator", "start", "end"), path)
            ends = [self.moment(given.get(end), f"{path}.{end}", whole_day=type_ == "date") for end in ("start", "end")]
            return {**head, "between": ends}
        if operator in (*_RELATIVE, "anniversary-last", "anniversary-next"):
            self.only(given, ("type", "operator", "unit", "quantity"), path)
            length = self.length(given.get("quantity"), str(given.get("unit")), f"{path}.quantity")
            if operator in _RELATIVE:
                return {**head, _RELATIVE[operator]: length}
            return {**head, "anniversary": {"in_last" if operator.endswith("last") else "in_next": length}}
        if operator == "between":
            return {**head, "between_ago": self._span(given, path)}
        if operator in _ANNIVERSARIES:
            self.only(given, ("type", "operator"), path)
            return {**head, "anniversary": dict(_ANNIVERSARIES[operator])}
        raise self.refuse(f"{path}.operator", f"The operator '{operator}' of dates has no counterpart.")

    def _span(self, given: Json, path: str) -> Json:
        self.only(given, ("type", "operator", "start", "end", "unit"), path)
        ends = sorted(self.number_at(given.get(end), f"{path}.{end}") for end in ("start", "end"))
        unit = str(given.get("unit"))
        oldest = self.length(ends[1], unit, f"{path}.end")
        return {"from": oldest, "to": self.length(ends[0], unit, f"{path}.start")} if ends[0] else {"from": oldest}

    # ---------------------------------------------------------------------------------------------------------- events

    def _metric(self, given: Json, path: str) -> Condition:
        keys = ("type", "metric_id", "measurement", "measurement_filter", "timeframe_filter", "metric_filters")
        self.only(given, keys, path)
        event = self.event(self.text_at(given, "metric_id", path), f"{path}.metric_id")
        leaf: Condition = {"did": event, **self._timeframe(given.get("timeframe_filter"), f"{path}.timeframe_filter")}
        filters = self.list_at(given.get("metric_filters") or [], f"{path}.metric_filters")
        parts = self.each(
            ((item, f"{path}.metric_filters[{place}]") for place, item in enumerate(filters)),
            lambda item, at: self._metric_filter(event, self.mapping_at(item, at), at),
        )
        if parts:
            leaf["where"] = all_of(parts)
        at = f"{path}.measurement_filter"
        test = self._number(self.mapping_at(given.get("measurement_filter"), at), {}, None, at)
        ((operator, number),) = test.items()
        if given.get("measurement") == "count":
            return {**leaf, "count": test} if operator == "between" else counted(leaf, operator, number)
        if given.get("measurement") != "sum":
            raise self.refuse(f"{path}.measurement", "A measurement is count or sum.")
        self.differ(path, _MONEY)
        return {**leaf, "sum": {"of": "revenue", **test}}

    def _metric_filter(self, event: str, given: Json, path: str) -> Condition:
        self.only(given, ("property", "filter"), path)
        theirs = self._property_name(self.text_at(given, "property", path))
        name = self.property(event, "revenue" if theirs == "value" else theirs, f"{path}.property")
        return self.test(self.mapping_at(given.get("filter"), f"{path}.filter"), {"prop": name}, None, f"{path}.filter")

    def _timeframe(self, given: Any, path: str) -> Json:
        """Return the window of an event."""
        frame = self.mapping_at(given, path)
        operator = str(frame.get("operator"))
        if operator == "alltime":
            return {}
        if operator in ("in-the-last", "at-least"):
            self.only(frame, ("type", "operator", "unit", "quantity"), path)
            length = self.length(frame.get("quantity"), str(frame.get("unit")), f"{path}.quantity")
            return {"within": length} if operator == "in-the-last" else {"between": {"from": _EVER, "to": length}}
        if operator == "between":
            return {"between": self._span(frame, path)}
        self.differ(path, _UTC)
        if operator == "after":
            return {"since": self.moment(frame.get("date"), f"{path}.date")}
        if operator == "before":
            return {"until": self.just_before(frame.get("date"), f"{path}.date")}
        if operator == "between-static":
            return {"since": self.moment(frame.get("start"), f"{path}.start"),
                    "until": self.moment(frame.get("end"), f"{path}.end")}  # fmt: skip
        raise self.refuse(f"{path}.operator", f"'{operator}' is no time in which an event can have happened here.")

    # ---------------------------------------------------------------------------------------------------------- others

    def _membership(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "is_member", "group_ids", "timeframe_filter"), path)
        ids = self.list_at(given.get("group_ids"), f"{path}.group_ids")
        if not ids or not isinstance(given.get("is_member"), bool):
            raise self.refuse(path, "Membership says of which groups, and whether somebody is in them.")
        leaves = [self.membership(str(item), f"{path}.group_ids[{place}]") for place, item in enumerate(ids)]
        frame = given.get("timeframe_filter")
        if frame is not None:
            leaves = [self._joined(leaf, frame, f"{path}.timeframe_filter") for leaf in leaves]
        if given["is_member"]:
            return any_of(leaves)
        return {"not": leaves[0]} if len(leaves) == 1 else {"none": leaves}

    def _joined(self, leaf: Condition, frame: Any, path: str) -> Condition:
        window = self._timeframe(frame, path)
        if "in_segment" not in leaf or set(window) != {"within"}:
            raise self.refuse(path, "When somebody joined is asked here of segments, and of the last days.")
        self.differ(path, _JOINED)
        return {"all": [leaf, {"entered": leaf["in_segment"], **window}]}

    def _consent(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "consent"), path)
        path = f"{path}.consent"
        consent = self.mapping_at(given.get("consent"), path)
        self.only(consent, ("channel", "can_receive_marketing", "consent_status"), path)
        status = self.mapping_at(consent.get("consent_status"), f"{path}.consent_status")
        self.only(status, ("subscription", "filters"), f"{path}.consent_status")
        if status.get("filters"):
            raise self.refuse(f"{path}.consent_status.filters", "How and when consent was given is not asked here.")
        theirs = f"{self.text_at(consent, 'channel', path)}_marketing"
        purpose = self.named("purpose", theirs, f"{path}.channel", self.names.purposes)
        able, subscription = consent.get("can_receive_marketing"), status.get("subscription")
        if able is True and subscription == "any":
            self.differ(path, _REACHABLE)
            return {"not": {"consent": purpose, "is": "denied"}}
        words = {(True, "subscribed"): "granted", (True, "never_subscribed"): "unknown", (False, "any"): "denied",
                 (False, "unsubscribed"): "denied", (False, "never_subscribed"): "unknown"}  # fmt: skip
        word = words.get((bool(able), str(subscription)))
        if not isinstance(able, bool) or word is None:
            raise self.refuse(f"{path}.consent_status", "This state of consent has no counterpart.")
        if not able:
            self.differ(path, _SUPPRESSED)
        return {"consent": purpose, "is": word}

    def _region(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "in_region", "region"), path)
        countries = {"european_union": list(_EU), "united_states": ["US"]}.get(str(given.get("region")))
        if countries is None or not isinstance(given.get("in_region"), bool):
            raise self.refuse(f"{path}.region", "A region is european_union or united_states.")
        self.differ(path, _REGION)
        words = ("in", "not_in") if len(countries) > 1 else ("eq", "neq")
        trait = self.trait("country", f"{path}.region")
        return {"trait": trait, words[not given["in_region"]]: countries if len(countries) > 1 else countries[0]}

    def _predicted(self, given: Json, path: str) -> Condition:
        self.only(given, ("type", "dimension", "filter"), path)
        name = self.trait(self.text_at(given, "dimension", path), f"{path}.dimension")
        self.differ(path, _PREDICTED)
        at = f"{path}.filter"
        return self.test(self.mapping_at(given.get("filter"), at), {"trait": name}, self.trait_type(name), at)
