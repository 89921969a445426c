"""The ways in which a trait is learned, each in its own module; importing this package registers them."""

from __future__ import annotations

from satsuma.language.learned import register
from satsuma.language.learned_traits.estimate import Estimate, EstimateWay
from satsuma.language.learned_traits.features import Feature
from satsuma.language.learned_traits.predict import Predict, PredictWay
from satsuma.language.learned_traits.scale import Scale, ScaleWay
from satsuma.language.learned_traits.text import Text, TextWay

for _way in (EstimateWay(), PredictWay(), ScaleWay(), TextWay()):
    register(_way)

__all__ = ["Estimate", "Feature", "Predict", "Scale", "Text"]
