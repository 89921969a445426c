"""All models by name: fitting one, and reading one that was kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from satsuma.statistics.purchases.beta_geometric import BetaGeometric
from satsuma.statistics.purchases.bg_bb import BgBb, fit_bg_bb
from satsuma.statistics.purchases.bg_nbd import BgNbd, fit_bg_nbd
from satsuma.statistics.purchases.fitting import Prior
from satsuma.statistics.purchases.gamma_gamma import GammaGamma
from satsuma.statistics.purchases.mbg_nbd import MbgNbd, fit_mbg_nbd
from satsuma.statistics.purchases.model import Parameters
from satsuma.statistics.purchases.pareto_nbd import ParetoNbd, fit_pareto_nbd
from satsuma.statistics.purchases.renewals import Renewals
from satsuma.statistics.purchases.summary import PurchaseSummary

#: A model of purchases.
Purchases = BetaGeometric | ParetoNbd | BgBb

MODELS: dict[str, type[Parameters]] = {
    model.kind: model for model in (BgNbd, MbgNbd, ParetoNbd, BgBb, GammaGamma, Renewals)
}

#: How the models of purchases are fitted.
FITS: dict[str, Callable[..., Purchases]] = {
    BgNbd.kind: fit_bg_nbd,
    MbgNbd.kind: fit_mbg_nbd,
    ParetoNbd.kind: fit_pareto_nbd,
    BgBb.kind: fit_bg_bb,
}


def fit(
    kind: str,
    rows: PurchaseSummary,
    *,
    penalty: float = 0.0,
    priors: Mapping[str, Prior] | None = None,
    start: Sequence[float] | None = None,
) -> Purchases:
    """Return the model of purchases of this name, by maximum likelihood.

    Raises
    ------
    ValueError
        When there is no such model.
    CannotEstimate
        When the data do not determine it.
    """
    if kind not in FITS:
        raise ValueError(f"There is no model {kind!r}; there are {', '.join(FITS)}.")
    return FITS[kind](rows, penalty=penalty, priors=priors, start=start)


def from_dict(plain: Mapping[str, Any]) -> Parameters:
    """Return the model that `as_dict` was made of.

    Raises
    ------
    ValueError
        When there is no such model, or a parameter is missing.
    """
    kind = plain.get("model")
    if kind not in MODELS:
        raise ValueError(f"There is no model {kind!r}; there are {', '.join(MODELS)}.")
    return MODELS[kind].from_dict(plain)
