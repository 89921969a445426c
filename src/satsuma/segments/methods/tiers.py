"""Labels by what customers are worth, or by what is predicted of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.standard_methods import TierSettings
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model, numbers_in, numbers_out, warn_if_outgrown
from satsuma.statistics.quantiles import interval_of
from satsuma.statistics.rfm import value_cuts
from satsuma.statistics.tiers import holdings, share_cuts

Floats = NDArray[np.float64]


def tier_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer a tier; what is cut by the data is fitted once and kept."""
    settings: TierSettings = segmentation.settings
    values = evaluation.column(settings.trait).floats()
    if settings.gain is not None:
        gain = settings.gain
        worth = 1.0 if gain.value is None else evaluation.column(gain.value).floats()
        values = values * gain.effect * worth - gain.cost
    known = np.flatnonzero(np.isfinite(values) & evaluation.population)
    cuts, model, refitted = _cuts(segmentation, settings, values[known], evaluation)
    codes = np.full(evaluation.size, len(settings.names), np.int64)
    place = interval_of(values[known], cuts)
    # Shares count from the top.
    codes[known] = len(cuts) - place if settings.way == "shares" else place
    found = labelled((*settings.names, settings.missing), codes, evaluation, model=model, refitted=refitted)
    return Labels(names=found.names, codes=found.codes, model=found.model, refitted=found.refitted,
                  facts=_facts(segmentation, values, found, known))  # fmt: skip


def _cuts(
    segmentation: Segmentation, settings: TierSettings, values: Floats, evaluation: Evaluation
) -> tuple[Floats, Any, bool]:
    """Return the ascending borders, the model they come from, and whether it is new."""
    if settings.way == "cuts":
        return np.array(settings.cuts, np.float64), None, False
    model = kept_model(segmentation, evaluation)
    if model is not None:
        warn_if_outgrown(segmentation, model, len(values), evaluation)
        return numbers_in(model["cuts"]), model, False
    if not len(values):
        return np.full(len(settings.names) - 1, np.inf), None, False
    found = share_cuts(values, settings.shares)[::-1] if settings.way == "shares" else value_cuts(
        values, settings.quantiles
    )  # fmt: skip
    return found, new_model(segmentation, len(values), cuts=numbers_out(found)), True


def _facts(
    segmentation: Segmentation, values: Floats, labels: Labels, known: NDArray[np.int64]
) -> tuple[dict[str, Any], ...]:
    """Return for each label what its customers hold of the sum of values (with an interval), or their mean."""
    codes = labels.codes[known].astype(np.int64)
    held = values[known]
    sizes = np.bincount(codes, minlength=len(labels.names))
    sums = np.bincount(codes, weights=held, minlength=len(labels.names))
    means = [None if not size else float(total / size) for size, total in zip(sizes, sums, strict=True)]
    if segmentation.method == "prediction":
        return tuple({"mean": mean} for mean in means)
    share = holdings(np.maximum(held, 0), codes, len(labels.names))
    return tuple(
        {
            "mean": means[number], "future_value": float(share.total[number]),
            "future_share": _finite(share.share[number]), "future_share_low": _finite(share.low[number]),
            "future_share_high": _finite(share.high[number]),
        }
        for number in range(len(labels.names))
    )  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
