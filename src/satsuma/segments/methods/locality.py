"""Which segmentations need everybody again after new rows or after some time, and which only those who were touched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from satsuma.language.locality import Span
from satsuma.language.types import Segmentation

#: By method: settings, the span of time, and whether a fit is kept -> whether others' rows or the clock alone can
#: change a customer's label.
_NEEDS: Mapping[str, Callable[[Any, Span, bool], bool]] = {
    # The model holds the categories and their shares; without one, everybody makes it.
    "affinity": lambda _settings, _span, is_kept: not is_kept,
    # `all` lists whatever values there are; quantiles are cut once.
    "bands": lambda settings, _span, is_kept: settings.way == "all" or (settings.way == "quantiles" and not is_kept),
    # The model holds the groups; how long ago something was grows all the time.
    "clusters": lambda settings, span, is_kept: not is_kept or (bool(settings.ages) and span.clock_moved),
    # Which combinations there are, everybody tells.
    "cross": lambda _settings, _span, _is_kept: True,
    # The days since the last order grow at midnight.
    "lifecycle": lambda settings, span, is_kept: span.day_changed or (settings.typical is None and not is_kept),
    # The days since the last order grow all the time; ranks are among everybody.
    "rfm": lambda settings, span, is_kept: (
        span.clock_moved or settings.scoring == "rank" or (settings.scoring != "thresholds" and not is_kept)
    ),
    "rules": lambda _settings, _span, _is_kept: False,
    # What each label holds of the whole, everybody tells.
    "value": lambda _settings, _span, _is_kept: True,
    "prediction": lambda _settings, _span, _is_kept: True,
}


def segmentation_needs_everybody(segmentation: Segmentation, span: Span, *, is_kept: bool) -> bool:
    """Say whether labels can change for customers whom nothing touched; its conditions are asked elsewhere."""
    return _NEEDS[segmentation.method](segmentation.settings, span, is_kept)
