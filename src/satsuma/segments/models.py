"""The models that the last run keeps, as people and programs read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from satsuma.errors import NotFound
from satsuma.evaluation.context import stored_name
from satsuma.language.checker import Checked
from satsuma.language.types import Segmentation
from satsuma.segments.store import StoredRun
from satsuma.traits.models import learned_traits


@dataclass(frozen=True, slots=True)
class ModelView:
    """A kept model: what was fitted, when, on whom, how good it is, and who uses it.

    stored : the name under which a run keeps it.
    """

    name: str
    stored: str
    used_by: tuple[str, ...]
    fit: Mapping[str, Any]

    @property
    def method(self) -> str:
        return str(self.fit["method"])

    @property
    def state(self) -> str:
        """How it stands, in a few words."""
        if self.method == "sentiment":
            return "offered" if self.fit["offered"] else "not offered"
        if self.method == "prediction":
            if not self.fit["offered"]:
                return "not offered"
            moved = self.fit.get("drift") or {}
            return "offered, inputs moved" if moved.get("predictions", {}).get("word") == "moved" else "offered"
        if self.method == "clusters":
            return {"natural": "natural groups", "constructive": "a continuum, cut"}.get(
                self.fit["choice"]["verdict"], "no natural groups"
            )
        if self.method == "purchases":
            converged = (self.fit["purchases"].get("estimate") or {}).get("converged", True)
            return "fitted" if converged else "not converged"
        if self.method == "scale":
            return str(self.fit["word"] or "cannot be told")
        return "fitted"

    def as_dict(self) -> dict[str, Any]:
        # What scores and compares is for programs of the same version; a person reads what it says.
        left_out = (
            "predictor", "bins", "prediction_bins", "words", "encoding", "grouping", "topics", "sentiment",
        )  # fmt: skip
        facts = {key: value for key, value in self.fit.items() if key not in left_out}
        if self.method == "scale" and facts["norms"] is not None:
            facts["norms"] = {key: value for key, value in facts["norms"].items() if key not in ("points", "ranks")}
        return {"name": self.name, "state": self.state, "used_by": list(self.used_by), **facts}


def model_views(checked: Checked, run: StoredRun) -> list[ModelView]:
    """Return every model of a run that a definition uses, by name."""
    users: dict[str, list[str]] = {}
    plain: dict[str, str] = {}
    for name, trait in learned_traits(checked):
        users.setdefault(stored_name(name), []).append(trait.name)
        plain[stored_name(name)] = name
    for name in checked.of(Segmentation):
        users.setdefault(name, []).append(name)
        plain[name] = name
    return [
        ModelView(plain[stored], stored, tuple(users[stored]), model["fit"])
        for stored, model in sorted(run.models.items(), key=lambda item: plain.get(item[0], ""))
        if stored in users
    ]


def model_view(checked: Checked, run: StoredRun, name: str) -> ModelView:
    """Return one model, by its name or by that of a trait that uses it.

    Raises
    ------
    NotFound
        With the nearest known names.
    """
    views = model_views(checked, run)
    for view in views:
        if name == view.name:
            return view
    for view in views:
        if name in view.used_by:
            return view
    hint = "Models are fitted by `satsuma run`; see satsuma model list."
    raise NotFound.named("model", name, [view.name for view in views], hint=hint)
