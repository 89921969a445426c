"""Customers, accounts and products: rows by id, typed columns, kept changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from satsuma import Workspace
from satsuma.catalog import Catalog, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.landing.outcome import LoadOutcome

Load = Callable[..., LoadOutcome]


def changes(engine: DuckDB) -> list[tuple[object, ...]]:
    return engine.rows(
        "SELECT trait, old_value, new_value, valid_from::DATE::VARCHAR FROM trait_changes ORDER BY valid_from, rowid"
    )


def test_new_customers_get_dense_numbers_in_the_order_of_their_ids(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "b"}, {"customer_id": "a"}])
    load("customers", [{"customer_id": "A"}, {"customer_id": "b"}])
    assert engine.rows("SELECT customer_no, customer_id FROM customers ORDER BY 1") == [(0, "a"), (1, "b"), (2, "A")]


def test_traits_are_typed_columns_and_described(engine: DuckDB, load: Load) -> None:
    outcome = load("customers", [{"customer_id": "a", "age": 31, "city": "Lyon", "vip": True}])
    assert engine.columns("customers")["age"] == "BIGINT"
    assert outcome.catalog.traits["vip"].type == "boolean"
    assert outcome.catalog.traits["city"].source == "customers"
    assert engine.rows("SELECT age, city, vip FROM customers") == [(31, "Lyon", True)]
    assert outcome.as_dict()["loaded"] == 1


def test_a_changed_value_is_kept_with_the_moment_of_the_load(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "a", "plan": "free"}, {"customer_id": "b", "plan": "free"}])
    assert changes(engine) == []
    rows = [
        {"customer_id": "a", "plan": "pro"},
        {"customer_id": "b", "plan": "free"},
        {"customer_id": "c", "plan": "pro"},
    ]
    outcome = load("customers", rows, now=datetime(2026, 3, 1))
    assert changes(engine) == [("plan", "free", "pro", "2026-03-01")]
    assert (outcome.landed.loaded, outcome.landed.updated, outcome.landed.unchanged) == (1, 1, 1)
    assert load("customers", rows, now=datetime(2026, 4, 1)).landed.unchanged == 3


def test_a_dated_row_that_comes_late_goes_into_the_history_alone(engine: DuckDB, load: Load) -> None:
    def state(plan: str, month: int) -> dict[str, object]:
        return {"customer_id": "a", "plan": plan, "valid_from": datetime(2025, month, 1)}

    load("customers", [state("free", 1), state("pro", 6)])
    assert changes(engine) == [("plan", None, "free", "2025-01-01"), ("plan", "free", "pro", "2025-06-01")]
    load("customers", [state("trial", 3)])
    assert engine.value("SELECT plan FROM customers") == "pro"
    assert changes(engine) == [
        ("plan", None, "free", "2025-01-01"),
        ("plan", "free", "trial", "2025-03-01"),
        ("plan", "free", "pro", "2025-06-01"),
        ("plan", "trial", "pro", "2025-06-01"),
    ]
    load("customers", [state("trial", 3), state("pro", 6), state("free", 1)])
    assert len(changes(engine)) == 4


def test_the_first_traits_of_a_customer_known_by_events_are_valid_since_ever(engine: DuckDB, load: Load) -> None:
    load("events", [{"customer_id": "a", "name": "view", "time": datetime(2025, 1, 1)}])
    load("customers", [{"customer_id": "b", "plan": "free"}])
    outcome = load("customers", [{"customer_id": "a", "plan": "pro"}])
    assert changes(engine) == []
    assert outcome.landed.loaded == 1
    load("customers", [{"customer_id": "a", "plan": "pro", "city": "Rome"}])
    assert changes(engine) == []
    assert engine.value("SELECT city FROM customers WHERE customer_id = 'a'") == "Rome"


def test_a_sign_up_date_wins_over_events(engine: DuckDB, load: Load) -> None:
    load("events", [{"customer_id": "a", "name": "view", "time": datetime(2024, 1, 1)}])
    outcome = load("customers", [{"customer_id": "a", "first_seen": datetime(2024, 5, 1)}])
    load("events", [{"customer_id": "a", "name": "view", "time": datetime(2023, 1, 1)}])
    assert engine.value("SELECT first_seen FROM customers") == datetime(2024, 5, 1)
    assert outcome.catalog.traits["signed_up"].type == "datetime"


def test_a_value_that_does_not_fit_the_stored_type_is_refused_with_the_way_out(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "a", "age": 31}])
    with pytest.raises(SourceError, match=r"'age' is stored as integer: 1 of 2 values do not fit") as caught:
        load("customers", [{"customer_id": "a", "age": 31.0}, {"customer_id": "b", "age": 31.5}])
    assert "type: number" in caught.value.hint
    assert engine.value("SELECT count(*) FROM customers") == 1
    assert load("customers", [{"customer_id": "a", "age": 32.0}]).landed.updated == 1


def test_a_type_that_the_catalogue_widens_widens_the_column(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "a", "age": 31}])
    catalog = Catalog(traits={"age": TraitInfo(type="number")})
    load("customers", [{"customer_id": "a", "age": 31.5}], catalog=catalog)
    assert engine.value("SELECT age FROM customers") == 31.5
    narrower = Catalog(traits={"age": TraitInfo(type="boolean")})
    with pytest.raises(SourceError, match="stored as number, but the catalogue now calls it boolean"):
        load("customers", [{"customer_id": "a", "age": 31.5}], catalog=narrower)


def test_a_column_named_like_the_tables_own_is_stored_under_another_name(engine: DuckDB, load: Load) -> None:
    outcome = load("customers", [{"customer_id": "a", "customer_no": 77}])
    assert engine.rows("SELECT customer_no, source_customer_no FROM customers") == [(0, 77)]
    assert any("source_customer_no" in note for note in outcome.notes)


def test_accounts_have_traits_and_people(engine: DuckDB, load: Load) -> None:
    rows = [
        {"account_id": "acme", "customer_id": "ann", "industry": "software"},
        {"account_id": "acme", "customer_id": "bob", "industry": "software"},
    ]
    outcome = load("accounts", rows)
    load("accounts", rows)
    assert outcome.catalog.traits["industry"].entity == "account"
    assert outcome.notes[0].startswith("1 row repeats an account of this load"), "not 'a account'"
    assert engine.rows("SELECT account_no, customer_no FROM account_members ORDER BY 2") == [(0, 0), (0, 1)]
    assert engine.rows("SELECT industry FROM accounts") == [("software",)]


def test_products_are_a_wide_table_whose_attributes_are_properties_of_events(engine: DuckDB, load: Load) -> None:
    when = datetime(2025, 1, 1)
    row = {
        "order_id": "1",
        "time": when,
        "product_id": "p",
        "customer_id": "a",
        "quantity": 1,
        "unit_price": Decimal(1),
    }
    catalog = load("order-lines", [row]).catalog
    outcome = load("products", [{"product_id": "p", "category": "tea", "brand": "Lu"}], catalog=catalog)
    assert outcome.catalog.events["Product Purchased"].properties["category"].source == "products"
    again = load(
        "products", [{"product_id": "p", "category": "tea", "brand": "Ly"}, {"product_id": "q", "category": "tea"}]
    )
    assert (again.landed.loaded, again.landed.updated) == (1, 1)
    assert engine.rows("SELECT product_id, category, brand FROM products ORDER BY 1") == [
        ("p", "tea", "Ly"),
        ("q", "tea", None),
    ]
    later = load("order-lines", [{**row, "order_id": "2"}])
    assert later.catalog.events["Product Purchased"].properties["brand"].source == "products"


def test_a_number_too_large_for_a_text_does_not_stop_a_load(engine: DuckDB, load: Load) -> None:
    load("customers", [{"customer_id": "a", "code": "x"}])
    load("customers", [{"customer_id": "b", "code": 1e300}, {"customer_id": "c", "code": float("inf")}])
    load("customers", [{"customer_id": "d", "code": 12.0}])
    stored = dict(engine.rows("SELECT customer_id, code FROM customers"))
    assert stored["b"].startswith("1")
    assert stored["c"] == "inf"
    assert stored["d"] == "12"


def test_a_sources_own_name_of_the_sign_up_date_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Customer ID,Signup Date\nc1,2024-01-05\nc2,2024-03-05\n", encoding="utf-8")
    with Workspace.create(tmp_path / "shop", timezone="UTC", currency="EUR") as shop:
        shop.load(tmp_path / "people.csv", kind="customers")
        for name in ("signup_date", "signed_up", "first_seen"):
            assert shop.preview(f"{{trait: {name}, after: 2024-02-01}}", as_of="2024-06-10").size == 1
