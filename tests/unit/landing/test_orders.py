"""Order lines and orders become events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.landing.outcome import LoadOutcome

Load = Callable[..., LoadOutcome]


DAY = datetime(2025, 3, 1, 10)


def line(order: str, product: str = "22423", quantity: int = 1, price: str = "2.00", **more: Any) -> dict[str, Any]:
    return {
        "order_id": order,
        "time": DAY,
        "product_id": product,
        "customer_id": "ann",
        "quantity": quantity,
        "unit_price": Decimal(price),
        **more,
    }


def standing(engine: DuckDB) -> list[tuple[Any, ...]]:
    return engine.rows(
        """SELECT name, order_id, product_id, revenue, quantity, flags FROM events WHERE superseded_at IS NULL
        ORDER BY name, order_id, product_id, event_id"""
    )


def test_an_order_becomes_one_completed_event_and_one_event_per_line(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1", "a1", 2, "2.50"), line("1", "b2", 1, "1.25")]).as_dict()
    assert [row[:5] for row in standing(engine)] == [
        ("Order Completed", "1", None, Decimal("6.25"), Decimal(3)),
        ("Product Purchased", "1", "a1", Decimal("5.00"), Decimal(2)),
        ("Product Purchased", "1", "b2", Decimal("1.25"), Decimal(1)),
    ]
    assert outcome["rows"] == outcome["loaded"] == 2
    assert outcome["classes"] == {"purchased": 2, "returned": 0, "free": 0, "anonymous": 0}
    assert engine.value("SELECT properties.items::INT FROM events WHERE name = 'Order Completed'") == 2


def test_negative_lines_are_refunds_with_positive_money(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("C1", "a1", -2, "2.50"), line("C1", "b2", -1, "1")])
    assert [row[:5] for row in standing(engine)] == [
        ("Order Refunded", "C1", None, Decimal("6.00"), Decimal(3)),
        ("Product Returned", "C1", "a1", Decimal("5.00"), Decimal(2)),
        ("Product Returned", "C1", "b2", Decimal("1.00"), Decimal(1)),
    ]
    assert outcome.landed.classes["returned"] == 2


def test_a_free_line_makes_no_order(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1", price="0")])
    assert [row[0] for row in standing(engine)] == ["Product Received"]
    assert outcome.landed.classes["free"] == 1


def test_lines_without_a_customer_are_the_same_events_and_count_as_anonymous(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1", customer_id=None), line("2", quantity=-1, customer_id=None), line("3")])
    assert outcome.as_dict()["anonymous"] == 2
    assert outcome.landed.classes == {"purchased": 1, "returned": 0, "free": 0, "anonymous": 2}
    names = engine.rows("SELECT name FROM events WHERE customer_no IS NULL ORDER BY 1")
    assert [row[0] for row in names] == ["Order Completed", "Order Refunded", "Product Purchased", "Product Returned"]


def test_the_same_file_again_changes_nothing(engine: DuckDB, load: Load) -> None:
    rows = [line("1"), line("1"), line("2", quantity=-1), line("3", price="0"), line("4", customer_id=None)]
    load("order-lines", rows)
    before = engine.rows("SELECT * EXCLUDE (properties) FROM events ORDER BY ALL")
    again = load("order-lines", rows, names=["copy.csv"]).as_dict()
    assert (again["loaded"], again["unchanged"], again["updated"]) == (0, 5, 0)
    assert engine.rows("SELECT * EXCLUDE (properties) FROM events ORDER BY ALL") == before


def test_descriptions_and_the_way_numbers_are_written_make_no_other_line(engine: DuckDB, load: Load) -> None:
    load("order-lines", [line("1", price="2.5", product_name="RED MUG")])
    again = load("order-lines", [line("1", price="2.5000", product_name="Red mug ")])
    assert again.landed.unchanged == 1
    assert len(standing(engine)) == 2


def test_a_changed_invoice_replaces_its_whole_set_and_keeps_the_old_lines(engine: DuckDB, load: Load) -> None:
    load("order-lines", [line("1", "a1"), line("1", "b2"), line("2", "c3")])
    later = datetime(2026, 2, 1)
    outcome = load("order-lines", [line("1", "a1"), line("1", "d4", price="7")], now=later)
    assert (outcome.landed.loaded, outcome.landed.updated, outcome.landed.unchanged) == (0, 2, 0)
    assert [(row[0], row[2], row[3]) for row in standing(engine) if row[1] == "1"] == [
        ("Order Completed", None, Decimal(9)),
        ("Product Purchased", "a1", Decimal(2)),
        ("Product Purchased", "d4", Decimal(7)),
    ]
    old = engine.rows("SELECT DISTINCT received_at, superseded_at FROM events WHERE superseded_at IS NOT NULL")
    assert old == [(DAY, later)]
    new = engine.rows("SELECT DISTINCT received_at FROM events WHERE superseded_at IS NULL AND order_id = '1'")
    assert new == [(later,)]
    known_before = engine.value(
        """SELECT sum(revenue) FROM events WHERE name = 'Order Completed' AND received_at <= '2026-01-15'
        AND (superseded_at IS NULL OR superseded_at > '2026-01-15')"""
    )
    assert known_before == Decimal(6)


def test_versions_dated_by_the_source_may_come_in_any_order(engine: DuckDB, load: Load) -> None:
    def version(day: int, price: str) -> list[dict[str, Any]]:
        return [line("1", price=price, received_at=datetime(2025, 4, day))]

    for day, price in ((1, "1"), (20, "3"), (10, "2"), (10, "2")):
        load("order-lines", version(day, price))
    for moment, revenue in (("2025-04-05", 1), ("2025-04-15", 2), ("2025-04-25", 3)):
        known = engine.rows(
            f"""SELECT revenue FROM events WHERE name = 'Order Completed' AND received_at <= '{moment}'
            AND (superseded_at IS NULL OR superseded_at > '{moment}')"""
        )
        assert known == [(Decimal(revenue),)]
    assert load("order-lines", version(20, "3")).landed.unchanged == 1


def test_equal_lines_of_one_invoice_are_kept_and_flagged(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1"), line("1"), line("1", "b2")])
    assert outcome.landed.flags["identical"] == 1
    assert engine.value("SELECT sum(revenue) FROM events WHERE name = 'Product Purchased'") == 6
    assert engine.value("SELECT count(*) FROM events WHERE name = 'Product Purchased' AND flags & 1 = 1") == 1


def test_a_line_in_two_files_of_one_load_counts_once(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1"), line("1"), line("2")], [line("1"), line("1"), line("3")])
    assert (outcome.landed.loaded, outcome.landed.unchanged) == (4, 2)
    assert engine.value("SELECT sum(revenue) FROM events WHERE name = 'Order Completed'") == 8


def test_postage_and_fees_are_flagged_and_short_codes_only_with_a_telling_name(engine: DuckDB, load: Load) -> None:
    rows = [
        line("1", "POST", product_name="POSTAGE"),
        line("1", "M", product_name="Manual"),
        line("1", "B", product_name="Blue bag"),
        line("1", "bank charges", product_name="Bank Charges"),
        line("1", "22423", product_name="Postage stamps box"),
        line("1", "gift_0001_20", product_name="Gift Voucher £20.00"),
    ]
    outcome = load("order-lines", rows)
    flagged = engine.rows("SELECT product_id FROM events WHERE name = 'Product Purchased' AND flags & 2 = 2 ORDER BY 1")
    assert [row[0] for row in flagged] == ["M", "POST", "bank charges", "gift_0001_20"]
    assert outcome.landed.flags["non_product"] == 4


def test_a_property_that_is_constant_within_orders_is_the_orders_own(engine: DuckDB, load: Load) -> None:
    rows = [
        line("1", "a1", channel="web", colour="red"),
        line("1", "b2", channel="web", colour="blue"),
        line("2", "a1", channel="shop", colour="red"),
    ]
    catalog = load("order-lines", rows).catalog
    assert set(catalog.events["Order Completed"].properties) == {"revenue", "order_id", "quantity", "items", "channel"}
    channels = engine.rows(
        "SELECT properties.channel::VARCHAR FROM events WHERE name = 'Order Completed' ORDER BY order_id"
    )
    assert channels == [("web",), ("shop",)]


def test_first_seen_is_the_earliest_event_even_when_it_arrives_later(engine: DuckDB, load: Load) -> None:
    load("order-lines", [line("1")])
    load("order-lines", [line("2", time=datetime(2024, 1, 1))])
    assert engine.value("SELECT first_seen FROM customers") == datetime(2024, 1, 1)
    load("order-lines", [line("2", time=datetime(2024, 6, 1))])
    assert engine.value("SELECT first_seen FROM customers") == datetime(2024, 6, 1)


def order(number: str, revenue: str, **more: Any) -> dict[str, Any]:
    return {"order_id": number, "customer_id": "ann", "time": DAY, "revenue": Decimal(revenue), **more}


def test_orders_known_by_their_lines_are_not_replaced_by_their_sum(engine: DuckDB, load: Load) -> None:
    load("order-lines", [line("1"), line("1", "b2")])
    outcome = load("orders", [order("1", "4.50"), order("2", "10")])
    assert (outcome.landed.loaded, outcome.landed.unchanged) == (1, 1)
    assert engine.value("SELECT sum(revenue) FROM events WHERE name = 'Order Completed'") == 14


def test_lines_replace_an_order_that_was_known_in_sum(engine: DuckDB, load: Load) -> None:
    load("orders", [order("1", "4")])
    assert load("order-lines", [line("1"), line("1", "b2")]).landed.updated == 2
    assert load("orders", [order("1", "4")]).landed.unchanged == 1
    assert [row[0] for row in standing(engine)] == ["Order Completed", "Product Purchased", "Product Purchased"]


@pytest.mark.parametrize(
    ("status", "completed", "refunded"),
    [("paid", 10, None), ("Cancelled", None, 0), ("refunded", 10, 10), ("return", None, 10)],
)
def test_a_status_says_whether_money_was_earned_and_given_back(
    engine: DuckDB, load: Load, status: str, completed: int | None, refunded: int | None
) -> None:
    load("orders", [order("1", "10", status=status)])
    money = dict(engine.rows("SELECT name, revenue FROM events"))
    assert money.get("Order Completed") == completed
    assert money.get("Order Refunded") == refunded


def test_several_rows_of_one_order_are_one_order_the_newest(engine: DuckDB, load: Load) -> None:
    later = datetime(2025, 3, 2)
    outcome = load("orders", [order("1", "10"), order("1", "12", time=later), order("1", "10")])
    assert engine.rows("SELECT revenue FROM events") == [(Decimal(12),)]
    assert any("newest row" in note for note in outcome.notes)


def test_an_order_id_of_two_customers_is_an_order_of_each(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1"), line("1", customer_id="bob", price="5")])
    assert engine.rows("SELECT customer_no, revenue FROM events WHERE name = 'Order Completed' ORDER BY 1") == [
        (0, Decimal(2)),
        (1, Decimal(5)),
    ]
    assert engine.value("SELECT count(DISTINCT event_id) FROM events") == 4
    assert any("several customers" in note for note in outcome.notes)


def test_two_currencies_are_refused_with_the_column(load: Load) -> None:
    with pytest.raises(SourceError, match="'Currency' names 2 currencies"):
        load("orders", [order("1", "1", currency="EUR"), order("2", "1", currency="USD")])


def test_an_amount_too_large_for_money_counts_as_missing(engine: DuckDB, load: Load) -> None:
    outcome = load("order-lines", [line("1", quantity=10**13, price="10000000000")])
    assert any("no readable amount" in note for note in outcome.notes)
    assert engine.value("SELECT revenue FROM events WHERE name = 'Order Completed'") is None


def test_an_order_may_say_how_much_of_it_was_given_back(engine: DuckDB, load: Load) -> None:
    back = datetime(2025, 3, 9, 12)
    outcome = load("orders", [order("1", "30", refunded_amount=Decimal("10.50"), refunded_at=back), order("2", "30")])
    assert engine.rows("SELECT name, order_id, revenue, time FROM events ORDER BY order_id, name") == [
        ("Order Completed", "1", Decimal(30), DAY),
        ("Order Refunded", "1", Decimal("10.50"), back),
        ("Order Completed", "2", Decimal(30), DAY),
    ]
    assert outcome.landed.classes["purchased"] == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        # What was given back counts once, however it is said.
        ("refunded", [("Order Completed", Decimal(30)), ("Order Refunded", Decimal(12))]),
        ("cancelled", [("Order Refunded", Decimal(0))]),
    ],
)
def test_the_state_of_an_order_and_what_was_given_back_count_once(
    engine: DuckDB, load: Load, status: str, expected: list[tuple[str, Decimal]]
) -> None:
    load("orders", [order("1", "30", status=status, refunded_amount=Decimal(12))])
    assert engine.rows("SELECT name, revenue FROM events ORDER BY name") == expected


def test_more_given_back_later_is_a_correction(engine: DuckDB, load: Load) -> None:
    load("orders", [order("1", "30", refunded_amount=Decimal(0))])
    load("orders", [order("1", "30", refunded_amount=Decimal(5))])
    outcome = load("orders", [order("1", "30", refunded_amount=Decimal(8))])
    assert outcome.landed.updated == 1
    assert [(row[0], row[3]) for row in standing(engine)] == [
        ("Order Completed", Decimal(30)),
        ("Order Refunded", Decimal(8)),
    ]
