"""Labels by the labels of other segmentations."""

from __future__ import annotations

import numpy as np

from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.standard_methods import CrossSettings
from satsuma.language.standard_methods.cross import SEPARATOR
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import kept_model, labelled, new_model


def cross_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the combination of the labels of several segmentations.

    Combinations stand in the order of the segmentations' own labels. When there are more than the definition allows,
    the largest keep a label of their own, and which they are is kept as a model.
    """
    settings: CrossSettings = segmentation.settings
    parts = [evaluation.labels[name] for name in settings.of]
    combined = np.zeros(evaluation.size, np.int64)
    for part in parts:
        combined = combined * len(part.names) + np.maximum(part.codes, 0)
    found, places_found, counts = np.unique(combined[evaluation.population], return_inverse=True, return_counts=True)
    shape = [len(part.names) for part in parts]
    places = np.stack(np.unravel_index(found, shape), axis=1) if len(found) else np.zeros((0, len(parts)), np.int64)
    keys = [[part.names[place] for part, place in zip(parts, row, strict=True)] for row in places.tolist()]
    model = kept_model(segmentation, evaluation)
    refitted = model is None and len(found) > settings.most
    if refitted:
        largest = sorted(range(len(found)), key=lambda place: (-counts[place], place))[: settings.most]
        model = new_model(segmentation, int(counts.sum()), combinations=[keys[place] for place in sorted(largest)])
    listed = None if model is None else {tuple(key) for key in model["combinations"]}
    own = [place for place, key in enumerate(keys) if listed is None or tuple(key) in listed]
    table = np.full(max(len(found), 1), len(own), np.int64)
    table[own] = np.arange(len(own))
    codes = np.zeros(evaluation.size, np.int64)
    codes[evaluation.population] = table[places_found.reshape(-1)]
    names = tuple(SEPARATOR.join(keys[place]) for place in own)
    rest = () if listed is None else (settings.otherwise,)
    return labelled((*names, *rest), codes, evaluation, model=model, refitted=refitted)
