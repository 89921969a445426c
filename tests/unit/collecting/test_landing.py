"""Messages become rows once, whatever they say and whatever happens meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from collecting_world import IPHONE, NOW, Collecting
from satsuma.collecting import landing, linking, thinning
from satsuma.collecting.landing import landed_position
from satsuma.landing import store
from satsuma.landing.load import load_files


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Collecting]:
    made = Collecting(tmp_path / "collected")
    yield made
    made.close()


def track(event: str, *, user: str | None = "u1", visitor: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": event, "userId": user, "anonymousId": visitor, **more}


def identify(user: str | None, visitor: str | None = None, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "anonymousId": visitor, "traits": traits}


ORDER = {
    "order_id": "o1", "revenue": 25, "total": 31, "shipping": 6, "currency": "EUR", "coupon": "MAY",
    "products": [{"product_id": "p1", "price": 10, "quantity": 2, "name": "Tee"}, {"sku": "p2", "price": 10}],
}  # fmt: skip


def test_an_order_is_its_lines_and_they_add_up_to_its_revenue(world: Collecting) -> None:
    world.send(track("Order Completed", properties=ORDER))
    world.land()
    assert world.standing("name, product_id, quantity, revenue") == [
        ("Order Completed", None, Decimal(3), Decimal(25)),
        ("Product Purchased", "p1", Decimal(2), Decimal("16.6667")),
        ("Product Purchased", "p2", Decimal(1), Decimal("8.3333")),
    ]


def test_an_order_counts_once_from_wherever_it_comes(world: Collecting, tmp_path: Path) -> None:
    world.send(track("Order Completed", messageId="m1", properties=ORDER))
    world.send(track("Order Completed", messageId="m1", properties=ORDER))
    world.send(track("Completed Order", messageId="m2", properties={**ORDER, "revenue": 99}))
    world.land()
    world.later(minutes=5)
    world.send(track("Order Completed", messageId="m3", properties=ORDER))
    world.land()
    assert len(world.standing("name")) == 3
    file = tmp_path / "orders.csv"
    file.write_text("order_id,customer_id,order_date,product_id,quantity,unit_price\no1,u1,2026-11-01,p1,2,12.00\n")
    world.later(days=1)
    load_files(world.engine, [file], "order-lines", now=world.now, catalog=world.catalog)
    assert world.standing("revenue", "name = 'Order Completed'") == [(Decimal(24),)]
    world.send(track("Order Completed", messageId="m4", properties=ORDER))
    world.land()
    assert world.standing("revenue", "name = 'Order Completed'") == [(Decimal(24),)]


def test_a_refund_of_an_order_alone_gives_all_of_it_back(world: Collecting) -> None:
    world.send(track("Order Completed", properties=ORDER))
    world.land()
    world.send(track("Order Refunded", properties={"order_id": "o1"}), track("Order Refunded", properties={"total": 3}))
    world.land()
    assert world.standing("revenue, order_id", "name = 'Order Refunded'") == [(Decimal(3), None), (Decimal(25), "o1")]


def test_money_of_another_currency_is_rejected_not_added(world: Collecting) -> None:
    world.send(track("Order Completed", properties={**ORDER, "currency": "USD"}))
    assert world.land().rejected == {("track", "other_currency"): 1}
    assert world.standing("name") == []


def test_a_message_sent_again_adds_nothing(world: Collecting) -> None:
    batch = [
        track("Product Viewed", messageId="m1", properties={"product_id": "p1"}),
        {**identify("u1", plan="pro"), "messageId": "m2", "timestamp": "2026-11-01T11:00:00Z"},
    ]
    world.send(*batch)
    world.land()
    world.later(hours=30)
    world.send({**identify("u1", plan="free"), "timestamp": f"{world.now.isoformat()}Z"})
    world.land()
    world.send(*batch)
    world.send(*batch)
    world.land()
    assert world.standing("name") == [("Product Viewed",)]
    assert world.engine.rows("SELECT plan FROM customers") == [("free",)]
    assert world.engine.value("SELECT count(*) FROM trait_changes") == 2


def test_traits_are_typed_kept_and_say_nothing_when_they_are_missing(world: Collecting) -> None:
    traits = {"firstName": "Ada", "last_name": "L", "age": 36, "vip": True, "email": " ADA@Example.com ",
              "createdAt": "2026-01-02T03:04:05Z", "address": {"city": "London", "postalCode": "SW1"},
              "company": {"name": "Analytical"}, "tags": ["a", "b"], "phone": "020 7946 0018"}  # fmt: skip
    world.send(identify("u1", **traits))
    world.land()
    world.later(hours=1)
    world.send(identify("u1", vip=False, age="not a number"))
    world.land()
    columns = "first_name, last_name, age, vip, email, city, postal_code, company_name, tags, phone, first_seen"
    assert world.engine.rows(f"SELECT {columns} FROM customers") == [
        ("Ada", "L", 36.0, False, "ada@example.com", "London", "SW1", "Analytical", ["a", "b"], "+442079460018",
         datetime(2026, 1, 2, 3, 4, 5))
    ]  # fmt: skip
    changes = world.engine.rows("SELECT trait, old_value, new_value FROM trait_changes WHERE known_at > ?", [NOW])
    assert changes == [("vip", "true", "false")]
    assert world.catalog.traits["email"].personal_data == "user.contact.email"


def test_the_device_is_a_trait_of_the_customer_and_a_property_of_the_event(world: Collecting) -> None:
    seen = {"userAgent": IPHONE}
    world.send(track("E", context=seen), track("F", user=None, visitor="a", context={"userAgent": "Googlebot/2.1"}))
    world.land()
    assert world.engine.rows("SELECT device_type, os, device_brand FROM customers") == [("mobile", "iOS", "Apple")]
    assert world.catalog.traits["device_type"].kind == "technographic"
    assert world.standing("name, properties.device_type::VARCHAR, properties.is_bot::BOOLEAN") == [
        ("E", "mobile", False), ("F", "bot", True)
    ]  # fmt: skip
    changes = world.engine.value("SELECT count(*) FROM trait_changes")
    world.later(hours=1)
    world.send(track("E", context=seen))
    world.land()
    assert world.engine.value("SELECT count(*) FROM trait_changes") == changes


def test_a_visitor_who_says_who_they_are_brings_their_events(world: Collecting) -> None:
    world.send(track("E", user=None, visitor="a1"))
    world.land()
    before = world.now
    world.later(hours=1)
    world.send(identify("u1", "a1"))
    assert world.land().linked == 1
    world.send(track("F", user=None, visitor="a1"))
    world.land()
    assert world.standing("name, customer_no") == [("E", 0), ("F", 0)]
    known_before = f"received_at <= TIMESTAMP '{before}' AND (superseded_at IS NULL OR superseded_at > '{before}')"
    assert world.engine.rows(f"SELECT name, customer_no FROM events WHERE {known_before}") == [("E", None)]
    assert world.engine.rows("SELECT first_seen FROM customers") == [(NOW,)]
    with world.engine.transaction():
        load_id = store.next_number(world.engine, "loads", "load_id")
        assert linking.unlink(world.engine, "a1", load_id=load_id, now=world.now + timedelta(hours=1)) == 2
    assert world.standing("name, customer_no") == [("E", None), ("F", None)]
    assert world.engine.rows("SELECT DISTINCT customer_no FROM supersessions") == [(0,)]


def test_alias_links_a_visitor_and_only_remembers_a_second_id_of_a_customer(world: Collecting) -> None:
    world.send(track("E", user=None, visitor="a1"), identify("old"))
    world.land()
    world.send({"type": "alias", "userId": "u1", "previousId": "a1"})
    world.send({"type": "alias", "userId": "u1", "previousId": "old"})
    world.land()
    who = world.engine.value("SELECT customer_no FROM customers WHERE customer_id = 'u1'")
    assert world.standing("customer_no") == [(who,)]
    assert world.engine.rows("SELECT kind, value FROM identifiers ORDER BY ALL") == [
        ("anonymous_id", "a1"), ("customer_id", "old")
    ]  # fmt: skip


def test_what_a_visitor_said_is_the_customers_once_they_are_known(world: Collecting) -> None:
    world.send(identify(None, "a1", plan="free", visitor_id="x"), identify(None, "a2", plan="free"))
    world.send({"type": "track", "event": "Viewed", "anonymousId": "a1", "messageId": "1"})
    world.land()
    assert world.engine.value("SELECT count(*) FROM customers") == 0
    world.later(hours=1)
    world.send(identify("u1", "a1", city="Rome"))
    world.land()
    assert world.engine.rows("SELECT customer_id, plan, city, own_visitor_id FROM customers") == [
        ("u1", "free", "Rome", "x")
    ]
    # What is said of a visitor who is known is said of the customer, in a part that names nobody else.
    world.later(hours=1)
    world.send(identify(None, "a1", plan="pro"))
    world.land()
    assert world.engine.rows("SELECT customer_id, plan FROM customers") == [("u1", "pro")]
    assert world.engine.rows("SELECT anonymous_id FROM visitor_facts") == [("a2",)]
    # An alias says it too, in the very part.
    world.send(identify(None, "a3", plan="free"), {"type": "alias", "userId": "u3", "previousId": "a3"})
    world.land()
    assert world.engine.rows("SELECT plan FROM customers WHERE customer_id = 'u3'") == [("free",)]


def test_what_was_said_on_a_shared_device_before_it_was_shared_stays_with_the_first(world: Collecting) -> None:
    world.send(identify(None, "a", plan="free"), identify("u1", "a"))
    world.land()
    world.later(hours=1)
    world.send(identify("u2", "a"), identify(None, "a", plan="pro"))
    world.land()
    found = world.engine.rows("SELECT customer_id, plan FROM customers ORDER BY 1")
    assert found == [("u1", "free"), ("u2", None)]


def test_old_landings_become_one_entry_a_day_and_kind(world: Collecting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinning, "KEPT", 3)
    monkeypatch.setattr(thinning, "_BEYOND", 4)
    for number in range(20):
        world.send(track("Signed In", messageId=str(number)))
        world.land()
        world.later(hours=6)
    loads = world.engine.rows("SELECT load_id, loaded_at, CAST(outcome AS VARCHAR) FROM loads ORDER BY 1")
    assert len(loads) <= 3 + 4 + 1
    outcomes = [json.loads(text) for _, _, text in loads]
    assert sum(item["loaded"] for item in outcomes) == 20
    assert sum(item["events"].get("Signed In", 0) for item in outcomes) == 20
    # Events still say which load brought them, and a refresh after a load finds those of later ones.
    assert world.engine.value("SELECT count(DISTINCT load_id) FROM events") == 20


def test_a_shared_device_is_nobodys(world: Collecting) -> None:
    world.send(track("E", user=None, visitor="a1"), identify("u1", "a1"))
    world.land()
    world.later(hours=1)
    world.send(identify("u2", "a1"))
    world.land()
    world.send(track("F", user=None, visitor="a1"))
    world.land()
    assert world.standing("name, customer_no") == [("E", 0), ("F", None)]


def test_opt_outs_are_kept_once_and_follow_the_visitor(world: Collecting) -> None:
    world.send(track("E", user=None, visitor="a1"), opted_out=True)
    world.send(track("F", user=None, visitor="a1"), opted_out=True)
    world.land()
    world.later(hours=1)
    consent = {"consent": {"categoryPreferences": {"E-mail Marketing": True, "Advertising": False}}}
    world.send({**identify("u1", "a1"), "context": consent})
    world.land()
    found = world.engine.rows("SELECT customer_no, purpose, status, source FROM consents ORDER BY ALL")
    assert found == [
        (0, "advertising", "denied", "context.consent"),
        (0, "e_mail_marketing", "granted", "context.consent"),
        (0, "sale_or_sharing", "denied", "Sec-GPC"),
        (None, "sale_or_sharing", "denied", "Sec-GPC"),
    ]


def test_groups_are_accounts_with_members(world: Collecting) -> None:
    world.send({"type": "group", "userId": "u1", "groupId": "g1", "traits": {"name": "Acme", "employees": 12}})
    world.send(identify("u1", name="Ada"))
    world.land()
    assert world.engine.rows("SELECT account_id, account_name, employees FROM accounts") == [("g1", "Acme", 12.0)]
    assert world.engine.rows("SELECT account_no, customer_no FROM account_members") == [(0, 0)]
    assert world.engine.rows("SELECT name FROM customers") == [("Ada",)]


def test_an_address_loses_what_may_say_who_somebody_is(world: Collecting) -> None:
    page = {"url": "https://me:pw@shop.example/reset?token=1#x", "referrer": "https://mail.example/?to=a@b.c"}
    world.send({"type": "page", "anonymousId": "a", "context": {"page": page, "ip": "1.2.3.4"}})
    world.land()
    found = json.dumps(world.standing("CAST(properties AS VARCHAR)"))
    assert "shop.example/reset" in found
    for secret in ("token", "pw@", "to=", "1.2.3.4"):
        assert secret not in found


def test_values_of_the_wrong_type_are_left_out_and_two_types_of_one_name_live_side_by_side(world: Collecting) -> None:
    world.send(track("A", properties={"size": 3}), track("B", properties={"colour": "red"}))
    world.land()
    world.send(track("B", properties={"size": "large"}))
    world.land()
    world.send(track("A", properties={"size": 4}), track("B", properties={"size": 5}),
               track("A", properties={"size": "wrong"}))  # fmt: skip
    world.land()
    kinds = {name: world.catalog.events[name].properties["size"].type for name in "AB"}
    assert kinds == {"A": "number", "B": "text"}
    assert [row[1] for row in world.standing("name, CAST(properties.size AS VARCHAR)", "name = 'A'")] == [
        "3.0", "4.0", None
    ]  # fmt: skip
    assert ("B", "5") in world.standing("name, CAST(properties.size AS VARCHAR)")


def test_hostile_names_and_values_are_stored_as_they_are_or_left_out(world: Collecting) -> None:
    hostile = {"'; DROP TABLE events; --": "x", "": 1, "\ud800": "\ud800\x00", "customer_no": 1, "row_no": 2,
               "source": "s", "deep": {"a": {"b": {"c": {"d": {"e": 1}}}}}, "big": 10**400, "_x": 1,
               "time": "t", "name": "n", "event_id": "e", "landing": [1, [2], {"a": 1}]}  # fmt: skip
    world.send(track("E", properties=hostile), identify("u1", **hostile), track("\ud800'", properties=hostile))
    done = world.land()
    assert (done.messages, done.quarantined) == (3, 0)
    assert len(world.standing("name")) == 2


def test_what_does_not_fit_is_put_aside_and_holds_up_nothing(
    world: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = landing.rows_of

    def refuse(messages: Any, **more: Any) -> Any:
        rows = own(messages, **more)
        if any(row["name"] == "Poison" for row in rows.events):
            rows.events.append({"name": "Poison", "time": "no time"})
        return rows

    monkeypatch.setattr(landing, "rows_of", refuse)
    for name in ("A", "Poison", "B", "C"):
        world.send(track(name))
    done = world.land()
    assert done.quarantined == 1
    assert world.standing("name") == [("A",), ("B",), ("C",)]
    assert world.engine.rows("SELECT reason, raw->>'$.batch[0].event' FROM quarantine") == [
        ("cannot_be_stored", "Poison")
    ]  # fmt: skip
    assert landed_position(world.engine) == world.journal.end


@pytest.mark.parametrize("where", ["link", "settle_order", "set_state"])
def test_a_failure_within_a_landing_leaves_nothing_behind(
    world: Collecting, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.send(track("E", visitor="a"), track("Order Completed", properties=ORDER), identify("u1", "a", plan="x"))
    module = linking if where == "link" else store

    def fail(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, where, fail)
        with pytest.raises(KeyboardInterrupt):
            world.land()
    assert world.standing("name") == []
    assert world.engine.value("SELECT count(*) FROM customers") == 0
    world.land()
    assert len(world.standing("name")) == 4
    assert world.land().messages == 0


def test_rejected_messages_are_counted_by_day(world: Collecting) -> None:
    for _ in range(2):
        world.send({"type": "track", "userId": "u"}, {"type": "dance"})
        world.land()
    assert world.engine.rows("SELECT * FROM rejected_messages ORDER BY ALL") == [
        (NOW.date(), "track", "no_event", 2), (NOW.date(), "unknown", "unknown_type", 2)
    ]  # fmt: skip
