"""What changed between two moments, worked out by hand; and from kept runs as by evaluation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from satsuma.errors import NotFound, WrongUse
from satsuma.evidence.changes import Changed, Flow
from satsuma.evidence.insights import Insights
from small_shop import Shop

PEOPLE = ("ann", "bob", "cid", "dan", "eve")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        made.customers(*({"id": name, "country": "FR"} for name in PEOPLE[:4]),
                       {"id": "eve", "first_seen": "2024-06-10", "country": "BE"})  # fmt: skip
        # Periods are May and June in Paris. Ann buys in both, more in June; Bob in May; Cid and Eve in June.
        for customer, time, revenue in (
            (3, "2024-01-15", 7), (0, "2024-05-10", 50), (1, "2024-05-20", 30), (0, "2024-06-05", 80),
            (2, "2024-06-12", 20), (4, "2024-06-15", 5),
        ):  # fmt: skip
            made.order(customer, time, revenue)
        made.event(1, "Order Refunded", "2024-06-20", 10)
        made.write("segments/recent", "title: Recent buyers\nwhere: {did: Order Completed, within: {last_full: month}}")
        made.write("segments/french", "where: {trait: country, eq: FR}")
        made.write(
            "segmentations/activity",
            "method: rules\nrules:\n"
            "  - {label: Good, where: {did: Order Completed, within: 31d, sum: {of: revenue, gte: 50}}}\n"
            "  - {label: Active, where: {did: Order Completed, within: 31d}}\n"
            "otherwise: Quiet",
        )
        yield made


def found(shop: Shop, name: str, **options: object) -> Changed:
    told = shop.workspace.insights(history=1, **options)  # type: ignore[arg-type]
    return next(item for item in told.changes if item.group.name == name)


def test_a_segments_revenue_is_taken_apart(shop: Shop) -> None:
    shop.run("2024-07-01")
    recent = found(shop, "recent")
    # Who bought in May: Ann and Bob. In June: Ann, Cid and Eve.
    assert (recent.before, recent.after) == (2, 3)
    change = recent.revenue
    assert (change.entered, change.left, change.stayed, recent.newcomers) == (2, 1, 1, 1)
    assert (change.before, change.after) == (80, 105)
    # Cid 20 and Eve 5 entered; Bob's 30 of May are gone; Ann brings 30 more.
    assert (change.entries, change.exits, change.behaviour) == (25, -30, 30)
    assert recent.shares == (2 / 4, 3 / 5)
    assert recent.came_from == (Flow(label=None, size=1), Flow(label="Quiet", size=1))
    assert recent.went_to == (Flow(label="Quiet", size=1),)


def test_everybody_is_a_group_too_and_refunds_count(shop: Shop) -> None:
    shop.run("2024-07-01")
    all_ = shop.workspace.insights(history=1).everybody
    assert (all_.before, all_.after, all_.newcomers) == (4, 5, 1)
    assert (all_.revenue.before, all_.revenue.after) == (80, 95)
    assert (all_.revenue.entries, all_.revenue.exits, all_.revenue.behaviour) == (5, 0, 10)


def test_labels_tell_where_people_came_from_within_their_segmentation(shop: Shop) -> None:
    shop.run("2024-07-01")
    quiet = found(shop, "Quiet")
    assert quiet.group.segmentation == "activity"
    assert (quiet.before, quiet.after) == (2, 2)
    assert quiet.came_from == (Flow(label="Active", size=1),)
    assert quiet.went_to == (Flow(label="Active", size=1),)


def test_groups_of_a_segmentation_add_up_to_all(shop: Shop) -> None:
    shop.run("2024-07-01")
    told = shop.workspace.insights(history=1)
    labels = told.of_kind("label", "activity")
    for name in ("before", "after"):
        assert sum(getattr(item.revenue, name) for item in labels) == getattr(told.everybody.revenue, name)
        assert sum(getattr(item, name) for item in labels) == getattr(told.everybody, name)
    mix = told.mixes[0].change
    assert mix.number + mix.mix + mix.rate == pytest.approx(15)
    assert (mix.before, mix.after) == (80, 95)


def test_the_moments_and_periods_are_told(shop: Shop) -> None:
    shop.run("2024-07-01")
    told = shop.workspace.insights(history=1)
    assert (told.since, told.as_of) == (datetime(2024, 5, 31, 22), datetime(2024, 6, 30, 22))
    assert told.days == (31, 30)
    assert told.is_covered
    assert told.by == "activity"
    facts = told.as_dict()
    assert facts["alarms"] == {"points": 2, "points_needed": 8, "rate": 0.05, "tested": 0, "unusual": 0}
    assert [item["name"] for item in facts["changes"][:3]] == ["everybody", "french", "recent"]


def test_another_moment_can_be_named(shop: Shop) -> None:
    shop.run("2024-07-01")
    told = shop.workspace.insights("2024-06-11", history=1)
    assert told.since == datetime(2024, 6, 10, 22)
    assert told.days == (20, 20)
    assert told.everybody.revenue.before == 80
    assert told.everybody.revenue.after == 15


def by_name(told: Insights) -> dict[str, object]:
    return {item.group.name: item.as_dict() for item in told.changes}


def test_a_kept_run_answers_as_an_evaluation_does(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.run("2024-07-01")
    evaluated = by_name(shop.workspace.insights(history=1))
    shop.run("2024-06-01")
    shop.run("2024-07-01")
    asked: list[bool] = []
    original = "satsuma.evidence.moments.History._evaluated"
    from satsuma.evidence.moments import History

    plain = History._evaluated

    def watched(self: History, moment: datetime, *, is_whole: bool) -> object:
        asked.append(is_whole)
        return plain(self, moment, is_whole=is_whole)

    monkeypatch.setattr(original, watched)
    assert by_name(shop.workspace.insights(history=1)) == evaluated
    assert asked == [False, False, False]


def test_a_run_of_other_definitions_is_not_asked(shop: Shop) -> None:
    shop.write("segments/recent", "where: {did: Order Completed}")
    shop.run("2024-06-01")
    shop.write("segments/recent", "title: Recent buyers\nwhere: {did: Order Completed, within: {last_full: month}}")
    shop.run("2024-07-01")
    assert found(shop, "recent").before == 2


def test_a_definition_that_changed_since_the_run_is_left_out_and_named(shop: Shop) -> None:
    shop.run("2024-07-01")
    shop.write("segments/recent", "where: {did: Order Completed, within: 7d}")
    told = shop.workspace.insights(history=1)
    assert "recent" not in by_name(told)
    assert told.warnings == (
        "New or changed since the last run, and left out: 'recent'. They count after the next `satsuma run`.",
    )


def test_who_was_erased_since_the_run_is_nowhere_in_the_past_either(shop: Shop) -> None:
    shop.run("2024-07-01")
    shop.engine.execute("UPDATE customers SET erased_at = '2024-07-02' WHERE customer_id = 'ann'")
    told = shop.workspace.insights(history=1)
    all_ = told.everybody
    assert (all_.before, all_.after, all_.revenue.entered, all_.revenue.left) == (3, 4, 1, 0)
    assert (all_.revenue.before, all_.revenue.after) == (30, 15)
    recent = next(item for item in told.changes if item.group.name == "recent")
    assert (recent.before, recent.after) == (1, 2)
    assert told.mixes[0].moved.before.sum() == 3


def test_data_loaded_since_the_run_count_at_both_moments(shop: Shop) -> None:
    shop.run("2024-07-01")
    shop.customers({"id": "fay", "country": "FR"})
    shop.order(5, "2024-05-11", 40, load=2)
    shop.load(2)
    told = shop.workspace.insights(history=1)
    assert told.warnings == ("Data were loaded since the last run: both moments are evaluated with them.",)
    assert (told.everybody.before, told.everybody.after, told.everybody.revenue.before) == (5, 6, 120)
    recent = next(item for item in told.changes if item.group.name == "recent")
    assert (recent.before, recent.after) == (3, 3)


def test_a_first_period_that_the_data_do_not_cover_is_said(shop: Shop) -> None:
    shop.run("2024-07-01")
    shop.engine.execute("DELETE FROM events WHERE time < '2024-05-05'")
    told = shop.workspace.insights(history=1)
    assert not told.is_covered
    assert "within the earlier period" in told.warnings[0]


def test_wrong_asking_is_refused_with_what_is_there(shop: Shop) -> None:
    shop.run("2024-07-01")
    with pytest.raises(WrongUse, match="the data begin on 2024-01-15"):
        shop.workspace.insights("1 year")
    with pytest.raises(NotFound, match="activty"):
        shop.workspace.insights(by="activty")


def test_accounts_have_changes_of_their_own(shop: Shop) -> None:
    for number in range(2):
        shop.engine.execute(f"INSERT INTO accounts (account_no, account_id) VALUES ({number}, 'a{number}')")
    for customer, account in ((0, 0), (1, 0), (2, 1)):
        shop.engine.execute(f"INSERT INTO account_members (account_no, customer_no) VALUES ({account}, {customer})")
    shop.write("segments/buying", "entity: account\nwhere: {did: Order Completed, within: {last_full: month}}")
    shop.run("2024-07-01")
    buying = found(shop, "buying")
    # Ann's and Bob's account buys in both months, Cid's in June.
    assert (buying.before, buying.after) == (1, 2)
    assert (buying.revenue.entries, buying.revenue.behaviour) == (20, 80 - 10 - 80)


# -------------------------------------------------------------------------------------------------- unusual moves


@pytest.fixture
def steady(tmp_path: Path) -> Iterator[Shop]:
    """A shop of 60 people who each buy every month, about half of them for more than 10; in June nearly all do."""
    with Shop(tmp_path) as made:
        made.engine.execute("INSERT INTO customers (customer_no, customer_id) SELECT i, 'c' || i FROM range(60) t(i)")
        # How many buy for more wobbles by one to four people from month to month.
        large = {month: 28 + month * 7 % 5 if month < 12 else 58 for month in range(1, 13)}
        rows = ", ".join(f"({month}, {number})" for month, number in large.items())
        made.engine.execute(
            "INSERT INTO events (event_id, customer_no, name, time, received_at, revenue, load_id) "
            "SELECT md5(m || '/' || i)::UUID, i, 'Order Completed', make_timestamp(2023, m, 10, 0, 0, 0), "
            "make_timestamp(2023, m, 10, 0, 0, 0), CASE WHEN i < large THEN 20 ELSE 5 END, 1 "
            f"FROM (VALUES {rows}) months(m, large), range(60) people(i)"
        )
        month = "within: {last_full: month}"
        made.write("segments/large", f"where: {{did: Order Completed, {month}, sum: {{of: revenue, gt: 10}}}}")
        made.write("segments/buyers", "where: {did: Order Completed}")
        yield made


def test_a_jump_is_unusual_and_a_wobble_is_not(steady: Shop) -> None:
    steady.run("2024-01-01", now=datetime(2024, 1, 2))
    told = steady.workspace.insights()
    # January is covered in part, and is no period of the history.
    assert (told.points, told.tested) == (11, 4)
    large = next(item for item in told.changes if item.group.name == "large")
    assert large.size_move is not None
    assert large.size_move["is_unusual"]
    assert large.size_move["change"] == pytest.approx(58.5 / 30.5 - 1)
    buyers = next(item for item in told.changes if item.group.name == "buyers")
    assert buyers.size_move is not None
    assert buyers.size_move["not_tested_because"].startswith("its past moves are all alike")
    steady.run("2023-12-01", now=datetime(2024, 1, 2))
    assert steady.workspace.insights().unusual == ()
