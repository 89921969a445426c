"""Spark on published tables and on those of another program; counting where the rows are; its errors as sentences."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from satsuma.engines.duckdb import DuckDB
from satsuma.engines.layout import event_folder
from satsuma.engines.spark import Spark
from satsuma.engines.tables import foreign_tables, publish
from satsuma.errors import EvaluationError, WorkspaceError
from satsuma.evaluation.run import evaluate
from satsuma.evaluation.scan import AsOf
from small_tables import CATALOG, CUSTOMERS, write_foreign, write_table
from small_world import checked, member_ids, moment_of

ORDERS, PAGES = "Order Completed", "Page / Viewed: 100%"
NOW = AsOf(moment=moment_of("2024-07-01"))

#: Definitions that read every kind of column, and quotes that engines write differently.
FILES: dict[str, Any] = {
    "segments/web": {"where": {"did": ORDERS, "count": {"gte": 1}, "where": {"prop": "channel", "eq": "web"}}},
    "segments/quoted": {"where": {"did": ORDERS, "where": {"prop": "channel", "contains": "'b\\"}}},
    "segments/numbers": {"where": {"did": ORDERS, "sum": {"of": "n", "gt": 2.55}}},
    "segments/same_name": {"where": {"did": ORDERS, "max": {"of": "time", "eq": 5}}},
    "segments/last_channel": {"where": {"did": ORDERS, "last": {"of": "channel", "eq": "web"}}},
    "segments/due": {"where": {"did": ORDERS, "min": {"of": "due", "on": "2024-07-01"}}},
    "segments/pages": {"where": {"not_did": PAGES}},
    "segments/french": {"where": {"trait": "country", "eq": "FR"}},
    "segments/tagged": {"where": {"trait": "tags", "contains_any": ["a'b\\c"]}},
    "segments/spenders": {"where": {"trait": "spend", "gte": 1.5}},
    "segments/near": {"where": {"trait": "home", "within_km": 5, "of": {"lat": 48.86, "lon": 2.35}}},
    "segments/allowed": {"where": {"consent": "ads", "is": "granted"}},
}
EXPECTED = {
    "web": {"ann"}, "quoted": {"ann"}, "numbers": {"ann"}, "same_name": {"ann"}, "last_channel": {"ann"},
    "due": {"ann"}, "pages": {"bob", "cid"}, "french": {"ann"}, "tagged": {"ann"}, "spenders": {"ann"},
    "near": {"ann"}, "allowed": set(),
}  # fmt: skip


def answers(engine: Any) -> dict[str, set[str]]:
    definitions = checked(FILES, CATALOG, purposes=["ads"])
    evaluation = evaluate(engine, definitions, NOW)
    return {path.split("/")[1]: member_ids(evaluation, CUSTOMERS, path.split("/")[1]) for path in FILES}


@pytest.fixture
def spark(session: Any, warehouse: DuckDB, tmp_path: Path) -> Spark:
    return Spark(session, publish(warehouse, CATALOG, tmp_path), CATALOG)


def test_published_tables_answer_as_the_warehouse(spark: Spark, warehouse: DuckDB) -> None:
    assert answers(spark) == EXPECTED == answers(warehouse)


def test_what_is_registered_is_forgotten_with_its_handle(spark: Spark) -> None:
    cursor = spark.cursor()
    cursor.register("few", pa.table({"n": pa.array([1, 2], pa.uint32())}))
    assert spark.value("SELECT sum(n) FROM few") == 3
    cursor.close()
    with pytest.raises(EvaluationError):
        spark.rows("SELECT * FROM few")


def test_texts_and_names_are_quoted_as_the_standard_says(spark: Spark) -> None:
    assert spark.row("""SELECT 'a''b\\c', 'line\nbreak' AS "a ""name\"""") == ("a'b\\c", "line\nbreak")
    assert spark.table("""SELECT 1 AS "a ""name\"""").column_names == ['a "name']


def test_all_events_can_be_asked_at_once(spark: Spark) -> None:
    found = spark.rows("SELECT name, count(*) FROM events GROUP BY name ORDER BY name")
    assert found == [(ORDERS, 3), (PAGES, 1)]
    assert (spark.count_events(ORDERS), spark.count_events("Never Seen")) == (3, 0)


# ----------------------------------------------------------------------------------------------------------- counting


def seer() -> Any:
    """Return a function that goes to the tasks by its value: they know nothing of the tests."""

    def seen(rows: pa.Table, low: int, high: int) -> tuple[int, int, list[tuple[Any, ...]]]:
        return low, high, list(zip(*(column.to_pylist() for column in rows.columns), strict=True))

    return seen


def refuser() -> Any:
    def refuse(rows: pa.Table, low: int, high: int) -> None:
        if low:
            raise EvaluationError("Too large to be counted.", hint="Make it smaller.", rows=rows.num_rows)

    return refuse


NUMBERS = """SELECT 7 * id % 10 + 30 * (id DIV 20) AS place, id DIV 2 AS t, -id AS id, CAST(id AS STRING) AS text
FROM range(40)"""


def test_each_range_gets_its_own_rows_in_order_and_none_is_left_out(spark: Spark) -> None:
    ranges = [(low, min(low + 8, 45)) for low in range(0, 45, 8)]
    found = list(spark.each_range(NUMBERS, ranges, seer()))
    assert [(low, high) for low, high, _ in found] == ranges
    assert [made[:2] for _, _, made in found] == ranges
    every = [row for _, _, (_, _, rows) in found for row in rows]
    keys = [(place, t, -int(text)) for place, t, text in every]
    assert len(every) == 40
    assert keys == sorted(keys)
    assert [len(rows) for _, _, (_, _, rows) in found] == [16, 4, 0, 4, 16, 0]


def test_one_range_holds_everybody(spark: Spark) -> None:
    assert [len(made[2]) for _, _, made in spark.each_range(NUMBERS, [(0, 45)], seer())] == [40]
    assert list(spark.each_range(NUMBERS, [(0, 0)], seer())) == []


def test_an_error_of_the_counting_arrives_as_it_was_raised(spark: Spark) -> None:
    with pytest.raises(EvaluationError, match="Too large to be counted") as caught:
        list(spark.each_range(NUMBERS, [(0, 32), (32, 45)], refuser()))
    assert caught.value.hint == "Make it smaller."
    assert caught.value.facts == {"rows": 16}


def test_an_error_of_spark_becomes_a_sentence_without_data(spark: Spark, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EvaluationError, match=r"CAST_INVALID_INPUT") as caught:
        spark.rows("SELECT CAST(customer_id AS BIGINT) FROM customers")
    printed = capfd.readouterr()
    assert "ann" not in str(caught.value) + caught.value.hint + printed.out + printed.err


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, 100_000), (150_000, 150_000), (800_000, 800_000), (50_000_000, 1_000_000)]
)
def test_ranges_keep_processors_busy_and_are_never_too_large(spark: Spark, rows: int, expected: int) -> None:
    assert spark.range_rows(rows) == expected


# ------------------------------------------------------------------------------------------- tables of another program


def test_tables_of_another_program_answer_the_same(session: Any, tmp_path: Path) -> None:
    write_foreign(tmp_path)
    assert answers(Spark(session, foreign_tables(str(tmp_path), CATALOG), CATALOG)) == EXPECTED


def test_events_that_another_program_has_not_are_none(session: Any, tmp_path: Path) -> None:
    write_foreign(tmp_path)
    for path in (tmp_path / event_folder(PAGES)).iterdir():
        path.unlink()
    spark = Spark(session, foreign_tables(str(tmp_path), CATALOG), CATALOG)
    assert answers(spark) == {**EXPECTED, "pages": {"ann", "bob", "cid"}}


def test_what_is_not_said_of_an_event_is_taken_from_its_time(session: Any, tmp_path: Path) -> None:
    write_foreign(tmp_path)
    spark = Spark(session, foreign_tables(str(tmp_path), CATALOG), CATALOG)
    rows = spark.rows(f"SELECT time, received_at, superseded_at, flags FROM {spark.events(PAGES)}")
    assert rows == [(datetime(2024, 6, 1), datetime(2024, 6, 1), None, 0)]


def test_events_of_customers_who_are_not_there_are_nobodys(session: Any, tmp_path: Path) -> None:
    write_foreign(tmp_path)
    times = pa.array([datetime(2024, 6, 1)] * 3, pa.timestamp("us"))
    columns = {"customer_no": pa.array([0, 3, None], pa.int64()), "time": times}
    pq.write_table(pa.table(columns), tmp_path / event_folder(PAGES) / "some-file.parquet")
    assert answers(Spark(session, foreign_tables(str(tmp_path), CATALOG), CATALOG)) == EXPECTED


def test_a_folder_may_be_called_like_a_pattern(session: Any, tmp_path: Path) -> None:
    root = tmp_path / "my [old] {shop} é*? %20 #1"
    write_foreign(root)
    assert answers(Spark(session, foreign_tables(str(root), CATALOG), CATALOG)) == EXPECTED


def test_a_table_without_what_it_needs_is_named(session: Any, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="no table 'customers'"):
        answers(Spark(session, foreign_tables(str(tmp_path / "nowhere"), CATALOG), CATALOG))
    write_table(tmp_path, "customers", {"customer_no": pa.array([0])})
    with pytest.raises(WorkspaceError, match="no column 'customer_id'") as caught:
        answers(Spark(session, foreign_tables(str(tmp_path), CATALOG), CATALOG))
    assert "run-on-spark.md" in caught.value.hint
