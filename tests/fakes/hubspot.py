"""A HubSpot account with a few people, companies and deals, as its API shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.hostile import Answer, Asked

START = datetime(2026, 11, 1, tzinfo=UTC)


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class HubSpot:
    """Answers searches in the order of the last change, lists by id, and nobody without the token."""

    token = "pat-secret-1"  # noqa: S105 a fake's

    def __init__(self, people: int = 8) -> None:
        self.contacts: dict[str, dict[str, Any]] = {}
        self.companies: dict[str, dict[str, Any]] = {}
        self.deals: dict[str, dict[str, Any]] = {}
        for number in range(1, people + 1):
            properties = {"email": f"Person{number}@Example.com", "firstname": f"First{number}", "phone": None}
            self.put(self.contacts, str(100 + number), properties, hours=number)
        self.contacts["101"]["properties"]["email"] = None  # somebody without an address
        self.contacts["102"]["properties"] |= {"hs_email_optout": "true", "associatedcompanyid": "902"}
        for number in range(1, 4):
            properties = {"name": f"Company {number}", "numberofemployees": str(10 * number)}
            self.put(self.companies, str(900 + number), properties, hours=number)
        for number in range(1, 4):
            properties = {"dealname": f"Deal {number}", "amount": "1200.50", "dealstage": "qualified",
                          "closedate": "2026-12-31T00:00:00Z"}  # fmt: skip
            record = self.put(self.deals, str(700 + number), properties, hours=number)
            record["associations"] = {"contacts": {"results": [{"id": str(100 + number), "type": "deal_to_contact"}]},
                                      "companies": {"results": [{"id": str(900 + number), "type": "x"}]}}  # fmt: skip

    def put(self, into: dict[str, dict[str, Any]], number: str, properties: dict[str, Any], *, hours: float) -> Any:
        """Make or change a record so many hours after the start."""
        at = _iso(START + timedelta(hours=hours))
        before = into.get(number, {"id": number, "properties": {}, "createdAt": _iso(START), "archived": False})
        into[number] = {**before, "properties": {**before["properties"], **properties}, "updatedAt": at}
        return into[number]

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer(status=401, body={"status": "error", "category": "INVALID_AUTHENTICATION",
                                            "message": "The token pat-secret-1 is wrong"})  # fmt: skip
        _, crm, objects, version, kind, *rest = asked.path.split("/")
        assert (crm, objects, version) == ("crm", "objects", "2026-09"), asked.path
        records = {"contacts": self.contacts, "companies": self.companies, "deals": self.deals}[kind]
        if rest == ["search"]:
            return self._search(asked, list(records.values()))
        archived = asked.one("archived") == "true"
        found = [item for item in records.values() if item["archived"] is archived]
        return self._page(found, int(asked.one("limit") or 10), asked.one("after"))

    def _search(self, asked: Asked, records: list[dict[str, Any]]) -> Answer:
        assert asked.method == "POST"
        body = asked.json
        alive = [item for item in records if not item["archived"]]
        for group in body.get("filterGroups", []):
            for test in group["filters"]:
                assert test["operator"] == "GTE"
                least = datetime.fromtimestamp(int(test["value"]) / 1000, UTC)
                alive = [item for item in alive if datetime.fromisoformat(item["updatedAt"]) >= least]
        alive.sort(key=lambda item: item["updatedAt"])
        return self._page(alive, body["limit"], body.get("after"))

    def _page(self, records: list[dict[str, Any]], size: int, after: str | None) -> Answer:
        first = int(after or 0)
        body: dict[str, Any] = {"results": records[first : first + size]}
        if first + size < len(records):
            body["paging"] = {"next": {"after": str(first + size)}}
        return Answer(body=body)
