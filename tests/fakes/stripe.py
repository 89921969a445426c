"""An account as Stripe's API shows it: newest first, by cursor, in the smallest unit of money, 30 days of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.hostile import Answer, Asked

KEY = "rk_test_fake"
VERSION = "2026-10-28.endive"
NOW = datetime(2025, 11, 1, 12, 0, tzinfo=UTC)
EVENTS_KEPT = timedelta(days=30)

_LISTS = ("customers", "charges", "refunds", "subscriptions", "events", "invoices")


def seconds(when: datetime) -> int:
    return int(when.timestamp())


class Stripe:
    """The account. Rows by list and id; `charge`, `refund`, `change` and `remove` leave their event as Stripe does."""

    def __init__(self, *, customers: int = 4, charges: int = 8, now: datetime = NOW) -> None:
        self.now = now
        self.rows: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in _LISTS}
        for number in range(1, customers + 1):
            self._customer(number, now - timedelta(days=90 - number))
        for number in range(charges):
            currency = {2: "usd", 5: "jpy"}.get(number % 8, "eur")
            self.charge(
                f"ch_{number:03d}", 1999 + number, currency, now - timedelta(days=60 - 6 * number),
                # Some buyers have no account, only an address on the bill.
                customer=None if number % 7 == 0 else f"cus_{number % customers + 1}",
            )  # fmt: skip
        for number in (1, 2, 3):
            self._subscription(number, now - timedelta(days=50 - number))

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Invalid API Key provided: rk_****")
        if asked.headers.get("stripe-version") != VERSION:
            return _error(400, f"Invalid Stripe API version: {asked.headers.get('stripe-version')}")
        name = asked.path.removeprefix("/v1/").strip("/")
        if asked.method != "GET" or name not in self.rows:
            return _error(404, f"Unrecognized request URL ({asked.method}: {asked.path}).")
        limit = int(asked.one("limit") or 10)
        if not 1 <= limit <= 100:
            return _error(400, "Invalid integer: limit must be between 1 and 100")
        rows = list(self.rows[name].values())
        types = asked.query.get("types[]")
        if name == "events":
            rows = [row for row in rows if row["created"] >= seconds(self.now - EVENTS_KEPT)]
            if types:
                rows = [row for row in rows if row["type"] in types]
        for said, keeps in (("gte", int.__ge__), ("gt", int.__gt__), ("lt", int.__lt__), ("lte", int.__le__)):
            bound = asked.one(f"created[{said}]")
            if bound is not None:
                if not bound.isdigit():
                    return _error(400, f"Invalid integer: {bound}")
                rows = [row for row in rows if keeps(row["created"], int(bound))]
        if name == "subscriptions" and asked.one("status") != "all":
            rows = [row for row in rows if row["status"] != "canceled"]
        rows.sort(key=lambda row: (row["created"], row["id"]), reverse=True)
        after = asked.one("starting_after")
        if after is not None:
            places = [place for place, row in enumerate(rows) if row["id"] == after]
            if not places:
                return _error(400, f"No such {name[:-1]}: '{after}'")
            rows = rows[places[0] + 1 :]
        wanted = asked.query.get("expand[]", [])
        data = [self._expanded(row, wanted) for row in rows[:limit]]
        return Answer(body={"object": "list", "url": asked.path, "has_more": len(rows) > limit, "data": data})

    def charge(self, key: str, amount: int, currency: str, when: datetime, **changes: Any) -> dict[str, Any]:
        """Let a charge happen; settled in euros, at a made-up rate."""
        customer = changes.pop("customer", None)
        rate = {"eur": None, "usd": 0.9, "jpy": 0.006}.get(currency)
        settled = amount if rate is None else round(amount * rate * (100 if currency == "jpy" else 1))
        row = {
            "id": key, "object": "charge", "amount": amount, "amount_captured": amount, "amount_refunded": 0,
            "currency": currency, "created": seconds(when), "customer": customer, "status": "succeeded", "paid": True,
            "captured": True, "refunded": False, "disputed": False, "livemode": False, "description": None,
            "payment_intent": key.replace("ch_", "pi_"), "metadata": {}, "receipt_email": None,
            "billing_details": {"email": f"{key}@example.net", "name": None, "phone": None,
                                "address": {"country": "FR", "city": None}},
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "country": "FR"}},
            "balance_transaction": {"id": f"txn_{key}", "object": "balance_transaction", "amount": settled,
                                    "currency": "eur", "exchange_rate": rate, "fee": 50, "net": settled - 50},
            **changes,
        }  # fmt: skip
        self.rows["charges"][key] = row
        self._event("charge.succeeded", row, when)
        return row

    def refund(self, key: str, amount: int, when: datetime) -> None:
        """Give back a part of a charge, or all of it."""
        charge = self.rows["charges"][key]
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        number = f"re_{key}_{len(self.rows['refunds'])}"
        self.rows["refunds"][number] = {
            "id": number, "object": "refund", "amount": amount, "currency": charge["currency"], "charge": key,
            "created": seconds(when), "status": "succeeded", "reason": "requested_by_customer", "metadata": {},
            "payment_intent": charge["payment_intent"],
        }  # fmt: skip
        self._event("charge.refunded", charge, when)

    def change(self, name: str, key: str, when: datetime, /, **changes: Any) -> None:
        """Change a row; only an event says that it was changed."""
        self.rows[name][key].update(changes)
        self._event(f"{name[:-1]}.updated", self.rows[name][key], when)

    def remove(self, name: str, key: str, when: datetime) -> None:
        self._event(f"{name[:-1]}.deleted", self.rows[name].pop(key), when)

    def _event(self, kind: str, row: dict[str, Any], when: datetime) -> None:
        key = f"evt_{len(self.rows['events']):05d}"
        # An event holds the row as it was, and nothing of it opened up.
        kept = {name: value["id"] if name == "balance_transaction" else value for name, value in row.items()}
        self.rows["events"][key] = {
            "id": key, "object": "event", "type": kind, "created": seconds(when), "api_version": VERSION,
            "livemode": False, "data": {"object": kept},
        }  # fmt: skip

    def _expanded(self, row: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
        shown = dict(row)
        if isinstance(row.get("balance_transaction"), dict) and "data.balance_transaction" not in wanted:
            shown["balance_transaction"] = row["balance_transaction"]["id"]
        if row["object"] == "charge" and "data.refunds" in wanted:
            found = [item for item in self.rows["refunds"].values() if item["charge"] == row["id"]]
            newest = sorted(found, key=lambda item: item["created"], reverse=True)
            shown["refunds"] = {"object": "list", "data": newest[:10], "has_more": len(newest) > 10}
        if row["object"] == "refund" and "data.charge" in wanted:
            deeper = {f"data.{item.removeprefix('data.charge.')}" for item in wanted if item.startswith("data.charge.")}
            shown["charge"] = self._expanded(self.rows["charges"][row["charge"]], list(deeper))
        return shown

    def _customer(self, number: int, when: datetime) -> None:
        row: dict[str, Any] = {
            "id": f"cus_{number}", "object": "customer", "created": seconds(when), "name": f"Buyer {number}",
            "email": None if number == 4 else f"buyer{number}@example.net", "phone": None, "currency": "eur",
            "address": {"city": "Lille", "country": "FR", "postal_code": "59000"}, "delinquent": False,
            "balance": 0, "metadata": {"plan": "gold"} if number % 3 == 0 else {}, "livemode": False,
            "description": None, "preferred_locales": ["fr"],
        }  # fmt: skip
        self.rows["customers"][row["id"]] = row
        self._event("customer.created", row, when)

    def _subscription(self, number: int, when: datetime) -> None:
        price = {"id": "price_1", "unit_amount": 1500, "currency": "eur", "product": "prod_box",
                 "recurring": {"interval": "month", "interval_count": 1}, "nickname": "Box"}  # fmt: skip
        row: dict[str, Any] = {
            "id": f"sub_{number}", "object": "subscription", "customer": f"cus_{number}", "created": seconds(when),
            "start_date": seconds(when), "status": "canceled" if number == 3 else "active", "currency": "eur",
            "canceled_at": seconds(when + timedelta(days=10)) if number == 3 else None,
            "ended_at": seconds(when + timedelta(days=10)) if number == 3 else None, "cancel_at_period_end": False,
            "trial_start": None, "trial_end": None, "metadata": {},
            "items": {"object": "list", "has_more": False, "data": [{"id": "si_1", "quantity": 1, "price": price}]},
        }  # fmt: skip
        self.rows["subscriptions"][row["id"]] = row
        self._event("customer.subscription.created", row, when)


def _error(status: int, message: str) -> Answer:
    return Answer(status=status, body={"error": {"type": "invalid_request_error", "message": message}})
