"""Which category a customer prefers beyond chance.

A customer's share of a category is set against the share that the category has in all: index = share / base share.
An index alone is easily high by luck, most of all where the base share is small, so a category counts as preferred
only with enough evidence, all of it:

* at least `at_least` events of the customer in the category;
* an index of at least `index`;
* a share that chance gives too seldom: the one-sided binomial tail P(X >= x | n, base share) is at most
  level / (number of categories). The division (Bonferroni) keeps the chance that a customer without any preference
  gets one below `level`, however many categories there are.

Of several preferred categories the one with the strongest evidence is the favourite: the largest n KL(share, base),
the logarithm of a likelihood ratio, which still tells two apart where both tails are 0 to the last digit.

Events can be weighed by money. Money is uneven, and so proves less than its number of events: n is then the
effective number of events (sum w)^2 / sum w^2 (Kish 1965), and x = n x share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, xlogy

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Events summed by customer and category, one row per pair that occurs.

    customer, category : array of int, shape (pairs,); a category of -1 is one that nobody can prefer (too small to
        be listed) but that counts towards the customer's whole.
    events : how many events; weight : the sum of their weights; squares : the sum of the weights' squares.
    """

    customer: Whole
    category: Whole
    events: Whole
    weight: Floats
    squares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Favourites:
    """The favourite of each customer, shape (n,): category -1 and index NaN where there is none."""

    category: Whole
    index: Floats


def base_shares(bought: Purchases, categories: int) -> Floats:
    """Return the share of each category in the weight of all events, shape (categories,)."""
    listed = bought.category >= 0
    totals = np.bincount(bought.category[listed], weights=bought.weight[listed], minlength=categories)
    whole = float(bought.weight.sum())
    return totals / whole if whole > 0 else np.zeros(categories)


def favourites(
    bought: Purchases, shares: Floats, size: int, *, at_least: int = 3, index: float = 1.2, level: float = 0.05
) -> Favourites:
    """Return each customer's favourite category.

    Parameters
    ----------
    shares : base shares, shape (categories,)
    size : number of customers; customers are numbered from 0.
    at_least : events of the customer in the category.
    index : the smallest share / base share, 1.2 is a fifth more than average.
    level : the chance that a customer without a preference gets a favourite, at most.
    """
    whole = np.bincount(bought.customer, weights=bought.weight, minlength=size)
    squares = np.bincount(bought.customer, weights=bought.squares, minlength=size)
    rows = np.flatnonzero((bought.category >= 0) & (bought.weight > 0) & (bought.events >= at_least))
    customer, category = bought.customer[rows], bought.category[rows]
    base = shares[category]
    possible = (base > 0) & (base < 1)
    rows, customer, category, base = rows[possible], customer[possible], category[possible], base[possible]
    share = np.minimum(bought.weight[rows] / whole[customer], 1.0)
    effective = whole[customer] ** 2 / squares[customer]
    relative = share / base
    # P(X >= x) of a binomial is the regularised incomplete beta function; it takes an x that is no whole number, too.
    tail = betainc(effective * share, effective * (1.0 - share) + 1.0, base)
    tested = max(int((shares > 0).sum()), 1)
    preferred = (relative >= index) & (tail <= level / tested)
    strength = effective * (xlogy(share, share / base) + xlogy(1.0 - share, (1.0 - share) / (1.0 - base)))
    customer, category = customer[preferred], category[preferred]
    relative, strength = relative[preferred], strength[preferred]
    order = np.lexsort((category, -strength, customer))
    best = np.ones(len(order), np.bool_)
    best[1:] = customer[order][1:] != customer[order][:-1]
    chosen = order[best]
    found = np.full(size, -1, np.int64)
    indexes = np.full(size, np.nan)
    found[customer[chosen]] = category[chosen]
    indexes[customer[chosen]] = relative[chosen]
    return Favourites(found, indexes)
