"""The methods of segmentations that run now, each in its own module; importing this package registers them.

What a method means stands here, without arrays; how it gives its labels stands in `segments.methods`.
"""

from __future__ import annotations

from satsuma.language.methods import register
from satsuma.language.standard_methods.affinity import AffinityMethod, AffinitySettings
from satsuma.language.standard_methods.bands import BandsMethod, BandsSettings
from satsuma.language.standard_methods.clusters import ClustersMethod, ClustersSettings
from satsuma.language.standard_methods.cross import CrossMethod, CrossSettings
from satsuma.language.standard_methods.lifecycle import LifecycleMethod, LifecycleSettings
from satsuma.language.standard_methods.rfm import RfmMethod, RfmSettings
from satsuma.language.standard_methods.rules import RulesMethod, RulesSettings
from satsuma.language.standard_methods.tiers import PredictionMethod, TierSettings, ValueMethod

for _method in (
    BandsMethod(), RulesMethod(), RfmMethod(), ValueMethod(), LifecycleMethod(), AffinityMethod(), PredictionMethod(),
    CrossMethod(), ClustersMethod(),
):  # fmt: skip
    register(_method)

__all__ = [
    "AffinitySettings",
    "BandsSettings",
    "ClustersSettings",
    "CrossSettings",
    "LifecycleSettings",
    "RfmSettings",
    "RulesSettings",
    "TierSettings",
]
