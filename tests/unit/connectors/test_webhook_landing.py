"""Deliveries become records once, whatever comes twice, does not fit, or is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from hook_sinks import KeptSink, kept
from satsuma.collecting.journal import Position
from satsuma.connectors.reading_values import ValueReader
from satsuma.connectors.webhooks import landing
from satsuma.connectors.webhooks.landing import (
    REMEMBERED,
    Beside,
    LandedHooks,
    PrivacyRequest,
    land_hooks,
    landed_position,
)
from satsuma.connectors.webhooks.planning import Part, plan_of
from satsuma.connectors.webhooks.records import Hook, read_record, record_of
from satsuma.connectors.webhooks.schemes import SCHEMES
from satsuma.connectors.webhooks.topics import read_topics, vendor_topics
from satsuma.documents import read_document
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import WorkspaceError
from satsuma.ledger import Ledger

NOW = datetime(2026, 11, 28, 14)


def hook(vendor: str, content: Any, *, id: str = "", topic: str = "", at: datetime = NOW) -> Hook:  # noqa: A002
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Hook.of(vendor, SCHEMES[vendor], body, id=id, topic=topic, received_at=at)


class World:
    """A warehouse, and what deliveries caused beside it."""

    def __init__(self) -> None:
        self.engine = DuckDB(None)
        self.engine.create_schema()
        self.asked: list[tuple[str, frozenset[str]]] = []
        self.requests: list[PrivacyRequest] = []
        self.gone: set[str] = set()
        self.place = 0

    def land(self, *hooks: Hook, now: datetime = NOW) -> LandedHooks:
        records = []
        for item in hooks:
            self.place += 1
            records.append((record_of(item), Position(1, self.place)))
        beside = Beside(ask=lambda *said: self.asked.append(said), keep=self.requests.append)
        return land_hooks(self.engine, records, clock=lambda: now, sink_of=self.sink, beside=beside)

    def sink(self, source: str) -> KeptSink | None:
        return None if source in self.gone else KeptSink(self.engine, source)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.engine.close()


def order(number: int, *, id: str = "", **more: Any) -> Hook:  # noqa: A002
    return hook("woocommerce", {"id": number, **more}, id=id or f"d-{number}", topic="order.updated")


def test_a_record_of_the_journal_says_what_was_said() -> None:
    said = hook("zoho", '{"a": "é\\n"}'.encode(), id="x\n", topic="é")
    assert read_record(record_of(said)) == said


def test_a_delivery_that_comes_twice_is_landed_once(world: World) -> None:
    landed = world.land(order(1), order(1), order(2))
    assert (landed.deliveries, landed.repeated, landed.rows) == (3, 1, 2)
    assert world.land(order(2), order(3)).repeated == 1
    assert kept(world.engine) == ["1", "2", "3"]
    assert landed_position(world.engine) == Position(1, 5)


def test_one_without_an_id_is_known_by_what_it_says(world: World) -> None:
    mail = b"type=profile&data[email]=a@x.example"
    paid = hook("woocommerce", {"id": 1}, topic="order.updated")
    landed = world.land(paid, hook("mailchimp", mail), paid, hook("mailchimp", mail + b"x"))
    assert (landed.repeated, kept(world.engine)) == (1, ["1"])


def test_one_that_does_not_fit_waits_in_quarantine_and_holds_up_nobody(world: World) -> None:
    bad = [order(2, bad=1), hook("woocommerce", b"no json", id="d", topic="order.updated"), order(4, bad=1)]
    landed = world.land(order(1), bad[0], order(3), bad[1], bad[2], order(5))
    assert (landed.quarantined, landed.rows) == (3, 3)
    assert kept(world.engine) == ["1", "3", "5"]
    rows = world.engine.rows("SELECT source, reason, raw FROM quarantine ORDER BY quarantine_id")
    assert [row[:2] for row in rows] == [("woocommerce", "cannot_be_stored")] * 3
    assert json.loads(rows[0][2]) == {"id": 2, "bad": 1}
    assert landed_position(world.engine) == Position(1, 6)


def test_a_repeated_secret_is_kept_nowhere(world: World) -> None:
    world.gone = {"zoho"}
    world.land(hook("zoho", {"token": "the-secret", "ids": [1]}))
    assert "the-secret" not in world.engine.value("SELECT raw FROM quarantine")


def test_what_was_landed_and_what_was_not_stand_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    world.land(order(1))
    before = landed_position(world.engine)
    with monkeypatch.context() as patched:

        def full(*_: object) -> None:
            raise duckdb.IOException("disk full")

        patched.setattr("satsuma.landing.store.set_state", full)
        with pytest.raises(WorkspaceError):
            world.land(order(2), hook("shopify", {"customer": {"id": 1}}, id="r", topic="customers/redact"))
    assert kept(world.engine) == ["1"]
    assert landed_position(world.engine) == before
    # What stands beside the warehouse was said already, and is said again: it says the same.
    world.land(order(2), hook("shopify", {"customer": {"id": 1}}, id="r", topic="customers/redact"))
    assert len({item.key for item in world.requests}) == 1
    assert kept(world.engine) == ["1", "2"]


def test_ids_are_remembered_for_a_time(world: World) -> None:
    world.land(order(1))
    later = NOW + REMEMBERED + timedelta(days=1)
    world.land(hook("woocommerce", {"id": 2}, id="d-2", topic="order.updated", at=later), now=later)
    assert world.engine.rows("SELECT delivery_id FROM hook_deliveries") == [("d-2",)]


# --------------------------------------------------------------------------------------------------------------- topics


def test_hubspots_changes_let_its_streams_be_read() -> None:
    changes = [
        {"subscriptionType": "contact.propertyChange", "objectId": 1},
        {"subscriptionType": "deal.creation", "objectId": 2},
        {"subscriptionType": "contact.privacyDeletion", "objectId": 3, "portalId": 9},
        {"subscriptionType": "line_item.creation", "objectId": 4},
        "odd",
    ]
    plan = plan_of(hook("hubspot", changes), vendor_topics()["hubspot"])
    assert (plan.sync, plan.syncs, plan.unknown) == ({"contacts", "deals"}, True, 2)
    assert [(item.kind, dict(item.subject)) for item in plan.privacy] == [("erasure", {"id": 3, "portal": 9})]


@pytest.mark.parametrize(
    ("vendor", "topic", "content", "kind", "subject"),
    [
        ("shopify", "customers/redact",
         {"shop_id": 1, "customer": {"id": 7, "email": "é@x.example", "phone": None}, "orders_to_redact": [5, 6]},
         "erasure", {"id": 7, "email": "é@x.example", "orders": [5, 6]}),
        ("shopify", "customers/data_request",
         {"customer": {"id": 7}, "orders_requested": [], "data_request": {"id": 1}},
         "access", {"id": 7}),
        ("shopify", "shop/redact", {"shop_id": 1, "shop_domain": "a.example"}, "shop_erasure",
         {"id": 1, "shop": "a.example"}),
        ("stripe", "",
         {"id": "evt_1", "type": "customer.deleted", "data": {"object": {"id": "cus_1", "email": "a@b.c"}}},
         "erasure", {"id": "cus_1", "email": "a@b.c"}),
        ("typeform", "", {"event_id": "e", "event_type": "form_response_deleted", "form_response": {"token": "t"}},
         "erasure", {"id": "t"}),
        ("shopify", "customers/redact", {"odd": True}, "erasure", {"message": '{"odd": true}'}),
        ("shopify", "customers/redact", [1], "erasure", {"message": "[1]"}),
    ],
)  # fmt: skip
def test_who_asks_to_be_forgotten_is_never_dropped(
    world: World, vendor: str, topic: str, content: Any, kind: str, subject: dict[str, Any]
) -> None:
    landed = world.land(hook(vendor, content, topic=topic))
    assert (landed.privacy, landed.quarantined) == (1, 0)
    request = world.requests[0]
    assert (request.kind, dict(request.subject), request.source) == (kind, subject, vendor)
    assert "a@b.c" not in repr(request)


def test_typeforms_answers_land_under_their_form() -> None:
    said = {"event_id": "e", "event_type": "form_response", "form_response": {"form_id": "F", "token": "t"}}
    plan = plan_of(hook("typeform", said), vendor_topics()["typeform"])
    assert plan.records == {Part("responses", "F"): [{"form_id": "F", "token": "t"}]}
    assert plan.delivery_id == "e"


def test_klaviyos_events_are_taken_one_by_one() -> None:
    topics = ("event:klaviyo.opened_email", "event:klaviyo.unsubscribed_from_email_marketing", "other")
    plan = plan_of(hook("klaviyo", {"data": [{"topic": topic} for topic in topics]}), vendor_topics()["klaviyo"])
    assert (plan.sync, plan.unknown) == ({"events", "profiles"}, 1)


def test_an_id_that_was_deleted_is_told_from_a_record() -> None:
    plan = plan_of(hook("woocommerce", {"id": 3}, topic="customer.deleted"), vendor_topics()["woocommerce"])
    assert plan.records == {Part("customers", gone=True): [{"id": 3}]}


def test_streams_that_a_source_does_not_have_are_left_out(world: World) -> None:
    landed = world.land(
        hook("woocommerce", {"id": 1}, id="p", topic="product.updated"),
        hook("shopify", {}, id="p", topic="products/update"),
        hook("shopify", {}, id="o", topic="orders/create"),
        hook("mailchimp", b"type=profile&data[id]=1"),
    )
    assert (landed.rows, landed.skipped) == (0, 3)
    assert world.asked == [("shopify", frozenset({"orders"}))]


def test_odd_contents_are_taken_apart_without_falling_over(world: World) -> None:
    contents = (None, [], {}, "x", 3, [[]], {"data": {"object": []}}, {"data": [None, {"payload": None}]})
    topics = ("orders/create", "order.updated", "customers/redact", "event:x", "")
    cases = [(content, vendor, topic) for content in contents for vendor in vendor_topics() for topic in topics]
    world.land(*(hook(case[1], case[0], topic=case[2], id=str(case)) for case in cases))
    assert world.engine.value("SELECT count(*) FROM quarantine") == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {}", "One of 'stream', 'sync', 'privacy' and 'skip'"),
        ("a: {stream: x, sync: [y]}", "One of"),
        ("a: {skip: true, stream: x}", "One of"),
        ("a: {privacy: erasure}", "'subject' is needed"),
        ("a: {privacy: oblivion, subject: {id: x}}", "not a privacy"),
        ("a: {stream: x, records: '['}", "A path is expected"),
        ("a: {strem: x}", "'strem' is not known here"),
        ("a: 3", "Names with their values"),
        ("a.*: {skip: true}\na.b: {sync: true}", "'a.b' is never reached: 'a.*' before it"),
    ],
)
def test_mistakes_in_topics_are_named(text: str, said: str) -> None:
    document = read_document(text, "topics.yaml")
    reader = ValueReader(document)
    read_topics(reader, document.value, None, (), ("items",))
    assert any(said in str(problem) for problem in reader.problems), reader.problems


def test_a_delivery_that_nobody_foresaw_how_to_read_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(said: Hook, topics: Any) -> Any:
        if said.given_id == "d-2":
            raise AttributeError("nobody foresaw this")
        return plan_of(said, topics)

    monkeypatch.setattr(landing, "plan_of", read)
    landed = world.land(order(1), order(2), order(3))
    assert (landed.deliveries, landed.quarantined) == (3, 1)
    assert landed_position(world.engine) == Position(1, 3)
    assert world.engine.value("SELECT reason FROM quarantine") == "cannot_be_stored"


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    found = Ledger(ledger_url)
    yield found
    found.close()


def test_a_request_with_characters_that_no_database_keeps_is_kept(ledger: Ledger) -> None:
    document = read_document("erase.*: {privacy: erasure, subject: {id: id}}", "topics.yaml")
    topics = read_topics(ValueReader(document), document.value, None, (), ("items",))
    (asked,) = plan_of(hook("zoho", {"id": "a\x00\ud800"}, topic="erase.\x00\ud800"), topics).privacy
    ledger.privacy.add(
        digest=asked.key, source=asked.source, kind=asked.kind, topic=asked.topic, received_at=NOW,
        subject=asked.subject,
    )  # fmt: skip
    (request,) = ledger.privacy.all()
    assert (request.topic, request.subject) == (
        "erase.\N{REPLACEMENT CHARACTER}?",
        {"id": "a\N{REPLACEMENT CHARACTER}?"},
    )
