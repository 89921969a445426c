"""Orders in messages: what an order earned, and its lines, so that both agree."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from satsuma.collecting.shapes import number

Row = dict[str, Any]

_CENT = Decimal("0.0001")
#: What the order says of itself stands under a name of its own on its lines, so that no sum counts it once a line.
_OF_ORDER = ("discount", "shipping", "tax", "subtotal", "total")
_NOT_ON_LINES = frozenset(("revenue", "quantity", "product_id", "name", "price", "sku"))


def set_revenue(properties: Row, items: Sequence[Row], is_refund: bool) -> None:
    """Put into `revenue` what an order earned, or gave back.

    `revenue` is without shipping and tax, `total` with them; without either the products' prices say it. A refund
    gives back its total.
    """
    total, stated = number(properties.get("total")), number(properties.get("revenue"))
    if stated is None and total is not None:
        beside = 0.0 if is_refund else sum(number(properties.get(key)) or 0.0 for key in ("shipping", "tax"))
        stated = round(total - beside, 4)
    if stated is None:
        stated = number(properties.get("subtotal"))
    if stated is None and items:
        amounts = [_amount(item) for item in items]
        stated = None if None in amounts else float(sum(amount for amount in amounts if amount is not None))
    properties["revenue"] = stated


def lines(properties: Row, items: Sequence[Row]) -> list[Row]:
    """Return a row for each product of an order; none when a product has no id, so that the order is one row.

    The order's revenue is spread over its lines in proportion to price times quantity, to the last hundredth of a
    cent, so that the lines add up to it.
    """
    named = [product_of(item) for item in items]
    if not items or None in named:
        return []
    shared = {
        f"order_{key}" if key in _OF_ORDER else key: value
        for key, value in properties.items()
        if key not in _NOT_ON_LINES and value is not None
    }
    revenue = properties.get("revenue")
    amounts = _spread(revenue, items)
    found = []
    for item, product, amount in zip(items, named, amounts, strict=True):
        own = {key: value for key, value in item.items() if key not in _NOT_ON_LINES | {"order_id"}}
        if "name" in item:
            own["product_name"] = item["name"]
        if "price" in item:
            own["price"] = item["price"]
        found.append({**shared, **own, "product_id": product, "quantity": quantity_of(item), "revenue": amount})
    return found


def product_of(item: Row) -> str | None:
    """Return what identifies a product: its id, else what its seller numbers it by, else its name."""
    for key in ("product_id", "sku", "id", "variant", "name"):
        value = item.get(key)
        if value is not None and not isinstance(value, (bool, list)):
            return str(value)[:250]
    return None


def quantity_of(item: Row) -> float:
    quantity = number(item.get("quantity"))
    return 1.0 if quantity is None or quantity <= 0 else quantity


def _amount(item: Row) -> float | None:
    price = number(item.get("price"))
    return None if price is None else price * quantity_of(item)


def _spread(revenue: float | None, items: Sequence[Row]) -> list[float | None]:
    amounts = [_amount(item) for item in items]
    if revenue is None or revenue < 0:
        return amounts
    known = [amount for amount in amounts if amount is not None and amount > 0]
    if len(known) == len(amounts):
        weights = [Decimal(str(amount)) for amount in known]
    else:
        weights = [Decimal(str(quantity_of(item))) for item in items]
        if not any(amount is None for amount in amounts) and known:
            # Something was free: it stays free.
            weights = [Decimal(str(max(amount or 0.0, 0.0))) for amount in amounts]
    whole, left, weight_left = Decimal(str(revenue)), Decimal(str(revenue)), sum(weights, Decimal(0))
    total = weight_left
    parts: list[float | None] = []
    for weight in weights:
        weight_left -= weight
        part = left if weight and weight_left <= 0 else (whole * weight / total).quantize(_CENT, ROUND_HALF_EVEN)
        left -= part
        parts.append(float(part))
    return parts
