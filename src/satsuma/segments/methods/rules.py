"""Labels by an ordered list of conditions."""

from __future__ import annotations

import numpy as np

from satsuma.evaluation.algebra import members
from satsuma.evaluation.columns import unpack
from satsuma.evaluation.context import Evaluation, Labels
from satsuma.language.standard_methods import RulesSettings
from satsuma.language.types import Segmentation
from satsuma.segments.methods.models import labelled


def rule_labels(segmentation: Segmentation, evaluation: Evaluation) -> Labels:
    """Give each customer the label of the first rule that fits."""
    settings: RulesSettings = segmentation.settings
    codes = np.full(evaluation.size, len(settings.rules), np.int16)
    # From the last to the first, so that an earlier rule takes its customers back.
    for place, rule in reversed(list(enumerate(settings.rules))):
        codes[unpack(members(rule.where, evaluation), evaluation.size)] = place
    return labelled((*(rule.label for rule in settings.rules), settings.otherwise), codes, evaluation)
