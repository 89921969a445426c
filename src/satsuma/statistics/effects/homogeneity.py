"""How alike the members of a group are, beside everybody: a ratio of spreads, with what a random group would have.

1 is as mixed as everybody, 0 all alike, above 1 more mixed. Of numbers the ratio is of variances of ranks, so that no
outlier decides; of categories it is of entropies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from satsuma.statistics.effects.moments import Moments

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Homogeneity:
    """The spread within groups over that of everybody, arrays of one shape.

    ratio : of each group. expected, deviation : mean and standard deviation of the ratio of a random group of its size.
    """

    ratio: Floats
    expected: Floats
    deviation: Floats


def variance_ratio(groups: Moments, base: Moments, kurtosis: ArrayLike) -> Homogeneity:
    """Return sample variances of groups over that of everybody.

    Parameters
    ----------
    groups : within `base`, shape (groups,) or (groups, traits).
    kurtosis : of the base, the fourth moment over the squared variance: 3 for a normal variable, 1.8 for ranks.

    Notes
    -----
    A sample without replacement has the population's variance in the mean, exactly; the variance of that is about
    (kurtosis - 1) / n (1 - n / N), the leading term.
    """
    n, spread = groups.n, base.variance
    ratio = groups.variance / np.where(spread > 0, spread, np.nan)
    left = np.maximum(1.0 - n / np.maximum(base.n, 1), 0.0)
    deviation = np.sqrt(np.maximum(np.asarray(kurtosis) - 1.0, 0.0) / np.maximum(n, 1) * left)
    there = np.isfinite(ratio)
    return Homogeneity(ratio, np.where(there, 1.0, np.nan), np.where(there, deviation, np.nan))


def entropy_ratio(counts: ArrayLike, base: ArrayLike) -> Homogeneity:
    """Return entropies of groups over that of everybody.

    Parameters
    ----------
    counts : array of int, shape (groups, categories), of groups within the base.
    base : array of int, shape (categories,).

    Notes
    -----
    Of n random members the entropy is H - (K - 1) / (2 n) in the mean (Miller 1955) with variance
    (sum p log^2 p - H^2) / n, both here times 1 - n / N for draws without replacement.
    """
    table, whole = np.asarray(counts, np.float64), np.asarray(base, np.float64)
    n, total = table.sum(axis=-1), whole.sum()
    entropy = _entropy(table)
    p = whole[whole > 0] / max(total, 1.0)
    of_all = float(-(p * np.log(p)).sum())
    there = (n > 0) & (of_all > 0)
    left = np.maximum(1.0 - n / max(total, 1.0), 0.0)
    size = np.maximum(n, 1)
    scale = of_all if of_all > 0 else np.nan
    spread = max(float((p * np.log(p) ** 2).sum()) - of_all**2, 0.0)
    return Homogeneity(
        ratio=np.where(there, entropy / scale, np.nan),
        expected=np.where(there, 1.0 - (len(p) - 1) / (2 * size) * left / scale, np.nan),
        deviation=np.where(there, np.sqrt(spread / size * left) / scale, np.nan),
    )


def _entropy(table: Floats) -> Floats:
    share = table / np.maximum(table.sum(axis=-1, keepdims=True), 1)
    found: Floats = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=-1)
    return found
