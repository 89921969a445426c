"""Numbers are dense, in the order of the ids, and never given twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.errors import SourceError
from satsuma.identity import numbers


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def ids(*values: str) -> str:
    return "(SELECT unnest(" + repr(list(values)) + ") AS customer_id)"


def test_new_ids_are_numbered_by_code_point_within_a_load(engine: DuckDB) -> None:
    assert numbers.number_customers(engine, ids("b", "é", "B", "a", "a")) == 4
    assert numbers.number_customers(engine, ids("A", "a")) == 1
    rows = engine.rows("SELECT customer_id FROM customers ORDER BY customer_no")
    assert [row[0] for row in rows] == ["B", "a", "b", "é", "A"]
    assert engine.rows("SELECT min(customer_no), max(customer_no) FROM customers") == [(0, 4)]


def test_a_number_does_not_come_back_when_its_row_has_gone(engine: DuckDB) -> None:
    numbers.number_customers(engine, ids("a", "b"))
    engine.execute("DELETE FROM customers WHERE customer_id = 'b'")
    numbers.number_customers(engine, ids("c"))
    assert engine.value("SELECT customer_no FROM customers WHERE customer_id = 'c'") == 2


def test_each_customer_has_a_profile_and_visitors_have_one_without_customer(engine: DuckDB) -> None:
    numbers.number_customers(engine, ids("a"))
    numbers.number_profiles(engine, "(SELECT unnest(['x', 'a', NULL]) AS profile_key)")
    assert engine.rows("SELECT * FROM profiles ORDER BY 1") == [
        (0, "a", "customer_id", 0),
        (1, "a", "anonymous_id", None),
        (2, "x", "anonymous_id", None),
    ]


def test_more_customers_than_numbers_are_refused(engine: DuckDB) -> None:
    engine.execute(f"INSERT INTO warehouse_state VALUES ('next_customers', '{2**32 - 1}')")
    with pytest.raises(SourceError, match="at most 4,294,967,296"):
        numbers.number_customers(engine, ids("a", "b"))
