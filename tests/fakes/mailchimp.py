"""Mailchimp's Marketing API 3.0, as far as it is read: audiences, their members, campaigns and what became of them.

Offset paging with `count` up to 1,000; `since_last_changed` and `since` are applied; no header tells of a limit.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Any

from fakes import people
from fakes.hostile import Answer, Asked, Misstep

MOST = 1_000
NEWS, SHOP = "a1news", "b2shop"


def bare_refusal() -> Misstep:
    """Answer as the edge does when there were too many calls: a 403 without a body that tells anything."""
    return lambda _: Answer(status=403, body=b"<html>Forbidden</html>", headers={"Content-Type": "text/html"})


def member_id(email: str) -> str:
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()


class Mailchimp:
    """An account with two audiences and up to two campaigns.

    members : by audience and id. sent, activity, complaints, left : by campaign.
    """

    def __init__(self, *, members: int = 20, campaigns: int = 2, key: str = "0123456789abcdef-us7") -> None:
        self.key = key
        self.lists = {NEWS: "Newsletter", SHOP: "Shop"}
        self.members: dict[str, dict[str, dict[str, Any]]] = {NEWS: {}, SHOP: {}}
        for number in range(members):
            self.add(NEWS if number % 5 else SHOP, number)
        self.campaigns: dict[str, dict[str, Any]] = {}
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self.activity: dict[str, list[dict[str, Any]]] = {}
        self.complaints: dict[str, list[dict[str, Any]]] = {}
        self.left: dict[str, list[dict[str, Any]]] = {}
        for place, name in enumerate(("spring", "summer")[:campaigns]):
            self._campaign(name, 100 * (place + 1))

    # ------------------------------------------------------------------------------------------ what is there

    def add(self, audience: str, number: int, *, at: datetime | None = None, status: str | None = None) -> None:
        address = people.email(number)
        states = ("subscribed", "subscribed", "unsubscribed", "cleaned", "pending", "transactional")
        self.members[audience][member_id(address)] = {
            "id": member_id(address),
            "email_address": address,
            "unique_email_id": f"u{number:06}",
            "contact_id": f"c{number:06}",
            "full_name": f"{people.first_name(number)} {people.last_name(number)}",
            "status": status or states[number % len(states)],
            "merge_fields": {"FNAME": people.first_name(number), "LNAME": people.last_name(number), "AGE": number + 20},
            "stats": {"avg_open_rate": 0.25, "avg_click_rate": 0.05},
            "timestamp_signup": "",
            "timestamp_opt": people.iso(people.moment(number - 60)),
            "member_rating": number % 5 + 1,
            "last_changed": people.iso(at or people.moment(number)),
            "language": "fr" if number % 2 else "en",
            "vip": number % 10 == 1,
            "location": {"country_code": "FR", "timezone": "Europe/Paris"},
            "tags": [{"id": 7, "name": "loyal"}] if number % 3 == 0 else [],
            "list_id": audience,
        }

    def change(self, audience: str, number: int, at: datetime, **facts: Any) -> None:
        member = self.members[audience][member_id(people.email(number))]
        member |= {**facts, "last_changed": people.iso(at)}

    def delete(self, audience: str, number: int) -> None:
        del self.members[audience][member_id(people.email(number))]

    def _campaign(self, name: str, start: int) -> None:
        self.campaigns[name] = {"id": name, "campaign_title": f"The {name} mail", "subject_line": f"It is {name}",
            "list_id": NEWS, "list_name": "Newsletter", "send_time": people.iso(people.moment(start))}  # fmt: skip
        found = list(self.members[NEWS].values())[:6]
        self.sent[name], self.activity[name], self.complaints[name], self.left[name] = [], [], [], []
        for place, member in enumerate(found):
            who = {"email_id": member["id"], "email_address": member["email_address"], "campaign_id": name,
                "list_id": NEWS}  # fmt: skip
            self.sent[name].append({**who, "status": "hard" if place == 5 else "sent", "open_count": 0})
            done: list[dict[str, Any]] = []
            if place == 5:
                done.append({"action": "bounce", "type": "hard", "timestamp": people.iso(people.moment(start + 1))})
            elif place % 2 == 0:
                done.append({"action": "open", "timestamp": people.iso(people.moment(start + 10 + place)), "ip": ""})
                if place == 2:
                    done.append({"action": "click", "url": "https://shop.example/a", "ip": "",
                        "timestamp": people.iso(people.moment(start + 20))})  # fmt: skip
            self.activity[name].append({**who, "activity": done})
        first = found[0]
        self.complaints[name].append({"id": start, "campaign_id": name, "list_id": NEWS, "email_id": first["id"],
            "email_address": first["email_address"], "date": people.iso(people.moment(start + 30))})  # fmt: skip
        self.left[name].append({"email_id": found[2]["id"], "email_address": found[2]["email_address"],
            "campaign_id": name, "list_id": NEWS, "timestamp": people.iso(people.moment(start + 40)),
            "reason": "NORMAL: too many"})  # fmt: skip

    def open_mail(self, campaign: str, place: int, at: datetime) -> None:
        """Let one of those to whom a campaign was sent open it."""
        self.activity[campaign][place]["activity"].append({"action": "open", "timestamp": people.iso(at), "ip": ""})

    # ------------------------------------------------------------------------------------------------ answers

    def __call__(self, asked: Asked) -> Answer:
        if not self._knows(asked.headers.get("authorization", "")):
            return problem(401, "API Key Invalid", "Your API key may be invalid, or you're in the wrong datacenter.")
        parts = asked.path.strip("/").split("/")
        if asked.method != "GET" or parts[0] != "3.0":
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        match parts[1:]:
            case ["ping"]:
                return Answer(body={"health_status": "Everything's Chimpy!"})
            case ["lists"]:
                rows = [{"id": key, "name": name} for key, name in self.lists.items()]
                return page(asked, "lists", rows)
            case ["lists", audience, "members"] if audience in self.members:
                return self._members(asked, audience)
            case ["reports"]:
                since = asked.one("since_send_time")
                rows = [row for row in self.campaigns.values() if since is None or row["send_time"] > since]
                return page(asked, "reports", rows)
            case ["reports", campaign, what] if campaign in self.campaigns:
                return self._report(asked, campaign, what)
        return problem(404, "Resource Not Found", "The requested resource could not be found.")

    def _knows(self, header: str) -> bool:
        kind, _, value = header.partition(" ")
        if kind == "Basic":
            value = base64.b64decode(value).decode().partition(":")[2]
        return value == self.key

    def _members(self, asked: Asked, audience: str) -> Answer:
        rows = list(self.members[audience].values())
        since = asked.one("since_last_changed")
        if since is not None:
            after = people.read_iso(since)
            rows = [row for row in rows if people.read_iso(row["last_changed"]) >= after]
        if asked.one("sort_field") == "last_changed":
            rows.sort(key=lambda row: row["last_changed"], reverse=asked.one("sort_dir") == "DESC")
        return page(asked, "members", rows, list_id=audience)

    def _report(self, asked: Asked, campaign: str, what: str) -> Answer:
        if what == "email-activity":
            since = asked.one("since")
            rows = self.activity[campaign]
            if since is not None:
                after = people.read_iso(since)
                rows = [{**row, "activity": [done for done in row["activity"]
                    if people.read_iso(done["timestamp"]) >= after]} for row in rows]  # fmt: skip
                rows = [row for row in rows if row["activity"]]
            return page(asked, "emails", rows, campaign_id=campaign)
        named = {"sent-to": ("sent_to", self.sent), "abuse-reports": ("abuse_reports", self.complaints),
            "unsubscribed": ("unsubscribes", self.left)}  # fmt: skip
        if what not in named:
            return problem(404, "Resource Not Found", "The requested resource could not be found.")
        key, found = named[what]
        return page(asked, key, found[campaign], campaign_id=campaign)


def page(asked: Asked, key: str, rows: list[dict[str, Any]], **more: Any) -> Answer:
    """Return the asked part of rows; 10 where nothing is said of how many."""
    count, offset = int(asked.one("count") or 10), int(asked.one("offset") or 0)
    if count > MOST:
        return problem(400, "Invalid Resource", f"count is at most {MOST}")
    return Answer(body={key: rows[offset : offset + count], "total_items": len(rows), "_links": [], **more})


def problem(status: int, title: str, detail: str) -> Answer:
    return Answer(status=status, body={"type": "https://mailchimp.com/developer/marketing/docs/errors/", "title": title,
        "status": status, "detail": detail, "instance": ""},
        headers={"Content-Type": "application/problem+json"})  # fmt: skip
