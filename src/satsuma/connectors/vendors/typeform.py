"""What Typeform's file cannot say: answers stand under a key of their kind; what they can be, the form says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from satsuma.connectors.calls import Asking
from satsuma.connectors.vendors.parts import chosen, records_at

__all__ = ["answer_scale", "answer_score", "answer_text", "chosen_forms", "question_name"]

#: Points of the kinds of questions that are answered on a scale, where the form does not say how many.
_STEPS = {"opinion_scale": 11, "rating": 5}


def chosen_forms(body: Any, asking: Asking) -> list[dict[str, Any]]:
    """Return the forms that the source reads."""
    return chosen(records_at(body, "items"), asking, "forms")


def question_name(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return what a question is called: what the setting `item` says, else its id."""
    field = value if isinstance(value, dict) else {}
    wanted = places["$settings"].get("item")
    question = _question(field, places)
    found = question.get("title") if wanted == "title" else field.get(str(wanted))
    return found or field.get("ref") or field.get("id")


def answer_text(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001  the signature of `as`
    """Return an answer as a text, whatever kind it is of; several choices as `a, b`."""
    answer = value if isinstance(value, dict) else {}
    told = answer.get(str(answer.get("type")))
    if isinstance(told, bool):
        return "yes" if told else "no"
    if isinstance(told, dict):
        labels = told.get("labels")
        parts = [*labels] if isinstance(labels, list) else []
        parts += [told[key] for key in ("label", "other", "name", "amount") if told.get(key)]
        return ", ".join(str(part) for part in parts) or None
    return None if told is None else str(told)


def answer_score(value: Any, places: Mapping[str, Any]) -> str | None:  # noqa: ARG001  the signature of `as`
    """Return an answer as a number, if it is one; yes is 1 and no 0."""
    answer = value if isinstance(value, dict) else {}
    told = answer.get(str(answer.get("type")))
    if isinstance(told, bool):
        return "1" if told else "0"
    return str(told) if isinstance(told, int | float) else None


def answer_scale(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return the lowest and the highest answer to a question, `1 to 5`; None where it has none."""
    field = value if isinstance(value, dict) else {}
    question = _question(field, places)
    kind = question.get("type") or field.get("type")
    properties = question.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    if kind == "nps":
        return "0 to 10"
    if kind == "yes_no":
        return "0 to 1"
    if kind not in _STEPS:
        return None
    steps = properties.get("steps")
    steps = steps if isinstance(steps, int) else _STEPS[kind]
    starts_at_one = kind == "rating" or properties.get("start_at_one") is True
    return f"1 to {steps}" if starts_at_one else f"0 to {steps - 1}"


def _question(field: Mapping[str, Any], places: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the form says of a question."""
    form = places.get("$each")
    fields = form.get("fields") if isinstance(form, dict) else None
    return next((item for item in _all(fields) if item.get("id") == field.get("id")), {})


def _all(fields: Any) -> Iterator[dict[str, Any]]:
    """Give all questions of a form, those in groups too."""
    for item in fields if isinstance(fields, list) else ():
        if isinstance(item, dict):
            yield item
            properties = item.get("properties")
            yield from _all(properties.get("fields") if isinstance(properties, dict) else None)
