"""Whether inputs, predictions and their calibration have moved since training.

The population stability index compares shares by bin, fixed at training: sum of (q - p) log(q / p). The bands .10 and
.25 in use are a convention and ignore numbers: with nothing moved, PSI / (1/n + 1/m) follows about a chi-square
distribution with bins - 1 degrees of freedom, so its mean is (bins - 1)(1/n + 1/m). Small samples pass .10 by chance;
in large ones trifles are certain. A feature is said to have moved only when it is both large and more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2, norm

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.prediction.deciles import clopper_pearson
from satsuma.statistics.prediction.encoding import FeatureKind
from satsuma.statistics.prediction.plain import Plain, pack, told, unpack
from satsuma.statistics.prediction.scores import Interval, Recalibration, recalibration

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Word = Literal["steady", "moved a little", "moved"]

#: The conventional bands of PSI, the change of the missing share that matters, and the chance of a false alarm.
LITTLE, MUCH, MISSING, CHANCE = 0.10, 0.25, 0.05, 0.001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """Bins of one feature as training had them.

    cuts : of numbers, rising: bin k is [cut k-1, cut k). levels : of categories, ascending; the rest share a bin.
    counts : training rows by bin, shape (bins,). missing : training rows without a value.
    """

    name: str
    kind: FeatureKind
    cuts: Floats
    levels: Floats
    counts: Whole
    missing: int

    def count(self, values: ArrayLike) -> tuple[Whole, int]:
        """Return rows by bin, shape (bins,), and rows without a value."""
        given = np.asarray(values, np.float64)
        known = given[~np.isnan(given)]
        return _place(known, self.kind, self.cuts, self.levels), len(given) - len(known)

    def as_dict(self) -> Plain:
        """Return the bins as text and numbers."""
        return {
            "name": self.name, "kind": self.kind, "cuts": pack(self.cuts), "levels": pack(self.levels),
            "counts": pack(self.counts), "missing": self.missing,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Bins:
        """Return the bins that `as_dict` wrote."""
        return cls(name=plain["name"], kind=plain["kind"], cuts=unpack(plain["cuts"]), levels=unpack(plain["levels"]),
                   counts=unpack(plain["counts"]), missing=plain["missing"])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """The population stability index of two samples.

    by_chance : its mean when nothing has moved. p_value : the chance of so much or more when nothing has moved.
    bins : those that hold anyone in either sample.
    """

    psi: float
    by_chance: float
    p_value: float
    bins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDrift:
    """How far one feature has moved. missing_before, missing_now : shares of rows without a value.

    stability : of the rows with a value; None where one sample has none.
    """

    name: str
    stability: Stability | None
    missing_before: float
    missing_now: float
    word: Word
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationDrift:
    """What happened against what was said, once outcomes are known.

    observed : rate or mean amount with its interval; expected : mean prediction. line : slope and intercept of events;
    None for amounts or where they cannot be estimated. holds : whether the expected lies in the interval.
    """

    observed: Interval
    expected: float
    line: Recalibration | None
    rows: int
    holds: bool
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has moved since training: features, the predictions themselves, and calibration where outcomes are known."""

    features: tuple[FeatureDrift, ...]
    predictions: FeatureDrift
    calibration: CalibrationDrift | None
    sentence: str

    @property
    def moved(self) -> tuple[str, ...]:
        """The names of features that have moved."""
        return tuple(each.name for each in self.features if each.word == "moved")

    @property
    def needs_refit(self) -> bool:
        """Whether predictions no longer say what happens, or would be of customers unlike those of training."""
        known_wrong = self.calibration is not None and not self.calibration.holds
        return known_wrong or self.predictions.word == "moved"

    def as_dict(self) -> Plain:
        """Return the result as text, numbers and lists."""
        found: Plain = told(self)
        return found


#: Features that a sentence names; the result holds all.
NAMED = 5


def learn_bins(values: ArrayLike, name: str, kind: FeatureKind, *, bins: int = 10) -> Bins:
    """Return bins of about equal numbers of training rows.

    Parameters
    ----------
    values : shape (n,), NaN where missing
    bins : at most; a value that many rows share has a bin of its own.
    """
    given = np.asarray(values, np.float64)
    known = given[~np.isnan(given)]
    cuts, levels = np.empty(0), np.empty(0)
    if kind == "category":
        names, counts = np.unique(known, return_counts=True)
        levels = np.sort(names[np.lexsort((names, -counts))[: 2 * bins]])
    elif len(known):
        # Quantiles that are values of the data, so that nothing is interpolated between codes.
        cuts = np.unique(np.quantile(known, np.arange(1, bins) / bins, method="inverted_cdf"))
        heavy = [value for value in cuts if np.mean(known == value) > 1.0 / bins]
        cuts = np.unique(np.concatenate([cuts, np.nextafter(heavy, np.inf)]))
        cuts = cuts[cuts > known.min()]
    return Bins(name=name, kind=kind, cuts=cuts, levels=levels, counts=_place(known, kind, cuts, levels),
                missing=len(given) - len(known))  # fmt: skip


def _place(known: Floats, kind: FeatureKind, cuts: Floats, levels: Floats) -> Whole:
    if kind == "category":
        place = np.searchsorted(levels, known)
        number = np.where(np.append(levels, np.nan)[place] == known, place, len(levels))
        return np.bincount(number, minlength=len(levels) + 1).astype(np.int64)
    return np.bincount(np.searchsorted(cuts, known, side="right"), minlength=len(cuts) + 1).astype(np.int64)


def stability(before: ArrayLike, now: ArrayLike) -> Stability:
    """Return the population stability index of counts by bin.

    Parameters
    ----------
    before, now : array of int, shape (bins,): rows by bin in either sample.

    Raises
    ------
    CannotEstimate
        When a sample is empty.

    Notes
    -----
    Where a bin is empty in one sample, half a row is added to every bin of both: the index has no value at 0. Bins
    that are empty in both are left out.
    """
    first, second = np.asarray(before, np.float64), np.asarray(now, np.float64)
    if not first.sum() > 0 or not second.sum() > 0:
        raise CannotEstimate("A sample without values cannot be compared.")
    used = (first > 0) | (second > 0)
    first, second = first[used], second[used]
    sizes = 1.0 / first.sum() + 1.0 / second.sum()
    if (first == 0).any() or (second == 0).any():
        first, second = first + 0.5, second + 0.5
    p, q = first / first.sum(), second / second.sum()
    psi = float(np.sum((q - p) * np.log(q / p)))
    degrees = len(p) - 1
    p_value = float(chi2.sf(psi / sizes, degrees)) if degrees > 0 else 1.0
    return Stability(psi=psi, by_chance=degrees * float(sizes), p_value=p_value, bins=len(p))


def feature_drift(bins: Bins, values: ArrayLike) -> FeatureDrift:
    """Return how far a feature has moved from its training bins, shape (n,).

    Raises
    ------
    CannotEstimate
        When there are no rows.
    """
    counts, absent = bins.count(values)
    known_before, known_now = int(bins.counts.sum()), int(counts.sum())
    rows_before, rows_now = known_before + bins.missing, known_now + absent
    if rows_before == 0 or rows_now == 0:
        raise CannotEstimate("A sample without rows cannot be compared.")
    before, now = bins.missing / rows_before, absent / rows_now
    found = stability(bins.counts, counts) if known_before and known_now else None
    word: Word = "steady"
    parts = []
    if found is not None and found.p_value < CHANCE and found.psi > LITTLE:
        word = "moved" if found.psi > MUCH else "moved a little"
        parts.append(f"its values lie elsewhere (PSI {found.psi:.2f}, by chance {found.by_chance:.3f})")
    if abs(now - before) > MISSING and _missing_p(bins.missing, rows_before, absent, rows_now) < CHANCE:
        word = "moved"
        parts.append(f"{now:.1%} have none, before {before:.1%}")
    sentence = f"'{bins.name}' has {word}: {'; '.join(parts)}." if parts else f"'{bins.name}' is steady."
    return FeatureDrift(name=bins.name, stability=found, missing_before=before, missing_now=now, word=word,
                        sentence=sentence)  # fmt: skip


def _missing_p(first: int, rows_before: int, second: int, rows_now: int) -> float:
    pooled = (first + second) / (rows_before + rows_now)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / rows_before + 1.0 / rows_now))
    return float(2.0 * norm.sf(abs(second / rows_now - first / rows_before) / error)) if error > 0 else 1.0


def calibration_drift(
    outcome: ArrayLike, predicted: ArrayLike, *, amounts: bool = False, level: float = 0.99
) -> CalibrationDrift:
    """Return what happened against what was said.

    Parameters
    ----------
    outcome : array of 0 and 1, or of amounts, shape (n,), of a window that has closed
    predicted : what was said before it, shape (n,)
    level : of the interval: exact binomial for events, normal for amounts.

    Raises
    ------
    CannotEstimate
        When there are fewer than two rows.
    """
    values, said = np.asarray(outcome, np.float64), np.asarray(predicted, np.float64)
    if len(values) < 2:
        raise CannotEstimate("Calibration needs at least two rows.")
    mean, expected = float(values.mean()), float(said.mean())
    line = None
    if amounts:
        reach = float(norm.isf((1.0 - level) / 2.0)) * float(values.std(ddof=1)) / math.sqrt(len(values))
        low, high = mean - reach, mean + reach
    else:
        low, high = (float(border) for border in clopper_pearson(values.sum(), len(values), level=level))
        try:
            line = recalibration(values, said)
        except CannotEstimate:
            line = None
    holds = low <= expected <= high
    form = "{:.4g}" if amounts else "{:.1%}"
    sentence = (
        f"Predictions said {form.format(expected)} on the whole; {form.format(mean)} came "
        f"({level:.0%} interval {form.format(low)} to {form.format(high)}): "
        f"{'they hold' if holds else 'they are too ' + ('high' if expected > high else 'low')}."
    )
    return CalibrationDrift(observed=Interval(estimate=mean, low=low, high=high, level=level), expected=expected,
                            line=line, rows=len(values), holds=holds, sentence=sentence)  # fmt: skip


def drift(
    bins: Sequence[Bins], values: Floats, prediction_bins: Bins, predictions: ArrayLike, *,
    outcome: ArrayLike | None = None, said: ArrayLike | None = None, amounts: bool = False,
) -> Drift:  # fmt: skip
    """Return what has moved since training.

    Parameters
    ----------
    bins : of each feature, from `learn_bins` on training rows
    values : features now, shape (n, features)
    prediction_bins : of the predictions on training rows
    predictions : now, shape (n,)
    outcome, said : of a window that has closed since, and what had been predicted for it, shape (m,); None while none
        has.
    """
    features = tuple(feature_drift(each, values[:, number]) for number, each in enumerate(bins))
    scores = feature_drift(prediction_bins, predictions)
    known = None
    if outcome is not None and said is not None:
        known = calibration_drift(outcome, said, amounts=amounts)
    moved = [each.name for each in features if each.word == "moved"]
    words = []
    listed = ", ".join(moved[:NAMED]) + (f" and {len(moved) - NAMED} more" if len(moved) > NAMED else "")
    words.append(
        f"{len(moved)} of {len(features)} features have moved: {listed}." if moved else "No feature has moved."
    )
    words.append("The predictions are steady." if scores.word == "steady" else f"The predictions have {scores.word}.")
    if known is not None:
        words.append(known.sentence)
    return Drift(features=features, predictions=scores, calibration=known, sentence=" ".join(words))
