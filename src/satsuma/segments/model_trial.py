"""A model fitted anew beside the one that is kept, on the same later data, without keeping anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import satsuma.segments.methods
import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.engines.duckdb import DuckDB
from satsuma.evaluation.plan import closure
from satsuma.evaluation.run import evaluate
from satsuma.language.checker import Checked
from satsuma.segments.models import ModelView
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.store import StoredRun


@dataclass(frozen=True, slots=True)
class ModelTrial:
    """What is kept and what would be kept, with the comparison on data that neither was fitted on.

    new : None where it cannot be fitted; the warnings say why.
    """

    name: str
    old: Mapping[str, Any]
    new: Mapping[str, Any] | None
    warnings: tuple[str, ...]

    @property
    def is_replaced(self) -> bool:
        """Whether a refit would put the new model in the place of the old."""
        return self.new is not None and self.new.get("as_of") != self.old.get("as_of")

    @property
    def compared(self) -> Mapping[str, Any] | None:
        return None if self.new is None else self.new.get("compared")

    def as_dict(self) -> dict[str, Any]:
        def told(fit: Mapping[str, Any]) -> dict[str, Any]:
            kept = ("method", "as_of", "customers", "verdict", "offered", "cutoffs", "held_back_days", "cuts")
            return {key: fit[key] for key in kept if key in fit}

        return {
            "name": self.name, "old": told(self.old), "new": None if self.new is None else told(self.new),
            "compared": self.compared, "is_replaced": self.is_replaced, "warnings": list(self.warnings),
        }  # fmt: skip


def try_model(
    engine: DuckDB, checked: Checked, run: StoredRun, model: ModelView, as_of: datetime, root: Path
) -> ModelTrial:
    """Fit the model of some definitions anew at a moment, and return it beside the kept one."""
    kinds = {("trait", name) for name in model.used_by if name in checked.trait_types}
    targets = kinds or {("segmentation", name) for name in model.used_by}
    evaluation = evaluate(
        engine, checked, as_of_moment(checked, as_of, None), definitions=closure(checked, targets), valued=False,
        models=kept_models(checked, run), refit=frozenset({model.stored}), lists_folder=root / "lists",
    )  # fmt: skip
    fit = evaluation.fits.get(model.name)
    new = None if fit is None else fit.model
    if new is None and model.name in evaluation.labels:
        new = evaluation.labels[model.name].model
    return ModelTrial(model.name, model.fit, new, tuple(evaluation.warnings))
