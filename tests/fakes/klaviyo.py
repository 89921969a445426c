"""Klaviyo's API as far as it is read: profiles with their subscriptions, and events with metric and profile beside.

`Authorization: Klaviyo-API-Key ...` and `revision` on each call; JSON:API; filters, orders and page sizes are those of
the published description; the next page is a whole address.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fakes import people
from fakes.hostile import Answer, Asked

REVISION = "2026-07-15"
#: The metrics that Klaviyo itself makes of its mails.
METRICS = {
    "M1": "Received Email", "M2": "Opened Email", "M3": "Clicked Email", "M4": "Bounced Email",
    "M5": "Marked Email as Spam", "M6": "Unsubscribed from Email Marketing", "M7": "Placed Order",
}  # fmt: skip

_FILTERS: Mapping[str, Mapping[str, Callable[[datetime, datetime], bool]]] = {
    "profiles": {"greater-than": lambda a, b: a > b, "less-than": lambda a, b: a < b},
    "events": {
        "greater-than": lambda a, b: a > b, "less-than": lambda a, b: a < b,
        "greater-or-equal": lambda a, b: a >= b, "less-or-equal": lambda a, b: a <= b,
    },
}  # fmt: skip


class Klaviyo:
    """An account.

    profiles, events : by id.
    """

    def __init__(self, *, profiles: int = 20, key: str = "pk_test") -> None:
        self.key = key
        self.profiles: dict[str, dict[str, Any]] = {}
        self.events: dict[str, dict[str, Any]] = {}
        for number in range(profiles):
            self.add(number)
        for place in range(min(60, profiles)):
            self.happen(f"E{place:03}", number=place, metric=f"M{place % 7 + 1}", at=people.moment(50 + place))

    # ------------------------------------------------------------------------------------------ what is there

    @staticmethod
    def profile_id(number: int) -> str:
        return f"01GDDKASAP8TKDDA{number:010}"

    def add(self, number: int, *, at: datetime | None = None, marketing: dict[str, Any] | None = None) -> None:
        when = people.iso(at or people.moment(number))
        states: tuple[dict[str, Any], ...] = (
            _marketing("SUBSCRIBED", when),
            _marketing("UNSUBSCRIBED", when),
            _marketing("NEVER_SUBSCRIBED", None),
            _marketing("SUBSCRIBED", when, suppressed=("HARD_BOUNCE", when)),
        )
        self.profiles[self.profile_id(number)] = {
            "email": people.email(number) if number % 9 else None,
            "phone_number": None if number % 9 else f"+3361234{number:04}",
            "external_id": f"x{number}" if number % 2 else None,
            "first_name": people.first_name(number),
            "last_name": people.last_name(number),
            "organization": None,
            "locale": "fr-FR",
            "created": people.iso(people.moment(number - 60)),
            "updated": when,
            "last_event_date": None,
            "location": {"city": "Lyon", "country": "France", "zip": "69001", "latitude": 45.76, "longitude": 4.84},
            "properties": {"plan": "gold" if number % 3 else "free", "Favourite colour": "blue"},
            "subscriptions": {"email": {"marketing": marketing or states[number % 4]},
                "sms": {"marketing": {"can_receive_sms_marketing": False, "consent": "NEVER_SUBSCRIBED",
                    "consent_timestamp": None}}},
        }  # fmt: skip

    def change(self, number: int, at: datetime, **facts: Any) -> None:
        self.profiles[self.profile_id(number)] |= {**facts, "updated": people.iso(at)}

    def unsubscribe(self, number: int, at: datetime) -> None:
        when = people.iso(at)
        marketing = _marketing("UNSUBSCRIBED", when, suppressed=("UNSUBSCRIBE", when))
        self.change(number, at, subscriptions={"email": {"marketing": marketing}, "sms": None})

    def delete(self, number: int) -> None:
        del self.profiles[self.profile_id(number)]

    def happen(self, event: str, *, number: int, metric: str, at: datetime) -> None:
        self.events[event] = {
            "metric": metric,
            "profile": self.profile_id(number),
            "datetime": people.iso(at),
            "properties": {"Subject": "It is spring", "Campaign Name": "Spring", "$message": "C1",
                "Email Domain": "example.com"},
        }  # fmt: skip

    # ------------------------------------------------------------------------------------------------ answers

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Klaviyo-API-Key {self.key}":
            return errors(401, "not_authenticated", "Authentication credentials were not provided.")
        if asked.headers.get("revision") != REVISION:
            return errors(400, "invalid", "A valid revision is required in the 'revision' header.")
        if asked.path == "/api/profiles":
            return self._profiles(asked)
        if asked.path == "/api/events":
            return self._events(asked)
        if asked.path == "/api/accounts":
            return document([{"type": "account", "id": "AbC123", "attributes": {}}])
        return errors(404, "not_found", "Not found.")

    def _profiles(self, asked: Asked) -> Answer:
        shown = set(",".join(asked.query.get("additional-fields[profile]", [])).split(","))
        rows = [
            {"type": "profile", "id": key,
             "attributes": {name: value for name, value in facts.items() if name != "subscriptions" or name in shown},
             "links": {"self": f"/api/profiles/{key}"}}
            for key, facts in self.profiles.items()
        ]  # fmt: skip
        return self._page(asked, "profiles", rows, "updated", most=100, usual=20)

    def _events(self, asked: Asked) -> Answer:
        rows = [
            {"type": "event", "id": key,
             "attributes": {"timestamp": int(people.read_iso(event["datetime"]).timestamp()),
                "datetime": event["datetime"], "event_properties": event["properties"], "uuid": f"uuid-{key}"},
             "relationships": {"profile": {"data": {"type": "profile", "id": event["profile"]}},
                "metric": {"data": {"type": "metric", "id": event["metric"]}}},
             "links": {"self": f"/api/events/{key}"}}
            for key, event in self.events.items()
        ]  # fmt: skip
        answer = self._page(asked, "events", rows, "datetime", most=1_000, usual=200)
        if answer.status == 200:
            answer.body["included"] = self._included(asked, answer.body["data"])
        return answer

    def _included(self, asked: Asked, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        wanted = set((asked.one("include") or "").split(","))
        named = {(part["data"]["type"], part["data"]["id"])
            for event in events for part in event["relationships"].values()}  # fmt: skip
        found: list[dict[str, Any]] = []
        for kind, key in sorted(named):
            if kind == "metric" and "metric" in wanted:
                found.append(_beside(kind, key, {"name": METRICS[key]}))
            if kind == "profile" and "profile" in wanted and key in self.profiles:
                facts = self.profiles[key]
                attributes = {name: facts[name] for name in ("email", "external_id", "phone_number")}
                found.append(_beside(kind, key, attributes))
        return found

    def _page(
        self, asked: Asked, what: str, rows: list[dict[str, Any]], updated: str, *, most: int, usual: int
    ) -> Answer:
        size = int(asked.one("page[size]") or usual)
        if not 1 <= size <= most:
            return errors(400, "invalid", f"Page size must be an integer between 1 and {most}.")
        text = asked.one("filter")
        if text is not None:
            found = re.fullmatch(r"([a-z-]+)\(([a-z_]+),([^)]+)\)", text)
            operator = _FILTERS[what].get(found[1]) if found is not None and found[2] == updated else None
            if operator is None or found is None:
                return errors(400, "invalid", f"Invalid filter for {what}.")
            border = people.read_iso(found[3])
            rows = [row for row in rows if operator(people.read_iso(row["attributes"][updated]), border)]
        order = asked.one("sort")
        if order not in (None, updated, f"-{updated}"):
            return errors(400, "invalid", f"'{order}' is not a valid sort.")
        if order is not None:
            rows.sort(key=lambda row: row["attributes"][updated], reverse=order.startswith("-"))
        start = int(base64.urlsafe_b64decode(asked.one("page[cursor]") or base64.urlsafe_b64encode(b"0")))
        more = {name: values[0] for name, values in asked.query.items()}
        more["page[cursor]"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        after = f"http://{asked.headers['host']}{asked.path}?{urlencode(more)}" if start + size < len(rows) else None
        return document(rows[start : start + size], after)


def _marketing(consent: str, when: str | None, suppressed: tuple[str, str] | None = None) -> dict[str, Any]:
    return {
        "can_receive_email_marketing": suppressed is None,
        "consent": consent,
        "consent_timestamp": when,
        "last_updated": when,
        "method": "PREFERENCE_PAGE" if when else None,
        "method_detail": "shop.example/signup" if when else "",
        "double_optin": True,
        "suppression": [] if suppressed is None else [{"reason": suppressed[0], "timestamp": suppressed[1]}],
        "list_suppressions": [],
    }


def _beside(kind: str, key: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "id": key, "attributes": attributes, "links": {"self": f"/api/{kind}s/{key}"}}


def document(rows: list[dict[str, Any]], after: str | None = None) -> Answer:
    return Answer(
        body={"data": rows, "links": {"self": "/", **({"next": after} if after is not None else {})}},
        headers={"Content-Type": "application/vnd.api+json"},
    )


def errors(status: int, code: str, detail: str) -> Answer:
    body = {"errors": [{"id": "1", "status": status, "code": code, "title": "Error.", "detail": detail}]}
    return Answer(status=status, body=body, headers={"Content-Type": "application/vnd.api+json"})
