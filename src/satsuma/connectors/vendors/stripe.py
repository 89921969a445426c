"""What Stripe's file cannot say: what a charge earned, in the currency in which it is paid out."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

__all__ = ["earned", "given_back", "paid_in"]

#: Decimals of currencies that have not two, as Stripe counts: other than by the norm, ISK and UGX have two, MGA none.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}


def earned(charge: Mapping[str, Any], _places: Mapping[str, Any]) -> str | None:
    """Return what a charge earned: in the currency it is paid out in, else as it was paid."""
    settled = _settled(charge)
    if settled is not None:
        return _written(*settled)
    amount = _amount(charge)
    return None if amount is None else _written(amount, charge.get("currency"))


def paid_in(charge: Mapping[str, Any], _places: Mapping[str, Any]) -> str | None:
    """Return the currency of `earned`."""
    settled = _settled(charge)
    currency = charge.get("currency") if settled is None else settled[1]
    return None if currency is None else str(currency).upper()


def given_back(charge: Mapping[str, Any], _places: Mapping[str, Any]) -> str | None:
    """Return what of a charge was given back, at the rate at which it was earned; nothing when nothing was."""
    amount = _amount(charge)
    # What was authorised and never taken is called refunded as well.
    never_taken = (charge.get("amount") or 0) - (amount or 0)
    back = (charge.get("amount_refunded") or 0) - never_taken
    if back <= 0 or not amount:
        return None
    settled = _settled(charge)
    if settled is None:
        return _written(back, charge.get("currency"))
    share = (Decimal(settled[0]) * back / amount).to_integral_value(ROUND_HALF_UP)
    return _written(int(share), settled[1])


def _amount(charge: Mapping[str, Any]) -> int | None:
    """Return what was taken; an authorisation may be taken in part."""
    amount = charge.get("amount_captured")
    return charge.get("amount") if amount is None else amount


def _written(amount: int, currency: Any) -> str:
    """Return an amount in a currency's smallest unit as a decimal number."""
    return format(Decimal(amount).scaleb(-_DECIMALS.get(str(currency or "").upper(), 2)), "f")


def _settled(charge: Mapping[str, Any]) -> tuple[int, str] | None:
    """Return amount and currency as they went to the account's balance; None while they did not."""
    settled = charge.get("balance_transaction")
    if not isinstance(settled, Mapping) or settled.get("amount") is None or not settled.get("currency"):
        return None
    return int(settled["amount"]), str(settled["currency"])
