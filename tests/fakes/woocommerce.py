"""A shop as WooCommerce's REST API shows it: Basic auth, numbered pages with their number in a header, guest buyers."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from fakes.hostile import Answer, Asked

KEY, SECRET = "ck_fake", "cs_fake"
START = datetime(2025, 9, 1, 8, 0)
PATH = "/wp-json/wc/v3/"
#: The shop's own clock is two hours ahead of UTC.
ZONE = timedelta(hours=2)

_ORDERS_OF = {"id": "id", "date": "date_created", "modified": "date_modified"}


def dates(name: str, when: datetime | None) -> dict[str, str | None]:
    """Return a moment as WooCommerce gives it: by the shop's clock, and in UTC, both without a zone."""
    if when is None:
        return {name: None, f"{name}_gmt": None}
    return {name: (when + ZONE).isoformat(), f"{name}_gmt": when.isoformat()}


def line(number: int, product: int, quantity: int, total: float, *, subtotal: float | None = None) -> dict[str, Any]:
    """Return a line of an order: amounts are texts, without tax."""
    return {
        "id": number, "name": f"Fruit {product}", "product_id": product, "variation_id": 0, "quantity": quantity,
        "tax_class": "", "subtotal": f"{total if subtotal is None else subtotal:.2f}", "subtotal_tax": "0.00",
        "total": f"{total:.2f}", "total_tax": f"{total * 0.2:.2f}", "taxes": [], "meta_data": [],
        "sku": f"FRUIT-{product}", "price": total / quantity,
    }  # fmt: skip


class WooCommerce:
    """The shop. customers, orders, products, refunds (by order) : what is in it; change them between two syncs.

    An order whose status is `trash` shows only to who asks for it. zero_decimals : as some hosts are set.
    """

    def __init__(self, *, customers: int = 4, orders: int = 8) -> None:
        self.customers = {number: self._customer(number) for number in range(1, customers + 1)}
        self.orders = {100 + number: self._order(100 + number, customers) for number in range(orders)}
        self.products = {number: self._product(number) for number in range(50, 56)}
        self.refunds: dict[int, list[dict[str, Any]]] = {}

    def __call__(self, asked: Asked) -> Answer:
        key = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {key}":
            said = {"code": "woocommerce_rest_cannot_view", "message": "Sorry, you cannot list resources.",
                    "data": {"status": 401}}  # fmt: skip
            return Answer(status=401, body=said)
        if asked.method != "GET" or not asked.path.startswith(PATH):
            return _no_route()
        parts = asked.path.removeprefix(PATH).strip("/").split("/")
        if len(parts) == 3 and parts[0] == "orders" and parts[2] == "refunds":
            return self._page(asked, self.refunds.get(int(parts[1]), []))
        if parts == ["orders"]:
            return self._orders(asked)
        if parts == ["customers"]:
            # Only those whose role is `customer`, unless asked for all.
            rows = [row for row in self.customers.values() if asked.one("role") in ("all", row["role"])
                    or (asked.one("role") is None and row["role"] == "customer")]  # fmt: skip
            return self._page(asked, sorted(rows, key=lambda row: row["id"]))
        if parts == ["products"]:
            return self._page(asked, self._modified(asked, list(self.products.values())))
        return _no_route()

    def touch(self, row: dict[str, Any], when: datetime, **changes: Any) -> None:
        """Change an order, a product or a customer."""
        row.update(changes, **dates("date_modified", when))

    def refund(
        self, order: int, lines: list[tuple[dict[str, Any], int]], when: datetime, *, extra: float = 0.0
    ) -> None:
        """Give some pieces of an order back, and `extra` money beside them."""
        items, total = [], extra
        self.touch(self.orders[order], when)
        for given, pieces in lines:
            back = float(given["total"]) * pieces / given["quantity"]
            total += back
            items.append({**given, "id": 9000 + given["id"], "quantity": -pieces, "subtotal": f"{-back:.2f}",
                          "total": f"{-back:.2f}", "total_tax": f"{-back * 0.2:.2f}",
                          "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(given["id"])}]})  # fmt: skip
        number = 7000 + sum(map(len, self.refunds.values()))
        amount = f"{total + sum(-float(item['total_tax']) for item in items):.2f}"
        self.refunds.setdefault(order, []).append(
            {"id": number, "parent_id": order, **dates("date_created", when), "amount": amount, "reason": "Bruised",
             "refunded_by": 1, "line_items": items, "fee_lines": [], "shipping_lines": [], "tax_lines": []}
        )  # fmt: skip
        self.orders[order]["refunds"].append({"id": number, "reason": "Bruised", "total": f"-{amount}"})

    def _orders(self, asked: Asked) -> Answer:
        wanted = [word for given in asked.query.get("status", ["any"]) for word in given.split(",")]
        rows = [
            row for row in self.orders.values()
            if (row["status"] != "trash" if "any" in wanted else row["status"] in wanted)
        ]  # fmt: skip
        return self._page(asked, self._modified(asked, rows))

    def _modified(self, asked: Asked, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        after = asked.one("modified_after")
        if after is not None:
            # Without `dates_are_gmt` the moment is by the shop's clock.
            column = "date_modified_gmt" if asked.one("dates_are_gmt") == "true" else "date_modified"
            moment = datetime.fromisoformat(after).replace(tzinfo=None)
            rows = [row for row in rows if datetime.fromisoformat(row[column]) > moment]
        by = _ORDERS_OF[asked.one("orderby", "date") or "date"]
        return sorted(rows, key=lambda row: (row[by], row["id"]), reverse=asked.one("order", "desc") == "desc")

    def _page(self, asked: Asked, rows: list[dict[str, Any]]) -> Answer:
        size, page = int(asked.one("per_page") or 10), int(asked.one("page") or 1)
        if not 1 <= size <= 100:
            said = {"code": "rest_invalid_param", "message": "Invalid parameter(s): per_page", "data": {"status": 400}}
            return Answer(status=400, body=said)
        pages = -(-len(rows) // size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        return Answer(body=rows[(page - 1) * size : page * size], headers=headers)

    @staticmethod
    def _customer(number: int) -> dict[str, Any]:
        when = START - timedelta(days=100 - number)
        return {
            "id": number, **dates("date_created", when), **dates("date_modified", when + timedelta(days=9)),
            "email": f"buyer{number}@example.org", "first_name": f"First{number}", "last_name": f"Last{number}",
            # The shop's own people are not of the role `customer`, and buy all the same.
            "role": "subscriber" if number == 2 else "customer", "username": f"buyer{number}",
            "is_paying_customer": True, "meta_data": [],
            "billing": {"first_name": f"First{number}", "last_name": f"Last{number}", "company": "", "city": "Lyon",
                        "postcode": "69001", "country": "FR", "state": "", "email": f"buyer{number}@example.org",
                        "phone": f"+3347800{number:04d}"},
        }  # fmt: skip

    @staticmethod
    def _order(number: int, customers: int) -> dict[str, Any]:
        when = START + timedelta(hours=5 * (number - 100))
        who = number % (customers + 2)
        guest = who == 0 or who > customers
        address = f"Guest{number % 3}@Example.org" if guest else f"buyer{who}@example.org"
        lines = [line(10 * number + 1, 50 + number % 6, 2, 10.0, subtotal=12.0 if number % 3 == 0 else None)]
        if number % 2 == 0:
            lines.append(line(10 * number + 2, 50 + (number + 1) % 6, 1, 8.5))
        net = sum(float(item["total"]) for item in lines)
        return {
            "id": number, "number": str(number), "order_key": f"wc_order_{number}", "status": "completed",
            "currency": "EUR", "version": "10.2.0", "prices_include_tax": False, "parent_id": 0,
            **dates("date_created", when), **dates("date_modified", when + timedelta(hours=1)),
            **dates("date_paid", when + timedelta(minutes=2)), **dates("date_completed", when + timedelta(hours=1)),
            "discount_total": "2.00" if number % 3 == 0 else "0.00", "shipping_total": "4.90",
            "cart_tax": f"{net * 0.2:.2f}", "total": f"{net * 1.2 + 4.9:.2f}", "total_tax": f"{net * 0.2:.2f}",
            "customer_id": 0 if guest else who, "customer_note": "", "payment_method": "card",
            "created_via": "checkout", "coupon_lines": [{"id": 1, "code": "autumn"}] if number % 3 == 0 else [],
            "billing": {"first_name": "G", "last_name": "B", "email": address, "city": "Nantes", "postcode": "44000",
                        "country": "FR", "phone": ""},
            "line_items": lines, "fee_lines": [], "tax_lines": [], "refunds": [], "meta_data": [],
            "shipping_lines": [{"id": 10 * number + 9, "method_title": "Post", "total": "4.90", "total_tax": "0.00"}],
        }  # fmt: skip

    @staticmethod
    def _product(number: int) -> dict[str, Any]:
        when = START - timedelta(days=60 - number)
        return {
            "id": number, "name": f"Fruit {number}", "slug": f"fruit-{number}", "sku": f"FRUIT-{number}",
            "price": "5.00", "regular_price": "6.00", "sale_price": "5.00", "type": "simple", "status": "publish",
            **dates("date_created", when), **dates("date_modified", when), "stock_status": "instock",
            "categories": [{"id": 3, "name": "Citrus", "slug": "citrus"}], "tags": [], "average_rating": "4.50",
        }  # fmt: skip


def _no_route() -> Answer:
    said = {"code": "rest_no_route", "message": "No route was found matching the URL.", "data": {"status": 404}}
    return Answer(status=404, body=said)
