"""Which words or categories two groups use differently, without rare ones winning by luck.

Three of four customers who bought a rare product are no finding. Each group's use is drawn towards what everybody
uses by a prior worth `strength` events, and what is ranked is the log-odds ratio over its standard deviation.

References
----------
Monroe, Colaresi & Quinn (2008), Fightin' Words, Political Analysis 16(4), 372-403: eq. (15), (18), (20) to (22).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LogOddsRatios:
    """Two groups' use of words, all arrays of shape (..., words).

    log_odds : the log-odds ratio under the prior, above 0 where the group uses the word more than the others.
    deviation : its standard deviation; z : log_odds / deviation; p : of z, two-sided.
    """

    log_odds: Floats
    deviation: Floats
    z: Floats
    p: Floats


def informative_prior(background: ArrayLike, *, strength: float = 500.0) -> Floats:
    """Return the Dirichlet prior that holds everybody's use, worth `strength` events.

    Parameters
    ----------
    background : array of float, shape (words,); how often everybody used each word.
    """
    given = np.asarray(background, np.float64)
    total = float(given.sum())
    if not total > 0 or not strength > 0 or (given < 0).any():
        raise ValueError("A prior needs a background with something in it and a strength above 0.")
    return strength * given / total


def compare_use(counts: ArrayLike, other: ArrayLike, prior: ArrayLike) -> LogOddsRatios:
    """Compare how often a group and the others used each word.

    Parameters
    ----------
    counts, other : arrays of float, shape (..., words); of the group and of the others.
    prior : array of float, shape (words,); by `informative_prior`. A word of prior 0 is one that nobody used: NaN.
    """
    used, other_used = np.broadcast_arrays(np.asarray(counts, np.float64), np.asarray(other, np.float64))
    alpha = np.asarray(prior, np.float64)
    if used.ndim == 0 or alpha.shape != used.shape[-1:]:
        raise ValueError("The prior has one value for each word.")
    known = alpha > 0
    weight = np.where(known, alpha, 1.0)
    ratios = []
    for each in (used, other_used):
        above = each + weight
        below = each.sum(axis=-1, keepdims=True) + alpha.sum() - above
        # With one word alone there is nothing else to be used: no odds.
        ratios.append(np.log(above) - np.log(np.where(below > 0, below, np.nan)))
    log_odds = np.where(known, ratios[0] - ratios[1], np.nan)  # eq. (15)
    deviation = np.where(known, np.sqrt(1 / (used + weight) + 1 / (other_used + weight)), np.nan)  # eq. (20)
    z = log_odds / deviation
    return LogOddsRatios(log_odds, deviation, z, 2 * ndtr(-np.abs(z)))
