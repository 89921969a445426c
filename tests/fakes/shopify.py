"""A shop as Shopify's Admin API shows it: GraphQL, cursors, a cost for each query, errors inside HTTP 200."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.graphql import BadQuery, Selected, cost_of, read_query, select
from fakes.hostile import Answer, Asked

TOKEN = "shpat_fake"  # noqa: S105 of the fake
VERSION = "2026-10"
#: What one query may cost, on every plan.
MOST_POINTS = 1_000
START = datetime(2025, 9, 1, 8, 0, tzinfo=UTC)

_AFTER = re.compile(r"^updated_at:(>=?)'?([0-9T:.+Z-]+?)'?$")
_TYPES = {"orders": "Order", "customers": "Customer", "products": "Product"}


def money(amount: float | str, currency: str = "EUR") -> dict[str, Any]:
    """Return an amount as Shopify gives it: in the shop's currency, and in the one that the customer saw."""
    shown = f"{float(amount):.2f}"
    return {
        "shopMoney": {"amount": shown, "currencyCode": "EUR"},
        "presentmentMoney": {"amount": f"{float(amount) * (1.0 if currency == 'EUR' else 1.1):.2f}",
                             "currencyCode": currency},
    }  # fmt: skip


def line(number: int, title: str, quantity: int, price: float, *, discount: float = 0.0) -> dict[str, Any]:
    """Return a line of an order; prices include 20 % tax."""
    net = quantity * price - discount
    return {
        "id": f"gid://shopify/LineItem/{number}", "title": title, "name": title, "sku": title.upper().replace(" ", "-"),
        "quantity": quantity, "vendor": "Fruit & Co", "isGiftCard": False,
        "product": {"id": f"gid://shopify/Product/{500 + number % 5}", "legacyResourceId": str(500 + number % 5)},
        "variant": {"id": f"gid://shopify/ProductVariant/{900 + number % 5}",
                    "legacyResourceId": str(900 + number % 5), "sku": title.upper().replace(" ", "-")},
        "originalUnitPriceSet": money(price), "originalTotalSet": money(quantity * price),
        "discountAllocations": [{"allocatedAmountSet": money(discount)}] if discount else [],
        "taxLines": [{"priceSet": money(round(net / 6, 2)), "rate": 0.2, "title": "VAT"}],
    }  # fmt: skip


def refund(number: int, when: datetime, lines: list[tuple[dict[str, Any], int]], total: float) -> dict[str, Any]:
    """Return a refund of some lines, each with how many pieces went back; `total` is the money given back."""
    items = []
    for given, pieces in lines:
        share = pieces / given["quantity"]
        paid = float(given["originalTotalSet"]["shopMoney"]["amount"]) - sum(
            float(item["allocatedAmountSet"]["shopMoney"]["amount"]) for item in given["discountAllocations"]
        )
        tax = float(given["taxLines"][0]["priceSet"]["shopMoney"]["amount"])
        items.append({
            "lineItem": {"id": given["id"]}, "quantity": pieces, "restockType": "RETURN",
            "subtotalSet": money(round(paid * share, 2)), "totalTaxSet": money(round(tax * share, 2)),
        })  # fmt: skip
    return {
        "id": f"gid://shopify/Refund/{number}", "createdAt": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "note": None,
        "totalRefundedSet": money(total), "refundLineItems": {"nodes": items}, "refundShippingLines": {"nodes": []},
    }  # fmt: skip


class Shopify:
    """The shop. customers, orders, products : what is in it, by number; change them as you like between two syncs.

    most_objects : after so many rows paging ends, as if there were no more. points, refill : of the cost limit.
    """

    def __init__(
        self,
        *,
        customers: int = 5,
        orders: int = 8,
        most_objects: int = 25_000,
        points: float = 2_000,
        refill: float = 100,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_objects, self.most_points, self.refill = most_objects, points, refill
        self._clock, self._points, self._at = clock, points, clock()
        self.throttled = 0
        self.customers = {number: self._customer(number) for number in range(1, customers + 1)}
        self.orders = {number: self._order(number, customers) for number in range(1, orders + 1)}
        self.products = {number: self._product(number) for number in range(500, 505)}

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("x-shopify-access-token") != TOKEN:
            return Answer(status=401, body={"errors": "[API] Invalid API key or access token"})
        if asked.method != "POST" or asked.path != f"/admin/api/{VERSION}/graphql.json":
            return Answer(status=404, body={"errors": "Not Found"})
        body = asked.json
        try:
            wanted = read_query(body["query"], body.get("variables") or {})
            cost = 2 + cost_of(wanted)
            if cost > MOST_POINTS:
                said = {"message": f"Query cost is {cost}", "extensions": {"code": "MAX_COST_EXCEEDED"}}
                return Answer(body={"errors": [said]})
            self._restore()
            if self._points < cost:
                self.throttled += 1
                said = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
                return Answer(body={"errors": [said], "extensions": self._cost(cost, None)})
            data = {item.name: self._connection(item) for item in wanted}
        except BadQuery as error:
            said = {"message": str(error), "extensions": {"code": "undefinedField"}}
            return Answer(body={"errors": [said]})
        actual = 2 + sum(len(item.get("nodes") or ()) for item in data.values())
        self._points -= actual
        return Answer(body={"data": data, "extensions": self._cost(cost, actual)})

    def touch(self, row: dict[str, Any], when: datetime, **changes: Any) -> None:
        """Change a row."""
        row.update(changes, updatedAt=when.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _connection(self, wanted: Selected) -> Any:
        if wanted.name == "shop":
            return select({"name": "Fruit & Co", "currencyCode": "EUR"}, wanted.fields, "Shop")
        if wanted.name not in _TYPES:
            raise BadQuery(f"Field '{wanted.name}' doesn't exist on type 'QueryRoot'")
        first = wanted.arguments.get("first")
        if not isinstance(first, int) or first < 1:
            raise BadQuery("you must provide one of first or last")
        if first > 250:
            raise BadQuery("first cannot exceed 250")
        rows = list(getattr(self, wanted.name).values())
        said = wanted.arguments.get("query")
        if said:
            found = _AFTER.match(said)
            if found is None:
                # A filter that Shopify does not understand is left out, and everything comes.
                found = _AFTER.match("updated_at:>='1970-01-01T00:00:00Z'")
            assert found is not None
            moment = datetime.fromisoformat(found.group(2))
            keeps = datetime.__ge__ if found.group(1) == ">=" else datetime.__gt__
            rows = [row for row in rows if keeps(datetime.fromisoformat(row["updatedAt"]), moment)]
        if wanted.arguments.get("sortKey") == "UPDATED_AT":
            rows.sort(key=lambda row: (row["updatedAt"], int(row["legacyResourceId"])))
        start = 0
        if wanted.arguments.get("after"):
            start = int(base64.b64decode(wanted.arguments["after"]).decode().split(":")[1])
        reachable = rows[: self.most_objects]
        nodes = reachable[start : start + first]
        end = start + len(nodes)
        cursor = base64.b64encode(f"place:{end}".encode()).decode() if nodes else None
        page = {"pageInfo": {"hasNextPage": end < len(reachable), "endCursor": cursor}, "nodes": nodes}
        return select({wanted.name: page}, (wanted,), _TYPES[wanted.name])[wanted.name]

    def _restore(self) -> None:
        now = self._clock()
        self._points = min(self.most_points, self._points + (now - self._at) * self.refill)
        self._at = now

    def _cost(self, requested: float, actual: float | None) -> dict[str, Any]:
        status = {"maximumAvailable": self.most_points, "currentlyAvailable": self._points, "restoreRate": self.refill}
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": status}}

    @staticmethod
    def _customer(number: int) -> dict[str, Any]:
        when = START + timedelta(hours=number)
        return {
            "id": f"gid://shopify/Customer/{7000 + number}", "legacyResourceId": str(7000 + number),
            "firstName": f"First{number}", "lastName": f"Last{number}", "locale": "fr", "state": "ENABLED",
            "tags": ["vip"] if number % 4 == 0 else [], "taxExempt": False, "verifiedEmail": True, "note": None,
            "createdAt": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "updatedAt": (when + timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "defaultEmailAddress": None if number == 3 else {
                "emailAddress": f"buyer{number}@example.com",
                "marketingState": {1: "SUBSCRIBED", 2: "UNSUBSCRIBED"}.get(number, "NOT_SUBSCRIBED"),
                "marketingOptInLevel": "SINGLE_OPT_IN",
                "marketingUpdatedAt": (when + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "defaultPhoneNumber": {"phoneNumber": f"+3312345{number:04d}", "marketingState": "NOT_SUBSCRIBED"},
            "defaultAddress": {"city": "Lyon", "zip": "69001", "countryCodeV2": "FR", "province": None},
        }  # fmt: skip

    @staticmethod
    def _order(number: int, customers: int) -> dict[str, Any]:
        when = START + timedelta(days=number % 25, hours=number)
        lines = [line(10 * number + 1, "Blood orange", 2, 6.0, discount=1.2 if number % 3 == 0 else 0.0)]
        if number % 2 == 0:
            lines.append(line(10 * number + 2, "Yuzu", 1, 24.0))
        who = number % (customers + 1)
        paid = sum(float(item["originalTotalSet"]["shopMoney"]["amount"]) for item in lines)
        said = when.strftime("%Y-%m-%dT%H:%M:%SZ")
        currency = "EUR" if number % 5 else "USD"
        return {
            "id": f"gid://shopify/Order/{4000 + number}", "legacyResourceId": str(4000 + number),
            "name": f"#{1000 + number}", "createdAt": said, "processedAt": said, "cancelledAt": None, "test": False,
            "updatedAt": (when + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ"), "sourceName": "web",
            "cancelReason": None, "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "FULFILLED",
            # The buyer at the counter left no name.
            "customer": None if who == 0 else {"id": f"gid://shopify/Customer/{7000 + who}",
                                               "legacyResourceId": str(7000 + who)},
            "email": None if who == 0 else f"buyer{who}@example.com", "currencyCode": "EUR",
            "presentmentCurrencyCode": currency, "taxesIncluded": True, "discountCodes": [],
            "totalShippingPriceSet": money(4.9, currency),
            "subtotalPriceSet": money(paid), "totalReceivedSet": money(30, currency),
            "totalRefundedSet": money(0, currency), "lineItems": {"nodes": lines}, "refunds": [],
        }  # fmt: skip

    @staticmethod
    def _product(number: int) -> dict[str, Any]:
        return {
            "id": f"gid://shopify/Product/{number}", "legacyResourceId": str(number), "title": f"Fruit {number}",
            "handle": f"fruit-{number}", "productType": "Citrus", "vendor": "Fruit & Co", "status": "ACTIVE",
            "category": {"fullName": "Food > Fruit"}, "tags": [],
            "createdAt": "2025-01-01T00:00:00Z", "updatedAt": f"2025-08-{number - 490:02d}T00:00:00Z",
            "priceRangeV2": {"minVariantPrice": {"amount": "6.0", "currencyCode": "EUR"}},
        }  # fmt: skip
