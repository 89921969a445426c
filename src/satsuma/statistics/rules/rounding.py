"""Cut values that people can remember: the roundest number between two neighbours, and rounder ones near it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from satsuma.statistics.rules.table import Feature


def roundest(low: float, high: float, feature: Feature) -> float:
    """Return the roundest number above `low` and up to `high`: as a cut value it divides the same rows.

    The numbers that people prefer for the trait come first, then multiples of 1, 5 and 2 of the largest power of ten
    that has one there; of several the nearest to the middle. Where the trait's grain has none, the upper end does.
    """
    if math.isinf(low):
        low = high - max(abs(high), 1.0)
    middle = (low + high) / 2
    natural = [value for value in feature.naturals if low < value <= high]
    if natural:
        return min(natural, key=lambda value: (abs(value - middle), value))
    power = math.floor(math.log10(max(abs(low), abs(high), high - low))) + 1
    # 17 digits name every float; the last step stands for the upper end itself.
    for exponent in range(power, power - 18, -1):
        for multiple in (1, 5, 2):
            step = _scaled(multiple, exponent if multiple == 1 else exponent - 1)
            if feature.grain and step < feature.grain * (1 - 1e-9):
                return high
            found = _nearest(low, high, middle, multiple, exponent if multiple == 1 else exponent - 1)
            if found is not None:
                return found
    return high


def _scaled(multiple: int, exponent: int) -> float:
    """Return multiple * 10**exponent as the float that is written so."""
    return float(f"{multiple}e{exponent}")


def _nearest(low: float, high: float, middle: float, multiple: int, exponent: int) -> float | None:
    """Return the multiple of a step within (low, high] that is nearest to the middle."""
    step = _scaled(multiple, exponent)
    around = round(middle / step)
    for count in sorted((around - 1, around, around + 1), key=lambda count: (abs(count * step - middle), count)):
        value = _scaled(count * multiple, exponent) + 0.0
        if low < value <= high:
            return value
    return None


def rounder(cut: float, feature: Feature) -> Iterator[float]:
    """Yield values near a cut value that are easier to remember, the easiest first, and none that is as hard."""
    if not math.isfinite(cut) or cut == 0:
        return
    offered: list[float] = []
    near = [value for value in feature.naturals if abs(value - cut) <= abs(cut) / 10]
    if near:
        offered.append(min(near, key=lambda value: abs(value - cut)))
    offered += [_digits(cut, digits) for digits in (1, 2)]
    for value in dict.fromkeys(offered):
        is_on_grain = not feature.grain or math.isclose(value / feature.grain, round(value / feature.grain))
        if value != cut and is_on_grain and (value in near or _length(value) < _length(cut)) and cut not in near:
            yield value


def _digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits - 1}e}")


def _length(value: float) -> int:
    """Return how many significant digits a number is written with."""
    digits = format(abs(value), ".15g").partition("e")[0].replace(".", "")
    return len(digits.strip("0"))


def rounded_cuts(
    cuts: list[tuple[int, float]],
    features: tuple[Feature, ...],
    agreement: Callable[[dict[tuple[int, float], float]], float],
    *,
    loss: float,
) -> dict[tuple[int, float], float]:
    """Return easier values for some cuts of a rule, as long as all of them together lose little agreement.

    Parameters
    ----------
    cuts : trait and value.
    agreement : of the rule with some cut values in the place of others.
    loss : of agreement that is allowed in all.
    """
    chosen: dict[tuple[int, float], float] = {}
    least = agreement(chosen) - loss
    for key in sorted(dict.fromkeys(cuts)):
        feature, cut = key
        taken = {chosen.get(other, other[1]) for other in cuts if other[0] == feature and other != key}
        for value in rounder(cut, features[feature]):
            # Two cuts that become one would take away what lies between them.
            if value not in taken and agreement({**chosen, key: value}) >= least:
                chosen[key] = value
                break
    return chosen
