"""A project as Mixpanel shows it: raw events by day as JSON lines, each maybe twice, and profiles by page."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from fakes.hostile import Answer, Asked

USER, SECRET = "satsuma.fake.mp-service-account", "fake"
PROJECT = "2195193"


class Mixpanel:
    """The project. events : as they are exported; profiles : by distinct_id. An hour takes `hourly` exports."""

    def __init__(
        self,
        *,
        days: int = 2,
        hourly: int = 1_000,
        page_size: int = 5,
        today: date | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.today = today or datetime.now(UTC).date()
        self.hourly, self.page_size, self._clock = hourly, page_size, clock
        self._asked: list[float] = []
        self.events: list[dict[str, Any]] = []
        for day in range(1, days + 1):
            for number in range(4):
                when = self.moment(day, 9, number)
                self.event("Product Viewed", f"user-{number % 4}", when, product_id=f"P{number}", price=4.5)
        # Sent twice by the phone, and so exported twice.
        self.events += [json.loads(json.dumps(item)) for item in self.events[::3]]
        when = self.moment(1, 10)
        self.event("Order Completed", "user-1", when, order_id="5001", revenue=42.0, currency="EUR")
        self.event("Page Viewed", None, when, device="d-77", path="/")
        self.profiles = {f"user-{number}": self._profile(number) for number in range(6)}

    def __call__(self, asked: Asked) -> Answer:
        key = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        if asked.headers.get("authorization") != f"Basic {key}":
            return Answer(status=401, body={"request": asked.path, "error": "Invalid service account credentials"})
        if asked.one("project_id") != PROJECT:
            return Answer(status=400, body={"request": asked.path, "error": "Missing required parameter: project_id"})
        now = self._clock()
        self._asked = [moment for moment in self._asked if moment > now - 3600]
        if len(self._asked) >= self.hourly:
            return Answer(status=429, body={"request": asked.path, "error": "Query rate limit exceeded"})
        self._asked.append(now)
        if asked.method == "GET" and asked.path == "/api/2.0/export":
            return self._export(asked)
        if asked.method == "POST" and asked.path == "/api/query/cohorts/list":
            return Answer(body=[])
        if asked.method == "POST" and asked.path == "/api/query/engage":
            return self._engage(asked)
        return Answer(status=404, body={"error": "Not Found"})

    def moment(self, days_ago: int, hour: int, minute: int = 0) -> datetime:
        """Return a moment of one of the last days."""
        day = self.today - timedelta(days=days_ago)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)

    def event(
        self, name: str, user: str | None, when: datetime, *, device: str | None = None, **properties: Any
    ) -> None:
        """Let something happen. Without a user it is known by the device alone."""
        number = len(self.events)
        who = {"$user_id": user} if user else {}
        known = {"$device_id": device} if device else {}
        self.events.append({
            "event": name,
            "properties": {
                "time": int(when.timestamp()), "distinct_id": user or f"$device:{device}", **who, **known,
                "$insert_id": f"ins{number:06d}", "mp_lib": "web", "$browser": "Firefox", "$city": "Lyon",
                "mp_processing_time_ms": int(when.timestamp() * 1000) + 1500, **properties,
            },
        })  # fmt: skip

    def _export(self, asked: Asked) -> Answer:
        said = asked.one("from_date"), asked.one("to_date")
        if said[0] is None or said[1] is None:
            return Answer(status=400, body={"error": "Missing required parameter: from_date, to_date"})
        first, last = date.fromisoformat(said[0]), date.fromisoformat(said[1])
        if last > self.today + timedelta(days=1):
            return Answer(status=400, body={"error": "to_date cannot be later than today"})
        rows = [
            item for item in self.events
            if first <= datetime.fromtimestamp(item["properties"]["time"], UTC).date() <= last
        ]  # fmt: skip
        lines = "".join(json.dumps(item) + "\n" for item in rows)
        return Answer(body=lines.encode(), headers={"Content-Type": "text/plain; charset=utf-8"})

    def _engage(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        page, session = int(form.get("page", "0")), "1234567890-abc"
        if page and form.get("session_id") != session:
            return Answer(status=400, body={"error": "session_id and page must be provided together"})
        rows = [{"$distinct_id": key, "$properties": said} for key, said in sorted(self.profiles.items())]
        return Answer(body={
            "page": page, "page_size": self.page_size, "session_id": session, "status": "ok", "total": len(rows),
            "results": rows[page * self.page_size : (page + 1) * self.page_size],
        })  # fmt: skip

    @staticmethod
    def _profile(number: int) -> dict[str, Any]:
        return {
            "$email": f"user{number}@example.com", "$name": f"User {number}", "$city": "Lyon", "$country_code": "FR",
            "$created": "2026-05-01T10:00:00", "$last_seen": f"2026-10-{number + 10:02d}T10:00:00",
            "Plan": ("free", "pro")[number % 2], "Logins": 3 * number,
        }  # fmt: skip
