"""Answers as Zoho CRM does: tokens from another door, modules read by page and then by token, deletions apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from fakes.crm import START, Row, Table, people, trade
from fakes.hostile import Answer, Asked

CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "1000.INVENTED", "invented-secret", "1000.invented-refresh"
VERSIONS = ("v7", "v8")

#: The account's zone: its times are written with it.
ZONE = timezone(timedelta(hours=1))

_COMMON = ("id", "Created_Time", "Modified_Time")
#: The fields that each module has beside the common ones.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Contacts": ("First_Name", "Last_Name", "Email", "Phone", "Title", "Account_Name", "Mailing_Country",
                 "Email_Opt_Out", "Lead_Source"),
    "Leads": ("First_Name", "Last_Name", "Email", "Phone", "Designation", "Company", "Country", "Lead_Status",
              "Lead_Source", "Email_Opt_Out", "Converted__s", "Converted_Contact", "Converted_Account"),
    "Accounts": ("Account_Name", "Industry", "Account_Type", "Billing_Country", "Employees", "Annual_Revenue",
                 "Website"),
    "Deals": ("Deal_Name", "Account_Name", "Contact_Name", "Stage", "Amount", "Closing_Date", "Probability", "Type",
              "Lead_Source", "Currency"),
}  # fmt: skip
_STAGES = (("Qualification", 10), ("Proposal/Price Quote", 75), ("Closed Won", 100), ("Closed Lost", 0))

#: Rows that `page` reaches; what lies behind is read with `page_token`.
_FIRST_ROWS = 2_000
_MOST_FIELDS = 50


@dataclass(slots=True)
class Zoho:
    """A function from a request to an answer, over modules that a test may change between two requests.

    first_rows : how many rows `page` reaches. credits : calls left of the day; None means enough.
    clock : when a token ends is read on it.
    """

    first_rows: int = _FIRST_ROWS
    credits: int | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    modules: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in FIELDS})
    tokens: dict[str, datetime] = field(default_factory=dict)
    _given: int = 0
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/oauth/v2/token":
            return self._token(asked)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Zoho-oauthtoken" or self.tokens.get(token, datetime.min.replace(tzinfo=UTC)) <= self.clock():
            return _error(401, "INVALID_TOKEN", "invalid oauth token")
        if self.credits is not None:
            if self.credits <= 0:
                # Says nothing about when to come back.
                return _error(429, "TOO_MANY_REQUESTS", "You have exceeded the API credit limit")
            self.credits -= 1
        parts = asked.path.strip("/").split("/")
        if len(parts) < 3 or parts[0] != "crm" or parts[1] not in VERSIONS:
            return _error(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")
        if parts[2] not in self.modules:
            return _error(400, "INVALID_MODULE", "the module name given seems to be invalid")
        if asked.method == "GET" and len(parts) == 3:
            return self._records(parts[2], asked)
        if asked.method == "GET" and parts[3:] == ["deleted"]:
            return self._deleted(parts[2], asked)
        return _error(404, "INVALID_URL_PATTERN", "Please check if the URL trying to access is a correct one")

    def revoke(self) -> None:
        """Let every token that was given end now."""
        self.tokens.clear()

    def _token(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        form |= {name: values[0] for name, values in asked.query.items()}
        # This door says no with a 200.
        if form.get("grant_type") != "refresh_token":
            return Answer(body={"error": "invalid_grant"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer(body={"error": "invalid_client"})
        if form.get("refresh_token") != REFRESH_TOKEN:
            return Answer(body={"error": "invalid_code"})
        self._given += 1
        token = f"1000.invented{self._given}"
        self.tokens[token] = self.clock() + timedelta(hours=1)
        return Answer(body={"access_token": token, "api_domain": f"http://{asked.headers['host']}",
                            "token_type": "Bearer", "scope": "ZohoCRM.modules.READ", "expires_in": 3600})  # fmt: skip

    def _records(self, module: str, asked: Asked) -> Answer:
        fields = [name for name in (asked.one("fields") or "").split(",") if name]
        if not fields:
            return _error(400, "REQUIRED_PARAM_MISSING", "One of the expected parameter is missing")
        if len(fields) > _MOST_FIELDS:
            return _error(400, "LIMIT_EXCEEDED", "You can only specify 50 fields")
        wanted = asked.one("converted", "false") if module == "Leads" else "both"
        rows = [
            (key, row) for key, row in self.modules[module].living().items()
            if wanted == "both" or bool(row.fields.get("Converted__s")) == (wanted == "true")
        ]  # fmt: skip
        since = _since(asked)
        if isinstance(since, Answer):
            return since
        if since is not None:
            rows = [(key, row) for key, row in rows if row.updated > since]
            if not rows:
                return Answer(status=304, body=b"")
        order = asked.one("sort_by", "id")
        if order not in _COMMON:
            return _error(400, "INVALID_DATA", "sort_by takes id, Created_Time, Modified_Time")
        rows.sort(
            key=lambda row: ({"id": row[0], "Created_Time": row[1].created, "Modified_Time": row[1].updated}[order],
                             row[0]),
            reverse=asked.one("sort_order", "desc") == "desc",
        )  # fmt: skip
        return self._page(
            asked, [{"id": key, **{name: _value(key, row, name) for name in fields}} for key, row in rows],
            {"sort_by": order, "sort_order": asked.one("sort_order", "desc")},
        )  # fmt: skip

    def _deleted(self, module: str, asked: Asked) -> Answer:
        since = _since(asked)
        if isinstance(since, Answer):
            return since
        rows = [(key, row) for key, row in self.modules[module].rows.items() if row.is_deleted]
        if since is not None:
            rows = [(key, row) for key, row in rows if row.updated > since]
        somebody = {"name": "Somebody", "id": "7000000000000000001"}
        found = [
            {"id": key, "display_name": f"{row.fields.get('Last_Name') or row.fields.get('Deal_Name') or key}",
             "type": "recycle", "deleted_time": _time(row.updated), "deleted_by": somebody, "created_by": somebody}
            for key, row in sorted(rows, key=lambda row: row[1].updated, reverse=True)
        ]  # fmt: skip
        return self._page(asked, found, {}, has_tokens=False)

    def _page(
        self, asked: Asked, found: Sequence[Mapping[str, Any]], about: Mapping[str, Any], *,
        has_tokens: bool = True,
    ) -> Answer:  # fmt: skip
        size = int(asked.one("per_page") or 200)
        page, token = asked.one("page"), asked.one("page_token")
        if not 1 <= size <= 200:
            return _error(400, "INVALID_DATA", "per_page must lie between 1 and 200")
        if page is not None and token is not None:
            return _error(400, "AMBIGUITY_DURING_PROCESSING", "page and page_token cannot be given at once")
        what = f"{asked.path} {about}"
        if token is not None:
            # A token goes on with what was asked for at first: the same rows in the same order.
            if self._places.get(token, ("", 0))[0] != what:
                return _error(400, "INVALID_DATA", "page_token is invalid")
            first = self._places[token][1]
        else:
            first = size * (int(page or 1) - 1)
            if has_tokens and first + size > self.first_rows:
                return _error(400, "DISCRETE_PAGINATION_LIMIT_EXCEEDED", "use page_token for more records")
        shown = found[first : first + size]
        if not shown:
            return Answer(status=204, body=b"")
        has_more = first + size < len(found)
        info = {"per_page": size, "count": len(shown), "page": first // size + 1, "more_records": has_more, **about}
        if has_tokens:
            info["next_page_token"] = self._keep(what, first + size) if has_more else None
        return Answer(body={"data": shown, "info": info})

    def _keep(self, what: str, place: int) -> str:
        token = f"c8582{len(self._places):08x}"
        self._places[token] = (what, place)
        return token


def filled(*, contacts: int = 430, leads: int = 60, accounts: int = 25, deals: int = 210) -> Zoho:
    """Return a Zoho with invented rows. Every fifth contact belongs to no account; no lead is converted yet."""
    made = Zoho()
    for number in range(accounts):
        made.modules["Accounts"].add(
            account_id(number), START + timedelta(minutes=number), Account_Name=f"Company {number}",
            Industry=trade(number), Account_Type="Customer", Billing_Country="France", Employees=10 * (number + 1),
            Annual_Revenue=100_000.0 * (number + 1), Website=f"https://company{number}.example.com",
        )  # fmt: skip
    for one in people(contacts):
        made.modules["Contacts"].add(
            contact_id(one.number), one.at, First_Name=one.first, Last_Name=one.last, Email=one.email, Phone=one.phone,
            Title="Buyer", Mailing_Country=one.country, Email_Opt_Out=one.has_opted_out, Lead_Source="Web",
            Account_Name=None if one.number % 5 == 4 else _lookup(account_id(one.number % accounts), "Company"),
        )  # fmt: skip
    for one in people(leads, first_number=contacts):
        made.modules["Leads"].add(
            lead_id(one.number), one.at, First_Name=one.first, Last_Name=one.last, Email=one.email, Phone=one.phone,
            Designation=None, Company=f"Prospect {one.number}", Country=one.country, Lead_Status="Not Contacted",
            Lead_Source="Web", Email_Opt_Out=one.has_opted_out, Converted__s=False, Converted_Contact=None,
            Converted_Account=None,
        )  # fmt: skip
    for number in range(deals):
        stage, probability = _STAGES[number % len(_STAGES)]
        made.modules["Deals"].add(
            deal_id(number), START + timedelta(minutes=7 * number), Deal_Name=f"Deal {number}", Stage=stage,
            Amount=None if number % 9 == 8 else 1_000.5 * (number + 1), Closing_Date="2025-06-30",
            Probability=probability, Type="New Business", Lead_Source="Web", Currency="EUR",
            Account_Name=_lookup(account_id(number % accounts), "Company"),
            Contact_Name=None if number % 4 == 3 else _lookup(contact_id(number % contacts), "Somebody"),
        )  # fmt: skip
    return made


def convert(made: Zoho, number: int, at: datetime) -> str:
    """Make a lead a contact, as the button does; returns the contact's id."""
    lead = made.modules["Leads"].rows[lead_id(number)].fields
    contact = contact_id(10_000 + number)
    company = _lookup(account_id(0), "Company 0")
    made.modules["Contacts"].add(
        contact, at, First_Name=lead["First_Name"], Last_Name=lead["Last_Name"], Email=lead["Email"],
        Phone=lead["Phone"], Title=lead["Designation"], Mailing_Country=lead["Country"],
        Email_Opt_Out=lead["Email_Opt_Out"], Lead_Source=lead["Lead_Source"], Account_Name=company,
    )  # fmt: skip
    made.modules["Leads"].change(
        lead_id(number), at, Converted__s=True, Converted_Contact=_lookup(contact, "Somebody"),
        Converted_Account=company,
    )  # fmt: skip
    return contact


def account_id(number: int) -> str:
    return f"5100{number:015}"


def contact_id(number: int) -> str:
    return f"5200{number:015}"


def lead_id(number: int) -> str:
    return f"5300{number:015}"


def deal_id(number: int) -> str:
    return f"5400{number:015}"


def _lookup(key: str, name: str) -> dict[str, str]:
    return {"name": name, "id": key}


def _value(key: str, row: Row, name: str) -> Any:
    """Return a field as it is written; a name that the module does not know is passed over in silence."""
    if name == "id":
        return key
    if name in ("Created_Time", "Modified_Time"):
        return _time(row.created if name == "Created_Time" else row.updated)
    return row.fields.get(name)


def _time(moment: datetime) -> str:
    return moment.astimezone(ZONE).isoformat(timespec="seconds")


def _since(asked: Asked) -> datetime | Answer | None:
    given = asked.headers.get("if-modified-since")
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        return _error(400, "INVALID_DATA", "If-Modified-Since is not a time of ISO 8601 with an offset")
    return moment


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status=status, body={"code": code, "details": {}, "message": message, "status": "error"})
