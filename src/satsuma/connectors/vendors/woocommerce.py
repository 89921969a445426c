"""What WooCommerce's file cannot say: an order's lines with what was given back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = ["order_lines"]

#: States of an order that earns nothing (yet). Its own reports leave out the same ones.
_NOT_SOLD = frozenset(("pending", "checkout-draft", "failed", "cancelled", "trash", "auto-draft"))
#: A code that `landing.words` knows as no product.
_ADJUSTMENT = "ADJUSTMENT"

Row = dict[str, Any]


def order_lines(record: Mapping[str, Any]) -> list[Row]:
    """Return the lines of an order: what was sold, and what came back as lines of less than nothing.

    Money is without tax and shipping, after discounts. What was given back beside goods and shipping is a line that
    is no product.
    """
    state, bought = record.get("status"), record.get("date_created_gmt")
    status = "cancelled" if state in _NOT_SOLD else None
    if state == "refunded" and not record.get("refunds"):
        # Shops that came from elsewhere have orders that are refunded and do not say how.
        status = "refunded"
    items = [item for item in record.get("line_items") or () if isinstance(item, Mapping)]
    lines = [_line(item, bought, status) for item in items]
    lines += [
        _other(fee.get("name") or "Fee", _money(fee, "total"), bought, status)
        for fee in record.get("fee_lines") or ()
        if _money(fee, "total")
    ]
    if status is None:
        for refund in record.get("refund_lines") or ():
            lines += _given_back(refund)
    # Accounts are numbered from 1; 0 is a guest.
    customer = record.get("customer_id") or None
    return [{**line, "customer": customer} for line in lines]


def _line(item: Mapping[str, Any], when: Any, status: str | None) -> Row:
    discount = _money(item, "subtotal") - _money(item, "total")
    return {
        "time": when, "product_id": item.get("product_id") or item.get("sku") or item.get("name"),
        "product_name": item.get("name"), "sku": item.get("sku"), "quantity": item.get("quantity"),
        "revenue": str(_money(item, "total")), "discount": str(discount) if discount > 0 else None, "status": status,
    }  # fmt: skip


def _given_back(refund: Mapping[str, Any]) -> list[Row]:
    when = refund.get("date_created_gmt")
    items = [item for item in refund.get("line_items") or () if _money(item, "total") or item.get("quantity")]
    others = [item for name in ("fee_lines", "shipping_lines") for item in refund.get(name) or ()]
    named = sum((_money(item, "total") + _money(item, "total_tax") for item in (*items, *others)), Decimal(0))
    lines = []
    for item in items:
        back = _line(item, when, None)
        # Money may be given back for a line without any piece of it: that is a line of none, and less money.
        lines.append({**back, "quantity": item.get("quantity") or -1, "discount": None})
    lines += [_other(fee.get("name") or "Fee", _money(fee, "total"), when, None)
              for fee in refund.get("fee_lines") or () if _money(fee, "total")]  # fmt: skip
    beside = -_money(refund, "amount") - named
    if beside < 0:
        lines.append(_other("Refund", beside, when, None))
    return lines


def _other(name: str, amount: Decimal, when: Any, status: str | None) -> Row:
    return {"time": when, "product_id": _ADJUSTMENT, "product_name": name, "quantity": -1 if amount < 0 else 1,
            "revenue": str(amount), "status": status}  # fmt: skip


def _money(item: Mapping[str, Any], name: str) -> Decimal:
    amount = item.get(name)
    return Decimal(str(amount)) if amount not in (None, "") else Decimal(0)
