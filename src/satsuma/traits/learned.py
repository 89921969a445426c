"""The ways in which traits are learned, by their key; each is loaded when a definition needs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation
from satsuma.language.types import Trait


def _estimated(trait: Trait, evaluation: Evaluation) -> Column:
    from satsuma.traits.purchases import estimate_column

    return estimate_column(trait, evaluation)


def _predicted(trait: Trait, evaluation: Evaluation) -> Column:
    from satsuma.traits.predictions import predict_column

    return predict_column(trait, evaluation)


def _scored(trait: Trait, evaluation: Evaluation) -> Column:
    from satsuma.traits.scales import scale_column

    return scale_column(trait, evaluation)


def _read(trait: Trait, evaluation: Evaluation) -> Column:
    from satsuma.traits.texts import text_column

    return text_column(trait, evaluation)


#: What gives everybody a value, by the key of a definition.
LEARNERS: Mapping[str, Callable[[Trait, Evaluation], Column]] = {
    "estimate": _estimated, "predict": _predicted, "scale": _scored, "text": _read,
}  # fmt: skip
