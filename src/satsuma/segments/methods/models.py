"""Fits that are kept as models, so that labels do not move because somebody pressed run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.types import Segmentation

#: Raised when the shape of a model changes: an older one is fitted anew.
FORM = 1

#: A fit on fewer customers than this part of today's deserves a word.
OUTGROWN = 0.5


def kept_model(segmentation: Segmentation, evaluation: Evaluation) -> Mapping[str, Any] | None:
    """Return the kept fit that labels are to come from, or None when one is to be made."""
    if evaluation.wants_fit(segmentation.name):
        return None
    model = evaluation.models.get(segmentation.name)
    if model is None or model.get("form") != FORM or model.get("method") != segmentation.method:
        return None
    return model


def new_model(segmentation: Segmentation, customers: int, **fit: Any) -> dict[str, Any]:
    """Return a fit in the form that is kept: plain JSON with how many customers it was made on."""
    return {"form": FORM, "method": segmentation.method, "customers": int(customers), **fit}


def warn_if_outgrown(
    segmentation: Segmentation, model: Mapping[str, Any], customers: int, evaluation: Evaluation
) -> None:
    """Say when a kept fit was made on far fewer customers than there are now."""
    fitted = int(model["customers"])
    if fitted < OUTGROWN * customers and evaluation.roster.is_everybody:
        evaluation.warnings.append(
            f"The segmentation '{segmentation.name}' still uses what was fitted on {fitted:,} customers; now there are "
            f"{customers:,}. To fit it anew: satsuma run --refit"
        )


def numbers_out(values: Iterable[float]) -> list[float | None]:
    """Return numbers as JSON has them: an infinite one is null."""
    return [None if math.isinf(value) else float(value) for value in values]


def numbers_in(values: Iterable[float | None]) -> NDArray[np.float64]:
    """Return numbers from JSON: null is infinity."""
    return np.array([np.inf if value is None else value for value in values], np.float64)


def labelled(
    names: tuple[str, ...], codes: NDArray[Any], evaluation: Evaluation, *, model: Mapping[str, Any] | None = None,
    refitted: bool = False, scores: Mapping[str, NDArray[np.int8]] | None = None,
) -> Labels:  # fmt: skip
    """Return labels with nobody outside the population.

    Parameters
    ----------
    codes : indices into `names`, for every customer number.
    """
    within = np.where(evaluation.population, codes, -1).astype(np.int16)
    return Labels(names=names, codes=within, model=model, refitted=refitted, scores=scores or {})
