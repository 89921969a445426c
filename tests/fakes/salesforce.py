"""Answers as Salesforce does: the token of the client-credentials grant, SOQL over REST, deleted rows in `queryAll`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from fakes.crm import START, Row, Table, people, trade
from fakes.hostile import Answer, Asked
from fakes.soql import MalformedQuery, Query, read_query

CLIENT_ID, CLIENT_SECRET = "3MVG9.invented-key", "1955279925675241571"
VERSIONS = ("62.0", "63.0", "64.0", "65.0", "66.0")

_COMMON = ("Id", "CreatedDate", "SystemModstamp", "IsDeleted", "RecordType.DeveloperName")
#: The fields that each object has beside the common ones.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "Contact": ("AccountId", "FirstName", "LastName", "Email", "Phone", "Title", "MailingCountry",
                "HasOptedOutOfEmail", "DoNotCall", "LeadSource"),
    "Lead": ("FirstName", "LastName", "Email", "Phone", "Title", "Company", "Country", "Status", "LeadSource",
             "HasOptedOutOfEmail", "DoNotCall", "IsConverted", "ConvertedContactId", "ConvertedAccountId",
             "ConvertedDate"),
    "Account": ("Name", "Industry", "Type", "BillingCountry", "NumberOfEmployees", "AnnualRevenue", "Website"),
    "Opportunity": ("AccountId", "ContactId", "Name", "StageName", "Amount", "CloseDate", "Probability", "IsClosed",
                    "IsWon", "Type", "LeadSource"),
}  # fmt: skip
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "IN": lambda value, others: value in others,
}  # fmt: skip
_STAGES = (("Prospecting", 10), ("Proposal/Price Quote", 60), ("Closed Won", 100), ("Closed Lost", 0))


@dataclass(slots=True)
class Salesforce:
    """A function from a request to an answer, over tables that a test may change between two requests.

    page : rows of one answer; the vendor sends at most 2,000, and fewer as it sees fit.
    calls_left : how many more calls the account may make today; None means enough.
    """

    page: int = 40
    calls_left: int | None = None
    tables: dict[str, Table] = field(default_factory=lambda: {name: Table() for name in FIELDS})
    tokens: set[str] = field(default_factory=set)
    queries: list[str] = field(default_factory=list)
    _given: int = 0
    _cursors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/services/oauth2/token":
            return self._token(asked)
        if asked.path == "/services/data/":
            return Answer(body=[{"label": version, "version": version, "url": f"/services/data/v{version}"}
                                for version in VERSIONS])  # fmt: skip
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if self.calls_left is not None:
            if self.calls_left <= 0:
                return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
            self.calls_left -= 1
        parts = asked.path.strip("/").split("/")
        if asked.method != "GET" or parts[:2] != ["services", "data"] or parts[2][1:] not in VERSIONS:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        if parts[3:] in (["query"], ["queryAll"]):
            return self._query(parts[2], asked.one("q") or "", is_all=parts[3] == "queryAll")
        if len(parts) == 5 and parts[3] == "query":
            return self._more(parts[2], parts[4])
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def revoke(self) -> None:
        """Let every token that was given end now."""
        self.tokens.clear()

    def _token(self, asked: Asked) -> Answer:
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if asked.method != "POST" or form.get("grant_type") != "client_credentials":
            return Answer(
                status=400, body={"error": "unsupported_grant_type", "error_description": "grant type not supported"}
            )
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Answer(
                status=400, body={"error": "invalid_client", "error_description": "invalid client credentials"}
            )
        self._given += 1
        token = f"00Dinvented!token{self._given}"
        self.tokens.add(token)
        # No `expires_in`: a session lasts as long as the account's settings say, and ends with a 401.
        return Answer(body={"access_token": token, "instance_url": f"http://{asked.headers['host']}",
                            "id": f"http://{asked.headers['host']}/id/00Dinvented/005invented", "scope": "api",
                            "token_type": "Bearer", "issued_at": "1741000000000"})  # fmt: skip

    def _query(self, version: str, text: str, *, is_all: bool) -> Answer:
        self.queries.append(text)
        try:
            query = read_query(text)
        except MalformedQuery as error:
            return _error(400, "MALFORMED_QUERY", str(error))
        if query.table not in self.tables:
            return _error(400, "INVALID_TYPE", f"sObject type '{query.table}' is not supported.")
        allowed = (*_COMMON, *FIELDS[query.table])
        for name in (*query.fields, *(one.field for one in query.where), *(name for name, _ in query.order)):
            if name not in allowed:
                return _error(400, "INVALID_FIELD", f"No such column '{name}' on entity '{query.table}'.")
        for one in query.where:
            if one.field in ("SystemModstamp", "CreatedDate") and not isinstance(one.value, datetime):
                return _error(400, "INVALID_FIELD", f"value of filter criterion for field '{one.field}' must be of "
                              "type dateTime and should not be enclosed in quotes")  # fmt: skip
        records = [_selected(version, query, record) for record in self._found(query, is_all=is_all)]
        if len(records) > self.page:
            # The rows of a cursor are those of the moment of the query.
            cursor = f"01g{len(self._cursors):015}"
            self._cursors[cursor] = records
            return self._more(version, f"{cursor}-0")
        return self._answer({"totalSize": len(records), "done": True, "records": records})

    def _found(self, query: Query, *, is_all: bool) -> list[dict[str, Any]]:
        table = self.tables[query.table]
        found = [_record(query.table, key, row) for key, row in (table.rows if is_all else table.living()).items()]
        found = [
            one for one in found if all(_holds(one[part.field], part.operator, part.value) for part in query.where)
        ]
        for name, is_descending in reversed(query.order):
            found.sort(key=lambda one, name=name: (one[name] is not None, one[name]), reverse=is_descending)  # type: ignore[misc]
        return found[: query.limit]

    def _more(self, version: str, locator: str) -> Answer:
        cursor, _, place = locator.rpartition("-")
        records = self._cursors.get(cursor)
        if records is None:
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        first = int(place)
        end = first + self.page
        body: dict[str, Any] = {"totalSize": len(records), "done": end >= len(records), "records": records[first:end]}
        if end < len(records):
            body["nextRecordsUrl"] = f"/services/data/{version}/query/{cursor}-{end}"
        return self._answer(body)

    def _answer(self, body: Any) -> Answer:
        used = 100_000 - (self.calls_left if self.calls_left is not None else 99_000)
        return Answer(body=body, headers={"Sforce-Limit-Info": f"api-usage={used}/100000"})


def filled(*, contacts: int = 130, leads: int = 60, accounts: int = 25, deals: int = 70, page: int = 40) -> Salesforce:
    """Return a Salesforce with invented rows. Every fifth contact belongs to no account; no lead is converted yet."""
    made = Salesforce(page=page)
    for number in range(accounts):
        made.tables["Account"].add(
            account_id(number), START + timedelta(minutes=number), Name=f"Company {number}", Industry=trade(number),
            Type="Customer", BillingCountry="France", NumberOfEmployees=10 * (number + 1),
            AnnualRevenue=100_000.0 * (number + 1), Website=f"https://company{number}.example.com",
        )  # fmt: skip
    for one in people(contacts):
        made.tables["Contact"].add(
            contact_id(one.number), one.at, FirstName=one.first, LastName=one.last, Email=one.email, Phone=one.phone,
            Title="Buyer", MailingCountry=one.country, HasOptedOutOfEmail=one.has_opted_out, DoNotCall=False,
            LeadSource="Web", AccountId=None if one.number % 5 == 4 else account_id(one.number % accounts),
        )  # fmt: skip
    for one in people(leads, first_number=contacts):
        made.tables["Lead"].add(
            lead_id(one.number), one.at, FirstName=one.first, LastName=one.last, Email=one.email, Phone=one.phone,
            Title=None, Company=f"Prospect {one.number}", Country=one.country, Status="Open - Not Contacted",
            LeadSource="Web", HasOptedOutOfEmail=one.has_opted_out, DoNotCall=False, IsConverted=False,
            ConvertedContactId=None, ConvertedAccountId=None, ConvertedDate=None,
        )  # fmt: skip
    for number in range(deals):
        stage, probability = _STAGES[number % len(_STAGES)]
        made.tables["Opportunity"].add(
            deal_id(number), START + timedelta(minutes=7 * number), Name=f"Deal {number}", StageName=stage,
            Amount=None if number % 9 == 8 else 1_000.5 * (number + 1), CloseDate="2025-06-30",
            Probability=float(probability), IsClosed=stage.startswith("Closed"), IsWon=stage == "Closed Won",
            Type="New Business", LeadSource="Web", AccountId=account_id(number % accounts),
            ContactId=None if number % 4 == 3 else contact_id(number % contacts),
        )  # fmt: skip
    return made


def convert(made: Salesforce, number: int, at: datetime) -> str:
    """Make a lead a contact, as the button does; returns the contact's id."""
    lead = made.tables["Lead"].rows[lead_id(number)].fields
    contact = contact_id(10_000 + number)
    made.tables["Contact"].add(
        contact, at, FirstName=lead["FirstName"], LastName=lead["LastName"], Email=lead["Email"], Phone=lead["Phone"],
        Title=lead["Title"], MailingCountry=lead["Country"], HasOptedOutOfEmail=lead["HasOptedOutOfEmail"],
        DoNotCall=lead["DoNotCall"], LeadSource=lead["LeadSource"], AccountId=account_id(0),
    )  # fmt: skip
    made.tables["Lead"].change(
        lead_id(number), at, IsConverted=True, ConvertedContactId=contact, ConvertedAccountId=account_id(0),
        ConvertedDate=f"{at:%Y-%m-%d}", Status="Closed - Converted",
    )  # fmt: skip
    return contact


def account_id(number: int) -> str:
    return f"001{number:012}AAA"


def contact_id(number: int) -> str:
    return f"003{number:012}AAA"


def lead_id(number: int) -> str:
    return f"00Q{number:012}AAA"


def deal_id(number: int) -> str:
    return f"006{number:012}AAA"


def _record(table: str, key: str, row: Row) -> dict[str, Any]:
    return {"Id": key, "CreatedDate": row.created, "SystemModstamp": row.updated, "IsDeleted": row.is_deleted,
            "RecordType.DeveloperName": row.fields.get("RecordType", "Business"),
            **{name: row.fields.get(name) for name in FIELDS[table]}}  # fmt: skip


def _holds(value: Any, sign: str, other: Any) -> bool:
    if value is None or other is None:
        return _COMPARED[sign](value, other) if sign in ("=", "!=") else False
    return _COMPARED[sign](value, other)


def _selected(version: str, query: Query, record: Mapping[str, Any]) -> dict[str, Any]:
    about = {"type": query.table, "url": f"/services/data/{version}/sobjects/{query.table}/{record['Id']}"}
    return {"attributes": about, **{name: _written(record[name]) for name in query.fields}}


def _written(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}+0000"


def _error(status: int, code: str, message: str) -> Answer:
    body: Sequence[Mapping[str, str]] = [{"message": message, "errorCode": code}]
    return Answer(status=status, body=body)
