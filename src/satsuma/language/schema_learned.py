"""What the ways of learning a trait take, for the JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from satsuma.language.durations import DURATION_PATTERN
from satsuma.language.learned_traits import estimate, predict, scale, text

Json = dict[str, Any]

_DURATION: Json = {"type": "string", "pattern": rf"^\s*{DURATION_PATTERN}\s*$"}
_SHARE: Json = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"}]}
_NAMES: Json = {"type": "array", "items": {"type": "string"}, "minItems": 1}


def _one_of(keys: tuple[str, ...]) -> Json:
    return {"oneOf": [{"required": [key]} for key in keys]}


def estimate_schema(events: Json) -> Json:
    """Return the schema of `estimate`."""
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(estimate.QUANTITIES, events),
            "of": {"type": "string"}, "where": {"$ref": "#/$defs/filter"}, "horizon": _DURATION, "margin": _SHARE,
            "discount": _SHARE, "model": {"enum": list(estimate.MODELS)}, "unit": {"enum": list(estimate.UNITS)},
            "contract": _DURATION, "refit_every": _DURATION,
        },
        "additionalProperties": False,
        "description": "What a model of purchases, or of renewals, says of each customer.",
        **_one_of(estimate.QUANTITIES),
    }  # fmt: skip


def predict_schema(events: Json) -> Json:
    """Return the schema of `predict`."""
    shared = {"where": {"$ref": "#/$defs/filter"}, "within": _DURATION}
    comes = {
        "type": "object",
        "properties": {"did": events, "count": {"type": "object"}, "sum": {"type": "object"}, **shared},
        "required": ["did"],
        "additionalProperties": False,
    }
    none = {"type": "object", "properties": {"not_did": events, **shared}, "required": ["not_did"],
            "additionalProperties": False}  # fmt: skip
    among = {"type": "object", "properties": {"segment": {"type": "string"}}, "required": ["segment"],
             "additionalProperties": False}  # fmt: skip
    return {
        "type": "object",
        "properties": {
            "probability_of": {"anyOf": [comes, none]}, "amount_of": comes, "horizon": _DURATION, "for": among,
            "traits": _NAMES, "without": _NAMES, "cutoffs": {"type": "integer", "minimum": 1, "maximum": 24},
            "every": _DURATION, "otherwise": {"enum": ["nothing", "rule"]}, "refit_every": _DURATION,
        },
        "additionalProperties": False,
        "description": "The probability of an event (or of none) within a horizon, or the amount to expect.",
        **_one_of(predict.HEADS),
    }  # fmt: skip


def scale_schema(_events: Json) -> Json:
    """Return the schema of `scale`."""
    name: Json = {"type": ["string", "number"]}
    turned = {"type": "object", "properties": {"reverse": name}, "required": ["reverse"],
              "additionalProperties": False}  # fmt: skip
    items = {"type": "array", "items": {"anyOf": [name, turned]}, "minItems": 1, "maxItems": scale.MOST_ITEMS}
    return {
        "type": "object",
        "properties": {
            "items": items, "questions": items, "survey": {"type": "string"},
            "of": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            "min_answered": {"type": "integer", "minimum": 1}, "score": {"enum": list(scale.SCORES)},
            "norm": {"enum": list(scale.NORMS)}, "refit_every": _DURATION,
        },
        "required": ["of"],
        "additionalProperties": False,
        "description": "One score from several answers.",
        **_one_of(("items", "questions")),
    }  # fmt: skip


def text_schema(_events: Json) -> Json:
    """Return the schema of `text`."""
    name: Json = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(text.ASKED, name), "rating": name,
            "scale": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
            "words": {"enum": list(text.WORD_LISTS)}, "otherwise": {"enum": ["nothing", "words"]},
            "topics": {"type": "integer", "minimum": text.FEWEST_TOPICS, "maximum": text.MOST_TOPICS},
            "names": {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
            "refit_every": _DURATION,
        },
        "additionalProperties": False,
        "description": "What a text is in, about, and how it sounds.",
        **_one_of(text.ASKED),
    }  # fmt: skip


#: By the key of a definition: the schema, given that of names of events.
WAY_SCHEMAS: Mapping[str, Callable[[Json], Json]] = {
    "estimate": estimate_schema, "predict": predict_schema, "scale": scale_schema, "text": text_schema,
}  # fmt: skip
