"""How reliably a scale measures: alpha, omega, lambda-6, what each item adds, and when to be wary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import fdtri

from satsuma.statistics.errors import CannotEstimate
from satsuma.statistics.psychometrics.extraction import minres
from satsuma.statistics.psychometrics.items import Answers, Floats, Response
from satsuma.statistics.psychometrics.moments import Moments, as_correlation, squared_multiple

#: Below it a scale is too unreliable to tell people apart; above it the items ask the same again and again.
LOWEST_ALPHA, HIGHEST_ALPHA = 0.6, 0.95
#: With fewer points, Pearson's correlations are clearly smaller than those of what lies behind the answers.
FEWEST_POINTS = 5
#: A larger share of missing answers is said.
MOST_MISSING = 0.2
#: A larger share of respondents with one answer to all is said.
MOST_STRAIGHT = 0.1

Word = Literal["unreliable", "weak", "acceptable", "good", "redundant"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFigures:
    """One item within its scale.

    answered, mean, sd, missing, outside : as keyed, over those who answered it; `missing` is the share among the
    respondents of the scale. item_rest : correlation with the sum of the other items. alpha_if_dropped : of the rest,
    None of a scale of two. loading : on the one factor; None of a scale of two.
    """

    reverse: bool
    answered: int
    mean: float
    sd: float
    missing: float
    outside: int
    item_rest: float
    alpha_if_dropped: float | None
    loading: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How reliably a scale measures.

    alpha, low, high : Cronbach's alpha of the answers as they are, with Feldt's interval. standardised : of items
    scaled to the same spread. lambda6 : Guttman's, of the correlations. omega : McDonald's omega total by one factor,
    None of a scale of two. mean_correlation : between items. respondents : who answered any two items together, at
    least.
    """

    alpha: float
    low: float
    high: float
    level: float
    standardised: float
    lambda6: float | None
    omega: float | None
    mean_correlation: float
    respondents: int
    items: tuple[ItemFigures, ...]

    @property
    def word(self) -> Word:
        """What alpha says, in one word: Nunnally's .7 and .8 are the borders of acceptable and good."""
        if self.alpha < LOWEST_ALPHA:
            return "unreliable"
        if self.alpha > HIGHEST_ALPHA:
            return "redundant"
        return "weak" if self.alpha < 0.7 else "acceptable" if self.alpha < 0.8 else "good"


def alpha(covariance: Floats) -> float:
    """Return Cronbach's alpha, k / (k - 1) (1 - trace / sum), of covariances (1951, eq. 2) or of correlations.

    Raises
    ------
    CannotEstimate
        When the sum of the items has no spread: they cancel each other.
    """
    items, whole, own = len(covariance), float(covariance.sum()), float(np.trace(covariance))
    if whole <= 1e-12 * own:
        raise CannotEstimate("The items cancel each other: some are probably to be reversed.")
    return items / (items - 1) * (1.0 - own / whole)


def alpha_interval(estimate: float, respondents: int, items: int, level: float = 0.95) -> tuple[float, float]:
    """Return an interval of alpha.

    (1 - alpha) / (1 - estimate) is distributed as F with n - 1 and (n - 1)(k - 1) degrees of freedom: Feldt, Woodruff
    and Salih (1987), Applied Psychological Measurement 11, 93-103.
    """
    first, second = respondents - 1.0, (respondents - 1.0) * (items - 1.0)
    tail = (1.0 - level) / 2.0
    low = 1.0 - (1.0 - estimate) * float(fdtri(first, second, 1.0 - tail))
    return low, 1.0 - (1.0 - estimate) * float(fdtri(first, second, tail))


def guttman_lambda6(correlation: Floats) -> float:
    """Return Guttman's lambda-6 (1945): 1 less the sum of what is not explained of each item by the others."""
    return 1.0 - float(np.sum(1.0 - squared_multiple(correlation))) / float(correlation.sum())


def item_rest(covariance: Floats) -> Floats:
    """Return the correlation of each item with the sum of the others, shape (items,); NaN where they cancel."""
    own = np.diag(covariance)
    with_rest = covariance.sum(axis=0) - own
    rest = covariance.sum() - own - 2.0 * with_rest
    has_spread = rest > 1e-12 * own
    return np.where(has_spread, with_rest / np.sqrt(own * np.where(has_spread, rest, 1.0)), np.nan)


def omega_total(covariance: Floats, loadings: Floats) -> float:
    """Return McDonald's omega total of the sum of items by one factor (1999, eq. 6.20b).

    Parameters
    ----------
    loadings : shape (items,), of the correlations.
    """
    spread = np.sqrt(np.diag(covariance))
    common = float(np.sum(loadings * spread)) ** 2
    return common / (common + float(np.sum((1.0 - loadings**2) * spread**2)))


def reliability(answers: Answers, found: Moments, *, level: float = 0.95) -> Reliability:
    """Return how reliably a scale measures.

    Parameters
    ----------
    answers : what was answered. found : `moments` of the keyed answers.

    Raises
    ------
    CannotEstimate
        When there is only one item, or the items cancel each other.
    """
    items = found.items
    if items < 2:
        raise CannotEstimate("One item alone says nothing of how reliable it is.")
    covariance, correlation = found.covariance, as_correlation(found.covariance)
    estimate = alpha(covariance)
    low, high = alpha_interval(estimate, found.pairs, items, level)
    loadings = _one_factor(correlation) if items >= 3 else None
    try:
        sixth = guttman_lambda6(correlation)
    except CannotEstimate:
        sixth = None
    return Reliability(
        alpha=estimate, low=low, high=high, level=level, standardised=alpha(correlation), lambda6=sixth,
        omega=None if loadings is None else omega_total(covariance, loadings),
        mean_correlation=float((correlation.sum() - items) / (items * (items - 1))), respondents=found.pairs,
        items=tuple(_items(answers, found, loadings)),
    )  # fmt: skip


def _one_factor(correlation: Floats) -> Floats:
    return minres(correlation, 1).loadings[:, 0]


def _items(answers: Answers, found: Moments, loadings: Floats | None) -> Sequence[ItemFigures]:
    rest, answered = item_rest(found.covariance), np.diag(found.count)
    respondents = int(np.count_nonzero(~np.isnan(answers.given).all(axis=1)))
    return [
        ItemFigures(
            reverse=bool(answers.reverse[place]), answered=int(answered[place]), mean=float(found.mean[place]),
            sd=float(np.sqrt(found.covariance[place, place])), missing=1.0 - int(answered[place]) / respondents,
            outside=int(answers.outside[place]), item_rest=float(rest[place]),
            alpha_if_dropped=_alpha_without(found.covariance, place),
            loading=None if loadings is None else float(loadings[place]),
        )
        for place in range(found.items)
    ]  # fmt: skip


def _alpha_without(covariance: Floats, place: int) -> float | None:
    rest = np.delete(np.delete(covariance, place, 0), place, 1)
    try:
        return alpha(rest) if len(rest) > 1 else None
    except CannotEstimate:
        return None


# -------------------------------------------------------------------------------------------------------- guard rails


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something to look at before a scale is used: a code, a sentence, and the item it is about, if one."""

    code: Literal["low", "redundant", "unreversed", "ordinal", "missing", "straight_lining", "weak_item"]
    sentence: str
    item: int | None = None


def cautions(names: Sequence[str], found: Reliability, answered: Response) -> tuple[Caution, ...]:
    """Return what to look at before a scale is used.

    Parameters
    ----------
    names : of the items, as a person knows them.
    """
    told: list[Caution] = []
    if found.alpha < LOWEST_ALPHA:
        told.append(Caution(code="low", sentence=f"Alpha is {found.alpha:.2f}, below .60: too unreliable to tell "
                            "people apart."))  # fmt: skip
    if found.alpha > HIGHEST_ALPHA:
        told.append(Caution(code="redundant", sentence=f"Alpha is {found.alpha:.3f}, above .95: the items ask the same "
                            "again and again; fewer would do."))  # fmt: skip
    for place, (name, item) in enumerate(zip(names, found.items, strict=True)):
        if item.item_rest < 0:
            what = "it is marked as reversed; should it be?" if item.reverse else "it is probably to be reversed."
            sentence = f"{name} goes against the other items (item-rest correlation {item.item_rest:.2f}): {what}"
            told.append(Caution(code="unreversed", sentence=sentence, item=place))
        elif item.alpha_if_dropped is not None and item.alpha_if_dropped > found.alpha + 0.01:
            sentence = f"Without {name} alpha would be {item.alpha_if_dropped:.2f} instead of {found.alpha:.2f}."
            told.append(Caution(code="weak_item", sentence=sentence, item=place))
        if item.missing > MOST_MISSING:
            sentence = f"{item.missing:.0%} of the respondents did not answer {name}."
            told.append(Caution(code="missing", sentence=sentence, item=place))
    if answered.missing > MOST_MISSING:
        told.append(Caution(code="missing", sentence=f"{answered.missing:.0%} of all answers lack; scores rest on "
                            "those who answered enough."))  # fmt: skip
    if answered.points < FEWEST_POINTS:
        told.append(Caution(code="ordinal", sentence=f"The answers have {answered.points} points: with fewer than "
                            f"{FEWEST_POINTS}, correlations and alpha come out too low."))  # fmt: skip
    lines = answered.straight_lining
    if lines is not None and lines > MOST_STRAIGHT:
        turned = any(item.reverse for item in found.items)
        why = "with reversed items among them, these cannot be meant" if turned else "no reversed item tells why"
        told.append(Caution(code="straight_lining", sentence=f"{lines:.0%} of those who answered all gave the same "
                            f"answer to each; {why}."))  # fmt: skip
    return tuple(told)
