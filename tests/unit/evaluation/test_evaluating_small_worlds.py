"""What random worlds do not reach: exact large sums, many filters, joins, lists, nobody at all, traits as of a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from satsuma.catalog import Catalog, EventInfo, PropertyInfo, TraitInfo
from satsuma.engines.duckdb import DuckDB
from satsuma.errors import EvaluationError
from satsuma.evaluation import scan
from satsuma.evaluation.run import closure, net_revenue
from satsuma.language.reference import Customer, Event
from small_world import UTC_ZONE, checked, fill, member_ids, moment_of, run

NOW = datetime(2024, 7, 1)
MOMENT = moment_of("2024-07-01")
CATALOG = Catalog(
    traits={"country": TraitInfo(type="text"), "age": TraitInfo(type="integer"), "tags": TraitInfo(type="list"),
            "never_loaded": TraitInfo(type="list")},
    events={
        "Order Completed": EventInfo(
            properties={"channel": PropertyInfo(type="text"), "n": PropertyInfo(type="number"),
                        "id": PropertyInfo(type="integer")}
        ),
        "Order Refunded": EventInfo(),
    },
)  # fmt: skip


@pytest.fixture
def engine() -> Iterator[DuckDB]:
    warehouse = DuckDB(None)
    warehouse.create_schema()
    yield warehouse
    warehouse.close()


def order(number: int, days_ago: float = 1, name: str = "Order Completed", **properties: Any) -> Event:
    at = NOW - timedelta(days=days_ago)
    return Event(name=name, time=at, event_id=UUID(int=number).hex, properties=properties)


def asked(engine: DuckDB, where: Any, people: list[Customer], **options: Any) -> set[str]:
    fill(engine, CATALOG, people)
    lists = ["gala"] if "lists_folder" in options else []
    definitions = checked({"segments/asked": {"where": where}}, CATALOG, lists=lists)
    return member_ids(run(engine, definitions, MOMENT, **options), people, "asked")


def column(engine: DuckDB, source: dict[str, Any], people: list[Customer]) -> list[Any]:
    fill(engine, CATALOG, people)
    found = run(engine, checked({"traits/asked": {"from": source}}, CATALOG), MOMENT).column("asked")
    return [found.python(number) for number in range(len(people))]


def test_a_warehouse_without_anybody_has_empty_segments(engine: DuckDB) -> None:
    where = {"any": [{"did": "Order Completed"}, {"rank": "age", "top": 5}, {"trait": "tags", "contains_any": ["x"]},
                     {"random": {"percent": 50, "salt": "x"}}, {"not": {"trait": "country", "eq": "FR"}}]}  # fmt: skip
    assert asked(engine, where, []) == set()


def test_a_thousand_tenths_are_exactly_a_hundred(engine: DuckDB) -> None:
    people = [Customer(id="a", events=[order(n, revenue=Decimal("0.1"), n=Decimal("0.1")) for n in range(1000)])]
    source = {"did": "Order Completed", "sum": {"of": "revenue"}}
    assert column(engine, source, people) == [Decimal(100)]
    assert column(engine, {"did": "Order Completed", "sum": {"of": "n"}}, people) == [Decimal(100)]
    assert column(engine, {"did": "Order Completed", "avg": {"of": "revenue"}}, people) == [0.1]


def test_large_amounts_add_up_without_a_loss(engine: DuckDB) -> None:
    largest = Decimal("99999999999999.9999")
    people = [Customer(id="a", events=[order(n, revenue=largest) for n in range(9)]), Customer(id="b")]
    assert column(engine, {"did": "Order Completed", "sum": {"of": "revenue"}}, people) == [9 * largest, 0]
    assert column(engine, {"did": "Order Completed", "max": {"of": "revenue"}}, people) == [largest, None]


def test_a_sum_that_does_not_fit_is_an_error_and_not_a_wrong_number(engine: DuckDB) -> None:
    large = Decimal("900000000000")
    people = [Customer(id="a", events=[order(n, n=large) for n in range(12)])]
    with pytest.raises(EvaluationError, match="A sum of the property 'n' is above 9,200,000,000,000"):
        asked(engine, {"did": "Order Completed", "sum": {"of": "n", "gt": 1}}, people)


def test_many_large_numbers_are_no_error_where_each_customers_sum_fits(engine: DuckDB) -> None:
    large = Decimal("900000000000")
    people = [Customer(id=f"{n}", events=[order(n, n=large)]) for n in range(40)]
    people[7] = Customer(id="7", events=[order(100 + n, n=Decimal(1)) for n in range(20)])
    assert asked(engine, {"did": "Order Completed", "sum": {"of": "n", "eq": 20}}, people) == {"7"}


def test_a_64_bit_id_stays_whole(engine: DuckDB) -> None:
    people = [Customer(id="a", events=[order(1, id=2**63 - 1), order(2, id=2**63 - 2)])]
    assert column(engine, {"did": "Order Completed", "max": {"of": "id"}}, people) == [2**63 - 1]
    assert column(engine, {"did": "Order Completed", "distinct": {"of": "id"}}, people) == [2]


def test_a_border_beyond_32_bits_is_compared(engine: DuckDB) -> None:
    people = [Customer(id="a", events=[order(1, channel="web")]), Customer(id="b")]
    where = {"did": "Order Completed", "count": {"lt": 10**12}, "where": {"prop": "channel", "eq": "web"}}
    assert asked(engine, where, people) == {"a", "b"}


def test_more_filters_than_fit_one_number_are_told_apart(engine: DuckDB) -> None:
    people = [Customer(id=f"{n}", events=[order(n, id=n)]) for n in range(100)]
    fill(engine, CATALOG, people)
    files = {
        f"segments/s{n}": {"where": {"did": "Order Completed", "where": {"prop": "id", "eq": n}}} for n in range(100)
    }
    evaluation = run(engine, checked(files, CATALOG), MOMENT)
    for n in range(100):
        assert member_ids(evaluation, people, f"s{n}") == {f"{n}"}


def test_chunks_of_eight_customers_give_the_whole(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "CHUNK_ROWS", 1)
    people = [Customer(id=f"{n}", events=[order(n * 9 + k, channel=f"c{k}") for k in range(n % 9)]) for n in range(61)]
    where = {"did": "Order Completed", "distinct": {"of": "channel", "gte": 5}}
    assert asked(engine, where, people) == {f"{n}" for n in range(61) if n % 9 >= 5}


def test_among_equal_times_the_greater_event_id_is_last_whatever_the_engine_joins(engine: DuckDB) -> None:
    people = [
        Customer(id=f"{n}", events=[order(n * 50 + k, channel=f"c{k:02}") for k in range(50)]) for n in range(200)
    ]
    last = column(engine, {"did": "Order Completed", "last": {"of": "channel"}}, people)
    assert last == ["c49"] * 200
    assert column(engine, {"did": "Order Completed", "first": {"of": "channel"}}, people) == ["c00"] * 200


def test_a_property_of_the_product_is_read_from_the_product(engine: DuckDB) -> None:
    catalog = Catalog(
        events={"Order Completed": EventInfo(properties={"category": PropertyInfo(type="text", source="products")})}
    )
    people = [Customer(id="a", events=[order(1), order(2)]), Customer(id="b", events=[order(3)])]
    fill(engine, catalog, people)
    engine.execute("ALTER TABLE products ADD COLUMN category VARCHAR")
    engine.execute("INSERT INTO products VALUES ('p1', 'Toys'), ('p2', 'Books')")
    engine.execute("UPDATE events SET product_id = CASE customer_no WHEN 0 THEN 'p1' ELSE 'p2' END")
    files = {
        "segments/toys": {
            "where": {"did": "Order Completed", "where": {"prop": "category", "eq": "toys", "case": "ignore"}}
        },
        "segments/books": {"where": {"did": "Order Completed", "mode": {"of": "category", "eq": "Books"}}},
    }
    evaluation = run(engine, checked(files, catalog), MOMENT)
    assert member_ids(evaluation, people, "toys") == {"a"}
    assert member_ids(evaluation, people, "books") == {"b"}


def test_a_trait_that_no_file_had_is_missing_for_everybody(engine: DuckDB) -> None:
    people = [Customer(id="a")]
    fill(engine, CATALOG, people)
    engine.execute("ALTER TABLE customers DROP COLUMN never_loaded")
    files = {"segments/asked": {"where": {"trait": "never_loaded", "is_empty": True}}}
    assert member_ids(run(engine, checked(files, CATALOG), MOMENT), people, "asked") == {"a"}


def test_a_loaded_trait_is_what_it_was_at_the_moment(engine: DuckDB) -> None:
    people = [Customer(id="a", traits={"country": "BE"}), Customer(id="b", traits={"country": "FR"})]
    fill(engine, CATALOG, people)
    engine.execute(
        "INSERT INTO trait_changes VALUES "
        "('customer', 0, 'country', NULL, 'FR', '2024-01-01', '2024-02-01', 1), "
        "('customer', 0, 'country', 'FR', NULL, '2024-03-01', '2024-03-01', 2), "
        "('customer', 0, 'country', NULL, 'BE', '2024-05-01', '2024-05-01', 3)"
    )
    definitions = checked({"segments/fr": {"where": {"trait": "country", "eq": "FR"}}}, CATALOG)

    def members(day: str, known: str | None = None) -> set[str]:
        known_at = None if known is None else moment_of(known).as_of
        return member_ids(run(engine, definitions, moment_of(day), known_at=known_at), people, "fr")

    assert members("2023-12-31") == {"b"}
    assert members("2024-01-01") == {"a", "b"}
    assert members("2024-01-15", known="2024-01-15") == {"b"}, "nobody knew yet"
    assert members("2024-04-01") == {"b"}
    assert members("2024-07-01") == {"b"}


def test_a_list_is_a_text_of_ids_or_a_csv(engine: DuckDB, tmp_path: Path) -> None:
    people = [Customer(id=name) for name in ("a", "b", "c")]
    (tmp_path / "gala.txt").write_text("\ufeffa\n\n b \nnobody\n", encoding="utf-8")
    assert asked(engine, {"list": "gala"}, people, lists_folder=tmp_path) == {"a", "b"}
    (tmp_path / "gala.txt").unlink()
    (tmp_path / "gala.csv").write_text('name,Customer_ID\n"Ann, B.",a\nBob,c\n', encoding="utf-8")
    assert asked(engine, {"list": "gala"}, people, lists_folder=tmp_path) == {"a", "c"}
    (tmp_path / "gala.csv").write_text("a\nc\n", encoding="utf-8")
    assert asked(engine, {"list": "gala"}, people, lists_folder=tmp_path) == {"a", "c"}


def test_a_list_without_a_column_of_ids_is_an_error_with_the_way_out(engine: DuckDB, tmp_path: Path) -> None:
    (tmp_path / "gala.csv").write_text("name,mail\nann,x\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"lists/gala\.csv has several columns") as caught:
        asked(engine, {"list": "gala"}, [Customer(id="a")], lists_folder=tmp_path)
    assert "customer_id" in caught.value.hint


def test_value_is_what_was_bought_less_what_was_given_back(engine: DuckDB) -> None:
    people = [
        Customer(id="a", events=[order(1, revenue=Decimal("10.10")),
                                 order(2, name="Order Refunded", revenue=Decimal(4)),
                                 order(3, days_ago=-1, revenue=Decimal(99))]),
        Customer(id="b"),
    ]  # fmt: skip
    fill(engine, CATALOG, people)
    value = net_revenue(run(engine, checked({}, CATALOG), MOMENT))
    assert [value.python(0), value.python(1)] == [Decimal("6.1"), 0]


def test_only_what_a_target_needs_is_evaluated() -> None:
    files = {
        "segments/a": {"where": {"in_segment": "b"}}, "segments/b": {"where": {"trait": "orders", "gt": 1}},
        "segments/c": {"where": {"trait": "age", "gt": 1}}, "traits/orders": {"from": {"did": "Order Completed"}},
    }  # fmt: skip
    needed = closure(checked(files, CATALOG, UTC_ZONE), [("segment", "a")])
    assert [item.name for item in needed] == ["orders", "b", "a"]
