"""Any other API: every way of paging, and every kind of rows, said in a source file alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector_tests import NOW, At, Dated, Hands
from fakes.hostile import Answer, Asked, HostileServer
from satsuma import sourcing
from satsuma.errors import Busy, DefinitionError, VendorError
from satsuma.sourcing import Sources
from satsuma.working import StoppedError
from satsuma.workspace import Workspace

HEAD = """
source: rest
settings: {{base_url: "{url}", lists: {{default: [7, 8], several: true}}}}
secrets: {{key: "${{IT_KEY}}"}}
auth: {{kind: header, name: X-Key, value: "${{secrets.key}}"}}
streams:
"""


class Service:
    """Answers by path with what a test says; keeps what it was asked for."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("x-key") != "k1":
            return Answer(status=401)
        found = self.answers[asked.path.strip("/").replace("/", "_")]
        answer = found(asked) if callable(found) else found
        return answer if isinstance(answer, Answer) else Answer(body=answer)


@contextmanager
def reading(folder: Path, service: Any, streams: str) -> Iterator[At]:
    hands = Hands()
    with (
        HostileServer(Dated(service, hands, timedelta())) as server,
        Workspace.create(folder / "shop", timezone="Europe/Paris", currency="EUR", default_region="FR") as shop,
    ):
        (shop.path / "sources").mkdir(exist_ok=True)
        text = HEAD.replace("{{", "{").replace("}}", "}").replace("{url}", server.url) + streams
        (shop.path / "sources" / "it.yaml").write_text(text, encoding="utf-8")
        yield _Whole(shop, server, hands, {"IT_KEY": "k1"})


class _Whole(At):
    @property
    def sources(self) -> Sources:
        return Sources(self.shop, environment=self.environment, clock=self.hands.clock)


def numbered(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": number, "n": number} for number in range(first, last + 1)]


def by_link(asked: Asked) -> Answer:
    first = int(asked.one("from") or 1)
    headers = {"Link": f'</by_link?from={first + 2}>; rel="next"'} if first < 5 else {}
    return Answer(body=numbered(first, min(first + 1, 5)), headers=headers)


PAGES = {
    "cursor": (
        "{path: /c, params: {after: '${cursor}'}}", "{kind: cursor, cursor: next}", "rows",
        lambda asked: {"rows": numbered(1, 3)[int(asked.one("after") or 0) :][:2],
                       "next": None if asked.one("after") else 2},
    ),
    "link": (
        "{path: /c}", "{kind: link, link: next}", "rows",
        lambda asked: {"rows": numbered(3, 3)} if asked.one("p") else {"rows": numbered(1, 2), "next": "/c?p=2"},
    ),
    "header": ("{path: /by_link}", "{kind: link, link: header}", "@", by_link),
    "offset": (
        "{path: /c, params: {skip: '${offset}', take: '${size}'}}", "{kind: offset, size: 2}", "rows",
        lambda asked: {"rows": numbered(1, 5)[int(asked.one("skip") or 0) :][: int(asked.one("take") or 0)]},
    ),
    "page": (
        "{path: /c, params: {page: '${page}'}}", "{kind: page, size: 2, total: 'header:X-Pages'}", "rows",
        lambda asked: Answer(body={"rows": numbered(1, 6)[2 * int(asked.one("page") or 0) - 2 :][:2]},
                             headers={"X-Pages": "3"}),
    ),
    "last": (
        "{path: /c, params: {starting_after: '${cursor}'}}", "{kind: last, last: id, size: 2, more: more}", "rows",
        lambda asked: {"rows": numbered(int(asked.one("starting_after") or 0) + 1,
                                        min(int(asked.one("starting_after") or 0) + 2, 5)),
                       "more": int(asked.one("starting_after") or 0) + 2 < 5},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PAGES)
def test_every_way_of_paging_gives_every_record_once(tmp_path: Path, kind: str) -> None:
    request, pages, records, answer = PAGES[kind]
    service = Service(c=answer, by_link=answer)
    with reading(tmp_path, service, f"  s: {{request: {request}, pages: {pages}, records: '{records}', id: id}}") as it:
        it.sync()
        ids = [int(row[0]) for row in it.rows("SELECT record_id FROM source_records ORDER BY CAST(record_id AS INT)")]
        assert ids == list(range(1, len(ids) + 1))
        assert len(ids) == {"cursor": 3, "link": 3, "page": 6}.get(kind, 5)
        assert len(it.server.asked) == {"cursor": 2, "link": 2}.get(kind, 3)


def test_a_saved_mapping_of_files_is_no_source(tmp_path: Path) -> None:
    with reading(tmp_path, Service(c={"rows": []}), "  s: {request: {path: /c}, records: rows, id: id}") as it:
        (it.shop.path / "sources" / "orders.yaml").write_text("load: orders\nfields: {order_id: nr}\n")
        assert it.sources.names() == ["it"]


@pytest.mark.parametrize("way", ["offset", "page", "cursor"])
def test_who_gives_the_same_page_for_ever_is_told_so(tmp_path: Path, way: str) -> None:
    pages = {"cursor": "{kind: cursor, cursor: next}"}.get(way, f"{{kind: {way}, size: 2}}")
    service = Service(c={"rows": numbered(1, 2), "next": "same"})
    stream = f"  s: {{request: {{path: /c, params: {{a: '${{cursor}}'}}}}, pages: {pages}, records: rows, id: id}}"
    with reading(tmp_path, service, stream) as it:
        with pytest.raises(VendorError, match="same page"):
            it.sync()
        assert len(it.server.asked) < 5
        assert it.rows("SELECT completed_at FROM source_states") in ([], [(None,)])


@pytest.mark.parametrize("link", ["/api/c?p=2", "c?p=2", "?p=2"])
def test_a_link_to_the_next_page_is_read_as_a_browser_reads_it(tmp_path: Path, link: str) -> None:
    def answer(asked: Asked) -> Any:
        return {"rows": numbered(2, 2)} if asked.one("p") else {"rows": numbered(1, 1), "next": link}

    stream = "  s: {request: {path: /c}, pages: {kind: link, link: next}, records: rows, id: id}"
    with reading(tmp_path, Service(api_c=answer), stream) as it:
        path = it.shop.path / "sources" / "it.yaml"
        path.write_text(path.read_text().replace(it.server.url, f"{it.server.url}/api"))
        it.sync()
        assert it.rows("SELECT record_id FROM source_records ORDER BY 1") == [("1",), ("2",)]


def test_a_next_page_elsewhere_is_not_asked(tmp_path: Path) -> None:
    with HostileServer(lambda _: Answer(body={"rows": []})) as other:
        service = Service(c={"rows": numbered(1, 1), "next": f"{other.url}/steal"})
        stream = "  s: {request: {path: /c}, pages: {kind: link, link: next}, records: rows, id: id}"
        with reading(tmp_path, service, stream) as it:
            with pytest.raises(VendorError, match="another address"):
                it.sync()
            assert other.asked == []


ORDERS = """
  orders:
    request: {path: /orders, params: {changed: "${since | iso}"}}
    records: orders
    id: id
    updated: at
    rows:
      - load: customers
        person: {email: billing.email}
        fields: {country: billing.country, phone: billing.phone}
      - load: order-lines
        each: lines
        person: {id: ^.customer, email: ^.billing.email}
        fields:
          order_id: ^.id
          time: {path: ^.at, as: time}
          product_id: sku
          quantity: qty
          revenue: {path: cents, as: minor, currency: ^.currency}
          currency: ^.currency
          status: ^.status
"""


def order(number: str, *, cents: int = 1250, currency: str = "EUR", status: str = "paid", **more: Any) -> Any:
    return {
        "id": number, "at": "2026-11-20T10:00:00Z", "currency": currency, "status": status, "customer": None,
        "billing": {"email": f"G{number}@Example.com", "country": "France", "phone": "06 12 34 56 78"},
        "lines": [{"sku": "A", "qty": 2, "cents": cents}, {"sku": "B", "qty": 1, "cents": 500}], **more,
    }  # fmt: skip


def test_an_order_brings_its_lines_and_its_guest(tmp_path: Path) -> None:
    service = Service(orders={"orders": [order("1"), order("2", currency="USD"), order("3", status="refunded")]})
    with reading(tmp_path, service, ORDERS) as it:
        it.sync()
        assert it.rows(
            """SELECT e.name, e.order_id, c.customer_id, CAST(e.revenue AS VARCHAR) FROM events e
            JOIN customers c USING (customer_no) WHERE e.name LIKE 'Order%' ORDER BY 2, 1"""
        ) == [
            ("Order Completed", "1", "g1@example.com", "17.5000"),
            ("Order Completed", "3", "g3@example.com", "17.5000"),
            ("Order Refunded", "3", "g3@example.com", "17.5000"),
        ]
        # What came from a shop is cleaned as what comes from files is.
        assert it.rows("SELECT DISTINCT country, phone FROM customers") == [("FR", "+33612345678")]
        quarantined = it.rows("SELECT reason, count(*) FROM quarantine GROUP BY 1")
        assert quarantined == [("other_currency", 2)]


def test_an_order_counts_once_whichever_way_it_came(tmp_path: Path) -> None:
    """From a file, over the tracking API, and from a source: the same order id is the same order."""
    from satsuma.collecting.contract import Request
    from satsuma.collecting.landing import record_of

    with reading(tmp_path, Service(orders={"orders": [order("1"), order("2"), order("3")]}), ORDERS) as it:
        file = tmp_path / "orders.csv"
        file.write_text(
            "order_id,order_date,customer_id,sku,quantity,amount,status\n"
            "1,2026-11-20T10:00:00Z,g1@example.com,A,2,12.50,paid\n"
            "1,2026-11-20T10:00:00Z,g1@example.com,B,1,5.00,paid\n"
        )
        it.shop.load(file, kind="order-lines")
        message = {
            "type": "track", "event": "Order Completed", "userId": "g2@example.com", "messageId": "m1",
            "timestamp": "2026-11-20T10:00:00Z",
            "properties": {"order_id": "2", "products": [{"sku": "A", "quantity": 2, "price": 6.25},
                                                         {"sku": "B", "quantity": 1, "price": 5}]},
        }  # fmt: skip
        journal = it.shop.open_journal()
        request = Request(number="r1", received_at=NOW)
        journal.append(record_of(request, json.dumps({"batch": [message]}).encode())).result()
        it.shop.collect(journal)
        it.sync()
        assert it.rows(
            """SELECT order_id, count(*), CAST(sum(revenue) AS VARCHAR) FROM events
            WHERE name = 'Order Completed' AND superseded_at IS NULL GROUP BY 1 ORDER BY 1"""
        ) == [("1", 1, "17.5000"), ("2", 1, "17.5000"), ("3", 1, "17.5000")]
        # And the other way round: a tracker that tells of an order late changes nothing.
        late = {**message, "messageId": "m2", "properties": {**message["properties"], "order_id": "3"}}
        late["userId"] = "g3@example.com"
        journal.append(
            record_of(Request(number="r2", received_at=NOW), json.dumps({"batch": [late]}).encode())
        ).result()
        it.shop.collect(journal)
        it.shop.load(file, kind="order-lines")
        assert it.rows("SELECT count(*) FROM events WHERE name = 'Order Completed' AND superseded_at IS NULL") == [(3,)]
        journal.close()


OTHERS = """
  people:
    request: {path: /people}
    records: people
    id: id
    rows:
      - load: customers
        person: {id: id, email: email}
        fields: {points: {path: points, type: integer}, vip: {path: vip, as: boolean, type: boolean}}
        rest: more
      - load: consents
        person: {id: id, email: email}
        fields:
          purpose: {value: newsletter}
          status: {path: state, words: {subscribed: granted, gone: denied, "*": null}, needed: true}
          time: {path: since, as: epoch}
  forgotten: {request: {path: /forgotten}, records: ids, id: id, erases: people}
  payments:
    request: {path: /payments}
    records: payments
    id: id
    rows:
      - load: events
        person: {id: who, of: people}
        fields: {name: {value: Paid}, time: {path: ms, as: epoch_ms}, amount: {path: amount, type: money}}
  answers:
    request: {path: "/answers/${each.id}"}
    each: {setting: lists}
    records: answers
    id: id
    rows:
      - load: surveys
        each: given
        person: {id: ^.who, of: people}
        fields:
          survey: $each.id
          time: ^.at
          item: item
          answer: {first: [text, number, choice.label]}
  visits:
    request: {path: /visits, params: {from: "${window.from}", to: "${window.to}"}}
    window: {days: 2, start: 4d}
    lines: true
    id: [day, page]
    rows:
      - load: figures
        fields: {date: day, page: page, views: {path: views, type: integer}}
"""


def _others() -> Service:
    people = [
        {"id": 1, "email": "Ann@Example.com", "points": 5, "vip": "yes", "state": "subscribed", "since": 1_700_000_000,
         "more": {"Shoe size": 38, "id": 99}},
        {"id": 2, "email": None, "points": None, "vip": False, "state": "pending", "since": None, "more": {}},
        {"id": 3, "email": "bad address", "points": "x", "vip": None, "state": "gone", "since": None, "more": None},
    ]  # fmt: skip
    payments = [
        {"id": 12, "who": 1, "ms": "never", "amount": 3},
        {"id": 10, "who": 1, "ms": 1_700_000_000_500, "amount": 9.5},
        {"id": 11, "who": 77, "ms": 1, "amount": 1},
    ]
    given = [{"item": "q1", "text": "good"}, {"item": "q2", "number": 4}, {"item": "q3", "choice": {"label": "yes"}}]

    def answers(asked: Asked) -> Any:
        if asked.path.endswith("8"):
            return {"answers": [{"id": "b", "who": None, "at": "2026-11-02T10:00:00Z", "given": given},
                                {"id": "c", "who": None, "at": "2026-11-02T10:00:00Z", "given": given}]}  # fmt: skip
        return {"answers": [{"id": "a", "who": 1, "at": "2026-11-01T10:00:00Z", "given": given}]}

    def visits(asked: Asked) -> Answer:
        day = asked.one("from") or ""
        rows = [{"day": day, "page": page, "views": views} for page, views in (("/", 10), ("/a", 3))]
        return Answer(body="\n".join(json.dumps(row) for row in rows).encode())

    return Service(people={"people": people}, payments={"payments": payments}, answers_7=answers, answers_8=answers,
                   visits=visits, forgotten={"ids": []})  # fmt: skip


def test_every_kind_of_rows_lands_as_what_it_is(tmp_path: Path) -> None:
    with reading(tmp_path, _others(), OTHERS) as it:
        it.sync()
        before = it.contents()
        assert it.rows("SELECT customer_id, points, vip, shoe_size FROM customers ORDER BY 1") == [
            ("ann@example.com", 5, True, "38"), ("it:2", None, False, None), ("it:3", None, None, None),
            ("it:77", None, None, None),
        ]  # fmt: skip
        assert [row[:3] for row in before["consents"]] == [
            ("ann@example.com", "newsletter", "granted"), ("it:3", "newsletter", "denied"),
        ]  # fmt: skip
        assert it.rows("SELECT customer_id FROM events JOIN customers USING (customer_no) WHERE name = 'Paid' "
                       "ORDER BY 1") == [("ann@example.com",), ("it:77",)]  # fmt: skip
        # Two who answered alike, and are nobody who is known, are two.
        assert it.rows("SELECT count(*), count(DISTINCT customer_no) FROM events WHERE name = 'Survey Answered'") == [
            (9, 1)
        ]
        figures = it.rows("SELECT CAST(date AS VARCHAR), dimensions, name, value FROM source_figures ORDER BY ALL")
        assert figures[0] == ("2026-11-24", '{"page": "/"}', "views", 10.0)
        assert [row[0] for row in figures] == ["2026-11-24"] * 2 + ["2026-11-26"] * 2 + ["2026-11-28"] * 2
        it.hands.now += timedelta(days=1)
        it.sync()
        after = it.contents()
        assert {**after, "figures": None, "records": None} == {**before, "figures": None, "records": None}
        # The last day was not over, so that it is asked for again.
        assert it.server.asked[-1].query == {"from": ["2026-11-28"], "to": ["2026-11-29"]}


def test_who_has_to_be_forgotten_is_and_comes_never_again(tmp_path: Path) -> None:
    service = _others()
    with reading(tmp_path, service, OTHERS) as it:
        it.sync()
        (it.shop.path / "segments").mkdir(exist_ok=True)
        (it.shop.path / "segments" / "all.yaml").write_text("segment: all\nwhere: {trait: points, gte: 0}\n")
        it.shop.run("2027-01-01")
        assert it.shop.segment("all").ids() == ["ann@example.com"]
        service.answers["forgotten"] = {"ids": [{"id": 1, "reason": "Ann asked"}]}
        outcome = it.sync()
        assert outcome.landed.erased == 1
        # Who is erased is in no segment any more.
        refreshed = it.shop.refresh("2027-01-02").as_dict()["refresh"]
        assert "full_run_because" not in refreshed
        assert it.shop.segment("all").ids() == []
        service.answers["people"]["people"][0]["points"] = 6
        it.sync()
        assert it.rows("SELECT customer_id FROM customers WHERE erased_at IS NOT NULL") == [("ann@example.com",)]
        assert it.rows("SELECT points FROM customers WHERE customer_id = 'ann@example.com'") == [(5,)]
        kept = it.rows(
            "SELECT stream, record_id, CAST(payload AS VARCHAR) FROM source_records WHERE erased ORDER BY ALL"
        )
        assert kept == [
            ("answers", "a", None), ("payments", "10", None), ("payments", "12", None), ("people", "1", None),
        ]  # fmt: skip
        # Nor does what waited in quarantine say anything of somebody who is forgotten.
        assert it.rows("SELECT CAST(raw AS VARCHAR), settled_at IS NULL FROM quarantine") == [("{}", False)]
        payloads = it.rows("SELECT CAST(payload AS VARCHAR) FROM source_records WHERE payload IS NOT NULL")
        assert not any("Ann" in row[0] for row in payloads)


def test_a_field_that_came_later_is_filled_by_reading_from_the_start(tmp_path: Path) -> None:
    rows = [{"id": number, "at": f"2026-11-0{number}", "v": f"v{number}"} for number in (1, 2, 3)]
    stream = """
  s:
    request: {path: /c, params: {since: "${since | date}"}}
    records: rows
    id: id
    updated: at
    order: ascending
    rows: [{load: customers, person: {id: id}, fields: {}}]
"""
    with reading(tmp_path, Service(c=lambda _: {"rows": rows}), stream) as it:
        it.sync()
        path = it.shop.path / "sources" / "it.yaml"
        path.write_text(path.read_text().replace("fields: {}", "fields: {v: v}"))
        assert it.sync().landed.unchanged == 3
        assert it.server.asked[-1].one("since") == "2026-11-02"
        assert it.sync(from_start=True).landed.unchanged == 0
        assert it.server.asked[-1].one("since") is None
        assert it.rows("SELECT v FROM customers ORDER BY 1") == [("v1",), ("v2",), ("v3",)]
        assert it.sync().landed.unchanged == 3
        assert it.server.asked[-1].one("since") == "2026-11-02"


ODD = [
    '"\\ud800 half"', '"a\\u0000b"', "NaN", "-Infinity", "1e400", "123456789012345678901234567890", '""', "[[[]]]",
    "{}", '"\\ud83d\\ude00"', "true", '"' + "x" * 2_000 + '"', "[" * 150 + "]" * 150, '{"": {"a.b": null}}',
    '"\'; DROP TABLE customers; --"', '"2026-02-30"', '"${secrets.key}"',
]  # fmt: skip


def test_whatever_a_value_is_the_sync_goes_on(tmp_path: Path) -> None:
    rows = [f'{{"id": {number}, "at": {odd}, "v": {odd}, "more": {{"k": {odd}}}}}' for number, odd in enumerate(ODD)]
    body = f'{{"rows": [{", ".join(rows)}]}}'.encode()
    stream = """
  s:
    request: {path: /c}
    records: rows
    id: id
    updated: at
    rows:
      - load: customers
        person: {id: id}
        fields: {valid_from: at, v: v, n: {path: v, type: number}, d: {path: v, type: date}, l: {path: v, type: list}}
        rest: more
      - {load: events, person: {id: v}, fields: {name: {value: Seen}, time: {value: "2026-01-01"}, v: v}}
"""
    with reading(tmp_path, Service(c=Answer(body=body)), stream) as it:
        it.sync()
        it.sync()
        assert it.rows("SELECT count(*) FROM source_records") == [(len(ODD),)]
        assert it.rows("SELECT count(*) FROM customers WHERE customer_id LIKE 'it:%' AND v IS NOT NULL")[0][0] >= 10
        assert it.rows("SELECT v FROM customers WHERE customer_id = 'it:16'") == [("${secrets.key}",)]


COMPANIES = """
  people:
    request: {path: /people}
    records: rows
    id: id
    deleted: gone
    rows:
      - load: customers
        person: {id: id}
        fields: {industry: industry}
        rest: more
  companies:
    request: {path: /companies}
    records: rows
    id: id
    deleted: gone
    rows:
      - load: accounts
        fields: {account_id: {path: id, as: own}, industry: industry}
"""


def test_people_and_companies_do_not_share_a_traits_name(tmp_path: Path) -> None:
    more = {"customer_id": "x", "Valid From": "y"}
    rows = [{"id": number, "industry": f"i{number}", "gone": False, "more": more} for number in (1, 2)]
    service = Service(people={"rows": rows}, companies={"rows": [dict(row) for row in rows]})
    with reading(tmp_path, service, COMPANIES) as it:
        it.sync()
        columns = "customer_id, industry, own_customer_id, own_valid_from"
        assert it.rows(f"SELECT {columns} FROM customers ORDER BY 1")[0] == ("it:1", "i1", "x", "y")
        assert it.rows("SELECT account_id, account_industry FROM accounts ORDER BY 1") == [
            ("it:1", "i1"), ("it:2", "i2"),
        ]  # fmt: skip
        for name in ("people", "companies"):
            service.answers[name]["rows"][0]["gone"] = True
        it.sync()
        it.sync()
        assert it.rows("SELECT customer_id FROM customers WHERE deleted_in_it") == [("it:1",)]
        assert it.rows("SELECT account_id FROM accounts WHERE account_deleted_in_it") == [("it:1",)]
        catalog = it.shop.catalog.traits
        assert (catalog["industry"].entity, catalog["account_industry"].entity) == ("customer", "account")


def test_a_record_that_nobody_foresaw_waits_and_holds_up_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from satsuma.connectors import landing
    from satsuma.errors import SourceError

    whole = landing._Landing.land

    def fails(self: Any) -> None:
        if any(record.key == "2" for record in self.batch.records):
            raise SourceError("It does not fit.")
        whole(self)

    monkeypatch.setattr(landing._Landing, "land", fails)
    stream = (
        "  s: {request: {path: /c}, records: rows, id: id, rows: [{load: customers, person: {id: id}, fields: {}}]}"
    )
    with reading(tmp_path, Service(c={"rows": numbered(1, 5)}), stream) as it:
        it.sync()
        assert it.rows("SELECT customer_id FROM customers ORDER BY 1") == [(f"it:{n}",) for n in (1, 3, 4, 5)]
        assert it.rows("SELECT reason FROM quarantine") == [("cannot_be_stored",)]
        assert it.rows("SELECT count(*) FROM source_records") == [(5,)]


MISTAKES = [
    ('secrets: {key: "${IT_KEY}"}', "secrets: {key: s3cr3t-value}", "is a secret"),
    ("  s: {request", "  S: {request", "small letters"),
    ("kind: header", "kind: headers", "is not a kind"),
    ("source: rest", "source: hubspott", "is not a vendor"),
    ("source: rest", "source: rest\nschedule: sometimes", "schedule"),
]


@pytest.mark.parametrize(("right", "wrong", "says"), MISTAKES, ids=[item[2] for item in MISTAKES])
def test_mistakes_in_a_source_file_are_named_and_secrets_never(
    tmp_path: Path, right: str, wrong: str, says: str
) -> None:
    stream = "  s: {request: {path: /c}, records: rows, id: id}"
    with reading(tmp_path, Service(c={"rows": []}), stream) as it:
        path = it.shop.path / "sources" / "it.yaml"
        text = path.read_text()
        assert right in text
        path.write_text(text.replace(right, wrong, 1))
        with pytest.raises(DefinitionError) as caught:
            it.sync()
        told = json.dumps(caught.value.as_dict())
        assert says in told
        assert "s3cr3t" not in told
        assert it.sources.all()[0].notes


def test_a_ledger_that_cannot_be_written_does_not_hide_why_a_sync_ended() -> None:
    told = []

    def owning(_: Any) -> int:
        told.append(1)
        if len(told) > 1:
            raise Busy("The server is stopping.")
        return 1

    with pytest.raises(StoppedError), sourcing._recorded(owning):
        raise StoppedError("The job was stopped.")
    assert len(told) == 2
