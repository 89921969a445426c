"""Labels by groups that were found in the values of traits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.algebra import members
from satsuma.evaluation.columns import unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.draws import draws
from satsuma.language.standard_methods import ClustersSettings
from satsuma.language.types import Segmentation, Trait
from satsuma.segments.clusters.fitting import Groups, fit_clusters, groups_from, salt_of, sampled
from satsuma.segments.clusters.giving import give_groups, in_parts
from satsuma.segments.clusters.raw import called, raw_trait, rows_taken
from satsuma.segments.methods.models import kept_model, labelled, new_model, warn_if_outgrown
from satsuma.statistics.clustering.carry_over import Foreteller, carry_over
from satsuma.statistics.clustering.encoding import Encoding, RawTrait, fit_encoding
from satsuma.statistics.errors import CannotEstimate
from satsuma.traits.models import fitted_as_of, is_due


def cluster_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the group it belongs to; the groups are learned once from a sample, and kept."""
    settings: ClustersSettings = segmentation.settings
    asked = evaluation.population
    if settings.among is not None:
        asked = asked & unpack(members(settings.among, evaluation), evaluation.size)
    places = np.flatnonzero(asked)
    raw = _raw(settings.traits, evaluation)
    model, refitted = kept_model(segmentation, evaluation), False
    if model is not None and _is_due(settings, model, evaluation):
        model = None
    if model is not None:
        warn_if_outgrown(segmentation, model, len(places), evaluation)
    elif evaluation.roster.is_everybody:
        model, refitted = _fit(segmentation, settings, raw, places, evaluation), True
    if model is None:
        codes = np.where(asked, 0, 1)
        return labelled((settings.missing, settings.others), codes, evaluation)
    groups = groups_from(model)
    codes, scores = _given(settings, model, groups, raw, places, evaluation)
    names, codes = _named(segmentation, settings, groups.names, codes, evaluation)
    return labelled(names, codes, evaluation, model=model, refitted=refitted, scores=scores)


def _raw(names: Sequence[str], evaluation: Evaluation) -> list[RawTrait]:
    return [raw_trait(name, evaluation.column(name), evaluation.moment) for name in names]


def _is_due(settings: ClustersSettings, model: Mapping[str, Any], evaluation: Evaluation) -> bool:
    """Say whether the definition wants the groups learned anew by now."""
    return evaluation.roster.is_everybody and is_due(model, settings.refit_every, evaluation)


# ----------------------------------------------------------------------------------------------------------- learning


def _fit(
    segmentation: Segmentation, settings: ClustersSettings, raw: Sequence[RawTrait], places: NDArray[np.int64],
    evaluation: Evaluation,
) -> dict[str, Any] | None:  # fmt: skip
    """Learn the groups; None with a warning where that cannot be done."""
    sample = sampled(settings, places, draws(evaluation.ids, places, salt_of(settings)))
    old = evaluation.models.get(segmentation.name)
    before = old if old is not None and "grouping" in old else None
    try:
        fit = fit_clusters(
            settings, [rows_taken(trait, sample) for trait in raw], _titles(settings, evaluation), before
        )
    except CannotEstimate as error:
        evaluation.warnings.append(f"The segmentation '{segmentation.name}' has no groups: {error}")
        return None
    if fit["choice"]["verdict"] != "natural":
        advice = "To cut all the same, write how many: groups: 4." if fit["grouping"] is None else ""
        said = " ".join(fit["choice"]["reasons"])
        evaluation.warnings.append(f"The segmentation '{segmentation.name}': {said} {advice}".rstrip())
    if settings.carry_over is not None and fit["grouping"] is not None:
        fit["carry_over"] = _learn_to_carry(segmentation, settings, fit, raw, sample, evaluation)
    return new_model(segmentation, len(places), as_of=fitted_as_of(evaluation), **fit)


def _titles(settings: ClustersSettings, evaluation: Evaluation) -> dict[str, str]:
    """Return what each trait is called inside a sentence."""
    checked = evaluation.checked
    defined, catalog = checked.of(Trait), checked.vocabulary.catalog
    found = {}
    for name in settings.read:
        info = defined.get(name) or catalog.traits.get(name)
        title = (None if info is None else info.title) or name.replace("_", " ")
        found[name] = called(title, evaluation.column(name).type)
    return found


def _learn_to_carry(
    segmentation: Segmentation, settings: ClustersSettings, fit: Mapping[str, Any], raw: Sequence[RawTrait],
    sample: NDArray[np.int64], evaluation: Evaluation,
) -> dict[str, Any] | None:  # fmt: skip
    """Learn to foretell the groups from other traits, and judge it; None with a warning where that cannot be done."""
    assert settings.carry_over is not None
    groups = groups_from(fit)
    inside = [rows_taken(trait, sample) for trait in raw]
    known = ~groups.encoding.too_empty(inside)
    codes = groups.assign(inside)[0]
    known &= codes >= 0
    others = [rows_taken(trait, sample[known]) for trait in _raw(settings.carry_over.traits, evaluation)]
    rng = np.random.default_rng(settings.seed)
    try:
        encoding = fit_encoding(others)
        foreteller, card = carry_over(encoding.apply(others), codes[known], len(groups.names), rng=rng)
    except CannotEstimate as error:
        evaluation.warnings.append(f"{segmentation.name}: nobody is carried over. {error}")
        return None
    if not card.helps:
        evaluation.warnings.append(
            f"{segmentation.name}: nobody is carried over. The other traits foretell {card.accuracy:.0%} of the groups "
            f"(95 % interval {card.low:.0%} to {card.high:.0%}); saying the largest group of everybody is right for "
            f"{card.largest:.0%}."
        )
    return {"encoding": encoding.as_dict(), "foreteller": foreteller.as_dict(), "card": card.as_dict()}


# ------------------------------------------------------------------------------------------------------------- giving


def _given(
    settings: ClustersSettings, model: Mapping[str, Any], groups: Groups, raw: Sequence[RawTrait],
    places: NDArray[np.int64], evaluation: Evaluation,
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int8]]]:  # fmt: skip
    """Return for everybody the group, or the count of groups plus 0 (missing), 1 (unclear) or 2 (not grouped).

    Beside it, as scores, how surely in per cent where the method says so, and who was carried over if that is asked.
    """
    count = len(groups.names)
    codes = np.full(evaluation.size, count + 2, np.int64)
    codes[places], certainty = give_groups(groups, raw, places, settings.at_least)
    scores = {}
    if certainty is not None:
        scores["certainty"] = np.zeros(evaluation.size, np.int8)
        scores["certainty"][places] = certainty
    carried = _carried(settings, model, count, codes, places, evaluation)
    return codes, scores if carried is None else {**scores, "carried": carried}


def _carried(
    settings: ClustersSettings, model: Mapping[str, Any], count: int, codes: NDArray[np.int64],
    places: NDArray[np.int64], evaluation: Evaluation,
) -> NDArray[np.int8] | None:  # fmt: skip
    """Give those whose traits are missing the group that others foretell; return who they are."""
    kept = model.get("carry_over")
    if settings.carry_over is None or kept is None:
        return None
    carried = np.zeros(evaluation.size, np.int8)
    lost = places[codes[places] == count]
    if not kept["card"]["helps"] or not len(lost):
        return carried
    encoding, foreteller = Encoding.from_dict(kept["encoding"]), Foreteller.from_dict(kept["foreteller"])
    raw = _raw(settings.carry_over.traits, evaluation)
    for _, here in in_parts(lost):
        part = [rows_taken(trait, here) for trait in raw]
        likely = foreteller.shares(encoding.apply(part))
        taken = (likely.max(1) >= settings.carry_over.at_least) & ~encoding.too_empty(part)
        codes[here[taken]] = likely[taken].argmax(1)
        carried[here[taken]] = 1
    return carried


def _named(
    segmentation: Segmentation, settings: ClustersSettings, proposed: Sequence[str], codes: NDArray[np.int64],
    evaluation: Evaluation,
) -> tuple[tuple[str, ...], NDArray[np.int64]]:  # fmt: skip
    """Return the labels that occur, under the names that people want, and the codes among them."""
    wanted = dict(settings.names)
    for name in wanted:
        if name not in proposed:
            listed = ", ".join(f"'{item}'" for item in proposed)
            evaluation.warnings.append(
                f"The segmentation '{segmentation.name}' renames the group '{name}', and there is none; its groups are "
                f"{listed}."
            )
    count = len(proposed)
    names = [wanted.get(name, name) for name in proposed]
    place = np.arange(count + 3)
    for extra, name in enumerate((settings.missing, settings.unclear, settings.others), start=count):
        if name in names:
            place[extra] = names.index(name)
        elif extra == count or (codes[evaluation.population] == extra).any():
            place[extra] = len(names)
            names.append(name)
    return tuple(names), place[codes]
