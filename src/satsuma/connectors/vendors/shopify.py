"""What Shopify's file cannot say: an order's lines with what was given back, and the cost of a query."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = ["order_lines", "wait_for_points"]

#: States of payment of an order that was never sold.
_NOT_SOLD = frozenset(("VOIDED", "EXPIRED"))
#: A code that `landing.words` knows as no product.
_ADJUSTMENT = "ADJUSTMENT"
_CENT = Decimal("0.01")

Row = dict[str, Any]


def order_lines(record: Mapping[str, Any]) -> list[Row]:
    """Return the lines of an order: what was sold, and what came back as lines of less than nothing.

    Money is what the customer paid for the goods: without discounts, tax and shipping. What was refunded beyond the
    goods that came back is a line that is no product; where less was refunded (a fee for the return), the goods count
    for what was given back.
    """
    sold_at = record.get("processedAt") or record.get("createdAt")
    items = _nodes(record.get("lineItems"))
    refunds = [item for item in record.get("refunds") or () if isinstance(item, Mapping)]
    status = "cancelled" if _was_not_sold(record) else None
    lines = [_sold(item, record, sold_at, status) for item in items]
    if (record.get("lineItems") or {}).get("pageInfo", {}).get("hasNextPage"):
        lines += _further(record, items, lines, sold_at, status)
    if status is None:
        by_id = {item.get("id"): item for item in items}
        lines += [line for refund in refunds for line in _given_back(refund, record, by_id)]
    return lines


def wait_for_points(body: Any, _headers: Mapping[str, str]) -> float:
    """Return how many seconds to wait until a query as the last one can be paid for."""
    cost = ((body or {}).get("extensions") or {}).get("cost") or {} if isinstance(body, Mapping) else {}
    throttle = cost.get("throttleStatus") or {}
    left, rate = throttle.get("currentlyAvailable"), throttle.get("restoreRate")
    wanted = cost.get("requestedQueryCost")
    if left is None or not rate or wanted is None or left >= wanted:
        return 0.0
    return float((min(wanted, throttle.get("maximumAvailable", wanted)) - left) / rate)


def _was_not_sold(record: Mapping[str, Any]) -> bool:
    """Return whether an order came to nothing: it was cancelled before any money came."""
    if record.get("displayFinancialStatus") in _NOT_SOLD:
        return True
    return bool(record.get("cancelledAt")) and not _money(record, "totalReceivedSet")


def _sold(item: Mapping[str, Any], record: Mapping[str, Any], when: Any, status: str | None) -> Row:
    discount = _discount(item)
    tax = sum((_money(line, "priceSet") for line in item.get("taxLines") or ()), Decimal(0))
    net = _money(item, "originalTotalSet") - discount - (tax if record.get("taxesIncluded") else 0)
    return {
        **_product(item), "time": when, "quantity": item.get("quantity"), "revenue": str(net),
        "discount": str(discount) if discount else None, "status": status,
    }  # fmt: skip


def _further(
    record: Mapping[str, Any], items: list[Mapping[str, Any]], lines: list[Row], when: Any, status: str | None
) -> list[Row]:
    """Return what the lines are worth that were not asked for, so that the order's sum is right."""
    gross = sum((_money(item, "originalTotalSet") - _discount(item) for item in items), Decimal(0))
    net = sum((Decimal(line["revenue"]) for line in lines), Decimal(0))
    rest = _money(record, "subtotalPriceSet") - gross
    if rest <= 0 or gross <= 0:
        return []
    # Of their tax nothing is known but that it is included as it is in the others.
    amount = (rest * net / gross).quantize(_CENT)
    return [{"product_id": _ADJUSTMENT, "product_name": "Further lines", "time": when, "quantity": 1,
             "revenue": str(amount), "status": status}]  # fmt: skip


def _given_back(refund: Mapping[str, Any], record: Mapping[str, Any], by_id: Mapping[Any, Any]) -> list[Row]:
    when, included = refund.get("createdAt"), bool(record.get("taxesIncluded"))
    items = _nodes(refund.get("refundLineItems"))
    shipping = sum((_money(item, "subtotalAmountSet") + (0 if included else _money(item, "taxAmountSet"))
                    for item in _nodes(refund.get("refundShippingLines"))), Decimal(0))  # fmt: skip
    gross = sum((_money(item, "subtotalSet") + (0 if included else _money(item, "totalTaxSet")) for item in items),
                Decimal(0))  # fmt: skip
    returned = _money(refund, "totalRefundedSet") - shipping
    # An order that was changed before it was paid gives nothing back, and is worth less all the same.
    share = returned / gross if 0 < returned < gross else Decimal(1)
    lines = []
    for item in items:
        tax = _money(item, "totalTaxSet") if included else Decimal(0)
        net = ((_money(item, "subtotalSet") - tax) * share).quantize(_CENT)
        lines.append({
            **_product(by_id.get((item.get("lineItem") or {}).get("id")) or {}), "time": when,
            "quantity": -int(item.get("quantity") or 0), "revenue": str(-net), "status": None,
        })  # fmt: skip
    if returned > gross:
        lines.append({"product_id": _ADJUSTMENT, "product_name": "Refund", "time": when, "quantity": -1,
                      "revenue": str(gross - returned), "status": None})  # fmt: skip
    return lines


def _product(item: Mapping[str, Any]) -> Row:
    product = (item.get("product") or {}).get("legacyResourceId")
    return {
        # A product that was deleted has no id any more; its number and name are still on the line.
        "product_id": product or item.get("sku") or item.get("title"),
        "product_name": item.get("title"),
        "sku": item.get("sku"),
    }


def _discount(item: Mapping[str, Any]) -> Decimal:
    return sum((_money(part, "allocatedAmountSet") for part in item.get("discountAllocations") or ()), Decimal(0))


def _money(item: Mapping[str, Any], name: str) -> Decimal:
    amount = ((item.get(name) or {}).get("shopMoney") or {}).get("amount")
    return Decimal(str(amount)) if amount is not None else Decimal(0)


def _nodes(connection: Any) -> list[Mapping[str, Any]]:
    return list((connection or {}).get("nodes") or ())
