"""Labels by the category that a customer prefers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satsuma.evaluation.context import Evaluation, Labels
from satsuma.evaluation.scan import MISSING, Chunk, Scanner, Value, plan_scan, value_of
from satsuma.language.standard_methods import AffinitySettings
from satsuma.language.standard_methods.affinity import LEVEL
from satsuma.language.types import Measure, Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model, warn_if_outgrown
from satsuma.statistics.affinity import Purchases, base_shares, favourites


def affinity_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the favourite category; the listed categories and their shares of all are fitted and kept."""
    settings: AffinitySettings = segmentation.settings
    bought, words = _read(settings, evaluation)
    buyers = len(np.unique(bought.customer))
    model = kept_model(segmentation, evaluation)
    refitted = model is None and len(words) > 0 and buyers > 0
    if refitted:
        model = _fit(segmentation, settings, bought, words, buyers)
    elif model is not None:
        warn_if_outgrown(segmentation, model, buyers, evaluation)
    if model is None:
        everybody = np.zeros(evaluation.size, np.int64)
        return labelled((settings.otherwise,), everybody, evaluation)
    names: list[str] = model["categories"]
    place = {name: number for number, name in enumerate(names)}
    table = np.array([place.get(word, -1) for word in words] or [-1], np.int64)
    listed = Purchases(bought.customer, table[bought.category], bought.events, bought.weight, bought.squares)
    found = favourites(
        listed, np.array(model["shares"], np.float64), evaluation.size, at_least=settings.at_least,
        index=settings.index / 100, level=LEVEL,
    )  # fmt: skip
    codes = np.where(found.category >= 0, found.category, len(names))
    return labelled((*names, settings.otherwise), codes, evaluation, model=model, refitted=refitted)


def _fit(
    segmentation: Segmentation, settings: AffinitySettings, bought: Purchases, words: tuple[str, ...], buyers: int
) -> dict[str, Any]:
    """Return the largest categories and their shares of all, the largest first."""
    shares = base_shares(bought, len(words))
    order = sorted(range(len(words)), key=lambda code: (-shares[code], code))
    # The label of those without a preference cannot be a category, too.
    chosen = [code for code in order if shares[code] > 0 and words[code] != settings.otherwise][: settings.most]
    return new_model(
        segmentation,
        buyers,
        categories=[words[code] for code in chosen],
        shares=[float(shares[code]) for code in chosen],
    )


def _read(settings: AffinitySettings, evaluation: Evaluation) -> tuple[Purchases, tuple[str, ...]]:
    """Sum the events by customer and category, range by range of customers; categories are codes of `words`."""
    catalog = evaluation.checked.vocabulary.catalog
    measures = [Measure(event=settings.event, aggregate="mode", of=settings.of, window=settings.window)]
    if settings.by != "count":
        measures.append(Measure(event=settings.event, aggregate="sum", of=settings.by, window=settings.window))
    values = [value_of(measure, catalog) for measure in measures]
    scan = plan_scan(settings.event, measures, catalog)
    scanner = Scanner(evaluation.engine, catalog, evaluation.as_of, evaluation.roster)
    low, high = settings.window.borders(evaluation.moment)
    parts = []
    for _, _, part in scanner.each(scan, partial(_bought, values=values, low=low, high=high)):
        inside = evaluation.population[part.customer]
        parts.append([getattr(part, name)[inside] for name in Purchases.__dataclass_fields__])
    joined = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    return Purchases(*joined), scan.words[settings.of]


def _bought(chunk: Chunk, values: Sequence[Value], low: int | None, high: int) -> Purchases:
    """Sum the events of one range of customers."""
    codes = chunk.values[values[0]]
    kept = (codes != MISSING) & (chunk.time <= high)
    if low is not None:
        kept &= chunk.time > low
    weights = None
    if len(values) > 1:
        amounts = chunk.values[values[1]]
        # What cost nothing, or has no amount, shows no preference in money.
        kept &= (amounts != MISSING) & (amounts > 0)
        weights = amounts[kept] / values[1].scale
    return _summed(chunk.customer[kept].astype(np.int64), codes[kept], weights)


def _summed(customer: NDArray[np.int64], codes: NDArray[np.int64], weights: NDArray[np.float64] | None) -> Purchases:
    """Sum events by customer and category."""
    words = int(codes.max(initial=0)) + 1
    keys, places, events = np.unique(customer * words + codes, return_inverse=True, return_counts=True)
    whole = events.astype(np.float64)
    weight, squares = whole, whole
    if weights is not None:
        places = places.reshape(-1)
        weight = np.bincount(places, weights=weights, minlength=len(keys))
        squares = np.bincount(places, weights=weights**2, minlength=len(keys))
    return Purchases(keys // words, keys % words, events.astype(np.int64), weight, squares)
