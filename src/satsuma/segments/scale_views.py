"""Scales as a person or program reads them: how well each measures, its norms, and the factors behind several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import satsuma.segments.methods
import satsuma.traits.evaluate  # noqa: F401  registers how traits are computed
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import EvaluationError, NotFound, WrongUse
from satsuma.evaluation.columns import Column
from satsuma.evaluation.context import Evaluation, stored_name
from satsuma.evaluation.plan import closure
from satsuma.evaluation.run import evaluate
from satsuma.language.checker import Checked
from satsuma.language.learned_traits import Scale
from satsuma.language.types import Trait
from satsuma.segments.run import as_of_moment, kept_models
from satsuma.segments.store import StoredRun
from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.plain import told
from satsuma.statistics.psychometrics.moments import moments
from satsuma.statistics.psychometrics.norms import PERCENTILES, Norms, norms_by_group
from satsuma.statistics.psychometrics.structure import ROTATIONS, Structure, structure
from satsuma.traits.scales import all_answers, answered

#: For the simulated tables of parallel analysis.
SEED = 1
#: Groups by which norms are told, at most.
MOST_GROUPS = 50


@dataclass(frozen=True, slots=True)
class ScaleView:
    """A scale with what the last run knows of it.

    fit : None where no run has looked at it since it was defined. titles : of the items, by name.
    """

    name: str
    title: str
    settings: Scale
    titles: Mapping[str, str]
    fit: Mapping[str, Any] | None

    @property
    def word(self) -> str:
        """What reliability comes to, in a word or two."""
        if self.fit is None:
            return "not looked at yet"
        return str(self.fit["word"] or "cannot be told")

    def as_dict(self) -> dict[str, Any]:
        facts = {key: value for key, value in (self.fit or {}).items() if key not in ("form", "name", "norms")}
        return {
            "name": self.name, "title": self.title, "state": self.word, "titles": dict(self.titles), **facts,
            "norms": plain_norms(None if self.fit is None else self.fit["norms"]),
        }  # fmt: skip


def plain_norms(known: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return kept norms without what only the evaluation reads."""
    return None if known is None else {key: known[key] for key in ("respondents", "mean", "sd", "percentiles")}


def scale_views(checked: Checked, run: StoredRun) -> list[ScaleView]:
    """Return every scale, by name, with what a run knows of it."""
    fits = kept_models(checked, run)
    traits = checked.of(Trait)
    return [
        ScaleView(name, trait.title, trait.settings, _titles(checked, trait.settings), fits.get(stored_name(name)))
        for name, trait in sorted(traits.items())
        if isinstance(trait.settings, Scale)
    ]


def _titles(checked: Checked, settings: Scale) -> dict[str, str]:
    """Return the texts of items, as far as they are known."""
    if settings.of_questions:
        return {}
    loaded, computed = checked.vocabulary.catalog.traits, checked.of(Trait)
    found = {}
    for item in settings.items:
        title = computed[item.name].title if item.name in computed else loaded[item.name].title
        # A column's own name, as a load has it, tells nobody anything.
        if title and title.lower() != item.name:
            found[item.name] = title
    return found


def scale_view(views: Sequence[ScaleView], name: str) -> ScaleView:
    """Return one scale.

    Raises
    ------
    NotFound
        With the nearest known names.
    """
    for view in views:
        if view.name == name:
            return view
    raise NotFound.named("scale", name, [view.name for view in views], hint="See satsuma scale list.")


# -------------------------------------------------------------------------------------------------------- group norms


def group_norms(
    engine: DuckDB, checked: Checked, run: StoredRun, view: ScaleView, by: str, root: Path
) -> dict[str, Norms]:  # fmt: skip
    """Return the norms of the scores by the values of a trait, as of a run; groups that are too small are left out.

    Raises
    ------
    NotFound
        When there is no such trait.
    WrongUse
        When the trait has no groups.
    """
    if by not in checked.trait_types:
        raise NotFound.named("trait", by, checked.trait_types, hint="See satsuma trait list.")
    evaluation = _evaluated(engine, checked, run, [view.name, by], root)
    column = evaluation.column(by)
    codes, names = _groups(column, by)
    asked = evaluation.population
    return norms_by_group(answered(view.settings, evaluation).scores[asked], codes[asked], names)


def _groups(column: Column, by: str) -> tuple[NDArray[np.int64], list[str]]:
    """Return the group of each customer, -1 in none, and the groups' names."""
    if column.type not in ("text", "integer", "boolean"):
        raise WrongUse(f"'{by}' has no groups: it is of the type {column.type}.", hint="Name a text, or whole numbers.")
    values, codes = np.unique(column.values[column.present], return_inverse=True)
    if len(values) > MOST_GROUPS:
        raise WrongUse(f"'{by}' has more than {MOST_GROUPS} values.", hint="Name a trait with fewer.")
    found = np.full(len(column), -1, np.int64)
    found[column.present] = codes
    return found, [column.words[value] if column.type == "text" else str(value) for value in values.tolist()]


def _evaluated(engine: DuckDB, checked: Checked, run: StoredRun, names: Sequence[str], root: Path) -> Evaluation:
    """Return what some traits read, as of a run."""
    computed = checked.of(Trait)
    targets = {("trait", name) for name in names if name in computed}
    return evaluate(
        engine, checked, as_of_moment(checked, run.as_of, run.known_at), definitions=closure(checked, targets),
        valued=False, models=kept_models(checked, run), lists_folder=root / "lists",
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ factors


@dataclass(frozen=True, slots=True, eq=False)
class FactorView:
    """The factors of the items of several scales beside the key that the scales are.

    respondents : the fewest behind any correlation.
    """

    scales: tuple[str, ...]
    items: tuple[str, ...]
    titles: Mapping[str, str]
    respondents: int
    found: Structure

    def as_dict(self) -> dict[str, Any]:
        found = self.found
        own = found.on_own
        return {
            "verdict": found.verdict, "is_as_keyed": found.is_as_keyed, "scales": list(self.scales),
            "respondents": self.respondents, "kmo": found.adequacy.kmo, "kmo_word": found.adequacy.word,
            "bartlett": {"chi_square": found.adequacy.chi_square, "degrees": found.adequacy.degrees,
                         "p_value": found.adequacy.p_value},
            "parallel": {each.kind: {"suggested": each.suggested, "eigenvalues": told(each.eigenvalues),
                                     "chance": told(each.chance), "quantile": each.quantile}
                         for each in (found.parallel, found.parallel_factors)},
            "fit": told(found.fit), "rotation": found.rotated.method,
            "congruence": dict(zip(self.scales, told(found.congruence), strict=True)),
            "between": told(found.rotated.between),
            "items": [
                {"name": name, "title": self.titles.get(name), "scale": self.scales[found.scale_of[place]],
                 "loadings": told(found.rotated.loadings[place]), "highest_on": self.scales[found.highest[place]],
                 "on_own": bool(own[place]), "kmo": float(found.adequacy.by_item[place])}
                for place, name in enumerate(self.items)
            ],
        }  # fmt: skip


def factor_view(
    engine: DuckDB, checked: Checked, run: StoredRun, views: Sequence[ScaleView], root: Path, rotation: str
) -> FactorView:
    """Return the factors of the items of some scales, as of a run.

    Raises
    ------
    WrongUse
        When an item belongs to two of the scales, or there is no such rotation.
    EvaluationError
        When the answers do not suffice.
    """
    if rotation not in ROTATIONS:
        raise WrongUse(f"'{rotation}' is not a rotation.", hint=f"There is {', '.join(ROTATIONS)}.")
    if not views:
        raise WrongUse(
            "There is no scale.", hint="A trait with 'scale:' is one; see satsuma scale key for a ready one."
        )
    names: dict[tuple[str, bool], str] = {}
    for view in views:
        for item in view.settings.items:
            other = names.setdefault((item.name, item.measure is None), view.name)
            if other != view.name:
                message = f"The item '{item.name}' is of '{other}' and of '{view.name}': no factor could be both."
                raise WrongUse(message, hint="Name scales that share no item.")
    evaluation = _evaluated(engine, checked, run, [view.name for view in views], root)
    parts = [all_answers(view.settings, evaluation).keyed[evaluation.population] for view in views]
    keyed = np.concatenate(parts, axis=1)
    scale_of = np.repeat(np.arange(len(views)), [part.shape[1] for part in parts])
    try:
        known = moments(keyed[~np.isnan(keyed).all(axis=1)])
        rng = np.random.default_rng(SEED)
        found = structure(known.correlation, known.pairs, scale_of, rng, rotation=rotation)
    except CannotEstimate as error:
        raise EvaluationError(f"The factors cannot be told: {error}") from None
    titles = {name: title for view in views for name, title in view.titles.items()}
    items = tuple(item.name for view in views for item in view.settings.items)
    return FactorView(tuple(view.name for view in views), items, titles, known.pairs, found)


__all__ = [
    "PERCENTILES", "FactorView", "ScaleView", "factor_view", "group_norms", "plain_norms", "scale_view", "scale_views",
]  # fmt: skip
