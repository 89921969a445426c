"""Events, surveys, deals and consents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.landing.names import canonical_name
from satsuma.landing.outcome import LoadOutcome

Load = Callable[..., LoadOutcome]
DAY = datetime(2025, 3, 1, 10)
NOW = datetime(2026, 1, 1)


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"customer_id": "ann", "name": name, "time": DAY, **more}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("view", "Product Viewed"),
        ("add_to_cart", "Product Added"),
        ("cart", "Product Added"),
        ("remove_from_cart", "Product Removed"),
        ("purchase", "Order Completed"),
        ("Completed Order", "Order Completed"),
        ("page_view", "Page Viewed"),
        ("Order Completed", "Order Completed"),
        ("Newsletter Read", "Newsletter Read"),
        ("Clicked Email", "Email Link Clicked"),
        ("Bounced Email", "Email Bounced"),
        ("Marked Email as Spam", "Email Marked as Spam"),
        ("Unsubscribed from Email Marketing", "Unsubscribed"),
    ],
)
def test_other_tools_names_become_this_vocabulary(written: str, meant: str) -> None:
    assert canonical_name(written) == meant


def test_events_count_once_by_their_own_id_or_by_their_content(engine: DuckDB, load: Load) -> None:
    rows = [
        event("view", event_id="e1", price=3.5),
        event("view", price=3.5),
        event("view", price=3.5),
        event("view", price=4.5),
    ]
    outcome = load("events", rows)
    assert (outcome.landed.loaded, outcome.landed.unchanged) == (3, 1)
    again = load("events", rows)
    assert (again.landed.loaded, again.landed.unchanged) == (0, 4)


def test_a_purchase_without_an_order_id_is_an_order_with_its_price_as_revenue(engine: DuckDB, load: Load) -> None:
    rows = [event("purchase", price=Decimal("3.50"), quantity=2, product_id="p"), event("view", price=Decimal(1))]
    outcome = load("events", rows, types={"price": "money"})
    assert engine.rows("SELECT name, revenue, product_id FROM events ORDER BY name") == [
        ("Order Completed", Decimal(7), "p"),
        ("Product Viewed", None, None),
    ]
    assert any("'purchase' are stored as 'Order Completed'" in note for note in outcome.notes)
    assert outcome.catalog.events["Product Viewed"].properties.keys() == {"price"}


def test_a_purchase_with_an_order_id_is_the_order_of_the_order_file(engine: DuckDB, load: Load) -> None:
    lines = [
        {
            "order_id": "1",
            "time": DAY,
            "product_id": "p",
            "customer_id": "ann",
            "quantity": 1,
            "unit_price": Decimal(5),
        },
        {
            "order_id": "1",
            "time": DAY,
            "product_id": "q",
            "customer_id": "ann",
            "quantity": 1,
            "unit_price": Decimal(6),
        },
    ]
    load("order-lines", lines)
    outcome = load("events", [event("purchase", order_id="1", revenue=Decimal(11), time=DAY + timedelta(seconds=4))])
    assert outcome.landed.unchanged == 1
    assert engine.value("SELECT sum(revenue) FROM events WHERE name = 'Order Completed'") == 11
    load(
        "events",
        [event("purchase", order_id="2", revenue=Decimal(9)), event("purchase", order_id="2", revenue=Decimal(9))],
    )
    assert engine.value("SELECT sum(revenue) FROM events WHERE name = 'Order Completed'") == 20


def test_visitors_are_profiles_without_a_customer_and_ids_seen_together_are_kept(engine: DuckDB, load: Load) -> None:
    rows = [
        {"name": "view", "time": DAY, "anonymous_id": "cookie1", "customer_id": None},
        {"name": "view", "time": DAY, "anonymous_id": "cookie2", "customer_id": "ann"},
        {
            "name": "purchase",
            "time": DAY,
            "anonymous_id": "cookie1",
            "customer_id": None,
            "order_id": "9",
            "revenue": Decimal(1),
        },
    ]
    outcome = load("events", rows)
    assert outcome.as_dict()["anonymous"] == 2
    profiles = engine.rows("SELECT profile_key, kind, customer_no FROM profiles ORDER BY profile_no")
    assert profiles == [("ann", "customer_id", 0), ("cookie1", "anonymous_id", None)]
    assert engine.rows("SELECT value, profile_no FROM identifiers") == [("cookie2", 0)]
    assert engine.rows("SELECT name, profile_no, customer_no FROM events ORDER BY ALL") == [
        ("Order Completed", 1, None),
        ("Product Viewed", 0, 0),
        ("Product Viewed", 1, None),
    ]


def test_events_far_in_the_future_are_kept_and_counted(engine: DuckDB, load: Load) -> None:
    rows = [event("view", time=NOW + timedelta(hours=hours)) for hours in (1, 23, 25)]
    outcome = load("events", rows, now=NOW)
    assert outcome.landed.flags["future"] == 1
    assert outcome.landed.loaded == 3
    assert any("1 event lies more than 24 hours" in note for note in outcome.notes)
    assert engine.value("SELECT max(received_at) FROM events") == NOW


def test_facts_of_a_first_load_are_known_at_their_own_time_and_later_ones_at_the_load(
    engine: DuckDB, load: Load
) -> None:
    load("events", [event("view")])
    load("events", [event("cart")], now=NOW)
    assert engine.rows("SELECT name, received_at FROM events ORDER BY 1") == [
        ("Product Added", NOW),
        ("Product Viewed", DAY),
    ]


def test_a_column_that_is_no_name_of_events_is_refused(load: Load) -> None:
    with pytest.raises(SourceError, match="holds 1,001 different values"):
        load("events", [event(f"n{number}") for number in range(1001)])


def test_surveys_are_answers_from_long_and_from_wide_tables(engine: DuckDB, load: Load) -> None:
    long = [{"customer_id": "ann", "survey": "nps", "time": DAY, "item": "q1", "answer": "9"}]
    assert load("surveys", long).landed.events == {"Survey Answered": 1}
    wide = [
        {"customer_id": "bob", "e1": 4, "e2": None},
        {"customer_id": None, "e1": 2, "e2": 5},
        {"customer_id": None, "e1": 2, "e2": 5},
    ]
    outcome = load("surveys", wide, names=["big5.csv"])
    assert outcome.landed.events == {"Survey Answered": 5}
    assert (outcome.landed.loaded, outcome.landed.anonymous) == (3, 2)
    assert load("surveys", wide, names=["big5.csv"], now=datetime(2026, 2, 2)).landed.unchanged == 3
    rows = engine.rows(
        """SELECT properties.survey::VARCHAR, properties.item::VARCHAR, properties.score::INT FROM events
        ORDER BY ALL LIMIT 2"""
    )
    assert rows == [("big5", "e1", 2), ("big5", "e1", 2)]


def test_an_answer_keeps_form_scale_and_the_score_that_the_source_gives(engine: DuckDB, load: Load) -> None:
    rows = [
        {"customer_id": "ann", "survey": "Pulse", "form": "u6", "response_id": "r1", "time": DAY, "item": "n1",
         "answer": "very much", "score": 5.0, "scale": "1 to 5"},
        {"customer_id": "ann", "survey": None, "form": "u6", "response_id": "r1", "time": DAY, "item": "n2",
         "answer": "4", "score": None, "scale": None},
    ]  # fmt: skip
    assert load("surveys", rows).landed.events == {"Survey Answered": 2}
    found = engine.rows(
        """SELECT properties.survey::VARCHAR, properties.form::VARCHAR, properties.item::VARCHAR,
            properties.answer::VARCHAR, properties.score::DOUBLE, properties.scale::VARCHAR FROM events ORDER BY 3"""
    )
    assert found == [("Pulse", "u6", "n1", "very much", 5.0, "1 to 5"), ("u6", "u6", "n2", "4", 4.0, None)]


def test_a_response_without_a_customer_is_known_again_wherever_it_stands(engine: DuckDB, load: Load) -> None:
    rows = [{"response_id": name, "survey": "s", "time": DAY, "item": "q", "answer": "3"} for name in ("r1", "r2")]
    assert load("surveys", rows, names=["one"]).landed.events == {"Survey Answered": 2}
    later = load("surveys", rows[::-1], names=["two"], now=datetime(2026, 2, 2)).landed
    assert (later.loaded, later.unchanged) == (0, 2)


def test_in_a_table_with_a_column_per_question_score_and_scale_are_questions(engine: DuckDB, load: Load) -> None:
    rows = [{"customer_id": "ann", "score": 3.0, "scale": "b", "q1": 2}]
    assert load("surveys", rows).landed.events == {"Survey Answered": 3}
    items = "SELECT properties.item::VARCHAR, properties.answer::VARCHAR FROM events ORDER BY 1"
    assert engine.rows(items) == [("q1", "2"), ("scale", "b"), ("score", "3")]


def test_deals_are_states_with_their_amount_as_a_property(engine: DuckDB, load: Load) -> None:
    rows = [
        {"deal_id": "d", "customer_id": "ann", "stage": stage, "amount": Decimal(100), "time": DAY}
        for stage in ("open", "won")
    ]
    assert load("deals", rows).landed.loaded == 2
    assert load("deals", rows).landed.unchanged == 2
    assert engine.rows("SELECT revenue, properties.stage::VARCHAR FROM events ORDER BY 2") == [
        (None, "open"),
        (None, "won"),
    ]


def consent(status: str, **more: Any) -> dict[str, Any]:
    return {"customer_id": "ann", "purpose": "E-mail Marketing", "status": status, "time": DAY, **more}


def test_consents_are_appended_once_with_standard_words(engine: DuckDB, load: Load) -> None:
    rows = [consent("Opt-In"), consent("unsubscribed", time=DAY + timedelta(days=1))]
    outcome = load("consents", rows)
    assert outcome.landed.classes == {"granted": 1, "denied": 1}
    assert load("consents", rows).landed.unchanged == 2
    assert engine.rows("SELECT purpose, status FROM consents ORDER BY time") == [
        ("e_mail_marketing", "granted"),
        ("e_mail_marketing", "denied"),
    ]


def test_a_list_of_consents_without_dates_adds_only_what_differs(engine: DuckDB, load: Load) -> None:
    rows = [
        {"customer_id": "ann", "purpose": "sms", "status": "yes"},
        {"customer_id": "bob", "purpose": "sms", "status": "no"},
    ]
    load("consents", rows)
    outcome = load("consents", [rows[0], {**rows[1], "status": "yes"}], now=datetime(2026, 2, 1))
    assert (outcome.landed.loaded, outcome.landed.unchanged) == (1, 1)


def test_a_decision_that_cannot_be_read_goes_to_quarantine_and_many_refuse_the_column(
    engine: DuckDB, load: Load
) -> None:
    outcome = load("consents", [consent("yes"), consent("no", purpose="sms"), consent("perhaps")])
    assert (outcome.rows, outcome.quarantined) == (3, 1)
    assert engine.rows("SELECT reason, column_name FROM quarantine") == [("not_a_decision", "Status")]
    with pytest.raises(SourceError, match="neither a yes nor a no"):
        load("consents", [consent("perhaps"), consent("maybe")])
