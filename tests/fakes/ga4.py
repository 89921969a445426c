"""A property as the Analytics Data API shows it: reports of sums, by offset, under a quota of tokens; no people."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from fakes.hostile import Answer, Asked

TOKEN = "ya29.fake"  # noqa: S105 of the fake
PROPERTY = "123456789"
CLIENT, SECRET, REFRESH = "client.fake", "secret.fake", "refresh.fake"

_DIMENSIONS = ("date", "sessionDefaultChannelGroup", "deviceCategory", "country", "itemId", "itemName",
               "customUser:crm_id")  # fmt: skip
_METRICS = ("sessions", "totalUsers", "engagedSessions", "screenPageViews", "eventCount", "itemsViewed",
            "itemsAddedToCart", "itemsPurchased", "itemRevenue", "userEngagementDuration")  # fmt: skip


class Ga4:
    """The property. hits : a row a day, channel, product and known user; everything that is asked is a sum of them.

    tokens : how many are left; each report takes some. A report of more rows than `cardinality` has the rest in
    `(other)`.
    """

    def __init__(
        self, *, days: int = 4, tokens: int = 200_000, cardinality: int = 50_000, today: date | None = None
    ) -> None:
        self.tokens, self.cardinality = tokens, cardinality
        self.today = today or datetime.now(UTC).date()
        self.signed_in = 0
        self.hits: list[dict[str, Any]] = []
        for day in range(1, days + 1):
            for number in range(6):
                self.hits.append({
                    "date": (self.today - timedelta(days=day)).strftime("%Y%m%d"), "country": "France",
                    "sessionDefaultChannelGroup": ("Direct", "Organic Search", "Email")[number % 3],
                    "deviceCategory": ("mobile", "desktop")[number % 2], "itemId": f"P{number}",
                    "itemName": f"Fruit {number}", "customUser:crm_id": f"C{number}" if number < 4 else "(not set)",
                    "sessions": 10 + number, "totalUsers": 8 + number, "engagedSessions": 5, "screenPageViews": 40,
                    "eventCount": 90, "itemsViewed": 3 * number, "itemsAddedToCart": number, "itemsPurchased": 1,
                    "itemRevenue": 9.5, "userEngagementDuration": 600,
                })  # fmt: skip

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "POST" and asked.path == "/token":
            return self._token(asked)
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if asked.method != "POST" or asked.path != f"/v1beta/properties/{PROPERTY}:runReport":
            return _error(404, "NOT_FOUND", "Requested entity was not found.")
        if self.tokens <= 0:
            return _error(429, "RESOURCE_EXHAUSTED", "Exhausted property tokens per hour.")
        body = asked.json
        dimensions = [item["name"] for item in body.get("dimensions", [])]
        metrics = [item["name"] for item in body.get("metrics", [])]
        unknown = [name for name in dimensions if name not in _DIMENSIONS]
        unknown += [name for name in metrics if name not in _METRICS]
        if unknown or not metrics:
            return _error(400, "INVALID_ARGUMENT", f"Did you mean something else? {unknown} is not a valid field.")
        # Both are 64-bit numbers, which JSON carries as text; a plain number is taken too.
        limit, offset = int(body.get("limit", 10_000)), int(body.get("offset", 0))
        if not 1 <= limit <= 250_000:
            return _error(400, "INVALID_ARGUMENT", "The limit must be between 1 and 250,000.")
        ranges = body.get("dateRanges") or [{}]
        rows = self._report(dimensions, metrics, *(self._day(ranges[0].get(name)) for name in ("startDate", "endDate")))
        self.tokens -= 10
        spent = {"consumed": 10, "remaining": self.tokens}
        return Answer(body={
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
            "rows": rows[offset : offset + limit], "rowCount": len(rows),
            "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Paris"}, "kind": "analyticsData#runReport",
            **({"propertyQuota": {"tokensPerHour": spent}} if body.get("returnPropertyQuota") else {}),
        })  # fmt: skip

    def _token(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        wanted = {"grant_type": "refresh_token", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}
        if form != wanted:
            return Answer(status=400, body={"error": "invalid_grant", "error_description": "Bad Request"})
        self.signed_in += 1
        return Answer(body={"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"})

    def _day(self, said: str | None) -> date:
        if said == "today" or said is None:
            return self.today
        if said == "yesterday":
            return self.today - timedelta(days=1)
        return date.fromisoformat(said)

    def _report(self, dimensions: list[str], metrics: list[str], first: date, last: date) -> list[dict[str, Any]]:
        sums: dict[tuple[str, ...], list[float]] = {}
        for hit in self.hits:
            if not first <= date.fromisoformat(hit["date"]) <= last:
                continue
            key = tuple(str(hit[name]) for name in dimensions)
            if key not in sums and len(sums) >= self.cardinality:
                key = tuple("(other)" for _ in dimensions)
            kept = sums.setdefault(key, [0.0] * len(metrics))
            for place, name in enumerate(metrics):
                kept[place] += hit[name]
        found = sorted(sums.items())
        return [
            {"dimensionValues": [{"value": value} for value in key],
             "metricValues": [{"value": f"{value:.6g}"} for value in values]}
            for key, values in found
        ]  # fmt: skip


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status=status, body={"error": {"code": status, "message": message, "status": code}})
