"""Why one customer is in a segment or not, with the values and events that decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from satsuma.errors import NotFound, WrongUse
from satsuma.segments.why import Node, Why
from small_shop import NOW, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers(
            {"id": "ann", "first_seen": "2024-01-10", "country": "FR", "points": 7},
            {"id": "bob", "first_seen": "2024-02-20", "country": "BE", "points": 3},
            {"id": "cid", "first_seen": "2024-03-05", "points": 7},
            {"id": "dan", "first_seen": "2024-08-01", "country": "FR"},
        )  # fmt: skip
        for day, revenue, channel in ((1, 50, "web"), (2, 60, "app"), (3, 70, "web"), (4, 80, "web")):
            made.order(0, f"2024-05-0{day} 10:00", revenue, channel=channel)
        made.order(1, "2024-06-20 10:00", 20, channel="web", due="2024-07-09")
        yield made


def ask(shop: Shop, where: str, customer: str = "ann", *, at: str = "2024-07-01") -> Why:
    return shop.workspace.why(f"where: {where}", customer, at=at)


def leaf(found: Why) -> Node:
    assert found.tree is not None
    return found.tree


def facts(shop: Shop, where: str, customer: str = "ann") -> dict[str, Any]:
    return dict(leaf(ask(shop, where, customer)).evidence.facts)


# ----------------------------------------------------------------------------------------------------------- evidence


def test_a_trait_shows_its_value_and_what_it_is_compared_with(shop: Shop) -> None:
    found = ask(shop, "{trait: country, eq: FR}")
    assert (found.is_member, leaf(found).words) == (True, "'country' is 'FR'")
    assert facts(shop, "{trait: country, eq: FR}") == {"country": "FR"}
    assert facts(shop, "{trait: country, eq: FR}", "cid") == {"country": None}
    shop.write("traits/orders", "from: {did: Order Completed}")
    assert facts(shop, "{trait: points, gt: {trait: orders}}") == {"points": 7, "orders": 4}


def test_a_computed_trait_shows_what_it_was_computed_from(shop: Shop) -> None:
    shop.write("traits/spent", "from: {did: Order Completed, sum: {of: revenue}}")
    shop.write("traits/spent_a_point", "formula: spent / points")
    measured = leaf(ask(shop, "{trait: spent, gte: 10}")).evidence
    assert (measured.facts, len(measured.events)) == ({"spent": Decimal(260)}, 4)
    by_formula = facts(shop, "{trait: spent_a_point, gte: 10}")
    assert by_formula == {"spent_a_point": pytest.approx(260 / 7), "spent": Decimal(260), "points": 7}


def test_a_count_shows_its_number_and_the_latest_five_events_with_what_was_asked_of_them(shop: Shop) -> None:
    for hour in range(4):
        shop.order(0, f"2024-05-09 1{hour}:00", 5, channel="web")
    shop.order(0, "2024-07-01 10:00", 5, channel="web")
    found = leaf(ask(shop, "{did: Order Completed, count: {gte: 9}, where: {prop: channel, eq: web}}"))
    assert (found.held, dict(found.evidence.facts)) == (False, {"count": 7})
    assert [event.time for event in found.evidence.events[:2]] == [datetime(2024, 5, 9, 13), datetime(2024, 5, 9, 12)]
    assert found.evidence.events[0].properties == {"channel": "web"}
    assert (len(found.evidence.events), found.evidence.more) == (5, 2)


@pytest.mark.parametrize(
    ("asked", "name", "value", "first"),
    [
        ("sum: {of: revenue, gt: 500}", "sum of revenue", Decimal(260), 80),
        ("max: {of: revenue, gt: 500}", "max of revenue", Decimal(80), 80),
        ("min: {of: revenue, gt: 500}", "min of revenue", Decimal(50), 50),
        ("avg: {of: revenue, gt: 500}", "avg of revenue", 65.0, 80),
        ("first: {of: revenue, gt: 500}", "first of revenue", Decimal(50), 50),
        ("last: {of: revenue, gt: 500}", "last of revenue", Decimal(80), 80),
    ],
)
def test_an_aggregate_shows_its_result_and_the_event_that_decides_first(
    shop: Shop, asked: str, name: str, value: object, first: int
) -> None:
    found = leaf(ask(shop, f"{{did: Order Completed, {asked}}}")).evidence
    assert dict(found.facts) == {name: value}
    assert found.events[0].properties == {"revenue": Decimal(first)}


def test_an_event_without_the_property_is_not_shown_as_deciding(shop: Shop) -> None:
    found = leaf(ask(shop, "{did: Order Completed, distinct: {of: due, gte: 1}}", "bob")).evidence
    assert dict(found.facts) == {"distinct of due": 1}
    assert found.events[0].properties == {"due": date(2024, 7, 9)}
    assert leaf(ask(shop, "{did: Order Completed, distinct: {of: due, gte: 1}}")).evidence.events == ()


def test_a_first_time_shows_the_moment(shop: Shop) -> None:
    found = leaf(ask(shop, "{did: Order Completed, first_time: true, within: 30d}")).evidence
    assert dict(found.facts) == {"first_time": datetime(2024, 5, 1, 10)}
    assert found.events[0].time == datetime(2024, 5, 1, 10)


def test_a_rank_shows_place_border_and_how_many_are_ranked(shop: Shop) -> None:
    assert facts(shop, "{rank: points, top: 1}", "bob") == {"points": 3, "rank": 3, "border": 7, "ranked": 3}
    assert facts(shop, "{rank: points, top: 1}") == {"points": 7, "rank": 1, "border": 7, "ranked": 3}
    assert facts(shop, "{rank: points, bottom: 50%}", "bob") == {"points": 3, "rank": 1, "border": 7, "ranked": 3}
    assert facts(shop, "{trait: points, percentile: {gte: 90}}") == {
        "points": 7, "percentile": pytest.approx(66.6667), "ranked": 3,
    }  # fmt: skip
    shop.write("segments/belgian", "where: {trait: country, eq: BE}")
    assert facts(shop, "{rank: points, top: 1, among: {segment: belgian}}") == {"points": 7, "rank": None}


def test_labels_random_draws_and_consents_show_what_was_found(shop: Shop) -> None:
    shop.write(
        "segmentations/kind",
        "method: rules\nrules:\n  - {label: big, where: {trait: points, gte: 5}}\notherwise: small",
    )
    assert facts(shop, "{segmentation: kind, is: big}", "bob") == {"kind": "small"}
    drawn = facts(shop, "{random: {percent: 50, salt: spring}}")["drawn at"]
    assert (drawn < 50) == ask(shop, "{random: {percent: 50, salt: spring}}").is_member
    shop.engine.execute(
        """INSERT INTO consents (customer_no, purpose, status, time, received_at) VALUES
        (0, 'email', 'granted', '2024-02-01', '2024-02-01'), (0, 'email', 'denied', '2024-03-01', '2024-03-01'),
        (0, 'email', 'granted', '2024-08-01', '2024-08-01')"""
    )
    assert facts(shop, "{consent: email, is: granted}") == {
        "decision": "denied", "decided at": datetime(2024, 3, 1),
    }  # fmt: skip
    assert facts(shop, "{consent: email, is: unknown}", "bob") == {"decision": None}


def test_a_sequence_shows_the_events_that_fill_it_or_the_starts_that_were_not_followed(shop: Shop) -> None:
    steps = "[{did: Order Completed, where: {prop: channel, eq: app}}, {did: Page Viewed, within: 7d}]"
    shop.event(0, "Page Viewed", "2024-05-05", page="help")
    found = leaf(ask(shop, f"{{sequence: {{steps: {steps}}}}}")).evidence
    assert [(event.name, event.time.day) for event in found.events] == [("Order Completed", 2), ("Page Viewed", 5)]
    short = leaf(ask(shop, f"{{sequence: {{steps: {steps.replace('7d', '1d')}}}}}"))
    assert (short.held, dict(short.evidence.facts)) == (False, {"starts": 1})
    assert [event.time.day for event in short.evidence.events] == [2]
    assert len(short.detail) == 2


def test_the_past_of_a_loaded_trait_shows_its_changes_as_known(shop: Shop) -> None:
    shop.engine.execute(
        """INSERT INTO trait_changes VALUES
        ('customer', 0, 'country', 'BE', 'FR', '2024-03-01', '2024-03-02', 2),
        ('customer', 0, 'country', 'FR', 'DE', '2024-08-01', '2024-08-01', 3)"""
    )
    found = leaf(ask(shop, "{trait: country, has_been: FR, for: {gte: 30d}}"))
    assert (found.held, dict(found.evidence.facts)) == (True, {"country": "FR"})
    [change] = found.evidence.events
    assert (change.time, change.properties) == (datetime(2024, 3, 1), {"from": "BE", "to": "FR"})


def test_the_past_of_what_is_computed_shows_the_days_that_decided(shop: Shop) -> None:
    shop.write("segments/fresh", "where: {did: Order Completed, within: 3d}")
    shop.write("traits/orders", "from: {did: Order Completed}")
    entered = leaf(ask(shop, "{entered: fresh, within: 14d}", "bob"))
    assert (entered.held, dict(entered.evidence.facts)) == (True, {"fresh": "not in"})
    assert [(event.name, event.time) for event in entered.evidence.events] == [
        ("entered", datetime(2024, 6, 20, 21, 59, 59, 999999)),
    ]  # fmt: skip
    assert leaf(ask(shop, "{left: fresh, within: 3d}", "bob")).evidence.events == ()
    held = leaf(ask(shop, "{trait: orders, has_been: 1, for: {gte: 20d}}", "bob"))
    assert (held.held, dict(held.evidence.facts)) == (
        False, {"orders": 1, "last otherwise": datetime(2024, 6, 19, 21, 59, 59, 999999)},
    )  # fmt: skip
    assert facts(shop, "{trait: orders, has_been: 1, for: {gte: 5d}}", "bob")["last otherwise"] is None
    changed = leaf(ask(shop, "{trait: orders, changed: {to: 1, within: 20d}}", "bob"))
    assert [(event.name, event.time.day) for event in changed.evidence.events] == [("changed", 20)]


def test_accounts_are_asked_one_by_one(shop: Shop) -> None:
    shop.engine.execute("INSERT INTO accounts (account_no, account_id) VALUES (0, 'acme'), (1, 'bolt'), (2, 'cask')")
    shop.engine.execute("INSERT INTO account_members (account_no, customer_no) VALUES (0, 0), (2, 0), (2, 1), (1, 1)")
    asked = "{account: {any: {did: Order Completed, count: {gte: 5}}}}"
    found = leaf(ask(shop, asked))
    assert found.held
    assert [(part.words, part.held, dict(part.parts[0].evidence.facts)) for part in found.parts] == [
        ("the account 'acme'", False, {"count": 4}), ("the account 'cask'", True, {"count": 5}),
    ]  # fmt: skip
    ranked = leaf(ask(shop, f"{{all: [{asked}, {{rank: points, top: 100}}]}}"))
    assert [part.held for part in ranked.parts[0].parts] == [False, True]


# --------------------------------------------------------------------------------------------------------------- tree


def test_groups_are_told_with_their_parts_and_the_fewest_that_would_have_to_change(shop: Shop) -> None:
    shop.write("segments/french", "where: {trait: country, eq: FR}")
    where = (
        "{all: [{in_segment: french}, {any: [{all: [{trait: points, gte: 8}, {trait: points, gte: 9}]}, "
        "{did: Page Viewed}]}, {none: [{did: Order Completed}]}, {not: {trait: points, eq: 7}}]}"
    )
    found = ask(shop, where)
    assert leaf(found).kind == "all"
    assert [(part.kind, part.held) for part in leaf(found).parts] == [
        ("in_segment", True), ("any", False), ("none", False), ("not", False),
    ]  # fmt: skip
    assert [(node.words, node.held) for node in found.to_change] == [
        ("did 'Page Viewed' at least once", False), ("did 'Order Completed' at least once", True),
        ("'points' is 7", True),
    ]  # fmt: skip
    assert leaf(found).parts[0].parts[0].evidence.facts == {"country": "FR"}


def test_another_segment_is_opened_to_the_condition_that_would_have_to_change(shop: Shop) -> None:
    shop.write("segments/french", "where: {all: [{trait: country, eq: FR}, {trait: points, lt: 5}]}")
    assert [node.words for node in ask(shop, "{in_segment: french}").to_change] == ["'points' is less than 5"]
    assert ask(shop, "{not_in_segment: french}").to_change == ()


def test_who_was_not_there_yet_is_asked_nothing(shop: Shop) -> None:
    found = ask(shop, "{not: {did: Order Completed}}", "dan")
    assert (found.is_member, found.tree, found.to_change) == (False, None, ())
    assert found.as_dict()["in_population"] is False


# ----------------------------------------------------------------------------------------------- runs, access, mistakes


def test_the_answer_is_that_of_the_last_run_and_its_moment(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.write("segments/best", "where: {rank: points, top: 1}")
    shop.run()
    for name in ("recent", "best"):
        members = set(shop.workspace.segment(name).customer_ids())
        for customer in ("ann", "bob", "cid", "dan"):
            found = shop.workspace.why(name, customer)
            assert (found.is_member, found.stored) == (customer in members, customer in members), (name, customer)
    assert found.as_of == datetime(2024, 6, 30, 22)
    assert shop.workspace.why("recent", "bob", at="2024-06-01").stored is None


def test_a_definition_that_changed_is_answered_as_it_is_now_beside_what_the_run_has(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.run()
    shop.write("segments/recent", "where: {did: Order Completed, within: 90d}")
    found = shop.workspace.why("recent", "ann")
    assert (found.is_member, found.stored) == (True, False)


def test_the_last_change_comes_with_run_and_cause(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.run()
    shop.load(2)
    shop.order(0, "2024-07-01 12:00", 9, load=2)
    shop.run("2024-07-02", now=NOW + timedelta(days=1))
    shop.run("2024-08-20", now=NOW + timedelta(days=60))
    last = shop.workspace.why("recent", "ann").last_change
    assert last is not None
    assert (last.run_id, last.move, last.cause) == (3, "left", "clock")
    shop.run("2024-08-20", now=NOW + timedelta(days=61))
    assert shop.workspace.why("recent", "ann").last_change == last
    assert shop.workspace.why("recent", "cid").last_change is None


def test_a_lost_file_of_changes_leaves_older_changes_known(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.run()
    shop.run("2024-07-25", now=NOW + timedelta(days=30))
    (shop.path / "state" / "runs" / "000002" / "changes.bitmaps").unlink()
    last = shop.workspace.why("recent", "bob").last_change
    assert last is not None
    assert (last.run_id, last.move) == (1, "entered")


def test_the_ledger_keeps_who_looked_at_whom(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "maria")
    shop.write("segments/recent", "where: {did: Order Completed, within: 30d}")
    shop.workspace.why("recent", "bob", at="2024-07-01")
    activity = shop.workspace.activity(most=1)[0]
    assert (activity.kind, activity.status) == ("why", "ok")
    assert activity.counts == {"segment": "recent", "customer_no": 1, "user": "maria"}


def test_a_user_without_a_name_is_a_number(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 1234)
    ask(shop, "{did: Order Completed}")
    assert shop.workspace.activity(most=1)[0].counts["user"] == "1234"


def test_an_unknown_customer_is_neither_repeated_nor_answered_with_another(shop: Shop) -> None:
    with pytest.raises(NotFound) as caught:
        ask(shop, "{did: Order Completed}", "anne")
    assert "ann" not in str(caught.value.as_dict())
    shop.engine.execute("UPDATE customers SET erased_at = '2024-07-01' WHERE customer_id = 'bob'")
    with pytest.raises(NotFound):
        ask(shop, "{did: Order Completed}", "bob")
    failed = shop.workspace.activity(most=1)[0]
    assert (failed.status, failed.error_code, dict(failed.counts)) == ("failed", "not_found", {})


def test_unknown_segments_and_those_of_accounts_are_sentences(shop: Shop) -> None:
    shop.write("segments/busy", "entity: account\nwhere: {did: Order Completed}")
    with pytest.raises(WrongUse, match="segment of accounts"):
        shop.workspace.why("busy", "ann")
    with pytest.raises(NotFound, match="Did you mean 'busy'"):
        shop.workspace.why("bsy", "ann")
