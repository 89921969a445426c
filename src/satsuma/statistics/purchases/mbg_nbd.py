"""MBG/NBD: customers may leave after each purchase, the first one too.

References
----------
Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
International Journal of Research in Marketing 24(3), 201-209. Hoppe & Wagner (2007), Customer Base Analysis: The Case
for a Central Variant of the Betageometric/NBD Model, Marketing - Journal of Research and Management 3(2), 75-90.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from satsuma.statistics.purchases.beta_geometric import BetaGeometric, problem
from satsuma.statistics.purchases.fitting import Prior, maximise
from satsuma.statistics.purchases.model import unit_of_time
from satsuma.statistics.purchases.summary import PurchaseSummary

REFERENCE = "Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209"


@dataclass(frozen=True, slots=True, kw_only=True)
class MbgNbd(BetaGeometric):
    """Parameters: purchases at rate lambda ~ Gamma(r, alpha), a customer leaves at a purchase, p ~ Beta(a, b)."""

    kind: ClassVar[str] = "MBG/NBD"
    first: ClassVar[int] = 1


def fit_mbg_nbd(
    rows: PurchaseSummary,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> MbgNbd:
    """Return MBG/NBD by maximum likelihood; see `fitting.maximise` for the arguments.

    Raises
    ------
    CannotEstimate
        When nobody bought again, all histories are one, or nobody was observed for any time.
    """
    unit = unit_of_time(rows, MbgNbd.names(), priors)
    return MbgNbd.estimated(maximise(problem(rows, 1, unit, REFERENCE), penalty=penalty, priors=priors, start=start))
