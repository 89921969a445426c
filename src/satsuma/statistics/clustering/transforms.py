"""Reshaping a number so that distances on it mean something: logarithms for skew, normal scores for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]

TransformName = Literal["none", "log", "signed_log", "normal_scores"]

#: A number whose skewness is above this is reshaped.
SKEWED = 1.0
#: A logarithm that leaves more than this has not helped; normal scores are taken instead.
STILL_SKEWED = 2.0
#: Values that carry the normal scores, at most.
KNOTS = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """A rising function of a number.

    name : `none`; `log`, log(1 + x / scale) of numbers from 0; `signed_log`, asinh(x / scale) of numbers of both signs;
    `normal_scores`, the normal quantile of the share of values below, between `knots`.
    """

    name: TransformName = "none"
    scale: float = 1.0
    knots: tuple[float, ...] = ()
    scores: tuple[float, ...] = ()

    def __call__(self, values: Floats) -> Floats:
        """Return the values reshaped; NaN stays."""
        found: Floats
        if self.name == "log":
            found = np.log1p(np.maximum(values, 0.0) / self.scale)
        elif self.name == "signed_log":
            found = np.arcsinh(values / self.scale)
        elif self.name == "normal_scores":
            found = np.where(np.isnan(values), np.nan, np.interp(values, self.knots, self.scores))
        else:
            found = values
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return the transform as plain JSON."""
        return {"name": self.name, "scale": self.scale, "knots": list(self.knots), "scores": list(self.scores)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Transform:
        """Return the transform that `as_dict` wrote."""
        return cls(name=plain["name"], scale=plain["scale"], knots=tuple(plain["knots"]), scores=tuple(plain["scores"]))


def skewness(values: Floats) -> float:
    """Return the third standardised moment; 0 where all values are alike."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest > 0:
        return 0.0
    gap = values / largest
    gap = gap - gap.mean()
    spread = float(np.sqrt(np.mean(gap**2)))
    return float(np.mean((gap / spread) ** 3)) if spread > 1e-12 else 0.0


def normal_scores(values: Floats) -> Transform:
    """Return the transform to normal scores; equal values share the middle of their ranks."""
    distinct, counts = np.unique(values, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2.0) / len(values)
    if len(distinct) > KNOTS:
        chosen = np.unique(np.searchsorted(middle, np.linspace(middle[0], middle[-1], KNOTS)).clip(0, len(middle) - 1))
        distinct, middle = distinct[chosen], middle[chosen]
    return Transform(
        name="normal_scores", knots=tuple(distinct.tolist()), scores=tuple(np.asarray(ndtri(middle)).tolist())
    )


def choose_transform(values: Floats, *, is_count: bool) -> tuple[Transform, str | None]:
    """Return how a number is reshaped, and a sentence that says why, None where it is not.

    Parameters
    ----------
    values : array of float, none missing
    is_count : whether the values are whole numbers; log(1 + x) then needs no unit.
    """
    skew = skewness(values)
    if abs(skew) <= SKEWED:
        return Transform(), None
    chosen = Transform()
    if values.min() >= 0 and skew > 0:
        above = values[values > 0]
        scale = 1.0 if is_count else float(np.quantile(above, 0.05))
        chosen = Transform(name="log", scale=scale)
        formula = "log(1 + x)" if scale == 1.0 else f"log(1 + x / {scale:.4g})"
        why = f"A few large values reach far above the rest (skewness {skew:.1f}), so it is taken as {formula}."
    elif values.min() < 0:
        scale = float(np.median(np.abs(values[values != 0])))
        chosen = Transform(name="signed_log", scale=scale)
        why = (
            f"A few values reach far from the rest (skewness {skew:.1f}) and some are below 0, so it is taken as "
            f"asinh(x / {scale:.4g}), a logarithm that keeps the sign."
        )
    left = skewness(chosen(values))
    if chosen.name != "none" and abs(left) <= STILL_SKEWED and abs(left) < abs(skew):
        return chosen, why
    return normal_scores(values), (
        f"It is too skewed for a logarithm (skewness {skew:.1f}), so the ranks count, as normal scores."
    )
