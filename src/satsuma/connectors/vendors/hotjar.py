"""What Hotjar's file cannot say: what a question is called and what its answers can be stands in the survey."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satsuma.connectors.calls import Asking
from satsuma.connectors.vendors.parts import chosen, records_at

__all__ = ["answer_scale", "answer_score", "chosen_surveys", "question_name"]

#: The kinds of questions that are answered by a number, with the lowest and the highest.
_SCALES = {"nps": "0 to 10", "rating": "1 to 5", "rating-scale-5": "1 to 5", "rating-scale-7": "1 to 7"}


def chosen_surveys(body: Any, asking: Asking) -> list[dict[str, Any]]:
    """Return the surveys that the source reads."""
    return chosen(records_at(body, "results"), asking, "surveys")


def question_name(value: Any, places: Mapping[str, Any]) -> str:
    """Return what a question is called, as the setting `item` says."""
    wanted = places["$settings"].get("item")
    return str((_question(value, places).get("text") if wanted == "text" else None) or value)


def answer_scale(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return the lowest and the highest answer to a question; None where it has none."""
    return _SCALES.get(str(_question(value, places).get("type")))


def answer_score(value: Any, places: Mapping[str, Any]) -> str | None:
    """Return an answer as a number where its question is answered by one: a text may be all digits and mean none."""
    question = places["@"].get("question_id") if isinstance(places["@"], dict) else None
    return str(value) if answer_scale(question, places) is not None and _is_number(value) else None


def _is_number(value: Any) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _question(number: Any, places: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the survey says of a question."""
    survey = places.get("$each")
    questions = survey.get("questions") if isinstance(survey, dict) else None
    found = (item for item in questions if isinstance(item, dict)) if isinstance(questions, list) else iter(())
    return next((item for item in found if str(item.get("id")) == str(number)), {})
