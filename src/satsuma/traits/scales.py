"""`scale` over everybody: scores, what is known of how well the scale measures, and places among the respondents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.columns import Column, empty_column
from satsuma.evaluation.context import Evaluation
from satsuma.language.learned_traits import Scale
from satsuma.language.learned_traits.scale import Norm
from satsuma.language.types import Trait
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.plain import told
from satsuma.statistics.psychometrics.items import Answers, read_answers, response, scores
from satsuma.statistics.psychometrics.moments import moments
from satsuma.statistics.psychometrics.norms import Norms, norms
from satsuma.statistics.psychometrics.reliability import cautions, reliability
from satsuma.traits.models import keep, kept_fit, new_fit

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The answers of the respondents of a scale, and everybody's score.

    answers : of the population alone, in the order of `places`; who answered nothing is left out.
    scores : of everybody, shape (size,); NaN where there is none.
    """

    answers: Answers
    scores: Floats


def answered(settings: Scale, evaluation: Evaluation) -> Answered:
    """Return answers and scores of a scale."""
    whole = all_answers(settings, evaluation)
    found = scores(whole.keyed, settings.min_answered, total=settings.score == "sum")
    asked = evaluation.population & ~np.isnan(whole.given).all(axis=1)
    return Answered(Answers(whole.given[asked], whole.reverse, whole.low, whole.high, whole.outside), found)


def all_answers(settings: Scale, evaluation: Evaluation) -> Answers:
    """Return the answers of everybody, in the order of places; those outside the population are counted nowhere."""
    columns = [
        evaluation.column(item.name) if item.measure is None else evaluation.measure(item.measure)
        for item in settings.items
    ]
    values = [column.floats() for column in columns]
    found = read_answers(values, settings.low, settings.high, [item.reverse for item in settings.items])
    outside = [_outside(column[evaluation.population], settings) for column in values]
    return Answers(found.given, found.reverse, found.low, found.high, np.array(outside, np.int64))


def _outside(values: Floats, settings: Scale) -> int:
    return int(np.count_nonzero((values < settings.low) | (values > settings.high)))


def scale_column(trait: Trait, evaluation: Evaluation) -> Column:
    """Return everybody's score, or its place among the respondents; what is known of the scale is kept as its model.

    Without `norm` no value depends on the model, and it is made anew whenever everybody is looked at; with it, the
    norms stay until a refit.
    """
    settings: Scale = trait.settings
    found = answered(settings, evaluation)
    has_norm = settings.norm != "none"
    model = kept_fit(trait.name, evaluation, settings.refit_every) if has_norm else None
    is_new = model is None
    if model is None and evaluation.roster.is_everybody:
        model = described(trait, settings, found, evaluation)
    if not has_norm:
        if model is not None:
            keep(trait.name, model, trait, evaluation, is_new=False)
        return _column(found.scores)
    if model is None or model["norms"] is None:
        if evaluation.roster.is_everybody and model is not None:
            evaluation.warnings.append(f"The trait '{trait.name}' has no values: {model['no_norms']}")
        return empty_column("number", evaluation.size)
    keep(trait.name, model, trait, evaluation, is_new=is_new)
    return _column(normed(found.scores, Norms.from_dict(model["norms"]), settings.norm))


def normed(values: Floats, known: Norms, norm: Norm) -> Floats:
    """Return scores as the definition wants them told."""
    if norm == "none":
        return values
    return known.t_scores(values) if norm == "t" else known.percentiles(values)


def _column(values: Floats) -> Column:
    present = ~np.isnan(values)
    return Column("number", np.where(present, values, 0.0), present)


def described(trait: Trait, settings: Scale, found: Answered, evaluation: Evaluation) -> dict[str, Any]:
    """Return what is known of a scale, in the form that is kept."""
    names = [item.name for item in settings.items]
    how = response(found.answers, settings.min_answered)
    facts: dict[str, Any] = {
        "items": names, "reverse": [item.reverse for item in settings.items], "questions": settings.of_questions,
        "of": [settings.low, settings.high], "min_answered": settings.min_answered, "score": settings.score,
        "norm": settings.norm, "response": told(how), "reliability": None, "word": None, "cautions": [],
        "cannot": None, "norms": None, "no_norms": None,
    }  # fmt: skip
    facts |= _reliability(names, found.answers, settings)
    try:
        facts["norms"] = norms(found.scores[evaluation.population]).as_dict()
    except CannotEstimate as error:
        facts["no_norms"] = str(error)
    unanswered = [name for name, values in zip(names, found.answers.given.T, strict=True) if np.isnan(values).all()]
    if unanswered:
        what = "question" if settings.of_questions else "item"
        listed = ", ".join(f"'{name}'" for name in unanswered)
        evaluation.warnings.append(f"The trait '{trait.name}': nobody has answered the {what} {listed}.")
    return new_fit(trait.name, "scale", how.respondents, evaluation, **facts)


def _reliability(names: list[str], answers: Answers, settings: Scale) -> Mapping[str, Any]:
    """Return how reliably a scale measures, or why that cannot be told."""
    try:
        found = reliability(answers, moments(answers.keyed))
    except CannotEstimate as error:
        return {"cannot": str(error)}
    warned = cautions(names, found, response(answers, settings.min_answered))
    return {"reliability": told(found), "word": found.word, "cautions": told(warned)}
