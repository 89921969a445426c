"""BG/NBD: customers may leave after each repeat purchase.

References
----------
Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model, Marketing
Science 24(2), 275-284.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from satsuma.statistics.purchases.beta_geometric import BetaGeometric, problem
from satsuma.statistics.purchases.fitting import Prior, maximise
from satsuma.statistics.purchases.model import unit_of_time
from satsuma.statistics.purchases.summary import PurchaseSummary

REFERENCE = "Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284"


@dataclass(frozen=True, slots=True, kw_only=True)
class BgNbd(BetaGeometric):
    """Parameters: purchases at rate lambda ~ Gamma(r, alpha), a customer leaves at a repeat purchase, p ~ Beta(a, b).

    A customer without a repeat purchase has P(alive) = 1 whatever the time since: this model cannot say otherwise.
    """

    kind: ClassVar[str] = "BG/NBD"
    first: ClassVar[int] = 0


def fit_bg_nbd(
    rows: PurchaseSummary,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> BgNbd:
    """Return BG/NBD by maximum likelihood; see `fitting.maximise` for the arguments.

    Raises
    ------
    CannotEstimate
        When nobody bought again, all histories are one, or nobody was observed for any time.
    """
    unit = unit_of_time(rows, BgNbd.names(), priors)
    return BgNbd.estimated(maximise(problem(rows, 0, unit, REFERENCE), penalty=penalty, priors=priors, start=start))
