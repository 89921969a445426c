"""What learned traits keep as models: by name, with what they were learned for."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np

import satsuma
from satsuma.evaluation.context import Evaluation, Fit, stored_name
from satsuma.language.checker import Checked
from satsuma.language.durations import from_microseconds, microseconds
from satsuma.language.learned_traits import Estimate, Text
from satsuma.language.types import Trait

#: Raised when the shape of a model changes: an older one is fitted anew.
FORM = 1


def model_name(trait: Trait) -> str:
    """Return the name of the model behind a learned trait: traits of the same purchases share one."""
    return trait.settings.model_name if isinstance(trait.settings, Estimate) else trait.name


def learned_traits(checked: Checked) -> Iterator[tuple[str, Trait]]:
    """Yield every trait that is learned, with the name of its model."""
    for trait in checked.of(Trait).values():
        if trait.way is not None:
            yield model_name(trait), trait


def model_digests(checked: Checked) -> dict[str, str]:
    """Return by name what tells whether a kept model of a learned trait still means the same."""
    found = {}
    for name, trait in learned_traits(checked):
        # The name of a model of purchases says all that it was fitted for.
        is_shared = isinstance(trait.settings, Estimate)
        found[stored_name(name)] = name if is_shared else _digest(trait, checked)
    return found


def _digest(trait: Trait, checked: Checked) -> str:
    """Return a digest of what a model is fitted for; of texts it leaves out what people call the topics."""
    if not isinstance(trait.settings, Text):
        return checked.digests.get(("trait", trait.name), "")
    read = [checked.digests.get(("trait", name), "") for name in (trait.settings.of, trait.settings.rating) if name]
    return hashlib.md5(repr((trait.settings.fitted_for, read)).encode(), usedforsecurity=False).hexdigest()


def kept_fit(name: str, evaluation: Evaluation, refit_every: int | None = None) -> Mapping[str, Any] | None:
    """Return the kept model of this name, or None when one is to be fitted.

    Parameters
    ----------
    refit_every : microseconds after which a definition wants its model fitted anew.
    """
    if name in evaluation.fits:
        return evaluation.fits[name].model
    model = old_model(name, evaluation)
    if model is None or evaluation.wants_fit(stored_name(name)):
        return None
    return None if evaluation.roster.is_everybody and is_due(model, refit_every, evaluation) else model


def is_due(model: Mapping[str, Any], refit_every: int | None, evaluation: Evaluation) -> bool:
    """Say whether a definition wants a model fitted anew by now; `refit_every` is in microseconds, None is never."""
    if refit_every is None:
        return False
    fitted = microseconds(datetime.fromisoformat(model["as_of"].rstrip("Z")))
    return evaluation.as_of.moment.as_of - fitted >= refit_every


def old_model(name: str, evaluation: Evaluation) -> Mapping[str, Any] | None:
    """Return the kept model of this name, whether or not another is wanted."""
    model = evaluation.models.get(stored_name(name))
    return None if model is None or model.get("form") != FORM else model


def new_fit(name: str, method: str, customers: int, evaluation: Evaluation, **facts: Any) -> dict[str, Any]:
    """Return a fit in the form that is kept: plain JSON, with when and by what it was made."""
    return {
        "form": FORM, "name": name, "method": method, "customers": int(customers),
        "as_of": fitted_as_of(evaluation),
        "versions": {"satsuma": satsuma.__version__, "numpy": np.__version__, "python": platform.python_version()},
        **facts,
    }  # fmt: skip


def keep(name: str, model: Mapping[str, Any], trait: Trait, evaluation: Evaluation, *, is_new: bool) -> None:
    """Note a model for keeping, and the traits whose values changed because it was fitted anew."""
    before = evaluation.fits.get(name)
    traits = frozenset({trait.name} if is_new else ()) | (frozenset() if before is None else before.traits)
    evaluation.fits[name] = Fit(model, traits)


def fitted_as_of(evaluation: Evaluation) -> str:
    """Return the moment of an evaluation as models keep it."""
    return f"{from_microseconds(evaluation.as_of.moment.as_of).isoformat()}Z"
