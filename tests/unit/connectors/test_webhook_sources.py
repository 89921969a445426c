"""Deliveries land as a sync would land them: the same rows, the newest state, each order once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fakes.hostile import HostileServer
from fakes.hubspot import HubSpot
from hooked_shop import HookedShop
from satsuma import working, working_kinds
from satsuma.connectors import catalogue
from satsuma.connectors.source_files import read_source_text
from satsuma.connectors.webhooks.sinks import topics_of
from satsuma.connectors.webhooks.topics import vendor_topics
from satsuma.errors import DefinitionError
from satsuma.hooking import JOB, SOON

#: Loaded for the kinds that it registers.
_ = working_kinds

LOYALTY = """
source: webhook
person: id
webhook:
  secret: ${LOYALTY_SECRET}
  topics:
    member.erased: {privacy: erasure, subject: {id: data.id}}
    member.left: {stream: members, records: data, gone: true}
    member.*: {stream: members, records: data}
    bill.*: {stream: bills, records: bills}
    answer: {stream: answers, records: "@", each: form}
    form: {stream: forms}
streams:
  members:
    id: id
    updated: changed_at
    rows:
      - load: customers
        person: {id: id, email: email}
        fields: {valid_from: changed_at, points: {path: points, type: integer}, city: city}
  bills:
    id: number
    updated: changed_at
    rows:
      - load: orders
        person: {id: member, of: members}
        fields: {order_id: number, time: at, revenue: total, currency: currency}
  forms:
    id: id
  answers:
    id: id
    each: {stream: forms}
    rows:
      - load: events
        person: {id: member, of: members}
        fields: {name: {value: Answered}, time: at, form: $each.title}
"""


@pytest.fixture(scope="module")
def loyalty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HookedShop]:
    shop = HookedShop(tmp_path_factory.mktemp("hooked") / "shop", {"loyalty": LOYALTY})
    yield shop
    shop.close()


def member(number: str, points: int, at: str, **more: Any) -> dict[str, Any]:
    return {"type": "member.changed",
            "data": {"id": number, "points": points, "changed_at": f"2026-11-{at}:00Z", **more}}  # fmt: skip


def points(shop: HookedShop, number: str) -> int:
    return int(shop.rows(f"SELECT points FROM customers WHERE customer_id = 'loyalty:{number}'")[0][0])


def test_an_older_delivery_does_not_overwrite_a_newer_state(loyalty: HookedShop) -> None:
    assert loyalty.deliver("loyalty", member("1", 10, "20T10:00")).rows == 1
    assert loyalty.deliver("loyalty", member("1", 30, "22T10:00")).rows == 1
    assert loyalty.deliver("loyalty", member("1", 20, "21T10:00")).rows == 0
    assert points(loyalty, "1") == 30
    # Nor is one that says the same again anything new.
    assert loyalty.deliver("loyalty", member("1", 30, "22T10:00")).rows == 0
    assert loyalty.rows("SELECT count(*) FROM source_records WHERE source = 'loyalty' AND record_id = '1'") == [(1,)]


def test_how_far_a_stream_is_read_stays_as_it_is(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", member("2", 1, "20T10:00"))
    assert loyalty.rows("SELECT count(*) FROM source_states") == [(0,)]


def test_orders_pass_the_one_exploder_and_count_once(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", member("3", 1, "20T10:00"))
    bill = {"number": "b1", "at": "2026-11-20T10:00:00Z", "changed_at": "2026-11-20T10:00:00Z", "total": "12.50",
            "currency": "EUR", "member": "3"}  # fmt: skip
    foreign = {**bill, "number": "b2", "currency": "USD"}
    loyalty.deliver("loyalty", {"type": "bill.paid", "bills": [bill, foreign]})
    loyalty.deliver("loyalty", {"type": "bill.sent", "bills": [bill]})
    rows = loyalty.rows(
        """SELECT c.customer_id, CAST(e.revenue AS DOUBLE) FROM events e JOIN customers c USING (customer_no)
        WHERE e.name = 'Order Completed' AND e.superseded_at IS NULL"""
    )
    assert rows == [("loyalty:3", 12.5)]
    # An order in another currency waits in quarantine, as one of a file does.
    assert loyalty.rows("SELECT count(*) FROM quarantine WHERE source LIKE 'loyalty%'") == [(1,)]


def test_what_a_stream_is_read_for_one_by_one_is_known_to_its_rows(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", member("4", 1, "20T10:00"))
    said = {"type": "answer", "id": "a1", "form": "F1", "member": "4", "at": "2026-11-20T10:00:00Z"}
    # An answer to a form that nobody knows waits for a sync, which brings both.
    assert loyalty.deliver("loyalty", said).rows == 0
    assert loyalty.rows("SELECT count(*) FROM source_records WHERE stream = 'answers'") == [(0,)]
    loyalty.deliver("loyalty", {"type": "form", "id": "F1", "title": "How was it?"})
    assert loyalty.deliver("loyalty", {**said, "id": "a2"}).rows == 1
    rows = loyalty.rows("SELECT CAST(properties.form AS VARCHAR) FROM events WHERE name = 'Answered'")
    assert rows == [("How was it?",)]


def test_who_was_deleted_at_the_vendor_is_marked_and_stays(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", member("6", 1, "20T10:00"))
    loyalty.deliver("loyalty", {"type": "member.left", "data": {"id": "6"}})
    said = "SELECT deleted_in_loyalty FROM customers WHERE customer_id = 'loyalty:6'"
    assert loyalty.rows(said) == [(True,)]
    loyalty.deliver("loyalty", member("6", 2, "21T10:00"))
    assert loyalty.rows(said) == [(False,)]


def test_the_catalogue_learns_what_deliveries_bring(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", member("5", 1, "20T10:00", city="Lyon"))
    assert loyalty.workspace.catalog.traits["points"].type == "integer"
    loyalty.workspace.check()


def test_who_asks_to_be_forgotten_waits_for_an_answer(loyalty: HookedShop) -> None:
    loyalty.deliver("loyalty", {"type": "member.erased", "data": {"id": "3"}})
    (found,) = loyalty.workspace.hooks.requests()
    assert (found.kind, found.subject) == ("erasure", {"id": "3"})
    loyalty.workspace.hooks.answered(found.request_id)
    assert loyalty.workspace.hooks.requests() == []


def test_what_nobody_described_is_counted_and_left(loyalty: HookedShop) -> None:
    landed = loyalty.deliver("loyalty", [1, 2, 3])
    assert (landed.quarantined, landed.unknown, landed.rows) == (0, 1, 0)


def test_hubspots_ids_let_the_stream_be_read_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = HubSpot()
    with HostileServer(fake) as server:
        shop = HookedShop(
            tmp_path / "shop",
            {"crm": f"source: hubspot\nbase_url: {server.url}\nwebhook: {{secret: '${{A}}'}}\n"
                    "streams: [contacts, deals]\n"},
        )  # fmt: skip
        monkeypatch.setenv("HUBSPOT_TOKEN", HubSpot.token)
        changes = [{"subscriptionType": "contact.propertyChange", "objectId": 102},
                   {"subscriptionType": "company.creation", "objectId": 901}]  # fmt: skip
        for _ in range(2):
            shop.deliver("crm", changes)
        jobs = shop.workspace.records.jobs
        (job,) = jobs.all(kind=JOB)
        assert (job.subject, job.not_before - job.created_at) == ("crm/contacts", SOON)
        later = datetime.now(UTC).replace(tzinfo=None) + SOON * 2
        taken = jobs.take("me", now=later, kinds=[JOB])
        assert taken is not None
        assert working.do(shop.workspace, taken, "me"), jobs.get(taken.job_id).error_message
        assert shop.rows("SELECT count(*) FROM customers") == [(8,)]
        assert shop.rows("SELECT count(*) FROM source_states") == [(1,)]
        shop.close()


def test_what_a_file_says_of_everything_lets_no_request_about_privacy_get_lost() -> None:
    text = "source: webhook\nwebhook: {scheme: shopify, secret: '${A}', topics: {%s}}\n"
    topics = topics_of(read_source_text(text % "'*': {skip: true}", "shop", "shop.yaml"))
    assert topics.of("customers/redact").privacy == "erasure"  # type: ignore[union-attr]
    assert topics.of("orders/create").words() == "nothing that is kept"  # type: ignore[union-attr]
    said = topics_of(read_source_text(text % "customers/redact: {skip: true}", "shop", "shop.yaml"))
    assert said.of("customers/redact").privacy is None  # type: ignore[union-attr]
    assert said.of("shop/redact").privacy == "shop_erasure"  # type: ignore[union-attr]


def test_the_examples_of_the_page_are_right() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "receive-webhooks.md"
    if not page.exists():
        pytest.skip("the documentation is not beside the package")
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert [read_source_text(block, "it", "it.yaml").webhook is not None for block in blocks] == [True, True]


@pytest.mark.parametrize("vendor", sorted(vendor_topics()))
def test_vendors_deliveries_speak_of_streams_that_there_are(vendor: str) -> None:
    if vendor not in catalogue.vendor_names():
        pytest.skip(f"there is no vendor file for {vendor}")
    assert vendor_topics()[vendor].streams() <= catalogue.vendor(vendor).streams.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source: webhook\n", "'webhook' is needed"),
        ("source: webhook\nwebhook: {secret: '${A}'}\nschedule: '@daily'\n", "'schedule' is not known here"),
        ("source: webhook\nwebhook: {secret: '${A}', topics: {a: {stream: b}}}\n", "There is no stream 'b'"),
        ("source: hubspot\nwebhook: {secret: '${A}', topics: {a: {sync: [contact]}}}\n", "Did you mean 'contacts'?"),
        ("source: webhook\nwebhook: {secret: '${A}'}\nstreams: {a: 3}\n", "Names with their values"),
    ],
)
def test_mistakes_in_a_source_that_takes_deliveries(loyalty: HookedShop, text: str, said: str) -> None:
    (loyalty.workspace.path / "sources" / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError) as found:
        loyalty.workspace.hooks.webhook("wrong")
    assert said in str([str(problem) for problem in found.value.details])
