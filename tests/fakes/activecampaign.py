"""ActiveCampaign's API v3, as far as it is read: contacts, and their state on each list beside them.

Pages of 20 unless asked, at most 100; ids and states are texts; `id_greater` with `orders[id]=ASC` and
`filters[updated_after]` are applied; some failures answer 200 with `succeeded: 0`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fakes import people
from fakes.hostile import Answer, Asked, Misstep

MOST, USUAL = 100, 20
UNCONFIRMED, ACTIVE, UNSUBSCRIBED, BOUNCED = "0", "1", "2", "3"


def not_succeeded() -> Misstep:
    """Answer 200 and say in the body that it did not work."""
    return lambda _: Answer(body={"succeeded": 0, "message": "Something went wrong"})


class ActiveCampaign:
    """An account with one list of mails and one of the shop.

    contacts : by id. subscriptions : (contact, list) -> state.
    """

    def __init__(self, *, contacts: int = 20, key: str = "ac-key") -> None:
        self.key = key
        self.lists = {"1": "Newsletter", "2": "Shop"}
        self.contacts: dict[int, dict[str, Any]] = {}
        self.subscriptions: dict[tuple[int, str], dict[str, Any]] = {}
        for number in range(contacts):
            self.add(number)

    # ------------------------------------------------------------------------------------------ what is there

    def add(self, number: int, *, at: datetime | None = None, status: str | None = None) -> None:
        """Add contact `number`, with id number + 1, as subscribed to list 1."""
        when = people.iso(at or people.moment(number))
        self.contacts[number + 1] = {
            "id": str(number + 1),
            "email": people.email(number),
            "phone": "",
            "firstName": people.first_name(number),
            "lastName": people.last_name(number),
            "cdate": people.iso(people.moment(number - 60)),
            "udate": when,
            "updated_utc_timestamp": when.replace("T", " ").removesuffix("+00:00"),
            "deleted": "0",
            "orgname": "",
            "links": {"contactLists": f"/api/3/contacts/{number + 1}/contactLists"},
        }
        states = (ACTIVE, ACTIVE, UNSUBSCRIBED, BOUNCED, UNCONFIRMED)
        self.subscribe(number, "1", status or states[number % len(states)], when)

    def subscribe(self, number: int, list_id: str, status: str, when: str) -> None:
        key = (number + 1, list_id)
        self.subscriptions[key] = {"id": f"{number + 1}{list_id}", "contact": str(number + 1), "list": list_id,
            "status": status, "sdate": when, "udate": when if status == UNSUBSCRIBED else None,
            "updated_timestamp": when, "unsubreason": ""}  # fmt: skip

    def change(self, number: int, at: datetime, *, status: str | None = None, **facts: Any) -> None:
        when = people.iso(at)
        self.contacts[number + 1] |= {**facts, "udate": when,
            "updated_utc_timestamp": when.replace("T", " ").removesuffix("+00:00")}  # fmt: skip
        if status is not None:
            self.subscribe(number, "1", status, when)

    def delete(self, number: int) -> None:
        del self.contacts[number + 1]
        for key in [key for key in self.subscriptions if key[0] == number + 1]:
            del self.subscriptions[key]

    # ------------------------------------------------------------------------------------------------ answers

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("api-token") != self.key:
            return Answer(status=403, body={"message": "You do not have permission to use this API."})
        if asked.path == "/api/3/contacts":
            return self._contacts(asked)
        if asked.path == "/api/3/lists":
            rows = [{"id": key, "name": name, "stringid": name.lower()} for key, name in self.lists.items()]
            return self._page(asked, "lists", rows)
        if asked.path == "/api/3/users/me":
            return Answer(body={"user": {"username": "admin"}})
        return Answer(status=404, body={"message": f"No Result found for {asked.path}"})

    def _contacts(self, asked: Asked) -> Answer:
        rows = sorted(self.contacts.values(), key=lambda row: int(row["id"]))
        after = asked.one("filters[updated_after]")
        if after is not None:
            rows = [row for row in rows if people.read_iso(row["udate"]) > people.read_iso(after)]
        greater = asked.one("id_greater")
        if greater is not None:
            # Without an order the rows after an id are any rows after it.
            if (asked.one("orders[id]") or "").upper() != "ASC":
                rows.reverse()
            rows = [row for row in rows if int(row["id"]) > int(greater)]
        answer = self._page(asked, "contacts", rows)
        if answer.status == 200 and "contactLists" in (asked.one("include") or "").split(","):
            shown = {row["id"] for row in answer.body["contacts"]}
            answer.body["contactLists"] = [dict(row) for row in self.subscriptions.values() if row["contact"] in shown]
        return answer

    def _page(self, asked: Asked, key: str, rows: list[dict[str, Any]]) -> Answer:
        limit, offset = int(asked.one("limit") or USUAL), int(asked.one("offset") or 0)
        # More than the most is not refused; it is not given either.
        limit = min(limit, MOST)
        return Answer(body={key: rows[offset : offset + limit], "meta": {"total": str(len(rows))}},
            headers={"RateLimit-Limit": "5", "RateLimit-Remaining": "4"})  # fmt: skip
