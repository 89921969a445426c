"""Whether items fall into the scales that their key says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from satsuma.statistics.psychometrics.adequacy import Adequacy, Parallel, adequacy, parallel_analysis
from satsuma.statistics.psychometrics.extraction import Fit, fit_of, maximum_likelihood, minres
from satsuma.statistics.psychometrics.items import Floats
from satsuma.statistics.psychometrics.rotation import Rotated, oblimin, promax, varimax

ROTATIONS = {"oblimin": oblimin, "promax": promax, "varimax": varimax}

#: From these on two sets of loadings are similar, or the same (Lorenzo-Seva and ten Berge 2006).
FAIR, EQUAL = 0.85, 0.95


def congruence(first: Floats, second: Floats) -> Floats:
    """Return Tucker's congruence of every column of one set of loadings with every column of another.

    Parameters
    ----------
    first, second : arrays of float, shape (items, k) and (items, m).

    Returns
    -------
    array of float, shape (k, m)
        The cosine between two columns, from -1 to 1; 0 with a column of zeros.
    """
    products = first.T @ second
    lengths = np.outer(np.sqrt(np.sum(first**2, axis=0)), np.sqrt(np.sum(second**2, axis=0)))
    return np.asarray(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0), np.float64)


def key_matrix(scale_of: NDArray[np.integer], scales: int) -> Floats:
    """Return what a key says as loadings: 1 on an item's own scale and 0 elsewhere, shape (items, scales)."""
    return np.asarray(np.asarray(scale_of)[:, None] == np.arange(scales), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The factors of the items of several scales beside their key.

    Parameters
    ----------
    scale_of : array of int, shape (items,)
        Which scale the key gives each item.
    adequacy, parallel, parallel_factors, fit
        Whether there are common factors, how many, and how well as many as there are scales fit.
    rotated : Rotated
        Factors in the order of the scales, each turned so that its own items load positively.
    congruence : array of float, shape (scales,)
        Of each factor with its scale's key.
    highest : array of int, shape (items,)
        The factor on which each item loads highest, by size.
    heywood : tuple of int
        Items for which the fit left nothing of their own.
    """

    scale_of: NDArray[np.integer]
    adequacy: Adequacy
    parallel: Parallel
    parallel_factors: Parallel
    fit: Fit
    rotated: Rotated
    congruence: Floats
    highest: NDArray[np.integer]
    heywood: tuple[int, ...]

    @property
    def on_own(self) -> NDArray[np.bool_]:
        """Which items load highest on their own scale, and in its direction."""
        own = self.rotated.loadings[np.arange(len(self.scale_of)), self.scale_of]
        return np.asarray((self.highest == self.scale_of) & (own > 0), np.bool_)

    @property
    def is_as_keyed(self) -> bool:
        """Whether nine of ten items load highest on their own scale, and every factor is fairly like its key."""
        return bool(self.on_own.mean() >= 0.9 and (self.congruence >= FAIR).all())

    @property
    def verdict(self) -> str:
        """What it comes to, in a few sentences."""
        scales, own, items = len(self.congruence), int(self.on_own.sum()), len(self.scale_of)
        word = "as" if self.is_as_keyed else "not as"
        lead = f"The items fall {word} the key says: {own} of {items} load highest on their own of {scales} factors"
        ends = dict.fromkeys(f"{end:.2f}" for end in (self.congruence.min(), self.congruence.max()))
        lead += f"; congruence with the key {' to '.join(ends)}."
        found = self.parallel.suggested
        if found == scales:
            return f"{lead} Parallel analysis finds as many factors as there are scales."
        if found < scales:
            return f"{lead} Parallel analysis finds {found}, fewer than there are scales: some measure the same."
        more = float(self.parallel.eigenvalues[scales:found].sum()) / items
        return (
            f"{lead} Parallel analysis finds {found}; the {found - scales} beyond the scales hold {more:.0%} of the "
            "variance together, such as pairs of items that say nearly the same."
        )


def structure(
    correlation: Floats, respondents: int, scale_of: NDArray[np.integer], rng: np.random.Generator, *,
    rotation: str = "oblimin",
) -> Structure:  # fmt: skip
    """Return the factors of items beside the key that gives each its scale.

    Parameters
    ----------
    correlation : array of float, shape (items, items)
        Of keyed answers, reversed items turned round.
    respondents : int
        The fewest behind any correlation.
    scale_of : array of int, shape (items,)
        From 0; each scale has at least one item.
    rotation : oblimin, promax or varimax. Scales of people correlate: oblimin lets them.

    Raises
    ------
    CannotEstimate
        When there are too few items for so many factors, or one follows from the others.
    """
    key = np.asarray(scale_of)
    scales = int(key.max()) + 1
    found = minres(correlation, scales)
    rotated = ROTATIONS[rotation](found.loadings)
    intended = key_matrix(key, scales)
    alike = congruence(rotated.loadings, intended)
    # Each scale gets the factor that is most like it, no factor twice.
    factors, owners = linear_sum_assignment(-np.abs(alike))
    order = [int(factors[place]) for place in np.argsort(owners)]
    signs = np.where(np.diag(alike[order]) < 0, -1.0, 1.0)
    rotated = rotated.reordered(order, signs)
    return Structure(
        scale_of=key, adequacy=adequacy(correlation, respondents),
        parallel=parallel_analysis(correlation, respondents, rng),
        parallel_factors=parallel_analysis(correlation, respondents, rng, kind="factors"),
        fit=fit_of(maximum_likelihood(correlation, scales), correlation, respondents), rotated=rotated,
        congruence=np.diag(congruence(rotated.loadings, intended)).copy(),
        highest=np.argmax(np.abs(rotated.loadings), axis=1), heywood=found.heywood,
    )  # fmt: skip
