"""How the methods of segmentations give their labels: one module each, chosen by the method's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from satsuma.evaluation.context import Evaluation, Labels, register_evaluator
from satsuma.language.types import Segmentation
from satsuma.segments.methods.affinity import affinity_labels
from satsuma.segments.methods.bands import band_labels
from satsuma.segments.methods.cross import cross_labels
from satsuma.segments.methods.lifecycle import lifecycle_labels
from satsuma.segments.methods.rfm import rfm_labels
from satsuma.segments.methods.rules import rule_labels
from satsuma.segments.methods.tiers import tier_labels


def _cluster_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    # Loaded when somebody groups: it brings scikit-learn and parts of SciPy.
    from satsuma.segments.methods.clusters import cluster_labels

    return cluster_labels(segmentation, evaluation)


#: The function of each method; it gives every customer of the population exactly one label.
LABELLERS: Mapping[str, Callable[[Segmentation, Evaluation], Labels]] = {
    "affinity": affinity_labels,
    "bands": band_labels,
    "clusters": _cluster_labels,
    "cross": cross_labels,
    "lifecycle": lifecycle_labels,
    "rfm": rfm_labels,
    "rules": rule_labels,
    "value": tier_labels,
    "prediction": tier_labels,
}


def evaluate_segmentation(segmentation: Segmentation, evaluation: Evaluation) -> None:
    """Give everybody in the population one label."""
    evaluation.labels[segmentation.name] = LABELLERS[segmentation.method](segmentation, evaluation)


register_evaluator(Segmentation, evaluate_segmentation)
