"""What each setting of a method of segmentations takes, for the JSON Schema.

`x-required` marks what must be there, `x-names` what names something that the workspace knows; both are for the maker
of the schema and do not appear in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.language.durations import DURATION_PATTERN
from satsuma.language.standard_methods.clusters import MOST_GROUPS, SAMPLE, USING
from satsuma.language.standard_methods.rfm import PARTS, SCORINGS
from satsuma.language.standard_methods.rfm_maps import PRESETS

Json = dict[str, Any]

_SCALAR: Json = {"type": ["string", "number", "boolean"]}
_LABEL: Json = {"type": ["string", "number", "boolean"], "description": "A label."}
_LABELS: Json = {"type": "array", "items": _SCALAR, "minItems": 1}
_DURATION: Json = {"type": "string", "pattern": rf"^\s*{DURATION_PATTERN}\s*$"}
_WINDOW: Json = {"anyOf": [{"$ref": "#/$defs/within"}, {"type": "null"}], "description": "Only this time counts."}
_POSITIVE: Json = {"type": "number", "exclusiveMinimum": 0}
_MOST: Json = {"type": "integer", "minimum": 1, "maximum": 1000, "description": "How many get a label of their own."}
_NAME: Json = {"type": "string"}
_PART: Json = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]}
_GROUPS: Json = {"type": "integer", "minimum": 2, "maximum": MOST_GROUPS}
_PARTS: Json = {"type": "array", "items": _PART, "minItems": 1}
_THRESHOLDS: Json = {"type": "array", "items": {"anyOf": [{"type": "number"}, _DURATION]}, "minItems": 1}

SETTINGS_SCHEMAS: Mapping[str, Mapping[str, Json]] = {
    "bands": {
        "trait": {"x-required": True},
        "cuts": _LABELS,
        "quantiles": {"type": "integer", "minimum": 2, "maximum": 100},
        "values": {
            "anyOf": [
                {"const": "all"},
                _LABELS,
                {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [_SCALAR, _LABELS]}},
            ]
        },
        "labels": _LABELS,
        "missing": _LABEL,
        "otherwise": _LABEL,
        "most": _MOST,
    },
    "value": {
        "trait": {"x-required": True},
        "shares": _PARTS,
        "quantiles": {"type": "integer", "minimum": 2, "maximum": 100},
        "cuts": _PARTS,
        "labels": _LABELS,
        "missing": _LABEL,
    },
    "prediction": {
        "trait": {"x-required": True},
        "cuts": _PARTS,
        "quantiles": {"type": "integer", "minimum": 2, "maximum": 100},
        "gain": {
            "type": "object",
            "properties": {"value": {"type": "string"}, "effect": _PART, "cost": _PART},
            "additionalProperties": False,
        },
        "labels": _LABELS,
        "missing": _LABEL,
    },
    "rules": {
        "rules": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {"label": _LABEL, "where": {"$ref": "#/$defs/condition"}},
                "required": ["label", "where"],
                "additionalProperties": False,
            },
            "x-required": True,
        },
        "otherwise": _LABEL,
    },
    "rfm": {
        "event": {},
        "value": {"x-names": "property"},
        "window": _WINDOW,
        "scores": {"type": "integer", "minimum": 2, "maximum": 9},
        "scoring": {"enum": list(SCORINGS)},
        "thresholds": {
            "type": "object",
            "properties": dict.fromkeys(PARTS, _THRESHOLDS),
            "required": list(PARTS),
            "additionalProperties": False,
        },
        "map": {
            "anyOf": [
                {"enum": list(PRESETS)},
                {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [_SCALAR, _LABELS]}},
            ]
        },
        "map_file": _NAME,
        "otherwise": _LABEL,
    },
    "lifecycle": {
        "event": {},
        "slipping_after": _POSITIVE,
        "lapsed_after": _POSITIVE,
        "weight": _POSITIVE,
        "shortest": _DURATION,
        "typical": _DURATION,
    },
    "affinity": {
        "event": {},
        "of": {"x-names": "property", "x-required": True},
        "by": {"anyOf": [{"const": "count"}, _NAME]},
        "window": _WINDOW,
        "at_least": {"type": "integer", "minimum": 1},
        "index": {"type": "number", "exclusiveMinimum": 100},
        "most": _MOST,
        "otherwise": _LABEL,
    },
    "clusters": {
        "traits": {"type": "array", "items": _NAME, "minItems": 1, "x-required": True},
        "using": {"enum": list(USING)},
        "groups": {
            "anyOf": [
                {"const": "auto"},
                _GROUPS,
                {
                    "type": "object",
                    "properties": {"from": _GROUPS, "to": _GROUPS},
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
            ]
        },
        "among": {
            "type": "object",
            "properties": {"segment": _NAME},
            "required": ["segment"],
            "additionalProperties": False,
        },
        "names": {"type": "object", "minProperties": 1, "additionalProperties": _SCALAR},
        "at_least": _PART,
        "carry_over": {
            "type": "object",
            "properties": {"traits": {"type": "array", "items": _NAME, "minItems": 1}, "at_least": _PART},
            "required": ["traits"],
            "additionalProperties": False,
        },
        "allow_sensitive": {"type": "array", "items": _NAME, "minItems": 1},
        "sample": {"type": "integer", "minimum": SAMPLE[0], "maximum": SAMPLE[1]},
        "seed": {"type": "integer", "minimum": 0},
        "refit_every": _DURATION,
        "missing": _LABEL,
        "unclear": _LABEL,
        "others": _LABEL,
    },
    "cross": {"of": {"x-names": "segmentations", "x-required": True}, "most": _MOST, "otherwise": _LABEL},
}
